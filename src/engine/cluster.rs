//! The clusters of the console: each with its model, its server and what is kept of it by delta.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::action::Scene;
use super::any::Kinds;
use super::arrivals::Arrivals;
use super::disk::Disk;
use super::event::Now;
use super::figures::Figure;
use super::nodelife::Usual;
use super::pools::PoolSums;
use super::queue::Queue;
use super::standing::Standing;
use super::{Effect, Engine, ServerInfo};
use crate::ci::worker::Crew;
use crate::model::{ClusterNo, Model, Pool, RankRules, Resources, Text};

/// One cluster, as far as it is known.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub(super) no: ClusterNo,
    /// Its context's name; empty until the server has told it, if nobody asked for one by name.
    pub(super) context: Text,
    pub(super) model: Model,
    pub(super) server: Option<ServerInfo>,
    /// Why there is no connection, in one line.
    pub(super) unconnected: Option<Box<str>>,
    /// The only namespace that may be seen.
    pub(super) narrowed: Option<Text>,
    /// What our own requests cost.
    pub(super) figures: Box<[Figure]>,
    /// When something last changed: pools are as of then, whoever asks when.
    pub(super) turned: DateTime<Utc>,
    /// The pools, added up when first asked for after a change.
    pools: OnceCell<Vec<Pool>>,
    pub(super) sums: RefCell<PoolSums>,
    pub(super) standing: Standing,
    /// What most nodes of a pool have, counted when first asked for after a node changed.
    usual: OnceCell<Usual>,
    /// What the nodes of each pool use, and have.
    pub(super) used: BTreeMap<Text, (Resources, Resources)>,
    pub(super) arrivals: Arrivals,
    pub(super) queue: Queue,
    /// What fills the disk of the node that is looked at.
    pub(super) disk: Option<(Text, Result<Disk, Text>)>,
    /// What the platform's workers have in hand, looked through when first asked for after a tick.
    pub(super) crew: OnceCell<Crew>,
    /// What it serves.
    pub(super) kinds: Kinds,
}

impl Cluster {
    fn new(no: ClusterNo, context: Text, rules: &RankRules) -> Self {
        Self {
            no,
            context,
            model: Model::new(rules.clone()),
            server: None,
            unconnected: None,
            narrowed: None,
            figures: Box::default(),
            turned: DateTime::UNIX_EPOCH,
            pools: OnceCell::new(),
            sums: RefCell::default(),
            standing: Standing::default(),
            usual: OnceCell::new(),
            used: BTreeMap::new(),
            arrivals: Arrivals::default(),
            queue: Queue::default(),
            disk: None,
            crew: OnceCell::new(),
            kinds: Kinds::default(),
        }
    }

    /// Our clock, put right by the server's.
    pub(super) fn time(&self, wall: DateTime<Utc>) -> DateTime<Utc> {
        let offset = self.server.as_ref().map_or(0, |s| s.offset_ms);
        wall + TimeDelta::milliseconds(offset)
    }

    /// The pools, as they were when something last changed.
    pub(super) fn pools(&self) -> &[Pool] {
        self.pools
            .get_or_init(|| self.sums.borrow_mut().pools(&self.model, self.turned))
    }

    /// Pools have to be added up again.
    pub(super) fn pools_turned(&mut self, at: DateTime<Utc>) {
        self.turned = at;
        self.pools = OnceCell::new();
    }

    /// What is usual in its pools.
    pub(super) fn usual(&self) -> &Usual {
        self.usual.get_or_init(|| Usual::of(&self.model))
    }

    /// Nodes have changed.
    pub(super) fn nodes_turned(&mut self) {
        self.usual = OnceCell::new();
    }

    /// What actions see of it.
    pub(super) fn scene(&self, now: Now) -> Scene<'_> {
        Scene {
            no: self.no,
            model: &self.model,
            now,
            cluster: self.server.as_ref().map_or("", |s| s.cluster.as_str()),
            context: &self.context,
        }
    }
}

impl Engine {
    /// Time passes in all clusters.
    pub(super) fn tick(&mut self, out: &mut Vec<Effect>) {
        let wall = self.clock.wall;
        let nos: Vec<ClusterNo> = self.clusters.all().map(|c| c.no).collect();
        for no in nos {
            if let Some(cluster) = self.clusters.get_mut(no) {
                let now = cluster.time(wall);
                let changes = cluster.model.tick(now);
                cluster.pools_turned(now);
                cluster.crew.take();
                self.changed(no, &changes, out);
            }
        }
    }
}

/// The clusters, in the order in which they were asked for. There is always one.
#[derive(Clone, Debug)]
pub(super) struct Clusters {
    first: Cluster,
    rest: Vec<Cluster>,
    /// The console is narrowed to this one.
    only: Option<ClusterNo>,
    /// Given out last.
    last: u8,
}

impl Clusters {
    /// One for each context; without any, one whose name is not known yet.
    pub(super) fn new(contexts: &[Text], rules: &RankRules) -> Self {
        let name = contexts.first().cloned().unwrap_or_default();
        let mut clusters = Self {
            first: Cluster::new(ClusterNo::FIRST, name, rules),
            rest: Vec::new(),
            only: None,
            last: ClusterNo::FIRST.0,
        };
        for context in contexts.iter().skip(1) {
            clusters.add(context.clone(), rules);
        }
        clusters
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Cluster> + Clone {
        std::iter::once(&self.first).chain(&self.rest)
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Cluster> {
        std::iter::once(&mut self.first).chain(&mut self.rest)
    }

    /// Those that the console is not narrowed away from.
    pub(super) fn shown(&self) -> impl Iterator<Item = &Cluster> + Clone {
        let only = self.only;
        self.all().filter(move |c| only.is_none_or(|no| no == c.no))
    }

    pub(super) fn get(&self, no: ClusterNo) -> Option<&Cluster> {
        self.all().find(|c| c.no == no)
    }

    pub(super) fn get_mut(&mut self, no: ClusterNo) -> Option<&mut Cluster> {
        self.all_mut().find(|c| c.no == no)
    }

    /// The first that is shown.
    pub(super) fn home(&self) -> &Cluster {
        self.shown().next().unwrap_or(&self.first)
    }

    /// Whether there are several.
    pub(super) fn several(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Whether several are shown: then what is shown says whose it is.
    pub(super) fn mixed(&self) -> bool {
        self.several() && self.only.is_none()
    }

    pub(super) fn only(&self) -> Option<ClusterNo> {
        self.only
    }

    /// Narrows the console to one; `None`: to all. False if it was so already.
    pub(super) fn narrow(&mut self, only: Option<ClusterNo>) -> bool {
        let only = only.filter(|no| self.get(*no).is_some());
        std::mem::replace(&mut self.only, only) != only
    }

    /// One more. `None`: there are too many.
    pub(super) fn add(&mut self, context: Text, rules: &RankRules) -> Option<ClusterNo> {
        let no = self.free()?;
        self.rest.push(Cluster::new(no, context, rules));
        Some(no)
    }

    /// One in place of all.
    pub(super) fn replace(&mut self, context: Text, rules: &RankRules) -> ClusterNo {
        let no = self.free().unwrap_or_default();
        self.first = Cluster::new(no, context, rules);
        self.rest.clear();
        self.only = None;
        no
    }

    /// Takes one out, unless it is the last; false if it stays.
    pub(super) fn remove(&mut self, no: ClusterNo) -> bool {
        if self.first.no == no {
            if self.rest.is_empty() {
                return false;
            }
            self.first = self.rest.remove(0);
        } else if let Some(at) = self.rest.iter().position(|c| c.no == no) {
            self.rest.remove(at);
        } else {
            return false;
        }
        self.only = self.only.filter(|only| *only != no);
        true
    }

    /// A place that nobody has had for as long as possible: news of the one before may still come.
    fn free(&mut self) -> Option<ClusterNo> {
        let taken = |n: u8| self.get(ClusterNo(n)).is_some();
        let next = (1..=u8::MAX).map(|by| self.last.wrapping_add(by));
        let no = next.into_iter().find(|n| !taken(*n))?;
        self.last = no;
        Some(ClusterNo(no))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_not_given_twice_soon() {
        let rules = RankRules::default();
        let mut clusters = Clusters::new(&["a".into(), "b".into()], &rules);
        let nos = |clusters: &Clusters| clusters.all().map(|c| c.no.0).collect::<Vec<_>>();
        assert_eq!(nos(&clusters), [0, 1]);
        assert!(clusters.remove(ClusterNo(1)));
        assert!(!clusters.remove(ClusterNo(0)), "one stays");
        assert_eq!(clusters.add("c".into(), &rules), Some(ClusterNo(2)));
        assert!(clusters.remove(ClusterNo(0)));
        assert_eq!(nos(&clusters), [2]);
        for _ in 0..300 {
            let no = clusters.add("d".into(), &rules).expect("a place");
            assert!(clusters.remove(no));
        }
        assert_eq!(nos(&clusters), [2]);
    }

    #[test]
    fn narrowing_goes_with_its_cluster() {
        let rules = RankRules::default();
        let mut clusters = Clusters::new(&["a".into(), "b".into()], &rules);
        assert!(clusters.narrow(Some(ClusterNo(1))));
        assert_eq!(
            (clusters.home().no, clusters.shown().count()),
            (ClusterNo(1), 1)
        );
        assert!(!clusters.narrow(Some(ClusterNo(1))));
        clusters.remove(ClusterNo(1));
        assert_eq!((clusters.only(), clusters.shown().count()), (None, 1));
    }
}
