//! The merged log of many pods, one of which restarts and one of which is deleted in the middle, as
//! `constable logs` reads it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Cluster;

/// How many lines each pod was heard to say.
type Heard = std::collections::BTreeMap<String, usize>;

cases!(one_restarts_and_one_goes);

const PODS: usize = 20;
/// Longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

async fn one_restarts_and_one_goes(c: &Cluster) {
    for n in 0..PODS {
        let script = json!({"main": {"log": "worker", "lines_per_s": 5.0}});
        let crash =
            json!({"main": {"lines": ["step 1: before the crash"], "run_ms": 6000, "exit": 1}});
        let script = if n == 0 { crash } else { script };
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": format!("w-{n:02}"), "labels": {"case": "merged"},
                "annotations": {"sim.constable/script": script.to_string()},
            },
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": "example.com/worker:1"}]},
        });
        c.post(&c.path("pods"), &pod).await.ok();
    }
    for n in 0..PODS {
        let name = format!("w-{n:02}");
        let ran = |p: &Value| p["status"]["phase"] == "Running";
        c.until(&c.path("pods"), &name, ran).await;
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_constable"))
        .args([
            "logs",
            "-f",
            "-l",
            "case=merged",
            "-n",
            &c.namespace,
            "-o",
            "json",
        ])
        .arg("--kubeconfig")
        .arg(&c.kubeconfig)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("constable runs");
    let (told, heard) = mpsc::channel();
    let out = BufReader::new(child.stdout.take().expect("its stdout"));
    let err = BufReader::new(child.stderr.take().expect("its stderr"));
    let lines = told.clone();
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            let _ = lines.send(Ok(line));
        }
    });
    std::thread::spawn(move || {
        for line in err.lines().map_while(Result::ok) {
            let _ = told.send(Err(line));
        }
    });
    let mut pods = Heard::new();
    let mut said = Vec::new();
    let mut listen = |until: &dyn Fn(&Heard, &[String]) -> bool| {
        let begin = Instant::now();
        while !until(&pods, &said) {
            assert!(begin.elapsed() < PATIENCE, "{pods:?}\n{}", said.join("\n"));
            match heard.recv_timeout(Duration::from_millis(200)) {
                Ok(Ok(line)) => {
                    let line: Value = serde_json::from_str(&line).expect("a JSON line");
                    *pods
                        .entry(line["name"].as_str().unwrap_or_default().to_owned())
                        .or_default() += 1;
                }
                Ok(Err(line)) => said.push(line),
                Err(_) => {}
            }
        }
    };
    // All of them are heard.
    listen(&|pods, _| pods.len() == PODS);
    c.delete(&c.path("pods/w-07"), Value::Null).await;
    listen(&|_, said| {
        said.iter()
            .any(|l| l.starts_with("w-07") && l.contains("gone"))
    });
    if c.is_real() {
        // Nobody runs containers on kwok: the kubelet's report of a restart is written for it.
        let restarted = json!({"status": {"containerStatuses": [{
            "name": "main", "image": "example.com/worker:1", "imageID": "", "ready": true, "started": true,
            "restartCount": 1, "state": {"running": {"startedAt": "2026-01-02T03:04:05Z"}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
        }]}});
        c.patch("merge", &c.path("pods/w-00/status"), &restarted)
            .await
            .ok();
    } else {
        listen(&|_, said| {
            let mut of = said.iter().filter(|l| l.starts_with("w-00"));
            of.any(|l| l.contains("restarted (1), exit 1"))
        });
    }
    // The others go on, and one that comes joins.
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "w-99", "labels": {"case": "merged"}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": "example.com/worker:1"}]},
    });
    c.post(&c.path("pods"), &pod).await.ok();
    if c.is_real() {
        listen(&|pods, _| pods.contains_key("w-99"));
    }
    child.kill().expect("it runs until it is ended");
    child.wait().expect("it ends");
}
