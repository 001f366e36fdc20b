//! The simulated cluster as a whole: store, time, actors.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::actors::queue::Timer;
use super::actors::{Actors, template};
use super::api::{self, DeleteOptions, Deleted, Request, Response, Watch};
use super::object::Obj;
use super::resource::{Res, resource};
use super::scenario::Scenario;
use super::status::Status;
use super::store::Store;

mod faults;
mod fill;
mod log;
mod session;

pub(crate) use fill::FILLED;
pub use fill::Fill;

/// One cluster. Synchronous and deterministic: the same seed and the same calls at the same times give
/// the same bytes.
#[derive(Clone, Debug)]
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

    /// Forgets how the objects came to be, as a server does after a while: what watches from before now
    /// is told that its resourceVersion is too old.
    pub fn compact(&mut self) {
        self.store.trim(0);
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

    /// Answers a request at the present time; the actors have seen its effects when it returns. An
    /// outage is the HTTP shell's: who lives in this process is answered all the same.
    pub fn handle(&mut self, req: Request) -> Response {
        let answer = api::handle(&mut self.store, self.now, &req);
        self.react();
        match answer {
            Response::Log(follow) => {
                let pod = self.store.by_uid(&follow.uid).cloned();
                if let Some(pod) = pod {
                    self.actors.rouse(self.now, &mut self.store, &pod);
                }
                self.open_log(follow)
            }
            Response::Upgrade(session) => {
                let pod = self.store.by_uid(session.uid()).cloned();
                if let Some(pod) = pod {
                    self.actors.rouse(self.now, &mut self.store, &pod);
                }
                self.open_session(session)
            }
            other => other,
        }
    }

    /// Frames of a watch that are ready: newline-delimited JSON.
    pub fn watch_next(&self, watch: &mut Watch) -> Vec<Bytes> {
        watch.next(&self.store, self.now)
    }

    /// Deletes a pod as the API server does; the kubelet ends it within its grace.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when a precondition does not hold.
    pub fn delete_pod(
        &mut self,
        ns: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<Deleted, Status> {
        let deleted = api::delete_object(
            &mut self.store,
            self.now,
            resource("pods"),
            ns,
            name,
            options,
        )?;
        self.react();
        Ok(deleted)
    }

    /// Evicts a pod as the API server does, if its budget allows.
    ///
    /// # Errors
    /// 429 with cause `DisruptionBudget` when the budget refuses, 500 when several match, 404, 409.
    pub fn evict(&mut self, ns: &str, name: &str, options: &DeleteOptions) -> Result<(), Status> {
        api::evict(&mut self.store, self.now, ns, name, options)?;
        self.react();
        Ok(())
    }
}
