//! Rows of `get pools`, and amounts as nodes show them too.

use serde_json::{Value, json};

use super::{View, known, maybe_time};
use crate::model::{NodeCounts, Pool, Resources, age, quantity};

pub(super) const HEADS: &[&str] = &[
    "NAME", "RANK", "NODES", "RUNNING", "WAITING", "SLOTS", "CPU", "MEMORY",
];
pub(super) const MORE: &[&str] = &["CORDONED", "COMING", "OLDEST", "REASON"];

pub(super) fn json(pool: &Pool) -> Value {
    let nodes = pool.nodes.map_or(
        Value::Null,
        |n| json!({"total": n.total, "ready": n.ready, "cordoned": n.cordoned, "coming": n.coming}),
    );
    json!({
        "name": &*pool.name,
        "rank": pool.rank.as_str(),
        "rank_reason": known(&pool.why),
        "nodes": nodes,
        "jobs": {"running": pool.jobs.running, "waiting": pool.jobs.waiting},
        "cpu": amounts(pool.requested.cpu, pool.allocatable.map(|a| a.cpu)),
        "memory": amounts(pool.requested.memory, pool.allocatable.map(|a| a.memory)),
        "slots": pool.slots.map(|s| json!({"free": s.free, "total": s.total})),
        "oldest_waiting": maybe_time(pool.oldest),
    })
}

pub(super) fn cells(view: &View<'_>, pool: &Pool, wide: bool) -> Vec<String> {
    let mut cells = vec![
        pool.name.to_string(),
        pool.rank.to_string(),
        pool.nodes.map_or("not visible".into(), |n| {
            format!("{}/{} ready", n.ready, n.total)
        }),
        pool.jobs.running.to_string(),
        pool.jobs.waiting.to_string(),
        pool.slots
            .map_or("?".into(), |s| format!("{} of {} free", s.free, s.total)),
        cpu_share(pool.requested, pool.allocatable),
        memory_share(pool.requested, pool.allocatable),
    ];
    if wide {
        let count =
            |of: fn(NodeCounts) -> u32| pool.nodes.map_or("?".to_owned(), |n| of(n).to_string());
        cells.extend([
            count(|n| n.cordoned),
            count(|n| n.coming),
            pool.oldest
                .map_or("<none>".into(), |t| age::since(Some(t), view.now)),
            pool.why.to_string(),
        ]);
    }
    cells
}

pub(super) fn amounts(requested: i64, allocatable: Option<i64>) -> Value {
    json!({"allocatable": allocatable, "requested": requested})
}

/// `1.2/16 (8%)`.
fn share(requested: String, allocatable: Option<String>, of: (i64, Option<i64>)) -> String {
    match (allocatable, of) {
        (Some(text), (part, Some(whole))) if whole > 0 => {
            format!("{requested}/{text} ({}%)", part * 100 / whole)
        }
        (Some(text), _) => format!("{requested}/{text}"),
        (None, _) => format!("{requested}/?"),
    }
}

pub(super) fn cpu_share(requested: Resources, allocatable: Option<Resources>) -> String {
    let all = allocatable.map(|a| a.cpu);
    share(
        quantity::cpu(requested.cpu),
        all.map(quantity::cpu),
        (requested.cpu, all),
    )
}

pub(super) fn memory_share(requested: Resources, allocatable: Option<Resources>) -> String {
    let all = allocatable.map(|a| a.memory);
    share(
        quantity::bytes(requested.memory),
        all.map(quantity::bytes),
        (requested.memory, all),
    )
}
