//! Which pods a merged log is of: those of rows in some scopes that pass a filter, whenever they come.

use std::collections::BTreeSet;

use crate::engine::filter::Filter;
use crate::engine::table::{self, Cx, RowKey, Scope, Sight, TableKind, Walk};
use crate::model::{Change, Changes, ClusterNo, Kind, Text, Uid};

/// What the rows have in common.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Jobs or pods.
    kind: TableKind,
    /// One of them must hold it.
    scopes: Vec<Scope>,
    filter: Filter,
    /// None but these.
    only: Option<BTreeSet<RowKey>>,
    /// Of jobs: none but those of this project.
    project: Option<Text>,
    /// How far a walk through the scopes and their clusters has come; `None`: through all.
    walk: Option<Tour>,
    /// Nobody joins any more.
    stopped: bool,
}

/// The scope, the cluster in it (`None`: its first) and the walk there.
#[derive(Clone, Debug, Default)]
struct Tour {
    scope: usize,
    no: Option<ClusterNo>,
    walk: Walk,
}

impl Group {
    pub(crate) fn new(kind: TableKind, scopes: Vec<Scope>, filter: Filter) -> Self {
        Self {
            kind,
            scopes,
            filter,
            only: None,
            project: None,
            walk: Some(Tour::default()),
            stopped: false,
        }
    }

    /// These rows and no others.
    pub(crate) fn marked(kind: TableKind, rows: BTreeSet<RowKey>) -> Self {
        Self {
            only: Some(rows),
            ..Self::new(kind, vec![Scope::All], Filter::default())
        }
    }

    /// All jobs of a project.
    pub(crate) fn project(name: Text) -> Self {
        Self {
            project: Some(name),
            ..Self::new(TableKind::Jobs, vec![Scope::All], Filter::default())
        }
    }

    /// `job`, `pod`.
    pub(crate) fn noun(&self) -> &'static str {
        match self.kind {
            TableKind::Pods => "pod",
            _ => "job",
        }
    }

    /// Begins the walk anew.
    pub(crate) fn again(&mut self) {
        self.walk = Some(Tour::default());
        self.stopped = false;
    }

    /// Nobody joins any more.
    pub(crate) fn stop(&mut self) {
        self.walk = None;
        self.stopped = true;
    }

    /// Whether there is more to walk through.
    pub(crate) fn walking(&self) -> bool {
        self.walk.is_some()
    }

    /// Looks at about so many of the rows there are; tells pods that belong to it.
    pub(crate) fn work(&mut self, rows: usize, sight: &Sight<'_>) -> Vec<(ClusterNo, Uid)> {
        let mut found = Vec::new();
        if let Some(only) = &self.only {
            found.extend(
                only.iter()
                    .filter_map(|key| pod_of(key, &sight.of_row(key)?)),
            );
            self.walk = None;
            return found;
        }
        let Some(mut tour) = self.walk.take() else {
            return found;
        };
        let Some(scope) = self.scopes.get(tour.scope) else {
            return found;
        };
        let at = tour.no;
        let mut clusters = sight
            .within(scope, false)
            .skip_while(|cx| at.is_some_and(|no| no != cx.no));
        let Some(cx) = clusters.next() else {
            tour = Tour {
                scope: tour.scope + 1,
                ..Tour::default()
            };
            self.walk = Some(tour);
            return found;
        };
        let (kind, filter, project) = (self.kind, &self.filter, self.project.as_ref());
        let more = table::pick(kind, &mut tour.walk, scope, filter, &cx, rows, &mut |key| {
            if of_project(&key, project, &cx) {
                found.extend(pod_of(&key, &cx));
            }
        });
        tour.no = Some(cx.no);
        if !more {
            tour = match clusters.next() {
                Some(next) => Tour {
                    no: Some(next.no),
                    walk: Walk::default(),
                    ..tour
                },
                None => Tour {
                    scope: tour.scope + 1,
                    ..Tour::default()
                },
            };
        }
        self.walk = (tour.scope < self.scopes.len()).then_some(tour);
        found
    }

    /// Pods that belong to it, of those that a batch of a cluster touched.
    pub(crate) fn changed(&self, changes: &Changes, cx: &Cx<'_>, sight: &Sight<'_>) -> Vec<Uid> {
        if self.stopped {
            return Vec::new();
        }
        let mut keys: Vec<RowKey> = match self.kind {
            TableKind::Pods => changes
                .objects
                .iter()
                .filter(|o| o.kind == Kind::Pod && o.change != Change::Removed)
                .map(|o| RowKey::Pod(cx.no, o.uid.clone()))
                .collect(),
            _ => changes
                .jobs
                .iter()
                .filter(|(change, _)| *change != Change::Removed)
                .map(|(_, key)| RowKey::Job(cx.no, key.clone()))
                .collect(),
        };
        keys.retain(|key| self.holds(key, cx, sight));
        let pods = keys.iter().filter_map(|key| pod_of(key, cx));
        pods.map(|(_, uid)| uid).collect()
    }

    fn holds(&self, key: &RowKey, cx: &Cx<'_>, sight: &Sight<'_>) -> bool {
        if let Some(only) = &self.only {
            return only.contains(key);
        }
        let mut scopes = self.scopes.iter().filter(|scope| {
            let mut clusters = sight.within(scope, false);
            clusters.any(|of| of.no == cx.no)
        });
        of_project(key, self.project.as_ref(), cx)
            && scopes.any(|scope| table::passes(self.kind, key, scope, &self.filter, cx))
    }
}

fn of_project(key: &RowKey, project: Option<&Text>, cx: &Cx<'_>) -> bool {
    let Some(project) = project else { return true };
    match key {
        RowKey::Job(_, key) => {
            let job = cx.model.job(key);
            job.is_some_and(|job| job.project() == &**project)
        }
        _ => false,
    }
}

fn pod_of(key: &RowKey, cx: &Cx<'_>) -> Option<(ClusterNo, Uid)> {
    match key {
        RowKey::Pod(no, uid) => Some((*no, uid.clone())),
        RowKey::Job(no, key) => Some((*no, cx.model.job(key)?.pod()?.clone())),
        _ => None,
    }
}
