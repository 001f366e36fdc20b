//! A pod.

use serde_json::Value;

use super::container;
use super::meta;
use super::writer::{Pair, Writer, fields, items, joined, pair, selector, text, toned};
use crate::engine::view::{Span, Tone};

pub(super) fn describe(w: &mut Writer, object: &Value) {
    let (spec, status) = (&object["spec"], &object["status"]);
    let node = match (text(&spec["nodeName"]), text(&status["hostIP"])) {
        (node, _) if node.is_empty() => "not scheduled yet".to_owned(),
        (node, ip) if ip.is_empty() => node,
        (node, ip) => format!("{node} ({ip})"),
    };
    let mut pairs = vec![
        Some(("phase".to_owned(), phase(status))),
        pair("reason", text(&status["reason"])),
        pair("message", text(&status["message"])),
        pair("node", node),
        pair("nominated node", text(&status["nominatedNodeName"])),
        pair("started", w.when(&status["startTime"])),
        pair(
            "pod IPs",
            items(&status["podIPs"])
                .iter()
                .map(|ip| text(&ip["ip"]))
                .collect::<Vec<_>>()
                .join(", "),
        ),
        pair("QoS class", text(&status["qosClass"])),
    ];
    pairs.extend(placing(spec));
    w.pairs(1, pairs);
    meta::conditions(w, &status["conditions"], |kind| kind != "DisruptionTarget");
    container::describe(w, spec, status);
    volumes(w, spec);
    tolerations(w, spec);
}

fn phase(status: &Value) -> crate::engine::view::Line {
    let phase = text(&status["phase"]);
    let (glyph, tone) = match phase.as_str() {
        "Running" => ("●", Tone::Busy),
        "Succeeded" => ("✓", Tone::Good),
        "Pending" => ("◌", Tone::Warn),
        "Failed" => ("✕", Tone::Bad),
        _ => ("?", Tone::Warn),
    };
    toned(format!("{glyph} {phase}"), tone)
}

/// What says where and how its containers run.
pub(super) fn placing(spec: &Value) -> Vec<Option<Pair>> {
    let priority = match (text(&spec["priorityClassName"]), text(&spec["priority"])) {
        (class, priority) if class.is_empty() => priority,
        (class, priority) if priority.is_empty() => class,
        (class, priority) => format!("{class} ({priority})"),
    };
    let host: Vec<&str> = ["hostNetwork", "hostPID", "hostIPC"]
        .into_iter()
        .filter(|name| spec[*name] == true)
        .collect();
    let pulls: Vec<String> = items(&spec["imagePullSecrets"])
        .iter()
        .map(|s| text(&s["name"]))
        .collect();
    vec![
        pair("service account", text(&spec["serviceAccountName"])),
        pair("priority", priority),
        pair("restart policy", text(&spec["restartPolicy"])),
        pair("runtime class", text(&spec["runtimeClassName"])),
        pair(
            "scheduler",
            other(&spec["schedulerName"], "default-scheduler"),
        ),
        pair(
            "scheduling gates",
            items(&spec["schedulingGates"])
                .iter()
                .map(|g| text(&g["name"]))
                .collect::<Vec<_>>()
                .join(", "),
        ),
        pair("node selector", joined(&spec["nodeSelector"], "=")),
        pair("node affinity", affinity(&spec["affinity"]["nodeAffinity"])),
        pair(
            "pod affinity",
            pod_affinity(&spec["affinity"]["podAffinity"]),
        ),
        pair(
            "pod anti-affinity",
            pod_affinity(&spec["affinity"]["podAntiAffinity"]),
        ),
        pair("spread", spread(spec)),
        pair("host", host.join(", ")),
        pair("pull secrets", pulls.join(", ")),
        pair(
            "grace period",
            text(&spec["terminationGracePeriodSeconds"]).replace("null", ""),
        )
        .map(|(l, mut v)| {
            v.push(Span::new("s", Tone::Plain));
            (l, v)
        }),
        pair(
            "active deadline",
            spec["activeDeadlineSeconds"]
                .as_i64()
                .map(|s| format!("{s}s"))
                .unwrap_or_default(),
        ),
    ]
}

/// What is as nearly always is not told.
fn other(value: &Value, usual: &str) -> String {
    let text = text(value);
    if text == usual { String::new() } else { text }
}

fn affinity(value: &Value) -> String {
    let term = |term: &Value| {
        let expressions = serde_json::json!({ "matchExpressions": term["matchExpressions"] });
        let mut text = selector(&expressions);
        let fields = serde_json::json!({ "matchExpressions": term["matchFields"] });
        let fields = selector(&fields);
        if !fields.is_empty() {
            text = if text.is_empty() {
                fields
            } else {
                format!("{text}, {fields}")
            };
        }
        text
    };
    let required = &value["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
    let required: Vec<String> = items(required).iter().map(term).collect();
    let preferred: Vec<String> = items(&value["preferredDuringSchedulingIgnoredDuringExecution"])
        .iter()
        .map(|p| {
            format!(
                "rather {} (weight {})",
                term(&p["preference"]),
                text(&p["weight"])
            )
        })
        .collect();
    let mut all = Vec::new();
    if !required.is_empty() {
        all.push(required.join(" or "));
    }
    all.extend(preferred);
    all.join("; ")
}

fn pod_affinity(value: &Value) -> String {
    let term = |term: &Value| {
        format!(
            "{} per {}",
            selector(&term["labelSelector"]),
            text(&term["topologyKey"])
        )
    };
    let required = items(&value["requiredDuringSchedulingIgnoredDuringExecution"])
        .iter()
        .map(term);
    let preferred = items(&value["preferredDuringSchedulingIgnoredDuringExecution"])
        .iter()
        .map(|p| {
            format!(
                "rather {} (weight {})",
                term(&p["podAffinityTerm"]),
                text(&p["weight"])
            )
        });
    required.chain(preferred).collect::<Vec<_>>().join("; ")
}

fn spread(spec: &Value) -> String {
    items(&spec["topologySpreadConstraints"])
        .iter()
        .map(|c| {
            format!(
                "{} at most {} apart, else {}",
                text(&c["topologyKey"]),
                text(&c["maxSkew"]),
                text(&c["whenUnsatisfiable"])
            )
        })
        .collect::<Vec<_>>()
        .join("; ")
}

pub(super) fn volumes(w: &mut Writer, spec: &Value) {
    let list = items(&spec["volumes"]);
    if list.is_empty() {
        return;
    }
    w.section("Volumes");
    let rows: Vec<Vec<Span>> = list
        .iter()
        .map(|volume| {
            let (kind, source) = fields(volume)
                .find(|(key, _)| *key != "name")
                .map_or((String::new(), String::new()), |(kind, source)| {
                    (super::writer::words(kind), volume_source(kind, source))
                });
            vec![
                Span::new(text(&volume["name"]), Tone::Plain),
                Span::new(kind, Tone::Dim),
                Span::new(source, Tone::Plain),
            ]
        })
        .collect();
    w.table(1, &["NAME", "KIND", "FROM"], &rows);
}

fn volume_source(kind: &str, source: &Value) -> String {
    let optional = if source["optional"] == true {
        " (optional)"
    } else {
        ""
    };
    let main = match kind {
        "configMap" => text(&source["name"]),
        "secret" => text(&source["secretName"]),
        "persistentVolumeClaim" => text(&source["claimName"]),
        "hostPath" => format!("{} {}", text(&source["path"]), text(&source["type"])),
        "csi" => text(&source["driver"]),
        "projected" => items(&source["sources"])
            .iter()
            .flat_map(fields)
            .map(|(kind, source)| match kind.as_str() {
                "configMap" | "secret" => format!("{kind} {}", text(&source["name"])),
                "serviceAccountToken" => {
                    format!("token for {}s", text(&source["expirationSeconds"]))
                }
                other => super::writer::words(other),
            })
            .collect::<Vec<_>>()
            .join(", "),
        _ => joined(source, " "),
    };
    format!("{}{optional}", main.trim_end())
}

fn tolerations(w: &mut Writer, spec: &Value) {
    let list = items(&spec["tolerations"]);
    if list.is_empty() {
        return;
    }
    w.section("Tolerations");
    for t in list {
        let mut line = match text(&t["key"]) {
            key if key.is_empty() => "any taint".to_owned(),
            key => key,
        };
        if t["operator"] != "Exists" {
            line.push_str(&format!("={}", text(&t["value"])));
        }
        if t["effect"].is_string() {
            line.push_str(&format!(":{}", text(&t["effect"])));
        }
        if let Some(seconds) = t["tolerationSeconds"].as_i64() {
            line.push_str(&format!(" for {seconds}s"));
        }
        w.line(1, vec![Span::new(line, Tone::Plain)]);
    }
}
