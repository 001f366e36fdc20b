//! Rows of `get workloads` and `get cronjobs`.

use serde_json::{Value, json};

use super::{View, known, maybe_time, or_none, time};
use crate::engine::rollout;
use crate::model::{Concurrency, CronJob, Kind, Update, Workload, age};

pub(super) const HEADS: &[&str] = &[
    "NAMESPACE",
    "KIND",
    "NAME",
    "READY",
    "UPDATED",
    "STATE",
    "AGE",
];
pub(super) const MORE: &[&str] = &["POOLS", "IMAGES"];
pub(super) const CRON_HEADS: &[&str] = &[
    "NAMESPACE",
    "NAME",
    "SCHEDULE",
    "NEXT",
    "LAST",
    "SUCCESS",
    "ACTIVE",
    "STATE",
    "AGE",
];
pub(super) const CRON_MORE: &[&str] = &["ZONE", "CONCURRENCY"];

/// Kinds of `get workloads`.
pub(super) const KINDS: [Kind; 4] = [
    Kind::DaemonSet,
    Kind::Deployment,
    Kind::ReplicaSet,
    Kind::StatefulSet,
];

/// Without the glyph, which is for eyes.
fn words(view: &View<'_>, workload: &Workload) -> String {
    let state = rollout::state(view.model, workload, view.now).text;
    plain(&state)
}

fn plain(state: &str) -> String {
    let behind = state.split_once(' ').map(|(_, words)| words);
    behind.unwrap_or(state).to_owned()
}

fn images(workload: &Workload) -> Vec<&str> {
    let containers = workload.template.containers.iter();
    containers.map(|c| &*c.image).collect()
}

fn pools(view: &View<'_>, workload: &Workload) -> String {
    let pods = view.model.pods_of_workload(workload);
    rollout::pools(view.model, &pods)
}

pub(super) fn json(view: &View<'_>, workload: &Workload) -> Value {
    json!({
        "namespace": &*workload.meta.namespace,
        "kind": Kind::from(workload.kind).word(),
        "name": &*workload.meta.name,
        "desired": workload.desired,
        "current": workload.current,
        "ready": workload.ready,
        "available": workload.available,
        "updated": workload.updated,
        "rolled_out": workload.is_rolled_out(),
        "paused": workload.paused,
        "update": match workload.update {
            Update::Rolling => "rolling",
            Update::Recreate => "recreate",
            Update::OnDelete => "on_delete",
        },
        "revision": workload.revision(),
        "images": images(workload),
        "restarted": maybe_time(workload.restarted),
        "message": words(view, workload),
        "created": time(workload.meta.created),
    })
}

pub(super) fn cells(view: &View<'_>, workload: &Workload, wide: bool) -> Vec<String> {
    let mut cells = vec![
        workload.meta.namespace.to_string(),
        Kind::from(workload.kind).word().to_owned(),
        workload.meta.name.to_string(),
        format!("{}/{}", workload.ready, workload.desired),
        workload.updated.to_string(),
        words(view, workload),
        age::since(Some(workload.meta.created), view.now),
    ];
    if wide {
        cells.push(or_none(&pools(view, workload)));
        cells.push(or_none(&images(workload).join(",")));
    }
    cells
}

fn concurrency(cron: &CronJob) -> &'static str {
    match cron.concurrency {
        Concurrency::Allow => "Allow",
        Concurrency::Forbid => "Forbid",
        Concurrency::Replace => "Replace",
    }
}

fn cron_words(view: &View<'_>, cron: &CronJob) -> String {
    plain(&rollout::cron_state(view.model, cron, view.now).text)
}

pub(super) fn cron_json(view: &View<'_>, cron: &CronJob) -> Value {
    let next = cron.next(view.now).ok().flatten();
    json!({
        "namespace": &*cron.meta.namespace,
        "name": &*cron.meta.name,
        "schedule": &*cron.schedule,
        "time_zone": known(&cron.time_zone),
        "suspended": cron.suspended,
        "next": maybe_time(next.filter(|_| !cron.suspended)),
        "last_scheduled": maybe_time(cron.last_scheduled),
        "last_succeeded": maybe_time(cron.last_succeeded),
        "active": cron.active,
        "concurrency": concurrency(cron),
        "starting_deadline_seconds": cron.deadline,
        "message": cron_words(view, cron),
        "created": time(cron.meta.created),
    })
}

pub(super) fn cron_cells(view: &View<'_>, cron: &CronJob, wide: bool) -> Vec<String> {
    let next = match cron.next(view.now) {
        _ if cron.suspended => "suspended".to_owned(),
        Ok(Some(at)) => format!("in {}", age::since(Some(view.now), at)),
        Ok(None) => "never".to_owned(),
        Err(_) => "?".to_owned(),
    };
    let ago = |at| match at {
        Some(_) => age::since(at, view.now),
        None => "<none>".to_owned(),
    };
    let mut cells = vec![
        cron.meta.namespace.to_string(),
        cron.meta.name.to_string(),
        cron.schedule.to_string(),
        next,
        ago(cron.last_scheduled),
        ago(cron.last_succeeded),
        cron.active.to_string(),
        cron_words(view, cron),
        age::since(Some(cron.meta.created), view.now),
    ];
    if wide {
        cells.push(or_none(&cron.time_zone));
        cells.push(concurrency(cron).to_owned());
    }
    cells
}
