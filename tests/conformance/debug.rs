//! Debug containers: they join a pod by a path of their own, and stay as they are.

use serde_json::{Value, json};

use super::Cluster;
use super::cluster::{Reply, text};

cases!(
    joins_a_running_pod,
    stays_as_it_is,
    not_by_another_path,
    namespaces_may_forbid
);

async fn running_pod(c: &Cluster) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": "example.com/build:1"}]},
    });
    c.post(&c.path("pods"), &pod).await.ok();
    c.until(&c.path("pods"), "a", |p| p["status"]["phase"] == "Running")
        .await;
}

fn debug(name: &str) -> Value {
    json!({"spec": {"ephemeralContainers": [{"name": name, "image": "busybox:1", "stdin": true, "tty": true,
        "targetContainerName": "main"}]}})
}

async fn joins_a_running_pod(c: &Cluster) {
    running_pod(c).await;
    let path = c.path("pods/a/ephemeralcontainers");
    let made = c
        .patch("strategic-merge", &path, &debug("debugger-1"))
        .await
        .ok();
    assert_eq!(made["kind"], "Pod");
    let one = &made["spec"]["ephemeralContainers"][0];
    assert_eq!(one["name"], "debugger-1");
    assert_eq!(one["imagePullPolicy"], "IfNotPresent");
    assert_eq!(one["terminationMessagePolicy"], "File");
    let made = c
        .patch("strategic-merge", &path, &debug("debugger-2"))
        .await
        .ok();
    assert_eq!(
        made["spec"]["ephemeralContainers"].as_array().map(Vec::len),
        Some(2)
    );
    let reply = c.get(&path).await.ok();
    assert_eq!(reply["metadata"]["name"], "a");
    if !c.is_real() {
        // kwok does not start them.
        let pod = c
            .until(&c.path("pods"), "a", |p| {
                let all = p["status"]["ephemeralContainerStatuses"].as_array();
                all.is_some_and(|all| {
                    all.len() == 2 && all.iter().all(|s| s["state"]["running"].is_object())
                })
            })
            .await;
        assert_eq!(pod["status"]["phase"], "Running");
        assert_eq!(
            pod["status"]["containerStatuses"].as_array().map(Vec::len),
            Some(1)
        );
        let log = c.get(&c.path("pods/a/log?container=debugger-1")).await;
        assert_eq!(log.status, 200, "{}", log.text);
    }
}

async fn stays_as_it_is(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    let path = c.path("pods/a/ephemeralcontainers");
    let made = c.patch("strategic-merge", &path, &debug("dbg")).await.ok();
    let mut changed = made.clone();
    changed["spec"]["ephemeralContainers"][0]["image"] = "other:1".into();
    let reply = c.put(&path, &changed).await;
    assert_eq!(reply.refusal(), (422, "Invalid".into()));
    assert!(
        text(&reply.json()["message"])
            .contains("existing ephemeral containers \"dbg\" may not be changed"),
        "{}",
        reply.text
    );
    let mut gone = made.clone();
    gone["spec"]["ephemeralContainers"] = json!([]);
    let reply = c.put(&path, &gone).await;
    assert!(
        text(&reply.json()["message"])
            .contains("existing ephemeral containers \"dbg\" may not be removed"),
        "{}",
        reply.text
    );
    let mut twice = made;
    twice["spec"]["ephemeralContainers"]
        .as_array_mut()
        .expect("a list")
        .push(json!({"name": "main", "image": "x:1"}));
    assert_eq!(
        c.put(&path, &twice).await.refusal(),
        (422, "Invalid".into())
    );
}

async fn not_by_another_path(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    let reply = c
        .patch("strategic-merge", &c.path("pods/a"), &debug("dbg"))
        .await;
    assert_eq!(reply.refusal(), (422, "Invalid".into()));
    let reply = c
        .patch(
            "strategic-merge",
            &c.path("pods/nope/ephemeralcontainers"),
            &debug("dbg"),
        )
        .await;
    assert_eq!(reply.refusal(), (404, "NotFound".into()));
    let user = c.as_user("viewer").await;
    let reply = user
        .patch(
            "strategic-merge",
            &c.path("pods/a/ephemeralcontainers"),
            &debug("dbg"),
        )
        .await;
    assert_eq!(
        text(&reply.json()["message"]),
        format!(
            "pods \"a\" is forbidden: User \"viewer\" cannot patch resource \"pods/ephemeralcontainers\" in API group \"\" in the namespace \"{}\"",
            c.namespace
        )
    );
}

/// The server hears of a namespace's labels a little after they were written.
async fn once_forbidden(c: &Cluster, pod: &Value) -> Reply {
    let path = format!("{}?dryRun=All", c.path("pods"));
    let began = std::time::Instant::now();
    loop {
        let reply = c.post(&path, pod).await;
        if reply.status == 403 || began.elapsed() > std::time::Duration::from_secs(10) {
            return reply;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

async fn namespaces_may_forbid(c: &Cluster) {
    let label = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}});
    let namespace = format!("/api/v1/namespaces/{}", c.namespace);
    c.patch("merge", &namespace, &label).await.ok();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "node-debugger"},
        "spec": {"hostPID": true, "hostNetwork": true, "schedulerName": "nobody",
            "volumes": [{"name": "host-root", "hostPath": {"path": "/"}}],
            "containers": [{"name": "debugger", "image": "busybox:1", "securityContext": {"privileged": true}}]},
    });
    let reply = once_forbidden(c, &pod).await;
    assert_eq!(reply.refusal(), (403, "Forbidden".into()));
    assert_eq!(
        text(&reply.json()["message"]),
        "pods \"node-debugger\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true, hostPID=true), hostPath volumes (volume \"host-root\"), privileged (container \"debugger\" must not set securityContext.privileged=true)"
    );
    c.idle_pod("plain", json!({})).await;
    let label =
        json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    c.patch("merge", &namespace, &label).await.ok();
    let reply = once_forbidden(c, &super::cluster::idle_pod("b", json!({}))).await;
    assert_eq!(
        text(&reply.json()["message"]),
        "pods \"b\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"main\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"main\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"main\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \"main\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
    );
}
