//! Controllers of pods, batch Jobs and disruption budgets.

use super::super::workload::{
    Numbers, RawBudget, RawBudgetSpec, RawBudgetStatus, RawJob, RawJobSpec, RawJobStatus,
    RawReplicas, RawWorkload, RawWorkloadStatus,
};
use super::wire::{Fault, Message, Value};

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

/// A DaemonSet's field 1 is its selector: no number, so passed over.
impl<'a> Message<'a> for RawReplicas {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.int32(&mut self.replicas),
            _ => Ok(()),
        }
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

impl<'a> Message<'a> for RawJob<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.message(&mut self.metadata),
            2 => value.message(&mut self.spec),
            3 => value.message(&mut self.status),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawJobSpec {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.int32(&mut self.parallelism),
            2 => value.int32(&mut self.completions),
            7 => value.int32(&mut self.backoff_limit),
            10 => value.bool(&mut self.suspend),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawJobStatus<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.list(&mut self.conditions),
            2 => value.time(&mut self.start_time),
            3 => value.time(&mut self.completion_time),
            4 => value.int32(&mut self.active),
            5 => value.int32(&mut self.succeeded),
            6 => value.int32(&mut self.failed),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawBudget<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.message(&mut self.metadata),
            2 => value.message(&mut self.spec),
            3 => value.message(&mut self.status),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawBudgetSpec<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            2 => value.option(&mut self.selector),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawBudgetStatus {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            3 => value.int32(&mut self.disruptions_allowed),
            4 => value.int32(&mut self.current_healthy),
            5 => value.int32(&mut self.desired_healthy),
            6 => value.int32(&mut self.expected_pods),
            _ => Ok(()),
        }
    }
}
