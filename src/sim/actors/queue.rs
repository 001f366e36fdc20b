//! The one queue of things that will happen: ordered by time, then by who asked first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The scheduler takes pods from its queue.
    Schedule,
    /// The scheduler tries again what did not fit.
    Retry,
    /// The controllers look at what changed.
    Sync,
    /// The kubelet looks at one pod (by uid).
    Pod(Arc<str>),
    /// Something about a node.
    Node(Arc<str>, NodeTick),
    /// Old Event objects go.
    ExpireEvents,
    /// One step of the scenario.
    Scenario(usize),
    /// A finished Job's time to live is over, or a Job's deadline: look at it again.
    Resync {
        plural: &'static str,
        namespace: Arc<str>,
        name: Arc<str>,
    },
    /// Bulk load: some pods end, others start.
    Churn,
}

/// The timed things in a node's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeTick {
    /// The cloud's controller has seen a fresh node.
    Initialized,
    /// A freshly registered node becomes Ready.
    Ready,
    /// The kubelet posts its status.
    Heartbeat,
    /// The node controller has heard nothing for too long.
    Lost,
    /// The taint manager's patience with the pods of a lost node is over.
    Evict,
    /// A node object is gone: so are its pods.
    Orphans,
    /// The kubelet evicts one pod under disk pressure.
    Pressure,
}

#[derive(Clone, Debug)]
struct Entry {
    at: DateTime<Utc>,
    seq: u64,
    timer: Timer,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.seq == other.seq
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    // The heap gives the greatest first: the earliest must be the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.seq).cmp(&(self.at, self.seq))
    }
}

/// Timers in the order in which they are due.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Entry>,
    seq: u64,
}

impl Queue {
    pub(crate) fn push(&mut self, at: DateTime<Utc>, timer: Timer) {
        self.seq += 1;
        self.heap.push(Entry {
            at,
            seq: self.seq,
            timer,
        });
    }

    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.heap.peek().map(|e| e.at)
    }

    /// The next timer that is due at `until` or before, with its own time.
    pub(crate) fn pop(&mut self, until: DateTime<Utc>) -> Option<(DateTime<Utc>, Timer)> {
        if self.next_due()? > until {
            return None;
        }
        self.heap.pop().map(|e| (e.at, e.timer))
    }
}
