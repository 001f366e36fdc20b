//! Watches: initial events, changes by selector, bookmarks, and their end.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::accept::{self, Format};
use super::list;
use super::request::Request;
use super::route::Target;
use super::select::Selector;
use super::table;
use crate::sim::object::Obj;
use crate::sim::proto;
use crate::sim::resource::Res;
use crate::sim::status::{Details, Status};
use crate::sim::store::{Change, ChangeKind, Store};

/// How many frames one reading hands out, so that a big first batch is made piece by piece.
const BATCH: usize = 500;
/// Seconds between bookmarks.
const BOOKMARK_EVERY: i64 = 60;
/// Seconds after which the server ends a watch without `timeoutSeconds`.
const LONGEST: i64 = 45 * 60;

/// A watch that was begun.
#[derive(Clone, Debug)]
pub struct Watch {
    res: Res,
    namespace: Option<String>,
    selector: Selector,
    format: Format,
    /// Objects still to be sent as ADDED before anything else.
    initial: VecDeque<Arc<Obj>>,
    /// Whether a bookmark ends the initial events.
    marks_end: bool,
    /// Changes up to here were sent.
    cursor: u64,
    bookmarks: bool,
    next_bookmark: DateTime<Utc>,
    ends: DateTime<Utc>,
    /// Whether a Table frame with column definitions was sent.
    headed: bool,
    /// An error frame, and then the end.
    failed: Option<Status>,
    ended: bool,
}

/// Begins a watch.
///
/// # Errors
/// 400 and 422 for bad options, 504 for a resourceVersion in the future. One that is too old is no
/// error here: it comes as an ERROR frame.
pub(crate) fn begin(
    store: &Store,
    now: DateTime<Utc>,
    req: &Request,
    t: &Target,
) -> Result<Watch, Status> {
    let format = accept::format(req, t.res)?;
    let selector = Selector::read(req, t.res, t.name.as_deref())?;
    let rv = list::revision(req)?;
    let bookmarks = req.flag("allowWatchBookmarks");
    let streamed = initial_events(req)?;
    let timeout = list::number(req, "timeoutSeconds")?.filter(|s| *s > 0);
    if let Some(rv) = rv {
        list::not_in_the_future(store, rv)?;
    }
    let from_now = rv.unwrap_or(0) == 0;
    let send = streamed.unwrap_or(from_now);
    let cursor = if send || from_now {
        store.revision()
    } else {
        rv.unwrap_or(0)
    };
    let mut initial = VecDeque::new();
    if send {
        initial.extend(
            store
                .list(t.res, t.namespace.as_deref())
                .filter(|obj| selector.matches(obj))
                .cloned(),
        );
    }
    let seconds = timeout
        .and_then(|s| i64::try_from(s).ok())
        .unwrap_or(LONGEST)
        .min(86_400);
    Ok(Watch {
        res: t.res,
        namespace: t.namespace.clone(),
        selector,
        format,
        initial,
        marks_end: streamed == Some(true) && bookmarks,
        cursor,
        bookmarks,
        next_bookmark: now + TimeDelta::seconds(BOOKMARK_EVERY),
        ends: now + TimeDelta::seconds(seconds),
        headed: false,
        failed: None,
        ended: false,
    })
}

/// `sendInitialEvents`, checked against the options that it needs.
fn initial_events(req: &Request) -> Result<Option<bool>, Status> {
    let invalid = |why: &str| {
        Err(Status::new(
            422,
            "Invalid",
            format!("ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: {why}"),
        )
        .with(Details {
            group: "meta.k8s.io".into(),
            kind: "ListOptions".into(),
            ..Details::default()
        })
        .cause("FieldValueForbidden", why, "resourceVersionMatch"))
    };
    let streamed = req.param("sendInitialEvents").is_some();
    match (streamed, req.param("resourceVersionMatch")) {
        (false, None) => Ok(None),
        (false, Some(_)) => invalid(
            "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        (true, Some("NotOlderThan")) => Ok(Some(req.flag("sendInitialEvents"))),
        (true, _) => invalid(
            "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
    }
}

impl Watch {
    /// Whether nothing more will come.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// When it next has something to say by the clock alone: a bookmark or its end.
    pub fn next_due(&self) -> DateTime<Utc> {
        if self.bookmarks {
            self.ends.min(self.next_bookmark)
        } else {
            self.ends
        }
    }

    /// The frames that are ready, each one line of JSON with its newline; at most a batch of them:
    /// ask again until there are none.
    pub fn next(&mut self, store: &Store, now: DateTime<Utc>) -> Vec<Bytes> {
        let mut out = Vec::new();
        if self.ended {
            return out;
        }
        while out.len() < BATCH {
            let Some(obj) = self.initial.pop_front() else {
                break;
            };
            out.push(self.frame(now, "ADDED", &obj));
        }
        if !self.initial.is_empty() {
            return out;
        }
        if std::mem::take(&mut self.marks_end) {
            out.push(self.bookmark(now, true));
        }
        self.changes(store, now, &mut out);
        if let Some(status) = self.failed.take() {
            out.push(match self.format {
                Format::Json | Format::Table(_) | Format::Partial => {
                    line("ERROR", status.value().to_string().as_bytes())
                }
                Format::Protobuf | Format::PartialProtobuf => frame("ERROR", &status.protobuf()),
            });
            self.ended = true;
        } else if now >= self.ends && out.len() < BATCH {
            self.ended = true;
        } else if self.bookmarks && now >= self.next_bookmark {
            out.push(self.bookmark(now, false));
        }
        out
    }

    fn changes(&mut self, store: &Store, now: DateTime<Utc>, out: &mut Vec<Bytes>) {
        let changes = match store.changes_after(self.cursor) {
            Ok(changes) => changes,
            Err(expired) => {
                self.failed = Some(Status::expired(format!(
                    "too old resource version: {} ({})",
                    expired.asked, expired.oldest
                )));
                return;
            }
        };
        let mut cursor = self.cursor;
        for change in changes {
            if out.len() >= BATCH {
                break;
            }
            cursor = change.rv;
            let inside = change.obj.res == self.res
                && self
                    .namespace
                    .as_deref()
                    .is_none_or(|ns| *change.obj.namespace == *ns);
            if inside && let Some((kind, obj)) = self.seen_as(change) {
                out.push(self.frame(now, kind, &obj));
            }
        }
        self.cursor = cursor;
    }

    /// What a change is to this watch: an object that ceases to match is deleted from it.
    fn seen_as(&self, change: &Change) -> Option<(&'static str, Arc<Obj>)> {
        let obj = &change.obj;
        match (change.kind, &change.old) {
            (ChangeKind::Added, _) => self.selector.matches(obj).then(|| ("ADDED", obj.clone())),
            (ChangeKind::Deleted, _) => {
                self.selector.matches(obj).then(|| ("DELETED", obj.clone()))
            }
            (ChangeKind::Modified, old) => {
                let was = old.as_ref().is_none_or(|old| self.selector.matches(old));
                match (was, self.selector.matches(obj)) {
                    (true, true) => Some(("MODIFIED", obj.clone())),
                    (false, true) => Some(("ADDED", obj.clone())),
                    (false, false) => None,
                    // The last state that matched, at the revision of the change.
                    (true, false) => {
                        let old = old.as_ref()?;
                        Some(("DELETED", Arc::new(old.at_revision(change.rv))))
                    }
                }
            }
        }
    }

    fn frame(&mut self, now: DateTime<Utc>, kind: &str, obj: &Obj) -> Bytes {
        match self.format {
            Format::Json => line(kind, &obj.body()),
            Format::Partial => line(kind, &list::partial(obj)),
            Format::Table(include) => {
                let mut row = Vec::new();
                table::row(&mut row, now, obj, include);
                let rv = json!({"resourceVersion": obj.rv.to_string()});
                self.table(kind, &rv, &row)
            }
            Format::Protobuf => frame(kind, &proto::of(obj.res, &obj.proto())),
            Format::PartialProtobuf => frame(kind, &list::partial_proto(obj)),
        }
    }

    /// How the frames are to be read.
    pub fn content_type(&self) -> &'static str {
        self.format.stream_type()
    }

    /// A Table of at most one row; only the first of a watch carries the columns.
    fn table(&mut self, kind: &str, metadata: &Value, row: &[u8]) -> Bytes {
        let columns = if std::mem::replace(&mut self.headed, true) {
            Value::Null
        } else {
            table::definitions(self.res)
        };
        let head = format!(
            r#"{{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{metadata},"columnDefinitions":{columns},"rows":["#
        );
        line(kind, &[head.as_bytes(), row, b"]}"].concat())
    }

    fn bookmark(&mut self, now: DateTime<Utc>, end_of_initial: bool) -> Bytes {
        self.next_bookmark = now + TimeDelta::seconds(BOOKMARK_EVERY);
        let mut metadata =
            json!({"resourceVersion": self.cursor.to_string(), "creationTimestamp": null});
        if end_of_initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        match self.format {
            Format::Json => line(
                "BOOKMARK",
                format!(r#"{},"metadata":{metadata}}}"#, self.res.prefix).as_bytes(),
            ),
            Format::Partial => line(
                "BOOKMARK",
                &[table::PARTIAL, metadata.to_string().as_bytes(), b"}"].concat(),
            ),
            Format::Table(_) => self.table("BOOKMARK", &metadata, b""),
            Format::Protobuf => {
                let raw = proto::message(self.res.kind, &json!({"metadata": metadata}));
                frame("BOOKMARK", &proto::of(self.res, &raw))
            }
            Format::PartialProtobuf => {
                let raw = proto::message("PartialObjectMetadata", &json!({"metadata": metadata}));
                frame(
                    "BOOKMARK",
                    &proto::envelope("meta.k8s.io/v1", "PartialObjectMetadata", &raw),
                )
            }
        }
    }
}

fn frame(kind: &str, object: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(object.len() + 32);
    proto::event(&mut out, kind, object);
    out.into()
}

fn line(kind: &str, object: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(object.len() + 40);
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\",\"object\":");
    out.extend_from_slice(object);
    out.extend_from_slice(b"}\n");
    out.into()
}
