//! Where a connection leads: what programs can tell of the container they run in.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::sim::api::connect::spec_of;
use crate::sim::object::Obj;

/// Where it runs: what programs can tell of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) uid: String,
    pub(crate) container: String,
    pub(crate) node: String,
    pub(crate) ip: String,
    pub(crate) image: String,
    /// What the container was started with, as `ps` shows it.
    pub(crate) command: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    /// Ports that something listens on.
    pub(crate) ports: Vec<u16>,
    /// It sees the node's processes and files.
    pub(crate) host: bool,
    /// The container's process reads what an attached client writes.
    pub(crate) stdin: bool,
    pub(crate) labels: BTreeMap<String, String>,
    /// When the pod started.
    pub(crate) started: Option<DateTime<Utc>>,
}

impl Place {
    /// The place of a container, or of a pod's network when none is named.
    pub(crate) fn new(pod: &Obj, value: &Value, container: String) -> Place {
        let spec = spec_of(value, &container);
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let texts =
            |v: &Value| -> Vec<String> { v.as_array().into_iter().flatten().map(text).collect() };
        let env = spec["env"].as_array().into_iter().flatten().map(|e| {
            let field = e["valueFrom"]["fieldRef"]["fieldPath"].as_str();
            let value = match field {
                Some("spec.nodeName") => pod.node.to_string(),
                Some("metadata.name") => pod.name.to_string(),
                Some("metadata.namespace") => pod.namespace.to_string(),
                Some("status.podIP") => text(&value["status"]["podIP"]),
                _ => text(&e["value"]),
            };
            (text(&e["name"]), value)
        });
        let listening = value["spec"]["containers"].as_array().into_iter().flatten();
        let ports = listening
            .flat_map(|c| c["ports"].as_array().into_iter().flatten())
            .filter_map(|p| u16::try_from(p["containerPort"].as_u64()?).ok());
        let command = [texts(&spec["command"]), texts(&spec["args"])].concat();
        Place {
            namespace: pod.namespace.to_string(),
            pod: pod.name.to_string(),
            uid: pod.uid.to_string(),
            node: pod.node.to_string(),
            ip: text(&value["status"]["podIP"]),
            image: text(&spec["image"]),
            command: if command.is_empty() {
                vec![format!("/usr/local/bin/{container}")]
            } else {
                command
            },
            env: env.collect(),
            ports: ports.collect(),
            host: value["spec"]["hostPID"] == true,
            stdin: spec["stdin"] == true,
            labels: pod
                .labels
                .iter()
                .map(|(k, v)| (k.to_string(), v.to_string()))
                .collect(),
            started: value["status"]["startTime"]
                .as_str()
                .and_then(|t| t.parse().ok()),
            container,
        }
    }

    /// Whether the image has programs beside its own: those built from nothing, and the system's, have none.
    pub(crate) fn has_shell(&self) -> bool {
        let bare = ["distroless", "scratch", "registry.k8s.io/", "gcr.io/"];
        !bare.iter().any(|word| self.image.contains(word))
    }
}
