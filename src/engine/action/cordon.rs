//! Cordons or uncordons one node, by uid.

use std::time::Duration;

use serde_json::json;

use super::super::event::Reply;
use super::call::{self, DryRun};
use super::task::{Calls, Cx, Outcome, Tag, backoff, busy, refused};
use crate::model::leaving::CORDONED_BY;
use crate::model::{Text, Uid};

const TRIES: u32 = 8;

/// The machine.
#[derive(Clone, Debug)]
pub(super) struct CordonTask {
    node: Text,
    uid: Uid,
    /// True: cordon.
    on: bool,
    state: State,
    tries: u32,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Start { not_before: Duration },
    Patching,
    Waiting,
    Over(Outcome),
}

impl CordonTask {
    pub(super) fn new(node: Text, uid: Uid, on: bool) -> Self {
        let state = State::Start {
            not_before: Duration::ZERO,
        };
        Self {
            node,
            uid,
            on,
            state,
            tries: 0,
        }
    }

    fn word(&self) -> &'static str {
        if self.on { "cordon" } else { "uncordon" }
    }

    pub(super) fn poll(&mut self, cx: Cx<'_>, out: &mut Calls) {
        let shown = cx
            .model
            .node(&self.node)
            .filter(|node| node.meta.uid == self.uid)
            .map(|node| node.unschedulable == self.on);
        match self.state {
            State::Start { .. } if shown == Some(true) => {
                let text = format!("node {}: already {}ed", self.node, self.word());
                self.state = State::Over(Outcome::Done(text.into()));
            }
            State::Start { not_before } if cx.now.boot >= not_before => {
                // The uid makes the server refuse (409) a new node of the same name. The patch sets one
                // field to one value, so repeating it after a lost answer is harmless.
                let unschedulable = if self.on { json!(true) } else { json!(null) };
                let by = if self.on {
                    json!(&**cx.who)
                } else {
                    json!(null)
                };
                let patch = json!({
                    "metadata": {
                        "uid": self.uid.to_string(),
                        // By this our own cordons are told from those of others.
                        "annotations": { CORDONED_BY: by },
                    },
                    "spec": { "unschedulable": unschedulable },
                });
                out.push((
                    0,
                    call::merge(&call::node_path(&self.node), patch, cx.dry_run),
                ));
                self.state = State::Patching;
            }
            State::Waiting if shown == Some(true) => {
                let text = format!("node {}: {}ed", self.node, self.word());
                self.state = State::Over(Outcome::Done(text.into()));
            }
            State::Start { .. } | State::Patching | State::Waiting | State::Over(_) => {}
        }
    }

    pub(super) fn reply(&mut self, cx: Cx<'_>, _: Tag, reply: &Reply, _: &mut Calls) {
        if self.state != State::Patching {
            return;
        }
        self.state = match reply {
            Reply::Done(_) if cx.dry_run == DryRun::Server => {
                let text = format!("node {}: the server would {} it", self.node, self.word());
                State::Over(Outcome::Done(text.into()))
            }
            Reply::Done(_) => State::Waiting,
            // The uid in the patch is not this node's (the server words it as an immutable field).
            Reply::Refused {
                code: 409 | 422, ..
            } => {
                let text = format!("node {}: replaced by another of its name", self.node);
                State::Over(Outcome::Refused(text.into()))
            }
            Reply::Refused { .. } | Reply::Lost(_) => {
                self.tries += 1;
                if (matches!(reply, Reply::Lost(_)) || busy(reply)) && self.tries < TRIES {
                    State::Start {
                        not_before: cx.now.boot + backoff(self.tries, reply),
                    }
                } else {
                    State::Over(refused(
                        &format!("node {}: {}", self.node, self.word()),
                        reply,
                    ))
                }
            }
        };
    }

    pub(super) fn stop(&mut self) {
        if !matches!(self.state, State::Over(_)) {
            let text = format!("node {}: stopped; it may be {}ed", self.node, self.word());
            self.state = State::Over(Outcome::Stopped(text.into()));
        }
    }

    pub(super) fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Over(outcome) => Some(outcome),
            State::Start { .. } | State::Patching | State::Waiting => None,
        }
    }

    pub(super) fn doing(&self) -> &'static str {
        match self.state {
            State::Start { .. } | State::Patching | State::Waiting => "patching the node",
            State::Over(_) => "",
        }
    }
}
