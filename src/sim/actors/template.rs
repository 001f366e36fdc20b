//! Pods out of templates, with the defaults that the API server would fill in.

use serde_json::{Value, json};

use super::dice::Dice;
use crate::sim::Obj;

/// A hash of a pod template, as ReplicaSets carry it in their name.
pub(crate) fn hash(template: &Value) -> String {
    Dice::new(0).on(&template.to_string()).suffix(10)
}

/// The reference to an owner that controls.
pub(crate) fn owner_reference(owner: &Obj) -> Value {
    json!({"apiVersion": owner.res.api_version(), "kind": owner.res.kind, "name": &*owner.name,
        "uid": &*owner.uid, "controller": true, "blockOwnerDeletion": true})
}

/// A pod of this template in the owner's namespace; `name` ends in `-` when it is to be generated.
pub(crate) fn pod(template: &Value, owner: &Obj, name: &str) -> Value {
    let mut meta = json!({});
    if name.ends_with('-') {
        meta["generateName"] = name.into();
    } else {
        meta["name"] = name.into();
    }
    meta["namespace"] = (&*owner.namespace).into();
    for key in ["labels", "annotations", "finalizers"] {
        if !template["metadata"][key].is_null() {
            meta[key] = template["metadata"][key].clone();
        }
    }
    meta["ownerReferences"] = json!([owner_reference(owner)]);
    let mut value = json!({"metadata": meta, "spec": template["spec"].clone()});
    complete(&mut value);
    value
}

/// Fills what the API server fills into a new pod: policies, default tolerations, status.
pub(crate) fn complete(pod: &mut Value) {
    let spec = &mut pod["spec"];
    if !spec.is_object() {
        *spec = json!({});
    }
    for (key, value) in [
        ("restartPolicy", json!("Always")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("dnsPolicy", json!("ClusterFirst")),
        ("serviceAccountName", json!("default")),
        ("serviceAccount", json!("default")),
        ("securityContext", json!({})),
        ("schedulerName", json!("default-scheduler")),
        ("priority", json!(0)),
        ("enableServiceLinks", json!(true)),
        ("preemptionPolicy", json!("PreemptLowerPriority")),
    ] {
        if spec[key].is_null() {
            spec[key] = value;
        }
    }
    for key in ["initContainers", "containers"] {
        for c in spec[key].as_array_mut().into_iter().flatten() {
            complete_container(c);
        }
    }
    if !spec["tolerations"].is_array() {
        spec["tolerations"] = json!([]);
    }
    if let Some(list) = spec["tolerations"].as_array_mut() {
        for key in [
            "node.kubernetes.io/not-ready",
            "node.kubernetes.io/unreachable",
        ] {
            let covered = list.iter().any(|t| {
                let effect = t["effect"].as_str().unwrap_or_default();
                let given = t["key"].as_str().unwrap_or_default();
                (effect.is_empty() || effect == "NoExecute") && (given.is_empty() || given == key)
            });
            if !covered {
                list.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
            }
        }
    }
    if pod["status"]["phase"].is_null() {
        let qos = qos(&pod["spec"]);
        pod["status"] = json!({"phase": "Pending", "qosClass": qos});
    }
}

fn complete_container(c: &mut Value) {
    let latest = c["image"].as_str().is_some_and(|i| {
        i.ends_with(":latest") || !i.rsplit('/').next().unwrap_or(i).contains(':')
    });
    for (key, value) in [
        ("resources", json!({})),
        ("terminationMessagePath", json!("/dev/termination-log")),
        ("terminationMessagePolicy", json!("File")),
        (
            "imagePullPolicy",
            json!(if latest { "Always" } else { "IfNotPresent" }),
        ),
    ] {
        if c[key].is_null() {
            c[key] = value;
        }
    }
}

fn qos(spec: &Value) -> &'static str {
    let mut any = false;
    let mut guaranteed = true;
    for c in ["initContainers", "containers"]
        .iter()
        .flat_map(|k| spec[*k].as_array().into_iter().flatten())
    {
        let (requests, limits) = (&c["resources"]["requests"], &c["resources"]["limits"]);
        any |= requests.as_object().is_some_and(|m| !m.is_empty())
            || limits.as_object().is_some_and(|m| !m.is_empty());
        for key in ["cpu", "memory"] {
            guaranteed &=
                !limits[key].is_null() && (requests[key].is_null() || requests[key] == limits[key]);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
