//! `meta/v1`: what all kinds have.

use super::super::frame::RawListMeta;
use super::super::meta::{RawCondition, RawExpression, RawMeta, RawOwner, RawSelector};
use super::wire::{Fault, Message, Value};

impl<'a> Message<'a> for RawMeta<'a> {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.name),
            3 => value.text(&mut self.namespace),
            5 => value.text(&mut self.uid),
            6 => value.text(&mut self.resource_version),
            8 => value.time(&mut self.creation_timestamp),
            9 => value.time(&mut self.deletion_timestamp),
            11 => value.pair(&mut self.labels),
            12 => value.annotation(&mut self.annotations),
            13 => value.list(&mut self.owner_references),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawOwner<'a> {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.kind),
            3 => value.text(&mut self.name),
            4 => value.text(&mut self.uid),
            6 => value.bool(&mut self.controller),
            _ => Ok(()),
        }
    }
}

/// PodCondition, NodeCondition and JobCondition have the same numbers.
impl<'a> Message<'a> for RawCondition<'a> {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.kind),
            2 => value.text(&mut self.status),
            4 => value.time(&mut self.last_transition_time),
            5 => value.text(&mut self.reason),
            6 => value.text(&mut self.message),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawSelector<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.pair(&mut self.labels),
            2 => value.list(&mut self.expressions),
            _ => Ok(()),
        }
    }
}

/// LabelSelectorRequirement and NodeSelectorRequirement have the same numbers.
impl<'a> Message<'a> for RawExpression<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.key),
            2 => value.text(&mut self.operator),
            3 => value.texts(&mut self.values),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawListMeta<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            2 => value.text(&mut self.resource_version),
            3 => value.text(&mut self.next),
            4 => value.int64(&mut self.remaining_item_count),
            _ => Ok(()),
        }
    }
}
