//! Rows of one pod's containers.

use super::{Column, Cx, Find, RowKey, Rows, Scope, Value, cluster};
use crate::engine::text;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::model::{Container, ContainerRole, ContainerState, Pod, Resources, Text};

/// The vocabulary.
pub(crate) struct Containers;

/// A container in its pod.
#[derive(Clone, Copy)]
pub(crate) struct ContainerRow<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) container: Container<'a>,
    at: u16,
}

impl Rows for Containers {
    type Row<'a> = ContainerRow<'a>;
    const NAME: &'static str = "containers";
    const IN_ORDER: bool = false;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<ContainerRow<'a>> {
        let RowKey::Container(_, uid, at) = key else {
            return None;
        };
        let pod = cx.model.pod(uid)?;
        let container = pod.containers().nth(usize::from(*at))?;
        Some(ContainerRow {
            pod,
            container,
            at: *at,
        })
    }

    fn most(_: &Cx<'_>) -> usize {
        0
    }

    fn all(scope: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let Scope::Pod(no, uid) = scope else {
            return Vec::new();
        };
        let count = cx.model.pod(uid).map_or(0, |pod| pod.containers().count());
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        (0..count)
            .map(|at| RowKey::Container(*no, uid.clone(), at))
            .collect()
    }

    fn within(row: &ContainerRow<'_>, scope: &Scope, _: &Cx<'_>) -> bool {
        matches!(scope, Scope::Pod(_, uid) if *uid == row.pod.meta.uid)
    }

    fn labels<'a>(row: &ContainerRow<'a>, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        Some(&row.pod.meta.labels)
    }

    fn natural(row: &ContainerRow<'_>, _: &Cx<'_>) -> Value {
        Value::Int(row.at.into())
    }

    fn tie(row: &ContainerRow<'_>) -> (Text, Text) {
        (row.container.name().clone(), crate::model::id::empty())
    }
}

/// What a container uses now; `None`: nobody has measured it. Figures are kept of pods as a whole: they are the
/// container's where no other runs.
pub(crate) fn used(cx: &Cx<'_>, row: &ContainerRow<'_>) -> Option<Resources> {
    let alone = row.pod.containers().filter(|c| c.runs()).count() == 1;
    let usage = cx.model.pod_usage(row.pod)?;
    (alone && row.container.runs()).then(|| Resources {
        cpu: usage.cpu(),
        memory: usage.memory(),
        ..Resources::default()
    })
}

fn role(row: &ContainerRow<'_>) -> &'static str {
    match row.container.role() {
        ContainerRole::Init => "init",
        ContainerRole::Sidecar => "sidecar",
        ContainerRole::Main => "main",
    }
}

fn state(row: &ContainerRow<'_>, cx: &Cx<'_>) -> Span {
    let lasts = |since| match since {
        Some(at) => format!(" {}", text::age(at, cx.now)),
        None => String::new(),
    };
    match row.container.state() {
        None if row.pod.node.is_none() => Span::new("○ not scheduled", Tone::Warn),
        None => Span::new("? not reported", Tone::Dim),
        Some(ContainerState::Unset) => Span::new("○ waiting", Tone::Dim),
        Some(ContainerState::Waiting(words)) => match &*words.reason {
            "" => Span::new("○ waiting", Tone::Dim),
            reason @ ("ContainerCreating" | "PodInitializing") => {
                Span::new(format!("◌ {reason}"), Tone::Busy)
            }
            reason => Span::new(format!("✕ {reason}"), Tone::Bad),
        },
        Some(ContainerState::Running { since }) => {
            let lasts = lasts(since.map(crate::model::Time::utc));
            Span::new(format!("● running{lasts}"), Tone::Good)
        }
        Some(ContainerState::Terminated(end)) if end.exit == 0 => {
            Span::new(format!("✓ ended{}", lasts(end.finished())), Tone::Dim)
        }
        Some(ContainerState::Terminated(end)) => {
            let reason = match end.reason() {
                "" => "ended",
                reason => reason,
            };
            Span::new(
                format!("✕ {reason} ({}){}", end.exit, lasts(end.finished())),
                Tone::Bad,
            )
        }
    }
}

/// How its life before this one ended, or what the kubelet says.
fn last(row: &ContainerRow<'_>, cx: &Cx<'_>) -> String {
    if let Some(end) = row.container.last() {
        let ago = end
            .finished()
            .map(|at| format!(" {} ago", text::age(at, cx.now)))
            .unwrap_or_default();
        return format!("{} ({}){ago}", end.reason(), end.exit);
    }
    match row.container.state() {
        Some(ContainerState::Waiting(words)) => words.message.to_string(),
        Some(ContainerState::Terminated(end)) => end.message().to_owned(),
        _ => String::new(),
    }
}

/// `use/request/limit`.
fn amounts(used: Option<i64>, asked: i64, limit: i64, write: fn(i64) -> String) -> Span {
    let of = |n: i64| if n > 0 { write(n) } else { "-".to_owned() };
    let tone = match used {
        Some(used) if limit > 0 && used * 10 >= limit * 9 => Tone::Bad,
        Some(used) if asked > 0 && used > asked => Tone::Warn,
        Some(_) | None => Tone::Plain,
    };
    let used = used.map_or_else(|| "-".to_owned(), write);
    Span::new(format!("{used}/{}/{}", of(asked), of(limit)), tone)
}

#[rustfmt::skip]
static COLUMNS: &[Column<Containers>] = &[
    Column { title: "CONTAINER", width: Width::Grow(12, 2), right: false, rank: 0, find: Find::Text(|r| r.container.name()), way: Sorted::Up,
        cell: |r, _| text::plain(r.container.name()), key: |r, _| Value::text(r.container.name()) },
    Column { title: "ROLE", width: Width::Fixed(7), right: false, rank: 2, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(role(r), Tone::Dim), key: |r, _| Value::Int(r.at.into()) },
    Column { title: "STATE", width: Width::Grow(14, 2), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, cx| state(r, cx), key: |r, cx| Value::Text(state(r, cx).text.into()) },
    Column { title: "READY", width: Width::Fixed(5), right: false, rank: 3, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| match (r.container.ready(), r.container.runs()) { (true, _) => Span::new("yes", Tone::Plain), (false, true) => Span::new("no", Tone::Warn), (false, false) => Span::new("-", Tone::Dim) },
        key: |r, _| Value::Int(i64::from(r.container.ready())) },
    Column { title: "RESTARTS", width: Width::Fixed(8), right: true, rank: 2, find: Find::Cell, way: Sorted::Down,
        cell: |r, _| Span::new(r.container.restarts().to_string(), if r.container.restarts() > 0 { Tone::Warn } else { Tone::Dim }),
        key: |r, _| Value::Int(r.container.restarts().into()) },
    Column { title: "CPU", width: Width::Fixed(14), right: true, rank: 1, find: Find::Cell, way: Sorted::Down,
        cell: |r, cx| amounts(used(cx, r).map(|u| u.cpu), r.container.spec.requests.cpu, r.container.spec.limits.cpu, text::cpu),
        key: |r, cx| Value::Pair(used(cx, r).map_or(0, |u| u.cpu), r.container.spec.requests.cpu) },
    Column { title: "MEM", width: Width::Fixed(17), right: true, rank: 1, find: Find::Cell, way: Sorted::Down,
        cell: |r, cx| amounts(used(cx, r).map(|u| u.memory), r.container.spec.requests.memory, r.container.spec.limits.memory, text::memory),
        key: |r, cx| Value::Pair(used(cx, r).map_or(0, |u| u.memory), r.container.spec.requests.memory) },
    Column { title: "LAST", width: Width::Grow(12, 3), right: false, rank: 3, find: Find::Cell, way: Sorted::Up,
        cell: |r, cx| Span::new(last(r, cx), Tone::Dim), key: |r, cx| Value::text(&last(r, cx).into()) },
    Column { title: "IMAGE", width: Width::Grow(14, 3), right: false, rank: 4, find: Find::Text(|r| &r.container.spec.image), way: Sorted::Up,
        cell: |r, _| text::plain(&r.container.spec.image), key: |r, _| Value::text(&r.container.spec.image) },
    cluster(),
];
