//! Several clusters at a glance: a line each on the Overview, a word each in the header.

use chrono::{DateTime, Utc};

use super::cluster::Cluster;
use super::event::Now;
use super::overview::{node_counts, pool_id, waiting};
use super::text::{age, count, plural};
use super::view::{ClusterHead, Line, Span, Tone};
use super::{Engine, action::gate::Lock};
use crate::model::{ClusterNo, FeedState, NodeCounts, Text};

/// A cluster's state in a word or two; the more it matters the greater.
struct State {
    glyph: &'static str,
    word: String,
    tone: Tone,
    weight: u8,
}

impl Cluster {
    /// How it stands as a whole, by its worst feed.
    fn state(&self, now: DateTime<Utc>) -> State {
        let state = |glyph, word: &str, tone, weight| State {
            glyph,
            word: word.to_owned(),
            tone,
            weight,
        };
        if self.unconnected.is_some() {
            return state("✕", "not connected", Tone::Bad, 5);
        }
        match self.worst() {
            None => state("◌", "connecting", Tone::Busy, 2),
            Some(FeedState::Live | FeedState::Off | FeedState::Absent) => {
                state("●", "live", Tone::Good, 0)
            }
            Some(FeedState::Denied { .. }) => state("●", "live, rights missing", Tone::Warn, 1),
            Some(FeedState::Syncing { .. }) => state("◌", "syncing", Tone::Busy, 3),
            Some(FeedState::Stale { since, .. }) => {
                let word = format!("STALE {}", age(*since, now));
                state("▲", &word, Tone::Bad, 4)
            }
            Some(FeedState::LoginNeeded { .. }) => state("▲", "login needed", Tone::Bad, 6),
        }
    }

    /// Whether there is anything to show of its nodes and jobs.
    pub(super) fn is_known(&self) -> bool {
        self.worst().is_some()
    }

    fn head(
        &self,
        now: DateTime<Utc>,
        namespace: Option<&Text>,
        lock: Lock,
        clock: Now,
    ) -> Vec<Line> {
        let mut facts = vec![self.connection(now)];
        if let Lock::Unlocked { until } = lock {
            let minutes = until.saturating_sub(clock.boot).as_secs().div_ceil(60);
            facts.push(vec![Span::new(
                format!("UNLOCKED {minutes} min"),
                Tone::Warn,
            )]);
        }
        if let (None, Some(ns)) = (namespace, &self.narrowed) {
            facts.push(vec![Span::new(format!("only namespace {ns}"), Tone::Warn)]);
        }
        if !self.is_known() {
            return facts;
        }
        let ranks = self.model.ranks(self.pools());
        let mut nodes = Some(NodeCounts::default());
        let (mut running, mut wait, mut oldest) = (0, 0, None);
        for rank in &ranks {
            nodes = nodes.zip(rank.nodes).map(|(all, some)| NodeCounts {
                total: all.total + some.total,
                ready: all.ready + some.ready,
                cordoned: all.cordoned + some.cordoned,
                coming: all.coming + some.coming,
            });
            running += rank.jobs.running;
            wait += rank.jobs.waiting;
            oldest = match (oldest, rank.oldest) {
                (Some(a), Some(b)) => Some(std::cmp::min::<DateTime<Utc>>(a, b)),
                (a, b) => a.or(b),
            };
        }
        let problems = self.problem_count(now, namespace, true);
        if problems > 0 {
            facts.push(vec![Span::new(plural(problems, "problem"), Tone::Bad)]);
        }
        match nodes.filter(|_| !ranks.is_empty()) {
            Some(nodes) => facts.push(node_counts(nodes)),
            None => facts.push(vec![Span::new("nodes ?", Tone::Dim)]),
        }
        facts.push(vec![
            Span::new("running ", Tone::Dim),
            Span::new(count(running.into()), Tone::Plain),
        ]);
        facts.push(waiting(wait, oldest, now));
        facts
    }
}

impl Engine {
    /// A cluster's line, where there are several.
    pub(super) fn cluster_head(
        &self,
        cluster: &Cluster,
        now: Now,
        selected: Option<&(ClusterNo, Option<Text>)>,
        open: bool,
    ) -> Option<ClusterHead> {
        if !self.clusters.mixed() {
            return None;
        }
        let line = (cluster.no, None);
        let lock = self.actions.gate(cluster.no).lock;
        Some(ClusterHead {
            id: pool_id(&line),
            name: cluster.context.clone(),
            selected: selected == Some(&line),
            open,
            facts: cluster.head(cluster.time(now.wall), self.namespace.as_ref(), lock, now),
        })
    }

    /// How all clusters stand: a word each where there is room, else the worst and how many are well.
    pub(super) fn connections(&self, now: Now) -> Line {
        let states: Vec<(&Cluster, State)> = self
            .clusters
            .shown()
            .map(|c| (c, c.state(c.time(now.wall))))
            .collect();
        let live = |state: &State| state.weight <= 1;
        let well = states.iter().filter(|(_, state)| live(state)).count();
        if well == states.len() {
            return vec![Span::new(format!("● {well} live"), Tone::Good)];
        }
        let each: Vec<Span> = states
            .iter()
            .enumerate()
            .flat_map(|(at, (cluster, state))| {
                let gap = if at == 0 { "" } else { " · " };
                let text = format!("{} {} {}", state.glyph, cluster.context, state.word);
                [Span::new(gap, Tone::Dim), Span::new(text, state.tone)]
            })
            .collect();
        let long: usize = each.iter().map(|span| span.text.chars().count()).sum();
        if long * 5 <= self.page.1 * 2 {
            return each;
        }
        let mut line = vec![Span::new(
            format!("{well} of {} live ", states.len()),
            Tone::Dim,
        )];
        // Of those that stand alike the first.
        let worst = states.iter().rev().max_by_key(|(_, state)| state.weight);
        if let Some((cluster, state)) = worst {
            let text = format!("{} {} {}", state.glyph, cluster.context, state.word);
            line.push(Span::new(text, state.tone));
        }
        line
    }
}
