//! The screens, each with what is valid in it, in a stack.

use super::action::run::ActionId;
use super::any::KindPane;
use super::doc::{ObjectRef, TextPane};
use super::events::EventsScreen;
use super::keys::On;
use super::log::Pane;
use super::settings::StartScreen;
use super::table::{RowKey, Scope, TableKind, TableState};
use crate::model::{ClusterNo, JobKey, Kind, Text, Uid};

/// More screens than this are not kept: the oldest but the first go.
const DEEPEST: usize = 16;

/// A screen.
#[derive(Clone, Debug)]
pub(crate) enum Screen {
    Overview(Overview),
    Table(TableState),
    Job(JobScreen),
    Node(NodeScreen),
    Workload(WorkloadScreen),
    Log(Box<Pane>),
    Text(Box<TextPane>),
    Events(Box<EventsScreen>),
    Kind(Box<KindPane>),
    Console,
}

/// The part of the Overview that has the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Pools,
    Jobs,
}

/// Ranks and pools above a table of jobs.
#[derive(Clone, Debug)]
pub(crate) struct Overview {
    pub(crate) part: Part,
    /// The pool under the cursor, or a cluster's own line; `None`: the first.
    pub(crate) pool: Option<(ClusterNo, Option<Text>)>,
    pub(crate) jobs: TableState,
}

/// One job with its steps.
#[derive(Clone, Debug)]
pub(crate) struct JobScreen {
    pub(crate) cluster: ClusterNo,
    pub(crate) key: JobKey,
    /// Title while the job was known, for when it is not any more.
    pub(crate) title: String,
    /// The container of the step under the cursor; `None`: the step it is at.
    pub(crate) step: Option<Text>,
}

/// One node with its pods or jobs.
#[derive(Clone, Debug)]
pub(crate) struct NodeScreen {
    pub(crate) cluster: ClusterNo,
    pub(crate) name: Text,
    pub(crate) table: TableState,
}

/// One workload or CronJob with its replicas, its nodes or its Jobs.
#[derive(Clone, Debug)]
pub(crate) struct WorkloadScreen {
    pub(crate) cluster: ClusterNo,
    pub(crate) kind: Kind,
    pub(crate) uid: Uid,
    /// `Deployment ci-system/api`.
    pub(crate) title: String,
    pub(crate) table: TableState,
}

/// What is under the cursor, or what the screen is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    /// A cluster's line on the Overview.
    Cluster(ClusterNo),
    Pool(ClusterNo, Text),
    Node(ClusterNo, Text),
    Job(ClusterNo, JobKey),
    /// A container of a job.
    Step(ClusterNo, JobKey, Text),
    Pod(ClusterNo, Uid),
    Route(ClusterNo, Uid, u16),
    /// A row of events.
    Event(ClusterNo, u64),
    Action(ActionId),
    /// Any object of the API.
    Object(ClusterNo, Box<ObjectRef>),
    Workload(ClusterNo, Kind, Uid),
    /// A container of a pod, by its index.
    Container(ClusterNo, Uid, u16),
    /// What should be there and is not.
    Missing(ClusterNo),
}

impl Thing {
    /// Whose it is; actions are the console's.
    pub(crate) fn cluster(&self) -> Option<ClusterNo> {
        match self {
            Self::Cluster(no)
            | Self::Pool(no, _)
            | Self::Node(no, _)
            | Self::Job(no, _)
            | Self::Step(no, ..)
            | Self::Pod(no, _)
            | Self::Route(no, ..)
            | Self::Event(no, _)
            | Self::Object(no, _)
            | Self::Workload(no, ..)
            | Self::Container(no, ..)
            | Self::Missing(no) => Some(*no),
            Self::Action(_) => None,
        }
    }
}

impl From<RowKey> for Thing {
    fn from(key: RowKey) -> Self {
        match key {
            RowKey::Job(no, key) => Self::Job(no, key),
            RowKey::Pod(no, uid) => Self::Pod(no, uid),
            RowKey::Node(no, name) => Self::Node(no, name),
            RowKey::Route(no, uid, at) => Self::Route(no, uid, at),
            RowKey::Event(no, key) => Self::Event(no, key),
            RowKey::Shape(no, _) => Self::Event(no, 0),
            RowKey::Action(id) | RowKey::Item(id, _) => Self::Action(id),
            RowKey::Workload(no, kind, uid) => Self::Workload(no, kind, uid),
            RowKey::Container(no, uid, at) => Self::Container(no, uid, at),
            // Which pod that is, the model knows.
            RowKey::Ordinal(no, ..) | RowKey::Daemon(no, _) => Self::Missing(no),
        }
    }
}

impl Screen {
    /// The screen that the console opens on.
    pub(crate) fn start(start: StartScreen) -> Self {
        let table = |kind| Self::Table(TableState::new(kind, Scope::All));
        match start {
            StartScreen::Overview => Self::overview(),
            StartScreen::Jobs => table(TableKind::Jobs),
            StartScreen::Nodes => table(TableKind::Nodes),
            StartScreen::Pods => table(TableKind::Pods),
            StartScreen::Ingresses => table(TableKind::Ingresses),
        }
    }

    pub(crate) fn overview() -> Self {
        Self::Overview(Overview {
            part: Part::Jobs,
            pool: None,
            jobs: TableState::new(TableKind::Jobs, Scope::All),
        })
    }

    pub(crate) fn node(cluster: ClusterNo, name: Text) -> Self {
        let scope = Scope::Node(cluster, name.clone());
        Self::Node(NodeScreen {
            cluster,
            name,
            table: TableState::new(TableKind::Pods, scope),
        })
    }

    pub(crate) fn workload(cluster: ClusterNo, kind: Kind, uid: Uid, title: String) -> Self {
        let scope = Scope::Workload(cluster, kind, uid.clone());
        let rows = match kind {
            Kind::CronJob => TableKind::Jobs,
            Kind::DaemonSet => TableKind::Daemons,
            _ => TableKind::Replicas,
        };
        Self::Workload(WorkloadScreen {
            cluster,
            kind,
            uid,
            title,
            table: TableState::new(rows, scope),
        })
    }

    /// Which rows of the key table hold here.
    pub(crate) fn on(&self) -> On {
        match self {
            Self::Overview(_) => On::OVERVIEW,
            Self::Table(table) => match table.kind {
                TableKind::Jobs => On::JOBS,
                TableKind::Nodes => On::NODES,
                TableKind::Pods => On::PODS,
                TableKind::Ingresses => On::INGRESSES,
                TableKind::Events | TableKind::Reasons | TableKind::Shapes => On::EVENTS,
                TableKind::Actions | TableKind::Items | TableKind::Forwards => On::ACTIONS,
                TableKind::Workloads => On::WORKLOADS,
                TableKind::Crons => On::CRONJOBS,
                TableKind::Workers | TableKind::Handlers => On::PODS,
                TableKind::Replicas | TableKind::Daemons => On::WORKLOAD,
                TableKind::Containers => On::CONTAINERS,
            },
            Self::Job(_) => On::JOB,
            Self::Node(_) => On::NODE,
            Self::Workload(_) => On::WORKLOAD,
            Self::Log(_) => On::LOG,
            Self::Text(_) => On::TEXT,
            Self::Events(events) if events.subject.is_wide() => On::WARNINGS,
            Self::Events(_) => On::EVENTS,
            Self::Kind(_) => On::KIND,
            Self::Console => On::CONSOLE,
        }
    }

    /// Whose things it is about; `None`: of all clusters that are shown, or of none.
    pub(crate) fn cluster(&self) -> Option<ClusterNo> {
        match self {
            Self::Overview(_) | Self::Console => None,
            Self::Table(table) => table.scope.cluster(),
            Self::Job(job) => Some(job.cluster),
            Self::Node(node) => Some(node.cluster),
            Self::Workload(workload) => Some(workload.cluster),
            Self::Log(pane) => pane.subject().map(|m| m.cluster),
            Self::Text(pane) => Some(pane.cluster),
            Self::Events(events) => Some(events.cluster),
            Self::Kind(pane) => Some(pane.cluster),
        }
    }

    pub(crate) fn table(&self) -> Option<&TableState> {
        match self {
            Self::Overview(overview) => Some(&overview.jobs),
            Self::Table(table) => Some(table),
            Self::Node(node) => Some(&node.table),
            Self::Events(events) => Some(&events.table),
            Self::Workload(workload) => Some(&workload.table),
            Self::Job(_) | Self::Log(_) | Self::Text(_) | Self::Kind(_) | Self::Console => None,
        }
    }

    pub(crate) fn table_mut(&mut self) -> Option<&mut TableState> {
        match self {
            Self::Overview(overview) => Some(&mut overview.jobs),
            Self::Table(table) => Some(table),
            Self::Node(node) => Some(&mut node.table),
            Self::Events(events) => Some(&mut events.table),
            Self::Workload(workload) => Some(&mut workload.table),
            Self::Job(_) | Self::Log(_) | Self::Text(_) | Self::Kind(_) | Self::Console => None,
        }
    }
}

/// The stack. It is never empty.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    root: Screen,
    rest: Vec<Screen>,
}

impl Stack {
    pub(crate) fn new(root: Screen) -> Self {
        Self {
            root,
            rest: Vec::new(),
        }
    }

    pub(crate) fn top(&self) -> &Screen {
        self.rest.last().unwrap_or(&self.root)
    }

    pub(crate) fn top_mut(&mut self) -> &mut Screen {
        self.rest.last_mut().unwrap_or(&mut self.root)
    }

    /// Puts a screen on top; returns one that had to go for it.
    pub(crate) fn push(&mut self, screen: Screen) -> Option<Screen> {
        if let Some(table) = self.top_mut().table_mut() {
            table.cover();
        }
        self.rest.push(screen);
        (self.rest.len() > DEEPEST).then(|| self.rest.remove(0))
    }

    /// Takes the top off, unless it is the last.
    pub(crate) fn pop(&mut self) -> Option<Screen> {
        let gone = self.rest.pop();
        if let Some(table) = self.top_mut().table_mut() {
            table.uncover();
        }
        gone
    }

    /// Takes out what is about a cluster.
    pub(crate) fn drop_of(&mut self, no: ClusterNo) -> Vec<Screen> {
        let of = |screen: &Screen| screen.cluster() == Some(no);
        let mut gone: Vec<Screen> = self.rest.extract_if(.., |s| of(s)).collect();
        if of(&self.root) {
            gone.push(std::mem::replace(&mut self.root, Screen::overview()));
        }
        if !gone.is_empty()
            && let Some(table) = self.top_mut().table_mut()
        {
            table.uncover();
        }
        gone
    }

    /// From the top down.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Screen> {
        self.rest.iter().rev().chain(std::iter::once(&self.root))
    }

    /// From the top down.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Screen> {
        self.rest
            .iter_mut()
            .rev()
            .chain(std::iter::once(&mut self.root))
    }
}
