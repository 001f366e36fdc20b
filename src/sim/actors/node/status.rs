//! What kubelets and the node controller write into a Node.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::sim::actors::ctx::{Ctx, set_condition};
use crate::sim::actors::event::{About, Source};
use crate::sim::{resource, timestamp};

/// Completes a node's status with what a kubelet reports, keeping what is there.
pub(crate) fn fill_status(status: &mut Value, name: &str, ip: &str) {
    if !status.is_object() {
        *status = json!({});
    }
    if status["capacity"].is_null() {
        status["capacity"] = match &status["allocatable"] {
            Value::Null => {
                json!({"cpu": "8", "memory": "32Gi", "ephemeral-storage": "200Gi", "pods": "110"})
            }
            given => given.clone(),
        };
    }
    if status["allocatable"].is_null() {
        status["allocatable"] = status["capacity"].clone();
    }
    if status["allocatable"]["pods"].is_null() {
        status["allocatable"]["pods"] = "110".into();
        status["capacity"]["pods"] = "110".into();
    }
    if status["addresses"].is_null() {
        status["addresses"] =
            json!([{"type": "InternalIP", "address": ip}, {"type": "Hostname", "address": name}]);
    }
    if status["nodeInfo"].is_null() {
        status["nodeInfo"] = json!({"architecture": "amd64", "bootID": "", "containerRuntimeVersion": "containerd://2.2.1",
            "kernelVersion": "6.12.41", "kubeProxyVersion": "", "kubeletVersion": "v1.37.0", "machineID": "",
            "operatingSystem": "linux", "osImage": "Debian GNU/Linux 13 (trixie)", "systemUUID": ""});
    }
    if status["daemonEndpoints"].is_null() {
        status["daemonEndpoints"] = json!({"kubeletEndpoint": {"Port": 10250}});
    }
}

/// What is told of a node that has just registered.
pub(super) fn registered(ctx: &mut Ctx<'_>, name: &str, uid: &str) {
    let controller = Source::Controller("node-controller");
    let text = format!("Node {name} event: Registered Node {name} in Controller");
    for (source, reason, text) in [
        (Source::Kubelet(name), "Starting", "Starting kubelet."),
        (controller, "RegisteredNode", &text),
    ] {
        ctx.event(source, About::node(name, uid), false, reason, text);
    }
}

/// The cloud's controller knows the node: its taint goes, the network is there.
pub(super) fn initialized(ctx: &mut Ctx<'_>, name: &str, uid: &str) {
    const UNINITIALIZED: &str = "node.cloudprovider.kubernetes.io/uninitialized";
    let now = timestamp(ctx.now);
    let mut had = false;
    ctx.edit(resource("nodes"), "", name, |v| {
        let taints = v["spec"]["taints"].as_array();
        had = taints.is_some_and(|t| t.iter().any(|t| t["key"] == UNINITIALIZED));
        if had {
            remove_taint(v, UNINITIALIZED);
            set_condition(
                &mut v["status"],
                json!({"type": "NetworkUnavailable", "status": "False", "lastHeartbeatTime": now,
                    "lastTransitionTime": now, "reason": "RouteCreated", "message": "a route to the node is there"}),
            );
        }
    });
    if had {
        let source = Source::Controller("cloud-node-controller");
        let text = "Node synced successfully";
        ctx.event(source, About::node(name, uid), false, "Synced", text);
    }
}

/// The four conditions a kubelet posts.
pub(crate) fn conditions(now: DateTime<Utc>, ready: bool) -> Value {
    let now = timestamp(now);
    let one = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({"type": kind, "status": status, "lastHeartbeatTime": now, "lastTransitionTime": now,
            "reason": reason, "message": message})
    };
    let last = if ready {
        one(
            "Ready",
            "True",
            "KubeletReady",
            "kubelet is posting ready status",
        )
    } else {
        one(
            "Ready",
            "False",
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        )
    };
    json!([
        one(
            "MemoryPressure",
            "False",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available"
        ),
        one(
            "DiskPressure",
            "False",
            "KubeletHasNoDiskPressure",
            "kubelet has no disk pressure"
        ),
        one(
            "PIDPressure",
            "False",
            "KubeletHasSufficientPID",
            "kubelet has sufficient PID available"
        ),
        last
    ])
}

pub(super) fn beat(node: &mut Value, now: &str) {
    for c in node["status"]["conditions"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        c["lastHeartbeatTime"] = now.into();
    }
}

pub(crate) fn add_taint(node: &mut Value, key: &str, effect: &str, since: Option<&str>) {
    let mut taint = json!({"key": key, "effect": effect});
    if let Some(since) = since {
        taint["timeAdded"] = since.into();
    }
    if !node["spec"]["taints"].is_array() {
        node["spec"]["taints"] = json!([]);
    }
    if let Some(list) = node["spec"]["taints"].as_array_mut()
        && !list
            .iter()
            .any(|t| t["key"] == key && t["effect"] == effect)
    {
        list.push(taint);
    }
}

pub(crate) fn remove_taint(node: &mut Value, key: &str) {
    let mut empty = false;
    if let Some(list) = node["spec"]["taints"].as_array_mut() {
        list.retain(|t| t["key"] != key);
        empty = list.is_empty();
    }
    if empty && let Some(spec) = node["spec"].as_object_mut() {
        spec.shift_remove("taints");
    }
}
