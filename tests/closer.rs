//! A closer look, from the keys to the picture: documents over the simulated cluster.
#![cfg(feature = "sim")]

use chrono::{DateTime, TimeDelta, Utc};
use constable::engine::{Code, Engine, Key, Settings};
use constable::shell::direct::Direct;
use constable::sim::Host;
use constable::sim::demo::{Demo, DemoOptions};
use constable::ui::{Depth, Theme, text};
use ratatui::layout::Size;

fn opening() -> DateTime<Utc> {
    "2026-01-05T10:00:00Z".parse().expect("a time")
}

fn console() -> Direct<Demo> {
    let options = DemoOptions {
        nodes: 10,
        rate: Some(20.0),
        weather: false,
        ..DemoOptions::default()
    };
    let demo = Demo::build(&options, opening()).expect("a demo");
    let mut console = Direct::new(demo, Engine::new(Settings::default()), "demo");
    pass(&mut console, 60);
    console
}

fn pass(console: &mut Direct<Demo>, seconds: i64) {
    let until = console.host.now() + TimeDelta::seconds(seconds);
    console.run_until(until);
}

fn theme() -> Theme {
    Theme::built_in("dark", Depth::True).expect("the dark theme")
}

fn at(console: &mut Direct<Demo>, width: u16, height: u16) -> String {
    text::of(&console.draw(Size::new(width, height), &theme()))
}

/// Presses keys: `\n` is enter, `\t` tab, `\e` escape.
fn press(console: &mut Direct<Demo>, keys: &str) -> String {
    let mut shown = String::new();
    for c in keys.chars() {
        let key = match c {
            '\n' => Key::plain(Code::Enter),
            '\t' => Key::plain(Code::Tab),
            '\u{1b}' => Key::plain(Code::Esc),
            c => Key::char(c),
        };
        console.keys([key]);
        shown = at(console, 120, 36);
    }
    shown
}

/// Writes a screen in three sizes into the folder that `CONSTABLE_SCREENS` names, to be looked at.
fn see(console: &mut Direct<Demo>, what: &str) {
    let Some(folder) = std::env::var_os("CONSTABLE_SCREENS") else {
        return;
    };
    for (width, height) in [(80, 24), (120, 36), (200, 50)] {
        let path = std::path::Path::new(&folder).join(format!("{what}-{width}x{height}.txt"));
        std::fs::write(path, at(console, width, height)).expect("a file");
    }
    at(console, 120, 36);
}

#[test]
fn a_pod_is_described_and_read_as_yaml() {
    let mut console = console();
    press(&mut console, ":pods\n");
    let shown = press(&mut console, "d");
    see(&mut console, "describe pod");
    for part in [
        "describe Pod",
        "Containers",
        "node selector",
        "restart policy",
    ] {
        assert!(shown.contains(part), "no {part} in\n{shown}");
    }
    let shown = press(&mut console, "y");
    see(&mut console, "yaml pod");
    for part in [
        "yaml of Pod",
        "apiVersion: v1",
        "kind: Pod",
        "read just now",
    ] {
        assert!(shown.contains(part), "no {part} in\n{shown}");
    }
    assert!(!shown.contains("managedFields:"), "{shown}");
    let shown = press(&mut console, "z");
    see(&mut console, "folded");
    assert!(shown.contains("others folded"), "{shown}");
    let shown = press(&mut console, "/image\n");
    see(&mut console, "searched");
    assert!(shown.contains("/image"), "{shown}");
}

#[test]
fn a_node_is_described_with_its_pods() {
    let mut console = console();
    press(&mut console, ":nodes\n");
    let shown = press(&mut console, "d");
    see(&mut console, "describe node");
    assert!(shown.contains("describe Node"), "{shown}");
    assert!(shown.contains("REQUESTED"), "{shown}");
}

#[test]
fn any_kind_is_a_table_by_its_name() {
    let mut console = console();
    let shown = press(&mut console, ":serv");
    see(&mut console, "palette");
    for part in ["services", "serviceaccounts", "Service v1, short svc"] {
        assert!(shown.contains(part), "no {part} in\n{shown}");
    }
    press(&mut console, "\u{1b}");
    let shown = press(&mut console, ":svc\n");
    see(&mut console, "services");
    for part in ["── services ──", "CLUSTER-IP", "NAMESPACE"] {
        assert!(shown.contains(part), "no {part} in\n{shown}");
    }
    let shown = press(&mut console, "/hooks\n");
    assert!(shown.contains("1 of "), "{shown}");
    let shown = press(&mut console, "\n");
    see(&mut console, "describe service");
    assert!(
        shown.contains("describe Service ci-system/hooks"),
        "{shown}"
    );
    press(&mut console, "\u{1b}");
    let shown = press(&mut console, "y");
    assert!(shown.contains("yaml of Service ci-system/hooks"), "{shown}");
    let shown = press(&mut console, ":pods.v1\n");
    see(&mut console, "pods.v1");
    assert!(shown.contains("── pods "), "{shown}");
    let shown = press(&mut console, ":nonsens\n");
    assert!(shown.contains("no kind or command 'nonsens'"), "{shown}");
}

/// Without aggregated discovery, and asked before anything was known.
#[test]
fn a_kind_opens_once_the_server_has_told_its_kinds() {
    let mut console = console();
    let shown = press(&mut console, ":configmaps\n");
    assert!(shown.contains("── configmaps ──"), "{shown}");
    pass(&mut console, 30);
    let shown = at(&mut console, 120, 36);
    assert!(!shown.contains("old"), "it is read again: {shown}");
}

#[test]
fn relations_lead_from_one_thing_to_another() {
    let mut console = console();
    press(&mut console, ":pods\n");
    press(&mut console, "/api-\n");
    let shown = press(&mut console, "r");
    see(&mut console, "relations of a pod");
    for part in [
        "tied to Pod ci-system/api-",
        "owner            ReplicaSet ci-system/api-",
        "its owner        Deployment ci-system/api",
        "service          Service ci-system/api",
        "node             Node",
    ] {
        assert!(shown.contains(part), "no {part} in\n{shown}");
    }
    let shown = press(&mut console, "j\n");
    see(&mut console, "describe deployment");
    assert!(
        shown.contains("describe Deployment ci-system/api"),
        "{shown}"
    );
    let shown = press(&mut console, "r");
    see(&mut console, "relations of a deployment");
    assert!(
        shown.contains("owns             ReplicaSet ci-system/api-"),
        "{shown}"
    );
    press(&mut console, "\u{1b}\u{1b}\u{1b}");
    press(&mut console, "\u{1b}:nodes\n");
    let shown = press(&mut console, "r");
    assert!(shown.contains("tied to Node"), "{shown}");
}
