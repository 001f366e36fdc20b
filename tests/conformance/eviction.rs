//! Eviction, with and without a PodDisruptionBudget in the way.

use serde_json::{Value, json};

use super::Cluster;
use super::cluster::{idle_pod, text};

cases!(
    allowed,
    refused_by_a_budget,
    preconditions,
    no_such_pod,
    dry_run,
);

fn eviction(name: &str, options: Value) -> Value {
    json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, "deleteOptions": options})
}

async fn evict(c: &Cluster, name: &str, options: Value) -> super::cluster::Reply {
    let path = c.path(&format!("pods/{name}/eviction"));
    c.post(&path, &eviction(name, options)).await
}

/// A pod that counts as running and healthy, though nothing runs it.
async fn healthy_pod(c: &Cluster, name: &str) -> Value {
    let mut pod = idle_pod(name, json!({"app": "results"}));
    pod["spec"]["nodeName"] = format!("node-of-{}", c.namespace).into();
    c.post(&c.path("pods"), &pod).await.ok();
    let status = json!({"status": {"phase": "Running", "conditions": [
        {"type": "Ready", "status": "True"}, {"type": "ContainersReady", "status": "True"},
    ]}});
    c.patch("merge", &c.path(&format!("pods/{name}/status")), &status)
        .await
        .ok()
}

async fn allowed(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    let reply = evict(c, "a", json!({})).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(reply.json()["kind"], "Status");
    assert_eq!(reply.json()["status"], "Success");
    assert_eq!(c.get(&c.path("pods/a")).await.status, 404);

    healthy_pod(c, "b").await;
    assert_eq!(
        evict(c, "b", json!({"gracePeriodSeconds": 7})).await.status,
        201
    );
    let pod = c.get(&c.path("pods/b")).await.ok();
    assert_eq!(pod["metadata"]["deletionGracePeriodSeconds"], 7);
}

async fn refused_by_a_budget(c: &Cluster) {
    healthy_pod(c, "a").await;
    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "results"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "results"}}},
    });
    let budgets = c.group_path("policy/v1", "poddisruptionbudgets");
    c.post(&budgets, &budget).await.ok();
    let ready =
        |b: &Value| b["status"]["observedGeneration"] == 1 && b["status"]["currentHealthy"] == 1;
    let budget = c.until(&budgets, "results", ready).await;
    assert_eq!(budget["status"]["desiredHealthy"], 1);
    assert_eq!(budget["status"]["expectedPods"], 1);
    assert_eq!(budget["status"]["disruptionsAllowed"], 0);

    let reply = evict(c, "a", json!({})).await;
    assert_eq!(reply.refusal(), (429, "TooManyRequests".into()));
    let body = reply.json();
    assert_eq!(
        body["message"],
        "Cannot evict pod as it would violate the pod's disruption budget."
    );
    assert_eq!(body["details"]["causes"][0]["reason"], "DisruptionBudget");
    assert_eq!(
        body["details"]["causes"][0]["message"],
        "The disruption budget results needs 1 healthy pods and has 1 currently"
    );
    assert_eq!(
        c.get(&c.path("pods/a")).await.ok()["metadata"]["deletionTimestamp"],
        Value::Null
    );

    // A second healthy pod leaves one to spare, and only one.
    healthy_pod(c, "b").await;
    c.until(&budgets, "results", |b| {
        b["status"]["disruptionsAllowed"] == 1
    })
    .await;
    assert_eq!(evict(c, "a", json!({})).await.status, 201);
    assert_eq!(
        evict(c, "b", json!({})).await.refusal(),
        (429, "TooManyRequests".into())
    );
}

async fn preconditions(c: &Cluster) {
    let pod = healthy_pod(c, "a").await;
    let wrong = json!({"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}});
    assert_eq!(
        evict(c, "a", wrong).await.refusal(),
        (409, "Conflict".into())
    );
    let right = json!({"preconditions": {"uid": text(&pod["metadata"]["uid"])}});
    assert_eq!(evict(c, "a", right).await.status, 201);
}

async fn no_such_pod(c: &Cluster) {
    assert_eq!(
        evict(c, "nope", json!({})).await.refusal(),
        (404, "NotFound".into())
    );
}

async fn dry_run(c: &Cluster) {
    healthy_pod(c, "a").await;
    assert_eq!(evict(c, "a", json!({"dryRun": ["All"]})).await.status, 201);
    assert_eq!(
        c.get(&c.path("pods/a")).await.ok()["metadata"]["deletionTimestamp"],
        Value::Null
    );
}
