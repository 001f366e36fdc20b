//! Rows of routes: a host and path of an Ingress, and what answers there.

use super::{Column, Cx, Find, RowKey, Rows, Scope, Value, cluster, registered};
use crate::engine::text;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::model::{Backend, Health, Ingress, Kind, Route, RouteHealth, Text};

/// The vocabulary.
pub(crate) struct Ingresses;

/// A route with its Ingress and how it stands.
pub(crate) struct RouteRow<'a> {
    pub(crate) ingress: &'a Ingress,
    pub(crate) route: &'a Route,
    pub(crate) health: Option<&'a RouteHealth>,
}

impl Rows for Ingresses {
    type Row<'a> = RouteRow<'a>;
    const NAME: &'static str = "ingresses";
    const IN_ORDER: bool = false;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<RouteRow<'a>> {
        let RowKey::Route(_, uid, at) = key else {
            return None;
        };
        let ingress = cx.model.ingress(uid)?;
        Some(RouteRow {
            ingress,
            route: ingress.routes.get(usize::from(*at))?,
            health: cx.model.routes_health(uid).get(usize::from(*at)),
        })
    }

    fn most(cx: &Cx<'_>) -> usize {
        cx.model.count(Kind::Ingress)
    }

    fn all(_: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let routes = |ingress: &Ingress| {
            let uid = ingress.meta.uid.clone();
            let count = u16::try_from(ingress.routes.len()).unwrap_or(u16::MAX);
            (0..count)
                .map(move |at| RowKey::Route(cx.no, uid.clone(), at))
                .collect::<Vec<_>>()
        };
        cx.model.ingresses().flat_map(routes).collect()
    }

    fn within(row: &RouteRow<'_>, scope: &Scope, cx: &Cx<'_>) -> bool {
        // What a handler registered.
        let own = match scope {
            Scope::Pod(_, uid) => cx.model.pod(uid).is_some_and(|pod| {
                let all = registered(pod, cx);
                all.iter().any(|i| i.meta.uid == row.ingress.meta.uid)
            }),
            _ => true,
        };
        own && cx
            .namespace
            .is_none_or(|ns| *ns == row.ingress.meta.namespace)
    }

    fn labels<'a>(row: &RouteRow<'a>, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        Some(&row.ingress.meta.labels)
    }

    /// What is broken on top, then what cannot be told.
    fn natural(row: &RouteRow<'_>, _: &Cx<'_>) -> Value {
        Value::Int(trouble(row))
    }

    fn tie(row: &RouteRow<'_>) -> (Text, Text) {
        (row.route.host.clone(), row.route.path.clone())
    }
}

fn trouble(row: &RouteRow<'_>) -> i64 {
    match row.health.map(|h| &h.health) {
        Some(Health::Broken(_)) => 0,
        Some(Health::Unknown(_)) | None => 1,
        Some(Health::Well { .. }) => 2,
    }
}

fn health(row: &RouteRow<'_>) -> Span {
    match row.health.map(|h| &h.health) {
        Some(Health::Well { ready, total }) => {
            Span::new(format!("✓ {ready}/{total} ready"), Tone::Good)
        }
        Some(Health::Broken(why)) => Span::new(format!("✕ {why}"), Tone::Bad),
        Some(Health::Unknown(why)) => Span::new(format!("? {why}"), Tone::Warn),
        None => Span::new("?", Tone::Dim),
    }
}

fn host(row: &RouteRow<'_>) -> String {
    if row.route.host.is_empty() {
        "*".to_owned()
    } else {
        row.route.host.to_string()
    }
}

/// `hooks:80`, or what else stands behind the route.
pub(crate) fn backend(route: &Route) -> String {
    match &route.backend {
        Backend::Service { name, port } => format!("{name}:{port}"),
        Backend::Resource(what) => what.to_string(),
    }
}

#[rustfmt::skip]
static COLUMNS: &[Column<Ingresses>] = &[
    Column { title: "HOST", width: Width::Grow(14, 2), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(host(r), Tone::Plain), key: |r, _| Value::Text(host(r).into()) },
    Column { title: "PATH", width: Width::Grow(6, 1), right: false, rank: 1, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| text::plain(&r.route.path), key: |r, _| Value::text(&r.route.path) },
    Column { title: "SERVICE", width: Width::Grow(10, 1), right: false, rank: 1, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(backend(r.route), Tone::Plain),
        key: |r, _| Value::Text(backend(r.route).into()) },
    Column { title: "HEALTH", width: Width::Grow(14, 3), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| health(r), key: |r, _| Value::Int(trouble(r)) },
    Column { title: "SINCE", width: Width::Fixed(6), right: true, rank: 2, find: Find::Moves, way: Sorted::Up,
        cell: |r, cx| Span::new(r.health.map(|h| text::age(h.since, cx.now)).unwrap_or_default(), Tone::Dim),
        key: |r, _| Value::age(r.health.map(|h| h.since)) },
    Column { title: "NAMESPACE", width: Width::Grow(9, 1), right: false, rank: 3, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| text::plain(&r.ingress.meta.namespace),
        key: |r, _| Value::text(&r.ingress.meta.namespace) },
    Column { title: "INGRESS", width: Width::Grow(9, 1), right: false, rank: 4, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| text::plain(&r.ingress.meta.name), key: |r, _| Value::text(&r.ingress.meta.name) },
    Column { title: "CLASS", width: Width::Fixed(8), right: false, rank: 5, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| text::plain(&r.ingress.class), key: |r, _| Value::text(&r.ingress.class) },
    Column { title: "ADDRESS", width: Width::Grow(10, 1), right: false, rank: 6, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| r.ingress.addresses.first().map(text::plain).unwrap_or_default(),
        key: |r, _| r.ingress.addresses.first().map_or(Value::Missing, Value::text) },
    cluster(),
];
