//! Rows of events by reason: of how many objects, on how many nodes.

use super::column::cluster;
use super::events::times;
use super::{Column, Cx, Find, RowKey, Rows, Scope, Value};
use crate::engine::events::Group;
use crate::engine::text;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::model::Text;
use crate::model::id::empty;

/// The vocabulary.
pub(crate) struct Reasons;

impl Rows for Reasons {
    type Row<'a> = &'a Group;
    const NAME: &'static str = "events";
    const IN_ORDER: bool = false;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<&'a Group> {
        match key {
            RowKey::Event(no, key) if *no == cx.no => cx.book.group(*key),
            _ => None,
        }
    }

    fn most(cx: &Cx<'_>) -> usize {
        cx.book.groups.len()
    }

    fn all(_: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let groups = cx.book.groups.iter();
        groups
            .map(|group| RowKey::Event(cx.no, group.key))
            .collect()
    }

    fn within(_: &&Group, _: &Scope, _: &Cx<'_>) -> bool {
        true
    }

    fn labels<'a>(_: &&'a Group, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        None
    }

    /// Warnings on top, those of most objects first.
    fn natural(group: &&Group, _: &Cx<'_>) -> Value {
        let objects = i64::try_from(group.objects).unwrap_or(i64::MAX);
        Value::Pair(i64::from(!group.warning), -objects)
    }

    fn tie(group: &&Group) -> (Text, Text) {
        (group.reason.clone(), empty())
    }
}

fn number(n: usize) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

fn sort(group: &Group) -> Span {
    if group.warning {
        Span::new("▲ Warning", Tone::Warn)
    } else {
        Span::new("· Normal", Tone::Dim)
    }
}

/// `12 pods`.
fn objects(group: &Group) -> Span {
    let objects = text::plural(group.objects as u64, &group.kind.to_lowercase());
    Span::new(objects, Tone::Plain)
}

fn nodes(group: &Group) -> Span {
    match group.nodes {
        0 => Span::default(),
        n => Span::new(text::count(n as u64), Tone::Plain),
    }
}

#[rustfmt::skip]
static COLUMNS: &[Column<Reasons>] = &[
    Column { title: "LAST", width: Width::Fixed(6), right: true, rank: 0, find: Find::Moves, way: Sorted::Up,
        cell: |g, cx| Span::new(text::age(g.last, cx.now), Tone::Dim), key: |g, _| Value::age(Some(g.last)) },
    Column { title: "FIRST", width: Width::Fixed(6), right: true, rank: 4, find: Find::Moves, way: Sorted::Up,
        cell: |g, cx| Span::new(text::age(g.first, cx.now), Tone::Dim), key: |g, _| Value::age(Some(g.first)) },
    Column { title: "COUNT", width: Width::Fixed(6), right: true, rank: 2, find: Find::Cell, way: Sorted::Down,
        cell: |g, _| times(g.count), key: |g, _| Value::Int(g.count.cast_signed()) },
    Column { title: "TYPE", width: Width::Fixed(9), right: false, rank: 2, find: Find::Cell, way: Sorted::Down,
        cell: |g, _| sort(g), key: |g, _| Value::Int(i64::from(g.warning)) },
    Column { title: "REASON", width: Width::Grow(16, 1), right: false, rank: 0, find: Find::Text(|g| &g.reason), way: Sorted::Up,
        cell: |g, _| Span::new(g.reason.to_string(), if g.warning { Tone::Warn } else { Tone::Plain }),
        key: |g, _| Value::text(&g.reason) },
    Column { title: "OBJECTS", width: Width::Fixed(12), right: true, rank: 0, find: Find::Cell, way: Sorted::Down,
        cell: |g, _| objects(g), key: |g, _| number(g.objects) },
    Column { title: "NODES", width: Width::Fixed(5), right: true, rank: 1, find: Find::Cell, way: Sorted::Down,
        cell: |g, _| nodes(g), key: |g, _| number(g.nodes) },
    Column { title: "MESSAGE", width: Width::Grow(20, 6), right: false, rank: 3, find: Find::Text(|g| &g.message), way: Sorted::Up,
        cell: |g, _| text::plain(&g.message), key: |g, _| Value::text(&g.message) },
    Column { title: "SOURCE", width: Width::Grow(8, 1), right: false, rank: 6, find: Find::Text(|g| &g.source), way: Sorted::Up,
        cell: |g, _| Span::new(g.source.to_string(), Tone::Dim), key: |g, _| Value::text(&g.source) },
    cluster(),
];
