//! What a platform's people keep beside the platform: CronJobs, a database with its disks, an autoscaler, resources of
//! their own.

use serde_json::{Value, json};

use crate::sim::scenario::Chatty;

const SYSTEM: &str = "ci-system";

/// One object to create: the collection's path and the object.
type Manifest = (String, Value);

/// Everything, in the order in which it must come.
pub(super) fn objects() -> Vec<Manifest> {
    let core = |plural: &str| format!("/api/v1/namespaces/{SYSTEM}/{plural}");
    let mut all = vec![
        (
            "/apis/storage.k8s.io/v1/storageclasses".to_owned(),
            json!({
                "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
                "provisioner": "disk.csi.example.com", "allowVolumeExpansion": true,
            }),
        ),
        (
            core("serviceaccounts"),
            json!({"metadata": {"name": "results-db"}}),
        ),
        (
            core("configmaps"),
            json!({"metadata": {"name": "results-db"}, "data": {"retention": "30d", "shards": "3"}}),
        ),
        (
            core("secrets"),
            json!({"metadata": {"name": "results-db"}, "data": {"password": "c2ltdWxhdGVk"}}),
        ),
        (
            format!("/apis/apps/v1/namespaces/{SYSTEM}/statefulsets"),
            database(),
        ),
        (
            format!("/apis/autoscaling/v2/namespaces/{SYSTEM}/horizontalpodautoscalers"),
            json!({
                "metadata": {"name": "api"},
                "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"},
                    "minReplicas": 4, "maxReplicas": 10, "metrics": [{"type": "Resource", "resource": {"name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": 70}}}]},
            }),
        ),
    ];
    let jobs = format!("/apis/batch/v1/namespaces/{SYSTEM}/cronjobs");
    for (name, schedule, zone, seconds, exit) in [
        ("cache-prune", "4-59/10 * * * *", None, 35, 0),
        ("image-scan", "*/5 * * * *", None, 20, 1),
        (
            "nightly-images",
            "30 2 * * 1-5",
            Some("Europe/Berlin"),
            900,
            0,
        ),
        ("usage-report", "15 6 * * *", None, 120, 0),
    ] {
        all.push((jobs.clone(), cron(name, schedule, zone, seconds, exit)));
    }
    all.push((
        DEFINITIONS.to_owned(),
        definition(
            "karpenter.sh",
            "nodeclaims",
            "NodeClaim",
            "Cluster",
            &[
                (
                    "Type",
                    "string",
                    ".metadata.labels.node\\.kubernetes\\.io/instance-type",
                ),
                ("Node", "string", ".status.nodeName"),
                (
                    "Ready",
                    "string",
                    ".status.conditions[?(@.type==\"Ready\")].status",
                ),
            ],
        ),
    ));
    all.push((
        DEFINITIONS.to_owned(),
        definition(
            "ci.example.com",
            "pipelines",
            "Pipeline",
            "Namespaced",
            &[
                ("Project", "string", ".spec.project"),
                ("Jobs", "integer", ".spec.jobs"),
                (
                    "Ready",
                    "string",
                    ".status.conditions[?(@.type==\"Ready\")].status",
                ),
            ],
        ),
    ));
    for (name, project, count) in [
        ("check", "shop/api", 3),
        ("e2e", "shop/web", 4),
        ("release", "core/engine", 2),
    ] {
        all.push((
            format!("/apis/ci.example.com/v1/namespaces/{SYSTEM}/pipelines"),
            json!({
                "apiVersion": "ci.example.com/v1", "kind": "Pipeline", "metadata": {"name": name},
                "spec": {"project": project, "jobs": count},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            }),
        ));
    }
    all
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

fn definition(
    group: &str,
    plural: &str,
    kind: &str,
    scope: &str,
    columns: &[(&str, &str, &str)],
) -> Value {
    let mut printed: Vec<Value> = columns
        .iter()
        .map(|(name, kind, path)| json!({"name": name, "type": kind, "jsonPath": path}))
        .collect();
    printed.push(json!({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}));
    json!({
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {"group": group, "scope": scope,
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind, "categories": ["ci"]},
            "versions": [{"name": "v1", "served": true, "storage": true, "additionalPrinterColumns": printed,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]},
    })
}

fn container(name: &str) -> Value {
    json!({"name": name, "image": format!("registry.example.com/ci/{name}:2"),
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}})
}

fn database() -> Value {
    let labels =
        json!({"app.kubernetes.io/name": "results-db", "jobs.constable/component": "results-db"});
    let mut db = container("results-db");
    db["envFrom"] =
        json!([{"configMapRef": {"name": "results-db"}}, {"secretRef": {"name": "results-db"}}]);
    db["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    db["ports"] = json!([{"name": "sql", "containerPort": 5432}]);
    let script = json!({"results-db": {"log": "json", "lines_per_s": 1.0}}).to_string();
    json!({
        "metadata": {"name": "results-db", "labels": labels},
        "spec": {"replicas": 3, "serviceName": "results-db", "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": {"sim.constable/script": script}},
                "spec": {"serviceAccountName": "results-db", "containers": [db]}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "50Gi"}}}}]},
    })
}

fn cron(name: &str, schedule: &str, zone: Option<&str>, seconds: u64, exit: i32) -> Value {
    let script = json!({name: {"run_ms": seconds * 1000, "exit": exit}}).to_string();
    let mut spec = json!({
        "schedule": schedule, "concurrencyPolicy": "Forbid", "suspend": name == "usage-report",
        "jobTemplate": {"spec": {"backoffLimit": 0, "template": {
            "metadata": {"annotations": {"sim.constable/script": script}, "labels": {"app.kubernetes.io/name": name}},
            "spec": {"restartPolicy": "Never", "containers": [container(name)]}}}},
    });
    if let Some(zone) = zone {
        spec["timeZone"] = zone.into();
    }
    json!({"metadata": {"name": name, "labels": {"app.kubernetes.io/name": name}}, "spec": spec})
}

/// Pods that write much, for logs of many.
pub(super) fn chatty(chatty: &Chatty) -> Manifest {
    let labels = json!({"app.kubernetes.io/name": "chatty"});
    let script = json!({"chatty": {"log": "json", "lines_per_s": chatty.lines_per_s}}).to_string();
    let mut writer = container("chatty");
    writer["resources"]["requests"] = json!({"cpu": "5m", "memory": "8Mi"});
    let deployment = json!({
        "metadata": {"name": "chatty", "labels": labels},
        "spec": {"replicas": chatty.pods, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": {"sim.constable/script": script}},
                "spec": {"tolerations": [{"key": "jobs.constable/public", "operator": "Exists"}], "containers": [writer]}}},
    });
    (
        "/apis/apps/v1/namespaces/ci-jobs/deployments".to_owned(),
        deployment,
    )
}
