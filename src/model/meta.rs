//! What every object carries.

use chrono::{DateTime, Utc};

use super::id::{Text, Uid};

/// Object metadata, slim. Lists of pairs are sorted by key.
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
    pub labels: Box<[(Text, Text)]>,
    /// Only the annotations whose keys somebody declared (see `ci::Projection`).
    pub annotations: Box<[(Text, Text)]>,
    /// The controller among `metadata.ownerReferences`.
    pub owner: Option<Owner>,
    /// `metadata.finalizers`.
    pub finalizers: Box<[Text]>,
}

impl Meta {
    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        find(&self.labels, key).map(|v| &**v)
    }

    /// The value of a kept annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        find(&self.annotations, key).map(|v| &**v)
    }

    /// The value of a label, shared; empty when there is none.
    pub fn label_text(&self, key: &str) -> Text {
        find(&self.labels, key)
            .cloned()
            .unwrap_or_else(super::id::empty)
    }

    /// The value of a kept annotation, shared; empty when there is none.
    pub fn annotation_text(&self, key: &str) -> Text {
        find(&self.annotations, key)
            .cloned()
            .unwrap_or_else(super::id::empty)
    }
}

fn find<'a>(pairs: &'a [(Text, Text)], key: &str) -> Option<&'a Text> {
    let at = pairs.binary_search_by(|(k, _)| k.as_ref().cmp(key)).ok()?;
    Some(&pairs[at].1)
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
