//! The label scheme `jobs.constable/`: what a home-grown CI platform writes on its job pods so that the
//! console knows them. The demo platform uses it; any platform may.
//!
//! One pod is one attempt at one job.
//!
//! | on the pod | key | value | needed |
//! |---|---|---|---|
//! | label | `jobs.constable/id` | the job's id, unique in the platform; attempts share it | yes |
//! | label | `jobs.constable/attempt` | from 1 | no |
//! | label | `jobs.constable/component` | `runner` (a pod with another value is no job) | no |
//! | annotation | `jobs.constable/project` | `shop/api` | no |
//! | annotation | `jobs.constable/pipeline` | the pipeline's name, `build` | no |
//! | annotation | `jobs.constable/run` | the pipeline's run, `8121` | no |
//! | annotation | `jobs.constable/name` | the job's name in the run, `test` | no |
//! | annotation | `jobs.constable/ref` | branch or tag | no |
//! | annotation | `jobs.constable/commit` | commit | no |
//! | annotation | `jobs.constable/author` | who started it | no |
//! | annotation | `jobs.constable/url` | where it can be seen in the platform | no |
//! | annotation | `jobs.constable/queue` | `namespace/name` of the ConfigMap that holds its entry | to cancel and retry |
//! | annotation | `jobs.constable/worker` | name of the worker pod that took the job | to see what each worker runs |
//! | annotation | `jobs.constable/deadline` | seconds it may take | no |
//! | annotation | `jobs.constable/cancelled-by` | who cancelled it, written before the pod is deleted | no |
//!
//! **Steps** are the containers in their order, init containers first, sidecars left out: init containers
//! fetch the code and restore the cache, then `step-<name>` each, then `upload-artifacts`. Main containers
//! start together and wait for their turn; one that is not run because an earlier one failed ends with exit
//! code 0 and the termination message `skipped`. `restartPolicy` is `Never`.
//!
//! **Life**: without a node *queued*; bound *scheduled*; no container begun, or the one whose turn it is
//! cannot get its image, *pulling*; init containers *preparing*; then *running*; all steps ended and
//! `upload-artifacts` not, *uploading*. It ended as its pod did; a failed pod is *cancelled* when somebody
//! is named by `cancelled-by` or its deletion had been asked for, and *lost* when the cluster took it away
//! (eviction, preemption, loss of the node).
//!
//! **Cancel and retry** go through the queue, a ConfigMap whose `data[id]` is a JSON object with at least
//! `state` (`queued|running|succeeded|failed|cancelled|lost`) and `attempt`. The console sets `asked` to
//! `cancel` or `retry` and `asked_by` to who asked, by a patch that carries the resourceVersion it read. A
//! worker honours it: on `cancel` it deletes the pod with its grace and sets `state` to `cancelled`; on
//! `retry` it waits until the old pod is gone and starts the next attempt.

use std::sync::Arc;

use crate::model::{Fact, Job, JobId, Model, Pod, Reading, System};

use super::life::{self, Shape, life};
use super::way::{EntryWay, Until, Way};
use super::worker::Part;
use super::{CiSystem, Projection};

/// Label: the job's id.
pub const ID: &str = "jobs.constable/id";
/// Label: the attempt.
pub const ATTEMPT: &str = "jobs.constable/attempt";
/// Label: what part of the platform a pod is.
pub const COMPONENT: &str = "jobs.constable/component";
/// Annotation: the ConfigMap that holds the job's entry.
pub const QUEUE: &str = "jobs.constable/queue";
/// Annotation on such a ConfigMap: how many entries wait.
pub const DEPTH: &str = "jobs.constable/depth";
/// Annotation: the worker pod that took the job.
pub const WORKER: &str = "jobs.constable/worker";
/// Annotation: who cancelled.
pub const CANCELLED_BY: &str = "jobs.constable/cancelled-by";
/// Annotation on what API handlers register: by which pod.
pub const REGISTERED_BY: &str = "jobs.constable/registered-by";
/// Annotation: seconds a job may take.
pub const DEADLINE: &str = "jobs.constable/deadline";

const PROJECT: &str = "jobs.constable/project";
const PIPELINE: &str = "jobs.constable/pipeline";
const RUN: &str = "jobs.constable/run";
const NAME: &str = "jobs.constable/name";
const REF: &str = "jobs.constable/ref";
const COMMIT: &str = "jobs.constable/commit";
const AUTHOR: &str = "jobs.constable/author";
const URL: &str = "jobs.constable/url";

/// Its row.
pub const SYSTEM: CiSystem = CiSystem {
    system: READING.system,
    recognise,
    read,
    part,
    registered_by: |meta| meta.annotation(REGISTERED_BY),
    projection: Projection {
        annotations: &[
            PROJECT,
            PIPELINE,
            RUN,
            NAME,
            REF,
            COMMIT,
            AUTHOR,
            URL,
            QUEUE,
            WORKER,
            DEPTH,
            DEADLINE,
            CANCELLED_BY,
            REGISTERED_BY,
        ],
        env: &[],
    },
    cancel,
    retry,
};

const SHAPE: Shape = Shape {
    prefix: "step-",
    uploads: &["upload-artifacts"],
    cancelled_by: CANCELLED_BY,
};

fn recognise(pod: &Pod) -> bool {
    let [id, component] = pod.meta.labels.values_of([ID, COMPONENT]);
    id.is_some_and(|id| !id.is_empty()) && component.is_none_or(|c| c == "runner")
}

/// Label `component` of the platform's own pods: `worker`, or `api` for those that answer requests.
fn part(pod: &Pod) -> Option<Part> {
    match pod.meta.label(COMPONENT)? {
        "worker" => Some(Part::Worker),
        "api" => Some(Part::Handler),
        _ => None,
    }
}

static READING: Reading = Reading {
    system: System("constable"),
    fact,
    steps: |pod| life::steps(pod, &SHAPE),
};

fn read(pod: &Arc<Pod>) -> Job {
    let [id, attempt] = pod.meta.labels.values_of([ID, ATTEMPT]);
    let id = JobId(id.unwrap_or_default().into());
    let attempt = attempt.and_then(|a| a.parse().ok());
    Job::of_pod(pod.clone(), &READING, id, attempt, life(pod, &SHAPE))
}

fn fact(pod: &Pod, fact: Fact) -> &str {
    let key = match fact {
        Fact::Project => PROJECT,
        Fact::Pipeline => PIPELINE,
        Fact::Run => RUN,
        Fact::Name => NAME,
        Fact::Reference => REF,
        Fact::Commit => COMMIT,
        Fact::Author => AUTHOR,
        Fact::Url => URL,
        Fact::Queue => QUEUE,
        Fact::Worker => WORKER,
    };
    pod.meta.annotation(key).unwrap_or_default()
}

fn cancel(_: &Model, job: &Job) -> Way {
    let until = Until::Ended(&["cancelled"]);
    entry(job, "cancel", &["queued", "running"], until)
}

fn retry(_: &Model, job: &Job) -> Way {
    let from = &["succeeded", "failed", "cancelled", "lost"];
    entry(job, "retry", from, Until::NextAttempt)
}

/// The platform is asked through the job's entry in its queue: deleting the pod would make it `lost`.
fn entry(job: &Job, word: &'static str, from: &'static [&'static str], until: Until) -> Way {
    let Some((namespace, name)) = job.fact(Fact::Queue).split_once('/') else {
        let why = format!("its pod does not say which queue holds it (annotation {QUEUE})");
        return Way::Refused(why.into());
    };
    Way::Entry(EntryWay {
        namespace: namespace.into(),
        config_map: name.into(),
        key: job.id.0.clone(),
        attempt: job.attempt.unwrap_or(1),
        ask: ("asked", word),
        by: "asked_by",
        from,
        until,
    })
}
