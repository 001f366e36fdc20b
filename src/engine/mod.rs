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
mod nav;
mod overlay;
mod overview;
mod palette;
mod problems;
mod prompt;
mod screen;
pub mod settings;
mod sorted;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod typing;
pub mod view;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub use effect::{Call, CallId, Effect, LogId, LogSource};
pub use event::{Event, LogEnd, LogEvent, LogLine, Now, Reply, ServerInfo};
pub use input::{Code, Key, Mods};
pub use settings::{Settings, StartScreen};

use crate::ci::Reader;
use crate::model::{Changes, Model, Pool, Text};
use action::Actions;
use action::run::ActionId;
use overlay::Layer;
use screen::{Screen, Stack};
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
    /// Ends of actions up to this one have been told.
    told: ActionId,
    /// And of these beyond it.
    told_of: BTreeSet<ActionId>,
    /// When the last event came.
    clock: Now,
    dirty: bool,
    /// What our own requests cost.
    figures: Box<[figures::Figure]>,
    /// The pools, added up when first asked for after a change.
    pools: OnceCell<Vec<Pool>>,
}

impl Engine {
    /// An engine that knows nothing of a cluster yet.
    pub fn new(settings: Settings) -> Self {
        let model = Model::new(settings.rank_rules.clone());
        let who = settings.operator.clone();
        let actions = Actions::new(settings.read_only, settings.unlock, who);
        Self {
            screens: Stack::new(Screen::start(settings.start, &model)),
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
            told: ActionId(0),
            told_of: BTreeSet::new(),
            clock: Now {
                wall: DateTime::UNIX_EPOCH,
                boot: Duration::ZERO,
            },
            dirty: true,
            figures: Box::default(),
            pools: OnceCell::new(),
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
                self.dirty = true;
                self.poll_actions(out);
            }
            Event::Watch(batch) => {
                let changes = self.model.apply(self.now, *batch, &Reader);
                self.changed(&changes, out);
                self.poll_actions(out);
            }
            Event::Feed(kind, state) => {
                self.unconnected = None;
                let changes = self.model.set_feed(self.now, kind, *state, &Reader);
                self.changed(&changes, out);
                self.poll_actions(out);
            }
            Event::Narrowed(_, namespace) => {
                self.narrowed = Some(namespace);
                self.dirty = true;
            }
            Event::Server(info) => {
                self.unconnected = None;
                self.meet(&info);
                self.server = Some(*info);
                self.dirty = true;
            }
            Event::ConnectFailed(why) => {
                self.unconnected = Some(why);
                self.dirty = true;
            }
            Event::Figures(figures) => {
                self.figures = figures;
                self.dirty |= matches!(self.screens.top(), Screen::Console);
            }
            Event::Log(id, event) => self.log_event(id, *event, out),
            Event::Drawn => self.actions.drawn(),
            Event::Reply(id, reply) => {
                let scene = acting::scene(&self.model, self.server.as_ref(), now);
                self.actions.reply(scene, id, &reply, out);
                self.dirty = true;
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
        let mut left = rows;
        let mut more = false;
        let mut top = true;
        for screen in self.screens.iter_mut() {
            if let Some(table) = screen.table_mut()
                && !table.settled()
            {
                let done = table.work(left, &cx);
                left -= done;
                more |= !table.settled();
                if top {
                    table.settle(self.page.0);
                    self.dirty = true;
                }
            }
            top = false;
        }
        more
    }

    /// Whether something visible changed since this was last asked.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
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
        self.pools.get_or_init(|| self.model.pools(self.now))
    }

    /// Tells tables and logs what changed in the model.
    fn changed(&mut self, changes: &Changes, out: &mut Vec<Effect>) {
        if changes.is_empty() {
            return;
        }
        self.dirty = true;
        self.pools = OnceCell::new();
        for screen in self.screens.iter_mut() {
            if let Some(table) = screen.table_mut() {
                table.changed(changes, &self.model);
            }
        }
        self.settle();
        if changes.touches(crate::model::Kind::Pod) {
            self.advance_logs(out);
        }
    }

    fn after_input(&mut self) {
        self.dirty = true;
        self.work(AT_ONCE);
        self.settle();
    }

    fn settle(&mut self) {
        let rows = self.page.0;
        if let Some(table) = self.screens.top_mut().table_mut() {
            table.settle(rows);
        }
    }

    fn say(&mut self, text: impl Into<std::borrow::Cow<'static, str>>, tone: Tone) {
        self.notice = Some(vec![Span::new(text, tone)]);
    }
}
