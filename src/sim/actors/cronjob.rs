//! CronJobs create Jobs by the clock, and forget old ones.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::ctx::Ctx;
use super::event::Source;
use super::schedule::{Schedule, minutes};
use super::{template, workload};
use crate::sim::{Obj, resource, timestamp};

const CONTROLLER: &str = "cronjob-controller";
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// A Job of the CronJob.
struct Run {
    obj: Arc<Obj>,
    value: Value,
    /// How it ended: `Complete` or `Failed`.
    end: Option<&'static str>,
}

pub(crate) fn reconcile(ctx: &mut Ctx<'_>, obj: &Obj) {
    if obj.deleting {
        return;
    }
    let value = obj.value();
    let spec = &value["spec"];
    let runs = runs(ctx, obj);
    settle(ctx, obj, &value, &runs);
    forget_oldest(ctx, obj, spec, &runs);
    let schedule = Schedule::parse(
        spec["schedule"].as_str().unwrap_or_default(),
        spec["timeZone"].as_str(),
    );
    let schedule = match schedule {
        Ok(schedule) => schedule,
        Err(why) => {
            let text = format!("unparseable schedule: {} : {why}", spec["schedule"]);
            return tell(ctx, obj, true, "UnparseableSchedule", &text);
        }
    };
    if let Some(next) = schedule.next(ctx.now) {
        workload::resync(ctx, obj, next);
    }
    if spec["suspend"] == true {
        return;
    }
    let read = |v: &Value| v.as_str().and_then(|t| t.parse::<DateTime<Utc>>().ok());
    let since = read(&value["status"]["lastScheduleTime"])
        .or_else(|| read(&value["metadata"]["creationTimestamp"]))
        .unwrap_or(ctx.now);
    let Some(due) = schedule.last(since, ctx.now) else {
        return;
    };
    if let Some(limit) = spec["startingDeadlineSeconds"].as_i64()
        && due + Duration::seconds(limit.clamp(0, 31_536_000)) < ctx.now
    {
        let text = format!("Missed scheduled time to start a job: {}", due.to_rfc2822());
        return tell(ctx, obj, true, "MissSchedule", &text);
    }
    let active: Vec<&Run> = runs.iter().filter(|r| r.end.is_none()).collect();
    match spec["concurrencyPolicy"].as_str() {
        Some("Forbid") if !active.is_empty() => {
            let text = "Not starting job because prior execution is running and concurrency policy is Forbid";
            return tell(ctx, obj, false, "JobAlreadyActive", text);
        }
        Some("Replace") => {
            for run in active {
                ctx.delete(&run.obj);
                let text = format!("Deleted job {}", run.obj.name);
                tell(ctx, obj, false, "SuccessfulDelete", &text);
            }
        }
        _ => {}
    }
    start(ctx, obj, spec, due);
}

/// The Jobs that name it as their owner, controller or not, the oldest first.
fn runs(ctx: &Ctx<'_>, obj: &Obj) -> Vec<Run> {
    let mut all: Vec<Run> = ctx
        .store
        .list(resource("jobs"), Some(&obj.namespace))
        .map(|job| (job.clone(), job.value()))
        .filter(|(_, v)| {
            let owners = v["metadata"]["ownerReferences"].as_array();
            owners.is_some_and(|all| all.iter().any(|o| o["uid"] == *obj.uid))
        })
        .map(|(obj, value)| {
            let ended = |kind: &&str| {
                let all = value["status"]["conditions"].as_array();
                all.is_some_and(|c| {
                    c.iter()
                        .any(|c| c["type"] == **kind && c["status"] == "True")
                })
            };
            let end = ["Complete", "Failed"].into_iter().find(ended);
            Run { obj, value, end }
        })
        .collect();
    all.sort_by_key(|run| (started(run), run.obj.name.clone()));
    all
}

fn started(run: &Run) -> String {
    let at = &run.value["status"]["startTime"];
    let at = at
        .as_str()
        .or(run.value["metadata"]["creationTimestamp"].as_str());
    at.unwrap_or_default().to_owned()
}

fn start(ctx: &mut Ctx<'_>, obj: &Obj, spec: &Value, due: DateTime<Utc>) {
    let name = format!("{}-{}", obj.name, minutes(due));
    let mut meta = json!({"name": name, "namespace": &*obj.namespace,
        "ownerReferences": [template::owner_reference(obj)]});
    for key in ["labels", "annotations"] {
        let given = &spec["jobTemplate"]["metadata"][key];
        if given.is_object() {
            meta[key] = given.clone();
        }
    }
    meta["annotations"][SCHEDULED] = timestamp(due).into();
    let job = json!({"metadata": meta, "spec": spec["jobTemplate"]["spec"]});
    match ctx.store.create(ctx.now, resource("jobs"), job) {
        Ok(_) => {
            let text = format!("Created job {name}");
            tell(ctx, obj, false, "SuccessfulCreate", &text);
        }
        // It was created a moment ago.
        Err(status) if status.reason == "AlreadyExists" => {}
        Err(status) => {
            let text = format!("Error creating job: {}", status.message);
            tell(ctx, obj, true, "FailedCreate", &text);
        }
    }
    let at = timestamp(due);
    ctx.edit(obj.res, &obj.namespace, &obj.name, |v| {
        v["status"]["lastScheduleTime"] = at.into();
    });
}

/// What runs now, what has ended since the last look.
fn settle(ctx: &mut Ctx<'_>, obj: &Obj, value: &Value, runs: &[Run]) {
    let known = value["status"]["active"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for run in runs.iter().filter(|r| r.end.is_some()) {
        if known.iter().any(|k| k["uid"] == *run.obj.uid) {
            let end = run.end.unwrap_or_default();
            let text = format!("Saw completed job: {}, condition: {end}", run.obj.name);
            tell(ctx, obj, false, "SawCompletedJob", &text);
        }
    }
    let active: Vec<Value> = runs
        .iter()
        .filter(|r| r.end.is_none() && !r.value["metadata"]["annotations"][SCHEDULED].is_null())
        .map(|r| {
            json!({"kind": "Job", "namespace": &*r.obj.namespace, "name": &*r.obj.name, "uid": &*r.obj.uid,
                "apiVersion": "batch/v1", "resourceVersion": r.obj.rv.to_string()})
        })
        .collect();
    let done = runs
        .iter()
        .filter(|r| r.end == Some("Complete"))
        .filter_map(|r| r.value["status"]["completionTime"].as_str())
        .max()
        .map(str::to_owned);
    let same = |a: &[Value], b: &[Value]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a["uid"] == b["uid"])
    };
    ctx.edit(obj.res, &obj.namespace, &obj.name, |v| {
        if !v["status"].is_object() {
            v["status"] = json!({});
        }
        let before = v["status"]["active"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if active.is_empty() {
            if let Some(status) = v["status"].as_object_mut() {
                status.shift_remove("active");
            }
        } else if !same(&before, &active) {
            v["status"]["active"] = active.into();
        }
        if let Some(done) = done {
            let last = v["status"]["lastSuccessfulTime"]
                .as_str()
                .unwrap_or_default();
            if *done > *last {
                v["status"]["lastSuccessfulTime"] = done.into();
            }
        }
    });
}

/// Ended Jobs beyond those that are to be kept.
fn forget_oldest(ctx: &mut Ctx<'_>, obj: &Obj, spec: &Value, runs: &[Run]) {
    for (end, field, usual) in [
        ("Complete", "successfulJobsHistoryLimit", 3),
        ("Failed", "failedJobsHistoryLimit", 1),
    ] {
        let kept = usize::try_from(spec[field].as_u64().unwrap_or(usual)).unwrap_or(usize::MAX);
        let ended: Vec<&Run> = runs
            .iter()
            .filter(|r| r.end == Some(end) && !r.obj.deleting)
            .collect();
        for run in ended.iter().take(ended.len().saturating_sub(kept)) {
            ctx.delete(&run.obj);
            let text = format!("Deleted job {}", run.obj.name);
            tell(ctx, obj, false, "SuccessfulDelete", &text);
        }
    }
}

fn tell(ctx: &mut Ctx<'_>, obj: &Obj, warning: bool, reason: &str, text: &str) {
    let (api_version, kind) = workload::about(obj);
    let about = workload::about_of(obj, &api_version, kind);
    ctx.event(Source::Controller(CONTROLLER), about, warning, reason, text);
}
