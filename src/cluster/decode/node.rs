//! Nodes, taints and amounts.

use serde::{Deserialize, Deserializer};

use super::meta::{RawCondition, RawMeta};
use super::raw::{List, Part, RawTime, Str};
use crate::model::quantity;

use super::Decoder;
use crate::model::{Node, NodeInfo, Resources, Taint, TaintEffect};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawNode<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    #[serde(borrow)]
    pub(super) spec: Part<RawSpec<'a>>,
    #[serde(borrow)]
    pub(super) status: Part<RawStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawSpec<'a> {
    pub(super) unschedulable: Option<bool>,
    #[serde(borrow)]
    pub(super) taints: List<RawTaint<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawTaint<'a> {
    #[serde(borrow)]
    pub(super) key: Str<'a>,
    #[serde(borrow)]
    pub(super) value: Str<'a>,
    #[serde(borrow)]
    pub(super) effect: Str<'a>,
    pub(super) time_added: RawTime,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawStatus<'a> {
    pub(super) allocatable: Part<RawAmounts>,
    #[serde(borrow)]
    pub(super) conditions: List<RawCondition<'a>>,
    #[serde(borrow)]
    pub(super) node_info: Part<RawInfo<'a>>,
    #[serde(borrow)]
    pub(super) addresses: List<RawAddress<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawInfo<'a> {
    #[serde(borrow)]
    pub(super) kubelet_version: Str<'a>,
    #[serde(borrow)]
    pub(super) os_image: Str<'a>,
    #[serde(borrow)]
    pub(super) kernel_version: Str<'a>,
    #[serde(borrow)]
    pub(super) container_runtime_version: Str<'a>,
    #[serde(borrow)]
    pub(super) architecture: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawAddress<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Str<'a>,
    #[serde(borrow)]
    pub(super) address: Str<'a>,
}

/// The amounts of a request, a limit or an allocatable that are kept, in our units. `None` for what is absent;
/// what is no quantity counts 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct RawAmounts {
    pub(super) cpu: Option<Millis>,
    pub(super) memory: Option<Whole>,
    #[serde(rename = "ephemeral-storage")]
    pub(super) storage: Option<Whole>,
    pub(super) pods: Option<Whole>,
}

impl RawAmounts {
    /// What is absent counts 0.
    pub(super) fn resources(&self) -> Resources {
        Resources {
            cpu: self.cpu.unwrap_or_default().0,
            memory: self.memory.unwrap_or_default().0,
            storage: self.storage.unwrap_or_default().0,
            pods: self.pods.unwrap_or_default().0,
        }
    }
}

/// A quantity in millicores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Millis(pub(super) i64);

impl Millis {
    pub(super) fn of(text: &str) -> Self {
        Self(quantity::millis(text).unwrap_or(0))
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Str::deserialize(from).map(|text| Self::of(&text))
    }
}

/// A quantity in bytes, or a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Whole(pub(super) i64);

impl Whole {
    pub(super) fn of(text: &str) -> Self {
        Self(quantity::whole(text).unwrap_or(0))
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Str::deserialize(from).map(|text| Self::of(&text))
    }
}

/// `None` for an effect this version does not know: such a taint is left out, as the scheduler's rules for it
/// are unknown.
pub(super) fn effect(text: &str) -> Option<TaintEffect> {
    match text {
        "NoSchedule" => Some(TaintEffect::NoSchedule),
        "PreferNoSchedule" => Some(TaintEffect::PreferNoSchedule),
        "NoExecute" => Some(TaintEffect::NoExecute),
        _ => None,
    }
}

impl Decoder {
    pub(super) fn node(&mut self, raw: &RawNode<'_>) -> Node {
        let (spec, status) = (&raw.spec, &raw.status);
        Node {
            meta: self.meta(&raw.metadata),
            unschedulable: spec.unschedulable.unwrap_or(false),
            taints: spec
                .taints
                .iter()
                .filter_map(|t| {
                    Some(Taint {
                        effect: effect(&t.effect)?,
                        key: self.text(&t.key),
                        value: self.text(&t.value),
                        since: t.time_added.whole(),
                    })
                })
                .collect(),
            allocatable: status.allocatable.resources(),
            conditions: self.conditions(&status.conditions),
            kubelet: self.text(&status.node_info.kubelet_version),
            info: NodeInfo {
                os: self.text(&status.node_info.os_image),
                kernel: self.text(&status.node_info.kernel_version),
                runtime: self.text(&status.node_info.container_runtime_version),
                arch: self.text(&status.node_info.architecture),
            },
            internal_ip: status
                .addresses
                .iter()
                .find(|a| &*a.kind == "InternalIP")
                .map_or_else(|| "".into(), |a| self.own(&a.address)),
        }
    }
}
