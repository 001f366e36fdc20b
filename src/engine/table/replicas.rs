//! Rows of one workload's replicas: a StatefulSet's by ordinal, the missing ones too; the others' pods by
//! revision.

use super::{Column, Cx, Find, RowKey, Rows, Scope, Value, cluster};
use crate::engine::action::workload::ordinal;
use crate::engine::rollout;
use crate::engine::text;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::model::status::pod_status;
use crate::model::{ContainerState, Kind, Pod, Text, Workload};

/// The vocabulary.
pub(crate) struct Replicas;

/// A replica.
pub(crate) struct Replica<'a> {
    pub(crate) workload: Option<&'a Workload>,
    pub(crate) pod: Option<&'a Pod>,
    pub(crate) ordinal: Option<i32>,
}

/// The pod of an ordinal.
pub(crate) fn of_ordinal<'a>(cx: &Cx<'a>, set: &Workload, at: i32) -> Option<&'a Pod> {
    let name = format!("{}-{at}", set.meta.name);
    let pod = cx.model.pod_named(&set.meta.namespace, &name)?;
    let owner = pod.meta.owner.as_ref()?;
    (owner.uid == set.meta.uid).then_some(pod)
}

impl Rows for Replicas {
    type Row<'a> = Replica<'a>;
    const NAME: &'static str = "replicas";
    const IN_ORDER: bool = false;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<Replica<'a>> {
        match key {
            RowKey::Ordinal(_, uid, at) => {
                let workload = cx.model.workload_by_uid(Kind::StatefulSet, uid)?;
                let pod = of_ordinal(cx, workload, *at);
                (pod.is_some() || workload.ordinals().contains(at)).then_some(Replica {
                    workload: Some(workload),
                    pod,
                    ordinal: Some(*at),
                })
            }
            RowKey::Pod(_, uid) => {
                let pod = cx.model.pod(uid)?;
                let owner = &pod.meta.owner.as_ref()?.uid;
                Some(Replica {
                    workload: cx.model.workload_by_uid(Kind::ReplicaSet, owner),
                    pod: Some(pod),
                    ordinal: None,
                })
            }
            _ => None,
        }
    }

    fn most(_: &Cx<'_>) -> usize {
        0
    }

    fn all(scope: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let Scope::Workload(no, kind, uid) = scope else {
            return Vec::new();
        };
        let Some(workload) = cx.model.workload_by_uid(*kind, uid) else {
            return Vec::new();
        };
        let pods = cx.model.pods_of_workload(workload);
        if *kind != Kind::StatefulSet {
            let key = |pod: &Pod| RowKey::Pod(*no, pod.meta.uid.clone());
            return pods.into_iter().map(key).collect();
        }
        // Those beyond the last ordinal go, but are still there.
        let there = pods.iter().filter_map(|pod| ordinal(&pod.meta.name));
        let mut all: Vec<i32> = workload.ordinals().chain(there).collect();
        all.sort_unstable();
        all.dedup();
        let key = |at| RowKey::Ordinal(*no, uid.clone(), at);
        all.into_iter().map(key).collect()
    }

    fn within(row: &Replica<'_>, scope: &Scope, _: &Cx<'_>) -> bool {
        let Scope::Workload(_, kind, uid) = scope else {
            return false;
        };
        let Some(own) = row.workload else {
            return false;
        };
        own.meta.uid == *uid
            || (*kind == Kind::Deployment && own.meta.owner.as_ref().is_some_and(|o| o.uid == *uid))
    }

    fn labels<'a>(row: &Replica<'a>, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        row.pod.map(|pod| &pod.meta.labels)
    }

    /// Ordinals in their order; else the new revision first.
    fn natural(row: &Replica<'_>, _: &Cx<'_>) -> Value {
        match row.ordinal {
            Some(at) => Value::Int(at.into()),
            None => {
                let revision = row.workload.and_then(Workload::revision).unwrap_or(0);
                Value::Int(-i64::try_from(revision).unwrap_or(0))
            }
        }
    }

    fn tie(row: &Replica<'_>) -> (Text, Text) {
        let name = row
            .pod
            .map_or_else(crate::model::id::empty, |p| p.meta.name.clone());
        (name, crate::model::id::empty())
    }
}

fn name(row: &Replica<'_>) -> String {
    match (row.pod, row.workload, row.ordinal) {
        (Some(pod), ..) => pod.meta.name.to_string(),
        (None, Some(set), Some(at)) => format!("{}-{at}", set.meta.name),
        (None, ..) => String::new(),
    }
}

/// Whether a pod is of the present template, as far as that can be told.
pub(crate) fn is_new(row: &Replica<'_>, cx: &Cx<'_>) -> Option<bool> {
    let (pod, own) = (row.pod?, row.workload?);
    if let Some(ordered) = &own.ordered {
        let hash = pod.meta.label("controller-revision-hash")?;
        return (!ordered.update_revision.is_empty()).then_some(*hash == *ordered.update_revision);
    }
    let deployment = cx
        .model
        .workload_by_uid(Kind::Deployment, &own.meta.owner.as_ref()?.uid)?;
    Some(own.revision()? == deployment.revision()?)
}

fn revision(row: &Replica<'_>, cx: &Cx<'_>) -> Span {
    let number = row
        .workload
        .filter(|w| w.ordered.is_none())
        .and_then(Workload::revision)
        .map(|n| format!("{n} "))
        .unwrap_or_default();
    match is_new(row, cx) {
        Some(true) => Span::new(format!("{number}new"), Tone::Plain),
        Some(false) => Span::new(format!("{number}old"), Tone::Warn),
        None => Span::new(number.trim_end().to_owned(), Tone::Dim),
    }
}

/// Glyph and words: of a pod that is not well, what keeps it.
pub(crate) fn pod_state(pod: &Pod, cx: &Cx<'_>) -> Span {
    let plain = super::pods::status(pod);
    let Some(trouble) = rollout::trouble(pod) else {
        return plain;
    };
    let glyph = match trouble.words.starts_with("waits") {
        true => "○",
        false => plain.text.split(' ').next().unwrap_or("▲"),
    };
    let lasts = trouble
        .since
        .filter(|at| *at <= cx.now)
        .map(|at| format!(" {}", text::age(at, cx.now)))
        .unwrap_or_default();
    let tone = if trouble.bad { Tone::Bad } else { Tone::Busy };
    Span::new(format!("{glyph} {}{lasts}", trouble.words), tone)
}

fn state(row: &Replica<'_>, cx: &Cx<'_>) -> Span {
    match (row.pod, row.workload, row.ordinal) {
        (Some(pod), ..) => pod_state(pod, cx),
        (None, Some(set), Some(at)) => missing(set, at, cx),
        (None, ..) => Span::default(),
    }
}

/// Why an ordinal has no pod.
fn missing(set: &Workload, at: i32, cx: &Cx<'_>) -> Span {
    if !cx.model.feed(Kind::Pod).is_live() {
        return Span::new("? pods are not known", Tone::Warn);
    }
    let parallel = set.ordered.as_ref().is_some_and(|o| o.parallel);
    let unready = set.ordinals().take_while(|n| *n < at).find(|n| {
        let ready = |pod: &Pod| pod.condition("Ready").is_some_and(|c| c.holds());
        !of_ordinal(cx, set, *n).is_some_and(ready)
    });
    match unready {
        Some(first) if !parallel => {
            Span::new(format!("○ waits for {}-{first}", set.meta.name), Tone::Warn)
        }
        _ if rollout::replaces(set) => Span::new("◌ being replaced", Tone::Busy),
        _ => Span::new("✕ not there", Tone::Bad),
    }
}

/// The writer's own words: the scheduler's, the kubelet's, the controller's.
pub(crate) fn words(pod: &Pod) -> String {
    if let Some(c) = pod.condition("PodScheduled").filter(|c| !c.holds()) {
        return c.message().to_owned();
    }
    for container in pod.containers() {
        match container.state() {
            Some(ContainerState::Waiting(words)) if !words.message.is_empty() => {
                return format!("{}: {}", container.name(), words.message);
            }
            _ => {}
        }
        if let Some(end) = container.last().filter(|_| !container.ready()) {
            return format!(
                "{}: last ended with {} ({})",
                container.name(),
                end.exit,
                end.reason()
            );
        }
    }
    pod.message().to_owned()
}

fn why(row: &Replica<'_>, cx: &Cx<'_>) -> String {
    match (row.pod, row.workload) {
        (Some(pod), _) if rollout::trouble(pod).is_some() => words(pod),
        (Some(_), _) => String::new(),
        (None, Some(set)) => rollout::failure(cx.model, set)
            .unwrap_or_default()
            .to_owned(),
        (None, None) => String::new(),
    }
}

#[rustfmt::skip]
static COLUMNS: &[Column<Replicas>] = &[
    Column { title: "REPLICA", width: Width::Grow(14, 3), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(name(r), Tone::Plain), key: |r, _| r.ordinal.map_or_else(|| Value::Text(name(r).into()), |at| Value::Int(at.into())) },
    Column { title: "REVISION", width: Width::Fixed(8), right: true, rank: 3, find: Find::Cell, way: Sorted::Down,
        cell: |r, cx| revision(r, cx), key: |r, _| r.workload.and_then(Workload::revision).map_or(Value::Missing, |n| Value::Int(i64::try_from(n).unwrap_or(0))) },
    Column { title: "READY", width: Width::Fixed(5), right: true, rank: 1, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(r.pod.map(|p| pod_status(p).ready_text()).unwrap_or_else(|| "-".to_owned()), Tone::Plain),
        key: |r, _| r.pod.map_or(Value::Missing, |p| { let s = pod_status(p); Value::Int(i64::from(s.ready) - i64::from(s.total)) }) },
    Column { title: "STATE", width: Width::Grow(20, 3), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, cx| state(r, cx), key: |r, cx| Value::Text(state(r, cx).text.into()) },
    Column { title: "RESTARTS", width: Width::Fixed(13), right: true, rank: 4, find: Find::Moves, way: Sorted::Down,
        cell: |r, cx| Span::new(r.pod.map(|p| pod_status(p).restarts_text(cx.now)).unwrap_or_default(), Tone::Plain),
        key: |r, _| r.pod.map_or(Value::Missing, |p| Value::Int(pod_status(p).restarts)) },
    Column { title: "AGE", width: Width::Fixed(6), right: true, rank: 2, find: Find::Moves, way: Sorted::Up,
        cell: |r, cx| Span::new(r.pod.map(|p| text::age(p.meta.created, cx.now)).unwrap_or_default(), Tone::Dim),
        key: |r, _| Value::age(r.pod.map(|p| p.meta.created)) },
    Column { title: "NODE", width: Width::Grow(6, 1), right: false, rank: 1, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| r.pod.and_then(|p| p.node.as_ref()).map(text::plain).unwrap_or_default(),
        key: |r, _| r.pod.and_then(|p| p.node.as_ref()).map_or(Value::Missing, Value::text) },
    Column { title: "WHY", width: Width::Grow(12, 5), right: false, rank: 2, find: Find::Cell, way: Sorted::Up,
        cell: |r, cx| Span::new(why(r, cx), Tone::Dim), key: |r, cx| Value::text(&why(r, cx).into()) },
    cluster(),
];
