//! What pods and nodes use, as metrics.k8s.io told last: two integers a pod, in the pods' slots.
//!
//! The figures come in rounds. A round of nodes is one message; one of pods is many, since a cluster may have
//! 150,000 of them, and it counts when its last has come. What a round does not name is not known.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::feed::FeedState;
use super::id::Text;
use super::pod::Pod;
use super::shapes::Shapes;
use super::store::Model;

/// CPU and memory in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Millicores.
    pub cpu: u32,
    /// KiB.
    pub kib: u32,
}

/// Nobody uses so much: not known.
const UNKNOWN: Usage = Usage {
    cpu: u32::MAX,
    kib: u32::MAX,
};

impl Usage {
    /// From millicores and bytes.
    pub fn new(cpu: i64, memory: i64) -> Self {
        let fit = |n: i64| {
            u32::try_from(n.max(0))
                .unwrap_or(u32::MAX)
                .min(u32::MAX - 1)
        };
        Self {
            cpu: fit(cpu),
            kib: fit(memory / 1024),
        }
    }

    /// Millicores.
    pub fn cpu(self) -> i64 {
        self.cpu.into()
    }

    /// Bytes.
    pub fn memory(self) -> i64 {
        i64::from(self.kib) * 1024
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Measured {
    /// Nodes.
    Nodes,
    /// Pods.
    Pods,
}

/// News of a round.
#[derive(Clone, Debug, PartialEq)]
pub enum Figures {
    /// A round of pods begins.
    Begin,
    /// Some of the nodes, by name.
    Nodes(Vec<(Text, Usage)>),
    /// Some of the pods, by namespace and name.
    Pods(Vec<(Text, Text, Usage)>),
    /// The round is complete.
    End,
    /// There is none: `Absent`, `Denied` or `Stale`.
    Failed(FeedState),
}

/// One measure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// `Off` before the first answer, `Live` after a good one.
    pub state: FeedState,
    /// When the last whole round came.
    pub at: Option<DateTime<Utc>>,
}

/// All figures.
#[derive(Clone, Debug, Default)]
pub struct Usages {
    nodes: BTreeMap<Text, Usage>,
    of_nodes: Standing,
    of_pods: Standing,
    pods: Vec<Usage>,
    /// The round that comes in.
    next: Vec<Usage>,
    next_nodes: BTreeMap<Text, Usage>,
    shapes: Shapes,
}

impl Usages {
    /// How a measure stands.
    pub fn standing(&self, of: Measured) -> &Standing {
        match of {
            Measured::Nodes => &self.of_nodes,
            Measured::Pods => &self.of_pods,
        }
    }

    /// A node's.
    pub fn node(&self, name: &str) -> Option<Usage> {
        self.nodes.get(name).copied()
    }

    /// Usual use by shape of job.
    pub fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    fn pod(&self, slot: u32) -> Option<Usage> {
        let found = self.pods.get(slot as usize).copied()?;
        (found != UNKNOWN).then_some(found)
    }

    /// Another pod has this slot, or none.
    pub(crate) fn forget(&mut self, slot: u32) {
        for figures in [&mut self.pods, &mut self.next] {
            if let Some(figure) = figures.get_mut(slot as usize) {
                *figure = UNKNOWN;
            }
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.pods.capacity() + self.next.capacity() + self.nodes.len() + self.shapes.len()
    }
}

impl Model {
    /// What pods and nodes use.
    pub fn usages(&self) -> &Usages {
        &self.usages
    }

    /// What a pod uses, where that was told.
    pub fn pod_usage(&self, pod: &Pod) -> Option<Usage> {
        self.usages.pod(self.pods.slot(&pod.meta.uid)?)
    }

    /// Takes in figures. True if what may be shown has changed.
    pub fn measure(&mut self, now: DateTime<Utc>, of: Measured, figures: Figures) -> bool {
        match figures {
            Figures::Begin => {
                self.usages.next.clear();
                self.usages.next_nodes.clear();
                false
            }
            Figures::Nodes(rows) => {
                self.usages.next_nodes.extend(rows);
                false
            }
            Figures::Pods(rows) => {
                for (namespace, name, usage) in rows {
                    self.take(now, &namespace, &name, usage);
                }
                false
            }
            Figures::End => {
                let usages = &mut self.usages;
                let standing = match of {
                    Measured::Nodes => {
                        usages.nodes = std::mem::take(&mut usages.next_nodes);
                        &mut usages.of_nodes
                    }
                    Measured::Pods => {
                        usages.pods = std::mem::take(&mut usages.next);
                        &mut usages.of_pods
                    }
                };
                *standing = Standing {
                    state: FeedState::Live,
                    at: Some(now),
                };
                true
            }
            Figures::Failed(state) => {
                let usages = &mut self.usages;
                let gone = !matches!(state, FeedState::Stale { .. });
                let standing = match of {
                    Measured::Nodes => &mut usages.of_nodes,
                    Measured::Pods => &mut usages.of_pods,
                };
                standing.state = state;
                if gone {
                    standing.at = None;
                    match of {
                        Measured::Nodes => usages.nodes.clear(),
                        Measured::Pods => usages.pods = Vec::new(),
                    }
                }
                true
            }
        }
    }

    fn take(&mut self, now: DateTime<Utc>, namespace: &str, name: &str, usage: Usage) {
        let Some(slot) = self.pods.slot_named(namespace, name) else {
            return;
        };
        let at = slot as usize;
        let next = &mut self.usages.next;
        if next.len() <= at {
            // Slots are used again, so that there are hardly more than pods.
            next.resize(at + 1, UNKNOWN);
        }
        next[at] = usage;
        if let Some(mark) = self.pods.mark(slot)
            && let Some(job) = self.jobs.of_pod(mark)
            && job.started().is_some()
            && !job.phase.ended()
            && let Some(pod) = self.pods.at(slot)
        {
            self.usages.shapes.sample(now, job, pod, usage);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{at, list, node, pod, put_node, put_pod};
    use crate::model::{Kind, RankRules};

    #[test]
    fn figures_count_when_their_round_is_whole() {
        let mut model = Model::new(RankRules::default());
        let jobs = crate::model::testing::Plain;
        let pods = ["a/x", "a/y"].map(|path| put_pod(pod(path, "")));
        model.apply(at(0), list(Kind::Pod, pods), &jobs);
        model.apply(at(0), list(Kind::Node, [put_node(node("n", ""))]), &jobs);
        let usage = |model: &Model, name: &str| {
            let pod = model.pod_named("a", name).unwrap();
            model.pod_usage(pod).map(|u| (u.cpu, u.memory()))
        };
        let figure = |name: &str| ("a".into(), name.into(), Usage::new(250, 3 << 20));
        model.measure(at(1), Measured::Pods, Figures::Begin);
        let rows = vec![figure("x"), figure("unknown")];
        assert!(!model.measure(at(1), Measured::Pods, Figures::Pods(rows)));
        assert_eq!(usage(&model, "x"), None);
        assert!(model.measure(at(1), Measured::Pods, Figures::End));
        assert_eq!(usage(&model, "x"), Some((250, 3 << 20)));
        assert_eq!(usage(&model, "y"), None);
        // Another pod of that name is another.
        let mut other = pod("a/x", "");
        other.meta.uid = crate::model::Uid::from("other");
        let batch = crate::model::Batch {
            kind: Kind::Pod,
            deltas: vec![put_pod(other)],
        };
        model.apply(at(2), batch, &jobs);
        assert_eq!(usage(&model, "x"), None);
        let denied = FeedState::Denied {
            verb: "list".into(),
            resource: "pods.metrics.k8s.io".into(),
        };
        model.measure(at(3), Measured::Pods, Figures::Failed(denied.clone()));
        let standing = model.usages().standing(Measured::Pods);
        assert_eq!((&standing.state, standing.at), (&denied, None));
    }
}
