//! The streams of a pod: one a container, read in the containers' order.

use chrono::{DateTime, Utc};

use crate::engine::{LogEnd, LogId};
use crate::model::{Container, ContainerRole, Pod, Text};

/// A container's stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stream {
    pub(crate) container: Text,
    pub(crate) state: StreamState,
    /// When the server last began to send, its time.
    pub(crate) opened: Option<DateTime<Utc>>,
    /// When lines came last, the server's time.
    pub(crate) heard: Option<DateTime<Utc>>,
    /// Time of its newest line, nanoseconds.
    pub(crate) last: Option<i64>,
    /// It was asked for to its present end only.
    pub(crate) whole: bool,
}

/// How it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StreamState {
    /// Its turn has not come.
    Idle,
    /// Asked for.
    Open(LogId, Progress),
    /// It was quiet, and others have their turn; since then.
    Parked(LogId, DateTime<Utc>),
    /// It ended, and how.
    Ended(LogEnd),
    /// It was closed by the person.
    Closed,
    /// The container never ran, so there is nothing to open.
    NeverRan,
}

/// What an open stream does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Progress {
    /// Asked for, no answer yet.
    Opening,
    /// Open.
    Live,
    /// It cannot be opened yet.
    Waiting(Text),
    /// It broke and is being resumed.
    Resuming(Text),
}

impl StreamState {
    pub(crate) fn over(&self) -> bool {
        match self {
            Self::Idle | Self::Open(..) | Self::Parked(..) => false,
            Self::Ended(_) | Self::Closed | Self::NeverRan => true,
        }
    }

    /// The id under which it was opened, if it may still speak.
    pub(crate) fn id(&self) -> Option<LogId> {
        match self {
            Self::Open(id, _) | Self::Parked(id, _) => Some(*id),
            Self::Idle | Self::Ended(_) | Self::Closed | Self::NeverRan => None,
        }
    }
}

impl Stream {
    pub(crate) fn new(container: Text) -> Self {
        Self {
            container,
            state: StreamState::Idle,
            opened: None,
            heard: None,
            last: None,
            whole: false,
        }
    }

    /// As before it was first opened.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.container.clone());
    }

    /// It is open and cannot be read.
    pub(crate) fn stuck(&self) -> bool {
        matches!(
            self.state,
            StreamState::Open(_, Progress::Waiting(_) | Progress::Resuming(_))
        )
    }

    /// Seconds without a line while it was open and could have spoken.
    pub(crate) fn quiet(&self, now: DateTime<Utc>) -> Option<i64> {
        match &self.state {
            StreamState::Open(_, Progress::Live) => {
                let since = self.heard.max(self.opened)?;
                Some((now - since).num_seconds().max(0))
            }
            StreamState::Idle
            | StreamState::Open(..)
            | StreamState::Parked(..)
            | StreamState::Ended(_)
            | StreamState::Closed
            | StreamState::NeverRan => None,
        }
    }
}

/// Whether a container runs beside others of its pod, so that those after it need not wait for its end.
pub(crate) fn beside(pod: &Pod, container: &str) -> bool {
    pod.container(container)
        .is_some_and(|c| c.role() != ContainerRole::Init && c.runs())
}

/// Whether a container has run or runs.
pub(crate) fn ran(c: Container<'_>) -> bool {
    c.runs() || c.end().is_some() || c.restarts() > 0
}

/// Whether a container has not run and never will: its pod has ended without it.
pub(crate) fn never_ran(pod: &Pod, container: &str) -> bool {
    pod.ended() && pod.container(container).is_some_and(|c| !ran(c))
}
