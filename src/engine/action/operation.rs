//! What can be done, and what it is called.

use super::remote::How;

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Stop a job, its system's way.
    Cancel,
    /// Run an ended job again, its system's way.
    Retry,
    /// Delete a pod with its grace.
    DeletePod,
    /// Keep new pods off a node.
    Cordon,
    /// Let them in again.
    Uncordon,
    /// Empty a node.
    Drain,
    /// Replace a workload's pods by its own way of rolling out.
    Restart,
    /// Set a workload's replicas.
    Scale(u32),
    /// Start a CronJob now.
    Trigger,
    /// Let a CronJob rest.
    Suspend,
    /// Let it start by its schedule again.
    Resume,
    /// Open something to a container or a node.
    Open(How),
}

impl Operation {
    /// As the command line, the audit and the screen name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::DeletePod => "delete pod",
            Self::Cordon => "cordon",
            Self::Uncordon => "uncordon",
            Self::Drain => "drain",
            Self::Restart => "restart",
            Self::Scale(_) => "scale",
            Self::Trigger => "trigger",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Open(how) => how.word(),
        }
    }

    /// What several things that it is done to are.
    pub(super) fn several(self) -> &'static str {
        match self {
            Self::Cancel | Self::Retry => "jobs",
            Self::DeletePod => "pods",
            Self::Cordon | Self::Uncordon | Self::Drain => "nodes",
            Self::Restart | Self::Scale(_) => "workloads",
            Self::Trigger | Self::Suspend | Self::Resume => "cronjobs",
            Self::Open(_) => "things",
        }
    }

    pub(super) fn capital(self) -> &'static str {
        match self {
            Self::Cancel => "Cancel",
            Self::Retry => "Retry",
            Self::DeletePod => "Delete",
            Self::Cordon => "Cordon",
            Self::Uncordon => "Uncordon",
            Self::Drain => "Drain",
            Self::Restart => "Restart",
            Self::Scale(_) => "Scale",
            Self::Trigger => "Trigger",
            Self::Suspend => "Suspend",
            Self::Resume => "Resume",
            Self::Open(how) => how.asks(),
        }
    }
}
