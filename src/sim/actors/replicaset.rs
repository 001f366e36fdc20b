//! ReplicaSets keep a number of equal pods.

use serde_json::json;

use super::ctx::Ctx;
use super::owned::Owned;
use super::{template, workload};
use crate::sim::{Obj, resource};

const CONTROLLER: &str = "replicaset-controller";
/// Pods created in one go; the rest follows when these have shown up.
const BURST: usize = 500;

pub(crate) fn reconcile(ctx: &mut Ctx<'_>, owned: &Owned, obj: &Obj) {
    let value = obj.value();
    let want = workload::replicas(&value);
    let pods = workload::members(owned.of(ctx.store, &obj.uid, resource("pods")));
    let mut active: Vec<_> = pods.into_iter().filter(workload::Member::active).collect();
    if !obj.deleting {
        let have = active.len();
        for _ in have..want.min(have + BURST) {
            let pod = template::pod(&value["spec"]["template"], obj, &format!("{}-", obj.name));
            workload::create(ctx, obj, CONTROLLER, pod);
        }
        if have > want {
            // Those that serve least go first: unbound, pending, not ready, then the youngest.
            active.sort_by_key(|m| {
                (
                    !m.obj.node.is_empty(),
                    &*m.obj.phase == "Running",
                    m.ready,
                    std::cmp::Reverse(m.obj.rv),
                )
            });
            for m in active.drain(..have - want) {
                workload::delete(ctx, obj, CONTROLLER, &m.obj);
            }
        }
    }
    let ready = active.iter().filter(|m| m.ready).count();
    let generation = value["metadata"]["generation"].clone();
    let replicas = active.len().min(want.max(active.len()));
    ctx.edit(obj.res, &obj.namespace, &obj.name, |v| {
        let mut status = json!({"replicas": replicas, "fullyLabeledReplicas": replicas});
        if ready > 0 {
            status["readyReplicas"] = ready.into();
            status["availableReplicas"] = ready.into();
        }
        status["observedGeneration"] = generation;
        v["status"] = status;
    });
}
