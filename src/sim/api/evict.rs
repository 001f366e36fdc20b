//! `pods/eviction`: deletion that asks the PodDisruptionBudget first.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::delete::{self, DeleteOptions};
use super::request::Request;
use super::response::Response;
use super::route::Target;
use super::select::Labels;
use super::write;
use crate::sim::object::Obj;
use crate::sim::resource::resource;
use crate::sim::status::{Details, Status};
use crate::sim::store::{Store, timestamp};

/// The type of the cause by which clients tell a budget's refusal from server load.
const CAUSE: &str = "DisruptionBudget";

/// POST of an Eviction.
///
/// # Errors
/// 400, 404, 409 for a precondition, 429 for a budget, 500 for more than one budget.
pub(crate) fn create(
    store: &mut Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
) -> Result<Response, Status> {
    let body = write::body(req)?;
    let version = body["apiVersion"].as_str().unwrap_or_default();
    if !matches!(version, "" | "policy/v1") {
        return Err(Status::bad_request(format!(
            "no kind \"Eviction\" is registered for version \"{version}\" in scheme"
        )));
    }
    if body["metadata"]["name"].as_str() != t.name.as_deref() {
        return Err(Status::bad_request(
            "name in URL does not match name in Eviction object",
        ));
    }
    let mut options = DeleteOptions::of(&body["deleteOptions"]);
    options.dry_run |= write::dry_run(req)?;
    evict(store, now, t.ns(), t.object(), &options)?;
    Ok(Response::status(&Status {
        code: 201,
        ..Status::new(201, "", "")
    }))
}

/// Evicts a pod, or refuses.
///
/// # Errors
/// 404, 409 for a precondition, 429 for a budget, 500 for more than one budget.
pub fn evict(
    store: &mut Store,
    now: DateTime<Utc>,
    ns: &str,
    name: &str,
    options: &DeleteOptions,
) -> Result<(), Status> {
    let pods = resource("pods");
    let pod = store
        .get(pods, ns, name)
        .cloned()
        .ok_or_else(|| Status::not_found(pods, name))?;
    options.hold(&pod)?;
    let free = pod.deleting || matches!(&*pod.phase, "Succeeded" | "Failed" | "Pending");
    if !free {
        ask_budget(store, now, &pod, options.dry_run)?;
    }
    let mut options = options.clone();
    if !options.dry_run {
        store.update(now, pods, ns, name, |pod| {
            write::set_condition(
                pod,
                json!({"type": "DisruptionTarget", "status": "True", "lastProbeTime": null,
                    "lastTransitionTime": timestamp(now), "reason": "EvictionByEvictionAPI",
                    "message": "Eviction API: evicting"}),
            );
        })?;
        // The condition has just raised it; it was checked above.
        options.resource_version = None;
    }
    delete::delete_object(store, now, pods, ns, name, &options).map(drop)
}

fn ask_budget(
    store: &mut Store,
    now: DateTime<Utc>,
    pod: &Arc<Obj>,
    dry: bool,
) -> Result<(), Status> {
    let budgets: Vec<(Arc<Obj>, Value)> = store
        .list(resource("poddisruptionbudgets"), Some(&pod.namespace))
        .map(|budget| (budget.clone(), budget.value()))
        .filter(|(_, v)| {
            v["spec"]["selector"].is_object()
                && Labels::of_object(&v["spec"]["selector"])
                    .is_some_and(|l| l.matches(|key| pod.labels.get(key)))
        })
        .collect();
    let (budget, v) = match budgets.as_slice() {
        [] => return Ok(()),
        [one] => one,
        _ => {
            return Err(Status::new(
                500,
                "",
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            ));
        }
    };
    let number = |field: &str| v["status"][field].as_i64().unwrap_or(0);
    let (current, desired) = (number("currentHealthy"), number("desiredHealthy"));
    if !ready(&pod.value()) {
        let always = v["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow";
        if always || (current >= desired && desired > 0) {
            return Ok(());
        }
    }
    let generation = v["metadata"]["generation"].as_i64().unwrap_or(0);
    if number("observedGeneration") < generation {
        let why = format!(
            "The disruption budget {} is still being processed by the server.",
            budget.name
        );
        return Err(refused(why, Some(10)));
    }
    if number("disruptionsAllowed") <= 0 {
        return Err(refused(because(&budget.name, v, current, desired), None));
    }
    if !dry {
        let (ns, name) = (budget.namespace.clone(), budget.name.clone());
        store.update(now, budget.res, &ns, &name, |v| {
            let left = v["status"]["disruptionsAllowed"].as_i64().unwrap_or(1) - 1;
            v["status"]["disruptionsAllowed"] = left.into();
            v["status"]["disruptedPods"][&*pod.name] = timestamp(now).into();
        })?;
    }
    Ok(())
}

fn because(name: &str, budget: &Value, current: i64, desired: i64) -> String {
    let condition = budget["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|c| c["type"] == "DisruptionAllowed" && c["status"] == "False");
    let text = |field: &str| {
        condition
            .and_then(|c| c[field].as_str())
            .unwrap_or_default()
    };
    let (reason, message) = (text("reason"), text("message"));
    if reason == "SyncFailed" && !message.is_empty() {
        format!(
            "The disruption budget {name} does not allow evicting pods currently because it failed sync: {message}"
        )
    } else if current <= desired {
        format!(
            "The disruption budget {name} needs {desired} healthy pods and has {current} currently"
        )
    } else if !message.is_empty() {
        format!(
            "The disruption budget {name} does not allow evicting pods currently ({reason}): {message}"
        )
    } else {
        format!("The disruption budget {name} does not allow evicting pods currently")
    }
}

fn refused(why: String, retry_after_seconds: Option<u32>) -> Status {
    Status::new(
        429,
        "TooManyRequests",
        "Cannot evict pod as it would violate the pod's disruption budget.",
    )
    .with(Details {
        retry_after_seconds,
        ..Details::default()
    })
    .cause(CAUSE, why, "")
}

fn ready(pod: &Value) -> bool {
    pod["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|c| c["type"] == "Ready" && c["status"] == "True")
}
