//! Which controllers have to look at what: dirty objects are collected and reconciled a little later,
//! all at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::Duration;

use super::ctx::Ctx;
use super::dice::Dice;
use super::job::Jobs;
use super::owned::Owned;
use super::pods::PodSlim;
use super::queue::Timer;
use super::scheduler::Scheduler;
use super::selector::Selector;
use super::{cronjob, daemonset, deployment, endpoints, pdb, replicaset, statefulset, volumes};
use crate::sim::{Change, ChangeKind, Obj, find, resource};

/// Selectors of one namespace's objects (plural, name).
type Selecting = BTreeMap<(&'static str, Arc<str>), Selector>;

type Key = (&'static str, Arc<str>, Arc<str>);

/// From a change to the controllers' reaction, in milliseconds.
const LATENCY_MS: i64 = 20;

/// What reacts to selectors: services and budgets, by namespace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Controllers {
    dirty: BTreeSet<Key>,
    armed: bool,
    selectors: BTreeMap<Arc<str>, Selecting>,
    /// What the controllers see of a pod, hashed: most changes do not concern them.
    seen: HashMap<Arc<str>, u64>,
    jobs: Jobs,
}

fn group_of(plural: &str) -> &'static str {
    match plural {
        "jobs" | "cronjobs" => "batch",
        "services" | "persistentvolumeclaims" => "",
        "poddisruptionbudgets" => "policy",
        _ => "apps",
    }
}

fn reconciled(obj: &Obj) -> bool {
    matches!(
        (obj.res.group, obj.res.plural),
        (
            "apps",
            "replicasets" | "deployments" | "statefulsets" | "daemonsets"
        ) | ("batch", "jobs" | "cronjobs")
            | ("", "services" | "persistentvolumeclaims")
            | ("policy", "poddisruptionbudgets")
    )
}

impl Controllers {
    pub(crate) fn on_change(
        &mut self,
        ctx: &mut Ctx<'_>,
        change: &Change,
        slim: Option<&PodSlim<'_>>,
    ) {
        let obj = &*change.obj;
        let gone = change.kind == ChangeKind::Deleted;
        if let Some(slim) = slim {
            if !self.concerns(ctx.dice, obj, slim, gone) {
                return;
            }
            self.by_selector(ctx, obj, change.old.as_deref());
        }
        if let Some(owner) = obj
            .owner
            .as_deref()
            .and_then(|uid| ctx.store.by_uid(uid))
            .cloned()
        {
            self.mark(ctx, &owner);
        }
        if obj.res.plural == "jobs" && obj.owner.is_none() {
            // A Job that somebody made of a CronJob's template names it without being controlled.
            self.mark_owners(ctx, obj);
        }
        if !reconciled(obj) {
            return;
        }
        let plural = obj.res.plural;
        if matches!(plural, "services" | "poddisruptionbudgets") {
            let all = self.selectors.entry(obj.namespace.clone()).or_default();
            let spec = &obj.value()["spec"]["selector"];
            let read = if plural == "services" {
                Selector::service(spec)
            } else {
                Selector::read(spec)
            };
            match read.filter(|_| !gone) {
                Some(selector) => all.insert((plural, obj.name.clone()), selector),
                None => all.remove(&(plural, obj.name.clone())),
            };
        }
        if gone {
            if plural == "jobs" {
                self.jobs.forget(&obj.uid);
            }
        } else {
            self.mark(ctx, obj);
        }
    }

    fn mark_owners(&mut self, ctx: &mut Ctx<'_>, obj: &Obj) {
        let value = obj.value();
        let owners = value["metadata"]["ownerReferences"].as_array();
        for uid in owners
            .into_iter()
            .flatten()
            .filter_map(|o| o["uid"].as_str())
        {
            if let Some(owner) = ctx.store.by_uid(uid).cloned() {
                self.mark(ctx, &owner);
            }
        }
    }

    /// All claims are looked at again.
    pub(crate) fn claims(&mut self, ctx: &mut Ctx<'_>) {
        let all: Vec<_> = ctx
            .store
            .list(resource("persistentvolumeclaims"), None)
            .cloned()
            .collect();
        for claim in all {
            self.mark(ctx, &claim);
        }
    }

    /// Nodes came, went or changed what they take.
    pub(crate) fn on_nodes(&mut self, ctx: &mut Ctx<'_>) {
        let sets: Vec<_> = ctx
            .store
            .list(resource("daemonsets"), None)
            .cloned()
            .collect();
        for set in sets {
            self.mark(ctx, &set);
        }
    }

    fn concerns(&mut self, dice: Dice, obj: &Obj, slim: &PodSlim<'_>, gone: bool) -> bool {
        if gone {
            self.seen.remove(&obj.uid);
            return true;
        }
        let mut hash = dice
            .on(&obj.phase)
            .on(&obj.node)
            .on(slim.status.pod_ip.as_deref().unwrap_or_default())
            .at(u64::from(slim.ready()) << 1 | u64::from(obj.deleting));
        for (k, v) in obj.labels.iter() {
            hash = hash.on(k).on(v);
        }
        self.seen.insert(obj.uid.clone(), hash.raw()) != Some(hash.raw())
    }

    /// A pod out of a stencil changed, in something that services and budgets may ask for.
    pub(crate) fn on_stamped(
        &mut self,
        ctx: &mut Ctx<'_>,
        obj: &Obj,
        old: Option<&Obj>,
        gone: bool,
    ) {
        if gone || old.is_none_or(|old| old.phase != obj.phase || old.node != obj.node) {
            self.by_selector(ctx, obj, old);
        }
    }

    fn by_selector(&mut self, ctx: &mut Ctx<'_>, obj: &Obj, old: Option<&Obj>) {
        let Some(all) = self.selectors.get(&obj.namespace) else {
            return;
        };
        let hit: Vec<Key> = all
            .iter()
            .filter(|(_, s)| s.matches(&obj.labels) || old.is_some_and(|o| s.matches(&o.labels)))
            .map(|((plural, name), _)| (*plural, obj.namespace.clone(), name.clone()))
            .collect();
        if !hit.is_empty() {
            self.dirty.extend(hit);
            self.arm(ctx);
        }
    }

    fn mark(&mut self, ctx: &mut Ctx<'_>, obj: &Obj) {
        if reconciled(obj) {
            self.dirty
                .insert((obj.res.plural, obj.namespace.clone(), obj.name.clone()));
            self.arm(ctx);
        }
    }

    /// Marks by name, for timers.
    pub(crate) fn resync(
        &mut self,
        ctx: &mut Ctx<'_>,
        plural: &'static str,
        namespace: Arc<str>,
        name: Arc<str>,
    ) {
        self.dirty.insert((plural, namespace, name));
        self.arm(ctx);
    }

    fn arm(&mut self, ctx: &mut Ctx<'_>) {
        if !self.armed {
            self.armed = true;
            ctx.queue
                .push(ctx.now + Duration::milliseconds(LATENCY_MS), Timer::Sync);
        }
    }

    /// Reconciles all that is dirty; what this changes is for the next time.
    pub(crate) fn sync(&mut self, ctx: &mut Ctx<'_>, owned: &Owned, scheduler: &Scheduler) {
        self.armed = false;
        for (plural, ns, name) in std::mem::take(&mut self.dirty) {
            let Some(obj) = find(group_of(plural), plural)
                .and_then(|res| ctx.store.get(res, &ns, &name))
                .cloned()
            else {
                continue;
            };
            match plural {
                "replicasets" => replicaset::reconcile(ctx, owned, &obj),
                "deployments" => deployment::reconcile(ctx, owned, &obj),
                "statefulsets" => statefulset::reconcile(ctx, owned, &obj),
                "daemonsets" => daemonset::reconcile(ctx, owned, &scheduler.nodes, &obj),
                "jobs" => self.jobs.reconcile(ctx, owned, &obj),
                "cronjobs" => cronjob::reconcile(ctx, &obj),
                "persistentvolumeclaims" => volumes::reconcile(ctx, &obj),
                "services" => endpoints::reconcile(ctx, &obj),
                "poddisruptionbudgets" => pdb::reconcile(ctx, &obj),
                _ => {}
            }
        }
    }
}
