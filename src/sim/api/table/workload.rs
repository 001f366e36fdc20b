//! Rows of Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs and budgets.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::core::labels;
use super::{age, array, text_or};
use crate::sim::api::human;
use crate::sim::api::select::Labels;

/// The cells of an object of that resource.
pub(super) fn cells(now: DateTime<Utc>, plural: &str, v: &Value) -> Vec<Value> {
    let (spec, status) = (&v["spec"], &v["status"]);
    let name = v["metadata"]["name"].clone();
    let count = |field: &str| -> Value { status[field].as_i64().unwrap_or(0).into() };
    let replicas = spec["replicas"].as_i64().unwrap_or(1);
    let ready = format!(
        "{}/{replicas}",
        status["readyReplicas"].as_i64().unwrap_or(0)
    );
    let [containers, images] = containers(&spec["template"]);
    let selector = || -> Value { selector(&spec["selector"]).into() };
    match plural {
        "deployments" => vec![
            name,
            ready.into(),
            count("updatedReplicas"),
            count("availableReplicas"),
            age(now, v),
            containers,
            images,
            selector(),
        ],
        "replicasets" => vec![
            name,
            replicas.into(),
            count("replicas"),
            count("readyReplicas"),
            age(now, v),
            containers,
            images,
            selector(),
        ],
        "statefulsets" => vec![name, ready.into(), age(now, v), containers, images],
        "daemonsets" => vec![
            name,
            count("desiredNumberScheduled"),
            count("currentNumberScheduled"),
            count("numberReady"),
            count("updatedNumberScheduled"),
            count("numberAvailable"),
            labels(&spec["template"]["spec"]["nodeSelector"]).into(),
            age(now, v),
            containers,
            images,
            selector(),
        ],
        "jobs" => vec![
            name,
            job_status(v).into(),
            completions(v).into(),
            job_duration(now, v).into(),
            age(now, v),
            containers,
            images,
            selector(),
        ],
        "cronjobs" => cronjob(now, v),
        "poddisruptionbudgets" => vec![
            name,
            limit(&spec["minAvailable"]),
            limit(&spec["maxUnavailable"]),
            count("disruptionsAllowed"),
            age(now, v),
        ],
        _ => vec![name, v["metadata"]["creationTimestamp"].clone()],
    }
}

fn selector(v: &Value) -> String {
    match Labels::of_object(v) {
        Some(labels) if labels.is_empty() => "<none>".to_owned(),
        Some(labels) => labels.to_string(),
        None => "<invalid>".to_owned(),
    }
}

fn containers(template: &Value) -> [Value; 2] {
    ["name", "image"].map(|field| {
        let all: Vec<&str> = array(&template["spec"]["containers"])
            .iter()
            .map(|c| c[field].as_str().unwrap_or_default())
            .collect();
        all.join(",").into()
    })
}

/// An int-or-string, `N/A` when unset.
fn limit(v: &Value) -> Value {
    match v {
        Value::Null => "N/A".into(),
        Value::String(s) => s.as_str().into(),
        other => other.to_string().into(),
    }
}

fn job_status(v: &Value) -> &'static str {
    let is = |kind: &str| {
        array(&v["status"]["conditions"])
            .iter()
            .find(|c| c["type"] == kind)
            .is_some_and(|c| c["status"] == "True")
    };
    if is("Complete") {
        "Complete"
    } else if is("Failed") {
        "Failed"
    } else if !v["metadata"]["deletionTimestamp"].is_null() {
        "Terminating"
    } else if is("Suspended") {
        "Suspended"
    } else if is("FailureTarget") {
        "FailureTarget"
    } else if is("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

fn completions(v: &Value) -> String {
    let done = v["status"]["succeeded"].as_i64().unwrap_or(0);
    match (
        v["spec"]["completions"].as_i64(),
        v["spec"]["parallelism"].as_i64(),
    ) {
        (Some(wanted), _) => format!("{done}/{wanted}"),
        (None, Some(parallel)) if parallel > 1 => format!("{done}/1 of {parallel}"),
        _ => format!("{done}/1"),
    }
}

fn job_duration(now: DateTime<Utc>, v: &Value) -> String {
    let at = |field: &str| v["status"][field].as_str().and_then(human::time);
    at("startTime").map_or_else(String::new, |start| {
        human::duration((at("completionTime").unwrap_or(now) - start).num_seconds())
    })
}

fn cronjob(now: DateTime<Utc>, v: &Value) -> Vec<Value> {
    let spec = &v["spec"];
    let last = v["status"]["lastScheduleTime"].as_str();
    let [containers, images] = containers(&spec["jobTemplate"]["spec"]["template"]);
    vec![
        v["metadata"]["name"].clone(),
        text_or(&spec["schedule"], ""),
        text_or(&spec["timeZone"], "<none>"),
        // The server prints this pointer to a boolean as text.
        if spec["suspend"] == true {
            "True"
        } else {
            "False"
        }
        .into(),
        array(&v["status"]["active"]).len().into(),
        last.map_or_else(|| "<none>".to_owned(), |at| human::since_text(now, at))
            .into(),
        age(now, v),
        containers,
        images,
        selector(&spec["jobTemplate"]["spec"]["selector"]).into(),
    ]
}
