//! Nodes and amounts.

use super::super::node::{RawAddress, RawInfo, RawNode, RawSpec, RawStatus, RawTaint};
use super::wire::{Fault, Message, Value};

impl<'a> Message<'a> for RawNode<'a> {
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
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            4 => value.bool(&mut self.unschedulable),
            5 => value.list(&mut self.taints),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawTaint<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.key),
            2 => value.text(&mut self.value),
            3 => value.text(&mut self.effect),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawStatus<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            2 => value.amount(&mut self.allocatable.0),
            4 => value.list(&mut self.conditions),
            5 => value.list(&mut self.addresses),
            7 => value.message(&mut self.node_info),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawInfo<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            7 => value.text(&mut self.kubelet_version),
            _ => Ok(()),
        }
    }
}

impl<'a> Message<'a> for RawAddress<'a> {
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        match number {
            1 => value.text(&mut self.kind),
            2 => value.text(&mut self.address),
            _ => Ok(()),
        }
    }
}
