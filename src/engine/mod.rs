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
pub(crate) mod any;
mod anything;
mod arrivals;
pub(crate) mod asks;
mod cluster;
mod contexts;
mod detail;
mod disk;
pub(crate) mod doc;
mod docs;
pub mod effect;
pub mod event;
mod events;
mod feeds;
pub mod figures;
mod filter;
mod header;
mod heads;
mod index;
pub mod input;
mod intent;
pub mod keys;
mod log;
mod logs;
mod merge;
mod merged;
mod nav;
mod nodelife;
mod on;
mod over;
mod overlay;
mod overview;
mod palette;
mod polls;
mod pools;
mod problems;
mod prompt;
mod queue;
mod relations;
pub mod remote;
mod remotes;
mod reveal;
pub(crate) mod rollout;
mod screen;
pub mod settings;
mod sorted;
mod standing;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod ties;
mod typing;
mod usage;
pub mod view;
mod workloads;

use std::collections::BTreeSet;
use std::mem::discriminant;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use effect::{Accept, Call, CallId, Effect, LogId, LogSource};
pub use event::{Event, LogEnd, LogEvent, LogLine, Now, Reply, ServerInfo};
pub use input::{Code, Key, Mods};
pub use log::short_name;
pub use settings::{Settings, StartScreen};

use crate::ci::Reader;
use crate::model::{Changes, ClusterNo, FeedState, Kind, Model, Text};
use action::Actions;
use action::run::ActionId;
use cluster::{Cluster, Clusters};
use overlay::Layer;
use screen::{Screen, Stack};
use standing::Shown;
use table::Sight;
use view::{Span, Tone};

/// Rows that are looked at as part of an input, so that a small table follows its key at once.
const AT_ONCE: usize = 2_000;

/// The engine of one console.
#[derive(Clone, Debug)]
pub struct Engine {
    settings: Settings,
    clusters: Clusters,
    namespace: Option<Text>,
    screens: Stack,
    layers: Vec<Layer>,
    notice: Option<view::Line>,
    /// Rows and columns of the body's table or log.
    page: (usize, usize),
    last_log: u64,
    actions: Actions,
    asks: asks::Asks,
    /// The menu of relations.
    ties: Option<relations::Relations>,
    /// Ends of actions up to this one have been told.
    told: ActionId,
    /// And of these beyond it.
    told_of: BTreeSet<ActionId>,
    /// When the last event came.
    clock: Now,
    dirty: Dirty,
    shown: Shown,
    /// The events on the screen.
    book: events::Book,
    demand: events::Demand,
    rounds: usage::Rounds,
    polls: polls::Polls,
    taping: Option<event::Taping>,
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
        let clusters = Clusters::new(&settings.contexts, &settings.rank_rules);
        let who = settings.operator.clone();
        let actions = Actions::new(settings.read_only, settings.unlock, who);
        Self {
            screens: Stack::new(Screen::start(settings.start)),
            namespace: settings.namespace.clone(),
            settings,
            clusters,
            layers: Vec::new(),
            notice: None,
            page: (20, 80),
            last_log: 0,
            actions,
            asks: asks::Asks::default(),
            ties: None,
            told: ActionId(0),
            told_of: BTreeSet::new(),
            clock: Now {
                wall: DateTime::UNIX_EPOCH,
                boot: Duration::ZERO,
            },
            dirty: Dirty::Now,
            shown: Shown::default(),
            book: events::Book::default(),
            demand: events::Demand::default(),
            rounds: usage::Rounds::default(),
            polls: polls::Polls::default(),
            taping: None,
        }
    }

    /// Takes an event; what it wants done is pushed to `out`. Nothing else changes the engine but
    /// [`Engine::work`].
    pub fn handle(&mut self, now: Now, event: Event, out: &mut Vec<Effect>) {
        self.take(now, event, out);
        self.settle_events(false);
        self.demand(out);
    }

    fn take(&mut self, now: Now, event: Event, out: &mut Vec<Effect>) {
        self.clock = now;
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
                self.tick(out);
                self.doubt();
                self.logs_tick(out);
                // The clock goes on.
                self.mark(Dirty::News);
                self.doubt_asks(out);
                self.look_at_document(out);
                self.look_at_rows(out);
                self.poll_actions(out);
            }
            Event::Watch(no, batch) => {
                let kind = batch.kind;
                self.take_in(no, kind, out, |model, now| {
                    model.apply(now, *batch, &Reader)
                });
            }
            Event::Feed(no, kind, state) => {
                if let Some(cluster) = self.clusters.get_mut(no) {
                    cluster.unconnected = None;
                }
                self.take_in(no, kind, out, |model, now| {
                    model.set_feed(now, kind, *state, &Reader)
                });
            }
            Event::Narrowed(no, _, namespace) => {
                if let Some(cluster) = self.clusters.get_mut(no) {
                    cluster.narrowed = Some(namespace);
                    self.mark(Dirty::News);
                }
            }
            Event::Server(no, info) => self.meet(no, *info, out),
            Event::ConnectFailed(no, why) => {
                if let Some(cluster) = self.clusters.get_mut(no) {
                    cluster.unconnected = Some(why);
                    self.mark(Dirty::Now);
                }
            }
            Event::Usage(no, of, figures) => self.measured(no, of, *figures),
            Event::Figures(no, figures) => {
                if let Some(cluster) = self.clusters.get_mut(no) {
                    cluster.figures = figures;
                }
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
                let clusters = &self.clusters;
                let scene = |no| Some(clusters.get(no)?.scene(now));
                self.actions.reply(scene, id, &reply, out);
                self.mark(Dirty::Now);
                self.tell_ends();
            }
            Event::Saved(end) => self.saved(*end),
            Event::Remote(id, event) => self.remote_event(id, &event, out),
            Event::Taping(taping) => self.taped(*taping),
            Event::Terminate => out.push(Effect::Quit),
        }
    }

    /// Advances the tables' indexes by about so many rows; true: there is more to do. To be called between
    /// inputs.
    pub fn work(&mut self, rows: usize) -> bool {
        if matches!(self.screens.top(), Screen::Log(_)) {
            return self.work_log(rows);
        }
        let sight = Sight {
            clusters: &self.clusters,
            wall: self.clock.wall,
            namespace: self.namespace.as_ref(),
            runs: self.actions.runs(),
            book: &self.book,
        };
        let Some(table) = self.screens.top_mut().table_mut() else {
            return false;
        };
        if table.idle() {
            return false;
        }
        table.work(rows, &sight);
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
        let syncing = |model: &Model| {
            [Kind::Node, Kind::Pod]
                .iter()
                .any(|kind| matches!(model.feed(*kind).state, FeedState::Syncing { .. }))
        };
        self.clusters.shown().any(|cluster| syncing(&cluster.model))
    }

    /// What the screen on top shows.
    pub fn body(&self, now: Now) -> view::Body {
        match self.screens.top() {
            Screen::Overview(_) => view::Body::Overview(Box::new(self.overview_view(now))),
            Screen::Table(_) | Screen::Events(_) | Screen::Kind(_) => view::Body::Table,
            Screen::Job(job) => view::Body::Detail(Box::new(self.job_detail(job, now))),
            Screen::Node(node) => view::Body::Detail(Box::new(self.node_detail(node, now))),
            Screen::Workload(screen) => {
                view::Body::Detail(Box::new(self.workload_detail(screen, now)))
            }
            Screen::Log(_) => view::Body::Log,
            Screen::Text(pane) => view::Body::Text(Box::new(self.document_view(pane, now))),
            Screen::Console => view::Body::ConsoleLog(self.figure_lines()),
        }
    }

    /// The visible part of the screen's table, if it has one.
    pub fn table(&self, now: Now) -> Option<view::Table> {
        if let Screen::Kind(pane) = self.screens.top() {
            return Some(self.kind_view(pane, now));
        }
        let sight = self.sight(now);
        let table = self.screens.top().table()?;
        let empty = self.empty(table, now);
        let mut view = table.view(&sight, self.page.0, self.table_title(table), empty);
        if let Screen::Overview(overview) = self.screens.top()
            && overview.part == screen::Part::Pools
        {
            view.cursor = None;
        }
        Some(view)
    }

    /// The visible part of the log, if the screen is one.
    pub fn log(&self, now: Now) -> Option<view::LogView> {
        let Screen::Log(pane) = self.screens.top() else {
            return None;
        };
        Some(pane.view(self.page.0, self.page.1, &self.sight(now)))
    }

    /// What is known of the cluster; of several, of the first one shown.
    pub fn model(&self) -> &Model {
        &self.clusters.home().model
    }

    /// What is known of each cluster, in the order in which they were asked for.
    pub fn models(&self) -> impl Iterator<Item = (ClusterNo, &Model)> {
        self.clusters.all().map(|c| (c.no, &c.model))
    }

    fn sight(&self, now: Now) -> Sight<'_> {
        Sight {
            clusters: &self.clusters,
            wall: now.wall,
            namespace: self.namespace.as_ref(),
            runs: self.actions.runs(),
            book: &self.book,
        }
    }

    /// What is known of a cluster; `None`: it is no longer shown.
    fn model_of(&self, no: ClusterNo) -> Option<&Model> {
        Some(&self.clusters.get(no)?.model)
    }

    fn mark(&mut self, dirty: Dirty) {
        self.dirty = self.dirty.max(dirty);
    }

    /// Takes what a feed told into its cluster's model.
    fn take_in(
        &mut self,
        no: ClusterNo,
        kind: Kind,
        out: &mut Vec<Effect>,
        take: impl FnOnce(&mut Model, DateTime<Utc>) -> Changes,
    ) {
        let wall = self.clock.wall;
        let Some(cluster) = self.clusters.get_mut(no) else {
            return;
        };
        let now = cluster.time(wall);
        let standing = |model: &Model| discriminant(&model.feed(kind).state);
        let before = standing(&cluster.model);
        let changes = take(&mut cluster.model, now);
        // A feed that stands otherwise than before is shown at once, and what became complete with it.
        let turned = standing(&cluster.model) != before;
        self.changed(no, &changes, out);
        if turned {
            self.mark(Dirty::Now);
        }
        self.poll_actions(out);
    }

    /// Tells tables and logs what changed in a cluster's model.
    fn changed(&mut self, no: ClusterNo, changes: &Changes, out: &mut Vec<Effect>) {
        if changes.is_empty() {
            return;
        }
        if let Some(cluster) = self.clusters.get_mut(no) {
            cluster.pools_turned(cluster.time(self.clock.wall));
            cluster.sums.get_mut().touch(&changes.nodes);
            if changes.touches(Kind::Node) {
                cluster.nodes_turned();
            }
        }
        for screen in self.screens.iter_mut() {
            if let Some(table) = screen.table_mut() {
                table.changed(no, changes);
            }
        }
        if self.minds_events(no, changes) {
            self.settle_events(true);
        }
        self.settle();
        self.document_changed(no, changes);
        self.follow(no, changes);
        self.logs_changed(no, changes, out);
    }

    fn after_input(&mut self) {
        self.mark(Dirty::Now);
        self.settle_document();
        self.settle_kind();
        self.doubt();
        self.settle_events(false);
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
