//! Controllers of pods, batch Jobs and disruption budgets.

use serde::Deserialize;

use super::Decoder;
use super::meta::{RawCondition, RawMeta, RawSelector};
use super::raw::{List, Part, RawTime};
use crate::model::{BatchJob, Budget, Operator, Workload, WorkloadKind};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawWorkload<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    spec: Part<RawReplicas>,
    status: Part<RawWorkloadStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawReplicas {
    replicas: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawWorkloadStatus {
    ready_replicas: Option<i64>,
    desired_number_scheduled: Option<i64>,
    number_ready: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawJob<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    spec: Part<RawJobSpec>,
    #[serde(borrow)]
    status: Part<RawJobStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawJobSpec {
    suspend: Option<bool>,
    completions: Option<i64>,
    parallelism: Option<i64>,
    backoff_limit: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawJobStatus<'a> {
    active: Option<i64>,
    succeeded: Option<i64>,
    failed: Option<i64>,
    start_time: RawTime,
    completion_time: RawTime,
    #[serde(borrow)]
    conditions: List<RawCondition<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawBudget<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    #[serde(borrow)]
    spec: Part<RawBudgetSpec<'a>>,
    status: Part<RawBudgetStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawBudgetSpec<'a> {
    #[serde(borrow)]
    selector: Option<RawSelector<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawBudgetStatus {
    disruptions_allowed: Option<i64>,
    current_healthy: Option<i64>,
    desired_healthy: Option<i64>,
    expected_pods: Option<i64>,
}

/// A count as the API has it, or what stands for an absent one.
pub(super) fn count(raw: Option<i64>, absent: i32) -> i32 {
    raw.map_or(absent, |n| i32::try_from(n).unwrap_or(i32::MAX))
}

/// `None` for a word this version does not know.
pub(super) fn operator(text: &str) -> Option<Operator> {
    match text {
        "In" => Some(Operator::In),
        "NotIn" => Some(Operator::NotIn),
        "Exists" => Some(Operator::Exists),
        "DoesNotExist" => Some(Operator::DoesNotExist),
        "Gt" => Some(Operator::Gt),
        "Lt" => Some(Operator::Lt),
        _ => None,
    }
}

impl Decoder {
    pub(super) fn workload(&mut self, kind: WorkloadKind, raw: &RawWorkload<'_>) -> Workload {
        let (desired, ready) = match kind {
            WorkloadKind::DaemonSet => (
                count(raw.status.desired_number_scheduled, 0),
                count(raw.status.number_ready, 0),
            ),
            WorkloadKind::Deployment | WorkloadKind::ReplicaSet | WorkloadKind::StatefulSet => (
                count(raw.spec.replicas, 1),
                count(raw.status.ready_replicas, 0),
            ),
        };
        Workload {
            meta: self.meta(&raw.metadata),
            kind,
            desired,
            ready,
        }
    }

    pub(super) fn batch_job(&mut self, raw: &RawJob<'_>) -> BatchJob {
        let (spec, status) = (&raw.spec, &raw.status);
        BatchJob {
            meta: self.meta(&raw.metadata),
            suspended: spec.suspend.unwrap_or(false),
            completions: count(spec.completions, 1),
            parallelism: count(spec.parallelism, 1),
            backoff_limit: count(spec.backoff_limit, 6),
            active: count(status.active, 0),
            succeeded: count(status.succeeded, 0),
            failed: count(status.failed, 0),
            started: status.start_time.time(),
            completed: status.completion_time.time(),
            conditions: self.conditions(&status.conditions),
        }
    }

    pub(super) fn budget(&mut self, raw: &RawBudget<'_>) -> Budget {
        let selector = raw.spec.selector.as_ref();
        let status = &raw.status;
        Budget {
            meta: self.meta(&raw.metadata),
            selector: selector.map(|s| self.pairs(&s.labels)),
            expressions: selector
                .map(|s| &*s.expressions)
                .unwrap_or_default()
                .iter()
                .filter_map(|e| {
                    let operator = operator(&e.operator)?;
                    let values = e.values.iter().map(|v| self.text(v)).collect();
                    Some((self.text(&e.key), operator, values))
                })
                .collect(),
            allowed: count(status.disruptions_allowed, 0),
            healthy: count(status.current_healthy, 0),
            needed: count(status.desired_healthy, 0),
            expected: count(status.expected_pods, 0),
        }
    }
}
