//! Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs and CronJobs.

use serde_json::Value;

use super::container;
use super::meta;
use super::pod;
use super::writer::{Pair, Writer, items, pair, selector, text, toned};
use crate::engine::view::Tone;

pub(super) fn describe(w: &mut Writer, kind: &str, object: &Value) {
    let (spec, status) = (&object["spec"], &object["status"]);
    let mut pairs: Vec<Option<Pair>> = match kind {
        "Job" => job(w, spec, status),
        "CronJob" => cron(w, spec, status),
        "DaemonSet" => vec![Some((
            "pods".to_owned(),
            counted(
                status["numberReady"].as_i64().unwrap_or(0),
                status["desiredNumberScheduled"].as_i64(),
                &format!(
                    "{} up to date, {} available, {} misscheduled",
                    or_zero(&status["updatedNumberScheduled"]),
                    or_zero(&status["numberAvailable"]),
                    or_zero(&status["numberMisscheduled"])
                ),
            ),
        ))],
        _ => vec![Some((
            "replicas".to_owned(),
            counted(
                status["readyReplicas"].as_i64().unwrap_or(0),
                spec["replicas"].as_i64().or(Some(1)),
                &format!(
                    "{} up to date, {} available",
                    or_zero(&status["updatedReplicas"]),
                    or_zero(&status["availableReplicas"])
                ),
            ),
        ))],
    };
    let observed = status["observedGeneration"].as_i64();
    if let (Some(observed), Some(generation)) =
        (observed, object["metadata"]["generation"].as_i64())
        && observed < generation
    {
        let text = "▲ its controller has not seen the last change yet";
        pairs.push(Some(("generation".to_owned(), toned(text, Tone::Warn))));
    }
    pairs.extend([
        pair("selector", selector(&spec["selector"])),
        pair("strategy", strategy(&spec["strategy"])),
        pair("update strategy", strategy(&spec["updateStrategy"])),
        pair("pod management", text(&spec["podManagementPolicy"])),
        pair("service", text(&spec["serviceName"])),
        pair(
            "progress deadline",
            seconds(&spec["progressDeadlineSeconds"]),
        ),
        pair("min ready", seconds(&spec["minReadySeconds"])),
        pair("revision history", text(&spec["revisionHistoryLimit"])),
        pair("paused", text(&spec["paused"])),
        pair("current revision", text(&status["currentRevision"])),
        pair("update revision", text(&status["updateRevision"])),
    ]);
    w.pairs(1, pairs);
    meta::conditions(w, &status["conditions"], |kind| {
        !matches!(
            kind,
            "ReplicaFailure" | "Failed" | "FailureTarget" | "Suspended"
        )
    });
    let template = if kind == "CronJob" {
        &spec["jobTemplate"]["spec"]["template"]
    } else {
        &spec["template"]
    };
    w.section("Pod template");
    w.pairs(1, pod::placing(&template["spec"]));
    container::templates(w, &template["spec"]);
    pod::volumes(w, &template["spec"]);
    claims(w, spec);
}

fn job(w: &Writer, spec: &Value, status: &Value) -> Vec<Option<Pair>> {
    vec![
        pair(
            "pods",
            format!(
                "{} active, {} succeeded, {} failed",
                or_zero(&status["active"]),
                or_zero(&status["succeeded"]),
                or_zero(&status["failed"])
            ),
        ),
        pair("completions", text(&spec["completions"])),
        pair("completion mode", text(&spec["completionMode"])),
        pair("parallelism", text(&spec["parallelism"])),
        pair("backoff limit", text(&spec["backoffLimit"])),
        pair("active deadline", seconds(&spec["activeDeadlineSeconds"])),
        pair(
            "kept after its end",
            seconds(&spec["ttlSecondsAfterFinished"]),
        ),
        pair("suspended", text(&spec["suspend"])),
        pair("started", w.when(&status["startTime"])),
        pair("completed", w.when(&status["completionTime"])),
    ]
}

fn cron(w: &Writer, spec: &Value, status: &Value) -> Vec<Option<Pair>> {
    let active: Vec<String> = items(&status["active"])
        .iter()
        .map(|job| text(&job["name"]))
        .collect();
    let suspended = (spec["suspend"] == true).then(|| {
        (
            "suspended".to_owned(),
            toned("▲ yes: it starts nothing", Tone::Warn),
        )
    });
    vec![
        pair("schedule", text(&spec["schedule"])),
        pair("time zone", text(&spec["timeZone"])),
        suspended,
        pair("concurrency", text(&spec["concurrencyPolicy"])),
        pair(
            "starting deadline",
            seconds(&spec["startingDeadlineSeconds"]),
        ),
        pair("last schedule", w.when(&status["lastScheduleTime"])),
        pair("last success", w.when(&status["lastSuccessfulTime"])),
        pair("active", active.join(", ")),
        pair("kept successes", text(&spec["successfulJobsHistoryLimit"])),
        pair("kept failures", text(&spec["failedJobsHistoryLimit"])),
    ]
}

fn claims(w: &mut Writer, spec: &Value) {
    let list = items(&spec["volumeClaimTemplates"]);
    if list.is_empty() {
        return;
    }
    w.section("Volume claims");
    for claim in list {
        let spec = &claim["spec"];
        let of = [
            text(&spec["resources"]["requests"]["storage"]),
            text(&spec["accessModes"]),
            text(&spec["storageClassName"]),
        ];
        let of: Vec<&str> = of
            .iter()
            .map(String::as_str)
            .filter(|t| !t.is_empty())
            .collect();
        w.pairs(1, [pair(&text(&claim["metadata"]["name"]), of.join(" "))]);
    }
}

fn counted(ready: i64, wanted: Option<i64>, rest: &str) -> crate::engine::view::Line {
    let wanted = wanted.unwrap_or(0);
    let (glyph, tone) = if ready >= wanted {
        ("✓", Tone::Good)
    } else {
        ("▲", Tone::Warn)
    };
    let mut line = toned(format!("{glyph} {ready}/{wanted} ready"), tone);
    line.extend(toned(format!(", {rest}"), Tone::Plain));
    line
}

fn or_zero(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

fn strategy(value: &Value) -> String {
    let kind = text(&value["type"]);
    let rolling = super::writer::joined(&value["rollingUpdate"], " ");
    if rolling.is_empty() {
        kind
    } else {
        format!("{kind} ({rolling})")
    }
}

fn seconds(value: &Value) -> String {
    value.as_i64().map(|s| format!("{s}s")).unwrap_or_default()
}
