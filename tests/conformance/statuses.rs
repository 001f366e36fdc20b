//! READY, STATUS and RESTARTS of pods, one pod for each branch of kubectl's printing.
//!
//! `tests/fixtures/pod-status/` holds the pods and, in `expected.tsv`, what kubectl printed for them. Each
//! pod is written to the server as it stands there, its status through the status subresource, its times
//! moved so that they are as long ago as in the fixture.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Cluster;
use super::cluster::{idle_node, text};
use super::server::control_plane;

cases!(as_kubectl_prints);

/// READY, STATUS, RESTARTS by the pod's name.
type Printed = BTreeMap<String, [String; 3]>;

/// The time at which the fixtures are looked at.
const FIXTURE_NOW: &str = "2026-01-01T12:00:00Z";

async fn as_kubectl_prints(c: &Cluster) {
    let node = format!("node-of-{}", c.namespace);
    write_pods(c, &node).await;
    if c.is_real() {
        let printed = from_kubectl(c);
        if std::env::var_os("CONSTABLE_RECORD").is_some() {
            record(&printed);
        }
        compare("kubectl get pods", &printed);
    }
    compare("the server's table", &from_table(c).await);
    compare("constable get pods", &from_constable(c));
    for name in expected().keys() {
        let free = json!({"metadata": {"finalizers": null}});
        c.patch("merge", &c.path(&format!("pods/{name}")), &free)
            .await
            .ok();
    }
    c.delete(&format!("/api/v1/nodes/{node}"), Value::Null)
        .await
        .ok();
}

/// Puts every fixture on the server, on a node that nothing runs.
async fn write_pods(c: &Cluster, node: &str) {
    c.post("/api/v1/nodes", &idle_node(node)).await.ok();
    let began: DateTime<Utc> = FIXTURE_NOW.parse().expect("a time");
    let shift = Utc::now() - began;
    for (name, mut pod) in fixtures() {
        let status = moved(&pod["status"], shift);
        let deleted = pod["metadata"]["deletionTimestamp"].is_string();
        let metadata = pod["metadata"].as_object_mut().expect("an object");
        for field in [
            "namespace",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ] {
            metadata.remove(field);
        }
        pod["spec"]["schedulerName"] = "nobody".into();
        if pod["spec"]["nodeName"].is_string() {
            pod["spec"]["nodeName"] = node.into();
        }
        pod.as_object_mut().expect("an object").remove("status");
        let made = c.post(&c.path("pods"), &pod).await;
        assert_eq!(made.status, 201, "{name}: {}", made.text);
        let path = c.path(&format!("pods/{name}"));
        let patch = json!({"status": status});
        let written = c.patch("merge", &format!("{path}/status"), &patch).await;
        assert_eq!(written.status, 200, "{name}: {}", written.text);
        if deleted {
            c.delete(&path, Value::Null).await.ok();
        }
    }
}

/// The same value with every time in it moved.
fn moved(value: &Value, shift: TimeDelta) -> Value {
    match value {
        Value::String(s) => match s.parse::<DateTime<Utc>>() {
            Ok(time) => (time + shift)
                .format("%Y-%m-%dT%H:%M:%SZ")
                .to_string()
                .into(),
            Err(_) => value.clone(),
        },
        Value::Array(items) => items.iter().map(|v| moved(v, shift)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(k, v)| (k.clone(), moved(v, shift)))
            .collect(),
        _ => value.clone(),
    }
}

async fn from_table(c: &Cluster) -> Printed {
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let table = c.get_as(&c.path("pods"), accept).await.ok();
    let rows = table["rows"].as_array().expect("rows");
    rows.iter()
        .map(|row| {
            let cell = |i: usize| text(&row["cells"][i]);
            (cell(0), [cell(1), cell(2), cell(3)])
        })
        .collect()
}

fn from_kubectl(c: &Cluster) -> Printed {
    let folder = std::env::var_os("CONSTABLE_CONTROL_PLANE_BIN")
        .map_or_else(|| control_plane().join("bin"), PathBuf::from);
    let mut kubectl = Command::new(folder.join("kubectl"));
    kubectl.args(["--request-timeout=20s", "get", "pods", "--no-headers"]);
    let printed = output(&mut kubectl, c);
    let columns = |line: &str| {
        // Columns are at least three spaces apart; "4 (3h20m ago)" has single ones.
        let cells: Vec<String> = line
            .split("  ")
            .map(str::trim)
            .filter(|c| !c.is_empty())
            .map(str::to_owned)
            .collect();
        let [name, ready, status, restarts, _age]: [String; 5] =
            cells.try_into().expect("five columns");
        (name, [ready, status, restarts])
    };
    printed.lines().map(columns).collect()
}

/// `constable get pods -o json`: its restarts are a number, so the expected age is put beside it.
fn from_constable(c: &Cluster) -> Printed {
    let mut constable = Command::new(env!("CARGO_BIN_EXE_constable"));
    constable.args(["get", "pods", "-o", "json"]);
    let pods: Vec<Value> = serde_json::from_str(&output(&mut constable, c)).expect("an array");
    let expected = expected();
    pods.iter()
        .map(|pod| {
            let name = text(&pod["name"]);
            let restarts = pod["restarts"].to_string();
            let age = expected
                .get(&name)
                .and_then(|e| e[2].split_once(' '))
                .map_or(String::new(), |(_, age)| format!(" {age}"));
            (
                name,
                [text(&pod["ready"]), text(&pod["status"]), restarts + &age],
            )
        })
        .collect()
}

fn output(command: &mut Command, c: &Cluster) -> String {
    command
        .arg("--kubeconfig")
        .arg(&c.kubeconfig)
        .arg("--namespace")
        .arg(&c.namespace);
    let output = command.output().expect("it runs");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

#[track_caller]
fn compare(who: &str, printed: &Printed) {
    let expected = expected();
    let wrong: Vec<String> = expected
        .iter()
        .filter(|(name, cells)| printed.get(*name) != Some(cells))
        .map(|(name, cells)| format!("{name}: kubectl {cells:?}, {who} {:?}", printed.get(name)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        expected.len(),
        wrong.join("\n")
    );
    assert_eq!(printed.len(), expected.len());
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pod-status")
}

fn fixtures() -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(folder()).expect("the fixtures");
    files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .map(|path| {
            let pod: Value =
                serde_json::from_slice(&std::fs::read(&path).expect("readable")).expect("JSON");
            (text(&pod["metadata"]["name"]), pod)
        })
        .collect()
}

fn expected() -> Printed {
    let file = std::fs::read_to_string(folder().join("expected.tsv")).unwrap_or_default();
    let cells = |line: &str| {
        let cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
        let [name, ready, status, restarts]: [String; 4] = cells.try_into().expect("four columns");
        (name, [ready, status, restarts])
    };
    file.lines()
        .filter(|l| !l.starts_with('#'))
        .map(cells)
        .collect()
}

fn record(printed: &Printed) {
    let mut file = "# pod, READY, STATUS, RESTARTS: printed by kubectl 1.37 from a real API server (CONTRIBUTING says how).\n".to_owned();
    for (name, cells) in printed {
        file.push_str(&format!("{name}\t{}\n", cells.join("\t")));
    }
    std::fs::write(folder().join("expected.tsv"), file).expect("writable");
}
