//! Controllers of pods, batch Jobs, CronJobs, disruption budgets and autoscalers.

use super::super::workload::{
    Numbers, RawAutoscaler, RawAutoscalerSpec, RawBudget, RawBudgetSpec, RawBudgetStatus, RawClaim,
    RawClaimMeta, RawCronJob, RawCronJobSpec, RawCronJobStatus, RawJob, RawJobSpec, RawJobStatus,
    RawOrdinals, RawRetention, RawRolling, RawStrategy, RawTarget, RawWorkload,
    RawWorkloadCondition, RawWorkloadSpec, RawWorkloadStatus, Spec, Status,
};
use super::wire::{Fault, Message, Value, messages};

impl<'a, N: Numbers> Message<'a> for RawWorkload<'a, N> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.message(&mut self.metadata),
            2 => value.message(&mut self.spec),
            3 => value.message(&mut self.status),
            _ => Ok(()),
        }
    }
}

/// What a number means.
fn meaning<T: Copy>(table: &[(u32, T)], number: u32) -> Option<T> {
    table.iter().find(|(n, _)| *n == number).map(|(_, t)| *t)
}

impl<'a, N: Numbers> Message<'a> for RawWorkloadSpec<'a, N> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        let Some(field) = meaning(N::SPEC, number) else {
            return Ok(());
        };
        match field {
            Spec::Replicas => value.int32(&mut self.replicas),
            Spec::Selector => value.message(&mut self.selector),
            Spec::Template => value.message(&mut self.template),
            Spec::Paused => value.bool(&mut self.paused),
            Spec::Strategy => value.message(&mut self.strategy),
            Spec::Service => value.text(&mut self.service_name),
            Spec::Policy => value.text(&mut self.pod_management_policy),
            Spec::Claims => value.list(&mut self.volume_claim_templates),
            Spec::Retention => value.message(&mut self.retention),
            Spec::Ordinals => value.message(&mut self.ordinals),
        }
    }
}

impl<'a, N: Numbers> Message<'a> for RawWorkloadStatus<'a, N> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        let Some(field) = meaning(N::STATUS, number) else {
            return Ok(());
        };
        match field {
            Status::Observed => value.int64(&mut self.observed_generation),
            Status::Replicas => value.int32(&mut self.replicas),
            Status::Desired => value.int32(&mut self.desired_number_scheduled),
            Status::Ready => value.int32(&mut self.ready_replicas),
            Status::Available => value.int32(&mut self.available_replicas),
            Status::Updated => value.int32(&mut self.updated_replicas),
            Status::Misplaced => value.int32(&mut self.number_misscheduled),
            Status::CurrentRevision => value.text(&mut self.current_revision),
            Status::UpdateRevision => value.text(&mut self.update_revision),
            Status::Conditions => value.list(&mut self.conditions),
        }
    }
}

impl<'a, N: Numbers> Message<'a> for RawWorkloadCondition<'a, N> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        let condition = &mut self.condition;
        match number {
            1 => value.text(&mut condition.kind),
            2 => value.text(&mut condition.status),
            4 => value.text(&mut condition.reason),
            5 => value.text(&mut condition.message),
            n if n == N::SINCE => value.time(&mut condition.last_transition_time),
            _ => Ok(()),
        }
    }
}

messages! {
    /// A DaemonSet's rollingUpdate has other fields; their numbers are no numbers here, so passed over.
    RawStrategy<'a> {
        1 => text kind;
        2 => message rolling_update;
    }
    RawRolling {
        1 => int32 partition;
    }
    /// A PersistentVolumeClaim.
    RawClaim<'a> {
        1 => message metadata;
    }
    RawClaimMeta<'a> {
        1 => text name;
    }
    RawRetention<'a> {
        2 => text when_scaled;
    }
    RawOrdinals {
        1 => int32 start;
    }
    RawCronJob<'a> {
        1 => message metadata;
        2 => message spec;
        3 => message status;
    }
    RawCronJobSpec<'a> {
        1 => text schedule;
        2 => int64 starting_deadline_seconds;
        3 => text concurrency_policy;
        4 => bool suspend;
        8 => text time_zone;
    }
    RawCronJobStatus<'a> {
        1 => list active;
        4 => time last_schedule_time;
        5 => time last_successful_time;
    }
    RawAutoscaler<'a> {
        1 => message metadata;
        2 => message spec;
    }
    RawAutoscalerSpec<'a> {
        1 => message scale_target_ref;
        2 => int32 min_replicas;
        3 => int32 max_replicas;
    }
    /// A CrossVersionObjectReference.
    RawTarget<'a> {
        1 => text kind;
        2 => text name;
    }
}

messages! {
    RawJob<'a> {
        1 => message metadata;
        2 => message spec;
        3 => message status;
    }
    RawJobSpec {
        1 => int32 parallelism;
        2 => int32 completions;
        7 => int32 backoff_limit;
        10 => bool suspend;
    }
    RawJobStatus<'a> {
        1 => list conditions;
        2 => time start_time;
        3 => time completion_time;
        4 => int32 active;
        5 => int32 succeeded;
        6 => int32 failed;
    }
    RawBudget<'a> {
        1 => message metadata;
        2 => message spec;
        3 => message status;
    }
    RawBudgetSpec<'a> {
        2 => option selector;
    }
    RawBudgetStatus {
        3 => int32 disruptions_allowed;
        4 => int32 current_healthy;
        5 => int32 desired_healthy;
        6 => int32 expected_pods;
    }
}
