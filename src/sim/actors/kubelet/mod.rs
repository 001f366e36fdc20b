//! The kubelets of all nodes: each takes the pods bound to its node and lives their lives.

mod admit;
pub(crate) mod container;
mod drive;
pub(crate) mod pod;
mod status;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::json;

use self::container::Cont;
use self::pod::{Env, Note, PodRun, Why};
use super::ctx::{Ctx, set_condition};
use super::event::{About, Source};
use super::pods::PodSlim;
use super::queue::Timer;
use crate::sim::script::Scripts;
use crate::sim::{Obj, resource, timestamp};

/// A node as its kubelet knows it.
#[derive(Clone, Debug)]
pub(crate) struct NodeRun {
    /// The kubelet runs and can speak to the API server.
    pub up: bool,
    /// Which node this is by its time of arrival; addresses come from it.
    pub ordinal: u32,
    pub images: HashSet<Arc<str>>,
    next_ip: u32,
    /// Uids of the pods that the kubelet has taken.
    pub pods: BTreeSet<Arc<str>>,
}

impl NodeRun {
    pub(crate) fn host_ip(&self) -> String {
        format!("10.128.{}.{}", self.ordinal / 250, self.ordinal % 250 + 2)
    }

    /// The next pod address of the node's range.
    fn draw_ip(&mut self) -> String {
        let n = self.next_ip % 250;
        self.next_ip += 1;
        format!(
            "10.{}.{}.{}",
            4 + self.ordinal / 250,
            self.ordinal % 250,
            n + 2
        )
    }
}

/// All kubelets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kubelets {
    pub nodes: BTreeMap<Arc<str>, NodeRun>,
    pods: HashMap<Arc<str>, PodRun>,
    scripts: HashMap<String, Arc<Scripts>>,
    images: HashSet<Arc<str>>,
    arrived: u32,
    /// Pods that went lately: who follows their log reads it to its end.
    graves: VecDeque<PodRun>,
}

/// How many gone pods are remembered for their logs' readers.
const GRAVES: usize = 512;

impl Kubelets {
    pub(crate) fn pod(&self, uid: &str) -> Option<&PodRun> {
        self.pods.get(uid)
    }

    /// The pod, or what is remembered of it.
    pub(crate) fn recall(&self, uid: &str) -> Option<&PodRun> {
        self.pods
            .get(uid)
            .or_else(|| self.graves.iter().rev().find(|p| &*p.uid == uid))
    }

    pub(crate) fn node_up(&self, node: &str) -> bool {
        self.nodes.get(node).is_some_and(|n| n.up)
    }

    /// Every node forgets the images that begin so: they are to be pulled again.
    pub(crate) fn drop_image(&mut self, prefix: &str) {
        for node in self.nodes.values_mut() {
            node.images.retain(|i| !i.starts_with(prefix));
        }
    }

    /// A node has registered.
    pub(crate) fn add_node(&mut self, name: &str) {
        if self.nodes.contains_key(name) {
            return;
        }
        let node = NodeRun {
            up: true,
            ordinal: self.arrived,
            images: HashSet::new(),
            next_ip: 0,
            pods: BTreeSet::new(),
        };
        self.arrived += 1;
        self.nodes.insert(name.into(), node);
    }

    pub(crate) fn remove_node(&mut self, name: &str) {
        if let Some(node) = self.nodes.remove(name) {
            for uid in node.pods {
                self.pods.remove(&uid);
            }
        }
    }

    /// A pod was created, changed or removed.
    pub(crate) fn on_pod(&mut self, ctx: &mut Ctx<'_>, obj: &Obj, gone: bool, slim: &PodSlim<'_>) {
        if gone {
            self.bury(&obj.uid);
            return;
        }
        if obj.node.is_empty() {
            return;
        }
        if !self.pods.contains_key(&*obj.uid) {
            if obj.phase.is_empty() || &*obj.phase == "Pending" || &*obj.phase == "Running" {
                self.admit(ctx, obj);
            } else if obj.deleting && slim.metadata.finalizers.is_empty() {
                // Its kubelet forgot it; nothing runs.
                let _ = ctx
                    .store
                    .remove(ctx.now, obj.res, &obj.namespace, &obj.name);
            }
        }
        if !slim.spec.ephemeral_containers.is_empty() {
            self.join(ctx, &obj.uid, &slim.spec.ephemeral_containers);
        }
        if obj.deleting {
            self.stop(
                ctx,
                obj,
                slim.metadata.deletion_grace_period_seconds.unwrap_or(0),
            );
        }
    }

    /// A pod out of a stencil changed or went: where it does not run any more, the kubelet has nothing to do with it.
    pub(crate) fn on_stamped(&mut self, obj: &Obj, gone: bool) {
        if gone || &*obj.phase != "Running" {
            self.bury(&obj.uid);
        }
    }

    fn bury(&mut self, uid: &str) {
        let Some(run) = self.pods.remove(uid) else {
            return;
        };
        if let Some(node) = self.nodes.get_mut(&run.node) {
            node.pods.remove(uid);
        }
        self.graves.push_back(run);
        if self.graves.len() > GRAVES {
            self.graves.pop_front();
        }
    }

    /// Somebody deleted the pod: it goes, with this grace (seconds).
    fn stop(&mut self, ctx: &mut Ctx<'_>, obj: &Obj, grace: i64) {
        let Some(run) = self.pods.get(&*obj.uid) else {
            if !self.nodes.contains_key(&*obj.node) {
                // No kubelet will ever confirm it.
                ctx.queue.push(
                    ctx.now + Duration::seconds(20),
                    Timer::Node((&*obj.node).into(), super::queue::NodeTick::Orphans),
                );
            }
            return;
        };
        let known = matches!(&run.stop, Some((Why::Deleted, at)) if *at <= ctx.now + Duration::seconds(grace));
        if known && run.end.is_none() || !self.node_up(&run.node.clone()) {
            return;
        }
        let uid = run.uid.clone();
        self.look(ctx, &uid, |run, now, env| {
            run.begin_stop(now, Why::Deleted, grace, env)
        });
    }

    /// The node runs out of disk: one of its pods goes.
    pub(crate) fn evict(&mut self, ctx: &mut Ctx<'_>, uid: &str, message: &str) {
        let Some(run) = self.pods.get(uid) else {
            return;
        };
        let (ns, name, node, uid) = (
            run.namespace.clone(),
            run.name.clone(),
            run.node.clone(),
            run.uid.clone(),
        );
        let now = timestamp(ctx.now);
        ctx.edit(resource("pods"), &ns, &name, |v| {
            set_condition(
                &mut v["status"],
                json!({"type": "DisruptionTarget", "status": "True",
                "reason": "TerminationByKubelet", "message": message,
                "lastProbeTime": null, "lastTransitionTime": now}),
            );
        });
        ctx.event(
            Source::Kubelet(&node),
            About::pod(&ns, &name, &uid),
            true,
            "Evicted",
            message,
        );
        self.look(ctx, &uid, |run, now, env| {
            run.begin_stop(now, Why::Evicted(message.into()), 1, env)
        });
    }

    /// A container's process ends with this code, by a signal or because its user left it.
    pub(crate) fn end_container(&mut self, ctx: &mut Ctx<'_>, uid: &str, name: &str, code: i32) {
        let Some(uid) = self.pods.get(uid).map(|run| run.uid.clone()) else {
            return;
        };
        self.look(ctx, &uid, |run, now, _| {
            for c in run.containers.iter_mut().filter(|c| *c.name == *name) {
                if let container::State::Running(run) = &mut c.state {
                    run.ends = Some((now, container::Exit::code(code)));
                }
            }
        });
    }

    /// The timer of a pod came.
    pub(crate) fn wake(&mut self, ctx: &mut Ctx<'_>, uid: &str) {
        let Some(run) = self.pods.get_mut(uid) else {
            return;
        };
        if run.wake != Some(ctx.now) {
            return; // an older timer: a later look asked for another time
        }
        run.wake = None;
        let uid = run.uid.clone();
        self.look(ctx, &uid, |_, _, _| {});
    }

    /// Readiness faults changed: all pods whose lot changes are looked at.
    pub(crate) fn probe_all(&mut self, ctx: &mut Ctx<'_>) {
        let mut changed: Vec<Arc<str>> = Vec::new();
        for node in self.nodes.values() {
            for uid in &node.pods {
                if let Some(run) = self.pods.get_mut(uid) {
                    let unready = ctx.faults.unready(&run.namespace, &run.name);
                    if unready != run.unready {
                        run.unready = unready;
                        changed.push(uid.clone());
                    }
                }
            }
        }
        for uid in changed {
            if let Some(run) = self.pods.get(&uid)
                && run.unready
            {
                let (ns, name, node) = (run.namespace.clone(), run.name.clone(), run.node.clone());
                let field = run.containers.last().map(Cont::field).unwrap_or_default();
                let about = About {
                    field: &field,
                    ..About::pod(&ns, &name, &uid)
                };
                ctx.event(
                    Source::Kubelet(&node),
                    about,
                    true,
                    "Unhealthy",
                    "Readiness probe failed: HTTP probe failed with statuscode: 503",
                );
            }
            self.look(ctx, &uid, |_, _, _| {});
        }
    }

    /// The node's kubelet dies or lives again. On its return it catches up with its pods.
    pub(crate) fn set_up(&mut self, ctx: &mut Ctx<'_>, node: &str, up: bool) {
        let Some(n) = self.nodes.get_mut(node) else {
            return;
        };
        if n.up == up {
            return;
        }
        n.up = up;
        if !up {
            return;
        }
        let uids: Vec<Arc<str>> = n.pods.iter().cloned().collect();
        for uid in uids {
            if let Some(run) = self.pods.get_mut(&uid) {
                run.dirty = true; // the node controller wrote its readiness meanwhile
            }
            self.look(ctx, &uid, |_, _, _| {});
            let Some(run) = self.pods.get(&uid) else {
                continue;
            };
            if let Some(obj) = ctx
                .store
                .get(resource("pods"), &run.namespace, &run.name)
                .cloned()
                && obj.deleting
                && *obj.uid == *uid
            {
                self.stop(ctx, &obj, 30.min(run.grace));
            }
        }
    }

    /// Lets the pod live until now, does something to it, writes what came of it.
    fn look(
        &mut self,
        ctx: &mut Ctx<'_>,
        uid: &Arc<str>,
        then: impl FnOnce(&mut PodRun, DateTime<Utc>, &mut Env<'_>),
    ) {
        let Some(run) = self.pods.get_mut(uid) else {
            return;
        };
        let Some(node) = self.nodes.get_mut(&run.node) else {
            return;
        };
        if !node.up {
            return;
        }
        let mut notes: Vec<Note> = Vec::new();
        let dice = ctx.dice.on(uid);
        let mut env = Env {
            dice,
            images: &mut node.images,
            faults: ctx.faults,
            notes: &mut notes,
        };
        run.advance(ctx.now, &mut env);
        then(run, ctx.now, &mut env);
        run.settle(ctx.now, &mut env);
        let next = run.next().filter(|t| *t > ctx.now);
        let arm = next.filter(|_| run.wake != next);
        run.wake = next;
        let dirty = std::mem::take(&mut run.dirty);
        let over = run.end.is_some();
        let deleted = matches!(run.stop, Some((Why::Deleted, _)));
        if let Some(at) = arm {
            ctx.queue.push(at, Timer::Pod(uid.clone()));
        }
        for note in notes {
            let about = About {
                field: &note.field,
                ..About::pod(&run.namespace, &run.name, uid)
            };
            ctx.event_at(
                note.at,
                Source::Kubelet(&run.node),
                about,
                note.warning,
                note.reason,
                &note.message,
            );
        }
        let (ns, name) = (run.namespace.clone(), run.name.clone());
        if dirty {
            let run = &*run;
            ctx.edit(resource("pods"), &ns, &name, |v| {
                status::write(run, dice, &mut v["status"])
            });
        }
        if over && deleted {
            // A pod of the same name may have taken its place.
            let same = ctx
                .store
                .get(resource("pods"), &ns, &name)
                .filter(|o| *o.uid == **uid)
                .cloned();
            if let Some(obj) = same {
                super::ctx::mark_deleted(ctx.store, ctx.now, &obj, 0);
                ctx.delete(&obj);
            }
        }
    }
}
