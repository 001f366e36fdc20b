//! Cases for the whole of the actors: a world, requests to it, time.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::sim::actors::pods::{Amounts, PodDoc};
use crate::sim::api::DeleteOptions;
use crate::sim::scenario::Scenario;
use crate::sim::world::Fill;
use crate::sim::{Obj, Request, Response, World, find, resource};

pub(crate) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap_or_default()
}

pub(crate) fn world(nodes: usize) -> World {
    let mut world = World::new(1, start());
    for i in 1..=nodes {
        let node = json!({"metadata": {"name": format!("n-{i}"), "labels": {"pool": "a"}},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "20"}}});
        world.create(resource("nodes"), node).unwrap();
    }
    run(&mut world, 10_000);
    world
}

pub(crate) fn run(world: &mut World, ms: i64) {
    world.step(world.now() + Duration::milliseconds(ms));
}

pub(crate) fn pod(name: &str, script: &Value, spec: Value) -> Value {
    let mut spec = spec;
    if spec["containers"].is_null() {
        spec["containers"] =
            json!([{"name": "main", "image": "img:1", "resources": {"requests": {"cpu": "1"}}}]);
    }
    json!({"metadata": {"namespace": "ci", "name": name, "labels": {"app": "x"},
        "annotations": {"sim.constable/script": script.to_string()}}, "spec": spec})
}

pub(crate) fn get(world: &World, name: &str) -> Value {
    world
        .store()
        .get(resource("pods"), "ci", name)
        .map(|o| o.value())
        .unwrap_or_default()
}

pub(crate) fn events(world: &World, name: &str) -> Vec<String> {
    let mut all: Vec<(u64, String)> = world
        .store()
        .list(resource("events"), None)
        .map(|o| (o.rv, o.value()))
        .filter(|(_, v)| v["involvedObject"]["name"] == name)
        .map(|(rv, v)| (rv, v["reason"].as_str().unwrap_or_default().to_owned()))
        .collect();
    all.sort();
    all.into_iter().map(|(_, r)| r).collect()
}

fn phases(world: &World, ns: &str) -> BTreeMap<String, usize> {
    let mut n = BTreeMap::new();
    for p in world.store().list(resource("pods"), Some(ns)) {
        *n.entry(p.phase.to_string()).or_default() += 1;
    }
    n
}

fn apps(plural: &'static str) -> crate::sim::Res {
    find("apps", plural).unwrap()
}

fn deployment(name: &str, replicas: usize) -> Value {
    json!({"metadata": {"namespace": "ci", "name": name}, "spec": {"replicas": replicas,
        "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "web", "image": "web:1", "ports": [{"name": "http", "containerPort": 8080}]}]}}}})
}

#[test]
fn a_deployment_gets_pods_endpoints_and_a_budget_that_refuses() {
    let mut w = world(2);
    w.create(apps("deployments"), deployment("web", 3)).unwrap();
    w.create(resource("services"), json!({"metadata": {"namespace": "ci", "name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}})).unwrap();
    w.create(
        resource("poddisruptionbudgets"),
        json!({"metadata": {"namespace": "ci", "name": "web"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}}}),
    )
    .unwrap();
    run(&mut w, 30_000);
    let deployment = w
        .store()
        .get(apps("deployments"), "ci", "web")
        .unwrap()
        .value();
    assert_eq!(deployment["status"]["readyReplicas"], 3);
    assert_eq!(
        deployment["status"]["conditions"][0]["reason"],
        "MinimumReplicasAvailable"
    );
    let slice = w
        .store()
        .list(resource("endpointslices"), Some("ci"))
        .next()
        .unwrap()
        .value();
    assert_eq!(slice["endpoints"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        slice["ports"],
        json!([{"name": "http", "port": 8080, "protocol": "TCP"}])
    );
    let budget = |w: &World| {
        let s = w
            .store()
            .get(resource("poddisruptionbudgets"), "ci", "web")
            .unwrap()
            .value()["status"]
            .clone();
        [
            s["disruptionsAllowed"].as_i64(),
            s["currentHealthy"].as_i64(),
            s["desiredHealthy"].as_i64(),
        ]
    };
    assert_eq!(budget(&w), [Some(1), Some(3), Some(2)]);
    let names: Vec<String> = w
        .store()
        .list(resource("pods"), Some("ci"))
        .map(|p| p.name.to_string())
        .collect();
    let options = DeleteOptions::default();
    w.evict("ci", &names[0], &options).unwrap();
    let refused = w.evict("ci", &names[1], &options).unwrap_err();
    assert_eq!((refused.code, refused.reason), (429, "TooManyRequests"));
    // The evicted pod goes, another takes its place, and the budget recovers.
    run(&mut w, 30_000);
    assert_eq!(budget(&w), [Some(1), Some(3), Some(2)]);
    assert!(get(&w, &names[0]).is_null());
}

#[test]
fn scaling_and_deleting_an_owner_takes_its_dependents() {
    let mut w = world(2);
    w.create(apps("deployments"), deployment("web", 4)).unwrap();
    run(&mut w, 20_000);
    w.update(apps("deployments"), "ci", "web", |v| {
        v["spec"]["replicas"] = 1.into()
    })
    .unwrap();
    run(&mut w, 20_000);
    assert_eq!(
        phases(&w, "ci"),
        BTreeMap::from([("Running".to_owned(), 1)])
    );
    let response = w.handle(Request::new(
        http::Method::DELETE,
        "/apis/apps/v1/namespaces/ci/deployments/web",
        "",
    ));
    assert!(
        matches!(response, Response::Done { status: 200, .. }),
        "{response:?}"
    );
    run(&mut w, 40_000);
    assert_eq!(phases(&w, "ci"), BTreeMap::new());
    assert_eq!(w.store().len(apps("replicasets")), 0);
}

#[test]
fn a_statefulset_goes_in_order_and_a_daemonset_everywhere() {
    let mut w = world(3);
    let template = json!({"metadata": {"labels": {"app": "q"}}, "spec": {"containers": [{"name": "q", "image": "q:1"}]}});
    w.create(
        apps("statefulsets"),
        json!({"metadata": {"namespace": "ci", "name": "q"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "q"}}, "template": template}}),
    )
    .unwrap();
    run(&mut w, 300);
    let names = |w: &World| -> Vec<String> {
        w.store()
            .list(resource("pods"), Some("ci"))
            .map(|p| p.name.to_string())
            .collect()
    };
    assert_eq!(names(&w), ["q-0"]);
    run(&mut w, 60_000);
    assert_eq!(names(&w), ["q-0", "q-1", "q-2"]);
    let template = json!({"metadata": {"labels": {"app": "d"}}, "spec": {"containers": [{"name": "d", "image": "d:1"}]}});
    w.create(
        apps("daemonsets"),
        json!({"metadata": {"namespace": "ds", "name": "d"},
        "spec": {"selector": {"matchLabels": {"app": "d"}}, "template": template}}),
    )
    .unwrap();
    w.update(resource("nodes"), "", "n-2", |v| {
        v["spec"]["unschedulable"] = true.into()
    })
    .unwrap();
    run(&mut w, 30_000);
    let mut on: Vec<String> = w
        .store()
        .list(resource("pods"), Some("ds"))
        .map(|p| p.node.to_string())
        .collect();
    on.sort();
    assert_eq!(on, ["n-1", "n-2", "n-3"]);
    let status = w
        .store()
        .get(apps("daemonsets"), "ds", "d")
        .unwrap()
        .value()["status"]
        .clone();
    assert_eq!(
        (&status["numberReady"], &status["desiredNumberScheduled"]),
        (&json!(3), &json!(3))
    );
}

#[test]
fn jobs_complete_or_fail() {
    let mut w = world(2);
    let job = |name: &str, exit: i32, limit: i32| {
        let script = json!({"main": {"run_ms": 2000, "exit": exit}}).to_string();
        json!({"metadata": {"namespace": "ci", "name": name}, "spec": {"completions": 3, "parallelism": 2, "backoffLimit": limit,
            "template": {"metadata": {"annotations": {"sim.constable/script": script}},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "j:1"}]}}}})
    };
    w.create(resource("jobs"), job("good", 0, 6)).unwrap();
    w.create(resource("jobs"), job("bad", 1, 1)).unwrap();
    run(&mut w, 120_000);
    let status =
        |name: &str| w.store().get(resource("jobs"), "ci", name).unwrap().value()["status"].clone();
    let (good, bad) = (status("good"), status("bad"));
    assert_eq!(
        (&good["succeeded"], &good["conditions"][1]["type"]),
        (&json!(3), &json!("Complete"))
    );
    assert_eq!(
        (
            &bad["conditions"][1]["type"],
            &bad["conditions"][1]["reason"]
        ),
        (&json!("Failed"), &json!("BackoffLimitExceeded"))
    );
    assert!(bad["active"].is_null());
}

#[test]
fn a_lost_node_loses_its_pods_after_five_minutes_and_catches_up() {
    let mut w = world(2);
    w.create(apps("deployments"), deployment("web", 2)).unwrap();
    run(&mut w, 20_000);
    let node = w
        .store()
        .list(resource("pods"), Some("ci"))
        .next()
        .unwrap()
        .node
        .to_string();
    w.update(resource("nodes"), "", &node, |v| {
        v["metadata"]["annotations"] = json!({"sim.constable/fault": "not-ready"})
    })
    .unwrap();
    run(&mut w, 49_000);
    let ready = |w: &World, node: &str| {
        let v = w.store().get(resource("nodes"), "", node).unwrap().value();
        let list = v["status"]["conditions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let text = list
            .iter()
            .find(|c| c["type"] == "Ready")
            .map(|c| c["status"].as_str().unwrap_or_default().to_owned());
        (
            text.unwrap_or_default(),
            v["spec"]["taints"].as_array().map_or(0, Vec::len),
        )
    };
    assert_eq!(ready(&w, &node), ("True".to_owned(), 0));
    run(&mut w, 2_000);
    assert_eq!(ready(&w, &node), ("Unknown".to_owned(), 2));
    run(&mut w, 310_000);
    let on = |w: &World, deleting: bool| {
        w.store()
            .list(resource("pods"), Some("ci"))
            .filter(|p| *p.node == *node && p.deleting == deleting)
            .count()
    };
    assert_eq!((on(&w, true) > 0, on(&w, false)), (true, 0));
    w.update(resource("nodes"), "", &node, |v| {
        v["metadata"]["annotations"] = json!({})
    })
    .unwrap();
    run(&mut w, 60_000);
    assert_eq!(
        (ready(&w, &node), on(&w, true)),
        (("True".to_owned(), 0), 0)
    );
    assert_eq!(
        phases(&w, "ci"),
        BTreeMap::from([("Running".to_owned(), 2)])
    );
}

#[test]
fn faults_of_a_scenario_come_and_go() {
    let mut w = world(1);
    w.create(apps("deployments"), deployment("web", 1)).unwrap();
    w.create(
        resource("services"),
        json!({"metadata": {"namespace": "ci", "name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}),
    )
    .unwrap();
    run(&mut w, 20_000);
    let text = "[[fault]]\nat = \"10s\"\nfor = \"20s\"\nkind = \"no-endpoints\"\nnamespace = \"ci\"\npods = \"web-\"\n\
        [[fault]]\nat = \"5s\"\nfor = \"1s\"\nkind = \"api-outage\"\n";
    let now = w.now();
    w.play(Arc::new(Scenario::parse(text).unwrap()), now);
    let ready = |w: &World| {
        w.store()
            .list(resource("endpointslices"), None)
            .next()
            .unwrap()
            .value()["endpoints"][0]["conditions"]["ready"]
            .clone()
    };
    run(&mut w, 5_500);
    assert!(w.outage());
    run(&mut w, 10_000);
    assert_eq!((w.outage(), ready(&w)), (false, json!(false)));
    run(&mut w, 20_000);
    assert_eq!(ready(&w), json!(true));
}

#[test]
fn a_log_is_followed_through_the_pods_end() {
    let mut w = world(1);
    let lines: Vec<String> = (0..20).map(|i| format!("line {i}")).collect();
    let script = json!({"main": {"run_ms": 10_000, "lines": lines, "exit": 3}});
    w.create(
        resource("pods"),
        pod("p", &script, json!({"restartPolicy": "Never"})),
    )
    .unwrap();
    run(&mut w, 10_000);
    let Response::Log(mut follow) =
        w.handle(Request::get("/api/v1/namespaces/ci/pods/p/log?follow=true"))
    else {
        panic!("a log to follow");
    };
    let mut text = String::new();
    for _ in 0..100 {
        let (bytes, ended) = w.log_next(&mut follow);
        text.push_str(&String::from_utf8_lossy(&bytes));
        if ended {
            break;
        }
        run(&mut w, 500);
    }
    assert_eq!(text.lines().count(), 20);
    let Response::Done { body, .. } =
        w.handle(Request::get("/api/v1/namespaces/ci/pods/p/log?tailLines=2"))
    else {
        panic!("a whole log");
    };
    assert_eq!(&*body, b"line 18\nline 19\n");
}

/// Everything that the store holds, as bytes.
fn dump(world: &World) -> Vec<u8> {
    let mut out = Vec::new();
    for res in crate::sim::resource::RESOURCES {
        for obj in world.store().list(res, None) {
            out.extend_from_slice(&obj.body());
            out.push(b'\n');
        }
    }
    out
}

fn play(seed: u64) -> Vec<u8> {
    let mut w = World::new(seed, start());
    w.fill(Fill {
        nodes: 4,
        pods: 20,
        churn: 60,
        changes: 120,
    });
    w.create(apps("deployments"), {
        let mut d = deployment("web", 5);
        d["spec"]["template"]["spec"]["tolerations"] = json!([{"operator": "Exists"}]);
        d
    })
    .unwrap();
    let now = w.now();
    w.play(Arc::new(Scenario::parse("[[fault]]\nat = \"20s\"\nfor = \"2m\"\nkind = \"node-not-ready\"\nnode = \"f-00002\"\n").unwrap()), now);
    for _ in 0..60 {
        run(&mut w, 2_500);
    }
    dump(&w)
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (a, b) = (play(5), play(5));
    assert!(a.len() > 10_000);
    assert!(a == b, "two runs of one seed differ");
    assert!(a != play(6), "the seed decides");
}

/// Sums by node, counted from the store alone.
pub(crate) fn recount(world: &World) -> BTreeMap<Arc<str>, Amounts> {
    let mut sums: BTreeMap<Arc<str>, Amounts> = world
        .store()
        .list(resource("nodes"), None)
        .map(|n| ((&*n.name).into(), Amounts::default()))
        .collect();
    let live = |p: &&Arc<Obj>| !p.node.is_empty() && !matches!(&*p.phase, "Succeeded" | "Failed");
    for p in world.store().list(resource("pods"), None).filter(live) {
        let doc: PodDoc = serde_json::from_slice(&p.body()).unwrap();
        if let Some(sum) = sums.get_mut(&*p.node) {
            *sum = sum.plus(doc.spec.amounts());
        }
    }
    sums
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]
    #[test]
    fn sums_by_node_equal_a_recount(steps in proptest::collection::vec((0u8..6, 0u8..8, 1i64..6), 1..40)) {
        let mut w = world(3);
        let mut made = 0;
        for (what, which, seconds) in steps {
            match what {
                0 | 1 => {
                    made += 1;
                    let script = json!({"main": {"run_ms": u64::from(which) * 2000}});
                    let spec = json!({"restartPolicy": "Never", "containers": [{"name": "main", "image": "i:1",
                        "resources": {"requests": {"cpu": format!("{}00m", which + 1), "memory": "700Mi"}}}]});
                    w.create(resource("pods"), pod(&format!("p-{made}"), &script, spec)).unwrap();
                }
                2 => {
                    let options = DeleteOptions { grace: (which > 3).then_some(0), ..DeleteOptions::default() };
                    let _ = w.delete_pod("ci", &format!("p-{which}"), &options);
                }
                3 => {
                    let _ = w.update(resource("nodes"), "", &format!("n-{}", which % 3 + 1), |v| {
                        v["spec"]["unschedulable"] = (which > 3).into();
                    });
                }
                4 => {
                    let fault = if which > 3 { "not-ready" } else { "" };
                    let _ = w.update(resource("nodes"), "", &format!("n-{}", which % 3 + 1), |v| {
                        v["metadata"]["annotations"] = json!({"sim.constable/fault": fault});
                    });
                }
                _ => run(&mut w, seconds * 4000),
            }
            let sums: BTreeMap<_, _> = w.actors.scheduler.nodes.iter().map(|(n, i)| (n.clone(), i.used)).collect();
            proptest::prop_assert_eq!(&sums, &recount(&w));
            proptest::prop_assert_eq!(&sums, &w.actors.scheduler.recount());
        }
    }
}
