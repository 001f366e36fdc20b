//! Figures of use, and what answers behind a service. (The real control plane has no metrics server.)

use serde_json::json;

use super::Cluster;
use super::cluster::text;

cases!(nodes_and_pods, behind_a_service);

const GROUP: &str = "/apis/metrics.k8s.io/v1beta1";

async fn nodes_and_pods(c: &Cluster) {
    if c.is_real() {
        assert_eq!(c.get(GROUP).await.status, 404);
        return;
    }
    let list = c.get(GROUP).await.ok();
    assert_eq!(list["groupVersion"], "metrics.k8s.io/v1beta1");
    assert_eq!(list["resources"][0]["kind"], "NodeMetrics");
    let nodes = c.get(&format!("{GROUP}/nodes")).await.ok();
    assert_eq!(nodes["kind"], "NodeMetricsList");
    let node = &nodes["items"][0];
    assert!(
        text(&node["usage"]["cpu"]).ends_with('n')
            && text(&node["usage"]["memory"]).ends_with("Ki"),
        "{node}"
    );
    assert!(text(&node["window"]).ends_with('s'));
    let name = text(&node["metadata"]["name"]);
    let one = c.get(&format!("{GROUP}/nodes/{name}")).await.ok();
    assert_eq!(one["kind"], "NodeMetrics");
    let pods = c
        .get(&format!("{GROUP}/namespaces/ci-system/pods"))
        .await
        .ok();
    let items = pods["items"].as_array().expect("a list");
    assert!(items.len() > 5, "{pods}");
    assert!(
        items
            .iter()
            .all(|p| p["metadata"]["namespace"] == "ci-system")
    );
    assert!(items[0]["containers"][0]["usage"]["cpu"].is_string());
    let none = c
        .get(&format!("{GROUP}/namespaces/default/pods/nope"))
        .await;
    assert_eq!(none.refusal(), (404, "NotFound".into()));
    assert_eq!(
        text(&none.json()["message"]),
        "podmetrics.metrics.k8s.io \"default/nope\" not found"
    );
    let user = c.as_user("no-nodes").await;
    let refused = user
        .get("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods")
        .await;
    assert_eq!(refused.status, 200, "it may see pods");
}

async fn behind_a_service(c: &Cluster) {
    let nothing = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "empty"},
        "spec": {"selector": {"app": "none"}, "ports": [{"name": "http", "port": 80}]}});
    c.post(&c.path("services"), &nothing).await.ok();
    let reply = c.get(&c.path("services/empty:http/proxy/metrics")).await;
    assert_eq!(reply.refusal(), (503, "ServiceUnavailable".into()));
    assert_eq!(
        text(&reply.json()["message"]),
        "no endpoints available for service \"empty\""
    );
    let user = c.as_user("ns-only").await;
    assert_eq!(user.get(&c.path("services/empty/proxy/")).await.status, 403);
    if !c.is_real() {
        let reply = c
            .get("/api/v1/namespaces/ci-system/services/results:http/proxy/metrics")
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert!(
            reply
                .text
                .contains("constable_queue_depth{queue=\"queue-0\"}"),
            "{}",
            reply.text
        );
    }
}
