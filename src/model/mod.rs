//! Pure data of one cluster: what the watch streams told, slim, with sums kept by delta.
//!
//! No clock, no IO: ages are computed by those who ask, from the time they bring. Text that repeats is
//! shared ([`Text`] is a counted string, interned on arrival by `cluster`).

pub mod age;
mod census;
pub mod changes;
pub mod condition;
pub mod container;
pub mod cron;
pub mod event;
pub mod feed;
pub mod id;
pub mod ingress;
pub mod job;
mod jobs;
mod kin;
pub mod labels;
pub mod leaving;
pub mod meta;
pub mod network;
pub mod node;
pub mod object;

mod offspring;
mod order;
pub mod phase;
pub mod placement;
pub mod pod;
mod pods;
pub mod pool;
pub mod quantity;
pub mod rank;
pub mod read;
pub mod resources;
pub mod select;
mod settle;
pub mod shapes;
mod slots;
pub mod status;
pub mod store;
pub mod sums;
mod table;
#[cfg(test)]
pub(crate) mod testing;
pub mod time;
pub mod usage;
pub mod view;
mod warm;
pub mod window;
pub mod workload;

pub use changes::{Change, Changes, ObjectChange};
pub use condition::{Conditions, PodCondition, Said};
pub use container::{
    Container, ContainerRole, ContainerSpec, ContainerState, ContainerStatus, Terminated, Words,
};
pub use event::{ClusterEvent, Events, KEPT_EVENTS, Regarding};
pub use feed::{Feed, FeedState, Kind};
pub use id::{ClusterId, ClusterNo, JobId, Text, Uid};
pub use ingress::{Health, RouteHealth};
pub use job::{Fact, Gathered, Job, JobKey, Reading, System};
pub use jobs::{KEPT_JOBS, KEPT_SECONDS};
pub use labels::Labels;
pub use leaving::{Leaving, leaving};
pub use meta::{Condition, Meta, Owner, Truth};
pub use network::{Backend, Endpoint, EndpointSlice, Ingress, Route, Service, ServicePort};
pub use node::{Node, NodeInfo, Taint, TaintEffect};
pub use object::{Batch, Delta, Object};
pub use phase::{Life, Phase, Step, StepState, current_step};
pub use placement::Place;
pub use pod::{NodeTerm, Operator, Pod, PodPhase, PodSpec, Toleration};
pub use pool::{JobCounts, NodeCounts, Pool, PoolSource, Slots};
pub use rank::{Rank, RankRules, Ranking};
pub use read::ReadJobs;
pub use resources::Resources;
pub use store::Model;
pub use sums::NodeSums;
pub use time::Time;
pub use usage::{Figures, Measured, Usage, Usages};
pub use view::{ControlPlane, RankTotals, WaitingJobs};
pub use window::{Ends, StartTimes};
pub use workload::{
    Autoscaler, BatchJob, Budget, Concurrency, CronJob, Ordered, Update, Workload, WorkloadKind,
};
