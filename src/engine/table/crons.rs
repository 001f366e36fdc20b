//! Rows of CronJobs: when they start, and how it went.

use chrono::{DateTime, Utc};

use super::{Column, Cx, Find, RowKey, Rows, Scope, Value, cluster};
use crate::engine::rollout;
use crate::engine::text;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::model::{CronJob, Kind, Text};

/// The vocabulary.
pub(crate) struct Crons;

impl Rows for Crons {
    type Row<'a> = &'a CronJob;
    const NAME: &'static str = "cronjobs";
    const IN_ORDER: bool = true;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<&'a CronJob> {
        match key {
            RowKey::Workload(_, Kind::CronJob, uid) => cx.model.cron_job_by_uid(uid),
            _ => None,
        }
    }

    fn most(cx: &Cx<'_>) -> usize {
        cx.model.count(Kind::CronJob)
    }

    fn all(_: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let uids = cx.model.cron_jobs().map(|c| c.meta.uid.clone());
        uids.map(|uid| RowKey::Workload(cx.no, Kind::CronJob, uid))
            .collect()
    }

    fn within(row: &&CronJob, _: &Scope, cx: &Cx<'_>) -> bool {
        cx.namespace.is_none_or(|ns| *ns == row.meta.namespace)
    }

    fn labels<'a>(row: &&'a CronJob, _: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        Some(&row.meta.labels)
    }

    /// What is not well on top.
    fn natural(row: &&CronJob, cx: &Cx<'_>) -> Value {
        Value::Int(rollout::cron_weight(cx.model, row, cx.now))
    }

    fn tie(row: &&CronJob) -> (Text, Text) {
        (row.meta.namespace.clone(), row.meta.name.clone())
    }
}

/// `in 4m12s`; a suspended one starts never.
pub(crate) fn next(cron: &CronJob, now: DateTime<Utc>) -> Span {
    if cron.suspended {
        return Span::new("suspended", Tone::Dim);
    }
    match cron.next(now) {
        Ok(Some(at)) => Span::new(format!("in {}", text::age(now, at)), Tone::Plain),
        Ok(None) => Span::new("never", Tone::Warn),
        Err(_) => Span::new("?", Tone::Bad),
    }
}

fn ago(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Span {
    match at {
        Some(at) => Span::new(format!("{} ago", text::age(at, now)), Tone::Plain),
        None => Span::new("never", Tone::Dim),
    }
}

#[rustfmt::skip]
static COLUMNS: &[Column<Crons>] = &[
    Column { title: "NAME", width: Width::Grow(14, 3), right: false, rank: 0, find: Find::Text(|c| &c.meta.name), way: Sorted::Up,
        cell: |c, _| text::plain(&c.meta.name), key: |c, _| Value::text(&c.meta.name) },
    Column { title: "NAMESPACE", width: Width::Grow(9, 1), right: false, rank: 5, find: Find::Text(|c| &c.meta.namespace), way: Sorted::Up,
        cell: |c, _| text::plain(&c.meta.namespace), key: |c, _| Value::text(&c.meta.namespace) },
    Column { title: "SCHEDULE", width: Width::Grow(12, 1), right: false, rank: 1, find: Find::Text(|c| &c.schedule), way: Sorted::Up,
        cell: |c, _| text::plain(&c.schedule), key: |c, _| Value::text(&c.schedule) },
    Column { title: "ZONE", width: Width::Grow(8, 1), right: false, rank: 6, find: Find::Text(|c| &c.time_zone), way: Sorted::Up,
        cell: |c, _| text::plain(&c.time_zone), key: |c, _| Value::text(&c.time_zone) },
    Column { title: "NEXT", width: Width::Fixed(10), right: true, rank: 0, find: Find::Moves, way: Sorted::Up,
        cell: |c, cx| next(c, cx.now),
        key: |c, cx| if c.suspended { Value::Missing } else { c.next(cx.now).ok().flatten().map_or(Value::Missing, |at| Value::Int(at.timestamp())) } },
    Column { title: "LAST", width: Width::Fixed(11), right: true, rank: 2, find: Find::Moves, way: Sorted::Up,
        cell: |c, cx| ago(c.last_scheduled, cx.now), key: |c, _| Value::age(c.last_scheduled) },
    Column { title: "SUCCESS", width: Width::Fixed(11), right: true, rank: 3, find: Find::Moves, way: Sorted::Up,
        cell: |c, cx| ago(c.last_succeeded, cx.now), key: |c, _| Value::age(c.last_succeeded) },
    Column { title: "ACTIVE", width: Width::Fixed(6), right: true, rank: 4, find: Find::Cell, way: Sorted::Down,
        cell: |c, _| Span::new(c.active.to_string(), if c.active > 0 { Tone::Busy } else { Tone::Dim }),
        key: |c, _| Value::Int(i64::from(c.active)) },
    Column { title: "STATE", width: Width::Grow(14, 2), right: false, rank: 0, find: Find::Cell, way: Sorted::Up,
        cell: |c, cx| rollout::cron_state(cx.model, c, cx.now), key: |c, cx| Value::Int(rollout::cron_weight(cx.model, c, cx.now)) },
    Column { title: "AGE", width: Width::Fixed(6), right: true, rank: 7, find: Find::Moves, way: Sorted::Up,
        cell: |c, cx| Span::new(text::age(c.meta.created, cx.now), Tone::Dim), key: |c, _| Value::age(Some(c.meta.created)) },
    cluster(),
];
