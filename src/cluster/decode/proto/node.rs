//! Nodes and amounts.

use super::super::node::{RawAddress, RawInfo, RawNode, RawSpec, RawStatus, RawTaint};
use super::wire::{Fault, Message, Value, messages};

messages! {
    RawNode<'a> {
        1 => message metadata;
        2 => message spec;
        3 => message status;
    }
    RawSpec<'a> {
        4 => bool unschedulable;
        5 => list taints;
    }
    RawTaint<'a> {
        1 => text key;
        2 => text value;
        3 => text effect;
        4 => time time_added;
    }
    RawStatus<'a> {
        2 => amount allocatable.0;
        4 => list conditions;
        5 => list addresses;
        7 => message node_info;
    }
    RawInfo<'a> {
        4 => text kernel_version;
        5 => text os_image;
        6 => text container_runtime_version;
        7 => text kubelet_version;
        10 => text architecture;
    }
    RawAddress<'a> {
        1 => text kind;
        2 => text address;
    }
}
