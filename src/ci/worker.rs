//! The platform's own pods: those that look after jobs, and those that answer requests.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::SYSTEMS;
use crate::model::{Fact, JobKey, Meta, Model, Pod, System};

/// What part of its platform a pod is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It takes jobs and looks after them.
    Worker,
    /// It answers requests from outside.
    Handler,
}

/// Which system a pod is a part of, and which part.
pub fn part(pod: &Pod) -> Option<(System, Part)> {
    let row = SYSTEMS
        .iter()
        .find_map(|row| Some((row.system, (row.part)(pod)?)))?;
    Some(row)
}

/// The pod that registered an Ingress or Service, where its system says so.
pub fn registered_by(meta: &Meta) -> Option<&str> {
    SYSTEMS.iter().find_map(|row| (row.registered_by)(meta))
}

/// What a worker has in hand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Load {
    /// Jobs that have not ended.
    pub running: u32,
    /// When it took the last one.
    pub last: Option<DateTime<Utc>>,
    /// One of those that have not ended, the youngest.
    pub job: Option<JobKey>,
}

/// What every worker has in hand, as far as the jobs say whose they are.
#[derive(Clone, Debug, Default)]
pub struct Crew {
    /// By system and the worker pod's name.
    loads: HashMap<(System, Box<str>), Load>,
}

impl Crew {
    /// Looks through all jobs.
    pub fn of(model: &Model) -> Self {
        let mut crew = Self::default();
        for job in model.jobs() {
            let worker = name(job.fact(Fact::Worker));
            if worker.is_empty() {
                continue;
            }
            let load = crew.loads.entry((job.system(), worker.into())).or_default();
            let took = Some(job.created());
            if !job.phase.ended() {
                load.running += 1;
                if load.job.is_none() || took > load.last {
                    load.job = Some(job.key());
                }
            }
            load.last = load.last.max(took);
        }
        crew
    }

    /// A worker's load; `None`: its system's jobs do not say whose they are.
    pub fn load(&self, worker: &Pod) -> Option<Load> {
        let (system, _) = part(worker)?;
        match self.loads.get(&(system, (&*worker.meta.name).into())) {
            Some(load) => Some(load.clone()),
            // Some say it, so this one has none.
            None => (self.loads.keys().any(|(s, _)| *s == system)).then(Load::default),
        }
    }
}

/// Whether this worker looks after this job.
pub fn looks_after(worker: &Pod, job: &crate::model::Job) -> bool {
    let says = job.fact(Fact::Worker);
    !says.is_empty()
        && *name(says) == *worker.meta.name
        && part(worker).is_some_and(|(system, _)| system == job.system())
}

/// Of `namespace/name` or a bare name.
fn name(says: &str) -> &str {
    says.rsplit_once('/').map_or(says, |(_, name)| name)
}
