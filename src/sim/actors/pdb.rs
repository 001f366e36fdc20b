//! PodDisruptionBudgets: how many pods may go.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::ctx::{Ctx, set_condition};
use super::selector::Selector;
use super::workload;
use crate::sim::{Obj, Store, resource, timestamp};

pub(crate) fn reconcile(ctx: &mut Ctx<'_>, obj: &Obj) {
    let value = obj.value();
    let Some(selector) = Selector::read(&value["spec"]["selector"]) else {
        return;
    };
    let pods: Vec<Arc<Obj>> = ctx
        .store
        .list(resource("pods"), Some(&obj.namespace))
        .filter(|p| selector.matches(&p.labels))
        .cloned()
        .collect();
    let expected_by_owner = expected(ctx.store, &pods);
    let pods = workload::members(pods);
    let live = pods.iter().filter(|m| !m.over()).count();
    // A pod whose eviction was granted counts as gone until it is.
    let mut disrupted = value["status"]["disruptedPods"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    disrupted.retain(|name, _| pods.iter().any(|m| &*m.obj.name == name && !m.obj.deleting));
    let healthy = pods
        .iter()
        .filter(|m| m.active() && m.ready && !disrupted.contains_key(&*m.obj.name))
        .count();
    let (expected, desired) = match (
        &value["spec"]["minAvailable"],
        &value["spec"]["maxUnavailable"],
    ) {
        (Value::Null, Value::Null) => (expected_by_owner, 0),
        (Value::Null, max) => (
            expected_by_owner,
            expected_by_owner.saturating_sub(portion(max, expected_by_owner)),
        ),
        (Value::Number(n), _) => (live, usize::try_from(n.as_u64().unwrap_or(0)).unwrap_or(0)),
        (min, _) => (expected_by_owner, portion(min, expected_by_owner)),
    };
    let allowed = if expected == 0 {
        0
    } else {
        healthy.saturating_sub(desired)
    };
    let now = timestamp(ctx.now);
    let generation = value["metadata"]["generation"].clone();
    ctx.edit(obj.res, &obj.namespace, &obj.name, |v| {
        let mut status = json!({"observedGeneration": &generation});
        if !disrupted.is_empty() {
            status["disruptedPods"] = Value::Object(disrupted);
        }
        status["disruptionsAllowed"] = allowed.into();
        status["currentHealthy"] = healthy.into();
        status["desiredHealthy"] = desired.into();
        status["expectedPods"] = expected.into();
        status["conditions"] = v["status"]["conditions"].clone();
        let (on, reason) = if allowed > 0 {
            ("True", "SufficientPods")
        } else {
            ("False", "InsufficientPods")
        };
        set_condition(
            &mut status,
            json!({"type": "DisruptionAllowed", "status": on,
            "observedGeneration": generation, "lastTransitionTime": now,
            "reason": reason, "message": ""}),
        );
        v["status"] = status;
    });
}

/// A number, or a share of `of`, rounded up.
fn portion(value: &Value, of: usize) -> usize {
    match value {
        Value::Number(n) => usize::try_from(n.as_u64().unwrap_or(0)).unwrap_or(0),
        Value::String(s) => {
            let percent: usize = s.trim_end_matches('%').parse().unwrap_or(0);
            (percent * of).div_ceil(100)
        }
        _ => 0,
    }
}

/// Pods that their controllers are to have, in all.
fn expected(store: &Store, pods: &[Arc<Obj>]) -> usize {
    let owners: BTreeSet<&str> = pods.iter().filter_map(|p| p.owner.as_deref()).collect();
    owners
        .iter()
        .filter_map(|uid| store.by_uid(uid))
        .map(|o| workload::replicas(&o.value()))
        .sum()
}
