//! Rows of a DaemonSet by node: a row for each node that it is meant for, also those that have no pod of it.

use super::replicas::{pod_state, words};
use super::{Column, Cx, Find, RowKey, Rows, Scope, Value, cluster};
use crate::engine::rollout::{self, Absent, absence};
use crate::engine::text;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::model::status::pod_status;
use crate::model::{Kind, Node, Pod, Text, Workload};

/// The vocabulary.
pub(crate) struct Daemons;

/// A node, and the DaemonSet's pod on it or for it.
pub(crate) struct Daemon<'a> {
    pub(crate) node: &'a Node,
    pub(crate) pod: Option<&'a Pod>,
    absent: Absent,
    set: &'a Workload,
}

/// The pod of a DaemonSet on a node, or the one that is to come there.
pub(crate) fn on_node<'a>(cx: &Cx<'a>, set: &Workload, node: &str) -> Option<&'a Pod> {
    let own = |pod: &&Pod| {
        let owner = pod.meta.owner.as_ref();
        owner.is_some_and(|owner| owner.uid == set.meta.uid)
    };
    let bound = cx.model.pods_on(node).filter(own).last();
    // Few are not bound; the controller names the node of each.
    let meant = |pod: &&Pod| {
        let mut terms = pod.spec.node_terms.iter();
        pod.node.is_none()
            && terms.any(|term| {
                let mut names = term.expressions.iter();
                names.any(|(key, _, values)| {
                    &**key == "metadata.name" && values.iter().any(|v| **v == *node)
                })
            })
    };
    let unbound = set.current > set.ready;
    bound.or_else(|| unbound.then(|| cx.model.pods_of(&set.meta.uid).find(meant))?)
}

impl Rows for Daemons {
    type Row<'a> = Daemon<'a>;
    const NAME: &'static str = "nodes";
    const IN_ORDER: bool = false;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<Daemon<'a>> {
        let RowKey::Daemon(_, of) = key else {
            return None;
        };
        let (uid, name) = &**of;
        let set = cx.model.workload_by_uid(Kind::DaemonSet, uid)?;
        let node = cx.model.node(name)?;
        let pod = on_node(cx, set, name);
        let absent = absence(set, node);
        (pod.is_some() || absent != Absent::NotMeant).then_some(Daemon {
            node,
            pod,
            absent,
            set,
        })
    }

    fn most(cx: &Cx<'_>) -> usize {
        cx.model.count(Kind::Node)
    }

    fn all(scope: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let Scope::Workload(no, _, uid) = scope else {
            return Vec::new();
        };
        let nodes = cx.model.nodes().map(|n| n.meta.name.clone());
        nodes
            .map(|node| RowKey::Daemon(*no, (uid.clone(), node).into()))
            .collect()
    }

    fn within(_: &Daemon<'_>, scope: &Scope, _: &Cx<'_>) -> bool {
        matches!(scope, Scope::Workload(..))
    }

    fn labels<'a>(row: &Daemon<'a>, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        Some(&row.node.meta.labels)
    }

    /// Nodes that lack one on top, then what is not well; nodes that are kept off last.
    fn natural(row: &Daemon<'_>, _: &Cx<'_>) -> Value {
        Value::Int(match (row.pod, &row.absent) {
            (None, Absent::Missing) => 0,
            (Some(pod), _) if rollout::trouble(pod).is_some() => 1,
            (Some(_), _) => 2,
            (None, Absent::Tainted(_) | Absent::NotMeant) => 3,
        })
    }

    fn tie(row: &Daemon<'_>) -> (Text, Text) {
        (row.node.meta.name.clone(), crate::model::id::empty())
    }
}

fn state(row: &Daemon<'_>, cx: &Cx<'_>) -> Span {
    match (row.pod, &row.absent) {
        (Some(pod), _) => pod_state(pod, cx),
        (None, Absent::Tainted(taint)) => Span::new(format!("- kept off by {taint}"), Tone::Dim),
        (None, _) if !cx.model.feed(Kind::Pod).is_live() => {
            Span::new("? pods are not known", Tone::Warn)
        }
        (None, Absent::Missing | Absent::NotMeant) => Span::new("✕ has none", Tone::Bad),
    }
}

fn why(row: &Daemon<'_>, cx: &Cx<'_>) -> String {
    match (row.pod, &row.absent) {
        (Some(pod), _) if rollout::trouble(pod).is_some() => words(pod),
        (Some(_), Absent::Tainted(taint)) => format!("the node has {taint} now"),
        (Some(_), Absent::NotMeant) => "the node is not meant for it".to_owned(),
        (None, Absent::Missing) if !row.node.is_ready() => "the node is not Ready".to_owned(),
        (None, Absent::Missing) => match rollout::failure(cx.model, row.set) {
            Some(why) => why.to_owned(),
            None => "its controller has made none".to_owned(),
        },
        (Some(_) | None, _) => String::new(),
    }
}

fn pool<'a>(row: &Daemon<'_>, cx: &Cx<'a>) -> Option<&'a Text> {
    cx.model.pool_of_node(&row.node.meta.name)
}

#[rustfmt::skip]
static COLUMNS: &[Column<Daemons>] = &[
    Column { title: "NODE", width: Width::Grow(8, 2), right: false, rank: 0, find: Find::Text(|r| &r.node.meta.name), way: Sorted::Up,
        cell: |r, _| text::plain(&r.node.meta.name), key: |r, _| Value::text(&r.node.meta.name) },
    Column { title: "POOL", width: Width::Grow(13, 1), right: false, rank: 2, find: Find::Cell, way: Sorted::Up,
        cell: |r, cx| pool(r, cx).map(text::plain).unwrap_or_default(), key: |r, cx| pool(r, cx).map_or(Value::Missing, Value::text) },
    Column { title: "READY", width: Width::Fixed(5), right: true, rank: 1, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(r.pod.map(|p| pod_status(p).ready_text()).unwrap_or_else(|| "-".to_owned()), Tone::Plain),
        key: |r, _| r.pod.map_or(Value::Missing, |p| { let s = pod_status(p); Value::Int(i64::from(s.ready) - i64::from(s.total)) }) },
    Column { title: "STATE", width: Width::Grow(20, 3), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, cx| state(r, cx), key: |r, cx| Value::Text(state(r, cx).text.into()) },
    Column { title: "RESTARTS", width: Width::Fixed(13), right: true, rank: 4, find: Find::Moves, way: Sorted::Down,
        cell: |r, cx| Span::new(r.pod.map(|p| pod_status(p).restarts_text(cx.now)).unwrap_or_default(), Tone::Plain),
        key: |r, _| r.pod.map_or(Value::Missing, |p| Value::Int(pod_status(p).restarts)) },
    Column { title: "AGE", width: Width::Fixed(6), right: true, rank: 3, find: Find::Moves, way: Sorted::Up,
        cell: |r, cx| Span::new(r.pod.map(|p| text::age(p.meta.created, cx.now)).unwrap_or_default(), Tone::Dim),
        key: |r, _| Value::age(r.pod.map(|p| p.meta.created)) },
    Column { title: "WHY", width: Width::Grow(12, 4), right: false, rank: 1, find: Find::Cell, way: Sorted::Up,
        cell: |r, cx| Span::new(why(r, cx), Tone::Dim), key: |r, cx| Value::text(&why(r, cx).into()) },
    Column { title: "POD", width: Width::Grow(12, 1), right: false, rank: 5, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| r.pod.map(|p| text::plain(&p.meta.name)).unwrap_or_default(),
        key: |r, _| r.pod.map_or(Value::Missing, |p| Value::text(&p.meta.name)) },
    cluster(),
];
