//! The scheduler: filters and scores as the real one does for what the demo uses, in batches.
//!
//! Sums per node are kept by delta. Pods of equal needs form a class: within one batch, a class that
//! fits nowhere is tried once, however many of its pods wait.

pub(crate) mod fit;
mod message;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use self::fit::{Needs, NodeInfo, fit};
use self::message::Refusals;
use super::ctx::{Ctx, set_condition};
use super::event::{About, Source};
use super::pods::{Amounts, PodDoc, Taint};
use super::queue::Timer;
use super::volumes;
use crate::sim::{Obj, resource, timestamp};

/// Pods bound in one turn of the scheduler, and the pause between two turns.
const BATCH: usize = 32;
const PAUSE_MS: i64 = 25;
/// Nodes that fit among which a place is chosen: the least that the real one looks for.
const ENOUGH: usize = 100;

/// A place in the queue: by priority, then by arrival.
type Turn = (Reverse<i64>, u64);

#[derive(Clone, Debug)]
struct Waiting {
    namespace: Arc<str>,
    name: Arc<str>,
    class: usize,
    turn: Turn,
    gated: bool,
    tries: u32,
    tried: Option<DateTime<Utc>>,
    told: Option<DateTime<Utc>>,
    message: Arc<str>,
    /// Claims that must be bound before it.
    claims: Vec<String>,
}

/// The scheduler's caches and queues.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scheduler {
    pub nodes: BTreeMap<Arc<str>, NodeInfo>,
    /// Pods that count on a node, by uid.
    bound: HashMap<Arc<str>, (Arc<str>, Amounts)>,
    waiting: HashMap<Arc<str>, Waiting>,
    active: BTreeMap<Turn, Arc<str>>,
    parked: BTreeMap<Turn, Arc<str>>,
    classes: Vec<Arc<Needs>>,
    class_ids: HashMap<String, usize>,
    arrived: u64,
    armed: bool,
    retry_armed: bool,
    /// What a pod out of a stencil takes from its node.
    stamped: Option<Amounts>,
}

impl Scheduler {
    /// A node was created or changed; `value` is its body.
    pub(crate) fn on_node(&mut self, ctx: &mut Ctx<'_>, obj: &Obj, value: &Value) {
        let (name, used) = match self.nodes.get_key_value(&*obj.name) {
            Some((name, node)) => (name.clone(), node.used),
            None => {
                let name: Arc<str> = (&*obj.name).into();
                let used = self
                    .bound
                    .values()
                    .filter(|(node, _)| *node == name)
                    .fold(Amounts::default(), |sum, (_, a)| sum.plus(*a));
                (name, used)
            }
        };
        let info = NodeInfo {
            labels: obj.labels.clone(),
            taints: value["spec"]["taints"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|t| {
                    let text = |key: &str| t[key].as_str().unwrap_or_default().to_owned();
                    Taint {
                        key: text("key"),
                        value: text("value"),
                        effect: text("effect"),
                    }
                })
                .collect(),
            unschedulable: value["spec"]["unschedulable"] == true,
            allocatable: Amounts::of(&quantities(&value["status"]["allocatable"])),
            used,
        };
        if self.nodes.get(&name) != Some(&info) {
            self.nodes.insert(name, info);
            self.arm_retry(ctx);
        }
    }

    pub(crate) fn remove_node(&mut self, ctx: &mut Ctx<'_>, name: &str) {
        self.nodes.remove(name);
        self.arm_retry(ctx);
    }

    /// A pod was created, changed or removed.
    pub(crate) fn on_pod(&mut self, ctx: &mut Ctx<'_>, obj: &Obj, gone: bool) {
        let over = gone || matches!(&*obj.phase, "Succeeded" | "Failed");
        if over || !obj.node.is_empty() || obj.deleting {
            self.forget(&obj.uid);
        }
        if over {
            if let Some((node, amounts)) = self.bound.remove(&*obj.uid) {
                if let Some(info) = self.nodes.get_mut(&node) {
                    info.used = info.used.minus(amounts);
                }
                self.arm_retry(ctx);
            }
            return;
        }
        if !obj.node.is_empty() {
            if !self.bound.contains_key(&*obj.uid)
                && let Ok(doc) = serde_json::from_slice::<PodDoc>(&obj.body())
            {
                self.count(&obj.uid, &obj.node, doc.spec.amounts());
            }
        } else if !obj.deleting {
            self.enqueue(ctx, obj);
        }
    }

    /// A pod out of a stencil changed: it never waits for the scheduler, but it counts on its node.
    pub(crate) fn on_stamped(
        &mut self,
        ctx: &mut Ctx<'_>,
        old: Option<&Obj>,
        obj: &Obj,
        gone: bool,
    ) {
        let was = old.is_some_and(Self::occupies);
        let is = !gone && Self::occupies(obj);
        match (was, is) {
            (false, true) => self.loaded(obj),
            (true, false) => {
                self.unstamped(old.unwrap_or(obj));
                self.arm_retry(ctx);
            }
            (true, true) | (false, false) => {}
        }
    }

    /// A pod out of a stencil is there now.
    pub(crate) fn loaded(&mut self, obj: &Obj) {
        if Self::occupies(obj) {
            let amounts = self.amounts_of(obj);
            if let Some(info) = self.nodes.get_mut(&obj.node) {
                info.used = info.used.plus(amounts);
            }
        }
    }

    /// A pod out of a stencil went, or is an object like any other from now on.
    pub(crate) fn unstamped(&mut self, old: &Obj) {
        if Self::occupies(old) {
            let amounts = self.amounts_of(old);
            if let Some(info) = self.nodes.get_mut(&old.node) {
                info.used = info.used.minus(amounts);
            }
        }
    }

    fn occupies(obj: &Obj) -> bool {
        !obj.node.is_empty() && !matches!(&*obj.phase, "Succeeded" | "Failed")
    }

    /// All pods out of stencils ask for the same.
    fn amounts_of(&mut self, obj: &Obj) -> Amounts {
        *self.stamped.get_or_insert_with(|| {
            serde_json::from_slice::<PodDoc>(&obj.body())
                .map(|doc| doc.spec.amounts())
                .unwrap_or_default()
        })
    }

    fn count(&mut self, uid: &str, node: &str, amounts: Amounts) {
        let node: Arc<str> = match self.nodes.get_key_value(node) {
            Some((name, _)) => name.clone(),
            None => node.into(),
        };
        if let Some(info) = self.nodes.get_mut(&node) {
            info.used = info.used.plus(amounts);
        }
        self.bound.insert(uid.into(), (node, amounts));
    }

    fn forget(&mut self, uid: &str) {
        if let Some(w) = self.waiting.remove(uid) {
            self.active.remove(&w.turn);
            self.parked.remove(&w.turn);
        }
    }

    fn enqueue(&mut self, ctx: &mut Ctx<'_>, obj: &Obj) {
        let known = self.waiting.get(&*obj.uid);
        if known.is_some_and(|w| !w.gated) {
            return;
        }
        let was_gated = known.is_some();
        let Ok(doc) = serde_json::from_slice::<PodDoc>(&obj.body()) else {
            return;
        };
        if !matches!(&*doc.spec.scheduler_name, "" | "default-scheduler") {
            return;
        }
        let gated = !doc.spec.scheduling_gates.is_empty();
        if gated && was_gated {
            return;
        }
        self.forget(&obj.uid);
        let needs = Needs::of(&doc.spec);
        let key = format!("{needs:?}");
        let class = *self.class_ids.entry(key).or_insert_with(|| {
            self.classes.push(Arc::new(needs));
            self.classes.len() - 1
        });
        self.arrived += 1;
        let turn = (Reverse(doc.spec.priority), self.arrived);
        let uid: Arc<str> = (&*obj.uid).into();
        let w = Waiting {
            namespace: (&*obj.namespace).into(),
            name: (&*obj.name).into(),
            class,
            turn,
            gated,
            tries: 0,
            tried: None,
            told: None,
            message: "".into(),
            claims: doc
                .spec
                .volumes
                .into_iter()
                .filter_map(|v| Some(v.persistent_volume_claim?.claim_name))
                .collect(),
        };
        if gated {
            let now = timestamp(ctx.now);
            ctx.edit(resource("pods"), &w.namespace, &w.name, |v| {
                set_condition(
                    &mut v["status"],
                    json!({"type": "PodScheduled", "status": "False",
                    "lastProbeTime": null, "lastTransitionTime": now, "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates"}),
                );
            });
        } else {
            self.active.insert(turn, uid.clone());
            self.arm(ctx, 5);
        }
        self.waiting.insert(uid, w);
    }

    fn arm(&mut self, ctx: &mut Ctx<'_>, ms: i64) {
        if !self.armed {
            self.armed = true;
            let slow = i64::try_from(ctx.faults.scheduler_ms).unwrap_or(0);
            ctx.queue.push(
                ctx.now + Duration::milliseconds(ms.max(slow)),
                Timer::Schedule,
            );
        }
    }

    /// Something changed that may make room: what waits is tried again in a second.
    fn arm_retry(&mut self, ctx: &mut Ctx<'_>) {
        if !self.retry_armed && !self.parked.is_empty() {
            self.retry_armed = true;
            ctx.queue.push(ctx.now + Duration::seconds(1), Timer::Retry);
        }
    }

    /// A claim changed: who waits for its volume may go on.
    pub(crate) fn on_claim(&mut self, ctx: &mut Ctx<'_>) {
        self.arm_retry(ctx);
    }

    /// Moves parked pods whose back-off (1 s doubled up to 10 s) is over into the queue.
    pub(crate) fn retry(&mut self, ctx: &mut Ctx<'_>) {
        self.retry_armed = false;
        let ripe: Vec<(Turn, Arc<str>)> = self
            .parked
            .iter()
            .filter(|(_, uid)| {
                self.waiting.get(*uid).is_some_and(|w| {
                    let pause = (1_i64 << w.tries.saturating_sub(1).min(4)).min(10);
                    w.tried
                        .is_none_or(|t| t + Duration::seconds(pause) <= ctx.now)
                })
            })
            .map(|(turn, uid)| (*turn, uid.clone()))
            .collect();
        for (turn, uid) in ripe {
            self.parked.remove(&turn);
            self.active.insert(turn, uid);
        }
        if !self.active.is_empty() {
            self.arm(ctx, 1);
        }
        self.arm_retry(ctx);
    }

    /// One turn: binds a batch, parks what does not fit.
    pub(crate) fn schedule(&mut self, ctx: &mut Ctx<'_>) {
        self.armed = false;
        let batch = if ctx.faults.scheduler_ms > 0 {
            1
        } else {
            BATCH
        };
        let mut bound = 0;
        // Binding only fills nodes: what fitted nowhere still does not, within this turn.
        let mut failed: HashMap<usize, Arc<str>> = HashMap::new();
        while bound < batch
            && let Some((turn, uid)) = self.active.pop_first()
        {
            let Some(w) = self.waiting.get(&uid) else {
                continue;
            };
            let class = w.class;
            if let Some(why) = volumes::unbound(ctx, &w.namespace, &w.claims) {
                let all = self.nodes.len();
                let message: Arc<str> = format!(
                    "0/{all} nodes are available: {why}. preemption: 0/{all} nodes are available: {all} Preemption is not helpful for scheduling."
                )
                .into();
                self.parked.insert(turn, uid.clone());
                self.refuse(ctx, &uid, &message);
                continue;
            }
            let found = match failed.get(&class) {
                Some(message) => Err(message.clone()),
                None => self.place(ctx, class, &uid),
            };
            match found {
                Ok(node) => {
                    bound += 1;
                    self.bind(ctx, &uid, &node);
                }
                Err(message) => {
                    failed.insert(class, message.clone());
                    self.parked.insert(turn, uid.clone());
                    self.refuse(ctx, &uid, &message);
                }
            }
        }
        if !self.active.is_empty() {
            self.arm(ctx, PAUSE_MS);
        }
    }

    /// The node with most room among those that fit; ties by luck.
    fn place(&self, ctx: &Ctx<'_>, class: usize, uid: &str) -> Result<Arc<str>, Arc<str>> {
        let needs = &self.classes[class];
        let dice = ctx.dice.on(uid);
        let mut refusals = Refusals::default();
        if let Some((name, node)) = needs.pinned().and_then(|n| self.nodes.get_key_value(n))
            && fit(needs, name, node).is_ok()
        {
            return Ok(name.clone());
        }
        let mut best: Option<(i64, u64, &Arc<str>)> = None;
        let mut feasible = 0;
        // As the real one: in a large cluster it scores the first that fit, from some node on.
        let first = if self.nodes.len() > ENOUGH {
            usize::try_from(dice.on("first").below(self.nodes.len() as u64)).unwrap_or(0)
        } else {
            0
        };
        let all = self.nodes.iter().enumerate();
        for (i, (name, node)) in all.clone().skip(first).chain(all.take(first)) {
            match fit(needs, name, node) {
                Ok(score) => {
                    let luck = dice.at(i as u64).raw();
                    if best.is_none_or(|(s, l, _)| (score, luck) > (s, l)) {
                        best = Some((score, luck, name));
                    }
                    feasible += 1;
                    if feasible == ENOUGH {
                        break;
                    }
                }
                Err(refusal) => refusals.add(refusal),
            }
        }
        match best {
            Some((_, _, name)) => Ok(name.clone()),
            None => Err(refusals.message().into()),
        }
    }

    fn bind(&mut self, ctx: &mut Ctx<'_>, uid: &Arc<str>, node: &Arc<str>) {
        let Some(w) = self.waiting.remove(uid) else {
            return;
        };
        let amounts = self.classes[w.class].amounts;
        self.count(uid, node, amounts);
        let now = timestamp(ctx.now);
        ctx.edit(resource("pods"), &w.namespace, &w.name, |v| {
            v["spec"]["nodeName"] = (&**node).into();
            set_condition(
                &mut v["status"],
                json!({"type": "PodScheduled", "status": "True",
                "lastProbeTime": null, "lastTransitionTime": now}),
            );
        });
        let text = format!("Successfully assigned {}/{} to {node}", w.namespace, w.name);
        ctx.event(
            Source::Scheduler,
            About::pod(&w.namespace, &w.name, uid),
            false,
            "Scheduled",
            &text,
        );
    }

    fn refuse(&mut self, ctx: &mut Ctx<'_>, uid: &Arc<str>, message: &Arc<str>) {
        let Some(w) = self.waiting.get_mut(uid) else {
            return;
        };
        w.tries += 1;
        w.tried = Some(ctx.now);
        let news = w.message != *message;
        // The real one reports every try; a minute apart is enough to see that it goes on.
        let tell = w.told.is_none_or(|t| t + Duration::minutes(1) <= ctx.now);
        w.message = message.clone();
        if tell {
            w.told = Some(ctx.now);
        }
        let (ns, name) = (w.namespace.clone(), w.name.clone());
        if news {
            let now = timestamp(ctx.now);
            ctx.edit(resource("pods"), &ns, &name, |v| {
                set_condition(
                    &mut v["status"],
                    json!({"type": "PodScheduled", "status": "False",
                    "lastProbeTime": null, "lastTransitionTime": now, "reason": "Unschedulable",
                    "message": &**message}),
                );
            });
        }
        if tell {
            ctx.event(
                Source::Scheduler,
                About::pod(&ns, &name, uid),
                true,
                "FailedScheduling",
                message,
            );
        }
    }

    /// Sums by node, counted anew from what is bound: for tests.
    #[cfg(test)]
    pub(crate) fn recount(&self) -> BTreeMap<Arc<str>, Amounts> {
        let mut sums: BTreeMap<Arc<str>, Amounts> = self
            .nodes
            .keys()
            .map(|n| (n.clone(), Amounts::default()))
            .collect();
        for (node, amounts) in self.bound.values() {
            if let Some(sum) = sums.get_mut(node) {
                *sum = sum.plus(*amounts);
            }
        }
        sums
    }
}

fn quantities(value: &Value) -> BTreeMap<String, String> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(k, v)| {
            (
                k.clone(),
                v.as_str().map_or_else(|| v.to_string(), ToOwned::to_owned),
            )
        })
        .collect()
}
