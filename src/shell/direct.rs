//! The console over a simulated cluster in one thread, without a clock, a socket or an executor: for
//! pictures and for tests that must come out the same each time.
//!
//! The same feed protocol, decoder, log reader and answers as over HTTP; only the transport is a function
//! call.

mod logs;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use super::record::Taped;
use crate::cluster::call;
use crate::cluster::decode::{self, Wire};
use crate::cluster::feed::machine::{Ask, Lists, Machine};
use crate::cluster::feed::{Feeds, Scope, figures};
use crate::cluster::log::machine;
use crate::engine::effect::About;
use crate::engine::remote::{RemoteEnd, RemoteEvent};
use crate::engine::{Call, Effect, Engine, Event, Key, LogId, Now, Reply, ServerInfo};
use crate::layout::{Scene, arrange};
use crate::model::object::Batch;
use crate::model::{ClusterId, ClusterNo, FeedState, Figures, Kind, Measured};
use crate::sim::api::{LogFollow, Watch};
use crate::sim::{Host, Request, Response};
use crate::ui::{Theme, draw};

/// How often the world is stepped and the console hears of it.
const BEAT: TimeDelta = TimeDelta::milliseconds(500);
/// Rows of an index that are sorted at a time.
const SLICE: usize = 4_096;

/// An engine and the clusters it looks at.
#[derive(Clone)]
pub struct Direct<H> {
    /// The cluster; of several, the first.
    pub host: H,
    /// The console.
    pub engine: Taped,
    /// The audit trail.
    pub audit: Vec<serde_json::Value>,
    /// Whether the console has asked to end.
    pub quit: bool,
    feeds: BTreeMap<Kind, Stream>,
    logs: BTreeMap<LogId, Log>,
    about: Option<About>,
    /// Which cluster `host`, `feeds`, `logs` and `about` are of at the moment.
    no: ClusterNo,
    /// The others.
    beside: Vec<Place<H>>,
    began: DateTime<Utc>,
}

/// A cluster beside the first.
#[derive(Clone)]
struct Place<H> {
    no: ClusterNo,
    host: H,
    feeds: BTreeMap<Kind, Stream>,
    logs: BTreeMap<LogId, Log>,
    about: Option<About>,
}

#[derive(Clone)]
struct Stream {
    machine: Machine,
    watch: Option<Watch>,
    state: FeedState,
}

#[derive(Clone)]
struct Log {
    machine: machine::Machine,
    follow: Option<LogFollow>,
    /// When bytes came last, or the stream was opened.
    heard: DateTime<Utc>,
    /// When the pause is over.
    paused: Option<DateTime<Utc>>,
    parked: bool,
}

impl<H: Host> Direct<H> {
    /// Connects: the feeds are complete when this returns.
    pub fn new(host: H, engine: Engine, context: &str) -> Self {
        Self::taped(host, Taped::new(engine, None), context)
    }

    /// The same with a console that may be recorded.
    pub fn taped(host: H, engine: Taped, context: &str) -> Self {
        let began = host.now();
        let mut direct = Self {
            host,
            engine,
            audit: Vec::new(),
            quit: false,
            feeds: BTreeMap::new(),
            logs: BTreeMap::new(),
            about: None,
            no: ClusterNo::FIRST,
            beside: Vec::new(),
            began,
        };
        direct.begin(context);
        direct
    }

    /// Connects to one more cluster: the engine's settings name as many contexts.
    pub fn add(&mut self, host: H, context: &str) {
        let no = u8::try_from(self.beside.len() + 1).map_or(ClusterNo(u8::MAX), ClusterNo);
        self.beside.push(Place {
            no,
            host,
            feeds: BTreeMap::new(),
            logs: BTreeMap::new(),
            about: None,
        });
        self.at(no, |direct| direct.begin(context));
    }

    /// Does something in a cluster; nothing if it is not there.
    fn at(&mut self, no: ClusterNo, act: impl FnOnce(&mut Self)) {
        if self.no == no {
            return act(self);
        }
        let Some(place) = self.beside.iter().position(|place| place.no == no) else {
            return;
        };
        self.swap(place);
        act(self);
        // What was done may have gone elsewhere and come back: each place stands where it stood.
        self.swap(place);
    }

    fn swap(&mut self, place: usize) {
        let other = &mut self.beside[place];
        std::mem::swap(&mut self.no, &mut other.no);
        std::mem::swap(&mut self.host, &mut other.host);
        std::mem::swap(&mut self.feeds, &mut other.feeds);
        std::mem::swap(&mut self.logs, &mut other.logs);
        std::mem::swap(&mut self.about, &mut other.about);
    }

    fn begin(&mut self, context: &str) {
        let info = ServerInfo {
            cluster: ClusterId::from(context),
            context: context.into(),
            address: "simulated".into(),
            version: "v1.37.0".into(),
            offset_ms: 0,
            latency_ms: None,
            contexts: vec![context.into()],
            user: "admin".into(),
        };
        self.event(Event::Server(self.no, Box::new(info)));
        for kind in Feeds::always() {
            self.feed(kind, true);
        }
        self.pump_here();
    }

    /// The console's time: the cluster's.
    pub fn now(&self) -> Now {
        let wall = self.host.now();
        Now {
            wall,
            boot: (wall - self.began).to_std().unwrap_or(Duration::ZERO),
        }
    }

    /// Lets time pass; the console hears of it in beats.
    pub fn run_until(&mut self, until: DateTime<Utc>) {
        while self.host.now() < until {
            let next = (self.host.now() + BEAT).min(until);
            self.host.step(next);
            for place in &mut self.beside {
                place.host.step(next);
            }
            self.pump();
            self.event(Event::Tick);
        }
    }

    /// Presses keys, drawing nothing between them but as if a frame had been.
    pub fn keys(&mut self, keys: impl IntoIterator<Item = Key>) {
        for key in keys {
            self.event(Event::Drawn);
            self.event(Event::Key(key));
            self.pump();
        }
    }

    /// Draws the console. The engine is told the page's size first, as the shell does.
    pub fn draw(&mut self, size: Size, theme: &Theme) -> Buffer {
        let page = arrange(&Scene::of(&self.engine, self.now()), size).page;
        self.event(Event::Page {
            rows: page.height,
            columns: page.width,
        });
        self.pump();
        let scene = Scene::of(&self.engine, self.now());
        let regions = arrange(&scene, size);
        let mut buffer = Buffer::empty(Rect::new(0, 0, size.width, size.height));
        draw(&scene, &regions, theme, &mut buffer);
        self.engine.drew(self.now(), &buffer);
        buffer
    }

    /// Hands an event to the engine and does what it asks for.
    pub fn event(&mut self, event: Event) {
        let mut effects = Vec::new();
        self.engine.handle(self.now(), event, &mut effects);
        while self.engine.work(SLICE) {}
        for effect in effects {
            self.effect(effect);
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Quit => self.quit = true,
            Effect::Feed(no, kind, on) => self.at(no, |direct| direct.feed(kind, on)),
            Effect::Events(no, about) => self.at(no, |direct| {
                direct.feeds.remove(&Kind::Event);
                direct.about = about.map(|about| *about);
                if direct.about.is_some() {
                    direct.feed(Kind::Event, true);
                } else {
                    let off = Box::new(FeedState::Off);
                    direct.event(Event::Feed(no, Kind::Event, off));
                }
            }),
            Effect::Measure(no, of) => self.at(no, |direct| direct.measure(of)),
            Effect::OpenLog(no, id, source) => self.at(no, |direct| {
                let log = Log {
                    machine: machine::Machine::new(*source),
                    follow: None,
                    heard: direct.host.now(),
                    paused: None,
                    parked: false,
                };
                direct.logs.insert(id, log);
                direct.pump_log(id);
            }),
            Effect::CloseLog(no, id) => self.at(no, |direct| {
                direct.logs.remove(&id);
            }),
            Effect::ParkLog(no, id, park) => self.at(no, |direct| {
                if let Some(log) = direct.logs.get_mut(&id) {
                    if park && log.follow.take().is_some() {
                        log.machine.parked();
                    }
                    log.parked = park;
                }
            }),
            Effect::Call(no, id, call) => self.at(no, |direct| {
                let reply = direct.call(&call);
                direct.event(Event::Reply(id, Box::new(reply)));
            }),
            Effect::Audit(line) => self.audit.push(*line),
            Effect::OpenRemote(_, id, _) => {
                let why = "there is no terminal and no port here";
                let end = RemoteEvent::Ended(RemoteEnd::Failed(why.into()));
                self.event(Event::Remote(id, Box::new(end)));
            }
            // What belongs to a terminal or to a kubeconfig has no meaning here.
            Effect::Suspend
            | Effect::Connect(..)
            | Effect::Disconnect(_)
            | Effect::Scope(..)
            | Effect::Copy(_)
            | Effect::Save(_)
            | Effect::LeadRemote(..)
            | Effect::CloseRemote(..)
            | Effect::Bell
            | Effect::ConsoleLogKey(_)
            | Effect::Theme(_) => {}
        }
    }

    fn measure(&mut self, of: Measured) {
        let told = match self.host.handle(Request::get(&figures::path(of, None))) {
            Response::Done {
                status: 200, body, ..
            } => {
                let mut round = figures::Round::default();
                round.take(&body);
                let parts = std::iter::from_fn(|| round.part(of, 1)).collect::<Vec<_>>();
                [vec![Figures::Begin], parts, vec![Figures::End]].concat()
            }
            Response::Done { status, body, .. } => {
                let mut error = decode::status(Wire::Json, &body);
                error.code = status;
                vec![Figures::Failed(figures::refused(of, &error))]
            }
            Response::List(_) | Response::Watch(_) | Response::Log(_) | Response::Upgrade(_) => {
                Vec::new()
            }
        };
        for part in told {
            self.event(Event::Usage(self.no, of, Box::new(part)));
        }
    }

    fn call(&mut self, call: &Call) -> Reply {
        let (method, content_type) = call::method(call.verb);
        let body = if call.body.is_null() {
            String::new()
        } else {
            call.body.to_string()
        };
        let mut request = Request::new(method, &unescape(&call.path), body);
        request.content_type = content_type.to_owned();
        request.accept = call::accept(&call.accept).to_owned();
        match self.host.handle(request) {
            Response::Done { status, body, .. } => call::read_as(&call.accept, status, None, &body),
            Response::List(_) | Response::Watch(_) | Response::Log(_) | Response::Upgrade(_) => {
                Reply::Lost("a stream was answered".into())
            }
        }
    }

    fn feed(&mut self, kind: Kind, on: bool) {
        if on {
            let machine = Machine::new(
                kind,
                Scope::default().of(kind, self.about.as_ref()),
                Lists::Streamed,
            );
            let state = machine.state();
            self.feeds.insert(
                kind,
                Stream {
                    machine,
                    watch: None,
                    state,
                },
            );
        } else if self.feeds.remove(&kind).is_some() {
            self.event(Event::Feed(self.no, kind, Box::new(FeedState::Off)));
        }
    }

    /// Brings what the streams of all clusters have ready to the engine.
    fn pump(&mut self) {
        self.pump_here();
        let others: Vec<ClusterNo> = self.beside.iter().map(|place| place.no).collect();
        for no in others {
            self.at(no, Self::pump_here);
        }
    }

    fn pump_here(&mut self) {
        for kind in Kind::ALL {
            if self.feeds.contains_key(&kind) {
                self.pump_feed(kind);
            }
        }
        let ids: Vec<LogId> = self.logs.keys().copied().collect();
        for id in ids {
            self.pump_log(id);
        }
    }

    fn pump_feed(&mut self, kind: Kind) {
        let Some(stream) = self.feeds.get_mut(&kind) else {
            return;
        };
        let mut deltas = Vec::new();
        if stream.watch.is_none()
            && let Ask::Watch(path) = stream.machine.ask()
            && let Response::Watch(watch) = self.host.handle(Request::get(&unescape(&path)))
        {
            stream.machine.opened(&mut deltas);
            stream.watch = Some(watch);
        }
        if let Some(watch) = &mut stream.watch {
            let frames = self.host.watch_next(watch);
            for line in frames.iter().flat_map(|frame| frame.split(|b| *b == b'\n')) {
                stream.machine.frame(Wire::Json, line, &mut deltas);
            }
            if watch.ended() {
                stream.machine.ended();
                stream.watch = None;
            }
        }
        let state = stream.machine.state();
        let turned = state != stream.state;
        stream.state = state.clone();
        if !deltas.is_empty() {
            let batch = Box::new(Batch { kind, deltas });
            self.event(Event::Watch(self.no, batch));
        }
        if turned {
            self.event(Event::Feed(self.no, kind, Box::new(state)));
        }
    }
}

/// The simulated API takes paths decoded.
fn unescape(path: &str) -> String {
    [("%3A", ":"), ("%2F", "/"), ("%3D", "="), ("%2C", ",")]
        .into_iter()
        .fold(path.to_owned(), |path, (code, plain)| {
            path.replace(code, plain)
        })
}
