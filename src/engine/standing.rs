//! What every screen tells of a cluster, kept by delta: nodes that are down, routes, and whether what is
//! shown of them has changed.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::cluster::Cluster;
use super::screen::Screen;
use super::view::Line;
use super::{Dirty, Engine};
use crate::model::rank::control_plane;
use crate::model::view::WaitingJobs;
use crate::model::{Changes, ClusterNo, Health, Kind, Model, Pool, Text, Uid};

/// What is known of a cluster without walking over it.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// Nodes that are not Ready, by name; those that are coming too.
    pub(super) down: BTreeSet<Text>,
    /// Nodes of the control plane.
    pub(super) controllers: BTreeSet<Text>,
    routes: OnceCell<Routes>,
    /// Goes up with what the lines of problems and nodes are made of.
    turn: u64,
}

/// All routes of the namespace that the console is narrowed to.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    /// Ingress and index of those that nothing answers.
    pub(super) broken: Vec<(Uid, usize)>,
    pub(super) well: usize,
    pub(super) unknown: usize,
}

/// What is on the screen beside tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    figures: Figures,
    /// The figures may be others than those that are shown.
    doubt: bool,
}

/// What is shown beside tables, but for ages.
#[derive(Clone, Debug, Default, PartialEq)]
struct Figures {
    problems: u64,
    connections: Vec<Line>,
    overview: Option<Vec<OfCluster>>,
}

/// What lines of nodes and problems are made of, pools and what waits.
type OfCluster = (u64, Vec<Pool>, Vec<WaitingJobs>);

impl Standing {
    /// Takes in what a batch changed.
    fn follow(&mut self, model: &Model, changes: &Changes) {
        for object in changes.objects.iter().filter(|o| o.kind == Kind::Node) {
            let name = &object.name;
            match model.node(name) {
                Some(node) if !node.is_ready() => self.down.insert(name.clone()),
                Some(_) | None => self.down.remove(name),
            };
            match model.node(name) {
                Some(node) if control_plane(node).is_some() => {
                    self.controllers.insert(name.clone())
                }
                Some(_) | None => self.controllers.remove(name),
            };
            self.turn += 1;
        }
        if !changes.ingresses.is_empty() || changes.touches(Kind::Ingress) {
            self.routes = OnceCell::new();
            self.turn += 1;
        }
        self.turn += u64::from(changes.feed);
        // The lines of nodes that are down name their jobs.
        let named = |name: &Text| self.down.contains(name);
        if !self.down.is_empty() && changes.nodes.iter().any(named) {
            self.turn += 1;
        }
    }

    /// Another namespace's routes are counted.
    pub(super) fn rescoped(&mut self) {
        self.routes = OnceCell::new();
        self.turn += 1;
    }
}

impl Cluster {
    /// The routes that the screens count: those of this namespace, if there is one.
    pub(super) fn routes(&self, namespace: Option<&Text>) -> &Routes {
        self.standing.routes.get_or_init(|| {
            let mut routes = Routes::default();
            let mine = |ns: &Text| namespace.is_none_or(|own| own == ns);
            for ingress in self.model.ingresses() {
                if !mine(&ingress.meta.namespace) {
                    continue;
                }
                let health = self.model.routes_health(&ingress.meta.uid);
                for (at, route) in health.iter().enumerate() {
                    match route.health {
                        Health::Broken(_) => routes.broken.push((ingress.meta.uid.clone(), at)),
                        Health::Well { .. } => routes.well += 1,
                        Health::Unknown(_) => routes.unknown += 1,
                    }
                }
            }
            routes
        })
    }
}

impl Engine {
    /// Takes in what a batch changed.
    pub(super) fn follow(&mut self, no: ClusterNo, changes: &Changes) {
        let Some(cluster) = self.clusters.get_mut(no) else {
            return;
        };
        cluster.standing.follow(&cluster.model, changes);
        self.shown.doubt = true;
        let about = match self.screens.top() {
            Screen::Job(job) => {
                let pod = || {
                    let job = cluster.model.job(&job.key)?;
                    job.pod()
                };
                job.cluster == no
                    && (changes.jobs.iter().any(|(_, key)| *key == job.key)
                        || pod().is_some_and(|uid| changes.objects.iter().any(|o| o.uid == *uid)))
            }
            Screen::Node(node) => {
                node.cluster == no && (changes.pools || changes.nodes.contains(&node.name))
            }
            Screen::Log(pane) => {
                let about = |o: &crate::model::ObjectChange| pane.members.of(no, &o.uid).is_some();
                changes.objects.iter().any(about)
            }
            Screen::Workload(screen) => {
                screen.cluster == no
                    && changes.objects.iter().any(|o| {
                        o.uid == screen.uid || matches!(o.kind, Kind::ReplicaSet | Kind::BatchJob)
                    })
            }
            Screen::Overview(_)
            | Screen::Table(_)
            | Screen::Text(_)
            | Screen::Events(_)
            | Screen::Kind(_)
            | Screen::Console => false,
        };
        if about {
            self.mark(Dirty::News);
        }
    }

    /// Time or the scope has changed what is shown.
    pub(super) fn doubt(&mut self) {
        self.shown.doubt = true;
    }

    /// Whether something visible may have changed: what [`Engine::take_dirty`] says at most.
    pub fn stirred(&self) -> Dirty {
        let doubt = if self.shown.doubt {
            Dirty::News
        } else {
            Dirty::Clean
        };
        self.dirty.max(doubt)
    }

    /// Whether something visible changed since this was last asked.
    pub fn take_dirty(&mut self) -> Dirty {
        if std::mem::take(&mut self.shown.doubt) {
            let wall = self.clock.wall;
            let connection = |c: &Cluster| c.connection(c.time(wall));
            let figures = |c: &Cluster| {
                let pools = c.pools().to_vec();
                (c.standing.turn, pools, c.model.waiting())
            };
            let figures = Figures {
                problems: self.problem_count(self.clock),
                connections: self.clusters.all().map(connection).collect(),
                overview: matches!(self.screens.top(), Screen::Overview(_))
                    .then(|| self.clusters.shown().map(figures).collect()),
            };
            if figures != self.shown.figures {
                self.shown.figures = figures;
                self.mark(Dirty::News);
            }
        }
        std::mem::take(&mut self.dirty)
    }
}
