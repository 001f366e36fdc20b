//! The protocol of a feed without IO: what to ask next, and what an answer means.
//!
//! ```text
//! Empty ── streaming list ──▶ Initial ── bookmark initial-events-end ──▶ Follow ⟲ watch from version
//!   │                            └─ broken: Empty                          └─ 410: Empty
//!   └───── pages ──▶ Page ── last page ──▶ Follow
//! ```
//!
//! Pods come in two answers where the server writes long lists piece by piece: a page of 500 that can be shown at
//! once, with the number of those to come, then all in one list. It takes half of the server's CPU of a streaming
//! list (0.46 against 0.92 s for 30,000 pods), which encodes and wraps each object by itself. Going on from the
//! page would save its 500, but a server may have to read what its continue token means from etcd (1.5 to 3.5 s).

mod list;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::time::Duration;

use super::Scope;
pub use super::terms::{Ask, Lists, Next, Refusal};
use crate::cluster::decode::{Decoder, Frame, ServerError, Wire};
use crate::model::{Delta, FeedState, Kind};

/// Objects a page.
const PAGE: u32 = 500;

/// Seconds after which the server ends a watch; it is resumed where it was. A connection that died without a
/// word is noticed soon after.
const WATCH_SECONDS: u32 = 60;

/// The same once the server has sent a bookmark by itself: it does so about every minute, and a connection
/// that died is noticed by their absence.
const LONG_WATCH_SECONDS: u32 = 300;

/// A watch with bookmarks that says nothing for so long is dead.
const BOOKMARK_SILENCE: Duration = Duration::from_secs(150);

/// What a server may take, besides the watch's own time, to end it.
const GRACE: Duration = Duration::from_secs(5);

/// One feed's protocol.
#[derive(Clone, Debug)]
pub struct Machine {
    kind: Kind,
    scope: Scope,
    lists: Lists,
    /// Protobuf was refused or could not be read.
    json: bool,
    /// The server has sent a bookmark of its own accord.
    bookmarks: bool,
    /// Objects a page.
    page: u32,
    /// Seconds that each watch is longer, so that not all feeds end at the same instant.
    spread: u32,
    step: Step,
    decoder: Decoder,
    seen: u64,
    /// The same when the last page had ended.
    paged: u64,
    expected: Option<u64>,
}

/// Where it is, with what is valid there.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// Nothing is known, or what was known cannot be followed.
    Empty,
    /// A streaming list is coming in.
    Initial,
    /// The first page was not all; the whole list is asked for.
    Whole { expected: Option<u64> },
    /// Pages are coming in.
    Page { next: String },
    /// Complete up to a version.
    Follow { version: String },
}

impl Machine {
    /// At the beginning. The server is asked for `lists`, until it shows that it has none such.
    pub fn new(kind: Kind, scope: Scope, lists: Lists) -> Self {
        Self {
            kind,
            scope,
            lists: match lists {
                Lists::Whole if kind != Kind::Pod => Lists::Streamed,
                lists => lists,
            },
            json: false,
            bookmarks: false,
            page: PAGE,
            spread: 0,
            step: Step::Empty,
            decoder: Decoder::new(),
            seen: 0,
            paged: 0,
            expected: None,
        }
    }

    /// Makes each watch so many seconds longer.
    pub fn spread(mut self, seconds: u32) -> Self {
        self.spread = seconds;
        self
    }

    /// Whose feed.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The namespace that is watched; `None`: all.
    pub fn namespace(&self) -> Option<&str> {
        self.scope.namespace.as_deref()
    }

    /// The resource as RBAC names it: `pods`, `jobs.batch`.
    pub fn resource(&self) -> String {
        match self.kind.group() {
            "" => self.kind.plural().to_owned(),
            group => format!("{}.{group}", self.kind.plural()),
        }
    }

    /// What to ask now.
    pub fn ask(&self) -> Ask {
        let mut path = self.path();
        path.push('?');
        if self.kind == Kind::Pod
            && let Some(selector) = &self.scope.selector
        {
            let _ = write!(path, "labelSelector={}&", escape(selector));
        }
        if let Some(fields) = &self.scope.fields {
            let _ = write!(path, "fieldSelector={}&", escape(fields));
        }
        match &self.step {
            // A streaming list that broke off begins anew.
            Step::Empty | Step::Initial if self.lists == Lists::Streamed => {
                path.push_str(
                    "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
                );
                let _ = write!(path, "&timeoutSeconds={}", self.watch_seconds());
                Ask::Watch(path)
            }
            Step::Whole { .. } if self.takes_whole() => {
                // Without any options nothing stands behind the path.
                path.truncate(path.trim_end_matches(['?', '&']).len());
                Ask::List(path)
            }
            Step::Empty | Step::Initial | Step::Whole { .. } => {
                let _ = write!(path, "limit={}", self.page);
                Ask::List(path)
            }
            Step::Page { next } => {
                let _ = write!(path, "limit={}&continue={}", self.page, escape(next));
                Ask::List(path)
            }
            Step::Follow { version } => {
                let _ = write!(
                    path,
                    "watch=true&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={}",
                    self.watch_seconds(),
                    escape(version)
                );
                Ask::Watch(path)
            }
        }
    }

    /// The media types that we read, the dearest first. A kind that has no protobuf comes in JSON then.
    pub fn accept(&self) -> &'static str {
        match self.ask() {
            _ if self.json => "application/json",
            Ask::List(_) => "application/vnd.kubernetes.protobuf,application/json",
            Ask::Watch(_) => "application/vnd.kubernetes.protobuf;stream=watch,application/json",
        }
    }

    /// After how many seconds the server is asked to end a watch.
    pub fn watch_seconds(&self) -> u32 {
        let base = if self.bookmarks {
            LONG_WATCH_SECONDS
        } else {
            WATCH_SECONDS
        };
        base + self.spread
    }

    /// How long a watch that lives may say nothing.
    pub fn silence(&self) -> Duration {
        if self.bookmarks {
            BOOKMARK_SILENCE
        } else {
            Duration::from_secs(u64::from(self.watch_seconds())) + GRACE
        }
    }

    fn path(&self) -> String {
        let (group, plural) = (self.kind.group(), self.kind.plural());
        let base = match group {
            "" => "/api/v1".to_owned(),
            group => format!("/apis/{group}/{}", self.kind.version()),
        };
        match &self.scope.namespace {
            Some(namespace) if self.kind != Kind::Node => {
                format!("{base}/namespaces/{}/{plural}", escape(namespace))
            }
            _ => format!("{base}/{plural}"),
        }
    }

    /// Whether the whole list is still to come.
    pub fn is_syncing(&self) -> bool {
        !matches!(self.step, Step::Follow { .. })
    }

    /// How the feed stands while all goes well.
    pub fn state(&self) -> FeedState {
        match self.step {
            Step::Follow { .. } => FeedState::Live,
            Step::Empty => FeedState::Syncing {
                seen: 0,
                expected: None,
            },
            Step::Initial | Step::Whole { .. } | Step::Page { .. } => FeedState::Syncing {
                seen: self.seen,
                expected: self.expected,
            },
        }
    }

    /// A watch was accepted.
    pub fn opened(&mut self, out: &mut Vec<Delta>) {
        if matches!(self.step, Step::Empty | Step::Initial) {
            self.begin(out);
            self.step = Step::Initial;
        }
    }

    /// JSON is read page by page.
    fn takes_whole(&self) -> bool {
        self.lists == Lists::Whole && !self.json
    }

    fn begin(&mut self, out: &mut Vec<Delta>) {
        self.seen = 0;
        self.paged = 0;
        self.expected = None;
        out.push(Delta::SyncStart);
    }

    /// One event of a watch: a line of JSON, or a message of protobuf.
    pub fn frame(&mut self, wire: Wire, bytes: &[u8], out: &mut Vec<Delta>) -> Next {
        if wire == Wire::Json && bytes.iter().all(u8::is_ascii_whitespace) {
            return Next::Continue;
        }
        let frame = match self.decoder.frame(self.kind, wire, bytes) {
            Ok(frame) => frame,
            Err(error) => return self.unreadable(wire, format!("unreadable watch event: {error}")),
        };
        let version = match frame {
            Frame::Upsert { object, version } => {
                self.seen += 1;
                out.push(Delta::Upsert(object));
                version
            }
            Frame::Remove {
                uid,
                namespace,
                name,
                version,
            } => {
                out.push(Delta::Remove {
                    uid,
                    namespace,
                    name,
                });
                version
            }
            Frame::Unreadable { name, why, version } => {
                out.push(Delta::Unreadable { name, why });
                version
            }
            Frame::Bookmark {
                version,
                initial_end,
            } => {
                if initial_end && self.step == Step::Initial {
                    out.push(Delta::SyncEnd);
                    self.step = Step::Follow {
                        version: version.clone().into_owned(),
                    };
                } else if matches!(self.step, Step::Follow { .. }) {
                    self.bookmarks = true;
                }
                version
            }
            Frame::Error(error) => return self.error_event(&error),
        };
        if let Step::Follow { version: at } = &mut self.step
            && !version.is_empty()
        {
            version.as_ref().clone_into(at);
        }
        Next::Continue
    }

    /// Bytes that are no event or no list. In protobuf: whatever it was, JSON can be read.
    fn unreadable(&mut self, wire: Wire, why: String) -> Next {
        match wire {
            Wire::Json => Next::Retry { why },
            Wire::Protobuf => {
                self.json = true;
                Next::Json { why }
            }
        }
    }

    /// A frame of so many bytes was above the limit and passed over: one object that is not known, and the
    /// stream goes on after it. Nothing is asked again for its sake, so it cannot come in a loop.
    pub fn too_long(&mut self, bytes: u64, out: &mut Vec<Delta>) {
        out.push(Delta::Unreadable {
            name: "?".into(),
            why: format!(
                "an event of {} has {bytes} bytes, {} are the limit",
                self.resource(),
                super::splitter::LIMIT
            )
            .into(),
        });
    }

    /// A watch said nothing for as long as [`Machine::silence`].
    pub fn silent(&mut self) -> Next {
        if self.bookmarks {
            // Perhaps the server is one that sends few of them: the next watch shows.
            self.bookmarks = false;
            return Next::Again;
        }
        Next::Retry {
            why: format!("the watch was silent for {} s", self.silence().as_secs()),
        }
    }

    fn error_event(&mut self, error: &ServerError) -> Next {
        if error.code == 410 || error.reason == "Expired" || error.reason == "Gone" {
            self.step = Step::Empty;
            return Next::Relist;
        }
        if self.step == Step::Initial {
            self.step = Step::Empty;
        }
        Next::Retry {
            why: sentence(error),
        }
    }

    /// A stream ended or broke, without an ERROR event: what to ask next is settled by where it was.
    pub fn ended(&mut self) {
        if self.step == Step::Initial {
            self.step = Step::Empty;
        }
    }

    /// The server answered with an error.
    pub fn refused(&mut self, error: &ServerError) -> Refusal {
        let initial = matches!(self.step, Step::Empty | Step::Initial);
        match error.code {
            401 => Refusal::Unauthorized,
            403 => {
                if self.scope.namespace.is_none()
                    && self.kind != Kind::Node
                    && let Some(fallback) = self.scope.fallback.take()
                {
                    self.scope.namespace = Some(fallback);
                    self.step = Step::Empty;
                    return Refusal::Narrowed;
                }
                Refusal::Denied {
                    verb: match self.ask() {
                        Ask::List(_) => "list",
                        Ask::Watch(_) => "watch",
                    },
                }
            }
            404 => Refusal::Absent,
            410 => {
                self.step = Step::Empty;
                Refusal::Relist
            }
            // The server has no protobuf, or none for this kind.
            406 | 415 if !self.json => {
                self.json = true;
                self.ended();
                Refusal::Again
            }
            // The server has no streaming lists, or they are switched off.
            400 | 405 | 406 | 415 | 422 if initial && self.lists == Lists::Streamed => {
                self.lists = Lists::Pages;
                self.step = Step::Empty;
                Refusal::Again
            }
            // A continue token that the server no longer takes.
            400 if matches!(self.step, Step::Page { .. }) => {
                self.step = Step::Empty;
                Refusal::Relist
            }
            504 if error.message.contains("Too large resource version") => {
                self.step = Step::Empty;
                Refusal::Retry {
                    why: sentence(error),
                }
            }
            _ => Refusal::Retry {
                why: sentence(error),
            },
        }
    }
}

fn sentence(error: &ServerError) -> String {
    match (error.code, error.message.as_str()) {
        (0, "") => "the server reports an error".to_owned(),
        (0, message) => message.to_owned(),
        (code, "") => format!("the server answers {code} {}", error.reason),
        (code, message) => format!("{message} ({code})"),
    }
}

/// Percent-encoded, for a query's value or a path's segment.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
