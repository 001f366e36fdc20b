//! Rows of the platform's own pods: workers with what they have in hand, handlers with what they answer.

use super::replicas::pod_state;
use super::{Column, Cx, Find, RowKey, Rows, Scope, Value, cluster};
use crate::ci::worker::{Load, Part, part, registered_by};
use crate::engine::text;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::model::status::pod_status;
use crate::model::{Health, Ingress, Kind, Pod, Text};

/// The vocabulary of workers.
pub(crate) struct Workers;

/// The vocabulary of handlers.
pub(crate) struct Handlers;

fn pod_of<'a>(key: &RowKey, cx: &Cx<'a>, which: Part) -> Option<&'a Pod> {
    let RowKey::Pod(_, uid) = key else {
        return None;
    };
    let pod = cx.model.pod(uid)?;
    matches!(part(pod), Some((_, is)) if is == which).then_some(pod)
}

fn pods_of(cx: &Cx<'_>, which: Part) -> Vec<RowKey> {
    let pods = cx.model.pods();
    let own = pods.filter(|pod| matches!(part(pod), Some((_, is)) if is == which));
    own.map(|pod| RowKey::Pod(cx.no, pod.meta.uid.clone()))
        .collect()
}

macro_rules! crew {
    ($rows:ident, $part:expr, $name:literal, $columns:ident, |$row:ident, $cx:ident| $natural:expr) => {
        impl Rows for $rows {
            type Row<'a> = &'a Pod;
            const NAME: &'static str = $name;
            const IN_ORDER: bool = false;

            fn columns() -> &'static [Column<Self>] {
                $columns
            }

            fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<&'a Pod> {
                pod_of(key, cx, $part)
            }

            fn most(_: &Cx<'_>) -> usize {
                0
            }

            fn all(_: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
                pods_of(cx, $part)
            }

            fn within(row: &&Pod, _: &Scope, cx: &Cx<'_>) -> bool {
                cx.namespace.is_none_or(|ns| *ns == row.meta.namespace)
            }

            fn labels<'a>(row: &&'a Pod, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
                Some(&row.meta.labels)
            }

            fn natural($row: &&Pod, $cx: &Cx<'_>) -> Value {
                $natural
            }

            fn tie(row: &&Pod) -> (Text, Text) {
                (row.meta.namespace.clone(), row.meta.name.clone())
            }
        }
    };
}

crew!(Workers, Part::Worker, "workers", WORKERS, |pod, _cx| {
    Value::Int(i64::from(ready(pod)))
});
crew!(Handlers, Part::Handler, "handlers", HANDLERS, |pod, cx| {
    Value::Int(match broken(pod, cx) {
        0 => 1 + i64::from(ready(pod)),
        _ => 0,
    })
});

fn ready(pod: &Pod) -> bool {
    pod.condition("Ready").is_some_and(|c| c.holds())
}

/// `None`: the platform does not tell.
fn load(pod: &Pod, cx: &Cx<'_>) -> Option<Load> {
    cx.crew().load(pod)
}

fn running(pod: &Pod, cx: &Cx<'_>) -> Span {
    match load(pod, cx) {
        None => Span::new("not known", Tone::Dim),
        Some(load) if load.running == 0 => Span::new("0", Tone::Dim),
        Some(load) => Span::new(load.running.to_string(), Tone::Plain),
    }
}

/// What it took last and has not ended.
fn job(pod: &Pod, cx: &Cx<'_>) -> String {
    load(pod, cx)
        .and_then(|load| cx.model.job(&load.job?))
        .map(text::job_title)
        .unwrap_or_default()
}

fn took(pod: &Pod, cx: &Cx<'_>) -> Span {
    match load(pod, cx) {
        None => Span::new("not known", Tone::Dim),
        Some(Load { last: None, .. }) => Span::new("none yet", Tone::Dim),
        Some(Load { last: Some(at), .. }) => {
            Span::new(format!("{} ago", text::age(at, cx.now)), Tone::Plain)
        }
    }
}

/// The Ingresses that a handler registered.
pub(crate) fn registered<'a>(pod: &Pod, cx: &Cx<'a>) -> Vec<&'a Ingress> {
    let own = |ingress: &&Ingress| {
        ingress.meta.namespace == pod.meta.namespace
            && registered_by(&ingress.meta).is_some_and(|by| *by == *pod.meta.name)
    };
    cx.model.ingresses().filter(own).collect()
}

fn broken(pod: &Pod, cx: &Cx<'_>) -> usize {
    let all = registered(pod, cx);
    let routes = all.iter().flat_map(|i| cx.model.routes_health(&i.meta.uid));
    routes
        .filter(|r| matches!(r.health, Health::Broken(_)))
        .count()
}

fn routes(pod: &Pod, cx: &Cx<'_>) -> Span {
    if !cx.model.feed(Kind::Ingress).is_live() {
        return Span::new("? ingresses are not known", Tone::Warn);
    }
    let all = registered(pod, cx);
    let count: usize = all.iter().map(|i| i.routes.len()).sum();
    match (count, broken(pod, cx)) {
        (0, _) => Span::new("- registered none", Tone::Dim),
        (n, 0) => Span::new(format!("✓ {n} well"), Tone::Good),
        (n, bad) => Span::new(format!("✕ {bad} of {n} broken"), Tone::Bad),
    }
}

fn hosts(pod: &Pod, cx: &Cx<'_>) -> String {
    let mut hosts: Vec<&str> = Vec::new();
    for ingress in registered(pod, cx) {
        for route in &ingress.routes {
            if !route.host.is_empty() && !hosts.contains(&&*route.host) {
                hosts.push(&route.host);
            }
        }
    }
    hosts.join(", ")
}

fn node(pod: &Pod) -> Value {
    pod.node.as_ref().map_or(Value::Missing, Value::text)
}

#[rustfmt::skip]
static WORKERS: &[Column<Workers>] = &[
    Column { title: "WORKER", width: Width::Grow(20, 4), right: false, rank: 0, find: Find::Text(|p| &p.meta.name), way: Sorted::Up,
        cell: |p, _| text::plain(&p.meta.name), key: |p, _| Value::text(&p.meta.name) },
    Column { title: "STATE", width: Width::Grow(12, 2), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |p, cx| pod_state(p, cx), key: |p, _| Value::Int(i64::from(ready(p))) },
    Column { title: "JOBS", width: Width::Fixed(9), right: true, rank: 0, find: Find::Cell, way: Sorted::Down,
        cell: |p, cx| running(p, cx), key: |p, cx| load(p, cx).map_or(Value::Missing, |l| Value::Int(l.running.into())) },
    Column { title: "TOOK", width: Width::Fixed(11), right: true, rank: 1, find: Find::Moves, way: Sorted::Up,
        cell: |p, cx| took(p, cx), key: |p, cx| Value::age(load(p, cx).and_then(|l| l.last)) },
    Column { title: "LATEST", width: Width::Grow(16, 4), right: false, rank: 2, find: Find::Cell, way: Sorted::Up,
        cell: |p, cx| Span::new(job(p, cx), Tone::Plain), key: |p, cx| Value::text(&job(p, cx).into()) },
    Column { title: "NODE", width: Width::Grow(6, 1), right: false, rank: 3, find: Find::Text(|p| p.node.as_ref().map_or("", |n| n)), way: Sorted::Up,
        cell: |p, _| p.node.as_ref().map(text::plain).unwrap_or_default(), key: |p, _| node(p) },
    Column { title: "RESTARTS", width: Width::Fixed(13), right: true, rank: 5, find: Find::Moves, way: Sorted::Down,
        cell: |p, cx| Span::new(pod_status(p).restarts_text(cx.now), Tone::Plain), key: |p, _| Value::Int(pod_status(p).restarts) },
    Column { title: "AGE", width: Width::Fixed(6), right: true, rank: 4, find: Find::Moves, way: Sorted::Up,
        cell: |p, cx| Span::new(text::age(p.meta.created, cx.now), Tone::Dim), key: |p, _| Value::age(Some(p.meta.created)) },
    cluster(),
];

#[rustfmt::skip]
static HANDLERS: &[Column<Handlers>] = &[
    Column { title: "HANDLER", width: Width::Grow(18, 3), right: false, rank: 0, find: Find::Text(|p| &p.meta.name), way: Sorted::Up,
        cell: |p, _| text::plain(&p.meta.name), key: |p, _| Value::text(&p.meta.name) },
    Column { title: "STATE", width: Width::Grow(12, 2), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |p, cx| pod_state(p, cx), key: |p, _| Value::Int(i64::from(ready(p))) },
    Column { title: "ROUTES", width: Width::Grow(14, 1), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |p, cx| routes(p, cx), key: |p, cx| Value::Int(-i64::try_from(broken(p, cx)).unwrap_or(0)) },
    Column { title: "HOSTS", width: Width::Grow(14, 4), right: false, rank: 1, find: Find::Cell, way: Sorted::Up,
        cell: |p, cx| Span::new(hosts(p, cx), Tone::Plain), key: |p, cx| Value::text(&hosts(p, cx).into()) },
    Column { title: "NODE", width: Width::Grow(6, 1), right: false, rank: 2, find: Find::Text(|p| p.node.as_ref().map_or("", |n| n)), way: Sorted::Up,
        cell: |p, _| p.node.as_ref().map(text::plain).unwrap_or_default(), key: |p, _| node(p) },
    Column { title: "RESTARTS", width: Width::Fixed(13), right: true, rank: 5, find: Find::Moves, way: Sorted::Down,
        cell: |p, cx| Span::new(pod_status(p).restarts_text(cx.now), Tone::Plain), key: |p, _| Value::Int(pod_status(p).restarts) },
    Column { title: "AGE", width: Width::Fixed(6), right: true, rank: 3, find: Find::Moves, way: Sorted::Up,
        cell: |p, cx| Span::new(text::age(p.meta.created, cx.now), Tone::Dim), key: |p, _| Value::age(Some(p.meta.created)) },
    cluster(),
];
