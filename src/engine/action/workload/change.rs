//! One patch of one field, and waiting until the watch shows what it leads to: a restart is over when the
//! rollout is, a suspension when the field shows.
//!
//! The patch carries the uid, so that another object of the name is left alone (409), and sets one field to one
//! value: repeating it after a lost answer is harmless.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use serde_json::{Value, json};

use super::super::super::effect::Call;
use super::super::super::event::Reply;
use super::super::call::{self, DryRun};
use super::super::task::{Calls, Cx, Outcome, Tag, backoff, busy, refused};
use super::Object;
use crate::model::workload::RESTARTED_AT;
use crate::model::{Kind, Text, Truth, Update, Workload};

const TRIES: u32 = 8;
/// A rollout that has not come on for so long is told as failed; it goes on without us.
pub(super) const PATIENCE: Duration = Duration::from_secs(900);

/// What is to be.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Goal {
    /// The template says so since then, and all pods are of it.
    Restarted(Option<DateTime<Utc>>),
    /// `spec.suspend` is this.
    Suspended(bool),
}

impl Goal {
    /// Of a restart that begins when it is first looked at.
    pub(in super::super) fn restart() -> Self {
        Self::Restarted(None)
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Restarted(_) => "restart",
            Self::Suspended(true) => "suspend",
            Self::Suspended(false) => "resume",
        }
    }
}

/// The machine.
#[derive(Clone, Debug)]
pub(in super::super) struct ChangeTask {
    object: Object,
    goal: Goal,
    state: State,
    tries: u32,
    progress: Progress,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Start { not_before: Duration },
    Patching,
    Waiting,
    Over(Outcome),
}

/// How far a rollout was when it last came on.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    numbers: Option<(i32, i32, i32, i64)>,
    since: Duration,
    words: String,
}

impl Progress {
    /// Looks again; true: it has not come on for too long.
    pub(super) fn stalls(&mut self, now: Duration, workload: &Workload) -> bool {
        let numbers = (
            workload.updated,
            workload.current,
            workload.ready,
            workload.observed,
        );
        if self.numbers != Some(numbers) {
            self.numbers = Some(numbers);
            self.since = now;
        }
        self.words = format!(
            "{} of {} updated, {} ready",
            workload.updated,
            workload.to_update(),
            workload.ready
        );
        now >= self.since + PATIENCE
    }

    pub(super) fn words(&self) -> &str {
        &self.words
    }
}

impl ChangeTask {
    pub(in super::super) fn new(object: Object, goal: Goal) -> Self {
        let state = State::Start {
            not_before: Duration::ZERO,
        };
        Self {
            object,
            goal,
            state,
            tries: 0,
            progress: Progress::default(),
        }
    }

    fn name(&self) -> Text {
        self.object.title()
    }

    fn call(&mut self, cx: Cx<'_>) -> Call {
        let path = self.object.path();
        let uid = json!({ "uid": self.object.uid.to_string() });
        match &mut self.goal {
            Goal::Restarted(at) => {
                // Chosen once, so that a repeated patch is the same one.
                let at = at.get_or_insert_with(|| cx.now.wall.trunc_subsecs(0));
                let stamp = at.to_rfc3339_opts(SecondsFormat::Secs, true);
                let notes = json!({ RESTARTED_AT: stamp });
                let template = json!({ "metadata": { "annotations": notes } });
                let patch = json!({ "metadata": uid, "spec": { "template": template } });
                call::strategic(&path, patch, cx.dry_run)
            }
            Goal::Suspended(on) => {
                let patch: Value = json!({ "metadata": uid, "spec": { "suspend": *on } });
                call::merge(&path, patch, cx.dry_run)
            }
        }
    }

    pub(in super::super) fn poll(&mut self, cx: Cx<'_>, out: &mut Calls) {
        match self.state {
            State::Start { not_before } if cx.now.boot >= not_before => {
                let call = self.call(cx);
                out.push((0, call));
                self.state = State::Patching;
            }
            State::Waiting => {
                if let Some(end) = self.look(cx) {
                    self.state = State::Over(end);
                }
            }
            State::Start { .. } | State::Patching | State::Over(_) => {}
        }
    }

    /// What the watch shows of it.
    fn look(&mut self, cx: Cx<'_>) -> Option<Outcome> {
        let name = self.name();
        if self.object.gone(cx) {
            return Some(Outcome::Failed(format!("{name}: it is gone").into()));
        }
        match self.goal {
            Goal::Suspended(on) => {
                let cron = cx.model.cron_job_by_uid(&self.object.uid)?;
                let word = if on { "suspended" } else { "resumed" };
                (cron.suspended == on).then(|| Outcome::Done(format!("{name}: {word}").into()))
            }
            Goal::Restarted(at) => {
                let workload = self.object.workload(cx.model)?;
                // Somebody else may have asked again since.
                if workload.restarted < at || !workload.is_observed() {
                    return None;
                }
                if workload.update == Update::OnDelete {
                    let text = format!("{name}: marked; its pods are replaced as they are deleted");
                    return Some(Outcome::Done(text.into()));
                }
                if workload.is_rolled_out() {
                    let text = format!("{name}: restarted, {} ready", workload.ready);
                    return Some(Outcome::Done(text.into()));
                }
                let stalls = self.progress.stalls(cx.now.boot, workload);
                let words = self.progress.words();
                let failed = workload.condition("Progressing").filter(|c| {
                    c.status == Truth::False && &*c.reason == "ProgressDeadlineExceeded"
                });
                if let Some(failed) = failed {
                    let text = format!("{name}: {words}: {}", failed.message);
                    return Some(Outcome::Failed(text.into()));
                }
                let minutes = PATIENCE.as_secs() / 60;
                stalls.then(|| {
                    let text = format!("{name}: {words}; nothing moved for {minutes} min");
                    Outcome::Failed(text.into())
                })
            }
        }
    }

    pub(in super::super) fn reply(&mut self, cx: Cx<'_>, _: Tag, reply: &Reply, _: &mut Calls) {
        if self.state != State::Patching {
            return;
        }
        let (name, word) = (self.name(), self.goal.word());
        self.state = match reply {
            Reply::Done(_) if cx.dry_run == DryRun::Server => {
                let text = format!("{name}: the server would {word} it");
                State::Over(Outcome::Done(text.into()))
            }
            Reply::Done(_) => State::Waiting,
            // The uid in the patch is not this object's (the server words it as an immutable field).
            Reply::Refused { code: 409, .. } => {
                let text = format!("{name}: replaced by another of its name");
                State::Over(Outcome::Refused(text.into()))
            }
            Reply::Refused { .. } | Reply::Lost(_) => {
                self.tries += 1;
                if (matches!(reply, Reply::Lost(_)) || busy(reply)) && self.tries < TRIES {
                    State::Start {
                        not_before: cx.now.boot + backoff(self.tries, reply),
                    }
                } else {
                    State::Over(refused(&format!("{name}: {word}"), reply))
                }
            }
        };
    }

    pub(in super::super) fn stop(&mut self) {
        let name = self.name();
        let text = match self.state {
            State::Over(_) => return,
            State::Waiting if self.object.kind != Kind::CronJob => {
                format!("{name}: its rollout goes on; no longer waited for")
            }
            State::Start { .. } | State::Patching | State::Waiting => {
                format!(
                    "{name}: stopped; it may have been asked to {}",
                    self.goal.word()
                )
            }
        };
        self.state = State::Over(Outcome::Stopped(text.into()));
    }

    pub(in super::super) fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Over(outcome) => Some(outcome),
            State::Start { .. } | State::Patching | State::Waiting => None,
        }
    }

    pub(in super::super) fn doing(&self) -> String {
        match (&self.state, self.progress.words()) {
            (State::Over(_), _) => String::new(),
            (State::Waiting, "") => "waiting for its controller".to_owned(),
            (State::Waiting, words) => format!("rolling: {words}"),
            (State::Start { .. } | State::Patching, _) => format!("asking to {}", self.goal.word()),
        }
    }
}
