//! The API server: a [`Request`] in, a [`Response`] out, over the store and at a given time.
//!
//! One file for each verb and each concern. What is not in the resource table answers 404, 405, 406
//! or 415 as the real server does.

mod accept;
pub(crate) mod connect;
mod delete;
mod discovery;
mod ephemeral;
mod evict;
mod human;
mod list;
mod listing;
mod log;
pub(crate) mod metrics;
mod patch;
mod protobuf;
mod proxy;
mod request;
mod response;
mod review;
mod rights;
mod route;
mod scale;
mod security;
mod select;
mod shape;
mod table;
mod validate;
mod watch;
mod write;

use chrono::{DateTime, Utc};
use http::Method;

pub use delete::{DeleteOptions, Deleted, delete_object};
pub use evict::evict;
pub use listing::Listing;
pub use request::{LogOptions, Request};
pub use response::{LogFollow, Response};
pub(crate) use rights::USERS;
pub use watch::Watch;

use super::status::Status;
use super::store::Store;
use route::{Route, Target, route};

/// Answers a request. A log comes back as [`Response::Log`] even when it is not followed: who holds
/// the logs reads it.
pub fn handle(store: &mut Store, now: DateTime<Utc>, req: &Request) -> Response {
    dispatch(store, now, req).unwrap_or_else(|status| Response::refused(&status, &req.accept))
}

fn dispatch(store: &mut Store, now: DateTime<Utc>, req: &Request) -> Result<Response, Status> {
    if !rights::USERS.contains(&req.user.as_str()) {
        return Err(Status::new(401, "Unauthorized", "Unauthorized"));
    }
    match route(&req.path, store.custom()) {
        Route::Review(plural) => review::review(req, plural),
        Route::Other(segments) => discovery::answer(store, req, &segments),
        Route::Metrics(asked) => metrics::answer(store, now, req, &asked),
        Route::Proxy(target, path) => proxy::answer(store, now, req, &target, &path),
        Route::Api(target) => {
            rights::check(&req.user, verb(req, &target)?, &target)?;
            resource(store, now, req, &target)
        }
    }
}

/// The verb that rights are asked for.
fn verb(req: &Request, t: &Target) -> Result<&'static str, Status> {
    let one = t.name.is_some();
    Ok(match req.method {
        Method::GET | Method::HEAD if req.flag("watch") && t.sub.is_none() => "watch",
        Method::GET | Method::HEAD if one => "get",
        Method::GET | Method::HEAD => "list",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if one => "delete",
        Method::DELETE => "deletecollection",
        _ => return Err(Status::method_not_allowed()),
    })
}

fn resource(
    store: &mut Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
) -> Result<Response, Status> {
    match (verb(req, t)?, t.sub.as_deref()) {
        ("watch", None) => watch::begin(store, now, req, t).map(Response::Watch),
        ("get", None | Some("status")) => list::get(store, now, req, t),
        ("get", Some("scale")) => scale::get(store, t),
        ("get", Some("log")) => log::get(store, now, req, t),
        (verb @ ("get" | "create"), Some("exec" | "attach" | "portforward")) => {
            connect::open(store, req, t, verb)
        }
        ("list", None) => list::list(store, now, req, t),
        ("create", None) => write::create(store, now, req, t),
        ("create", Some("eviction")) => evict::create(store, now, req, t),
        ("create", Some("binding")) => write::bind(store, now, req, t),
        ("get", Some("ephemeralcontainers")) => list::get(store, now, req, t),
        ("update", None | Some("status" | "scale" | "finalize" | "ephemeralcontainers"))
            if t.name.is_some() =>
        {
            write::update(store, now, req, t)
        }
        ("patch", None | Some("status" | "scale" | "ephemeralcontainers")) if t.name.is_some() => {
            write::patch(store, now, req, t)
        }
        ("delete", None) => delete::delete(store, now, req, t),
        ("deletecollection", None) => delete::collection(store, now, req, t),
        _ => Err(Status::method_not_allowed()),
    }
}

#[cfg(test)]
mod tests;
