//! A CI job, read from its pod (or pods) by a file of `ci`.

use chrono::{DateTime, Utc};

use super::id::{JobId, Text, Uid};

/// Which CI system a job belongs to: the name by which it registered in `ci`'s table, shown and never
/// compared outside `ci`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct System(pub &'static str);

/// A job of a cluster: the id is unique within the system only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobKey {
    /// Its system.
    pub system: System,
    /// Its id there.
    pub id: JobId,
}

/// A job: what its owner knows it by, and how far it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id in its system.
    pub id: JobId,
    /// The system.
    pub system: System,
    /// `shop/api`; empty when unknown (so for all texts here).
    pub project: Text,
    /// The pipeline's name.
    pub pipeline: Text,
    /// The run of the pipeline, e.g. `8121`.
    pub run: Text,
    /// The job's name within the run.
    pub name: Text,
    /// Branch or tag.
    pub reference: Text,
    /// Commit.
    pub commit: Text,
    /// Who started it.
    pub author: Text,
    /// Where it can be seen in its CI system.
    pub url: Text,
    /// From 1; `None` where the system counts none.
    pub attempt: Option<u32>,
    /// How far it is.
    pub phase: Phase,
    /// Its steps in order; empty when the system shows none.
    pub steps: Box<[Step]>,
    /// Where it runs now or ran last.
    pub pod: Option<Uid>,
    /// Namespace of its pod.
    pub namespace: Text,
    /// Name of its pod (or of its batch Job while it has none).
    pub pod_name: Text,
    /// Its node, once bound.
    pub node: Option<Text>,
    /// When it was created.
    pub created: DateTime<Utc>,
    /// When its pod was bound.
    pub scheduled: Option<DateTime<Utc>>,
    /// When its first step began to run.
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// Why it ended badly, in a few words (`step test: exit 1`, `step build: out of memory`), empty else.
    pub failure: Text,
    /// `namespace/name` of the queue that holds its entry, where its system has one in the cluster; else
    /// empty. To cancel and retry.
    pub queue: Text,
}

impl Job {
    /// Its key in its cluster.
    pub fn key(&self) -> JobKey {
        JobKey {
            system: self.system,
            id: self.id.clone(),
        }
    }

    /// Seconds from creation to the first step running, or to `now` while it has not begun (to its end
    /// when it never began).
    pub fn wait_seconds(&self, now: DateTime<Utc>) -> i64 {
        let until = self.started.or(self.ended).unwrap_or(now);
        (until - self.created).num_seconds().max(0)
    }

    /// Seconds from the first step's start to the end, or to `now`; `None` before it began.
    pub fn run_seconds(&self, now: DateTime<Utc>) -> Option<i64> {
        let started = self.started?;
        Some((self.ended.unwrap_or(now) - started).num_seconds().max(0))
    }

    /// The step it is at: the one that runs, else the one that failed, else none. Index from 1.
    pub fn current_step(&self) -> Option<(usize, &Step)> {
        let of = |want: fn(&StepState) -> bool| {
            self.steps
                .iter()
                .enumerate()
                .find(|(_, s)| want(&s.state))
                .map(|(i, s)| (i + 1, s))
        };
        of(|s| matches!(s, StepState::Running { .. }))
            .or_else(|| of(|s| matches!(s, StepState::Failed { .. })))
    }
}

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
