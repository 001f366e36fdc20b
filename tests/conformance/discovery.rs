//! What clients ask before anything else.

use serde_json::Value;

use super::cluster::text;
use super::{Cluster, cluster};

cases!(version, health, groups, core_resources, group_resources);

async fn version(c: &Cluster) {
    let version = c.get("/version").await.ok();
    assert_eq!(version["major"], "1");
    assert_eq!(version["minor"], "37");
    assert!(
        text(&version["gitVersion"]).starts_with("v1.37."),
        "{version}"
    );
}

async fn health(c: &Cluster) {
    for path in ["/readyz", "/livez", "/healthz"] {
        let reply = c.get(path).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, "ok"), "{path}");
    }
}

async fn groups(c: &Cluster) {
    let core = c.get("/api").await.ok();
    assert_eq!(core["kind"], "APIVersions");
    assert_eq!(core["versions"], serde_json::json!(["v1"]));

    let groups = c.get("/apis").await.ok();
    assert_eq!(groups["kind"], "APIGroupList");
    for (name, version) in [
        ("apps", "apps/v1"),
        ("authorization.k8s.io", "authorization.k8s.io/v1"),
        ("batch", "batch/v1"),
        ("coordination.k8s.io", "coordination.k8s.io/v1"),
        ("discovery.k8s.io", "discovery.k8s.io/v1"),
        ("networking.k8s.io", "networking.k8s.io/v1"),
        ("policy", "policy/v1"),
    ] {
        let group = find(&groups["groups"], name);
        assert_eq!(group["preferredVersion"]["groupVersion"], version, "{name}");
    }
}

async fn core_resources(c: &Cluster) {
    let list = c.get("/api/v1").await.ok();
    assert_eq!(list["kind"], "APIResourceList");
    assert_eq!(list["groupVersion"], "v1");

    let pods = find(&list["resources"], "pods");
    assert_eq!(pods["kind"], "Pod");
    assert_eq!(pods["namespaced"], true);
    assert_eq!(pods["singularName"], "pod");
    assert_eq!(pods["shortNames"], serde_json::json!(["po"]));
    for verb in [
        "create", "delete", "get", "list", "patch", "update", "watch",
    ] {
        assert!(
            pods["verbs"]
                .as_array()
                .is_some_and(|v| v.contains(&verb.into())),
            "{verb}: {pods}"
        );
    }
    let eviction = find(&list["resources"], "pods/eviction");
    assert_eq!(eviction["kind"], "Eviction");
    assert_eq!(eviction["group"], "policy");
    assert_eq!(eviction["version"], "v1");
    assert_eq!(find(&list["resources"], "pods/log")["kind"], "Pod");
    assert_eq!(find(&list["resources"], "nodes")["namespaced"], false);
}

async fn group_resources(c: &Cluster) {
    for (group, resource, kind, short) in [
        ("apps/v1", "deployments", "Deployment", "deploy"),
        ("apps/v1", "statefulsets", "StatefulSet", "sts"),
        ("networking.k8s.io/v1", "ingresses", "Ingress", "ing"),
        (
            "policy/v1",
            "poddisruptionbudgets",
            "PodDisruptionBudget",
            "pdb",
        ),
    ] {
        let list = c.get(&format!("/apis/{group}")).await.ok();
        assert_eq!(list["groupVersion"], group);
        let found = find(&list["resources"], resource);
        assert_eq!(found["kind"], kind);
        assert_eq!(found["namespaced"], true);
        assert_eq!(found["shortNames"], serde_json::json!([short]));
    }
    let reply = c.get("/apis/nothing.example.com/v1").await;
    assert_eq!(reply.status, 404);
}

/// The element of that name.
fn find<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array()
        .and_then(|l| l.iter().find(|e| cluster::text(&e["name"]) == name))
        .unwrap_or_else(|| panic!("no {name:?} in {list}"))
}
