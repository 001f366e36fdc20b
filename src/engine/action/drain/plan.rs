//! What a drain will do to each pod of a node, by kubectl's filters in kubectl's order.

use std::fmt::Write as _;

use super::super::plan::title;
use crate::model::{Budget, Kind, Model, Pod, Text, Uid};

/// What may be done, as kubectl's flags of the same names say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrainOptions {
    /// Leave the pods of DaemonSets where they are instead of refusing.
    pub ignore_daemonsets: bool,
    /// Evict pods whose emptyDir data goes with them.
    pub delete_emptydir_data: bool,
    /// Evict pods that no controller makes again.
    pub force: bool,
    /// Evict pods in which a CI job runs: the job dies.
    pub kill_jobs: bool,
    /// Grace in seconds instead of each pod's own.
    pub grace: Option<i64>,
    /// Give up after so many seconds.
    pub timeout_s: Option<u64>,
}

impl DrainOptions {
    /// What the console offers: everything is listed in the preview and confirmed there.
    pub const INTERACTIVE: Self = Self {
        ignore_daemonsets: true,
        delete_emptydir_data: true,
        force: true,
        kill_jobs: true,
        grace: None,
        timeout_s: None,
    };
}

/// What happens to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Evicted, under the budgets.
    Evict,
    /// It has ended: removed, as kubectl does.
    Remove,
    /// It belongs to a DaemonSet: it stays.
    DaemonSet,
    /// The kubelet's own (a mirror pod): it stays.
    Mirror,
}

/// One pod of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PodPlan {
    /// Its uid: no other pod is touched in its name.
    pub uid: Uid,
    /// Namespace.
    pub namespace: Text,
    /// Name.
    pub name: Text,
    /// What happens to it.
    pub fate: Fate,
    /// The running job in it, in its owner's words; it dies with the pod.
    pub job: Option<Text>,
    /// No controller makes it again.
    pub bare: bool,
    /// It holds emptyDir data.
    pub empty_dir: bool,
}

/// The plan for a node.
#[derive(Clone, Debug, PartialEq)]
pub struct DrainPlan {
    /// The node.
    pub node: Text,
    /// Its uid.
    pub uid: Uid,
    /// Its pods, by namespace and name.
    pub pods: Vec<PodPlan>,
    /// Why it may not be done with these options; empty: it may. kubectl's sentences.
    pub refusals: Vec<String>,
}

impl DrainPlan {
    /// Pods that go.
    pub fn going(&self) -> impl Iterator<Item = &PodPlan> {
        self.pods
            .iter()
            .filter(|p| matches!(p.fate, Fate::Evict | Fate::Remove))
    }

    /// Jobs that would die.
    pub fn jobs(&self) -> impl Iterator<Item = &PodPlan> {
        self.going().filter(|p| p.job.is_some())
    }
}

/// Makes the plan from what the watch shows.
///
/// # Errors
/// Where the picture is not whole: the node is unknown, or the feeds of pods, nodes or DaemonSets are not
/// live for all namespaces.
pub fn plan(model: &Model, node: &str, options: &DrainOptions) -> Result<DrainPlan, String> {
    for kind in [Kind::Node, Kind::Pod, Kind::DaemonSet] {
        if !model.feed(kind).is_live() {
            return Err(format!(
                "drain {node}: {} cannot be seen wholly now, so nobody can say what would be lost",
                kind.plural()
            ));
        }
    }
    let found = model
        .node(node)
        .ok_or_else(|| format!("node {node} not found"))?;
    let mut pods: Vec<PodPlan> = model
        .pods_on(node)
        .map(|pod| plan_pod(model, pod))
        .collect();
    pods.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    let refusals = refusals(node, &pods, options, model);
    Ok(DrainPlan {
        node: found.meta.name.clone(),
        uid: found.meta.uid.clone(),
        pods,
        refusals,
    })
}

fn plan_pod(model: &Model, pod: &Pod) -> PodPlan {
    let owned_by_daemonset = pod
        .meta
        .owner
        .as_ref()
        .is_some_and(|o| &*o.kind == "DaemonSet");
    // kubectl's order: an ended pod of a DaemonSet goes; mirror pods are skipped; the rest is evicted.
    let fate = if owned_by_daemonset && !pod.ended() {
        Fate::DaemonSet
    } else if pod.meta.annotation("kubernetes.io/config.mirror").is_some() {
        Fate::Mirror
    } else if pod.ended() {
        Fate::Remove
    } else {
        Fate::Evict
    };
    let job = model
        .job_of_pod(&pod.meta.uid)
        .filter(|job| fate == Fate::Evict && !job.phase.ended())
        .map(|job| title(job).into());
    PodPlan {
        uid: pod.meta.uid.clone(),
        namespace: pod.meta.namespace.clone(),
        name: pod.meta.name.clone(),
        fate,
        job,
        bare: fate == Fate::Evict && pod.meta.owner.is_none(),
        empty_dir: fate == Fate::Evict && pod.spec.empty_dir,
    }
}

/// A pod with a running job is named in the jobs' refusal alone: who loses the job loses its pod too.
fn refusals(node: &str, pods: &[PodPlan], options: &DrainOptions, model: &Model) -> Vec<String> {
    let mut refusals = Vec::new();
    let mut refuse = |what: &str, which: &dyn Fn(&PodPlan) -> bool| {
        let names = names(pods.iter().filter(|p| which(p)));
        if !names.is_empty() {
            refusals.push(format!("{what}: {names}"));
        }
    };
    if !options.ignore_daemonsets {
        refuse(
            "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
            &|p| p.fate == Fate::DaemonSet,
        );
    }
    if !options.force {
        refuse(
            "cannot delete DaemonSet-managed Pods whose DaemonSet is gone (use --force to override)",
            &|p| p.fate == Fate::DaemonSet && orphaned(model, &p.uid),
        );
    }
    if !options.delete_emptydir_data {
        refuse(
            "cannot delete Pods with local storage (use --delete-emptydir-data to override)",
            &|p| p.empty_dir && p.job.is_none(),
        );
    }
    if !options.force {
        refuse(
            "cannot delete Pods that declare no controller (use --force to override)",
            &|p| p.bare && p.job.is_none(),
        );
    }
    if !options.kill_jobs {
        let jobs: Vec<&PodPlan> = pods.iter().filter(|p| p.job.is_some()).collect();
        if !jobs.is_empty() {
            let mut text = format!(
                "{} running {} would be lost on {node} (use --kill-jobs to lose them)",
                jobs.len(),
                if jobs.len() == 1 { "job" } else { "jobs" }
            );
            for pod in &jobs {
                let job = pod.job.as_deref().unwrap_or_default();
                let _ = write!(text, "\n  {job}  {}/{}", pod.namespace, pod.name);
            }
            refusals.push(text);
        }
    }
    refusals
}

/// A pod that says it is a DaemonSet's, whose DaemonSet is not there.
pub(super) fn orphaned(model: &Model, pod: &Uid) -> bool {
    let Some(owner) = model.pod(pod).and_then(|p| p.meta.owner.as_ref()) else {
        return false;
    };
    &*owner.kind == "DaemonSet" && model.workload_by_uid(Kind::DaemonSet, &owner.uid).is_none()
}

fn names<'a>(pods: impl Iterator<Item = &'a PodPlan>) -> String {
    let all: Vec<String> = pods
        .map(|p| format!("{}/{}", p.namespace, p.name))
        .collect();
    all.join(", ")
}

/// The budgets that select a pod.
pub(in super::super) fn budgets_of<'a>(
    model: &'a Model,
    pod: &'a Pod,
) -> impl Iterator<Item = &'a Budget> {
    model.budgets().filter(|b| b.selects(pod))
}
