//! Pods as they come.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::meta::{RawCondition, RawExpression, RawMeta};
use super::node::RawAmounts;
use super::raw::{List, Pairs, Part, RawTime, Str};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawPod<'a> {
    #[serde(borrow)]
    pub(super) metadata: Part<RawMeta<'a>>,
    #[serde(borrow)]
    pub(super) spec: Part<RawSpec<'a>>,
    #[serde(borrow)]
    pub(super) status: Part<RawStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawSpec<'a> {
    #[serde(borrow)]
    pub(super) node_name: Str<'a>,
    #[serde(borrow)]
    pub(super) init_containers: List<RawContainer<'a>>,
    #[serde(borrow)]
    pub(super) containers: List<RawContainer<'a>>,
    pub(super) overhead: Part<RawAmounts>,
    pub(super) resources: Part<RawResources>,
    #[serde(borrow)]
    pub(super) node_selector: Pairs<'a>,
    #[serde(borrow)]
    pub(super) affinity: Part<RawAffinity<'a>>,
    #[serde(borrow)]
    pub(super) tolerations: List<RawToleration<'a>>,
    pub(super) active_deadline_seconds: Option<i64>,
    pub(super) termination_grace_period_seconds: Option<i64>,
    pub(super) volumes: List<RawVolume>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawContainer<'a> {
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    #[serde(borrow)]
    pub(super) image: Str<'a>,
    #[serde(borrow)]
    pub(super) restart_policy: Str<'a>,
    pub(super) resources: Part<RawResources>,
}

impl RawContainer<'_> {
    /// A native sidecar, if it stands among the init containers.
    pub(super) fn restarts_always(&self) -> bool {
        &*self.restart_policy == "Always"
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawResources {
    pub(super) requests: Part<RawAmounts>,
    pub(super) limits: Part<RawAmounts>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawAffinity<'a> {
    #[serde(borrow)]
    pub(super) node_affinity: Part<RawNodeAffinity<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawNodeAffinity<'a> {
    #[serde(borrow, rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub(super) required: Part<RawRequired<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawRequired<'a> {
    #[serde(borrow)]
    pub(super) node_selector_terms: List<RawTerm<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawTerm<'a> {
    #[serde(borrow)]
    pub(super) match_expressions: List<RawExpression<'a>>,
    #[serde(borrow)]
    pub(super) match_fields: List<RawExpression<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawToleration<'a> {
    #[serde(borrow)]
    pub(super) key: Str<'a>,
    #[serde(borrow)]
    pub(super) operator: Str<'a>,
    #[serde(borrow)]
    pub(super) value: Str<'a>,
    #[serde(borrow)]
    pub(super) effect: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawVolume {
    pub(super) empty_dir: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawStatus<'a> {
    #[serde(borrow)]
    pub(super) phase: Str<'a>,
    #[serde(borrow)]
    pub(super) reason: Str<'a>,
    #[serde(borrow)]
    pub(super) message: Str<'a>,
    pub(super) start_time: RawTime,
    #[serde(borrow, rename = "podIP")]
    pub(super) pod_ip: Str<'a>,
    #[serde(borrow)]
    pub(super) conditions: List<RawCondition<'a>>,
    #[serde(borrow)]
    pub(super) init_container_statuses: List<RawContainerStatus<'a>>,
    #[serde(borrow)]
    pub(super) container_statuses: List<RawContainerStatus<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawContainerStatus<'a> {
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    pub(super) ready: Option<bool>,
    pub(super) started: Option<bool>,
    pub(super) restart_count: Option<i64>,
    #[serde(borrow)]
    pub(super) state: Part<RawState<'a>>,
    #[serde(borrow)]
    pub(super) last_state: Part<RawState<'a>>,
    pub(super) allocated_resources: Part<RawAmounts>,
    pub(super) resources: Part<RawResources>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawState<'a> {
    #[serde(borrow)]
    pub(super) waiting: Option<RawWaiting<'a>>,
    pub(super) running: Option<RawRunning>,
    #[serde(borrow)]
    pub(super) terminated: Option<RawTerminated<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawWaiting<'a> {
    #[serde(borrow)]
    pub(super) reason: Str<'a>,
    #[serde(borrow)]
    pub(super) message: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawRunning {
    pub(super) started_at: RawTime,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawTerminated<'a> {
    pub(super) exit_code: Option<i64>,
    pub(super) signal: Option<i64>,
    #[serde(borrow)]
    pub(super) reason: Str<'a>,
    #[serde(borrow)]
    pub(super) message: Str<'a>,
    pub(super) started_at: RawTime,
    pub(super) finished_at: RawTime,
}
