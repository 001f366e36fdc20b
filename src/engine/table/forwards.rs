//! Rows of forwarded ports. They are actions; a row is the action's.

use super::{Column, Cx, Find, RowKey, Rows, Scope, Value, cluster};
use crate::engine::action::remote::forward::ForwardTask;
use crate::engine::action::run::Run;
use crate::engine::text;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::model::Text;

/// The vocabulary.
pub(crate) struct Forwards;

/// A forward and its action.
pub(crate) struct Row<'a> {
    run: &'a Run,
    forward: &'a ForwardTask,
}

fn row(run: &Run) -> Option<Row<'_>> {
    let forward = run.forward()?;
    Some(Row { run, forward })
}

impl Rows for Forwards {
    type Row<'a> = Row<'a>;
    const NAME: &'static str = "forwards";
    const ANYWHERE: bool = true;
    const IN_ORDER: bool = false;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<Row<'a>> {
        let RowKey::Action(id) = key else {
            return None;
        };
        row(cx.runs.iter().find(|run| run.id == *id)?)
    }

    fn most(cx: &Cx<'_>) -> usize {
        cx.runs.len()
    }

    fn all(_: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let forwards = cx.runs.iter().filter(|run| run.forward().is_some());
        forwards.map(|run| RowKey::Action(run.id)).collect()
    }

    fn within(_: &Row<'_>, _: &Scope, _: &Cx<'_>) -> bool {
        true
    }

    fn labels<'a>(_: &Row<'a>, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        None
    }

    /// Those that are open first, the last first.
    fn natural(row: &Row<'_>, _: &Cx<'_>) -> Value {
        let id = i64::try_from(row.run.id.0).unwrap_or(i64::MAX);
        Value::Pair(i64::from(row.run.over()), -id)
    }

    fn tie(row: &Row<'_>) -> (Text, Text) {
        (row.run.who.clone(), row.run.who.clone())
    }
}

fn local(row: &Row<'_>) -> Span {
    match row.forward.listens() {
        Some(port) => Span::new(format!("127.0.0.1:{port}"), Tone::Strong),
        None => Span::new("-", Tone::Dim),
    }
}

fn state(row: &Row<'_>) -> Span {
    if row.run.over() {
        Span::new("· closed", Tone::Dim)
    } else if row.forward.listens().is_none() {
        Span::new("● opening", Tone::Busy)
    } else if row.forward.nowhere() {
        Span::new("✕ no pod", Tone::Bad)
    } else {
        Span::new("✓ open", Tone::Good)
    }
}

fn to(row: &Row<'_>) -> String {
    row.forward.leads_to().map_or_else(String::new, |to| {
        format!("{}/{}:{}", to.namespace, to.pod, to.port)
    })
}

fn connections(row: &Row<'_>) -> String {
    let traffic = row.forward.traffic();
    format!("{} of {}", traffic.open, text::count(traffic.connections))
}

fn news(row: &Row<'_>) -> Span {
    let traffic = row.forward.traffic();
    let turned = row.forward.turned();
    if row.run.over() {
        Span::new(row.run.result(), Tone::Dim)
    } else if !turned.is_empty() {
        Span::new(turned.to_string(), Tone::Warn)
    } else if traffic.errors > 0 {
        let text = format!("{} failed: {}", traffic.errors, traffic.last_error);
        Span::new(text, Tone::Bad)
    } else {
        Span::default()
    }
}

fn bytes(count: u64) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

#[rustfmt::skip]
static COLUMNS: &[Column<Forwards>] = &[
    Column { title: "LOCAL", width: Width::Fixed(15), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| local(r), key: |r, _| Value::Int(i64::from(r.forward.listens().unwrap_or(0))) },
    Column { title: "STATE", width: Width::Fixed(9), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| state(r), key: |r, _| Value::Text(state(r).text.into()) },
    Column { title: "WHAT", width: Width::Grow(12, 2), right: false, rank: 1, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(r.run.title(), Tone::Plain), key: |r, _| Value::Text(r.run.title().into()) },
    Column { title: "LEADS TO", width: Width::Grow(14, 3), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(to(r), Tone::Plain), key: |r, _| Value::Text(to(r).into()) },
    Column { title: "CONNS", width: Width::Fixed(9), right: true, rank: 0, find: Find::Moves, way: Sorted::Down,
        cell: |r, _| Span::new(connections(r), Tone::Plain), key: |r, _| bytes(r.forward.traffic().connections) },
    Column { title: "SENT", width: Width::Fixed(7), right: true, rank: 1, find: Find::Moves, way: Sorted::Down,
        cell: |r, _| Span::new(text::bytes(r.forward.traffic().sent), Tone::Plain), key: |r, _| bytes(r.forward.traffic().sent) },
    Column { title: "RECEIVED", width: Width::Fixed(8), right: true, rank: 1, find: Find::Moves, way: Sorted::Down,
        cell: |r, _| Span::new(text::bytes(r.forward.traffic().received), Tone::Plain), key: |r, _| bytes(r.forward.traffic().received) },
    Column { title: "NEWS", width: Width::Grow(10, 4), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| news(r), key: |r, _| Value::Text(news(r).text.into()) },
    Column { find: Find::Text(|r| &r.run.context),
        cell: |r, _| text::plain(&r.run.context), key: |r, _| Value::text(&r.run.context), ..cluster() },
];
