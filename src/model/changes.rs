//! What one batch made dirty, so that indexes are kept by delta.

use super::feed::Kind;
use super::id::{Text, Uid};
use super::job::JobKey;

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// It is new.
    Added,
    /// It is another than before.
    Changed,
    /// It is gone.
    Removed,
}

/// An object that was touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectChange {
    /// What happened.
    pub change: Change,
    /// Its kind.
    pub kind: Kind,
    /// Its uid.
    pub uid: Uid,
    /// Its namespace, empty for none.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
}

/// What a batch changed, in the order in which it happened. One row may occur more than once: the last
/// occurrence is how it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Objects.
    pub objects: Vec<ObjectChange>,
    /// Jobs (of their key the latest attempt stands).
    pub jobs: Vec<(Change, JobKey)>,
    /// Names of nodes whose pods or sums changed, sorted, each once.
    pub nodes: Vec<Text>,
    /// Ingresses whose health turned, by uid.
    pub ingresses: Vec<Uid>,
    /// The feed's state or its count of unreadable objects changed.
    pub feed: bool,
    /// A pool came, went or has another rank.
    pub pools: bool,
}

impl Changes {
    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Adds what a later batch changed.
    pub fn merge(&mut self, later: Self) {
        self.objects.extend(later.objects);
        self.jobs.extend(later.jobs);
        self.nodes.extend(later.nodes);
        self.nodes.sort_unstable();
        self.nodes.dedup();
        self.ingresses.extend(later.ingresses);
        self.feed |= later.feed;
        self.pools |= later.pools;
    }

    /// Whether an object of this kind was touched.
    pub fn touches(&self, kind: Kind) -> bool {
        self.objects.iter().any(|o| o.kind == kind)
    }
}
