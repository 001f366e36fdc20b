//! Builders for tests.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::*;

/// Noon of a day, plus seconds.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap() + TimeDelta::seconds(seconds)
}

/// `a=1 b=2` as sorted pairs.
pub(crate) fn pairs(text: &str) -> Box<[(Text, Text)]> {
    let mut pairs: Vec<(Text, Text)> = text
        .split_whitespace()
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(k, v)| (k.into(), v.into()))
        .collect();
    pairs.sort();
    pairs.into()
}

/// Metadata of `namespace/name` (or `name`) with the uid `uid-<name>`, created at noon.
pub(crate) fn meta(path: &str, labels: &str) -> Meta {
    let (namespace, name) = path.split_once('/').unwrap_or(("", path));
    Meta {
        uid: Uid(format!("uid-{name}").into()),
        namespace: namespace.into(),
        name: name.into(),
        created: at(0),
        deleting: None,
        labels: pairs(labels),
        annotations: Box::default(),
        owner: None,
        finalizers: Box::default(),
    }
}

pub(crate) fn owner(kind: &str, name: &str) -> Option<Owner> {
    Some(Owner {
        kind: kind.into(),
        name: name.into(),
        uid: Uid(format!("uid-{name}").into()),
    })
}

pub(crate) fn condition(kind: &str, status: Truth, reason: &str) -> Condition {
    Condition {
        kind: kind.into(),
        status,
        reason: reason.into(),
        message: id::empty(),
        since: Some(at(0)),
    }
}

/// A pending pod without containers.
pub(crate) fn pod(path: &str, labels: &str) -> Pod {
    Pod {
        meta: meta(path, labels),
        node: None,
        phase: PodPhase::Pending,
        reason: id::empty(),
        message: id::empty(),
        started: None,
        ip: id::empty(),
        conditions: Box::default(),
        containers: Box::default(),
        requests: Resources {
            cpu: 1_000,
            memory: 1 << 30,
            storage: 0,
            pods: 1,
        },
        node_selector: Box::default(),
        node_terms: Box::default(),
        tolerations: Box::default(),
        deadline: None,
        grace: 30,
        empty_dir: false,
    }
}

/// A container without a status.
pub(crate) fn container(name: &str, role: ContainerRole) -> Container {
    Container {
        name: name.into(),
        role,
        image: "image".into(),
        requests: Resources::default(),
        limits: Resources::default(),
        state: None,
        last: None,
        ready: false,
        started: false,
        restarts: 0,
        status_at: 0,
    }
}

pub(crate) fn waiting(reason: &str) -> Option<ContainerState> {
    Some(ContainerState::Waiting {
        reason: reason.into(),
        message: id::empty(),
    })
}

pub(crate) fn running(since: i64) -> Option<ContainerState> {
    Some(ContainerState::Running {
        since: Some(at(since)),
    })
}

pub(crate) fn terminated(exit: i32, reason: &str, started: i64, finished: i64) -> Terminated {
    Terminated {
        exit,
        signal: 0,
        reason: reason.into(),
        message: id::empty(),
        started: Some(at(started)),
        finished: Some(at(finished)),
    }
}

pub(crate) fn ended(
    exit: i32,
    reason: &str,
    started: i64,
    finished: i64,
) -> Option<ContainerState> {
    let end = terminated(exit, reason, started, finished);
    Some(ContainerState::Terminated(Box::new(end)))
}

/// A ready node with 16 CPUs, 64 Gi and 110 pods.
pub(crate) fn node(name: &str, labels: &str) -> Node {
    Node {
        meta: meta(name, labels),
        unschedulable: false,
        taints: Box::default(),
        allocatable: Resources {
            cpu: 16_000,
            memory: 64 << 30,
            storage: 0,
            pods: 110,
        },
        conditions: Box::new([condition("Ready", Truth::True, "KubeletReady")]),
        kubelet: "v1.37.0".into(),
        internal_ip: id::empty(),
    }
}

pub(crate) fn taint(key: &str, value: &str) -> Taint {
    Taint {
        key: key.into(),
        value: value.into(),
        effect: TaintEffect::NoSchedule,
    }
}

/// A pod's upsert.
pub(crate) fn put_pod(pod: Pod) -> Delta {
    Delta::Upsert(Object::Pod(Box::new(pod)))
}

/// A node's upsert.
pub(crate) fn put_node(node: Node) -> Delta {
    Delta::Upsert(Object::Node(Box::new(node)))
}

/// The removal of what [`meta`] named.
pub(crate) fn gone(path: &str) -> Delta {
    let meta = meta(path, "");
    Delta::Remove {
        uid: meta.uid,
        namespace: meta.namespace,
        name: meta.name,
    }
}

/// A whole list.
pub(crate) fn list(kind: Kind, objects: impl IntoIterator<Item = Delta>) -> Batch {
    let mut deltas = vec![Delta::SyncStart];
    deltas.extend(objects);
    deltas.push(Delta::SyncEnd);
    Batch { kind, deltas }
}

/// Some steps of a watch.
pub(crate) fn watch(kind: Kind, deltas: impl IntoIterator<Item = Delta>) -> Batch {
    Batch {
        kind,
        deltas: deltas.into_iter().collect(),
    }
}

/// Reads a pod with the label `job` as an attempt (label `attempt`) at the job of that id, and batch Jobs
/// without looking far.
pub(crate) struct Plain;

impl ReadJobs for Plain {
    fn read(&self, pod: &Pod) -> Option<Job> {
        let id = pod.meta.label("job")?;
        let attempt = pod.meta.label("attempt").and_then(|a| a.parse().ok());
        Some(job(pod, System("plain"), id, attempt))
    }

    fn batch_owner<'p>(&self, pod: &'p Pod) -> Option<&'p Owner> {
        pod.meta.owner.as_ref().filter(|o| &*o.kind == "Job")
    }

    fn read_batch(&self, object: Option<&BatchJob>, pods: &[&Pod]) -> Option<Job> {
        let pod = pods.last()?;
        let name = object.map_or(&pod.meta.owner.as_ref()?.name, |o| &o.meta.name);
        Some(job(pod, System("batch"), name, None))
    }
}

fn job(pod: &Pod, system: System, id: &str, attempt: Option<u32>) -> Job {
    let phase = match pod.phase {
        PodPhase::Succeeded => Phase::Succeeded,
        PodPhase::Failed => Phase::Failed,
        PodPhase::Pending | PodPhase::Running | PodPhase::Unknown => {
            if pod.node.is_some() {
                Phase::Running
            } else {
                Phase::Queued
            }
        }
    };
    Job {
        id: JobId::from(id),
        system,
        project: id::empty(),
        pipeline: id::empty(),
        run: id::empty(),
        name: id::empty(),
        reference: id::empty(),
        commit: id::empty(),
        author: id::empty(),
        url: id::empty(),
        attempt,
        phase,
        steps: Box::default(),
        pod: Some(pod.meta.uid.clone()),
        namespace: pod.meta.namespace.clone(),
        pod_name: pod.meta.name.clone(),
        node: pod.node.clone(),
        created: pod.meta.created,
        scheduled: None,
        started: pod.started,
        ended: phase.ended().then_some(at(0)),
        failure: id::empty(),
        queue: id::empty(),
    }
}
