//! A pod's way in and out: its table, the sums of its node, indexes, and the job it is.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::changes::{Change, Changes};
use super::feed::Kind;
use super::id::Text;
use super::jobs;
use super::pod::Pod;
use super::read::ReadJobs;
use super::store::{Model, note};
use super::sums::Use;
use super::table::{Gone, Mark, Upsert};

impl Model {
    pub(crate) fn put_pod(
        &mut self,
        now: DateTime<Utc>,
        pod: Arc<Pod>,
        jobs: &dyn ReadJobs,
        changes: &mut Changes,
    ) {
        let (slot, did) = self.pods.upsert(pod);
        let (change, old) = match did {
            Upsert::Same => return,
            Upsert::Added => (Change::Added, None),
            Upsert::Changed(old) => (Change::Changed, Some(old)),
            Upsert::Replaced(value, mark) => {
                note(changes, Change::Removed, Kind::Pod, &*value);
                let gone = Gone { slot, value, mark };
                self.forget_pod(now, &gone, false, jobs, changes);
                (Change::Added, None)
            }
        };
        let Some(pod) = self.pods.shared(slot).cloned() else {
            return;
        };
        note(changes, change, Kind::Pod, &*pod);
        let job = jobs.read(&pod);
        let batch = match &job {
            Some(_) => None,
            None => jobs.batch_owner(&pod),
        };
        if let Some(owner) = batch {
            self.work.batches.insert(owner.uid.clone());
        }
        match &old {
            // Most changes: the kubelet reports.
            Some(old) if counts_alike(old, &pod) => {
                if let Some(node) = &pod.node {
                    changed_node(node, changes);
                }
            }
            _ => {
                let purpose = purpose(&pod, job.is_some(), batch.is_some());
                self.tally(slot, old.as_deref(), &pod, purpose, jobs, changes);
            }
        }
        let work = &mut self.work;
        let known = self.pods.mark(slot);
        let mark = match job {
            Some(job) => {
                let (told, out) = (&mut work.told, &mut work.job_changes);
                Some(self.jobs.put(known, job, told, out))
            }
            None => {
                self.jobs.drop_source(known, &mut work.job_changes);
                None
            }
        };
        if mark != known {
            self.pods.set_mark(slot, mark);
        }
    }

    /// A pod's part in the sums and lists, where it was `old` before.
    fn tally(
        &mut self,
        slot: u32,
        old: Option<&Pod>,
        pod: &Pod,
        purpose: Use,
        jobs: &dyn ReadJobs,
        changes: &mut Changes,
    ) {
        let moved = match old {
            Some(old) => {
                self.subtract(old, self.pods.mark(slot), jobs, changes);
                let moved = pod.node != old.node || pod.meta.owner != old.meta.owner;
                if moved {
                    self.unindex(slot, old);
                }
                moved
            }
            None => true,
        };
        if moved && let Some(owner) = &pod.meta.owner {
            self.kin.enter_owner(slot, &owner.uid, &self.pods);
        }
        let Some(node) = &pod.node else { return };
        let sums = match self.sums.get_mut(&**node) {
            Some(sums) => sums,
            None => self.sums.entry(node.clone()).or_default(),
        };
        sums.add(pod, purpose);
        changed_node(node, changes);
        if !moved {
            return;
        }
        self.kin.enter_node(slot, sums);
        if !self.pool_of.contains_key(node)
            && !self.guessed.contains_key(node)
            && let Some(guess) = super::view::guess(pod)
        {
            self.guessed.insert(node.clone(), guess);
            self.work.nodes = true;
        }
    }

    /// Takes a pod out of the sums (it is out of its table).
    fn subtract(&mut self, pod: &Pod, mark: Mark, jobs: &dyn ReadJobs, changes: &mut Changes) {
        let claimed = mark.is_some();
        let batch = if claimed { None } else { jobs.batch_owner(pod) };
        if let Some(owner) = &batch {
            self.work.batches.insert(owner.uid.clone());
        }
        if let Some(node) = &pod.node
            && let Some(sums) = self.sums.get_mut(&**node)
        {
            sums.sub(pod, purpose(pod, claimed, batch.is_some()));
            changed_node(node, changes);
        }
    }

    /// Takes a pod out of the lists by node and owner.
    fn unindex(&mut self, slot: u32, pod: &Pod) {
        if let Some(owner) = &pod.meta.owner {
            self.kin.leave_owner(slot, &owner.uid);
        }
        if let Some(node) = &pod.node
            && let Some(sums) = self.sums.get_mut(&**node)
        {
            self.kin.leave_node(slot, sums);
            if sums.known == 0 {
                self.sums.remove(&**node);
                self.guessed.remove(&**node);
            }
        }
    }

    /// A pod is gone (it is out of its table).
    pub(crate) fn forget_pod(
        &mut self,
        now: DateTime<Utc>,
        gone: &Gone<Pod>,
        unseen: bool,
        jobs: &dyn ReadJobs,
        changes: &mut Changes,
    ) {
        let pod = &gone.value;
        self.usages.forget(gone.slot);
        self.subtract(pod, gone.mark, jobs, changes);
        self.unindex(gone.slot, pod);
        let work = &mut self.work;
        let (told, out) = (&mut work.told, &mut work.job_changes);
        self.jobs
            .gone(now, gone.mark, how_gone(pod, unseen), told, out);
    }
}

/// Whether a pod is to its node, to its owner and to a CI system what it was.
fn counts_alike(old: &Pod, new: &Pod) -> bool {
    Arc::ptr_eq(&old.spec, &new.spec)
        && old.node == new.node
        && old.ended() == new.ended()
        && old.meta.owner == new.meta.owner
        && old.meta.labels == new.meta.labels
        && old.meta.annotations == new.meta.annotations
}

/// Notes that something changed on a node; settling sorts them out.
fn changed_node(node: &Text, changes: &mut Changes) {
    if changes.nodes.last().is_none_or(|last| last != node) {
        changes.nodes.push(node.clone());
    }
}

/// How a pod went, by the last that was seen of it.
fn how_gone(pod: &Pod, unseen: bool) -> jobs::Gone {
    let disrupted = pod.condition("DisruptionTarget").filter(|c| c.holds());
    match (disrupted, pod.meta.deleting) {
        (Some(condition), _) => {
            jobs::Gone::Disrupted(format!("its pod was taken away: {}", condition.reason()).into())
        }
        (None, Some(_)) => jobs::Gone::Deleted,
        (None, None) if unseen => jobs::Gone::Unseen,
        (None, None) => jobs::Gone::Vanished,
    }
}

pub(crate) fn purpose(pod: &Pod, claimed: bool, batch: bool) -> Use {
    let owner = pod.meta.owner.as_ref().map(|o| &*o.kind);
    if claimed {
        Use::Ci
    } else if batch {
        Use::Batch
    } else if matches!(owner, Some("DaemonSet" | "Node"))
        || pod.meta.annotation("kubernetes.io/config.mirror").is_some()
    {
        Use::PerNode
    } else {
        Use::Service
    }
}
