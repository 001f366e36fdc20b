//! What the screens ask for again and again while they show it: nodes that are to come, the depth of the
//! queue, and what fills a node's disk. One small request each, none while nothing shows it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::asks::{Answer, Failure, Purpose, get};
use super::cluster::Cluster;
use super::effect::{Accept, Call};
use super::queue;
use super::screen::Screen;
use super::settings::QueueMetric;
use super::table::TableKind;
use super::{Dirty, Effect, Engine, arrivals, disk};
use crate::model::{ClusterNo, Kind, Text};

/// What is polled of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Polled {
    /// Karpenter's NodeClaims.
    NodeClaims,
    /// Machines of the Cluster API.
    Machines,
    /// Events of the autoscaler that it wants more nodes.
    ScaleUps,
    /// How many jobs wait in the queue.
    Queue,
    /// The kubelet's figures of a node's disk.
    Disk(Text),
}

/// Between two requests where the last was answered 404 or 403.
const RARELY: Duration = Duration::from_secs(300);

impl Polled {
    fn every(&self) -> Duration {
        Duration::from_secs(match self {
            Self::NodeClaims | Self::Machines | Self::ScaleUps | Self::Disk(_) => 30,
            Self::Queue => 10,
        })
    }

    fn call(&self, metric: Option<&QueueMetric>, namespace: Option<&Text>) -> Call {
        match self {
            Self::NodeClaims => get(arrivals::NODE_CLAIMS, Accept::Json),
            Self::Machines => get(arrivals::MACHINES, Accept::Json),
            Self::ScaleUps => get(arrivals::SCALE_UPS, Accept::Json),
            Self::Queue => queue::call(metric, namespace),
            Self::Disk(node) => get(
                format!("/api/v1/nodes/{node}/proxy/stats/summary"),
                Accept::Json,
            ),
        }
    }
}

/// When each was asked for last, and whether it makes sense to ask again soon.
#[derive(Clone, Debug, Default)]
pub(super) struct Polls(BTreeMap<(ClusterNo, Polled), (Duration, bool)>);

/// What the screen on top needs of a cluster.
fn wanted(screen: &Screen, cluster: &Cluster) -> Vec<Polled> {
    let mut wanted = Vec::new();
    let overview = matches!(screen, Screen::Overview(_));
    let nodes = matches!(screen, Screen::Table(table) if table.kind == TableKind::Nodes);
    if overview || nodes {
        wanted.extend([Polled::NodeClaims, Polled::Machines]);
        // An autoscaler acts on pods that wait.
        if cluster.model.waiting_count() > 0 {
            wanted.push(Polled::ScaleUps);
        }
    }
    if overview {
        wanted.push(Polled::Queue);
    }
    let node = match screen {
        Screen::Node(node) if node.cluster == cluster.no => Some(node.name.clone()),
        Screen::Job(job) if job.cluster == cluster.no => {
            let job = cluster.model.job(&job.key).filter(|j| !j.phase.ended());
            job.and_then(|job| job.node().cloned())
        }
        _ => None,
    };
    wanted.extend(node.map(Polled::Disk));
    wanted
}

impl Engine {
    /// Starts, asks for and stops what the screen on top needs.
    pub(super) fn demand(&mut self, out: &mut Vec<Effect>) {
        self.demand_events(out);
        self.demand_usage(out);
        self.demand_polls(out);
    }

    /// Asks for what the screen on top needs, as it is due.
    fn demand_polls(&mut self, out: &mut Vec<Effect>) {
        let now = self.clock.boot;
        let mut due = Vec::new();
        for cluster in self.clusters.shown() {
            if !cluster.model.feed(Kind::Pod).is_live() {
                continue;
            }
            for polled in wanted(self.screens.top(), cluster) {
                let key = (cluster.no, polled);
                let (last, soon) = self.polls.0.get(&key).copied().unzip();
                let every = if soon == Some(false) {
                    RARELY
                } else {
                    key.1.every()
                };
                if last.is_none_or(|last| now >= last + every) {
                    due.push(key);
                }
            }
        }
        for (no, polled) in due {
            // Figures of disks that nobody looks at any more go.
            if matches!(polled, Polled::Disk(_)) {
                let old =
                    |(_, p): &(ClusterNo, Polled)| matches!(p, Polled::Disk(_)) && *p != polled;
                self.polls.0.retain(|key, _| !old(key));
            }
            let soon = self
                .polls
                .0
                .get(&(no, polled.clone()))
                .is_none_or(|(_, soon)| *soon);
            self.polls.0.insert((no, polled.clone()), (now, soon));
            let metric = self.settings.queue.as_ref();
            let call = polled.call(metric, self.namespace.as_ref());
            self.ask(no, Purpose::Poll(no, polled), call, out);
        }
    }

    /// Takes in an answer.
    pub(super) fn polled(&mut self, no: ClusterNo, polled: Polled, answer: Answer) {
        let soon = !matches!(answer, Err(Failure::Denied(_) | Failure::Gone(_)));
        if let Some((_, known)) = self.polls.0.get_mut(&(no, polled.clone())) {
            *known = soon;
        }
        let wall = self.clock.wall;
        let Some(cluster) = self.clusters.get_mut(no) else {
            return;
        };
        let now = cluster.time(wall);
        match polled {
            Polled::NodeClaims => cluster.arrivals.claims = arrivals::claims(answer.ok().as_ref()),
            Polled::Machines => {
                cluster.arrivals.machines = arrivals::machines(answer.ok().as_ref())
            }
            Polled::ScaleUps => {
                cluster.arrivals.scale_ups =
                    arrivals::scale_ups(answer.ok().as_ref(), &cluster.model);
            }
            Polled::Queue => cluster
                .queue
                .take(now, answer, self.settings.queue.is_some()),
            Polled::Disk(node) => cluster.disk = Some((node, disk::read(answer))),
        }
        self.mark(Dirty::News);
    }
}
