//! Pods: spec and status joined, container by container.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::meta::{RawCondition, RawExpression, RawMeta};
use super::node::{RawAmounts, effect};
use super::raw::{List, Pairs, Part, RawTime, Str};
use super::workload::{count, operator};
use super::{Decoder, requests};
use crate::model::{
    Container, ContainerRole, ContainerState, NodeTerm, Pod, PodPhase, Terminated, Toleration,
};

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
    node_name: Str<'a>,
    #[serde(borrow)]
    pub(super) init_containers: List<RawContainer<'a>>,
    #[serde(borrow)]
    pub(super) containers: List<RawContainer<'a>>,
    pub(super) overhead: Part<RawAmounts>,
    pub(super) resources: Part<RawResources>,
    #[serde(borrow)]
    node_selector: Pairs<'a>,
    #[serde(borrow)]
    affinity: Part<RawAffinity<'a>>,
    #[serde(borrow)]
    tolerations: List<RawToleration<'a>>,
    active_deadline_seconds: Option<i64>,
    termination_grace_period_seconds: Option<i64>,
    volumes: List<RawVolume>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawContainer<'a> {
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    #[serde(borrow)]
    image: Str<'a>,
    #[serde(borrow)]
    restart_policy: Str<'a>,
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
    limits: Part<RawAmounts>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawAffinity<'a> {
    #[serde(borrow)]
    node_affinity: Part<RawNodeAffinity<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawNodeAffinity<'a> {
    #[serde(borrow, rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    required: Part<RawRequired<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawRequired<'a> {
    #[serde(borrow)]
    node_selector_terms: List<RawTerm<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawTerm<'a> {
    #[serde(borrow)]
    match_expressions: List<RawExpression<'a>>,
    #[serde(borrow)]
    match_fields: List<RawExpression<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawToleration<'a> {
    #[serde(borrow)]
    key: Str<'a>,
    #[serde(borrow)]
    operator: Str<'a>,
    #[serde(borrow)]
    value: Str<'a>,
    #[serde(borrow)]
    effect: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawVolume {
    empty_dir: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawStatus<'a> {
    #[serde(borrow)]
    phase: Str<'a>,
    #[serde(borrow)]
    reason: Str<'a>,
    #[serde(borrow)]
    message: Str<'a>,
    start_time: RawTime,
    #[serde(borrow, rename = "podIP")]
    pod_ip: Str<'a>,
    #[serde(borrow)]
    conditions: List<RawCondition<'a>>,
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
    ready: Option<bool>,
    started: Option<bool>,
    restart_count: Option<i64>,
    #[serde(borrow)]
    state: Part<RawState<'a>>,
    #[serde(borrow)]
    last_state: Part<RawState<'a>>,
    pub(super) allocated_resources: Part<RawAmounts>,
    pub(super) resources: Part<RawResources>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawState<'a> {
    #[serde(borrow)]
    waiting: Option<RawWaiting<'a>>,
    running: Option<RawRunning>,
    #[serde(borrow)]
    terminated: Option<RawTerminated<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawWaiting<'a> {
    #[serde(borrow)]
    reason: Str<'a>,
    #[serde(borrow)]
    message: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawRunning {
    started_at: RawTime,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RawTerminated<'a> {
    exit_code: Option<i64>,
    signal: Option<i64>,
    #[serde(borrow)]
    reason: Str<'a>,
    #[serde(borrow)]
    message: Str<'a>,
    started_at: RawTime,
    finished_at: RawTime,
}

impl Decoder {
    pub(super) fn pod(&mut self, raw: &RawPod<'_>) -> Pod {
        let (spec, status) = (&raw.spec, &raw.status);
        Pod {
            meta: self.meta(&raw.metadata),
            node: (!spec.node_name.is_empty()).then(|| self.text(&spec.node_name)),
            phase: match &*status.phase {
                // A pod that its server has just stored may have no status yet.
                "Pending" | "" => PodPhase::Pending,
                "Running" => PodPhase::Running,
                "Succeeded" => PodPhase::Succeeded,
                "Failed" => PodPhase::Failed,
                _ => PodPhase::Unknown,
            },
            reason: self.text(&status.reason),
            message: self.own(&status.message),
            started: status.start_time.time(),
            ip: self.own(&status.pod_ip),
            conditions: self.conditions(&status.conditions),
            containers: self.containers(spec, status),
            requests: requests::of_pod(raw),
            node_selector: self.pairs(&spec.node_selector),
            node_terms: self.node_terms(spec),
            tolerations: spec
                .tolerations
                .iter()
                .map(|t| Toleration {
                    key: self.text(&t.key),
                    exists: &*t.operator == "Exists",
                    value: self.text(&t.value),
                    effect: effect(&t.effect),
                })
                .collect(),
            deadline: spec.active_deadline_seconds,
            grace: spec.termination_grace_period_seconds.unwrap_or(30),
            empty_dir: spec.volumes.iter().any(|v| v.empty_dir.is_some()),
        }
    }

    fn containers(&mut self, spec: &RawSpec<'_>, status: &RawStatus<'_>) -> Box<[Container]> {
        let by_name = |statuses: &'_ [RawContainerStatus<'_>]| -> BTreeMap<String, usize> {
            statuses
                .iter()
                .enumerate()
                .map(|(i, s)| (s.name.to_string(), i))
                .collect()
        };
        // Usually both stand in the same order; the map is for when they do not.
        let find =
            |statuses: &'_ [RawContainerStatus<'_>], at: usize, name: &str| -> Option<usize> {
                match statuses.get(at) {
                    Some(s) if &*s.name == name => Some(at),
                    _ => by_name(statuses).get(name).copied(),
                }
            };
        let mut containers = Vec::with_capacity(spec.init_containers.len() + spec.containers.len());
        for (at, raw) in spec.init_containers.iter().enumerate() {
            let role = if raw.restarts_always() {
                ContainerRole::Sidecar
            } else {
                ContainerRole::Init
            };
            let of = &*status.init_container_statuses;
            let found = find(of, at, &raw.name).map(|i| (i, &of[i]));
            containers.push(self.container(role, raw, found));
        }
        for (at, raw) in spec.containers.iter().enumerate() {
            let of = &*status.container_statuses;
            let found = find(of, at, &raw.name).map(|i| (i, &of[i]));
            containers.push(self.container(ContainerRole::Main, raw, found));
        }
        containers.into()
    }

    fn container(
        &mut self,
        role: ContainerRole,
        raw: &RawContainer<'_>,
        status: Option<(usize, &RawContainerStatus<'_>)>,
    ) -> Container {
        let status_at = status.map_or(0, |(at, _)| u16::try_from(at).unwrap_or(u16::MAX));
        let status = status.map(|(_, status)| status);
        Container {
            name: self.text(&raw.name),
            role,
            image: self.text(&raw.image),
            requests: raw.resources.requests.resources(),
            limits: raw.resources.limits.resources(),
            state: status.map(|s| self.state(&s.state)),
            last: status
                .and_then(|s| s.last_state.terminated.as_ref())
                .map(|t| Box::new(self.terminated(t))),
            ready: status.and_then(|s| s.ready).unwrap_or(false),
            started: status.and_then(|s| s.started).unwrap_or(false),
            restarts: count(status.and_then(|s| s.restart_count), 0),
            status_at,
        }
    }

    fn state(&mut self, raw: &RawState<'_>) -> ContainerState {
        // In kubectl's order of asking, for what names several.
        if let Some(waiting) = &raw.waiting {
            ContainerState::Waiting {
                reason: self.text(&waiting.reason),
                message: self.text(&waiting.message),
            }
        } else if let Some(terminated) = &raw.terminated {
            ContainerState::Terminated(Box::new(self.terminated(terminated)))
        } else if let Some(running) = &raw.running {
            ContainerState::Running {
                since: running.started_at.time(),
            }
        } else {
            ContainerState::Unset
        }
    }

    fn terminated(&mut self, raw: &RawTerminated<'_>) -> Terminated {
        let number = |n: Option<i64>| {
            n.map_or(0, |n| {
                i32::try_from(n).unwrap_or(if n < 0 { i32::MIN } else { i32::MAX })
            })
        };
        Terminated {
            exit: number(raw.exit_code),
            signal: number(raw.signal),
            reason: self.text(&raw.reason),
            message: self.text(&raw.message),
            started: raw.started_at.time(),
            finished: raw.finished_at.time(),
        }
    }

    fn node_terms(&mut self, spec: &RawSpec<'_>) -> Box<[NodeTerm]> {
        spec.affinity
            .node_affinity
            .required
            .node_selector_terms
            .iter()
            .map(|term| NodeTerm {
                expressions: term
                    .match_expressions
                    .iter()
                    .chain(term.match_fields.iter())
                    .filter_map(|e| {
                        let operator = operator(&e.operator)?;
                        let values = e.values.iter().map(|v| self.text(v)).collect();
                        Some((self.text(&e.key), operator, values))
                    })
                    .collect(),
            })
            .collect()
    }
}
