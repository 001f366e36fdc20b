//! Reads from the engine: what a screen asks of the API server beside what it watches.
//!
//! A call that asks has a purpose; its answer goes to who had it, and to nobody when that screen is gone. An
//! answer is a body or a failure, both data. Who waits is told so by [`Asks::since`].

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::any::Source;
use super::doc::Part;
use super::effect::{Accept, Call, CallId, Effect, Verb};
use super::event::{Now, Reply};
use super::relations::TiePart;
use super::view::{Span, Tone};
use super::{Dirty, Engine};
use crate::model::{ClusterNo, Text};

/// Seconds that an answer may take.
const PATIENCE_S: u32 = 15;
/// How long after its patience a call is waited for that has not even come back as lost: it may have waited
/// for the budget, or gone with its connection.
const GRACE: Duration = Duration::from_secs(30);

/// Names a screen that asks, so that its answers find it wherever it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ScreenNo(pub(crate) u64);

/// What an answer is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// A part of what a text screen shows.
    Document(ScreenNo, Part),
    /// What is asked for again and again.
    Poll(ClusterNo, super::polls::Polled),
    /// The kinds that a cluster serves.
    Kinds(ClusterNo, Source),
    /// A page of the table of a kind.
    Rows(ScreenNo),
    /// What the menu of relations needs.
    Ties(ScreenNo, TiePart),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// 401 and 403.
    Denied(Text),
    /// 404: the object, or its kind.
    Gone(Text),
    /// 410: the place in a list that was to be continued.
    Expired(Text),
    /// Another refusal, with its code; 0: nothing was sent.
    Refused(u16, Text),
    /// Nothing came back.
    Lost(Text),
}

impl Failure {
    /// In a line: glyph, word, reason.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Denied(text) => Span::new(format!("✕ denied: {text}"), Tone::Bad),
            Self::Gone(text) => Span::new(format!("✕ not found: {text}"), Tone::Warn),
            Self::Expired(text) => Span::new(format!("▲ expired: {text}"), Tone::Warn),
            Self::Refused(0, text) => Span::new(format!("✕ not sent: {text}"), Tone::Bad),
            Self::Refused(code, text) => Span::new(format!("✕ {code}: {text}"), Tone::Bad),
            Self::Lost(text) => Span::new(format!("▲ no answer: {text}"), Tone::Warn),
        }
    }

    /// What a reply says.
    pub(crate) fn of(reply: Reply) -> Result<Value, Self> {
        match reply {
            Reply::Done(value) => Ok(value),
            Reply::Refused { code, message, .. } => Err(match code {
                401 | 403 => Self::Denied(missing(&message).into()),
                404 => Self::Gone(message),
                410 => Self::Expired(message),
                code => Self::Refused(code, message),
            }),
            Reply::Lost(why) => Err(Self::Lost(why)),
        }
    }
}

/// The server's sentence about a refusal, said by verb and resource: `list secrets for user dev in ns ci`.
fn missing(message: &str) -> String {
    let quoted = |behind: &str| {
        let rest = message.split_once(behind)?.1.strip_prefix('"')?;
        Some(rest.split_once('"')?.0)
    };
    let verb = message
        .split_once(" cannot ")
        .and_then(|(_, rest)| rest.split_once(" resource "))
        .map(|(verb, _)| verb);
    let (Some(user), Some(verb), Some(resource)) = (quoted("User "), verb, quoted(" resource "))
    else {
        return message.to_owned();
    };
    let group = quoted("API group ").unwrap_or_default();
    let dot = if group.is_empty() { "" } else { "." };
    let place = match quoted("in the namespace ") {
        Some(namespace) => format!("in ns {namespace}"),
        None => "in the whole cluster".to_owned(),
    };
    format!("{verb} {resource}{dot}{group} for user {user} {place}")
}

/// What came of it.
pub(crate) type Answer = Result<Value, Failure>;

#[derive(Clone, Debug)]
struct Asked {
    cluster: ClusterNo,
    purpose: Purpose,
    since: Duration,
    until: Duration,
}

/// Calls that wait for their answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asks {
    waiting: BTreeMap<CallId, Asked>,
    last_screen: u64,
}

impl Asks {
    /// A number for a screen that asks.
    pub(crate) fn screen(&mut self) -> ScreenNo {
        self.last_screen += 1;
        ScreenNo(self.last_screen)
    }

    /// Since when an answer is waited for, as [`Now::boot`]; `None`: none is.
    pub(crate) fn since(&self, purpose: &Purpose) -> Option<Duration> {
        let of = |asked: &&Asked| asked.purpose == *purpose;
        self.waiting.values().filter(of).map(|a| a.since).min()
    }

    fn take(&mut self, id: CallId) -> Option<Purpose> {
        self.waiting.remove(&id).map(|asked| asked.purpose)
    }

    /// Those that nothing will be heard of any more.
    fn overdue(&mut self, now: Now) -> Vec<Purpose> {
        let late: Vec<CallId> = self
            .waiting
            .iter()
            .filter(|(_, asked)| asked.until < now.boot)
            .map(|(id, _)| *id)
            .collect();
        late.into_iter().filter_map(|id| self.take(id)).collect()
    }

    /// The console leaves a cluster: no answer of it counts.
    pub(crate) fn forget(&mut self, no: ClusterNo) {
        self.waiting.retain(|_, asked| asked.cluster != no);
    }
}

/// A read of that path.
pub(crate) fn get(path: impl Into<String>, accept: Accept) -> Call {
    Call {
        verb: Verb::Get,
        path: path.into(),
        body: Value::Null,
        accept,
        timeout_s: PATIENCE_S,
    }
}

impl Engine {
    /// Sends a call to a cluster; what comes of it goes to [`Engine::answered`] with its purpose.
    pub(super) fn ask(
        &mut self,
        no: ClusterNo,
        purpose: Purpose,
        call: Call,
        out: &mut Vec<Effect>,
    ) -> CallId {
        let id = self.actions.next_call();
        let since = self.clock.boot;
        let until = since + Duration::from_secs(u64::from(call.timeout_s)) + GRACE;
        let asked = Asked {
            cluster: no,
            purpose,
            since,
            until,
        };
        self.asks.waiting.insert(id, asked);
        out.push(Effect::Call(no, id, Box::new(call)));
        id
    }

    /// Takes a reply that was asked for here; gives back one that was not.
    pub(super) fn reply_to_ask(
        &mut self,
        id: CallId,
        reply: Box<Reply>,
        out: &mut Vec<Effect>,
    ) -> Option<Box<Reply>> {
        let Some(purpose) = self.asks.take(id) else {
            return Some(reply);
        };
        self.answered(purpose, Failure::of(*reply), out);
        self.mark(Dirty::News);
        None
    }

    /// Gives up what is overdue. To be called as time passes.
    pub(super) fn doubt_asks(&mut self, out: &mut Vec<Effect>) {
        for purpose in self.asks.overdue(self.clock) {
            let failure = Failure::Lost("the connection has not told what became of it".into());
            self.answered(purpose, Err(failure), out);
        }
    }

    /// Brings an answer to who asked for it.
    fn answered(&mut self, purpose: Purpose, answer: Answer, out: &mut Vec<Effect>) {
        match purpose {
            Purpose::Document(no, part) => self.document_answer(no, part, answer, out),
            Purpose::Poll(no, polled) => self.polled(no, polled, answer),
            Purpose::Kinds(no, source) => self.kinds_answer(no, source, answer, out),
            Purpose::Rows(no) => self.rows_answer(no, answer, out),
            Purpose::Ties(no, part) => self.ties_answer(no, part, answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_by_verb_and_resource() {
        for (message, want) in [
            (
                "secrets is forbidden: User \"dev\" cannot list resource \"secrets\" in API group \"\" in the namespace \"ci\"",
                "list secrets for user dev in ns ci",
            ),
            (
                "widgets.example.com \"a\" is forbidden: User \"dev\" cannot get resource \"widgets\" in API group \"example.com\" at the cluster scope: RBAC: no",
                "get widgets.example.com for user dev in the whole cluster",
            ),
            ("Unauthorized", "Unauthorized"),
        ] {
            assert_eq!(missing(message), want);
        }
    }
}
