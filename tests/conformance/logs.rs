//! The log of a container. (On kwok every container has the same forty lines.)

use serde_json::json;

use super::Cluster;
use super::cluster::text;

cases!(lines, which_container, not_yet);

/// A pod that a node runs, with two containers.
async fn running_pod(c: &Cluster) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [
            {"name": "main", "image": "example.com/build:1"}, {"name": "side", "image": "example.com/side:1"},
        ]},
    });
    c.post(&c.path("pods"), &pod).await.ok();
    c.until(&c.path("pods"), "a", |p| p["status"]["phase"] == "Running")
        .await;
}

async fn lines(c: &Cluster) {
    running_pod(c).await;
    let log = async |query: &str| {
        c.get_as(&c.path(&format!("pods/a/log?container=main{query}")), "*/*")
            .await
    };
    let whole = log("").await;
    assert_eq!(whole.status, 200, "{}", whole.text);
    assert!(
        whole.content_type.starts_with("text/plain"),
        "{}",
        whole.content_type
    );
    if !c.is_real() && whole.text.is_empty() {
        return;
    }
    let lines: Vec<&str> = whole.text.lines().collect();
    let tail = log("&tailLines=1").await;
    assert_eq!(tail.text.lines().count(), 1);
    let stamped = log("&timestamps=true").await;
    for (line, plain) in stamped.text.lines().zip(&lines) {
        let (time, rest) = line.split_once(' ').unwrap_or((line, ""));
        assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{line}");
        assert_eq!(rest, *plain);
    }
    assert_eq!(log("&sinceTime=2100-01-01T00:00:00Z").await.text, "");
    assert_eq!(log("&tailLines=0").await.text, "");
    assert_eq!(log("&limitBytes=4").await.text.len(), 4);
}

async fn which_container(c: &Cluster) {
    running_pod(c).await;
    let reply = c.get(&c.path("pods/a/log")).await;
    assert_eq!(reply.refusal(), (400, "BadRequest".into()));
    assert_eq!(
        reply.json()["message"],
        "a container name must be specified for pod a, choose one of: [main side]"
    );
    let reply = c.get(&c.path("pods/a/log?container=nope")).await;
    assert_eq!(reply.refusal(), (400, "BadRequest".into()));
    assert_eq!(
        reply.json()["message"],
        "container nope is not valid for pod a"
    );
    let reply = c.get(&c.path("pods/nope/log")).await;
    assert_eq!(reply.refusal(), (404, "NotFound".into()));
    assert_eq!(text(&reply.json()["message"]), "pods \"nope\" not found");
}

async fn not_yet(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    let reply = c.get(&c.path("pods/a/log")).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
}
