//! Drains one node: cordon, then evict what was confirmed, in parallel, under the budgets.
//!
//! Nothing but the pods of the confirmed plan is touched, each by its uid. A pod that arrives between plan
//! and cordon is named at the end and left. While the pods' feed is not live, no call is made and nothing
//! counts as gone. It can be stopped at any time; the node stays cordoned.

pub mod plan;
pub mod pod;

use std::time::Duration;

use super::super::event::Reply;
use super::call::DryRun;
use super::cordon::CordonTask;
use super::task::{Calls, Cx, Outcome, Tag, backoff};
use crate::model::{Kind, Text};
use plan::{DrainOptions, DrainPlan};
use pod::{Eviction, Standing};

/// Evictions under way at a time.
const PARALLEL: usize = 8;
/// Tag of the cordon's calls; pods have their index.
const CORDON: Tag = Tag::MAX;

/// The machine.
#[derive(Clone, Debug)]
pub struct DrainTask {
    node: Text,
    options: DrainOptions,
    pods: Vec<Eviction>,
    state: State,
    began: Option<Duration>,
    /// No calls before then: the server is busy.
    hold: Duration,
    busy: u32,
}

#[derive(Clone, Debug)]
enum State {
    Cordoning(CordonTask),
    Evicting,
    Over(Outcome),
}

impl DrainTask {
    pub(super) fn new(plan: &DrainPlan, options: DrainOptions) -> Self {
        Self {
            node: plan.node.clone(),
            options,
            pods: plan.pods.iter().cloned().map(Eviction::new).collect(),
            state: State::Cordoning(CordonTask::new(plan.node.clone(), plan.uid.clone(), true)),
            began: None,
            hold: Duration::ZERO,
            busy: 0,
        }
    }

    /// Its pods and how they stand.
    pub fn pods(&self) -> &[Eviction] {
        &self.pods
    }

    /// The node.
    pub fn node(&self) -> &Text {
        &self.node
    }

    pub(super) fn poll(&mut self, cx: Cx<'_>, out: &mut Calls) {
        let began = *self.began.get_or_insert(cx.now.boot);
        match &mut self.state {
            State::Cordoning(cordon) => {
                cordon.poll(cx, out);
                for (tag, _) in out.iter_mut() {
                    *tag = CORDON;
                }
                self.cordoned(cx, out);
            }
            State::Evicting => self.evict(cx, out),
            State::Over(_) => return,
        }
        if let Some(limit) = self.options.timeout_s
            && !matches!(self.state, State::Over(_))
            && cx.now.boot >= began + Duration::from_secs(limit)
        {
            let text = format!(
                "node {}: not drained within {limit}s; {}",
                self.node,
                self.left()
            );
            self.state = State::Over(Outcome::Failed(text.into()));
        }
    }

    fn cordoned(&mut self, cx: Cx<'_>, out: &mut Calls) {
        let State::Cordoning(cordon) = &self.state else {
            return;
        };
        match cordon.outcome() {
            Some(Outcome::Done(_)) => {
                self.state = State::Evicting;
                self.evict(cx, out);
            }
            Some(other) => self.state = State::Over(other.clone()),
            None => {}
        }
    }

    fn evict(&mut self, cx: Cx<'_>, out: &mut Calls) {
        for pod in &mut self.pods {
            pod.look(cx);
        }
        if self.pods.iter().all(|p| p.standing.settled()) {
            self.state = State::Over(self.end(cx));
            return;
        }
        if !cx.live(Kind::Pod) || cx.now.boot < self.hold {
            return;
        }
        let mut under_way = self.pods.iter().filter(|p| p.in_flight()).count();
        for (index, pod) in self.pods.iter_mut().enumerate() {
            if under_way == PARALLEL {
                break;
            }
            if pod.due(cx) {
                let Ok(tag) = Tag::try_from(index) else {
                    continue;
                };
                pod.evict(cx, tag, self.options.grace, out);
                under_way += 1;
            }
        }
    }

    pub(super) fn reply(&mut self, cx: Cx<'_>, tag: Tag, reply: &Reply, out: &mut Calls) {
        if tag == CORDON {
            if let State::Cordoning(cordon) = &mut self.state {
                cordon.reply(cx, 0, reply, out);
            }
            return;
        }
        let Some(pod) = self.pods.get_mut(tag as usize) else {
            return;
        };
        if pod.reply(cx, tag, reply, out) {
            self.busy += 1;
            self.hold = cx.now.boot + backoff(self.busy, reply);
        } else {
            self.busy = 0;
        }
        if matches!(self.state, State::Over(_)) {
            out.clear();
        }
    }

    fn end(&self, cx: Cx<'_>) -> Outcome {
        let failed = self.count(|s| matches!(s, Standing::Failed(_)));
        if cx.dry_run == DryRun::Server {
            let would = self.count(|s| *s == Standing::Would);
            let text = format!("node {}: the server would evict {would} pods", self.node);
            if failed == 0 {
                return Outcome::Done(text.into());
            }
            let refused: Vec<String> = self.pods.iter().filter_map(refusal).collect();
            return Outcome::Failed(format!("{text}, not {failed}: {}", refused.join("; ")).into());
        }
        if failed > 0 {
            let text = format!("node {}: cordoned, but {}", self.node, self.left());
            return Outcome::Failed(text.into());
        }
        let strangers: Vec<String> = cx
            .model
            .pods_on(&self.node)
            .filter(|pod| !self.pods.iter().any(|p| p.plan.uid == pod.meta.uid) && !stays(pod))
            .map(|pod| format!("{}/{}", pod.meta.namespace, pod.meta.name))
            .collect();
        if strangers.is_empty() {
            let gone = self.count(|s| *s == Standing::Gone);
            return Outcome::Done(format!("node {}: drained, {gone} pods gone", self.node).into());
        }
        let text = format!(
            "node {}: what was confirmed is gone, but these came after it and were left: {}",
            self.node,
            strangers.join(", ")
        );
        Outcome::Failed(text.into())
    }

    fn count(&self, which: impl Fn(&Standing) -> bool) -> usize {
        self.pods.iter().filter(|p| which(&p.standing)).count()
    }

    /// The pods that are still there, each with how it stands.
    fn left(&self) -> String {
        let left: Vec<String> = self
            .pods
            .iter()
            .filter(|p| !matches!(p.standing, Standing::Gone | Standing::Left))
            .map(|p| {
                let why = match &p.standing {
                    Standing::Refused { budget, .. } => format!(" by budget {budget}"),
                    Standing::Failed(why) | Standing::Busy(why) => format!(": {why}"),
                    Standing::Waiting
                    | Standing::Evicting
                    | Standing::Terminating
                    | Standing::Gone
                    | Standing::Left
                    | Standing::Would => String::new(),
                };
                format!(
                    "{}/{} {}{why}",
                    p.plan.namespace,
                    p.plan.name,
                    p.standing.word()
                )
            })
            .collect();
        format!("{} pods left: {}", left.len(), left.join(", "))
    }

    pub(super) fn stop(&mut self) {
        if !matches!(self.state, State::Over(_)) {
            let text = format!(
                "node {}: drain stopped, node stays cordoned; {}",
                self.node,
                self.left()
            );
            self.state = State::Over(Outcome::Stopped(text.into()));
        }
    }

    pub(super) fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Over(outcome) => Some(outcome),
            State::Cordoning(_) | State::Evicting => None,
        }
    }

    /// What it is doing, in a few words: `evicting: 3 gone, 2 terminating, 1 refused`.
    pub(super) fn doing(&self) -> String {
        if let State::Cordoning(_) = self.state {
            return "cordoning".to_owned();
        }
        let mut words: Vec<String> = Vec::new();
        let mut add = |word: &str, n: usize| {
            if n > 0 {
                words.push(format!("{n} {word}"));
            }
        };
        add("gone", self.count(|s| *s == Standing::Gone));
        add("terminating", self.count(|s| *s == Standing::Terminating));
        add(
            "refused by a budget",
            self.count(|s| matches!(s, Standing::Refused { .. })),
        );
        add(
            "waiting",
            self.count(|s| {
                matches!(
                    s,
                    Standing::Waiting | Standing::Evicting | Standing::Busy(_)
                )
            }),
        );
        add("failed", self.count(|s| matches!(s, Standing::Failed(_))));
        words.join(", ")
    }
}

/// A DaemonSet's or the kubelet's own pod: it may come at any time and belongs there.
fn stays(pod: &crate::model::Pod) -> bool {
    pod.meta
        .owner
        .as_ref()
        .is_some_and(|o| &*o.kind == "DaemonSet")
        || pod.meta.annotation("kubernetes.io/config.mirror").is_some()
}

fn refusal(pod: &Eviction) -> Option<String> {
    match &pod.standing {
        Standing::Failed(why) => Some(format!("{}/{}: {why}", pod.plan.namespace, pod.plan.name)),
        Standing::Waiting
        | Standing::Evicting
        | Standing::Refused { .. }
        | Standing::Busy(_)
        | Standing::Terminating
        | Standing::Gone
        | Standing::Left
        | Standing::Would => None,
    }
}
