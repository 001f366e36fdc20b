//! Nodes and pods for benchmarks, as the API server writes them.

use constable::cluster::decode::Decoder;
use constable::model::{Kind, Object};
use serde_json::{Value, json};

/// What kind of pods a cluster holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One step, few annotations: what `World::fill` makes.
    Small,
    /// Two init containers, three steps, an upload, all annotations: what the job platform makes.
    Platform,
    /// A Deployment's: an owner, no job.
    Service,
}

/// A node of one of four pools.
pub(crate) fn node(number: usize) -> Value {
    let pool = ["runner-large", "runner-small", "runner-arm", "services"][number % 4];
    let name = format!("p-{number:05}");
    json!({
        "metadata": {
            "name": name, "uid": uid(1 << 40 | number), "creationTimestamp": "2024-10-01T00:00:00Z",
            "labels": {"eks.amazonaws.com/nodegroup": pool, "kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64"}
        },
        "status": {
            "allocatable": {"cpu": "63", "memory": "250Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2024-10-01T00:00:00Z"}],
            "nodeInfo": {"kubeletVersion": "v1.37.2"}
        }
    })
}

fn uid(number: usize) -> String {
    let mixed = (number as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let hex = format!("{mixed:032x}");
    let (a, b, c, d, e) = (
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    );
    format!("{a}-{b}-{c}-{d}-{e}")
}

/// A running pod; `turn` moves its readiness and its steps.
pub(crate) fn pod(shape: Shape, number: usize, turn: usize, nodes: usize) -> Value {
    let minute = number % 50 + 10;
    let started = format!("2024-10-03T23:{minute}:{:02}Z", number % 60);
    let later = format!("2024-10-03T23:{minute}:{:02}Z", (number + turn) % 60);
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": started});
    let ready = if turn.is_multiple_of(2) {
        "True"
    } else {
        "False"
    };
    let running = json!({"running": {"startedAt": later}});
    let done = json!({"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": later,
        "containerID": "containerd://0123456789abcdef"}});
    let image = "registry.example.com/ci/build-base:7";
    let status = |name: &str, state: &Value| {
        json!({"name": name, "state": state, "lastState": {}, "ready": true,
        "restartCount": 0, "image": image, "imageID": "", "started": true})
    };
    let container = |name: &str, requests: Value| {
        json!({"name": name, "image": image, "resources": requests,
        "terminationMessagePath": "/dev/termination-log", "imagePullPolicy": "IfNotPresent"})
    };
    let requests =
        json!({"requests": {"cpu": "1500m", "memory": "3Gi"}, "limits": {"memory": "6Gi"}});
    let pool = ["runner-large", "runner-small", "runner-arm", "services"][number % nodes % 4];
    let id = (100_000 + number).to_string();
    let run = (number / 7).to_string();
    let project = [
        "shop/api",
        "shop/web",
        "infra/base",
        "data/etl",
        "mobile/app",
    ][number % 5];
    let mut annotations = json!({"jobs.constable/project": project, "jobs.constable/pipeline": "build",
        "jobs.constable/run": run, "jobs.constable/name": "test", "jobs.constable/ref": "main",
        "jobs.constable/author": format!("dev-{}", number % 9)});
    let mut labels = json!({"jobs.constable/id": id, "jobs.constable/attempt": "1", "jobs.constable/component": "runner"});
    let mut owners = json!([]);
    let (mut init, mut main) = (vec![], vec![("step-test", &running)]);
    match shape {
        Shape::Small => {}
        Shape::Platform => {
            annotations["jobs.constable/commit"] =
                json!(format!("{:07x}", number * 7919 % (1 << 28)));
            annotations["jobs.constable/url"] =
                json!(format!("https://ci.example.com/{project}/{run}"));
            annotations["jobs.constable/queue"] = json!(format!("ci-system/queue-{}", number % 4));
            annotations["jobs.constable/deadline"] = json!("3600");
            init = vec![("checkout", &done), ("restore-cache", &done)];
            main = vec![
                ("step-build", &done),
                ("step-test", &running),
                ("step-report", &running),
                ("upload-artifacts", &running),
            ];
        }
        Shape::Service => {
            annotations = json!({});
            labels =
                json!({"app": format!("svc-{}", number / 5), "pod-template-hash": "5d9c7b8f6d"});
            owners = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("svc-{}-5d9c7b8f6d", number / 5),
                "uid": uid(1 << 41 | (number / 5)), "controller": true, "blockOwnerDeletion": true}]);
            main = vec![("app", &running)];
        }
    }
    let first = main[0].0;
    let specs = |all: &[(&str, &Value)]| -> Vec<Value> {
        let requests = |name: &str| {
            if name == first {
                requests.clone()
            } else {
                json!({})
            }
        };
        all.iter()
            .map(|(name, _)| container(name, requests(name)))
            .collect()
    };
    let statuses = |all: &[(&str, &Value)]| -> Vec<Value> {
        all.iter()
            .map(|(name, state)| status(name, state))
            .collect()
    };
    json!({
        "metadata": {"name": format!("job-{id}-1"), "namespace": "ci-jobs", "uid": uid(number), "labels": labels,
            "annotations": annotations, "ownerReferences": owners, "creationTimestamp": started,
            "resourceVersion": (number + turn).to_string()},
        "spec": {"nodeName": format!("p-{:05}", number % nodes), "restartPolicy": "Never", "terminationGracePeriodSeconds": 30,
            "nodeSelector": {"eks.amazonaws.com/nodegroup": pool},
            "tolerations": [{"key": "jobs.constable/public", "operator": "Exists"},
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
            "initContainers": specs(&init), "containers": specs(&main)},
        "status": {"phase": "Running", "hostIP": "10.128.0.2", "podIP": format!("10.{}.{}.{}", number / 62_500, number / 250 % 250, number % 250),
            "startTime": started, "qosClass": "Burstable",
            "conditions": [condition("PodReadyToStartContainers"), condition("Initialized"),
                json!({"type": "Ready", "status": ready, "lastTransitionTime": later}), condition("ContainersReady"), condition("PodScheduled")],
            "initContainerStatuses": statuses(&init), "containerStatuses": statuses(&main)}
    })
}

/// An object as the console keeps it.
pub(crate) fn object(decoder: &mut Decoder, kind: Kind, value: &Value) -> Object {
    decoder
        .object(kind, value.to_string().as_bytes())
        .expect("objects of this file can be read")
}
