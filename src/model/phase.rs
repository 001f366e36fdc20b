//! How far a job is, and each of its steps.

use chrono::{DateTime, Utc};

use super::id::Text;

/// A job's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// It has no node yet: what the screens call waiting.
    Queued,
    /// Bound; nothing of it runs.
    Scheduled,
    /// Its image is being pulled.
    Pulling,
    /// Its code is fetched, its cache restored.
    Preparing,
    /// Its steps run.
    Running,
    /// Its artifacts and cache are saved.
    Uploading,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// Its pod or node vanished before it ended.
    Lost,
}

impl Phase {
    /// As JSON writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Scheduled => "scheduled",
            Self::Pulling => "pulling",
            Self::Preparing => "preparing",
            Self::Running => "running",
            Self::Uploading => "uploading",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }

    /// Succeeded, Failed, Cancelled or Lost.
    pub fn ended(self) -> bool {
        self >= Self::Succeeded
    }

    /// Bound and not ended: it would be lost with its node.
    pub fn on_node(self) -> bool {
        self >= Self::Scheduled && !self.ended()
    }
}

/// One step of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// As the job's owner knows it.
    pub name: Text,
    /// The container that runs it.
    pub container: Text,
    /// How it stands.
    pub state: StepState,
}

/// How a step stands.
#[derive(Clone, Debug, PartialEq)]
pub enum StepState {
    /// Its turn has not come.
    Waiting,
    /// It runs.
    Running {
        /// Since then.
        since: Option<DateTime<Utc>>,
    },
    /// It ended with 0.
    Succeeded {
        /// It began.
        started: Option<DateTime<Utc>>,
        /// It ended.
        ended: Option<DateTime<Utc>>,
    },
    /// It ended badly.
    Failed {
        /// It began.
        started: Option<DateTime<Utc>>,
        /// It ended.
        ended: Option<DateTime<Utc>>,
        /// `exit 1`, `OOMKilled (137)`, …
        why: Text,
    },
    /// It never ran: an earlier one failed.
    Skipped,
}

/// The step a job is at: the one that runs, else the one that failed, else none. Index from 1.
pub fn current_step(steps: &[Step]) -> Option<(usize, &Step)> {
    let of = |want: fn(&StepState) -> bool| {
        let found = steps.iter().enumerate().find(|(_, s)| want(&s.state));
        found.map(|(at, step)| (at + 1, step))
    };
    of(|s| matches!(s, StepState::Running { .. }))
        .or_else(|| of(|s| matches!(s, StepState::Failed { .. })))
}

/// How far a pod says that its job is.
#[derive(Clone, Debug, PartialEq)]
pub struct Life {
    /// How far it is.
    pub phase: Phase,
    /// When its pod was bound.
    pub scheduled: Option<DateTime<Utc>>,
    /// When its first step began to run.
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// Why it ended badly, in a few words (`step test: exit 1`, `step build: out of memory`), empty else.
    pub failure: Text,
}
