//! Plain batch/v1 Jobs: a Job with all its pods is one job. What a CI system claims pod by pod (although a
//! batch Job owns the pods) is not read here.
//!
//! It has no steps: what its containers mean is its author's affair.

use crate::model::{
    BatchJob, Condition, Gathered, Job, JobId, Life, Model, Owner, Phase, Pod, System, Text, Truth,
    id,
};

use super::Projection;
use super::life::{Shape, failure, life};
use super::way::Way;

/// How jobs read from batch Jobs are named.
pub const SYSTEM: System = System("batch");

pub(crate) const PROJECTION: Projection = Projection {
    annotations: &["batch.kubernetes.io/job-completion-index"],
    env: &[],
};

const SHAPE: Shape = Shape {
    prefix: "",
    uploads: &[],
    cancelled_by: "",
};

/// The batch/v1 Job that controls a pod. (Other groups have a kind `Job` too; theirs do not bear these
/// labels.)
pub(crate) fn owner(pod: &Pod) -> Option<&Owner> {
    const LABELS: [&str; 4] = [
        "batch.kubernetes.io/controller-uid",
        "controller-uid",
        "batch.kubernetes.io/job-name",
        "job-name",
    ];
    let owner = pod.meta.owner.as_deref()?;
    let labelled = || LABELS.iter().any(|key| pod.meta.label(key).is_some());
    (&*owner.kind == "Job" && labelled()).then_some(owner)
}

/// See [`crate::model::ReadJobs::read_batch`].
pub(crate) fn read(object: Option<&BatchJob>, pods: &[&Pod]) -> Option<Job> {
    let latest = pods
        .iter()
        .copied()
        .max_by_key(|pod| (!pod.ended(), pod.meta.created, pod.meta.uid.clone()));
    let meta = object.map(|o| &o.meta).or(latest.map(|pod| &pod.meta))?;
    let name = match object {
        Some(object) => object.meta.name.clone(),
        None => latest.and_then(owner).map(|o| o.name.clone())?,
    };
    let source = match object {
        Some(object) => object.meta.uid.clone(),
        None => latest.and_then(owner).map(|o| o.uid.clone())?,
    };
    let life_of = latest.map(|pod| life(pod, &SHAPE));
    let lives = || pods.iter().map(|pod| life(pod, &SHAPE));
    let (phase, ended, failure) = end(object, pods).unwrap_or_else(|| {
        (
            going(pods, life_of.as_ref().map(|l| l.phase)),
            None,
            id::empty(),
        )
    });
    let life = Life {
        phase,
        scheduled: lives().filter_map(|l| l.scheduled).min(),
        started: lives().filter_map(|l| l.started).min(),
        ended,
        failure,
    };
    let gathered = Gathered {
        system: SYSTEM,
        project: meta
            .label("app.kubernetes.io/part-of")
            .map_or_else(id::empty, Text::from),
        pipeline: object
            .and_then(|o| o.meta.owner.as_ref())
            .filter(|o| &*o.kind == "CronJob")
            .map_or_else(id::empty, |o| o.name.clone()),
        name: name.clone(),
        source,
        pod: latest.map(|pod| pod.meta.uid.clone()),
        namespace: meta.namespace.clone(),
        pod_name: latest.map_or(name.clone(), |pod| pod.meta.name.clone()),
        node: latest.and_then(|pod| pod.node.clone()),
        created: meta.created,
    };
    let id = JobId(format!("{}/{name}", meta.namespace).into());
    Some(Job::gathered(gathered, id, life))
}

type End = (Phase, Option<chrono::DateTime<chrono::Utc>>, Text);

/// How it ended, by its own conditions; without the object, by its pods if all of them have ended well.
fn end(object: Option<&BatchJob>, pods: &[&Pod]) -> Option<End> {
    let Some(object) = object else {
        let last = pods.iter().filter_map(|pod| life(pod, &SHAPE).ended).max();
        let all = |phase| pods.iter().all(|pod| life(pod, &SHAPE).phase == phase);
        return if all(Phase::Succeeded) {
            Some((Phase::Succeeded, last, id::empty()))
        } else {
            None
        };
    };
    let holds = |kind: &str| -> Option<&Condition> {
        object
            .conditions
            .iter()
            .find(|c| &*c.kind == kind && c.status == Truth::True)
    };
    if let Some(done) = holds("Complete") {
        return Some((
            Phase::Succeeded,
            object.completed.or(done.since),
            id::empty(),
        ));
    }
    let failed = holds("Failed")?;
    let of_pod = pods
        .iter()
        .filter(|pod| life(pod, &SHAPE).phase == Phase::Failed)
        .max_by_key(|pod| life(pod, &SHAPE).ended)
        .map(|pod| failure(pod, &SHAPE));
    let why = match of_pod {
        Some(why) => format!("{}: {why}", failed.reason),
        None if failed.message.is_empty() => failed.reason.to_string(),
        None => format!("{}: {}", failed.reason, failed.message),
    };
    Some((Phase::Failed, failed.since, why.into()))
}

/// The phase of one that has not ended: how far its pod furthest on is. Between a failed pod and the next
/// it waits.
fn going(pods: &[&Pod], latest: Option<Phase>) -> Phase {
    let furthest = pods
        .iter()
        .map(|pod| life(pod, &SHAPE).phase)
        .filter(|phase| !phase.ended())
        .max();
    match (furthest, latest) {
        (Some(phase), _) => phase,
        // All pods have ended and the Job has not said so yet.
        (None, Some(Phase::Succeeded)) => Phase::Running,
        (None, _) => Phase::Queued,
    }
}

/// Deleting the Job is its cancellation; its pods follow, with their grace.
pub(crate) fn cancel(model: &Model, job: &Job) -> Way {
    match find(model, job) {
        Ok(found) => Way::DeleteJob {
            namespace: found.meta.namespace.clone(),
            name: found.meta.name.clone(),
            uid: found.meta.uid.clone(),
        },
        Err(refused) => *refused,
    }
}

/// A clean copy is its retry.
pub(crate) fn retry(model: &Model, job: &Job) -> Way {
    match find(model, job) {
        Ok(found) => Way::CopyJob {
            namespace: found.meta.namespace.clone(),
            name: found.meta.name.clone(),
            uid: found.meta.uid.clone(),
        },
        Err(refused) => *refused,
    }
}

fn find<'a>(model: &'a Model, job: &Job) -> Result<&'a BatchJob, Box<Way>> {
    job.id
        .as_str()
        .split_once('/')
        .and_then(|(namespace, name)| model.batch_job(namespace, name))
        .ok_or_else(|| {
            Box::new(Way::Refused(
                "its batch Job is gone or cannot be seen".into(),
            ))
        })
}
