//! What the API server checks before it opens a connection to a container. (What happens inside, kwok cannot show.)

use futures::SinkExt;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{AttachParams, TerminalSize};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Cluster;
use super::cluster::text;

cases!(
    checked_before_it_is_opened,
    needs_the_right_to_create,
    not_without_an_upgrade,
    listed_in_discovery,
    commands_end_with_their_code,
    a_terminal_is_resized,
    a_port_answers,
);

const KINDS: [&str; 3] = [
    "exec?command=sh&stdout=true",
    "attach?stdout=true",
    "portforward?ports=80",
];

async fn checked_before_it_is_opened(c: &Cluster) {
    for query in KINDS {
        let reply = c.get(&c.path(&format!("pods/nope/{query}"))).await;
        assert_eq!(reply.refusal(), (404, "NotFound".into()), "{query}");
    }
    c.idle_pod("a", json!({})).await;
    for query in KINDS {
        let reply = c.get(&c.path(&format!("pods/a/{query}"))).await;
        assert_eq!(reply.refusal(), (400, "BadRequest".into()), "{query}");
        assert_eq!(
            reply.json()["message"],
            "pod a does not have a host assigned"
        );
    }
    let reply = c
        .get(&c.path("pods/a/exec?command=sh&stdout=true&container=nope"))
        .await;
    assert_eq!(
        reply.json()["message"],
        "container nope is not valid for pod a"
    );
}

async fn needs_the_right_to_create(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    let user = c.as_user("viewer").await;
    // It may get it, and a WebSocket is a GET: but it must be allowed to create it as well.
    let reply = user
        .get(&c.path("pods/a/exec?command=sh&stdout=true"))
        .await;
    assert_eq!(reply.refusal(), (403, "Forbidden".into()));
    assert_eq!(reply.json()["message"], "pods \"a\" is forbidden: ");
    let reply = user
        .post(&c.path("pods/a/exec?command=sh&stdout=true"), &Value::Null)
        .await;
    assert_eq!(
        text(&reply.json()["message"]),
        format!(
            "pods \"a\" is forbidden: User \"viewer\" cannot create resource \"pods/exec\" in API group \"\" in the namespace \"{}\"",
            c.namespace
        )
    );
}

async fn running_pod(c: &Cluster) -> Api<Pod> {
    let container =
        json!({"name": "main", "image": "example.com/build:1", "ports": [{"containerPort": 8080}]});
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
    });
    c.post(&c.path("pods"), &pod).await.ok();
    c.until(&c.path("pods"), "a", |p| p["status"]["phase"] == "Running")
        .await;
    Api::namespaced(c.client(), &c.namespace)
}

async fn not_without_an_upgrade(c: &Cluster) {
    running_pod(c).await;
    for query in KINDS {
        let reply = c.get(&c.path(&format!("pods/a/{query}"))).await;
        assert_eq!(reply.refusal(), (400, "BadRequest".into()), "{query}");
        assert_eq!(reply.json()["message"], "Upgrade request required");
    }
}

async fn listed_in_discovery(c: &Cluster) {
    let list = c.get("/api/v1").await.ok();
    for (name, kind) in [
        ("pods/exec", "PodExecOptions"),
        ("pods/attach", "PodAttachOptions"),
        ("pods/portforward", "PodPortForwardOptions"),
    ] {
        let all = list["resources"].as_array().expect("a list");
        let one = all.iter().find(|r| r["name"] == name).expect(name);
        assert_eq!(one["kind"], kind);
        assert_eq!(one["verbs"], json!(["create", "get"]));
        assert_eq!(one["group"], Value::Null);
    }
}

// From here on what happens inside is what matters: on kwok nothing does.

async fn commands_end_with_their_code(c: &Cluster) {
    if c.is_real() {
        return;
    }
    let pods = running_pod(c).await;
    for (script, out, code) in [
        ("echo hello; exit 3", "hello\n", Some("3")),
        ("cat", "typed\n", None),
        ("nosuch", "", Some("127")),
    ] {
        let params = AttachParams::default().stdin(true);
        let mut process = pods
            .exec("a", ["sh", "-c", script], &params)
            .await
            .expect("exec");
        let status = process.take_status().expect("a status");
        let mut stdin = process.stdin().expect("its input");
        stdin.write_all(b"typed\n").await.expect("it reads");
        // To drop it is not enough.
        stdin.shutdown().await.expect("it ends");
        let mut text = String::new();
        let mut stdout = process.stdout().expect("its output");
        stdout.read_to_string(&mut text).await.expect("text");
        assert_eq!(text, out, "{script}");
        let status = status.await.expect("it ended");
        let causes = status.details.and_then(|d| d.causes).unwrap_or_default();
        assert_eq!(
            causes.first().and_then(|c| c.message.as_deref()),
            code,
            "{script}"
        );
    }
    let params = AttachParams::default().container("other");
    let refused = pods
        .exec("a", ["sh"], &params)
        .await
        .err()
        .expect("refused");
    assert!(
        refused.to_string().contains("container other is not valid"),
        "{refused}"
    );
}

async fn a_terminal_is_resized(c: &Cluster) {
    if c.is_real() {
        return;
    }
    let pods = running_pod(c).await;
    let params = AttachParams::interactive_tty();
    let mut process = pods.exec("a", ["sh"], &params).await.expect("exec");
    let mut sizes = process.terminal_size().expect("a terminal");
    let size = TerminalSize {
        width: 120,
        height: 36,
    };
    sizes.send(size).await.expect("it hears");
    let (mut stdin, mut stdout) = (
        process.stdin().expect("stdin"),
        process.stdout().expect("stdout"),
    );
    let mut seen = String::new();
    let mut buffer = [0; 256];
    for (keys, wanted) in [
        ("", "# "),
        ("stty size\r", "36 120\r\n"),
        ("exit 4\r", "exit 4\r\n"),
    ] {
        stdin.write_all(keys.as_bytes()).await.expect("it reads");
        while !seen.contains(wanted) {
            let n = stdout.read(&mut buffer).await.expect("output");
            assert!(n > 0, "ended at {seen:?}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
    }
    let status = process
        .take_status()
        .expect("a status")
        .await
        .expect("it ended");
    assert_eq!(status.reason.as_deref(), Some("NonZeroExitCode"));
}

async fn a_port_answers(c: &Cluster) {
    if c.is_real() {
        return;
    }
    let pods = running_pod(c).await;
    let mut forward = pods.portforward("a", &[8080]).await.expect("portforward");
    let mut port = forward.take_stream(8080).expect("a stream");
    let request = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    port.write_all(request).await.expect("it reads");
    let mut answer = String::new();
    port.read_to_string(&mut answer).await.expect("an answer");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("ok\n"),
        "{answer}"
    );
    let mut forward = pods.portforward("a", &[81]).await.expect("portforward");
    let mut port = forward.take_stream(81).expect("a stream");
    let error = forward.take_error(81).expect("its errors");
    port.write_all(request).await.expect("it reads");
    let said = error.await.expect("a reason");
    assert!(said.contains("connection refused"), "{said}");
}
