//! Deletion: preconditions, grace, finalizers, what follows an owner.

use serde_json::{Value, json};

use super::Cluster;
use super::cluster::{idle_pod, text};

cases!(
    preconditions,
    unbound_pods_go_at_once,
    grace,
    finalizers,
    dependents,
    dry_run,
);

fn options(rest: Value) -> Value {
    let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
    for (key, value) in rest.as_object().unwrap() {
        options[key] = value.clone();
    }
    options
}

/// A pod on a node that does not exist: nobody will end it.
async fn bound_pod(c: &Cluster, name: &str) -> Value {
    let mut pod = idle_pod(name, json!({}));
    pod["spec"]["nodeName"] = format!("node-of-{}", c.namespace).into();
    c.post(&c.path("pods"), &pod).await.ok()
}

async fn preconditions(c: &Cluster) {
    let pod = c.idle_pod("a", json!({})).await;
    let wrong = "00000000-0000-0000-0000-000000000000";
    let reply = c
        .delete(
            &c.path("pods/a"),
            options(json!({"preconditions": {"uid": wrong}})),
        )
        .await;
    assert_eq!(reply.refusal(), (409, "Conflict".into()));
    let uid = text(&pod["metadata"]["uid"]);
    assert_eq!(
        reply.json()["message"],
        format!(
            "Operation cannot be fulfilled on Pod \"a\": the UID in the precondition ({wrong}) does not match \
             the UID in record ({uid}). The object might have been deleted and then recreated"
        )
    );
    c.delete(
        &c.path("pods/a"),
        options(json!({"preconditions": {"uid": uid}})),
    )
    .await
    .ok();
    assert_eq!(c.get(&c.path("pods/a")).await.status, 404);
}

async fn unbound_pods_go_at_once(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    c.delete(&c.path("pods/a"), Value::Null).await.ok();
    assert_eq!(c.get(&c.path("pods/a")).await.status, 404);
}

async fn grace(c: &Cluster) {
    bound_pod(c, "a").await;
    let reply = c
        .delete(
            &c.path("pods/a"),
            options(json!({"gracePeriodSeconds": 25})),
        )
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.ok()["metadata"]["deletionGracePeriodSeconds"], 25);
    let pod = c.get(&c.path("pods/a")).await.ok();
    assert!(pod["metadata"]["deletionTimestamp"].is_string(), "{pod}");
    // A second deletion may shorten the time; none ends it.
    let pod = c
        .delete(&c.path("pods/a"), options(json!({"gracePeriodSeconds": 5})))
        .await
        .ok();
    assert_eq!(pod["metadata"]["deletionGracePeriodSeconds"], 5);
    c.delete(&c.path("pods/a"), options(json!({"gracePeriodSeconds": 0})))
        .await
        .ok();
    assert_eq!(c.get(&c.path("pods/a")).await.status, 404);
}

async fn finalizers(c: &Cluster) {
    let mut pod = idle_pod("a", json!({}));
    pod["metadata"]["finalizers"] = json!(["constable/case"]);
    c.post(&c.path("pods"), &pod).await.ok();
    c.delete(&c.path("pods/a"), Value::Null).await.ok();
    let pod = c.get(&c.path("pods/a")).await.ok();
    assert!(pod["metadata"]["deletionTimestamp"].is_string(), "{pod}");
    let free = json!({"metadata": {"finalizers": null}});
    c.patch("merge", &c.path("pods/a"), &free).await.ok();
    assert_eq!(c.get(&c.path("pods/a")).await.status, 404);
}

async fn dependents(c: &Cluster) {
    let map =
        |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    let owner = c.post(&c.path("configmaps"), &map("owner")).await.ok();
    let mut dependent = map("dependent");
    dependent["metadata"]["ownerReferences"] = json!([
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"], "controller": true}
    ]);
    let made = c.post(&c.path("configmaps"), &dependent).await.ok();
    let version = text(&made["metadata"]["resourceVersion"]);
    let query = format!(
        "configmaps?watch=1&fieldSelector=metadata.name%3Ddependent&resourceVersion={version}"
    );
    let mut watch = c.stream(&c.path(&query)).await;
    c.delete(
        &c.path("configmaps/owner"),
        options(json!({"propagationPolicy": "Background"})),
    )
    .await
    .ok();
    assert_eq!(watch.event().await["type"], "DELETED");
}

async fn dry_run(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    c.delete(&c.path("pods/a"), options(json!({"dryRun": ["All"]})))
        .await
        .ok();
    assert_eq!(c.get(&c.path("pods/a")).await.status, 200);
}
