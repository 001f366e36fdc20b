//! Pure data of one cluster: what the watch streams told, slim, with sums kept by delta.
//!
//! No clock, no IO: ages are computed by those who ask, from the time they bring. Text that repeats is
//! shared ([`Text`] is a counted string, interned on arrival by `cluster`).

pub mod feed;
pub mod id;
pub mod job;
pub mod meta;
pub mod network;
pub mod node;
pub mod object;
pub mod pod;
pub mod resources;
pub mod workload;

pub use feed::{FeedState, Kind};
pub use id::{ClusterId, JobId, Text, Uid};
pub use job::{Job, Phase, Step, StepState, System};
pub use meta::{Condition, Meta, Owner, Truth};
pub use network::{Backend, Endpoint, EndpointSlice, Ingress, Route, Service, ServicePort};
pub use node::{Node, Taint, TaintEffect};
pub use object::{Batch, Delta, Object};
pub use pod::{
    Container, ContainerRole, ContainerState, NodeTerm, Operator, Pod, PodPhase, Terminated,
    Toleration,
};
pub use resources::Resources;
pub use workload::{BatchJob, Budget, Workload, WorkloadKind};
