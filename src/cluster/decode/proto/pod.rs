//! Pods.

use serde::de::IgnoredAny;

use super::super::pod::{
    RawAffinity, RawContainer, RawContainerStatus, RawNodeAffinity, RawPod, RawRequired,
    RawResources, RawRunning, RawSpec, RawState, RawStatus, RawTerm, RawTerminated, RawToleration,
    RawVolume, RawWaiting,
};
use super::wire::{Fault, Message, Value, fields};

impl<'a> Message<'a> for RawPod<'a> {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.message(&mut self.metadata),
            2 => value.message(&mut self.spec),
            3 => value.message(&mut self.status),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawSpec<'a> {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.list(&mut self.volumes),
            2 => value.list(&mut self.containers),
            4 => value.int64(&mut self.termination_grace_period_seconds),
            5 => value.int64(&mut self.active_deadline_seconds),
            7 => value.pair(&mut self.node_selector),
            10 => value.text(&mut self.node_name),
            18 => value.message(&mut self.affinity),
            20 => value.list(&mut self.init_containers),
            22 => value.list(&mut self.tolerations),
            32 => value.amount(&mut self.overhead.0),
            40 => value.message(&mut self.resources),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawContainer<'a> {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.name),
            2 => value.text(&mut self.image),
            8 => value.message(&mut self.resources),
            24 => value.text(&mut self.restart_policy),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawResources {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.amount(&mut self.limits.0),
            2 => value.amount(&mut self.requests.0),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawAffinity<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.message(&mut self.node_affinity),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawNodeAffinity<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.message(&mut self.required),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawRequired<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.list(&mut self.node_selector_terms),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawTerm<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.list(&mut self.match_expressions),
            2 => value.list(&mut self.match_fields),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawToleration<'a> {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.key),
            2 => value.text(&mut self.operator),
            3 => value.text(&mut self.value),
            4 => value.text(&mut self.effect),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawVolume {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        // The source is a message of its own here, and inline in JSON.
        if let (2, Some(source)) = (number, value.bytes()) {
            fields(source, |number, value| {
                if number == 2 && value.bytes().is_some() {
                    self.empty_dir = Some(IgnoredAny);
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl<'a> Message<'a> for RawStatus<'a> {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.phase),
            2 => value.list(&mut self.conditions),
            3 => value.text(&mut self.message),
            4 => value.text(&mut self.reason),
            6 => value.text(&mut self.pod_ip),
            7 => value.time(&mut self.start_time),
            8 => value.list(&mut self.container_statuses),
            10 => value.list(&mut self.init_container_statuses),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawContainerStatus<'a> {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.name),
            2 => value.message(&mut self.state),
            3 => value.message(&mut self.last_state),
            4 => value.bool(&mut self.ready),
            5 => value.int32(&mut self.restart_count),
            9 => value.bool(&mut self.started),
            10 => value.amount(&mut self.allocated_resources.0),
            11 => value.message(&mut self.resources),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawState<'a> {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.option(&mut self.waiting),
            2 => value.option(&mut self.running),
            3 => value.option(&mut self.terminated),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawWaiting<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.reason),
            2 => value.text(&mut self.message),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawRunning {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.time(&mut self.started_at),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawTerminated<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.int32(&mut self.exit_code),
            2 => value.int32(&mut self.signal),
            3 => value.text(&mut self.reason),
            4 => value.text(&mut self.message),
            5 => value.time(&mut self.started_at),
            6 => value.time(&mut self.finished_at),
            _ => Ok(()),
        }
    }
}
