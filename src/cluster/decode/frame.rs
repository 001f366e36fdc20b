//! Watch frames and list pages.

use std::borrow::Cow;
use std::fmt::Display;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::Value;

use super::meta::RawMeta;
use super::proto::Message;
use super::raw::{Part, Str};
use super::visit::{FrameVisitor, PageVisitor};
use super::{DecodeError, Decoder, Fault, INITIAL_EVENTS_END, Json, Wire, harmless, proto};
use crate::model::{Kind, Object, Text, Uid};

/// One event of a watch. What can borrow from the event's bytes does.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame<'a> {
    /// Added or modified.
    Upsert {
        /// The object.
        object: Object,
        /// Its resourceVersion.
        version: Cow<'a, str>,
    },
    /// Deleted.
    Remove {
        /// Its uid.
        uid: Uid,
        /// Its namespace, empty for none.
        namespace: Text,
        /// Its name.
        name: Text,
        /// Its resourceVersion.
        version: Cow<'a, str>,
    },
    /// The server has nothing new up to this version.
    Bookmark {
        /// The version.
        version: Cow<'a, str>,
        /// Whether it ends the initial events of a streaming list.
        initial_end: bool,
    },
    /// An ERROR event: the watch is over.
    Error(ServerError),
    /// An object that could not be read.
    Unreadable {
        /// `namespace/name` as far as known.
        name: Text,
        /// What was wrong.
        why: Text,
        /// Its resourceVersion, empty if that could not be read either.
        version: Cow<'a, str>,
    },
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Its objects; an error names an object that could not be read and says why.
    pub items: Vec<Result<Object, (Text, Text)>>,
    /// What the list says of itself.
    pub head: ListHead,
}

/// A list's own metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListHead {
    /// Its resourceVersion.
    pub version: String,
    /// Token of the next page, if there is one.
    pub next: Option<String>,
    /// How many objects come after this page, where the server says.
    pub remaining: Option<u64>,
}

impl ListHead {
    /// From its message.
    pub fn read(message: &[u8]) -> Result<Self, DecodeError> {
        let mut meta = RawListMeta::default();
        meta.merge(message)?;
        Ok(Self::of(&meta))
    }

    fn of(meta: &RawListMeta<'_>) -> Self {
        Self {
            version: meta.resource_version.to_string(),
            next: (!meta.next.is_empty()).then(|| meta.next.to_string()),
            remaining: meta
                .remaining_item_count
                .and_then(|n| u64::try_from(n).ok()),
        }
    }
}

/// A metav1.Status that reports an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    /// HTTP code, 0 if unknown.
    pub code: u16,
    /// `Expired`, `Forbidden`, …
    pub reason: String,
    /// The server's words, harmless.
    pub message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Outline<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    object: Part<OutlineObject<'a>>,
}

/// What any object has, a Status too.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OutlineObject<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    pub(super) code: Option<i64>,
    #[serde(borrow)]
    pub(super) reason: Str<'a>,
    #[serde(borrow)]
    pub(super) message: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawListMeta<'a> {
    #[serde(borrow)]
    pub(super) resource_version: Str<'a>,
    #[serde(borrow, rename = "continue")]
    pub(super) next: Str<'a>,
    pub(super) remaining_item_count: Option<i64>,
}

#[derive(Deserialize)]
struct LoosePage<'a> {
    #[serde(borrow, default)]
    metadata: Part<RawListMeta<'a>>,
    #[serde(default)]
    items: Option<Vec<Value>>,
}

impl Decoder {
    /// One event of a watch of `kind`: a line of JSON, or a message of protobuf without its length. Fails only
    /// for bytes that are no watch event at all.
    pub fn frame<'a>(
        &mut self,
        kind: Kind,
        wire: Wire,
        bytes: &'a [u8],
    ) -> Result<Frame<'a>, DecodeError> {
        match wire {
            Wire::Json => Ok(self.line(kind, bytes)?),
            Wire::Protobuf => Ok(self.event(kind, bytes)?),
        }
    }

    /// One page of a list of `kind`. Fails only for bytes that are no list.
    pub fn page(&mut self, kind: Kind, wire: Wire, bytes: &[u8]) -> Result<Page, DecodeError> {
        match wire {
            Wire::Json => Ok(self.list(kind, bytes)?),
            Wire::Protobuf => Ok(self.messages(kind, bytes)?),
        }
    }

    /// One message of protobuf.
    fn event<'a>(&mut self, kind: Kind, bytes: &'a [u8]) -> Result<Frame<'a>, Fault> {
        let event = match proto::Event::read(bytes) {
            Ok(event) => event,
            // A length is wrong: which object it was may still be told.
            Err(fault) => {
                let (word, outline) = proto::Event::outline(bytes);
                let known = !outline.metadata.name.is_empty();
                return match word {
                    b"ADDED" | b"MODIFIED" | b"DELETED" if known => {
                        Ok(self.spoilt(outline, &fault))
                    }
                    _ => Err(fault),
                };
            }
        };
        let object = match event.object() {
            Ok(object) => object,
            Err(fault) if event.kind == b"ERROR" => return Err(fault),
            Err(fault) => {
                let (_, outline) = proto::Event::outline(bytes);
                return Ok(self.spoilt(outline, &fault));
            }
        };
        let read = match event.kind {
            b"ADDED" | b"MODIFIED" => self
                .message(kind, object)
                .map(|(object, version)| Frame::Upsert { object, version }),
            b"ERROR" => {
                let status = proto::status(object);
                Ok(Frame::Error(server_error(
                    status.code,
                    &status.reason,
                    &status.message,
                )))
            }
            b"DELETED" => {
                proto::identity(object).map(|outline| self.mere("DELETED", outline.metadata))
            }
            other => proto::metadata(object)
                .map(|outline| self.mere(&proto::word(other), outline.metadata)),
        };
        Ok(match read {
            Ok(frame) => frame,
            Err(fault) => self.spoilt(proto::outline(object), &fault),
        })
    }

    /// One page of protobuf.
    fn messages(&mut self, kind: Kind, bytes: &[u8]) -> Result<Page, Fault> {
        let mut items = Vec::new();
        let meta = proto::list(proto::unwrap(bytes)?, |item| {
            items.push(self.item(kind, item));
        })?;
        Ok(page(items, &meta))
    }

    /// One item of a list of `kind`, from its message; an error names the object and says what was wrong.
    pub fn item(&mut self, kind: Kind, message: &[u8]) -> Result<Object, (Text, Text)> {
        match self.message(kind, message) {
            Ok((object, _)) => Ok(object),
            Err(fault) => {
                let outline = proto::outline(message);
                Err((self.name_of(&outline.metadata), text_of(&fault)))
            }
        }
    }

    /// One line of JSON.
    fn line<'a>(&mut self, kind: Kind, line: &'a [u8]) -> Result<Frame<'a>, serde_json::Error> {
        // Types come first in every frame; a bookmark and an error hold other things than objects of `kind`.
        if let Some(event) = leading_type(line)
            && matches!(event, "ADDED" | "MODIFIED")
        {
            let mut from = serde_json::Deserializer::from_slice(line);
            let read = from
                .deserialize_map(FrameVisitor {
                    decoder: &mut *self,
                    kind,
                })
                .and_then(|found| from.end().map(|()| found));
            match read {
                Ok(Some((object, version))) => return Ok(Frame::Upsert { object, version }),
                Ok(None) => {}
                Err(error) => return self.unreadable(line, &error),
            }
        }
        let outline: Outline<'_> = serde_json::from_slice(line)?;
        let word = outline.kind;
        let outline = outline.object.0;
        Ok(match &*word {
            "ADDED" | "MODIFIED" => {
                let version = outline.metadata.0.resource_version.0;
                let value: Value = serde_json::from_slice(line)?;
                match self.read(kind, Json(value.get("object").unwrap_or(&Value::Null))) {
                    Ok((object, _)) => Frame::Upsert { object, version },
                    Err(error) => return self.unreadable(line, &error),
                }
            }
            "ERROR" => Frame::Error(server_error(
                outline.code,
                &outline.reason,
                &outline.message,
            )),
            other => self.mere(other, outline.metadata),
        })
    }

    /// An event of which the metadata is enough.
    fn mere<'a>(&mut self, word: &str, mut meta: Part<RawMeta<'a>>) -> Frame<'a> {
        let version = std::mem::take(&mut meta.0.resource_version).0;
        match word {
            "DELETED" => Frame::Remove {
                uid: self.uid(&meta.uid),
                namespace: self.text(&meta.namespace),
                name: self.own(&meta.name),
                version,
            },
            "BOOKMARK" => Frame::Bookmark {
                initial_end: meta.annotations.0.get(INITIAL_EVENTS_END) == Some("true"),
                version,
            },
            other => Frame::Unreadable {
                name: self.name_of(&meta),
                why: format!("unknown watch event {:?}", harmless::plain(other)).into(),
                version,
            },
        }
    }

    /// An event whose object cannot be read.
    fn spoilt<'a>(&mut self, outline: OutlineObject<'a>, why: &dyn Display) -> Frame<'a> {
        Frame::Unreadable {
            name: self.name_of(&outline.metadata),
            why: text_of(why),
            version: outline.metadata.0.resource_version.0,
        }
    }

    /// One page of JSON.
    fn list(&mut self, kind: Kind, json: &[u8]) -> Result<Page, serde_json::Error> {
        let mut items = Vec::new();
        let mut from = serde_json::Deserializer::from_slice(json);
        let read = (&mut from).deserialize_map(PageVisitor {
            decoder: &mut *self,
            kind,
            items: &mut items,
        });
        match read.and_then(|meta| from.end().map(|()| meta)) {
            Ok(meta) => Ok(page(items, &meta)),
            // Some item is broken: read the items one by one.
            Err(_) => {
                let loose: LoosePage<'_> = serde_json::from_slice(json)?;
                let items = loose
                    .items
                    .unwrap_or_default()
                    .iter()
                    .map(|value| match self.read(kind, Json(value)) {
                        Ok((object, _)) => Ok(object),
                        Err(error) => {
                            let outline = OutlineObject::deserialize(value).unwrap_or_default();
                            Err((self.name_of(&outline.metadata), text_of(&error)))
                        }
                    })
                    .collect();
                Ok(page(items, &loose.metadata))
            }
        }
    }

    fn unreadable<'a>(
        &mut self,
        line: &'a [u8],
        error: &serde_json::Error,
    ) -> Result<Frame<'a>, serde_json::Error> {
        // If not even the outline can be read it is no frame.
        let outline: Outline<'_> = match serde_json::from_slice(line) {
            Ok(outline) => outline,
            Err(_) => {
                serde_json::from_slice::<IgnoredAny>(line)?;
                Outline::default()
            }
        };
        Ok(self.spoilt(outline.object.0, error))
    }

    fn name_of(&mut self, meta: &Part<RawMeta<'_>>) -> Text {
        match (&*meta.namespace, &*meta.name) {
            ("", "") => "?".into(),
            ("", name) => self.own(name),
            (namespace, name) => self.own(&format!("{namespace}/{name}")),
        }
    }
}

/// The error that the body of a refused request reports: a Status; whatever else comes is the message.
pub fn status(wire: Wire, bytes: &[u8]) -> ServerError {
    let read = match wire {
        Wire::Json => serde_json::from_slice::<OutlineObject<'_>>(bytes)
            .ok()
            .map(|s| server_error(s.code, &s.reason, &s.message)),
        Wire::Protobuf => proto::unwrap(bytes)
            .ok()
            .map(proto::status)
            .map(|s| server_error(s.code, &s.reason, &s.message)),
    };
    match read {
        Some(error) if error != ServerError::default() => error,
        _ => {
            let start = bytes.get(..MESSAGE).unwrap_or(bytes);
            server_error(None, "", &String::from_utf8_lossy(start))
        }
    }
}

/// How much of a body that is no Status is shown, in bytes.
const MESSAGE: usize = 512;

fn server_error(code: Option<i64>, reason: &str, message: &str) -> ServerError {
    ServerError {
        code: code.and_then(|c| u16::try_from(c).ok()).unwrap_or(0),
        reason: harmless::plain(reason).into_owned(),
        message: harmless::plain(message).into_owned(),
    }
}

fn text_of(error: &dyn Display) -> Text {
    harmless::plain(&error.to_string()).into()
}

fn page(items: Vec<Result<Object, (Text, Text)>>, meta: &RawListMeta<'_>) -> Page {
    Page {
        items,
        head: ListHead::of(meta),
    }
}

/// The value of `"type"` where it is the first key, as the API server writes it.
fn leading_type(line: &[u8]) -> Option<&str> {
    let rest = line.strip_prefix(b"{\"type\":\"")?;
    let end = rest.iter().position(|b| *b == b'"')?;
    std::str::from_utf8(&rest[..end]).ok()
}
