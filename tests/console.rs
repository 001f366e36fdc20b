//! The whole console over the simulated cluster, in one thread and without a clock: world, feeds, decoder,
//! engine, layout, picture.
#![cfg(feature = "sim")]

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use constable::cli::session::Session;
use constable::cluster::connect::{Connection, Target};
use constable::cluster::feed::{Feeds, Scope};
use constable::engine::{Code, Engine, Key, Settings};
use constable::model::{Ingress, Job, Kind, Model, Node, Pod, RankRules};
use constable::shell::direct::Direct;
use constable::sim::Host;
use constable::sim::demo::{Demo, DemoOptions};
use constable::sim::http::{Served, serve};
use constable::ui::{Depth, Theme, text};
use ratatui::layout::Size;

const SIZE: Size = Size::new(120, 36);

fn opening() -> DateTime<Utc> {
    "2026-01-05T10:00:00Z".parse().expect("a time")
}

fn demo() -> Demo {
    let options = DemoOptions {
        nodes: 10,
        rate: Some(20.0),
        weather: false,
        ..DemoOptions::default()
    };
    Demo::build(&options, opening()).expect("a demo")
}

fn console() -> Direct<Demo> {
    Direct::new(demo(), Engine::new(Settings::default()), "demo")
}

fn theme() -> Theme {
    Theme::built_in("dark", Depth::True).expect("the dark theme")
}

fn screen(console: &mut Direct<Demo>) -> String {
    text::of(&console.draw(SIZE, &theme()))
}

fn press(console: &mut Direct<Demo>, keys: &str) {
    for c in keys.chars() {
        let key = if c == '\n' {
            Key::plain(Code::Enter)
        } else {
            Key::char(c)
        };
        console.keys([key]);
        console.draw(SIZE, &theme());
    }
}

fn pass(console: &mut Direct<Demo>, seconds: i64) {
    let until = console.host.now() + TimeDelta::seconds(seconds);
    console.run_until(until);
}

#[test]
fn the_same_cluster_gives_the_same_picture() {
    let picture = || {
        let mut console = console();
        pass(&mut console, 30);
        screen(&mut console)
    };
    let first = picture();
    for part in [
        "CONTROLLERS",
        "PATRICIANS",
        "PEASANTS (job nodes)",
        "runner-large",
        "INGRESS",
        "● Running",
    ] {
        assert!(first.contains(part), "no {part} in\n{first}");
    }
    assert_eq!(first, picture());
}

#[test]
fn a_job_is_cancelled_from_the_screen_and_the_trail_says_so() {
    let mut console = console();
    press(&mut console, ":jobs\n");
    press(&mut console, "/phase:running\n");
    press(&mut console, "\nXyy");
    pass(&mut console, 90);
    let trail: Vec<(&str, &str)> = console
        .audit
        .iter()
        .map(|line| {
            let word = |key: &str| line[key].as_str().unwrap_or_default();
            (word("operation"), word("result"))
        })
        .collect();
    assert_eq!(
        trail,
        [("cancel", ""), ("cancel", "done")],
        "{:#?}",
        console.audit
    );
    let shown = screen(&mut console);
    assert!(shown.contains("⊘ Cancelled"), "{shown}");
}

#[test]
fn a_log_flows_to_its_end() {
    let mut console = console();
    press(&mut console, ":jobs\n");
    press(&mut console, "/phase:running\n");
    press(&mut console, "l");
    pass(&mut console, 600);
    let shown = screen(&mut console);
    assert!(shown.contains("ended:"), "{shown}");
}

type Whole = (Vec<Node>, Vec<Pod>, Vec<Ingress>, Vec<Job>);

fn whole(model: &Model) -> Whole {
    (
        model.nodes().cloned().collect(),
        model.pods().cloned().collect(),
        model.ingresses().cloned().collect(),
        model.jobs().cloned().collect(),
    )
}

/// The same cluster, at the same moment, by function calls and over HTTP.
#[tokio::test(flavor = "multi_thread")]
async fn both_ways_end_in_the_same_model() {
    let console = console();
    // Not driven: its time stands still.
    let server = serve(
        Served::new(demo()),
        "127.0.0.1:0".parse().expect("an address"),
    )
    .await
    .expect("a port");
    let dir = tempfile::tempdir().expect("a folder");
    let kubeconfig = dir.path().join("kubeconfig");
    server.write_kubeconfig(&kubeconfig).expect("a kubeconfig");
    let target = Target {
        kubeconfig: Some(kubeconfig),
        context: None,
    };
    let connection = Connection::open(&target).await.expect("a connection");
    let kinds: Vec<Kind> = Feeds::always().collect();
    let mut session = Session::start(connection, Scope::default(), &kinds, RankRules::default())
        .await
        .expect("a server");
    session.sync(Duration::from_secs(60)).await;
    session.complete().expect("all feeds");
    let there = whole(&session.model);
    assert!(there.1.len() > 50, "{} pods", there.1.len());
    assert_eq!(whole(console.engine.model()), there);
}

/// Two clusters that are alike to the last uid, side by side: what is done to a node of one is not done to the
/// other's.
#[test]
fn alike_clusters_are_not_mixed_up() {
    let settings = Settings {
        contexts: vec!["eu".into(), "us".into()],
        ..Settings::default()
    };
    let mut console = Direct::new(demo(), Engine::new(settings), "eu");
    console.add(demo(), "us");
    pass(&mut console, 5);
    let small = text::of(&console.draw(Size::new(80, 24), &theme()));
    for line in [
        " 2 clusters ",
        " - eu  ● live ",
        " + us  ● live ",
        "CLUSTER ",
    ] {
        assert!(small.contains(line.trim_end()), "{line}\n{small}");
    }
    press(&mut console, ":nodes\n/cluster:us p-01\ncyy");
    pass(&mut console, 3);
    let cordoned = |console: &Direct<Demo>| -> Vec<(u8, bool)> {
        let models = console.engine.models();
        let of = models.map(|(no, model)| {
            let node = model.node("p-01").expect("the node");
            (no.0, node.unschedulable)
        });
        of.collect()
    };
    assert_eq!(cordoned(&console), [(0, false), (1, true)]);
    assert_eq!(console.audit.last().expect("a line")["context"], "us");
    // A log is that of its own cluster's pod, and goes on.
    press(&mut console, ":jobs\n/cluster:us running\nl");
    pass(&mut console, 10);
    let shown = screen(&mut console);
    assert!(shown.contains(" in us"), "{shown}");
}
