//! The jobs of a cluster: attempts under one key, and for a while those whose pods are gone.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::changes::Change;
use super::id::{Text, Uid};
use super::job::{Job, JobKey, Phase};

/// How many ended jobs without a pod are kept.
pub const KEPT_JOBS: usize = 2_000;
/// How long one is kept, in seconds.
pub const KEPT_SECONDS: i64 = 3_600;
/// Distinct step names that are shared between jobs.
const SHARED_NAMES: usize = 10_000;

/// One attempt at a job, read from one source: a pod, or a batch Job with all its pods.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    source: Uid,
    pub(crate) job: Job,
    gone: bool,
    started_told: bool,
    ended_told: bool,
}

impl Attempt {
    fn order(&self) -> (Option<u32>, DateTime<Utc>, &Uid) {
        (self.job.attempt, self.job.created, &self.source)
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
    names: HashSet<Text>,
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
            .find(|a| a.source == *source)
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
        self.share_names(&mut job);
        let attempts = match self.entries.get_mut(&key) {
            Some(attempts) => attempts,
            None => self.entries.entry(key.clone()).or_default(),
        };
        let fresh = attempts.is_empty();
        if let Some(old) = attempts.iter_mut().find(|a| a.source == *source) {
            keep_end(&old.job, &mut job);
            if old.job == job {
                return;
            }
            if old.gone {
                self.of_source.insert(source.clone(), key.clone());
            }
            let moved = (old.job.attempt, old.job.created) != (job.attempt, job.created);
            old.job = job;
            old.gone = false;
            tell(old, told);
            if moved {
                attempts.sort_by(|a, b| a.order().cmp(&b.order()));
            }
        } else {
            attempts.retain(|a| !a.gone || a.source == *source);
            let mut attempt = Attempt {
                source: source.clone(),
                job,
                gone: false,
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
        let Some(at) = attempts.iter().position(|a| a.source == *source) else {
            return;
        };
        if at + 1 < attempts.len() {
            attempts.remove(at);
            return;
        }
        let attempt = &mut attempts[at];
        attempt.gone = true;
        attempt.job.pod = None;
        if !attempt.job.phase.ended() {
            attempt.job.ended = Some(now);
            (attempt.job.phase, attempt.job.failure) = match end {
                Gone::Deleted => (Phase::Cancelled, "its pod was deleted".into()),
                Gone::Disrupted(why) => (Phase::Lost, why),
                Gone::Vanished => (Phase::Lost, "its pod vanished".into()),
                Gone::Unseen => {
                    // Nobody saw how it ended: that is no figure for the statistics.
                    attempt.ended_told = true;
                    (
                        Phase::Lost,
                        "its pod was gone when the list came in again".into(),
                    )
                }
            };
        }
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
            attempts.retain(|a| !(a.gone && a.source == source));
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
        attempts.retain(|a| a.source != *source);
        if attempts.is_empty() {
            self.entries.remove(&key);
            changes.push((Change::Removed, key));
        } else {
            changes.push((Change::Changed, key));
        }
    }

    fn share_names(&mut self, job: &mut Job) {
        for step in &mut job.steps {
            if let Some(known) = self.names.get(&step.name) {
                step.name = known.clone();
            } else if self.names.len() < SHARED_NAMES {
                self.names.insert(step.name.clone());
            }
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

/// How a job ended is told once: what happens to its pod afterwards (deletion) changes that no more.
fn keep_end(old: &Job, new: &mut Job) {
    if old.phase.ended() && new.phase.ended() && old.phase != Phase::Lost {
        new.phase = old.phase;
        new.failure = old.failure.clone();
        new.ended = old.ended.or(new.ended);
    }
}

fn tell(attempt: &mut Attempt, told: &mut Vec<Told>) {
    let Some(node) = &attempt.job.node else {
        return;
    };
    if let Some(at) = attempt.job.started
        && !attempt.started_told
    {
        attempt.started_told = true;
        told.push(Told {
            at,
            node: node.clone(),
            what: What::Started((at - attempt.job.created).num_seconds().max(0)),
        });
    }
    if attempt.job.phase.ended() && !attempt.ended_told {
        attempt.ended_told = true;
        if let Some(at) = attempt.job.ended {
            told.push(Told {
                at,
                node: node.clone(),
                what: What::Ended(attempt.job.phase),
            });
        }
    }
}
