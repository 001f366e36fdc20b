//! What every screen tells of the cluster, kept by delta: nodes that are down, routes, and whether what is
//! shown of them has changed.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::screen::Screen;
use super::view::Line;
use super::{Dirty, Engine};
use crate::model::rank::control_plane;
use crate::model::view::WaitingJobs;
use crate::model::{Changes, Health, Kind, Pool, Text, Uid};

/// What is known without walking over the cluster.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Nodes that are not Ready, by name; those that are coming too.
    pub(super) down: BTreeSet<Text>,
    /// Nodes of the control plane.
    pub(super) controllers: BTreeSet<Text>,
    pub(super) routes: OnceCell<Routes>,
    /// Goes up with what the lines of problems and nodes are made of.
    turn: u64,
    figures: Figures,
    /// The figures may be others than those that are shown.
    doubt: bool,
}

/// All routes of the namespace that the console is narrowed to.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// Ingress and index of those that nothing answers.
    pub(super) broken: Vec<(Uid, usize)>,
    pub(super) well: usize,
    pub(super) unknown: usize,
}

/// What is shown beside tables, but for ages.
#[derive(Debug, Default, PartialEq)]
struct Figures {
    problems: u64,
    connection: Line,
    overview: Option<(u64, Vec<Pool>, Vec<WaitingJobs>)>,
}

impl Engine {
    /// Takes in what a batch changed.
    pub(super) fn follow(&mut self, changes: &Changes) {
        let standing = &mut self.standing;
        for object in changes.objects.iter().filter(|o| o.kind == Kind::Node) {
            let name = &object.name;
            match self.model.node(name) {
                Some(node) if !node.is_ready() => standing.down.insert(name.clone()),
                Some(_) | None => standing.down.remove(name),
            };
            match self.model.node(name) {
                Some(node) if control_plane(node).is_some() => {
                    standing.controllers.insert(name.clone())
                }
                Some(_) | None => standing.controllers.remove(name),
            };
            standing.turn += 1;
        }
        if !changes.ingresses.is_empty() || changes.touches(Kind::Ingress) {
            standing.routes = OnceCell::new();
            standing.turn += 1;
        }
        standing.turn += u64::from(changes.feed);
        // The lines of nodes that are down name their jobs.
        let named = |name: &Text| standing.down.contains(name);
        if !standing.down.is_empty() && changes.nodes.iter().any(named) {
            standing.turn += 1;
        }
        standing.doubt = true;
        let about = match self.screens.top() {
            Screen::Job(job) => {
                let pod = self.model.job(&job.key).and_then(|job| job.pod());
                changes.jobs.iter().any(|(_, key)| *key == job.key)
                    || pod.is_some_and(|uid| changes.objects.iter().any(|o| o.uid == *uid))
            }
            Screen::Node(node) => changes.pools || changes.nodes.contains(&node.name),
            Screen::Log(pane) => changes.objects.iter().any(|o| o.uid == pane.target.uid),
            Screen::Overview(_) | Screen::Table(_) | Screen::Console => false,
        };
        if about {
            self.mark(Dirty::News);
        }
    }

    /// Time or the scope has changed what is shown.
    pub(super) fn doubt(&mut self) {
        self.standing.doubt = true;
    }

    /// The routes that the screens count.
    pub(super) fn routes(&self) -> &Routes {
        self.standing.routes.get_or_init(|| {
            let mut routes = Routes::default();
            let mine = |ns: &Text| self.namespace.as_ref().is_none_or(|own| own == ns);
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

    /// Whether something visible may have changed: what [`Engine::take_dirty`] says at most.
    pub fn stirred(&self) -> Dirty {
        let doubt = if self.standing.doubt {
            Dirty::News
        } else {
            Dirty::Clean
        };
        self.dirty.max(doubt)
    }

    /// Whether something visible changed since this was last asked.
    pub fn take_dirty(&mut self) -> Dirty {
        if std::mem::take(&mut self.standing.doubt) {
            let figures = Figures {
                problems: self.problem_count(self.now),
                connection: self.connection(self.now),
                overview: matches!(self.screens.top(), Screen::Overview(_)).then(|| {
                    let pools = self.pools().to_vec();
                    (self.standing.turn, pools, self.model.waiting())
                }),
            };
            if figures != self.standing.figures {
                self.standing.figures = figures;
                self.mark(Dirty::News);
            }
        }
        std::mem::take(&mut self.dirty)
    }
}
