//! A pod's way in and out: its table, the sums of its node, indexes, and the job it is.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::changes::{Change, Changes};
use super::feed::Kind;
use super::jobs::Gone;
use super::pod::Pod;
use super::read::ReadJobs;
use super::store::{Model, note};
use super::sums::Use;
use super::table::{Upsert, key_of};

impl Model {
    pub(crate) fn put_pod(
        &mut self,
        now: DateTime<Utc>,
        pod: Arc<Pod>,
        jobs: &dyn ReadJobs,
        changes: &mut Changes,
    ) {
        let uid = pod.meta.uid.clone();
        let (change, old) = match self.pods.upsert(pod) {
            Upsert::Same => return,
            Upsert::Added => (Change::Added, None),
            Upsert::Changed(old) => (Change::Changed, Some(old)),
            Upsert::Replaced(old) => {
                note(changes, Change::Removed, Kind::Pod, &*old);
                self.forget_pod(now, &old, false, jobs, changes);
                (Change::Added, None)
            }
        };
        let moved = match &old {
            Some(old) => {
                self.subtract(old, jobs, changes);
                let moved = self
                    .pods
                    .by_uid(&uid)
                    .is_none_or(|new| new.node != old.node || new.meta.owner != old.meta.owner);
                if moved {
                    self.unindex(old);
                }
                moved
            }
            None => true,
        };
        let Some(pod) = self.pods.shared(&uid) else {
            return;
        };
        note(changes, change, Kind::Pod, &**pod);
        let job = jobs.read(pod);
        let batch = match &job {
            Some(_) => None,
            None => jobs.batch_owner(pod),
        };
        let purpose = purpose(pod, job.is_some(), batch.is_some());
        if let Some(owner) = batch {
            self.work.batches.insert(owner.uid.clone());
        }
        if moved && let Some(owner) = &pod.meta.owner {
            let keys = self.by_owner.entry(owner.uid.clone()).or_default();
            keys.insert(key_of(&pod.meta));
        }
        if let Some(node) = &pod.node {
            let sums = match self.sums.get_mut(&**node) {
                Some(sums) => sums,
                None => self.sums.entry(node.clone()).or_default(),
            };
            sums.add(pod, purpose);
            if moved {
                sums.keys.insert(key_of(&pod.meta));
            }
            changes.nodes.push(node.clone());
            if moved
                && !self.pool_of.contains_key(node)
                && !self.guessed.contains_key(node)
                && let Some(guess) = super::view::guess(pod)
            {
                self.guessed.insert(node.clone(), guess);
                self.work.nodes = true;
            }
        }
        let work = &mut self.work;
        match job {
            Some(job) => self
                .jobs
                .put(&uid, job, &mut work.told, &mut work.job_changes),
            None => self.jobs.drop_source(&uid, &mut work.job_changes),
        }
    }

    /// Takes a pod out of the sums (it is out of its table).
    fn subtract(&mut self, pod: &Pod, jobs: &dyn ReadJobs, changes: &mut Changes) {
        let claimed = self.jobs.has_source(&pod.meta.uid);
        let batch = if claimed { None } else { jobs.batch_owner(pod) };
        if let Some(owner) = &batch {
            self.work.batches.insert(owner.uid.clone());
        }
        if let Some(node) = &pod.node
            && let Some(sums) = self.sums.get_mut(&**node)
        {
            sums.sub(pod, purpose(pod, claimed, batch.is_some()));
            changes.nodes.push(node.clone());
        }
    }

    /// Takes a pod out of the indexes by node and owner.
    fn unindex(&mut self, pod: &Pod) {
        let key = key_of(&pod.meta);
        if let Some(owner) = &pod.meta.owner
            && let Some(keys) = self.by_owner.get_mut(&owner.uid)
        {
            keys.remove(&key);
            if keys.is_empty() {
                self.by_owner.remove(&owner.uid);
            }
        }
        if let Some(node) = &pod.node
            && let Some(sums) = self.sums.get_mut(&**node)
        {
            sums.keys.remove(&key);
            if sums.keys.is_empty() {
                self.sums.remove(&**node);
                self.guessed.remove(&**node);
            }
        }
    }

    pub(crate) fn forget_pod(
        &mut self,
        now: DateTime<Utc>,
        pod: &Pod,
        unseen: bool,
        jobs: &dyn ReadJobs,
        changes: &mut Changes,
    ) {
        self.subtract(pod, jobs, changes);
        self.unindex(pod);
        let work = &mut self.work;
        let end = how_gone(pod, unseen);
        self.jobs.gone(
            now,
            &pod.meta.uid,
            end,
            &mut work.told,
            &mut work.job_changes,
        );
    }
}

/// How a pod went, by the last that was seen of it.
fn how_gone(pod: &Pod, unseen: bool) -> Gone {
    let disrupted = pod.condition("DisruptionTarget").filter(|c| c.holds());
    match (disrupted, pod.meta.deleting) {
        (Some(condition), _) => {
            Gone::Disrupted(format!("its pod was taken away: {}", condition.reason()).into())
        }
        (None, Some(_)) => Gone::Deleted,
        (None, None) if unseen => Gone::Unseen,
        (None, None) => Gone::Vanished,
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
