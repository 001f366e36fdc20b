//! Bulk load: many nodes, and pods that run already, past scheduler and pulls.

use std::collections::VecDeque;

use chrono::Duration;
use serde_json::{Value, json};

use super::World;
use crate::sim::actors::node;
use crate::sim::actors::queue::Timer;
use crate::sim::{resource, timestamp};

/// How much, and how much of it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// Nodes, named `f-00001` on.
    pub nodes: usize,
    /// Job pods in all, spread over these nodes.
    pub pods: usize,
    /// Pods that end and are replaced, a minute.
    pub churn: usize,
}

#[derive(Debug, Default)]
pub(super) struct State {
    fill: Option<Fill>,
    alive: VecDeque<(Box<str>, u32)>,
    made: u64,
    owed: u64,
}

const NAMESPACE: &str = "ci-jobs";
/// Changes between two looks of the actors: well below what the log of changes holds.
const CHUNK: usize = 2000;
/// Pods are replaced this often, so that it comes evenly.
const PACE_MS: i64 = 100;
/// As many of these make a minute.
const PACES: u64 = 600;

impl World {
    /// Adds nodes and running job pods of the job platform's label scheme.
    pub fn fill(&mut self, fill: Fill) {
        let ns = json!({"metadata": {"name": NAMESPACE, "labels": {"kubernetes.io/metadata.name": NAMESPACE}},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}});
        // It may be there already.
        let _ = self.store.create(self.now, resource("namespaces"), ns);
        for i in 0..fill.nodes {
            let value = self.filled_node(i);
            // A second fill with the same names adds pods alone.
            let _ = self.store.create(self.now, resource("nodes"), value);
            if i % CHUNK == CHUNK - 1 {
                self.react();
            }
        }
        self.react();
        for i in 0..fill.pods {
            let node = u32::try_from(i % fill.nodes.max(1)).unwrap_or(0);
            self.fill_pod(node);
            if i % CHUNK == CHUNK - 1 {
                self.react();
            }
        }
        self.react();
        self.fill.fill = Some(fill);
        if fill.churn > 0 && fill.pods > 0 {
            self.actors
                .queue
                .push(self.now + Duration::milliseconds(PACE_MS), Timer::Churn);
        }
    }

    /// A tenth of a second's worth of pods end, others take their place.
    pub(super) fn churn(&mut self) {
        let Some(fill) = self.fill.fill else { return };
        self.fill.owed += fill.churn as u64;
        let n = self.fill.owed / PACES;
        self.fill.owed %= PACES;
        let finished = timestamp(self.now);
        for _ in 0..n {
            if let Some((name, node)) = self.fill.alive.pop_front() {
                // Somebody may have deleted it.
                let _ = self
                    .store
                    .update(self.now, resource("pods"), NAMESPACE, &name, |pod| {
                        ends_well(&mut pod["status"], &finished)
                    });
                let _ = self
                    .store
                    .remove(self.now, resource("pods"), NAMESPACE, &name);
                self.fill_pod(node);
            }
        }
        self.react();
        self.actors
            .queue
            .push(self.now + Duration::milliseconds(PACE_MS), Timer::Churn);
    }

    fn filled_node(&self, i: usize) -> Value {
        let name = format!("f-{:05}", i + 1);
        let pool = ["runner-large", "runner-small"][i % 2];
        let mut value = json!({
            "metadata": {"name": name, "labels": {
                "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                "cloud.google.com/gke-nodepool": pool}},
            "spec": {"taints": [{"key": "jobs.constable/public", "value": "true", "effect": "NoSchedule"}]},
            "status": {"capacity": {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "500Gi", "pods": "110"}},
        });
        let ip = format!("10.128.{}.{}", i / 250, i % 250 + 2);
        node::fill_status(&mut value["status"], &name, &ip);
        value["status"]["conditions"] = node::conditions(self.now, true);
        value
    }

    fn fill_pod(&mut self, node: u32) {
        let i = self.fill.made;
        self.fill.made += 1;
        let id = 100_000 + i;
        let name = format!("job-{id}-1");
        let age = self.actors.dice.on("age").at(i).range(1, 170);
        let started = timestamp(self.now - Duration::seconds(i64::try_from(age).unwrap_or(60)));
        let project = self.actors.dice.on("project").at(i).pick(&[
            "shop/api",
            "shop/web",
            "infra/base",
            "data/etl",
            "mobile/app",
        ]);
        let node_name = format!("f-{:05}", node + 1);
        let pool = ["runner-large", "runner-small"][node as usize % 2];
        let condition = |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": started});
        let image = "registry.example.com/ci/build-base:7";
        let value = json!({
            "metadata": {"name": name, "namespace": NAMESPACE,
                "labels": {"jobs.constable/id": id.to_string(), "jobs.constable/attempt": "1", "jobs.constable/component": "runner"},
                "annotations": {"jobs.constable/project": project, "jobs.constable/pipeline": "build",
                    "jobs.constable/run": (i / 7).to_string(), "jobs.constable/name": "test",
                    "jobs.constable/ref": "main", "jobs.constable/author": format!("dev-{}", i % 9)}},
            "spec": {"nodeName": node_name, "restartPolicy": "Never", "terminationGracePeriodSeconds": 30,
                "nodeSelector": {"cloud.google.com/gke-nodepool": pool},
                "tolerations": [{"key": "jobs.constable/public", "operator": "Exists"}],
                "containers": [{"name": "step-test", "image": image,
                    "resources": {"requests": {"cpu": "1500m", "memory": "3Gi"}, "limits": {"memory": "6Gi"}}}]},
            "status": {"phase": "Running", "hostIP": "10.128.0.2", "podIP": format!("10.9.{}.{}", i / 250 % 250, i % 250),
                "startTime": started, "qosClass": "Burstable",
                "conditions": [condition("PodReadyToStartContainers"), condition("Initialized"), condition("Ready"),
                    condition("ContainersReady"), condition("PodScheduled")],
                "containerStatuses": [{"name": "step-test", "state": {"running": {"startedAt": started}}, "lastState": {},
                    "ready": true, "restartCount": 0, "image": image, "imageID": "", "started": true}]},
        });
        if self.store.create(self.now, resource("pods"), value).is_ok() {
            self.fill.alive.push_back((name.into(), node));
        }
    }
}

/// A pod that went without having ended would be a lost job.
fn ends_well(status: &mut Value, finished: &str) {
    let started = status["startTime"].clone();
    status["phase"] = json!("Succeeded");
    status["containerStatuses"][0]["ready"] = json!(false);
    status["containerStatuses"][0]["state"] = json!({"terminated": {
        "exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": finished}});
}
