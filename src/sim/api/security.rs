//! Pod security: what a namespace's label `pod-security.kubernetes.io/enforce` keeps out.

use serde_json::Value;

use crate::sim::resource::{Res, resource};
use crate::sim::status::{Details, Status};
use crate::sim::store::Store;

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// Checks a new pod against its namespace.
///
/// # Errors
/// 403 that names every violation.
pub(crate) fn check(store: &Store, res: Res, ns: &str, pod: &Value) -> Result<(), Status> {
    if res != resource("pods") {
        return Ok(());
    }
    let level = store
        .get(resource("namespaces"), "", ns)
        .and_then(|n| n.labels.get(ENFORCE).map(str::to_owned))
        .unwrap_or_default();
    let found = match level.as_str() {
        "baseline" => baseline(&pod["spec"]),
        "restricted" => [baseline(&pod["spec"]), restricted(&pod["spec"])].concat(),
        _ => Vec::new(),
    };
    if found.is_empty() {
        return Ok(());
    }
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let message = format!(
        "pods \"{name}\" is forbidden: violates PodSecurity \"{level}:latest\": {}",
        found.join(", ")
    );
    Err(Status::new(403, "Forbidden", message).with(Details::of(res, name)))
}

fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    ["containers", "initContainers"]
        .into_iter()
        .flat_map(|list| spec[list].as_array().into_iter().flatten())
}

/// `container "a"` or `containers "a", "b"` of those that it holds for.
fn those(spec: &Value, holds: impl Fn(&Value) -> bool) -> Option<String> {
    let names: Vec<String> = containers(spec)
        .filter(|c| holds(c))
        .map(|c| format!("\"{}\"", c["name"].as_str().unwrap_or_default()))
        .collect();
    match names.len() {
        0 => None,
        1 => Some(format!("container {}", names[0])),
        _ => Some(format!("containers {}", names.join(", "))),
    }
}

fn baseline(spec: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let hosts: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .iter()
        .filter(|field| spec[**field] == true)
        .map(|field| format!("{field}=true"))
        .collect();
    if !hosts.is_empty() {
        all.push(format!("host namespaces ({})", hosts.join(", ")));
    }
    let volumes: Vec<String> = spec["volumes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|v| !v["hostPath"].is_null())
        .map(|v| format!("\"{}\"", v["name"].as_str().unwrap_or_default()))
        .collect();
    if !volumes.is_empty() {
        let word = if volumes.len() == 1 {
            "volume"
        } else {
            "volumes"
        };
        all.push(format!("hostPath volumes ({word} {})", volumes.join(", ")));
    }
    if let Some(who) = those(spec, |c| c["securityContext"]["privileged"] == true) {
        all.push(format!(
            "privileged ({who} must not set securityContext.privileged=true)"
        ));
    }
    all
}

fn restricted(spec: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let context = |c: &Value, field: &str| c["securityContext"][field].clone();
    if let Some(who) = those(spec, |c| context(c, "allowPrivilegeEscalation") != false) {
        all.push(format!(
            "allowPrivilegeEscalation != false ({who} must set securityContext.allowPrivilegeEscalation=false)"
        ));
    }
    let drops_all = |c: &Value| {
        let dropped = context(c, "capabilities")["drop"].clone();
        dropped
            .as_array()
            .is_some_and(|d| d.iter().any(|name| name == "ALL"))
    };
    if let Some(who) = those(spec, |c| !drops_all(c)) {
        all.push(format!(
            "unrestricted capabilities ({who} must set securityContext.capabilities.drop=[\"ALL\"])"
        ));
    }
    let pod = &spec["securityContext"];
    let root = |c: &Value| pod["runAsNonRoot"] != true && context(c, "runAsNonRoot") != true;
    if let Some(who) = those(spec, root) {
        all.push(format!(
            "runAsNonRoot != true (pod or {who} must set securityContext.runAsNonRoot=true)"
        ));
    }
    let profiled = |v: &Value| {
        matches!(
            v["seccompProfile"]["type"].as_str(),
            Some("RuntimeDefault" | "Localhost")
        )
    };
    let bare = |c: &Value| !profiled(pod) && !profiled(&c["securityContext"]);
    if let Some(who) = those(spec, bare) {
        all.push(format!(
            "seccompProfile (pod or {who} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
        ));
    }
    all
}
