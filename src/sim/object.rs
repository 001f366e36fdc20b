//! One stored object: the bytes that lists and watches send, and the few fields that selectors and
//! actors ask for all the time.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::proto;
use super::resource::Res;

/// A version of an object. Never changed: an edit makes a new one.
#[derive(Debug)]
pub struct Obj {
    /// Its resource.
    pub res: Res,
    /// Namespace, empty for a cluster's object.
    pub namespace: Box<str>,
    /// Name.
    pub name: Box<str>,
    /// Uid, drawn from the world's seed.
    pub uid: Box<str>,
    /// `metadata.resourceVersion`.
    pub rv: u64,
    /// `metadata.labels`.
    pub labels: BTreeMap<Box<str>, Box<str>>,
    /// Uid of the owner with `controller: true`.
    pub owner: Option<Box<str>>,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// `spec.nodeName` of a pod, else empty.
    pub node: Box<str>,
    /// `status.phase`, else empty.
    pub phase: Box<str>,
    /// Compact JSON as sent; begins with the resource's prefix, so that a list can leave it out, and
    /// goes on with the metadata.
    pub body: Bytes,
    /// Where the metadata ends in the body.
    meta_end: usize,
    /// The bare protobuf message, made when it is first asked for.
    proto: OnceLock<Bytes>,
}

impl Obj {
    /// Makes the stored form of a value whose metadata is complete.
    pub(crate) fn new(res: Res, rv: u64, mut value: Value) -> Obj {
        if rv > 0 {
            set_rv(&mut value, rv);
        }
        let meta = &value["metadata"];
        let text = |v: &Value| v.as_str().unwrap_or_default().into();
        let labels = meta["labels"]
            .as_object()
            .map(labels_of)
            .unwrap_or_default();
        let owner = meta["ownerReferences"]
            .as_array()
            .and_then(|refs| refs.iter().find(|r| r["controller"] == true))
            .and_then(|r| r["uid"].as_str())
            .map(Into::into);
        let (body, meta_end) = encode(res, &value);
        Obj {
            res,
            namespace: text(&meta["namespace"]),
            name: text(&meta["name"]),
            uid: text(&meta["uid"]),
            rv,
            labels,
            owner,
            deleting: !meta["deletionTimestamp"].is_null(),
            node: text(&value["spec"]["nodeName"]),
            phase: text(&value["status"]["phase"]),
            body,
            meta_end,
            proto: OnceLock::new(),
        }
    }

    /// The object as a bare protobuf message.
    pub(crate) fn proto(&self) -> &Bytes {
        self.proto.get_or_init(|| {
            let mut out = proto::message(self.res.kind, &self.value());
            out.shrink_to_fit();
            out.into()
        })
    }

    /// Parses the body.
    pub fn value(&self) -> Value {
        // The body was written by `encode`; if it could not be read, null is what edits see.
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What follows the prefix: `,"metadata":…}` (or `}`), for lists, whose items carry no kind.
    pub fn rest(&self) -> &[u8] {
        &self.body[self.res.prefix.len()..]
    }

    /// The metadata's JSON.
    pub fn metadata(&self) -> &[u8] {
        &self.body[self.res.prefix.len() + r#","metadata":"#.len()..self.meta_end]
    }

    /// `namespace/name`, the order of lists.
    pub fn key(&self) -> String {
        key(&self.namespace, &self.name)
    }
}

/// The key under which an object is stored, in the order of the real server's.
pub(crate) fn key(namespace: &str, name: &str) -> String {
    let mut key = String::with_capacity(namespace.len() + 1 + name.len());
    key.push_str(namespace);
    key.push('/');
    key.push_str(name);
    key
}

pub(crate) fn set_rv(value: &mut Value, rv: u64) {
    value["metadata"]["resourceVersion"] = rv.to_string().into();
}

fn labels_of(map: &Map<String, Value>) -> BTreeMap<Box<str>, Box<str>> {
    map.iter()
        .map(|(k, v)| (k.as_str().into(), v.as_str().unwrap_or_default().into()))
        .collect()
}

/// Writes prefix, metadata and the rest as one object; also tells where the metadata ends.
fn encode(res: Res, value: &Value) -> (Bytes, usize) {
    let mut out = Vec::with_capacity(1024);
    let put = |out: &mut Vec<u8>, key: &str, value: &Value| {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        // Writing a Value into memory cannot fail.
        let _ = serde_json::to_writer(out, value);
    };
    out.extend_from_slice(res.prefix.as_bytes());
    put(&mut out, "metadata", &value["metadata"]);
    let meta_end = out.len();
    for (key, value) in value.as_object().into_iter().flatten() {
        if !matches!(key.as_str(), "kind" | "apiVersion" | "metadata") {
            put(&mut out, key, value);
        }
    }
    out.push(b'}');
    out.shrink_to_fit();
    (Bytes::from(out), meta_end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::resource::resource;
    use serde_json::json;

    #[test]
    fn stored_form() {
        let obj = Obj::new(
            resource("pods"),
            7,
            json!({"apiVersion": "v1", "metadata": {"name": "a", "namespace": "n", "uid": "u",
                "labels": {"k": "v"}, "ownerReferences": [{"uid": "o", "controller": true}]},
                "kind": "Pod", "spec": {"nodeName": "p-1"}}),
        );
        assert!(
            obj.body
                .starts_with(br#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a""#)
        );
        assert!(obj.rest().starts_with(br#","metadata":"#));
        let metadata: Value = serde_json::from_slice(obj.metadata()).unwrap();
        assert_eq!(metadata, obj.value()["metadata"]);
        assert_eq!(
            (obj.owner.as_deref(), &*obj.node, obj.rv),
            (Some("o"), "p-1", 7)
        );
        assert_eq!(obj.value()["metadata"]["resourceVersion"], "7");
    }
}
