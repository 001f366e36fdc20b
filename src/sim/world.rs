//! The simulated cluster as a whole: store, time, actors.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::actors::{Actors, template, workload};
use super::actors::queue::Timer;
use super::api::LogOptions;
use super::object::Obj;
use super::resource::{Res, resource};
use super::scenario::Scenario;
use super::status::Status;
use super::store::Store;

mod evict;
mod faults;
mod fill;
mod log;

pub use evict::Preconditions;
pub use fill::Fill;

/// One cluster. Synchronous and deterministic: the same seed and the same calls at the same times give
/// the same bytes.
#[derive(Debug)]
pub struct World {
    pub(crate) store: Store,
    pub(crate) actors: Actors,
    now: DateTime<Utc>,
    seed: u64,
    scenario: Option<Arc<Scenario>>,
    scenario_start: DateTime<Utc>,
    fill: fill::State,
}

impl World {
    /// An empty cluster at this time.
    pub fn new(seed: u64, start: DateTime<Utc>) -> World {
        let mut store = Store::new(seed);
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            let value = serde_json::json!({"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}});
            // An empty store has no such name.
            let _ = store.create(start, resource("namespaces"), value);
        }
        World {
            store,
            actors: Actors::new(seed),
            now: start,
            seed,
            scenario: None,
            scenario_start: start,
            fill: fill::State::default(),
        }
    }

    /// The cluster's time.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The seed it was made with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// All objects.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// When the next thing happens by itself.
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        self.actors.queue.next_due()
    }

    /// Runs every event that is due until then, in order; afterwards it is that time. A time that has
    /// passed changes nothing.
    pub fn step(&mut self, until: DateTime<Utc>) {
        self.react();
        while let Some((at, timer)) = self.actors.queue.pop(until) {
            self.now = self.now.max(at);
            match timer {
                Timer::Scenario(step) => self.scenario_step(step),
                Timer::Churn => self.churn(),
                other => self.actors.fire(self.now, &mut self.store, other),
            }
            self.react();
        }
        self.now = self.now.max(until);
    }

    /// Lets the actors see what changed in the store.
    pub(crate) fn react(&mut self) {
        self.actors.react(self.now, &mut self.store);
    }

    /// Creates an object past the API server: for set-up and tests. Pods get the API server's defaults.
    ///
    /// # Errors
    /// `AlreadyExists` when the name is taken.
    pub fn create(&mut self, res: Res, mut value: Value) -> Result<Arc<Obj>, Status> {
        if res == resource("pods") {
            template::complete(&mut value);
        }
        let made = self.store.create(self.now, res, value)?;
        self.react();
        Ok(made)
    }

    /// Edits an object past the API server: for set-up and tests.
    ///
    /// # Errors
    /// `NotFound` when there is no such object.
    pub fn update(
        &mut self,
        res: Res,
        ns: &str,
        name: &str,
        edit: impl FnOnce(&mut Value),
    ) -> Result<Arc<Obj>, Status> {
        let made = self.store.update(self.now, res, ns, name, edit)?;
        self.react();
        Ok(made)
    }

    /// Deletes a pod as the API server does. `grace` in seconds, the pod's own when not given; 0
    /// removes it now. A pod that is not bound, or has ended, goes at once. Answers with the pod as it
    /// is marked, or as it last was.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when a precondition does not hold.
    pub fn delete_pod(
        &mut self,
        ns: &str,
        name: &str,
        grace: Option<i64>,
        preconditions: &Preconditions,
        dry_run: bool,
    ) -> Result<Arc<Obj>, Status> {
        let pods = resource("pods");
        let pod = self.store.get(pods, ns, name).ok_or_else(|| Status::not_found(pods, name))?.clone();
        preconditions.check(&pod)?;
        if dry_run {
            return Ok(pod);
        }
        // A second deletion can shorten the grace, never lengthen it: mark_deleted sees to that.
        self.actors.delete_pod(self.now, &mut self.store, &pod, grace);
        let marked = self.store.get(pods, ns, name).filter(|p| p.uid == pod.uid).cloned();
        self.react();
        Ok(marked.unwrap_or(pod))
    }

    /// The grace (seconds) that a deletion with this request would give.
    pub fn grace_of(&self, pod: &Obj, asked: Option<i64>) -> i64 {
        workload::effective_grace(pod, asked)
    }

    /// Reads a log once, without following. `container` may be left out where there is but one.
    ///
    /// # Errors
    /// As the API server and the kubelet word them: no such pod or container, not started yet, node
    /// not reachable.
    pub fn log(
        &self,
        ns: &str,
        pod: &str,
        container: Option<&str>,
        options: &LogOptions,
    ) -> Result<bytes::Bytes, Status> {
        log::read(self, ns, pod, container, options)
    }
}
