//! Merged logs against the simulated cluster, in its own time: who gets a stream, and what a kubelet does to
//! logs.
#![cfg(feature = "sim")]

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use constable::engine::{Engine, Key, Settings};
use constable::shell::direct::Direct;
use constable::sim::World;
use constable::sim::resource::resource;
use constable::ui::{Depth, Theme, text};
use ratatui::layout::Size;
use serde_json::{Value, json};

fn start() -> DateTime<Utc> {
    "2026-01-02T03:04:05Z".parse().expect("a time")
}

fn node(world: &mut World, name: &str) {
    let node = json!({
        "metadata": {"name": name, "labels": {"cloud.google.com/gke-nodepool": "runner-large"}},
        "status": {
            "allocatable": {"cpu": "400", "memory": "800Gi", "pods": "500"},
            "capacity": {"cpu": "400", "memory": "800Gi", "pods": "500"},
            "conditions": [{"type": "Ready", "status": "True"}]
        }
    });
    world.create(resource("nodes"), node).expect("a node");
}

fn pod(world: &mut World, name: &str, policy: &str, script: Value) {
    let pod = json!({
        "metadata": {
            "name": name, "namespace": "default",
            "labels": {"jobs.constable/id": name, "jobs.constable/attempt": "1", "jobs.constable/component": "runner"},
            "annotations": {"sim.constable/script": json!({"main": script}).to_string()}
        },
        "spec": {
            "restartPolicy": policy,
            "containers": [{"name": "main", "image": "go", "resources": {"requests": {"cpu": "10m"}}}]
        }
    });
    world.create(resource("pods"), pod).expect("a pod");
}

fn console(world: World) -> Direct<World> {
    Direct::new(world, Engine::new(Settings::default()), "sim")
}

fn after(direct: &mut Direct<World>, seconds: i64) {
    let until = direct.now().wall + TimeDelta::seconds(seconds);
    direct.run_until(until);
}

fn screen(direct: &mut Direct<World>) -> String {
    let theme = Theme::built_in("dark", Depth::True).expect("dark");
    text::of(&direct.draw(Size::new(160, 40), &theme))
}

fn keys(direct: &mut Direct<World>, keys: &str) {
    direct.keys(keys.chars().map(|c| match c {
        '\n' => Key::plain(constable::engine::Code::Enter),
        c => Key::char(c),
    }));
}

#[test]
fn three_hundred_streams_are_wanted_and_there_are_thirty_two() {
    let mut world = World::new(7, start());
    node(&mut world, "p-1");
    for n in 0..300 {
        // Each says something now and then, and is quiet for longer than its turn.
        let script = json!({"log": "worker", "lines_per_s": 0.02});
        pod(&mut world, &format!("job-{n:03}"), "Never", script);
    }
    let mut direct = console(world);
    after(&mut direct, 60);
    keys(&mut direct, ":logs runner-large\n");
    after(&mut direct, 2);
    assert_eq!(direct.open_logs(), 32);
    let shown = screen(&mut direct);
    assert!(shown.contains("32 of 300 streams · 268 wait"), "{shown}");
    let mut seen = BTreeSet::new();
    for _ in 0..240 {
        after(&mut direct, 2);
        assert!(direct.open_logs() <= 32, "{}", direct.open_logs());
        seen.extend(direct.followed());
    }
    assert_eq!(seen.len(), 300, "each has had its turn");
}

#[test]
fn a_container_that_restarts_goes_on_in_its_own_log() {
    let mut world = World::new(7, start());
    node(&mut world, "p-1");
    let script = json!({"run_ms": 20000, "exit": 1, "lines": ["begin", "crash"]});
    pod(&mut world, "a", "Always", script);
    let mut direct = console(world);
    after(&mut direct, 15);
    keys(&mut direct, ":logs runner-large\n");
    after(&mut direct, 90);
    let shown = screen(&mut direct);
    let begins = shown.matches("│ begin").count();
    assert!(begins >= 2, "{shown}");
    assert!(shown.contains("restarted (1st), exit 1"), "{shown}");
    assert!(!shown.contains("ended:"), "{shown}");
}

#[test]
fn a_pod_that_is_deleted_says_so_and_others_go_on() {
    let mut world = World::new(7, start());
    node(&mut world, "p-1");
    for name in ["a", "b"] {
        pod(
            &mut world,
            name,
            "Never",
            json!({"log": "worker", "lines_per_s": 1.0}),
        );
    }
    let mut direct = console(world);
    after(&mut direct, 20);
    keys(&mut direct, ":logs runner-large\n");
    after(&mut direct, 5);
    let path = "/api/v1/namespaces/default/pods/a?gracePeriodSeconds=1";
    let request = constable::sim::Request::new(http::Method::DELETE, path, "");
    direct.host.handle(request);
    after(&mut direct, 40);
    let shown = screen(&mut direct);
    assert!(shown.contains("1 stream live · 1 ended"), "{shown}");
    // A job that comes joins by itself.
    pod(
        &mut direct.host,
        "c",
        "Never",
        json!({"log": "worker", "lines_per_s": 1.0}),
    );
    after(&mut direct, 30);
    let shown = screen(&mut direct);
    assert!(shown.contains("2 streams live · 1 ended"), "{shown}");
    assert!(shown.contains("c │"), "{shown}");
}

/// A pod on the node whose log is opened from the table of pods.
fn service(world: &mut World, name: &str, policy: &str, script: Value) {
    let pod = json!({
        "metadata": {
            "name": name, "namespace": "default",
            "annotations": {"sim.constable/script": json!({"main": script}).to_string()}
        },
        "spec": {
            "restartPolicy": policy,
            "containers": [{"name": "main", "image": "go", "resources": {"requests": {"cpu": "10m"}}}]
        }
    });
    world.create(resource("pods"), pod).expect("a pod");
}

#[test]
fn a_stream_that_goes_dumb_at_a_rotation_is_opened_again() {
    let mut world = World::new(7, start());
    node(&mut world, "p-1");
    let script =
        json!({"log": "worker", "lines_per_s": 1.0, "rotate_lines": 50, "dumb_at_rotation": true});
    service(&mut world, "a", "Always", script);
    let mut direct = console(world);
    after(&mut direct, 20);
    keys(&mut direct, ":pods\nl");
    after(&mut direct, 35);
    let read = |shown: &str| -> u32 {
        let of = shown
            .split(" of ")
            .filter_map(|rest| rest.split_whitespace().next());
        of.filter_map(|n| n.parse().ok()).max().unwrap_or(0)
    };
    let before = read(&screen(&mut direct));
    // Fifty lines were read; nothing comes until the stream has been silent for half a minute.
    after(&mut direct, 20);
    let shown = screen(&mut direct);
    assert!(
        read(&shown) <= 50 && shown.contains("quiet"),
        "{before}\n{shown}"
    );
    after(&mut direct, 40);
    let shown = screen(&mut direct);
    assert!(read(&shown) > 80, "{shown}");
    assert!(!shown.contains("resuming"), "{shown}");
}

#[test]
fn what_was_rotated_away_is_said() {
    let mut world = World::new(7, start());
    node(&mut world, "p-1");
    let script = json!({"log": "worker", "lines_per_s": 1.0, "rotate_lines": 50});
    service(&mut world, "a", "Always", script);
    let mut direct = console(world);
    after(&mut direct, 140);
    keys(&mut direct, ":pods\nl1");
    after(&mut direct, 2);
    let shown = screen(&mut direct);
    assert!(
        shown.contains("younger than the container: older lines were rotated away"),
        "{shown}"
    );
}

#[test]
fn a_previous_log_that_is_lost_is_a_statement() {
    let mut world = World::new(7, start());
    node(&mut world, "p-1");
    let script =
        json!({"run_ms": 8000, "exit": 1, "lines": ["begin", "crash"], "previous_lost": true});
    service(&mut world, "a", "Always", script);
    let mut direct = console(world);
    after(&mut direct, 60);
    keys(&mut direct, ":pods\np");
    after(&mut direct, 3);
    let shown = screen(&mut direct);
    assert!(
        shown.contains("── main: unable to retrieve container logs for"),
        "{shown}"
    );
    assert!(!shown.contains("begin"), "{shown}");
}

#[test]
fn a_dead_node_is_said_and_what_it_keeps_gives_way() {
    let mut world = World::new(7, start());
    node(&mut world, "p-1");
    service(
        &mut world,
        "a",
        "Always",
        json!({"log": "worker", "lines_per_s": 1.0}),
    );
    let mut direct = console(world);
    after(&mut direct, 20);
    keys(&mut direct, ":pods\nl");
    after(&mut direct, 2);
    let mut down = json!({"status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown",
        "lastTransitionTime": "2026-01-02T03:04:27Z"}]}});
    down["metadata"] = json!({"annotations": {"sim.constable/kubelet": "none"}});
    let request = constable::sim::Request::new(
        http::Method::PATCH,
        "/api/v1/nodes/p-1/status",
        down.to_string(),
    );
    let mut request = request;
    request.content_type = "application/merge-patch+json".into();
    direct.host.handle(request);
    after(&mut direct, 2);
    let shown = screen(&mut direct);
    assert!(shown.contains("node p-1 is not Ready"), "{shown}");
}
