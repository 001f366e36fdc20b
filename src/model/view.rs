//! Reading the model: look-ups, iterators, and the folds that screens and tables show.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::changes::Changes;
use super::event::Events;
use super::feed::{Feed, FeedState, Kind};
use super::id::{JobId, Text, Uid};
use super::ingress::RouteHealth;
use super::job::{Job, JobKey};
use super::network::{EndpointSlice, Ingress, Service};
use super::node::Node;
use super::placement::Place;
use super::pod::Pod;
use super::pool::{Fold, JobCounts, NodeCounts, Pool, PoolSource, PoolSum, UNSEEN_POOL, asked};
use super::rank::{Rank, RankRules, Ranking};
use super::resources::Resources;
use super::store::Model;
use super::sums::NodeSums;
use super::table::Table;
use super::workload::{BatchJob, Budget, Workload};

/// What a bound pod tells of the pool of a node that is not seen: what it had to select to get there.
pub(crate) fn guess(pod: &Pod) -> Option<(Text, PoolSource)> {
    let value = |key: &str| {
        let found = pod.spec.node_selector.iter().find(|(k, _)| &**k == key);
        found.map(|(_, v)| v)
    };
    asked(value).map(|(_, pool)| (pool.clone(), PoolSource::NodesNotVisible))
}

/// Jobs that wait for the same pools.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitingJobs {
    /// Where they could run.
    pub place: Place,
    /// How many.
    pub count: u32,
    /// Creation of the one that waits longest.
    pub oldest: DateTime<Utc>,
}

/// A rank, added up.
#[derive(Clone, Debug, PartialEq)]
pub struct RankTotals {
    /// Which.
    pub rank: Rank,
    /// Names of its pools.
    pub pools: Vec<Text>,
    /// Its nodes; `None`: they may not be listed.
    pub nodes: Option<NodeCounts>,
    /// Running and waiting jobs; those that could run in several of its pools are counted here once.
    pub jobs: JobCounts,
    /// Creation of the job that waits longest.
    pub oldest: Option<DateTime<Utc>>,
    /// `None`: nodes may not be listed.
    pub allocatable: Option<Resources>,
    /// What its pods ask for.
    pub requested: Resources,
    /// Jobs that any of several pools would take, all of the first pool's rank being this one.
    pub any: Vec<WaitingJobs>,
}

/// What is known of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlPlane {
    /// Its nodes are among the nodes.
    Visible,
    /// All nodes are known and none is of it: run by the provider.
    ByProvider,
    /// Nodes may not be listed, or are not all known yet.
    Unknown,
}

impl Model {
    /// A kind's feed.
    pub fn feed(&self, kind: Kind) -> &Feed {
        &self.feeds[kind as usize]
    }

    /// A node.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.get("", name)
    }

    /// All nodes.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    /// A pod.
    pub fn pod(&self, uid: &Uid) -> Option<&Pod> {
        self.pods.by_uid(uid)
    }

    /// A pod by its name.
    pub fn pod_named(&self, namespace: &str, name: &str) -> Option<&Pod> {
        self.pods.get(namespace, name)
    }

    /// All pods.
    pub fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter()
    }

    /// The pods behind this one (namespace, name), or all: to go on with a walk.
    pub(crate) fn pods_behind(&self, pod: Option<(&str, &str)>) -> impl Iterator<Item = &Pod> {
        self.pods.behind(pod)
    }

    /// The pods of a namespace.
    pub fn pods_in(&self, namespace: &str) -> impl Iterator<Item = &Pod> {
        self.pods.in_namespace(namespace)
    }

    /// The pods bound to a node, the ended too, by namespace and name.
    pub fn pods_on(&self, node: &str) -> impl Iterator<Item = &Pod> {
        let slots = self.sums.get(node).map(|sums| self.kin.on(sums));
        self.in_order(slots.into_iter().flatten())
    }

    /// The pods whose controller has this uid, by namespace and name.
    pub fn pods_of(&self, owner: &Uid) -> impl Iterator<Item = &Pod> {
        self.in_order(self.kin.of(owner, &self.pods))
    }

    pub(crate) fn in_order(&self, slots: impl Iterator<Item = u32>) -> impl Iterator<Item = &Pod> {
        let mut pods: Vec<&Pod> = slots.filter_map(|slot| self.pods.at(slot)).collect();
        pods.sort_unstable_by(|a, b| {
            let (a, b) = (&a.meta, &b.meta);
            (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name))
        });
        pods.into_iter()
    }

    /// Namespaces in which pods are known.
    pub fn namespaces(&self) -> impl Iterator<Item = &Text> {
        self.pods.namespaces()
    }

    /// An Ingress.
    pub fn ingress(&self, uid: &Uid) -> Option<&Ingress> {
        self.ingresses.by_uid(uid)
    }

    /// An Ingress by its name.
    pub fn ingress_named(&self, namespace: &str, name: &str) -> Option<&Ingress> {
        self.ingresses.get(namespace, name)
    }

    /// All Ingresses.
    pub fn ingresses(&self) -> impl Iterator<Item = &Ingress> {
        self.ingresses.iter()
    }

    /// How the routes of an Ingress stand, in the order of its `routes`.
    pub fn routes_health(&self, ingress: &Uid) -> &[RouteHealth] {
        self.health.get(ingress).map_or(&[], |h| h)
    }

    /// A Service.
    pub fn service(&self, namespace: &str, name: &str) -> Option<&Service> {
        self.services.get(namespace, name)
    }

    /// All Services.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.iter()
    }

    /// The slices of a Service.
    pub fn slices_of(
        &self,
        namespace: &str,
        service: &str,
    ) -> impl Iterator<Item = &EndpointSlice> {
        let key = (Text::from(namespace), Text::from(service));
        let names = self.by_service.get(&key).into_iter().flatten();
        let slices: Vec<_> = names
            .filter_map(|n| self.slices.get(namespace, n))
            .collect();
        slices.into_iter()
    }

    /// A batch Job.
    pub fn batch_job(&self, namespace: &str, name: &str) -> Option<&BatchJob> {
        self.batch_jobs.get(namespace, name)
    }

    /// A batch Job by uid.
    pub fn batch_job_by_uid(&self, uid: &Uid) -> Option<&BatchJob> {
        self.batch_jobs.by_uid(uid)
    }

    /// All batch Jobs.
    pub fn batch_jobs(&self) -> impl Iterator<Item = &BatchJob> {
        self.batch_jobs.iter()
    }

    /// A Deployment, ReplicaSet, StatefulSet or DaemonSet (`kind` says which; nothing for other kinds).
    pub fn workload(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Workload> {
        self.workloads.get(&kind)?.get(namespace, name)
    }

    /// One by uid.
    pub fn workload_by_uid(&self, kind: Kind, uid: &Uid) -> Option<&Workload> {
        self.workloads.get(&kind)?.by_uid(uid)
    }

    /// All of a kind.
    pub fn workloads(&self, kind: Kind) -> impl Iterator<Item = &Workload> {
        self.workloads.get(&kind).into_iter().flat_map(Table::iter)
    }

    /// All PodDisruptionBudgets (known while their feed runs).
    pub fn budgets(&self) -> impl Iterator<Item = &Budget> {
        self.budgets.iter()
    }

    /// The events about what the screen shows (known while their feed runs).
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The warnings of the whole cluster (known while their feed runs).
    pub fn warnings(&self) -> &Events {
        &self.warnings
    }

    /// Objects of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        match kind {
            Kind::Node => self.nodes.len(),
            Kind::Pod => self.pods.len(),
            Kind::Ingress => self.ingresses.len(),
            Kind::Service => self.services.len(),
            Kind::EndpointSlice => self.slices.len(),
            Kind::BatchJob => self.batch_jobs.len(),
            Kind::ReplicaSet | Kind::StatefulSet | Kind::Deployment | Kind::DaemonSet => {
                self.workloads.get(&kind).map_or(0, Table::len)
            }
            Kind::CronJob => self.cron_jobs.len(),
            Kind::Budget => self.budgets.len(),
            Kind::Autoscaler => self.autoscalers.len(),
            Kind::Event => self.events.len(),
            Kind::Warning => self.warnings.len(),
        }
    }

    /// All jobs: of each key the latest attempt, ended ones whose pods are gone included (`pod: None`).
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter()
    }

    /// The jobs behind this one, or all: to go on with a walk.
    pub(crate) fn jobs_behind(&self, key: Option<&JobKey>) -> impl Iterator<Item = &Job> {
        self.jobs.behind(key)
    }

    /// Number of [`Model::jobs`].
    pub fn job_count(&self) -> usize {
        self.jobs.len()
    }

    /// Ended jobs without a pod that were dropped for room or age.
    pub fn dropped_jobs(&self) -> u64 {
        self.jobs.dropped()
    }

    /// The jobs of this id: one of each system that knows it.
    pub fn jobs_by_id<'a>(&'a self, id: &'a JobId) -> impl Iterator<Item = &'a Job> {
        self.jobs.iter().filter(move |job| job.id == *id)
    }

    /// The job whose attempt this pod is, as it stands in this pod (a later attempt may stand for the key);
    /// for a pod of a batch Job, the batch Job's.
    pub fn job_of_pod(&self, pod: &Uid) -> Option<&Job> {
        let slot = self.pods.slot(pod)?;
        match self.pods.mark(slot) {
            Some(mark) => self.jobs.of_pod(mark),
            None => {
                let owner = self.pods.at(slot)?.meta.owner.as_ref()?;
                self.jobs.of_batch(&owner.uid)
            }
        }
    }

    /// The key of that job.
    pub fn job_key_of_pod(&self, pod: &Uid) -> Option<JobKey> {
        self.job_of_pod(pod).map(Job::key)
    }

    /// The attempts at a job that are known, the latest last.
    pub fn attempts(&self, key: &JobKey) -> impl Iterator<Item = &Job> {
        self.jobs.attempts(key)
    }

    /// What the pods of a node add up to; `None`: no pod is known there.
    pub fn sums(&self, node: &str) -> Option<&NodeSums> {
        self.sums.get(node)
    }

    /// The pool of a node.
    pub fn pool_of_node(&self, node: &str) -> Option<&Text> {
        let found = self.pool_of.get(node).or_else(|| self.guessed.get(node));
        found.map(|(pool, _)| pool)
    }

    /// The pool in which a job runs or ran, or the only one that would take it.
    pub fn pool_of_job(&self, job: &Job) -> Option<&Text> {
        match job.node() {
            Some(node) => self.pool_of_node(node),
            None => match self.place(&job.key())? {
                Place::One(pool) => Some(pool),
                Place::AnyOf(_) | Place::None => None,
            },
        }
    }

    /// The waiting jobs by place.
    pub fn waiting(&self) -> Vec<WaitingJobs> {
        let by_place = self.waiting.by_place().into_iter();
        by_place
            .map(|(place, (count, oldest))| WaitingJobs {
                place: place.clone(),
                count,
                oldest,
            })
            .collect()
    }

    /// Number of waiting jobs that have a pod.
    pub fn waiting_count(&self) -> usize {
        self.waiting.len()
    }

    /// The job that waits longest.
    pub fn oldest_waiting(&self) -> Option<&JobKey> {
        self.waiting.oldest()
    }

    /// What is known of the control plane.
    pub fn control_plane(&self) -> ControlPlane {
        let of_it = |node: &Node| super::rank::control_plane(node).is_some();
        self.control_plane_if(self.nodes.iter().any(of_it))
    }

    /// The same for one who knows whether any node is of it.
    pub(crate) fn control_plane_if(&self, visible: bool) -> ControlPlane {
        if visible {
            ControlPlane::Visible
        } else if self.feed(Kind::Node).is_live() && self.nodes.len() > 0 {
            ControlPlane::ByProvider
        } else {
            ControlPlane::Unknown
        }
    }

    /// Whether nodes may be listed (or it is not known yet that they may not).
    pub fn nodes_visible(&self) -> bool {
        !matches!(
            self.feed(Kind::Node).state,
            FeedState::Denied { .. } | FeedState::Absent
        )
    }

    /// The one node that is the whole cluster.
    pub fn single_node(&self) -> Option<&Node> {
        let mut nodes = self.nodes.iter();
        let first = nodes.next()?;
        (nodes.next().is_none() && self.feed(Kind::Node).is_live()).then_some(first)
    }

    /// Other rules for the session: what was inferred stays unless a rule names the pool.
    pub fn set_rank_rules(&mut self, rules: RankRules) -> Changes {
        self.rules = rules;
        for (pool, ranking) in &mut self.ranks {
            if let Some(set) = self.rules.of(pool) {
                *ranking = set;
            }
        }
        self.ranked()
    }

    /// The user ranks a pool for this session.
    pub fn set_rank(&mut self, pool: &str, rank: Rank) -> Changes {
        let ranking = Ranking {
            rank,
            why: "set by you".into(),
            set: true,
        };
        self.ranks.insert(pool.into(), ranking);
        self.ranked()
    }

    fn ranked(&self) -> Changes {
        Changes {
            pools: true,
            ..Changes::default()
        }
    }

    /// The pools, by rank and name. Costs a walk over the nodes.
    pub fn pools(&self, now: DateTime<Utc>) -> Vec<Pool> {
        let mut folds: BTreeMap<&Text, (PoolSource, Fold)> = BTreeMap::new();
        let unseen: Text = UNSEEN_POOL.into();
        for node in self.nodes.iter() {
            let Some((pool, source)) = self.pool_of.get(&node.meta.name) else {
                continue;
            };
            let (_, fold) = folds
                .entry(pool)
                .or_insert_with(|| (source.clone(), Fold::default()));
            let sums = self.sums.get(&node.meta.name);
            fold.node(node, now);
            fold.room(node, sums);
            if let Some(sums) = sums {
                fold.sums(sums);
            }
        }
        let visible = self.nodes_visible();
        if !visible {
            for (node, sums) in &self.sums {
                if self.pool_of.contains_key(node) {
                    continue;
                }
                let pool = self.guessed.get(node).map_or(&unseen, |(pool, _)| pool);
                let (_, fold) = folds
                    .entry(pool)
                    .or_insert_with(|| (PoolSource::NodesNotVisible, Fold::default()));
                fold.sums(sums);
            }
        }
        let sums = folds.iter().map(|(name, (source, fold))| {
            let sum: &dyn PoolSum = fold;
            (*name, (source.clone(), sum))
        });
        self.pools_of(sums.collect())
    }

    /// The pools of these sums, with those that waiting jobs ask for.
    pub(crate) fn pools_of<'a>(
        &self,
        sums: BTreeMap<&'a Text, (PoolSource, &'a dyn PoolSum)>,
    ) -> Vec<Pool> {
        // What waiting jobs ask for lives as long as we do.
        let mut sums: BTreeMap<&Text, (PoolSource, &dyn PoolSum)> = sums;
        let visible = self.nodes_visible();
        let none = Fold::default();
        let waiting = self.waiting.by_place();
        for place in waiting.keys() {
            if let Place::One(pool) = place {
                sums.entry(pool).or_insert_with(|| {
                    let source = if visible {
                        PoolSource::Asked(pool.clone())
                    } else {
                        PoolSource::NodesNotVisible
                    };
                    (source, &none)
                });
            }
        }
        let mut pools: Vec<Pool> = sums
            .into_iter()
            .map(|(name, (source, sum))| {
                let place = waiting.get(&Place::One(name.clone())).copied();
                self.pool(name, source, sum, place)
            })
            .collect();
        pools.sort_by(|a, b| (a.rank, &a.name).cmp(&(b.rank, &b.name)));
        pools
    }

    /// A node's pool, and by what it is one.
    pub(crate) fn pool_by(&self, node: &str) -> Option<&(Text, PoolSource)> {
        self.pool_of.get(node)
    }

    /// The request of the last job that ran in a pool.
    pub(crate) fn last_request(&self, pool: &str) -> Option<Resources> {
        self.last_request.get(pool).copied()
    }

    fn pool(
        &self,
        name: &Text,
        source: PoolSource,
        sum: &dyn PoolSum,
        waiting: Option<(u32, DateTime<Utc>)>,
    ) -> Pool {
        let Ranking { rank, why, .. } = self.ranking(name, &source);
        let seen = source != PoolSource::NodesNotVisible;
        let window = self.windows.get(name);
        let request = sum.median().or_else(|| self.last_request(name));
        let count = |n: i64| u32::try_from(n).unwrap_or(0);
        let (running, services) = (count(sum.running()), count(sum.services()));
        Pool {
            name: name.clone(),
            rank,
            why,
            nodes: seen.then(|| sum.counts()),
            jobs: JobCounts {
                running,
                waiting: waiting.map_or(0, |(count, _)| count),
            },
            services,
            mixed: running > 0 && services > 0,
            allocatable: seen.then(|| sum.allocatable()),
            requested: sum.requested(),
            slots: request.filter(|_| seen).map(|r| sum.slots(r)),
            oldest: waiting.map(|(_, oldest)| oldest),
            start: window.and_then(|w| w.starts()),
            ends: window.map(|w| w.ends()).unwrap_or_default(),
            source,
        }
    }

    /// The ranks that have a pool, in their order, out of [`Model::pools`]. Where the control plane is run
    /// by the provider there is no row for it: see [`Model::control_plane`].
    pub fn ranks(&self, pools: &[Pool]) -> Vec<RankTotals> {
        let waiting = self.waiting();
        Rank::ALL
            .into_iter()
            .filter_map(|rank| rank_totals(rank, pools, &waiting))
            .collect()
    }
}

fn rank_totals(rank: Rank, pools: &[Pool], waiting: &[WaitingJobs]) -> Option<RankTotals> {
    let of = |name: &Text| pools.iter().find(|p| p.name == *name).map(|p| p.rank);
    let mine: Vec<&Pool> = pools.iter().filter(|p| p.rank == rank).collect();
    if mine.is_empty() {
        return None;
    }
    let any: Vec<WaitingJobs> = waiting
        .iter()
        .filter(|w| match &w.place {
            // Jobs belong to the job nodes if any of those would take them.
            Place::AnyOf(names) => names.iter().filter_map(of).max() == Some(rank),
            Place::One(_) | Place::None => false,
        })
        .cloned()
        .collect();
    let mut totals = RankTotals {
        rank,
        pools: mine.iter().map(|p| p.name.clone()).collect(),
        nodes: Some(NodeCounts::default()),
        jobs: JobCounts::default(),
        oldest: None,
        allocatable: Some(Resources::default()),
        requested: Resources::default(),
        any,
    };
    for pool in &mine {
        totals.nodes = totals.nodes.zip(pool.nodes).map(|(a, b)| NodeCounts {
            total: a.total + b.total,
            ready: a.ready + b.ready,
            cordoned: a.cordoned + b.cordoned,
            coming: a.coming + b.coming,
        });
        totals.allocatable = totals.allocatable.zip(pool.allocatable).map(|(a, b)| a + b);
        totals.requested += pool.requested;
        totals.jobs.running += pool.jobs.running;
        totals.jobs.waiting += pool.jobs.waiting;
    }
    totals.jobs.waiting += totals.any.iter().map(|w| w.count).sum::<u32>();
    totals.oldest = mine
        .iter()
        .filter_map(|p| p.oldest)
        .chain(totals.any.iter().map(|w| w.oldest))
        .min();
    Some(totals)
}
