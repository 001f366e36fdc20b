//! What belongs to an owner beside pods: the ReplicaSets of a Deployment, the Jobs of a CronJob.

use std::collections::HashMap;

use super::feed::Kind;
use super::id::Uid;
use super::meta::Meta;
use super::pod::Pod;
use super::store::Model;
use super::workload::{Autoscaler, BatchJob, CronJob, Workload, WorkloadKind};

/// Uids by the uid of their owner.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offspring(HashMap<Uid, Vec<Uid>>);

impl Offspring {
    /// An object is there (it may have been before).
    pub(crate) fn enter(&mut self, meta: &Meta) {
        if let Some(owner) = &meta.owner {
            let all = self.0.entry(owner.uid.clone()).or_default();
            if !all.contains(&meta.uid) {
                all.push(meta.uid.clone());
            }
        }
    }

    /// An object was so; `now`: it is this, if it is still there.
    pub(crate) fn leave(&mut self, was: &Meta, now: Option<&Meta>) {
        let owner = |meta: &Meta| meta.owner.as_ref().map(|o| o.uid.clone());
        let (Some(old), new) = (owner(was), now.and_then(owner)) else {
            return;
        };
        if new.as_ref() == Some(&old) {
            return;
        }
        if let Some(all) = self.0.get_mut(&old) {
            all.retain(|uid| *uid != was.uid);
            if all.is_empty() {
                self.0.remove(&old);
            }
        }
    }

    /// How many owners there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn of(&self, owner: &Uid) -> &[Uid] {
        self.0.get(owner).map_or(&[], Vec::as_slice)
    }
}

impl Model {
    /// The ReplicaSets of a Deployment, the latest revision first.
    pub fn sets_of(&self, deployment: &Uid) -> Vec<&Workload> {
        let uids = self.offspring.of(deployment).iter();
        let mut sets: Vec<_> = uids
            .filter_map(|uid| self.workload_by_uid(Kind::ReplicaSet, uid))
            .collect();
        sets.sort_by(|a, b| {
            let key = |set: &Workload| (set.revision(), set.meta.created);
            key(b)
                .cmp(&key(a))
                .then_with(|| a.meta.name.cmp(&b.meta.name))
        });
        sets
    }

    /// The pods of a workload, a Deployment's by way of its ReplicaSets, by name within each.
    pub fn pods_of_workload(&self, workload: &Workload) -> Vec<&Pod> {
        let uid = &workload.meta.uid;
        if workload.kind != WorkloadKind::Deployment {
            return self.pods_of(uid).collect();
        }
        let sets = self.sets_of(uid).into_iter();
        sets.flat_map(|set| self.pods_of(&set.meta.uid)).collect()
    }

    /// The Jobs of a CronJob, the youngest first.
    pub fn jobs_of(&self, cron: &Uid) -> Vec<&BatchJob> {
        let uids = self.offspring.of(cron).iter();
        let mut jobs: Vec<_> = uids.filter_map(|uid| self.batch_job_by_uid(uid)).collect();
        jobs.sort_by(|a, b| {
            let order = b.meta.created.cmp(&a.meta.created);
            order.then_with(|| a.meta.name.cmp(&b.meta.name))
        });
        jobs
    }

    /// A CronJob.
    pub fn cron_job(&self, namespace: &str, name: &str) -> Option<&CronJob> {
        self.cron_jobs.get(namespace, name)
    }

    /// A CronJob by uid.
    pub fn cron_job_by_uid(&self, uid: &Uid) -> Option<&CronJob> {
        self.cron_jobs.by_uid(uid)
    }

    /// All CronJobs.
    pub fn cron_jobs(&self) -> impl Iterator<Item = &CronJob> {
        self.cron_jobs.iter()
    }

    /// The autoscaler that sets the replicas of a workload (known while their feed runs).
    pub fn autoscaler_of(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Autoscaler> {
        self.autoscalers
            .in_namespace(namespace)
            .find(|a| *a.target_kind == *kind.word() && *a.target == *name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{meta, owner};
    use super::*;

    #[test]
    fn owners_come_and_go() {
        let mut offspring = Offspring::default();
        let child = |name: &str, of: Option<&str>| Meta {
            owner: of.and_then(|of| owner("Deployment", of)),
            ..meta(name, "")
        };
        let (a, b) = (child("ns/a", Some("d")), child("ns/b", Some("d")));
        for one in [&a, &b, &a] {
            offspring.enter(one);
        }
        assert_eq!(offspring.of(&"uid-d".into()), [a.meta_uid(), b.meta_uid()]);
        offspring.leave(&a, Some(&a));
        assert_eq!(offspring.of(&"uid-d".into()).len(), 2);
        let moved = child("ns/a", Some("e"));
        offspring.enter(&moved);
        offspring.leave(&a, Some(&moved));
        assert_eq!(offspring.of(&"uid-d".into()), [b.meta_uid()]);
        assert_eq!(offspring.of(&"uid-e".into()), [a.meta_uid()]);
        offspring.leave(&b, None);
        offspring.leave(&moved, Some(&child("ns/a", None)));
        assert_eq!(offspring.len(), 0);
    }

    impl Meta {
        fn meta_uid(&self) -> Uid {
            self.uid.clone()
        }
    }
}
