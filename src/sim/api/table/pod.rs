//! The row of a pod: READY, STATUS and RESTARTS as kubectl 1.37 shows them.
//!
//! Reads only what it needs from the stored bytes: a table of 30,000 pods is asked for at once.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::Completed;
use crate::sim::api::human;
use crate::sim::object::Obj;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Pod {
    metadata: Option<Meta>,
    spec: Option<Spec>,
    status: Option<PodStatus>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Meta {
    creation_timestamp: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
    readiness_gates: Option<Vec<Gate>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Gate {
    condition_type: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    name: Option<String>,
    restart_policy: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PodStatus {
    phase: Option<String>,
    reason: Option<String>,
    conditions: Option<Vec<Condition>>,
    #[serde(rename = "podIPs")]
    pod_ips: Option<Vec<Ip>>,
    nominated_node_name: Option<String>,
    init_container_statuses: Option<Vec<ContainerStatus>>,
    container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Ip {
    ip: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Condition {
    r#type: Option<String>,
    status: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatus {
    name: Option<String>,
    ready: Option<bool>,
    started: Option<bool>,
    restart_count: Option<i64>,
    state: Option<State>,
    last_state: Option<State>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct State {
    waiting: Option<Waiting>,
    running: Option<Running>,
    terminated: Option<Terminated>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Waiting {
    reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Running {}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Terminated {
    exit_code: Option<i64>,
    signal: Option<i64>,
    reason: Option<String>,
    finished_at: Option<String>,
}

impl Terminated {
    fn code(&self) -> i64 {
        self.exit_code.unwrap_or(0)
    }

    /// Its reason, or signal or exit code where it has none.
    fn text(&self) -> String {
        match (&self.reason, self.signal.unwrap_or(0)) {
            (Some(reason), _) if !reason.is_empty() => reason.clone(),
            (_, 0) => format!("ExitCode:{}", self.code()),
            (_, signal) => format!("Signal:{signal}"),
        }
    }
}

impl ContainerStatus {
    fn terminated(&self) -> Option<&Terminated> {
        self.state.as_ref()?.terminated.as_ref()
    }

    fn waiting(&self) -> Option<&str> {
        self.state
            .as_ref()?
            .waiting
            .as_ref()?
            .reason
            .as_deref()
            .filter(|r| !r.is_empty())
    }

    fn running(&self) -> bool {
        self.state.as_ref().is_some_and(|s| s.running.is_some())
    }
}

/// Restarts, and when the last run before one ended.
#[derive(Default)]
struct Restarts {
    count: i64,
    last: Option<DateTime<Utc>>,
}

impl Restarts {
    fn add(&mut self, status: &ContainerStatus) {
        self.count += status.restart_count.unwrap_or(0);
        let ended = status
            .last_state
            .as_ref()
            .and_then(|s| s.terminated.as_ref());
        let ended = ended
            .and_then(|t| t.finished_at.as_deref())
            .and_then(human::time);
        self.last = self.last.max(ended);
    }
}

/// READY, STATUS, RESTARTS.
fn summary(now: DateTime<Utc>, spec: &Spec, status: &PodStatus, deleting: bool) -> [String; 3] {
    let none = Vec::new();
    let conditions = status.conditions.as_ref().unwrap_or(&none);
    let is_true = |kind: &str| {
        conditions
            .iter()
            .any(|c| c.r#type.as_deref() == Some(kind) && c.status.as_deref() == Some("True"))
    };
    let phase = status.phase.as_deref().unwrap_or_default();
    let status_reason = status.reason.as_deref().unwrap_or_default();
    let mut reason = if status_reason.is_empty() {
        phase
    } else {
        status_reason
    }
    .to_owned();
    if conditions.iter().any(|c| {
        c.r#type.as_deref() == Some("PodScheduled")
            && c.reason.as_deref() == Some("SchedulingGated")
    }) {
        reason = "SchedulingGated".to_owned();
    }

    let inits = spec.init_containers.as_deref().unwrap_or_default();
    let sidecar = |name: &Option<String>| {
        inits
            .iter()
            .any(|c| c.name == *name && c.restart_policy.as_deref() == Some("Always"))
    };
    let total = spec.containers.as_ref().map_or(0, Vec::len)
        + inits
            .iter()
            .filter(|c| c.restart_policy.as_deref() == Some("Always"))
            .count();

    let (mut ready, mut initializing) = (0, false);
    let (mut restarts, mut sidecars) = (Restarts::default(), Restarts::default());
    for (i, c) in status.init_container_statuses.iter().flatten().enumerate() {
        restarts.add(c);
        if sidecar(&c.name) {
            sidecars.add(c);
        }
        match c.terminated() {
            Some(t) if t.code() == 0 => continue,
            _ if sidecar(&c.name) && c.started == Some(true) => {
                ready += usize::from(c.ready == Some(true));
                continue;
            }
            Some(t) => reason = format!("Init:{}", t.text()),
            None => match c.waiting() {
                Some(waiting) if waiting != "PodInitializing" => reason = format!("Init:{waiting}"),
                _ => reason = format!("Init:{i}/{}", inits.len()),
            },
        }
        initializing = true;
        break;
    }

    if !initializing || is_true("Initialized") {
        restarts = sidecars;
        let (mut has_running, mut error) = (false, String::new());
        for c in status.container_statuses.iter().flatten().rev() {
            restarts.add(c);
            if let Some(waiting) = c.waiting() {
                reason = waiting.to_owned();
            } else if let Some(t) = c.terminated() {
                reason = t.text();
                if t.code() != 0 {
                    error.clone_from(&reason);
                }
            } else if c.ready == Some(true) && c.running() {
                has_running = true;
                ready += 1;
            }
        }
        if reason == "Completed" {
            if has_running && is_true("Ready") {
                reason = "Running".to_owned();
            } else if !error.is_empty() {
                reason = error;
            } else if has_running {
                reason = "NotReady".to_owned();
            }
        }
    }

    if deleting && status_reason == "NodeLost" {
        reason = "Unknown".to_owned();
    } else if deleting && !matches!(phase, "Succeeded" | "Failed") {
        reason = "Terminating".to_owned();
    }
    let restarts = match restarts.last {
        Some(last) if restarts.count != 0 => {
            format!(
                "{} ({} ago)",
                restarts.count,
                human::duration((now - last).num_seconds())
            )
        }
        _ => restarts.count.to_string(),
    };
    [format!("{ready}/{total}"), reason, restarts]
}

fn gates(spec: &Spec, status: &PodStatus) -> String {
    let gates = spec.readiness_gates.as_deref().unwrap_or_default();
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let conditions = status.conditions.as_deref().unwrap_or_default();
    let open = gates.iter().filter(|gate| {
        conditions
            .iter()
            .find(|c| c.r#type == gate.condition_type)
            .is_some_and(|c| c.status.as_deref() == Some("True"))
    });
    format!("{}/{}", open.count(), gates.len())
}

/// All cells, and the row's condition.
pub(super) fn cells(now: DateTime<Utc>, obj: &Obj) -> (Vec<Value>, Completed) {
    // A pod that does not have the shape of one still gets a row, with what is known.
    let pod: Pod = serde_json::from_slice(&obj.body()).unwrap_or_default();
    let (spec, status) = (pod.spec.unwrap_or_default(), pod.status.unwrap_or_default());
    let [ready, reason, restarts] = summary(now, &spec, &status, obj.deleting);
    let created = pod.metadata.and_then(|m| m.creation_timestamp);
    let age = created.map_or_else(|| "<unknown>".to_owned(), |at| human::since_text(now, &at));
    let or_none = |text: Option<&str>| match text {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => "<none>".to_owned(),
    };
    let ip = status
        .pod_ips
        .as_ref()
        .and_then(|ips| ips.first())
        .and_then(|ip| ip.ip.as_deref());
    let completed = match &*obj.phase {
        "Succeeded" => Some(("Succeeded", "The pod has completed successfully.")),
        "Failed" => Some(("Failed", "The pod failed.")),
        _ => None,
    };
    let cells = [
        obj.name.to_string(),
        ready,
        reason,
        restarts,
        age,
        or_none(ip),
        or_none(Some(&obj.node)),
        or_none(status.nominated_node_name.as_deref()),
        gates(&spec, &status),
    ];
    (cells.into_iter().map(Value::String).collect(), completed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(spec: Value, status: Value, deleting: bool) -> String {
        let now = human::time("2026-01-01T01:00:00Z").unwrap();
        let spec: Spec = serde_json::from_value(spec).unwrap();
        let status: PodStatus = serde_json::from_value(status).unwrap();
        summary(now, &spec, &status, deleting).join(" ")
    }

    fn one() -> Value {
        json!({"containers": [{"name": "a"}]})
    }

    #[test]
    fn cases() {
        let run = |ready: bool| json!({"name": "a", "ready": ready, "state": {"running": {"startedAt": null}}});
        let end = |reason: &str, code: i64| json!({"name": "a", "ready": false, "state": {"terminated": {"reason": reason, "exitCode": code}}});
        let two = json!({"containers": [{"name": "a"}, {"name": "b"}]});
        let inits = json!({"containers": [{"name": "a"}], "initContainers": [{"name": "i"},
            {"name": "s", "restartPolicy": "Always"}]});
        for (spec, status, deleting, wanted) in [
            (one(), json!({"phase": "Pending"}), false, "0/1 Pending 0"),
            (
                one(),
                json!({"phase": "Running", "containerStatuses": [run(true)]}),
                false,
                "1/1 Running 0",
            ),
            (
                one(),
                json!({"phase": "Running", "containerStatuses": [run(true)]}),
                true,
                "1/1 Terminating 0",
            ),
            (
                one(),
                json!({"phase": "Failed", "containerStatuses": [end("Error", 1)]}),
                true,
                "0/1 Error 0",
            ),
            (
                one(),
                json!({"phase": "Failed", "reason": "Evicted"}),
                false,
                "0/1 Evicted 0",
            ),
            (
                one(),
                json!({"phase": "Running", "reason": "NodeLost"}),
                true,
                "0/1 Unknown 0",
            ),
            (
                one(),
                json!({"phase": "Failed", "containerStatuses": [end("", 3)]}),
                false,
                "0/1 ExitCode:3 0",
            ),
            (
                two.clone(),
                json!({"containerStatuses": [end("Completed", 0), run(true)]}),
                false,
                "1/2 NotReady 0",
            ),
            (
                two.clone(),
                json!({"containerStatuses": [end("Completed", 0), end("OOMKilled", 137)]}),
                false,
                "0/2 OOMKilled 0",
            ),
            (
                one(),
                json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}),
                false,
                "0/1 SchedulingGated 0",
            ),
            (
                one(),
                json!({"containerStatuses": [{"restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"finishedAt": "2026-01-01T00:58:00Z"}}}]}),
                false,
                "0/1 CrashLoopBackOff 3 (2m ago)",
            ),
            (
                inits.clone(),
                json!({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "PodInitializing"}}}]}),
                false,
                "0/2 Init:0/2 0",
            ),
            (
                inits.clone(),
                json!({"initContainerStatuses": [{"name": "i", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}),
                false,
                "0/2 Init:CrashLoopBackOff 2",
            ),
            (
                inits,
                json!({"phase": "Running", "initContainerStatuses": [
                {"name": "i", "restartCount": 2, "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}},
                {"name": "s", "restartCount": 1, "ready": true, "started": true, "state": {"running": {}}}],
                "containerStatuses": [run(false)]}),
                false,
                "1/2 Running 1",
            ),
        ] {
            assert_eq!(shown(spec, status.clone(), deleting), wanted, "{status}");
        }
    }
}
