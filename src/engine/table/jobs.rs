//! Rows of jobs.

use std::fmt::Write as _;

use chrono::TimeDelta;

use super::{Column, Cx, Find, RowKey, Rows, Scope, Value, Walk, cluster};
use crate::ci::worker::looks_after;
use crate::engine::view::{Sorted, Span, Tone, Width};
use crate::engine::{text, usage};
use crate::model::id::empty;
use crate::model::{Job, Phase, Pod, Text, Usage};

/// A job that waits longer than this stands out.
pub(crate) const LONG_WAIT: TimeDelta = TimeDelta::seconds(60);

/// The vocabulary.
pub(crate) struct Jobs;

impl Rows for Jobs {
    type Row<'a> = &'a Job;
    const NAME: &'static str = "jobs";
    const IN_ORDER: bool = true;

    fn columns() -> &'static [Column<Self>] {
        COLUMNS
    }

    fn get<'a>(key: &RowKey, cx: &Cx<'a>) -> Option<&'a Job> {
        match key {
            RowKey::Job(_, key) => cx.model.job(key),
            _ => None,
        }
    }

    fn most(cx: &Cx<'_>) -> usize {
        cx.model.job_count()
    }

    fn all(_: &Scope, cx: &Cx<'_>) -> Vec<RowKey> {
        let jobs = cx.model.jobs();
        jobs.map(|job| RowKey::Job(cx.no, job.key())).collect()
    }

    fn walk<'a>(
        walk: &mut Walk,
        _: &Scope,
        cx: &Cx<'a>,
        rows: usize,
        tell: &mut dyn FnMut(RowKey, &'a Job),
    ) -> bool {
        let at = std::mem::take(walk);
        let behind = match &at {
            Walk::Job(key) => Some(key),
            Walk::Start | Walk::Keys(_) | Walk::Pod(..) => None,
        };
        let mut jobs = cx.model.jobs_behind(behind).peekable();
        let mut last = None;
        for job in jobs.by_ref().take(rows) {
            tell(RowKey::Job(cx.no, job.key()), job);
            last = Some(job);
        }
        if let Some(job) = last {
            *walk = Walk::Job(job.key());
        }
        jobs.peek().is_some()
    }

    fn within(job: &&Job, scope: &Scope, cx: &Cx<'_>) -> bool {
        cx.namespace.is_none_or(|ns| ns == job.namespace())
            && match scope {
                Scope::All => true,
                Scope::Pool(_, pool) => cx.model.pool_of_job(job) == Some(pool),
                Scope::Node(_, node) => job.node() == Some(node),
                // What a worker has in hand, or what a CronJob started.
                Scope::Pod(_, uid) => {
                    let worker = cx.model.pod(uid);
                    worker.is_some_and(|worker| looks_after(worker, job))
                }
                Scope::Workload(_, _, uid) => {
                    let batch = cx.model.batch_job_by_uid(job.source());
                    let owner = batch.and_then(|batch| batch.meta.owner.as_ref());
                    owner.is_some_and(|owner| owner.uid == *uid)
                }
                Scope::Service(..) | Scope::Events(_) | Scope::Action(_) | Scope::Kind(_) => false,
            }
    }

    /// Once its node tells its pool.
    fn steady(job: &&Job, _: &Cx<'_>) -> bool {
        job.node().is_some()
    }

    fn labels<'a>(job: &&'a Job, cx: &Cx<'a>) -> Option<&'a crate::model::Labels> {
        let pod = cx.model.pod(job.pod()?)?;
        Some(&pod.meta.labels)
    }

    /// Waiting on top, the longest first; then what runs, the longest first; then what ended, the last
    /// first.
    fn natural(job: &&Job, _: &Cx<'_>) -> Value {
        match (job.phase, job.ended()) {
            (Phase::Queued, _) => Value::Pair(0, job.created().timestamp_millis()),
            (phase, Some(ended)) if phase.ended() => Value::Pair(2, -ended.timestamp_millis()),
            (phase, None) if phase.ended() => Value::Pair(2, -job.created().timestamp_millis()),
            _ => {
                let began = job.started().or(job.scheduled()).unwrap_or(job.created());
                Value::Pair(1, began.timestamp_millis())
            }
        }
    }

    /// None: those that are alike stand by system and id.
    fn tie(_: &&Job) -> (Text, Text) {
        (empty(), empty())
    }
}

fn text_of(text: &str) -> Span {
    Span::new(text.to_owned(), Tone::Plain)
}

fn value_of(text: &str) -> Value {
    Value::text(&text.into())
}

fn step(job: &Job) -> String {
    let mut text = String::new();
    write_step(job, &mut text);
    text
}

fn write_step(job: &Job, to: &mut String) {
    if let Some((index, total, step)) = job.current_step() {
        // Writing to a String cannot fail.
        let _ = write!(to, "{index}/{total} {}", step.name);
    }
}

fn pod<'a>(job: &Job, cx: &Cx<'a>) -> Option<&'a Pod> {
    cx.model.pod(job.pod()?)
}

fn used(job: &Job, cx: &Cx<'_>) -> Option<Usage> {
    cx.model.pod_usage(pod(job, cx)?)
}

fn wait(job: &Job, cx: &Cx<'_>) -> Span {
    let seconds = job.wait_seconds(cx.now);
    let tone = if job.phase == Phase::Queued && seconds >= LONG_WAIT.num_seconds() {
        Tone::Warn
    } else {
        Tone::Plain
    };
    Span::new(text::seconds(seconds), tone)
}

#[rustfmt::skip]
static COLUMNS: &[Column<Jobs>] = &[
    Column { title: "JOB", width: Width::Grow(24, 4), right: false, rank: 0, find: Find::Written(|j, _, to| text::write_title(j, to)), way: Sorted::Up,
        cell: |j, _| Span::new(text::job_title(j), Tone::Plain),
        key: |j, _| Value::Text(text::job_title(j).into()) },
    Column { title: "REF", width: Width::Grow(9, 1), right: false, rank: 4, find: Find::Text(|j| j.reference()), way: Sorted::Up,
        cell: |j, _| text_of(j.reference()), key: |j, _| value_of(j.reference()) },
    Column { title: "STEP", width: Width::Grow(12, 1), right: false, rank: 3, find: Find::Written(|j, _, to| write_step(j, to)), way: Sorted::Up,
        cell: |j, _| Span::new(step(j), Tone::Plain),
        key: |j, _| Value::text(&step(j).into()) },
    Column { title: "PHASE", width: Width::Fixed(11), right: false, rank: 0, find: Find::Number(|j, _| j.phase as i64), way: Sorted::Up,
        cell: |j, _| text::phase(j.phase), key: |j, _| Value::Int(j.phase as i64) },
    Column { title: "NODE", width: Width::Grow(6, 1), right: false, rank: 1, find: Find::Text(|j| j.node().map_or("", |n| n)), way: Sorted::Up,
        cell: |j, _| j.node().map(|t| text_of(t)).unwrap_or_default(),
        key: |j, _| j.node().map_or(Value::Missing, Value::text) },
    Column { title: "WAIT", width: Width::Fixed(6), right: true, rank: 1, find: Find::Moves, way: Sorted::Down,
        cell: |j, cx| wait(j, cx),
        key: |j, _| Value::duration(Some(j.created()), j.started().or(j.ended())) },
    Column { title: "RUN", width: Width::Fixed(6), right: true, rank: 1, find: Find::Moves, way: Sorted::Down,
        cell: |j, cx| Span::new(j.run_seconds(cx.now).map(text::seconds).unwrap_or_default(), Tone::Plain),
        key: |j, _| Value::duration(j.started(), j.ended()) },
    Column { title: "CPU", width: Width::Fixed(9), right: true, rank: 4, find: Find::Moves, way: Sorted::Down,
        cell: |j, cx| usage::pod_cpu(pod(j, cx), cx.model, cx.now),
        key: |j, cx| used(j, cx).map_or(Value::Missing, |u| Value::Int(u.cpu())) },
    Column { title: "MEM", width: Width::Fixed(10), right: true, rank: 4, find: Find::Moves, way: Sorted::Down,
        cell: |j, cx| usage::pod_memory(pod(j, cx), cx.model, cx.now),
        key: |j, cx| used(j, cx).map_or(Value::Missing, |u| Value::Int(u.memory())) },
    Column { title: "WHO", width: Width::Fixed(9), right: false, rank: 5, find: Find::Text(|j| j.author()), way: Sorted::Up,
        cell: |j, _| text_of(j.author()), key: |j, _| value_of(j.author()) },
    Column { title: "FAILURE", width: Width::Grow(14, 2), right: false, rank: 6, find: Find::Text(|j| &j.failure), way: Sorted::Up,
        cell: |j, _| Span::new(j.failure.to_string(), Tone::Bad), key: |j, _| Value::text(&j.failure) },
    Column { title: "POOL", width: Width::Grow(12, 1), right: false, rank: 7, find: Find::Written(|j, cx, to| to.push_str(cx.model.pool_of_job(j).map_or("", |pool| pool))), way: Sorted::Up,
        cell: |j, cx| cx.model.pool_of_job(j).map(|t| text_of(t)).unwrap_or_default(),
        key: |j, cx| cx.model.pool_of_job(j).map_or(Value::Missing, Value::text) },
    Column { title: "TRY", width: Width::Fixed(3), right: true, rank: 8, find: Find::Number(|j, _| j.attempt.map_or(-1, i64::from)), way: Sorted::Down,
        cell: |j, _| Span::new(j.attempt.map(|n| n.to_string()).unwrap_or_default(), Tone::Plain),
        key: |j, _| j.attempt.map_or(Value::Missing, |n| Value::Int(n.into())) },
    Column { title: "AGE", width: Width::Fixed(6), right: true, rank: 9, find: Find::Moves, way: Sorted::Up,
        cell: |j, cx| Span::new(text::age(j.created(), cx.now), Tone::Dim),
        key: |j, _| Value::age(Some(j.created())) },
    Column { title: "PIPELINE", width: Width::Grow(9, 1), right: false, rank: 10, find: Find::Text(|j| j.pipeline()), way: Sorted::Up,
        cell: |j, _| text_of(j.pipeline()), key: |j, _| value_of(j.pipeline()) },
    Column { title: "POD", width: Width::Grow(16, 1), right: false, rank: 11, find: Find::Text(|j| j.pod_name()), way: Sorted::Up,
        cell: |j, _| text_of(j.pod_name()), key: |j, _| Value::text(j.pod_name()) },
    Column { title: "NAMESPACE", width: Width::Grow(9, 1), right: false, rank: 12, find: Find::Text(|j| j.namespace()), way: Sorted::Up,
        cell: |j, _| text_of(j.namespace()), key: |j, _| Value::text(j.namespace()) },
    Column { title: "SYSTEM", width: Width::Fixed(10), right: false, rank: 13, find: Find::Text(|j| j.system().0), way: Sorted::Up,
        cell: |j, _| Span::new(j.system().0, Tone::Dim), key: |j, _| Value::Text(j.system().0.into()) },
    Column { title: "ID", width: Width::Fixed(10), right: false, rank: 14, find: Find::Text(|j| &j.id.0), way: Sorted::Up,
        cell: |j, _| Span::new(j.id.to_string(), Tone::Dim), key: |j, _| Value::Text(j.id.0.clone()) },
    cluster(),
];
