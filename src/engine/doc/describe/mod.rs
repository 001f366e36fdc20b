//! An object in words: what `kubectl describe` tells, set in sections that fold.
//!
//! Pure: an object (made harmless, its secrets hidden) and the time into lines. A kind that has no file of its
//! own here is told field by field.

mod container;
mod events;
mod generic;
mod meta;
mod node;
mod pod;
mod service;
mod workload;
mod writer;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::page::PageLine;
use super::pane::Part;
use crate::engine::asks::Failure;
use std::collections::BTreeMap;
use writer::Writer;

/// Answers to what is asked beside the object.
pub(crate) type Beside = BTreeMap<Part, Result<Value, Failure>>;

/// Describes an object. `kind`: as its kind is called, `Pod`.
pub(crate) fn describe(
    kind: &str,
    object: &Value,
    beside: &Beside,
    now: DateTime<Utc>,
) -> Vec<PageLine> {
    let mut w = Writer::new(now);
    meta::head(&mut w, object);
    match kind {
        "Pod" => pod::describe(&mut w, object),
        "Node" => node::describe(&mut w, object, beside.get(&Part::Pods)),
        "Deployment"
        | "StatefulSet"
        | "DaemonSet"
        | "ReplicaSet"
        | "ReplicationController"
        | "Job"
        | "CronJob" => workload::describe(&mut w, kind, object),
        "Service" => service::service(&mut w, object),
        "Ingress" => service::ingress(&mut w, object),
        _ => generic::describe(&mut w, object),
    }
    w.pairs(1, []);
    meta::tail(&mut w, object);
    if kind != "Event" {
        events::describe(&mut w, beside.get(&Part::Events));
    }
    w.lines
}

#[cfg(test)]
mod tests;
