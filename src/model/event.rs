//! Events of the cluster, and the few of them that are held at a time.
//!
//! A CI cluster writes several events for each pod: at 30,000 pods some hundred thousand within the hour that
//! the server keeps them, more than all that is shown of the cluster else. And the API server keeps no watch
//! cache of events, so that each list reads them out of etcd. Hence two feeds, neither of which runs unless
//! something on the screen needs it:
//!
//! - [`Kind::Event`](super::Kind::Event): all events about one object, or of one reason, by a field selector.
//! - [`Kind::Warning`](super::Kind::Warning): all of type Warning, for pools and the whole cluster.
//!
//! Each is listed once in pages and then watched, which costs the server less than listing again and again.
//! What is held is bounded by [`KEPT_EVENTS`]; the oldest go first and are counted.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::id::{Text, Uid};
use super::meta::Meta;
use super::time::Time;

/// Events that are held of a feed at most: about a megabyte.
pub const KEPT_EVENTS: usize = 4_096;

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Regarding {
    /// `Pod`, `Node`, …
    pub kind: Text,
    /// Empty for what belongs to no namespace.
    pub namespace: Text,
    /// Its name.
    pub name: Text,
    /// Its uid; of a node the kubelet writes the node's name.
    pub uid: Text,
    /// `spec.containers{step-test}`, empty for the whole object.
    pub field: Text,
}

impl Regarding {
    /// The container that it is about.
    pub fn container(&self) -> Option<&str> {
        let (_, rest) = self.field.split_once('{')?;
        rest.strip_suffix('}')
    }
}

/// A core/v1 Event.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterEvent {
    /// Metadata.
    pub meta: Meta,
    /// What it is about.
    pub regarding: Regarding,
    /// `type` is Warning; else Normal.
    pub warning: bool,
    /// A word.
    pub reason: Text,
    /// The writer's own words.
    pub message: Text,
    /// How often it was seen: `series.count`, else `count`, at least 1.
    pub count: u32,
    /// When it was seen first: the earliest of `firstTimestamp` and `eventTime`, else its creation.
    pub first: Time,
    /// When it was seen last: `series.lastObservedTime`, else `lastTimestamp`, else `first`.
    pub last: Time,
    /// Who wrote it: `reportingComponent`, else `source.component`.
    pub source: Text,
    /// The node whose kubelet wrote it, empty where none did.
    pub node: Text,
}

/// The events of a feed.
#[derive(Clone, Debug, Default)]
pub struct Events {
    rows: HashMap<Uid, (Arc<ClusterEvent>, u32)>,
    by_age: BTreeSet<(Time, Uid)>,
    epoch: u32,
    dropped: u64,
}

impl Events {
    /// All that are held, those seen last behind the others.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &ClusterEvent> {
        let row = |(_, uid): &(Time, Uid)| self.rows.get(uid).map(|(event, _)| &**event);
        self.by_age.iter().filter_map(row)
    }

    /// How many are held.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many were let go for room since the feed began.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(crate) fn sync_start(&mut self) {
        self.epoch += 1;
        self.dropped = 0;
    }

    pub(crate) fn unseen(&self) -> Vec<Uid> {
        let old = self.rows.iter().filter(|(_, (_, at))| *at != self.epoch);
        old.map(|(uid, _)| uid.clone()).collect()
    }

    /// True if that changed anything.
    pub(crate) fn put(&mut self, event: Arc<ClusterEvent>) -> bool {
        let (uid, last) = (event.meta.uid.clone(), event.last);
        let new = (event.clone(), self.epoch);
        match self.rows.insert(uid.clone(), new) {
            Some((old, _)) if old == event => return false,
            Some((old, _)) => {
                self.by_age.remove(&(old.last, uid.clone()));
            }
            None => {}
        }
        self.by_age.insert((last, uid));
        if self.rows.len() > KEPT_EVENTS
            && let Some((_, uid)) = self.by_age.pop_first()
        {
            self.rows.remove(&uid);
            self.dropped += 1;
        }
        true
    }

    pub(crate) fn remove(&mut self, uid: &Uid) -> Option<Arc<ClusterEvent>> {
        let (event, _) = self.rows.remove(uid)?;
        self.by_age.remove(&(event.last, uid.clone()));
        Some(event)
    }

    /// Nobody asks for them any more.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn capacity(&self) -> usize {
        self.rows.capacity()
    }
}

/// When an event was seen first and last, and how often: the newer fields win over the deprecated ones, and
/// what makes no sense (a last before the first, a count of 0) is put right.
pub fn times(
    created: DateTime<Utc>,
    event_time: Option<DateTime<Utc>>,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
    observed: Option<DateTime<Utc>>,
) -> (Time, Time) {
    let first = match (first, event_time) {
        (Some(a), Some(b)) => a.min(b),
        (Some(at), None) | (None, Some(at)) => at,
        (None, None) => created,
    };
    let last = observed.or(last).unwrap_or(first).max(first);
    (first.into(), last.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{at, event};

    #[test]
    fn the_oldest_go_first_and_are_counted() {
        let mut events = Events::default();
        events.sync_start();
        let put = |events: &mut Events, n: i64| {
            let mut one = event("Pod a/p", "BackOff", "m");
            one.meta.uid = Uid::from(&*format!("e{n}"));
            one.last = at(n).into();
            events.put(Arc::new(one))
        };
        let kept = i64::try_from(KEPT_EVENTS).unwrap();
        for n in 0..kept + 3 {
            assert!(put(&mut events, n));
        }
        assert!(!put(&mut events, kept));
        assert_eq!((events.len(), events.dropped()), (KEPT_EVENTS, 3));
        assert_eq!(events.iter().next().map(|e| e.last), Some(at(3).into()));
        // A relist sweeps what it does not show.
        events.sync_start();
        put(&mut events, 5);
        assert_eq!(events.unseen().len(), KEPT_EVENTS - 1);
        for uid in events.unseen() {
            events.remove(&uid);
        }
        assert_eq!((events.len(), events.by_age.len()), (1, 1));
    }

    #[test]
    fn the_right_times_are_taken() {
        let t = |n| Some(at(n));
        for (event_time, first, last, observed, want) in [
            (None, t(1), t(9), None, (1, 9)),
            (t(2), None, None, None, (2, 2)),
            (t(2), None, None, t(7), (2, 7)),
            (t(2), t(1), t(3), t(7), (1, 7)),
            (None, None, None, None, (0, 0)),
            (t(5), None, t(3), None, (5, 5)),
        ] {
            let found = times(at(0), event_time, first, last, observed);
            assert_eq!(found, (at(want.0).into(), at(want.1).into()));
        }
    }
}
