//! The console over a simulated cluster in one thread, without a clock, a socket or an executor: for
//! pictures and for tests that must come out the same each time.
//!
//! The same feed protocol, decoder, log reader and answers as over HTTP; only the transport is a function
//! call.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::cluster::call;
use crate::cluster::decode::{self, Wire};
use crate::cluster::feed::machine::{Ask, Lists, Machine};
use crate::cluster::feed::{Feeds, Scope, figures};
use crate::cluster::log::resume::{Read, Reader};
use crate::engine::effect::About;
use crate::engine::remote::{RemoteEnd, RemoteEvent};
use crate::engine::{
    Call, Effect, Engine, Event, Key, LogEnd, LogEvent, LogId, LogSource, Now, Reply, ServerInfo,
};
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

/// An engine and the cluster it looks at.
#[derive(Clone)]
pub struct Direct<H> {
    /// The cluster.
    pub host: H,
    /// The console.
    pub engine: Engine,
    /// The audit trail.
    pub audit: Vec<serde_json::Value>,
    /// Whether the console has asked to end.
    pub quit: bool,
    feeds: BTreeMap<Kind, Stream>,
    logs: BTreeMap<LogId, Log>,
    about: Option<About>,
    began: DateTime<Utc>,
}

#[derive(Clone)]
struct Stream {
    machine: Machine,
    watch: Option<Watch>,
    state: FeedState,
}

#[derive(Clone)]
struct Log {
    source: LogSource,
    reader: Reader,
    follow: Option<LogFollow>,
}

impl<H: Host> Direct<H> {
    /// Connects: the feeds are complete when this returns.
    pub fn new(host: H, engine: Engine, context: &str) -> Self {
        let began = host.now();
        let mut direct = Self {
            host,
            engine,
            audit: Vec::new(),
            quit: false,
            feeds: BTreeMap::new(),
            logs: BTreeMap::new(),
            about: None,
            began,
        };
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
        direct.event(Event::Server(ClusterNo::FIRST, Box::new(info)));
        for kind in Feeds::always() {
            direct.feed(kind, true);
        }
        direct.pump();
        direct
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
            Effect::Feed(_, kind, on) => self.feed(kind, on),
            Effect::Events(_, about) => {
                self.feeds.remove(&Kind::Event);
                self.about = about.map(|about| *about);
                if self.about.is_some() {
                    self.feed(Kind::Event, true);
                } else {
                    self.event(Event::Feed(
                        ClusterNo::FIRST,
                        Kind::Event,
                        Box::new(FeedState::Off),
                    ));
                }
            }
            Effect::Measure(_, of) => self.measure(of),
            Effect::OpenLog(_, id, source) => {
                let log = Log {
                    source: *source,
                    reader: Reader::new(),
                    follow: None,
                };
                self.open_log(id, log);
            }
            Effect::CloseLog(_, id) => {
                self.logs.remove(&id);
            }
            Effect::Call(_, id, call) => {
                let reply = self.call(&call);
                self.event(Event::Reply(id, Box::new(reply)));
            }
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
            self.event(Event::Usage(ClusterNo::FIRST, of, Box::new(part)));
        }
    }

    fn call(&mut self, call: &Call) -> Reply {
        let (method, content_type) = call::method(call.verb);
        let body = if call.body.is_null() {
            String::new()
        } else {
            call.body.to_string()
        };
        let mut request = Request::new(method, &call.path, body);
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
            self.event(Event::Feed(
                ClusterNo::FIRST,
                kind,
                Box::new(FeedState::Off),
            ));
        }
    }

    /// Brings what the streams have ready to the engine.
    fn pump(&mut self) {
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
            self.event(Event::Watch(
                ClusterNo::FIRST,
                Box::new(Batch { kind, deltas }),
            ));
        }
        if turned {
            self.event(Event::Feed(ClusterNo::FIRST, kind, Box::new(state)));
        }
    }

    fn open_log(&mut self, id: LogId, mut log: Log) {
        let path = log.reader.path(&log.source, log.source.follow);
        match self.host.handle(Request::get(&unescape(&path))) {
            Response::Log(follow) => {
                log.follow = Some(follow);
                self.logs.insert(id, log);
                self.event(Event::Log(id, Box::new(LogEvent::Opened)));
            }
            Response::Done {
                status: 200, body, ..
            } => {
                self.event(Event::Log(id, Box::new(LogEvent::Opened)));
                self.lines(id, &mut log.reader, &body);
                let end = LogEnd::Container("end of the log".into());
                self.event(Event::Log(id, Box::new(LogEvent::Ended(end))));
            }
            Response::Done { status, body, .. } => {
                let words = match call::read(status, None, &body) {
                    Reply::Refused { message, .. } => message,
                    Reply::Done(_) | Reply::Lost(_) => "no log".into(),
                };
                if status == 400 {
                    self.logs.insert(id, log);
                    self.event(Event::Log(id, Box::new(LogEvent::Waiting(words))));
                } else {
                    let end = LogEnd::Gone(words);
                    self.event(Event::Log(id, Box::new(LogEvent::Ended(end))));
                }
            }
            Response::List(_) | Response::Watch(_) | Response::Upgrade(_) => {}
        }
    }

    fn pump_log(&mut self, id: LogId) {
        let Some(mut log) = self.logs.remove(&id) else {
            return;
        };
        let Some(follow) = &mut log.follow else {
            self.open_log(id, log);
            return;
        };
        let (bytes, ended) = self.host.log_next(follow);
        self.lines(id, &mut log.reader, &bytes);
        if ended {
            let end = LogEnd::Container("container ended".into());
            self.event(Event::Log(id, Box::new(LogEvent::Ended(end))));
        } else {
            self.logs.insert(id, log);
        }
    }

    fn lines(&mut self, id: LogId, reader: &mut Reader, bytes: &[u8]) {
        let mut read = Vec::new();
        reader.feed(bytes, &mut read);
        let lines: Vec<_> = read
            .into_iter()
            .filter_map(|r| match r {
                Read::Line(line) => Some(line),
                Read::Words(_) => None,
            })
            .collect();
        if !lines.is_empty() {
            self.event(Event::Log(id, Box::new(LogEvent::Lines(lines))));
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
