//! The shapes of refusals.

use http::Method;
use serde_json::{Value, json};

use super::Cluster;
use super::cluster::{idle_pod, text};

cases!(
    not_found,
    unknown_resource,
    method_not_allowed,
    unsupported_media_type,
    not_acceptable,
    already_exists,
    bad_requests,
    invalid,
);

async fn not_found(c: &Cluster) {
    let reply = c.get(&c.path("pods/nope")).await;
    assert_eq!(reply.refusal(), (404, "NotFound".into()));
    assert_eq!(reply.json()["message"], "pods \"nope\" not found");
    assert_eq!(
        reply.json()["details"],
        json!({"name": "nope", "kind": "pods"})
    );

    let reply = c.get(&c.group_path("apps/v1", "deployments/nope")).await;
    assert_eq!(
        reply.json()["message"],
        "deployments.apps \"nope\" not found"
    );
    assert_eq!(
        reply.json()["details"],
        json!({"name": "nope", "group": "apps", "kind": "deployments"})
    );
    let reply = c.delete(&c.path("pods/nope"), Value::Null).await;
    assert_eq!(reply.refusal(), (404, "NotFound".into()));
    let patch = json!({"metadata": {"labels": {"a": "b"}}});
    let reply = c.patch("merge", &c.path("pods/nope"), &patch).await;
    assert_eq!(reply.refusal(), (404, "NotFound".into()));
    // A list in a namespace that does not exist is empty, no error.
    let list = c.get("/api/v1/namespaces/nope-nope/pods").await.ok();
    assert_eq!(list["items"], json!([]));
    let reply = c
        .post(
            "/api/v1/namespaces/nope-nope/pods",
            &idle_pod("a", json!({})),
        )
        .await;
    assert_eq!(reply.refusal(), (404, "NotFound".into()));
    assert_eq!(
        reply.json()["message"],
        "namespaces \"nope-nope\" not found"
    );
}

async fn unknown_resource(c: &Cluster) {
    for path in [
        c.path("widgets"),
        c.path("pods/nope/widgets"),
        "/apis/nothing.example.com/v1/widgets".into(),
        "/nowhere".into(),
    ] {
        assert_eq!(c.get(&path).await.status, 404, "{path}");
    }
}

async fn method_not_allowed(c: &Cluster) {
    for (method, path) in [
        (Method::PUT, c.path("pods")),
        (Method::POST, c.path("pods/a")),
        (Method::DELETE, c.path("pods/a/status")),
        (Method::POST, "/version".into()),
    ] {
        let reply = c
            .send(method.clone(), &path, "application/json", &json!({}))
            .await;
        assert!(
            matches!(reply.status, 403..=405),
            "{method} {path}: {} {}",
            reply.status,
            reply.text
        );
    }
}

async fn unsupported_media_type(c: &Cluster) {
    let reply = c
        .send(
            Method::POST,
            &c.path("pods"),
            "text/plain",
            &idle_pod("a", json!({})),
        )
        .await;
    assert_eq!(reply.refusal(), (415, "UnsupportedMediaType".into()));

    c.idle_pod("a", json!({})).await;
    let reply = c
        .send(
            Method::PATCH,
            &c.path("pods/a"),
            "application/json",
            &json!({}),
        )
        .await;
    assert_eq!(reply.refusal(), (415, "UnsupportedMediaType".into()));
}

async fn not_acceptable(c: &Cluster) {
    let reply = c.get_as(&c.path("pods"), "text/csv").await;
    assert_eq!(reply.refusal(), (406, "NotAcceptable".into()));
    // A kind that is not known as this is passed over for the next one.
    let accept = "application/json;as=Nothing;v=v1;g=meta.k8s.io,application/json";
    let list = c.get_as(&c.path("pods"), accept).await.ok();
    assert_eq!(list["kind"], "PodList");
}

async fn already_exists(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    let reply = c.post(&c.path("pods"), &idle_pod("a", json!({}))).await;
    assert_eq!(reply.refusal(), (409, "AlreadyExists".into()));
    assert_eq!(reply.json()["message"], "pods \"a\" already exists");
    assert_eq!(
        reply.json()["details"],
        json!({"name": "a", "kind": "pods"})
    );
}

async fn bad_requests(c: &Cluster) {
    for query in [
        "pods?fieldSelector=spec.nothing=1",
        "pods?labelSelector=a+b+c",
        "pods?continue=nonsense",
        "pods?limit=many",
    ] {
        let reply = c.get(&c.path(query)).await;
        assert_eq!(
            reply.refusal(),
            (400, "BadRequest".into()),
            "{query}: {}",
            reply.text
        );
    }
    let reply = c.post(&c.path("pods"), &json!("no object")).await;
    assert_eq!(reply.refusal(), (400, "BadRequest".into()));
    // The body's namespace must be the path's.
    let mut pod = idle_pod("a", json!({}));
    pod["metadata"]["namespace"] = "other".into();
    let reply = c.post(&c.path("pods"), &pod).await;
    assert_eq!(reply.refusal(), (400, "BadRequest".into()));
}

async fn invalid(c: &Cluster) {
    let reply = c
        .post(&c.path("pods"), &idle_pod("No_Name", json!({})))
        .await;
    assert_eq!(reply.refusal(), (422, "Invalid".into()));
    let details = reply.json()["details"].clone();
    assert_eq!(details["kind"], "Pod");
    assert_eq!(details["causes"][0]["field"], "metadata.name");
    assert_eq!(text(&details["causes"][0]["reason"]), "FieldValueInvalid");
}
