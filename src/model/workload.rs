//! Controllers of pods, and the budgets that protect them.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::cron::{CronError, Schedule};
use super::feed::Kind;
use super::id::Text;
use super::meta::{Condition, Meta};
use super::pod::{Operator, Pod, PodSpec};

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

impl From<WorkloadKind> for Kind {
    fn from(kind: WorkloadKind) -> Self {
        match kind {
            WorkloadKind::Deployment => Self::Deployment,
            WorkloadKind::ReplicaSet => Self::ReplicaSet,
            WorkloadKind::StatefulSet => Self::StatefulSet,
            WorkloadKind::DaemonSet => Self::DaemonSet,
        }
    }
}

/// How pods are replaced when the template changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Update {
    /// A few at a time.
    #[default]
    Rolling,
    /// All at once: the old ones go first.
    Recreate,
    /// Each when somebody deletes it.
    OnDelete,
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
    /// Pods that are there (`status.replicas`; a DaemonSet's `currentNumberScheduled`).
    pub current: i32,
    /// Ready replicas.
    pub ready: i32,
    /// Ready for as long as `minReadySeconds` asks.
    pub available: i32,
    /// Pods made from the present template; a ReplicaSet's own pods all are.
    pub updated: i32,
    /// Of a DaemonSet: pods on nodes that should have none.
    pub misplaced: i32,
    /// `metadata.generation`.
    pub generation: i64,
    /// `status.observedGeneration`: the numbers above are about this one.
    pub observed: i64,
    /// `spec.paused` of a Deployment.
    pub paused: bool,
    /// How pods are replaced.
    pub update: Update,
    /// What only a StatefulSet has.
    pub ordered: Option<Box<Ordered>>,
    /// `spec.selector.matchLabels`, sorted by key.
    pub selector: Box<[(Text, Text)]>,
    /// `spec.template.spec`.
    pub template: Arc<PodSpec>,
    /// When somebody asked for a restart last (an annotation of the template).
    pub restarted: Option<DateTime<Utc>>,
    /// `status.conditions`.
    pub conditions: Box<[Condition]>,
}

/// What only a StatefulSet has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ordered {
    /// `spec.serviceName`, may be empty.
    pub service: Text,
    /// `spec.ordinals.start`: the first ordinal.
    pub first: i32,
    /// `podManagementPolicy: Parallel`: no ordinal waits for the one before it.
    pub parallel: bool,
    /// `rollingUpdate.partition`: ordinals below it keep the old revision.
    pub partition: i32,
    /// Names of `spec.volumeClaimTemplates`.
    pub claims: Box<[Text]>,
    /// Whether a claim is deleted when its ordinal is scaled away; else it stays.
    pub claims_go: bool,
    /// `status.currentRevision`, may be empty.
    pub current_revision: Text,
    /// `status.updateRevision`, may be empty.
    pub update_revision: Text,
}

impl Workload {
    /// Its revision in the order of rollouts (`deployment.kubernetes.io/revision`), of a Deployment and of
    /// its ReplicaSets.
    pub fn revision(&self) -> Option<u64> {
        self.meta.annotation(REVISION)?.parse().ok()
    }

    /// A condition by its type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|c| *c.kind == *kind)
    }

    /// Whether the status is about the present spec.
    pub fn is_observed(&self) -> bool {
        self.observed >= self.generation
    }

    /// Replicas that the present template is to be rolled out to: a partition keeps some back.
    pub fn to_update(&self) -> i32 {
        let kept = self.ordered.as_ref().map_or(0, |o| o.partition);
        (self.desired - kept).max(0)
    }

    /// Whether all pods that are to be there are, made from the present template and available.
    pub fn is_rolled_out(&self) -> bool {
        let replaced = match self.update {
            Update::OnDelete => true,
            Update::Rolling | Update::Recreate => self.updated >= self.to_update(),
        };
        let settled = match self.kind {
            // Old pods that still go count here, and only here.
            WorkloadKind::Deployment | WorkloadKind::ReplicaSet | WorkloadKind::StatefulSet => {
                self.current == self.desired
            }
            WorkloadKind::DaemonSet => self.current >= self.desired,
        };
        self.is_observed() && replaced && settled && self.available >= self.desired
    }

    /// The ordinals that a StatefulSet is to have.
    pub fn ordinals(&self) -> std::ops::Range<i32> {
        let first = self.ordered.as_ref().map_or(0, |o| o.first);
        first..first.saturating_add(self.desired.max(0))
    }
}

/// The annotation that counts a Deployment's rollouts.
pub const REVISION: &str = "deployment.kubernetes.io/revision";
/// The annotation of the template by which a restart is asked for.
pub const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// The annotation on a CronJob's Job that was not started by its schedule.
pub const INSTANTIATE: &str = "cronjob.kubernetes.io/instantiate";

/// What happens when a CronJob's time comes and its last Job still runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Concurrency {
    /// Both run.
    #[default]
    Allow,
    /// The new one is left out.
    Forbid,
    /// The old one is ended.
    Replace,
}

/// A batch/v1 CronJob.
#[derive(Clone, Debug, PartialEq)]
pub struct CronJob {
    /// Metadata.
    pub meta: Meta,
    /// `spec.schedule`, as it was written.
    pub schedule: Text,
    /// `spec.timeZone`, empty for that of the controller manager.
    pub time_zone: Text,
    /// `spec.suspend`.
    pub suspended: bool,
    /// `spec.concurrencyPolicy`.
    pub concurrency: Concurrency,
    /// `spec.startingDeadlineSeconds`: a start that is missed by more is left out.
    pub deadline: Option<i64>,
    /// How many Jobs `status.active` names.
    pub active: u32,
    /// `status.lastScheduleTime`.
    pub last_scheduled: Option<DateTime<Utc>>,
    /// `status.lastSuccessfulTime`.
    pub last_succeeded: Option<DateTime<Utc>>,
}

impl CronJob {
    /// When it starts next after `now`, as its controller will reckon; `None`: never again. It does not look
    /// at `suspended`.
    ///
    /// # Errors
    /// When schedule or time zone cannot be understood.
    pub fn next(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, CronError> {
        let schedule = Schedule::parse(&self.schedule, &self.time_zone)?;
        let anchor = self.last_scheduled.unwrap_or(self.meta.created);
        Ok(schedule.next(anchor, now))
    }

    /// The last start before `now` that it has not made, and that it would still make if it were not
    /// suspended.
    pub fn missed(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let schedule = Schedule::parse(&self.schedule, &self.time_zone).ok()?;
        let since = self.last_scheduled.unwrap_or(self.meta.created);
        let earliest = match self.deadline {
            Some(seconds) => since.max(now - chrono::TimeDelta::try_seconds(seconds)?),
            None => since,
        };
        schedule.last(earliest, now)
    }
}

/// An autoscaling/v2 HorizontalPodAutoscaler.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoscaler {
    /// Metadata.
    pub meta: Meta,
    /// `spec.scaleTargetRef.kind`.
    pub target_kind: Text,
    /// `spec.scaleTargetRef.name`, in its own namespace.
    pub target: Text,
    /// `spec.minReplicas`, 1 by default.
    pub min: i32,
    /// `spec.maxReplicas`.
    pub max: i32,
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
