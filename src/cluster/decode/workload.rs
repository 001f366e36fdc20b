//! Controllers of pods, batch Jobs and disruption budgets.

use std::marker::PhantomData;

use serde::Deserialize;

use super::Decoder;
use super::meta::{RawCondition, RawMeta, RawSelector};
use super::raw::{List, Part, RawTime};
use crate::model::{BatchJob, Budget, Operator, Workload, WorkloadKind};

/// Which number `readyReplicas` has in protobuf: each kind has its own.
pub(super) trait Numbers: Default {
    const READY: u32;
}

macro_rules! numbers {
    ($($kind:ident $ready:literal)*) => {$(
        #[derive(Debug, Default)]
        pub(super) struct $kind;

        impl Numbers for $kind {
            const READY: u32 = $ready;
        }
    )*};
}

// A DaemonSet has no such field, and no field 0.
numbers! { ReplicaSet 4 StatefulSet 3 Deployment 7 DaemonSet 0 }

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound = "N: Numbers")]
pub(super) struct RawWorkload<'a, N> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    pub(super) spec: Part<RawReplicas>,
    pub(super) status: Part<RawWorkloadStatus<N>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawReplicas {
    pub(super) replicas: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound = "N: Numbers")]
pub(super) struct RawWorkloadStatus<N> {
    #[serde(skip)]
    numbers: PhantomData<N>,
    pub(super) ready_replicas: Option<i64>,
    pub(super) desired_number_scheduled: Option<i64>,
    pub(super) number_ready: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawJob<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    pub(super) spec: Part<RawJobSpec>,
    #[serde(borrow)]
    pub(super) status: Part<RawJobStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawJobSpec {
    pub(super) suspend: Option<bool>,
    pub(super) completions: Option<i64>,
    pub(super) parallelism: Option<i64>,
    pub(super) backoff_limit: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawJobStatus<'a> {
    pub(super) active: Option<i64>,
    pub(super) succeeded: Option<i64>,
    pub(super) failed: Option<i64>,
    pub(super) start_time: RawTime,
    pub(super) completion_time: RawTime,
    #[serde(borrow)]
    pub(super) conditions: List<RawCondition<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawBudget<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    #[serde(borrow)]
    pub(super) spec: Part<RawBudgetSpec<'a>>,
    pub(super) status: Part<RawBudgetStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawBudgetSpec<'a> {
    #[serde(borrow)]
    pub(super) selector: Option<RawSelector<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawBudgetStatus {
    pub(super) disruptions_allowed: Option<i64>,
    pub(super) current_healthy: Option<i64>,
    pub(super) desired_healthy: Option<i64>,
    pub(super) expected_pods: Option<i64>,
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
    pub(super) fn workload<N>(&mut self, kind: WorkloadKind, raw: &RawWorkload<'_, N>) -> Workload {
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
