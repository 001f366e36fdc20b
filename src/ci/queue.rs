//! Where a platform's queue says how deep it is, for systems that keep theirs in the cluster.

pub use super::constable::DEPTH;

/// Labels of the ConfigMaps that tell, each by its annotation [`DEPTH`].
pub const SELECTOR: &str = "jobs.constable/component=queue";
