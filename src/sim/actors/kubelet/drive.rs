//! How a pod's containers are brought on: images, starts, turns, restarts, completion.

use chrono::{DateTime, Duration, Utc};

use super::container::{Cont, Exit, Fetch, Kind, Run, State, backoff, pull_error, took};
use super::pod::{Env, PodRun, Restart, Why, ms, note};
use crate::sim::actors::dice::Dice;

impl PodRun {
    /// Starts, restarts, gives turns, completes.
    pub(super) fn drive(&mut self, t: DateTime<Utc>, env: &mut Env<'_>) -> bool {
        if self.continue_pulls(t, env) || self.restart_ended(t, env) {
            return true;
        }
        let debug = |c: &Cont| c.kind == Kind::Ephemeral && matches!(c.state, State::Queued);
        if let Some(i) = self.containers.iter().position(debug) {
            self.create(i, t, env);
            return true;
        }
        let next_init = self.containers[..self.inits]
            .iter()
            .position(|c| match c.kind {
                Kind::Sidecar => c.running().is_none(),
                Kind::Init | Kind::Main | Kind::Ephemeral => {
                    c.ended().is_none_or(|e| e.exit.code != 0)
                }
            });
        // A sidecar that crashes later does not hold up the main containers again.
        if let (Some(i), false) = (next_init, self.initialized.on) {
            return self.drive_init(i, t, env);
        }
        for i in 0..self.containers.len() {
            let c = &self.containers[i];
            let waits = c.kind != Kind::Ephemeral && matches!(c.state, State::Creating { .. });
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
                (Kind::Main, Restart::Never) | (Kind::Ephemeral, _) => false,
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
        if self.mains().any(|c| c.ended().is_none()) {
            return false;
        }
        self.begin_stop(t, Why::Over, self.grace, env);
        true
    }
}
