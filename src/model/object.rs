//! What a watch stream brings.

use std::sync::Arc;

use super::event::ClusterEvent;
use super::feed::Kind;
use super::id::{Text, Uid};
use super::meta::Meta;
use super::network::{EndpointSlice, Ingress, Service};
use super::node::Node;
use super::pod::Pod;
use super::workload::{Autoscaler, BatchJob, Budget, CronJob, Workload};

/// One object of a watched kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// A node.
    Node(Arc<Node>),
    /// A pod.
    Pod(Arc<Pod>),
    /// An Ingress.
    Ingress(Arc<Ingress>),
    /// A Service.
    Service(Arc<Service>),
    /// An EndpointSlice.
    EndpointSlice(Arc<EndpointSlice>),
    /// A batch/v1 Job.
    BatchJob(Arc<BatchJob>),
    /// A Deployment, ReplicaSet, StatefulSet or DaemonSet.
    Workload(Arc<Workload>),
    /// A batch/v1 CronJob.
    CronJob(Arc<CronJob>),
    /// A PodDisruptionBudget.
    Budget(Arc<Budget>),
    /// A HorizontalPodAutoscaler.
    Autoscaler(Arc<Autoscaler>),
    /// An Event.
    Event(Arc<ClusterEvent>),
}

impl Object {
    /// Its metadata.
    pub fn meta(&self) -> &Meta {
        match self {
            Self::Node(o) => &o.meta,
            Self::Pod(o) => &o.meta,
            Self::Ingress(o) => &o.meta,
            Self::Service(o) => &o.meta,
            Self::EndpointSlice(o) => &o.meta,
            Self::BatchJob(o) => &o.meta,
            Self::Workload(o) => &o.meta,
            Self::CronJob(o) => &o.meta,
            Self::Budget(o) => &o.meta,
            Self::Autoscaler(o) => &o.meta,
            Self::Event(o) => &o.meta,
        }
    }
}

/// One step of a feed. A relist is `SyncStart`, upserts, `SyncEnd`; what was not seen between them is swept.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    /// A list begins: a new epoch.
    SyncStart,
    /// Added or changed.
    Upsert(Object),
    /// Gone. The uid tells a new object of the same name from the old one.
    Remove {
        /// Its uid.
        uid: Uid,
        /// Its namespace, empty for none.
        namespace: Text,
        /// Its name.
        name: Text,
    },
    /// The list is complete: what was not seen since `SyncStart` is gone.
    SyncEnd,
    /// An object that could not be read: counted and named, never fatal.
    Unreadable {
        /// `namespace/name` as far as known.
        name: Text,
        /// What was wrong.
        why: Text,
    },
}

/// A batch of one feed's steps, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Whose feed.
    pub kind: Kind,
    /// Its steps.
    pub deltas: Vec<Delta>,
}
