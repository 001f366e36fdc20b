//! A confirmed action and its machines.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Scene;
use super::call::DryRun;
use super::drain::DrainTask;
use super::drain::pod::Standing;
use super::gate::Access;
use super::machine::Machine;
use super::plan::{Item, Operation, Plan, Subject};
use super::remote::forward::ForwardTask;
use super::task::{Calls, Cx, Outcome, Tag};
use crate::engine::effect::{CallId, Effect};
use crate::engine::event::Reply;
use crate::engine::remote::{RemoteEvent, RemoteId};
use crate::model::{ClusterNo, Text};

/// Machines of one action that may have calls under way at a time.
const PARALLEL: usize = 8;

/// Names an action in this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ActionId(pub u64);

/// Who waits for a call's answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Route {
    /// A review of rights.
    Review(ClusterNo, Access),
    /// The machine of an action's item.
    Machine {
        action: ActionId,
        item: usize,
        tag: Tag,
    },
}

/// Calls under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    next: u64,
    waiting: BTreeMap<CallId, Route>,
}

impl Routes {
    pub(super) fn send(
        &mut self,
        no: ClusterNo,
        route: Route,
        call: crate::engine::Call,
        out: &mut Vec<Effect>,
    ) {
        let id = self.next();
        self.waiting.insert(id, route);
        out.push(Effect::Call(no, id, Box::new(call)));
    }

    /// A number that no other call has.
    pub(super) fn next(&mut self) -> CallId {
        self.next += 1;
        CallId(self.next)
    }

    pub(super) fn take(&mut self, id: CallId) -> Option<Route> {
        self.waiting.remove(&id)
    }
}

/// A confirmed action.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its number, in all clusters of the console.
    pub id: ActionId,
    /// Where.
    pub cluster: ClusterNo,
    /// The name of that cluster's context.
    pub context: Text,
    /// What.
    pub operation: Operation,
    /// Who confirmed it.
    pub who: Text,
    /// When.
    pub began: DateTime<Utc>,
    /// When the last of it ended.
    pub ended: Option<DateTime<Utc>>,
    /// Whether its calls change anything.
    pub dry_run: DryRun,
    items: Vec<Item>,
    /// Items whose end has been audited.
    told: Vec<bool>,
}

impl Run {
    pub(super) fn new(
        id: ActionId,
        plan: Plan,
        who: Text,
        scene: Scene<'_>,
        dry_run: DryRun,
    ) -> Self {
        let told = vec![false; plan.items.len()];
        let operation = plan.operation;
        Self {
            id,
            cluster: scene.no,
            context: scene.context.into(),
            operation,
            who,
            began: scene.now.wall,
            ended: None,
            dry_run,
            items: plan.items,
            told,
        }
    }

    /// What it is done to.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.items.iter().map(|item| &item.subject)
    }

    /// Each subject with how it ended; `None` while it goes on.
    pub fn outcomes(&self) -> impl Iterator<Item = (&Subject, Option<&Outcome>)> {
        self.items
            .iter()
            .map(|item| (&item.subject, item.machine.outcome()))
    }

    /// Nothing more will happen.
    pub fn over(&self) -> bool {
        self.items
            .iter()
            .all(|item| item.machine.outcome().is_some())
    }

    /// Everything was done.
    pub fn succeeded(&self) -> bool {
        self.items
            .iter()
            .all(|item| matches!(item.machine.outcome(), Some(Outcome::Done(_))))
    }

    /// The drains among its machines.
    pub fn drains(&self) -> impl Iterator<Item = &DrainTask> {
        self.items.iter().filter_map(|item| match &item.machine {
            Machine::Drain(drain) => Some(&**drain),
            Machine::Entry(_)
            | Machine::Delete(_)
            | Machine::Copy(_)
            | Machine::Cordon(_)
            | Machine::Change(_)
            | Machine::Scale(_)
            | Machine::Trigger(_)
            | Machine::Terminal(_)
            | Machine::Forward(_) => None,
        })
    }

    /// The forward that it is, if it is one.
    pub fn forward(&self) -> Option<&ForwardTask> {
        self.items.iter().find_map(|item| item.machine.forward())
    }

    /// It makes something ready that will take the terminal.
    pub fn prepares(&self) -> bool {
        self.items.iter().any(|item| {
            let terminal = item.machine.terminal();
            terminal.is_some_and(|terminal| terminal.prepares())
        })
    }

    /// `job shop/api test #8121`, or how many.
    pub fn title(&self) -> String {
        match self.items.as_slice() {
            [one] => one.subject.title.to_string(),
            many => format!("{} things", many.len()),
        }
    }

    /// How it stands, in a sentence.
    pub fn result(&self) -> String {
        if let [one] = self.items.as_slice() {
            return match one.machine.outcome() {
                Some(outcome) => outcome.text().to_string(),
                None => one.machine.doing(),
            };
        }
        let done = self
            .outcomes()
            .filter(|(_, o)| matches!(o, Some(Outcome::Done(_))))
            .count();
        let over = self.outcomes().filter(|(_, o)| o.is_some()).count();
        let bad = over - done;
        let text = format!("{done} of {} done", self.items.len());
        match self.outcomes().find_map(|(_, o)| match o {
            Some(Outcome::Done(_)) | None => None,
            Some(other) => Some(other.text()),
        }) {
            Some(first) => format!("{text}, {bad} not: {first}"),
            None => text,
        }
    }

    /// Pods of its drains by how they stand, for the exit code and the screen.
    pub fn standing(&self) -> impl Iterator<Item = &Standing> {
        self.drains()
            .flat_map(|d| d.pods().iter().map(|p| &p.standing))
    }

    pub(super) fn poll(&mut self, cx: Cx<'_>, routes: &mut Routes, out: &mut Vec<Effect>) {
        let mut active = 0;
        for index in 0..self.items.len() {
            if self.items[index].machine.outcome().is_some() {
                continue;
            }
            active += 1;
            if active > PARALLEL {
                break;
            }
            let mut calls = Calls::new();
            self.items[index].machine.poll(cx, &mut calls);
            self.send(index, calls, routes, out);
        }
        self.settle(cx, out);
    }

    pub(super) fn reply(
        &mut self,
        cx: Cx<'_>,
        item: usize,
        tag: Tag,
        reply: &Reply,
        routes: &mut Routes,
        out: &mut Vec<Effect>,
    ) {
        let Some(found) = self.items.get_mut(item) else {
            return;
        };
        // A late answer to an ended machine changes nothing.
        if found.machine.outcome().is_some() {
            return;
        }
        let mut calls = Calls::new();
        found.machine.reply(cx, tag, reply, &mut calls);
        self.send(item, calls, routes, out);
        self.poll(cx, routes, out);
    }

    /// What a person should be told once.
    pub(super) fn news(&mut self) -> Option<Text> {
        self.items.iter_mut().find_map(|item| item.machine.news())
    }

    /// What was opened has news.
    pub(super) fn remote(
        &mut self,
        cx: Cx<'_>,
        event: &RemoteEvent,
        routes: &mut Routes,
        out: &mut Vec<Effect>,
    ) {
        for item in &mut self.items {
            item.machine.remote(cx, event);
        }
        self.poll(cx, routes, out);
    }

    fn send(&mut self, item: usize, calls: Calls, routes: &mut Routes, out: &mut Vec<Effect>) {
        let (no, id) = (self.cluster, RemoteId(self.id.0));
        if let Some(item) = self.items.get_mut(item) {
            item.machine.effects(no, id, out);
        }
        for (tag, call) in calls {
            routes.send(
                self.cluster,
                Route::Machine {
                    action: self.id,
                    item,
                    tag,
                },
                call,
                out,
            );
        }
    }

    pub(super) fn stop(&mut self, cx: Cx<'_>, out: &mut Vec<Effect>) {
        let (no, id) = (self.cluster, RemoteId(self.id.0));
        for item in &mut self.items {
            item.machine.stop();
            item.machine.effects(no, id, out);
        }
        self.settle(cx, out);
    }

    /// Audits what has ended since the last look.
    fn settle(&mut self, cx: Cx<'_>, out: &mut Vec<Effect>) {
        for (item, told) in self.items.iter().zip(&mut self.told) {
            if let Some(outcome) = item.machine.outcome()
                && !*told
            {
                *told = true;
                let line = audit(
                    self.id,
                    self.operation,
                    &self.who,
                    &item.subject,
                    cx,
                    Some(outcome),
                );
                out.push(Effect::Audit(Box::new(line)));
            }
        }
        if self.ended.is_none() && self.over() {
            self.ended = Some(cx.now.wall);
            out.push(Effect::Bell);
        }
    }

    /// The audit lines of the confirmation, one a subject.
    pub(super) fn confirmed(&self, cx: Cx<'_>, out: &mut Vec<Effect>) {
        for item in &self.items {
            let line = audit(self.id, self.operation, &self.who, &item.subject, cx, None);
            out.push(Effect::Audit(Box::new(line)));
        }
    }
}

/// One line of the audit trail: at the confirmation (`result` is null) and at the end.
fn audit(
    id: ActionId,
    operation: Operation,
    who: &Text,
    subject: &Subject,
    cx: Cx<'_>,
    outcome: Option<&Outcome>,
) -> serde_json::Value {
    serde_json::json!({
        "time": cx.now.wall.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "cluster": cx.cluster,
        "context": cx.context,
        "who": &**who,
        "action": id.0,
        "operation": operation.word(),
        "dry_run": cx.dry_run != DryRun::Off,
        "object": {
            "kind": subject.kind,
            "namespace": &*subject.namespace,
            "name": &*subject.name,
            "uid": &*subject.uid,
            "title": &*subject.title,
        },
        "step": if outcome.is_some() { "ended" } else { "confirmed" },
        "result": outcome.map(Outcome::word),
        "message": outcome.map(|o| o.text().to_string()),
    })
}
