//! Access reviews, as the gate before every action asks them.

use serde_json::json;

use super::Cluster;

cases!(self_review, who_am_i);

async fn self_review(c: &Cluster) {
    for (verb, group, resource, subresource) in [
        ("delete", "", "pods", ""),
        ("create", "", "pods", "eviction"),
        ("patch", "", "nodes", ""),
        ("list", "networking.k8s.io", "ingresses", ""),
    ] {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "namespace": c.namespace, "verb": verb, "group": group, "resource": resource, "subresource": subresource,
            }},
        });
        let reply = c
            .post(
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                &review,
            )
            .await;
        assert_eq!(reply.status, 201);
        let answer = reply.ok();
        assert_eq!(answer["kind"], "SelfSubjectAccessReview");
        assert_eq!(
            answer["status"]["allowed"], true,
            "{verb} {resource}: {answer}"
        );
        assert_eq!(answer["spec"]["resourceAttributes"]["verb"], verb);
    }
}

async fn who_am_i(c: &Cluster) {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let reply = c
        .post("/apis/authentication.k8s.io/v1/selfsubjectreviews", &review)
        .await;
    let answer = reply.ok();
    assert!(
        answer["status"]["userInfo"]["username"]
            .as_str()
            .is_some_and(|n| !n.is_empty()),
        "{answer}"
    );
}
