//! Rows of workloads: what has pods made, and what has Jobs made.

use super::{Column, Cx, Find, RowKey, Rows, Scope, Value, cluster};
use crate::engine::rollout;
use crate::engine::text;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::model::{CronJob, Kind, Meta, Pod, Text, Workload};

/// The vocabulary.
pub(crate) struct Workloads;

/// What a row is.
#[derive(Clone, Copy)]
pub(crate) enum WorkloadRow<'a> {
    Pods(&'a Workload),
    Jobs(&'a CronJob),
}

impl<'a> WorkloadRow<'a> {
    pub(crate) fn meta(self) -> &'a Meta {
        match self {
            Self::Pods(workload) => &workload.meta,
            Self::Jobs(cron) => &cron.meta,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Pods(workload) => workload.kind.into(),
            Self::Jobs(_) => Kind::CronJob,
        }
    }
}

/// Kinds in the table, in its order.
pub(crate) const KINDS: [Kind; 4] = [
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
];

impl Rows for Workloads {
    type Row<'a> = WorkloadRow<'a>;
    const NAME: &'static str = "workloads";
    const IN_ORDER: bool = false;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<WorkloadRow<'a>> {
        match key {
            RowKey::Workload(_, Kind::CronJob, uid) => {
                cx.model.cron_job_by_uid(uid).map(WorkloadRow::Jobs)
            }
            RowKey::Workload(_, kind, uid) => {
                cx.model.workload_by_uid(*kind, uid).map(WorkloadRow::Pods)
            }
            _ => None,
        }
    }

    fn most(cx: &Cx<'_>) -> usize {
        let kinds = KINDS.iter().chain(&[Kind::CronJob]);
        kinds.map(|kind| cx.model.count(*kind)).sum()
    }

    fn all(scope: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let wanted = |kind: &Kind| !matches!(scope, Scope::Kind(only) if only != kind);
        let mut keys = Vec::new();
        for kind in KINDS.into_iter().filter(wanted) {
            let uids = rollout::listed(cx.model, kind).map(|w| w.meta.uid.clone());
            keys.extend(uids.map(|uid| RowKey::Workload(cx.no, kind, uid)));
        }
        if wanted(&Kind::CronJob) {
            let uids = cx.model.cron_jobs().map(|c| c.meta.uid.clone());
            keys.extend(uids.map(|uid| RowKey::Workload(cx.no, Kind::CronJob, uid)));
        }
        keys
    }

    fn within(row: &WorkloadRow<'_>, scope: &Scope, cx: &Cx<'_>) -> bool {
        let bare = row.kind() != Kind::ReplicaSet || row.meta().owner.is_none();
        bare && cx.namespace.is_none_or(|ns| *ns == row.meta().namespace)
            && match scope {
                Scope::Kind(kind) => *kind == row.kind(),
                _ => true,
            }
    }

    fn labels<'a>(row: &WorkloadRow<'a>, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        Some(&row.meta().labels)
    }

    /// What is not well on top.
    fn natural(row: &WorkloadRow<'_>, cx: &Cx<'_>) -> Value {
        let kind = KINDS.iter().position(|kind| *kind == row.kind());
        let kind = kind.unwrap_or(KINDS.len());
        Value::Pair(weight(*row, cx), i64::try_from(kind).unwrap_or(0))
    }

    fn tie(row: &WorkloadRow<'_>) -> (Text, Text) {
        (row.meta().namespace.clone(), row.meta().name.clone())
    }
}

fn weight(row: WorkloadRow<'_>, cx: &Cx<'_>) -> i64 {
    match row {
        WorkloadRow::Pods(workload) => rollout::weight(workload),
        WorkloadRow::Jobs(cron) => rollout::cron_weight(cx.model, cron, cx.now),
    }
}

fn ready(row: WorkloadRow<'_>) -> String {
    match row {
        WorkloadRow::Pods(w) => format!("{}/{}", w.ready, w.desired),
        WorkloadRow::Jobs(_) => String::new(),
    }
}

fn updated(row: WorkloadRow<'_>) -> String {
    match row {
        WorkloadRow::Pods(w) => w.updated.to_string(),
        WorkloadRow::Jobs(_) => String::new(),
    }
}

fn state(row: WorkloadRow<'_>, cx: &Cx<'_>) -> Span {
    match row {
        WorkloadRow::Pods(workload) => rollout::state(cx.model, workload, cx.now),
        WorkloadRow::Jobs(cron) => rollout::cron_state(cx.model, cron, cx.now),
    }
}

fn pools(row: WorkloadRow<'_>, cx: &Cx<'_>) -> String {
    match row {
        WorkloadRow::Pods(workload) => {
            let pods: Vec<&Pod> = cx.model.pods_of_workload(workload);
            rollout::pools(cx.model, &pods)
        }
        WorkloadRow::Jobs(_) => String::new(),
    }
}

fn ready_tone(row: WorkloadRow<'_>) -> Tone {
    match row {
        WorkloadRow::Pods(w) if w.ready < w.desired => Tone::Warn,
        WorkloadRow::Pods(_) | WorkloadRow::Jobs(_) => Tone::Plain,
    }
}

#[rustfmt::skip]
static COLUMNS: &[Column<Workloads>] = &[
    Column { title: "KIND", width: Width::Fixed(11), right: false, rank: 2, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(r.kind().word(), Tone::Dim), key: |r, _| Value::Text(r.kind().word().into()) },
    Column { title: "NAME", width: Width::Grow(14, 3), right: false, rank: 0, find: Find::Text(|r| &r.meta().name), way: Sorted::Up,
        cell: |r, _| text::plain(&r.meta().name), key: |r, _| Value::text(&r.meta().name) },
    Column { title: "NAMESPACE", width: Width::Grow(9, 1), right: false, rank: 3, find: Find::Text(|r| &r.meta().namespace), way: Sorted::Up,
        cell: |r, _| text::plain(&r.meta().namespace), key: |r, _| Value::text(&r.meta().namespace) },
    Column { title: "READY", width: Width::Fixed(7), right: true, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(ready(*r), ready_tone(*r)),
        key: |r, _| match r { WorkloadRow::Pods(w) => Value::Int(i64::from(w.ready) - i64::from(w.desired)), WorkloadRow::Jobs(_) => Value::Missing } },
    Column { title: "UPDATED", width: Width::Fixed(7), right: true, rank: 4, find: Find::Cell, way: Sorted::Up,
        cell: |r, _| Span::new(updated(*r), Tone::Dim),
        key: |r, _| match r { WorkloadRow::Pods(w) => Value::Int(i64::from(w.updated)), WorkloadRow::Jobs(_) => Value::Missing } },
    Column { title: "STATE", width: Width::Grow(22, 5), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |r, cx| state(*r, cx), key: |r, cx| Value::Int(weight(*r, cx)) },
    Column { title: "AGE", width: Width::Fixed(6), right: true, rank: 2, find: Find::Moves, way: Sorted::Up,
        cell: |r, cx| Span::new(text::age(r.meta().created, cx.now), Tone::Dim),
        key: |r, _| Value::age(Some(r.meta().created)) },
    Column { title: "POOL", width: Width::Grow(10, 2), right: false, rank: 3, find: Find::Cell, way: Sorted::Up,
        cell: |r, cx| Span::new(pools(*r, cx), Tone::Plain), key: |r, cx| Value::text(&pools(*r, cx).into()) },
    cluster(),
];
