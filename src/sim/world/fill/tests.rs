use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::Fill;
use crate::sim::actors::pods::Amounts;
use crate::sim::actors::tests::{recount, run, start};
use crate::sim::api::DeleteOptions;
use crate::sim::{Obj, World, resource};

/// Pods of the bulk load that run, with their churn.
fn filled(churn: usize, changes: usize) -> World {
    let mut w = World::new(7, start());
    w.fill(Fill {
        nodes: 3,
        pods: 60,
        churn: churn * 60,
        changes: changes * 60,
    });
    w
}

fn used(world: &World) -> BTreeMap<Arc<str>, Amounts> {
    let nodes = &world.actors.scheduler.nodes;
    nodes.iter().map(|(n, i)| (n.clone(), i.used)).collect()
}

#[test]
fn the_bulk_loads_pods_go_through_their_lives_in_steps() {
    let mut w = filled(2, 5);
    let from = w.store().revision();
    run(&mut w, 20_000);
    let mut lives: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for change in w.store().changes_after(from).unwrap() {
        if change.obj.res.plural == "pods" {
            let step = format!("{:?} {}", change.kind, change.obj.phase);
            let steps = lives.entry(change.obj.name.to_string()).or_default();
            if steps.last() != Some(&step) {
                steps.push(step);
            }
        }
    }
    assert_eq!(
        lives["job-100000-1"],
        ["Modified Succeeded", "Deleted Succeeded"]
    );
    let born = &lives["job-100060-1"];
    assert_eq!(
        born[..3],
        ["Added Pending", "Modified Pending", "Modified Running"]
    );
    let pods: Vec<_> = w.store().list(resource("pods"), None).collect();
    let live = |p: &&&Arc<Obj>| matches!(&*p.phase, "Running" | "Pending");
    assert_eq!(pods.iter().filter(live).count(), 60);
    assert!(pods.iter().all(|p| p.is_stamped()));
    assert_eq!(used(&w), recount(&w));
}

#[test]
fn a_pod_of_the_bulk_load_that_somebody_deletes_goes_as_any_other() {
    let mut w = filled(1, 0);
    let (first, last) = ("job-100000-1", "job-100059-1");
    for name in [first, last] {
        let options = DeleteOptions::default();
        w.delete_pod("ci-jobs", name, &options).unwrap();
    }
    let pods = resource("pods");
    assert!(w.store().get(pods, "ci-jobs", last).unwrap().deleting);
    assert_eq!(used(&w), recount(&w));
    run(&mut w, 35_000);
    for name in [first, last] {
        assert!(w.store().get(pods, "ci-jobs", name).is_none(), "{name}");
    }
    assert_eq!(used(&w), recount(&w));
}

#[test]
fn a_silent_node_makes_the_bulk_loads_pods_unready() {
    let mut w = filled(0, 0);
    w.update(resource("nodes"), "", "f-00002", |v| {
        v["metadata"]["annotations"] = json!({"sim.constable/fault": "not-ready"});
    })
    .unwrap();
    run(&mut w, 60_000);
    let unready = w
        .store()
        .list(resource("pods"), None)
        .filter(|p| {
            let status = p.value()["status"].clone();
            let all = status["conditions"].as_array().cloned().unwrap_or_default();
            all.iter()
                .any(|c| c["type"] == "Ready" && c["status"] == "False")
        })
        .map(|p| p.node.to_string())
        .collect::<Vec<_>>();
    assert_eq!(unready, vec!["f-00002".to_owned(); 20]);
}
