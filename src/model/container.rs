//! A pod's containers: what repeats (the spec) apart from what each pod has of its own (the status).

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::id::Text;
use super::resources::Resources;
use super::time::{Time, utc};

/// Where in the pod's life a container has its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContainerRole {
    /// Runs to its end before the next.
    Init,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    /// One of `spec.containers`.
    Main,
}

/// A container as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerSpec {
    /// `name`.
    pub name: Text,
    /// Init, sidecar or main.
    pub role: ContainerRole,
    /// `image`.
    pub image: Text,
    /// `resources.requests`.
    pub requests: Resources,
    /// `resources.limits`; 0 where there is none.
    pub limits: Resources,
}

/// What the kubelet reports of a container.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerStatus {
    /// `state`.
    pub state: ContainerState,
    /// `lastState.terminated`.
    pub last: Option<Box<Terminated>>,
    /// `restartCount`.
    pub restarts: i32,
    /// Where it stands in the list of statuses (that of init containers, or the other): kubectl goes by
    /// that order, which need not be the spec's.
    pub at: u16,
    /// `ready`.
    pub ready: bool,
    /// `started`.
    pub started: bool,
}

/// A container: its spec joined with its status.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Container<'p> {
    /// What was asked for.
    pub spec: &'p ContainerSpec,
    /// What became of it; `None` while the kubelet has not reported on it at all.
    pub status: Option<&'p ContainerStatus>,
}

impl<'p> Container<'p> {
    /// Its name.
    pub fn name(self) -> &'p Text {
        &self.spec.name
    }

    /// Init, sidecar or main.
    pub fn role(self) -> ContainerRole {
        self.spec.role
    }

    /// `state`; `None` while the kubelet has not reported on it at all.
    pub fn state(self) -> Option<&'p ContainerState> {
        self.status.map(|s| &s.state)
    }

    /// How it ended, if it has.
    pub fn end(self) -> Option<&'p Terminated> {
        match self.state()? {
            ContainerState::Terminated(end) => Some(end),
            ContainerState::Unset | ContainerState::Waiting(_) | ContainerState::Running { .. } => {
                None
            }
        }
    }

    /// How its last life ended, if it was restarted.
    pub fn last(self) -> Option<&'p Terminated> {
        self.status?.last.as_deref()
    }

    /// Whether it runs.
    pub fn runs(self) -> bool {
        matches!(self.state(), Some(ContainerState::Running { .. }))
    }

    /// `ready`.
    pub fn ready(self) -> bool {
        self.status.is_some_and(|s| s.ready)
    }

    /// `started`.
    pub fn started(self) -> bool {
        self.status.is_some_and(|s| s.started)
    }

    /// `restartCount`.
    pub fn restarts(self) -> i32 {
        self.status.map_or(0, |s| s.restarts)
    }
}

/// `state` of a container status.
#[derive(Clone, Debug, PartialEq)]
pub enum ContainerState {
    /// A status that names no state: the kubelet calls that waiting.
    Unset,
    /// Not started: `ContainerCreating`, `ImagePullBackOff`, … and the kubelet's words; both may be empty.
    Waiting(Arc<Words>),
    /// Started.
    Running {
        /// `startedAt`.
        since: Option<Time>,
    },
    /// Ended.
    Terminated(Box<Terminated>),
}

/// A reason and a message, which often repeat.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Words {
    /// A word for programs, may be empty.
    pub reason: Text,
    /// The writer's own words, may be empty.
    pub message: Text,
}

impl Words {
    /// Words of their own.
    pub fn new(reason: &str, message: &str) -> Arc<Self> {
        Arc::new(Self {
            reason: reason.into(),
            message: message.into(),
        })
    }
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Terminated {
    /// `exitCode`.
    pub exit: i32,
    /// `signal`, 0 for none.
    pub signal: i32,
    /// `Completed`, `Error`, `OOMKilled`, … and the end of its termination log; both may be empty.
    pub words: Arc<Words>,
    /// `startedAt`.
    pub started: Option<Time>,
    /// `finishedAt`.
    pub finished: Option<Time>,
}

impl Terminated {
    /// `reason`, may be empty.
    pub fn reason(&self) -> &str {
        &self.words.reason
    }

    /// `message`, may be empty.
    pub fn message(&self) -> &str {
        &self.words.message
    }

    /// `startedAt`.
    pub fn started(&self) -> Option<DateTime<Utc>> {
        utc(self.started)
    }

    /// `finishedAt`.
    pub fn finished(&self) -> Option<DateTime<Utc>> {
        utc(self.finished)
    }
}
