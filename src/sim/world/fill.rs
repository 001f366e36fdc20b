//! Bulk load: many nodes, and pods that run already, past scheduler and kubelets.
//!
//! These pods are out of stencils and go through their lives by the load's own timer. One that somebody else writes to
//! becomes an object like any other, and its kubelet takes it.

mod life;
mod pod;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Duration, TimeDelta};
use serde_json::{Value, json};

use self::life::Lives;
use self::pod::{Card, Maker, Step};
use super::World;
use crate::sim::actors::node;
use crate::sim::actors::queue::Timer;
use crate::sim::resource;

/// How much, and how much of it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// Nodes, named `f-00001` on.
    pub nodes: usize,
    /// Job pods in all, spread over these nodes.
    pub pods: usize,
    /// Pods that end and are replaced, a minute.
    pub churn: usize,
    /// Changes of annotation or status of running pods, a minute.
    pub changes: usize,
}

/// The label of the nodes and pods of the bulk load.
pub(crate) const FILLED: &str = "sim.constable/filled";

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    fill: Option<Fill>,
    nodes: Vec<Arc<str>>,
    maker: Maker,
    lives: Lives,
}

const NAMESPACE: &str = "ci-jobs";
/// Nodes between two looks of the actors: well below what the log of changes holds.
const CHUNK: usize = 2000;
/// Pods go on with their lives this often, so that changes come evenly.
const PACE_MS: i64 = 100;
/// As many of these make a minute.
const PACES: u64 = 600;
/// The oldest pod runs this long at most.
const OLDEST_S: i64 = 1800;

impl World {
    /// Adds nodes and running job pods of the job platform's label scheme. What watches from before is told that its
    /// resourceVersion is too old.
    pub fn fill(&mut self, fill: Fill) {
        let ns = json!({"metadata": {"name": NAMESPACE, "labels": {"kubernetes.io/metadata.name": NAMESPACE}},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}});
        // It may be there already.
        let _ = self.store.create(self.now, resource("namespaces"), ns);
        for i in 0..fill.nodes {
            let value = self.filled_node(i);
            // A second fill with the same names adds pods alone.
            let _ = self.store.create(self.now, resource("nodes"), value);
            if i % CHUNK == CHUNK - 1 {
                self.react();
            }
        }
        self.react();
        self.fill.nodes = (0..fill.nodes.max(1))
            .map(|i| node_name(i).into())
            .collect();
        self.load(fill);
        self.fill.fill = Some(fill);
        if fill.churn + fill.changes > 0 && fill.pods > 0 {
            let soon = self.now + Duration::milliseconds(PACE_MS);
            self.actors.queue.push(soon, Timer::Churn);
        }
    }

    /// The pods that run already: the oldest are the next to end.
    fn load(&mut self, fill: Fill) {
        let State {
            nodes,
            maker,
            lives,
            ..
        } = &mut self.fill;
        let all = i64::try_from(fill.pods.max(1)).unwrap_or(i64::MAX);
        let lifetime = i64::try_from(fill.churn)
            .ok()
            .and_then(|churn| (60 * all).checked_div(churn))
            .unwrap_or(OLDEST_S)
            .clamp(60, OLDEST_S);
        let mut revision = self.store.revision();
        let mut loaded = Vec::with_capacity(fill.pods);
        for i in 0..all {
            let age = lifetime - lifetime * i / all;
            let started = self.now - TimeDelta::seconds(age.max(3));
            let number = lives.draw();
            let node = u32::try_from(number % nodes.len().max(1) as u64).unwrap_or(0);
            let card = Card {
                number,
                node,
                uid: self.store.draw_uid().into(),
                step: Step::Running,
                created: started - TimeDelta::seconds(3),
                bound: started - TimeDelta::seconds(2),
                started,
                last: started,
                progress: 0,
            };
            revision += 1;
            let Some(name) = nodes.get(node as usize) else {
                continue;
            };
            loaded.push(Arc::new(maker.object(
                self.actors.dice,
                &card,
                name,
                revision,
            )));
            lives.runs(card);
        }
        self.actors.loaded(&loaded);
        self.store.load(loaded);
        self.actors.caught_up(&self.store);
    }

    /// A tenth of a second of the load's lives.
    pub(super) fn churn(&mut self) {
        let Some(fill) = self.fill.fill else { return };
        let State {
            nodes,
            maker,
            lives,
            ..
        } = &mut self.fill;
        let dice = self.actors.dice;
        let now = self.now;
        let mut write = |store: &mut crate::sim::Store, card: &Card| {
            if let Some(name) = nodes.get(card.node as usize) {
                let obj = maker.object(dice, card, name, store.revision() + 1);
                store.stamp(now, obj);
            }
        };
        let (store, pods) = (&mut self.store, resource("pods"));
        // Whose pod it is: one that is gone, or that somebody wrote to, is no longer the load's.
        let ours = |store: &crate::sim::Store, card: &Card| {
            store
                .get(pods, NAMESPACE, &card.name())
                .is_some_and(|obj| obj.is_stamped() && obj.uid == card.uid)
        };
        lives.pace(fill.churn, fill.changes);
        while let Some((mut card, next)) = lives.due(now, dice) {
            let new = card.step == Step::Pending && next == Some(Step::Pending);
            if !new && !ours(store, &card) {
                continue;
            }
            match next {
                Some(step) => {
                    if new {
                        card.uid = store.draw_uid().into();
                    }
                    card.enter(step, now);
                    write(store, &card);
                    lives.go_on(card, now, dice);
                }
                None => {
                    // It is there: `ours` has seen it.
                    let _ = store.remove(now, pods, NAMESPACE, &card.name());
                }
            }
        }
        lives.touched(dice, |card| {
            if !ours(store, card) {
                return false;
            }
            card.touch(now);
            write(store, card);
            true
        });
        self.react();
        let soon = self.now + Duration::milliseconds(PACE_MS);
        self.actors.queue.push(soon, Timer::Churn);
    }

    fn filled_node(&self, i: usize) -> Value {
        let name = node_name(i);
        let mut labels = BTreeMap::from([
            ("kubernetes.io/hostname", name.as_str()),
            ("kubernetes.io/os", "linux"),
            ("kubernetes.io/arch", "amd64"),
        ]);
        labels.insert("cloud.google.com/gke-nodepool", pod::pool(i));
        labels.insert(FILLED, "true");
        let mut value = json!({
            "metadata": {"name": name, "labels": labels},
            "spec": {"taints": [{"key": "jobs.constable/public", "value": "true", "effect": "NoSchedule"}]},
            "status": {"capacity": {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "500Gi", "pods": "110"}},
        });
        let ip = format!("10.128.{}.{}", i / 250, i % 250 + 2);
        node::fill_status(&mut value["status"], &name, &ip);
        value["status"]["conditions"] = node::conditions(self.now, true);
        value
    }
}

fn node_name(i: usize) -> String {
    format!("f-{:05}", i + 1)
}
