//! What a container uses at a time, reckoned from what it asks for.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{FIRST, WINDOW};
use crate::sim::actors::dice::Dice;
use crate::sim::actors::pods::{Amounts, Container};
use crate::sim::object::Obj;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Doc {
    pub(super) spec: Spec,
    status: PodStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Spec {
    pub(super) containers: Vec<Container>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodStatus {
    container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ContainerStatus {
    name: String,
    state: State,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    running: Option<Running>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Running {
    started_at: DateTime<Utc>,
}

/// A container's name, nanocores, bytes.
pub(super) type Used = (String, i64, i64);

/// What the containers of a pod that run used at that time.
pub(super) fn used(dice: Dice, at: DateTime<Utc>, obj: &Obj) -> Vec<Used> {
    if &*obj.phase != "Running" {
        return Vec::new();
    }
    let Ok(doc) = serde_json::from_slice::<Doc>(&obj.body()) else {
        return Vec::new();
    };
    let dice = dice.on(&obj.uid);
    let runner = obj.labels.get("jobs.constable/component") == Some("runner");
    // A job asks once for all its steps; the first that has not ended is at work.
    let whole = doc
        .spec
        .containers
        .iter()
        .fold(Amounts::default(), |sum, c| {
            sum.plus(Amounts::of(&c.resources.requests))
        });
    let mut working = runner;
    let mut all = Vec::new();
    for status in &doc.status.container_statuses {
        let Some(running) = &status.state.running else {
            continue;
        };
        let age = (at - running.started_at).num_seconds();
        if age < FIRST - WINDOW {
            continue;
        }
        let luck = dice.on(&status.name);
        if runner && !std::mem::take(&mut working) {
            let noise = luck.at(at.timestamp().unsigned_abs()).range(2_000, 60_000);
            let idle = i64::try_from(noise).unwrap_or(0);
            all.push((status.name.clone(), idle, 1_400_000));
            continue;
        }
        let spec = doc.spec.containers.iter().find(|c| c.name == status.name);
        let asked = if runner {
            whole
        } else {
            spec.map_or_else(Amounts::default, |c| Amounts::of(&c.resources.requests))
        };
        let limit = spec.map_or_else(Amounts::default, |c| Amounts::of(&c.resources.limits));
        all.push(at_work(
            luck,
            at,
            age,
            status.name.clone(),
            asked,
            limit,
            runner,
        ));
    }
    all
}

/// A container's use: a job's rises and falls with its step, a service's with the time of day.
pub(super) fn at_work(
    luck: Dice,
    at: DateTime<Utc>,
    age: i64,
    name: String,
    asked: Amounts,
    limit: Amounts,
    runner: bool,
) -> Used {
    let cpu = asked.cpu.max(20) * 1_000_000;
    let memory = asked.memory.max(24 << 20);
    let base =
        i64::try_from(luck.range(if runner { 55 } else { 12 }, if runner { 110 } else { 70 }))
            .unwrap_or(50);
    let bucket = at.timestamp() / WINDOW;
    let wave = i64::try_from(luck.at(bucket.unsigned_abs()).range(80, 121)).unwrap_or(100);
    let swing = 100
        + triangle(
            at.timestamp() + i64::try_from(luck.below(900)).unwrap_or(0),
            900,
        ) / 5;
    let used = cpu / 100 * base / 100 * wave / 100 * swing;
    // A step fetches and unpacks first, then works.
    let used = if runner && age < 12 { used / 4 } else { used };
    let filled = 35 + (age * if runner { 40 } else { 1 } / 60).min(45);
    let share = i64::try_from(luck.on("memory").range(70, 120)).unwrap_or(100);
    let mut held = memory / 100 * filled / 100 * share;
    if limit.memory > 0 {
        held = held.min(limit.memory / 100 * 98);
    }
    let used = if limit.cpu > 0 {
        used.min(limit.cpu * 1_000_000)
    } else {
        used
    };
    (name, used, held)
}

/// From -100 to 100 and back within a period of seconds.
fn triangle(second: i64, period: i64) -> i64 {
    let at = second.rem_euclid(period) * 400 / period;
    if at <= 200 { at - 100 } else { 300 - at }
}
