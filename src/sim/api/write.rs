//! Create, update and patch.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::accept;
use super::ephemeral;
use super::list;
use super::patch;
use super::protobuf;
use super::request::Request;
use super::response::Response;
use super::route::Target;
use super::scale;
use super::security;
use super::shape;
use super::validate;
use crate::sim::object::Obj;
use crate::sim::resource::{Res, resource};
use crate::sim::status::{Details, Status};
use crate::sim::store::Store;

/// The body as an object.
///
/// # Errors
/// 415 for a format that is not read, 400 for a body that is no object.
pub(crate) fn body(req: &Request) -> Result<Value, Status> {
    let unknown = || {
        Status::new(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json",
        )
    };
    let media = req
        .content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    match media {
        "" | "application/json" | "*/*" => {}
        "application/vnd.kubernetes.protobuf" => {
            return protobuf::decode(&req.body).ok_or_else(unknown);
        }
        _ => return Err(unknown()),
    }
    let bad = |why: &str| {
        Status::bad_request(format!(
            "couldn't get version/kind; json parse error: {why}"
        ))
    };
    let value: Value = serde_json::from_slice(&req.body).map_err(|e| bad(&e.to_string()))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(bad("not an object"))
    }
}

/// Whether nothing is to be stored.
///
/// # Errors
/// 400 for a value other than `All`.
pub(crate) fn dry_run(req: &Request) -> Result<bool, Status> {
    let mut values = req
        .query
        .iter()
        .filter(|(k, v)| k == "dryRun" && !v.is_empty())
        .peekable();
    let dry = values.peek().is_some();
    match values.find(|(_, v)| v != "All") {
        Some((_, other)) => Err(Status::new(
            422,
            "Invalid",
            format!(
                "PatchOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"{other}\": supported values: \"All\""
            ),
        )),
        None => Ok(dry),
    }
}

/// POST to a collection.
///
/// # Errors
/// As the real server's: 400, 403, 404, 409, 415, 422.
pub(crate) fn create(
    store: &mut Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
) -> Result<Response, Status> {
    if t.name.is_some() || (t.res.namespaced && t.namespace.is_none()) {
        return Err(Status::method_not_allowed());
    }
    let format = accept::format(req, t.res)?;
    let mut value = body(req)?;
    expect_kind(t.res, &value)?;
    shape::check(t.res, &value)?;
    place(t, &mut value)?;
    let dry = dry_run(req)?;
    if t.res.namespaced {
        namespace_takes(store, t.res, t.ns(), &value)?;
    }
    validate::create(t.res, &value)?;
    security::check(store, t.res, t.ns(), &value)?;
    // Status is the controllers' to write; a node brings its own.
    if t.res.status
        && t.res.plural != "nodes"
        && let Some(map) = value.as_object_mut()
    {
        map.shift_remove("status");
    }
    if let Some(meta) = value["metadata"].as_object_mut() {
        meta.shift_remove("resourceVersion");
        meta.shift_remove("managedFields");
    }
    let obj = if dry {
        Arc::new(Obj::new(t.res, 0, store.prepare(now, t.res, value)?))
    } else {
        store.create(now, t.res, value)?
    };
    Ok(list::one(now, &obj, format, 201))
}

/// Refuses another kind or version than the path's.
fn expect_kind(res: Res, value: &Value) -> Result<(), Status> {
    let (kind, version) = (
        value["kind"].as_str().unwrap_or_default(),
        value["apiVersion"].as_str().unwrap_or_default(),
    );
    let wanted = res.api_version();
    if !version.is_empty() && version != wanted {
        return Err(Status::bad_request(format!(
            "the API version in the data ({version}) does not match the expected API version ({wanted})"
        )));
    }
    if !kind.is_empty() && kind != res.kind {
        return Err(Status::bad_request(format!(
            "{kind} in version \"{}\" cannot be handled as a {}: converting ({version}.{kind}) to ({wanted}.{}): unknown conversion",
            res.version, res.kind, res.kind
        )));
    }
    Ok(())
}

/// Puts the path's namespace and name into the object.
///
/// # Errors
/// 400 when they contradict.
fn place(t: &Target, value: &mut Value) -> Result<(), Status> {
    if !value["metadata"].is_object() {
        value["metadata"] = json!({});
    }
    let meta = &mut value["metadata"];
    let said = meta["namespace"].as_str().unwrap_or_default().to_owned();
    match &t.namespace {
        Some(ns) if !said.is_empty() && said != *ns => {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        Some(ns) => meta["namespace"] = ns.as_str().into(),
        None => {
            if let Some(meta) = meta.as_object_mut() {
                meta.shift_remove("namespace");
            }
        }
    }
    if let Some(name) = &t.name {
        let said = meta["name"].as_str().unwrap_or_default();
        if !said.is_empty() && said != name {
            return Err(Status::bad_request(format!(
                "the name of the object ({said}) does not match the name on the URL ({name})"
            )));
        }
        meta["name"] = name.as_str().into();
    }
    Ok(())
}

fn namespace_takes(store: &Store, res: Res, ns: &str, value: &Value) -> Result<(), Status> {
    let namespaces = resource("namespaces");
    let namespace = store
        .get(namespaces, "", ns)
        .ok_or_else(|| Status::not_found(namespaces, ns))?;
    if !namespace.deleting {
        return Ok(());
    }
    let name = value["metadata"]["name"].as_str().unwrap_or_default();
    let why = format!("namespace {ns} is being terminated");
    Err(Status::new(
        403,
        "Forbidden",
        format!("{} \"{name}\" is forbidden: unable to create new content in namespace {ns} because it is being terminated", res.qualified()),
    )
    .with(Details::of(res, name))
    .cause("NamespaceTerminating", why, "metadata.namespace"))
}

/// PUT of an object, its status or its scale.
///
/// # Errors
/// As the real server's: 400, 404, 409, 415, 422.
pub(crate) fn update(
    store: &mut Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
) -> Result<Response, Status> {
    let format = accept::format(req, t.res)?;
    let mut value = body(req)?;
    let dry = dry_run(req)?;
    if t.sub.as_deref() == Some("scale") {
        return scale::update(store, now, t, &value, dry);
    }
    expect_kind(t.res, &value)?;
    shape::check(t.res, &value)?;
    place(t, &mut value)?;
    let old = current(store, t)?;
    let obj = commit(store, now, t, &old, value, dry)?;
    Ok(list::one(now, &obj, format, 200))
}

/// PATCH of an object, its status or its scale.
///
/// # Errors
/// As the real server's: 400, 404, 409, 415, 422.
pub(crate) fn patch(
    store: &mut Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
) -> Result<Response, Status> {
    let format = accept::format(req, t.res)?;
    let kind = patch::Kind::of(req)?;
    if kind == patch::Kind::Strategic && t.res.custom.is_some() {
        return Err(patch::unknown(&patch::MEDIA[..3]));
    }
    let dry = dry_run(req)?;
    if kind == patch::Kind::Apply {
        if req.param("fieldManager").is_none() {
            return Err(Status::new(
                422,
                "Invalid",
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
            ));
        }
        if t.sub.is_none() && store.get(t.res, t.ns(), t.object()).is_none() {
            let collection = Target {
                name: None,
                ..t.clone()
            };
            let mut create_req = req.clone();
            create_req.content_type = "application/json".to_owned();
            return create(store, now, &create_req, &collection);
        }
    }
    let old = current(store, t)?;
    if t.sub.as_deref() == Some("scale") {
        let mut value = scale::of(&old);
        patch::apply(kind, &req.body, &mut value)?;
        return scale::update(store, now, t, &value, dry);
    }
    let mut value = old.value();
    patch::apply(kind, &req.body, &mut value)?;
    expect_kind(t.res, &value)?;
    shape::check(t.res, &value)?;
    place(t, &mut value)?;
    // In an update another uid is a conflict; in a patch it is a field that cannot change.
    match value["metadata"]["uid"].as_str() {
        Some(uid) if !uid.is_empty() && *uid != *old.uid => {
            let why = format!("Invalid value: {uid:?}: field is immutable");
            return Err(Status::invalid(
                t.res,
                &old.name,
                "metadata.uid",
                "FieldValueInvalid",
                &why,
            ));
        }
        _ => {}
    }
    let obj = commit(store, now, t, &old, value, dry)?;
    Ok(list::one(now, &obj, format, 200))
}

/// The object that the path names.
pub(crate) fn current(store: &Store, t: &Target) -> Result<Arc<Obj>, Status> {
    store
        .get(t.res, t.ns(), t.object())
        .cloned()
        .ok_or_else(|| Status::not_found(t.res, t.object()))
}

/// Writes a new state of `old`: checks what it is based on, keeps what this path may not change,
/// and removes an object that only waited for its last finalizer.
fn commit(
    store: &mut Store,
    now: DateTime<Utc>,
    t: &Target,
    old: &Arc<Obj>,
    mut value: Value,
    dry: bool,
) -> Result<Arc<Obj>, Status> {
    let meta = &value["metadata"];
    let based_on = meta["resourceVersion"].as_str().unwrap_or_default();
    if !based_on.is_empty() && based_on != "0" && based_on != old.rv.to_string() {
        return Err(Status::modified(t.res, &old.name));
    }
    let uid = meta["uid"].as_str().unwrap_or_default();
    if !uid.is_empty() && *uid != *old.uid {
        return Err(Status::conflict(
            t.res,
            &old.name,
            &format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                old.uid
            ),
        ));
    }
    let before = old.value();
    if t.sub.as_deref() == Some("status") {
        let status = std::mem::take(&mut value["status"]);
        value = before.clone();
        value["status"] = status;
    } else if t.sub.as_deref() == Some("ephemeralcontainers") {
        value = ephemeral::update(t.res, &old.name, &before, &value)?;
    } else if t.res.status {
        match before.get("status") {
            Some(status) => value["status"] = status.clone(),
            None => drop(value.as_object_mut().and_then(|v| v.shift_remove("status"))),
        }
    }
    if t.sub.is_none()
        && before["spec"]["ephemeralContainers"] != value["spec"]["ephemeralContainers"]
    {
        return Err(validate::pod_is_fixed(t.res, &old.name));
    }
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        match before["metadata"].get(field) {
            Some(kept) => value["metadata"][field] = kept.clone(),
            None => drop(
                value["metadata"]
                    .as_object_mut()
                    .and_then(|m| m.shift_remove(field)),
            ),
        }
    }
    if let Some(meta) = value["metadata"].as_object_mut() {
        meta.shift_remove("managedFields");
    }
    let value = store.edited(now, old, &before, value);
    validate::update(t.res, &old.name, &before, &value)?;
    if dry {
        return Ok(Arc::new(Obj::new(t.res, old.rv, value)));
    }
    let free = old.deleting
        && value["metadata"]["finalizers"]
            .as_array()
            .is_none_or(Vec::is_empty)
        && value["metadata"]["deletionGracePeriodSeconds"]
            .as_i64()
            .unwrap_or(0)
            == 0
        && before["metadata"]["finalizers"]
            .as_array()
            .is_some_and(|f| !f.is_empty());
    let obj = store.update(now, t.res, &old.namespace, &old.name, move |v| *v = value)?;
    if free && t.res.plural != "namespaces" {
        return store.remove(now, t.res, &old.namespace, &old.name);
    }
    Ok(obj)
}

/// POST to a pod's `binding`: what a scheduler does.
///
/// # Errors
/// 404 without the pod, 409 when it is bound already.
pub(crate) fn bind(
    store: &mut Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
) -> Result<Response, Status> {
    let value = body(req)?;
    let pod = current(store, t)?;
    let node = value["target"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    if !pod.node.is_empty() {
        let why = format!(
            "pod {} is already assigned to node \"{}\"",
            pod.name, pod.node
        );
        return Err(Status::conflict(t.res, &pod.name, &why));
    }
    if !dry_run(req)? {
        let at = crate::sim::store::timestamp(now);
        store.update(now, t.res, &pod.namespace, &pod.name, |pod| {
            pod["spec"]["nodeName"] = node.into();
            set_condition(pod, json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": at}));
        })?;
    }
    Ok(Response::status(&Status {
        code: 201,
        ..Status::new(201, "", "")
    }))
}

/// Puts a condition in the place of the one of its type.
pub(crate) fn set_condition(object: &mut Value, condition: Value) {
    if !object["status"].is_object() {
        object["status"] = json!({});
    }
    if !object["status"]["conditions"].is_array() {
        object["status"]["conditions"] = json!([]);
    }
    let Some(all) = object["status"]["conditions"].as_array_mut() else {
        return;
    };
    match all.iter_mut().find(|c| c["type"] == condition["type"]) {
        Some(old) => *old = condition,
        None => all.push(condition),
    }
}
