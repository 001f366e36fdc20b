//! One stored object: the bytes that lists and watches send, and the few fields that selectors and
//! actors ask for all the time.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::Value;

use super::labels::LabelSet;
use super::proto;
use super::resource::Res;
use super::stencil::Stamp;

/// A version of an object. Never changed: an edit makes a new one.
#[derive(Debug)]
pub struct Obj {
    /// Its resource.
    pub res: Res,
    /// Namespace, empty for a cluster's object.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// Uid, drawn from the world's seed.
    pub uid: Arc<str>,
    /// `metadata.resourceVersion`.
    pub rv: u64,
    /// `metadata.labels`.
    pub labels: LabelSet,
    /// Uid of the owner with `controller: true`.
    pub owner: Option<Arc<str>>,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// `spec.nodeName` of a pod, else empty.
    pub node: Arc<str>,
    /// `status.phase`, else empty.
    pub phase: Arc<str>,
    form: Form,
}

/// Where its bytes come from.
#[derive(Debug)]
enum Form {
    Whole(Box<Whole>),
    /// They are made each time.
    Stamped(Stamp),
}

#[derive(Debug)]
struct Whole {
    /// Compact JSON as sent; begins with the resource's prefix, so that a list can leave it out, and
    /// goes on with the metadata.
    body: Bytes,
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
            .map(LabelSet::read)
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
            form: Form::Whole(Box::new(Whole {
                body,
                meta_end,
                proto: OnceLock::new(),
            })),
        }
    }

    /// An object out of a stencil: what is not given is empty.
    pub(crate) fn stamped(res: Res, rv: u64, stamp: Stamp) -> Obj {
        let none: Arc<str> = Arc::default();
        Obj {
            res,
            namespace: none.clone(),
            name: none.clone(),
            uid: none.clone(),
            rv,
            labels: LabelSet::default(),
            owner: None,
            deleting: false,
            node: none.clone(),
            phase: none,
            form: Form::Stamped(stamp),
        }
    }

    /// Whether it is out of a stencil: nobody but the bulk load has written it.
    pub(crate) fn is_stamped(&self) -> bool {
        matches!(self.form, Form::Stamped(_))
    }

    /// The same object with another resourceVersion.
    pub(crate) fn at_revision(&self, rv: u64) -> Obj {
        if let Form::Stamped(stamp) = &self.form
            && let Some(stamp) = stamp.at_revision(rv)
        {
            return Obj {
                res: self.res,
                namespace: self.namespace.clone(),
                name: self.name.clone(),
                uid: self.uid.clone(),
                rv,
                labels: self.labels.clone(),
                owner: self.owner.clone(),
                deleting: self.deleting,
                node: self.node.clone(),
                phase: self.phase.clone(),
                form: Form::Stamped(stamp),
            };
        }
        Obj::new(self.res, rv, self.value())
    }

    /// Compact JSON as sent: the resource's prefix, the metadata, the rest.
    pub fn body(&self) -> Bytes {
        match &self.form {
            Form::Whole(whole) => whole.body.clone(),
            Form::Stamped(stamp) => {
                let mut out = Vec::with_capacity(stamp.json_len());
                stamp.put_json(&mut out);
                out.into()
            }
        }
    }

    /// Appends the compact JSON.
    pub(crate) fn put_body(&self, out: &mut Vec<u8>) {
        match &self.form {
            Form::Whole(whole) => out.extend_from_slice(&whole.body),
            Form::Stamped(stamp) => stamp.put_json(out),
        }
    }

    /// Appends it without kind and apiVersion, as an item of a list.
    pub(crate) fn put_item(&self, out: &mut Vec<u8>) {
        let cut = self.res.prefix.len();
        match &self.form {
            Form::Whole(whole) => {
                out.push(b'{');
                out.extend_from_slice(&whole.body[cut + 1..]);
            }
            Form::Stamped(stamp) => {
                // The prefix and its comma make room for the brace.
                let start = out.len();
                stamp.put_json(out);
                out.copy_within(start + cut + 1.., start + 1);
                out.truncate(out.len() - cut);
            }
        }
    }

    /// The metadata's JSON.
    pub fn metadata(&self) -> Bytes {
        let end = match &self.form {
            Form::Whole(whole) => whole.meta_end,
            Form::Stamped(stamp) => stamp.stencil.meta_end,
        };
        self.body()
            .slice(self.res.prefix.len() + r#","metadata":"#.len()..end)
    }

    /// The object as a bare protobuf message.
    pub(crate) fn proto(&self) -> Bytes {
        match &self.form {
            Form::Whole(whole) => whole
                .proto
                .get_or_init(|| {
                    let mut out = proto::message(self.res.kind, &self.value());
                    out.shrink_to_fit();
                    out.into()
                })
                .clone(),
            Form::Stamped(stamp) => {
                let mut out = Vec::with_capacity(stamp.proto_len());
                stamp.put_proto(&mut out);
                out.into()
            }
        }
    }

    /// Length of [`Obj::proto`].
    pub(crate) fn proto_len(&self) -> usize {
        match &self.form {
            Form::Whole(_) => self.proto().len(),
            Form::Stamped(stamp) => stamp.proto_len(),
        }
    }

    /// Appends [`Obj::proto`].
    pub(crate) fn put_proto(&self, out: &mut Vec<u8>) {
        match &self.form {
            Form::Whole(_) => out.extend_from_slice(&self.proto()),
            Form::Stamped(stamp) => stamp.put_proto(out),
        }
    }

    /// About so many bytes of memory.
    pub(crate) fn weight(&self) -> usize {
        match &self.form {
            Form::Whole(whole) => 600 + whole.body.len(),
            Form::Stamped(_) => 500,
        }
    }

    /// Parses the body.
    pub fn value(&self) -> Value {
        // The body was written by `encode`; if it could not be read, null is what edits see.
        serde_json::from_slice(&self.body()).unwrap_or_default()
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

/// Writes prefix, metadata and the rest as one object; also tells where the metadata ends.
pub(crate) fn encode(res: Res, value: &Value) -> (Bytes, usize) {
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
            obj.body()
                .starts_with(br#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a""#)
        );
        let mut item = Vec::new();
        obj.put_item(&mut item);
        assert!(item.starts_with(br#"{"metadata":{"name":"a""#));
        let metadata: Value = serde_json::from_slice(&obj.metadata()).unwrap();
        assert_eq!(metadata, obj.value()["metadata"]);
        assert_eq!(
            (obj.owner.as_deref(), &*obj.node, obj.rv),
            (Some("o"), "p-1", 7)
        );
        assert_eq!(obj.value()["metadata"]["resourceVersion"], "7");
    }
}
