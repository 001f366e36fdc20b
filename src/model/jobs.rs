//! The jobs of a cluster: attempts under one key, and for a while those whose pods are gone.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::hash::BuildHasher;

use chrono::{DateTime, TimeDelta, Utc};
use hashbrown::{DefaultHashBuilder, HashTable};

use super::changes::Change;
use super::id::{Text, Uid};
use super::job::{Job, JobKey, System};
use super::order::Order;
use super::phase::Phase;
use super::slots::Slots;
use super::table::{Mark, Slot};

/// How many ended jobs without a pod are kept.
pub const KEPT_JOBS: usize = 2_000;
/// How long one is kept, in seconds.
pub const KEPT_SECONDS: i64 = 3_600;

/// One attempt at a job, read from one source: a pod, or a batch Job with all its pods.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    job: Job,
    /// The slot of the attempt at the same job before this one, or [`NONE`].
    before: u32,
    started_told: bool,
    ended_told: bool,
}

const NONE: u32 = u32::MAX;

impl Attempt {
    fn order(&self) -> (Option<u32>, DateTime<Utc>, &Uid) {
        (self.job.attempt, self.job.created(), self.job.source())
    }
}

/// What statistics hear of a job, once an attempt.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) at: DateTime<Utc>,
    pub(crate) node: Text,
    pub(crate) what: What,
}

/// See [`Told`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum What {
    /// Its first step began, so many seconds after its creation.
    Started(i64),
    /// It ended.
    Ended(Phase),
}

/// Attempts in slots; indexes hold slots and look at the attempts for what they compare.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jobs {
    attempts: Slots<Attempt>,
    /// Attempts read from batch Jobs that are there. That of a pod is noted beside the pod.
    by_batch: HashTable<u32>,
    /// Latest attempts.
    by_key: HashTable<u32>,
    /// Latest attempts by key.
    order: Order,
    hasher: DefaultHashBuilder,
    retired: VecDeque<(DateTime<Utc>, u32, Uid)>,
    dropped: u64,
}

/// Changes of standing jobs, in order, and whether the job may wait or have waited.
pub(crate) type JobChanges = Vec<(Change, JobKey, bool)>;

/// How the job of a slot stands to a key.
fn probe<'a>(
    attempts: &'a Slots<Attempt>,
    system: System,
    id: &'a str,
) -> impl Fn(u32) -> Ordering + 'a {
    move |slot| match attempts.get(slot) {
        Some(Attempt { job, .. }) => (job.system(), job.id.as_str()).cmp(&(system, id)),
        None => Ordering::Less,
    }
}

impl Jobs {
    fn hash(&self, system: System, id: &str) -> u64 {
        self.hasher.hash_one((system, id))
    }

    /// The latest attempt of a key.
    fn head(&self, system: System, id: &str) -> Option<u32> {
        let same = |slot: &u32| {
            self.job(*slot)
                .is_some_and(|job| job.id.as_str() == id && job.system() == system)
        };
        self.by_key.find(self.hash(system, id), same).copied()
    }

    fn slot_of(&self, source: &Uid) -> Option<u32> {
        let same = |slot: &u32| self.job(*slot).is_some_and(|job| *job.source() == *source);
        let hash = self.hasher.hash_one(source);
        self.by_batch.find(hash, same).copied()
    }

    fn job(&self, slot: u32) -> Option<&Job> {
        self.attempts.get(slot).map(|attempt| &attempt.job)
    }

    /// From an attempt back to the first.
    fn back(&self, from: Option<u32>) -> impl Iterator<Item = u32> {
        std::iter::successors(from, |slot| {
            let before = self.attempts.get(*slot)?.before;
            (before != NONE).then_some(before)
        })
    }

    /// The attempts of a key in their order.
    fn chain(&self, system: System, id: &str) -> Vec<u32> {
        let mut chain: Vec<u32> = self.back(self.head(system, id)).collect();
        chain.reverse();
        chain
    }

    pub(crate) fn get(&self, key: &JobKey) -> Option<&Job> {
        self.job(self.head(key.system, key.id.as_str())?)
    }

    /// The job read from a batch Job.
    pub(crate) fn of_batch(&self, source: &Uid) -> Option<&Job> {
        self.job(self.slot_of(source)?)
    }

    /// The job read from a pod, by what is noted beside the pod.
    pub(crate) fn of_pod(&self, mark: Slot) -> Option<&Job> {
        self.job(mark.get())
    }

    pub(crate) fn attempts(&self, key: &JobKey) -> impl Iterator<Item = &Job> {
        let chain = self.chain(key.system, key.id.as_str()).into_iter();
        chain.filter_map(|slot| self.job(slot))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Job> {
        self.order.iter().filter_map(|slot| self.job(slot))
    }

    /// Those behind this key, or all.
    pub(crate) fn behind(&self, key: Option<&JobKey>) -> impl Iterator<Item = &Job> {
        let (system, id) = key.map_or((System(""), ""), |key| (key.system, key.id.as_str()));
        let place = probe(&self.attempts, system, id);
        let behind = |slot| match place(slot) {
            // The key itself stands before what is behind it.
            Ordering::Equal if key.is_some() => Ordering::Less,
            order => order,
        };
        let slots = self.order.from(behind);
        slots.filter_map(|slot| self.job(slot))
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Attempts, ended jobs that are kept, and entries that there is room for in all.
    pub(crate) fn census(&self) -> [usize; 3] {
        let room = self.attempts.capacity()
            + self.by_batch.capacity()
            + self.by_key.capacity()
            + self.order.capacity()
            + self.retired.capacity();
        [self.attempts.len(), self.retired.len(), room]
    }

    /// Takes in what a batch Job says now.
    pub(crate) fn put_batch(
        &mut self,
        source: &Uid,
        job: Job,
        told: &mut Vec<Told>,
        changes: &mut JobChanges,
    ) {
        let known = self.leave_batch(source);
        let slot = self.put(known, job, told, changes).get();
        let (attempts, hasher) = (&self.attempts, &self.hasher);
        let hash = hasher.hash_one(source);
        self.by_batch.insert_unique(hash, slot, |slot| {
            attempts
                .get(*slot)
                .map_or(0, |a| hasher.hash_one(a.job.source()))
        });
    }

    /// Takes in what a source says now, whose attempt is `known` if it was a job before. What is to be noted
    /// of it from now on.
    pub(crate) fn put(
        &mut self,
        known: Mark,
        mut job: Job,
        told: &mut Vec<Told>,
        changes: &mut JobChanges,
    ) -> Slot {
        if let Some(mark) = known {
            let same = self
                .job(mark.get())
                .is_some_and(|old| old.id == job.id && old.system() == job.system());
            if same {
                self.update(mark.get(), job, told, changes);
                return mark;
            }
            self.drop_source(known, changes);
        }
        let mut chain = self.chain(job.system(), job.id.as_str());
        let source = job.source();
        let is = |slot: &u32| self.job(*slot).is_some_and(|j| j.source() == source);
        if let Some(slot) = chain.iter().copied().find(is) {
            // Its pod was gone and is there again.
            self.update(slot, job, told, changes);
            return Slot::new(slot);
        }
        let gone: Vec<u32> = chain
            .extract_if(.., |slot| self.job(*slot).is_none_or(Job::is_gone))
            .collect();
        let change = if chain.is_empty() && gone.is_empty() {
            Change::Added
        } else {
            Change::Changed
        };
        // One key for all its attempts.
        if let Some(known) = gone.iter().chain(&chain).find_map(|slot| self.job(*slot)) {
            job.id = known.id.clone();
        }
        let key = job.key();
        let mut attempt = Attempt {
            job,
            before: NONE,
            started_told: false,
            ended_told: false,
        };
        tell(&mut attempt, told);
        let slot = self.attempts.put(attempt);
        chain.push(slot);
        self.relink(&key, chain);
        for slot in gone {
            self.attempts.take(slot);
        }
        changes.push((change, key, true));
        Slot::new(slot)
    }

    /// Another state of an attempt at the same job.
    fn update(&mut self, slot: u32, mut job: Job, told: &mut Vec<Told>, changes: &mut JobChanges) {
        let Some(attempt) = self.attempts.get_mut(slot) else {
            return;
        };
        let old = &attempt.job;
        job.keep_end(old);
        if old.is_as(&job) {
            return;
        }
        let moved = (old.attempt, old.created()) != (job.attempt, job.created());
        let waits = old.phase == Phase::Queued || job.phase == Phase::Queued || moved;
        job.id = old.id.clone();
        let key = job.key();
        attempt.job = job;
        tell(attempt, told);
        if moved {
            let chain = self.chain(key.system, key.id.as_str());
            self.relink(&key, chain);
        }
        changes.push((Change::Changed, key, waits));
    }

    /// Takes a batch Job out of the index; its attempt.
    fn leave_batch(&mut self, source: &Uid) -> Mark {
        let slot = self.slot_of(source)?;
        let hash = self.hasher.hash_one(source);
        if let Ok(entry) = self.by_batch.find_entry(hash, |s| *s == slot) {
            entry.remove();
        }
        Some(Slot::new(slot))
    }

    /// These are the attempts of a key (whose old latest one is still in its slot).
    fn relink(&mut self, key: &JobKey, mut chain: Vec<u32>) {
        let (system, id) = (key.system, key.id.as_str());
        let old = self.head(system, id);
        let attempts = &self.attempts;
        chain.sort_by(|a, b| match (attempts.get(*a), attempts.get(*b)) {
            (Some(a), Some(b)) => a.order().cmp(&b.order()),
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
        let mut before = NONE;
        for slot in &chain {
            if let Some(attempt) = self.attempts.get_mut(*slot) {
                attempt.before = before;
            }
            before = *slot;
        }
        let new = chain.last().copied();
        if old == new {
            return;
        }
        let hash = self.hash(system, id);
        let (attempts, hasher) = (&self.attempts, &self.hasher);
        let place = probe(attempts, system, id);
        match (old, new) {
            (Some(old), Some(new)) => {
                if let Some(head) = self.by_key.find_mut(hash, |slot| *slot == old) {
                    *head = new;
                }
                self.order.replace(new, place);
            }
            (None, Some(new)) => {
                self.by_key.insert_unique(hash, new, |slot| {
                    attempts
                        .get(*slot)
                        .map_or(0, |a| hasher.hash_one((a.job.system(), a.job.id.as_str())))
                });
                self.order.insert(new, place);
            }
            (Some(old), None) => {
                if let Ok(entry) = self.by_key.find_entry(hash, |slot| *slot == old) {
                    entry.remove();
                }
                self.order.remove(place);
            }
            (None, None) => {}
        }
    }

    /// Takes one attempt out; whether others at the job are left.
    fn drop_attempt(&mut self, slot: u32, key: &JobKey) -> bool {
        let mut chain = self.chain(key.system, key.id.as_str());
        chain.retain(|other| *other != slot);
        let left = !chain.is_empty();
        self.relink(key, chain);
        self.attempts.take(slot);
        left
    }

    /// A batch Job is gone, and all its pods.
    pub(crate) fn gone_batch(
        &mut self,
        now: DateTime<Utc>,
        source: &Uid,
        end: Gone,
        told: &mut Vec<Told>,
        changes: &mut JobChanges,
    ) {
        let known = self.leave_batch(source);
        self.gone(now, known, end, told, changes);
    }

    /// The source of an attempt is gone. An ended job is kept for a while; one that had not ended is Cancelled
    /// when its pod was being `deleting`-ed, else Lost.
    pub(crate) fn gone(
        &mut self,
        now: DateTime<Utc>,
        known: Mark,
        end: Gone,
        told: &mut Vec<Told>,
        changes: &mut JobChanges,
    ) {
        let Some(slot) = known.map(Slot::get) else {
            return;
        };
        let Some(key) = self.job(slot).map(Job::key) else {
            return;
        };
        if self.head(key.system, key.id.as_str()) != Some(slot) {
            self.drop_attempt(slot, &key);
            return;
        }
        let Some(attempt) = self.attempts.get_mut(slot) else {
            return;
        };
        // Nobody saw how it ended: that is no figure for the statistics.
        attempt.ended_told |= end == Gone::Unseen && !attempt.job.phase.ended();
        let (phase, why) = end.verdict();
        let end = (!attempt.job.phase.ended()).then_some((now, phase, why));
        attempt.job.leave(end);
        tell(attempt, told);
        let source = attempt.job.source().clone();
        self.retired.push_back((now, slot, source));
        changes.push((Change::Changed, key, true));
    }

    /// Drops what is over the bounds.
    pub(crate) fn expire(&mut self, now: DateTime<Utc>, changes: &mut JobChanges) {
        let oldest = now - TimeDelta::seconds(KEPT_SECONDS);
        while let Some((at, _, _)) = self.retired.front() {
            if self.retired.len() <= KEPT_JOBS && *at >= oldest {
                return;
            }
            let Some((_, slot, source)) = self.retired.pop_front() else {
                return;
            };
            // It may be there again, or have made room for the next attempt.
            let gone = self.job(slot);
            let gone = gone.filter(|job| job.is_gone() && *job.source() == source);
            let Some(key) = gone.map(Job::key) else {
                continue;
            };
            self.dropped += 1;
            let change = if self.drop_attempt(slot, &key) {
                Change::Changed
            } else {
                Change::Removed
            };
            changes.push((change, key, true));
        }
    }

    /// A batch Job is no job (any more).
    pub(crate) fn drop_batch(&mut self, source: &Uid, changes: &mut JobChanges) {
        let known = self.leave_batch(source);
        self.drop_source(known, changes);
    }

    /// The source of an attempt is no job (any more), or another job than before.
    pub(crate) fn drop_source(&mut self, known: Mark, changes: &mut JobChanges) {
        let Some(slot) = known.map(Slot::get) else {
            return;
        };
        let Some(key) = self.job(slot).map(Job::key) else {
            return;
        };
        let change = if self.drop_attempt(slot, &key) {
            Change::Changed
        } else {
            Change::Removed
        };
        changes.push((change, key, true));
    }
}

/// How a source went.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Gone {
    /// It was being deleted.
    Deleted,
    /// The cluster took it away: why.
    Disrupted(Text),
    /// It was removed without notice.
    Vanished,
    /// A list no longer shows it.
    Unseen,
}

impl Gone {
    /// What that makes of a job that had not ended.
    fn verdict(self) -> (Phase, Text) {
        match self {
            Self::Deleted => (Phase::Cancelled, "its pod was deleted".into()),
            Self::Disrupted(why) => (Phase::Lost, why),
            Self::Vanished => (Phase::Lost, "its pod vanished".into()),
            Self::Unseen => (
                Phase::Lost,
                "its pod was gone when the list came in again".into(),
            ),
        }
    }
}

fn tell(attempt: &mut Attempt, told: &mut Vec<Told>) {
    let Some(node) = attempt.job.node().cloned() else {
        return;
    };
    if let Some(at) = attempt.job.started()
        && !attempt.started_told
    {
        attempt.started_told = true;
        told.push(Told {
            at,
            node: node.clone(),
            what: What::Started((at - attempt.job.created()).num_seconds().max(0)),
        });
    }
    if attempt.job.phase.ended() && !attempt.ended_told {
        attempt.ended_told = true;
        if let Some(at) = attempt.job.ended() {
            told.push(Told {
                at,
                node,
                what: What::Ended(attempt.job.phase),
            });
        }
    }
}
