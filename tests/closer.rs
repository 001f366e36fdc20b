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
