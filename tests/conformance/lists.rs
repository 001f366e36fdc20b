//! Lists: pages, selectors, order.

use serde_json::{Value, json};

use super::Cluster;
use super::cluster::{idle_pod, names, text};

cases!(
    whole,
    pages,
    label_selectors,
    field_selectors,
    all_namespaces,
    too_new,
    too_old,
);

/// Pods a to e, each with its name and its place in the row as labels.
async fn five_pods(c: &Cluster) {
    for (i, name) in ["c", "a", "e", "b", "d"].iter().enumerate() {
        let labels = json!({"name": name, "place": if i < 2 { "early" } else { "late" }, "case": c.namespace});
        c.idle_pod(name, labels).await;
    }
}

async fn whole(c: &Cluster) {
    five_pods(c).await;
    let list = c.get(&c.path("pods")).await.ok();
    assert_eq!(list["kind"], "PodList");
    assert_eq!(list["apiVersion"], "v1");
    assert!(
        text(&list["metadata"]["resourceVersion"])
            .parse::<u64>()
            .is_ok()
    );
    assert_eq!(list["metadata"].get("continue"), None);
    assert_eq!(names(&list), ["a", "b", "c", "d", "e"]);
    assert_eq!(list["items"][0].get("kind"), None);
    assert_eq!(list["items"][0]["status"]["phase"], "Pending");

    let pod = c.get(&c.path("pods/a")).await.ok();
    assert_eq!(pod["kind"], "Pod");
    assert_eq!(pod["apiVersion"], "v1");
    assert_eq!(pod["metadata"]["uid"], list["items"][0]["metadata"]["uid"]);
}

async fn pages(c: &Cluster) {
    five_pods(c).await;
    let mut seen = Vec::new();
    let mut versions = Vec::new();
    let mut next = String::new();
    let mut left = Vec::new();
    loop {
        let path = c.path(&format!("pods?limit=2&continue={}", escape(&next)));
        let page = c.get(&path).await.ok();
        seen.push(names(&page));
        versions.push(text(&page["metadata"]["resourceVersion"]));
        left.push(page["metadata"]["remainingItemCount"].as_u64());
        // Made between two pages: not in the list that the first page began.
        let late = idle_pod(&format!("b{}", seen.len()), json!({}));
        c.post(&c.path("pods"), &late).await.ok();
        next = text(&page["metadata"]["continue"]);
        if next.is_empty() {
            break;
        }
    }
    assert_eq!(seen, [vec!["a", "b"], vec!["c", "d"], vec!["e"]]);
    assert_eq!(left, [Some(3), Some(1), None]);
    versions.dedup();
    assert_eq!(versions.len(), 1, "{versions:?}");
}

async fn label_selectors(c: &Cluster) {
    five_pods(c).await;
    for (selector, wanted) in [
        ("name=a", "a"),
        ("name==a", "a"),
        ("name!=a", "bcde"),
        ("name in (a,b)", "ab"),
        ("name notin (a,b)", "cde"),
        ("place", "abcde"),
        ("!place", ""),
        ("place=early,name!=a", "c"),
        ("place=early,name in (b)", ""),
    ] {
        let path = c.path(&format!("pods?labelSelector={}", escape(selector)));
        let found = names(&c.get(&path).await.ok()).concat();
        assert_eq!(found, wanted, "{selector}");
    }
}

async fn field_selectors(c: &Cluster) {
    let node = format!("node-of-{}", c.namespace);
    for (name, bound) in [("a", false), ("b", true), ("c", true)] {
        let mut pod = idle_pod(name, json!({}));
        if bound {
            pod["spec"]["nodeName"] = node.as_str().into();
        }
        c.post(&c.path("pods"), &pod).await.ok();
    }
    let status = json!({"status": {"phase": "Running"}});
    c.patch("merge", &c.path("pods/c/status"), &status)
        .await
        .ok();
    for (selector, wanted) in [
        (format!("spec.nodeName={node}"), "bc"),
        (format!("spec.nodeName!={node}"), "a"),
        ("spec.nodeName=".into(), "a"),
        ("metadata.name=b".into(), "b"),
        ("metadata.name!=b".into(), "ac"),
        (format!("metadata.namespace={}", c.namespace), "abc"),
        ("status.phase=Pending".into(), "ab"),
        ("status.phase!=Pending".into(), "c"),
        (
            format!("spec.nodeName={node},status.phase!=Succeeded,status.phase!=Failed"),
            "bc",
        ),
    ] {
        let path = c.path(&format!("pods?fieldSelector={}", escape(&selector)));
        let found = names(&c.get(&path).await.ok()).concat();
        assert_eq!(found, wanted, "{selector}");
    }
}

async fn all_namespaces(c: &Cluster) {
    five_pods(c).await;
    let path = format!("/api/v1/pods?labelSelector=case={}", c.namespace);
    let list = c.get(&path).await.ok();
    assert_eq!(names(&list), ["a", "b", "c", "d", "e"]);
    let namespaces: Vec<&Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["metadata"]["namespace"])
        .collect();
    assert_eq!(namespaces, vec![c.namespace.as_str(); 5]);
}

async fn too_new(c: &Cluster) {
    let reply = c.get(&c.path("pods?resourceVersion=999999999")).await;
    assert_eq!(reply.refusal(), (504, "Timeout".into()));
    assert_eq!(
        reply.json()["details"]["causes"][0]["reason"],
        "ResourceVersionTooLarge"
    );
}

async fn too_old(c: &Cluster) {
    let reply = c
        .get(&c.path("pods?resourceVersion=1&resourceVersionMatch=Exact"))
        .await;
    assert_eq!(reply.refusal(), (410, "Expired".into()));
    let reply = c
        .get(&c.path("pods?resourceVersion=1&resourceVersionMatch=NotOlderThan"))
        .await;
    assert_eq!(reply.ok()["kind"], "PodList");
}

/// Percent-encodes what a selector or a token has beside letters.
pub(super) fn escape(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(b).to_string()
            }
            _ => format!("%{b:02X}"),
        })
        .collect()
}
