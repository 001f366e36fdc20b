//! What is not well, as far as the feeds tell: in the order in which it should be looked at.

use chrono::{DateTime, TimeDelta, Utc};

use super::Engine;
use super::cluster::Cluster;
use super::event::Now;
use super::table::node_status;
use super::text::{age, plural};
use super::view::{Line, Span, Tone};
use crate::model::pool::coming;
use crate::model::{Kind, Node, Place, Text};

/// Jobs that wait longer than this are a problem.
const LONG: TimeDelta = TimeDelta::minutes(5);
/// Nodes of one kind of trouble that are named one by one.
const NAMED: usize = 4;

impl Engine {
    /// Problems of all clusters that are shown.
    pub(super) fn problems(&self, now: Now) -> Vec<Line> {
        let of = |cluster: &Cluster| {
            let mut lines = cluster.problems(cluster.time(now.wall));
            if self.clusters.mixed() {
                if let Some(why) = &cluster.unconnected {
                    lines.insert(
                        0,
                        vec![Span::new(format!("✕ not connected: {why}"), Tone::Bad)],
                    );
                }
                for line in &mut lines {
                    line.insert(0, Span::new(format!("{}  ", cluster.context), Tone::Strong));
                }
            }
            lines
        };
        self.clusters.shown().flat_map(of).collect()
    }

    /// How many there are, the broken ingresses too.
    pub(super) fn problem_count(&self, now: Now) -> u64 {
        let (namespace, mixed) = (self.namespace.as_ref(), self.clusters.mixed());
        let of = |c: &Cluster| c.problem_count(c.time(now.wall), namespace, mixed);
        self.clusters.shown().map(of).sum()
    }
}

impl Cluster {
    /// Problems, one line each. Broken ingresses have lines of their own.
    fn problems(&self, now: DateTime<Utc>) -> Vec<Line> {
        let mut lines = self.feed_problems(now);
        lines.extend(self.node_problems(now));
        lines.extend(self.waiting_problems(now));
        lines
    }

    /// How many there are, the broken ingresses too; of several clusters one that is lost is a problem of its
    /// own.
    pub(super) fn problem_count(
        &self,
        now: DateTime<Utc>,
        namespace: Option<&Text>,
        several: bool,
    ) -> u64 {
        let lost = usize::from(several && self.unconnected.is_some());
        (lost + self.problems(now).len() + self.routes(namespace).broken.len()) as u64
    }

    fn node_problems(&self, now: DateTime<Utc>) -> Vec<Line> {
        let down: Vec<&Node> = self
            .standing
            .down
            .iter()
            .filter_map(|name| self.model.node(name))
            .filter(|n| !coming(n, now))
            .collect();
        if down.len() > NAMED {
            let names: Vec<&str> = down.iter().take(NAMED).map(|n| &*n.meta.name).collect();
            let text = format!(
                "✕ {} not ready: {}, …",
                plural(down.len() as u64, "node"),
                names.join(", ")
            );
            return vec![vec![Span::new(text, Tone::Bad)]];
        }
        down.into_iter()
            .map(|node| {
                let ready = node.condition("Ready");
                let since = ready
                    .and_then(|c| c.since)
                    .map(|s| format!(" for {}", age(s, now)));
                let why = ready
                    .filter(|c| !c.message.is_empty())
                    .map(|c| format!(": {}", c.message));
                let jobs = self.model.sums(&node.meta.name).map_or(0, |s| s.jobs);
                let jobs = u64::try_from(jobs).unwrap_or(0);
                let jobs = if jobs > 0 {
                    format!(", {} on it", plural(jobs, "job"))
                } else {
                    String::new()
                };
                let status = node_status(node);
                vec![
                    Span::new(format!("✕ node {}", node.meta.name), Tone::Bad),
                    Span::new(
                        format!(
                            "  {}{}{jobs}{}",
                            status.text.trim_start_matches(['✕', '?', ' ']),
                            since.unwrap_or_default(),
                            why.unwrap_or_default()
                        ),
                        Tone::Plain,
                    ),
                ]
            })
            .collect()
    }

    fn waiting_problems(&self, now: DateTime<Utc>) -> Vec<Line> {
        // Where nodes are not all known, nothing can be said of a place.
        let nodes_known = self.model.feed(Kind::Node).is_live();
        self.model
            .waiting()
            .into_iter()
            .filter_map(|w| {
                let jobs = plural(w.count.into(), "job");
                let oldest = age(w.oldest, now);
                let late = now - w.oldest >= LONG;
                let (head, text, tone) = match &w.place {
                    Place::None if nodes_known => (
                        jobs,
                        format!("wait and no node would take them, oldest {oldest}"),
                        Tone::Bad,
                    ),
                    Place::One(pool) if late => (
                        format!("pool {pool}"),
                        format!("{jobs} wait, oldest {oldest}"),
                        Tone::Warn,
                    ),
                    Place::AnyOf(pools) if late => (
                        format!("any of {}", pools.join(", ")),
                        format!("{jobs} wait, oldest {oldest}"),
                        Tone::Warn,
                    ),
                    Place::None | Place::One(_) | Place::AnyOf(_) => return None,
                };
                let glyph = if tone == Tone::Bad { "✕" } else { "▲" };
                Some(vec![
                    Span::new(format!("{glyph} {head}"), tone),
                    Span::new(format!("  {text}"), Tone::Plain),
                ])
            })
            .collect()
    }
}
