//! How the feeds stand, in words: never an empty table where a feed failed.

use chrono::{DateTime, Utc};

use super::Engine;
use super::cluster::Cluster;
use super::event::Now;
use super::text::{age, count, plural};
use super::view::{Line, Span, Tone};
use super::workloads::meta_of;
use crate::engine::screen::Screen;
use crate::engine::table::{Scope, TableKind, TableState, name};
use crate::model::{FeedState, Kind};

/// Ages are shown from this many seconds on.
const AGE_FROM: i64 = 5;

/// A feed's state in words; `None`: live, or nobody asked for it.
pub(super) fn words(kind: Kind, state: &FeedState, now: DateTime<Utc>) -> Option<Span> {
    let span = match state {
        FeedState::Off | FeedState::Live => return None,
        FeedState::Syncing { seen, expected } => {
            let of = expected
                .map(|n| format!(" of {}", count(n)))
                .unwrap_or_default();
            Span::new(
                format!("syncing {}{of} {}", count(*seen), kind.plural()),
                Tone::Busy,
            )
        }
        FeedState::Stale { since, why } => Span::new(stale(*since, why, now), Tone::Bad),
        FeedState::Denied { verb, resource } => {
            Span::new(format!("no rights: {verb} {resource}"), Tone::Warn)
        }
        FeedState::Absent => Span::new(format!("the server has no {}", kind.plural()), Tone::Warn),
        FeedState::LoginNeeded { command } => {
            Span::new(format!("login needed: {command}"), Tone::Bad)
        }
    };
    Some(span)
}

fn stale(since: DateTime<Utc>, why: &str, now: DateTime<Utc>) -> String {
    let seconds = (now - since).num_seconds();
    if seconds >= AGE_FROM {
        format!("STALE {}: {why}", age(since, now))
    } else {
        format!("STALE: {why}")
    }
}

/// The more it matters the higher.
fn weight(state: &FeedState) -> u8 {
    match state {
        FeedState::Live => 0,
        FeedState::Absent => 1,
        FeedState::Denied { .. } => 2,
        FeedState::Off => 3,
        FeedState::Syncing { .. } => 4,
        FeedState::Stale { .. } => 5,
        FeedState::LoginNeeded { .. } => 6,
    }
}

impl Cluster {
    /// The feeds that are watched (all but those on demand).
    fn watched(&self) -> impl Iterator<Item = (Kind, &FeedState)> {
        Kind::ALL
            .into_iter()
            .filter(|kind| !kind.on_demand())
            .map(|kind| (kind, &self.model.feed(kind).state))
    }

    /// The feed that stands worst; of those that stand alike the first, in the order in which they are
    /// started. `None`: none has begun.
    fn worst_feed(&self) -> Option<(Kind, &FeedState)> {
        let on = self
            .watched()
            .filter(|(_, state)| **state != FeedState::Off);
        on.rev_max_by_key(|(_, state)| weight(state))
    }

    /// How that one stands.
    pub(super) fn worst(&self) -> Option<&FeedState> {
        self.worst_feed().map(|(_, state)| state)
    }

    /// The connection as a whole, in the words of the feed that stands worst.
    pub(super) fn connection(&self, now: DateTime<Utc>) -> Line {
        if let Some(why) = &self.unconnected {
            return vec![Span::new(format!("✕ not connected: {why}"), Tone::Bad)];
        }
        let Some((kind, state)) = self.worst_feed() else {
            return vec![Span::new("◌ connecting", Tone::Busy)];
        };
        match state {
            FeedState::Live | FeedState::Off | FeedState::Absent => {
                vec![Span::new("● live", Tone::Good)]
            }
            FeedState::Denied { .. } => {
                let mut line = vec![Span::new("● live", Tone::Good)];
                let denied = self
                    .watched()
                    .filter(|(_, state)| matches!(state, FeedState::Denied { .. }))
                    .count() as u64;
                line.extend(
                    words(kind, state, now)
                        .map(|span| Span::new(format!(", {}", span.text), span.tone)),
                );
                if denied > 1 {
                    line.push(Span::new(format!(" and {} more", denied - 1), Tone::Warn));
                }
                line
            }
            FeedState::Syncing { .. } | FeedState::Stale { .. } | FeedState::LoginNeeded { .. } => {
                let glyph = if matches!(state, FeedState::Syncing { .. }) {
                    "◌ "
                } else {
                    "▲ "
                };
                words(kind, state, now)
                    .map(|span| vec![Span::new(format!("{glyph}{}", span.text), span.tone)])
                    .unwrap_or_default()
            }
        }
    }

    /// Feeds that are not as they should be, for the list of problems.
    pub(super) fn feed_problems(&self, now: DateTime<Utc>) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut said: Vec<String> = Vec::new();
        for (kind, state) in self.watched() {
            let matters = weight(state) >= 5 || matches!(state, FeedState::Denied { .. });
            let Some(span) = words(kind, state, now).filter(|_| matters) else {
                continue;
            };
            // A lost server is one problem, not ten.
            let key = match state {
                FeedState::Stale { why, .. } => why.to_string(),
                _ => span.text.to_string(),
            };
            if !said.contains(&key) {
                let glyph = if span.tone == Tone::Bad {
                    "✕ "
                } else {
                    "▲ "
                };
                lines.push(vec![Span::new(format!("{glyph}{}", span.text), span.tone)]);
                said.push(key);
            }
        }
        for kind in Kind::ALL {
            let feed = self.model.feed(kind);
            if let Some((name, why)) = &feed.last_unreadable {
                let what = plural(feed.unreadable, "object");
                let text = format!(
                    "▲ {what} of {} could not be read, last {name}: {why}",
                    kind.plural()
                );
                lines.push(vec![Span::new(text, Tone::Warn)]);
            }
        }
        lines
    }

    /// Why there is nothing of a kind, unless there is none.
    fn lacks(&self, kind: Kind, now: DateTime<Utc>) -> Option<Span> {
        let feed = self.model.feed(kind);
        if feed.state == FeedState::Off {
            return Some(match &self.unconnected {
                Some(why) => Span::new(format!("not connected: {why}"), Tone::Bad),
                None => Span::new("connecting", Tone::Busy),
            });
        }
        words(kind, &feed.state, now)
    }
}

impl Engine {
    /// Why a table has no rows.
    pub(super) fn empty(&self, table: &TableState, now: Now) -> Line {
        if table.len() > 0 {
            return Vec::new();
        }
        let kind = match table.kind {
            TableKind::Actions | TableKind::Items => {
                return vec![Span::new("no action yet", Tone::Dim)];
            }
            TableKind::Forwards => {
                let text = "no port is forwarded; f on a pod, a job or an ingress forwards one";
                return vec![Span::new(text, Tone::Dim)];
            }
            TableKind::Shapes => return vec![self.no_shapes()],
            TableKind::Jobs | TableKind::Pods => Kind::Pod,
            TableKind::Nodes => Kind::Node,
            TableKind::Ingresses => Kind::Ingress,
            TableKind::Events | TableKind::Reasons => self.events_kind(),
            TableKind::Workloads => match table.scope {
                Scope::Kind(kind) => kind,
                _ => Kind::Deployment,
            },
            TableKind::Crons => Kind::CronJob,
            TableKind::Daemons => Kind::Node,
            TableKind::Replicas | TableKind::Containers => Kind::Pod,
            TableKind::Workers | TableKind::Handlers => Kind::Pod,
        };
        let rows = name(table.kind);
        let mut line = Line::new();
        for cluster in self.clusters.shown() {
            let of = table.scope.cluster().is_none_or(|no| no == cluster.no);
            let Some(why) = cluster.lacks(kind, cluster.time(now.wall)).filter(|_| of) else {
                continue;
            };
            if self.clusters.mixed() {
                let gap = if line.is_empty() { "" } else { "  " };
                line.push(Span::new(
                    format!("{gap}{}: ", cluster.context),
                    Tone::Strong,
                ));
            }
            line.push(why);
        }
        if !line.is_empty() {
            return line;
        }
        let text = if !table.settled() {
            format!("looking through {rows}")
        } else if table.filter_text().is_empty() {
            format!("no {}", self.table_title(table))
        } else {
            format!(
                "none of the {rows} matches /{}; esc clears it",
                table.filter_text()
            )
        };
        vec![Span::new(text, Tone::Dim)]
    }

    /// `jobs`, `pods of p-07`, …
    pub(super) fn table_title(&self, table: &TableState) -> String {
        let rows = name(table.kind);
        let of = match &table.scope {
            Scope::All => match (&self.namespace, self.screens.top()) {
                (Some(ns), _) if table.kind != TableKind::Nodes => format!(" in {ns}"),
                (_, Screen::Overview(_)) | (None | Some(_), _) => String::new(),
            },
            Scope::Pool(_, pool) => format!(" of pool {pool}"),
            Scope::Node(_, node) => format!(" of {node}"),
            Scope::Events(_) => return self.events_title(),
            Scope::Action(id) => format!(" of action {}", id.0),
            Scope::Service(_, ns, service) => format!(" behind {ns}/{service}"),
            Scope::Kind(kind) => {
                let of = self.namespace.as_ref().map(|ns| format!(" in {ns}"));
                return format!("{}{}", kind.plural(), of.unwrap_or_default());
            }
            Scope::Workload(_, kind, uid) => {
                let cluster = table.scope.cluster().and_then(|no| self.model_of(no));
                let meta = cluster.and_then(|model| meta_of(model, *kind, uid));
                meta.map_or_else(String::new, |meta| format!(" of {}", meta.name))
            }
            Scope::Pod(no, uid) => {
                let pod = self.model_of(*no).and_then(|model| model.pod(uid));
                let name = pod.map(|pod| format!(" of {}", pod.meta.name));
                let legend = match table.kind {
                    TableKind::Containers => " (use/request/limit; - : not measured or not set)",
                    _ => "",
                };
                format!("{}{legend}", name.unwrap_or_default())
            }
        };
        let cluster = table.scope.cluster().filter(|_| self.clusters.several());
        match cluster.and_then(|no| self.clusters.get(no)) {
            Some(cluster) => format!("{rows}{of} in {}", cluster.context),
            None => format!("{rows}{of}"),
        }
    }
}

/// The first of the greatest, where `max_by_key` gives the last.
trait RevMax: Iterator + Sized {
    fn rev_max_by_key<K: Ord>(self, key: impl Fn(&Self::Item) -> K) -> Option<Self::Item> {
        self.fold(None, |best, item| match best {
            Some(best) if key(&best) >= key(&item) => Some(best),
            Some(_) | None => Some(item),
        })
    }
}

impl<I: Iterator> RevMax for I {}
