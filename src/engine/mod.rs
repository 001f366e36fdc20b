//! The only mutator: `handle(now, Event, &mut Vec<Effect>)`.
//!
//! The engine holds the model, the screens, the log panes and the actions under way. It is pure: time comes
//! with each event, effects leave as values, and what is seen is read back through [`view`] types, so that a
//! test drives it without a terminal and a recording replays exactly.
//!
//! A key goes to the layer on top (`overlay`, `prompt`) or through the table of [`keys`] to an intent;
//! `intent` and `nav` carry it out on the `screen` on top. Tables stand on resumable indexes (`index`),
//! advanced by [`Engine::work`].

mod acting;
pub mod action;
#[allow(dead_code, reason = "screens that ask follow")]
mod asks;
mod detail;
pub mod effect;
pub mod event;
mod feeds;
pub mod figures;
mod filter;
mod header;
mod index;
pub mod input;
mod intent;
pub mod keys;
mod log;
mod logs;
mod merge;
mod nav;
mod overlay;
mod overview;
mod palette;
mod pools;
mod problems;
mod prompt;
mod screen;
pub mod settings;
mod sorted;
mod standing;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod typing;
pub mod view;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub use effect::{Accept, Call, CallId, Effect, LogId, LogSource};
pub use event::{Event, LogEnd, LogEvent, LogLine, Now, Reply, ServerInfo};
pub use input::{Code, Key, Mods};
pub use settings::{Settings, StartScreen};

use crate::ci::Reader;
use crate::model::{Changes, FeedState, Kind, Model, Pool, Text};
use action::Actions;
use action::run::ActionId;
use overlay::Layer;
use pools::PoolSums;
use screen::{Screen, Stack};
use standing::Standing;
use table::Cx;
use view::{Span, Tone};

/// Rows that are looked at as part of an input, so that a small table follows its key at once.
const AT_ONCE: usize = 2_000;

/// The engine of one console.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    model: Model,
    server: Option<ServerInfo>,
    /// Why there is no connection, in one line.
    unconnected: Option<Box<str>>,
    namespace: Option<Text>,
    /// The only namespace that may be seen.
    narrowed: Option<Text>,
    screens: Stack,
    layers: Vec<Layer>,
    notice: Option<view::Line>,
    /// Rows and columns of the body's table or log.
    page: (usize, usize),
    /// The server's time at the last event.
    now: DateTime<Utc>,
    last_log: u64,
    actions: Actions,
    asks: asks::Asks,
    /// Ends of actions up to this one have been told.
    told: ActionId,
    /// And of these beyond it.
    told_of: BTreeSet<ActionId>,
    /// When the last event came.
    clock: Now,
    dirty: Dirty,
    /// What our own requests cost.
    figures: Box<[figures::Figure]>,
    /// The pools, added up when first asked for after a change.
    pools: OnceCell<Vec<Pool>>,
    sums: RefCell<PoolSums>,
    standing: Standing,
}

/// How soon a frame is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirty {
    /// Nothing visible changed.
    #[default]
    Clean,
    /// Something did: as soon as it is due.
    News,
    /// At once: the person did something, a list is complete, or there are first rows.
    Now,
}

impl Engine {
    /// An engine that knows nothing of a cluster yet.
    pub fn new(settings: Settings) -> Self {
        let model = Model::new(settings.rank_rules.clone());
        let who = settings.operator.clone();
        let actions = Actions::new(settings.read_only, settings.unlock, who);
        Self {
            screens: Stack::new(Screen::start(settings.start)),
            namespace: settings.namespace.clone(),
            settings,
            narrowed: None,
            model,
            server: None,
            unconnected: None,
            layers: Vec::new(),
            notice: None,
            page: (20, 80),
            now: DateTime::UNIX_EPOCH,
            last_log: 0,
            actions,
            asks: asks::Asks::default(),
            told: ActionId(0),
            told_of: BTreeSet::new(),
            clock: Now {
                wall: DateTime::UNIX_EPOCH,
                boot: Duration::ZERO,
            },
            dirty: Dirty::Now,
            figures: Box::default(),
            pools: OnceCell::new(),
            sums: RefCell::default(),
            standing: Standing::default(),
        }
    }

    /// Takes an event; what it wants done is pushed to `out`. Nothing else changes the engine but
    /// [`Engine::work`].
    pub fn handle(&mut self, now: Now, event: Event, out: &mut Vec<Effect>) {
        self.clock = now;
        self.now = self.server_time(now);
        match event {
            Event::Key(key) => {
                self.notice = None;
                self.key(key, out);
                self.after_input();
            }
            Event::Paste(text) => {
                self.paste(&text);
                self.after_input();
            }
            Event::Click(hit) => {
                self.notice = None;
                self.click(&hit, out);
                self.after_input();
            }
            Event::Wheel(lines) => {
                self.wheel(lines);
                self.after_input();
            }
            Event::Page { rows, columns } => {
                let page = (usize::from(rows), usize::from(columns));
                if page != self.page {
                    self.page = page;
                    self.after_input();
                }
            }
            Event::Tick => {
                let changes = self.model.tick(self.now);
                self.changed(&changes, out);
                self.pools = OnceCell::new();
                self.doubt();
                // The clock goes on.
                self.mark(Dirty::News);
                self.doubt_asks(out);
                self.poll_actions(out);
            }
            Event::Watch(batch) => {
                let kind = batch.kind;
                let before = self.standing_of(kind);
                let changes = self.model.apply(self.now, *batch, &Reader);
                self.changed(&changes, out);
                self.feed_turned(kind, before);
                self.poll_actions(out);
            }
            Event::Feed(kind, state) => {
                self.unconnected = None;
                let before = self.standing_of(kind);
                let changes = self.model.set_feed(self.now, kind, *state, &Reader);
                self.changed(&changes, out);
                self.feed_turned(kind, before);
                self.poll_actions(out);
            }
            Event::Narrowed(_, namespace) => {
                self.narrowed = Some(namespace);
                self.mark(Dirty::News);
            }
            Event::Server(info) => {
                self.unconnected = None;
                self.meet(&info);
                if self.server.as_ref() != Some(&*info) {
                    self.server = Some(*info);
                    self.mark(Dirty::News);
                }
            }
            Event::ConnectFailed(why) => {
                self.unconnected = Some(why);
                self.mark(Dirty::Now);
            }
            Event::Figures(figures) => {
                self.figures = figures;
                if matches!(self.screens.top(), Screen::Console) {
                    self.mark(Dirty::News);
                }
            }
            Event::Log(id, event) => self.log_event(id, *event, out),
            Event::Drawn => self.actions.drawn(),
            Event::Reply(id, reply) => {
                let Some(reply) = self.reply_to_ask(id, reply, out) else {
                    return;
                };
                let scene = acting::scene(&self.model, self.server.as_ref(), now);
                self.actions.reply(scene, id, &reply, out);
                self.mark(Dirty::Now);
                self.tell_ends();
            }
            Event::Terminate => out.push(Effect::Quit),
        }
    }

    /// Advances the tables' indexes by about so many rows; true: there is more to do. To be called between
    /// inputs.
    pub fn work(&mut self, rows: usize) -> bool {
        let cx = Cx {
            model: &self.model,
            now: self.now,
            namespace: self.namespace.as_ref(),
            runs: self.actions.runs(),
        };
        let Some(table) = self.screens.top_mut().table_mut() else {
            return false;
        };
        if table.idle() {
            return false;
        }
        table.work(rows, &cx);
        let more = !table.idle();
        self.settle();
        more
    }

    /// Whether the table on the screen shows what it should.
    pub fn is_settled(&self) -> bool {
        let table = self.screens.top().table();
        table.is_none_or(table::TableState::settled)
    }

    /// Whether nodes or pods are still being listed: what is shown changes with every object.
    pub fn is_syncing(&self) -> bool {
        [Kind::Node, Kind::Pod]
            .iter()
            .any(|kind| matches!(self.model.feed(*kind).state, FeedState::Syncing { .. }))
    }

    /// What the screen on top shows.
    pub fn body(&self, now: Now) -> view::Body {
        let now = self.server_time(now);
        match self.screens.top() {
            Screen::Overview(_) => view::Body::Overview(Box::new(self.overview_view(now))),
            Screen::Table(_) => view::Body::Table,
            Screen::Job(job) => view::Body::Detail(Box::new(self.job_detail(job, now))),
            Screen::Node(node) => view::Body::Detail(Box::new(self.node_detail(&node.name, now))),
            Screen::Log(_) => view::Body::Log,
            Screen::Console => view::Body::ConsoleLog(figures::lines(&self.figures)),
        }
    }

    /// The visible part of the screen's table, if it has one.
    pub fn table(&self, now: Now) -> Option<view::Table> {
        let cx = self.cx(self.server_time(now));
        let table = self.screens.top().table()?;
        let empty = self.empty(table, cx.now);
        let mut view = table.view(&cx, self.page.0, self.table_title(table), empty);
        if let Screen::Overview(overview) = self.screens.top()
            && overview.part == screen::Part::Pools
        {
            view.cursor = None;
        }
        Some(view)
    }

    /// The visible part of the log, if the screen is one.
    pub fn log(&self, now: Now) -> Option<view::LogView> {
        let _ = now;
        match self.screens.top() {
            Screen::Log(pane) => Some(pane.view(self.page.0, self.page.1)),
            Screen::Overview(_)
            | Screen::Table(_)
            | Screen::Job(_)
            | Screen::Node(_)
            | Screen::Console => None,
        }
    }

    /// What lies over the screen.
    pub fn overlay(&self, now: Now) -> Option<view::Overlay> {
        if self.actions.pending().is_some() {
            return self
                .actions
                .overlay(acting::scene(&self.model, self.server.as_ref(), now));
        }
        match self.layers.last()? {
            Layer::Leave(effect) => Some(self.leave_view(effect)),
            layer => layer.view(),
        }
    }

    /// Keys of this screen for the footer.
    pub fn hints(&self) -> Vec<view::Hint> {
        keys::hints(self.screens.top().on())
            .map(|row| view::Hint {
                key: row
                    .keys
                    .first()
                    .map(|key| keys::name(*key))
                    .unwrap_or_default(),
                text: row.hint,
            })
            .collect()
    }

    /// The last message: one line above the footer.
    pub fn notice(&self) -> Option<view::Line> {
        self.notice.clone()
    }

    /// What is known of the cluster.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Our clock, put right by the server's.
    fn server_time(&self, now: Now) -> DateTime<Utc> {
        let offset = self.server.as_ref().map_or(0, |s| s.offset_ms);
        now.wall + TimeDelta::milliseconds(offset)
    }

    fn cx(&self, now: DateTime<Utc>) -> Cx<'_> {
        Cx {
            model: &self.model,
            now,
            namespace: self.namespace.as_ref(),
            runs: self.actions.runs(),
        }
    }

    fn pools(&self) -> &[Pool] {
        self.pools
            .get_or_init(|| self.sums.borrow_mut().pools(&self.model, self.now))
    }

    fn mark(&mut self, dirty: Dirty) {
        self.dirty = self.dirty.max(dirty);
    }

    fn standing_of(&self, kind: Kind) -> Discriminant<FeedState> {
        discriminant(&self.model.feed(kind).state)
    }

    /// A feed that stands otherwise than before is shown at once, and what became complete with it.
    fn feed_turned(&mut self, kind: Kind, before: Discriminant<FeedState>) {
        if self.standing_of(kind) != before {
            self.mark(Dirty::Now);
        }
    }

    /// Tells tables and logs what changed in the model.
    fn changed(&mut self, changes: &Changes, out: &mut Vec<Effect>) {
        if changes.is_empty() {
            return;
        }
        self.pools = OnceCell::new();
        self.sums.get_mut().touch(&changes.nodes);
        for screen in self.screens.iter_mut() {
            if let Some(table) = screen.table_mut() {
                table.changed(changes);
            }
        }
        self.settle();
        self.follow(changes);
        if changes.touches(Kind::Pod) {
            self.advance_logs(out);
        }
    }

    fn after_input(&mut self) {
        self.mark(Dirty::Now);
        self.doubt();
        self.work(AT_ONCE);
        self.settle();
    }

    fn settle(&mut self) {
        let rows = self.page.0;
        let Some(table) = self.screens.top_mut().table_mut() else {
            return;
        };
        let bare = table.was_bare();
        table.settle(rows);
        if table.take_turned() {
            let first = bare && !table.was_bare();
            self.mark(if first { Dirty::Now } else { Dirty::News });
        }
    }

    fn say(&mut self, text: impl Into<std::borrow::Cow<'static, str>>, tone: Tone) {
        self.notice = Some(vec![Span::new(text, tone)]);
    }
}
