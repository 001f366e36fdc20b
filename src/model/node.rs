//! A node as the console keeps it.

use super::id::Text;
use super::meta::{Condition, Meta, Truth};
use super::resources::Resources;
use super::time::Time;

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Metadata; a node has no namespace.
    pub meta: Meta,
    /// `spec.unschedulable`: cordoned.
    pub unschedulable: bool,
    /// `spec.taints`.
    pub taints: Box<[Taint]>,
    /// `status.allocatable`.
    pub allocatable: Resources,
    /// `status.conditions`.
    pub conditions: Box<[Condition]>,
    /// `status.nodeInfo.kubeletVersion`.
    pub kubelet: Text,
    /// The rest of `status.nodeInfo`.
    pub info: NodeInfo,
    /// `status.addresses` of type InternalIP, empty if none.
    pub internal_ip: Text,
}

/// What a node says of its machine, empty where it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeInfo {
    /// `osImage`: `Ubuntu 24.04.1 LTS`.
    pub os: Text,
    /// `kernelVersion`.
    pub kernel: Text,
    /// `containerRuntimeVersion`: `containerd://2.1.4`.
    pub runtime: Text,
    /// `architecture`: `amd64`.
    pub arch: Text,
}

impl Node {
    /// The value of a condition; `None` where the node does not report it.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|c| &*c.kind == kind)
    }

    /// Whether condition `Ready` is True.
    pub fn is_ready(&self) -> bool {
        self.condition("Ready")
            .is_some_and(|c| c.status == Truth::True)
    }
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaintEffect {
    /// New pods are kept away.
    NoSchedule,
    /// New pods are kept away if there is room elsewhere.
    PreferNoSchedule,
    /// Running pods are evicted too.
    NoExecute,
}

/// A taint of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    /// `key`.
    pub key: Text,
    /// `value`, empty when none was given.
    pub value: Text,
    /// `effect`.
    pub effect: TaintEffect,
    /// `timeAdded`, where whoever set it says.
    pub since: Option<Time>,
}
