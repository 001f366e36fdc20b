//! The streams of a pane: one a container, opened in the containers' order.

use crate::engine::{LogEnd, LogId};
use crate::model::{Container, ContainerRole, Pod, Text};

/// A container's stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stream {
    pub(crate) container: Text,
    pub(crate) state: StreamState,
}

/// How it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum StreamState {
    /// Its turn has not come.
    Idle,
    /// Asked for.
    Open(LogId, Progress),
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
            Self::Idle | Self::Open(..) => false,
            Self::Ended(_) | Self::Closed | Self::NeverRan => true,
        }
    }
}

/// Whether a container runs beside others of its pod, so that those after it need not wait for its end.
pub(crate) fn beside(pod: &Pod, container: &str) -> bool {
    pod.container(container)
        .is_some_and(|c| c.role() != ContainerRole::Init && c.runs())
}

/// Whether a container has not run and never will: its pod has ended without it.
pub(crate) fn never_ran(pod: &Pod, container: &str) -> bool {
    let ran = |c: Container<'_>| c.runs() || c.end().is_some();
    pod.ended() && pod.container(container).is_some_and(|c| !ran(c))
}
