//! Pools: which nodes belong together, and what they add up to. A fold over nodes, made when read.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::id::Text;
use super::node::Node;
use super::rank::Rank;
use super::resources::Resources;
use super::sums::NodeSums;
pub(crate) use super::sums::order;
use super::window::{Ends, StartTimes};

/// Labels that name a node's pool, the first present wins.
pub const POOL_LABELS: [&str; 12] = [
    "karpenter.sh/nodepool",
    "karpenter.sh/provisioner-name",
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "kubernetes.azure.com/agentpool",
    "agentpool",
    "doks.digitalocean.com/node-pool",
    "oci.oraclecloud.com/node-pool-id",
    "oke.oraclecloud.com/pool.name",
    "kops.k8s.io/instancegroup",
    "cluster.x-k8s.io/pool-name",
];

/// The annotation by which Cluster API names the set a node's machine belongs to.
pub const POOL_ANNOTATION: &str = "cluster.x-k8s.io/owner-name";

/// The pool of nodes that may not be listed and of which no pod tells more.
pub const UNSEEN_POOL: &str = "?";

/// By what a pool is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolSource {
    /// A label's (or annotation's) value; this is its key.
    Label(Text),
    /// The node role.
    Role,
    /// The instance type.
    InstanceType,
    /// The nodes say nothing of the kind.
    Nothing,
    /// The nodes may not be listed: guessed from where pods are bound and what they selected.
    NodesNotVisible,
    /// It has no node; waiting jobs ask for it by this label.
    Asked(Text),
}

/// A node's pool and by what.
pub fn pool_of(node: &Node) -> (Text, PoolSource) {
    let value = |key: &str| {
        let found = node.meta.label(key).filter(|v| !v.is_empty());
        found.map(Text::from)
    };
    for key in POOL_LABELS {
        if let Some(name) = value(key) {
            return (name.clone(), PoolSource::Label(key.into()));
        }
    }
    if let Some(name) = node.meta.annotation(POOL_ANNOTATION) {
        return (name.into(), PoolSource::Label(POOL_ANNOTATION.into()));
    }
    if let Some(role) = role(node) {
        return (role, PoolSource::Role);
    }
    for key in [
        "node.kubernetes.io/instance-type",
        "beta.kubernetes.io/instance-type",
    ] {
        if let Some(name) = value(key) {
            return (name.clone(), PoolSource::InstanceType);
        }
    }
    ("nodes".into(), PoolSource::Nothing)
}

/// The role that stands for the node: the control plane's before any other.
fn role(node: &Node) -> Option<Text> {
    const PREFIX: &str = "node-role.kubernetes.io/";
    if super::rank::control_plane(node).is_some() {
        return Some("control-plane".into());
    }
    let labels = || node.meta.labels.iter();
    labels()
        .find_map(|(k, _)| k.strip_prefix(PREFIX).filter(|r| !r.is_empty()))
        .or_else(|| {
            node.meta
                .label("kubernetes.io/role")
                .filter(|r| !r.is_empty())
        })
        .map(Into::into)
}

/// The pool that a selector names, with the label's key: of nodes that are not (or may not be) seen.
pub(crate) fn asked<'a>(
    find: impl Fn(&str) -> Option<&'a Text>,
) -> Option<(&'static str, &'a Text)> {
    POOL_LABELS
        .into_iter()
        .find_map(|key| find(key).map(|name| (key, name)))
}

/// Counts of a pool's nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeCounts {
    /// All.
    pub total: u32,
    /// Condition Ready is True.
    pub ready: u32,
    /// Unschedulable.
    pub cordoned: u32,
    /// Registered not long ago and never Ready yet.
    pub coming: u32,
}

/// Counts of a pool's jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Job pods bound here and not ended.
    pub running: u32,
    /// Jobs without a node that can run here and nowhere else.
    pub waiting: u32,
}

/// How many jobs fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// More jobs of this request that fit now, on Ready nodes that are not cordoned.
    pub free: i64,
    /// Jobs of this request that would fit on those nodes if no job ran.
    pub total: i64,
    /// The request: the median of the jobs that run here, or the last one that did.
    pub request: Resources,
}

/// A pool, added up.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Its name.
    pub name: Text,
    /// By what it is a pool.
    pub source: PoolSource,
    /// Its rank.
    pub rank: Rank,
    /// Why it has this rank.
    pub why: Text,
    /// Its nodes; `None`: they may not be listed.
    pub nodes: Option<NodeCounts>,
    /// Its jobs.
    pub jobs: JobCounts,
    /// Pods that are neither job nor one of each node.
    pub services: u32,
    /// Jobs and services stand side by side where only one of them belongs.
    pub mixed: bool,
    /// What its nodes offer to pods; `None`: they may not be listed.
    pub allocatable: Option<Resources>,
    /// What its pods ask for.
    pub requested: Resources,
    /// `None` where unknown: nodes not visible, or no job has told what jobs ask for.
    pub slots: Option<Slots>,
    /// Creation of the job that waits longest for it.
    pub oldest: Option<DateTime<Utc>>,
    /// `None`: no job started in the last hour (or since the console watches).
    pub start: Option<StartTimes>,
    /// How jobs ended in the last hour (or since the console watches).
    pub ends: Ends,
}

impl Pool {
    /// `14 jobs, 61 services` where both kinds stand side by side, else `None`.
    pub fn mixture(&self) -> Option<String> {
        self.mixed
            .then(|| format!("{} jobs, {} services", self.jobs.running, self.services))
    }
}

/// Adds nodes up to a pool.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    nodes: NodeCounts,
    allocatable: Resources,
    requested: Resources,
    running: i64,
    services: i64,
    shapes: BTreeMap<(i64, i64, i64), u32>,
    /// Of each node that takes jobs: what is allocatable, requested in all, requested by jobs.
    rooms: Vec<(Resources, Resources, Resources)>,
}

/// How long a node may take to its first Ready before it is no longer `coming`.
const COMING_MINUTES: i64 = 15;

/// Registered not long ago, and not Ready since (within the first minute nothing else is told from it).
pub fn coming(node: &Node, now: DateTime<Utc>) -> bool {
    let since = node.condition("Ready").and_then(|c| c.since);
    !node.is_ready()
        && now - node.meta.created < TimeDelta::minutes(COMING_MINUTES)
        && since.is_none_or(|s| s - node.meta.created < TimeDelta::minutes(1))
}

impl Fold {
    pub(crate) fn node(&mut self, node: &Node, now: DateTime<Utc>) {
        self.nodes.total += 1;
        self.nodes.ready += u32::from(node.is_ready());
        self.nodes.cordoned += u32::from(node.unschedulable);
        self.nodes.coming += u32::from(coming(node, now));
        self.allocatable += node.allocatable;
    }

    pub(crate) fn room(&mut self, node: &Node, sums: Option<&NodeSums>) {
        if node.is_ready() && !node.unschedulable {
            let (requested, jobs) =
                sums.map_or_else(Default::default, |s| (s.requested, s.job_requests));
            self.rooms.push((node.allocatable, requested, jobs));
        }
    }

    pub(crate) fn sums(&mut self, sums: &NodeSums) {
        self.requested += sums.requested;
        self.running += sums.jobs;
        self.services += sums.services;
        for (shape, count) in &sums.shapes {
            *self.shapes.entry(order(shape)).or_default() += count;
        }
    }
}

/// A pool's nodes and pods, added up in whichever way.
pub(crate) trait PoolSum {
    fn counts(&self) -> NodeCounts;
    fn allocatable(&self) -> Resources;
    fn requested(&self) -> Resources;
    /// Job pods that are bound and not ended.
    fn running(&self) -> i64;
    /// Pods that are neither job nor one of each node.
    fn services(&self) -> i64;
    /// Requests of the running jobs with their number.
    fn shapes(&self) -> &BTreeMap<(i64, i64, i64), u32>;
    fn slots(&self, request: Resources) -> Slots;

    /// The request in the middle of those of the running jobs.
    fn median(&self) -> Option<Resources> {
        let shapes = self.shapes();
        let total: u64 = shapes.values().map(|n| u64::from(*n)).sum();
        let mut seen = 0;
        for ((cpu, memory, storage), count) in shapes {
            seen += u64::from(*count);
            if 2 * seen >= total {
                return Some(Resources {
                    cpu: *cpu,
                    memory: *memory,
                    storage: *storage,
                    pods: 1,
                });
            }
        }
        None
    }
}

/// How many jobs of a request there is room for.
pub(crate) fn fit(room: Resources, request: Resources) -> i64 {
    [
        (room.cpu, request.cpu),
        (room.memory, request.memory),
        (room.storage, request.storage),
        (room.pods, 1),
    ]
    .into_iter()
    .filter(|(_, one)| *one > 0)
    .map(|(room, one)| (room / one).max(0))
    .min()
    .unwrap_or(0)
}

impl PoolSum for Fold {
    fn counts(&self) -> NodeCounts {
        self.nodes
    }

    fn allocatable(&self) -> Resources {
        self.allocatable
    }

    fn requested(&self) -> Resources {
        self.requested
    }

    fn running(&self) -> i64 {
        self.running
    }

    fn services(&self) -> i64 {
        self.services
    }

    fn shapes(&self) -> &BTreeMap<(i64, i64, i64), u32> {
        &self.shapes
    }

    fn slots(&self, request: Resources) -> Slots {
        let rooms = || self.rooms.iter();
        Slots {
            free: rooms()
                .map(|(all, used, _)| fit(*all - *used, request))
                .sum(),
            total: rooms()
                .map(|(all, used, jobs)| fit(*all - (*used - *jobs), request))
                .sum(),
            request,
        }
    }
}
