//! What acts in the simulated cluster: scheduler, kubelets, controllers.
//!
//! They see the world through the store's log of changes and through timers in one queue, and change
//! it through the store alone. Nothing here has a clock or a thread: the same requests at the same
//! times give the same bytes.

pub(crate) mod controllers;
mod cronjob;
pub(crate) mod ctx;
mod daemonset;
mod deployment;
pub(crate) mod dice;
mod endpoints;
pub(crate) mod event;
pub(crate) mod faults;
mod gc;
mod job;
pub(crate) mod kubelet;
pub(crate) mod node;
mod owned;
mod pdb;
pub(crate) mod pods;
mod quantity;
pub(crate) mod queue;
mod replicaset;
mod schedule;
pub(crate) mod scheduler;
pub(crate) mod selector;
mod statefulset;
pub(crate) mod template;
#[cfg(test)]
pub(crate) mod tests;
mod volumes;
pub(crate) mod workload;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use self::controllers::Controllers;
use self::ctx::Ctx;
use self::dice::Dice;
use self::event::Recorder;
use self::faults::Faults;
use self::kubelet::Kubelets;
use self::node::Nodes;
use self::owned::Owned;
use self::pods::PodSlim;
use self::queue::{Queue, Timer};
use self::scheduler::Scheduler;
use crate::sim::{Change, ChangeKind, Obj, Store, resource};

/// All actors of one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Actors {
    /// The revision up to which the log of changes has been read.
    cursor: u64,
    pub queue: Queue,
    pub faults: Faults,
    pub dice: Dice,
    pub events: Recorder,
    pub kubelets: Kubelets,
    pub nodes: Nodes,
    pub scheduler: Scheduler,
    controllers: Controllers,
    owned: Owned,
}

/// Splits the actors into what they share and who they are.
macro_rules! ctx {
    ($self:ident, $now:expr, $store:expr) => {
        Ctx {
            now: $now,
            store: $store,
            queue: &mut $self.queue,
            events: &mut $self.events,
            faults: &$self.faults,
            dice: $self.dice,
        }
    };
}

impl Actors {
    pub(crate) fn new(seed: u64) -> Self {
        let dice = Dice::new(seed);
        Self {
            cursor: 0,
            queue: Queue::default(),
            faults: Faults::default(),
            dice,
            events: Recorder::new(dice),
            kubelets: Kubelets::default(),
            nodes: Nodes::default(),
            scheduler: Scheduler::default(),
            controllers: Controllers::default(),
            owned: Owned::default(),
        }
    }

    /// Lets the actors see what changed, until nothing more follows at this moment.
    pub(crate) fn react(&mut self, now: DateTime<Utc>, store: &mut Store) {
        while self.cursor < store.revision() {
            let changes: Vec<Change> = match store.changes_after(self.cursor) {
                Ok(changes) => changes.cloned().collect(),
                // Not while every call is followed by this one: the log holds thousands.
                Err(expired) => {
                    self.cursor = expired.oldest;
                    continue;
                }
            };
            for change in changes {
                self.cursor = change.rv;
                self.on_change(now, store, &change);
            }
        }
    }

    fn on_change(&mut self, now: DateTime<Utc>, store: &mut Store, change: &Change) {
        let obj = &*change.obj;
        let gone = change.kind == ChangeKind::Deleted;
        if obj.res.plural == "events" {
            return;
        }
        let mut ctx = ctx!(self, now, store);
        self.owned.note(obj, change.old.as_deref(), gone);
        match (obj.res.group, obj.res.plural) {
            ("", "pods") if obj.is_stamped() => {
                self.scheduler
                    .on_stamped(&mut ctx, change.old.as_deref(), obj, gone);
                self.kubelets.on_stamped(obj, gone);
                self.controllers
                    .on_stamped(&mut ctx, obj, change.old.as_deref(), gone);
            }
            ("", "pods") => {
                let body = obj.body();
                let Ok(slim) = serde_json::from_slice::<PodSlim<'_>>(&body) else {
                    return;
                };
                if let Some(old) = change.old.as_deref().filter(|old| old.is_stamped()) {
                    self.scheduler.unstamped(old);
                }
                self.scheduler.on_pod(&mut ctx, obj, gone);
                self.kubelets.on_pod(&mut ctx, obj, gone, &slim);
                self.controllers.on_change(&mut ctx, change, Some(&slim));
            }
            ("", "nodes") => self.on_node(now, store, change),
            _ => {
                if obj.res.plural == "persistentvolumeclaims" {
                    self.scheduler.on_claim(&mut ctx);
                }
                self.controllers.on_change(&mut ctx, change, None);
            }
        }
        let mut ctx = ctx!(self, now, store);
        if gone {
            gc::on_removed(&mut ctx, &self.owned, obj);
            gc::on_child_removed(&mut ctx, &self.owned, obj);
        } else if obj.deleting {
            gc::on_deleting(&mut ctx, &self.owned, obj);
        }
    }

    /// Pods out of stencils came past the log of changes.
    pub(crate) fn loaded(&mut self, pods: &[Arc<Obj>]) {
        for pod in pods {
            self.scheduler.loaded(pod);
        }
    }

    /// Everything up to now has been seen.
    pub(crate) fn caught_up(&mut self, store: &Store) {
        self.cursor = store.revision();
    }

    /// A pod out of a stencil is of interest: its kubelet takes it.
    pub(crate) fn rouse(&mut self, now: DateTime<Utc>, store: &mut Store, pod: &Obj) {
        if pod.is_stamped() && &*pod.phase == "Running" && self.kubelets.pod(&pod.uid).is_none() {
            let mut ctx = ctx!(self, now, store);
            self.kubelets.admit(&mut ctx, pod);
        }
    }

    /// Something befalls a node: so it does its pods out of stencils.
    fn rouse_node(&mut self, now: DateTime<Utc>, store: &mut Store, name: &str) {
        let pods = resource("pods");
        let here: Vec<Arc<Obj>> = store
            .list(pods, None)
            .filter(|pod| *pod.node == *name && pod.is_stamped())
            .cloned()
            .collect();
        for pod in here {
            self.rouse(now, store, &pod);
        }
    }

    fn on_node(&mut self, now: DateTime<Utc>, store: &mut Store, change: &Change) {
        let obj = &*change.obj;
        let mut ctx = ctx!(self, now, store);
        if change.kind == ChangeKind::Deleted {
            self.scheduler.remove_node(&mut ctx, &obj.name);
            self.nodes.remove(&mut ctx, &mut self.kubelets, &obj.name);
            self.controllers.on_nodes(&mut ctx);
            return;
        }
        let value = obj.value();
        self.scheduler.on_node(&mut ctx, obj, &value);
        if !value["metadata"]["annotations"][node::FAULT].is_null() {
            self.rouse_node(now, store, &obj.name);
        }
        let mut ctx = ctx!(self, now, store);
        self.nodes
            .on_node(&mut ctx, &mut self.kubelets, obj, &value);
        let moved = |old: &Obj| {
            let (old_value, labels) = (old.value(), &old.labels);
            *labels != obj.labels || old_value["spec"]["taints"] != value["spec"]["taints"]
        };
        if change.old.as_deref().is_none_or(moved) {
            self.controllers.on_nodes(&mut ctx);
        }
    }

    /// A timer's time has come.
    pub(crate) fn fire(&mut self, now: DateTime<Utc>, store: &mut Store, timer: Timer) {
        let mut ctx = ctx!(self, now, store);
        match timer {
            Timer::Schedule => self.scheduler.schedule(&mut ctx),
            Timer::Retry => self.scheduler.retry(&mut ctx),
            Timer::Sync => self
                .controllers
                .sync(&mut ctx, &self.owned, &self.scheduler),
            Timer::Pod(uid) => self.kubelets.wake(&mut ctx, &uid),
            Timer::Node(name, tick) => self.nodes.tick(&mut ctx, &mut self.kubelets, &name, tick),
            Timer::Resync {
                plural,
                namespace,
                name,
            } => {
                self.controllers.resync(&mut ctx, plural, namespace, name);
            }
            Timer::ExpireEvents => self.events.expire(now, store, &mut self.queue),
            // The world's own.
            Timer::Scenario(_) | Timer::Churn => {}
        }
    }

    /// A container's process ends with this code.
    pub(crate) fn end_container(
        &mut self,
        now: DateTime<Utc>,
        store: &mut Store,
        uid: &str,
        name: &str,
        code: i32,
    ) {
        let mut ctx = ctx!(self, now, store);
        self.kubelets.end_container(&mut ctx, uid, name, code);
    }

    /// The faults changed: claims may get their volumes now.
    pub(crate) fn claims(&mut self, now: DateTime<Utc>, store: &mut Store) {
        let mut ctx = ctx!(self, now, store);
        self.controllers.claims(&mut ctx);
    }

    /// The faults changed: pods whose readiness hangs on them are looked at.
    pub(crate) fn probe_all(&mut self, now: DateTime<Utc>, store: &mut Store) {
        let mut ctx = ctx!(self, now, store);
        self.kubelets.probe_all(&mut ctx);
    }

    /// A node's kubelet falls silent or speaks again.
    pub(crate) fn set_node_down(
        &mut self,
        now: DateTime<Utc>,
        store: &mut Store,
        name: &str,
        down: bool,
    ) {
        self.rouse_node(now, store, name);
        let mut ctx = ctx!(self, now, store);
        self.nodes
            .set_down(&mut ctx, &mut self.kubelets, &name.into(), down);
    }

    /// A node's disk fills up or is clean again.
    pub(crate) fn set_pressure(
        &mut self,
        now: DateTime<Utc>,
        store: &mut Store,
        name: &str,
        on: bool,
    ) {
        self.rouse_node(now, store, name);
        let mut ctx = ctx!(self, now, store);
        self.nodes.set_pressure(&mut ctx, &name.into(), on);
    }
}
