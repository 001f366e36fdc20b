//! Cases of the scheduler: where pods go, and what it says when they go nowhere.

use serde_json::{Value, json};

use crate::sim::actors::tests::{events, get, pod, run, world};
use crate::sim::{World, resource};

fn scheduled(v: &Value) -> (String, String) {
    let list = v["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let c = list
        .iter()
        .find(|c| c["type"] == "PodScheduled")
        .cloned()
        .unwrap_or_default();
    (
        c["reason"].as_str().unwrap_or_default().to_owned(),
        c["message"].as_str().unwrap_or_default().to_owned(),
    )
}

fn pool() -> World {
    let mut w = world(3);
    for (name, cpu, taint) in [
        ("c-1", "4", "node-role.kubernetes.io/control-plane"),
        ("big", "16", ""),
    ] {
        let taints = if taint.is_empty() {
            json!([])
        } else {
            json!([{"key": taint, "effect": "NoSchedule"}])
        };
        let node = json!({"metadata": {"name": name, "labels": {"pool": "b"}}, "spec": {"taints": taints},
            "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "2"}}});
        w.create(resource("nodes"), node).unwrap();
    }
    run(&mut w, 15_000);
    w
}

fn wants(cpu: &str, selector: Value) -> Value {
    json!({"nodeSelector": selector, "containers": [{"name": "main", "image": "i:1", "resources": {"requests": {"cpu": cpu}}}]})
}

#[test]
fn says_why_nothing_fits_and_tries_again() {
    let mut w = pool();
    w.create(
        resource("pods"),
        pod("p", &json!({}), wants("6", json!({"pool": "a"}))),
    )
    .unwrap();
    run(&mut w, 2_000);
    let message = "0/5 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s), 3 Insufficient cpu. no new claims to deallocate, preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.";
    assert_eq!(
        scheduled(&get(&w, "p")),
        ("Unschedulable".to_owned(), message.to_owned())
    );
    assert_eq!(events(&w, "p"), ["FailedScheduling"]);
    let node = json!({"metadata": {"name": "new", "labels": {"pool": "a"}}, "status": {"allocatable": {"cpu": "8", "memory": "8Gi", "pods": "9"}}});
    w.create(resource("nodes"), node).unwrap();
    run(&mut w, 20_000);
    assert_eq!(get(&w, "p")["spec"]["nodeName"], "new");
}

#[test]
fn full_nodes_have_no_victims_and_ended_pods_make_room() {
    let mut w = pool();
    for i in 0..3 {
        w.create(resource("pods"), pod(&format!("p-{i}"), &json!({"main": {"run_ms": 20_000}}), {
            let mut spec = wants("100m", json!({"kubernetes.io/x": "y"}));
            spec["nodeSelector"] = json!({});
            spec["affinity"] = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "pool", "operator": "In", "values": ["b"]}]}]}}});
            spec["restartPolicy"] = "Never".into();
            spec
        })).unwrap();
        run(&mut w, 100);
    }
    run(&mut w, 3_000);
    let (reason, message) = scheduled(&get(&w, "p-2"));
    assert_eq!(reason, "Unschedulable");
    assert_eq!(
        message,
        "0/5 nodes are available: 1 Too many pods, 1 node(s) had untolerated taint(s), 3 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/5 nodes are available: 1 No preemption victims found for incoming pod, 4 Preemption is not helpful for scheduling."
    );
    run(&mut w, 60_000);
    assert_eq!(get(&w, "p-2")["status"]["phase"], "Succeeded");
}

#[test]
fn spreads_and_respects_gates_and_cordons() {
    let mut w = world(3);
    w.update(resource("nodes"), "", "n-2", |v| {
        v["spec"]["unschedulable"] = true.into()
    })
    .unwrap();
    for i in 0..4 {
        w.create(
            resource("pods"),
            pod(&format!("p-{i}"), &json!({}), json!({})),
        )
        .unwrap();
    }
    let mut gated = pod("gated", &json!({}), json!({}));
    gated["spec"]["schedulingGates"] = json!([{"name": "quota"}]);
    w.create(resource("pods"), gated).unwrap();
    run(&mut w, 3_000);
    let on = |n: &str| {
        (0..4)
            .filter(|i| get(&w, &format!("p-{i}"))["spec"]["nodeName"] == n)
            .count()
    };
    assert_eq!([on("n-1"), on("n-2"), on("n-3")], [2, 0, 2]);
    assert_eq!(scheduled(&get(&w, "gated")).0, "SchedulingGated");
    w.update(resource("pods"), "ci", "gated", |v| {
        v["spec"]["schedulingGates"] = json!([])
    })
    .unwrap();
    run(&mut w, 3_000);
    assert!(get(&w, "gated")["spec"]["nodeName"].is_string());
}
