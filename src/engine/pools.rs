//! The pools, added up by delta: a change of a pod costs its node, not the cluster.
//!
//! What the model folds over all nodes when asked ([`Model::pools`]) is kept here for each node and pool;
//! nodes whose sums changed are read again when somebody looks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::overview::glyph;
use super::view::Tone;
use crate::model::pool::{NodeCounts, PoolSource, PoolSum, Slots, coming, fit, order};
use crate::model::{Model, Node, Pool, Resources, Text};

/// A node's part in its pool.
#[derive(Clone, Debug)]
struct Part {
    source: PoolSource,
    ready: bool,
    cordoned: bool,
    glyph: (char, Tone),
    allocatable: Resources,
    requested: Resources,
    by_jobs: Resources,
    jobs: i64,
    services: i64,
    shapes: Vec<(Resources, u32)>,
    /// Jobs of the pool's request that fit: free, in all.
    fits: (i64, i64),
}

impl Part {
    fn of(model: &Model, node: &Node, source: PoolSource, now: DateTime<Utc>) -> Self {
        let sums = model.sums(&node.meta.name);
        Self {
            source,
            ready: node.is_ready(),
            cordoned: node.unschedulable,
            glyph: glyph(node, now),
            allocatable: node.allocatable,
            requested: sums.map(|s| s.requested).unwrap_or_default(),
            by_jobs: sums.map(|s| s.job_requests).unwrap_or_default(),
            jobs: sums.map_or(0, |s| s.jobs),
            services: sums.map_or(0, |s| s.services),
            shapes: sums.map(|s| s.shapes.clone()).unwrap_or_default(),
            fits: (0, 0),
        }
    }

    fn fit(&mut self, request: Option<Resources>) {
        self.fits = match request.filter(|_| self.ready && !self.cordoned) {
            Some(request) => (
                fit(self.allocatable - self.requested, request),
                fit(self.allocatable - (self.requested - self.by_jobs), request),
            ),
            None => (0, 0),
        };
    }
}

/// A pool's nodes, added up.
#[derive(Clone, Debug, Default)]
struct Group {
    parts: BTreeMap<Text, Part>,
    counts: NodeCounts,
    allocatable: Resources,
    requested: Resources,
    jobs: i64,
    services: i64,
    shapes: BTreeMap<(i64, i64, i64), u32>,
    /// What `fits` are of.
    request: Option<Resources>,
    fits: (i64, i64),
    /// Nodes that are not Ready: what they are can turn by time alone.
    down: BTreeSet<Text>,
    glyphs: Vec<(char, Tone)>,
    /// They are to be written anew.
    stale: bool,
}

impl Group {
    fn add(&mut self, name: Text, mut part: Part) {
        part.fit(self.request);
        self.counts.total += 1;
        self.counts.ready += u32::from(part.ready);
        self.counts.cordoned += u32::from(part.cordoned);
        self.allocatable += part.allocatable;
        self.requested += part.requested;
        self.jobs += part.jobs;
        self.services += part.services;
        self.fits.0 += part.fits.0;
        self.fits.1 += part.fits.1;
        for (shape, count) in &part.shapes {
            *self.shapes.entry(order(shape)).or_default() += count;
        }
        if !part.ready {
            self.down.insert(name.clone());
        }
        self.parts.insert(name, part);
    }

    fn remove(&mut self, name: &Text) -> Option<Part> {
        let part = self.parts.remove(name)?;
        self.counts.total -= 1;
        self.counts.ready -= u32::from(part.ready);
        self.counts.cordoned -= u32::from(part.cordoned);
        self.allocatable -= part.allocatable;
        self.requested -= part.requested;
        self.jobs -= part.jobs;
        self.services -= part.services;
        self.fits.0 -= part.fits.0;
        self.fits.1 -= part.fits.1;
        for (shape, count) in &part.shapes {
            let key = order(shape);
            if let Some(all) = self.shapes.get_mut(&key) {
                *all -= count;
                if *all == 0 {
                    self.shapes.remove(&key);
                }
            }
        }
        self.down.remove(name);
        Some(part)
    }

    /// Brings up to date what goes by time, and what fits.
    fn settle(&mut self, model: &Model, last: Option<Resources>, now: DateTime<Utc>) {
        self.counts.coming = 0;
        for name in &self.down {
            let (Some(node), Some(part)) = (model.node(name), self.parts.get_mut(name)) else {
                continue;
            };
            self.counts.coming += u32::from(coming(node, now));
            let glyph = glyph(node, now);
            self.stale |= part.glyph != glyph;
            part.glyph = glyph;
        }
        let request = self.median().or(last);
        if request != self.request {
            self.request = request;
            self.fits = (0, 0);
            for part in self.parts.values_mut() {
                part.fit(request);
                self.fits.0 += part.fits.0;
                self.fits.1 += part.fits.1;
            }
        }
        if std::mem::take(&mut self.stale) {
            self.glyphs = self.parts.values().map(|part| part.glyph).collect();
        }
    }
}

impl PoolSum for Group {
    fn counts(&self) -> NodeCounts {
        self.counts
    }

    fn allocatable(&self) -> Resources {
        self.allocatable
    }

    fn requested(&self) -> Resources {
        self.requested
    }

    fn running(&self) -> i64 {
        self.jobs
    }

    fn services(&self) -> i64 {
        self.services
    }

    fn shapes(&self) -> &BTreeMap<(i64, i64, i64), u32> {
        &self.shapes
    }

    /// Of the request that the group was settled for.
    fn slots(&self, request: Resources) -> Slots {
        Slots {
            free: self.fits.0,
            total: self.fits.1,
            request,
        }
    }
}

/// The pools.
#[derive(Clone, Debug, Default)]
pub(super) struct PoolSums {
    groups: BTreeMap<Text, Group>,
    pool_of: HashMap<Text, Text>,
    /// Nodes to be read again.
    touched: BTreeSet<Text>,
}

impl PoolSums {
    /// Nodes, or the sums of their pods, have changed.
    pub(super) fn touch(&mut self, nodes: &[Text]) {
        for name in nodes {
            if !self.touched.contains(name) {
                self.touched.insert(name.clone());
            }
        }
    }

    /// As [`Model::pools`] has them.
    pub(super) fn pools(&mut self, model: &Model, now: DateTime<Utc>) -> Vec<Pool> {
        for name in std::mem::take(&mut self.touched) {
            self.read(model, name, now);
        }
        for (name, group) in &mut self.groups {
            group.settle(model, model.last_request(name), now);
        }
        if !model.nodes_visible() {
            return model.pools(now);
        }
        let groups = self.groups.iter().filter_map(|(name, group)| {
            let source = group.parts.values().next()?.source.clone();
            let sum: &dyn PoolSum = group;
            Some((name, (source, sum)))
        });
        model.pools_of(groups.collect())
    }

    fn read(&mut self, model: &Model, name: Text, now: DateTime<Utc>) {
        let old = self.pool_of.get(&name).and_then(|pool| {
            let part = self.groups.get_mut(pool)?.remove(&name)?;
            Some((pool.clone(), part.glyph))
        });
        let new = model
            .node(&name)
            .and_then(|node| Some((node, model.pool_by(&name)?)));
        if let Some((node, (pool, source))) = new {
            let part = Part::of(model, node, source.clone(), now);
            let glyph = part.glyph;
            let group = match self.groups.get_mut(pool) {
                Some(group) => group,
                None => self.groups.entry(pool.clone()).or_default(),
            };
            group.add(name.clone(), part);
            // The same glyph at the same place: nothing to write.
            if old.as_ref() == Some(&(pool.clone(), glyph)) {
                return;
            }
            group.stale = true;
            self.pool_of.insert(name, pool.clone());
        } else {
            self.pool_of.remove(&name);
        }
        if let Some((pool, _)) = old
            && let Some(group) = self.groups.get_mut(&pool)
        {
            group.stale = true;
            if group.parts.is_empty() {
                self.groups.remove(&pool);
            }
        }
    }

    /// One glyph a node, in the order of their names, as of the last [`PoolSums::pools`].
    pub(super) fn glyphs(&self, pool: &str) -> &[(char, Tone)] {
        self.groups.get(pool).map_or(&[], |group| &group.glyphs)
    }
}
