//! Rows of `get ingresses`.

use serde_json::{Value, json};

use super::{View, known, or_none, time};
use crate::model::{Backend, Health, Ingress, Route, RouteHealth, age};

pub(super) const HEADS: &[&str] = &[
    "NAMESPACE",
    "NAME",
    "CLASS",
    "HOSTS",
    "ADDRESS",
    "STATE",
    "AGE",
];
pub(super) const MORE: &[&str] = &["ROUTES"];

pub(super) fn json(view: &View<'_>, ingress: &Ingress) -> Value {
    let health = view.model.routes_health(&ingress.meta.uid);
    let routes: Vec<Value> = ingress
        .routes
        .iter()
        .enumerate()
        .map(|(at, r)| route(r, health.get(at)))
        .collect();
    let addresses: Vec<&str> = ingress.addresses.iter().map(|a| &**a).collect();
    json!({
        "namespace": &*ingress.meta.namespace,
        "name": &*ingress.meta.name,
        "class": known(&ingress.class),
        "addresses": addresses,
        "routes": routes,
        "created": time(ingress.meta.created),
    })
}

pub(super) fn cells(view: &View<'_>, ingress: &Ingress, wide: bool) -> Vec<String> {
    let mut hosts: Vec<&str> = ingress
        .routes
        .iter()
        .map(|r| if r.host.is_empty() { "*" } else { &*r.host })
        .collect();
    hosts.dedup();
    let addresses: Vec<&str> = ingress.addresses.iter().map(|a| &**a).collect();
    let mut cells = vec![
        ingress.meta.namespace.to_string(),
        ingress.meta.name.to_string(),
        or_none(&ingress.class),
        or_none(&hosts.join(",")),
        or_none(&addresses.join(",")),
        state(ingress, view.model.routes_health(&ingress.meta.uid)),
        age::since(Some(ingress.meta.created), view.now),
    ];
    if wide {
        let lines: Vec<String> = ingress
            .routes
            .iter()
            .map(|r| format!("{}{}→{}", r.host, r.path, backend(&r.backend)))
            .collect();
        cells.push(lines.join(" "));
    }
    cells
}

fn state(ingress: &Ingress, health: &[RouteHealth]) -> String {
    let count = |of: fn(&Health) -> bool| health.iter().filter(|h| of(&h.health)).count();
    let broken = count(|h| matches!(h, Health::Broken(_)));
    let unknown = count(|h| matches!(h, Health::Unknown(_)));
    match (broken, unknown) {
        (0, 0) => "well".to_owned(),
        (0, unknown) => format!("{unknown} unknown"),
        (broken, _) => format!("{broken} of {} broken", ingress.routes.len()),
    }
}

fn backend(backend: &Backend) -> String {
    match backend {
        Backend::Service { name, port } => format!("{name}:{port}"),
        Backend::Resource(what) => what.to_string(),
    }
}

fn route(route: &Route, health: Option<&RouteHealth>) -> Value {
    let (state, message, ready, total) = match health.map(|h| &h.health) {
        Some(Health::Well { ready, total }) => ("well", Value::Null, Some(ready), Some(total)),
        Some(Health::Broken(why)) => ("broken", known(why), None, None),
        Some(Health::Unknown(why)) => ("unknown", known(why), None, None),
        None => ("unknown", Value::Null, None, None),
    };
    json!({
        "host": known(&route.host),
        "path": known(&route.path),
        "backend": backend(&route.backend),
        "state": state,
        "message": message,
        "ready": ready,
        "total": total,
    })
}
