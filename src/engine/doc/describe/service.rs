//! Services and Ingresses.

use serde_json::Value;

use super::writer::{Writer, fields, items, joined, pair, text};
use crate::engine::view::{Span, Tone};

pub(super) fn service(w: &mut Writer, object: &Value) {
    let spec = &object["spec"];
    let ingress: Vec<String> = items(&object["status"]["loadBalancer"]["ingress"])
        .iter()
        .map(|i| {
            i["ip"]
                .as_str()
                .or(i["hostname"].as_str())
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    w.pairs(
        1,
        [
            pair("type", text(&spec["type"])),
            pair("cluster IP", text(&spec["clusterIPs"])),
            pair("external name", text(&spec["externalName"])),
            pair("external IPs", text(&spec["externalIPs"])),
            pair("load balancer", ingress.join(", ")),
            pair("load balancer class", text(&spec["loadBalancerClass"])),
            pair("selector", joined(&spec["selector"], "=")),
            pair("session affinity", text(&spec["sessionAffinity"])),
            pair("external traffic", text(&spec["externalTrafficPolicy"])),
            pair("internal traffic", text(&spec["internalTrafficPolicy"])),
            pair("IP families", text(&spec["ipFamilies"])),
        ],
    );
    if fields(&spec["selector"]).next().is_none() && spec["type"] != "ExternalName" {
        w.line(
            1,
            vec![Span::new(
                "▲ it selects no pods: its endpoints are kept by somebody else",
                Tone::Warn,
            )],
        );
    }
    let ports: Vec<Vec<Span>> = items(&spec["ports"])
        .iter()
        .map(|port| {
            let cell = |v: &Value| Span::new(text(v), Tone::Plain);
            vec![
                cell(&port["name"]),
                Span::new(
                    format!("{}/{}", text(&port["port"]), text(&port["protocol"])),
                    Tone::Plain,
                ),
                cell(&port["targetPort"]),
                cell(&port["nodePort"]),
                cell(&port["appProtocol"]),
            ]
        })
        .collect();
    if !ports.is_empty() {
        w.section("Ports");
        w.table(
            1,
            &["NAME", "PORT", "TARGET", "NODE PORT", "PROTOCOL"],
            &ports,
        );
    }
}

pub(super) fn ingress(w: &mut Writer, object: &Value) {
    let spec = &object["spec"];
    let addresses: Vec<String> = items(&object["status"]["loadBalancer"]["ingress"])
        .iter()
        .map(|i| {
            i["ip"]
                .as_str()
                .or(i["hostname"].as_str())
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    w.pairs(
        1,
        [
            pair("class", text(&spec["ingressClassName"])),
            pair("address", addresses.join(", ")),
            pair("default backend", backend(&spec["defaultBackend"])),
        ],
    );
    let tls: Vec<Vec<Span>> = items(&spec["tls"])
        .iter()
        .map(|tls| {
            vec![
                Span::new(text(&tls["secretName"]), Tone::Plain),
                Span::new(text(&tls["hosts"]), Tone::Plain),
            ]
        })
        .collect();
    if !tls.is_empty() {
        w.section("TLS");
        w.table(1, &["SECRET", "HOSTS"], &tls);
    }
    let mut rows = Vec::new();
    for rule in items(&spec["rules"]) {
        let host = rule["host"].as_str().unwrap_or("*");
        for path in items(&rule["http"]["paths"]) {
            rows.push(vec![
                Span::new(host.to_owned(), Tone::Plain),
                Span::new(text(&path["path"]), Tone::Plain),
                Span::new(text(&path["pathType"]), Tone::Dim),
                Span::new(backend(&path["backend"]), Tone::Plain),
            ]);
        }
    }
    if !rows.is_empty() {
        w.section("Rules");
        w.table(1, &["HOST", "PATH", "TYPE", "BACKEND"], &rows);
    }
}

fn backend(backend: &Value) -> String {
    let service = &backend["service"];
    if service.is_object() {
        let port = &service["port"];
        let port = if port["name"].is_string() {
            &port["name"]
        } else {
            &port["number"]
        };
        return format!("{}:{}", text(&service["name"]), text(port));
    }
    let resource = &backend["resource"];
    if resource.is_object() {
        return format!("{} {}", text(&resource["kind"]), text(&resource["name"]));
    }
    String::new()
}
