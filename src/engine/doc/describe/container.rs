//! Containers: state and last state, resources, probes, environment, mounts.

use serde_json::Value;

use super::writer::{Pair, Writer, fields, items, joined, pair, text, time, toned, value};
use crate::engine::text::seconds;
use crate::engine::view::{Line, Span, Tone};

const LISTS: [(&str, &str, &str); 3] = [
    ("initContainers", "initContainerStatuses", "init"),
    ("containers", "containerStatuses", ""),
    ("ephemeralContainers", "ephemeralContainerStatuses", "debug"),
];

/// A pod's containers in the order of their run, with what is known of each.
pub(super) fn describe(w: &mut Writer, spec: &Value, status: &Value) {
    w.section("Containers");
    all(w, spec, Some(status));
}

/// Containers of a template.
pub(super) fn templates(w: &mut Writer, spec: &Value) {
    all(w, spec, None);
}

fn all(w: &mut Writer, spec: &Value, status: Option<&Value>) {
    for (list, statuses, role) in LISTS {
        for container in items(&spec[list]) {
            let name = text(&container["name"]);
            let found = status.and_then(|s| {
                items(&s[statuses])
                    .iter()
                    .find(|s| s["name"] == container["name"])
            });
            let role = if container["restartPolicy"] == "Always" {
                "sidecar"
            } else {
                role
            };
            one(w, &name, role, container, found, status.is_some());
        }
    }
}

fn one(
    w: &mut Writer,
    name: &str,
    role: &str,
    container: &Value,
    status: Option<&Value>,
    runs: bool,
) {
    let mut head = toned(name, Tone::Strong);
    if !role.is_empty() {
        head.extend(toned(format!(" {role}"), Tone::Dim));
    }
    if runs {
        head.extend(toned("  ", Tone::Plain));
        head.extend(match status {
            Some(status) => state(w, &status["state"]),
            None => toned("? no status yet", Tone::Dim),
        });
    }
    w.line(1, head);
    let none = Value::Null;
    let status = status.unwrap_or(&none);
    let last = &status["lastState"];
    let last: Option<Pair> = fields(last)
        .next()
        .map(|_| ("last".to_owned(), state(w, last)));
    let restarts = status["restartCount"].as_i64().filter(|n| *n > 0);
    let resources = &container["resources"];
    let pairs = [
        last,
        restarts.map(|n| ("restarts".to_owned(), toned(format!("▲ {n}"), Tone::Warn))),
        pair("image", text(&container["image"])),
        pair("image id", digest(&text(&status["imageID"]))),
        pair("pull policy", text(&container["imagePullPolicy"])),
        pair("command", line(&container["command"])),
        pair("args", line(&container["args"])),
        pair("working dir", text(&container["workingDir"])),
        pair("ports", ports(container)),
        pair("requests", joined(&resources["requests"], " ")),
        pair("limits", joined(&resources["limits"], " ")),
        pair("liveness", probe(&container["livenessProbe"])),
        pair("readiness", probe(&container["readinessProbe"])),
        pair("startup", probe(&container["startupProbe"])),
        pair("post start", handler(&container["lifecycle"]["postStart"])),
        pair("pre stop", handler(&container["lifecycle"]["preStop"])),
        pair("security", joined(&container["securityContext"], " ")),
    ];
    w.pairs(2, pairs);
    environment(w, container);
    mounts(w, container);
}

/// `● running for 4m`, `✕ OOMKilled (137) after 3m12s, 5m ago`.
fn state(w: &Writer, state: &Value) -> Line {
    let Some((kind, of)) = fields(state).next() else {
        return toned("? unknown", Tone::Dim);
    };
    match kind.as_str() {
        "running" => toned(
            format!("● running for {}", w.ago(&of["startedAt"])),
            Tone::Busy,
        ),
        "terminated" => {
            let code = of["exitCode"].as_i64().unwrap_or(0);
            let reason = text(&of["reason"]);
            let (glyph, tone) = if code == 0 {
                ("✓", Tone::Good)
            } else {
                ("✕", Tone::Bad)
            };
            let mut said = format!("{glyph} {reason} ({code})");
            if let Some(signal) = of["signal"].as_i64().filter(|s| *s > 0) {
                said.push_str(&format!(" signal {signal}"));
            }
            if let (Some(from), Some(to)) = (time(&of["startedAt"]), time(&of["finishedAt"])) {
                said.push_str(&format!(" after {}", seconds((to - from).num_seconds())));
            }
            said.push_str(&format!(", {} ago", w.ago(&of["finishedAt"])));
            let mut line = toned(said, tone);
            let message = text(&of["message"]);
            if !message.is_empty() {
                line.extend(toned(
                    format!(": {}", message.trim().replace('\n', " ⏎ ")),
                    Tone::Plain,
                ));
            }
            line
        }
        _ => {
            let reason = text(&of["reason"]);
            let bad = ["BackOff", "Err", "Invalid"]
                .iter()
                .any(|word| reason.contains(word));
            let (glyph, tone) = if bad {
                ("✕", Tone::Bad)
            } else {
                ("◌", Tone::Warn)
            };
            let mut line = toned(format!("{glyph} waiting: {reason}"), tone);
            let message = text(&of["message"]);
            if !message.is_empty() {
                line.extend(toned(format!(": {message}"), Tone::Plain));
            }
            line
        }
    }
}

/// Without the registry, which stands in the image's name already.
fn digest(id: &str) -> String {
    id.rsplit_once('@')
        .map_or(id, |(_, digest)| digest)
        .to_owned()
}

/// Words as a shell would take them.
fn line(list: &Value) -> String {
    let quoted = |item: &Value| {
        let text = text(item).replace('\n', " ⏎ ");
        if text.is_empty() || text.contains([' ', '"', '\'']) {
            format!("'{text}'")
        } else {
            text
        }
    };
    items(list).iter().map(quoted).collect::<Vec<_>>().join(" ")
}

fn ports(container: &Value) -> String {
    items(&container["ports"])
        .iter()
        .map(|port| {
            let mut said = format!(
                "{}/{}",
                text(&port["containerPort"]),
                port["protocol"].as_str().unwrap_or("TCP")
            );
            if let Some(name) = port["name"].as_str() {
                said = format!("{name} {said}");
            }
            if let Some(host) = port["hostPort"].as_i64() {
                said.push_str(&format!(" on the node's {host}"));
            }
            said
        })
        .collect::<Vec<_>>()
        .join(", ")
}

fn probe(probe: &Value) -> String {
    if !probe.is_object() {
        return String::new();
    }
    let number = |name: &str, usual: i64| probe[name].as_i64().unwrap_or(usual);
    format!(
        "{} after {}s, every {}s, patience {}s, fails at {}",
        handler(probe),
        number("initialDelaySeconds", 0),
        number("periodSeconds", 10),
        number("timeoutSeconds", 1),
        number("failureThreshold", 3)
    )
}

fn handler(of: &Value) -> String {
    let http = &of["httpGet"];
    if http.is_object() {
        let scheme = http["scheme"].as_str().unwrap_or("HTTP").to_lowercase();
        return format!("{scheme} :{}{}", text(&http["port"]), text(&http["path"]));
    }
    if of["tcpSocket"].is_object() {
        return format!("tcp :{}", text(&of["tcpSocket"]["port"]));
    }
    if of["grpc"].is_object() {
        return format!(
            "grpc :{} {}",
            text(&of["grpc"]["port"]),
            text(&of["grpc"]["service"])
        );
    }
    if of["exec"].is_object() {
        return line(&of["exec"]["command"]);
    }
    if of["sleep"].is_object() {
        return format!("sleeps {}s", text(&of["sleep"]["seconds"]));
    }
    String::new()
}

fn environment(w: &mut Writer, container: &Value) {
    let mut pairs: Vec<Option<Pair>> = Vec::new();
    for from in items(&container["envFrom"]) {
        let prefix = text(&from["prefix"]);
        for (label, source) in [
            ("config map", &from["configMapRef"]),
            ("secret", &from["secretRef"]),
        ] {
            if source.is_object() {
                let said = format!("all of {label} {}", text(&source["name"]));
                let name = if prefix.is_empty() {
                    "*".to_owned()
                } else {
                    format!("{prefix}*")
                };
                pairs.push(Some((name, toned(said, Tone::Dim))));
            }
        }
    }
    for variable in items(&container["env"]) {
        let from = &variable["valueFrom"];
        let said = match fields(from).next() {
            None => value(text(&variable["value"]).replace('\n', " ⏎ ")),
            Some((kind, source)) => toned(env_source(kind, source), Tone::Dim),
        };
        pairs.push(Some((text(&variable["name"]), said)));
    }
    if !pairs.is_empty() {
        w.line(2, vec![Span::new("env", Tone::Dim)]);
        w.pairs(3, pairs);
    }
}

fn env_source(kind: &str, source: &Value) -> String {
    match kind {
        "fieldRef" => format!("field {}", text(&source["fieldPath"])),
        "resourceFieldRef" => format!("resource {}", text(&source["resource"])),
        "configMapKeyRef" => format!(
            "config map {}, key {}",
            text(&source["name"]),
            text(&source["key"])
        ),
        "secretKeyRef" => format!(
            "secret {}, key {}",
            text(&source["name"]),
            text(&source["key"])
        ),
        _ => joined(source, " "),
    }
}

fn mounts(w: &mut Writer, container: &Value) {
    let rows: Vec<Option<Pair>> = items(&container["volumeMounts"])
        .iter()
        .map(|mount| {
            let way = if mount["readOnly"] == true {
                " (read-only)"
            } else {
                ""
            };
            let sub = match text(&mount["subPath"]) {
                path if path.is_empty() => String::new(),
                path => format!("/{path}"),
            };
            pair(
                &text(&mount["mountPath"]),
                format!("{}{sub}{way}", text(&mount["name"])),
            )
        })
        .collect();
    if !rows.is_empty() {
        w.line(2, vec![Span::new("mounts", Tone::Dim)]);
        w.pairs(3, rows);
    }
}
