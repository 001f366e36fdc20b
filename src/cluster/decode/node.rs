//! Nodes, taints and amounts.

use serde::Deserialize;

use super::meta::{RawCondition, RawMeta};
use super::raw::{List, Part, Str};
use crate::model::quantity;

use super::Decoder;
use crate::model::{Node, Resources, Taint, TaintEffect};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawNode<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    #[serde(borrow)]
    spec: Part<RawSpec<'a>>,
    #[serde(borrow)]
    status: Part<RawStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawSpec<'a> {
    unschedulable: Option<bool>,
    #[serde(borrow)]
    taints: List<RawTaint<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawTaint<'a> {
    #[serde(borrow)]
    key: Str<'a>,
    #[serde(borrow)]
    value: Str<'a>,
    #[serde(borrow)]
    effect: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawStatus<'a> {
    #[serde(borrow)]
    allocatable: Part<RawAmounts<'a>>,
    #[serde(borrow)]
    conditions: List<RawCondition<'a>>,
    #[serde(borrow)]
    node_info: Part<RawInfo<'a>>,
    #[serde(borrow)]
    addresses: List<RawAddress<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawInfo<'a> {
    #[serde(borrow)]
    kubelet_version: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawAddress<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    address: Str<'a>,
}

/// The amounts of a request, a limit or an allocatable that are kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawAmounts<'a> {
    #[serde(borrow)]
    pub(super) cpu: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) memory: Option<Str<'a>>,
    #[serde(borrow, rename = "ephemeral-storage")]
    storage: Option<Str<'a>>,
    #[serde(borrow)]
    pods: Option<Str<'a>>,
}

impl RawAmounts<'_> {
    /// In our units; what is absent or no quantity counts 0.
    pub(super) fn resources(&self) -> Resources {
        Resources {
            cpu: cpu(self.cpu.as_ref()),
            memory: whole(self.memory.as_ref()),
            storage: whole(self.storage.as_ref()),
            pods: whole(self.pods.as_ref()),
        }
    }
}

/// Millicores.
pub(super) fn cpu(text: Option<&Str<'_>>) -> i64 {
    text.and_then(|t| quantity::millis(t)).unwrap_or(0)
}

/// Bytes, or a count.
pub(super) fn whole(text: Option<&Str<'_>>) -> i64 {
    text.and_then(|t| quantity::whole(t)).unwrap_or(0)
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
                    })
                })
                .collect(),
            allocatable: status.allocatable.resources(),
            conditions: self.conditions(&status.conditions),
            kubelet: self.text(&status.node_info.kubelet_version),
            internal_ip: status
                .addresses
                .iter()
                .find(|a| &*a.kind == "InternalIP")
                .map_or_else(|| "".into(), |a| self.own(&a.address)),
        }
    }
}
