//! The platform on a simulated cluster: what it makes of it, and what it does when asked.

use super::*;
use crate::sim::platform::{Asked, Entry, JobId, State};
use crate::sim::resource;
use serde_json::json;
use std::collections::BTreeMap;

const OPENS: &str = "2026-03-02T08:00:00Z";

/// Eight nodes, a job every other second, fair weather.
fn small() -> Demo {
    let options = DemoOptions {
        nodes: 8,
        rate: Some(20.0),
        weather: false,
        ..DemoOptions::default()
    };
    Demo::build(&options, OPENS.parse().unwrap()).unwrap()
}

fn pods(demo: &Demo) -> BTreeMap<String, Value> {
    let all = demo.world.store().list(resource("pods"), Some("ci-jobs"));
    all.map(|p| (p.name.to_string(), p.value())).collect()
}

/// As the queue's ConfigMaps have them.
fn entries(demo: &Demo) -> BTreeMap<JobId, (String, Entry)> {
    let mut all = BTreeMap::new();
    for map in demo
        .world
        .store()
        .list(resource("configmaps"), Some("ci-system"))
        .filter(|m| m.name.starts_with("queue-"))
    {
        for (id, text) in map.value()["data"].as_object().into_iter().flatten() {
            all.insert(
                id.parse().unwrap(),
                (
                    map.name.to_string(),
                    serde_json::from_str(text.as_str().unwrap()).unwrap(),
                ),
            );
        }
    }
    all
}

/// Asks as the console does: a patch of the entry with the ConfigMap's resourceVersion.
fn ask_for(demo: &mut Demo, id: JobId, asked: Asked) {
    let (map, entry) = entries(demo)[&id].clone();
    let store = demo.world.store();
    let revision = store
        .get(resource("configmaps"), "ci-system", &map)
        .unwrap()
        .rv;
    let entry = Entry {
        asked: Some(asked),
        asked_by: Some("dev-1".into()),
        ..entry
    };
    let patch = json!({ "metadata": { "resourceVersion": revision.to_string() }, "data": { id.to_string(): serde_json::to_string(&entry).unwrap() } });
    let mut request = Request::new(
        ::http::Method::PATCH,
        &format!("/api/v1/namespaces/ci-system/configmaps/{map}"),
        patch.to_string(),
    );
    request.content_type = "application/merge-patch+json".into();
    let response = Host::handle(demo, request);
    assert!(
        matches!(response, Response::Done { status: 200, .. }),
        "{response:?}"
    );
}

fn pass(demo: &mut Demo, seconds: i64) {
    let until = demo.world.now() + TimeDelta::seconds(seconds);
    demo.advance(until);
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// When a pod's last container ended; `None`: it has not.
fn ended(pod: &Value) -> Option<DateTime<Utc>> {
    matches!(
        pod["status"]["phase"].as_str(),
        Some("Succeeded" | "Failed")
    )
    .then_some(())?;
    pod["status"]["containerStatuses"]
        .as_array()?
        .iter()
        .map(|c| time(&c["state"]["terminated"]["finishedAt"]))
        .max()
}

#[test]
fn it_opens_in_steady_state() {
    let demo = small();
    let (now, pods, entries) = (demo.world.now(), pods(&demo), entries(&demo));
    assert_eq!(
        (now.to_rfc3339(), demo.platform().trouble()),
        ("2026-03-02T08:00:00+00:00".into(), None)
    );
    let counts = demo.platform().counts();
    assert_eq!((counts.workers, counts.handlers), (4, 6));
    assert!((6..60).contains(&counts.active), "{counts:?}");
    let ages: Vec<i64> = pods
        .values()
        .filter(|p| p["status"]["phase"] == "Running")
        .map(|p| (now - time(&p["metadata"]["creationTimestamp"])).num_seconds())
        .collect();
    assert!(
        ages.iter().any(|a| *a < 30) && ages.iter().any(|a| *a > 45),
        "{ages:?}"
    );
    let mut failed = Vec::new();
    for pod in pods.values() {
        let Some(end) = ended(pod) else { continue };
        let ok = pod["status"]["phase"] == "Succeeded";
        let age = (now - end).num_seconds();
        // A little later than its time: the platform takes turns, and the kubelet takes the pod down.
        assert!(
            age <= if ok { 65 } else { 605 },
            "{} ended {age} s ago",
            pod["metadata"]["name"]
        );
        if !ok {
            failed.push(age);
        }
    }
    assert!(
        failed.iter().any(|a| *a > 240),
        "failures of the last ten minutes are there: {failed:?}"
    );
    for (id, (_, entry)) in entries
        .iter()
        .filter(|(_, (_, e))| e.state == State::Running)
    {
        assert!(pods.contains_key(&entry.pod_name(*id)), "{entry:?}");
    }
    assert!(demo.world.store().len(resource("ingresses")) >= 4);
}

#[test]
fn the_same_seed_is_the_same_demo() {
    let bodies = |demo: &Demo| {
        ["pods", "configmaps", "ingresses", "nodes"]
            .into_iter()
            .flat_map(|plural| {
                demo.world
                    .store()
                    .list(resource(plural), None)
                    .map(|o| o.body())
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    assert!(bodies(&small()) == bodies(&small()));
}

#[test]
fn cancel_is_honoured_and_retry_never_while_the_old_pod_lives() {
    let mut demo = small();
    let (id, entry) = entries(&demo)
        .into_iter()
        .rev()
        .find(|(_, (_, e))| e.state == State::Running)
        .map(|(id, (_, e))| (id, e))
        .unwrap();
    let old = entry.pod_name(id);
    ask_for(&mut demo, id, Asked::Cancel);
    assert!(
        pods(&demo)[&old]["metadata"]["deletionTimestamp"].is_string(),
        "deleted with its grace at once"
    );
    pass(&mut demo, 2);
    let now = entries(&demo)[&id].1.clone();
    assert_eq!(
        (now.state, now.asked, now.asked_by.as_deref()),
        (State::Cancelled, None, Some("dev-1"))
    );
    ask_for(&mut demo, id, Asked::Retry);
    let new = format!("job-{id}-2");
    for _ in 0..300 {
        let pods = pods(&demo);
        assert!(
            !(pods.contains_key(&old) && pods.contains_key(&new)),
            "two attempts at a time"
        );
        if pods.contains_key(&new) {
            return assert_eq!(entries(&demo)[&id].1.retry_of.as_deref(), Some(&*old));
        }
        let until = demo.world.now() + TimeDelta::milliseconds(200);
        demo.advance(until);
    }
    panic!("never tried again: {:?}", entries(&demo)[&id]);
}

#[test]
fn a_restarted_platform_goes_on_with_what_it_finds() {
    let mut demo = small();
    let before: Vec<JobId> = entries(&demo)
        .into_iter()
        .filter(|(_, (_, e))| e.active())
        .map(|(id, _)| id)
        .collect();
    let last = *entries(&demo).keys().next_back().unwrap();
    demo.platform = Direct::new(Platform::new(
        PlatformOptions {
            seed: 9,
            ..PlatformOptions::default()
        }
        .with_rate(20.0),
    ));
    pass(&mut demo, 240);
    let after = entries(&demo);
    for id in before {
        // One that had ended long ago has left the queue by its number.
        if let Some((_, entry)) = after.get(&id) {
            assert_ne!(entry.state, State::Lost, "{entry:?}");
        }
    }
    assert!(*after.keys().next_back().unwrap() > last);
    assert_eq!(demo.platform().trouble(), None);
}

#[test]
fn a_node_that_goes_takes_its_jobs_with_it() {
    let mut demo = small();
    let (name, pod) = pods(&demo)
        .into_iter()
        .find(|(_, p)| p["status"]["phase"] == "Running")
        .unwrap();
    let node = pod["spec"]["nodeName"].as_str().unwrap().to_owned();
    let id: JobId = pod["metadata"]["labels"]["jobs.constable/id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    ask(
        &mut demo.world,
        ::http::Method::DELETE,
        &format!("/api/v1/nodes/{node}"),
        &Value::Null,
    )
    .unwrap();
    pass(&mut demo, 180);
    assert!(!pods(&demo).contains_key(&name));
    assert_eq!(entries(&demo)[&id].1.state, State::Lost);
}

#[test]
fn a_scenario_has_its_own_pools() {
    let text = "[[pools]]\nname = \"infra\"\nnodes = 2\n[[pools]]\nname = \"ci\"\nnodes = 2\njobs = true\n";
    let scenario = |text: &str| Some(Arc::new(Scenario::parse(text).unwrap()));
    let options = DemoOptions {
        rate: Some(20.0),
        scenario: scenario(text),
        ..DemoOptions::default()
    };
    let demo = Demo::build(&options, OPENS.parse().unwrap()).unwrap();
    assert!(pods(&demo).values().any(|p| {
        p["spec"]["nodeName"]
            .as_str()
            .is_some_and(|n| n.starts_with("ci-"))
    }));
    let options = DemoOptions {
        scenario: scenario("[[pools]]\nname = \"infra\"\nnodes = 2\n"),
        ..DemoOptions::default()
    };
    assert_eq!(
        Demo::build(&options, OPENS.parse().unwrap())
            .err()
            .as_deref(),
        Some("the scenario's pools lack one with jobs = true")
    );
}

#[test]
fn a_bulk_load_beside_the_platform() {
    let options = DemoOptions {
        nodes: 66,
        rate: Some(20.0),
        pods: Some(90),
        churn: Some(2),
        changes: 3,
        ..DemoOptions::default()
    };
    let mut demo = Demo::build(&options, OPENS.parse().unwrap()).unwrap();
    pass(&mut demo, 30);
    let store = demo.world.store();
    let filled: Vec<_> = store
        .list(resource("pods"), None)
        .filter(|p| p.node.starts_with("f-"))
        .collect();
    let running = |p: &&&Arc<crate::sim::Obj>| &*p.phase == "Running";
    assert!((80..=95).contains(&filled.iter().filter(running).count()));
    assert!(filled.iter().all(|p| &*p.namespace == "ci-jobs"));
    assert_eq!(demo.platform().trouble(), None);
}

/// Twelve nodes, few jobs, and what comes and goes by itself.
fn twelve() -> Demo {
    let options = DemoOptions {
        nodes: 12,
        rate: Some(10.0),
        ..DemoOptions::default()
    };
    Demo::build(&options, OPENS.parse().unwrap()).unwrap()
}

#[test]
fn what_people_keep_beside_the_platform() {
    let demo = twelve();
    let count =
        |plural: &str, ns: Option<&str>| demo.world.store().list(resource(plural), ns).count();
    assert_eq!(count("cronjobs", Some("ci-system")), 4);
    assert_eq!(count("horizontalpodautoscalers", None), 1);
    let set = demo
        .world
        .store()
        .get(resource("statefulsets"), "ci-system", "results-db")
        .unwrap()
        .value();
    assert_eq!(set["status"]["readyReplicas"], 3, "{set}");
    let claims = demo
        .world
        .store()
        .list(resource("persistentvolumeclaims"), Some("ci-system"));
    assert!(
        claims
            .map(|c| c.phase.to_string())
            .eq(["Bound", "Bound", "Bound"])
    );
    let prune = demo
        .world
        .store()
        .get(resource("cronjobs"), "ci-system", "cache-prune")
        .unwrap()
        .value();
    assert!(
        prune["status"]["lastSuccessfulTime"].is_string() || prune["status"]["active"].is_array(),
        "{prune}"
    );
}

#[test]
fn nodes_are_claimed_and_come_or_never_do() {
    let mut demo = twelve();
    let claims = |demo: &mut Demo| -> Vec<(bool, bool)> {
        let list = ask(
            &mut demo.world,
            http::Method::GET,
            "/apis/karpenter.sh/v1/nodeclaims",
            &Value::Null,
        )
        .unwrap();
        let all = list["items"].as_array().unwrap().iter();
        all.map(|c| {
            (
                c["status"]["conditions"][0]["status"] == "True",
                c["status"]["nodeName"].is_string(),
            )
        })
        .collect()
    };
    assert_eq!(claims(&mut demo), [(true, false)]);
    let node = |demo: &Demo| {
        demo.world
            .store()
            .get(resource("nodes"), "", "p-10")
            .map(|n| n.value())
    };
    pass(&mut demo, 20);
    let fresh = node(&demo).expect("it has registered");
    let ready = |v: &Value| {
        v["status"]["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["type"] == "Ready" && c["status"] == "True")
    };
    assert!(!ready(&fresh));
    pass(&mut demo, 45);
    assert!(ready(&node(&demo).unwrap()));
    pass(&mut demo, 120);
    assert_eq!(claims(&mut demo).len(), 2);
    assert!(
        claims(&mut demo).contains(&(false, false)),
        "one never comes"
    );
    let store = demo.world.store();
    let cordoned = store
        .list(resource("nodes"), None)
        .filter(|n| n.value()["spec"]["unschedulable"] == true)
        .count();
    assert_eq!(cordoned, 1);
}
