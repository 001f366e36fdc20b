//! Whose lines a pane has: pods, each with its streams, a short name and a colour of its own.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::stream::{Stream, StreamState, beside, never_ran, ran};
use super::window::Window;
use crate::engine::table::Cx;
use crate::engine::{LogId, LogSource};
use crate::model::{ClusterNo, ContainerRole, Fact, Job, Model, Pod, Text, Uid};

/// Colours that names are told apart by.
pub(crate) const HUES: u8 = 12;
/// Containers of a pod that are told apart.
const CONTAINERS: u32 = 1 << 8;

/// A pod whose log is read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    /// `api#8121/test`.
    pub(crate) label: Text,
    /// Which colour its name has: the same wherever and whenever.
    pub(crate) hue: u8,
    pub(crate) cluster: ClusterNo,
    pub(crate) namespace: Text,
    pub(crate) pod: Text,
    pub(crate) uid: Uid,
    pub(crate) node: Option<Text>,
    /// In the order in which they are read.
    pub(crate) streams: Vec<Stream>,
    /// Its lines in the ring.
    pub(crate) lines: u32,
    /// Its node was told to be down.
    pub(crate) cut_off: bool,
    /// Its pod is gone from the cluster.
    pub(crate) gone: bool,
    /// Since when it is one, seconds.
    pub(crate) since: i64,
}

/// How much a stream is needed, most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Its container runs and has not been looked at.
    Running,
    /// It failed.
    Failed,
    /// It ended well, or was quiet when it was last looked at.
    Rest,
    /// Its node is down: it cannot be read.
    CutOff,
}

impl Member {
    pub(crate) fn new(cluster: ClusterNo, pod: &Pod, label: Text, containers: Vec<Text>) -> Self {
        let containers = containers.into_iter().take(CONTAINERS as usize);
        Self {
            hue: hue(&label),
            label,
            cluster,
            namespace: pod.meta.namespace.clone(),
            pod: pod.meta.name.clone(),
            uid: pod.meta.uid.clone(),
            node: pod.node.clone(),
            streams: containers.map(Stream::new).collect(),
            lines: 0,
            cut_off: false,
            gone: false,
            since: 0,
        }
    }

    /// Whether nothing more will come of it.
    pub(crate) fn over(&self) -> bool {
        self.streams.iter().all(|s| s.state.over())
    }

    /// Marks containers that will never run and gives those whose turn has come. `eager`: those too that have
    /// not started, to tell what they wait for.
    pub(crate) fn due(
        &mut self,
        pod: Option<&Pod>,
        eager: bool,
        mut never: impl FnMut(usize, &Text),
    ) -> Vec<usize> {
        let mut due = Vec::new();
        // Whether all before are over, and whether those that are not run beside this one.
        let (mut all_over, mut none_holds) = (true, true);
        for (at, stream) in self.streams.iter_mut().enumerate() {
            let besides = pod.is_some_and(|pod| beside(pod, &stream.container));
            if stream.state == StreamState::Idle {
                let started = pod
                    .and_then(|pod| pod.container(&stream.container))
                    .is_some_and(ran);
                if pod.is_some_and(|pod| never_ran(pod, &stream.container)) {
                    if all_over {
                        stream.state = StreamState::NeverRan;
                        never(at, &stream.container);
                    }
                } else if (all_over || (none_holds && besides)) && (eager || started) {
                    due.push(at);
                }
            }
            all_over &= stream.state.over();
            none_holds &= stream.state.over() || besides;
        }
        due
    }

    /// How much a stream of it is needed.
    pub(crate) fn need(&self, pod: Option<&Pod>, stream: usize) -> Need {
        if self.cut_off {
            return Need::CutOff;
        }
        let stream = &self.streams[stream];
        if matches!(stream.state, StreamState::Parked(..)) {
            return Need::Rest;
        }
        match pod.and_then(|pod| pod.container(&stream.container)) {
            Some(c) => match c.end() {
                Some(end) if end.exit == 0 => Need::Rest,
                Some(_) => Need::Failed,
                None => Need::Running,
            },
            None => Need::Rest,
        }
    }

    /// What a stream of it is read from.
    pub(crate) fn source(&self, stream: usize) -> LogSource {
        LogSource {
            namespace: self.namespace.clone(),
            pod: self.pod.clone(),
            uid: self.uid.clone(),
            container: self.streams[stream].container.clone(),
            previous: false,
            follow: true,
            since: None,
            tail: None,
            restarts: 0,
        }
    }
}

/// Members of a pane by number; a number is used again when nothing of its member is left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    slots: Vec<Option<Member>>,
    free: Vec<u32>,
    by_uid: HashMap<(ClusterNo, Uid), u32>,
    by_id: HashMap<LogId, (u32, u8)>,
}

impl Members {
    pub(crate) fn add(&mut self, member: Member) -> u32 {
        let uid = (member.cluster, member.uid.clone());
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = Some(member);
                at
            }
            None => {
                self.slots.push(Some(member));
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.by_uid.insert(uid, at);
        at
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(crate) fn of(&self, no: ClusterNo, uid: &Uid) -> Option<u32> {
        self.by_uid.get(&(no, uid.clone())).copied()
    }

    pub(crate) fn get(&self, at: u32) -> Option<&Member> {
        self.slots.get(at as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, at: u32) -> Option<&mut Member> {
        self.slots.get_mut(at as usize)?.as_mut()
    }

    /// The member and the stream of a line.
    pub(crate) fn by_source(&self, source: u32) -> Option<(&Member, &Stream)> {
        let member = self.get(source / CONTAINERS)?;
        Some((member, member.streams.get((source % CONTAINERS) as usize)?))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Member)> {
        (0..)
            .zip(&self.slots)
            .filter_map(|(at, slot)| Some((at, slot.as_ref()?)))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut Member)> {
        (0..)
            .zip(&mut self.slots)
            .filter_map(|(at, slot)| Some((at, slot.as_mut()?)))
    }

    /// The stream that was opened under that id.
    pub(crate) fn stream(&self, id: LogId) -> Option<(u32, usize)> {
        let (member, stream) = self.by_id.get(&id)?;
        Some((*member, usize::from(*stream)))
    }

    /// A stream was opened.
    pub(crate) fn opened(&mut self, id: LogId, member: u32, stream: usize) {
        self.by_id
            .insert(id, (member, u8::try_from(stream).unwrap_or(u8::MAX)));
    }

    /// A stream will not speak any more.
    pub(crate) fn closed(&mut self, id: LogId) {
        self.by_id.remove(&id);
    }

    /// A line of it goes into the ring.
    pub(crate) fn line_came(&mut self, source: u32) {
        if let Some(member) = self.get_mut(source / CONTAINERS) {
            member.lines += 1;
        }
    }

    /// A line of it went out of the ring.
    pub(crate) fn line_went(&mut self, source: u32) {
        let at = source / CONTAINERS;
        if let Some(member) = self.get_mut(at) {
            member.lines = member.lines.saturating_sub(1);
            if member.lines == 0 && member.gone {
                self.release(at);
            }
        }
    }

    /// Forgets a member of which nothing is left: no line here, no pod in the cluster.
    pub(crate) fn release(&mut self, at: u32) {
        let Some(member) = self.get(at) else { return };
        if member.lines > 0 || !member.gone || !member.over() {
            return;
        }
        let uid = (member.cluster, member.uid.clone());
        self.by_uid.remove(&uid);
        self.slots[at as usize] = None;
        self.free.push(at);
    }
}

/// How lines name a stream of a member.
pub(crate) fn source(member: u32, stream: usize) -> u32 {
    member.saturating_mul(CONTAINERS) + u32::try_from(stream).unwrap_or(0) % CONTAINERS
}

/// The short name of a pod: `api#8121/test` of a job, the pod's name without its template's hash of others;
/// behind its cluster's name where there are several.
pub(crate) fn label(cx: &Cx<'_>, pod: &Pod) -> Text {
    let label = short_name(cx.model, pod);
    match cx.cluster {
        Some(cluster) => format!("{cluster}:{label}").into(),
        None => label,
    }
}

/// The short name of a pod: `api#8121/test` of a job, the pod's name without its template's hash of others.
pub fn short_name(model: &Model, pod: &Pod) -> Text {
    if let Some(job) = model.job_of_pod(&pod.meta.uid)
        && let Some(label) = job_label(job)
    {
        return label.into();
    }
    let name = &*pod.meta.name;
    let hash = pod.meta.label("pod-template-hash").unwrap_or_default();
    if !hash.is_empty() {
        let within = format!("-{hash}-");
        if let Some((before, after)) = name.split_once(&*within) {
            return format!("{before}-{after}").into();
        }
    }
    pod.meta.name.clone()
}

fn job_label(job: &Job) -> Option<String> {
    let project = job.project().rsplit('/').next().unwrap_or_default();
    let (run, name) = (job.run(), job.fact(Fact::Name));
    if name.is_empty() {
        return None;
    }
    let mut label = project.to_owned();
    if !run.is_empty() {
        label.push('#');
        label.push_str(run);
    }
    if !label.is_empty() {
        label.push('/');
    }
    label.push_str(name);
    if let Some(attempt) = job.attempt.filter(|n| *n > 1) {
        label.push_str(&format!("@{attempt}"));
    }
    Some(label)
}

/// A colour by name: FNV-1a, the same in every run.
fn hue(name: &str) -> u8 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| {
        (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    // The lower bits of FNV are the worse ones.
    u8::try_from((hash ^ (hash >> 32)) % u64::from(HUES)).unwrap_or(0)
}

/// Containers of a pod in the order in which they are read, as far as a window wants them: a job's steps, or
/// what the pod has.
pub(crate) fn containers(
    job: Option<&Job>,
    pod: &Pod,
    window: Window,
    since: Option<DateTime<Utc>>,
    previous: bool,
) -> Vec<Text> {
    let mut names = match job {
        Some(job) => job_containers(job, pod),
        None => pod_containers(pod),
    };
    let ran_later = |name: &Text, all: &[Text]| {
        let behind = all.iter().skip_while(|n| *n != name).skip(1);
        behind
            .filter_map(|n| pod.container(n))
            .any(|c| c.role() != ContainerRole::Sidecar && ran(c))
    };
    let all = names.clone();
    names.retain(|name| {
        let Some(c) = pod.container(name) else {
            return true;
        };
        if previous {
            return c.restarts() > 0 || c.last().is_some();
        }
        match (window, c.end()) {
            (Window::Head, _) | (_, None) => true,
            // Of a step that went well and has others behind it the tail shows nothing.
            (Window::Tail, Some(end)) => end.exit != 0 || !ran_later(name, &all),
            (Window::Minutes(_), Some(end)) => end
                .finished()
                .is_none_or(|at| since.is_none_or(|since| at >= since)),
        }
    });
    names
}

/// The steps' containers in order, or the pod's where the system shows no steps.
pub(crate) fn job_containers(job: &Job, pod: &Pod) -> Vec<Text> {
    let steps = job.steps();
    if steps.is_empty() {
        return pod_containers(pod);
    }
    steps.into_iter().map(|step| step.container).collect()
}

/// Init containers, then the others, then sidecars, which never end by themselves.
pub(crate) fn pod_containers(pod: &Pod) -> Vec<Text> {
    let of = |role: ContainerRole| {
        pod.containers()
            .filter(move |c| c.role() == role)
            .map(|c| c.name().clone())
    };
    // Of init containers that ended well long ago nobody wants to read before a service's own log.
    let running = pod.main_containers().any(|c| c.runs());
    let init = of(ContainerRole::Init).filter(|_| !running);
    init.chain(of(ContainerRole::Main))
        .chain(of(ContainerRole::Sidecar))
        .collect()
}
