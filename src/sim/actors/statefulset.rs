//! StatefulSets: named pods with claims of their own, one after the other; an update goes from the last to the first.

use serde_json::{Value, json};

use super::ctx::Ctx;
use super::event::Source;
use super::owned::Owned;
use super::{template, workload};
use crate::sim::{Obj, resource};

const CONTROLLER: &str = "statefulset-controller";
const REVISION: &str = "controller-revision-hash";

pub(crate) fn reconcile(ctx: &mut Ctx<'_>, owned: &Owned, obj: &Obj) {
    let value = obj.value();
    let want = workload::replicas(&value);
    let pods = workload::members(owned.of(ctx.store, &obj.uid, resource("pods")));
    let ordinal = |m: &workload::Member| {
        let rest = m.obj.name.strip_prefix(&*obj.name)?.strip_prefix('-')?;
        rest.parse::<usize>().ok()
    };
    let parallel = value["spec"]["podManagementPolicy"] == "Parallel";
    let update = format!(
        "{}-{}",
        obj.name,
        template::hash(&value["spec"]["template"])
    );
    let current = match value["status"]["currentRevision"].as_str() {
        Some(known) if !known.is_empty() => known.to_owned(),
        _ => update.clone(),
    };
    let is_new = |m: &workload::Member| m.obj.labels.get(REVISION) == Some(&*update);
    let partition = value["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_u64();
    let partition = usize::try_from(partition.unwrap_or(0)).unwrap_or(usize::MAX);
    let well = |m: &workload::Member| m.ready && m.active();
    if !obj.deleting {
        // One that ended is removed, so that it can be made anew under its name.
        for m in pods.iter().filter(|m| m.over() && !m.obj.deleting) {
            workload::delete(ctx, obj, CONTROLLER, &m.obj);
        }
        for i in 0..want {
            claims(ctx, obj, &value, i);
            match pods.iter().find(|m| ordinal(m) == Some(i)) {
                Some(m) if well(m) => {}
                Some(_) if parallel => {}
                Some(_) => break,
                None => {
                    // Below the partition it comes back as it was; the old template is not kept, its name is.
                    let revision = if i < partition { &current } else { &update };
                    workload::create(ctx, obj, CONTROLLER, member(obj, &value, i, revision));
                    if !parallel {
                        break;
                    }
                }
            }
        }
        let highest = pods
            .iter()
            .filter(|m| m.active() && ordinal(m).is_some_and(|i| i >= want))
            .max_by_key(|m| ordinal(m));
        let going = pods.iter().any(|m| m.obj.deleting);
        if let (Some(m), true) = (highest, parallel || !going) {
            workload::delete(ctx, obj, CONTROLLER, &m.obj);
        } else if !going && value["spec"]["updateStrategy"]["type"] != "OnDelete" {
            // One at a time, and only while the others are well.
            for i in (0..want).rev() {
                let Some(m) = pods.iter().find(|m| ordinal(m) == Some(i)) else {
                    break;
                };
                if i >= partition && !is_new(m) {
                    workload::delete(ctx, obj, CONTROLLER, &m.obj);
                    break;
                }
                if !well(m) {
                    break;
                }
            }
        }
    }
    let active = pods.iter().filter(|m| m.active()).count();
    let ready = pods.iter().filter(|m| well(m)).count();
    let updated = pods.iter().filter(|m| m.active() && is_new(m)).count();
    let done = updated == want && ready == want && active == want;
    let generation = value["metadata"]["generation"].clone();
    ctx.edit(obj.res, &obj.namespace, &obj.name, |v| {
        let mut status = json!({"observedGeneration": generation, "replicas": active});
        if ready > 0 {
            status["readyReplicas"] = ready.into();
        }
        let old = if current == update {
            updated
        } else {
            active - updated
        };
        let now_current = if done {
            (&update, updated)
        } else {
            (&current, old)
        };
        if now_current.1 > 0 {
            status["currentReplicas"] = now_current.1.into();
        }
        if updated > 0 {
            status["updatedReplicas"] = updated.into();
        }
        status["currentRevision"] = now_current.0.as_str().into();
        status["updateRevision"] = update.as_str().into();
        status["collisionCount"] = 0.into();
        status["availableReplicas"] = ready.into();
        v["status"] = status;
    });
}

/// The pod of that ordinal.
fn member(obj: &Obj, value: &Value, i: usize, revision: &str) -> Value {
    let name = format!("{}-{i}", obj.name);
    let mut pod = template::pod(&value["spec"]["template"], obj, &name);
    let labels = &mut pod["metadata"]["labels"];
    labels["apps.kubernetes.io/pod-index"] = i.to_string().into();
    labels[REVISION] = revision.into();
    labels["statefulset.kubernetes.io/pod-name"] = name.clone().into();
    pod["spec"]["hostname"] = name.into();
    pod["spec"]["subdomain"] = value["spec"]["serviceName"].clone();
    if !pod["spec"]["volumes"].is_array() {
        pod["spec"]["volumes"] = json!([]);
    }
    for template in templates(value) {
        let volume = template["metadata"]["name"].as_str().unwrap_or_default();
        let claim = format!("{volume}-{}-{i}", obj.name);
        if let Some(all) = pod["spec"]["volumes"].as_array_mut() {
            all.push(json!({"name": volume, "persistentVolumeClaim": {"claimName": claim}}));
        }
    }
    pod
}

fn templates(value: &Value) -> &[Value] {
    let all = value["spec"]["volumeClaimTemplates"].as_array();
    all.map_or(&[], Vec::as_slice)
}

/// The claims of that ordinal, which outlive its pod.
fn claims(ctx: &mut Ctx<'_>, obj: &Obj, value: &Value, i: usize) {
    let res = resource("persistentvolumeclaims");
    for template in templates(value) {
        let volume = template["metadata"]["name"].as_str().unwrap_or_default();
        let name = format!("{volume}-{}-{i}", obj.name);
        if ctx.store.get(res, &obj.namespace, &name).is_some() {
            continue;
        }
        let claim = json!({"metadata": {"name": name, "namespace": &*obj.namespace,
                "labels": value["spec"]["selector"]["matchLabels"]},
            "spec": template["spec"]});
        if ctx.store.create(ctx.now, res, claim).is_ok() {
            let text = format!(
                "create Claim {name} Pod {}-{i} in StatefulSet {} success",
                obj.name, obj.name
            );
            let (api_version, kind) = workload::about(obj);
            ctx.event(
                Source::Controller(CONTROLLER),
                workload::about_of(obj, &api_version, kind),
                false,
                "SuccessfulCreate",
                &text,
            );
        }
    }
}
