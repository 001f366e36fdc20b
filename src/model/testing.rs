//! Builders for tests.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::*;

/// Noon of a day, plus seconds.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap() + TimeDelta::seconds(seconds)
}

/// `a=1 b=2` as sorted pairs.
pub(crate) fn pairs(text: &str) -> Box<[(Text, Text)]> {
    let mut pairs: Vec<(Text, Text)> = split(text).map(|(k, v)| (k.into(), v.into())).collect();
    pairs.sort();
    pairs.into()
}

/// `a=1 b=2` as labels.
pub(crate) fn labels(text: &str) -> Labels {
    split(text).collect()
}

fn split(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split_whitespace()
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Metadata of `namespace/name` (or `name`) with the uid `uid-<name>`, created at noon.
pub(crate) fn meta(path: &str, of: &str) -> Meta {
    let (namespace, name) = path.split_once('/').unwrap_or(("", path));
    Meta {
        uid: Uid::from(&*format!("uid-{name}")),
        namespace: namespace.into(),
        name: name.into(),
        created: at(0),
        deleting: None,
        labels: labels(of),
        annotations: Labels::default(),
        owner: None,
    }
}

pub(crate) fn owner(kind: &str, name: &str) -> Option<Arc<Owner>> {
    Some(Arc::new(Owner {
        kind: kind.into(),
        name: name.into(),
        uid: Uid::from(&*format!("uid-{name}")),
    }))
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
        spec: Arc::new(PodSpec {
            requests: Resources {
                cpu: 1_000,
                memory: 1 << 30,
                storage: 0,
                pods: 1,
            },
            grace: 30,
            ..PodSpec::default()
        }),
        node: None,
        conditions: Conditions::default(),
        statuses: Box::default(),
        words: None,
        started: None,
        ip: None,
        phase: PodPhase::Pending,
    }
}

/// A pod's spec, to be changed.
pub(crate) fn spec(pod: &mut Pod) -> &mut PodSpec {
    Arc::make_mut(&mut pod.spec)
}

/// A container to be put into a pod: without a `state` it has no status.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) name: &'static str,
    pub(crate) role: ContainerRole,
    pub(crate) state: Option<ContainerState>,
    pub(crate) last: Option<Terminated>,
    pub(crate) ready: bool,
    pub(crate) started: bool,
    pub(crate) restarts: i32,
    pub(crate) status_at: u16,
}

/// A container without a status.
pub(crate) fn container(name: &'static str, role: ContainerRole) -> Draft {
    Draft {
        name,
        role,
        state: None,
        last: None,
        ready: false,
        started: false,
        restarts: 0,
        status_at: 0,
    }
}

/// Puts these containers into a pod, in place of those there.
pub(crate) fn contain(pod: &mut Pod, drafts: impl IntoIterator<Item = Draft>) {
    let (specs, statuses): (Vec<_>, Vec<_>) = drafts
        .into_iter()
        .map(|draft| {
            let spec = ContainerSpec {
                name: draft.name.into(),
                role: draft.role,
                image: "image".into(),
                requests: Resources::default(),
                limits: Resources::default(),
            };
            let status = draft.state.map(|state| ContainerStatus {
                state,
                last: draft.last.map(Box::new),
                restarts: draft.restarts,
                at: draft.status_at,
                ready: draft.ready,
                started: draft.started,
            });
            (spec, status)
        })
        .unzip();
    spec(pod).containers = specs.into();
    pod.statuses = statuses.into();
}

pub(crate) fn waiting(reason: &str) -> Option<ContainerState> {
    Some(ContainerState::Waiting(Words::new(reason, "")))
}

pub(crate) fn running(since: i64) -> Option<ContainerState> {
    Some(ContainerState::Running {
        since: Some(at(since).into()),
    })
}

pub(crate) fn terminated(exit: i32, reason: &str, started: i64, finished: i64) -> Terminated {
    Terminated {
        exit,
        signal: 0,
        words: Words::new(reason, ""),
        started: Some(at(started).into()),
        finished: Some(at(finished).into()),
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
        info: NodeInfo::default(),
        internal_ip: id::empty(),
    }
}

pub(crate) fn taint(key: &str, value: &str) -> Taint {
    Taint {
        key: key.into(),
        value: value.into(),
        effect: TaintEffect::NoSchedule,
        since: None,
    }
}

/// An event about `Kind namespace/name` (`Kind name` without one), a minute after the start.
pub(crate) fn event(about: &str, reason: &str, message: &str) -> ClusterEvent {
    let (kind, path) = about.split_once(' ').unwrap_or((about, ""));
    let (namespace, name) = path.split_once('/').unwrap_or(("", path));
    ClusterEvent {
        meta: meta(&format!("{namespace}/{name}.{reason}"), ""),
        regarding: Regarding {
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
            uid: format!("uid-{name}").into(),
            field: id::empty(),
        },
        warning: true,
        reason: reason.into(),
        message: message.into(),
        count: 1,
        first: at(60).into(),
        last: at(60).into(),
        source: "kubelet".into(),
        node: id::empty(),
    }
}

/// A pod's upsert.
pub(crate) fn put_pod(pod: Pod) -> Delta {
    Delta::Upsert(Object::Pod(Arc::new(pod)))
}

/// A node's upsert.
pub(crate) fn put_node(node: Node) -> Delta {
    Delta::Upsert(Object::Node(Arc::new(node)))
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
    fn read(&self, pod: &Arc<Pod>) -> Option<Job> {
        let id = JobId::from(pod.meta.label("job")?);
        let attempt = pod.meta.label("attempt").and_then(|a| a.parse().ok());
        Some(Job::of_pod(pod.clone(), &PLAIN, id, attempt, life(pod)))
    }

    fn batch_owner<'p>(&self, pod: &'p Pod) -> Option<&'p Owner> {
        pod.meta.owner.as_deref().filter(|o| &*o.kind == "Job")
    }

    fn read_batch(&self, object: Option<&BatchJob>, pods: &[&Pod]) -> Option<Job> {
        let pod = pods.last()?;
        let owner = pod.meta.owner.as_deref()?;
        let name = object.map_or(&owner.name, |o| &o.meta.name);
        let gathered = Gathered {
            system: System("batch"),
            project: id::empty(),
            pipeline: id::empty(),
            name: id::empty(),
            source: owner.uid.clone(),
            pod: Some(pod.meta.uid.clone()),
            namespace: pod.meta.namespace.clone(),
            pod_name: pod.meta.name.clone(),
            node: pod.node.clone(),
            created: pod.meta.created,
        };
        Some(Job::gathered(gathered, JobId::from(&**name), life(pod)))
    }
}

static PLAIN: Reading = Reading {
    system: System("plain"),
    fact: |_, _| "",
    steps: |_| Box::default(),
};

fn life(pod: &Pod) -> Life {
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
    Life {
        phase,
        scheduled: None,
        started: pod.started(),
        ended: phase.ended().then_some(at(0)),
        failure: id::empty(),
    }
}
