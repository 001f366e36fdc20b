//! One container's life: waiting, pulling, running, ended, and again.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::sim::actors::dice::Dice;
use crate::sim::script::Script;
use crate::sim::timestamp;

/// Which of the pod's lists a container stands in, and how it behaves there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Init,
    Sidecar,
    Main,
    /// A debug container: it joins the pod at any time and decides nothing about it.
    Ephemeral,
}

/// A container and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Cont {
    pub name: Arc<str>,
    pub image: Arc<str>,
    pub never_pull: bool,
    pub kind: Kind,
    pub script: Option<Arc<Script>>,
    pub state: State,
    pub last: Option<Box<Ended>>,
    pub restarts: u32,
    /// Pulls that failed in a row.
    pub failed_pulls: u32,
    pub ready: bool,
}

/// Where a container stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    /// Nothing happens until its turn comes.
    Queued,
    /// The image is pulled, or found present, and the container created.
    Creating {
        until: DateTime<Utc>,
        fetch: Fetch,
    },
    /// A pull failed: first shown as such, then as a back-off until it is tried again.
    NoImage {
        backing_off: bool,
        until: DateTime<Utc>,
        retry: DateTime<Utc>,
    },
    /// It ended and starts again at `until`; without a delay it still shows how it ended.
    Backoff {
        until: DateTime<Utc>,
        delay: i64,
    },
    Running(Run),
    Ended(Box<Ended>),
}

/// How the image came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fetch {
    Present,
    Pulled { ms: i64 },
    Fails,
}

/// A running container.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    pub at: DateTime<Utc>,
    pub ready_at: DateTime<Utc>,
    /// When its work began; none while it waits for its turn.
    pub work: Option<DateTime<Utc>>,
    /// When it ends, and how, as far as that is settled.
    pub ends: Option<(DateTime<Utc>, Exit)>,
    /// What the script alone would make of it: a log shows the last lines before it comes so far.
    pub plan: Option<(DateTime<Utc>, i32)>,
}

/// How a container ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exit {
    pub code: i32,
    pub reason: Option<Box<str>>,
    pub message: Option<Box<str>>,
}

impl Exit {
    pub(crate) fn code(code: i32) -> Self {
        Self {
            code,
            reason: None,
            message: None,
        }
    }

    pub(crate) fn reason(&self) -> &str {
        match &self.reason {
            Some(reason) => reason,
            None if self.code == 0 => "Completed",
            None => "Error",
        }
    }
}

/// An ended run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ended {
    pub run: Run,
    pub at: DateTime<Utc>,
    pub exit: Exit,
}

impl Cont {
    pub(crate) fn running(&self) -> Option<&Run> {
        match &self.state {
            State::Running(run) => Some(run),
            _ => None,
        }
    }

    pub(crate) fn ended(&self) -> Option<&Ended> {
        match &self.state {
            State::Ended(ended) => Some(ended),
            _ => None,
        }
    }

    /// Whether it did nothing because one before it failed.
    pub(crate) fn skipped(&self) -> bool {
        self.ended()
            .is_some_and(|e| e.exit.message.as_deref() == Some("skipped"))
    }

    /// Whether its present run has begun.
    pub(crate) fn started_once(&self) -> bool {
        matches!(self.state, State::Running(_) | State::Ended(_))
    }

    /// The number of the last run that ended before the present one: the restarts count up when the
    /// next one is created, so while it backs off both numbers are the same.
    pub(crate) fn last_number(&self) -> u32 {
        match self.state {
            State::Backoff { .. } => self.restarts,
            _ => self.restarts.saturating_sub(1),
        }
    }

    /// When something about it is due by itself.
    pub(crate) fn due(&self) -> Option<DateTime<Utc>> {
        match &self.state {
            State::Queued | State::Ended(_) => None,
            State::Creating { until, .. }
            | State::NoImage { until, .. }
            | State::Backoff { until, .. } => Some(*until),
            State::Running(run) => {
                let probed = !matches!(self.kind, Kind::Init | Kind::Ephemeral);
                let ready = (!self.ready && probed).then_some(run.ready_at);
                let ends = run.ends.as_ref().map(|(at, _)| *at);
                [ready, ends].into_iter().flatten().min()
            }
        }
    }

    pub(crate) fn container_id(&self, pod: Dice, run: u32) -> String {
        format!(
            "containerd://{}",
            pod.on(&self.name).at(u64::from(run)).hex(64)
        )
    }

    /// `spec.containers{test}`, as events name it.
    pub(crate) fn field(&self) -> String {
        match self.kind {
            Kind::Main => format!("spec.containers{{{}}}", self.name),
            Kind::Init | Kind::Sidecar => format!("spec.initContainers{{{}}}", self.name),
            Kind::Ephemeral => format!("spec.ephemeralContainers{{{}}}", self.name),
        }
    }

    /// Its entry in `containerStatuses` or `initContainerStatuses`.
    pub(crate) fn status(&self, pod: Dice, pod_ref: &str, idle: &str) -> Value {
        let started_once = self.started_once();
        let current = self.restarts;
        let state = match &self.state {
            // While it is pulled anew it still shows that the last pull failed.
            State::Creating { .. } if self.failed_pulls > 0 => self.no_image(true),
            State::Queued | State::Creating { .. } => json!({"waiting": {"reason": idle}}),
            State::NoImage { backing_off, .. } => self.no_image(*backing_off),
            State::Backoff { delay: 0, .. } => self
                .last
                .as_ref()
                .map_or_else(|| json!({}), |e| e.value(&self.container_id(pod, current))),
            State::Backoff { delay, .. } => json!({"waiting": {
                "reason": "CrashLoopBackOff",
                "message": format!("back-off {} restarting failed container={} pod={pod_ref}", short(*delay), self.name),
            }}),
            State::Running(run) => json!({"running": {"startedAt": timestamp(run.at)}}),
            State::Ended(e) => e.value(&self.container_id(pod, current)),
        };
        let last_number = self.last_number();
        let shown = matches!(self.state, State::Backoff { delay: 0, .. });
        let last = self.last.as_ref().filter(|_| !shown).map_or_else(
            || json!({}),
            |e| e.value(&self.container_id(pod, last_number)),
        );
        let mut value = json!({
            "name": &*self.name,
            "state": state,
            "lastState": last,
            "ready": self.ready,
            "restartCount": self.restarts,
            "image": &*self.image,
            "imageID": "",
        });
        if started_once || self.last.is_some() {
            let digest = Dice::new(0).on(&self.image).hex(64);
            let bare = self
                .image
                .rsplit_once(':')
                .map_or(&*self.image, |(name, _)| name);
            value["imageID"] = format!("{bare}@sha256:{digest}").into();
            let number = if started_once { current } else { last_number };
            value["containerID"] = self.container_id(pod, number).into();
        }
        value["started"] = self.running().is_some().into();
        value
    }

    fn no_image(&self, in_backoff: bool) -> Value {
        let why = pull_error(&self.image);
        if self.never_pull {
            return json!({"waiting": {"reason": "ErrImageNeverPull",
                "message": format!("Container image {:?} is not present with pull policy of Never", &*self.image)}});
        }
        if in_backoff {
            json!({"waiting": {"reason": "ImagePullBackOff",
                "message": format!("Back-off pulling image \"{}\": ErrImagePull: {why}", self.image)}})
        } else {
            json!({"waiting": {"reason": "ErrImagePull", "message": why}})
        }
    }
}

/// What the container runtime says of an image that is not there.
pub(crate) fn pull_error(image: &str) -> String {
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: not found"
    )
}

/// Go's short duration: `10s`, `1m20s`, `5m0s`.
pub(crate) fn short(seconds: i64) -> String {
    if seconds < 60 {
        format!("{seconds}s")
    } else {
        format!("{}m{}s", seconds / 60, seconds % 60)
    }
}

/// Go's duration of some milliseconds: `850ms`, `1.2s`, `1m3.456s`.
pub(crate) fn took(ms: i64) -> String {
    if ms < 1000 {
        return format!("{ms}ms");
    }
    let (min, rest) = (ms / 60_000, ms % 60_000);
    let mut text = format!("{}.{:03}", rest / 1000, rest % 1000);
    while text.ends_with('0') {
        text.pop();
    }
    let text = text.trim_end_matches('.');
    if min > 0 {
        format!("{min}m{text}s")
    } else {
        format!("{text}s")
    }
}

impl Ended {
    fn value(&self, id: &str) -> Value {
        let mut t = json!({"exitCode": self.exit.code, "reason": self.exit.reason()});
        if let Some(message) = &self.exit.message {
            t["message"] = (&**message).into();
        }
        t["startedAt"] = timestamp(self.run.at).into();
        t["finishedAt"] = timestamp(self.at).into();
        t["containerID"] = id.into();
        json!({"terminated": t})
    }
}

/// The kubelet's back-off: 10 s, doubled up to 5 minutes.
pub(crate) fn backoff(failures: u32) -> Duration {
    Duration::seconds(10_i64.saturating_mul(1 << failures.min(5)).min(300))
}

#[cfg(test)]
mod tests {
    use super::{backoff, short, took};

    #[test]
    fn durations_as_go_prints_them() {
        assert_eq!([short(10), short(80), short(300)], ["10s", "1m20s", "5m0s"]);
        assert_eq!(
            [took(850), took(1200), took(2000), took(63_456)],
            ["850ms", "1.2s", "2s", "1m3.456s"]
        );
        let secs: Vec<i64> = (0..7).map(|n| backoff(n).num_seconds()).collect();
        assert_eq!(secs, [10, 20, 40, 80, 160, 300, 300]);
    }
}
