//! The `scale` subresource of what has replicas.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::response::Response;
use super::route::Target;
use super::select::Labels;
use super::write;
use crate::sim::object::Obj;
use crate::sim::status::Status;
use crate::sim::store::Store;

/// `autoscaling/v1` Scale of an object.
pub(crate) fn of(obj: &Obj) -> Value {
    let v = obj.value();
    let selector = Labels::of_object(&v["spec"]["selector"]).map(|l| l.to_string());
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": v["metadata"]["name"], "namespace": v["metadata"]["namespace"],
            "uid": v["metadata"]["uid"], "resourceVersion": v["metadata"]["resourceVersion"],
            "creationTimestamp": v["metadata"]["creationTimestamp"],
        },
        "spec": {"replicas": v["spec"]["replicas"].as_i64().unwrap_or(1)},
        "status": {
            "replicas": v["status"]["replicas"].as_i64().unwrap_or(0),
            "selector": selector.unwrap_or_default(),
        },
    })
}

/// Reads it.
///
/// # Errors
/// 404.
pub(crate) fn get(store: &Store, t: &Target) -> Result<Response, Status> {
    Ok(Response::json(
        200,
        of(&*write::current(store, t)?).to_string(),
    ))
}

/// Sets the replicas.
///
/// # Errors
/// 404, 409 for an old resourceVersion, 422 for a number below zero.
pub(crate) fn update(
    store: &mut Store,
    now: DateTime<Utc>,
    t: &Target,
    scale: &Value,
    dry: bool,
) -> Result<Response, Status> {
    let old = write::current(store, t)?;
    let based_on = scale["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default();
    if !based_on.is_empty() && based_on != old.rv.to_string() {
        return Err(Status::modified(t.res, &old.name));
    }
    let replicas = scale["spec"]["replicas"].as_i64().unwrap_or(0);
    if replicas < 0 {
        let why = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        return Err(Status::invalid(
            t.res,
            &old.name,
            "spec.replicas",
            "FieldValueInvalid",
            &why,
        ));
    }
    let obj = if dry {
        let mut value = old.value();
        value["spec"]["replicas"] = replicas.into();
        std::sync::Arc::new(Obj::new(t.res, old.rv, value))
    } else {
        store.update(now, t.res, &old.namespace, &old.name, |v| {
            v["spec"]["replicas"] = replicas.into()
        })?
    };
    Ok(Response::json(200, of(&obj).to_string()))
}
