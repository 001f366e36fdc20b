//! A pod as the console keeps it: what the screens, the CI readers and the drain rules need, no more.

use core::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::condition::{Conditions, PodCondition};
use super::container::{Container, ContainerRole, ContainerSpec, ContainerStatus, Words};
use super::id::Text;
use super::meta::Meta;
use super::node::TaintEffect;
use super::resources::Resources;
use super::time::Time;

/// A pod. What repeats from pod to pod is shared; the rest is small: a cluster has a hundred thousand.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// Metadata.
    pub meta: Meta,
    /// What was asked for, shared by pods that ask for the same.
    pub spec: Arc<PodSpec>,
    /// `spec.nodeName`, once it is bound.
    pub node: Option<Text>,
    /// `status.conditions`.
    pub conditions: Conditions,
    /// Of each container of the spec, in that order; none at all while the kubelet has not reported.
    pub statuses: Box<[Option<ContainerStatus>]>,
    /// `status.reason` and `status.message`, if there are any.
    pub words: Option<Arc<Words>>,
    /// `status.startTime`: when the kubelet took it on.
    pub started: Option<Time>,
    /// `status.podIP`.
    pub ip: Option<IpAddr>,
    /// `status.phase`.
    pub phase: PodPhase,
}

/// What a pod asks for, as far as the console looks at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodSpec {
    /// Init containers in their order, then the others in theirs.
    pub containers: Box<[ContainerSpec]>,
    /// What the pod asks of a node, as `kubectl describe node` counts it (ended pods included here; sums
    /// leave them out).
    pub requests: Resources,
    /// `spec.nodeSelector`, sorted by key.
    pub node_selector: Box<[(Text, Text)]>,
    /// Required node affinity: the pod fits where one of the terms matches; empty: anywhere.
    pub node_terms: Box<[NodeTerm]>,
    /// `spec.tolerations`.
    pub tolerations: Box<[Toleration]>,
    /// `spec.activeDeadlineSeconds`.
    pub deadline: Option<i64>,
    /// `spec.terminationGracePeriodSeconds`.
    pub grace: i64,
    /// Whether it has an `emptyDir` volume (kubectl drain asks).
    pub empty_dir: bool,
}

impl Pod {
    /// A condition by its type.
    pub fn condition(&self, kind: &str) -> Option<PodCondition<'_>> {
        self.conditions.get(kind)
    }

    /// `status.reason` (`Evicted`, `NodeLost`, …), empty when none.
    pub fn reason(&self) -> &str {
        self.words.as_ref().map_or("", |w| &w.reason)
    }

    /// `status.message`, empty when none.
    pub fn message(&self) -> &str {
        self.words.as_ref().map_or("", |w| &w.message)
    }

    /// `status.startTime`: when the kubelet took it on.
    pub fn started(&self) -> Option<DateTime<Utc>> {
        self.started.map(Time::utc)
    }

    /// Succeeded or Failed: it holds nothing of its node any more.
    pub fn ended(&self) -> bool {
        matches!(self.phase, PodPhase::Succeeded | PodPhase::Failed)
    }

    /// Init containers in their order, then the others in theirs.
    pub fn containers(&self) -> impl Iterator<Item = Container<'_>> + Clone {
        self.spec
            .containers
            .iter()
            .enumerate()
            .map(|(at, spec)| Container {
                spec,
                status: self.statuses.get(at).and_then(Option::as_ref),
            })
    }

    /// A container by its name.
    pub fn container(&self, name: &str) -> Option<Container<'_>> {
        self.containers().find(|c| **c.name() == *name)
    }

    /// The containers that are not init containers (sidecars stand among the init containers).
    pub fn main_containers(&self) -> impl Iterator<Item = Container<'_>> + Clone {
        self.containers()
            .filter(|c| c.role() == ContainerRole::Main)
    }
}

/// `status.phase`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PodPhase {
    /// Not all init containers have ended, or it is not bound.
    Pending,
    /// Bound, at least one container runs or restarts.
    Running,
    /// All containers ended with 0 and none restarts.
    Succeeded,
    /// All containers ended, at least one badly.
    Failed,
    /// `Unknown`, or a word this version does not know.
    Unknown,
}

impl PodPhase {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
        }
    }
}

/// One term of required node affinity: all its expressions must match the node's labels (or, for fields,
/// its name under the key `metadata.name`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeTerm {
    /// Key, operator, values.
    pub expressions: Box<[Expression]>,
}

/// One expression of a selector: key, operator, values.
pub type Expression = (Text, Operator, Box<[Text]>);

/// Operators of node selector expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The value is one of those given.
    In,
    /// It is none of them (or the key is absent).
    NotIn,
    /// The key is there.
    Exists,
    /// It is not.
    DoesNotExist,
    /// The value is a greater integer than the one given.
    Gt,
    /// A smaller one.
    Lt,
}

/// A toleration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Toleration {
    /// Empty with `exists`: tolerates every key.
    pub key: Text,
    /// `operator: Exists`.
    pub exists: bool,
    /// Compared when the operator is `Equal`.
    pub value: Text,
    /// `None`: every effect.
    pub effect: Option<TaintEffect>,
}
