//! The job platform: a CI system that uses nothing but the Kubernetes API, so that it runs on the simulated cluster
//! and on a real one alike.
//!
//! People push runs of pipelines; API handlers put their jobs into a queue kept in ConfigMaps; workers take jobs from
//! it, create a runner pod for each, monitor it and destroy it. [`Platform`] acts for all of these pods, as a machine
//! without IO: [`Input`] in, [`Call`]s out. It keeps nothing that the cluster does not hold, so one that is started on
//! a cluster with jobs goes on with them. Two shells drive it: [`direct`] over a simulated `World` in the same thread,
//! [`client`] over kube's client.
//!
//! # The label scheme, for a platform of one's own
//!
//! A runner pod has the labels `jobs.constable/id`, `jobs.constable/attempt` and `jobs.constable/component: runner`,
//! and the annotations `jobs.constable/project`, `pipeline`, `run`, `name`, `ref`, `commit`, `author`, `url`, `queue`
//! (`namespace/name` of the ConfigMap that holds its entry; the key is the job's id) and `deadline` (seconds). Init
//! containers come first, then containers `step-<name>` in order and `upload-artifacts`; all start together and wait
//! for their turn; a step that is skipped ends with exit 0 and the termination message `skipped`.
//!
//! An [`Entry`] is the queue's JSON value for a job. To cancel or retry, set its `asked` to `cancel` or `retry` by a
//! patch that carries the ConfigMap's resourceVersion; the worker honours it and clears it.

mod call;
pub mod client;
pub mod direct;
mod entry;
mod fate;
mod install;
mod jobs;
mod load;
mod machine;
mod options;
mod runner;
mod seen;
mod shard;
#[cfg(test)]
mod tests;

pub use call::{Call, CallId, Input, Kind, Method};
pub use entry::{Asked, Entry, JobId, State};
pub use machine::{Counts, Platform};
pub use options::PlatformOptions;
pub use seen::{Frame, PodEnd, QueueMap, Registered, RunnerPod, Seen, SystemPod};
