//! A console on a cluster of any size, drawn at 200x50: views, layout, cells and their difference from the
//! last frame. Objects are decoded from JSON, so that they are what a feed would bring.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use constable::cluster::decode::Decoder;
use constable::engine::{Code, Dirty, Effect, Engine, Event, Key, Now, Settings, StartScreen};
use constable::layout::{Scene, arrange};
use constable::model::object::{Batch, Delta};
use constable::model::{ClusterNo, FeedState, Kind};
use constable::ui::{self, Depth, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

/// The terminal.
pub(crate) const SIZE: Size = Size::new(200, 50);
/// Deltas that come in one event.
const BATCH: usize = 512;

/// How much there is of everything.
#[derive(Clone, Copy)]
pub(crate) struct Cluster {
    pub(crate) nodes: usize,
    pub(crate) pods: usize,
    pub(crate) ingresses: usize,
}

impl Cluster {
    fn node(&self, number: usize) -> String {
        let pool = ["runner-large", "runner-small", "runner-arm", "services"][number % 4];
        let ready = if number.is_multiple_of(97) {
            "False"
        } else {
            "True"
        };
        let cordoned = number.is_multiple_of(41);
        format!(
            r#"{{"metadata":{{"name":"p-{number:04}","uid":"00000000-0000-4000-8000-{number:012}",
            "creationTimestamp":"2024-10-01T00:00:00Z","labels":{{"eks.amazonaws.com/nodegroup":"{pool}",
            "kubernetes.io/hostname":"p-{number:04}"}}}},"spec":{{"unschedulable":{cordoned}}},"status":{{
            "allocatable":{{"cpu":"31","memory":"120Gi","pods":"110"}},"conditions":[{{"type":"Ready",
            "status":"{ready}","lastTransitionTime":"2024-10-01T00:00:00Z"}}],
            "nodeInfo":{{"kubeletVersion":"v1.37.2"}}}}}}"#
        )
    }

    /// A runner pod of the demo platform's label scheme, in one of its phases. Of a thousand one waits.
    pub(crate) fn pod(&self, number: usize, turn: usize) -> String {
        let (phase, state) = match (number + turn) % 10 {
            0 => (
                "Pending",
                r#"{"waiting":{"reason":"ContainerCreating"}}"#.to_owned(),
            ),
            1 => (
                "Failed",
                format!(
                    r#"{{"terminated":{{"exitCode":1,"reason":"Error","startedAt":"2024-10-03T23:50:00Z",
                    "finishedAt":"2024-10-03T23:{:02}:{:02}Z"}}}}"#,
                    50 + turn % 9,
                    number % 60
                ),
            ),
            _ => (
                "Running",
                r#"{"running":{"startedAt":"2024-10-03T23:50:00Z"}}"#.to_owned(),
            ),
        };
        let node = if number.is_multiple_of(1_000) {
            String::new()
        } else {
            format!(r#""nodeName":"p-{:04}","#, number % self.nodes)
        };
        let (ready, minute) = (phase == "Running", number % 49);
        format!(
            r#"{{"metadata":{{"name":"runner-{number}-1-x7f2q","namespace":"ci-{}",
            "uid":"00000000-0000-4000-9000-{number:012}","creationTimestamp":"2024-10-03T23:{minute:02}:00Z",
            "labels":{{"jobs.constable/id":"j-{number}","jobs.constable/attempt":"1",
            "jobs.constable/component":"runner"}},"annotations":{{
            "jobs.constable/project":"team-{}/api","jobs.constable/pipeline":"build",
            "jobs.constable/run":"{}","jobs.constable/name":"test-{}","jobs.constable/ref":"main",
            "jobs.constable/author":"dev-{}"}}}},"spec":{{{node}"containers":[{{"name":"step-test",
            "image":"registry.example.com/build-base:7","resources":{{"requests":{{"cpu":"{}m","memory":"2Gi"}}}}}}]}},
            "status":{{"phase":"{phase}","startTime":"2024-10-03T23:49:02Z","podIP":"10.{}.{}.{}",
            "containerStatuses":[{{"name":"step-test","image":"build-base:7","ready":{ready},"restartCount":0,
            "state":{state}}}]}}}}"#,
            number % 7,
            number % 60,
            number / 4,
            number % 4,
            number % 300,
            700 + number % 5 * 50,
            number >> 16,
            number >> 8 & 255,
            number & 255,
        )
    }

    fn ingress(&self, number: usize) -> String {
        format!(
            r#"{{"metadata":{{"name":"web-{number}","namespace":"ci-{}","uid":"00000000-0000-4000-a000-{number:012}",
            "creationTimestamp":"2024-10-01T00:00:00Z"}},"spec":{{"ingressClassName":"nginx","rules":[{{
            "host":"h{number}.example.com","http":{{"paths":[{{"path":"/","pathType":"Prefix","backend":{{
            "service":{{"name":"web-{number}","port":{{"number":80}}}}}}}}]}}}}]}}}}"#,
            number % 7
        )
    }

    fn service(&self, number: usize) -> String {
        format!(
            r#"{{"metadata":{{"name":"web-{number}","namespace":"ci-{}","uid":"00000000-0000-4000-b000-{number:012}",
            "creationTimestamp":"2024-10-01T00:00:00Z"}},"spec":{{"selector":{{"app":"web-{number}"}},
            "ports":[{{"port":80,"name":"http","targetPort":8080}}]}}}}"#,
            number % 7
        )
    }

    /// Of a hundred Services one has no ready endpoint.
    fn slice(&self, number: usize) -> String {
        let ready = !number.is_multiple_of(100);
        format!(
            r#"{{"metadata":{{"name":"web-{number}-a","namespace":"ci-{}","uid":"00000000-0000-4000-c000-{number:012}",
            "creationTimestamp":"2024-10-01T00:00:00Z","labels":{{"kubernetes.io/service-name":"web-{number}"}}}},
            "addressType":"IPv4","ports":[{{"name":"http","port":8080}}],
            "endpoints":[{{"addresses":["10.0.0.1"],"conditions":{{"ready":{ready}}}}}]}}"#,
            number % 7
        )
    }

    fn objects(self, kind: Kind) -> Box<dyn Iterator<Item = String>> {
        match kind {
            Kind::Node => Box::new((0..self.nodes).map(move |n| self.node(n))),
            Kind::Pod => Box::new((0..self.pods).map(move |n| self.pod(n, 0))),
            Kind::Ingress => Box::new((0..self.ingresses).map(move |n| self.ingress(n))),
            Kind::Service => Box::new((0..self.ingresses).map(move |n| self.service(n))),
            Kind::EndpointSlice => Box::new((0..self.ingresses).map(move |n| self.slice(n))),
            _ => Box::new(std::iter::empty()),
        }
    }
}

fn start() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// The console, and the frame it drew last.
pub(crate) struct Console {
    pub(crate) engine: Engine,
    pub(crate) cluster: Cluster,
    decoder: Decoder,
    effects: Vec<Effect>,
    theme: Theme,
    last: Buffer,
    next: Buffer,
    milliseconds: u64,
}

impl Console {
    pub(crate) fn new(cluster: Cluster, start: StartScreen) -> Self {
        let settings = Settings {
            start,
            ..Settings::default()
        };
        let area = Rect::new(0, 0, SIZE.width, SIZE.height);
        let mut console = Self {
            engine: Engine::new(settings),
            cluster,
            decoder: Decoder::new(),
            effects: Vec::new(),
            theme: Theme::built_in("dark", Depth::True).expect("dark"),
            last: Buffer::empty(area),
            next: Buffer::empty(area),
            milliseconds: 0,
        };
        for kind in Kind::ALL {
            console.watch(kind, vec![Delta::SyncStart]);
            let mut deltas = Vec::with_capacity(BATCH);
            for object in cluster.objects(kind) {
                deltas.push(console.upsert(kind, &object));
                if deltas.len() == BATCH {
                    console.watch(kind, std::mem::take(&mut deltas));
                }
            }
            console.watch(kind, deltas);
            console.watch(kind, vec![Delta::SyncEnd]);
            console.handle(Event::Feed(
                ClusterNo::FIRST,
                kind,
                Box::new(FeedState::Live),
            ));
        }
        console.work();
        console.frame();
        console
    }

    fn upsert(&mut self, kind: Kind, json: &str) -> Delta {
        let object = self.decoder.object(kind, json.as_bytes());
        Delta::Upsert(object.expect("an object"))
    }

    fn watch(&mut self, kind: Kind, deltas: Vec<Delta>) {
        self.handle(Event::Watch(
            ClusterNo::FIRST,
            Box::new(Batch { kind, deltas }),
        ));
    }

    /// Some pods that have changed since the last turn, as an event.
    pub(crate) fn changed_pods(&mut self, count: usize, turn: usize) -> Event {
        let cluster = self.cluster;
        let deltas = (0..count)
            .map(|n| (n * 293 + turn * 17) % cluster.pods)
            .map(|n| {
                let json = cluster.pod(n, turn);
                self.upsert(Kind::Pod, &json)
            })
            .collect();
        let kind = Kind::Pod;
        Event::Watch(ClusterNo::FIRST, Box::new(Batch { kind, deltas }))
    }

    fn now(&self) -> Now {
        let boot = Duration::from_millis(self.milliseconds);
        Now {
            wall: start() + TimeDelta::milliseconds(self.milliseconds.cast_signed()),
            boot,
        }
    }

    pub(crate) fn handle(&mut self, event: Event) {
        let now = self.now();
        self.engine.handle(now, event, &mut self.effects);
        self.effects.clear();
    }

    pub(crate) fn work(&mut self) {
        while self.engine.work(2_000) {}
    }

    /// Characters are keys, `\n` is enter, `\t` tab.
    #[allow(dead_code, reason = "one of the benches presses no keys")]
    pub(crate) fn keys(&mut self, keys: &str) {
        for c in keys.chars() {
            let key = match c {
                '\n' => Key::plain(Code::Enter),
                '\t' => Key::plain(Code::Tab),
                c => Key::char(c),
            };
            self.handle(Event::Key(key));
        }
        self.work();
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, milliseconds: u64) {
        self.milliseconds += milliseconds;
    }

    /// The lines of the last frame between the titles and the foot.
    #[allow(dead_code, reason = "one of the benches looks at none")]
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |y: u16| (0..SIZE.width).map(move |x| self.last[(x, y)].symbol());
        (4..SIZE.height - 3).map(|y| line(y).collect()).collect()
    }

    /// The cells that change. Views and layout run again when the page has another size, as in the shell.
    pub(crate) fn frame(&mut self) -> usize {
        let now = self.now();
        let mut scene = Scene::of(&self.engine, now);
        let mut regions = arrange(&scene, SIZE);
        for _ in 0..2 {
            let page = Event::Page {
                rows: regions.page.height,
                columns: regions.page.width,
            };
            self.engine.take_dirty();
            self.engine.handle(now, page, &mut self.effects);
            if self.engine.take_dirty() == Dirty::Clean {
                break;
            }
            scene = Scene::of(&self.engine, now);
            regions = arrange(&scene, SIZE);
        }
        self.next.reset();
        ui::draw(&scene, &regions, &self.theme, &mut self.next);
        let changed = self.last.diff(&self.next).len();
        std::mem::swap(&mut self.last, &mut self.next);
        changed
    }
}
