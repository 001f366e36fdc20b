//! What every object carries.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::id::{Text, Uid};
use super::labels::Labels;

/// Object metadata, slim.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// `metadata.uid`.
    pub uid: Uid,
    /// Empty for what belongs to no namespace.
    pub namespace: Text,
    /// `metadata.name`.
    pub name: Text,
    /// `metadata.creationTimestamp`.
    pub created: DateTime<Utc>,
    /// `metadata.deletionTimestamp`: when its grace ends, not when the deletion was asked for.
    pub deleting: Option<DateTime<Utc>>,
    /// All labels.
    pub labels: Labels,
    /// Only the annotations whose keys somebody declared (see `ci::Projection`).
    pub annotations: Labels,
    /// The controller among `metadata.ownerReferences`.
    pub owner: Option<Arc<Owner>>,
}

impl Meta {
    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key)
    }

    /// The value of a kept annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key)
    }
}

/// The owner reference with `controller: true`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `ReplicaSet`, `Job`, `EphemeralRunner`, …
    pub kind: Text,
    /// Its name, in the same namespace (or cluster-wide).
    pub name: Text,
    /// Its uid.
    pub uid: Uid,
}

/// `True`, `False` or `Unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Truth {
    /// `"True"`
    True,
    /// `"False"`
    False,
    /// `"Unknown"`, or anything else.
    Unknown,
}

/// A status condition of a pod, node or workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// `PodScheduled`, `Ready`, `DisruptionTarget`, …
    pub kind: Text,
    /// Its value.
    pub status: Truth,
    /// A word, empty when none was given.
    pub reason: Text,
    /// The writer's own words, empty when none were given.
    pub message: Text,
    /// `lastTransitionTime`.
    pub since: Option<DateTime<Utc>>,
}
