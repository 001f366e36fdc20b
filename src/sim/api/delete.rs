//! Delete: grace, preconditions, propagation, finalizers, collections.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::accept;
use super::list;
use super::request::Request;
use super::response::Response;
use super::route::Target;
use super::select::Selector;
use super::write;
use crate::sim::object::Obj;
use crate::sim::resource::Res;
use crate::sim::status::{Details, Status};
use crate::sim::store::{Store, timestamp};

/// `DeleteOptions`, as far as they are honoured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Seconds of grace; the pod's own when `None`.
    pub grace: Option<i64>,
    /// Only an object of this uid.
    pub uid: Option<String>,
    /// Only at this resourceVersion.
    pub resource_version: Option<String>,
    /// `Foreground`, `Background` or `Orphan`.
    pub propagation: Option<String>,
    /// Nothing is stored.
    pub dry_run: bool,
}

impl DeleteOptions {
    /// From the JSON of `metav1.DeleteOptions`.
    pub(crate) fn of(value: &Value) -> DeleteOptions {
        let text = |v: &Value| v.as_str().filter(|s| !s.is_empty()).map(str::to_owned);
        DeleteOptions {
            grace: value["gracePeriodSeconds"].as_i64(),
            uid: text(&value["preconditions"]["uid"]),
            resource_version: text(&value["preconditions"]["resourceVersion"]),
            propagation: text(&value["propagationPolicy"])
                .or_else(|| (value["orphanDependents"] == true).then(|| "Orphan".to_owned())),
            dry_run: value["dryRun"]
                .as_array()
                .is_some_and(|all| !all.is_empty()),
        }
    }

    /// From the body, or from the query where there is no body.
    fn read(req: &Request) -> Result<DeleteOptions, Status> {
        let mut options = if req.body.is_empty() {
            DeleteOptions::default()
        } else {
            DeleteOptions::of(&write::body(req)?)
        };
        options.dry_run |= write::dry_run(req)?;
        if let Some(grace) = req.param("gracePeriodSeconds") {
            let bad = |_| {
                Status::bad_request(format!(
                    "strconv.ParseInt: parsing \"{grace}\": invalid syntax"
                ))
            };
            options.grace = Some(grace.parse().map_err(bad)?);
        }
        if let Some(policy) = req.param("propagationPolicy") {
            options.propagation = Some(policy.to_owned());
        }
        match options.propagation.as_deref() {
            None | Some("Foreground" | "Background" | "Orphan") => Ok(options),
            Some(other) => Err(Status::new(
                422,
                "Invalid",
                format!(
                    "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"{other}\": supported values: \"Background\", \"Foreground\", \"Orphan\""
                ),
            )),
        }
    }

    /// 409 when a precondition does not hold.
    pub(super) fn hold(&self, obj: &Obj) -> Result<(), Status> {
        if let Some(uid) = self.uid.as_deref().filter(|uid| *uid != &*obj.uid) {
            let why = format!(
                "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
                obj.uid
            );
            return Err(named_by_kind(obj, &why));
        }
        if let Some(rv) = self
            .resource_version
            .as_deref()
            .filter(|rv| *rv != obj.rv.to_string())
        {
            let why = format!(
                "the ResourceVersion in the precondition ({rv}) does not match the ResourceVersion in record ({}). The object might have been modified",
                obj.rv
            );
            return Err(named_by_kind(obj, &why));
        }
        Ok(())
    }
}

/// 409 of a precondition: the server names the kind here, where other conflicts name the resource.
fn named_by_kind(obj: &Obj, why: &str) -> Status {
    let mut status = Status::conflict(obj.res, &obj.name, why);
    status.message = status.message.replacen(obj.res.plural, obj.res.kind, 1);
    if let Some(details) = &mut status.details {
        details.kind = obj.res.kind.to_owned();
    }
    status
}

/// What a deletion left behind.
#[derive(Debug)]
pub enum Deleted {
    /// It is gone; this was its last state.
    Gone(Arc<Obj>),
    /// It is marked, and waits for its grace or its finalizers.
    Marked(Arc<Obj>),
}

/// Deletes one object as the API does: a bound, running pod is marked and left to its kubelet; what
/// has finalizers is marked; anything else is removed.
///
/// # Errors
/// 404, 409 for a precondition.
pub fn delete_object(
    store: &mut Store,
    now: DateTime<Utc>,
    res: Res,
    ns: &str,
    name: &str,
    options: &DeleteOptions,
) -> Result<Deleted, Status> {
    let obj = store
        .get(res, ns, name)
        .cloned()
        .ok_or_else(|| Status::not_found(res, name))?;
    options.hold(&obj)?;
    let value = obj.value();
    let grace = grace(&obj, &value, options);
    let mut finalizers: Vec<Value> = value["metadata"]["finalizers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let added = match options.propagation.as_deref() {
        Some("Foreground") => Some("foregroundDeletion"),
        Some("Orphan") => Some("orphan"),
        _ => None,
    };
    // Only what owns others waits for them.
    if let Some(added) = added.filter(|_| store.owns_any(&obj.uid))
        && !finalizers.iter().any(|f| f == added)
    {
        finalizers.push(added.into());
    }
    let waits = grace > 0 || !finalizers.is_empty() || res.plural == "namespaces";
    if !waits {
        if options.dry_run {
            return Ok(Deleted::Gone(obj));
        }
        return store.remove(now, res, ns, name).map(Deleted::Gone);
    }
    let mark = |v: &mut Value| {
        let meta = &mut v["metadata"];
        let before = meta["deletionGracePeriodSeconds"].as_i64();
        // Grace can be shortened, never lengthened.
        if meta["deletionTimestamp"].is_null() || before.is_some_and(|before| grace < before) {
            meta["deletionTimestamp"] = timestamp(now + TimeDelta::seconds(grace)).into();
            meta["deletionGracePeriodSeconds"] = grace.into();
        }
        if !finalizers.is_empty() {
            meta["finalizers"] = Value::Array(finalizers);
        }
        if res.plural == "namespaces" {
            v["status"]["phase"] = "Terminating".into();
        }
    };
    if options.dry_run {
        let mut value = value;
        mark(&mut value);
        return Ok(Deleted::Marked(Arc::new(Obj::new(res, obj.rv, value))));
    }
    store.update(now, res, ns, name, mark).map(Deleted::Marked)
}

/// Seconds of grace that this deletion gives.
fn grace(obj: &Obj, value: &Value, options: &DeleteOptions) -> i64 {
    let ended = matches!(&*obj.phase, "Succeeded" | "Failed");
    if obj.res.plural != "pods" || obj.node.is_empty() || ended {
        return 0;
    }
    let own = value["spec"]["terminationGracePeriodSeconds"]
        .as_i64()
        .unwrap_or(30);
    let grace = options.grace.unwrap_or(own);
    if grace < 0 { 1 } else { grace }
}

/// DELETE of one object.
///
/// # Errors
/// 400, 404, 409, 422.
pub(crate) fn delete(
    store: &mut Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
) -> Result<Response, Status> {
    let format = accept::format(req, t.res)?;
    let options = DeleteOptions::read(req)?;
    let deleted = delete_object(store, now, t.res, t.ns(), t.object(), &options)?;
    Ok(match deleted {
        Deleted::Marked(obj) => list::one(now, &obj, format, 200),
        // These answer with what they were.
        Deleted::Gone(obj)
            if matches!(
                t.res.plural,
                "pods"
                    | "services"
                    | "serviceaccounts"
                    | "persistentvolumes"
                    | "persistentvolumeclaims"
                    | "resourcequotas"
            ) =>
        {
            list::one(now, &obj, format, 200)
        }
        Deleted::Gone(obj) => {
            let details = Details {
                uid: obj.uid.to_string(),
                ..Details::of(t.res, &obj.name)
            };
            Response::refused(&Status::success(details), &req.accept)
        }
    })
}

/// DELETE of a collection: all that the selectors match.
///
/// # Errors
/// 400, 422.
pub(crate) fn collection(
    store: &mut Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
) -> Result<Response, Status> {
    if t.res.namespaced && t.namespace.is_none() {
        return Err(Status::method_not_allowed());
    }
    let options = DeleteOptions::read(req)?;
    let selector = Selector::read(req, t.res, None)?;
    let matching: Vec<Arc<Obj>> = store
        .list(t.res, t.namespace.as_deref())
        .filter(|obj| selector.matches(obj))
        .cloned()
        .collect();
    let mut items = Vec::new();
    for obj in matching {
        match delete_object(store, now, t.res, &obj.namespace, &obj.name, &options)? {
            Deleted::Gone(obj) | Deleted::Marked(obj) => {
                items.push(obj.value());
            }
        }
    }
    let list = json!({
        "kind": format!("{}List", t.res.kind), "apiVersion": t.res.api_version(),
        "metadata": {"resourceVersion": store.revision().to_string()}, "items": items,
    });
    Ok(Response::json(200, list.to_string()))
}
