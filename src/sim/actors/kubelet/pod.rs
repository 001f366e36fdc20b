//! One pod on its node, as a machine without IO: time goes in, states and notes come out.
//!
//! Every transition has its own time, so a kubelet that was away catches up exactly.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use super::container::{Cont, Ended, Exit, Kind, State};
use crate::sim::actors::dice::Dice;
use crate::sim::actors::faults::Faults;
use crate::sim::logs::Meta;

/// `spec.restartPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restart {
    Always,
    OnFailure,
    Never,
}

/// Why the pod is brought to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Somebody deleted it.
    Deleted,
    /// `activeDeadlineSeconds`.
    Deadline,
    /// The node runs out of something; the message says of what.
    Evicted(Box<str>),
    /// Its containers have ended, or an init container failed: the sidecars go.
    Over,
}

/// The end of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub succeeded: bool,
    pub reason: &'static str,
    pub message: Box<str>,
}

/// Something to be reported as an Event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub at: DateTime<Utc>,
    pub field: String,
    pub warning: bool,
    pub reason: &'static str,
    pub message: String,
}

/// One of the kubelet's pod conditions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flag {
    pub on: bool,
    pub since: DateTime<Utc>,
}

impl Flag {
    fn set(&mut self, on: bool, t: DateTime<Utc>) {
        if self.on != on {
            *self = Self { on, since: t };
        }
    }
}

/// What the machine may look at beside itself.
pub(crate) struct Env<'a> {
    pub dice: Dice,
    pub images: &'a mut HashSet<Arc<str>>,
    pub faults: &'a Faults,
    pub notes: &'a mut Vec<Note>,
}

/// A pod that a kubelet has taken.
#[derive(Clone, Debug)]
pub(crate) struct PodRun {
    pub namespace: Arc<str>,
    pub name: Arc<str>,
    pub uid: Arc<str>,
    pub node: Arc<str>,
    pub host_ip: Arc<str>,
    pub ip: Arc<str>,
    pub restart: Restart,
    pub grace: i64,
    pub started: DateTime<Utc>,
    pub deadline: Option<DateTime<Utc>>,
    pub sandbox_at: DateTime<Utc>,
    /// Init containers and sidecars first, in their order; then the main ones, then those for debugging.
    pub containers: Vec<Cont>,
    pub inits: usize,
    pub stop: Option<(Why, DateTime<Utc>)>,
    pub end: Option<End>,
    pub sandbox: Flag,
    pub initialized: Flag,
    pub ready: Flag,
    /// Its readiness probes fail by the scenario.
    pub unready: bool,
    /// The state differs from what was written last.
    pub dirty: bool,
    /// What its log speaks of.
    pub about: Option<Arc<Meta>>,
    /// When it was asked to be looked at again.
    pub wake: Option<DateTime<Utc>>,
}

impl PodRun {
    /// When something is due by itself.
    pub(crate) fn next(&self) -> Option<DateTime<Utc>> {
        if self.end.is_some() {
            return None;
        }
        let stopping = self.stop.is_some();
        let sandbox = (!stopping && !self.sandbox.on).then_some(self.sandbox_at);
        let deadline = self.deadline.filter(|_| !stopping);
        self.containers
            .iter()
            .filter_map(|c| match &c.state {
                State::Running(run) if self.unready || stopping => run.ends.as_ref().map(|e| e.0),
                State::Running(_) => c.due(),
                _ if stopping || !self.sandbox.on => None,
                _ => c.due(),
            })
            .chain(sandbox)
            .chain(deadline)
            .min()
    }

    /// Lives through everything due until `now`.
    pub(crate) fn advance(&mut self, now: DateTime<Utc>, env: &mut Env<'_>) {
        let mut last = None;
        while let Some(t) = self.next().filter(|t| *t <= now && Some(*t) != last) {
            self.settle(t, env);
            last = Some(t);
        }
    }

    /// Draws every consequence at time `t`.
    pub(crate) fn settle(&mut self, t: DateTime<Utc>, env: &mut Env<'_>) {
        while self.end.is_none() && self.one(t, env) {
            self.dirty = true;
        }
        let phase_running = self.end.is_none() && !self.pending();
        let all_ready = phase_running
            && self
                .containers
                .iter()
                .all(|c| matches!(c.kind, Kind::Init | Kind::Ephemeral) || c.ready);
        if self.ready.on != all_ready || self.initialized.on != self.inits_done() {
            self.dirty = true;
        }
        self.ready.set(all_ready, t);
        if self.inits_done() {
            self.initialized.set(true, t);
        }
    }

    /// The first consequence that is due; false when nothing is left to do at `t`.
    fn one(&mut self, t: DateTime<Utc>, env: &mut Env<'_>) -> bool {
        self.finish_runs(t)
            || self.time_out(t, env)
            || self.close(t)
            || self.set_up(t)
            || self.probe(t)
            || (self.stop.is_none() && self.sandbox.on && self.drive(t, env))
    }

    fn finish_runs(&mut self, t: DateTime<Utc>) -> bool {
        let mut any = false;
        for c in &mut self.containers {
            if let State::Running(run) = &c.state
                && let Some((at, exit)) = &run.ends
                && *at <= t
            {
                let ended = Ended {
                    run: run.clone(),
                    at: *at,
                    exit: exit.clone(),
                };
                c.ready = c.kind == Kind::Init && ended.exit.code == 0;
                c.state = State::Ended(Box::new(ended));
                any = true;
            }
        }
        any
    }

    fn time_out(&mut self, t: DateTime<Utc>, env: &mut Env<'_>) -> bool {
        if self.stop.is_some() || self.deadline.is_none_or(|d| d > t) {
            return false;
        }
        env.notes.push(Note {
            at: t,
            field: String::new(),
            warning: false,
            reason: "DeadlineExceeded",
            message: "Pod was active on the node longer than the specified deadline".into(),
        });
        self.begin_stop(t, Why::Deadline, self.grace, env);
        true
    }

    /// Ends the pod once a stop has brought all containers down.
    fn close(&mut self, t: DateTime<Utc>) -> bool {
        let Some((why, _)) = &self.stop else {
            return false;
        };
        if self.containers.iter().any(|c| c.running().is_some()) {
            return false;
        }
        let (reason, message): (&str, Box<str>) = match why {
            Why::Deadline => (
                "DeadlineExceeded",
                "Pod was active on the node longer than the specified deadline".into(),
            ),
            Why::Evicted(message) => ("Evicted", message.clone()),
            Why::Deleted | Why::Over => ("", "".into()),
        };
        let mains_well = self
            .mains()
            .all(|c| c.ended().is_some_and(|e| e.exit.code == 0));
        self.end = Some(End {
            succeeded: reason.is_empty() && mains_well,
            reason,
            message,
        });
        self.ready.set(false, t);
        for c in &mut self.containers {
            c.ready &= c.kind == Kind::Init;
        }
        true
    }

    fn set_up(&mut self, t: DateTime<Utc>) -> bool {
        if self.sandbox.on || self.stop.is_some() || t < self.sandbox_at {
            return false;
        }
        self.sandbox.set(true, t);
        true
    }

    fn probe(&mut self, t: DateTime<Utc>) -> bool {
        let mut any = false;
        let unready = self.unready;
        for c in &mut self.containers {
            if let State::Running(run) = &c.state
                && !matches!(c.kind, Kind::Init | Kind::Ephemeral)
            {
                let ready = t >= run.ready_at && !unready;
                if ready != c.ready && (!ready || self.stop.is_none()) {
                    c.ready = ready;
                    any = true;
                }
            }
        }
        any
    }

    /// Sends SIGTERM to what runs, SIGKILL after the grace period (seconds). A shorter grace than
    /// that of a stop under way is honoured.
    pub(crate) fn begin_stop(&mut self, t: DateTime<Utc>, why: Why, grace: i64, env: &mut Env<'_>) {
        let kill = t + Duration::seconds(grace.clamp(0, FOREVER_MS / 1000));
        let again = self.stop.is_some();
        match &mut self.stop {
            Some((old, at)) => {
                *at = kill.min(*at);
                if why == Why::Deleted {
                    *old = why;
                }
            }
            None => self.stop = Some((why, kill)),
        }
        for c in &mut self.containers {
            if matches!(c.state, State::Creating { .. }) {
                c.state = State::Queued;
            }
            let dice = env.dice.on(&c.name).on("term");
            let script = c.script.clone();
            if c.running().is_some() && !again {
                let text = format!("Stopping container {}", c.name);
                env.notes.push(note(c, t, false, "Killing", text));
            }
            let State::Running(run) = &mut c.state else {
                continue;
            };
            let ignores = script.as_ref().is_some_and(|s| s.ignore_term);
            let lingers = script.as_ref().and_then(|s| s.term_ms);
            let lingers =
                Duration::milliseconds(ms(lingers.unwrap_or_else(|| dice.range(150, 1900))));
            let (at, code) = if ignores || grace <= 0 || lingers > kill - t {
                (kill, 137)
            } else {
                (t + lingers, 143)
            };
            if run.ends.as_ref().is_none_or(|(ends, _)| at < *ends) {
                run.ends = Some((at, Exit::code(code)));
            }
        }
        self.dirty = true;
    }

    pub(crate) fn inits_done(&self) -> bool {
        self.initialized.on
            || self.containers[..self.inits].iter().all(|c| match c.kind {
                Kind::Sidecar => c.running().is_some(),
                Kind::Init | Kind::Main | Kind::Ephemeral => {
                    c.ended().is_some_and(|e| e.exit.code == 0)
                }
            })
    }

    /// The containers that the pod is for.
    pub(super) fn mains(&self) -> impl Iterator<Item = &Cont> {
        let rest = self.containers[self.inits..].iter();
        rest.filter(|c| c.kind == Kind::Main)
    }

    /// Whether a main container has not started yet: the phase is Pending then.
    pub(crate) fn pending(&self) -> bool {
        self.mains().any(|c| {
            c.last.is_none()
                && matches!(
                    c.state,
                    State::Queued | State::Creating { .. } | State::NoImage { .. }
                )
        })
    }

    /// `status.phase`.
    pub(crate) fn phase(&self) -> &'static str {
        match &self.end {
            Some(End {
                succeeded: true, ..
            }) => "Succeeded",
            Some(_) => "Failed",
            None if self.pending() => "Pending",
            None => "Running",
        }
    }
}

pub(super) fn note(
    c: &Cont,
    at: DateTime<Utc>,
    warning: bool,
    reason: &'static str,
    message: String,
) -> Note {
    Note {
        at,
        field: c.field(),
        warning,
        reason,
        message,
    }
}

/// Milliseconds of a script, as chrono counts them; ten years at most, which is for ever.
pub(super) fn ms(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(FOREVER_MS).min(FOREVER_MS)
}

/// Ten years.
pub(crate) const FOREVER_MS: i64 = 315_360_000_000;
