//! EndpointSlices: where the ready pods of a Service are.

use serde_json::{Value, json};

use super::ctx::Ctx;
use super::dice::Dice;
use super::pods::PodSlim;
use super::selector::Selector;
use super::template;
use crate::sim::{Obj, resource};

pub(crate) fn reconcile(ctx: &mut Ctx<'_>, service: &Obj) {
    let value = service.value();
    let Some(selector) = Selector::service(&value["spec"]["selector"]) else {
        return;
    };
    let mut endpoints: Vec<Value> = Vec::new();
    let mut first: Option<Value> = None;
    for pod in ctx.store.list(resource("pods"), Some(&service.namespace)) {
        if !selector.matches(&pod.labels) || matches!(&*pod.phase, "Succeeded" | "Failed") {
            continue;
        }
        let body = pod.body();
        let Ok(slim) = serde_json::from_slice::<PodSlim<'_>>(&body) else {
            continue;
        };
        let Some(ip) = slim.status.pod_ip.as_deref().filter(|ip| !ip.is_empty()) else {
            continue;
        };
        let serving = slim.ready();
        endpoints.push(json!({
            "addresses": [ip],
            "conditions": {"ready": serving && !pod.deleting, "serving": serving, "terminating": pod.deleting},
            "nodeName": &*pod.node,
            "targetRef": {"kind": "Pod", "namespace": &*pod.namespace, "name": &*pod.name, "uid": &*pod.uid},
        }));
        if first.is_none() {
            first = Some(pod.value());
        }
    }
    let res = resource("endpointslices");
    let ports: Vec<Value> = value["spec"]["ports"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|p| {
            let protocol = p["protocol"].as_str().unwrap_or("TCP");
            json!({"name": p["name"].as_str().unwrap_or_default(), "port": target_port(p, first.as_ref()), "protocol": protocol})
        })
        .collect();
    // The suffix rests on the service's uid: found again without an index.
    let name = format!(
        "{}-{}",
        service.name,
        Dice::new(0).on(&service.uid).suffix(5)
    );
    if ctx.store.get(res, &service.namespace, &name).is_none() {
        let slice = json!({
            "metadata": {
                "name": name,
                "generateName": format!("{}-", service.name),
                "namespace": &*service.namespace,
                "labels": {"kubernetes.io/service-name": &*service.name,
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"},
                "ownerReferences": [template::owner_reference(service)],
            },
            "addressType": "IPv4",
            "endpoints": endpoints,
            "ports": ports,
        });
        // The name cannot be taken: it was just looked for.
        let _ = ctx.store.create(ctx.now, res, slice);
        return;
    }
    ctx.edit(res, &service.namespace, &name, |v| {
        v["endpoints"] = endpoints.into();
        v["ports"] = ports.into();
    });
}

/// A number, or the name of a container's port.
fn target_port(port: &Value, pod: Option<&Value>) -> Value {
    let target = &port["targetPort"];
    let Some(name) = target.as_str() else {
        return if target.is_null() {
            port["port"].clone()
        } else {
            target.clone()
        };
    };
    if let Ok(number) = name.parse::<u16>() {
        return number.into();
    }
    pod.and_then(|p| {
        p["spec"]["containers"]
            .as_array()?
            .iter()
            .flat_map(|c| c["ports"].as_array().into_iter().flatten())
            .find(|p| p["name"] == name)
            .map(|p| p["containerPort"].clone())
    })
    .unwrap_or_else(|| port["port"].clone())
}
