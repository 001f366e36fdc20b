//! `meta/v1`: what all kinds have.

use super::super::frame::RawListMeta;
use super::super::meta::{RawCondition, RawExpression, RawMeta, RawOwner, RawSelector};
use super::wire::{Fault, Message, Value, messages};

messages! {
    RawMeta<'a> {
        1 => text name;
        3 => text namespace;
        5 => text uid;
        6 => text resource_version;
        7 => int64 generation;
        8 => time creation_timestamp;
        9 => time deletion_timestamp;
        11 => pair labels;
        12 => annotation annotations;
        13 => list owner_references;
    }
    RawOwner<'a> {
        1 => text kind;
        3 => text name;
        4 => text uid;
        6 => bool controller;
    }
    /// PodCondition, NodeCondition and JobCondition have the same numbers.
    RawCondition<'a> {
        1 => text kind;
        2 => text status;
        4 => time last_transition_time;
        5 => text reason;
        6 => text message;
    }
    RawSelector<'a> {
        1 => pair labels;
        2 => list expressions;
    }
    /// LabelSelectorRequirement and NodeSelectorRequirement have the same numbers.
    RawExpression<'a> {
        1 => text key;
        2 => text operator;
        3 => texts values;
    }
    RawListMeta<'a> {
        2 => text resource_version;
        3 => text next;
        4 => int64 remaining_item_count;
    }
}
