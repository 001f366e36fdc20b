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

use std::fmt::Write as _;
use std::time::Duration;

use super::Scope;
pub use super::terms::{Ask, Next, Refusal};
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
#[derive(Debug)]
pub struct Machine {
    kind: Kind,
    scope: Scope,
    streaming: bool,
    /// A page and then all at once, instead of a streaming list.
    in_two: bool,
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
    /// At the beginning.
    pub fn new(kind: Kind, scope: Scope, streaming: bool) -> Self {
        Self {
            kind,
            scope,
            streaming,
            in_two: false,
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

    /// Asks for a page and then for all at once rather than for a streaming list.
    pub fn in_two(mut self, yes: bool) -> Self {
        self.in_two = yes;
        self
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
        match &self.step {
            // A streaming list that broke off begins anew.
            Step::Empty | Step::Initial if self.streaming && !self.in_two => {
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
            group => format!("/apis/{group}/v1"),
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
        self.in_two && !self.json
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
            400 | 405 | 406 | 415 | 422 if initial && self.streaming && !self.in_two => {
                self.streaming = false;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::decode::ListHead;

    /// What happened, in short, as a test reads it.
    fn short(deltas: &[Delta]) -> String {
        let words: Vec<String> = deltas
            .iter()
            .map(|d| match d {
                Delta::SyncStart => "start".into(),
                Delta::Upsert(o) => format!("+{}", o.meta().name),
                Delta::Remove { name, .. } => format!("-{name}"),
                Delta::SyncEnd => "end".into(),
                Delta::Unreadable { name, .. } => format!("?{name}"),
            })
            .collect();
        words.join(" ")
    }

    fn added(name: &str, version: u32) -> Vec<u8> {
        format!(
            r#"{{"type":"ADDED","object":{{"metadata":{{"name":"{name}","uid":"u-{name}","resourceVersion":"{version}"}}}}}}"#
        )
        .into_bytes()
    }

    fn bookmark(version: u32, end: bool) -> Vec<u8> {
        let annotations = if end {
            r#","annotations":{"k8s.io/initial-events-end":"true"}"#
        } else {
            ""
        };
        format!(
            r#"{{"type":"BOOKMARK","object":{{"metadata":{{"resourceVersion":"{version}"{annotations}}}}}}}"#
        )
        .into_bytes()
    }

    fn error(code: u16) -> ServerError {
        ServerError {
            code,
            reason: String::new(),
            message: "x".into(),
        }
    }

    fn machine(streaming: bool) -> Machine {
        Machine::new(Kind::Pod, Scope::default(), streaming)
    }

    const STREAM: &str = "/api/v1/pods?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=60";

    fn follow(version: &str) -> Ask {
        Ask::Watch(format!(
            "/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=60&resourceVersion={version}"
        ))
    }

    #[test]
    fn a_streaming_list_then_a_watch() {
        let mut m = machine(true);
        let mut out = Vec::new();
        assert_eq!(m.ask(), Ask::Watch(STREAM.into()));
        m.opened(&mut out);
        m.frame(Wire::Json, &added("a", 1), &mut out);
        m.frame(Wire::Json, &bookmark(4, false), &mut out);
        m.frame(Wire::Json, &added("b", 2), &mut out);
        assert_eq!(
            m.state(),
            FeedState::Syncing {
                seen: 2,
                expected: None
            }
        );
        m.frame(Wire::Json, &bookmark(5, true), &mut out);
        assert_eq!(m.state(), FeedState::Live);
        m.frame(Wire::Json, &added("c", 6), &mut out);
        assert_eq!(short(&out), "start +a +b end +c");
        m.ended();
        assert_eq!(m.ask(), follow("6"));
        out.clear();
        m.opened(&mut out);
        m.frame(Wire::Json, &bookmark(9, false), &mut out);
        m.frame(
            Wire::Json,
            br#"{"type":"DELETED","object":{"metadata":{"name":"a","uid":"u-a","resourceVersion":"10"}}}"#,
            &mut out,
        );
        assert_eq!(short(&out), "-a");
        // A server that sends bookmarks is asked less often.
        let long = "/api/v1/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=10";
        assert_eq!(m.ask(), Ask::Watch(long.into()));
        // If then it is silent for long, that is no news yet.
        assert_eq!(m.silence(), BOOKMARK_SILENCE);
        assert_eq!(m.silent(), Next::Again);
        assert_eq!(m.ask(), follow("10"));
        assert_eq!(
            m.silent(),
            Next::Retry {
                why: "the watch was silent for 65 s".into()
            }
        );
    }

    #[test]
    fn a_list_that_breaks_off_begins_anew() {
        let mut m = machine(true);
        let mut out = Vec::new();
        m.opened(&mut out);
        m.frame(Wire::Json, &added("a", 1), &mut out);
        m.ended();
        assert_eq!(m.ask(), Ask::Watch(STREAM.into()));
        m.opened(&mut out);
        m.frame(Wire::Json, &added("a", 1), &mut out);
        m.frame(Wire::Json, &bookmark(2, true), &mut out);
        assert_eq!(short(&out), "start +a start +a end");
    }

    #[test]
    fn pages_where_streaming_is_refused() {
        let mut m = machine(true);
        let mut out = Vec::new();
        assert_eq!(m.refused(&error(422)), Refusal::Again);
        assert_eq!(m.ask(), Ask::List("/api/v1/pods?limit=500".into()));
        let page = |names: &[&str], next: &str| {
            let items: Vec<String> = names
                .iter()
                .map(|n| format!(r#"{{"metadata":{{"name":"{n}"}}}}"#))
                .collect();
            format!(
                r#"{{"metadata":{{"resourceVersion":"7","continue":"{next}","remainingItemCount":1}},"items":[{}]}}"#,
                items.join(",")
            )
        };
        assert_eq!(
            m.page(Wire::Json, page(&["a", "b"], "t/k").as_bytes(), &mut out),
            Next::Again
        );
        assert_eq!(
            m.state(),
            FeedState::Syncing {
                seen: 2,
                expected: Some(3)
            }
        );
        assert_eq!(
            m.ask(),
            Ask::List("/api/v1/pods?limit=500&continue=t%2Fk".into())
        );
        m.page(Wire::Json, page(&["c"], "").as_bytes(), &mut out);
        assert_eq!(short(&out), "start +a +b +c end");
        assert_eq!(m.ask(), follow("7"));
    }

    #[test]
    fn a_page_and_then_all() {
        let mut m = machine(true).in_two(true);
        let mut out = Vec::new();
        let page = Ask::List("/api/v1/pods?limit=500".into());
        assert_eq!(m.ask(), page);
        // An empty message is a pod without a name.
        let part = |m: &mut Machine, count: usize, out: &mut Vec<Delta>| {
            m.page_opened(out);
            for _ in 0..count {
                m.item(b"", out);
            }
        };
        let head = |next: Option<&str>, remaining| ListHead {
            version: "7".into(),
            next: next.map(str::to_owned),
            remaining,
        };
        let more = || head(Some("t/k"), Some(3));
        part(&mut m, 2, &mut out);
        assert_eq!(m.page_ended(more(), &mut out), Next::Again);
        let whole = Ask::List("/api/v1/pods".into());
        assert_eq!(m.ask(), whole);
        let syncing = |seen| FeedState::Syncing {
            seen,
            expected: Some(5),
        };
        assert_eq!(m.state(), syncing(2));
        // It breaks off and comes again. What of the page is gone by then must go too.
        part(&mut m, 2, &mut out);
        assert_eq!((m.state(), m.ask()), (syncing(2), whole));
        part(&mut m, 4, &mut out);
        assert_eq!(m.page_ended(head(None, None), &mut out), Next::Again);
        assert_eq!(m.ask(), follow("7"));
        assert_eq!(short(&out), "start + + start + + start + + + + end");
        // A short list is one page.
        let mut m = machine(true).in_two(true);
        m.page_ended(head(None, None), &mut out);
        assert_eq!(m.ask(), follow("7"));
        // JSON comes page by page, however it came to that.
        let mut m = machine(true).in_two(true);
        m.page_ended(more(), &mut out);
        assert_eq!(m.too_large(1 << 20), Next::Again);
        assert_eq!(m.ask(), page);
        m.page_ended(more(), &mut out);
        let next = Ask::List("/api/v1/pods?limit=500&continue=t%2Fk".into());
        assert_eq!(m.ask(), next);
        let mut m = machine(true).in_two(true);
        m.page_ended(more(), &mut out);
        assert!(matches!(m.no_list(), Next::Json { .. }));
        assert_eq!((m.accept(), m.ask()), ("application/json", page));
        // Labels are asked for in both.
        let scope = Scope {
            selector: Some("a=b".into()),
            ..Scope::default()
        };
        let mut m = Machine::new(Kind::Pod, scope, true).in_two(true);
        m.page_ended(more(), &mut out);
        assert_eq!(
            m.ask(),
            Ask::List("/api/v1/pods?labelSelector=a%3Db".into())
        );
    }

    #[test]
    fn protobuf_is_asked_for_until_it_cannot_be_had() {
        let protobuf = "application/vnd.kubernetes.protobuf;stream=watch,application/json";
        let mut m = machine(true);
        assert_eq!(m.accept(), protobuf);
        for code in [406, 415] {
            let mut m = machine(true);
            m.opened(&mut Vec::new());
            assert_eq!(m.refused(&error(code)), Refusal::Again);
            assert_eq!(
                (m.accept(), m.ask()),
                ("application/json", Ask::Watch(STREAM.into()))
            );
            // It was not that.
            assert_eq!(m.refused(&error(code)), Refusal::Again);
            assert_eq!(m.ask(), Ask::List("/api/v1/pods?limit=500".into()));
        }
        let mut out = Vec::new();
        m.opened(&mut out);
        let next = m.frame(Wire::Protobuf, b"{\"type\":\"ADDED\"}", &mut out);
        assert!(matches!(next, Next::Json { .. }), "{next:?}");
        m.ended();
        assert_eq!(
            (m.accept(), m.ask()),
            ("application/json", Ask::Watch(STREAM.into()))
        );
        let mut m = machine(false);
        assert_eq!(
            m.accept(),
            "application/vnd.kubernetes.protobuf,application/json"
        );
        let next = m.page(Wire::Protobuf, b"{}", &mut out);
        assert!(matches!(next, Next::Json { .. }), "{next:?}");
        assert_eq!(m.accept(), "application/json");
    }

    #[test]
    fn what_is_too_large_is_named_or_asked_for_in_parts() {
        let mut m = machine(false);
        let mut out = Vec::new();
        for limit in [125, 31, 7, 1] {
            assert_eq!(m.too_large(1 << 20), Next::Again);
            assert_eq!(m.ask(), Ask::List(format!("/api/v1/pods?limit={limit}")));
        }
        assert_eq!(
            m.too_large(1 << 20),
            Next::Retry {
                why: "one object of pods has more than 1048576 bytes".into()
            }
        );
        m.too_long(80 << 20, &mut out);
        assert_eq!(
            out,
            [Delta::Unreadable {
                name: "?".into(),
                why: "an event of pods has 83886080 bytes, 16777216 are the limit".into()
            }]
        );
    }

    #[test]
    fn an_expired_version_lists_anew() {
        for how in ["event", "status"] {
            let mut m = machine(true);
            let mut out = Vec::new();
            m.opened(&mut out);
            m.frame(Wire::Json, &bookmark(5, true), &mut out);
            if how == "event" {
                let line = br#"{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}"#;
                assert_eq!(m.frame(Wire::Json, line, &mut out), Next::Relist);
            } else {
                assert_eq!(m.refused(&error(410)), Refusal::Relist);
            }
            assert_eq!(m.ask(), Ask::Watch(STREAM.into()), "{how}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_passed() {
        let mut m = machine(true);
        let mut out = Vec::new();
        m.opened(&mut out);
        m.frame(Wire::Json, &bookmark(5, true), &mut out);
        out.clear();
        let line = br#"{"type":"MODIFIED","object":{"metadata":{"name":"p","namespace":"n","resourceVersion":"8"},"status":{"containerStatuses":3}}}"#;
        assert_eq!(m.frame(Wire::Json, line, &mut out), Next::Continue);
        assert_eq!(short(&out), "?n/p");
        assert_eq!(m.ask(), follow("8"));
        assert!(matches!(
            m.frame(Wire::Json, b"nonsense", &mut out),
            Next::Retry { .. }
        ));
        assert_eq!(m.frame(Wire::Json, b"\n", &mut out), Next::Continue);
    }

    #[test]
    fn refusals() {
        let mut m = machine(true);
        assert_eq!(m.refused(&error(403)), Refusal::Denied { verb: "watch" });
        assert_eq!(m.refused(&error(401)), Refusal::Unauthorized);
        assert_eq!(m.refused(&error(404)), Refusal::Absent);
        assert_eq!(
            m.refused(&error(503)),
            Refusal::Retry {
                why: "x (503)".into()
            }
        );
        let mut m = Machine::new(
            Kind::BatchJob,
            Scope {
                namespace: None,
                fallback: Some("team".into()),
                selector: Some("a=b".into()),
            },
            false,
        );
        assert_eq!(m.refused(&error(403)), Refusal::Narrowed);
        assert_eq!(
            m.ask(),
            Ask::List("/apis/batch/v1/namespaces/team/jobs?limit=500".into())
        );
        assert_eq!(m.refused(&error(403)), Refusal::Denied { verb: "list" });
        assert_eq!(m.resource(), "jobs.batch");
    }

    #[test]
    fn a_selector_is_for_pods_and_escaped() {
        let m = Machine::new(
            Kind::Pod,
            Scope {
                namespace: Some("n".into()),
                fallback: None,
                selector: Some("a in (b,c),d!=e".into()),
            },
            false,
        );
        assert_eq!(
            m.ask(),
            Ask::List(
                "/api/v1/namespaces/n/pods?labelSelector=a%20in%20%28b%2Cc%29%2Cd%21%3De&limit=500"
                    .into()
            )
        );
    }
}
