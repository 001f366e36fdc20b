//! What is written into the cluster for a debug container and for a node's shell, and what is read back.

use serde_json::{Value, json};

use crate::model::{Text, Uid};

/// Name of the container in a node shell's pod.
pub(super) const SHELL: &str = "shell";
/// A node shell's pod ends after this by itself, whatever became of us.
pub(super) const DEADLINE_S: u64 = 4 * 3600;

/// Waits until somebody is attached, which gives the terminal a size: a prompt that is written before is
/// never seen. After a minute nobody comes any more. Not every `sleep` knows fractions.
const WAIT: &str = "i=0; while [ \"$(stty size 2>/dev/null)\" = '0 0' ]; do \
    i=$((i+1)); [ $i -gt 600 ] && exit 1; sleep 0.1 2>/dev/null || sleep 1; done; ";

/// The best shell there is.
const BEST: &str = "command -v bash >/dev/null 2>&1 && exec bash || exec sh";

/// The node's own shell with its own files; where it has none, the image's.
const ON_NODE: &str = "if chroot /host sh -c true 2>/dev/null; then \
    exec chroot /host sh -c 'cd; command -v bash >/dev/null 2>&1 && exec bash || exec sh'; fi; \
    echo 'the node has no shell: this is the one of the image, the node is at /host'; exec sh";

/// A patch of a pod's `ephemeralcontainers`. The uid is its precondition.
pub(super) fn debug_container(name: &str, image: &str, target: &str, uid: &Uid) -> Value {
    json!({
        "metadata": { "uid": uid.to_string() },
        "spec": { "ephemeralContainers": [{
            "name": name,
            "image": image,
            "targetContainerName": target,
            "command": ["sh", "-c", format!("{WAIT}{BEST}")],
            "stdin": true,
            "stdinOnce": true,
            "tty": true,
        }]},
    })
}

/// The pod of a node's shell, as `kubectl debug node --profile=sysadmin` makes it.
pub(super) fn node_pod(name: &str, namespace: &str, node: &str, image: &str, who: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": { "constable/part": "node-shell" },
            "annotations": { "constable/node": node, "constable/by": who },
        },
        "spec": {
            "nodeName": node,
            "hostPID": true,
            "hostNetwork": true,
            "hostIPC": true,
            "restartPolicy": "Never",
            "activeDeadlineSeconds": DEADLINE_S,
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "tolerations": [{ "operator": "Exists" }],
            "containers": [{
                "name": SHELL,
                "image": image,
                "command": ["sh", "-c", format!("{WAIT}{ON_NODE}")],
                "stdin": true,
                "stdinOnce": true,
                "tty": true,
                "securityContext": { "privileged": true },
                "volumeMounts": [{ "name": "host", "mountPath": "/host" }],
            }],
            "volumes": [{ "name": "host", "hostPath": { "path": "/" } }],
        },
    })
}

/// How a container stands, read from a whole pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Running,
    /// Why, may be empty.
    Waiting(Text),
    /// It will not run by itself: why.
    Stuck(Text),
    /// Exit code and reason.
    Ended(i32, Text),
    /// The pod names none of that name.
    Absent,
}

/// A container of a pod's spec, whatever its kind.
pub(super) fn container<'p>(pod: &'p Value, name: &str) -> Option<&'p Value> {
    ["containers", "initContainers", "ephemeralContainers"]
        .iter()
        .flat_map(|list| pod["spec"][*list].as_array().into_iter().flatten())
        .find(|c| c["name"] == name)
}

pub(super) fn standing(pod: &Value, name: &str) -> Standing {
    let lists = [
        "containerStatuses",
        "initContainerStatuses",
        "ephemeralContainerStatuses",
    ];
    let status = lists
        .iter()
        .flat_map(|list| pod["status"][*list].as_array().into_iter().flatten())
        .find(|c| c["name"] == name);
    let state = match status {
        Some(status) => &status["state"],
        None => {
            let phase = pod["status"]["phase"].as_str().unwrap_or_default();
            return match (phase, container(pod, name)) {
                ("Failed" | "Succeeded", _) => Standing::Stuck(words(&pod["status"], "pod ended")),
                (_, None) => Standing::Absent,
                (_, Some(_)) => Standing::Waiting("".into()),
            };
        }
    };
    if state["running"].is_object() {
        return Standing::Running;
    }
    let terminated = &state["terminated"];
    if terminated.is_object() {
        let code = terminated["exitCode"].as_i64().unwrap_or_default();
        let code = i32::try_from(code).unwrap_or(-1);
        return Standing::Ended(code, words(terminated, ""));
    }
    let why = words(&state["waiting"], "");
    let stuck = [
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    ];
    match state["waiting"]["reason"].as_str() {
        Some(reason) if stuck.contains(&reason) => Standing::Stuck(why),
        Some(_) | None => Standing::Waiting(why),
    }
}

/// `reason: message`, as much as there is.
fn words(of: &Value, nothing: &str) -> Text {
    let word = |key: &str| of[key].as_str().unwrap_or_default().trim();
    match (word("reason"), word("message")) {
        ("", "") => nothing.into(),
        (one, "") | ("", one) => one.into(),
        (reason, message) => format!("{reason}: {message}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_container_stands() {
        let of = |status: Value| {
            let pod = json!({
                "spec": {"containers": [{"name": "a"}], "ephemeralContainers": [{"name": "d"}]},
                "status": status,
            });
            (standing(&pod, "a"), standing(&pod, "d"))
        };
        let state = |state: Value| json!([{"name": "a", "state": state}]);
        let waiting = || Standing::Waiting("".into());
        let cases = [
            (json!({"phase": "Pending"}), waiting()),
            (
                json!({"containerStatuses": state(json!({"running": {}}))}),
                Standing::Running,
            ),
            (
                json!({"containerStatuses": state(json!({"waiting": {"reason": "ErrImagePull", "message": "no"}}))}),
                Standing::Waiting("ErrImagePull: no".into()),
            ),
            (
                json!({"containerStatuses": state(json!({"waiting": {"reason": "ImagePullBackOff"}}))}),
                Standing::Stuck("ImagePullBackOff".into()),
            ),
            (
                json!({"containerStatuses": state(json!({"terminated": {"exitCode": 3, "reason": "Error"}}))}),
                Standing::Ended(3, "Error".into()),
            ),
            (
                json!({"phase": "Failed", "reason": "NodeAffinity"}),
                Standing::Stuck("NodeAffinity".into()),
            ),
        ];
        for (status, want) in cases {
            assert_eq!(of(status.clone()).0, want, "{status}");
        }
        let debug =
            json!({"ephemeralContainerStatuses": [{"name": "d", "state": {"running": {}}}]});
        assert_eq!(of(debug), (waiting(), Standing::Running));
        assert_eq!(standing(&json!({}), "x"), Standing::Absent);
    }
}
