//! Deletes one object by uid, and waits until the watch shows it gone: a pod, or a batch Job with its pods.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::event::Reply;
use super::call::{self, DryRun};
use super::task::{Calls, Cx, Outcome, Tag, backoff, busy, refused};
use crate::model::{Kind, Text, Uid};

const TRIES: u32 = 8;

/// What is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doomed {
    /// With its own grace period.
    Pod,
    /// In the background: its pods go after it.
    BatchJob,
}

/// The machine.
#[derive(Clone, Debug)]
pub(super) struct DeleteTask {
    what: Doomed,
    path: String,
    uid: Uid,
    /// `pod ci-jobs/x`, `job nightly`.
    name: Text,
    state: State,
    tries: u32,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Start { not_before: Duration },
    Deleting,
    ReadingBack,
    Waiting,
    Over(Outcome),
}

impl DeleteTask {
    pub(super) fn new(what: Doomed, namespace: &str, name: &str, uid: Uid) -> Self {
        let (path, label) = match what {
            Doomed::Pod => (
                call::pod_path(namespace, name),
                format!("pod {namespace}/{name}"),
            ),
            Doomed::BatchJob => (
                format!("/apis/batch/v1/namespaces/{namespace}/jobs/{name}"),
                format!("job {namespace}/{name}"),
            ),
        };
        let state = State::Start {
            not_before: Duration::ZERO,
        };
        Self {
            what,
            path,
            uid,
            name: label.into(),
            state,
            tries: 0,
        }
    }

    pub(super) fn poll(&mut self, cx: Cx<'_>, out: &mut Calls) {
        match self.state {
            State::Start { not_before } if cx.now.boot >= not_before => {
                let options = match self.what {
                    Doomed::Pod => Value::Null,
                    Doomed::BatchJob => json!({ "propagationPolicy": "Background" }),
                };
                out.push((0, call::delete(&self.path, &self.uid, options, cx.dry_run)));
                self.state = State::Deleting;
            }
            State::Waiting if self.gone(cx) => {
                self.state = State::Over(Outcome::Done(format!("{}: gone", self.name).into()));
            }
            State::Start { .. }
            | State::Deleting
            | State::ReadingBack
            | State::Waiting
            | State::Over(_) => {}
        }
    }

    pub(super) fn reply(&mut self, cx: Cx<'_>, _: Tag, reply: &Reply, out: &mut Calls) {
        self.state = match std::mem::replace(&mut self.state, State::Waiting) {
            State::Deleting => self.deleted(cx, reply, out),
            State::ReadingBack => self.read_back(cx, reply),
            other @ (State::Start { .. } | State::Waiting | State::Over(_)) => other,
        };
    }

    fn deleted(&mut self, cx: Cx<'_>, reply: &Reply, out: &mut Calls) -> State {
        match reply {
            Reply::Done(_) if cx.dry_run == DryRun::Server => {
                let text = format!("{}: the server would delete it", self.name);
                State::Over(Outcome::Done(text.into()))
            }
            // 404: gone already. 409: the uid is another's: gone, and replaced.
            Reply::Done(_)
            | Reply::Refused {
                code: 404 | 409, ..
            } => State::Waiting,
            Reply::Lost(_) => {
                out.push((0, call::get(&self.path)));
                State::ReadingBack
            }
            Reply::Refused { .. } => self.again(cx, reply),
        }
    }

    fn read_back(&mut self, cx: Cx<'_>, reply: &Reply) -> State {
        match reply {
            Reply::Done(body) => {
                let same = body["metadata"]["uid"]
                    .as_str()
                    .is_some_and(|uid| self.uid.is(uid));
                let deleting = !body["metadata"]["deletionTimestamp"].is_null();
                if same && !deleting {
                    self.again(cx, reply)
                } else {
                    State::Waiting
                }
            }
            Reply::Refused { code: 404, .. } => State::Waiting,
            Reply::Refused { .. } | Reply::Lost(_) => self.again(cx, reply),
        }
    }

    fn again(&mut self, cx: Cx<'_>, reply: &Reply) -> State {
        self.tries += 1;
        let passing = matches!(reply, Reply::Done(_) | Reply::Lost(_)) || busy(reply);
        if passing && self.tries < TRIES {
            return State::Start {
                not_before: cx.now.boot + backoff(self.tries, reply),
            };
        }
        State::Over(refused(&format!("{}: delete", self.name), reply))
    }

    fn gone(&self, cx: Cx<'_>) -> bool {
        match self.what {
            Doomed::Pod => cx.live(Kind::Pod) && cx.model.pod(&self.uid).is_none(),
            Doomed::BatchJob => {
                cx.live(Kind::BatchJob)
                    && cx.live(Kind::Pod)
                    && cx.model.batch_job_by_uid(&self.uid).is_none()
                    && cx.model.pods_of(&self.uid).next().is_none()
            }
        }
    }

    pub(super) fn stop(&mut self) {
        let text = match self.state {
            State::Over(_) => return,
            State::Start { .. } => format!("{}: stopped before it was asked for", self.name),
            State::Deleting | State::ReadingBack | State::Waiting => {
                format!(
                    "{}: its deletion was asked for; no longer waited for",
                    self.name
                )
            }
        };
        self.state = State::Over(Outcome::Stopped(text.into()));
    }

    pub(super) fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Over(outcome) => Some(outcome),
            State::Start { .. } | State::Deleting | State::ReadingBack | State::Waiting => None,
        }
    }

    pub(super) fn doing(&self) -> &'static str {
        match self.state {
            State::Start { .. } | State::Deleting | State::ReadingBack => "deleting",
            State::Waiting => "terminating",
            State::Over(_) => "",
        }
    }
}
