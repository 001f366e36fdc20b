//! Rows of nodes, services, ingresses, events and other small kinds.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{age, array, first_three, text_or};
use crate::sim::api::human;

/// The cells of an object of that resource.
pub(super) fn cells(now: DateTime<Utc>, plural: &str, v: &Value) -> Vec<Value> {
    let name = v["metadata"]["name"].clone();
    let size = |field: &str| v[field].as_object().map_or(0, serde_json::Map::len);
    match plural {
        "nodes" => node(now, v),
        "services" => service(now, v),
        "events" => event(now, v),
        "ingresses" => ingress(now, v),
        "namespaces" => vec![name, text_or(&v["status"]["phase"], ""), age(now, v)],
        "configmaps" => vec![
            name,
            (size("data") + size("binaryData")).into(),
            age(now, v),
        ],
        "secrets" => vec![
            name,
            text_or(&v["type"], ""),
            size("data").into(),
            age(now, v),
        ],
        "serviceaccounts" => vec![name, age(now, v)],
        "endpoints" => vec![name, endpoints(v).into(), age(now, v)],
        "endpointslices" => endpointslice(now, v),
        "leases" => vec![name, text_or(&v["spec"]["holderIdentity"], ""), age(now, v)],
        "priorityclasses" => vec![
            name,
            v["value"].as_i64().unwrap_or(0).into(),
            (v["globalDefault"] == true).into(),
            age(now, v),
            text_or(&v["preemptionPolicy"], ""),
        ],
        "ingressclasses" => {
            vec![
                name,
                text_or(&v["spec"]["controller"], ""),
                "<none>".into(),
                age(now, v),
            ]
        }
        _ => vec![name, v["metadata"]["creationTimestamp"].clone()],
    }
}

fn node(now: DateTime<Utc>, v: &Value) -> Vec<Value> {
    let ready = array(&v["status"]["conditions"])
        .iter()
        .rev()
        .find(|c| c["type"] == "Ready");
    let mut status = match ready {
        Some(c) if c["status"] == "True" => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if v["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    let mut roles: Vec<&str> = v["metadata"]["labels"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(
            |(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
                Some(role) => Some(role),
                None if key == "kubernetes.io/role" => value.as_str(),
                None => None,
            },
        )
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    let roles = if roles.is_empty() {
        "<none>".to_owned()
    } else {
        roles.join(",")
    };
    let address = |kind: &str| {
        let found = array(&v["status"]["addresses"])
            .iter()
            .find(|a| a["type"] == kind);
        text_or(found.map_or(&Value::Null, |a| &a["address"]), "<none>")
    };
    let info = &v["status"]["nodeInfo"];
    let kernel = text_or(&info["kernelVersion"], "<unknown>");
    let kernel = match (kernel.as_str(), info["architecture"].as_str()) {
        (Some(kernel), Some(arch)) if !arch.is_empty() => format!("{kernel} ({arch})").into(),
        _ => kernel,
    };
    vec![
        v["metadata"]["name"].clone(),
        status.into(),
        roles.into(),
        age(now, v),
        text_or(&info["kubeletVersion"], ""),
        address("InternalIP"),
        address("ExternalIP"),
        text_or(&info["osImage"], "<unknown>"),
        kernel,
        text_or(&info["containerRuntimeVersion"], "<unknown>"),
    ]
}

/// Addresses of a load balancer's status, in order, without repeats.
fn balancer(v: &Value) -> Vec<String> {
    let mut all: Vec<String> = array(&v["status"]["loadBalancer"]["ingress"])
        .iter()
        .filter_map(|i| {
            i["ip"]
                .as_str()
                .or(i["hostname"].as_str())
                .map(str::to_owned)
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

fn service(now: DateTime<Utc>, v: &Value) -> Vec<Value> {
    let spec = &v["spec"];
    let kind = spec["type"].as_str().unwrap_or("ClusterIP");
    let externals: Vec<String> = array(&spec["externalIPs"])
        .iter()
        .filter_map(|ip| ip.as_str().map(str::to_owned))
        .collect();
    let external = match kind {
        "LoadBalancer" => {
            let all = [balancer(v), externals].concat();
            if all.is_empty() {
                "<pending>".to_owned()
            } else {
                all.join(",")
            }
        }
        "ExternalName" => spec["externalName"].as_str().unwrap_or_default().to_owned(),
        _ if externals.is_empty() => "<none>".to_owned(),
        _ => externals.join(","),
    };
    let ports: Vec<String> = array(&spec["ports"])
        .iter()
        .map(|p| {
            let (port, proto) = (
                p["port"].as_i64().unwrap_or(0),
                p["protocol"].as_str().unwrap_or("TCP"),
            );
            match p["nodePort"].as_i64() {
                Some(node) if node > 0 => format!("{port}:{node}/{proto}"),
                _ => format!("{port}/{proto}"),
            }
        })
        .collect();
    let ports = if ports.is_empty() {
        "<none>".to_owned()
    } else {
        ports.join(",")
    };
    let ip = array(&spec["clusterIPs"])
        .first()
        .unwrap_or(&spec["clusterIP"]);
    vec![
        v["metadata"]["name"].clone(),
        kind.into(),
        text_or(ip, "<none>"),
        external.into(),
        ports.into(),
        age(now, v),
        labels(&spec["selector"]).into(),
    ]
}

/// `FormatLabels`: in order of keys, `<none>` when empty.
pub(super) fn labels(v: &Value) -> String {
    let mut all: Vec<String> = v
        .as_object()
        .into_iter()
        .flatten()
        .map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default()))
        .collect();
    all.sort();
    if all.is_empty() {
        "<none>".to_owned()
    } else {
        all.join(",")
    }
}

fn ingress(now: DateTime<Utc>, v: &Value) -> Vec<Value> {
    let rules = array(&v["spec"]["rules"]);
    let mut hosts: Vec<&str> = Vec::new();
    let mut more = false;
    for rule in rules {
        more |= hosts.len() == 3;
        match rule["host"].as_str() {
            Some(host) if !more && !host.is_empty() => hosts.push(host),
            _ => {}
        }
    }
    let hosts = match (hosts.is_empty(), more) {
        (true, _) => "*".to_owned(),
        (false, true) => format!("{} + {} more...", hosts.join(","), rules.len() - 3),
        (false, false) => hosts.join(","),
    };
    let ports = if array(&v["spec"]["tls"]).is_empty() {
        "80"
    } else {
        "80, 443"
    };
    vec![
        v["metadata"]["name"].clone(),
        text_or(&v["spec"]["ingressClassName"], "<none>"),
        hosts.into(),
        balancer(v).join(",").into(),
        ports.into(),
        age(now, v),
    ]
}

fn event(now: DateTime<Utc>, v: &Value) -> Vec<Value> {
    let since = |at: &Value| at.as_str().map(|at| human::since_text(now, at));
    let unknown = || "<unknown>".to_owned();
    let first = since(&v["firstTimestamp"])
        .or_else(|| since(&v["eventTime"]))
        .unwrap_or_else(unknown);
    let mut last = since(&v["lastTimestamp"]).unwrap_or_else(|| first.clone());
    let mut count = v["count"].as_i64().filter(|n| *n > 0).unwrap_or(1);
    if v["series"].is_object() {
        last = since(&v["series"]["lastObservedTime"]).unwrap_or_else(unknown);
        count = v["series"]["count"].as_i64().unwrap_or(0);
    }
    let object = &v["involvedObject"];
    let kind = object["kind"].as_str().unwrap_or_default().to_lowercase();
    let target = match object["name"].as_str() {
        Some(name) if !name.is_empty() => format!("{kind}/{name}"),
        _ => kind,
    };
    let either = |a: &Value, b: &Value| match a.as_str() {
        Some(a) if !a.is_empty() => a.to_owned(),
        _ => b.as_str().unwrap_or_default().to_owned(),
    };
    let mut source = either(&v["source"]["component"], &v["reportingComponent"]);
    let host = either(&v["source"]["host"], &v["reportingInstance"]);
    if !host.is_empty() {
        source = format!("{source}, {host}");
    }
    vec![
        last.into(),
        text_or(&v["type"], ""),
        text_or(&v["reason"], ""),
        target.into(),
        text_or(&object["fieldPath"], ""),
        source.into(),
        v["message"].as_str().unwrap_or_default().trim().into(),
        first.into(),
        count.into(),
        v["metadata"]["name"].clone(),
    ]
}

fn endpoints(v: &Value) -> String {
    let mut all = Vec::new();
    for subset in array(&v["subsets"]) {
        let ips = || {
            array(&subset["addresses"])
                .iter()
                .filter_map(|a| a["ip"].as_str())
        };
        let ports = array(&subset["ports"]);
        if ports.is_empty() {
            all.extend(ips().map(str::to_owned));
        }
        for port in ports {
            all.extend(ips().map(|ip| format!("{ip}:{}", port["port"])));
        }
    }
    first_three(&all, "<none>")
}

fn endpointslice(now: DateTime<Utc>, v: &Value) -> Vec<Value> {
    let ports: Vec<String> = array(&v["ports"])
        .iter()
        .map(|p| match (p["port"].as_i64(), p["name"].as_str()) {
            (Some(port), _) => port.to_string(),
            (None, Some(name)) => name.to_owned(),
            (None, None) => "*".to_owned(),
        })
        .collect();
    let addresses: Vec<String> = array(&v["endpoints"])
        .iter()
        .flat_map(|e| array(&e["addresses"]))
        .filter_map(|a| a.as_str().map(str::to_owned))
        .collect();
    vec![
        v["metadata"]["name"].clone(),
        text_or(&v["addressType"], ""),
        first_three(&ports, "<unset>").into(),
        first_three(&addresses, "<unset>").into(),
        age(now, v),
    ]
}
