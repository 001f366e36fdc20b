//! How workloads stand, in plain words: what is wrong first.

use chrono::{DateTime, TimeDelta, Utc};

use super::text::age;
use super::view::{Span, Tone};
use crate::model::placement::{matches, tolerates};
use crate::model::status::pod_status;
use crate::model::{
    BatchJob, CronJob, Kind, Model, Node, Pod, PodPhase, TaintEffect, Truth, Update, Workload,
    WorkloadKind,
};

/// A pod that is not well for longer than this is stuck.
const PATIENCE: TimeDelta = TimeDelta::seconds(60);

/// What keeps a pod from being ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// `waits for its volume`, `ImagePullBackOff`, …
    pub(crate) words: String,
    /// Since when.
    pub(crate) since: Option<DateTime<Utc>>,
    /// It does not go by itself.
    pub(crate) bad: bool,
}

/// What keeps a pod from being ready; `None`: nothing does.
pub(crate) fn trouble(pod: &Pod) -> Option<Trouble> {
    let of = |words: &str, since, bad| {
        Some(Trouble {
            words: words.to_owned(),
            since,
            bad,
        })
    };
    let since = |kind: &str| pod.condition(kind).and_then(|c| c.since());
    if pod.meta.deleting.is_some() {
        return of("terminating", pod.meta.deleting, false);
    }
    if let Some(c) = pod.condition("PodScheduled").filter(|c| !c.holds()) {
        let since = c.since().or(Some(pod.meta.created));
        return of(unscheduled(c.message()), since, true);
    }
    let status = pod_status(pod);
    // A lost node's pods are not ready, whatever its kubelet said of their containers last.
    let whole = status.ready == status.total;
    let ready = pod.condition("Ready").map_or(whole, |c| c.holds());
    match &*status.status {
        "Running" if ready => None,
        "Running" => of("not ready", since("Ready"), true),
        "Pending" if pod.node.is_none() => of("waits for a node", Some(pod.meta.created), true),
        word @ ("ContainerCreating" | "PodInitializing" | "Pending") => {
            of(word, since("PodScheduled"), false)
        }
        "Completed" | "Succeeded" => of("ended", None, true),
        word => {
            let starting = word.starts_with("Init:") && word.contains('/');
            of(word, since("Ready").or(since("PodScheduled")), !starting)
        }
    }
}

/// The scheduler's message in a few words.
fn unscheduled(message: &str) -> &'static str {
    let has = |word: &str| message.contains(word);
    if has("unbound immediate PersistentVolumeClaims")
        || has("persistentvolumeclaim")
        || has("volume node affinity")
        || has("volume(s)")
        || has("didn't find available persistent volumes")
    {
        "waits for its volume"
    } else if has("Insufficient cpu") {
        "waits for cpu"
    } else if has("Insufficient memory") {
        "waits for memory"
    } else {
        "waits for a node"
    }
}

/// A workload in a cell: glyph and words. What its pods say is looked at only when it is not well.
pub(crate) fn state(model: &Model, workload: &Workload, now: DateTime<Utc>) -> Span {
    if workload.meta.deleting.is_some() {
        return Span::new("◌ being deleted", Tone::Warn);
    }
    if let Some(c) = failure(model, workload) {
        return Span::new(format!("✕ no pods can be created: {c}"), Tone::Bad);
    }
    let rolled = workload.is_rolled_out();
    let mut words = Vec::new();
    let mut tone = Tone::Good;
    if workload.paused {
        words.push("paused".to_owned());
        tone = Tone::Warn;
    }
    if !rolled {
        words.extend(progress(workload));
        tone = tone.max_of(Tone::Busy);
    }
    if !rolled || workload.ready < workload.desired {
        let pods = model.pods_of_workload(workload);
        if let Some((text, bad)) = why(workload, &pods, now) {
            words.push(text);
            tone = tone.max_of(if bad { Tone::Bad } else { Tone::Busy });
        }
    }
    if failed(workload) {
        tone = Tone::Bad;
    }
    if workload.misplaced > 0 {
        words.push(format!(
            "{} on nodes that should have none",
            workload.misplaced
        ));
        tone = tone.max_of(Tone::Warn);
    }
    if words.is_empty() {
        return if workload.desired == 0 {
            Span::new("○ scaled to 0", Tone::Dim)
        } else {
            Span::new("● well", Tone::Good)
        };
    }
    let glyph = match tone {
        Tone::Bad => "✕",
        Tone::Busy => "◐",
        _ if workload.paused => "‖",
        _ => "▲",
    };
    Span::new(format!("{glyph} {}", words.join(", ")), tone)
}

impl Tone {
    /// The one that matters more.
    fn max_of(self, other: Self) -> Self {
        let weight = |tone: Self| match tone {
            Self::Bad => 3,
            Self::Warn => 2,
            Self::Busy => 1,
            _ => 0,
        };
        if weight(other) > weight(self) {
            other
        } else {
            self
        }
    }
}

/// Why its controller cannot create pods (a quota, an admission webhook), in the server's words.
pub(crate) fn failure<'m>(model: &'m Model, workload: &'m Workload) -> Option<&'m str> {
    let says = |workload: &'m Workload| {
        let c = workload.condition("ReplicaFailure")?;
        (c.status == Truth::True).then_some(&*c.message)
    };
    says(workload).or_else(|| {
        if workload.kind != WorkloadKind::Deployment {
            return None;
        }
        model.sets_of(&workload.meta.uid).into_iter().find_map(says)
    })
}

/// Whether its controller gave up waiting for the rollout.
fn failed(workload: &Workload) -> bool {
    workload
        .condition("Progressing")
        .is_some_and(|c| c.status == Truth::False && &*c.reason == "ProgressDeadlineExceeded")
}

/// How far a rollout is.
fn progress(workload: &Workload) -> Option<String> {
    if !workload.is_observed() {
        return Some("its controller has not looked yet".to_owned());
    }
    let to = workload.to_update();
    if workload.updated < to && workload.update != Update::OnDelete {
        let word = if failed(workload) {
            "stuck at"
        } else {
            "rolling"
        };
        return Some(format!("{word} {} of {to}", workload.updated));
    }
    if workload.current > workload.desired && workload.kind != WorkloadKind::DaemonSet {
        let more = workload.current - workload.desired;
        return Some(format!("{more} more to go"));
    }
    None
}

/// Whether pods go and come now because the template is another.
pub(crate) fn replaces(workload: &Workload) -> bool {
    let rolling = workload.update != Update::OnDelete && !failed(workload);
    rolling && (!workload.is_observed() || workload.updated < workload.to_update())
}

/// What its pods say, in a few words, and whether it is bad.
fn why(workload: &Workload, pods: &[&Pod], now: DateTime<Utc>) -> Option<(String, bool)> {
    let mut all: Vec<(&Pod, Trouble)> = pods
        .iter()
        .filter(|pod| !matches!(pod.phase, PodPhase::Succeeded | PodPhase::Failed))
        .filter_map(|pod| Some((*pod, trouble(pod)?)))
        .collect();
    // What is bad and oldest says most.
    all.sort_by_key(|(_, t)| (!t.bad, t.since.unwrap_or(now)));
    if let Some((pod, worst)) = all.iter().find(|(_, t)| t.words != "terminating") {
        let alike = all.iter().filter(|(_, t)| t.words == worst.words).count();
        let long = worst.since.is_some_and(|at| now - at > PATIENCE);
        let lasts = worst
            .since
            .map(|at| format!(" {}", age(at, now)))
            .unwrap_or_default();
        let text = if alike > 1 {
            format!("{} on {alike}", worst.words)
        } else if workload.ordered.is_some() && long {
            format!("stuck: {} {}{lasts}", pod.meta.name, worst.words)
        } else if workload.ordered.is_some() {
            format!("{} {}{lasts}", pod.meta.name, worst.words)
        } else if let (WorkloadKind::DaemonSet, Some(node)) = (workload.kind, &pod.node) {
            format!("{} on {node}{lasts}", worst.words)
        } else {
            format!("{}{lasts}", worst.words)
        };
        return Some((text, worst.bad && (long || worst.words.contains("Back"))));
    }
    let missing = workload.desired - workload.current;
    if missing > 0 {
        let text = format!("{missing} of {} not there", workload.desired);
        return Some((text, !replaces(workload)));
    }
    let waits = workload.ready.min(workload.available);
    (waits < workload.desired).then(|| {
        let not = workload.desired - waits;
        (format!("{not} of {} not ready", workload.desired), false)
    })
}

/// How much a workload wants a look, from its own numbers alone: the less the more.
pub(crate) fn weight(workload: &Workload) -> i64 {
    let ready = workload.ready >= workload.desired;
    match (ready, workload.is_rolled_out()) {
        _ if failed(workload) => 0,
        (false, _) => 1,
        (true, false) => 2,
        _ if workload.paused || workload.misplaced > 0 => 3,
        (true, true) => 4,
    }
}

/// A CronJob in a cell: glyph and words.
pub(crate) fn cron_state(model: &Model, cron: &CronJob, now: DateTime<Utc>) -> Span {
    if let Err(error) = cron.next(now) {
        return Span::new(format!("✕ {error}"), Tone::Bad);
    }
    if cron.suspended {
        return Span::new("‖ suspended", Tone::Warn);
    }
    let jobs = model.jobs_of(&cron.meta.uid);
    let ended = |job: &&&BatchJob, how: &str| {
        let mut all = job.conditions.iter();
        all.any(|c| &*c.kind == how && c.status == Truth::True)
    };
    let failed = jobs
        .iter()
        .take_while(|job| !ended(job, "Complete"))
        .filter(|job| ended(job, "Failed"))
        .count();
    match (failed, cron.active) {
        (0, 0) => Span::new("● well", Tone::Good),
        (0, n) => Span::new(format!("◐ {n} running"), Tone::Busy),
        (1, _) => Span::new("✕ the last one failed", Tone::Bad),
        (n, _) => Span::new(format!("✕ the last {n} failed"), Tone::Bad),
    }
}

/// How much a CronJob wants a look.
pub(crate) fn cron_weight(model: &Model, cron: &CronJob, now: DateTime<Utc>) -> i64 {
    match cron_state(model, cron, now).tone {
        Tone::Bad => 1,
        Tone::Warn => 3,
        _ => 4,
    }
}

/// Why a DaemonSet has no pod on a node, or need not have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    /// The node is not for it: selector or affinity.
    NotMeant,
    /// A taint that it does not tolerate.
    Tainted(String),
    /// It should be there.
    Missing,
}

/// Why a workload of that template may have no pod on a node. DaemonSet pods tolerate what its controller
/// lets them.
pub(crate) fn absence(workload: &Workload, node: &Node) -> Absent {
    let spec = &workload.template;
    let selected = spec
        .node_selector
        .iter()
        .all(|(key, value)| node.meta.label(key) == Some(value));
    let terms = &spec.node_terms;
    if !selected || !(terms.is_empty() || terms.iter().any(|term| matches(term, node))) {
        return Absent::NotMeant;
    }
    let kept_off = node.taints.iter().find(|taint| {
        matches!(
            taint.effect,
            TaintEffect::NoSchedule | TaintEffect::NoExecute
        ) && !DAEMONS.contains(&&*taint.key)
            && !spec.tolerations.iter().any(|t| tolerates(t, taint))
    });
    match kept_off {
        Some(taint) => {
            let value = match &*taint.value {
                "" => String::new(),
                value => format!("={value}"),
            };
            Absent::Tainted(format!("{}{value}:{:?}", taint.key, taint.effect))
        }
        None => Absent::Missing,
    }
}

/// Taints that the DaemonSet controller lets its pods tolerate.
const DAEMONS: [&str; 7] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/unschedulable",
    "node.kubernetes.io/network-unavailable",
];

/// Pools of these pods' nodes, most pods first.
pub(crate) fn pools(model: &Model, pods: &[&Pod]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    // Enough to tell.
    for pod in pods.iter().take(200) {
        let Some(pool) = pod.node.as_ref().and_then(|n| model.pool_of_node(n)) else {
            continue;
        };
        match counts.iter_mut().find(|(name, _)| *name == &**pool) {
            Some((_, count)) => *count += 1,
            None => counts.push((pool, 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let names: Vec<&str> = counts.iter().map(|(name, _)| *name).collect();
    match names.as_slice() {
        [one, two, rest @ ..] if !rest.is_empty() => format!("{one}, {two} +{}", rest.len()),
        few => few.join(", "),
    }
}

/// All workloads of the table: bare ReplicaSets among them, those of a Deployment not.
pub(crate) fn listed(model: &Model, kind: Kind) -> impl Iterator<Item = &Workload> {
    model
        .workloads(kind)
        .filter(|w| w.kind != WorkloadKind::ReplicaSet || w.meta.owner.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{Plain, at, list, owner, pod, put_pod, watch};
    use crate::model::{Delta, Object, Ordered};

    fn set(desired: i32, current: i32, updated: i32, ready: i32) -> Workload {
        let pod = pod("ci/w", "");
        Workload {
            meta: pod.meta,
            kind: WorkloadKind::StatefulSet,
            desired,
            current,
            ready,
            available: ready,
            updated,
            misplaced: 0,
            generation: 2,
            observed: 2,
            paused: false,
            update: Update::Rolling,
            ordered: Some(Box::new(Ordered::default())),
            selector: Box::default(),
            template: pod.spec,
            restarted: None,
            conditions: Box::default(),
        }
    }

    fn words(workload: Workload, pods: Vec<Pod>) -> String {
        let mut model = Model::default();
        let object = Delta::Upsert(Object::Workload(std::sync::Arc::new(workload.clone())));
        model.apply(at(0), watch(Kind::StatefulSet, [object]), &Plain);
        model.apply(
            at(0),
            list(Kind::Pod, pods.into_iter().map(put_pod)),
            &Plain,
        );
        state(&model, &workload, at(240)).text.into_owned()
    }

    #[test]
    fn what_is_wrong_comes_first() {
        let mut waits = pod("ci/w-1", "");
        waits.meta.owner = owner("StatefulSet", "w");
        let cases = [
            (set(3, 3, 3, 3), vec![], "● well"),
            (set(0, 0, 0, 0), vec![], "○ scaled to 0"),
            (
                set(6, 5, 2, 5),
                vec![],
                "◐ rolling 2 of 6, 1 of 6 not there",
            ),
            (set(3, 2, 3, 2), vec![], "✕ 1 of 3 not there"),
            (
                set(3, 2, 3, 1),
                vec![waits],
                "✕ stuck: w-1 waits for a node 4m",
            ),
        ];
        for (workload, pods, want) in cases {
            assert_eq!(words(workload, pods), want);
        }
        let mut paused = set(3, 3, 3, 3);
        paused.paused = true;
        assert_eq!(words(paused, vec![]), "‖ paused");
    }
}
