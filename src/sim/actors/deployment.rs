//! Deployments own one current ReplicaSet; a changed template replaces it in one step.

use serde_json::{Value, json};

use super::ctx::{Ctx, set_condition};
use super::event::{About, Source};
use super::owned::Owned;
use super::{template, workload};
use crate::sim::{Obj, resource, timestamp};

const HASH: &str = "pod-template-hash";

pub(crate) fn reconcile(ctx: &mut Ctx<'_>, owned: &Owned, obj: &Obj) {
    if obj.deleting {
        return;
    }
    let value = obj.value();
    let want = workload::replicas(&value);
    let hash = template::hash(&value["spec"]["template"]);
    let name = format!("{}-{hash}", obj.name);
    let sets = owned.of(ctx.store, &obj.uid, resource("replicasets"));
    let mut current = None;
    for set in sets {
        let is_current = set.name.as_ref() == name;
        let target = if is_current { want } else { 0 };
        if workload::replicas(&set.value()) != target {
            let from = workload::replicas(&set.value());
            ctx.edit(set.res, &set.namespace, &set.name, |v| {
                v["spec"]["replicas"] = target.into()
            });
            scaled(ctx, obj, &set.name, from, target);
        }
        if is_current {
            current = Some(set);
        }
    }
    if current.is_none() {
        create_set(ctx, obj, &value, &name, &hash, want);
        scaled(ctx, obj, &name, 0, want);
    }
    let status = current
        .map(|c| c.value()["status"].clone())
        .unwrap_or_default();
    let count = |key: &str| usize::try_from(status[key].as_u64().unwrap_or(0)).unwrap_or(0);
    let (have, ready) = (count("replicas"), count("readyReplicas"));
    let surge = value["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"].as_u64();
    let least = want
        - usize::try_from(surge.unwrap_or(want as u64 / 4))
            .unwrap_or(0)
            .min(want);
    let generation = value["metadata"]["generation"].clone();
    let now = timestamp(ctx.now);
    ctx.edit(obj.res, &obj.namespace, &obj.name, |v| {
        let conditions = v["status"]["conditions"].clone();
        let mut s = json!({"observedGeneration": generation});
        for (key, n) in [
            ("replicas", have),
            ("updatedReplicas", have),
            ("readyReplicas", ready),
            ("availableReplicas", ready),
            ("unavailableReplicas", want.saturating_sub(ready)),
        ] {
            if n > 0 {
                s[key] = n.into();
            }
        }
        s["conditions"] = if conditions.is_array() {
            conditions
        } else {
            json!([])
        };
        let (status, reason, message) = if ready >= least {
            (
                "True",
                "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
            )
        } else {
            (
                "False",
                "MinimumReplicasUnavailable",
                "Deployment does not have minimum availability.",
            )
        };
        let old = find(&s, "Available");
        set_condition(
            &mut s,
            stamped(&old, "Available", status, reason, message, &now),
        );
        let (reason, message) = if ready >= want {
            (
                "NewReplicaSetAvailable",
                format!("ReplicaSet \"{name}\" has successfully progressed."),
            )
        } else {
            (
                "ReplicaSetUpdated",
                format!("ReplicaSet \"{name}\" is progressing."),
            )
        };
        let old = find(&s, "Progressing");
        set_condition(
            &mut s,
            stamped(&old, "Progressing", "True", reason, &message, &now),
        );
        v["status"] = s;
    });
}

fn find(status: &Value, kind: &str) -> Value {
    status["conditions"]
        .as_array()
        .and_then(|c| c.iter().find(|c| c["type"] == kind))
        .cloned()
        .unwrap_or_default()
}

/// A condition whose update time moves only when it says something new.
fn stamped(old: &Value, kind: &str, status: &str, reason: &str, message: &str, now: &str) -> Value {
    let same = old["status"] == status && old["reason"] == reason && old["message"] == message;
    let updated = if same {
        old["lastUpdateTime"].clone()
    } else {
        now.into()
    };
    json!({"type": kind, "status": status, "lastUpdateTime": updated, "lastTransitionTime": now,
        "reason": reason, "message": message})
}

fn create_set(ctx: &mut Ctx<'_>, obj: &Obj, value: &Value, name: &str, hash: &str, want: usize) {
    let mut template = value["spec"]["template"].clone();
    template["metadata"]["labels"][HASH] = hash.into();
    let mut selector = value["spec"]["selector"].clone();
    selector["matchLabels"][HASH] = hash.into();
    let set = json!({
        "metadata": {
            "name": name,
            "namespace": &*obj.namespace,
            "labels": template["metadata"]["labels"],
            "annotations": {"deployment.kubernetes.io/desired-replicas": want.to_string(),
                "deployment.kubernetes.io/revision": "1"},
            "ownerReferences": [template::owner_reference(obj)],
        },
        "spec": {"replicas": want, "selector": selector, "template": template},
        "status": {"replicas": 0},
    });
    // Its name is taken only by a set that is going: tried again when that is gone.
    let _ = ctx.store.create(ctx.now, resource("replicasets"), set);
}

fn scaled(ctx: &mut Ctx<'_>, obj: &Obj, set: &str, from: usize, to: usize) {
    if from == to {
        return;
    }
    let way = if to > from { "up" } else { "down" };
    let text = format!("Scaled {way} replica set {set} from {from} to {to}");
    let about = About {
        kind: "Deployment",
        api_version: "apps/v1",
        namespace: &obj.namespace,
        name: &obj.name,
        uid: &obj.uid,
        field: "",
    };
    ctx.event(
        Source::Controller("deployment-controller"),
        about,
        false,
        "ScalingReplicaSet",
        &text,
    );
}
