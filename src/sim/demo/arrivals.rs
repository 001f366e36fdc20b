//! Nodes that an autoscaler asks for, some of which never come; nodes that are told to go; a stranger's cordon.

use chrono::{DateTime, Utc};
use http::Method;
use serde_json::{Value, json};

use super::ask;
use super::nodes::{Size, extra};
use crate::sim::{World, timestamp};

const CLAIMS: &str = "/apis/karpenter.sh/v1/nodeclaims";

/// The claim for a node, as the autoscaler makes it for pods that wait.
pub(super) fn claim(world: &mut World, now: DateTime<Utc>, name: &str, arrives: bool) {
    let pool = "runner-large";
    let condition = |kind: &str, status: &str, reason: &str, message: &str| json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": timestamp(now)});
    let launched = if arrives {
        condition("Launched", "True", "Launched", "")
    } else {
        condition(
            "Launched",
            "Unknown",
            "LaunchFailed",
            "no capacity of standard-16 in eu-1a, eu-1b, eu-1c (InsufficientInstanceCapacity)",
        )
    };
    let claim = json!({
        "apiVersion": "karpenter.sh/v1", "kind": "NodeClaim",
        "metadata": {"name": name, "labels": {"karpenter.sh/nodepool": pool, "node.kubernetes.io/instance-type": "standard-16"}},
        "spec": {"nodeClassRef": {"group": "cloud.example.com", "kind": "NodeClass", "name": "default"},
            "requirements": [{"key": "cloud.google.com/gke-nodepool", "operator": "In", "values": [pool]}]},
        "status": {"conditions": [launched, condition("Registered", "Unknown", "NodeNotFound", "Node not registered with cluster"),
            condition("Ready", "False", "NotReady", "Node not registered with cluster")]},
    });
    // It may be there still from the time before.
    let _ = ask(world, Method::POST, CLAIMS, &claim);
    tell(world, now, name, arrives);
}

/// The autoscaler tells of a pod that waits what it did for it.
fn tell(world: &mut World, now: DateTime<Utc>, claim: &str, arrives: bool) {
    let pods = crate::sim::resource("pods");
    let waiting = world
        .store()
        .list(pods, Some("ci-jobs"))
        .find(|p| p.node.is_empty() && &*p.phase == "Pending");
    let (kind, namespace, name, uid) = match waiting {
        Some(pod) => (
            "Pod",
            pod.namespace.to_string(),
            pod.name.to_string(),
            pod.uid.to_string(),
        ),
        None => (
            "NodeClaim",
            "default".to_owned(),
            claim.to_owned(),
            String::new(),
        ),
    };
    let (reason, text, level) = if arrives {
        (
            "TriggeredScaleUp",
            "pod triggered scale-up: [{runner-large 24->25 (max: 30)}]".to_owned(),
            "Normal",
        )
    } else {
        ("NotTriggerScaleUp", "pod didn't trigger scale-up: 1 in backoff after failed scale-up, 1 node(s) didn't match Pod's node affinity/selector".to_owned(), "Normal")
    };
    let at = timestamp(now);
    let event = json!({
        "metadata": {"name": format!("{name}.{:x}", now.timestamp_micros()), "namespace": namespace},
        "involvedObject": {"kind": kind, "namespace": namespace, "name": name, "uid": uid, "apiVersion": "v1"},
        "reason": reason, "message": text, "type": level, "count": 1, "firstTimestamp": at, "lastTimestamp": at,
        "source": {"component": "cluster-autoscaler"}, "reportingComponent": "cluster-autoscaler", "reportingInstance": "",
    });
    // An event that is lost is no harm.
    let _ = ask(
        world,
        Method::POST,
        &format!("/api/v1/namespaces/{namespace}/events"),
        &event,
    );
}

/// The claimed node registers; it takes a while until it is ready.
pub(super) fn arrive(world: &mut World, now: DateTime<Utc>, size: Size, name: &str, node: &str) {
    let _ = ask(world, Method::POST, "/api/v1/nodes", &extra(size, node));
    let at = timestamp(now);
    let registered = json!({"status": {"nodeName": node, "conditions": [
        {"type": "Launched", "status": "True", "reason": "Launched", "message": "", "lastTransitionTime": at},
        {"type": "Registered", "status": "True", "reason": "Registered", "message": "", "lastTransitionTime": at},
        {"type": "Ready", "status": "True", "reason": "Ready", "message": "", "lastTransitionTime": at}]}});
    let _ = ask(
        world,
        Method::PATCH,
        &format!("{CLAIMS}/{name}"),
        &registered,
    );
}

/// A claim is given up, or its node is gone.
pub(super) fn give_up(world: &mut World, name: &str) {
    let _ = ask(
        world,
        Method::DELETE,
        &format!("{CLAIMS}/{name}"),
        &Value::Null,
    );
}

/// The autoscaler wants the node back: nothing new comes to it.
pub(super) fn disrupt(world: &mut World, node: &str) {
    taint(world, node, "karpenter.sh/disrupted");
}

/// The cloud takes a spot node in half a minute.
pub(super) fn notice(world: &mut World, node: &str) {
    taint(world, node, "cloud.google.com/impending-node-termination");
}

fn taint(world: &mut World, node: &str, key: &str) {
    let path = format!("/api/v1/nodes/{node}");
    let Ok(value) = ask(world, Method::GET, &path, &Value::Null) else {
        return;
    };
    let mut taints = value["spec"]["taints"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    taints.push(json!({"key": key, "effect": "NoSchedule"}));
    let _ = ask(
        world,
        Method::PATCH,
        &path,
        &json!({"spec": {"taints": taints}}),
    );
}

/// Somebody cordons a node by hand, or takes it back.
pub(super) fn cordon(world: &mut World, node: &str, on: bool) {
    let on = if on { json!(true) } else { Value::Null };
    let _ = ask(
        world,
        Method::PATCH,
        &format!("/api/v1/nodes/{node}"),
        &json!({"spec": {"unschedulable": on}}),
    );
}

/// A node goes for good.
pub(super) fn leave(world: &mut World, node: &str) {
    let _ = ask(
        world,
        Method::DELETE,
        &format!("/api/v1/nodes/{node}"),
        &Value::Null,
    );
}
