//! Rows of pods, with status, ready and restarts as kubectl prints them.

use std::fmt::Write as _;

use super::{Column, Cx, Find, RowKey, Rows, Scope, Value, Walk, cluster};
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::engine::{text, usage};
use crate::model::status::pod_status;
use crate::model::{Kind, Pod, Text};

/// The vocabulary.
pub(crate) struct Pods;

impl Rows for Pods {
    type Row<'a> = &'a Pod;
    const NAME: &'static str = "pods";
    const IN_ORDER: bool = true;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<&'a Pod> {
        match key {
            RowKey::Pod(_, uid) => cx.model.pod(uid),
            _ => None,
        }
    }

    fn most(cx: &Cx<'_>) -> usize {
        cx.model.count(Kind::Pod)
    }

    fn all(scope: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let key = |pod: &Pod| RowKey::Pod(cx.no, pod.meta.uid.clone());
        match scope {
            Scope::All | Scope::Pool(..) => cx.model.pods().map(key).collect(),
            Scope::Node(_, node) => cx.model.pods_on(node).map(key).collect(),
            Scope::Service(_, namespace, _) => cx.model.pods_in(namespace).map(key).collect(),
            Scope::Workload(_, kind, uid) => match cx.model.workload_by_uid(*kind, uid) {
                Some(workload) => {
                    let pods = cx.model.pods_of_workload(workload);
                    pods.into_iter().map(key).collect()
                }
                None => Vec::new(),
            },
            Scope::Events(_) | Scope::Action(_) | Scope::Kind(_) | Scope::Pod(..) => Vec::new(),
        }
    }

    fn walk<'a>(
        walk: &mut Walk,
        scope: &Scope,
        cx: &Cx<'a>,
        rows: usize,
        tell: &mut dyn FnMut(RowKey, &'a Pod),
    ) -> bool {
        if !matches!(scope, Scope::All | Scope::Pool(..)) {
            return walk.keys(
                rows,
                || Self::all(scope, cx),
                |key| {
                    if let Some(pod) = Self::get(&key, cx) {
                        tell(key, pod);
                    }
                },
            );
        }
        let at = std::mem::take(walk);
        let behind = match &at {
            Walk::Pod(namespace, name) => Some((&**namespace, &**name)),
            Walk::Start | Walk::Keys(_) | Walk::Job(_) => None,
        };
        let mut pods = cx.model.pods_behind(behind).peekable();
        let mut last = None;
        for pod in pods.by_ref().take(rows) {
            tell(RowKey::Pod(cx.no, pod.meta.uid.clone()), pod);
            last = Some(pod);
        }
        if let Some(pod) = last {
            *walk = Walk::Pod(pod.meta.namespace.clone(), pod.meta.name.clone());
        }
        pods.peek().is_some()
    }

    fn within(pod: &&Pod, scope: &Scope, cx: &Cx<'_>) -> bool {
        let namespace = &pod.meta.namespace;
        cx.namespace.is_none_or(|ns| ns == namespace)
            && match scope {
                Scope::All => true,
                Scope::Pool(_, pool) => {
                    pod.node.as_ref().and_then(|n| cx.model.pool_of_node(n)) == Some(pool)
                }
                Scope::Node(_, node) => pod.node.as_ref() == Some(node),
                Scope::Service(_, ns, service) => ns == namespace && behind(pod, service, cx),
                Scope::Workload(..) => true,
                Scope::Events(_) | Scope::Action(_) | Scope::Kind(_) | Scope::Pod(..) => false,
            }
    }

    /// But for a batch Job's pods: what is known of the Job may come later.
    fn steady(pod: &&Pod, _: &Cx<'_>) -> bool {
        let owner = pod.meta.owner.as_ref();
        owner.is_none_or(|owner| &*owner.kind != "Job")
    }

    fn labels<'a>(pod: &&'a Pod, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        Some(&pod.meta.labels)
    }

    fn natural(_: &&Pod, _: &Cx<'_>) -> Value {
        Value::Int(0)
    }

    fn tie(pod: &&Pod) -> (Text, Text) {
        (pod.meta.namespace.clone(), pod.meta.name.clone())
    }
}

/// By the Service's selector, or by its endpoints where it has none.
fn behind(pod: &Pod, service: &Text, cx: &Cx<'_>) -> bool {
    let namespace = &pod.meta.namespace;
    let selector = cx
        .model
        .service(namespace, service)
        .map(|s| &*s.selector)
        .unwrap_or_default();
    if selector.is_empty() {
        return cx
            .model
            .slices_of(namespace, service)
            .any(|slice| slice.endpoints.iter().any(|e| e.pod == pod.meta.name));
    }
    crate::model::select::service_covers(selector, &pod.meta.labels)
}

pub(super) fn status(pod: &Pod) -> Span {
    let status = pod_status(pod);
    let (glyph, tone) = match &*status.status {
        "Running" if status.ready == status.total => ("●", Tone::Good),
        "Running" => ("◐", Tone::Warn),
        // Some of its containers have ended: the usual state of a job pod between two steps.
        "NotReady" => ("◐", Tone::Busy),
        "Completed" | "Succeeded" => ("✓", Tone::Dim),
        "Pending" | "SchedulingGated" => ("○", Tone::Warn),
        "ContainerCreating" | "PodInitializing" | "Terminating" => ("◌", Tone::Busy),
        word if word.starts_with("Init:") && word.contains('/') => ("◌", Tone::Busy),
        _ => ("✕", Tone::Bad),
    };
    Span::new(format!("{glyph} {}", status.status), tone)
}

fn ip(pod: &Pod) -> String {
    pod.ip.map(|ip| ip.to_string()).unwrap_or_default()
}

fn job(pod: &Pod, cx: &Cx<'_>) -> String {
    cx.model
        .job_of_pod(&pod.meta.uid)
        .map(text::job_title)
        .unwrap_or_default()
}

#[rustfmt::skip]
static COLUMNS: &[Column<Pods>] = &[
    Column { title: "NAMESPACE", width: Width::Grow(9, 1), right: false, rank: 2, find: Find::Text(|p| &p.meta.namespace), way: Sorted::Up,
        cell: |p, _| text::plain(&p.meta.namespace), key: |p, _| Value::text(&p.meta.namespace) },
    Column { title: "POD", width: Width::Grow(18, 4), right: false, rank: 0, find: Find::Text(|p| &p.meta.name), way: Sorted::Up,
        cell: |p, _| text::plain(&p.meta.name), key: |p, _| Value::text(&p.meta.name) },
    Column { title: "READY", width: Width::Fixed(5), right: true, rank: 1, find: Find::Cell, way: Sorted::Up,
        cell: |p, _| Span::new(pod_status(p).ready_text(), Tone::Plain),
        key: |p, _| { let s = pod_status(p); Value::Int(i64::from(s.ready) - i64::from(s.total)) } },
    Column { title: "STATUS", width: Width::Grow(11, 2), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |p, _| status(p), key: |p, _| Value::Text(pod_status(p).status.into()) },
    Column { title: "RESTARTS", width: Width::Fixed(13), right: true, rank: 3, find: Find::Moves, way: Sorted::Down,
        cell: |p, cx| Span::new(pod_status(p).restarts_text(cx.now), Tone::Plain),
        key: |p, _| Value::Int(pod_status(p).restarts) },
    Column { title: "AGE", width: Width::Fixed(6), right: true, rank: 1, find: Find::Moves, way: Sorted::Up,
        cell: |p, cx| Span::new(text::age(p.meta.created, cx.now), Tone::Dim),
        key: |p, _| Value::age(Some(p.meta.created)) },
    Column { title: "NODE", width: Width::Grow(6, 1), right: false, rank: 1, find: Find::Text(|p| p.node.as_ref().map_or("", |n| n)), way: Sorted::Up,
        cell: |p, _| p.node.as_ref().map(text::plain).unwrap_or_default(),
        key: |p, _| p.node.as_ref().map_or(Value::Missing, Value::text) },
    Column { title: "JOB", width: Width::Grow(12, 2), right: false, rank: 4, find: Find::Written(|p, cx, to| {
            if let Some(job) = cx.model.job_of_pod(&p.meta.uid) { text::write_title(job, to); }
        }), way: Sorted::Up,
        cell: |p, cx| Span::new(job(p, cx), Tone::Plain), key: |p, cx| Value::text(&job(p, cx).into()) },
    Column { title: "CPU", width: Width::Fixed(9), right: true, rank: 4, find: Find::Moves, way: Sorted::Down,
        cell: |p, cx| usage::pod_cpu(Some(p), cx.model, cx.now),
        key: |p, cx| Value::Pair(cx.model.pod_usage(p).map_or(-1, |u| u.cpu()), p.spec.requests.cpu) },
    Column { title: "MEM", width: Width::Fixed(10), right: true, rank: 4, find: Find::Moves, way: Sorted::Down,
        cell: |p, cx| usage::pod_memory(Some(p), cx.model, cx.now),
        key: |p, cx| Value::Pair(cx.model.pod_usage(p).map_or(-1, |u| u.memory()), p.spec.requests.memory) },
    Column { title: "IP", width: Width::Fixed(15), right: false, rank: 6, find: Find::Written(|p, _, to| {
            if let Some(ip) = p.ip { let _ = write!(to, "{ip}"); }
        }), way: Sorted::Up,
        cell: |p, _| Span::new(ip(p), Tone::Plain), key: |p, _| Value::text(&ip(p).into()) },
    cluster(),
];
