//! Tables: one row of a static vocabulary a column (title, width, cell, sort key), one file a kind of row.

mod actions;
mod find;
mod ingresses;
mod jobs;
mod lines;
mod look;
mod nodes;
mod pods;
mod state;

use std::cmp::{Ordering, Reverse};

use chrono::{DateTime, Utc};

use super::action::run::{ActionId, Run};
use super::index::Sortable;
use super::merge::Head;
use super::view::{RowId, Sorted, Span, Width};
use crate::model::{JobKey, Model, Text, Uid};

pub(crate) use actions::{Actions, Items};
pub(crate) use find::Find;
pub(crate) use ingresses::{Ingresses, backend};
pub(crate) use jobs::{Jobs, LONG_WAIT};
pub(crate) use look::Walk;
pub(crate) use nodes::{Nodes, status as node_status};
pub(crate) use pods::Pods;
pub(crate) use state::TableState;

/// What names a row inside the engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum RowKey {
    /// A job: the same through all its attempts.
    Job(JobKey),
    /// A pod.
    Pod(Uid),
    /// A node, by its name.
    Node(Text),
    /// A route of an Ingress, by its index.
    Route(Uid, u16),
    /// An action.
    Action(ActionId),
    /// A thing of an action, by its index.
    Item(ActionId, u32),
}

impl RowKey {
    /// As the screen knows it.
    pub(crate) fn id(&self) -> RowId {
        match self {
            Self::Job(key) => RowId::Name(format!("{}/{}", key.system.0, key.id).into()),
            Self::Pod(uid) => RowId::Uid(uid.clone()),
            Self::Node(name) => RowId::Name(name.clone()),
            Self::Action(id) => RowId::Number(id.0),
            Self::Item(id, at) => RowId::Name(format!("{}#{at}", id.0).into()),
            Self::Route(uid, at) => RowId::Name(format!("{uid}#{at}").into()),
        }
    }
}

/// Which vocabulary a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableKind {
    Jobs,
    Nodes,
    Pods,
    Ingresses,
    Actions,
    Items,
}

/// Which rows a table is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    Pool(Text),
    Node(Text),
    /// Pods behind a Service: namespace, name.
    Service(Text, Text),
    /// The things of an action.
    Action(ActionId),
}

/// What cells and keys are made of.
#[derive(Clone, Copy)]
pub(crate) struct Cx<'a> {
    pub(crate) model: &'a Model,
    /// The server's time.
    pub(crate) now: DateTime<Utc>,
    /// The namespace that the console is narrowed to.
    pub(crate) namespace: Option<&'a Text>,
    /// Running and past actions.
    pub(crate) runs: &'a [Run],
}

/// What rows are sorted by. Never an age: times do not need sorting again as they pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Int(i64),
    Pair(i64, i64),
    Text(Text),
    /// The greatest first.
    Down(Reverse<Text>),
    /// Not known: last, whichever way.
    Missing,
}

impl Value {
    /// An age: the youngest is the smallest.
    pub(crate) fn age(since: Option<DateTime<Utc>>) -> Self {
        since.map_or(Self::Missing, |at| Self::Int(-at.timestamp_millis()))
    }

    /// A duration: those still growing are longer than those that ended.
    pub(crate) fn duration(since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Self {
        match (since, until) {
            (None, _) => Self::Missing,
            (Some(since), None) => Self::Pair(1, -since.timestamp_millis()),
            (Some(since), Some(until)) => Self::Pair(0, (until - since).num_milliseconds()),
        }
    }

    /// The other way round; what is missing stays last.
    fn turned(self) -> Self {
        match self {
            Self::Int(n) => Self::Int(!n),
            Self::Pair(a, b) => Self::Pair(!a, !b),
            Self::Text(text) => Self::Down(Reverse(text)),
            Self::Down(Reverse(text)) => Self::Text(text),
            Self::Missing => Self::Missing,
        }
    }

    /// 16 bytes of it, the n-th time, and whether that is all.
    fn head(&self, n: usize) -> Head {
        // Keeps the order of negative numbers too.
        let up = |n: i64| n.cast_unsigned() ^ 1 << 63;
        let text = |text: &str| {
            let rest = text.as_bytes().get(n * 16..).unwrap_or_default();
            let mut head = [[0; 8]; 2];
            for (to, from) in head.as_flattened_mut().iter_mut().zip(rest) {
                *to = *from;
            }
            (head.map(u64::from_be_bytes), rest.len() <= 16)
        };
        match self {
            Self::Int(n) => ([up(*n), 0], true),
            Self::Pair(a, b) => ([up(*a), up(*b)], true),
            Self::Text(t) => text(t),
            Self::Down(Reverse(t)) => {
                let (head, whole) = text(t);
                (head.map(|half| !half), whole)
            }
            Self::Missing => ([u64::MAX; 2], true),
        }
    }

    /// A name; empty is missing.
    pub(crate) fn text(text: &Text) -> Self {
        if text.is_empty() {
            Self::Missing
        } else {
            Self::Text(text.clone())
        }
    }
}

/// A row's place in the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    value: Value,
    tie: (Text, Text),
}

// There is one for each row of the table on the screen.
const _: () = assert!(size_of::<Option<Place>>() <= 56 && size_of::<Option<RowKey>>() <= 40);

impl Place {
    fn new(value: Value, way: Sorted, tie: (Text, Text)) -> Self {
        let value = match way {
            Sorted::Up => value,
            Sorted::Down => value.turned(),
        };
        Self { value, tie }
    }
}

impl Sortable for Place {
    fn head(&self, n: usize) -> Head {
        self.value.head(n)
    }
}

impl Place {
    fn order(&self, other: &Self) -> Ordering {
        match (&self.value, &other.value) {
            (Value::Text(a), Value::Text(b)) => texts(a, b),
            (Value::Down(Reverse(a)), Value::Down(Reverse(b))) => texts(b, a),
            (a, b) => a.cmp(b),
        }
    }
}

/// Many are one text.
fn texts(a: &Text, b: &Text) -> Ordering {
    if std::ptr::eq(&**a, &**b) {
        Ordering::Equal
    } else {
        a.cmp(b)
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order(other)
            .then_with(|| texts(&self.tie.0, &other.tie.0))
            .then_with(|| texts(&self.tie.1, &other.tie.1))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A column.
pub(crate) struct Column<T: Rows + ?Sized> {
    /// In capitals, one word: it is also its name in filters and for `:sort`.
    pub(crate) title: &'static str,
    pub(crate) width: Width,
    pub(crate) right: bool,
    /// Columns with a higher number are left out first.
    pub(crate) rank: u8,
    /// Where filters look.
    pub(crate) find: Find<T>,
    /// The way it is sorted first.
    pub(crate) way: Sorted,
    pub(crate) cell: for<'a> fn(&T::Row<'a>, &Cx<'a>) -> Span,
    pub(crate) key: for<'a> fn(&T::Row<'a>, &Cx<'a>) -> Value,
}

/// A kind of row.
pub(crate) trait Rows: 'static {
    type Row<'a>;
    const NAME: &'static str;
    /// Whether walks meet rows by their tie, and those by their key.
    const IN_ORDER: bool;

    fn columns() -> &'static [Column<Self>];
    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<Self::Row<'a>>;
    /// At most so many rows there are, where that can be told.
    fn most(cx: &Cx<'_>) -> usize;
    /// Rows among which are all of that scope.
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

fn cells<T: Rows>(key: &RowKey, cx: &Cx<'_>) -> Vec<Span> {
    match T::get(key, cx) {
        Some(row) => T::columns().iter().map(|c| (c.cell)(&row, cx)).collect(),
        None => T::columns().iter().map(|_| Span::default()).collect(),
    }
}

/// Calls a generic function with the vocabulary of a kind.
macro_rules! with_rows {
    ($kind:expr, $rows:ident => $body:expr) => {
        match $kind {
            $crate::engine::table::TableKind::Jobs => {
                type $rows = $crate::engine::table::Jobs;
                $body
            }
            $crate::engine::table::TableKind::Nodes => {
                type $rows = $crate::engine::table::Nodes;
                $body
            }
            $crate::engine::table::TableKind::Pods => {
                type $rows = $crate::engine::table::Pods;
                $body
            }
            $crate::engine::table::TableKind::Ingresses => {
                type $rows = $crate::engine::table::Ingresses;
                $body
            }
            $crate::engine::table::TableKind::Actions => {
                type $rows = $crate::engine::table::Actions;
                $body
            }
            $crate::engine::table::TableKind::Items => {
                type $rows = $crate::engine::table::Items;
                $body
            }
        }
    };
}
pub(crate) use with_rows;

/// What a kind's rows are called.
pub(crate) fn name(kind: TableKind) -> &'static str {
    with_rows!(kind, T => T::NAME)
}

/// Titles of a kind's columns, in their order.
pub(crate) fn titles(kind: TableKind) -> Vec<&'static str> {
    with_rows!(kind, T => T::columns().iter().map(|c| c.title).collect())
}
