//! Controllers of pods, batch Jobs and disruption budgets.

use super::super::workload::{
    Numbers, RawBudget, RawBudgetSpec, RawBudgetStatus, RawJob, RawJobSpec, RawJobStatus,
    RawReplicas, RawWorkload, RawWorkloadStatus,
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

messages! {
    /// A DaemonSet's field 1 is its selector: no number, so passed over.
    RawReplicas {
        1 => int32 replicas;
    }
}

impl<'a, N: Numbers> Message<'a> for RawWorkloadStatus<N> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        if number == N::READY {
            value.int32(&mut self.ready_replicas)?;
        }
        // Of a DaemonSet; nobody asks the others for these.
        match number {
            3 => value.int32(&mut self.desired_number_scheduled),
            4 => value.int32(&mut self.number_ready),
            _ => Ok(()),
        }
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
