//! The protocol of a feed without IO: what to ask next, and what an answer means.
//!
//! ```text
//! Empty ── streaming list ──▶ Initial ── bookmark initial-events-end ──▶ Follow ⟲ watch from version
//!   │                            └─ broken: Empty                          └─ 410: Empty
//!   └───── pages ──▶ Page ── last page ──▶ Follow
//! ```

use std::fmt::Write as _;

use super::Scope;
use crate::cluster::decode::{Decoder, Frame, ServerError, Wire};
use crate::model::{Delta, FeedState, Kind};

/// Objects a page.
const PAGE: u32 = 500;

/// Seconds after which the server ends a watch; it is resumed where it was. A connection that died without a
/// word is noticed soon after.
pub const WATCH_SECONDS: u32 = 60;

/// One feed's protocol.
#[derive(Debug)]
pub struct Machine {
    kind: Kind,
    scope: Scope,
    streaming: bool,
    step: Step,
    decoder: Decoder,
    seen: u64,
    expected: Option<u64>,
}

/// Where it is, with what is valid there.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// Nothing is known, or what was known cannot be followed.
    Empty,
    /// A streaming list is coming in.
    Initial,
    /// Pages are coming in.
    Page { next: String },
    /// Complete up to a version.
    Follow { version: String },
}

/// The next request: a path with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A page of a list.
    List(String),
    /// A watch.
    Watch(String),
}

/// What a line or a page leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Go on reading.
    Continue,
    /// Ask again at once.
    Again,
    /// Ask again after a pause.
    Retry {
        /// What went wrong.
        why: String,
    },
}

/// What an error answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Ask again at once, in another way.
    Again,
    /// Ask again after a pause.
    Retry {
        /// What went wrong.
        why: String,
    },
    /// 403.
    Denied {
        /// The verb.
        verb: &'static str,
    },
    /// All namespaces are denied; from now on the fallback namespace is watched.
    Narrowed,
    /// The server does not have this kind.
    Absent,
    /// 401.
    Unauthorized,
}

impl Machine {
    /// At the beginning.
    pub fn new(kind: Kind, scope: Scope, streaming: bool) -> Self {
        Self {
            kind,
            scope,
            streaming,
            step: Step::Empty,
            decoder: Decoder::new(),
            seen: 0,
            expected: None,
        }
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
            Step::Empty | Step::Initial if self.streaming => {
                path.push_str(
                    "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
                );
                let _ = write!(path, "&timeoutSeconds={WATCH_SECONDS}");
                Ask::Watch(path)
            }
            Step::Empty | Step::Initial => {
                let _ = write!(path, "limit={PAGE}");
                Ask::List(path)
            }
            Step::Page { next } => {
                let _ = write!(path, "limit={PAGE}&continue={}", escape(next));
                Ask::List(path)
            }
            Step::Follow { version } => {
                let _ = write!(
                    path,
                    "watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}&resourceVersion={}",
                    escape(version)
                );
                Ask::Watch(path)
            }
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

    /// How the feed stands while all goes well.
    pub fn state(&self) -> FeedState {
        match self.step {
            Step::Follow { .. } => FeedState::Live,
            Step::Empty => FeedState::Syncing {
                seen: 0,
                expected: None,
            },
            Step::Initial | Step::Page { .. } => FeedState::Syncing {
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

    fn begin(&mut self, out: &mut Vec<Delta>) {
        self.seen = 0;
        self.expected = None;
        out.push(Delta::SyncStart);
    }

    /// One line of a watch.
    pub fn line(&mut self, line: &[u8], out: &mut Vec<Delta>) -> Next {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Next::Continue;
        }
        let frame = match self.decoder.frame(self.kind, Wire::Json, line) {
            Ok(frame) => frame,
            Err(error) => {
                return Next::Retry {
                    why: format!("unreadable watch event: {error}"),
                };
            }
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

    fn error_event(&mut self, error: &ServerError) -> Next {
        if error.code == 410 || error.reason == "Expired" || error.reason == "Gone" {
            self.step = Step::Empty;
            return Next::Again;
        }
        if self.step == Step::Initial {
            self.step = Step::Empty;
        }
        Next::Retry {
            why: sentence(error),
        }
    }

    /// One page of a list.
    pub fn page(&mut self, body: &[u8], out: &mut Vec<Delta>) -> Next {
        let page = match self.decoder.page(self.kind, Wire::Json, body) {
            Ok(page) if !page.version.is_empty() => page,
            Ok(_) => {
                return Next::Retry {
                    why: "the list has no resourceVersion".to_owned(),
                };
            }
            Err(error) => {
                return Next::Retry {
                    why: format!("unreadable list: {error}"),
                };
            }
        };
        if self.step == Step::Empty {
            self.begin(out);
        }
        for item in page.items {
            match item {
                Ok(object) => {
                    self.seen += 1;
                    out.push(Delta::Upsert(object));
                }
                Err((name, why)) => out.push(Delta::Unreadable { name, why }),
            }
        }
        self.expected = page.remaining.map(|r| self.seen + r);
        self.step = match page.next {
            Some(next) => Step::Page { next },
            None => {
                out.push(Delta::SyncEnd);
                Step::Follow {
                    version: page.version,
                }
            }
        };
        Next::Again
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
                Refusal::Again
            }
            // The server has no streaming lists, or they are switched off.
            400 | 405 | 406 | 415 | 422 if initial && self.streaming => {
                self.streaming = false;
                self.step = Step::Empty;
                Refusal::Again
            }
            // A continue token that the server no longer takes.
            400 if matches!(self.step, Step::Page { .. }) => {
                self.step = Step::Empty;
                Refusal::Again
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
        m.line(&added("a", 1), &mut out);
        m.line(&bookmark(4, false), &mut out);
        m.line(&added("b", 2), &mut out);
        assert_eq!(
            m.state(),
            FeedState::Syncing {
                seen: 2,
                expected: None
            }
        );
        m.line(&bookmark(5, true), &mut out);
        assert_eq!(m.state(), FeedState::Live);
        m.line(&added("c", 6), &mut out);
        assert_eq!(short(&out), "start +a +b end +c");
        m.ended();
        assert_eq!(m.ask(), follow("6"));
        out.clear();
        m.opened(&mut out);
        m.line(&bookmark(9, false), &mut out);
        m.line(
            br#"{"type":"DELETED","object":{"metadata":{"name":"a","uid":"u-a","resourceVersion":"10"}}}"#,
            &mut out,
        );
        assert_eq!(short(&out), "-a");
        assert_eq!(m.ask(), follow("10"));
    }

    #[test]
    fn a_list_that_breaks_off_begins_anew() {
        let mut m = machine(true);
        let mut out = Vec::new();
        m.opened(&mut out);
        m.line(&added("a", 1), &mut out);
        m.ended();
        assert_eq!(m.ask(), Ask::Watch(STREAM.into()));
        m.opened(&mut out);
        m.line(&added("a", 1), &mut out);
        m.line(&bookmark(2, true), &mut out);
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
            m.page(page(&["a", "b"], "t/k").as_bytes(), &mut out),
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
        m.page(page(&["c"], "").as_bytes(), &mut out);
        assert_eq!(short(&out), "start +a +b +c end");
        assert_eq!(m.ask(), follow("7"));
    }

    #[test]
    fn an_expired_version_lists_anew() {
        for how in ["event", "status"] {
            let mut m = machine(true);
            let mut out = Vec::new();
            m.opened(&mut out);
            m.line(&bookmark(5, true), &mut out);
            if how == "event" {
                let line = br#"{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}"#;
                assert_eq!(m.line(line, &mut out), Next::Again);
            } else {
                assert_eq!(m.refused(&error(410)), Refusal::Again);
            }
            assert_eq!(m.ask(), Ask::Watch(STREAM.into()), "{how}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_passed() {
        let mut m = machine(true);
        let mut out = Vec::new();
        m.opened(&mut out);
        m.line(&bookmark(5, true), &mut out);
        out.clear();
        let line = br#"{"type":"MODIFIED","object":{"metadata":{"name":"p","namespace":"n","resourceVersion":"8"},"status":{"containerStatuses":3}}}"#;
        assert_eq!(m.line(line, &mut out), Next::Continue);
        assert_eq!(short(&out), "?n/p");
        assert_eq!(m.ask(), follow("8"));
        assert!(matches!(m.line(b"nonsense", &mut out), Next::Retry { .. }));
        assert_eq!(m.line(b"\n", &mut out), Next::Continue);
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
