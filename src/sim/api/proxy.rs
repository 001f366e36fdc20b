//! `services/proxy` and `pods/proxy`: HTTP to a port behind the API server.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::request::Request;
use super::response::Response;
use super::rights;
use super::route::Target;
use super::select::Labels;
use super::write;
use crate::sim::exec::{Place, page};
use crate::sim::object::Obj;
use crate::sim::resource::resource;
use crate::sim::status::{Details, Status};
use crate::sim::store::Store;

/// Answers a request that goes on to `path` behind the object, whose name may be `scheme:name:port`.
///
/// # Errors
/// 403, 404 without the object, 405 for another method than GET, 503 when nothing is behind it.
pub(crate) fn answer(
    store: &Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
    path: &str,
) -> Result<Response, Status> {
    let verb = match req.method {
        http::Method::GET | http::Method::HEAD => "get",
        http::Method::POST => "create",
        http::Method::PUT => "update",
        http::Method::PATCH => "patch",
        _ => "delete",
    };
    rights::check(&req.user, verb, t)?;
    let mut parts: Vec<&str> = t.object().split(':').collect();
    if parts.len() == 3 {
        parts.remove(0);
    }
    let (name, port) = (parts[0], parts.get(1).copied().unwrap_or_default());
    let named = Target {
        name: Some(name.to_owned()),
        ..t.clone()
    };
    let obj = write::current(store, &named)?;
    let value = obj.value();
    let behind = if t.res.plural == "services" {
        service(store, &obj, &value, port)
    } else {
        Some((obj.clone(), port.parse().ok()))
    };
    let Some((pod, port)) = behind else {
        let text = format!("no endpoints available for service \"{name}\"");
        return Err(Status::new(503, "ServiceUnavailable", text).with(Details::default()));
    };
    let place = Place::new(&pod, &pod.value(), String::new());
    let port = port.or(place.ports.first().copied()).unwrap_or(80);
    if !place.ports.contains(&port) || &*pod.phase != "Running" {
        let text = format!(
            "error trying to reach service: dial tcp {}:{port}: connect: connection refused",
            place.ip
        );
        return Err(Status::new(503, "ServiceUnavailable", text).with(Details::default()));
    }
    if verb != "get" {
        return Ok(Response::text(405, "405 method not allowed\n"));
    }
    let page = page(store, now, &place, port, path);
    Ok(Response::typed(page.status, page.content_type, page.body))
}

/// A pod that is ready behind a service, and its port.
fn service(
    store: &Store,
    obj: &Obj,
    value: &Value,
    port: &str,
) -> Option<(std::sync::Arc<Obj>, Option<u16>)> {
    let ports = value["spec"]["ports"].as_array()?;
    let chosen = ports.iter().find(|p| {
        port.is_empty() || p["name"] == port || p["port"].as_u64() == port.parse().ok()
    })?;
    let target = chosen["targetPort"]
        .as_u64()
        .and_then(|n| u16::try_from(n).ok());
    let selector =
        Labels::of_object(&serde_json::json!({"matchLabels": value["spec"]["selector"]}))?;
    let ready = |pod: &Obj| {
        let value = pod.value();
        let all = value["status"]["conditions"].as_array();
        all.is_some_and(|c| {
            c.iter()
                .any(|c| c["type"] == "Ready" && c["status"] == "True")
        })
    };
    store
        .list(resource("pods"), Some(&obj.namespace))
        .find(|pod| selector.matches(|key| pod.labels.get(key)) && ready(pod))
        .map(|pod| (pod.clone(), target))
}
