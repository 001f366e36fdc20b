//! The API server goes away and comes back: what was known is kept, and what is shown afterwards is the
//! truth.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::conformance::{Cluster, ControlPlane, Kind};

/// As long as an API server takes to be replaced.
const OUTAGE: Duration = Duration::from_secs(30);

#[test]
#[ignore = "needs a control plane"]
fn a_watch_outlives_the_api_server() {
    let plane = ControlPlane::start("--apiserver-only --nodes controllers=1");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let cluster = runtime.block_on(Cluster::new(Kind::Real, plane.kubeconfig(), "outage"));
    let create = |name: &str| {
        runtime.block_on(cluster.idle_pod(name, json!({})));
    };
    for i in 0..20 {
        create(&format!("before-{i}"));
    }

    let mut constable = Command::new(env!("CARGO_BIN_EXE_constable"))
        .args(["get", "pods", "-w", "-o", "json", "--kubeconfig"])
        .arg(plane.kubeconfig())
        .args(["-n", &cluster.namespace])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("constable runs");
    let output = constable.stdout.take().expect("a pipe");
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    let mut seen = Seen::default();
    seen.read_until(&lines, |s| s.pods.len() == 20);

    plane.stop_apiserver();
    let began = Instant::now();
    while let Some(left) = OUTAGE.checked_sub(began.elapsed()) {
        if let Ok(line) = lines.recv_timeout(left) {
            seen.take(&line);
        }
    }
    assert_eq!(constable.try_wait().expect("its state"), None, "it ended");
    plane.start_apiserver();

    runtime.block_on(async {
        let path = cluster.path("pods/before-3");
        cluster.delete(&path, Value::Null).await.ok();
    });
    create("after");
    seen.read_until(&lines, |s| {
        s.pods.contains_key("after") && !s.pods.contains_key("before-3")
    });
    constable.kill().expect("it runs");
    constable.wait().expect("it ends");

    assert_eq!(
        seen.removed,
        ["before-3"],
        "nothing else was taken for gone"
    );
    let list = runtime.block_on(cluster.get(&cluster.path("pods"))).json();
    let mut names: Vec<String> = list["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|p| p["metadata"]["name"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(seen.pods.into_keys().collect::<Vec<_>>(), names);
}

/// What `constable get pods -w -o json` has told.
#[derive(Default)]
struct Seen {
    pods: BTreeMap<String, Value>,
    removed: Vec<String>,
}

impl Seen {
    fn take(&mut self, line: &str) {
        let pod: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let name = pod["name"].as_str().expect("a name").to_owned();
        if pod["event"] == "removed" {
            self.pods.remove(&name);
            self.removed.push(name);
        } else {
            self.pods.insert(name, pod);
        }
    }

    fn read_until(&mut self, lines: &Receiver<String>, done: impl Fn(&Seen) -> bool) {
        while !done(self) {
            match lines.recv_timeout(Duration::from_secs(90)) {
                Ok(line) => self.take(&line),
                Err(e) => panic!("{e} with {:?}", self.pods.keys()),
            }
        }
    }
}
