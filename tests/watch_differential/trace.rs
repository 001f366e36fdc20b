//! What a server answers, request by request, in both of its languages.

use serde_json::{Value, json};

use crate::proto::Message;
use constable::cluster::decode::Wire;

/// A pod with the little that tells one state from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) name: String,
    /// Another object of that name has another.
    pub(crate) life: u32,
    pub(crate) version: u32,
    pub(crate) phase: &'static str,
}

/// An event of a watch.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Added(Pod),
    Modified(Pod),
    Deleted(Pod),
    Bookmark(u32),
    /// The bookmark that ends the initial events.
    End(u32),
    /// An ERROR event.
    Error(u16, &'static str),
    /// A pod whose containerStatuses are a number: in JSON alone.
    Bad(Pod),
}

/// An answer to one request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Events, then the stream ends.
    Watch(Vec<Change>),
    /// The same, but it ends within its last event.
    Cut(Vec<Change>),
    /// The same, but it does not end.
    Stays(Vec<Change>),
    /// A page of a list.
    Page {
        pods: Vec<Pod>,
        bad: Option<Pod>,
        version: u32,
        next: Option<&'static str>,
    },
    /// An error's status.
    Refused(u16, &'static str),
}

pub(crate) fn pod(name: &str, version: u32) -> Pod {
    Pod {
        name: name.to_owned(),
        life: 1,
        version,
        phase: "Running",
    }
}

/// The last event of a trace: whoever sees it has seen all.
pub(crate) fn last(version: u32) -> Change {
    Change::Added(pod(LAST, version))
}

pub(crate) const LAST: &str = "zz-last";

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Watch(_) | Self::Cut(_) | Self::Stays(_) | Self::Page { .. } => 200,
            Self::Refused(code, _) => *code,
        }
    }

    pub(crate) fn stays(&self) -> bool {
        matches!(self, Self::Stays(_))
    }

    pub(crate) fn body(&self, wire: Wire) -> Vec<u8> {
        match self {
            Self::Watch(changes) | Self::Stays(changes) => frames(wire, changes),
            Self::Cut(changes) => {
                let mut body = frames(wire, changes);
                body.truncate(body.len() - 9);
                body
            }
            Self::Page {
                pods,
                bad,
                version,
                next,
            } => page(wire, pods, bad.as_ref(), *version, next.unwrap_or_default()),
            Self::Refused(code, reason) => match wire {
                Wire::Json => status(*code, reason).to_string().into_bytes(),
                Wire::Protobuf => unknown("Status", status_message(*code, reason)),
            },
        }
    }
}

fn frames(wire: Wire, changes: &[Change]) -> Vec<u8> {
    let mut body = Vec::new();
    for change in changes {
        match wire {
            Wire::Json => {
                body.extend(line(change).to_string().into_bytes());
                body.push(b'\n');
            }
            Wire::Protobuf => {
                let frame = message(change);
                body.extend(u32::try_from(frame.len()).unwrap().to_be_bytes());
                body.extend(frame);
            }
        }
    }
    body
}

fn object(pod: &Pod) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": pod.name,
            "namespace": "ns",
            "uid": uid(pod),
            "resourceVersion": pod.version.to_string(),
            "labels": {"app": pod.name, "version": pod.version.to_string()},
        },
        "spec": {"nodeName": "p-1", "containers": [{"name": "main", "image": "img"}]},
        "status": {"phase": pod.phase},
    })
}

fn uid(pod: &Pod) -> String {
    format!("{}-{}", pod.name, pod.life)
}

fn marker(version: u32, end: bool) -> Value {
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"resourceVersion": version.to_string()},
        "spec": {"containers": []},
        "status": {},
    });
    if end {
        object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    object
}

fn status(code: u16, reason: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "message": "no", "reason": reason, "code": code,
    })
}

fn line(change: &Change) -> Value {
    let (kind, object) = match change {
        Change::Added(pod) => ("ADDED", object(pod)),
        Change::Modified(pod) => ("MODIFIED", object(pod)),
        Change::Deleted(pod) => ("DELETED", object(pod)),
        Change::Bookmark(version) => ("BOOKMARK", marker(*version, false)),
        Change::End(version) => ("BOOKMARK", marker(*version, true)),
        Change::Error(code, reason) => ("ERROR", status(*code, reason)),
        Change::Bad(pod) => ("ADDED", bad(pod)),
    };
    json!({"type": kind, "object": object})
}

fn bad(pod: &Pod) -> Value {
    let mut object = object(pod);
    object["status"]["containerStatuses"] = json!(3);
    object
}

fn page(wire: Wire, pods: &[Pod], broken: Option<&Pod>, version: u32, next: &str) -> Vec<u8> {
    match wire {
        Wire::Json => {
            let items: Vec<Value> = pods.iter().map(object).chain(broken.map(bad)).collect();
            json!({
                "apiVersion": "v1", "kind": "PodList",
                "metadata": {"resourceVersion": version.to_string(), "continue": next},
                "items": items,
            })
            .to_string()
            .into_bytes()
        }
        Wire::Protobuf => {
            let meta = Message::new()
                .text(2, &version.to_string())
                .text(3, next)
                .done();
            let list = pods
                .iter()
                .fold(Message::new().bytes(1, &meta), |list, pod| {
                    list.bytes(2, &object_message(pod))
                });
            unknown("PodList", list.done())
        }
    }
}

fn message(change: &Change) -> Vec<u8> {
    let (kind, raw) = match change {
        Change::Added(pod) => ("ADDED", unknown("Pod", object_message(pod))),
        Change::Modified(pod) => ("MODIFIED", unknown("Pod", object_message(pod))),
        Change::Deleted(pod) => ("DELETED", unknown("Pod", object_message(pod))),
        Change::Bookmark(version) => ("BOOKMARK", unknown("Pod", marker_message(*version, false))),
        Change::End(version) => ("BOOKMARK", unknown("Pod", marker_message(*version, true))),
        Change::Error(code, reason) => ("ERROR", unknown("Status", status_message(*code, reason))),
        Change::Bad(pod) => panic!("{pod:?} is for JSON"),
    };
    let extension = Message::new().bytes(1, &raw).done();
    Message::new().text(1, kind).bytes(2, &extension).done()
}

/// The envelope of any object.
fn unknown(kind: &str, raw: Vec<u8>) -> Vec<u8> {
    let kind = Message::new().text(1, "v1").text(2, kind).done();
    let envelope = Message::new()
        .bytes(1, &kind)
        .bytes(2, &raw)
        .text(3, "")
        .text(4, "")
        .done();
    [b"k8s\0", &envelope[..]].concat()
}

fn object_message(pod: &Pod) -> Vec<u8> {
    let label = |key: &str, value: &str| Message::new().text(1, key).text(2, value).done();
    let meta = Message::new()
        .text(1, &pod.name)
        .text(2, "")
        .text(3, "ns")
        .text(5, &uid(pod))
        .text(6, &pod.version.to_string())
        // A time of length 0 means none.
        .bytes(8, &[])
        .bytes(11, &label("app", &pod.name))
        .bytes(11, &label("version", &pod.version.to_string()))
        .done();
    let container = Message::new().text(1, "main").text(2, "img").done();
    let spec = Message::new().bytes(2, &container).text(10, "p-1").done();
    let status = Message::new().text(1, pod.phase).done();
    Message::new()
        .bytes(1, &meta)
        .bytes(2, &spec)
        .bytes(3, &status)
        .done()
}

fn marker_message(version: u32, end: bool) -> Vec<u8> {
    let mut meta = Message::new().text(6, &version.to_string());
    if end {
        let entry = Message::new()
            .text(1, "k8s.io/initial-events-end")
            .text(2, "true")
            .done();
        meta = meta.bytes(12, &entry);
    }
    Message::new().bytes(1, &meta.done()).done()
}

fn status_message(code: u16, reason: &str) -> Vec<u8> {
    Message::new()
        .bytes(1, &[])
        .text(2, "Failure")
        .text(3, "no")
        .text(4, reason)
        .number(6, u64::from(code))
        .done()
}
