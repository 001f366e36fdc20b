//! Pods.

use serde::de::IgnoredAny;

use super::super::pod::{
    RawAffinity, RawContainer, RawContainerStatus, RawNodeAffinity, RawPod, RawRequired,
    RawResources, RawRunning, RawSpec, RawState, RawStatus, RawTerm, RawTerminated, RawToleration,
    RawVolume, RawWaiting,
};
use super::wire::{Fault, Message, Value, fields, messages};

messages! {
    RawPod<'a> {
        1 => message metadata;
        2 => message spec;
        3 => message status;
    }
    RawSpec<'a> {
        1 => list volumes;
        2 => list containers;
        4 => int64 termination_grace_period_seconds;
        5 => int64 active_deadline_seconds;
        7 => pair node_selector;
        10 => text node_name;
        18 => message affinity;
        20 => list init_containers;
        22 => list tolerations;
        32 => amount overhead.0;
        40 => message resources;
    }
    RawContainer<'a> {
        1 => text name;
        2 => text image;
        8 => message resources;
        24 => text restart_policy;
    }
    RawResources {
        1 => amount limits.0;
        2 => amount requests.0;
    }
    RawAffinity<'a> {
        1 => message node_affinity;
    }
    RawNodeAffinity<'a> {
        1 => message required;
    }
    RawRequired<'a> {
        1 => list node_selector_terms;
    }
    RawTerm<'a> {
        1 => list match_expressions;
        2 => list match_fields;
    }
    RawToleration<'a> {
        1 => text key;
        2 => text operator;
        3 => text value;
        4 => text effect;
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

messages! {
    RawStatus<'a> {
        1 => text phase;
        2 => list conditions;
        3 => text message;
        4 => text reason;
        6 => text pod_ip;
        7 => time start_time;
        8 => list container_statuses;
        10 => list init_container_statuses;
    }
    RawContainerStatus<'a> {
        1 => text name;
        2 => message state;
        3 => message last_state;
        4 => bool ready;
        5 => int32 restart_count;
        9 => bool started;
        10 => amount allocated_resources.0;
        11 => message resources;
    }
    RawState<'a> {
        1 => option waiting;
        2 => option running;
        3 => option terminated;
    }
    RawWaiting<'a> {
        1 => text reason;
        2 => text message;
    }
    RawRunning {
        1 => time started_at;
    }
    RawTerminated<'a> {
        1 => int32 exit_code;
        2 => int32 signal;
        3 => text reason;
        4 => text message;
        5 => time started_at;
        6 => time finished_at;
    }
}
