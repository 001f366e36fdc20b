//! The demo's machines: how many of which rank, as Node objects, and what runs on every cluster.

use crate::sim::scenario::Pool;
use serde_json::{Value, json};

/// How many nodes of each rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Control plane: `c-1`…
    pub controllers: u32,
    /// Infrastructure: `n-01`…
    pub patricians: u32,
    /// Job nodes of the pool `runner-large`: the first of `p-01`…
    pub large: u32,
    /// Job nodes of the pool `runner-small`: the others.
    pub small: u32,
}

impl Size {
    /// Ranks in the proportion 3 : 12 : 48, for so many nodes in all; at least 4, or one that is everything.
    pub fn of(nodes: u32) -> Size {
        if nodes == 1 {
            return Size {
                controllers: 1,
                patricians: 0,
                large: 0,
                small: 0,
            };
        }
        let nodes = nodes.max(4);
        let controllers = if nodes < 12 { 1 } else { 3 };
        let left = nodes - controllers;
        let patricians = (left / 5).max(1);
        let jobs = left - patricians;
        Size {
            controllers,
            patricians,
            large: jobs.div_ceil(2),
            small: jobs / 2,
        }
    }

    /// Job nodes of both pools.
    pub fn peasants(self) -> u32 {
        self.large + self.small
    }

    /// Whether one node is the whole cluster.
    pub fn alone(self) -> bool {
        self.patricians + self.peasants() == 0
    }
}

/// Every node of a cluster of that size, as it registers.
pub(super) fn nodes(size: Size) -> Vec<Value> {
    if size.alone() {
        return vec![minikube()];
    }
    let width = size
        .peasants()
        .max(size.patricians)
        .to_string()
        .len()
        .max(2);
    let mut all = Vec::new();
    all.extend((1..=size.controllers).map(controller));
    for i in 1..=size.patricians {
        let cpu = if size.patricians < 6 { 64 } else { 8 };
        all.push(node(
            &format!("n-{i:0width$}"),
            json!({ POOL: "patricians" }),
            None,
            cpu,
            cpu * 4,
        ));
    }
    for i in 1..=size.peasants() {
        all.push(peasant(size, i, width));
    }
    all
}

/// Three controllers, and the nodes of a scenario's pools, named after them.
pub(super) fn of_pools(pools: &[Pool]) -> Vec<Value> {
    let mut all: Vec<Value> = (1..=3).map(controller).collect();
    for pool in pools {
        let width = pool.nodes.to_string().len().max(2);
        for i in 1..=pool.nodes {
            let mut one = node(
                &format!("{}-{i:0width$}", pool.name),
                json!({ POOL: pool.name }),
                pool.jobs.then(public),
                1,
                4,
            );
            for list in ["capacity", "allocatable"] {
                one["status"][list]["cpu"] = json!(pool.cpu);
                one["status"][list]["memory"] = json!(pool.memory);
            }
            all.push(one);
        }
    }
    all
}

fn controller(index: u32) -> Value {
    let taint = json!({ "key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule" });
    node(
        &format!("c-{index}"),
        json!({ "node-role.kubernetes.io/control-plane": "" }),
        Some(taint),
        4,
        16,
    )
}

/// Cores of the laptop's node.
pub(super) const LAPTOP_CPU: u32 = 8;

/// A laptop's cluster as minikube sets it up: the control plane's node, without its taint.
fn minikube() -> Value {
    let labels = json!({
        "node-role.kubernetes.io/control-plane": "",
        "node.kubernetes.io/exclude-from-external-load-balancers": "",
        "minikube.k8s.io/name": "minikube",
        "minikube.k8s.io/primary": "true",
    });
    let mut node = node("minikube", labels, None, LAPTOP_CPU, 16);
    // No cloud: neither zone nor instance type.
    if let Some(labels) = node["metadata"]["labels"].as_object_mut() {
        labels.retain(|key, _| !key.starts_with("topology.") && !key.contains("instance-type"));
    }
    node
}

/// The taint that keeps everything but jobs away.
fn public() -> Value {
    json!({ "key": "jobs.constable/public", "value": "true", "effect": "NoSchedule" })
}

fn peasant(size: Size, index: u32, width: usize) -> Value {
    let (pool, cpu) = if index <= size.large {
        ("runner-large", 16)
    } else {
        ("runner-small", 8)
    };
    let mut one = node(
        &format!("p-{index:0width$}"),
        json!({ POOL: pool }),
        Some(public()),
        cpu,
        cpu * 4,
    );
    if index == ODD {
        one["status"]["nodeInfo"] = json!({"architecture": "amd64", "bootID": "", "containerRuntimeVersion": "containerd://2.1.4",
            "kernelVersion": "6.8.0-49", "kubeProxyVersion": "", "kubeletVersion": "v1.36.4", "machineID": "",
            "operatingSystem": "linux", "osImage": "Debian GNU/Linux 12 (bookworm)", "systemUUID": ""});
    }
    one
}

/// The job node that an upgrade forgot.
const ODD: u32 = 7;

const POOL: &str = "cloud.google.com/gke-nodepool";

/// A node with `cpu` cores and `memory` GiB, a little of both kept by the system.
fn node(name: &str, labels: Value, taint: Option<Value>, cpu: u32, memory: u32) -> Value {
    let mut all = json!({
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": "eu-1",
        "topology.kubernetes.io/zone": format!("eu-1{}", ["a", "b", "c"][name.bytes().map(usize::from).sum::<usize>() % 3]),
        "node.kubernetes.io/instance-type": format!("standard-{cpu}"),
    });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), labels) {
        all.extend(more);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": { "name": name, "labels": all },
        "spec": { "taints": taint.map(|t| vec![t]).unwrap_or_default() },
        "status": {
            "capacity": { "cpu": cpu.to_string(), "memory": format!("{memory}Gi"), "ephemeral-storage": "200Gi", "pods": "110" },
            "allocatable": { "cpu": format!("{}m", cpu * 1000 - 80), "memory": format!("{}Mi", memory * 1024 - 900), "ephemeral-storage": "180Gi", "pods": "110" },
        },
    })
}

/// A node that the autoscaler adds to the large pool: it takes some time to get ready.
pub(super) fn extra(size: Size, name: &str) -> Value {
    let mut one = peasant(size, 1, 2);
    one["metadata"]["name"] = name.into();
    one["metadata"]["labels"]["kubernetes.io/hostname"] = name.into();
    one["metadata"]["annotations"] = json!({ "sim.constable/ready-after": "40" });
    one["spec"]["taints"] = json!([public(), { "key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule" }]);
    one
}

/// The same node, as it registers anew: no status but its size.
pub(super) fn registers_anew(mut node: Value) -> Value {
    if let Some(metadata) = node["metadata"].as_object_mut() {
        metadata.retain(|key, _| matches!(key.as_str(), "name" | "labels"));
    }
    if let Some(spec) = node["spec"].as_object_mut() {
        spec.remove("unschedulable");
        if let Some(taints) = spec.get_mut("taints").and_then(Value::as_array_mut) {
            taints.retain(|t| t["key"] == "jobs.constable/public");
        }
    }
    if let Some(status) = node["status"].as_object_mut() {
        status.retain(|key, _| matches!(key.as_str(), "capacity" | "allocatable"));
    }
    node
}

/// What every cluster runs in kube-system: path and object.
pub(super) fn system() -> Vec<(&'static str, Value)> {
    let workload = |kind: &str, name: &str, cpu: &str, memory: &str, replicas: Option<u32>| {
        let labels = json!({ "k8s-app": name });
        let mut spec = json!({
            "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": {
                "tolerations": [{ "operator": "Exists" }],
                "priorityClassName": "system-node-critical",
                "containers": [{ "name": name, "image": format!("registry.k8s.io/{name}:v1.37.2"), "resources": { "requests": { "cpu": cpu, "memory": memory } } }],
            } },
        });
        if let Some(replicas) = replicas {
            spec["replicas"] = json!(replicas);
            // Names are looked up by everything: it stands with the platform's services, not with strangers' jobs.
            spec["template"]["spec"]["tolerations"] =
                json!([{ "key": "node-role.kubernetes.io/control-plane", "operator": "Exists" }]);
            spec["template"]["spec"]["priorityClassName"] = json!("system-cluster-critical");
        }
        json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name, "namespace": "kube-system", "labels": labels }, "spec": spec })
    };
    vec![
        (
            "/apis/apps/v1/namespaces/kube-system/deployments",
            workload("Deployment", "coredns", "100m", "70Mi", Some(2)),
        ),
        (
            "/apis/apps/v1/namespaces/kube-system/daemonsets",
            workload("DaemonSet", "kube-proxy", "50m", "64Mi", None),
        ),
    ]
}

/// Mirror pods of a controller's static pods; `uid` is the node's.
pub(super) fn mirror_pods(node: &str, uid: &str) -> Vec<Value> {
    [("etcd", "200m", "1Gi"), ("kube-apiserver", "500m", "2Gi"), ("kube-controller-manager", "200m", "512Mi"), ("kube-scheduler", "100m", "256Mi")]
        .into_iter()
        .map(|(name, cpu, memory)| {
            json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": format!("{name}-{node}"),
                    "namespace": "kube-system",
                    "labels": { "component": name, "tier": "control-plane" },
                    "annotations": { "kubernetes.io/config.mirror": format!("{name}-{node}"), "kubernetes.io/config.source": "file" },
                    "ownerReferences": [{ "apiVersion": "v1", "kind": "Node", "name": node, "uid": uid, "controller": true }],
                },
                "spec": {
                    "nodeName": node,
                    "hostNetwork": true,
                    "priorityClassName": "system-node-critical",
                    "tolerations": [{ "operator": "Exists" }],
                    "containers": [{ "name": name, "image": format!("registry.k8s.io/{name}:v1.37.2"), "resources": { "requests": { "cpu": cpu, "memory": memory } } }],
                },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_keep_their_proportion() {
        let size = |controllers, patricians, large, small| Size {
            controllers,
            patricians,
            large,
            small,
        };
        let rows = [
            (0, size(1, 1, 1, 1)),
            (1, size(1, 0, 0, 0)),
            (4, size(1, 1, 1, 1)),
            (12, size(3, 1, 4, 4)),
            (63, size(3, 12, 24, 24)),
            (1000, size(3, 199, 399, 399)),
        ];
        for (nodes, want) in rows {
            assert_eq!(Size::of(nodes), want, "{nodes}");
        }
        let names: Vec<String> = nodes(Size::of(63))
            .iter()
            .map(|n| n["metadata"]["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(
            (
                names.len(),
                &*names[0],
                &*names[3],
                &*names[15],
                &*names[62]
            ),
            (63, "c-1", "n-01", "p-01", "p-48")
        );
    }
}
