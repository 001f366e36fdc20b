//! Rows of events that are alike, and of the life they stand in.

use super::column::cluster;
use super::{Column, Cx, Find, RowKey, Rows, Scope, Value};
use crate::engine::events::{EventRow, Sort};
use crate::engine::text;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::model::Text;

/// The vocabulary.
pub(crate) struct Events;

impl Rows for Events {
    type Row<'a> = &'a EventRow;
    const NAME: &'static str = "events";
    const IN_ORDER: bool = false;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<&'a EventRow> {
        match key {
            RowKey::Event(no, key) if *no == cx.no => cx.book.row(*key),
            _ => None,
        }
    }

    fn most(cx: &Cx<'_>) -> usize {
        cx.book.rows.len()
    }

    fn all(_: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let rows = cx.book.rows.iter();
        rows.map(|row| RowKey::Event(cx.no, row.key)).collect()
    }

    fn within(row: &&EventRow, _: &Scope, cx: &Cx<'_>) -> bool {
        let namespace = cx.namespace.is_none_or(|ns| *ns == row.namespace);
        cx.book.of_one() || row.namespace.is_empty() || namespace
    }

    fn labels<'a>(_: &&'a EventRow, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        None
    }

    /// A story from its beginning; of many objects the newest on top.
    fn natural(row: &&EventRow, cx: &Cx<'_>) -> Value {
        if cx.book.of_one() {
            Value::Pair(row.first.timestamp(), turn(row))
        } else {
            Value::Int(-row.last.timestamp_millis())
        }
    }

    fn tie(row: &&EventRow) -> (Text, Text) {
        (row.name.clone(), row.reason.clone())
    }
}

/// The order of what happens within a second: what the thing did, then what was told of it, as kubelets go.
fn turn(row: &EventRow) -> i64 {
    const ORDER: [&str; 5] = ["Scheduled", "Pulling", "Pulled", "Created", "Started"];
    if matches!(row.sort, Sort::Life(_)) {
        return 0;
    }
    let at = ORDER.iter().position(|reason| *reason == &*row.reason);
    at.map_or(9, |at| i64::try_from(at).unwrap_or(8) + 1)
}

fn sort(row: &EventRow) -> Span {
    match row.sort {
        Sort::Warning => Span::new("▲ Warning", Tone::Warn),
        Sort::Normal => Span::new("· Normal", Tone::Dim),
        Sort::Life(_) => Span::new("◆ life", Tone::Accent),
    }
}

fn reason(row: &EventRow) -> Span {
    let tone = match row.sort {
        Sort::Warning => Tone::Warn,
        Sort::Normal => Tone::Plain,
        Sort::Life(tone) => tone,
    };
    Span::new(row.reason.to_string(), tone)
}

/// `×12`; nothing for what was seen once.
pub(super) fn times(count: u64) -> Span {
    match count {
        0 | 1 => Span::default(),
        n => Span::new(format!("×{}", text::count(n)), Tone::Plain),
    }
}

/// The object, or of one whose list it is the container.
fn object(row: &EventRow, cx: &Cx<'_>) -> String {
    if cx.book.of_one() {
        return row.container.to_string();
    }
    match (&*row.kind, &*row.namespace) {
        ("Pod", namespace) => format!("{namespace}/{}", row.name),
        (kind, "") => format!("{} {}", kind.to_lowercase(), row.name),
        (kind, namespace) => format!("{} {namespace}/{}", kind.to_lowercase(), row.name),
    }
}

fn message(row: &EventRow) -> Span {
    let tone = match row.sort {
        Sort::Life(_) => Tone::Strong,
        Sort::Warning | Sort::Normal => Tone::Plain,
    };
    Span::new(row.message.to_string(), tone)
}

#[rustfmt::skip]
static COLUMNS: &[Column<Events>] = &[
    Column { title: "LAST", width: Width::Fixed(6), right: true, rank: 0, find: Find::Moves, way: Sorted::Up,
        cell: |r, cx| Span::new(text::age(r.last, cx.now), Tone::Dim), key: |r, _| Value::age(Some(r.last)) },
    Column { title: "FIRST", width: Width::Fixed(6), right: true, rank: 3, find: Find::Moves, way: Sorted::Up,
        cell: |r, cx| if r.first == r.last { Span::default() } else { Span::new(text::age(r.first, cx.now), Tone::Dim) },
        key: |r, _| Value::age(Some(r.first)) },
    Column { title: "COUNT", width: Width::Fixed(5), right: true, rank: 1, find: Find::Cell, way: Sorted::Down,
        cell: |r, _| times(r.count), key: |r, _| Value::Int(r.count.cast_signed()) },
    Column { title: "TYPE", width: Width::Fixed(9), right: false, rank: 2, find: Find::Cell, way: Sorted::Down,
        cell: |r, _| sort(r), key: |r, _| Value::Int(i64::from(r.sort == Sort::Warning)) },
    Column { title: "REASON", width: Width::Grow(16, 1), right: false, rank: 0, find: Find::Text(|r| &r.reason), way: Sorted::Up,
        cell: |r, _| reason(r), key: |r, _| Value::text(&r.reason) },
    Column { title: "OBJECT", width: Width::Grow(12, 2), right: false, rank: 4, find: Find::Written(|r, cx, to| to.push_str(&object(r, cx))), way: Sorted::Up,
        cell: |r, cx| Span::new(object(r, cx), Tone::Plain), key: |r, cx| Value::text(&object(r, cx).into()) },
    Column { title: "MESSAGE", width: Width::Grow(24, 8), right: false, rank: 0, find: Find::Text(|r| &r.message), way: Sorted::Up,
        cell: |r, _| message(r), key: |r, _| Value::text(&r.message) },
    Column { title: "NODE", width: Width::Grow(6, 1), right: false, rank: 5, find: Find::Text(|r| &r.node), way: Sorted::Up,
        cell: |r, _| text::plain(&r.node), key: |r, _| Value::text(&r.node) },
    Column { title: "SOURCE", width: Width::Grow(8, 1), right: false, rank: 6, find: Find::Text(|r| &r.source), way: Sorted::Up,
        cell: |r, _| Span::new(r.source.to_string(), Tone::Dim), key: |r, _| Value::text(&r.source) },
    cluster(),
];
