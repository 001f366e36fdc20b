//! Events as objects of the cluster.

use super::super::event::{RawEvent, RawRegarding, RawSeries, RawSource};
use super::wire::{Fault, Message, Value, messages};

messages! {
    RawEvent<'a> {
        1 => message metadata;
        2 => message involved_object;
        3 => text reason;
        4 => text message;
        5 => message source;
        6 => time first_timestamp;
        7 => time last_timestamp;
        8 => int32 count;
        9 => text kind;
        10 => time event_time;
        11 => message series;
        14 => text reporting_component;
        15 => text reporting_instance;
    }
    RawRegarding<'a> {
        1 => text kind;
        2 => text namespace;
        3 => text name;
        4 => text uid;
        7 => text field_path;
    }
    RawSource<'a> {
        1 => text component;
        2 => text host;
    }
    RawSeries {
        1 => int32 count;
        2 => time last_observed_time;
    }
}
