//! A frame at 200x50 over 1,000 nodes and 30,000 pods: views, layout, cells and their difference from the
//! last frame. The bar is 5 ms.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use constable::cluster::decode::Decoder;
use constable::engine::{Effect, Engine, Event, Now, Settings, StartScreen};
use constable::layout::{Scene, arrange};
use constable::model::object::{Batch, Delta};
use constable::model::{FeedState, Kind};
use constable::ui::{self, Depth, Theme};
use divan::Bencher;
use divan::counter::ItemsCount;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use serde_json::{Value, json};

const NODES: usize = 1_000;
const PODS: usize = 30_000;
const SIZE: Size = Size::new(200, 50);
const SCREENS: [StartScreen; 4] = [
    StartScreen::Overview,
    StartScreen::Jobs,
    StartScreen::Nodes,
    StartScreen::Pods,
];

fn main() {
    divan::main();
}

fn start() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn at(second: usize) -> Now {
    let second = u32::try_from(second).unwrap_or(u32::MAX);
    Now {
        wall: start() + TimeDelta::seconds(second.into()),
        boot: Duration::from_secs(second.into()),
    }
}

fn node(number: usize) -> Value {
    let pool = ["runner-large", "runner-small", "runner-arm", "services"][number % 4];
    let ready = if number.is_multiple_of(97) {
        "False"
    } else {
        "True"
    };
    json!({
        "metadata": {
            "name": format!("p-{number:04}"), "uid": format!("node-{number}"),
            "creationTimestamp": "2024-10-01T00:00:00Z",
            "labels": {"eks.amazonaws.com/nodegroup": pool, "kubernetes.io/hostname": format!("p-{number:04}")}
        },
        "spec": {"unschedulable": number.is_multiple_of(41)},
        "status": {
            "allocatable": {"cpu": "31", "memory": "120Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": "2024-10-01T00:00:00Z"}],
            "nodeInfo": {"kubeletVersion": "v1.37.2"}
        }
    })
}

/// A runner pod of the demo platform's label scheme, in one of its phases.
fn pod(number: usize, turn: usize) -> Value {
    let (phase, state) = match (number + turn) % 10 {
        0 => (
            "Pending",
            json!({"waiting": {"reason": "ContainerCreating"}}),
        ),
        1 => (
            "Failed",
            json!({"terminated": {"exitCode": 1, "reason": "Error",
            "startedAt": "2024-10-03T23:50:00Z", "finishedAt": "2024-10-03T23:58:00Z"}}),
        ),
        _ => (
            "Running",
            json!({"running": {"startedAt": "2024-10-03T23:50:00Z"}}),
        ),
    };
    json!({
        "metadata": {
            "name": format!("runner-{number}-1-x7f2q"), "namespace": "ci", "uid": format!("pod-{number}"),
            "creationTimestamp": "2024-10-03T23:49:00Z",
            "labels": {"jobs.constable/id": format!("j-{number}"), "jobs.constable/attempt": "1",
                "jobs.constable/component": "runner"},
            "annotations": {"jobs.constable/project": format!("team-{}/api", number % 60),
                "jobs.constable/pipeline": "build", "jobs.constable/run": format!("{}", number / 4),
                "jobs.constable/name": format!("test-{}", number % 4), "jobs.constable/ref": "main",
                "jobs.constable/author": format!("dev-{}", number % 300)}
        },
        "spec": {"nodeName": format!("p-{:04}", number % NODES), "containers": [
            {"name": "step-test", "image": "registry.example.com/build-base:7",
             "resources": {"requests": {"cpu": "900m", "memory": "2Gi"}}}]},
        "status": {"phase": phase, "startTime": "2024-10-03T23:49:02Z", "containerStatuses": [
            {"name": "step-test", "image": "build-base:7", "ready": phase == "Running", "restartCount": 0, "state": state}]}
    })
}

fn batch(decoder: &mut Decoder, kind: Kind, objects: impl Iterator<Item = Value>) -> Vec<Delta> {
    objects
        .map(|object| {
            let text = object.to_string();
            let object = decoder.object(kind, text.as_bytes());
            Delta::Upsert(object.expect("an object"))
        })
        .collect()
}

struct Console {
    engine: Engine,
    effects: Vec<Effect>,
    theme: Theme,
    last: Buffer,
    second: usize,
}

impl Console {
    fn new(start: StartScreen) -> Self {
        let settings = Settings {
            start,
            ..Settings::default()
        };
        let area = Rect::new(0, 0, SIZE.width, SIZE.height);
        let mut console = Self {
            engine: Engine::new(settings),
            effects: Vec::new(),
            theme: Theme::built_in("dark", Depth::True).expect("dark"),
            last: Buffer::empty(area),
            second: 0,
        };
        let mut decoder = Decoder::new();
        for kind in Kind::ALL {
            let deltas = match kind {
                Kind::Node => batch(&mut decoder, kind, (0..NODES).map(node)),
                Kind::Pod => batch(&mut decoder, kind, (0..PODS).map(|n| pod(n, 0))),
                _ => Vec::new(),
            };
            console.handle(Event::Watch(Box::new(Batch {
                kind,
                deltas: vec![Delta::SyncStart],
            })));
            console.handle(Event::Watch(Box::new(Batch { kind, deltas })));
            console.handle(Event::Watch(Box::new(Batch {
                kind,
                deltas: vec![Delta::SyncEnd],
            })));
            console.handle(Event::Feed(kind, Box::new(FeedState::Live)));
        }
        console.work();
        console.frame();
        console
    }

    fn handle(&mut self, event: Event) {
        self.engine
            .handle(at(self.second), event, &mut self.effects);
        self.effects.clear();
    }

    fn work(&mut self) {
        while self.engine.work(2_000) {}
    }

    /// The cells that change.
    fn frame(&mut self) -> usize {
        self.second += 1;
        let now = at(self.second);
        let scene = Scene::of(&self.engine, now);
        let mut regions = arrange(&scene, SIZE);
        let page = Event::Page {
            rows: regions.page.height,
            columns: regions.page.width,
        };
        self.engine.handle(now, page, &mut self.effects);
        let scene = Scene::of(&self.engine, now);
        regions = arrange(&scene, SIZE);
        let mut next = Buffer::empty(self.last.area);
        ui::draw(&scene, &regions, &self.theme, &mut next);
        let changed = self.last.diff(&next).len();
        self.last = next;
        changed
    }
}

/// Nothing but the time has changed. Views and layout run twice, as after a change of the page.
#[divan::bench(args = SCREENS, sample_count = 50)]
fn frame(bencher: Bencher<'_, '_>, screen: StartScreen) {
    let mut console = Console::new(screen);
    bencher.bench_local(|| console.frame());
}

/// A hundred pods have changed since the last frame, as in a busy second of a large platform.
#[divan::bench(args = SCREENS, sample_count = 50)]
fn frame_after_a_hundred_changes(bencher: Bencher<'_, '_>, screen: StartScreen) {
    let mut console = Console::new(screen);
    let mut decoder = Decoder::new();
    let mut turn = 0;
    bencher
        .counter(ItemsCount::new(100_usize))
        .with_inputs(|| {
            turn += 1;
            let numbers = (0..100).map(|n| (n * 293 + turn * 17) % PODS);
            batch(&mut decoder, Kind::Pod, numbers.map(|n| pod(n, turn)))
        })
        .bench_local_values(|deltas| {
            let kind = Kind::Pod;
            console.handle(Event::Watch(Box::new(Batch { kind, deltas })));
            console.work();
            console.frame()
        });
}
