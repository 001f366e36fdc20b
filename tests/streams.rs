//! Streams against the simulated cluster: its bytes into deltas without IO, and its HTTP server into a model.
#![cfg(feature = "sim")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use constable::ci;
use constable::cli::session::{Heard, Session};
use constable::cluster::call;
use constable::cluster::connect::{Connection, Target};
use constable::cluster::decode::Wire;
use constable::cluster::feed::Scope;
use constable::cluster::feed::machine::{Ask, Lists, Machine, Next};
use constable::cluster::log::{LogStream, Pressure};
use constable::engine::effect::{Accept, Verb};
use constable::engine::{Call, Event, LogEnd, LogEvent, LogId, LogSource, Reply};
use constable::model::{Delta, FeedState, Kind, Model, RankRules};
use constable::sim::api::{Request, Response};
use constable::sim::http::{Served, Server, serve};
use constable::sim::resource::resource;
use constable::sim::world::World;
use http::Method;
use serde_json::{Value, json};

/// Nothing here takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

fn start() -> DateTime<Utc> {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

fn world() -> World {
    let mut world = World::new(7, start());
    for name in ["p-1", "p-2"] {
        let node = json!({
            "metadata": {"name": name, "labels": {"cloud.google.com/gke-nodepool": "runner-large"}},
            "status": {
                "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                "capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                "conditions": [{"type": "Ready", "status": "True"}]
            }
        });
        world.create(resource("nodes"), node).unwrap();
    }
    world
}

/// A job's pod whose steps write lines and end.
fn pod(name: &str) -> Value {
    json!({
        "metadata": {
            "name": name,
            "namespace": "default",
            "labels": {"jobs.constable/id": name, "jobs.constable/attempt": "1", "jobs.constable/component": "runner"},
            "annotations": {
                "sim.constable/script": json!({
                    "checkout": {"run_ms": 1000, "exit": 0, "lines": ["cloning", "done"]},
                    "step-test": {"run_ms": 2000, "exit": 1, "lines": ["ok one", "FAIL two"]}
                }).to_string()
            }
        },
        "spec": {
            "restartPolicy": "Never",
            "initContainers": [{"name": "checkout", "image": "git"}],
            "containers": [{"name": "step-test", "image": "go", "resources": {"requests": {"cpu": "1"}}}]
        }
    })
}

/// One thread, no runtime: the world's frames through a feed's machine into a model.
fn follow(world: &mut World, machine: &mut Machine, model: &mut Model, until: DateTime<Utc>) {
    let Ask::Watch(target) = machine.ask() else {
        panic!("streaming lists are asked for by a watch");
    };
    let Response::Watch(mut watch) = world.handle(Request::new(Method::GET, &target, "")) else {
        panic!("no watch at {target}");
    };
    let mut deltas = Vec::new();
    machine.opened(&mut deltas);
    loop {
        for frame in world.watch_next(&mut watch) {
            for line in frame.split(|b| *b == b'\n') {
                assert_eq!(machine.frame(Wire::Json, line, &mut deltas), Next::Continue);
            }
        }
        match world.next_due() {
            Some(due) if due <= until => world.step(due),
            _ => break,
        }
    }
    world.step(until);
    machine.ended();
    for delta in &deltas {
        assert!(!matches!(delta, Delta::Unreadable { .. }), "{delta:?}");
    }
    let batch = constable::model::Batch {
        kind: machine.kind(),
        deltas,
    };
    model.apply(until, batch, &ci::Reader);
}

#[test]
fn bytes_of_the_world_become_the_model() {
    let mut world = world();
    for name in ["a", "b"] {
        let body = pod(name).to_string();
        let path = "/api/v1/namespaces/default/pods";
        world.handle(Request::new(Method::POST, path, body));
    }
    let mut model = Model::new(RankRules::default());
    let mut pods = Machine::new(Kind::Pod, Scope::default(), Lists::Streamed);
    let mut nodes = Machine::new(Kind::Node, Scope::default(), Lists::Streamed);
    follow(
        &mut world,
        &mut nodes,
        &mut model,
        start() + Duration::from_secs(1),
    );
    follow(
        &mut world,
        &mut pods,
        &mut model,
        start() + Duration::from_secs(20),
    );
    assert_eq!(
        (nodes.state(), pods.state()),
        (FeedState::Live, FeedState::Live)
    );
    let phases: Vec<(String, &str, bool)> = model
        .jobs()
        .map(|j| (j.id.to_string(), j.phase.as_str(), j.node().is_some()))
        .collect();
    assert_eq!(
        phases,
        [("a".into(), "failed", true), ("b".into(), "failed", true)]
    );

    // What changes while nobody watches comes with the resume.
    let path = "/api/v1/namespaces/default/pods/a";
    world.handle(Request::new(Method::DELETE, path, ""));
    follow(
        &mut world,
        &mut pods,
        &mut model,
        start() + Duration::from_secs(60),
    );
    let names: Vec<&str> = model.pods().map(|p| &*p.meta.name).collect();
    assert_eq!(names, ["b"]);
}

async fn served() -> (Server, tempfile::TempDir, Connection) {
    let served = Served::new(world());
    served.drive(1.0);
    let server = serve(served, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kubeconfig");
    server.write_kubeconfig(&path).unwrap();
    let target = Target {
        kubeconfig: Some(path),
        context: None,
    };
    let connection = Connection::open(&target).await.unwrap();
    (server, dir, connection)
}

fn call(verb: Verb, path: &str, body: Value) -> Call {
    Call {
        verb,
        path: path.into(),
        body,
        accept: Accept::Json,
        timeout_s: 10,
    }
}

/// Takes events until it holds.
async fn until(session: &mut Session, holds: impl Fn(&Session) -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds(session) {
            session.next().await.unwrap();
        }
    });
    assert!(waited.await.is_ok(), "gaps: {:?}", session.gaps());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_served_cluster_is_followed_called_and_its_logs_read() {
    let (server, _dir, connection) = served().await;
    let kinds = [Kind::Node, Kind::Pod];
    let scope = Scope::default();
    let rules = RankRules::default();
    let mut session = Session::start(connection.clone(), scope, &kinds, rules)
        .await
        .unwrap();
    session.sync(PATIENCE).await;
    session.complete().unwrap();
    assert_eq!(session.model.nodes().count(), 2);

    let pods = "/api/v1/namespaces/default/pods";
    let reply = call::run(&connection, call(Verb::Post, pods, pod("a"))).await;
    let Reply::Done(created) = reply else {
        panic!("{reply:?}");
    };
    let again = call::run(&connection, call(Verb::Post, pods, pod("a"))).await;
    assert!(
        matches!(&again, Reply::Refused { code: 409, reason, .. } if &**reason == "AlreadyExists"),
        "{again:?}"
    );
    until(&mut session, |s| s.model.jobs().any(|j| j.phase.ended())).await;

    let source = LogSource {
        namespace: "default".into(),
        pod: "a".into(),
        uid: created["metadata"]["uid"].as_str().unwrap().into(),
        container: "step-test".into(),
        previous: false,
        follow: true,
        since: None,
        tail: None,
        restarts: 0,
    };
    let stream = LogStream::open(
        connection.clone(),
        LogId(1),
        source,
        Pressure::Wait,
        session.events.clone(),
    );
    let mut lines = Vec::new();
    let end = loop {
        let heard = tokio::time::timeout(PATIENCE, session.next())
            .await
            .unwrap()
            .unwrap();
        let Heard::Other(Event::Log(LogId(1), news)) = heard else {
            continue;
        };
        match *news {
            LogEvent::Lines(some) => lines.extend(some.into_iter().map(|l| l.text.to_string())),
            LogEvent::Ended(end) => break end,
            LogEvent::Opened
            | LogEvent::Waiting(_)
            | LogEvent::Resuming(_)
            | LogEvent::Restarted { .. }
            | LogEvent::Said(_)
            | LogEvent::Dropped(_) => {}
        }
    };
    drop(stream);
    assert_eq!(lines, ["ok one", "FAIL two"]);
    assert_eq!(end, LogEnd::Container("exit 1".into()));

    // A wrong uid is refused; the right one removes the pod, and the watch shows it.
    let delete = |uid: &str| {
        let body =
            json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}});
        call(Verb::Delete, &format!("{pods}/a"), body)
    };
    let wrong = call::run(&connection, delete("another")).await;
    assert!(
        matches!(wrong, Reply::Refused { code: 409, .. }),
        "{wrong:?}"
    );
    let uid = created["metadata"]["uid"].as_str().unwrap();
    let right = call::run(&connection, delete(uid)).await;
    assert!(matches!(right, Reply::Done(_)), "{right:?}");
    until(&mut session, |s| s.model.pods().count() == 0).await;

    // The server goes: what was known stays and is said to be stale.
    server.shutdown();
    until(&mut session, |s| s.stale().len() == 2).await;
    assert_eq!(session.model.nodes().count(), 2);
    assert!(session.complete().is_err());
}
