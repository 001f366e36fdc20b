//! The calls that actions make, each with what protects it: the uid it means, and dry-run.

use serde_json::{Value, json};

use super::super::effect::{Accept, Call, Verb};
use crate::model::{Text, Uid};

/// Seconds after which a call counts as lost. Deletions with finalizers answer at once, so does eviction.
const TIMEOUT_S: u32 = 15;

/// Whether calls change anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DryRun {
    /// They do.
    #[default]
    Off,
    /// Nothing is sent: only the plan is shown.
    Client,
    /// Every call is sent with `dryRun=All`: the server checks and changes nothing.
    Server,
}

impl DryRun {
    fn query(self) -> &'static str {
        match self {
            Self::Off | Self::Client => "",
            Self::Server => "?dryRun=All",
        }
    }
}

fn call(verb: Verb, path: String, body: Value) -> Call {
    Call {
        verb,
        path,
        body,
        accept: Accept::Json,
        timeout_s: TIMEOUT_S,
    }
}

/// Reads an object.
pub(super) fn get(path: &str) -> Call {
    call(Verb::Get, path.to_owned(), Value::Null)
}

/// Creates an object.
pub(super) fn create(path: &str, body: Value, dry_run: DryRun) -> Call {
    call(Verb::Post, format!("{path}{}", dry_run.query()), body)
}

/// A merge patch. Callers put `metadata.uid` or `metadata.resourceVersion` into it: the server answers 409
/// when they do not hold any more.
pub(super) fn merge(path: &str, body: Value, dry_run: DryRun) -> Call {
    call(Verb::MergePatch, format!("{path}{}", dry_run.query()), body)
}

/// A strategic merge patch, guarded as [`merge`] is.
pub(super) fn strategic(path: &str, body: Value, dry_run: DryRun) -> Call {
    call(
        Verb::StrategicPatch,
        format!("{path}{}", dry_run.query()),
        body,
    )
}

/// Replaces an object by what was read of it, which holds its resourceVersion.
pub(super) fn put(path: &str, body: Value, dry_run: DryRun) -> Call {
    call(Verb::Put, format!("{path}{}", dry_run.query()), body)
}

/// Deletes the object of that uid and no other. Dry-run goes into the body, where the server reads it.
pub(super) fn delete(path: &str, uid: &Uid, options: Value, dry_run: DryRun) -> Call {
    let mut body = json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": { "uid": uid.to_string() },
    });
    extend(&mut body, options);
    if dry_run == DryRun::Server {
        body["dryRun"] = json!(["All"]);
    }
    call(Verb::Delete, path.to_owned(), body)
}

/// Evicts the pod of that uid. `grace`: seconds instead of the pod's own.
pub(super) fn evict(
    namespace: &Text,
    name: &Text,
    uid: &Uid,
    grace: Option<i64>,
    dry_run: DryRun,
) -> Call {
    let mut options = json!({ "preconditions": { "uid": uid.to_string() } });
    if let Some(seconds) = grace {
        options["gracePeriodSeconds"] = json!(seconds);
    }
    if dry_run == DryRun::Server {
        options["dryRun"] = json!(["All"]);
    }
    call(
        Verb::Post,
        format!("{}/eviction", pod_path(namespace, name)),
        json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": { "name": &**name, "namespace": &**namespace },
            "deleteOptions": options,
        }),
    )
}

/// Path of a pod.
pub(super) fn pod_path(namespace: &str, name: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/pods/{name}")
}

/// Path of a node.
pub(super) fn node_path(name: &str) -> String {
    format!("/api/v1/nodes/{name}")
}

fn extend(body: &mut Value, options: Value) {
    if let (Value::Object(body), Value::Object(options)) = (body, options) {
        body.extend(options);
    }
}
