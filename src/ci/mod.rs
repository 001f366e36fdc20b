//! What the pods of each CI system mean. One file a system, one row a file in [`SYSTEMS`].
//!
//! A system is added by a file with a `SYSTEM` row and a line in the table; nothing else in the program
//! knows systems by name.

pub mod batch;
pub mod constable;
mod life;
pub mod queue;
pub mod way;
pub mod worker;

use std::sync::Arc;

use crate::model::{BatchJob, Job, Meta, Model, Owner, Pod, ReadJobs, System};
use way::Way;
use worker::Part;

/// A CI system.
#[derive(Debug)]
pub struct CiSystem {
    /// Its name, as shown.
    pub system: System,
    /// Whether a pod is one of its jobs. Rests on labels that only it sets.
    pub recognise: fn(&Pod) -> bool,
    /// The job out of a recognised pod.
    pub read: fn(&Arc<Pod>) -> Job,
    /// What part of its platform a pod is, if any.
    pub part: fn(&Pod) -> Option<Part>,
    /// The pod that registered an Ingress or Service.
    pub registered_by: for<'m> fn(&'m Meta) -> Option<&'m str>,
    /// What has to be kept of objects for it.
    pub projection: Projection,
    /// How a job of it that has not ended is cancelled.
    pub cancel: fn(&Model, &Job) -> Way,
    /// How an ended job of it is run again.
    pub retry: fn(&Model, &Job) -> Way,
}

/// Keys whose values are kept when objects are decoded. Labels are all kept.
#[derive(Clone, Copy, Debug)]
pub struct Projection {
    /// Annotations, of pods and of what the system writes else. A key that ends in `/` stands for all
    /// that begin with it.
    pub annotations: &'static [&'static str],
    /// Environment variables of containers, with plain values and never a secret.
    pub env: &'static [&'static str],
}

/// The systems, asked in this order; the first that recognises a pod has it. Plain batch Jobs come after
/// all of them.
pub const SYSTEMS: &[CiSystem] = &[constable::SYSTEM];

/// Kept for the console itself, whatever the systems.
const OWN: Projection = Projection {
    annotations: &[
        "cluster.x-k8s.io/owner-kind",
        "cluster.x-k8s.io/owner-name",
        "constable/",
        crate::model::workload::INSTANTIATE,
        crate::model::workload::RESTARTED_AT,
        crate::model::workload::REVISION,
        // kured, while it reboots a node.
        crate::model::leaving::KURED_REBOOT,
        "kubernetes.io/config.mirror",
    ],
    env: &[],
};

/// All keys to be kept: the union of what the systems and the console need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    annotations: Vec<&'static str>,
    prefixes: Vec<&'static str>,
    env: Vec<&'static str>,
}

impl Kept {
    /// Whether the value of this annotation is kept.
    pub fn annotation(&self, key: &str) -> bool {
        self.annotations.binary_search(&key).is_ok()
            || self.prefixes.iter().any(|p| key.starts_with(p))
    }

    /// Whether the value of this environment variable is kept.
    pub fn env(&self, name: &str) -> bool {
        self.env.binary_search(&name).is_ok()
    }
}

/// What decoding keeps.
pub fn projection() -> Kept {
    let all = || {
        SYSTEMS
            .iter()
            .map(|row| row.projection)
            .chain([batch::PROJECTION, OWN])
    };
    let sorted = |mut keys: Vec<&'static str>| {
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    let annotations = sorted(all().flat_map(|p| p.annotations).copied().collect());
    let (prefixes, annotations) = annotations.into_iter().partition(|k| k.ends_with('/'));
    Kept {
        annotations,
        prefixes,
        env: sorted(all().flat_map(|p| p.env).copied().collect()),
    }
}

/// How a job that has not ended is cancelled.
pub fn cancel(model: &Model, job: &Job) -> Way {
    match SYSTEMS.iter().find(|row| row.system == job.system()) {
        Some(row) => (row.cancel)(model, job),
        None => batch::cancel(model, job),
    }
}

/// How an ended job is run again.
pub fn retry(model: &Model, job: &Job) -> Way {
    match SYSTEMS.iter().find(|row| row.system == job.system()) {
        Some(row) => (row.retry)(model, job),
        None => batch::retry(model, job),
    }
}

/// Reads jobs by the table.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader;

impl ReadJobs for Reader {
    fn read(&self, pod: &Arc<Pod>) -> Option<Job> {
        let row = SYSTEMS.iter().find(|row| (row.recognise)(pod))?;
        Some((row.read)(pod))
    }

    fn batch_owner<'p>(&self, pod: &'p Pod) -> Option<&'p Owner> {
        batch::owner(pod)
    }

    fn read_batch(&self, object: Option<&BatchJob>, pods: &[&Pod]) -> Option<Job> {
        batch::read(object, pods)
    }
}
