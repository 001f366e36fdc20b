//! How a terminal ends: with which code, and what was made for it alone goes with it.

use std::time::Duration;

use super::super::super::event::Reply;
use super::super::task::{Cx, Outcome, backoff, busy};
use super::body::{self, Standing};
use super::terminal::{Kind, State, Tell, TerminalTask};
use crate::engine::remote::{RemoteEnd, RemoteEvent};
use crate::engine::text;

/// Looks at a pod for the exit code of a process that has ended, and the time between two of them.
const LOOKS: u32 = 5;
const LOOK: Duration = Duration::from_secs(1);
/// Attempts to delete a pod.
const TRIES: u32 = 5;

impl TerminalTask {
    /// What was opened has news.
    pub(in crate::engine::action) fn remote(&mut self, cx: Cx<'_>, event: &RemoteEvent) {
        let State::Open { since } = self.state else {
            return;
        };
        match event {
            RemoteEvent::Opened => self.state = State::Open { since: cx.now.boot },
            RemoteEvent::Listening(_) | RemoteEvent::Traffic(_) => {}
            RemoteEvent::Ended(end) => {
                let after = cx.now.boot.saturating_sub(since);
                let unsaid = matches!(end, RemoteEnd::Ended | RemoteEnd::Exited(0));
                if unsaid && !matches!(self.kind, Kind::Shell { .. }) {
                    // Attaching tells that the process ended, its container how.
                    self.state = State::Ended {
                        after,
                        looks: 0,
                        look: cx.now.boot,
                    };
                } else {
                    let outcome = self.outcome_of(end, after);
                    self.finish(cx, outcome);
                }
            }
        }
    }

    pub(super) fn read_end(&mut self, cx: Cx<'_>, reply: &Reply, after: Duration, looks: u32) {
        let end = match reply {
            Reply::Done(pod) => match body::standing(pod, &self.container) {
                Standing::Ended(code, _) => Some(RemoteEnd::Exited(code)),
                // The kubelet has not told yet; a restarted one will not.
                Standing::Running | Standing::Waiting(_) if looks < LOOKS => None,
                Standing::Running
                | Standing::Waiting(_)
                | Standing::Stuck(_)
                | Standing::Absent => Some(RemoteEnd::Ended),
            },
            Reply::Refused { .. } => Some(RemoteEnd::Ended),
            Reply::Lost(_) if looks < LOOKS => None,
            Reply::Lost(_) => Some(RemoteEnd::Ended),
        };
        match end {
            Some(end) => {
                let outcome = self.outcome_of(&end, after);
                self.finish(cx, outcome);
            }
            None => {
                self.state = State::Ended {
                    after,
                    looks: looks + 1,
                    look: cx.now.boot + LOOK,
                };
            }
        }
    }

    fn outcome_of(&self, end: &RemoteEnd, after: Duration) -> Outcome {
        let title = &self.title;
        let seconds = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
        let after = text::seconds(seconds);
        let failed = |text: String| Outcome::Failed(text.into());
        match end {
            RemoteEnd::Exited(code) => {
                let killed = match code {
                    130 => " (interrupted)",
                    137 => " (killed)",
                    143 => " (terminated)",
                    _ => "",
                };
                let text = format!("{title} ended: exit {code}{killed} after {after}");
                Outcome::Done(text.into())
            }
            RemoteEnd::Ended => Outcome::Done(format!("{title} ended after {after}").into()),
            RemoteEnd::Left => {
                let goes_on = match self.kind {
                    Kind::Shell { .. } => "; what runs there may go on",
                    Kind::Attach { .. } => "; its process goes on",
                    Kind::Debug { .. } | Kind::Node { .. } => "",
                };
                Outcome::Done(format!("{title} left after {after}{goes_on}").into())
            }
            RemoteEnd::Lost(why) => failed(format!(
                "{title}: connection lost after {after}: {why}; what ran there may go on"
            )),
            RemoteEnd::NoCommand(why) => failed(match &self.kind {
                Kind::Shell { command, .. } => format!(
                    "{title}: the image has no {}; :debug opens a container with a shell beside it",
                    command.first().map_or("command", |word| word)
                ),
                Kind::Attach { .. } | Kind::Debug { .. } | Kind::Node { .. } => {
                    format!("{title}: {why}")
                }
            }),
            RemoteEnd::Denied(why) => Outcome::Refused(format!("{title}: {why}").into()),
            RemoteEnd::Failed(why) if why.contains("container not found") => failed(format!(
                "{title}: the container is not running; l shows its log, :debug opens one beside it"
            )),
            RemoteEnd::Failed(why) => failed(format!("{title}: {why}")),
        }
    }

    pub(super) fn fail(&mut self, cx: Cx<'_>, why: &str) {
        let text = format!("{}: {why}", self.title);
        self.finish(cx, Outcome::Failed(text.into()));
    }

    /// What was made for it alone goes with it.
    pub(super) fn finish(&mut self, cx: Cx<'_>, outcome: Outcome) {
        self.state = match self.kind {
            Kind::Node { .. } => State::Delete {
                then: outcome,
                tries: 0,
                not_before: cx.now.boot,
            },
            Kind::Shell { .. } | Kind::Attach { .. } | Kind::Debug { .. } => State::Over(outcome),
        };
    }

    pub(super) fn deleted(&mut self, cx: Cx<'_>, reply: &Reply, then: Outcome, tries: u32) {
        let gone = match reply {
            Reply::Done(_) | Reply::Refused { code: 404, .. } => true,
            // Another pod of that name is not ours.
            Reply::Refused { code: 409, .. } => true,
            Reply::Lost(_) => false,
            reply @ Reply::Refused { .. } if busy(reply) => false,
            Reply::Refused { message, .. } => {
                let outcome = self.still_there(&then, message);
                self.state = State::Over(outcome);
                return;
            }
        };
        self.state = if gone {
            State::Over(then)
        } else if tries < TRIES {
            State::Delete {
                then,
                tries: tries + 1,
                not_before: cx.now.boot + backoff(tries + 1, reply),
            }
        } else {
            State::Over(self.still_there(&then, "no answer"))
        };
    }

    fn still_there(&self, then: &Outcome, why: &str) -> Outcome {
        let text = format!(
            "{}; its pod {}/{} could not be deleted ({why}) and ends by itself after {} h",
            then.text(),
            self.namespace,
            self.pod,
            body::DEADLINE_S / 3600
        );
        Outcome::Failed(text.into())
    }

    fn stopped(&self) -> Outcome {
        Outcome::Stopped(format!("{}: stopped", self.title).into())
    }

    pub(super) fn stop_late(&mut self, cx: Cx<'_>) {
        if self.stopping && self.uid.is_some() {
            self.finish(cx, self.stopped());
        }
    }

    pub(in crate::engine::action) fn stop(&mut self) {
        let stopped = self.stopped();
        match self.state {
            State::Over(_) | State::Delete { .. } | State::Deleting { .. } => return,
            State::Open { .. } => self.tell.push(Tell::Close),
            State::Start
            | State::Preparing
            | State::Waiting { .. }
            | State::Looking { .. }
            | State::Ended { .. }
            | State::ReadingEnd { .. } => {}
        }
        let made = matches!(self.kind, Kind::Node { .. }) && self.state != State::Start;
        if made && self.uid.is_none() {
            self.stopping = true;
            return;
        }
        self.state = if made {
            State::Delete {
                then: stopped,
                tries: 0,
                not_before: Duration::ZERO,
            }
        } else {
            State::Over(stopped)
        };
    }
}
