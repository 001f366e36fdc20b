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
use crate::cluster::log::machine::{self, Ask as LogAsk};
use crate::engine::effect::About;
use crate::engine::remote::{RemoteEnd, RemoteEvent};
use crate::engine::{Call, Effect, Engine, Event, Key, LogEvent, LogId, Now, Reply, ServerInfo};
use crate::layout::{Scene, arrange};
use crate::model::object::Batch;
use crate::model::{ClusterId, ClusterNo, FeedState, Figures, Kind, Measured};
use crate::sim::api::{LogFollow, Watch};
use crate::sim::{Host, Request, Response};
use crate::ui::{Theme, draw};

/// How often the world is stepped and the console hears of it.
const BEAT: TimeDelta = TimeDelta::milliseconds(500);
/// Between two attempts at a log.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// Steps of a log's protocol at a time.
const STEPS: usize = 16;
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
                    machine: machine::Machine::new(*source),
                    follow: None,
                    heard: self.host.now(),
                    paused: None,
                    parked: false,
                };
                self.logs.insert(id, log);
                self.pump_log(id);
            }
            Effect::CloseLog(_, id) => {
                self.logs.remove(&id);
            }
            Effect::ParkLog(_, id, park) => {
                if let Some(log) = self.logs.get_mut(&id) {
                    if park && log.follow.take().is_some() {
                        log.machine.parked();
                    }
                    log.parked = park;
                }
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

    /// Streams open now, for tests.
    pub fn open_logs(&self) -> usize {
        self.logs
            .values()
            .filter(|log| log.follow.is_some())
            .count()
    }

    /// Pods whose logs are followed now, for tests.
    pub fn followed(&self) -> Vec<String> {
        let followed = self.logs.values().filter_map(|log| log.follow.as_ref());
        followed.map(|follow| follow.pod.clone()).collect()
    }

    /// Goes on with a log as far as it comes now.
    fn pump_log(&mut self, id: LogId) {
        let Some(mut log) = self.logs.remove(&id) else {
            return;
        };
        let mut news = Vec::new();
        let mut over = false;
        for _ in 0..STEPS {
            if log.parked || !self.step_log(&mut log, &mut news) {
                break;
            }
            if let LogAsk::Over(end) = log.machine.ask() {
                news.push(LogEvent::Ended(end));
                over = true;
                break;
            }
        }
        if !over {
            self.logs.insert(id, log);
        }
        for event in news {
            self.event(Event::Log(id, Box::new(event)));
        }
    }

    /// One step of a log's protocol; false: nothing more happens now.
    fn step_log(&mut self, log: &mut Log, news: &mut Vec<LogEvent>) -> bool {
        let now = self.host.now();
        match log.machine.ask() {
            LogAsk::Over(_) => false,
            LogAsk::Pause => match log.paused {
                Some(until) if until <= now => {
                    log.paused = None;
                    log.machine.waited();
                    true
                }
                Some(_) => false,
                None => {
                    log.paused = Some(now + PAUSE);
                    false
                }
            },
            LogAsk::Status { path } => {
                match self.host.handle(Request::get(&unescape(&path))) {
                    Response::Done {
                        status: 200, body, ..
                    } => log.machine.status(Ok(&body), news),
                    Response::Done { status, body, .. } => {
                        let why = refusal(status, &body);
                        log.machine.status(Err((Some(status), why)), news);
                    }
                    _ => log
                        .machine
                        .status(Err((None, "a stream was answered".into())), news),
                }
                true
            }
            LogAsk::Stream { path, silence } => match &mut log.follow {
                None => self.open_log(log, &path, news),
                Some(follow) => {
                    let (bytes, ended) = self.host.log_next(follow);
                    let (mut lines, mut said) = (Vec::new(), Vec::new());
                    log.machine.bytes(&bytes, &mut lines);
                    if !bytes.is_empty() {
                        log.heard = now;
                    }
                    let silent = silence
                        .and_then(|s| TimeDelta::from_std(s).ok())
                        .is_some_and(|s| now - log.heard >= s);
                    if ended {
                        log.machine.ended(&mut lines, &mut said);
                    } else if silent {
                        log.machine.silent();
                    }
                    if !lines.is_empty() {
                        news.push(LogEvent::Lines(lines));
                    }
                    news.append(&mut said);
                    if ended || silent {
                        log.follow = None;
                    }
                    ended || silent
                }
            },
        }
    }

    fn open_log(&mut self, log: &mut Log, path: &str, news: &mut Vec<LogEvent>) -> bool {
        log.heard = self.host.now();
        match self.host.handle(Request::get(&unescape(path))) {
            Response::Log(follow) => {
                log.follow = Some(follow);
                log.machine.opened(news);
            }
            Response::Done {
                status: 200, body, ..
            } => {
                log.machine.opened(news);
                let (mut lines, mut said) = (Vec::new(), Vec::new());
                log.machine.bytes(&body, &mut lines);
                log.machine.ended(&mut lines, &mut said);
                if !lines.is_empty() {
                    news.push(LogEvent::Lines(lines));
                }
                news.append(&mut said);
            }
            Response::Done { status, body, .. } => {
                log.machine.refused(status, refusal(status, &body), news);
            }
            Response::List(_) | Response::Watch(_) | Response::Upgrade(_) => {
                log.machine.broken("no log was answered".into());
            }
        }
        true
    }
}

/// The server's words.
fn refusal(status: u16, body: &[u8]) -> String {
    match call::read(status, None, body) {
        Reply::Refused { message, .. } => message.to_string(),
        Reply::Done(_) | Reply::Lost(_) => "no log".into(),
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
