//! [`Model`]: all that is known of one cluster, changed by batches of deltas and by nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::changes::{Change, Changes, ObjectChange};
use super::event::{ClusterEvent, Events};
use super::feed::{Feed, FeedState, Kind};
use super::id::{Text, Uid};
use super::ingress::RouteHealth;
use super::job::{Job, JobKey};
use super::jobs::{JobChanges, Jobs, Told};
use super::kin::Kin;
use super::network::{EndpointSlice, Ingress, Service};
use super::node::Node;
use super::object::{Batch, Delta, Object};
use super::offspring::Offspring;
use super::phase::Phase;
use super::placement::{Place, Waiting};
use super::pod::Pod;
use super::pool::PoolSource;
use super::rank::{RankRules, Ranking};
use super::read::ReadJobs;
use super::resources::Resources;
use super::sums::NodeSums;
use super::table::{Keyed, Table, Upsert};
use super::usage::Usages;
use super::window::Window;
use super::workload::{Autoscaler, BatchJob, Budget, CronJob, Workload};

/// Everything of one cluster. Reading is free of side effects and ordered: by namespace and name, by node
/// name, by job key.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub(crate) feeds: [Feed; Kind::ALL.len()],
    pub(crate) nodes: Table<Node>,
    pub(crate) pods: Table<Pod>,
    pub(crate) ingresses: Table<Ingress>,
    pub(crate) services: Table<Service>,
    pub(crate) slices: Table<EndpointSlice>,
    pub(crate) batch_jobs: Table<BatchJob>,
    /// By kind: Deployment, ReplicaSet, StatefulSet, DaemonSet.
    pub(crate) workloads: BTreeMap<Kind, Table<Workload>>,
    pub(crate) cron_jobs: Table<CronJob>,
    pub(crate) budgets: Table<Budget>,
    pub(crate) autoscalers: Table<Autoscaler>,
    /// ReplicaSets and batch Jobs of an owner.
    pub(crate) offspring: Offspring,
    pub(crate) events: Events,
    pub(crate) warnings: Events,
    pub(crate) usages: Usages,

    pub(crate) jobs: Jobs,
    pub(crate) sums: BTreeMap<Text, NodeSums>,
    /// Pods of a node and of an owner.
    pub(crate) kin: Kin,
    /// Slices of (namespace, service).
    pub(crate) by_service: BTreeMap<(Text, Text), BTreeSet<Text>>,
    pub(crate) waiting: Waiting,
    pub(crate) health: BTreeMap<Uid, Box<[RouteHealth]>>,

    /// Pool of each node: by its labels, or guessed from pods while it is not seen.
    pub(crate) pool_of: BTreeMap<Text, (Text, PoolSource)>,
    pub(crate) guessed: BTreeMap<Text, (Text, PoolSource)>,
    pub(crate) ranks: BTreeMap<Text, Ranking>,
    pub(crate) rules: RankRules,
    pub(crate) windows: BTreeMap<Text, Window>,
    pub(crate) last_request: BTreeMap<Text, Resources>,

    pub(crate) work: Work,
    /// When the first list of pods was complete. Platforms destroy pods that ended well sooner than those
    /// that failed, so the ends that the list shows are no sample: only those seen since then count.
    pub(crate) watched_since: Option<DateTime<Utc>>,
}

/// What a batch leaves to be settled at its end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work {
    /// Batch Jobs to read anew, by uid.
    pub(crate) batches: BTreeSet<Uid>,
    /// Labels, taints or number of nodes changed: places and pools are to be found anew.
    pub(crate) nodes: bool,
    /// Pools that nothing has ranked yet.
    pub(crate) unranked: BTreeSet<Text>,
    /// A constraint without a place.
    pub(crate) places: bool,
    /// Namespaces whose routes are to be judged anew.
    pub(crate) routes: BTreeSet<Text>,
    /// Routes of all namespaces are.
    pub(crate) all_routes: bool,
    /// For the statistics.
    pub(crate) told: Vec<Told>,
    /// What waits for its node to be seen; looked at again when the nodes change.
    pub(crate) late: Vec<Told>,
    pub(crate) job_changes: JobChanges,
}

impl Model {
    /// An empty model whose pools are ranked by these rules before any inference.
    pub fn new(rules: RankRules) -> Self {
        Self {
            rules,
            ..Self::default()
        }
    }

    /// Takes in a batch of one feed. `now` is the wall time at which it came.
    pub fn apply(&mut self, now: DateTime<Utc>, batch: Batch, jobs: &dyn ReadJobs) -> Changes {
        let mut changes = Changes::default();
        let kind = batch.kind;
        changes.objects.reserve(batch.deltas.len());
        let mut deltas = batch.deltas.into_iter();
        for at in 0.. {
            if kind == Kind::Pod && at % super::warm::AHEAD == 0 {
                self.warm(deltas.as_slice());
            }
            let Some(delta) = deltas.next() else { break };
            match delta {
                Delta::SyncStart => {
                    self.sync_start(kind);
                    self.feeds[kind as usize].begin();
                    changes.feed = true;
                }
                Delta::Upsert(object) => {
                    changes.feed |= self.feeds[kind as usize].saw();
                    self.upsert(now, kind, object, jobs, &mut changes);
                }
                Delta::Remove { uid, .. } => {
                    self.remove(now, kind, &uid, false, jobs, &mut changes);
                }
                Delta::SyncEnd => {
                    for uid in self.unseen(kind) {
                        self.remove(now, kind, &uid, true, jobs, &mut changes);
                    }
                    self.feeds[kind as usize].end();
                    if kind == Kind::Pod {
                        self.watched_since.get_or_insert(now);
                    }
                    self.feed_turned(kind);
                    changes.feed = true;
                }
                Delta::Unreadable { name, why } => {
                    self.feeds[kind as usize].unreadable(name, why);
                    changes.feed = true;
                }
            }
        }
        self.settle(now, jobs, &mut changes);
        changes
    }

    /// The feed stands so. Also what is judged by it turns.
    pub fn set_feed(
        &mut self,
        now: DateTime<Utc>,
        kind: Kind,
        state: FeedState,
        jobs: &dyn ReadJobs,
    ) -> Changes {
        let mut changes = Changes::default();
        let before = std::mem::replace(&mut self.feeds[kind as usize].state, state);
        if self.feeds[kind as usize].state == FeedState::Off
            && matches!(kind, Kind::Event | Kind::Warning)
        {
            self.feeds[kind as usize].complete = false;
            self.events_mut(kind).clear();
        }
        let state = &self.feeds[kind as usize].state;
        changes.feed = before != *state;
        // The progress of a list turns nothing.
        if std::mem::discriminant(&before) != std::mem::discriminant(state) {
            self.feed_turned(kind);
            self.settle(now, jobs, &mut changes);
        }
        changes
    }

    /// Lets time pass: statistics forget what is older than an hour, ended jobs without a pod go.
    pub fn tick(&mut self, now: DateTime<Utc>) -> Changes {
        let mut changes = Changes::default();
        self.expire(now);
        self.settle_jobs(&mut changes);
        changes
    }

    fn feed_turned(&mut self, kind: Kind) {
        match kind {
            Kind::Node | Kind::Pod => self.work.nodes = true,
            Kind::Ingress | Kind::Service | Kind::EndpointSlice => self.work.all_routes = true,
            Kind::BatchJob
            | Kind::ReplicaSet
            | Kind::StatefulSet
            | Kind::Deployment
            | Kind::DaemonSet
            | Kind::CronJob
            | Kind::Budget
            | Kind::Autoscaler
            | Kind::Event
            | Kind::Warning => {}
        }
    }

    fn sync_start(&mut self, kind: Kind) {
        match kind {
            Kind::Node => self.nodes.sync_start(),
            Kind::Pod => self.pods.sync_start(),
            Kind::Ingress => self.ingresses.sync_start(),
            Kind::Service => self.services.sync_start(),
            Kind::EndpointSlice => self.slices.sync_start(),
            Kind::BatchJob => self.batch_jobs.sync_start(),
            Kind::ReplicaSet | Kind::StatefulSet | Kind::Deployment | Kind::DaemonSet => {
                self.workloads.entry(kind).or_default().sync_start();
            }
            Kind::CronJob => self.cron_jobs.sync_start(),
            Kind::Budget => self.budgets.sync_start(),
            Kind::Autoscaler => self.autoscalers.sync_start(),
            Kind::Event => self.events.sync_start(),
            Kind::Warning => self.warnings.sync_start(),
        }
    }

    fn unseen(&self, kind: Kind) -> Vec<Uid> {
        match kind {
            Kind::Node => self.nodes.unseen(),
            Kind::Pod => self.pods.unseen(),
            Kind::Ingress => self.ingresses.unseen(),
            Kind::Service => self.services.unseen(),
            Kind::EndpointSlice => self.slices.unseen(),
            Kind::BatchJob => self.batch_jobs.unseen(),
            Kind::ReplicaSet | Kind::StatefulSet | Kind::Deployment | Kind::DaemonSet => self
                .workloads
                .get(&kind)
                .map(Table::unseen)
                .unwrap_or_default(),
            Kind::CronJob => self.cron_jobs.unseen(),
            Kind::Budget => self.budgets.unseen(),
            Kind::Autoscaler => self.autoscalers.unseen(),
            Kind::Event => self.events.unseen(),
            Kind::Warning => self.warnings.unseen(),
        }
    }

    fn upsert(
        &mut self,
        now: DateTime<Utc>,
        kind: Kind,
        object: Object,
        jobs: &dyn ReadJobs,
        changes: &mut Changes,
    ) {
        match object {
            Object::Pod(pod) => self.put_pod(now, pod, jobs, changes),
            Object::Node(node) => self.put_node(node, changes),
            Object::Ingress(o) => {
                self.work.routes.insert(o.meta.namespace.clone());
                if let Some(old) = put(&mut self.ingresses, kind, o, changes)
                    && self.ingresses.by_uid(&old.meta.uid).is_none()
                {
                    self.health.remove(&old.meta.uid);
                }
            }
            Object::Service(o) => {
                self.work.routes.insert(o.meta.namespace.clone());
                put(&mut self.services, kind, o, changes);
            }
            Object::EndpointSlice(o) => {
                let (ns, service, name) = (
                    o.meta.namespace.clone(),
                    o.service.clone(),
                    o.meta.name.clone(),
                );
                self.work.routes.insert(ns.clone());
                if let Some(old) = put(&mut self.slices, kind, o, changes)
                    && old.service != service
                {
                    self.forget_slice(&old);
                }
                self.by_service
                    .entry((ns, service))
                    .or_default()
                    .insert(name);
            }
            Object::BatchJob(o) => {
                self.work.batches.insert(o.meta.uid.clone());
                self.offspring.enter(&o.meta);
                if let Some(old) = put(&mut self.batch_jobs, kind, o, changes) {
                    self.work.batches.insert(old.meta.uid.clone());
                    let now = self.batch_jobs.by_uid(&old.meta.uid);
                    self.offspring.leave(&old.meta, now.map(|o| &o.meta));
                }
            }
            Object::Workload(o) => {
                let table = self.workloads.entry(kind).or_default();
                if kind == Kind::ReplicaSet {
                    self.offspring.enter(&o.meta);
                }
                if let Some(old) = put(table, kind, o, changes)
                    && kind == Kind::ReplicaSet
                {
                    let now = table.by_uid(&old.meta.uid);
                    self.offspring.leave(&old.meta, now.map(|o| &o.meta));
                }
            }
            Object::CronJob(o) => {
                put(&mut self.cron_jobs, kind, o, changes);
            }
            Object::Budget(o) => {
                put(&mut self.budgets, kind, o, changes);
            }
            Object::Autoscaler(o) => {
                put(&mut self.autoscalers, kind, o, changes);
            }
            Object::Event(o) => {
                let events = self.events_mut(kind);
                if events.put(o.clone()) {
                    note_event(changes, Change::Changed, kind, &o);
                }
            }
        }
    }

    /// `unseen`: a list does not show it any more; nobody saw it go.
    fn remove(
        &mut self,
        now: DateTime<Utc>,
        kind: Kind,
        uid: &Uid,
        unseen: bool,
        jobs: &dyn ReadJobs,
        changes: &mut Changes,
    ) {
        match kind {
            Kind::Pod => {
                if let Some(gone) = self.pods.remove(uid) {
                    note(changes, Change::Removed, kind, &*gone.value);
                    self.forget_pod(now, &gone, unseen, jobs, changes);
                }
            }
            Kind::Node => {
                if let Some(node) = take(&mut self.nodes, kind, uid, changes) {
                    self.forget_node(&node, changes);
                }
            }
            Kind::Ingress => {
                take(&mut self.ingresses, kind, uid, changes);
                self.health.remove(uid);
            }
            Kind::Service => {
                if let Some(o) = take(&mut self.services, kind, uid, changes) {
                    self.work.routes.insert(o.meta.namespace.clone());
                }
            }
            Kind::EndpointSlice => {
                if let Some(o) = take(&mut self.slices, kind, uid, changes) {
                    self.forget_slice(&o);
                    self.work.routes.insert(o.meta.namespace.clone());
                }
            }
            Kind::BatchJob => {
                if let Some(o) = take(&mut self.batch_jobs, kind, uid, changes) {
                    self.offspring.leave(&o.meta, None);
                }
                self.work.batches.insert(uid.clone());
            }
            Kind::ReplicaSet | Kind::StatefulSet | Kind::Deployment | Kind::DaemonSet => {
                let table = self.workloads.entry(kind).or_default();
                if let Some(o) = take(table, kind, uid, changes) {
                    self.offspring.leave(&o.meta, None);
                }
            }
            Kind::CronJob => {
                take(&mut self.cron_jobs, kind, uid, changes);
            }
            Kind::Budget => {
                take(&mut self.budgets, kind, uid, changes);
            }
            Kind::Autoscaler => {
                take(&mut self.autoscalers, kind, uid, changes);
            }
            Kind::Event | Kind::Warning => {
                if let Some(event) = self.events_mut(kind).remove(uid) {
                    note_event(changes, Change::Removed, kind, &event);
                }
            }
        }
    }

    fn events_mut(&mut self, kind: Kind) -> &mut Events {
        if kind == Kind::Warning {
            &mut self.warnings
        } else {
            &mut self.events
        }
    }

    fn forget_slice(&mut self, slice: &EndpointSlice) {
        let key = (slice.meta.namespace.clone(), slice.service.clone());
        if let Some(names) = self.by_service.get_mut(&key) {
            names.remove(&slice.meta.name);
            if names.is_empty() {
                self.by_service.remove(&key);
            }
        }
    }
}

fn note_event(changes: &mut Changes, change: Change, kind: Kind, event: &ClusterEvent) {
    changes.objects.push(ObjectChange {
        change,
        kind,
        uid: event.meta.uid.clone(),
        namespace: event.meta.namespace.clone(),
        name: event.meta.name.clone(),
    });
}

pub(crate) fn note<T: Keyed>(changes: &mut Changes, change: Change, kind: Kind, object: &T) {
    let meta = object.meta();
    changes.objects.push(ObjectChange {
        change,
        kind,
        uid: meta.uid.clone(),
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
    });
}

/// Upserts and notes; what stood there before comes back.
pub(crate) fn put<T: Keyed + PartialEq>(
    table: &mut Table<T>,
    kind: Kind,
    value: Arc<T>,
    changes: &mut Changes,
) -> Option<Arc<T>> {
    let at = changes.objects.len();
    note(changes, Change::Added, kind, &*value);
    match table.upsert(value).1 {
        Upsert::Same => {
            changes.objects.truncate(at);
            None
        }
        Upsert::Added => None,
        Upsert::Changed(old) => {
            changes.objects[at].change = Change::Changed;
            Some(old)
        }
        Upsert::Replaced(old, _) => {
            note(changes, Change::Removed, kind, &*old);
            let last = changes.objects.len() - 1;
            changes.objects.swap(at, last);
            Some(old)
        }
    }
}

fn take<T: Keyed + PartialEq>(
    table: &mut Table<T>,
    kind: Kind,
    uid: &Uid,
    changes: &mut Changes,
) -> Option<Arc<T>> {
    let old = table.remove(uid)?.value;
    note(changes, Change::Removed, kind, &*old);
    Some(old)
}

impl Model {
    /// Where a job waits: `None` if it does not wait (or waits without a pod).
    pub fn place(&self, key: &JobKey) -> Option<&Place> {
        self.waiting.place(key)
    }

    /// The job of this key: its latest attempt.
    pub fn job(&self, key: &JobKey) -> Option<&Job> {
        self.jobs.get(key)
    }

    pub(crate) fn put_waiting(&mut self, key: &JobKey) {
        let job = self.jobs.get(key).filter(|job| job.phase == Phase::Queued);
        let spec = job.and_then(|job| match job.own_pod() {
            Some(pod) => Some((job.created(), &pod.spec)),
            None => Some((job.created(), &self.pods.by_uid(job.pod()?)?.spec)),
        });
        match spec {
            Some((since, spec)) => {
                self.work.places |= self.waiting.put(key, since, spec);
            }
            None => self.waiting.remove(key),
        }
    }
}

#[cfg(test)]
mod tests;
