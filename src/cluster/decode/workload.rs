//! Controllers of pods, batch Jobs, CronJobs, disruption budgets and autoscalers.

use std::marker::PhantomData;

use serde::Deserialize;

use super::Decoder;
use super::meta::{RawCondition, RawMeta, RawSelector};
use super::network::RawReference;
use super::pod::RawPod;
use super::raw::{List, Part, RawTime, Str};
use super::requests;
use crate::model::workload::RESTARTED_AT;
use crate::model::{
    Autoscaler, BatchJob, Budget, Concurrency, CronJob, Operator, Ordered, Update, Workload,
    WorkloadKind,
};

/// A field of a workload's spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spec {
    Replicas,
    Selector,
    Template,
    Paused,
    Strategy,
    Service,
    Policy,
    Claims,
    Retention,
    Ordinals,
}

/// A field of a workload's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Observed,
    Replicas,
    Desired,
    Ready,
    Available,
    Updated,
    Misplaced,
    CurrentRevision,
    UpdateRevision,
    Conditions,
}

/// Which numbers the fields have in protobuf: each kind has its own.
pub(super) trait Numbers: Default {
    const SPEC: &[(u32, Spec)];
    const STATUS: &[(u32, Status)];
    /// `lastTransitionTime` of a condition.
    const SINCE: u32 = 3;
}

macro_rules! numbers {
    ($($kind:ident spec $($n:literal $spec:ident)* status $($m:literal $status:ident)* since $since:literal;)*) => {$(
        #[derive(Debug, Default)]
        pub(super) struct $kind;

        impl Numbers for $kind {
            const SPEC: &[(u32, Spec)] = &[$(($n, Spec::$spec)),*];
            const STATUS: &[(u32, Status)] = &[$(($m, Status::$status)),*];
            const SINCE: u32 = $since;
        }
    )*};
}

#[rustfmt::skip]
numbers! {
    ReplicaSet
        spec 1 Replicas 2 Selector 3 Template
        status 1 Replicas 3 Observed 4 Ready 5 Available 6 Conditions
        since 3;
    StatefulSet
        spec 1 Replicas 2 Selector 3 Template 4 Claims 5 Service 6 Policy 7 Strategy 10 Retention 11 Ordinals
        status 1 Observed 2 Replicas 3 Ready 5 Updated 6 CurrentRevision 7 UpdateRevision 10 Conditions 11 Available
        since 3;
    Deployment
        spec 1 Replicas 2 Selector 3 Template 4 Strategy 7 Paused
        status 1 Observed 2 Replicas 3 Updated 4 Available 6 Conditions 7 Ready
        since 7;
    DaemonSet
        spec 1 Selector 2 Template 3 Strategy
        status 1 Replicas 2 Misplaced 3 Desired 4 Ready 5 Observed 6 Updated 7 Available 10 Conditions
        since 3;
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound = "N: Numbers")]
pub(super) struct RawWorkload<'a, N> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    #[serde(borrow)]
    pub(super) spec: Part<RawWorkloadSpec<'a, N>>,
    #[serde(borrow)]
    pub(super) status: Part<RawWorkloadStatus<'a, N>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound = "N: Numbers")]
pub(super) struct RawWorkloadSpec<'a, N> {
    #[serde(skip)]
    numbers: PhantomData<N>,
    pub(super) replicas: Option<i64>,
    #[serde(borrow)]
    pub(super) selector: Part<RawSelector<'a>>,
    /// A template has metadata and spec as a pod has.
    #[serde(borrow)]
    pub(super) template: Part<RawPod<'a>>,
    pub(super) paused: Option<bool>,
    #[serde(borrow, alias = "updateStrategy")]
    pub(super) strategy: Part<RawStrategy<'a>>,
    #[serde(borrow)]
    pub(super) service_name: Str<'a>,
    #[serde(borrow)]
    pub(super) pod_management_policy: Str<'a>,
    #[serde(borrow)]
    pub(super) volume_claim_templates: List<RawClaim<'a>>,
    #[serde(borrow, rename = "persistentVolumeClaimRetentionPolicy")]
    pub(super) retention: Part<RawRetention<'a>>,
    pub(super) ordinals: Part<RawOrdinals>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawStrategy<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Str<'a>,
    pub(super) rolling_update: Part<RawRolling>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawRolling {
    pub(super) partition: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawClaim<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawClaimMeta<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawClaimMeta<'a> {
    #[serde(borrow)]
    pub(super) name: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawRetention<'a> {
    #[serde(borrow)]
    pub(super) when_scaled: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawOrdinals {
    pub(super) start: Option<i64>,
}

/// What a DaemonSet calls otherwise stands under the others' names.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound = "N: Numbers")]
pub(super) struct RawWorkloadStatus<'a, N> {
    pub(super) observed_generation: Option<i64>,
    #[serde(alias = "currentNumberScheduled")]
    pub(super) replicas: Option<i64>,
    pub(super) desired_number_scheduled: Option<i64>,
    #[serde(alias = "numberReady")]
    pub(super) ready_replicas: Option<i64>,
    #[serde(alias = "numberAvailable")]
    pub(super) available_replicas: Option<i64>,
    #[serde(alias = "updatedNumberScheduled")]
    pub(super) updated_replicas: Option<i64>,
    pub(super) number_misscheduled: Option<i64>,
    #[serde(borrow)]
    pub(super) current_revision: Str<'a>,
    #[serde(borrow)]
    pub(super) update_revision: Str<'a>,
    #[serde(borrow)]
    pub(super) conditions: List<RawWorkloadCondition<'a, N>>,
}

/// A condition, whose fields have other numbers for Deployments.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent, bound = "N: Numbers")]
pub(super) struct RawWorkloadCondition<'a, N> {
    #[serde(borrow)]
    pub(super) condition: RawCondition<'a>,
    numbers: PhantomData<N>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawCronJob<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    #[serde(borrow)]
    pub(super) spec: Part<RawCronJobSpec<'a>>,
    #[serde(borrow)]
    pub(super) status: Part<RawCronJobStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawCronJobSpec<'a> {
    #[serde(borrow)]
    pub(super) schedule: Str<'a>,
    #[serde(borrow)]
    pub(super) time_zone: Str<'a>,
    #[serde(borrow)]
    pub(super) concurrency_policy: Str<'a>,
    pub(super) suspend: Option<bool>,
    pub(super) starting_deadline_seconds: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawCronJobStatus<'a> {
    #[serde(borrow)]
    pub(super) active: List<RawReference<'a>>,
    pub(super) last_schedule_time: RawTime,
    pub(super) last_successful_time: RawTime,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawAutoscaler<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    #[serde(borrow)]
    pub(super) spec: Part<RawAutoscalerSpec<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawAutoscalerSpec<'a> {
    #[serde(borrow)]
    pub(super) scale_target_ref: Part<RawTarget<'a>>,
    pub(super) min_replicas: Option<i64>,
    pub(super) max_replicas: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawTarget<'a> {
    #[serde(borrow)]
    pub(super) kind: Str<'a>,
    #[serde(borrow)]
    pub(super) name: Str<'a>,
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
        let (spec, status) = (&raw.spec, &raw.status);
        let template = &spec.template;
        let desired = match kind {
            WorkloadKind::DaemonSet => count(status.desired_number_scheduled, 0),
            WorkloadKind::Deployment | WorkloadKind::ReplicaSet | WorkloadKind::StatefulSet => {
                count(spec.replicas, 1)
            }
        };
        let current = count(status.replicas, 0);
        let restarted = template.metadata.annotations.0.get(RESTARTED_AT);
        Workload {
            meta: self.meta(&raw.metadata),
            kind,
            desired,
            current,
            ready: count(status.ready_replicas, 0),
            available: count(status.available_replicas, 0),
            updated: match kind {
                WorkloadKind::ReplicaSet => current,
                WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => {
                    count(status.updated_replicas, 0)
                }
            },
            misplaced: count(status.number_misscheduled, 0),
            generation: raw.metadata.generation.unwrap_or(0),
            observed: status.observed_generation.unwrap_or(0),
            paused: spec.paused.unwrap_or(false),
            update: match &*spec.strategy.kind {
                "Recreate" => Update::Recreate,
                "OnDelete" => Update::OnDelete,
                _ => Update::Rolling,
            },
            ordered: (kind == WorkloadKind::StatefulSet)
                .then(|| Box::new(self.ordered(spec, status))),
            selector: self.pairs(&spec.selector.labels),
            template: self.spec(&template.spec, requests::of_pod(template)),
            restarted: restarted.and_then(|at| at.parse().ok()),
            conditions: status
                .conditions
                .iter()
                .map(|c| self.condition(&c.condition))
                .collect(),
        }
    }

    fn ordered<N>(
        &mut self,
        spec: &RawWorkloadSpec<'_, N>,
        status: &RawWorkloadStatus<'_, N>,
    ) -> Ordered {
        let claims = spec.volume_claim_templates.iter();
        Ordered {
            service: self.text(&spec.service_name),
            first: count(spec.ordinals.start, 0),
            parallel: &*spec.pod_management_policy == "Parallel",
            partition: count(spec.strategy.rolling_update.partition, 0),
            claims: claims.map(|c| self.text(&c.metadata.name)).collect(),
            claims_go: &*spec.retention.when_scaled == "Delete",
            current_revision: self.text(&status.current_revision),
            update_revision: self.text(&status.update_revision),
        }
    }

    pub(super) fn cron_job(&mut self, raw: &RawCronJob<'_>) -> CronJob {
        let (spec, status) = (&raw.spec, &raw.status);
        CronJob {
            meta: self.meta(&raw.metadata),
            schedule: self.text(&spec.schedule),
            time_zone: self.text(&spec.time_zone),
            suspended: spec.suspend.unwrap_or(false),
            concurrency: match &*spec.concurrency_policy {
                "Forbid" => Concurrency::Forbid,
                "Replace" => Concurrency::Replace,
                _ => Concurrency::Allow,
            },
            deadline: spec.starting_deadline_seconds,
            active: u32::try_from(status.active.len()).unwrap_or(u32::MAX),
            last_scheduled: status.last_schedule_time.time(),
            last_succeeded: status.last_successful_time.time(),
        }
    }

    pub(super) fn autoscaler(&mut self, raw: &RawAutoscaler<'_>) -> Autoscaler {
        let spec = &raw.spec;
        Autoscaler {
            meta: self.meta(&raw.metadata),
            target_kind: self.text(&spec.scale_target_ref.kind),
            target: self.own(&spec.scale_target_ref.name),
            min: count(spec.min_replicas, 1),
            max: count(spec.max_replicas, 0),
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
