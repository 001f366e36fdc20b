//! A pod as the console keeps it: what the screens, the CI readers and the drain rules need, no more.

use chrono::{DateTime, Utc};

use super::id::Text;
use super::meta::{Condition, Meta};
use super::node::TaintEffect;
use super::resources::Resources;

/// A pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Pod {
    /// Metadata.
    pub meta: Meta,
    /// `spec.nodeName`, once it is bound.
    pub node: Option<Text>,
    /// `status.phase`.
    pub phase: PodPhase,
    /// `status.reason` (`Evicted`, `NodeLost`, …), empty when none.
    pub reason: Text,
    /// `status.message`, empty when none.
    pub message: Text,
    /// `status.startTime`: when the kubelet took it on.
    pub started: Option<DateTime<Utc>>,
    /// `status.podIP`, empty when none.
    pub ip: Text,
    /// `status.conditions`.
    pub conditions: Box<[Condition]>,
    /// Init containers in their order, then the others in theirs.
    pub containers: Box<[Container]>,
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
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|c| &*c.kind == kind)
    }

    /// Succeeded or Failed: it holds nothing of its node any more.
    pub fn ended(&self) -> bool {
        matches!(self.phase, PodPhase::Succeeded | PodPhase::Failed)
    }

    /// The containers that are not init containers (sidecars stand among the init containers).
    pub fn main_containers(&self) -> impl Iterator<Item = &Container> {
        self.containers
            .iter()
            .filter(|c| c.role == ContainerRole::Main)
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

/// Where in the pod's life a container has its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContainerRole {
    /// Runs to its end before the next.
    Init,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    /// One of `spec.containers`.
    Main,
}

/// A container: its spec joined with its status.
#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    /// `name`.
    pub name: Text,
    /// Init, sidecar or main.
    pub role: ContainerRole,
    /// `image`, from the spec.
    pub image: Text,
    /// `resources.requests`.
    pub requests: Resources,
    /// `resources.limits`; 0 where there is none.
    pub limits: Resources,
    /// `status.state`; `None` while the kubelet has not reported on this container at all.
    pub state: Option<ContainerState>,
    /// `status.lastState.terminated`.
    pub last: Option<Box<Terminated>>,
    /// `status.ready`.
    pub ready: bool,
    /// `status.started`.
    pub started: bool,
    /// `status.restartCount`.
    pub restarts: i32,
    /// Where its status stands in the list of statuses (that of init containers, or the other): kubectl
    /// goes by that order, which need not be the spec's. 0 where there is no status.
    pub status_at: u16,
}

/// `state` of a container status.
#[derive(Clone, Debug, PartialEq)]
pub enum ContainerState {
    /// A status that names no state: the kubelet calls that waiting.
    Unset,
    /// Not started.
    Waiting {
        /// `ContainerCreating`, `ImagePullBackOff`, … may be empty.
        reason: Text,
        /// The kubelet's words, may be empty.
        message: Text,
    },
    /// Started.
    Running {
        /// `startedAt`.
        since: Option<DateTime<Utc>>,
    },
    /// Ended.
    Terminated(Box<Terminated>),
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Terminated {
    /// `exitCode`.
    pub exit: i32,
    /// `signal`, 0 for none.
    pub signal: i32,
    /// `Completed`, `Error`, `OOMKilled`, … may be empty.
    pub reason: Text,
    /// The end of its termination log, may be empty.
    pub message: Text,
    /// `startedAt`.
    pub started: Option<DateTime<Utc>>,
    /// `finishedAt`.
    pub finished: Option<DateTime<Utc>>,
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
