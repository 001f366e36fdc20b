//! Asks a CI platform for something through its queue entry, and waits until it has been honoured.
//!
//! The edit is a merge patch that carries the resourceVersion it was made from: when somebody else wrote in
//! between, the server answers 409 and the entry is read again. A lost answer is read back, never repeated
//! blindly.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::event::Reply;
use super::call::{self, DryRun};
use super::task::{Calls, Cx, Outcome, Tag, backoff, busy, refused};
use crate::ci::way::{EntryWay, Until};
use crate::model::{Kind, Text, Uid};

/// How often a conflict or a busy server is met before giving up.
const TRIES: u32 = 8;
/// How often the entry is looked at while the platform works.
const LOOK: Duration = Duration::from_secs(2);
/// How long the platform may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// The machine.
#[derive(Clone, Debug)]
pub(super) struct EntryTask {
    way: EntryWay,
    /// `job 48213`, for sentences.
    job: Text,
    /// The job's pod, which has to go when it is cancelled.
    pod: Option<Uid>,
    state: State,
    tries: u32,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Start { not_before: Duration },
    Reading,
    Patching,
    ReadingBack,
    Waiting { asked: Duration, look: Duration },
    Looking { asked: Duration },
    Over(Outcome),
}

/// What an entry says.
struct Entry {
    state: String,
    attempt: u32,
    asked: Option<String>,
    whole: Value,
}

impl EntryTask {
    pub(super) fn new(way: EntryWay, job: Text, pod: Option<Uid>) -> Self {
        let state = State::Start {
            not_before: Duration::ZERO,
        };
        Self {
            way,
            job,
            pod,
            state,
            tries: 0,
        }
    }

    fn path(&self) -> String {
        let EntryWay {
            namespace,
            config_map,
            ..
        } = &self.way;
        format!("/api/v1/namespaces/{namespace}/configmaps/{config_map}")
    }

    pub(super) fn poll(&mut self, cx: Cx<'_>, out: &mut Calls) {
        let now = cx.now.boot;
        match self.state {
            State::Start { not_before } if now >= not_before => {
                out.push((0, call::get(&self.path())));
                self.state = State::Reading;
            }
            State::Waiting { asked, .. } if now >= asked + PATIENCE => {
                let text = format!(
                    "{}: asked, but the platform has not acted for {} min; is a worker running?",
                    self.job,
                    PATIENCE.as_secs() / 60
                );
                self.state = State::Over(Outcome::Failed(text.into()));
            }
            State::Waiting { asked, look } if now >= look => {
                out.push((0, call::get(&self.path())));
                self.state = State::Looking { asked };
            }
            State::Start { .. }
            | State::Reading
            | State::Patching
            | State::ReadingBack
            | State::Waiting { .. }
            | State::Looking { .. }
            | State::Over(_) => {}
        }
    }

    pub(super) fn reply(&mut self, cx: Cx<'_>, _: Tag, reply: &Reply, out: &mut Calls) {
        self.state = match std::mem::replace(&mut self.state, State::Reading) {
            State::Reading => self.read(cx, reply, out),
            State::Patching => self.patched(cx, reply, out),
            State::ReadingBack => self.read(cx, reply, out),
            State::Looking { asked } => self.looked(cx, asked, reply),
            other @ (State::Start { .. } | State::Waiting { .. } | State::Over(_)) => other,
        };
    }

    /// The entry as it is before (or, after a lost answer, perhaps after) our edit.
    fn read(&mut self, cx: Cx<'_>, reply: &Reply, out: &mut Calls) -> State {
        let body = match reply {
            Reply::Done(body) => body,
            other => return self.again(cx, other, "read the queue"),
        };
        let entry = match self.entry(body) {
            Ok(entry) => entry,
            Err(why) => return State::Over(Outcome::Failed(why)),
        };
        let (field, word) = self.way.ask;
        let honoured = self.honoured(cx, &entry);
        if honoured || (entry.attempt == self.way.attempt && entry.asked.as_deref() == Some(word)) {
            return State::Waiting {
                asked: cx.now.boot,
                look: cx.now.boot + LOOK,
            };
        }
        if entry.attempt != self.way.attempt {
            let text = format!(
                "{}: attempt {} is over, it is at {}",
                self.job, self.way.attempt, entry.attempt
            );
            return State::Over(Outcome::Refused(text.into()));
        }
        if !self.way.from.contains(&entry.state.as_str()) {
            let text = format!(
                "{}: cannot {word}, its queue says {}",
                self.job, entry.state
            );
            return State::Over(Outcome::Refused(text.into()));
        }
        let mut whole = entry.whole;
        whole[field] = json!(word);
        whole[self.way.by] = json!(&**cx.who);
        let patch = json!({
            "metadata": { "resourceVersion": body["metadata"]["resourceVersion"] },
            "data": { &*self.way.key: whole.to_string() },
        });
        out.push((0, call::merge(&self.path(), patch, cx.dry_run)));
        State::Patching
    }

    fn patched(&mut self, cx: Cx<'_>, reply: &Reply, out: &mut Calls) -> State {
        match reply {
            Reply::Done(_) if cx.dry_run == DryRun::Server => {
                let text = format!("{}: the server would take the {}", self.job, self.way.ask.1);
                State::Over(Outcome::Done(text.into()))
            }
            Reply::Done(_) => State::Waiting {
                asked: cx.now.boot,
                look: cx.now.boot,
            },
            Reply::Lost(_) => {
                out.push((0, call::get(&self.path())));
                State::ReadingBack
            }
            other => self.again(cx, other, "ask the queue"),
        }
    }

    fn looked(&self, cx: Cx<'_>, asked: Duration, reply: &Reply) -> State {
        let later = State::Waiting {
            asked,
            look: cx.now.boot + LOOK,
        };
        let body = match reply {
            Reply::Done(body) => body,
            Reply::Refused { code: 403, .. } => {
                return State::Over(refused("watch the queue", reply));
            }
            Reply::Refused { .. } | Reply::Lost(_) => return later,
        };
        let Ok(entry) = self.entry(body) else {
            return later;
        };
        if self.honoured(cx, &entry) {
            let text = match self.way.until {
                Until::Ended(_) => format!("{}: {}", self.job, entry.state),
                Until::NextAttempt => {
                    format!("{}: attempt {} {}", self.job, entry.attempt, entry.state)
                }
            };
            return State::Over(Outcome::Done(text.into()));
        }
        if let Until::Ended(_) = self.way.until
            && !self.way.from.contains(&entry.state.as_str())
            && entry.attempt == self.way.attempt
            && self.pod_gone_or_ended(cx)
        {
            let text = format!(
                "{}: it {} before it could be stopped",
                self.job, entry.state
            );
            return State::Over(Outcome::Done(text.into()));
        }
        later
    }

    fn honoured(&self, cx: Cx<'_>, entry: &Entry) -> bool {
        match self.way.until {
            Until::NextAttempt => entry.attempt > self.way.attempt,
            Until::Ended(states) => {
                entry.attempt == self.way.attempt
                    && states.contains(&entry.state.as_str())
                    && self.pod_gone_or_ended(cx)
            }
        }
    }

    fn pod_gone_or_ended(&self, cx: Cx<'_>) -> bool {
        let Some(uid) = &self.pod else { return true };
        match cx.model.pod(uid) {
            Some(pod) => pod.ended(),
            None => cx.live(Kind::Pod),
        }
    }

    /// A conflict or a busy server: read again, after a while. Anything else is the end.
    fn again(&mut self, cx: Cx<'_>, reply: &Reply, what: &str) -> State {
        let conflict = matches!(reply, Reply::Refused { code: 409, .. });
        let lost = matches!(reply, Reply::Lost(_));
        self.tries += 1;
        if (conflict || lost || busy(reply)) && self.tries < TRIES {
            let wait = if conflict {
                Duration::ZERO
            } else {
                backoff(self.tries, reply)
            };
            return State::Start {
                not_before: cx.now.boot + wait,
            };
        }
        State::Over(refused(&format!("{}: {what}", self.job), reply))
    }

    fn entry(&self, body: &Value) -> Result<Entry, Text> {
        let EntryWay {
            namespace,
            config_map,
            key,
            ..
        } = &self.way;
        let text = body["data"][&**key].as_str().ok_or_else(|| {
            format!(
                "{}: queue {namespace}/{config_map} no longer has its entry",
                self.job
            )
        })?;
        let unreadable = || {
            Text::from(format!(
                "{}: its entry in {namespace}/{config_map} is unreadable",
                self.job
            ))
        };
        let whole: Value = serde_json::from_str(text).map_err(|_| unreadable())?;
        let state = whole["state"].as_str().ok_or_else(unreadable)?.to_owned();
        let attempt = whole["attempt"]
            .as_u64()
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(1);
        let asked = whole[self.way.ask.0].as_str().map(str::to_owned);
        Ok(Entry {
            state,
            attempt,
            asked,
            whole,
        })
    }

    /// The task is left where it is; what was asked stays asked.
    pub(super) fn stop(&mut self) {
        let text = match self.state {
            State::Over(_) => return,
            State::Waiting { .. } | State::Looking { .. } => {
                format!("{}: asked; no longer waited for", self.job)
            }
            State::Start { .. } | State::Reading | State::Patching | State::ReadingBack => {
                format!("{}: stopped; it may have been asked", self.job)
            }
        };
        self.state = State::Over(Outcome::Stopped(text.into()));
    }

    pub(super) fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Over(outcome) => Some(outcome),
            State::Start { .. }
            | State::Reading
            | State::Patching
            | State::ReadingBack
            | State::Waiting { .. }
            | State::Looking { .. } => None,
        }
    }

    pub(super) fn doing(&self) -> &'static str {
        match self.state {
            State::Start { .. } | State::Reading => "reading the queue",
            State::Patching | State::ReadingBack => "asking",
            State::Waiting { .. } | State::Looking { .. } => "waiting for the platform",
            State::Over(_) => "",
        }
    }
}
