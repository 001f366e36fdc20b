//! A pod's status as the kubelet writes it.

use serde_json::{Map, Value, json};

use super::container::{Cont, Kind};
use super::pod::{Flag, PodRun};
use crate::sim::actors::dice::Dice;
use crate::sim::timestamp;

/// The conditions that the kubelet writes; others' are kept.
const OURS: [&str; 4] = [
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
];

/// Puts the pod's state into `status`, keeping what others wrote there.
pub(crate) fn write(run: &PodRun, dice: Dice, status: &mut Value) {
    let foreign: Vec<Value> = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|c| !OURS.iter().any(|ours| c["type"] == *ours))
        .cloned()
        .collect();
    let qos = status.get("qosClass").cloned();
    let mut out = Map::new();
    out.insert("phase".into(), run.phase().into());
    out.insert("conditions".into(), conditions(run, foreign).into());
    if let Some(end) = &run.end {
        if !end.message.is_empty() {
            out.insert("message".into(), (&*end.message).into());
        }
        if !end.reason.is_empty() {
            out.insert("reason".into(), end.reason.into());
        }
    }
    out.insert("hostIP".into(), (&*run.host_ip).into());
    out.insert("hostIPs".into(), json!([{"ip": &*run.host_ip}]));
    if run.sandbox.on || run.end.is_some() {
        out.insert("podIP".into(), (&*run.ip).into());
        out.insert("podIPs".into(), json!([{"ip": &*run.ip}]));
    }
    out.insert("startTime".into(), timestamp(run.started).into());
    let idle = if run.inits > 0 {
        "PodInitializing"
    } else {
        "ContainerCreating"
    };
    let pod_ref = format!("{}_{}({})", run.name, run.namespace, run.uid);
    let (inits, mains) = run.containers.split_at(run.inits);
    if !inits.is_empty() {
        let list: Vec<Value> = inits
            .iter()
            .map(|c| c.status(dice, &pod_ref, idle))
            .collect();
        out.insert("initContainerStatuses".into(), list.into());
    }
    let (debug, mains): (Vec<&Cont>, Vec<&Cont>) =
        mains.iter().partition(|c| c.kind == Kind::Ephemeral);
    let list: Vec<Value> = mains
        .iter()
        .map(|c| c.status(dice, &pod_ref, idle))
        .collect();
    out.insert("containerStatuses".into(), list.into());
    if !debug.is_empty() {
        let list: Vec<Value> = debug
            .iter()
            .map(|c| c.status(dice, &pod_ref, "ContainerCreating"))
            .collect();
        out.insert("ephemeralContainerStatuses".into(), list.into());
    }
    out.insert("qosClass".into(), qos.unwrap_or_else(|| "Burstable".into()));
    *status = Value::Object(out);
}

fn conditions(run: &PodRun, foreign: Vec<Value>) -> Vec<Value> {
    let over = run.end.as_ref().map(|e| {
        if e.succeeded {
            "PodCompleted"
        } else {
            "PodFailed"
        }
    });
    let late: Vec<&str> = run.containers[..run.inits]
        .iter()
        .filter(|c| match c.kind {
            Kind::Sidecar => c.running().is_none(),
            Kind::Init | Kind::Main | Kind::Ephemeral => c.ended().is_none_or(|e| e.exit.code != 0),
        })
        .map(|c| &*c.name)
        .collect();
    let unready: Vec<&str> = run
        .containers
        .iter()
        .filter(|c| !matches!(c.kind, Kind::Init | Kind::Ephemeral) && !c.ready)
        .map(|c| &*c.name)
        .collect();
    let initialized = condition(
        "Initialized",
        run.initialized,
        run.started,
        if run.initialized.on {
            over.filter(|o| *o == "PodCompleted")
        } else {
            Some("ContainersNotInitialized")
        },
        (!run.initialized.on)
            .then(|| format!("containers with incomplete status: [{}]", late.join(" "))),
    );
    let why = |flag: Flag| {
        if flag.on {
            None
        } else {
            Some(over.unwrap_or("ContainersNotReady"))
        }
    };
    let text = (!run.ready.on && over.is_none())
        .then(|| format!("containers with unready status: [{}]", unready.join(" ")));
    let mut sandbox = run.sandbox;
    if let (Some(_), true) = (&run.end, sandbox.on) {
        sandbox.on = false; // the sandbox goes with the last container
    }
    let mut all = vec![
        condition(
            "PodReadyToStartContainers",
            sandbox,
            run.started,
            None,
            None,
        ),
        initialized,
        condition(
            "Ready",
            run.ready,
            run.started,
            why(run.ready),
            text.clone(),
        ),
        condition(
            "ContainersReady",
            run.ready,
            run.started,
            why(run.ready),
            text,
        ),
    ];
    all.extend(foreign);
    all
}

fn condition(
    kind: &str,
    flag: Flag,
    first: chrono::DateTime<chrono::Utc>,
    reason: Option<&str>,
    message: Option<String>,
) -> Value {
    let mut c = json!({"type": kind, "status": if flag.on { "True" } else { "False" }, "lastProbeTime": null,
        "lastTransitionTime": timestamp(flag.since.max(first))});
    if let Some(reason) = reason {
        c["reason"] = reason.into();
    }
    if let Some(message) = message {
        c["message"] = message.into();
    }
    c
}
