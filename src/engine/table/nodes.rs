//! Rows of nodes.

use super::{Column, Cx, Find, RowKey, Rows, Scope, Value, cluster};
use crate::engine::nodelife::{Trait, leaves_short};
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::engine::{text, usage};
use crate::model::status::node_status;
use crate::model::{Kind, Node, Text, Truth};

/// The vocabulary.
pub(crate) struct Nodes;

impl Rows for Nodes {
    type Row<'a> = &'a Node;
    const NAME: &'static str = "nodes";
    const IN_ORDER: bool = true;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<&'a Node> {
        match key {
            RowKey::Node(_, name) => cx.model.node(name),
            _ => None,
        }
    }

    fn most(cx: &Cx<'_>) -> usize {
        cx.model.count(Kind::Node)
    }

    fn all(_: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        cx.model
            .nodes()
            .map(|node| RowKey::Node(cx.no, node.meta.name.clone()))
            .collect()
    }

    fn within(node: &&Node, scope: &Scope, cx: &Cx<'_>) -> bool {
        match scope {
            Scope::All => true,
            Scope::Pool(_, pool) => cx.model.pool_of_node(&node.meta.name) == Some(pool),
            Scope::Node(_, name) => node.meta.name == *name,
            Scope::Service(..)
            | Scope::Events(_)
            | Scope::Action(_)
            | Scope::Kind(_)
            | Scope::Workload(..)
            | Scope::Pod(..) => false,
        }
    }

    fn labels<'a>(node: &&'a Node, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        Some(&node.meta.labels)
    }

    /// What is not Ready on top, then what is cordoned.
    fn natural(node: &&Node, _: &Cx<'_>) -> Value {
        Value::Int(trouble(node))
    }

    fn tie(node: &&Node) -> (Text, Text) {
        (node.meta.name.clone(), node.meta.name.clone())
    }
}

fn trouble(node: &Node) -> i64 {
    match (node.is_ready(), node.unschedulable) {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => 2,
    }
}

/// Glyph and kubectl's words.
pub(crate) fn status(node: &Node) -> Span {
    let (glyph, tone) = match node.condition("Ready").map(|c| c.status) {
        Some(Truth::True) if node.unschedulable => ("⊘", Tone::Warn),
        Some(Truth::True) => ("■", Tone::Good),
        Some(Truth::False | Truth::Unknown) => ("✕", Tone::Bad),
        None => ("?", Tone::Warn),
    };
    Span::new(format!("{glyph} {}", node_status(node)), tone)
}

/// How it stands, and that it leaves.
fn standing(node: &Node) -> Span {
    let status = status(node);
    match leaves_short(node) {
        Some(sign) => Span::new(format!("{} {}", status.text, sign.text), sign.tone),
        None => status,
    }
}

fn requested(node: &Node, cx: &Cx<'_>) -> crate::model::Resources {
    cx.model
        .sums(&node.meta.name)
        .map(|s| s.requested)
        .unwrap_or_default()
}

fn jobs(node: &Node, cx: &Cx<'_>) -> i64 {
    cx.model.sums(&node.meta.name).map_or(0, |s| s.jobs)
}

fn share(part: i64, whole: i64) -> Span {
    let tone = if whole > 0 && part * 10 >= whole * 9 {
        Tone::Warn
    } else {
        Tone::Plain
    };
    Span::new(text::percent(part, whole), tone)
}

fn ratio(part: i64, whole: i64) -> Value {
    if whole > 0 {
        Value::Int(part.saturating_mul(1000) / whole)
    } else {
        Value::Missing
    }
}

/// What it has; `≠` where most of its pool have something else.
fn of_trait(node: &Node, cx: &Cx<'_>, what: Trait) -> Span {
    let value = what.of(node);
    match cx.of.usual().instead(cx.model, node, what) {
        Some(_) => Span::new(format!("≠ {value}"), Tone::Warn),
        None => text::plain(value),
    }
}

fn taints(node: &Node) -> String {
    node.taints
        .iter()
        .map(|t| &*t.key)
        .collect::<Vec<_>>()
        .join(",")
}

#[rustfmt::skip]
static COLUMNS: &[Column<Nodes>] = &[
    Column { title: "NODE", width: Width::Grow(8, 3), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |n, _| text::plain(&n.meta.name), key: |n, _| Value::text(&n.meta.name) },
    Column { title: "POOL", width: Width::Grow(8, 2), right: false, rank: 1, find: Find::Cell, way: Sorted::Up,
        cell: |n, cx| cx.model.pool_of_node(&n.meta.name).map(text::plain).unwrap_or_default(),
        key: |n, cx| cx.model.pool_of_node(&n.meta.name).map_or(Value::Missing, Value::text) },
    Column { title: "STATUS", width: Width::Grow(10, 2), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |n, _| standing(n), key: |n, _| Value::Int(trouble(n)) },
    Column { title: "JOBS", width: Width::Fixed(4), right: true, rank: 1, find: Find::Cell, way: Sorted::Down,
        cell: |n, cx| Span::new(jobs(n, cx).to_string(), Tone::Plain),
        key: |n, cx| Value::Int(jobs(n, cx)) },
    Column { title: "PODS", width: Width::Fixed(4), right: true, rank: 4, find: Find::Cell, way: Sorted::Down,
        cell: |n, cx| Span::new(requested(n, cx).pods.to_string(), Tone::Plain),
        key: |n, cx| Value::Int(requested(n, cx).pods) },
    Column { title: "CPU", width: Width::Fixed(5), right: true, rank: 2, find: Find::Cell, way: Sorted::Down,
        cell: |n, cx| share(requested(n, cx).cpu, n.allocatable.cpu),
        key: |n, cx| ratio(requested(n, cx).cpu, n.allocatable.cpu) },
    Column { title: "MEM", width: Width::Fixed(5), right: true, rank: 2, find: Find::Cell, way: Sorted::Down,
        cell: |n, cx| share(requested(n, cx).memory, n.allocatable.memory),
        key: |n, cx| ratio(requested(n, cx).memory, n.allocatable.memory) },
    Column { title: "CPU-USE", width: Width::Fixed(7), right: true, rank: 3, find: Find::Moves, way: Sorted::Down,
        cell: |n, cx| usage::share(usage::node_shares(n, cx.model).map(|s| s.0)),
        key: |n, cx| usage::node_shares(n, cx.model).map_or(Value::Missing, |s| Value::Int(s.0)) },
    Column { title: "MEM-USE", width: Width::Fixed(7), right: true, rank: 3, find: Find::Moves, way: Sorted::Down,
        cell: |n, cx| usage::share(usage::node_shares(n, cx.model).map(|s| s.1)),
        key: |n, cx| usage::node_shares(n, cx.model).map_or(Value::Missing, |s| Value::Int(s.1)) },
    Column { title: "AGE", width: Width::Fixed(6), right: true, rank: 3, find: Find::Moves, way: Sorted::Up,
        cell: |n, cx| Span::new(text::age(n.meta.created, cx.now), Tone::Dim),
        key: |n, _| Value::age(Some(n.meta.created)) },
    Column { title: "VERSION", width: Width::Fixed(11), right: false, rank: 5, find: Find::Cell, way: Sorted::Up,
        cell: |n, cx| of_trait(n, cx, Trait::Kubelet), key: |n, _| Value::text(&n.kubelet) },
    Column { title: "CORES", width: Width::Fixed(5), right: true, rank: 7, find: Find::Cell, way: Sorted::Down,
        cell: |n, _| Span::new(text::cpu(n.allocatable.cpu), Tone::Plain),
        key: |n, _| Value::Int(n.allocatable.cpu) },
    Column { title: "MEMORY", width: Width::Fixed(7), right: true, rank: 7, find: Find::Cell, way: Sorted::Down,
        cell: |n, _| Span::new(text::memory(n.allocatable.memory), Tone::Plain),
        key: |n, _| Value::Int(n.allocatable.memory) },
    Column { title: "OS", width: Width::Grow(12, 1), right: false, rank: 10, find: Find::Cell, way: Sorted::Up,
        cell: |n, cx| of_trait(n, cx, Trait::Os), key: |n, _| Value::text(&n.info.os) },
    Column { title: "KERNEL", width: Width::Grow(10, 1), right: false, rank: 11, find: Find::Cell, way: Sorted::Up,
        cell: |n, cx| of_trait(n, cx, Trait::Kernel), key: |n, _| Value::text(&n.info.kernel) },
    Column { title: "RUNTIME", width: Width::Grow(12, 1), right: false, rank: 11, find: Find::Cell, way: Sorted::Up,
        cell: |n, cx| of_trait(n, cx, Trait::Runtime), key: |n, _| Value::text(&n.info.runtime) },
    Column { title: "ARCH", width: Width::Fixed(7), right: false, rank: 10, find: Find::Cell, way: Sorted::Up,
        cell: |n, cx| of_trait(n, cx, Trait::Arch), key: |n, _| Value::text(&n.info.arch) },
    Column { title: "IP", width: Width::Fixed(15), right: false, rank: 8, find: Find::Cell, way: Sorted::Up,
        cell: |n, _| text::plain(&n.internal_ip), key: |n, _| Value::text(&n.internal_ip) },
    Column { title: "TAINTS", width: Width::Grow(8, 2), right: false, rank: 9, find: Find::Cell, way: Sorted::Up,
        cell: |n, _| Span::new(taints(n), Tone::Dim), key: |n, _| Value::text(&taints(n).into()) },
    cluster(),
];
