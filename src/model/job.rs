//! A CI job, read from its pod (or pods) by a file of `ci`.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::id::{JobId, Text, Uid};
use super::phase::{Life, Phase, Step, current_step};
use super::pod::Pod;
use super::time::{Time, utc};

/// Which CI system a job belongs to: the name by which it registered in `ci`'s table, shown and never
/// compared outside `ci`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct System(pub &'static str);

/// A job of a cluster: the id is unique within the system only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobKey {
    /// Its system.
    pub system: System,
    /// Its id there.
    pub id: JobId,
}

/// What a job's owner knows it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// `shop/api`.
    Project,
    /// The pipeline's name.
    Pipeline,
    /// The run of the pipeline, e.g. `8121`.
    Run,
    /// The job's name within the run.
    Name,
    /// Branch or tag.
    Reference,
    /// Commit.
    Commit,
    /// Who started it.
    Author,
    /// Where it can be seen in its CI system.
    Url,
    /// `namespace/name` of the queue that holds its entry, where its system has one in the cluster. To
    /// cancel and retry.
    Queue,
    /// The pod of the platform that looks after it: its name, or `namespace/name`.
    Worker,
}

/// How a CI system's pods are read. A job keeps its pod and reads from it what is asked for, since most
/// of it is shown of few jobs at a time.
#[derive(Debug)]
pub struct Reading {
    /// The system.
    pub system: System,
    /// A fact, empty when unknown.
    pub fact: for<'p> fn(&'p Pod, Fact) -> &'p str,
    /// The steps in order; empty when the system shows none.
    pub steps: fn(&Pod) -> Box<[Step]>,
}

/// A job that several pods make, or none yet: all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Gathered {
    /// The system.
    pub system: System,
    /// `shop/api`; empty when unknown (so for all texts here).
    pub project: Text,
    /// The pipeline's name.
    pub pipeline: Text,
    /// The job's name.
    pub name: Text,
    /// The object that stands for the job.
    pub source: Uid,
    /// Where it runs now or ran last.
    pub pod: Option<Uid>,
    /// Namespace of its pods.
    pub namespace: Text,
    /// Name of its pod (or of its batch Job while it has none).
    pub pod_name: Text,
    /// Its node, once bound.
    pub node: Option<Text>,
    /// When it was created.
    pub created: DateTime<Utc>,
}

/// From what a job is read.
#[derive(Clone, Debug)]
enum Origin {
    Pod(Arc<Pod>, &'static Reading),
    Gathered(Box<Gathered>),
}

/// A job: what its owner knows it by, and how far it has come.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id in its system.
    pub id: JobId,
    origin: Origin,
    /// From 1; `None` where the system counts none.
    pub attempt: Option<u32>,
    /// Why it ended badly, in a few words (`step test: exit 1`, `step build: out of memory`), empty else.
    pub failure: Text,
    scheduled: Option<Time>,
    started: Option<Time>,
    ended: Option<Time>,
    /// How far it is.
    pub phase: Phase,
    gone: bool,
}

impl Job {
    /// The job that one pod is (an attempt at).
    pub fn of_pod(
        pod: Arc<Pod>,
        reading: &'static Reading,
        id: JobId,
        attempt: Option<u32>,
        life: Life,
    ) -> Self {
        Self::new(Origin::Pod(pod, reading), id, attempt, life)
    }

    /// A job out of more than a pod, or less.
    pub fn gathered(gathered: Gathered, id: JobId, life: Life) -> Self {
        Self::new(Origin::Gathered(Box::new(gathered)), id, None, life)
    }

    fn new(origin: Origin, id: JobId, attempt: Option<u32>, life: Life) -> Self {
        Self {
            id,
            origin,
            attempt,
            failure: life.failure,
            scheduled: life.scheduled.map(Time::from),
            started: life.started.map(Time::from),
            ended: life.ended.map(Time::from),
            phase: life.phase,
            gone: false,
        }
    }

    /// The object from which it is read: its pod, or the batch Job.
    pub(crate) fn source(&self) -> &Uid {
        match &self.origin {
            Origin::Pod(pod, _) => &pod.meta.uid,
            Origin::Gathered(g) => &g.source,
        }
    }

    /// Its pod is gone; `end` is how the job ended thereby, if it had not ended before.
    pub(crate) fn leave(&mut self, end: Option<(DateTime<Utc>, Phase, Text)>) {
        self.gone = true;
        if let Some((at, phase, failure)) = end {
            self.ended = Some(at.into());
            self.phase = phase;
            self.failure = failure;
        }
    }

    /// Whether its pod is gone.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone
    }

    /// How a job ended is told once: what happens to its pod afterwards (deletion) changes that no more.
    pub(crate) fn keep_end(&mut self, old: &Self) {
        if old.phase.ended() && self.phase.ended() && old.phase != Phase::Lost {
            // Which of a Job and its pod is heard of first must not matter: the pod knows more of the why.
            let told_better = old.phase == self.phase && !old.knows_a_pod() && self.knows_a_pod();
            self.phase = old.phase;
            if !told_better {
                self.failure = old.failure.clone();
            }
            self.ended = old.ended.or(self.ended);
        }
    }

    fn knows_a_pod(&self) -> bool {
        match &self.origin {
            Origin::Pod(..) => true,
            Origin::Gathered(g) => g.pod.is_some(),
        }
    }

    /// Its system.
    pub fn system(&self) -> System {
        match &self.origin {
            Origin::Pod(_, reading) => reading.system,
            Origin::Gathered(g) => g.system,
        }
    }

    /// Its key in its cluster.
    pub fn key(&self) -> JobKey {
        JobKey {
            system: self.system(),
            id: self.id.clone(),
        }
    }

    /// Whether that is its key.
    pub fn is(&self, key: &JobKey) -> bool {
        self.id == key.id && self.system() == key.system
    }

    /// What its owner knows it by; empty when unknown.
    pub fn fact(&self, fact: Fact) -> &str {
        match &self.origin {
            Origin::Pod(pod, reading) => (reading.fact)(pod, fact),
            Origin::Gathered(g) => match fact {
                Fact::Project => &g.project,
                Fact::Pipeline => &g.pipeline,
                Fact::Name => &g.name,
                Fact::Run
                | Fact::Reference
                | Fact::Commit
                | Fact::Author
                | Fact::Url
                | Fact::Queue
                | Fact::Worker => "",
            },
        }
    }

    /// `shop/api`; empty when unknown (so for all facts).
    pub fn project(&self) -> &str {
        self.fact(Fact::Project)
    }

    /// The pipeline's name.
    pub fn pipeline(&self) -> &str {
        self.fact(Fact::Pipeline)
    }

    /// The run of the pipeline, e.g. `8121`.
    pub fn run(&self) -> &str {
        self.fact(Fact::Run)
    }

    /// The job's name within the run.
    pub fn name(&self) -> &str {
        self.fact(Fact::Name)
    }

    /// Branch or tag.
    pub fn reference(&self) -> &str {
        self.fact(Fact::Reference)
    }

    /// Who started it.
    pub fn author(&self) -> &str {
        self.fact(Fact::Author)
    }

    /// Its steps in order; empty when the system shows none.
    pub fn steps(&self) -> Box<[Step]> {
        match &self.origin {
            Origin::Pod(pod, reading) => (reading.steps)(pod),
            Origin::Gathered(_) => Box::default(),
        }
    }

    /// The step it is at (see [`current_step`]): its number from 1, of how many, and the step.
    pub fn current_step(&self) -> Option<(usize, usize, Step)> {
        let steps = self.steps();
        let (number, step) = current_step(&steps)?;
        Some((number, steps.len(), step.clone()))
    }

    /// The pod in which it runs or ran last; `None`: it is gone, or there was none.
    pub fn pod(&self) -> Option<&Uid> {
        match &self.origin {
            _ if self.gone => None,
            Origin::Pod(pod, _) => Some(&pod.meta.uid),
            Origin::Gathered(g) => g.pod.as_ref(),
        }
    }

    /// The pod that it is, if it is one and the pod is there.
    pub(crate) fn own_pod(&self) -> Option<&Arc<Pod>> {
        match &self.origin {
            Origin::Pod(pod, _) if !self.gone => Some(pod),
            Origin::Pod(..) | Origin::Gathered(_) => None,
        }
    }

    /// Namespace of its pod.
    pub fn namespace(&self) -> &Text {
        match &self.origin {
            Origin::Pod(pod, _) => &pod.meta.namespace,
            Origin::Gathered(g) => &g.namespace,
        }
    }

    /// Name of its pod (or of its batch Job while it has none).
    pub fn pod_name(&self) -> &Text {
        match &self.origin {
            Origin::Pod(pod, _) => &pod.meta.name,
            Origin::Gathered(g) => &g.pod_name,
        }
    }

    /// Its node, once bound.
    pub fn node(&self) -> Option<&Text> {
        match &self.origin {
            Origin::Pod(pod, _) => pod.node.as_ref(),
            Origin::Gathered(g) => g.node.as_ref(),
        }
    }

    /// When it was created.
    pub fn created(&self) -> DateTime<Utc> {
        match &self.origin {
            Origin::Pod(pod, _) => pod.meta.created,
            Origin::Gathered(g) => g.created,
        }
    }

    /// When its pod was bound.
    pub fn scheduled(&self) -> Option<DateTime<Utc>> {
        utc(self.scheduled)
    }

    /// When its first step began to run.
    pub fn started(&self) -> Option<DateTime<Utc>> {
        utc(self.started)
    }

    /// When it ended.
    pub fn ended(&self) -> Option<DateTime<Utc>> {
        utc(self.ended)
    }

    /// Seconds from creation to the first step running, or to `now` while it has not begun (to its end
    /// when it never began).
    pub fn wait_seconds(&self, now: DateTime<Utc>) -> i64 {
        let until = self.started().or(self.ended()).unwrap_or(now);
        (until - self.created()).num_seconds().max(0)
    }

    /// Seconds from the first step's start to the end, or to `now`; `None` before it began.
    pub fn run_seconds(&self, now: DateTime<Utc>) -> Option<i64> {
        let started = self.started()?;
        let until = self.ended().unwrap_or(now);
        Some((until - started).num_seconds().max(0))
    }
}

impl Job {
    /// Whether nothing is to be told of the other that was not of this one. A pod that was read anew counts
    /// as another one.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        self.equals(other, Arc::ptr_eq)
    }

    fn equals(&self, other: &Self, same: impl Fn(&Arc<Pod>, &Arc<Pod>) -> bool) -> bool {
        let origin = match (&self.origin, &other.origin) {
            (Origin::Pod(a, r), Origin::Pod(b, s)) => r.system == s.system && same(a, b),
            (Origin::Gathered(a), Origin::Gathered(b)) => a == b,
            (Origin::Pod(..) | Origin::Gathered(_), _) => false,
        };
        origin
            && (&self.id, self.attempt, self.phase, self.gone)
                == (&other.id, other.attempt, other.phase, other.gone)
            && (self.scheduled, self.started, self.ended)
                == (other.scheduled, other.started, other.ended)
            && self.failure == other.failure
    }
}

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        self.equals(other, |a, b| Arc::ptr_eq(a, b) || a == b)
    }
}
