//! Create, patch, update: what is kept, what conflicts.

use serde_json::{Value, json};

use super::Cluster;
use super::cluster::{idle_node, idle_pod, text};

cases!(
    created,
    generated_name,
    merge_patch,
    strategic_patch,
    json_patch,
    patch_preconditions,
    update_conflict,
    status_apart,
    dry_run,
    generation,
    cordon,
);

async fn created(c: &Cluster) {
    let reply = c
        .post(
            &c.path("pods?fieldManager=case&fieldValidation=Strict"),
            &idle_pod("a", json!({"x": "y"})),
        )
        .await;
    assert_eq!(reply.status, 201);
    let pod = reply.ok();
    assert_eq!(pod["metadata"]["namespace"], c.namespace.as_str());
    assert_eq!(pod["metadata"]["labels"], json!({"x": "y"}));
    assert_eq!(text(&pod["metadata"]["uid"]).len(), 36);
    assert!(text(&pod["metadata"]["creationTimestamp"]).ends_with('Z'));
    assert!(
        text(&pod["metadata"]["resourceVersion"])
            .parse::<u64>()
            .is_ok()
    );
    // Defaults that a console reads.
    assert_eq!(pod["spec"]["restartPolicy"], "Always");
    assert_eq!(pod["spec"]["terminationGracePeriodSeconds"], 30);
    assert_eq!(pod["status"]["phase"], "Pending");
}

async fn generated_name(c: &Cluster) {
    let mut pod = idle_pod("", json!({}));
    pod["metadata"] = json!({"generateName": "job-"});
    let name = text(&c.post(&c.path("pods"), &pod).await.ok()["metadata"]["name"]);
    assert!(
        name.starts_with("job-") && name.len() == "job-".len() + 5,
        "{name}"
    );
}

async fn merge_patch(c: &Cluster) {
    c.idle_pod("a", json!({"keep": "1", "change": "1", "drop": "1"}))
        .await;
    let patch = json!({"metadata": {"labels": {"change": "2", "drop": null, "new": "2"}}});
    let pod = c.patch("merge", &c.path("pods/a"), &patch).await.ok();
    assert_eq!(
        pod["metadata"]["labels"],
        json!({"keep": "1", "change": "2", "new": "2"})
    );
    // What changes nothing keeps the version.
    let again = c.patch("merge", &c.path("pods/a"), &patch).await.ok();
    assert_eq!(
        again["metadata"]["resourceVersion"],
        pod["metadata"]["resourceVersion"]
    );
}

async fn strategic_patch(c: &Cluster) {
    let mut pod = idle_pod("a", json!({}));
    pod["spec"]["containers"] =
        json!([{"name": "main", "image": "one"}, {"name": "side", "image": "two"}]);
    c.post(&c.path("pods"), &pod).await.ok();
    let patch = json!({"spec": {"containers": [{"name": "side", "image": "three"}]}});
    let pod = c
        .patch("strategic-merge", &c.path("pods/a"), &patch)
        .await
        .ok();
    let images: Vec<&Value> = pod["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["image"])
        .collect();
    assert_eq!(images, ["one", "three"]);

    let condition = |kind: &str, status: &str| json!({"status": {"conditions": [{"type": kind, "status": status}]}});
    let path = c.path("pods/a/status");
    c.patch("strategic-merge", &path, &condition("Ready", "False"))
        .await
        .ok();
    c.patch("strategic-merge", &path, &condition("Initialized", "True"))
        .await
        .ok();
    let pod = c
        .patch("strategic-merge", &path, &condition("Ready", "True"))
        .await
        .ok();
    let mut conditions: Vec<String> = pod["status"]["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| format!("{} {}", text(&c["type"]), text(&c["status"])))
        .collect();
    conditions.sort();
    assert_eq!(conditions, ["Initialized True", "Ready True"]);
}

async fn json_patch(c: &Cluster) {
    c.idle_pod("a", json!({"one": "1", "two": "2"})).await;
    let patch = json!([
        {"op": "test", "path": "/metadata/labels/one", "value": "1"},
        {"op": "replace", "path": "/metadata/labels/one", "value": "11"},
        {"op": "remove", "path": "/metadata/labels/two"},
        {"op": "add", "path": "/metadata/labels/a~1b", "value": "3"},
    ]);
    let pod = c.patch("json", &c.path("pods/a"), &patch).await.ok();
    assert_eq!(pod["metadata"]["labels"], json!({"one": "11", "a/b": "3"}));
    let patch = json!([{"op": "test", "path": "/metadata/labels/one", "value": "1"}]);
    let reply = c.patch("json", &c.path("pods/a"), &patch).await;
    assert_eq!(reply.refusal(), (422, "Invalid".into()));
}

async fn patch_preconditions(c: &Cluster) {
    let pod = c.idle_pod("a", json!({})).await;
    let patch =
        |field: &str, value: &Value| json!({"metadata": {field: value, "labels": {"x": "y"}}});
    let wrong_uid = patch("uid", &json!("00000000-0000-0000-0000-000000000000"));
    let reply = c.patch("merge", &c.path("pods/a"), &wrong_uid).await;
    // Not a conflict: the uid of an object is a field that cannot change.
    assert_eq!(reply.refusal(), (422, "Invalid".into()));
    let cause = &reply.json()["details"]["causes"][0];
    assert_eq!(cause["field"], "metadata.uid");
    assert_eq!(cause["reason"], "FieldValueInvalid");
    let reply = c
        .patch(
            "merge",
            &c.path("pods/a"),
            &patch("resourceVersion", &json!("1")),
        )
        .await;
    assert_eq!(reply.refusal(), (409, "Conflict".into()));
    c.patch(
        "merge",
        &c.path("pods/a"),
        &patch("uid", &pod["metadata"]["uid"]),
    )
    .await
    .ok();
}

async fn update_conflict(c: &Cluster) {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "queue"}, "data": {"a": "1"}});
    let old = c.post(&c.path("configmaps"), &map).await.ok();
    let mut new = old.clone();
    new["data"] = json!({"b": "2"});
    let path = c.path("configmaps/queue");
    let stored = c.put(&path, &new).await.ok();
    assert_eq!(stored["data"], json!({"b": "2"}));
    assert_ne!(
        stored["metadata"]["resourceVersion"],
        old["metadata"]["resourceVersion"]
    );
    let reply = c.put(&path, &old).await;
    assert_eq!(reply.refusal(), (409, "Conflict".into()));
    assert_eq!(
        reply.json()["message"],
        "Operation cannot be fulfilled on configmaps \"queue\": the object has been modified; \
         please apply your changes to the latest version and try again"
    );
    assert_eq!(
        reply.json()["details"],
        json!({"name": "queue", "kind": "configmaps"})
    );
    new["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"].clone();
    new["metadata"]["uid"] = "00000000-0000-0000-0000-000000000000".into();
    let reply = c.put(&path, &new).await;
    assert_eq!(reply.refusal(), (409, "Conflict".into()));
    let message = text(&reply.json()["message"]);
    let wanted = format!(
        "Precondition failed: UID in precondition: 00000000-0000-0000-0000-000000000000, UID in object meta: {}",
        text(&old["metadata"]["uid"])
    );
    assert!(message.ends_with(&wanted), "{message}");
}

async fn status_apart(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    let both = json!({"metadata": {"labels": {"x": "y"}}, "status": {"phase": "Failed", "reason": "Evicted"}});
    let pod = c.patch("merge", &c.path("pods/a"), &both).await.ok();
    assert_eq!(pod["status"]["phase"], "Pending");
    assert_eq!(pod["metadata"]["labels"], json!({"x": "y"}));
    let pod = c.patch("merge", &c.path("pods/a/status"), &both).await.ok();
    assert_eq!(pod["status"]["phase"], "Failed");
    assert_eq!(pod["status"]["reason"], "Evicted");
}

async fn dry_run(c: &Cluster) {
    let reply = c
        .post(&c.path("pods?dryRun=All"), &idle_pod("a", json!({})))
        .await;
    assert_eq!(reply.status, 201);
    assert_eq!(c.get(&c.path("pods/a")).await.status, 404);
    c.idle_pod("a", json!({})).await;
    let patch = json!({"metadata": {"labels": {"x": "y"}}});
    let pod = c
        .patch("merge", &c.path("pods/a?dryRun=All"), &patch)
        .await
        .ok();
    assert_eq!(pod["metadata"]["labels"], json!({"x": "y"}));
    c.delete(&c.path("pods/a?dryRun=All"), Value::Null)
        .await
        .ok();
    let pod = c.get(&c.path("pods/a")).await.ok();
    assert_eq!(pod["metadata"]["labels"]["x"], Value::Null);
    let reply = c
        .post(&c.path("pods?dryRun=Some"), &idle_pod("b", json!({})))
        .await;
    assert_eq!(reply.refusal(), (422, "Invalid".into()));
}

async fn generation(c: &Cluster) {
    let labels = json!({"app": "a"});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "one"}]}}},
    });
    let path = c.group_path("apps/v1", "deployments");
    assert_eq!(
        c.post(&path, &deployment).await.ok()["metadata"]["generation"],
        1
    );
    let path = format!("{path}/a");
    let label = json!({"metadata": {"labels": {"x": "y"}}});
    assert_eq!(
        c.patch("merge", &path, &label).await.ok()["metadata"]["generation"],
        1
    );
    let paused = json!({"spec": {"paused": true}});
    assert_eq!(
        c.patch("merge", &path, &paused).await.ok()["metadata"]["generation"],
        2
    );
}

async fn cordon(c: &Cluster) {
    let name = format!("node-of-{}", c.namespace);
    c.post("/api/v1/nodes", &idle_node(&name)).await.ok();
    let path = format!("/api/v1/nodes/{name}");
    let cordoned = json!({"spec": {"unschedulable": true}});
    let node = c.patch("strategic-merge", &path, &cordoned).await.ok();
    assert_eq!(node["spec"]["unschedulable"], true);
    let free = json!({"spec": {"unschedulable": null}});
    let node = c.patch("strategic-merge", &path, &free).await.ok();
    assert_eq!(node["spec"]["unschedulable"], Value::Null);
    c.delete(&path, Value::Null).await.ok();
}
