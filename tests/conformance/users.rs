//! Users with fewer rights: what they are refused, and in which words.

use serde_json::{Value, json};

use super::Cluster;
use super::cluster::text;

cases!(no_nodes, one_namespace, reads_only, unknown_token);

/// The namespace of the user who has but one.
const THEIRS: &str = "ci-jobs";

#[track_caller]
fn forbidden(reply: &super::cluster::Reply, message: &str) {
    assert_eq!(reply.refusal(), (403, "Forbidden".into()));
    assert_eq!(reply.json()["message"], message);
}

async fn no_nodes(c: &Cluster) {
    let user = c.as_user("no-nodes").await;
    forbidden(
        &user.get("/api/v1/nodes").await,
        "nodes is forbidden: User \"no-nodes\" cannot list resource \"nodes\" in API group \"\" at the cluster scope",
    );
    forbidden(
        &user.get("/api/v1/nodes?watch=1").await,
        "nodes is forbidden: User \"no-nodes\" cannot watch resource \"nodes\" in API group \"\" at the cluster scope",
    );
    forbidden(
        &user.get("/api/v1/nodes/p-01").await,
        "nodes \"p-01\" is forbidden: User \"no-nodes\" cannot get resource \"nodes\" in API group \"\" at the cluster scope",
    );
    user.get("/api/v1/pods").await.ok();
}

async fn one_namespace(c: &Cluster) {
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": THEIRS}});
    let made = c.post("/api/v1/namespaces", &body).await;
    assert!(matches!(made.status, 201 | 409), "{}", made.text);

    let user = c.as_user("ns-only").await;
    let list = user
        .get(&format!("/api/v1/namespaces/{THEIRS}/pods"))
        .await
        .ok();
    assert_eq!(list["kind"], "PodList");
    forbidden(
        &user.get("/api/v1/pods").await,
        "pods is forbidden: User \"ns-only\" cannot list resource \"pods\" in API group \"\" at the cluster scope",
    );
    let reply = user
        .get("/apis/apps/v1/namespaces/default/deployments/x")
        .await;
    forbidden(
        &reply,
        "deployments.apps \"x\" is forbidden: User \"ns-only\" cannot get resource \"deployments\" in API group \"apps\" \
         in the namespace \"default\"",
    );
    assert_eq!(
        reply.json()["details"],
        json!({"name": "x", "group": "apps", "kind": "deployments"})
    );
}

async fn reads_only(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    let user = c.as_user("viewer").await;
    user.get(&c.path("pods/a")).await.ok();
    let reply = user.delete(&c.path("pods/a"), Value::Null).await;
    forbidden(
        &reply,
        &format!(
            "pods \"a\" is forbidden: User \"viewer\" cannot delete resource \"pods\" in API group \"\" in the namespace \"{}\"",
            c.namespace
        ),
    );
    let reply = user
        .post(
            &c.path("pods/a/eviction"),
            &json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}),
        )
        .await;
    forbidden(
        &reply,
        &format!(
            "pods \"a\" is forbidden: User \"viewer\" cannot create resource \"pods/eviction\" in API group \"\" in the namespace \"{}\"",
            c.namespace
        ),
    );
    for (verb, allowed) in [("list", true), ("delete", false)] {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"namespace": c.namespace, "verb": verb, "resource": "pods"}},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        assert_eq!(
            user.post(path, &review).await.ok()["status"]["allowed"],
            allowed,
            "{verb}"
        );
    }
    let who = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let answer = user
        .post("/apis/authentication.k8s.io/v1/selfsubjectreviews", &who)
        .await
        .ok();
    assert_eq!(text(&answer["status"]["userInfo"]["username"]), "viewer");
}

async fn unknown_token(c: &Cluster) {
    let user = c.as_user("somebody-else").await;
    assert_eq!(
        user.get("/api/v1/pods").await.refusal(),
        (401, "Unauthorized".into())
    );
}
