//! What is done once at the end of a batch: batch Jobs, places of waiting jobs, ranks, statistics, routes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::changes::{Change, Changes};
use super::feed::{FeedState, Kind};
use super::id::{Text, Uid};
use super::ingress::{Health, RouteHealth, Sight, judge, not_seen};
use super::jobs::{Gone, Told, What};
use super::node::Node;
use super::placement::{Constraint, Place};
use super::pool::{PoolSource, asked, pool_of};
use super::rank::{Ranking, by_load, by_names, patricians};
use super::read::ReadJobs;
use super::resources::Resources;
use super::store::{Model, note};
use super::table::Upsert;

/// Records that wait for their node to be seen; more than that are not kept.
const TOLD_LIMIT: usize = 50_000;

impl Model {
    pub(crate) fn put_node(&mut self, node: Arc<Node>, changes: &mut Changes) {
        let name = node.meta.name.clone();
        let pool = pool_of(&node);
        let change = match self.nodes.upsert(node).1 {
            Upsert::Same => return,
            Upsert::Added => Change::Added,
            Upsert::Changed(old) => {
                let same = self.nodes.get("", &name).is_some_and(|new| {
                    new.meta.labels == old.meta.labels
                        && new.meta.annotations == old.meta.annotations
                        && new.taints == old.taints
                });
                if same {
                    self.note_node(&name, Change::Changed, changes);
                    return;
                }
                Change::Changed
            }
            Upsert::Replaced(old, _) => {
                note(changes, Change::Removed, Kind::Node, &*old);
                Change::Added
            }
        };
        self.pool_of.insert(name.clone(), pool);
        self.guessed.remove(&name);
        self.work.nodes = true;
        self.note_node(&name, change, changes);
    }

    fn note_node(&self, name: &Text, change: Change, changes: &mut Changes) {
        if let Some(node) = self.nodes.get("", name) {
            note(changes, change, Kind::Node, node);
            changes.nodes.push(name.clone());
        }
    }

    pub(crate) fn forget_node(&mut self, node: &Node, changes: &mut Changes) {
        self.pool_of.remove(&node.meta.name);
        self.work.nodes = true;
        changes.nodes.push(node.meta.name.clone());
    }

    pub(crate) fn settle(
        &mut self,
        now: DateTime<Utc>,
        jobs: &dyn ReadJobs,
        changes: &mut Changes,
    ) {
        self.settle_batches(now, jobs);
        self.expire(now);
        self.settle_jobs(changes);
        if self.work.nodes || self.work.places {
            changes.pools |= self.work.nodes;
            self.settle_places();
        }
        self.settle_told(now);
        self.settle_ranks(changes);
        self.work.nodes = false;
        self.work.places = false;
        self.settle_routes(now, changes);
        changes.nodes.sort_unstable();
        changes.nodes.dedup();
    }

    pub(crate) fn expire(&mut self, now: DateTime<Utc>) {
        self.windows.retain(|_, window| {
            window.expire(now);
            !window.is_empty()
        });
        self.jobs.expire(now, &mut self.work.job_changes);
    }

    pub(crate) fn settle_jobs(&mut self, changes: &mut Changes) {
        for (change, key, waits) in std::mem::take(&mut self.work.job_changes) {
            if waits {
                self.put_waiting(&key);
            }
            changes.jobs.push((change, key));
        }
    }

    fn settle_batches(&mut self, now: DateTime<Utc>, jobs: &dyn ReadJobs) {
        for uid in std::mem::take(&mut self.work.batches) {
            let object = self.batch_jobs.by_uid(&uid);
            let slots = || self.kin.of(&uid, &self.pods);
            let is_claimed = |slot: &u32| self.pods.mark(*slot).is_some();
            let claimed = slots().any(|slot| is_claimed(&slot));
            let pods: Vec<_> = self
                .in_order(slots().filter(|slot| !is_claimed(slot)))
                .filter(|pod| jobs.batch_owner(pod).is_some())
                .collect();
            let read = if pods.is_empty() && claimed {
                // A CI system's jobs are its pods; the batch Job is but how it runs them.
                Some(None)
            } else if object.is_none() && pods.is_empty() {
                None
            } else {
                Some(jobs.read_batch(object, &pods))
            };
            let work = &mut self.work;
            let (told, out) = (&mut work.told, &mut work.job_changes);
            match read {
                Some(Some(job)) => self.jobs.put_batch(&uid, job, told, out),
                Some(None) => self.jobs.drop_batch(&uid, out),
                // Its object and pods went together: a batch Job is cancelled by being deleted.
                None => self.jobs.gone_batch(now, &uid, Gone::Deleted, told, out),
            }
        }
    }

    fn settle_places(&mut self) {
        let (nodes, pool_of) = (&self.nodes, &self.pool_of);
        let seen = self.feeds[Kind::Node as usize].is_settled();
        self.waiting
            .settle(|constraint| place(constraint, nodes.iter(), pool_of, seen));
    }

    /// Files what was told of jobs under the pools of their nodes.
    fn settle_told(&mut self, now: DateTime<Utc>) {
        let mut all = std::mem::take(&mut self.work.told);
        if self.work.nodes && !self.work.late.is_empty() {
            let fresh = std::mem::replace(&mut all, std::mem::take(&mut self.work.late));
            all.extend(fresh);
        }
        let settled = self.feeds[Kind::Node as usize].is_settled();
        for told in all {
            let Some(pool) = self.pool_of_node(&told.node) else {
                // The node is late; where nodes are all known, it went before its jobs were heard of.
                if !settled && self.work.late.len() < TOLD_LIMIT {
                    self.work.late.push(told);
                }
                continue;
            };
            let pool = pool.clone();
            self.record(now, pool, &told);
        }
    }

    fn record(&mut self, now: DateTime<Utc>, pool: Text, told: &Told) {
        let seen = self.watched_since.is_some_and(|since| told.at >= since);
        if matches!(told.what, What::Ended(_)) && !seen {
            return;
        }
        if let What::Started(_) = told.what
            && let Some(shape) = self
                .sums
                .get(&told.node)
                .and_then(|s| s.shapes.get(s.shapes.len() / 2))
        {
            self.last_request.insert(pool.clone(), shape.0);
        }
        self.windows
            .entry(pool)
            .or_default()
            .record(now, told.at, told.what);
    }

    /// Ranks the pools that have none yet, once nodes and pods have been listed: from then on a rank stays.
    fn settle_ranks(&mut self, changes: &mut Changes) {
        let settled = |kind: Kind| self.feeds[kind as usize].is_settled();
        if !(settled(Kind::Node) && settled(Kind::Pod)) {
            return;
        }
        // Whether the first lists end in this batch, a pool came, or one waits for something to run in it.
        if !self.work.nodes && self.work.unranked.is_empty() {
            return;
        }
        let fresh = |pool: &&Text| !self.ranks.contains_key(*pool);
        let pools: BTreeSet<Text> = if self.work.nodes {
            let all = self.pool_of.values().chain(self.guessed.values());
            let fresh = all.map(|(pool, _)| pool).filter(fresh);
            self.work.unranked.clear();
            fresh.cloned().collect()
        } else {
            // What runs in a pool can only have changed where pods did.
            let touched = changes.nodes.iter().filter_map(|n| self.pool_of_node(n));
            let unranked = touched.filter(|pool| self.work.unranked.contains(*pool));
            unranked.filter(fresh).cloned().collect()
        };
        for pool in pools {
            if let Some(ranking) = self.infer_rank(&pool) {
                self.work.unranked.remove(&pool);
                self.ranks.insert(pool, ranking);
                changes.pools = true;
            } else {
                self.work.unranked.insert(pool);
            }
        }
    }

    /// The rank that rules, names and load give a pool; `None` where nothing runs that could tell.
    pub(crate) fn infer_rank(&self, pool: &str) -> Option<Ranking> {
        if let Some(ranking) = self.rules.of(pool) {
            return Some(ranking);
        }
        let names = || {
            self.pool_of
                .iter()
                .chain(&self.guessed)
                .filter(|(_, (p, _))| &**p == pool)
                .map(|(node, _)| node)
        };
        let nodes: Vec<&Node> = names().filter_map(|n| self.nodes.get("", n)).collect();
        by_names(pool, &nodes).or_else(|| {
            let (mut ci, mut others) = (Resources::default(), Resources::default());
            for sums in names().filter_map(|n| self.sums.get(n)) {
                ci += sums.ci;
                others += sums.requested - sums.per_node;
            }
            by_load(ci, others)
        })
    }

    /// The rank of a pool, decided or for the time being.
    pub(crate) fn ranking(&self, pool: &str, source: &PoolSource) -> Ranking {
        if let Some(ranking) = self.ranks.get(pool) {
            return ranking.clone();
        }
        self.infer_rank(pool).unwrap_or_else(|| match source {
            PoolSource::Asked(_) => Ranking {
                rank: super::rank::Rank::Peasants,
                why: "waiting jobs ask for it".into(),
                set: false,
            },
            PoolSource::Label(_)
            | PoolSource::Role
            | PoolSource::InstanceType
            | PoolSource::Nothing
            | PoolSource::NodesNotVisible => patricians(),
        })
    }

    fn settle_routes(&mut self, now: DateTime<Utc>, changes: &mut Changes) {
        let spaces = std::mem::take(&mut self.work.routes);
        let spaces: Vec<Text> = if std::mem::take(&mut self.work.all_routes) {
            self.ingresses.namespaces().cloned().collect()
        } else {
            spaces.into_iter().collect()
        };
        let mut turned: Vec<(Uid, Box<[RouteHealth]>)> = Vec::new();
        for ingress in spaces.iter().flat_map(|ns| self.ingresses.in_namespace(ns)) {
            let before = self.health.get(&ingress.meta.uid);
            let after: Box<[RouteHealth]> = ingress
                .routes
                .iter()
                .enumerate()
                .map(|(at, route)| {
                    let before = before.and_then(|b| b.get(at));
                    let health = judge(route, |service| {
                        self.sight(&ingress.meta.namespace, service)
                    });
                    match (&health, before) {
                        (Health::Unknown(_), Some(b)) if b.is_broken() && self.interrupted() => {
                            b.clone()
                        }
                        _ => RouteHealth::turn(before, health, now),
                    }
                })
                .collect();
            if before != Some(&after) {
                turned.push((ingress.meta.uid.clone(), after));
            }
        }
        for (uid, health) in turned {
            self.health.insert(uid.clone(), health);
            changes.ingresses.push(uid);
        }
    }

    /// A stream behind the routes broke off and comes again: what was broken stays so (and since when),
    /// while nothing is called well.
    fn interrupted(&self) -> bool {
        [Kind::Service, Kind::EndpointSlice]
            .into_iter()
            .all(|kind| {
                let feed = &self.feeds[kind as usize];
                feed.complete
                    && matches!(
                        feed.state,
                        FeedState::Live | FeedState::Syncing { .. } | FeedState::Stale { .. }
                    )
            })
    }

    fn sight(&self, namespace: &Text, service: &str) -> Sight<'_> {
        let trusted = |kind: Kind| {
            let feed = &self.feeds[kind as usize];
            if feed.is_live() {
                Ok(())
            } else {
                Err(not_seen(kind, &feed.state))
            }
        };
        let slices = || {
            let key = (namespace.clone(), Text::from(service));
            self.by_service
                .get(&key)
                .into_iter()
                .flatten()
                .filter_map(|name| self.slices.get(namespace, name))
                .collect()
        };
        Sight {
            service: trusted(Kind::Service).map(|()| self.services.get(namespace, service)),
            slices: trusted(Kind::EndpointSlice).map(|()| slices()),
        }
    }
}

fn place<'a>(
    constraint: &Constraint,
    nodes: impl Iterator<Item = &'a Node>,
    pool_of: &BTreeMap<Text, (Text, PoolSource)>,
    seen: bool,
) -> Place {
    let mut pools: BTreeSet<&Text> = BTreeSet::new();
    for node in nodes {
        if let Some((pool, _)) = pool_of.get(&node.meta.name)
            && !pools.contains(pool)
            && constraint.fits(node)
        {
            pools.insert(pool);
        }
    }
    let mut pools: Vec<Text> = pools.into_iter().cloned().collect();
    if pools.is_empty() && seen {
        // A pool without nodes (scaled to zero), or nodes that may not be seen.
        pools.extend(asked(|key| constraint.asked(key)).map(|(_, name)| name.clone()));
    }
    match pools.len() {
        0 => Place::None,
        1 => Place::One(pools.remove(0)),
        _ => Place::AnyOf(pools.into()),
    }
}
