//! Sets the replicas through the scale subresource, and waits until they are there.
//!
//! The number is written with the resourceVersion that was read: who wrote in between is seen (409). When it was
//! the number itself that somebody changed, the plan no longer holds and nothing is done.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::super::event::Reply;
use super::super::call::{self, DryRun};
use super::super::task::{Calls, Cx, Outcome, Tag, backoff, busy, refused};
use super::Object;
use super::change::{PATIENCE, Progress};
use crate::model::{Text, Workload};

const TRIES: u32 = 8;

/// The machine.
#[derive(Clone, Debug)]
pub(in super::super) struct ScaleTask {
    object: Object,
    /// As the plan was made.
    from: i32,
    to: i32,
    state: State,
    tries: u32,
    progress: Progress,
    ready: i32,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Start { not_before: Duration },
    Reading,
    Putting,
    Waiting,
    Over(Outcome),
}

impl ScaleTask {
    pub(in super::super) fn new(object: Object, from: i32, to: i32) -> Self {
        let state = State::Start {
            not_before: Duration::ZERO,
        };
        Self {
            object,
            from,
            to,
            state,
            tries: 0,
            progress: Progress::default(),
            ready: from,
        }
    }

    fn name(&self) -> Text {
        self.object.title()
    }

    fn path(&self) -> String {
        format!("{}/scale", self.object.path())
    }

    pub(in super::super) fn poll(&mut self, cx: Cx<'_>, out: &mut Calls) {
        match self.state {
            State::Start { not_before } if cx.now.boot >= not_before => {
                out.push((0, call::get(&self.path())));
                self.state = State::Reading;
            }
            State::Waiting => {
                if let Some(end) = self.look(cx) {
                    self.state = State::Over(end);
                }
            }
            State::Start { .. } | State::Reading | State::Putting | State::Over(_) => {}
        }
    }

    fn look(&mut self, cx: Cx<'_>) -> Option<Outcome> {
        let name = self.name();
        if self.object.gone(cx) {
            return Some(Outcome::Failed(format!("{name}: it is gone").into()));
        }
        let workload = self.object.workload(cx.model)?;
        if !workload.is_observed() {
            return None;
        }
        self.ready = workload.ready;
        if workload.desired != self.to {
            // The watch may lag behind our own write, but not behind its observation.
            let text = format!("{name}: somebody set it to {} since", workload.desired);
            return (workload.desired != self.from).then(|| Outcome::Failed(text.into()));
        }
        if reached(workload) {
            let text = format!("{name}: {} of {} ready", workload.ready, self.to);
            return Some(Outcome::Done(text.into()));
        }
        self.progress.stalls(cx.now.boot, workload).then(|| {
            let text = format!(
                "{name}: set to {}, but {} are there and {} ready; nothing moved for {} min",
                self.to,
                workload.current,
                workload.ready,
                PATIENCE.as_secs() / 60
            );
            Outcome::Failed(text.into())
        })
    }

    pub(in super::super) fn reply(&mut self, cx: Cx<'_>, _: Tag, reply: &Reply, out: &mut Calls) {
        self.state = match self.state {
            State::Reading => self.read(cx, reply, out),
            State::Putting => self.put(cx, reply),
            State::Start { .. } | State::Waiting | State::Over(_) => return,
        };
    }

    fn read(&mut self, cx: Cx<'_>, reply: &Reply, out: &mut Calls) -> State {
        let name = self.name();
        let Reply::Done(scale) = reply else {
            return self.again(cx, reply, "read its scale");
        };
        let same = scale["metadata"]["uid"].as_str();
        if !same.is_some_and(|uid| self.object.uid.is(uid)) {
            return over(format!("{name}: replaced by another of its name"));
        }
        // An absent number is Go's zero.
        let now = scale["spec"]["replicas"].as_i64().unwrap_or(0);
        if now == i64::from(self.to) {
            return State::Waiting;
        }
        if now != i64::from(self.from) {
            let text = format!(
                "{name}: somebody set it from {} to {now} meanwhile; nothing was done",
                self.from
            );
            return over(text);
        }
        let mut whole: Value = scale.clone();
        whole["spec"] = json!({ "replicas": self.to });
        out.push((0, call::put(&self.path(), whole, cx.dry_run)));
        State::Putting
    }

    fn put(&mut self, cx: Cx<'_>, reply: &Reply) -> State {
        match reply {
            Reply::Done(_) if cx.dry_run == DryRun::Server => {
                let text = format!("{}: the server would scale it to {}", self.name(), self.to);
                State::Over(Outcome::Done(text.into()))
            }
            Reply::Done(_) => State::Waiting,
            // Somebody wrote in between, perhaps only the status; or it is not known whether we did: it is
            // read again.
            Reply::Refused { .. } | Reply::Lost(_) => self.again(cx, reply, "scale it"),
        }
    }

    fn again(&mut self, cx: Cx<'_>, reply: &Reply, what: &str) -> State {
        self.tries += 1;
        let conflict = matches!(reply, Reply::Refused { code: 409, .. });
        let passing = conflict || matches!(reply, Reply::Lost(_)) || busy(reply);
        if passing && self.tries < TRIES {
            let wait = if conflict {
                Duration::ZERO
            } else {
                backoff(self.tries, reply)
            };
            return State::Start {
                not_before: cx.now.boot + wait,
            };
        }
        State::Over(refused(&format!("{}: {what}", self.name()), reply))
    }

    pub(in super::super) fn stop(&mut self) {
        let name = self.name();
        let text = match self.state {
            State::Over(_) => return,
            State::Waiting => format!("{name}: set to {}; no longer waited for", self.to),
            State::Start { .. } | State::Reading | State::Putting => {
                format!("{name}: stopped; it may be set to {}", self.to)
            }
        };
        self.state = State::Over(Outcome::Stopped(text.into()));
    }

    pub(in super::super) fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Over(outcome) => Some(outcome),
            State::Start { .. } | State::Reading | State::Putting | State::Waiting => None,
        }
    }

    pub(in super::super) fn doing(&self) -> String {
        match self.state {
            State::Start { .. } | State::Reading => "reading its scale".to_owned(),
            State::Putting => format!("setting it to {}", self.to),
            State::Waiting => format!("{} of {} ready", self.ready, self.to),
            State::Over(_) => String::new(),
        }
    }
}

fn reached(workload: &Workload) -> bool {
    workload.current == workload.desired && workload.ready >= workload.desired
}

fn over(text: String) -> State {
    State::Over(Outcome::Refused(text.into()))
}
