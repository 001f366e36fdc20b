//! Actions: asked for, planned, confirmed, carried out, settled when the watch shows it.
//!
//! An [`plan::Operation`] on targets becomes a [`Plan`]: pure, made from what the watch shows, listing what
//! would be lost. The plan is shown; showing it is asking for its confirmation. What is confirmed becomes a
//! [`Run`] of small machines that emit calls and wait for what the watch shows. Every call is guarded by a
//! uid or resourceVersion; an answer that is lost is read back.

pub mod call;
mod copy;
mod cordon;
mod delete;
pub mod drain;
mod entry;
pub mod gate;
mod machine;
mod operation;
pub mod pending;
pub mod plan;
pub mod remote;
pub mod run;
mod task;
pub(super) mod workload;

use std::collections::BTreeMap;
use std::time::Duration;

use super::effect::{CallId, Effect};
use super::event::{Now, Reply};
use super::remote::{RemoteEvent, RemoteId};
use crate::model::{ClusterNo, Kind, Model, Text};
pub use call::DryRun;
use gate::{Gate, Lock};
use pending::Pending;
pub use plan::{Operation, Plan, Refusal, Request, Target};
pub use remote::{How, Wish};
use run::{ActionId, Route, Routes, Run};
use task::Cx;
pub use task::Outcome;

/// Whether an operation looks at a kind that is watched on demand.
fn looks_at(operation: Operation, kind: Kind) -> bool {
    match kind {
        Kind::Budget => operation == Operation::Drain,
        Kind::Autoscaler => matches!(operation, Operation::Scale(_)),
        _ => false,
    }
}

/// Runs that are kept after their end.
const KEPT: usize = 500;

/// Who acts, as the audit names them: the kubeconfig's user and who sits at the machine.
pub fn who(user: &str, operator: &str) -> Text {
    match (user.is_empty(), operator.is_empty()) {
        (true, true) => "unknown".into(),
        (true, false) => operator.into(),
        (false, true) => user.into(),
        (false, false) => format!("{user} ({operator})").into(),
    }
}

/// What an action needs to know beside the model.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// Which cluster it is.
    pub no: ClusterNo,
    /// The cluster as the watch streams tell it.
    pub model: &'a Model,
    /// The time of the event.
    pub now: Now,
    /// The cluster's id, for the audit.
    pub cluster: &'a str,
    /// The context's name, for the audit and for typed confirmations.
    pub context: &'a str,
}

/// All actions of the console, the gate of each cluster and the plan on the screen.
#[derive(Clone, Debug)]
pub struct Actions {
    /// As every gate is at first.
    gate: Gate,
    gates: BTreeMap<ClusterNo, Gate>,
    unlock_for: Duration,
    routes: Routes,
    runs: Vec<Run>,
    next: u64,
    pending: Option<Pending>,
}

impl Actions {
    /// None yet, on clusters that are not marked as production.
    pub fn new(read_only: bool, unlock_for: Duration, who: Text) -> Self {
        let lock = if read_only {
            Lock::ReadOnly
        } else {
            Lock::Locked
        };
        Self {
            gate: Gate::new(lock, who),
            gates: BTreeMap::new(),
            unlock_for,
            routes: Routes::default(),
            runs: Vec::new(),
            next: 0,
            pending: None,
        }
    }

    /// What stands before the actions in a cluster: at first it is locked.
    pub fn gate(&self, no: ClusterNo) -> &Gate {
        self.gates.get(&no).unwrap_or(&self.gate)
    }

    /// The same, to be changed.
    pub fn gate_mut(&mut self, no: ClusterNo) -> &mut Gate {
        self.gates.entry(no).or_insert_with(|| self.gate.clone())
    }

    /// The console leaves a cluster: should it come back it is locked, and nothing is known of its rights.
    pub fn forget(&mut self, no: ClusterNo) {
        self.gates.remove(&no);
        self.pending = self.pending.take().filter(|p| p.cluster() != no);
    }

    /// Running and past actions, oldest first.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// A run by its number.
    pub fn run(&self, id: ActionId) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// How many go on.
    pub fn running(&self) -> usize {
        self.runs.iter().filter(|run| !run.over()).count()
    }

    /// How many of those that go on are forwarded ports.
    pub fn forwards(&self) -> usize {
        let open = self.runs.iter().filter(|run| !run.over());
        open.filter(|run| run.forward().is_some()).count()
    }

    /// The plan on the screen, if any.
    pub fn pending(&self) -> Option<&Pending> {
        self.pending.as_ref()
    }

    /// Makes a plan without showing it (the command line shows it itself).
    ///
    /// # Errors
    /// See [`plan::plan`].
    pub fn plan(&self, model: &Model, request: &Request) -> Result<Plan, Refusal> {
        plan::plan(model, request, self.next + 1)
    }

    /// Asks a cluster's server for the rights that a plan needs.
    pub fn review(&mut self, no: ClusterNo, now: Now, plan: &Plan, out: &mut Vec<Effect>) {
        for access in self.gate_mut(no).rights.to_ask(now, &plan.needs) {
            let call = access.review();
            self.routes.send(no, Route::Review(no, access), call, out);
        }
    }

    /// What RBAC says of a plan: `None` while it is being asked, `Some(None)` when nothing stands against
    /// it, else the sentence.
    pub fn rights(&self, no: ClusterNo, plan: &Plan) -> Option<Option<String>> {
        let rights = &self.gate(no).rights;
        let denied = rights.denied(&plan.needs);
        (denied.is_some() || rights.all_answered(&plan.needs)).then_some(denied)
    }

    /// Starts what was confirmed. The caller has seen to lock and confirmation.
    pub fn start(
        &mut self,
        scene: Scene<'_>,
        plan: Plan,
        dry_run: DryRun,
        out: &mut Vec<Effect>,
    ) -> ActionId {
        self.next += 1;
        let id = ActionId(self.next);
        let who = self.gate_mut(scene.no).who.clone();
        let mut run = Run::new(id, plan, who.clone(), scene, dry_run);
        let cx = cx(scene, &who, dry_run);
        run.confirmed(cx, out);
        run.poll(cx, &mut self.routes, out);
        self.runs.push(run);
        self.trim();
        self.watch_on_demand(out);
        id
    }

    /// Stops a run: nothing more is sent, what was done stays done. `scene`: of its cluster.
    pub fn stop(&mut self, scene: Scene<'_>, id: ActionId, out: &mut Vec<Effect>) {
        let who = self.gate(scene.no).who.clone();
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.stop(cx(scene, &who, run.dry_run), out);
        }
        self.watch_on_demand(out);
    }

    /// Lets the machines of one cluster go on: after anything that may have changed what they wait for.
    pub fn poll(&mut self, scene: Scene<'_>, out: &mut Vec<Effect>) {
        let gate = self.gate_mut(scene.no);
        gate.lock.tick(scene.now);
        let who = gate.who.clone();
        let here = |run: &&mut Run| run.cluster == scene.no && !run.over();
        for run in self.runs.iter_mut().filter(here) {
            run.poll(cx(scene, &who, run.dry_run), &mut self.routes, out);
        }
        self.refresh_pending(scene);
        self.watch_on_demand(out);
    }

    /// A number for a call that is no action's.
    pub(super) fn next_call(&mut self) -> CallId {
        self.routes.next()
    }

    /// Takes the answer to a call. An unknown id is a late answer: ignored. `scene` tells of a cluster, unless
    /// it is no longer shown.
    pub fn reply<'a>(
        &mut self,
        scene: impl Fn(ClusterNo) -> Option<Scene<'a>>,
        id: CallId,
        reply: &Reply,
        out: &mut Vec<Effect>,
    ) {
        match self.routes.take(id) {
            None => {}
            Some(Route::Review(no, access)) => {
                if let Some(scene) = scene(no) {
                    self.gate_mut(no).rights.answer(scene.now, access, reply);
                }
            }
            Some(Route::Machine { action, item, tag }) => {
                let Self { runs, routes, .. } = self;
                let Some(run) = runs.iter_mut().find(|run| run.id == action) else {
                    return;
                };
                let no = run.cluster;
                let who = run.who.clone();
                if let Some(scene) = scene(no) {
                    let cx = cx(scene, &who, run.dry_run);
                    run.reply(cx, item, tag, reply, routes, out);
                }
                if matches!(reply, Reply::Refused { code: 403, .. }) {
                    self.gate_mut(no).rights.forget();
                }
                self.watch_on_demand(out);
            }
        }
    }

    /// Takes news of what was opened. An unknown id is late news: ignored.
    pub fn remote<'a>(
        &mut self,
        scene: impl Fn(ClusterNo) -> Option<Scene<'a>>,
        id: RemoteId,
        event: &RemoteEvent,
        out: &mut Vec<Effect>,
    ) {
        let Self { runs, routes, .. } = self;
        if let Some(run) = runs.iter_mut().find(|run| run.id.0 == id.0)
            && let Some(scene) = scene(run.cluster)
        {
            let who = run.who.clone();
            let cx = cx(scene, &who, run.dry_run);
            run.remote(cx, event, routes, out);
        }
    }

    /// What a person should be told of the runs that go on, once.
    pub fn news(&mut self) -> Option<Text> {
        self.runs.iter_mut().find_map(Run::news)
    }

    /// What only some actions look at is watched in a cluster only while such a one is planned or runs there.
    fn watch_on_demand(&mut self, out: &mut Vec<Effect>) {
        let Self {
            gates,
            runs,
            pending,
            ..
        } = self;
        for (no, gate) in gates {
            let runs = runs.iter().filter(|run| run.cluster == *no);
            let runs = runs.filter(|run| !run.over()).map(|run| run.operation);
            let planned = pending.as_ref().filter(|p| p.cluster() == *no);
            let operations: Vec<_> = runs.chain(planned.map(|p| p.plan.operation)).collect();
            for kind in Kind::ALL.into_iter().filter(|kind| kind.on_demand()) {
                let wanted = operations.iter().any(|op| looks_at(*op, kind));
                if wanted != gate.feeds_on.contains(&kind) {
                    gate.feeds_on.retain(|on| *on != kind);
                    if wanted {
                        gate.feeds_on.push(kind);
                    }
                    out.push(Effect::Feed(*no, kind, wanted));
                }
            }
        }
    }

    fn trim(&mut self) {
        while self.runs.len() > KEPT {
            let Some(oldest) = self.runs.iter().position(Run::over) else {
                return;
            };
            self.runs.remove(oldest);
        }
    }
}

fn cx<'a>(scene: Scene<'a>, who: &'a Text, dry_run: DryRun) -> Cx<'a> {
    Cx {
        model: scene.model,
        now: scene.now,
        dry_run,
        who,
        cluster: scene.cluster,
        context: scene.context,
    }
}
