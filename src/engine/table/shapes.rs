//! Rows of job shapes: what jobs of one name usually use of what they ask for.

use super::column::cluster;
use super::{Column, Cx, Find, RowKey, Rows, Scope, Value};
use crate::engine::text;
use crate::engine::usage::cpu;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::model::Text;
use crate::model::id::empty;
use crate::model::shapes::{Fit, Shape};

/// The vocabulary.
pub(crate) struct Shapes;

impl Rows for Shapes {
    type Row<'a> = (&'a Text, &'a Shape);
    const NAME: &'static str = "job shapes";
    const IN_ORDER: bool = false;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<Self::Row<'a>> {
        match key {
            RowKey::Shape(no, name) if *no == cx.no => cx.model.usages().shapes().entry(name),
            _ => None,
        }
    }

    fn most(cx: &Cx<'_>) -> usize {
        cx.model.usages().shapes().len()
    }

    fn all(_: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let shapes = cx.model.usages().shapes().iter();
        shapes
            .map(|(name, _)| RowKey::Shape(cx.no, name.clone()))
            .collect()
    }

    fn within(_: &Self::Row<'_>, _: &Scope, _: &Cx<'_>) -> bool {
        true
    }

    fn labels<'a>(_: &Self::Row<'a>, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        None
    }

    /// Those that waste most on top: by what their like ask for and never use.
    fn natural((_, shape): &Self::Row<'_>, _: &Cx<'_>) -> Value {
        let weight = |fit| match fit {
            Fit::Tight => 0,
            Fit::Oversized => 1,
            Fit::Fits => 2,
            Fit::Unknown => 3,
        };
        let first = weight(shape.memory_fit()).min(weight(shape.cpu_fit()));
        Value::Pair(first, -i64::from(shape.samples))
    }

    fn tie((name, _): &Self::Row<'_>) -> (Text, Text) {
        ((*name).clone(), empty())
    }
}

fn shares(shares: Option<(u32, u32)>) -> Span {
    match shares {
        Some((p50, p95)) => Span::new(format!("{p50}/{p95}%"), Tone::Plain),
        None => Span::new("-", Tone::Dim),
    }
}

fn by(shares: Option<(u32, u32)>) -> Value {
    shares.map_or(Value::Missing, |(_, p95)| Value::Int(p95.into()))
}

fn verdict(shape: &Shape) -> Span {
    let mut words = Vec::new();
    let mut tone = Tone::Good;
    for (what, fit) in [("cpu", shape.cpu_fit()), ("memory", shape.memory_fit())] {
        match fit {
            Fit::Oversized => words.push(format!("▽ {what} oversized")),
            Fit::Tight => words.push(format!("▲ {what} tight")),
            Fit::Unknown => words.push(format!("? {what}")),
            Fit::Fits => continue,
        }
        tone = if fit == Fit::Unknown {
            Tone::Dim
        } else {
            Tone::Warn
        };
    }
    if words.is_empty() {
        return Span::new("✓ fits", Tone::Good);
    }
    Span::new(words.join(", "), tone)
}

#[rustfmt::skip]
static COLUMNS: &[Column<Shapes>] = &[
    Column { title: "SHAPE", width: Width::Grow(20, 4), right: false, rank: 0, find: Find::Text(|(name, _)| name), way: Sorted::Up,
        cell: |(name, _), _| text::plain(name), key: |(name, _), _| Value::text(name) },
    Column { title: "VERDICT", width: Width::Grow(18, 3), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |(_, s), _| verdict(s), key: |(_, s), _| Value::Text(verdict(s).text.as_ref().into()) },
    Column { title: "CPU", width: Width::Fixed(9), right: true, rank: 0, find: Find::Moves, way: Sorted::Up,
        cell: |(_, s), _| shares(s.cpu()), key: |(_, s), _| by(s.cpu()) },
    Column { title: "MEM", width: Width::Fixed(9), right: true, rank: 0, find: Find::Moves, way: Sorted::Up,
        cell: |(_, s), _| shares(s.memory()), key: |(_, s), _| by(s.memory()) },
    Column { title: "ASKS", width: Width::Fixed(10), right: true, rank: 1, find: Find::Moves, way: Sorted::Down,
        cell: |(_, s), _| Span::new(format!("{} {}", text::cpu(s.asks.cpu), text::memory(s.asks.memory)), Tone::Plain),
        key: |(_, s), _| Value::Pair(s.asks.cpu, s.asks.memory) },
    Column { title: "MOST", width: Width::Fixed(11), right: true, rank: 2, find: Find::Moves, way: Sorted::Down,
        cell: |(_, s), _| Span::new(format!("{} {}", cpu(s.most_cpu), text::memory(s.most_memory)), Tone::Plain),
        key: |(_, s), _| Value::Pair(s.most_cpu, s.most_memory) },
    Column { title: "FIGURES", width: Width::Fixed(7), right: true, rank: 3, find: Find::Moves, way: Sorted::Down,
        cell: |(_, s), _| Span::new(text::count(s.samples.into()), Tone::Dim), key: |(_, s), _| Value::Int(s.samples.into()) },
    Column { title: "LAST", width: Width::Fixed(6), right: true, rank: 4, find: Find::Moves, way: Sorted::Up,
        cell: |(_, s), cx| Span::new(text::age(s.last, cx.now), Tone::Dim), key: |(_, s), _| Value::age(Some(s.last)) },
    cluster(),
];
