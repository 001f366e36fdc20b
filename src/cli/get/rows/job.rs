//! Rows of `get jobs`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{View, known, maybe_time, or_none, time};
use crate::model::{Fact, Job, JobId, System, age};

pub(super) const HEADS: &[&str] = &[
    "NAMESPACE",
    "ID",
    "PROJECT",
    "JOB",
    "REF",
    "STEP",
    "PHASE",
    "NODE",
    "WAIT",
    "RUN",
];
pub(super) const MORE: &[&str] = &["POOL", "POD", "ATTEMPT", "SYSTEM", "WHO", "FAILURE"];

/// What identifies a job among those of all systems.
pub(super) fn id(system: System, id: &JobId) -> String {
    format!("{}/{id}", system.0)
}

pub(super) fn json(view: &View<'_>, job: &Job) -> Value {
    let step = job.current_step();
    json!({
        "id": job.id.as_str(),
        "system": job.system().0,
        "project": known(job.project()),
        "pipeline": known(job.pipeline()),
        "run": known(job.run()),
        "name": known(job.name()),
        "ref": known(job.reference()),
        "commit": known(job.fact(Fact::Commit)),
        "author": known(job.author()),
        "url": known(job.fact(Fact::Url)),
        "attempt": job.attempt,
        "phase": job.phase.as_str(),
        "failure": known(&job.failure),
        "step": step.map(|(index, total, s)| json!({"index": index, "total": total, "name": &*s.name})),
        "namespace": known(job.namespace()),
        "pod": known(job.pod_name()),
        "node": job.node().map(|n| &**n),
        "pool": view.model.pool_of_job(job).map(|p| &**p),
        "created": time(job.created()),
        "started": maybe_time(job.started()),
        "ended": maybe_time(job.ended()),
        "wait_seconds": job.wait_seconds(view.now),
        "run_seconds": job.run_seconds(view.now),
    })
}

pub(super) fn cells(view: &View<'_>, job: &Job, wide: bool) -> Vec<String> {
    let what = match (job.pipeline(), job.name()) {
        ("", name) => name.to_owned(),
        (pipeline, name) => format!("{pipeline}/{name}"),
    };
    let seconds = |s: i64| age::human_duration(TimeDelta::seconds(s));
    let mut cells = vec![
        job.namespace().to_string(),
        job.id.to_string(),
        or_none(job.project()),
        or_none(&what),
        or_none(job.reference()),
        job.current_step()
            .map_or("<none>".into(), |(index, total, s)| {
                format!("{index}/{total} {}", s.name)
            }),
        job.phase.as_str().to_owned(),
        or_none(job.node().map(|n| &**n).unwrap_or_default()),
        seconds(job.wait_seconds(view.now)),
        job.run_seconds(view.now).map_or("<none>".into(), seconds),
    ];
    if wide {
        cells.extend([
            view.model
                .pool_of_job(job)
                .map_or("?".into(), |p| p.to_string()),
            or_none(job.pod_name()),
            job.attempt.map_or("<none>".into(), |a| a.to_string()),
            job.system().0.to_owned(),
            or_none(job.author()),
            or_none(&job.failure),
        ]);
    }
    cells
}
