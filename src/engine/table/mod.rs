//! Tables: one row of a static vocabulary a column (title, width, cell, sort key), one file a kind of row.

mod actions;
mod column;
mod containers;
mod crew;
mod crons;
mod daemons;
mod events;
mod find;
mod forwards;
mod ingresses;
mod jobs;
mod lines;
mod look;
mod nodes;
mod pick;
mod place;
mod pods;
mod reasons;
mod replicas;
mod shapes;
mod state;
mod workloads;

use std::cell::OnceCell;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::action::run::{ActionId, Run};
use super::cluster::Clusters;
use super::events::Book;
use super::view::RowId;
use crate::ci::worker::Crew;
use crate::model::{ClusterNo, JobKey, Kind, Model, Text, Uid};

pub(crate) use actions::{Actions, Items};
pub(crate) use column::{Column, titles};
use column::{cells, cluster, columns};
pub(crate) use containers::Containers;
pub(crate) use crew::{Handlers, Workers, registered};
pub(crate) use crons::Crons;
pub(crate) use daemons::{Daemons, on_node};
pub(crate) use events::Events;
pub(crate) use find::Find;
pub(crate) use forwards::Forwards;
pub(crate) use ingresses::{Ingresses, backend};
pub(crate) use jobs::{Jobs, LONG_WAIT};
pub(crate) use look::Walk;
pub(crate) use nodes::{Nodes, status as node_status};
pub(crate) use pick::{passes, pick};
pub(crate) use place::{Place, Value};
pub(crate) use pods::Pods;
pub(crate) use reasons::Reasons;
pub(crate) use replicas::{Replicas, of_ordinal};
pub(crate) use shapes::Shapes;
pub(crate) use state::TableState;
pub(crate) use workloads::Workloads;

/// What names a row inside the engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum RowKey {
    /// A job: the same through all its attempts.
    Job(ClusterNo, JobKey),
    /// A pod.
    Pod(ClusterNo, Uid),
    /// A node, by its name.
    Node(ClusterNo, Text),
    /// A route of an Ingress, by its index.
    Route(ClusterNo, Uid, u16),
    /// A shape of job, by its name.
    Shape(ClusterNo, Text),
    /// Events that are alike, or of one reason.
    Event(ClusterNo, u64),
    /// An action.
    Action(ActionId),
    /// A thing of an action, by its index.
    Item(ActionId, u32),
    /// A workload or a CronJob.
    Workload(ClusterNo, Kind, Uid),
    /// A StatefulSet's replica, there or not.
    Ordinal(ClusterNo, Uid, i32),
    /// A DaemonSet on a node.
    Daemon(ClusterNo, Arc<(Uid, Text)>),
    /// A pod's container, by its index.
    Container(ClusterNo, Uid, u16),
}

impl RowKey {
    /// As the screen knows it.
    pub(crate) fn id(&self) -> RowId {
        match self {
            Self::Job(no, key) => row_name(*no, &format!("{}/{}", key.system.0, key.id).into()),
            Self::Pod(ClusterNo::FIRST, uid) => RowId::Uid(uid.clone()),
            Self::Pod(no, uid) => row_name(*no, &uid.text()),
            Self::Node(no, name) => row_name(*no, name),
            Self::Event(_, key) => RowId::Number(*key),
            Self::Shape(no, name) => row_name(*no, name),
            Self::Action(id) => RowId::Number(id.0),
            Self::Item(id, at) => RowId::Name(format!("{}#{at}", id.0).into()),
            Self::Route(no, uid, at) | Self::Container(no, uid, at) => {
                row_name(*no, &format!("{uid}#{at}").into())
            }
            Self::Workload(no, _, uid) => row_name(*no, &uid.text()),
            Self::Ordinal(no, uid, at) => row_name(*no, &format!("{uid}#{at}").into()),
            Self::Daemon(no, of) => row_name(*no, &of.1),
        }
    }

    /// Whose it is; actions are the console's.
    pub(crate) fn cluster(&self) -> Option<ClusterNo> {
        match self {
            Self::Job(no, _)
            | Self::Pod(no, _)
            | Self::Node(no, _)
            | Self::Event(no, _)
            | Self::Shape(no, _)
            | Self::Route(no, ..)
            | Self::Workload(no, ..)
            | Self::Ordinal(no, ..)
            | Self::Daemon(no, _)
            | Self::Container(no, ..) => Some(*no),
            Self::Action(_) | Self::Item(..) => None,
        }
    }
}

/// What names a row on the screen by a name that is its own in its cluster only.
pub(crate) fn row_name(no: ClusterNo, name: &Text) -> RowId {
    RowId::Name(match no {
        ClusterNo::FIRST => name.clone(),
        ClusterNo(no) => format!("{no} {name}").into(),
    })
}

/// Which vocabulary a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableKind {
    Jobs,
    Nodes,
    Pods,
    Ingresses,
    Events,
    Reasons,
    Shapes,
    Actions,
    Items,
    Forwards,
    Workloads,
    Crons,
    Replicas,
    Daemons,
    Workers,
    Handlers,
    Containers,
}

#[cfg(test)]
impl TableKind {
    pub(crate) const ALL: [Self; 17] = [
        Self::Jobs,
        Self::Nodes,
        Self::Pods,
        Self::Ingresses,
        Self::Events,
        Self::Reasons,
        Self::Shapes,
        Self::Actions,
        Self::Items,
        Self::Forwards,
        Self::Workloads,
        Self::Crons,
        Self::Replicas,
        Self::Daemons,
        Self::Workers,
        Self::Handlers,
        Self::Containers,
    ];
}

/// Which rows a table is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    Pool(ClusterNo, Text),
    Node(ClusterNo, Text),
    /// Pods behind a Service: namespace, name.
    Service(ClusterNo, Text, Text),
    /// The events on the screen.
    Events(ClusterNo),
    /// The things of an action.
    Action(ActionId),
    /// Workloads of a kind.
    Kind(Kind),
    /// What belongs to a workload or a CronJob.
    Workload(ClusterNo, Kind, Uid),
    /// What is in a pod, or what a worker or handler has in hand.
    Pod(ClusterNo, Uid),
}

impl Scope {
    /// The cluster that it is in; `None`: in all that are shown, or in none.
    pub(crate) fn cluster(&self) -> Option<ClusterNo> {
        match self {
            Self::Pool(no, _)
            | Self::Node(no, _)
            | Self::Service(no, ..)
            | Self::Workload(no, ..)
            | Self::Events(no)
            | Self::Pod(no, _) => Some(*no),
            Self::All | Self::Action(_) | Self::Kind(_) => None,
        }
    }
}

/// What cells and keys are made of: all of it is the row's own cluster's.
#[derive(Clone, Copy)]
pub(crate) struct Cx<'a> {
    /// Which cluster it is.
    pub(crate) no: ClusterNo,
    /// The name of its context, where there are several.
    pub(crate) cluster: Option<&'a Text>,
    pub(crate) model: &'a Model,
    /// The server's time.
    pub(crate) now: DateTime<Utc>,
    /// The namespace that the console is narrowed to.
    pub(crate) namespace: Option<&'a Text>,
    /// Running and past actions, of all clusters.
    pub(crate) runs: &'a [Run],
    /// The events on the screen.
    pub(crate) book: &'a Book,
    /// The row's cluster.
    pub(in crate::engine) of: &'a super::Cluster,
    /// What the platform's workers have in hand, once somebody has asked.
    pub(in crate::engine) crew: &'a OnceCell<Crew>,
}

impl<'a> Cx<'a> {
    /// What the platform's workers have in hand.
    pub(crate) fn crew(&self) -> &'a Crew {
        self.crew.get_or_init(|| Crew::of(self.model))
    }
}

/// What a table sees: the clusters.
#[derive(Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(in crate::engine) clusters: &'a Clusters,
    /// Our clock.
    pub(crate) wall: DateTime<Utc>,
    /// The namespace that the console is narrowed to.
    pub(crate) namespace: Option<&'a Text>,
    /// Running and past actions.
    pub(crate) runs: &'a [Run],
    /// The events on the screen.
    pub(in crate::engine) book: &'a Book,
}

impl<'a> Sight<'a> {
    /// What cells of that cluster's rows are made of; `None`: it is no longer there.
    pub(crate) fn of(&self, no: ClusterNo) -> Option<Cx<'a>> {
        Some(self.cx(self.clusters.get(no)?))
    }

    /// The same for a row's cluster, or for a row that is in none.
    pub(crate) fn of_row(&self, key: &RowKey) -> Option<Cx<'a>> {
        match key.cluster() {
            Some(no) => self.of(no),
            None => Some(self.cx(self.clusters.home())),
        }
    }

    /// The clusters whose rows a table of that scope has, in their order.
    pub(crate) fn within(&self, scope: &Scope, anywhere: bool) -> impl Iterator<Item = Cx<'a>> {
        let (home, of) = (self.clusters.home().no, scope.cluster());
        let mine = move |no| of.map_or(!anywhere || no == home, |of| of == no);
        let all = self.clusters.all().filter(move |c| {
            // What is in one cluster is seen whatever the console is narrowed to.
            mine(c.no)
        });
        let only = self.clusters.only().filter(|_| of.is_none());
        let shown = all.filter(move |c| only.is_none_or(|no| no == c.no));
        let sight = *self;
        shown.map(move |c| sight.cx(c))
    }

    /// Whether rows of that scope say which cluster is theirs.
    pub(crate) fn mixed(&self, scope: &Scope) -> bool {
        self.clusters.mixed() && scope.cluster().is_none()
    }

    fn cx(&self, cluster: &'a super::Cluster) -> Cx<'a> {
        Cx {
            no: cluster.no,
            cluster: self.clusters.several().then_some(&cluster.context),
            model: &cluster.model,
            now: cluster.time(self.wall),
            namespace: self.namespace,
            runs: self.runs,
            book: self.book,
            of: cluster,
            crew: &cluster.crew,
        }
    }
}

// There is one for each row of the table on the screen.
const _: () = assert!(size_of::<Option<Place>>() <= 56 && size_of::<Option<RowKey>>() <= 40);

/// A kind of row.
pub(crate) trait Rows: 'static {
    type Row<'a>;
    const NAME: &'static str;
    /// Whether they are in no cluster: the console's own.
    const ANYWHERE: bool = false;
    /// Whether walks meet rows by their tie, and those by their key.
    const IN_ORDER: bool;

    fn columns() -> &'static [Column<Self>];
    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<Self::Row<'a>>;
    /// At most so many rows there are, where that can be told.
    fn most(cx: &Cx<'_>) -> usize;
    /// Rows of this cluster among which are all of that scope.
    fn all(scope: &Scope, cx: &Cx<'_>) -> Vec<RowKey>;
    /// Tells about some of the next rows, at most so many; false: these were the last.
    fn walk<'a>(
        walk: &mut Walk,
        scope: &Scope,
        cx: &Cx<'a>,
        rows: usize,
        tell: &mut dyn FnMut(RowKey, Self::Row<'a>),
    ) -> bool {
        walk.keys(
            rows,
            || Self::all(scope, cx),
            |key| {
                if let Some(row) = Self::get(&key, cx) {
                    tell(key, row);
                }
            },
        )
    }
    fn within(row: &Self::Row<'_>, scope: &Scope, cx: &Cx<'_>) -> bool;
    /// Whether what filters look at stays until the row is told to have changed, or the pools.
    fn steady(_: &Self::Row<'_>, _: &Cx<'_>) -> bool {
        false
    }
    fn labels<'a>(row: &Self::Row<'a>, cx: &Cx<'a>) -> Option<&'a crate::model::Labels>;
    /// The order while no column was chosen.
    fn natural(row: &Self::Row<'_>, cx: &Cx<'_>) -> Value;
    fn tie(row: &Self::Row<'_>) -> (Text, Text);
}

/// Calls a generic function with the vocabulary of a kind.
macro_rules! with_rows {
    ($kind:expr, $rows:ident => $body:expr) => {
        $crate::engine::table::with_rows! {
            $kind, $rows => $body;
            Jobs Nodes Pods Ingresses Events Reasons Shapes Actions Items Forwards Workloads
            Crons Replicas Daemons Workers Handlers Containers
        }
    };
    ($kind:expr, $rows:ident => $body:expr; $($name:ident)*) => {
        match $kind {
            $($crate::engine::table::TableKind::$name => {
                type $rows = $crate::engine::table::$name;
                $body
            })*
        }
    };
}
pub(crate) use with_rows;

/// What a kind's rows are called.
pub(crate) fn name(kind: TableKind) -> &'static str {
    with_rows!(kind, T => T::NAME)
}
