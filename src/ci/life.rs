//! How far a job is, out of its pod's conditions and container states.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{
    Container, ContainerRole, ContainerState, Life, Phase, Pod, PodPhase, Step, StepState,
    Terminated, Text, Time, id,
};

/// How containers are to be read.
pub(crate) struct Shape {
    /// What stands before a step's name in its container's.
    pub(crate) prefix: &'static str,
    /// Main containers that save what the steps made.
    pub(crate) uploads: &'static [&'static str],
    /// The annotation that names who cancelled, empty for none.
    pub(crate) cancelled_by: &'static str,
}

pub(crate) fn life(pod: &Pod, shape: &Shape) -> Life {
    let ended = pod.ended().then(|| end_of(pod));
    let (phase, failure) = match ended {
        Some(at) => verdict(pod, shape, at),
        None => (progress(pod, shape), id::empty()),
    };
    Life {
        phase,
        scheduled: scheduled(pod),
        started: pod.containers().filter(|c| in_turn(*c)).find_map(began),
        ended,
        failure,
    }
}

/// Its containers in order as steps. Main containers start together and each waits for its turn: one
/// begins when the one before it has ended.
pub(crate) fn steps(pod: &Pod, shape: &Shape) -> Box<[Step]> {
    let mut turn: Option<DateTime<Utc>> = None;
    let mut free = true;
    let mut steps = Vec::with_capacity(pod.spec.containers.len());
    for container in pod.containers().filter(|c| in_turn(*c)) {
        let state = match container.state() {
            Some(ContainerState::Terminated(end)) => {
                let state = ended_step(end, turn);
                turn = turn.max(end.finished());
                state
            }
            Some(ContainerState::Running { since }) if free => {
                free = false;
                StepState::Running {
                    since: since.map(Time::utc).max(turn),
                }
            }
            Some(
                ContainerState::Running { .. } | ContainerState::Waiting(_) | ContainerState::Unset,
            )
            | None => {
                free = false;
                if pod.ended() {
                    StepState::Skipped
                } else {
                    StepState::Waiting
                }
            }
        };
        let name = match container.name().strip_prefix(shape.prefix) {
            Some(rest) if !shape.prefix.is_empty() => rest.into(),
            _ => container.name().clone(),
        };
        steps.push(Step {
            name,
            container: container.name().clone(),
            state,
        });
    }
    steps.into()
}

fn ended_step(end: &Terminated, turn: Option<DateTime<Utc>>) -> StepState {
    let ended = end.finished();
    let started = end
        .started()
        .max(turn)
        .map(|s| ended.map_or(s, |f| s.min(f)));
    if end.exit == 0 && end.message().trim() == "skipped" {
        StepState::Skipped
    } else if end.exit == 0 {
        StepState::Succeeded { started, ended }
    } else {
        StepState::Failed {
            started,
            ended,
            why: why(end).into(),
        }
    }
}

/// Runs in turn: not a sidecar.
fn in_turn(container: Container<'_>) -> bool {
    container.role() != ContainerRole::Sidecar
}

fn began(container: Container<'_>) -> Option<DateTime<Utc>> {
    match container.state()? {
        ContainerState::Running { since } => since.map(Time::utc),
        ContainerState::Terminated(end) => end.started(),
        ContainerState::Waiting(_) | ContainerState::Unset => None,
    }
}

fn has_begun(container: Container<'_>) -> bool {
    container.runs() || has_ended(container)
}

fn has_ended(container: Container<'_>) -> bool {
    container.end().is_some()
}

fn scheduled(pod: &Pod) -> Option<DateTime<Utc>> {
    pod.node.as_ref()?;
    pod.condition("PodScheduled")
        .filter(|c| c.holds())
        .and_then(|c| c.since())
        .or(pod.started())
}

/// The phase of a pod that has not ended.
fn progress(pod: &Pod, shape: &Shape) -> Phase {
    if pod.node.is_none() {
        return Phase::Queued;
    }
    let is_upload = |c: Container<'_>| shape.uploads.contains(&&**c.name());
    if pod.main_containers().any(has_begun) {
        let worked = pod
            .main_containers()
            .filter(|c| !is_upload(*c))
            .all(has_ended);
        let uploads = pod.main_containers().any(is_upload);
        return if worked && uploads {
            Phase::Uploading
        } else {
            Phase::Running
        };
    }
    let mut inits = pod.containers().filter(|c| c.role() == ContainerRole::Init);
    if inits.clone().any(has_begun) {
        return match inits.find(|c| !has_ended(*c)) {
            // All done: what is left to do before the steps is to pull their image.
            None => Phase::Pulling,
            Some(now) if cannot_pull(now) => Phase::Pulling,
            Some(_) => Phase::Preparing,
        };
    }
    if pod.containers().any(|c| c.status.is_some()) {
        Phase::Pulling
    } else {
        Phase::Scheduled
    }
}

fn cannot_pull(container: Container<'_>) -> bool {
    matches!(container.state(), Some(ContainerState::Waiting(words)) if matches!(
        &*words.reason,
        "ErrImagePull"
            | "ImagePullBackOff"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "ImageInspectError"
            | "RegistryUnavailable"
    ))
}

fn end_of(pod: &Pod) -> DateTime<Utc> {
    let since = |kind: &str| pod.condition(kind).and_then(|c| c.since());
    pod.containers()
        .filter_map(|c| c.end()?.finished())
        .max()
        .or_else(|| since("DisruptionTarget"))
        .or_else(|| since("Ready"))
        .or(pod.started())
        .unwrap_or(pod.meta.created)
}

/// How an ended pod's job ended, and why if badly.
fn verdict(pod: &Pod, shape: &Shape, at: DateTime<Utc>) -> (Phase, Text) {
    if pod.phase == PodPhase::Succeeded {
        return (Phase::Succeeded, id::empty());
    }
    if let Some(who) = cancelled_by(pod, shape) {
        return (Phase::Cancelled, format!("cancelled by {who}").into());
    }
    if let Some(why) = taken_away(pod) {
        return (Phase::Lost, why.into());
    }
    if let Some(deleting) = pod.meta.deleting
        && at >= deleting - TimeDelta::seconds(pod.spec.grace)
    {
        return (Phase::Cancelled, "its pod was deleted".into());
    }
    (Phase::Failed, failure(pod, shape).into())
}

fn cancelled_by<'p>(pod: &'p Pod, shape: &Shape) -> Option<&'p str> {
    if shape.cancelled_by.is_empty() {
        return None;
    }
    pod.meta.annotation(shape.cancelled_by)
}

/// The cluster, not the job, ended the pod: why.
fn taken_away(pod: &Pod) -> Option<String> {
    let disrupted = pod.condition("DisruptionTarget").filter(|c| c.holds());
    let reason = match pod.reason() {
        "Evicted"
        | "NodeLost"
        | "NodeShutdown"
        | "Shutdown"
        | "Terminated"
        | "NodeAffinity"
        | "Preempting"
        | "UnexpectedAdmissionError"
        | "OutOfcpu"
        | "OutOfmemory"
        | "OutOfpods" => Some(pod.reason()),
        _ => None,
    };
    let (reason, message) = match (reason, disrupted) {
        (Some(reason), _) => (reason, pod.message()),
        (None, Some(condition)) => (condition.reason(), condition.message()),
        (None, None) => return None,
    };
    Some(if message.is_empty() {
        format!("its pod was taken away: {reason}")
    } else {
        format!("its pod was taken away: {reason}: {message}")
    })
}

/// Why a failed pod's job failed, in a few words: the first container that ended badly, and one that ran
/// out of memory if that is another.
pub(crate) fn failure(pod: &Pod, shape: &Shape) -> String {
    if pod.reason() == "DeadlineExceeded" {
        return match pod.spec.deadline {
            Some(seconds) => format!("deadline of {seconds} s passed"),
            None => "deadline passed".into(),
        };
    }
    let ended = || pod.containers().filter_map(|c| Some((c, c.end()?)));
    let first = ended().find(|(c, end)| end.exit != 0 && in_turn(*c));
    let oom = ended()
        .chain(pod.containers().filter_map(|c| Some((c, c.last()?))))
        .find(|(_, end)| end.reason() == "OOMKilled");
    match (first, oom) {
        (Some((c, end)), Some((o, killed))) if c.name() != o.name() => {
            format!(
                "{}; {}",
                sentence(c, end, shape),
                sentence(o, killed, shape)
            )
        }
        (_, Some((c, end))) | (Some((c, end)), None) => sentence(c, end, shape),
        (None, None) if !pod.message().is_empty() => pod.message().to_owned(),
        (None, None) if !pod.reason().is_empty() => pod.reason().to_owned(),
        (None, None) => "its pod failed".into(),
    }
}

fn sentence(container: Container<'_>, end: &Terminated, shape: &Shape) -> String {
    let (what, name) = if shape.prefix.is_empty() || !in_turn(container) {
        ("container", &**container.name())
    } else {
        let name = &**container.name();
        ("step", name.strip_prefix(shape.prefix).unwrap_or(name))
    };
    let why = if end.reason() == "OOMKilled" {
        "out of memory".into()
    } else {
        why(end)
    };
    format!("{what} {name}: {why}")
}

/// `exit 1`, `OOMKilled (137)`, `signal 9`.
fn why(end: &Terminated) -> String {
    let exit = end.exit;
    match end.reason() {
        "" | "Error" | "Completed" if end.signal != 0 => format!("signal {}", end.signal),
        "" | "Error" | "Completed" => match exit {
            137 => "exit 137 (killed)".into(),
            143 => "exit 143 (terminated)".into(),
            _ => format!("exit {exit}"),
        },
        reason => format!("{reason} ({exit})"),
    }
}

#[cfg(test)]
mod tests;
