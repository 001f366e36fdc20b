//! DaemonSets: one pod on every node that takes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::ctx::Ctx;
use super::owned::Owned;
use super::pods::{PodDoc, Taint};
use super::scheduler::fit::{NodeInfo, selected};
use super::{deployment, template, workload};
use crate::sim::world::FILLED;
use crate::sim::{Obj, resource};

const CONTROLLER: &str = "daemonset-controller";
const REVISION: &str = "controller-revision-hash";

/// What daemon pods stand, beside what their template says.
const STANDS: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

pub(crate) fn reconcile(
    ctx: &mut Ctx<'_>,
    owned: &Owned,
    nodes: &BTreeMap<Arc<str>, NodeInfo>,
    obj: &Obj,
) {
    let value = obj.value();
    let pods = workload::members(owned.of(ctx.store, &obj.uid, resource("pods")));
    let mut pod = template::pod(&value["spec"]["template"], obj, &format!("{}-", obj.name));
    if let Some(list) = pod["spec"]["tolerations"].as_array_mut() {
        // Its own tolerations of lost nodes have no end.
        list.retain(|t| t["tolerationSeconds"].is_null());
        for (key, effect) in STANDS {
            list.push(json!({"key": key, "operator": "Exists", "effect": effect}));
        }
    }
    let revision = template::hash(&value["spec"]["template"]);
    let labels = &mut pod["metadata"]["labels"];
    labels[REVISION] = revision.as_str().into();
    labels["pod-template-generation"] = value["metadata"]["generation"].to_string().into();
    let Ok(doc) = serde_json::from_value::<PodDoc>(pod.clone()) else {
        return;
    };
    let mut have: BTreeMap<String, Vec<&workload::Member>> = BTreeMap::new();
    for m in &pods {
        have.entry(target(&m.obj)).or_default().push(m);
    }
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    if !obj.deleting {
        for (name, node) in nodes {
            if takes(&doc, name, node) {
                wanted.insert(name);
                let here = have.get(&**name);
                for m in here
                    .into_iter()
                    .flatten()
                    .filter(|m| m.over() && !m.obj.deleting)
                {
                    workload::delete(ctx, obj, CONTROLLER, &m.obj);
                }
                if here.is_none_or(Vec::is_empty) {
                    workload::create(ctx, obj, CONTROLLER, bound_for(&pod, name));
                }
            }
        }
        for m in pods
            .iter()
            .filter(|m| !wanted.contains(target(&m.obj).as_str()) && !m.obj.deleting)
        {
            workload::delete(ctx, obj, CONTROLLER, &m.obj);
        }
    }
    let stray = |m: &&workload::Member| !wanted.contains(target(&m.obj).as_str());
    let misscheduled = pods.iter().filter(|m| m.active()).filter(stray).count();
    let is_new = |m: &workload::Member| m.obj.labels.get(REVISION) == Some(&*revision);
    if !obj.deleting {
        update(ctx, obj, &value, &pods, wanted.len(), is_new);
    }
    let updated = pods.iter().filter(|m| m.active() && is_new(m)).count();
    let current = pods.iter().filter(|m| m.active()).count();
    let ready = pods.iter().filter(|m| m.active() && m.ready).count();
    let desired = wanted.len();
    let generation = value["metadata"]["generation"].clone();
    ctx.edit(obj.res, &obj.namespace, &obj.name, |v| {
        let mut status = json!({"currentNumberScheduled": current, "numberMisscheduled": misscheduled,
            "desiredNumberScheduled": desired, "numberReady": ready, "observedGeneration": generation,
            "updatedNumberScheduled": updated, "numberAvailable": ready});
        if desired > ready {
            status["numberUnavailable"] = (desired - ready).into();
        }
        v["status"] = status;
    });
}

/// Old pods go, as many at a time as may be missing.
fn update(
    ctx: &mut Ctx<'_>,
    obj: &Obj,
    value: &Value,
    pods: &[workload::Member],
    desired: usize,
    is_new: impl Fn(&workload::Member) -> bool,
) {
    let strategy = &value["spec"]["updateStrategy"];
    if strategy["type"] == "OnDelete" {
        return;
    }
    let most = match &strategy["rollingUpdate"]["maxUnavailable"] {
        Value::String(text) => deployment::portion(text, desired, true),
        other => usize::try_from(other.as_u64().unwrap_or(1)).unwrap_or(1),
    };
    let well = pods.iter().filter(|m| m.active() && m.ready).count();
    let mut room = most.max(1).saturating_sub(desired.saturating_sub(well));
    let mut old: Vec<_> = pods.iter().filter(|m| m.active() && !is_new(m)).collect();
    // What does not work anyway costs nothing.
    old.sort_by_key(|m| m.ready);
    for m in old {
        if m.ready {
            if room == 0 {
                break;
            }
            room -= 1;
        }
        workload::delete(ctx, obj, CONTROLLER, &m.obj);
    }
}

/// Whether a daemon pod belongs on this node: selector, affinity, taints; never its load.
fn takes(doc: &PodDoc, name: &str, node: &NodeInfo) -> bool {
    let affinity = doc
        .spec
        .affinity
        .as_ref()
        .and_then(|a| a.node_affinity.as_ref());
    let required = affinity.and_then(|a| a.required.as_ref());
    // A node that is not ready yet gets its daemons: they may be what makes it ready.
    let soft = |t: &Taint| {
        t.effect == "PreferNoSchedule"
            || t.key.starts_with("node.kubernetes.io/not-ready")
            || t.key.starts_with("node.kubernetes.io/unreachable")
    };
    // The bulk load's nodes have the pods that were asked for, and no others.
    node.labels.get(FILLED).is_none()
        && selected(&doc.spec.node_selector, required, name, &node.labels)
        && node
            .taints
            .iter()
            .all(|taint| soft(taint) || doc.spec.tolerations.iter().any(|t| t.tolerates(taint)))
}

/// The template's pod, with the affinity that leads it to one node.
fn bound_for(pod: &Value, node: &str) -> Value {
    let mut pod = pod.clone();
    let fields = json!([{"key": "metadata.name", "operator": "In", "values": [node]}]);
    let terms = &mut pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        ["nodeSelectorTerms"];
    match terms.as_array_mut().filter(|t| !t.is_empty()) {
        Some(list) => {
            for term in list {
                term["matchFields"] = fields.clone();
            }
        }
        None => *terms = json!([{"matchFields": fields}]),
    }
    pod
}

/// The node that a daemon pod is on, or is made for.
fn target(pod: &Obj) -> String {
    if !pod.node.is_empty() {
        return pod.node.to_string();
    }
    let value = pod.value();
    value["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"][0]["matchFields"][0]["values"][0]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
