//! Events on the screen: merged by object, reason and shape of message, in time with the life of what they
//! are about; or grouped by reason for a pool and the whole cluster.
//!
//! The lists are made anew when something they are made of has changed, out of the some thousand events that
//! the model holds at most ([`crate::model::KEPT_EVENTS`]). Which feeds run is decided by what is on top
//! ([`Subject::about`]): for one object the events about it, of every type, by a field selector; for a pool
//! or the whole cluster the warnings. What is Normal of a whole cluster is a flood that says little, so that
//! it comes only when asked for.

mod demand;
mod life;
mod merge;
mod subject;

use std::collections::HashMap;

use chrono::{DateTime, Utc};

pub(crate) use demand::Demand;
pub(super) use life::node_way;
pub(crate) use subject::Subject;

use super::screen::{Screen, Thing};
use super::table::{Scope, TableKind, TableState};
use super::view::{Line, Span, Tone};
use super::{Dirty, Engine, text};
use crate::model::{Changes, ClusterEvent, ClusterNo, Kind, Text, Uid};
use merge::{groups, merged};
use subject::subject;

/// A screen of events.
#[derive(Clone, Debug)]
pub(crate) struct EventsScreen {
    pub(crate) cluster: ClusterNo,
    pub(crate) subject: Subject,
    /// Of a group only.
    pub(crate) reason: Option<Text>,
    /// Those of type Normal too, of a pool or the whole cluster.
    pub(crate) normal: bool,
    pub(crate) table: TableState,
}

/// What a row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Normal,
    Warning,
    /// A step of the life of what the list is about.
    Life(Tone),
}

/// Events that are alike, or a step of a life.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EventRow {
    /// Stays the same while more of its kind come.
    pub(crate) key: u64,
    pub(crate) sort: Sort,
    pub(crate) first: DateTime<Utc>,
    pub(crate) last: DateTime<Utc>,
    pub(crate) count: u64,
    pub(crate) reason: Text,
    pub(crate) message: Text,
    pub(crate) kind: Text,
    pub(crate) namespace: Text,
    pub(crate) name: Text,
    pub(crate) container: Text,
    pub(crate) source: Text,
    pub(crate) node: Text,
}

/// Events of one reason.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) key: u64,
    pub(crate) warning: bool,
    pub(crate) reason: Text,
    pub(crate) first: DateTime<Utc>,
    pub(crate) last: DateTime<Utc>,
    pub(crate) count: u64,
    pub(crate) objects: usize,
    pub(crate) nodes: usize,
    /// Of the last one.
    pub(crate) message: Text,
    /// `pods`, `nodes`, …: what it is about, where that is one kind.
    pub(crate) kind: Text,
    pub(crate) source: Text,
}

/// Cluster, subject, reason and whether Normal ones are among them.
type Whose = (ClusterNo, Subject, Option<Text>, bool);

/// The list on the screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    /// Whose, so that another screen's is known for what it is.
    of: Option<Whose>,
    pub(crate) rows: Vec<EventRow>,
    pub(crate) groups: Vec<Group>,
    by_key: HashMap<u64, usize>,
    /// Events that were let go for room.
    pub(crate) dropped: u64,
}

impl Book {
    /// A row by its key.
    pub(crate) fn row(&self, key: u64) -> Option<&EventRow> {
        self.rows.get(*self.by_key.get(&key)?)
    }

    /// A group by its key.
    pub(crate) fn group(&self, key: u64) -> Option<&Group> {
        self.groups.get(*self.by_key.get(&key)?)
    }

    /// Whether all rows are of one object, which then need not be named.
    pub(crate) fn of_one(&self) -> bool {
        !matches!(
            self.of,
            Some((_, Subject::Pool(_) | Subject::All, ..)) | None
        )
    }
}

impl EventsScreen {
    pub(crate) fn new(
        cluster: ClusterNo,
        subject: Subject,
        reason: Option<Text>,
        normal: bool,
    ) -> Self {
        let grouped = subject.is_wide() && reason.is_none();
        let kind = if grouped {
            TableKind::Reasons
        } else {
            TableKind::Events
        };
        Self {
            cluster,
            subject,
            reason,
            normal,
            table: TableState::new(kind, Scope::Events(cluster)),
        }
    }

    fn whose(&self) -> Whose {
        let (subject, reason) = (self.subject.clone(), self.reason.clone());
        (self.cluster, subject, reason, self.normal)
    }
}

impl Engine {
    /// The events of what is under the cursor, or of the screen's own thing.
    pub(super) fn open_events(&mut self, out: &mut Vec<super::Effect>) {
        if matches!(self.screens.top(), Screen::Events(_)) {
            return;
        }
        let found = self.thing().and_then(|thing| {
            let no = thing.cluster()?;
            Some((no, subject(&thing, self.model_of(no)?)?))
        });
        match found {
            Some((no, subject)) => self.push_events(no, subject, None, false, out),
            None => self.say("nothing here has events", Tone::Warn),
        }
    }

    pub(super) fn push_events(
        &mut self,
        no: ClusterNo,
        subject: Subject,
        reason: Option<Text>,
        normal: bool,
        out: &mut Vec<super::Effect>,
    ) {
        let screen = Box::new(EventsScreen::new(no, subject, reason, normal));
        self.push(Screen::Events(screen), out);
    }

    /// Warnings alone, or all events.
    pub(super) fn toggle_normal(&mut self) {
        if let Screen::Events(screen) = self.screens.top_mut()
            && screen.subject.is_wide()
        {
            screen.normal = !screen.normal;
        }
    }

    /// Into the row under the cursor: a group's objects, an event's object, or its whole message.
    pub(super) fn enter_event(&mut self, key: u64, out: &mut Vec<super::Effect>) {
        let Screen::Events(screen) = self.screens.top() else {
            return;
        };
        let (no, subject, normal) = (screen.cluster, screen.subject.clone(), screen.normal);
        let now = self.clusters.get(no).map(|c| c.time(self.clock.wall));
        if let Some(group) = self.book.group(key)
            && screen.table.kind == TableKind::Reasons
        {
            let reason = group.reason.clone();
            return self.push_events(no, subject, Some(reason), normal, out);
        }
        let Some(row) = self.book.row(key) else {
            return;
        };
        let title = match &*row.name {
            "" => row.reason.to_string(),
            name => format!("{} {} {name}", row.reason, row.kind.to_lowercase()),
        };
        let lines = whole(row, now.unwrap_or(self.clock.wall));
        self.layers.push(super::overlay::Layer::Text {
            title,
            lines,
            top: 0,
        });
    }

    /// What an event is about, where the console knows it.
    pub(super) fn thing_of_event(&self, no: ClusterNo, key: u64) -> Option<Thing> {
        let row = self.book.row(key)?;
        let model = self.model_of(no)?;
        match &*row.kind {
            "Pod" => {
                let pod = model.pod_named(&row.namespace, &row.name)?;
                Some(Thing::Pod(no, pod.meta.uid.clone()))
            }
            "Node" => Some(Thing::Node(no, row.name.clone())),
            _ => None,
        }
    }

    /// Whether the list on the screen is made of what changed.
    pub(super) fn minds_events(&self, no: ClusterNo, changes: &Changes) -> bool {
        let Screen::Events(screen) = self.screens.top() else {
            return false;
        };
        let kinds = [Kind::Event, Kind::Warning];
        screen.cluster == no
            && (kinds.into_iter().any(|kind| changes.touches(kind))
                || changes.feed
                || match &screen.subject {
                    Subject::Job(key) => changes.jobs.iter().any(|(_, job)| job == key),
                    Subject::Pod { uid, .. } => changes.objects.iter().any(|o| o.uid == *uid),
                    Subject::Node(name) => changes
                        .objects
                        .iter()
                        .any(|o| o.kind == Kind::Node && o.name == *name),
                    Subject::Object { .. } | Subject::Pool(_) | Subject::All => false,
                })
    }

    /// Makes the list anew if the screen on top has one. `forced`: what it is made of has changed.
    pub(super) fn settle_events(&mut self, forced: bool) {
        let Screen::Events(screen) = self.screens.top() else {
            if self.book.of.is_some() {
                self.book = Book::default();
            }
            return;
        };
        let whose = screen.whose();
        if !forced && self.book.of.as_ref() == Some(&whose) {
            return;
        }
        let book = self.write_book(&whose);
        let same = book.rows == self.book.rows
            && book.groups == self.book.groups
            && book.of == self.book.of
            && book.dropped == self.book.dropped;
        if same {
            return;
        }
        self.book = book;
        if let Screen::Events(screen) = self.screens.top_mut() {
            screen.table.renew();
        }
        self.mark(Dirty::News);
    }

    fn write_book(&self, whose: &Whose) -> Book {
        let (no, subject, reason, normal) = whose;
        let Some(cluster) = self.clusters.get(*no) else {
            return Book::default();
        };
        let (model, now) = (&cluster.model, cluster.time(self.clock.wall));
        let (about, warnings) = (model.events(), model.warnings());
        let mut book = Book {
            of: Some(whose.clone()),
            ..Book::default()
        };
        let mine = |event: &&ClusterEvent| {
            reason.as_ref().is_none_or(|r| *r == event.reason) && subject.covers(event, model)
        };
        let wide = subject.is_wide();
        let mut events: Vec<&ClusterEvent> = if wide && !normal {
            book.dropped = warnings.dropped();
            warnings.iter().filter(mine).collect()
        } else {
            book.dropped = about.dropped();
            about.iter().filter(mine).collect()
        };
        // What its kubelet warned of; some of it may be among the events about the node itself.
        if matches!(subject, Subject::Node(_)) {
            let known: std::collections::HashSet<&Uid> =
                events.iter().map(|event| &event.meta.uid).collect();
            let more: Vec<&ClusterEvent> = warnings
                .iter()
                .filter(mine)
                .filter(|event| !known.contains(&event.meta.uid))
                .collect();
            events.extend(more);
        }
        if wide && reason.is_none() {
            book.groups = groups(&events);
            let keys = book.groups.iter().map(|group| group.key);
            book.by_key = keys.enumerate().map(|(at, key)| (key, at)).collect();
            return book;
        }
        book.rows = life::of(subject, model, now);
        book.rows.extend(merged(&events));
        if !wide {
            // A story is told from its beginning.
            book.rows.sort_by_key(|row| row.first);
        }
        let keys = book.rows.iter().map(|row| row.key);
        book.by_key = keys.enumerate().map(|(at, key)| (key, at)).collect();
        book
    }

    /// Which kinds the list on top is made of, to be told why it has no rows.
    pub(super) fn events_kind(&self) -> Kind {
        match self.screens.top() {
            Screen::Events(screen) if screen.subject.is_wide() && !screen.normal => Kind::Warning,
            _ => Kind::Event,
        }
    }

    /// `events of pool x: warnings`, for the table's title.
    pub(super) fn events_title(&self) -> String {
        let Screen::Events(screen) = self.screens.top() else {
            return "events".to_owned();
        };
        let what = match (screen.subject.is_wide(), screen.normal) {
            (true, false) => "warnings",
            (true, true) | (false, _) => "events",
        };
        let reason = match &screen.reason {
            Some(reason) => format!("{reason} "),
            None => String::new(),
        };
        let dropped = match self.book.dropped {
            0 => String::new(),
            n => format!(", {} older ones let go for room", text::count(n)),
        };
        format!(
            "{reason}{what} of {}{dropped}",
            screen.subject.name(self.model_of(screen.cluster))
        )
    }
}

/// All that an event says.
fn whole(row: &EventRow, now: DateTime<Utc>) -> Vec<Line> {
    let plain = |text: String| vec![Span::new(text, Tone::Plain)];
    let dim = |text: String| vec![Span::new(text, Tone::Dim)];
    let mut lines = vec![plain(row.message.to_string()), Line::new()];
    let times = if row.count > 1 {
        format!(
            "{} times, first {} ago, last {} ago",
            text::count(row.count),
            text::age(row.first, now),
            text::age(row.last, now)
        )
    } else {
        format!("{} ago", text::age(row.last, now))
    };
    lines.push(dim(format!(
        "{times} ({})",
        row.last.format("%Y-%m-%d %H:%M:%S UTC")
    )));
    let mut about = Vec::new();
    if !row.name.is_empty() {
        let path = match &*row.namespace {
            "" => row.name.to_string(),
            namespace => format!("{namespace}/{}", row.name),
        };
        about.push(format!("{} {path}", row.kind.to_lowercase()));
    }
    for (word, value) in [
        ("container", &row.container),
        ("told by", &row.source),
        ("node", &row.node),
    ] {
        if !value.is_empty() {
            about.push(format!("{word} {value}"));
        }
    }
    if !about.is_empty() {
        lines.push(dim(about.join(", ")));
    }
    lines
}
