//! What a node's screen says of its health, its way and its end: conditions and taints in plain words, its way
//! from creation to Ready, that it leaves, who cordoned it, and what it has that the rest of its pool has not.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::cluster::Cluster;
use super::events::node_way;
use super::text::{age, seconds};
use super::view::{Line, Span, Tone};
use crate::model::leaving::{CORDONED_BY, cordoned_since, meaning, spot};
use crate::model::{ClusterEvent, Condition, Leaving, Model, Node, Taint, Text, Truth, leaving};

/// What nodes of a pool have alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trait {
    Kubelet,
    Os,
    Kernel,
    Runtime,
    Arch,
}

impl Trait {
    pub(crate) const ALL: [Self; 5] = [
        Self::Kubelet,
        Self::Os,
        Self::Kernel,
        Self::Runtime,
        Self::Arch,
    ];

    pub(crate) fn of(self, node: &Node) -> &Text {
        match self {
            Self::Kubelet => &node.kubelet,
            Self::Os => &node.info.os,
            Self::Kernel => &node.info.kernel,
            Self::Runtime => &node.info.runtime,
            Self::Arch => &node.info.arch,
        }
    }
}

/// What most nodes of each pool have.
#[derive(Clone, Debug, Default)]
pub(super) struct Usual(BTreeMap<Text, [Option<Text>; Trait::ALL.len()]>);

impl Usual {
    /// Counted over all nodes. A value that more than half of a pool's nodes share is its usual one.
    pub(super) fn of(model: &Model) -> Self {
        type Counts<'a> = [BTreeMap<&'a Text, u32>; Trait::ALL.len()];
        let mut pools: BTreeMap<&Text, (u32, Counts<'_>)> = BTreeMap::new();
        for node in model.nodes() {
            let Some(pool) = model.pool_of_node(&node.meta.name) else {
                continue;
            };
            let (all, counts) = pools.entry(pool).or_default();
            *all += 1;
            for (what, counts) in Trait::ALL.into_iter().zip(counts) {
                *counts.entry(what.of(node)).or_default() += 1;
            }
        }
        let usual = |all: u32, counts: BTreeMap<&Text, u32>| {
            let (value, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
            (count * 2 > all && all > 2).then(|| value.clone())
        };
        let pools = pools.into_iter().map(|(pool, (all, counts))| {
            let usual = counts.map(|counts| usual(all, counts));
            (pool.clone(), usual)
        });
        Self(pools.collect())
    }

    /// What its pool has instead; `None`: the same, or nothing is usual there.
    pub(super) fn instead(&self, model: &Model, node: &Node, what: Trait) -> Option<&Text> {
        let pool = model.pool_of_node(&node.meta.name)?;
        let usual = self.0.get(pool)?[what as usize].as_ref()?;
        (usual != what.of(node)).then_some(usual)
    }
}

/// `leaves: spot notice 40s ago (AWS node termination handler)`.
pub(super) fn leaves(sign: &Leaving, now: DateTime<Utc>) -> Span {
    let since = sign
        .since
        .map(|since| format!(" {} ago", age(since, now)))
        .unwrap_or_default();
    let word = if sign.sure { "leaves" } else { "may leave" };
    let tone = if sign.sure { Tone::Bad } else { Tone::Warn };
    Span::new(
        format!("⇥ {word}: {}{since} ({})", sign.what, sign.who),
        tone,
    )
}

/// The same in a word or two, for a table: `⇥ spot notice`.
pub(super) fn leaves_short(node: &Node) -> Option<Span> {
    let sign = leaving(node)?;
    let tone = if sign.sure { Tone::Bad } else { Tone::Warn };
    Some(Span::new(format!("⇥ {}", sign.what), tone))
}

/// Who cordoned it and since when; `None`: it is not.
fn cordon(node: &Node, now: DateTime<Utc>) -> Option<Span> {
    if !node.unschedulable {
        return None;
    }
    let since = cordoned_since(node)
        .map(|since| format!(" {} ago", age(since, now)))
        .unwrap_or_default();
    Some(match node.meta.annotation(CORDONED_BY) {
        Some(who) => Span::new(format!("⊘ cordoned{since} by {who}"), Tone::Warn),
        None => Span::new(format!("⊘ cordoned{since}, not by Constable"), Tone::Warn),
    })
}

/// What a condition that is not as it should be means.
fn trouble(condition: &Condition) -> &'static str {
    match (&*condition.kind, condition.status) {
        ("Ready", Truth::Unknown) => "its kubelet is not heard any more",
        ("Ready", _) => "its kubelet says that it is not ready",
        ("MemoryPressure", _) => "short of memory: pods may be evicted",
        ("DiskPressure", _) => "short of disk: images are removed, pods are evicted",
        ("PIDPressure", _) => "short of process ids: pods may be evicted",
        ("NetworkUnavailable", _) => "its network is not set up",
        _ => "",
    }
}

/// Ready is to be True, everything else (pressures, faults) is not.
fn well(condition: &Condition) -> bool {
    (&*condition.kind == "Ready") == (condition.status == Truth::True)
}

fn condition_line(condition: &Condition, now: DateTime<Utc>) -> Line {
    let since = condition
        .since
        .map(|s| format!(" for {}", age(s, now)))
        .unwrap_or_default();
    let word = match condition.status {
        Truth::True => "True",
        Truth::False => "False",
        Truth::Unknown => "Unknown",
    };
    let mut line = vec![Span::new(
        format!("▲ {} is {word}{since}", condition.kind),
        Tone::Bad,
    )];
    let means = trouble(condition);
    if !means.is_empty() {
        line.push(Span::new(format!("  {means}"), Tone::Strong));
    }
    let said: Vec<&str> = [&*condition.reason, &*condition.message]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    if !said.is_empty() {
        line.push(Span::new(format!("  {}", said.join(": ")), Tone::Plain));
    }
    line
}

fn taint_line(taint: &Taint, now: DateTime<Utc>) -> Line {
    let value = match &*taint.value {
        "" => String::new(),
        value => format!("={value}"),
    };
    let since = taint
        .since
        .map(|since| format!(" since {}", age(since.utc(), now)))
        .unwrap_or_default();
    let mut line = vec![
        Span::new("taint ", Tone::Dim),
        Span::new(
            format!("{}{value}:{:?}{since}", taint.key, taint.effect),
            Tone::Plain,
        ),
    ];
    if let Some(means) = meaning(&taint.key) {
        line.push(Span::new(format!("  {means}"), Tone::Dim));
    }
    line
}

/// `registered · kubelet started +2s · network ready +9s · Ready +31s`; what has not come yet says so.
fn way<'a>(
    node: &Node,
    events: impl Iterator<Item = &'a ClusterEvent>,
    now: DateTime<Utc>,
) -> Line {
    let created = node.meta.created;
    let mut line = Line::new();
    let way = node_way(node, events);
    let ready = way
        .iter()
        .any(|step| step.what == "Ready" && step.at.is_some());
    for step in way {
        let text = match step.at {
            Some(at) if at < created => {
                format!(
                    "{} {} before",
                    step.what,
                    seconds((created - at).num_seconds())
                )
            }
            Some(at) if at == created => step.what.to_owned(),
            Some(at) => format!("{} +{}", step.what, seconds((at - created).num_seconds())),
            // Its events are gone after an hour.
            None if ready => continue,
            None => format!("{} not yet ({})", step.what, age(created, now)),
        };
        let tone = match (step.what, step.at) {
            ("Ready", Some(_)) => Tone::Good,
            (_, Some(_)) => Tone::Plain,
            (_, None) => Tone::Busy,
        };
        if !line.is_empty() {
            line.push(Span::new(" · ", Tone::Dim));
        }
        line.push(Span::new(text, tone));
    }
    line
}

impl Cluster {
    /// Facts of a node's machine and life.
    pub(super) fn machine_facts(
        &self,
        node: &Node,
        now: DateTime<Utc>,
        facts: &mut Vec<(&'static str, Line)>,
    ) {
        let events = self.model.events();
        facts.push(("way", way(node, events.iter(), now)));
        if let Some(label) = spot(node) {
            let text = format!("may be taken back at any time ({label})");
            facts.push(("spot", vec![Span::new(text, Tone::Plain)]));
        }
        for (label, what) in [
            ("kubelet", Trait::Kubelet),
            ("system", Trait::Os),
            ("kernel", Trait::Kernel),
            ("runtime", Trait::Runtime),
            ("arch", Trait::Arch),
        ] {
            let value = what.of(node);
            if value.is_empty() {
                continue;
            }
            let mut line = vec![Span::new(value.to_string(), Tone::Plain)];
            if let Some(usual) = self.usual().instead(&self.model, node, what) {
                line.push(Span::new(format!("  ≠ its pool: {usual}"), Tone::Warn));
            }
            facts.push((label, line));
        }
    }
}

/// What is to be said of a node's state, the worst first.
pub(super) fn notes(node: &Node, now: DateTime<Utc>) -> Vec<Line> {
    let mut notes = Vec::new();
    if let Some(sign) = leaving(node) {
        notes.push(vec![leaves(&sign, now)]);
    }
    notes.extend(cordon(node, now).map(|span| vec![span]));
    let bad = node.conditions.iter().filter(|c| !well(c));
    notes.extend(bad.map(|condition| condition_line(condition, now)));
    let good: Vec<String> = node
        .conditions
        .iter()
        .filter(|c| well(c))
        .map(|c| {
            let since = c.since.map(|s| age(s, now)).unwrap_or_default();
            let no = if &*c.kind == "Ready" { "" } else { "no " };
            format!("{no}{} {since}", c.kind)
        })
        .collect();
    if !good.is_empty() {
        notes.push(vec![
            Span::new("✓ ", Tone::Good),
            Span::new(good.join(", "), Tone::Dim),
        ]);
    }
    notes.extend(node.taints.iter().map(|taint| taint_line(taint, now)));
    notes
}

/// A claim or scale-up that brought no node after this has failed.
pub(super) const NEVER: TimeDelta = TimeDelta::minutes(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{Plain, at, condition, list, node, put_node, taint};
    use crate::model::{Kind, RankRules};

    fn text(line: &Line) -> String {
        line.iter().map(|span| &*span.text).collect()
    }

    #[test]
    fn what_is_wrong_with_a_node_in_plain_words() {
        let mut ill = node("p-1", "");
        let mut disk = condition("DiskPressure", Truth::True, "KubeletHasDiskPressure");
        disk.message = "kubelet has disk pressure".into();
        ill.conditions = Box::new([condition("Ready", Truth::True, "KubeletReady"), disk]);
        ill.unschedulable = true;
        let mut cordoned = taint(crate::model::leaving::UNSCHEDULABLE, "");
        cordoned.since = Some(at(60).into());
        let mut spot = taint("aws-node-termination-handler/spot-itn", "event-1");
        spot.since = Some(at(860).into());
        ill.taints = Box::new([cordoned, spot]);
        let notes: Vec<String> = notes(&ill, at(900)).iter().map(text).collect();
        assert_eq!(
            notes,
            [
                "⇥ leaves: spot notice 40s ago (AWS node termination handler)",
                "⊘ cordoned 14m ago, not by Constable",
                "▲ DiskPressure is True for 15m  short of disk: images are removed, pods are evicted  \
                 KubeletHasDiskPressure: kubelet has disk pressure",
                "✓ Ready 15m",
                "taint node.kubernetes.io/unschedulable:NoSchedule since 14m  cordoned: no new pods",
                "taint aws-node-termination-handler/spot-itn=event-1:NoSchedule since 40s  spot notice",
            ]
        );
    }

    #[test]
    fn the_odd_one_out() {
        let mut model = Model::new(RankRules::default());
        let one = |name: &str, kubelet: &str| {
            let mut one = node(name, "agentpool=a");
            one.kubelet = kubelet.into();
            put_node(one)
        };
        let nodes = [
            one("a", "v1.37.0"),
            one("b", "v1.37.0"),
            one("c", "v1.36.2"),
        ];
        model.apply(at(0), list(Kind::Node, nodes), &Plain);
        let usual = Usual::of(&model);
        let instead = |name: &str| {
            let node = model.node(name).unwrap();
            usual
                .instead(&model, node, Trait::Kubelet)
                .map(|t| t.to_string())
        };
        assert_eq!((instead("a"), instead("c")), (None, Some("v1.37.0".into())));
    }
}
