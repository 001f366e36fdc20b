//! What a pod costs in memory: the growth of this process's resident set while a model fills, by kind of pod.
//! `cargo bench --bench memory -- [PODS] [NODES]`.
//!
//! With `churn`: what it is while that many pods stand and others come, change three times and go; and what
//! taking in a change costs (the objects are decoded before the clock runs).

mod cluster;

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use cluster::{Shape, node, object, pod};
use constable::ci::Reader;
use constable::cluster::decode::Decoder;
use constable::model::{Batch, Delta, Kind, Model, Object};
use serde_json::Value;

fn main() -> std::io::Result<()> {
    let mut numbers = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse::<usize>().ok());
    let pods = numbers.next().unwrap_or(150_000);
    let nodes = numbers.next().unwrap_or(5_000);
    let only = std::env::args().find_map(|a| a.strip_prefix("shape=").map(str::to_owned));
    let mut out = std::io::stdout().lock();
    for (name, shape) in [
        ("small", Shape::Small),
        ("platform", Shape::Platform),
        ("service", Shape::Service),
    ] {
        match &only {
            Some(only) if only == name => measure(&mut out, name, shape, pods, nodes)?,
            // Each in a process of its own: freed memory is not given back at once.
            None => {
                let me = std::env::current_exe()?;
                let shape = format!("shape={name}");
                let args = std::env::args().skip(1).chain([shape]);
                std::process::Command::new(me).args(args).status()?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn measure(
    out: &mut impl std::io::Write,
    name: &str,
    shape: Shape,
    pods: usize,
    nodes: usize,
) -> std::io::Result<()> {
    let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    let mut decoder = Decoder::new();
    let mut model = Model::default();
    let base = resident()?;
    apply(&mut model, now, Kind::Node, Delta::SyncStart);
    for i in 0..nodes {
        let delta = Delta::Upsert(object(&mut decoder, Kind::Node, &node(i)));
        apply(&mut model, now, Kind::Node, delta);
    }
    apply(&mut model, now, Kind::Node, Delta::SyncEnd);
    let with_nodes = resident()?;
    if std::env::args().any(|a| a == "pods-only") {
        let mut kept: Vec<Object> = Vec::new();
        for i in 0..pods {
            kept.push(object(&mut decoder, Kind::Pod, &pod(shape, i, 0, nodes)));
        }
        let grown = resident()? - with_nodes;
        return writeln!(
            out,
            "{name:9} {:5} bytes a pod, decoded pods alone ({})",
            grown / pods,
            kept.len()
        );
    }
    apply(&mut model, now, Kind::Pod, Delta::SyncStart);
    for i in 0..pods {
        let delta = Delta::Upsert(object(&mut decoder, Kind::Pod, &pod(shape, i, 0, nodes)));
        apply(&mut model, now, Kind::Pod, delta);
    }
    apply(&mut model, now, Kind::Pod, Delta::SyncEnd);
    if std::env::args().any(|a| a == "churn") {
        return churn(out, name, shape, model, decoder, pods, nodes);
    }
    let full = resident()?;
    writeln!(
        out,
        "{name:9} {:5} bytes a pod, {:5} bytes a node; {} pods, {} jobs, resident {} MB",
        (full - with_nodes) / pods,
        (with_nodes - base) / nodes.max(1),
        model.count(Kind::Pod),
        model.job_count(),
        full >> 20
    )
}

/// What a change costs when they come a hundred at a time.
fn changes(
    out: &mut impl std::io::Write,
    name: &str,
    shape: Shape,
    model: &mut Model,
    decoder: &mut Decoder,
    pods: usize,
    nodes: usize,
) -> std::io::Result<()> {
    let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    let (mut spent, mut events) = (Duration::ZERO, 0);
    for turn in 1..=5 {
        let batches: Vec<Batch> = (0..200)
            .map(|batch| Batch {
                kind: Kind::Pod,
                deltas: (0..100)
                    .map(|i| (batch * 100 + i) * 7919 % pods)
                    .map(|i| object(decoder, Kind::Pod, &pod(shape, i, turn, nodes)))
                    .map(Delta::Upsert)
                    .collect(),
            })
            .collect();
        events += batches.iter().map(|b| b.deltas.len()).sum::<usize>();
        let begun = Instant::now();
        for batch in batches {
            drop(model.apply(now, batch, &Reader));
        }
        spent += begun.elapsed();
    }
    let each = spent.as_secs_f64() * 1e6 / events as f64;
    writeln!(out, "{name:9} {each:.2} us a change, a hundred at a time")
}

/// Pods that come and go beside those that stand.
const PASSING: usize = 400;

fn churn(
    out: &mut impl std::io::Write,
    name: &str,
    shape: Shape,
    mut model: Model,
    mut decoder: Decoder,
    pods: usize,
    nodes: usize,
) -> std::io::Result<()> {
    let mut now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
    changes(out, name, shape, &mut model, &mut decoder, pods, nodes)?;
    let mut spent = [Duration::ZERO; 3];
    let mut events = [0_u32; 3];
    writeln!(out, "{name:9} {} MB, {pods} pods stand", resident()? >> 20)?;
    for n in 0..60_000 {
        let pod = |number: usize, turn: usize| pod(shape, pods + number, turn, nodes);
        let mut step = |model: &mut Model, what: usize, delta: Delta| {
            let batch = Batch {
                kind: Kind::Pod,
                deltas: vec![delta],
            };
            let begun = Instant::now();
            drop(model.apply(now, batch, &Reader));
            spent[what] += begun.elapsed();
            events[what] += 1;
        };
        let object =
            |decoder: &mut Decoder, value: Value| Delta::Upsert(object(decoder, Kind::Pod, &value));
        step(&mut model, 0, object(&mut decoder, pod(n, 0)));
        for (turn, age) in [(1, 40), (2, 200), (3, 380)] {
            if n >= age {
                step(&mut model, 1, object(&mut decoder, pod(n - age, turn)));
            }
        }
        if n >= PASSING {
            let Object::Pod(gone) = cluster::object(&mut decoder, Kind::Pod, &pod(n - PASSING, 3))
            else {
                continue;
            };
            let delta = Delta::Remove {
                uid: gone.meta.uid.clone(),
                namespace: gone.meta.namespace.clone(),
                name: gone.meta.name.clone(),
            };
            drop(gone);
            step(&mut model, 2, delta);
        }
        if n % 200 == 199 {
            now += TimeDelta::seconds(1);
            model.tick(now);
        }
        if n % 10_000 == 9_999 {
            let micros = |i: usize| spent[i].as_secs_f64() * 1e6 / f64::from(events[i].max(1));
            writeln!(
                out,
                "{name:9} {} MB after {} came; us to take in one that is new {:.2}, changed {:.2}, gone {:.2}",
                resident()? >> 20,
                n + 1,
                micros(0),
                micros(1),
                micros(2),
            )?;
        }
    }
    if std::env::args().any(|a| a == "census") {
        for (what, count) in model.census().into_iter().chain(decoder.census()) {
            writeln!(out, "{count:9} {what}")?;
        }
    }
    Ok(())
}

fn apply(model: &mut Model, now: DateTime<Utc>, kind: Kind, delta: Delta) {
    let deltas = vec![delta];
    model.apply(now, Batch { kind, deltas }, &Reader);
}

/// Bytes of memory that this process holds.
fn resident() -> std::io::Result<usize> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|l| l.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes
        .map(|k| k * 1024)
        .ok_or_else(|| std::io::Error::other("no VmRSS in /proc/self/status"))
}
