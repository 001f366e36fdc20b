//! What the model asks of those who know CI systems.

use std::sync::Arc;

use super::job::Job;
use super::meta::Owner;
use super::pod::Pod;
use super::workload::BatchJob;

/// Reads jobs out of pods. Implemented in `ci`; answers depend on the arguments alone.
pub trait ReadJobs {
    /// The job that this pod is (an attempt at), if a CI system claims it.
    fn read(&self, pod: &Arc<Pod>) -> Option<Job>;

    /// The batch Job that this pod, which no CI system claims, belongs to.
    fn batch_owner<'p>(&self, pod: &'p Pod) -> Option<&'p Owner>;

    /// The job that a batch Job with its unclaimed pods (ordered by namespace and name) is. The object is
    /// unknown where its feed is denied or late; then there is at least one pod. `None`: no job.
    fn read_batch(&self, object: Option<&BatchJob>, pods: &[&Pod]) -> Option<Job>;
}
