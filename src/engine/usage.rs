//! What pods and nodes use, on the screen: when it is asked for, and how it is said.
//!
//! Nobody watches these figures, so they are asked for only while a screen shows them: every quarter of a
//! minute (metrics-server measures no oftener), on the Overview every half; where they are not served, every
//! five minutes. An answer under way is waited for.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::cluster::Cluster;
use super::screen::Screen;
use super::table::TableKind;
use super::text::{self, age, memory, percent};
use super::view::{Line, Span, Tone};
use super::{Dirty, Effect, Engine};
use crate::model::shapes::Fit;
use crate::model::{
    ClusterNo, FeedState, Figures, Job, Kind, Measured, Model, Node, Pod, Resources, Text, Usage,
};

/// Between two rounds while a table shows them.
const OFTEN: Duration = Duration::from_secs(15);
/// Between two rounds for the Overview.
const SELDOM: Duration = Duration::from_secs(30);
/// Between two rounds where there is no answer.
const RARELY: Duration = Duration::from_secs(300);
/// A round that has not ended by then never will.
const LOST: Duration = Duration::from_secs(90);
/// Figures that are older say so.
const OLD: TimeDelta = TimeDelta::seconds(90);

/// The rounds of one measure of a cluster.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    /// Since when one is under way.
    asked: Option<Duration>,
    /// When the last was asked for.
    last: Option<Duration>,
}

/// All rounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Rounds(BTreeMap<(ClusterNo, Measured), Round>);

/// What a screen shows, and how often it is asked for.
fn wanted(screen: &Screen) -> &'static [(Measured, Duration)] {
    match screen {
        Screen::Overview(_) => &[(Measured::Nodes, SELDOM), (Measured::Pods, SELDOM)],
        Screen::Table(table) => match table.kind {
            TableKind::Nodes => &[(Measured::Nodes, OFTEN)],
            TableKind::Jobs | TableKind::Pods | TableKind::Shapes => &[(Measured::Pods, OFTEN)],
            _ => &[],
        },
        Screen::Node(_) => &[(Measured::Nodes, OFTEN), (Measured::Pods, OFTEN)],
        Screen::Job(_) => &[(Measured::Pods, OFTEN)],
        _ => &[],
    }
}

impl Engine {
    /// Asks for the figures that the screen on top shows, as they are due.
    pub(super) fn demand_usage(&mut self, out: &mut Vec<Effect>) {
        let wanted = wanted(self.screens.top());
        if wanted.is_empty() {
            return;
        }
        let now = self.clock.boot;
        let of = self.screens.top().cluster();
        for cluster in self.clusters.shown() {
            // Figures of pods that are not known yet could not be kept.
            let ready = cluster.model.feed(Kind::Pod).is_live();
            if !ready || of.is_some_and(|no| no != cluster.no) {
                continue;
            }
            for (measured, every) in wanted {
                let state = &cluster.model.usages().standing(*measured).state;
                let every = match state {
                    FeedState::Absent | FeedState::Denied { .. } => RARELY,
                    _ => *every,
                };
                let round = self.rounds.0.entry((cluster.no, *measured)).or_default();
                let waits = round.asked.is_some_and(|since| now < since + LOST);
                if waits || round.last.is_some_and(|last| now < last + every) {
                    continue;
                }
                *round = Round {
                    asked: Some(now),
                    last: Some(now),
                };
                out.push(Effect::Measure(cluster.no, *measured));
            }
        }
    }

    /// Why there are no shapes of jobs.
    pub(super) fn no_shapes(&self) -> Span {
        let usages = self.clusters.home().model.usages();
        why_not(&usages.standing(Measured::Pods).state)
            .unwrap_or_else(|| Span::new("no running job has been measured yet", Tone::Dim))
    }

    /// Takes in figures.
    pub(super) fn measured(&mut self, no: ClusterNo, of: Measured, figures: Figures) {
        let over = matches!(figures, Figures::End | Figures::Failed(_));
        if over && let Some(round) = self.rounds.0.get_mut(&(no, of)) {
            round.asked = None;
        }
        let wall = self.clock.wall;
        let Some(cluster) = self.clusters.get_mut(no) else {
            return;
        };
        let now = cluster.time(wall);
        if !cluster.model.measure(now, of, figures) {
            return;
        }
        if of == Measured::Nodes {
            cluster.used = used(&cluster.model);
        }
        for screen in self.screens.iter_mut() {
            if let Some(table) = screen.table_mut() {
                table.measured();
            }
        }
        self.settle();
        self.mark(Dirty::News);
    }
}

/// What the nodes of each pool use, and what those have that it is known of.
fn used(model: &Model) -> BTreeMap<Text, (Resources, Resources)> {
    let mut pools: BTreeMap<Text, (Resources, Resources)> = BTreeMap::new();
    for node in model.nodes() {
        let usage = model.usages().node(&node.meta.name);
        let pool = model.pool_of_node(&node.meta.name);
        if let (Some(usage), Some(pool)) = (usage, pool) {
            let sum = match pools.get_mut(pool) {
                Some(sum) => sum,
                None => pools.entry(pool.clone()).or_default(),
            };
            sum.0.cpu += usage.cpu();
            sum.0.memory += usage.memory();
            sum.1 += node.allocatable;
        }
    }
    pools
}

/// `50m`, `1.8`.
pub(super) fn cpu(millicores: i64) -> String {
    if millicores < 100 {
        format!("{millicores}m")
    } else {
        text::cpu(millicores)
    }
}

/// Why there are no figures, in a few words; `None`: there are, or nobody asked.
pub(super) fn why_not(state: &FeedState) -> Option<Span> {
    let (text, tone) = match state {
        FeedState::Absent => (
            "metrics: not served (metrics.k8s.io is not installed)".to_owned(),
            Tone::Dim,
        ),
        FeedState::Denied { verb, resource } => {
            (format!("metrics: denied ({verb} {resource})"), Tone::Warn)
        }
        FeedState::Stale { why, .. } => (format!("metrics: no answer ({why})"), Tone::Warn),
        FeedState::LoginNeeded { .. } => ("metrics: login needed".to_owned(), Tone::Warn),
        FeedState::Off | FeedState::Syncing { .. } | FeedState::Live => return None,
    };
    Some(Span::new(text, tone))
}

/// How old the figures are, when that is worth saying.
pub(super) fn old(model: &Model, of: Measured, now: DateTime<Utc>) -> Option<String> {
    let at = model.usages().standing(of).at?;
    (now - at > OLD).then(|| age(at, now))
}

/// Whether a pod's containers can be measured.
fn runs(pod: &Pod) -> bool {
    !pod.ended() && pod.containers().any(|container| container.runs())
}

/// `1.8/2`: used and asked for. What is not known is `?`, what does not run `-`.
fn of_request(
    pod: Option<&Pod>,
    model: &Model,
    now: DateTime<Utc>,
    read: fn(Usage) -> i64,
    asked: fn(Resources) -> i64,
    write: fn(i64) -> String,
    limit: bool,
) -> Span {
    let Some(pod) = pod else {
        return Span::default();
    };
    let request = match asked(pod.spec.requests) {
        0 => "-".to_owned(),
        asked => write(asked),
    };
    let Some(usage) = model.pod_usage(pod).filter(|_| runs(pod)) else {
        let used = if runs(pod) { "?" } else { "-" };
        return Span::new(format!("{used}/{request}"), Tone::Dim);
    };
    let used = read(usage);
    let bound = asked(limits(pod)).max(asked(pod.spec.requests));
    let tone = if old(model, Measured::Pods, now).is_some() {
        Tone::Dim
    } else if limit && bound > 0 && used * 10 >= bound * 9 {
        Tone::Warn
    } else {
        Tone::Plain
    };
    Span::new(format!("{}/{request}", write(used)), tone)
}

/// The limits of a pod's main containers added up; 0 where one has none.
pub(super) fn limits(pod: &Pod) -> Resources {
    let mut sum = Resources::default();
    let (mut cpu, mut memory) = (true, true);
    for container in pod.main_containers() {
        let limits = container.spec.limits;
        cpu &= limits.cpu > 0;
        memory &= limits.memory > 0;
        sum += limits;
    }
    Resources {
        cpu: if cpu { sum.cpu } else { 0 },
        memory: if memory { sum.memory } else { 0 },
        ..sum
    }
}

/// A pod's CPU for a table.
pub(super) fn pod_cpu(pod: Option<&Pod>, model: &Model, now: DateTime<Utc>) -> Span {
    of_request(pod, model, now, Usage::cpu, |r| r.cpu, cpu, false)
}

/// A pod's memory for a table. Beyond its limit it is killed.
pub(super) fn pod_memory(pod: Option<&Pod>, model: &Model, now: DateTime<Utc>) -> Span {
    of_request(pod, model, now, Usage::memory, |r| r.memory, memory, true)
}

/// What a node uses of what it has, in hundredths: CPU, memory.
pub(super) fn node_shares(node: &Node, model: &Model) -> Option<(i64, i64)> {
    let usage = model.usages().node(&node.meta.name)?;
    let share = |part: i64, whole: i64| (whole > 0).then(|| part * 100 / whole);
    Some((
        share(usage.cpu(), node.allocatable.cpu)?,
        share(usage.memory(), node.allocatable.memory)?,
    ))
}

/// `71%`, `?` where it is not known.
pub(super) fn share(hundredths: Option<i64>) -> Span {
    match hundredths {
        Some(n) if n >= 90 => Span::new(format!("{n}%"), Tone::Warn),
        Some(n) => Span::new(format!("{n}%"), Tone::Plain),
        None => Span::new("?", Tone::Dim),
    }
}

impl Cluster {
    /// `used cpu 34% mem 51%` of pools; `None`: not known.
    pub(super) fn used_of<'p>(&self, pools: impl Iterator<Item = &'p Text>) -> Option<Line> {
        let (mut used, mut whole) = (Resources::default(), Resources::default());
        for (part, all) in pools.filter_map(|pool| self.used.get(pool)) {
            used += *part;
            whole += *all;
        }
        if whole.cpu == 0 {
            return None;
        }
        Some(vec![
            Span::new("used cpu ", Tone::Dim),
            Span::new(percent(used.cpu, whole.cpu), Tone::Plain),
            Span::new(" mem ", Tone::Dim),
            Span::new(percent(used.memory, whole.memory), Tone::Plain),
        ])
    }

    /// Facts of what a job's pod uses, and what its like usually do.
    pub(super) fn job_use(
        &self,
        job: &Job,
        pod: Option<&Pod>,
        now: DateTime<Utc>,
        facts: &mut Vec<(&'static str, Line)>,
    ) {
        if let Some(pod) = pod {
            facts.push(("uses", self.pod_use(pod, now)));
        }
        let Some(shape) = self.model.usages().shapes().of(job) else {
            return;
        };
        let mut line = Line::new();
        let of = |word: &str, shares: Option<(u32, u32)>| match shares {
            Some((p50, p95)) => format!("{word} p50 {p50}% p95 {p95}%"),
            None => format!("{word} not asked for"),
        };
        line.push(Span::new(
            format!(
                "{}, {} of its request",
                of("cpu", shape.cpu()),
                of("memory", shape.memory())
            ),
            Tone::Plain,
        ));
        for (word, fit) in [("cpu", shape.cpu_fit()), ("memory", shape.memory_fit())] {
            match fit {
                Fit::Oversized => {
                    line.push(Span::new(format!("  ▽ {word} oversized"), Tone::Warn));
                }
                Fit::Tight => line.push(Span::new(format!("  ▲ {word} tight"), Tone::Warn)),
                Fit::Fits | Fit::Unknown => {}
            }
        }
        let samples = text::plural(shape.samples.into(), "figure");
        line.push(Span::new(
            format!("  ({samples} while we watch)"),
            Tone::Dim,
        ));
        facts.push(("usually", line));
    }

    /// `cpu 1.8 of 2 asked, limit 4; memory 2.1G of 4G asked, limit 4G`.
    fn pod_use(&self, pod: &Pod, now: DateTime<Utc>) -> Line {
        let standing = self.model.usages().standing(Measured::Pods);
        if let Some(why) = why_not(&standing.state) {
            return vec![why];
        }
        let Some(usage) = self.model.pod_usage(pod) else {
            let text = if !runs(pod) {
                "nothing: no container runs"
            } else if standing.at.is_none() {
                "? (asked for)"
            } else {
                "? (not measured yet)"
            };
            return vec![Span::new(text, Tone::Dim)];
        };
        let (asks, limits) = (pod.spec.requests, limits(pod));
        let part = |word: &str, used: String, asked: String, limit: String| {
            format!("{word} {used} of {asked} asked, {limit}")
        };
        let limit = |limit: i64, write: fn(i64) -> String| match limit {
            0 => "no limit".to_owned(),
            limit => format!("limit {}", write(limit)),
        };
        let text = format!(
            "{}; {}",
            part(
                "cpu",
                cpu(usage.cpu()),
                text::cpu(asks.cpu),
                limit(limits.cpu, text::cpu)
            ),
            part(
                "memory",
                memory(usage.memory()),
                memory(asks.memory),
                limit(limits.memory, memory)
            ),
        );
        let mut line = vec![Span::new(text, Tone::Plain)];
        if let Some(age) = old(&self.model, Measured::Pods, now) {
            line.push(Span::new(format!("  {age} old"), Tone::Warn));
        }
        line
    }

    /// What a node uses of what it has.
    pub(super) fn node_use(&self, node: &Node, now: DateTime<Utc>) -> Line {
        let standing = self.model.usages().standing(Measured::Nodes);
        if let Some(why) = why_not(&standing.state) {
            return vec![why];
        }
        let Some(usage) = self.model.usages().node(&node.meta.name) else {
            return vec![Span::new("? (not measured)", Tone::Dim)];
        };
        let all = node.allocatable;
        let text = format!(
            "cpu {} of {}, {}; memory {} of {}, {}",
            cpu(usage.cpu()),
            text::cpu(all.cpu),
            percent(usage.cpu(), all.cpu),
            memory(usage.memory()),
            memory(all.memory),
            percent(usage.memory(), all.memory)
        );
        let mut line = vec![Span::new(text, Tone::Plain)];
        if let Some(age) = old(&self.model, Measured::Nodes, now) {
            line.push(Span::new(format!("  {age} old"), Tone::Warn));
        }
        line
    }
}
