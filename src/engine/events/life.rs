//! The life of a job, a pod or a node as rows that stand among its events.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, Utc};

use super::{EventRow, Sort, Subject};
use crate::engine::text::{self, seconds};
use crate::engine::view::Tone;
use crate::model::id::empty;
use crate::model::leaving::{self, leaving};
use crate::model::{
    ClusterEvent, ContainerState, Job, Model, Node, Phase, Pod, StepState, Terminated, Text, Truth,
};

/// A moment of a life.
struct Moment {
    at: DateTime<Utc>,
    tone: Tone,
    what: Text,
    text: String,
    container: Text,
}

fn moment(at: DateTime<Utc>, tone: Tone, what: &str, text: impl Into<String>) -> Moment {
    Moment {
        at,
        tone,
        what: what.into(),
        text: text.into(),
        container: empty(),
    }
}

/// What is known of a subject's life beside its events, in order.
pub(super) fn of(subject: &Subject, model: &Model, now: DateTime<Utc>) -> Vec<EventRow> {
    let moments = match subject {
        Subject::Job(key) => model.job(key).map(job).unwrap_or_default(),
        Subject::Pod { uid, .. } => model.pod(uid).map(pod).unwrap_or_default(),
        Subject::Node(name) => match model.node(name) {
            Some(node) => self::node(node, model.events().iter(), now),
            None => Vec::new(),
        },
        Subject::Object { .. } | Subject::Pool(_) | Subject::All => Vec::new(),
    };
    let mut moments = moments;
    moments.sort_by_key(|moment| moment.at);
    moments.into_iter().map(row).collect()
}

fn row(moment: Moment) -> EventRow {
    let mut hasher = DefaultHasher::new();
    ("life", &moment.what, &moment.container, moment.at).hash(&mut hasher);
    EventRow {
        key: hasher.finish(),
        sort: Sort::Life(moment.tone),
        first: moment.at,
        last: moment.at,
        count: 1,
        reason: moment.what,
        message: moment.text.into(),
        kind: empty(),
        namespace: empty(),
        name: empty(),
        container: moment.container,
        source: empty(),
        node: empty(),
    }
}

/// ` after 2s`.
fn after(from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>, word: &str) -> String {
    match from.zip(to) {
        Some((from, to)) => format!("{word}{}", seconds((to - from).num_seconds())),
        None => String::new(),
    }
}

fn job(job: &Job) -> Vec<Moment> {
    let mut life = vec![moment(
        job.created(),
        Tone::Busy,
        "created",
        "queued for a node",
    )];
    if let Some(at) = job.scheduled() {
        let node = job.node().map_or("", |n| &**n);
        let waited = after(Some(job.created()), Some(at), " after ");
        life.push(moment(
            at,
            Tone::Busy,
            "scheduled",
            format!("to node {node}{waited}"),
        ));
    }
    let steps = job.steps();
    let total = steps.len();
    for (at, step) in (1..).zip(&steps) {
        let of = format!("step {at}/{total} {}", step.name);
        let mut add = |when: Option<DateTime<Utc>>, tone, what: &str, text: String| {
            if let Some(when) = when {
                life.push(Moment {
                    container: step.container.clone(),
                    ..moment(when, tone, what, text)
                });
            }
        };
        match &step.state {
            StepState::Waiting | StepState::Skipped => {}
            StepState::Running { since } => add(*since, Tone::Busy, "began", of),
            StepState::Succeeded { started, ended } => {
                add(*started, Tone::Busy, "began", of.clone());
                let took = after(*started, *ended, " in ");
                add(
                    *ended,
                    Tone::Good,
                    "ended",
                    format!("{of}: succeeded{took}"),
                );
            }
            StepState::Failed {
                started,
                ended,
                why,
            } => {
                add(*started, Tone::Busy, "began", of.clone());
                let took = after(*started, *ended, " after ");
                add(*ended, Tone::Bad, "failed", format!("{of}: {why}{took}"));
            }
        }
    }
    if let Some(at) = job.ended() {
        let phase = text::phase(job.phase);
        let ran = after(job.started(), Some(at), ", ran ");
        let why = match &*job.failure {
            "" => String::new(),
            why => format!(": {why}"),
        };
        let text = format!("{}{why}{ran}", job.phase.as_str());
        let word = if job.phase == Phase::Succeeded {
            "succeeded"
        } else {
            "over"
        };
        life.push(moment(at, phase.tone, word, text));
    }
    life
}

fn pod(pod: &Pod) -> Vec<Moment> {
    let mut life = vec![moment(pod.meta.created, Tone::Busy, "created", "")];
    for (kind, what) in [
        ("PodScheduled", "scheduled"),
        ("Initialized", "initialized"),
        ("Ready", "ready"),
    ] {
        let Some(condition) = pod.condition(kind) else {
            continue;
        };
        let Some(at) = condition.since() else {
            continue;
        };
        if condition.holds() {
            let text = match (kind, &pod.node) {
                ("PodScheduled", Some(node)) => format!("to node {node}"),
                _ => String::new(),
            };
            life.push(moment(at, Tone::Good, what, text));
        } else if kind == "Ready" && pod.node.is_some() {
            life.push(moment(at, Tone::Warn, "not ready", condition.message()));
        }
    }
    for container in pod.containers() {
        let name = container.name();
        let mut add = |at: Option<DateTime<Utc>>, tone, what: &str, text: String| {
            if let Some(at) = at {
                life.push(Moment {
                    container: name.clone(),
                    ..moment(at, tone, what, text)
                });
            }
        };
        let ended = |end: &Terminated| {
            let tone = if end.exit == 0 { Tone::Good } else { Tone::Bad };
            let why = match end.reason() {
                "" => format!("{name}: exit {}", end.exit),
                reason => format!("{name}: {reason}, exit {}", end.exit),
            };
            (end.finished(), tone, why)
        };
        if let Some(last) = container.last() {
            let (at, tone, why) = ended(last);
            add(
                at,
                tone,
                "ended",
                format!("{why} (before its last restart)"),
            );
        }
        match container.state() {
            Some(ContainerState::Running { since }) => {
                let at = since.map(crate::model::Time::utc);
                add(at, Tone::Busy, "began", name.to_string());
            }
            Some(ContainerState::Terminated(end)) => {
                add(end.started(), Tone::Busy, "began", name.to_string());
                let (at, tone, why) = ended(end);
                add(at, tone, "ended", why);
            }
            Some(ContainerState::Unset | ContainerState::Waiting(_)) | None => {}
        }
    }
    life
}

/// A step of a node's way from its creation to Ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct WayStep {
    /// `registered`, `kubelet started`, `network ready`, `Ready`.
    pub(crate) what: &'static str,
    /// When it was reached; `None`: not yet, or nobody tells.
    pub(crate) at: Option<DateTime<Utc>>,
}

/// A node's way, as far as it is told: the API server when it was registered, its events when the kubelet
/// started and when it was Ready first, the conditions when they turned last. A condition that turned long
/// after the creation tells of another turn than the first, so that the events go before it.
pub(in crate::engine) fn node_way<'a>(
    node: &Node,
    events: impl Iterator<Item = &'a ClusterEvent>,
) -> Vec<WayStep> {
    let created = node.meta.created;
    let (mut started, mut ready) = (None, None);
    for event in events {
        let about = &event.regarding;
        if &*about.kind != "Node" || about.name != node.meta.name {
            continue;
        }
        let at = event.first.utc();
        // Of an older node of this name.
        if at < created - chrono::TimeDelta::minutes(5) {
            continue;
        }
        let earliest = |known: Option<DateTime<Utc>>| Some(known.map_or(at, |k| k.min(at)));
        match (&*event.reason, &*event.source) {
            ("Starting", "kubelet") => started = earliest(started),
            ("NodeReady", _) => ready = earliest(ready),
            _ => {}
        }
    }
    let turned = |kind: &str, to: Truth| {
        let condition = node.condition(kind).filter(|c| c.status == to)?;
        condition.since
    };
    let network = turned("NetworkUnavailable", Truth::False);
    let ready = ready.or_else(|| turned("Ready", Truth::True));
    let mut way = vec![
        WayStep {
            what: "kubelet started",
            at: started,
        },
        WayStep {
            what: "registered",
            at: Some(created),
        },
    ];
    if node.condition("NetworkUnavailable").is_some() {
        way.push(WayStep {
            what: "network ready",
            at: network,
        });
    }
    way.push(WayStep {
        what: "Ready",
        at: ready,
    });
    way.sort_by_key(|step| step.at.unwrap_or(DateTime::<Utc>::MAX_UTC));
    way
}

fn node<'a>(
    node: &Node,
    events: impl Iterator<Item = &'a ClusterEvent>,
    now: DateTime<Utc>,
) -> Vec<Moment> {
    let created = node.meta.created;
    let mut life: Vec<Moment> = node_way(node, events)
        .into_iter()
        .filter_map(|step| {
            let at = step.at?;
            let text = if at > created {
                after(Some(created), Some(at), "after ")
            } else {
                String::new()
            };
            let tone = if step.what == "Ready" {
                Tone::Good
            } else {
                Tone::Busy
            };
            Some(moment(at, tone, step.what, text))
        })
        .collect();
    for condition in &node.conditions {
        let well = (&*condition.kind == "Ready") == (condition.status == Truth::True);
        if let Some(at) = condition.since.filter(|_| !well) {
            let text = format!("{}: {}", condition.reason, condition.message);
            life.push(moment(at, Tone::Bad, &condition.kind, text));
        }
    }
    if let Some(at) = leaving::cordoned_since(node).filter(|_| node.unschedulable) {
        let by = match node.meta.annotation(leaving::CORDONED_BY) {
            Some(who) => format!("by {who}, with Constable"),
            None => "not by Constable".to_owned(),
        };
        life.push(moment(at, Tone::Warn, "cordoned", by));
    }
    if let Some(sign) = leaving(node) {
        let text = format!("{} ({})", sign.what, sign.who);
        life.push(moment(
            sign.since.unwrap_or(now),
            Tone::Warn,
            "leaves",
            text,
        ));
    }
    life
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{at, condition, event, node as a_node};

    #[test]
    fn a_nodes_way_prefers_what_was_told_first() {
        let mut node = a_node("n", "");
        let mut ready = condition("Ready", Truth::True, "KubeletReady");
        // It turned again an hour later.
        ready.since = Some(at(3600));
        let mut network = condition("NetworkUnavailable", Truth::False, "RouteCreated");
        network.since = Some(at(20));
        node.conditions = Box::new([ready, network]);
        let told = |reason: &str, seconds: i64| {
            let mut event = event("Node n", reason, "");
            event.first = at(seconds).into();
            event
        };
        let way = |events: &[ClusterEvent]| {
            node_way(&node, events.iter())
                .into_iter()
                .map(|step| (step.what, step.at.map(|t| (t - at(0)).num_seconds())))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            way(&[
                told("NodeReady", 41),
                told("Starting", -3),
                told("NodeReady", 3600)
            ]),
            [
                ("kubelet started", Some(-3)),
                ("registered", Some(0)),
                ("network ready", Some(20)),
                ("Ready", Some(41))
            ]
        );
        assert_eq!(
            way(&[told("Starting", -4000)]),
            [
                ("registered", Some(0)),
                ("network ready", Some(20)),
                ("Ready", Some(3600)),
                ("kubelet started", None)
            ]
        );
    }
}
