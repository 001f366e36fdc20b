//! STATUS, READY, RESTARTS and ROLES as kubectl 1.37 prints them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::age;
use super::condition::PodCondition;
use super::container::{Container, ContainerRole, ContainerState, Terminated};
use super::meta::Truth;
use super::node::Node;
use super::pod::{Pod, PodPhase};
use super::workload::BatchJob;

/// A pod's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodStatus<'p> {
    /// STATUS: `Running`, `Init:0/2`, `CrashLoopBackOff`, …
    pub status: Cow<'p, str>,
    /// Ready containers,
    pub ready: u32,
    /// of so many (sidecars count).
    pub total: u32,
    /// Restarts of those that count.
    pub restarts: i64,
    /// End of the last run before a restart.
    pub last_restart: Option<DateTime<Utc>>,
}

impl PodStatus<'_> {
    /// READY: `1/2`.
    pub fn ready_text(&self) -> String {
        format!("{}/{}", self.ready, self.total)
    }

    /// RESTARTS: `3 (5m ago)`, or the bare number where there were none or no time is known.
    pub fn restarts_text(&self, now: DateTime<Utc>) -> String {
        match self.last_restart {
            Some(_) if self.restarts != 0 => {
                format!(
                    "{} ({} ago)",
                    self.restarts,
                    age::since(self.last_restart, now)
                )
            }
            _ => self.restarts.to_string(),
        }
    }
}

/// What `kubectl get pods` says of a pod.
pub fn pod_status(pod: &Pod) -> PodStatus<'_> {
    let mut status = Cow::Borrowed(match pod.reason() {
        "" => pod.phase.as_str(),
        reason => reason,
    });
    let gated = |c: PodCondition<'_>| c.kind() == "PodScheduled" && c.reason() == "SchedulingGated";
    if pod.conditions.iter().any(gated) {
        status = "SchedulingGated".into();
    }
    let counted = |c: &Container<'_>| c.role() != ContainerRole::Init;
    let total = pod.containers().filter(counted).count();

    let inits = Inits::walk(pod);
    let mut ready = inits.ready;
    let mut restarts = inits.restarts;
    let initializing = inits.status.is_some();
    if let Some(text) = inits.status {
        status = text;
    }
    if !initializing || holds(pod, "Initialized") {
        restarts = inits.sidecars;
        let mut running = false;
        let mut error = None;
        for container in in_status_order(pod, false).into_iter().rev() {
            restarts.add(container);
            match container.state() {
                Some(ContainerState::Waiting(words)) if !words.reason.is_empty() => {
                    status = Cow::Borrowed(&words.reason);
                }
                Some(ContainerState::Terminated(end)) => {
                    status = end_text(end);
                    if end.exit != 0 {
                        error = Some(status.clone());
                    }
                }
                Some(ContainerState::Running { .. }) if container.ready() => {
                    running = true;
                    ready += 1;
                }
                Some(
                    ContainerState::Running { .. }
                    | ContainerState::Waiting(_)
                    | ContainerState::Unset,
                )
                | None => {}
            }
        }
        if status == "Completed" {
            if running && holds(pod, "Ready") {
                status = "Running".into();
            } else if let Some(error) = error {
                status = error;
            } else if running {
                status = "NotReady".into();
            }
        }
    }
    if pod.meta.deleting.is_some() {
        if pod.reason() == "NodeLost" {
            status = "Unknown".into();
        } else if !matches!(pod.phase, PodPhase::Succeeded | PodPhase::Failed) {
            status = "Terminating".into();
        }
    }
    PodStatus {
        status,
        ready,
        total: u32::try_from(total).unwrap_or(u32::MAX),
        restarts: restarts.count,
        last_restart: restarts.last,
    }
}

#[derive(Clone, Copy, Default)]
struct Restarts {
    count: i64,
    last: Option<DateTime<Utc>>,
}

impl Restarts {
    fn add(&mut self, container: Container<'_>) {
        self.count += i64::from(container.restarts());
        self.last = self
            .last
            .max(container.last().and_then(Terminated::finished));
    }
}

/// The walk over the init containers, up to the first that is not done.
#[derive(Default)]
struct Inits<'p> {
    restarts: Restarts,
    sidecars: Restarts,
    ready: u32,
    /// `Init:…` of the one at which the pod stands.
    status: Option<Cow<'p, str>>,
}

impl<'p> Inits<'p> {
    fn walk(pod: &'p Pod) -> Self {
        let mut walk = Self::default();
        let all = pod.containers();
        let total = all.filter(|c| c.role() != ContainerRole::Main).count();
        for (at, container) in in_status_order(pod, true).into_iter().enumerate() {
            let sidecar = container.role() == ContainerRole::Sidecar;
            walk.restarts.add(container);
            if sidecar {
                walk.sidecars.add(container);
            }
            let text = match container.state() {
                Some(ContainerState::Terminated(end)) if end.exit == 0 => continue,
                _ if sidecar && container.started() => {
                    walk.ready += u32::from(container.ready());
                    continue;
                }
                Some(ContainerState::Terminated(end)) => format!("Init:{}", end_text(end)),
                Some(ContainerState::Waiting(words))
                    if !matches!(&*words.reason, "" | "PodInitializing") =>
                {
                    format!("Init:{}", words.reason)
                }
                Some(
                    ContainerState::Running { .. }
                    | ContainerState::Waiting(_)
                    | ContainerState::Unset,
                )
                | None => format!("Init:{at}/{total}"),
            };
            walk.status = Some(text.into());
            break;
        }
        walk
    }
}

/// The containers that have a status, in the order in which the statuses stand.
fn in_status_order(pod: &Pod, init: bool) -> Vec<Container<'_>> {
    let mut of: Vec<Container<'_>> = pod
        .containers()
        .filter(|c| c.status.is_some() && (c.role() != ContainerRole::Main) == init)
        .collect();
    of.sort_by_key(|c| c.status.map(|s| s.at));
    of
}

fn end_text(end: &Terminated) -> Cow<'_, str> {
    if !end.reason().is_empty() {
        end.reason().into()
    } else if end.signal != 0 {
        format!("Signal:{}", end.signal).into()
    } else {
        format!("ExitCode:{}", end.exit).into()
    }
}

/// Whether the first condition of this type is True.
fn holds(pod: &Pod, kind: &str) -> bool {
    pod.condition(kind).is_some_and(PodCondition::holds)
}

/// What `kubectl get nodes` says of a node: `Ready`, `NotReady`, `Unknown`, with `,SchedulingDisabled`.
pub fn node_status(node: &Node) -> &'static str {
    let ready = node.conditions.iter().rev().find(|c| &*c.kind == "Ready");
    match (ready.map(|c| c.status), node.unschedulable) {
        (Some(Truth::True), false) => "Ready",
        (Some(Truth::True), true) => "Ready,SchedulingDisabled",
        (Some(Truth::False | Truth::Unknown), false) => "NotReady",
        (Some(Truth::False | Truth::Unknown), true) => "NotReady,SchedulingDisabled",
        (None, false) => "Unknown",
        (None, true) => "Unknown,SchedulingDisabled",
    }
}

/// ROLES of a node: sorted, joined by commas, or `<none>`.
pub fn node_roles(node: &Node) -> String {
    let roles: BTreeSet<&str> = node
        .meta
        .labels
        .iter()
        .filter_map(
            |(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
                Some(role) => Some(role),
                None => (&**key == "kubernetes.io/role").then_some(value),
            },
        )
        .filter(|role: &&str| !role.is_empty())
        .collect();
    if roles.is_empty() {
        return "<none>".into();
    }
    roles.into_iter().collect::<Vec<_>>().join(",")
}

/// STATUS of a batch Job.
pub fn batch_status(job: &BatchJob) -> &'static str {
    let holds = |kind: &str| {
        let found = job.conditions.iter().find(|c| &*c.kind == kind);
        found.is_some_and(|c| c.status == Truth::True)
    };
    if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if job.meta.deleting.is_some() {
        "Terminating"
    } else if holds("Suspended") {
        "Suspended"
    } else if holds("FailureTarget") {
        "FailureTarget"
    } else if holds("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

/// COMPLETIONS of a batch Job: `1/3`.
pub fn batch_completions(job: &BatchJob) -> String {
    format!("{}/{}", job.succeeded, job.completions)
}

#[cfg(test)]
mod tests;
