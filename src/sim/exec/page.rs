//! What a simulated container's port answers to HTTP: a small page, its health, and figures of the platform.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::place::Place;
use crate::sim::resource;
use crate::sim::store::Store;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

/// The page of a path.
pub(crate) fn page(
    store: &Store,
    now: DateTime<Utc>,
    place: &Place,
    port: u16,
    path: &str,
) -> Page {
    let path = path.split('?').next().unwrap_or(path);
    let text = |status, body: String| Page {
        status,
        content_type: "text/plain; charset=utf-8",
        body,
    };
    match path {
        "/" | "" => Page {
            status: 200,
            content_type: "text/html; charset=utf-8",
            body: format!(
                "<!doctype html><title>{pod}</title><h1>{pod}</h1><p>{container} in {namespace}, port {port}, node {node}, {now}</p>\n",
                pod = place.pod,
                container = place.container,
                namespace = place.namespace,
                node = place.node,
                now = now.format("%H:%M:%S"),
            ),
        },
        "/healthz" | "/readyz" | "/livez" => text(200, "ok\n".to_owned()),
        "/metrics" => Page {
            content_type: "text/plain; version=0.0.4",
            ..text(200, metrics(store, now, place))
        },
        _ => text(404, "404 page not found\n".to_owned()),
    }
}

/// In the text format of Prometheus: the queue's depth, by the annotation of each of its ConfigMaps.
fn metrics(store: &Store, now: DateTime<Utc>, place: &Place) -> String {
    let mut out = String::from(
        "# HELP constable_queue_depth Jobs that wait for a worker.\n# TYPE constable_queue_depth gauge\n",
    );
    for map in store.list(resource("configmaps"), Some("ci-system")) {
        let value = map.value();
        if let Some(depth) = value["metadata"]["annotations"]["jobs.constable/depth"].as_str() {
            // Writing into a String cannot fail.
            let _ = writeln!(
                out,
                "constable_queue_depth{{queue=\"{}\"}} {depth}",
                map.name
            );
        }
    }
    let up = place
        .started
        .map_or(0, |at| (now - at).num_seconds().max(0));
    let _ = write!(
        out,
        "# HELP process_uptime_seconds Seconds since the process began.\n# TYPE process_uptime_seconds gauge\nprocess_uptime_seconds{{pod=\"{}\"}} {up}\n",
        place.pod
    );
    out
}
