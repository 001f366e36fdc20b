//! One pod on its node, as a machine without IO: time goes in, states and notes come out.
//!
//! Every transition has its own time, so a kubelet that was away catches up exactly.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

use super::container::{Cont, Ended, Exit, Fetch, Kind, Run, State, backoff, pull_error, took};
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
    /// Init containers and sidecars first, in their order; then the main ones.
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
                .all(|c| c.kind == Kind::Init || c.ready);
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
        let mains_well = self.containers[self.inits..]
            .iter()
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
                && c.kind != Kind::Init
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

    /// Starts, restarts, gives turns, completes.
    fn drive(&mut self, t: DateTime<Utc>, env: &mut Env<'_>) -> bool {
        if self.continue_pulls(t, env) || self.restart_ended(t, env) {
            return true;
        }
        let next_init = self.containers[..self.inits]
            .iter()
            .position(|c| match c.kind {
                Kind::Sidecar => c.running().is_none(),
                Kind::Init | Kind::Main => c.ended().is_none_or(|e| e.exit.code != 0),
            });
        // A sidecar that crashes later does not hold up the main containers again.
        if let (Some(i), false) = (next_init, self.initialized.on) {
            return self.drive_init(i, t, env);
        }
        for i in 0..self.containers.len() {
            let c = &self.containers[i];
            let waits = matches!(c.state, State::Creating { .. });
            if waits {
                break; // the kubelet starts one container after the other
            }
            if matches!(c.state, State::Queued) && c.kind == Kind::Main {
                self.create(i, t, env);
                return true;
            }
        }
        self.give_turns(t, env) || self.complete(t, env)
    }

    fn drive_init(&mut self, i: usize, t: DateTime<Utc>, env: &mut Env<'_>) -> bool {
        match &self.containers[i].state {
            State::Queued => {
                self.create(i, t, env);
                true
            }
            // It failed and is not to run again: so has the pod.
            State::Ended(_) => {
                self.begin_stop(t, Why::Over, self.grace, env);
                true
            }
            _ => false,
        }
    }

    /// Looks for the image and, if need be, begins to pull it.
    fn create(&mut self, i: usize, t: DateTime<Utc>, env: &mut Env<'_>) {
        let c = &mut self.containers[i];
        let dice = env
            .dice
            .on(&c.name)
            .at(u64::from(c.failed_pulls) << 32 | u64::from(c.restarts));
        let latency = Duration::milliseconds(ms(dice.on("create").range(60, 220)));
        let (fetch, wait) = if env.images.contains(&c.image) {
            (Fetch::Present, latency)
        } else {
            if !c.never_pull {
                env.notes.push(note(
                    c,
                    t,
                    false,
                    "Pulling",
                    format!("Pulling image \"{}\"", c.image),
                ));
            }
            if c.never_pull || env.faults.lacks(&c.image) {
                (
                    Fetch::Fails,
                    Duration::milliseconds(ms(dice.on("miss").range(300, 1400))),
                )
            } else {
                let pull = c.script.as_ref().and_then(|s| s.pull_ms);
                let took = pull.unwrap_or_else(|| dice.on("pull").range(900, 6500));
                (
                    Fetch::Pulled { ms: ms(took) },
                    Duration::milliseconds(ms(took)) + latency,
                )
            }
        };
        c.state = State::Creating {
            until: t + wait,
            fetch,
        };
    }

    fn continue_pulls(&mut self, t: DateTime<Utc>, env: &mut Env<'_>) -> bool {
        for i in 0..self.containers.len() {
            let c = &mut self.containers[i];
            match &c.state {
                State::Creating { until, fetch } if *until <= t => {
                    if *fetch == Fetch::Fails {
                        self.pull_failed(i, t, env);
                    } else {
                        let fetch = fetch.clone();
                        self.run(i, t, &fetch, env);
                    }
                    return true;
                }
                State::NoImage {
                    backing_off: false,
                    until,
                    retry,
                } if *until <= t => {
                    let retry = *retry;
                    c.state = State::NoImage {
                        backing_off: true,
                        until: retry,
                        retry,
                    };
                    if !c.never_pull {
                        let text = format!("Back-off pulling image \"{}\"", c.image);
                        env.notes.push(note(c, t, false, "BackOff", text));
                        env.notes.push(note(
                            c,
                            t,
                            true,
                            "Failed",
                            "Error: ImagePullBackOff".into(),
                        ));
                    }
                    return true;
                }
                State::NoImage {
                    backing_off: true,
                    until,
                    ..
                } if *until <= t => {
                    self.create(i, t, env);
                    return true;
                }
                State::Backoff { until, .. } if *until <= t => {
                    c.restarts += 1;
                    self.create(i, t, env);
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    fn pull_failed(&mut self, i: usize, t: DateTime<Utc>, env: &mut Env<'_>) {
        let c = &mut self.containers[i];
        if c.never_pull {
            let text = format!(
                "Container image \"{}\" is not present with pull policy of Never",
                c.image
            );
            env.notes.push(note(c, t, true, "ErrImageNeverPull", text));
            env.notes.push(note(
                c,
                t,
                true,
                "Failed",
                "Error: ErrImageNeverPull".into(),
            ));
        } else {
            let text = format!(
                "Failed to pull image \"{}\": {}",
                c.image,
                pull_error(&c.image)
            );
            env.notes.push(note(c, t, true, "Failed", text));
            env.notes
                .push(note(c, t, true, "Failed", "Error: ErrImagePull".into()));
        }
        let retry = t + backoff(c.failed_pulls);
        c.failed_pulls += 1;
        c.state = State::NoImage {
            backing_off: false,
            until: t + Duration::seconds(3),
            retry,
        };
    }

    fn run(&mut self, i: usize, t: DateTime<Utc>, fetch: &Fetch, env: &mut Env<'_>) {
        let c = &mut self.containers[i];
        env.images.insert(c.image.clone());
        c.failed_pulls = 0;
        let text = match fetch {
            Fetch::Pulled { ms } => {
                let size = Dice::new(1).on(&c.image).range(38_000_000, 910_000_000);
                let took = took(*ms);
                format!(
                    "Successfully pulled image \"{}\" in {took} ({took} including waiting). Image size: {size} bytes.",
                    c.image
                )
            }
            Fetch::Present | Fetch::Fails => format!(
                "Container image \"{}\" already present on machine and can be accessed by the pod",
                c.image
            ),
        };
        env.notes.push(note(c, t, false, "Pulled", text));
        env.notes
            .push(note(c, t, false, "Created", "Container created".into()));
        env.notes
            .push(note(c, t, false, "Started", "Container started".into()));
        let ready = c.script.as_ref().map_or(1000, |s| {
            s.ready_ms
                .unwrap_or(if s.run_ms.is_some() { 0 } else { 1000 })
        });
        c.ready = false;
        let at = t;
        c.state = State::Running(Run {
            at,
            ready_at: t + Duration::milliseconds(ms(ready)),
            work: None,
            ends: None,
            plan: None,
        });
        if c.script.as_ref().is_none_or(|s| s.after.is_none()) {
            self.work(i, t, env);
        }
    }

    /// The container begins its work: from here on it is known how it will end.
    fn work(&mut self, i: usize, t: DateTime<Utc>, env: &mut Env<'_>) {
        let c = &mut self.containers[i];
        let dice = env.dice.on(&c.name).at(u64::from(c.restarts));
        let script = c.script.clone();
        let State::Running(run) = &mut c.state else {
            return;
        };
        run.work = Some(t);
        let Some((script, length)) = script.and_then(|s| s.run_ms.map(|n| (s, n))) else {
            return;
        };
        let mut exit = Exit {
            code: script.exit,
            reason: script.reason.as_deref().map(Into::into),
            message: script.message.as_deref().map(Into::into),
        };
        let full = t + Duration::milliseconds(ms(length));
        let mut end = full;
        let is_step = c.kind == Kind::Main && script.exit == 0 && !script.always;
        if is_step && dice.on("oom").chance(env.faults.oom) {
            exit = Exit {
                code: 137,
                reason: Some("OOMKilled".into()),
                message: None,
            };
            end = t + Duration::milliseconds(ms(length
                .saturating_mul(dice.on("when").range(30, 90))
                / 100));
        } else if is_step && dice.on("fail").chance(env.faults.fail) {
            exit = Exit::code(1);
            end = t + Duration::milliseconds(ms(length
                .saturating_mul(dice.on("when").range(20, 100))
                / 100));
        }
        run.plan = Some((end, exit.code));
        run.ends = Some((end, exit));
    }

    /// What ended and is to run again waits for its back-off.
    fn restart_ended(&mut self, t: DateTime<Utc>, env: &mut Env<'_>) -> bool {
        for i in 0..self.containers.len() {
            let c = &self.containers[i];
            let Some(ended) = c.ended().cloned() else {
                continue;
            };
            let failed = ended.exit.code != 0;
            let again = match (c.kind, self.restart) {
                (Kind::Sidecar, _) => true,
                (Kind::Init, Restart::Never) => false,
                (Kind::Init, _) => failed,
                (Kind::Main, Restart::Always) => true,
                (Kind::Main, Restart::OnFailure) => failed,
                (Kind::Main, Restart::Never) => false,
            };
            if !again {
                continue;
            }
            let pod_ref = format!("{}_{}({})", self.name, self.namespace, self.uid);
            let c = &mut self.containers[i];
            // A run of ten minutes clears the back-off; the first restart comes at once.
            let delay = match (c.restarts, ended.at - ended.run.at > Duration::minutes(10)) {
                (0, _) | (_, true) => Duration::zero(),
                (n, false) => backoff(n - 1),
            };
            let seconds = delay.num_seconds();
            if seconds > 0 {
                let text = format!(
                    "Back-off restarting failed container {} in pod {pod_ref}",
                    c.name
                );
                env.notes.push(note(c, t, true, "BackOff", text));
            }
            c.state = State::Backoff {
                until: t + delay.max(Duration::seconds(1)),
                delay: seconds,
            };
            c.last = Some(Box::new(ended));
            return true;
        }
        false
    }

    /// Containers that wait for another begin, or are skipped.
    fn give_turns(&mut self, t: DateTime<Utc>, env: &mut Env<'_>) -> bool {
        for i in 0..self.containers.len() {
            let c = &self.containers[i];
            let (Some(run), Some(script)) = (c.running(), &c.script) else {
                continue;
            };
            if run.work.is_some() || run.ends.is_some() {
                continue;
            }
            let Some(after) = script.after.as_deref() else {
                continue;
            };
            let Some(before) = self.containers.iter().find(|b| &*b.name == after) else {
                self.work(i, t, env); // names nobody: no reason to wait
                return true;
            };
            let Some(ended) = before.ended() else {
                continue;
            };
            if (ended.exit.code != 0 || before.skipped()) && !script.always {
                let State::Running(run) = &mut self.containers[i].state else {
                    continue;
                };
                let exit = Exit {
                    message: Some("skipped".into()),
                    ..Exit::code(0)
                };
                run.ends = Some((t, exit));
            } else {
                self.work(i, t, env);
            }
            return true;
        }
        false
    }

    fn complete(&mut self, t: DateTime<Utc>, env: &mut Env<'_>) -> bool {
        if self.containers[self.inits..]
            .iter()
            .any(|c| c.ended().is_none())
        {
            return false;
        }
        self.begin_stop(t, Why::Over, self.grace, env);
        true
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
                Kind::Init | Kind::Main => c.ended().is_some_and(|e| e.exit.code == 0),
            })
    }

    /// Whether a main container has not started yet: the phase is Pending then.
    pub(crate) fn pending(&self) -> bool {
        self.containers[self.inits..].iter().any(|c| {
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

fn note(c: &Cont, at: DateTime<Utc>, warning: bool, reason: &'static str, message: String) -> Note {
    Note {
        at,
        field: c.field(),
        warning,
        reason,
        message,
    }
}

/// Milliseconds of a script, as chrono counts them; ten years at most, which is for ever.
fn ms(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(FOREVER_MS).min(FOREVER_MS)
}

/// Ten years.
pub(crate) const FOREVER_MS: i64 = 315_360_000_000;
