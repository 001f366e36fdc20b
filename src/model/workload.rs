//! Controllers of pods, and the budgets that protect them.

use chrono::{DateTime, Utc};

use super::id::Text;
use super::meta::{Condition, Meta};
use super::pod::{Operator, Pod};

/// Which controller a [`Workload`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkloadKind {
    /// apps/v1 Deployment.
    Deployment,
    /// apps/v1 ReplicaSet.
    ReplicaSet,
    /// apps/v1 StatefulSet.
    StatefulSet,
    /// apps/v1 DaemonSet.
    DaemonSet,
}

/// A Deployment, ReplicaSet, StatefulSet or DaemonSet.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Metadata.
    pub meta: Meta,
    /// Which it is.
    pub kind: WorkloadKind,
    /// Wanted replicas (a DaemonSet's `desiredNumberScheduled`).
    pub desired: i32,
    /// Ready replicas.
    pub ready: i32,
}

/// A batch/v1 Job.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchJob {
    /// Metadata; its owner is a CronJob, perhaps.
    pub meta: Meta,
    /// `spec.suspend`.
    pub suspended: bool,
    /// `spec.completions`, 1 by default.
    pub completions: i32,
    /// `spec.parallelism`, 1 by default.
    pub parallelism: i32,
    /// `spec.backoffLimit`, 6 by default.
    pub backoff_limit: i32,
    /// `status.active`.
    pub active: i32,
    /// `status.succeeded`.
    pub succeeded: i32,
    /// `status.failed`.
    pub failed: i32,
    /// `status.startTime`.
    pub started: Option<DateTime<Utc>>,
    /// `status.completionTime`.
    pub completed: Option<DateTime<Utc>>,
    /// `status.conditions`.
    pub conditions: Box<[Condition]>,
}

/// A PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Metadata.
    pub meta: Meta,
    /// `spec.selector.matchLabels`, sorted by key. `None`: it matches nothing (policy/v1 with no selector);
    /// an empty list matches every pod of the namespace.
    pub selector: Option<Box<[(Text, Text)]>>,
    /// `spec.selector.matchExpressions`.
    pub expressions: Box<[super::pod::Expression]>,
    /// `status.disruptionsAllowed`.
    pub allowed: i32,
    /// `status.currentHealthy`.
    pub healthy: i32,
    /// `status.desiredHealthy`.
    pub needed: i32,
    /// `status.expectedPods`.
    pub expected: i32,
}

impl Budget {
    /// Whether it protects this pod: same namespace, and its selector matches.
    pub fn selects(&self, pod: &Pod) -> bool {
        let Some(wanted) = &self.selector else {
            return false;
        };
        pod.meta.namespace == self.meta.namespace
            && wanted
                .iter()
                .all(|(key, value)| pod.meta.label(key) == Some(value))
            && self
                .expressions
                .iter()
                .all(|(key, operator, values)| holds(pod.meta.label(key), *operator, values))
    }
}

/// A label selector's expression; `Gt` and `Lt` are for nodes alone and never hold here.
fn holds(value: Option<&str>, operator: Operator, values: &[Text]) -> bool {
    let among = |v: &str| values.iter().any(|one| **one == *v);
    match operator {
        Operator::In => value.is_some_and(among),
        Operator::NotIn => !value.is_some_and(among),
        Operator::Exists => value.is_some(),
        Operator::DoesNotExist => value.is_none(),
        Operator::Gt | Operator::Lt => false,
    }
}
