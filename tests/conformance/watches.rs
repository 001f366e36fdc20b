//! Watches: where they begin, what they tell, how they fail.

use serde_json::{Value, json};

use super::Cluster;
use super::cluster::{summary, text};

cases!(
    from_a_version,
    from_now,
    initial_events,
    initial_events_want_a_match,
    expired,
    selected,
    ends_in_time,
    one_object,
);

/// The resourceVersion of the case's list of pods.
async fn version(c: &Cluster) -> String {
    text(&c.get(&c.path("pods")).await.ok()["metadata"]["resourceVersion"])
}

fn label(value: &str) -> Value {
    json!({"metadata": {"labels": {"step": value}}})
}

async fn from_a_version(c: &Cluster) {
    c.idle_pod("old", json!({})).await;
    let version = version(c).await;
    c.idle_pod("new", json!({})).await;
    c.patch("merge", &c.path("pods/new"), &label("2"))
        .await
        .ok();
    c.delete(&c.path("pods/new"), Value::Null).await.ok();
    c.idle_pod("end", json!({})).await;

    let mut watch = c
        .stream(&c.path(&format!("pods?watch=1&resourceVersion={version}")))
        .await;
    let mut seen = Vec::new();
    let mut versions = vec![version.parse::<u64>().unwrap()];
    loop {
        let event = watch.event().await;
        versions.push(
            text(&event["object"]["metadata"]["resourceVersion"])
                .parse()
                .unwrap(),
        );
        assert_eq!(event["object"]["kind"], "Pod");
        assert_eq!(event["object"]["apiVersion"], "v1");
        let summary = summary(&event);
        if summary == "ADDED end" {
            break;
        }
        seen.push(summary);
    }
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
    // The deletion may be seen to begin before it is done.
    seen.dedup();
    assert_eq!(seen, ["ADDED new", "MODIFIED new", "DELETED new"]);
}

async fn from_now(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    c.idle_pod("b", json!({})).await;
    let mut watch = c.stream(&c.path("pods?watch=true")).await;
    let mut first = [summary(&watch.event().await), summary(&watch.event().await)];
    first.sort();
    assert_eq!(first, ["ADDED a", "ADDED b"]);
    c.idle_pod("c", json!({})).await;
    assert_eq!(summary(&watch.event().await), "ADDED c");
}

async fn initial_events(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    c.idle_pod("b", json!({})).await;
    let query = "pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = c.stream(&c.path(query)).await;
    let mut mark = Value::Null;
    let mut seen = Vec::new();
    while mark.is_null() {
        let event = watch.event().await;
        if event["type"] == "BOOKMARK" {
            mark = event["object"].clone();
        } else {
            seen.push(summary(&event));
        }
    }
    seen.sort();
    assert_eq!(seen, ["ADDED a", "ADDED b"]);
    assert_eq!(mark["kind"], "Pod");
    assert_eq!(
        mark["metadata"]["annotations"]["k8s.io/initial-events-end"],
        "true"
    );
    let from: u64 = text(&mark["metadata"]["resourceVersion"]).parse().unwrap();
    c.idle_pod("c", json!({})).await;
    let mut event = watch.event().await;
    // A server may send an ordinary bookmark at any time.
    while event["type"] == "BOOKMARK" {
        event = watch.event().await;
    }
    assert_eq!(summary(&event), "ADDED c");
    assert!(
        text(&event["object"]["metadata"]["resourceVersion"])
            .parse::<u64>()
            .unwrap()
            > from
    );
}

async fn initial_events_want_a_match(c: &Cluster) {
    let reply = c
        .get(&c.path("pods?watch=1&sendInitialEvents=true&allowWatchBookmarks=true"))
        .await;
    assert_eq!(reply.refusal(), (422, "Invalid".into()));
    assert_eq!(
        reply.json()["details"]["causes"][0]["field"],
        "resourceVersionMatch"
    );
}

async fn expired(c: &Cluster) {
    let mut watch = c.stream(&c.path("pods?watch=1&resourceVersion=1")).await;
    let event = watch.event().await;
    assert_eq!(event["type"], "ERROR");
    let status = &event["object"];
    assert_eq!(status["kind"], "Status");
    assert_eq!(status["code"], 410);
    assert_eq!(status["reason"], "Expired");
    assert!(
        text(&status["message"]).starts_with("too old resource version: 1 ("),
        "{status}"
    );
    assert_eq!(watch.line().await, None);
}

async fn selected(c: &Cluster) {
    c.idle_pod("a", json!({"step": "1"})).await;
    let version = version(c).await;
    let query = format!("pods?watch=1&resourceVersion={version}&labelSelector=step%3D2");
    let mut watch = c.stream(&c.path(&query)).await;
    c.patch("merge", &c.path("pods/a"), &label("2")).await.ok();
    assert_eq!(summary(&watch.event().await), "ADDED a");
    c.patch(
        "merge",
        &c.path("pods/a"),
        &json!({"metadata": {"annotations": {"x": "y"}}}),
    )
    .await
    .ok();
    assert_eq!(summary(&watch.event().await), "MODIFIED a");
    c.patch("merge", &c.path("pods/a"), &label("3")).await.ok();
    assert_eq!(summary(&watch.event().await), "DELETED a");
}

async fn ends_in_time(c: &Cluster) {
    let mut watch = c.stream(&c.path("pods?watch=1&timeoutSeconds=1")).await;
    assert_eq!(watch.line().await, None);
}

async fn one_object(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    c.idle_pod("b", json!({})).await;
    let mut watch = c
        .stream(&c.path("pods?watch=1&fieldSelector=metadata.name%3Db"))
        .await;
    assert_eq!(summary(&watch.event().await), "ADDED b");
    c.patch("merge", &c.path("pods/a"), &label("2")).await.ok();
    c.patch("merge", &c.path("pods/b"), &label("2")).await.ok();
    assert_eq!(summary(&watch.event().await), "MODIFIED b");
}
