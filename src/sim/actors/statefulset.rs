//! StatefulSets: named pods, one after the other.

use serde_json::json;

use super::ctx::Ctx;
use super::owned::Owned;
use super::{template, workload};
use crate::sim::{Obj, resource};

const CONTROLLER: &str = "statefulset-controller";

pub(crate) fn reconcile(ctx: &mut Ctx<'_>, owned: &Owned, obj: &Obj) {
    let value = obj.value();
    let want = workload::replicas(&value);
    let pods = workload::members(owned.of(ctx.store, &obj.uid, resource("pods")));
    let ordinal = |name: &str| {
        name.strip_prefix(&*obj.name)
            .and_then(|r| r.strip_prefix('-'))
            .and_then(|n| n.parse::<usize>().ok())
    };
    let parallel = value["spec"]["podManagementPolicy"] == "Parallel";
    let revision = format!(
        "{}-{}",
        obj.name,
        template::hash(&value["spec"]["template"])
    );
    if !obj.deleting {
        // One that ended is removed, so that it can be made anew under its name.
        for m in pods.iter().filter(|m| m.over() && !m.obj.deleting) {
            workload::delete(ctx, obj, CONTROLLER, &m.obj);
        }
        for i in 0..want {
            match pods.iter().find(|m| ordinal(&m.obj.name) == Some(i)) {
                Some(m) if m.ready && m.active() => {}
                Some(_) if parallel => {}
                Some(_) => break,
                None => {
                    let name = format!("{}-{i}", obj.name);
                    let mut pod = template::pod(&value["spec"]["template"], obj, &name);
                    let labels = &mut pod["metadata"]["labels"];
                    labels["apps.kubernetes.io/pod-index"] = i.to_string().into();
                    labels["controller-revision-hash"] = revision.clone().into();
                    labels["statefulset.kubernetes.io/pod-name"] = name.clone().into();
                    pod["spec"]["hostname"] = name.into();
                    workload::create(ctx, obj, CONTROLLER, pod);
                    if !parallel {
                        break;
                    }
                }
            }
        }
        let highest = pods
            .iter()
            .filter(|m| m.active() && ordinal(&m.obj.name).is_some_and(|i| i >= want))
            .max_by_key(|m| ordinal(&m.obj.name));
        let going = pods.iter().any(|m| m.obj.deleting);
        if let (Some(m), true) = (highest, parallel || !going) {
            workload::delete(ctx, obj, CONTROLLER, &m.obj);
        }
    }
    let active = pods.iter().filter(|m| m.active()).count();
    let ready = pods.iter().filter(|m| m.active() && m.ready).count();
    let generation = value["metadata"]["generation"].clone();
    ctx.edit(obj.res, &obj.namespace, &obj.name, |v| {
        let mut status = json!({"observedGeneration": generation, "replicas": active});
        if ready > 0 {
            status["readyReplicas"] = ready.into();
        }
        status["currentReplicas"] = active.into();
        status["updatedReplicas"] = active.into();
        status["currentRevision"] = revision.clone().into();
        status["updateRevision"] = revision.into();
        status["collisionCount"] = 0.into();
        status["availableReplicas"] = ready.into();
        v["status"] = status;
    });
}
