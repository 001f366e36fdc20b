//! The jobs of a cluster: attempts under one key, and for a while those whose pods are gone.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;

use chrono::{DateTime, TimeDelta, Utc};

use super::changes::Change;
use super::id::{Text, Uid};
use super::job::{Job, JobKey};
use super::phase::Phase;

/// How many ended jobs without a pod are kept.
pub const KEPT_JOBS: usize = 2_000;
/// How long one is kept, in seconds.
pub const KEPT_SECONDS: i64 = 3_600;

/// One attempt at a job, read from one source: a pod, or a batch Job with all its pods.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) job: Job,
    started_told: bool,
    ended_told: bool,
}

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

#[derive(Clone, Debug, Default)]
pub(crate) struct Jobs {
    entries: BTreeMap<JobKey, Vec<Attempt>>,
    of_source: HashMap<Uid, JobKey>,
    retired: VecDeque<(DateTime<Utc>, JobKey, Uid)>,
    dropped: u64,
}

/// Changes of standing jobs, in order.
pub(crate) type JobChanges = Vec<(Change, JobKey)>;

impl Jobs {
    pub(crate) fn has_source(&self, source: &Uid) -> bool {
        self.of_source.contains_key(source)
    }

    pub(crate) fn key_of(&self, source: &Uid) -> Option<&JobKey> {
        self.of_source.get(source)
    }

    pub(crate) fn get(&self, key: &JobKey) -> Option<&Job> {
        self.entries.get(key)?.last().map(|a| &a.job)
    }

    pub(crate) fn of_source(&self, source: &Uid) -> Option<&Job> {
        let attempts = self.entries.get(self.of_source.get(source)?)?;
        attempts
            .iter()
            .find(|a| *a.job.source() == *source)
            .map(|a| &a.job)
    }

    pub(crate) fn attempts(&self, key: &JobKey) -> impl Iterator<Item = &Job> {
        self.entries.get(key).into_iter().flatten().map(|a| &a.job)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Job> {
        self.entries
            .values()
            .filter_map(|attempts| attempts.last().map(|a| &a.job))
    }

    /// Those behind this key, or all.
    pub(crate) fn behind(&self, key: Option<&JobKey>) -> impl Iterator<Item = &Job> {
        let from = key.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries
            .range((from, Bound::Unbounded))
            .filter_map(|(_, attempts)| attempts.last().map(|a| &a.job))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Takes in what a source says now.
    pub(crate) fn put(
        &mut self,
        source: &Uid,
        mut job: Job,
        told: &mut Vec<Told>,
        changes: &mut JobChanges,
    ) {
        let key = job.key();
        if self.of_source.get(source).is_some_and(|old| *old != key) {
            self.drop_source(source, changes);
        }
        let attempts = match self.entries.get_mut(&key) {
            Some(attempts) => attempts,
            None => self.entries.entry(key.clone()).or_default(),
        };
        let fresh = attempts.is_empty();
        if let Some(old) = attempts.iter_mut().find(|a| *a.job.source() == *source) {
            job.keep_end(&old.job);
            if old.job == job {
                return;
            }
            if old.job.is_gone() {
                self.of_source.insert(source.clone(), key.clone());
            }
            let moved = (old.job.attempt, old.job.created()) != (job.attempt, job.created());
            old.job = job;
            tell(old, told);
            if moved {
                attempts.sort_by(|a, b| a.order().cmp(&b.order()));
            }
        } else {
            attempts.retain(|a| !a.job.is_gone() || *a.job.source() == *source);
            let mut attempt = Attempt {
                job,
                started_told: false,
                ended_told: false,
            };
            tell(&mut attempt, told);
            // Nearly every job has one attempt: no room for more.
            attempts.reserve_exact(1);
            attempts.push(attempt);
            attempts.sort_by(|a, b| a.order().cmp(&b.order()));
            self.of_source.insert(source.clone(), key.clone());
        }
        let change = if fresh {
            Change::Added
        } else {
            Change::Changed
        };
        changes.push((change, key));
    }

    /// The source is gone. An ended job is kept for a while; one that had not ended is Cancelled when its
    /// pod was being `deleting`-ed, else Lost.
    pub(crate) fn gone(
        &mut self,
        now: DateTime<Utc>,
        source: &Uid,
        end: Gone,
        told: &mut Vec<Told>,
        changes: &mut JobChanges,
    ) {
        let Some(key) = self.of_source.remove(source) else {
            return;
        };
        let Some(attempts) = self.entries.get_mut(&key) else {
            return;
        };
        let Some(at) = attempts.iter().position(|a| *a.job.source() == *source) else {
            return;
        };
        if at + 1 < attempts.len() {
            attempts.remove(at);
            return;
        }
        let attempt = &mut attempts[at];
        // Nobody saw how it ended: that is no figure for the statistics.
        attempt.ended_told |= end == Gone::Unseen && !attempt.job.phase.ended();
        let (phase, why) = end.verdict();
        let end = (!attempt.job.phase.ended()).then_some((now, phase, why));
        attempt.job.leave(end);
        tell(attempt, told);
        self.retired.push_back((now, key.clone(), source.clone()));
        changes.push((Change::Changed, key));
    }

    /// Drops what is over the bounds.
    pub(crate) fn expire(&mut self, now: DateTime<Utc>, changes: &mut JobChanges) {
        let oldest = now - TimeDelta::seconds(KEPT_SECONDS);
        while let Some((at, _, _)) = self.retired.front() {
            if self.retired.len() <= KEPT_JOBS && *at >= oldest {
                return;
            }
            let Some((_, key, source)) = self.retired.pop_front() else {
                return;
            };
            let Some(attempts) = self.entries.get_mut(&key) else {
                continue;
            };
            let before = attempts.len();
            attempts.retain(|a| !(a.job.is_gone() && *a.job.source() == source));
            if attempts.len() == before {
                continue;
            }
            self.dropped += 1;
            let change = if attempts.is_empty() {
                self.entries.remove(&key);
                Change::Removed
            } else {
                Change::Changed
            };
            changes.push((change, key));
        }
    }

    /// The source is no job (any more), or another job than before.
    pub(crate) fn drop_source(&mut self, source: &Uid, changes: &mut JobChanges) {
        let Some(key) = self.of_source.remove(source) else {
            return;
        };
        let Some(attempts) = self.entries.get_mut(&key) else {
            return;
        };
        attempts.retain(|a| *a.job.source() != *source);
        if attempts.is_empty() {
            self.entries.remove(&key);
            changes.push((Change::Removed, key));
        } else {
            changes.push((Change::Changed, key));
        }
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
