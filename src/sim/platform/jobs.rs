//! What a worker does about one job: brings its entry and its pod together, one step at a time, from whatever it finds.

use super::call::{Call, Method};
use super::entry::{Asked, Entry, JobId, State};
use super::machine::{AGAIN, Creation, Platform, Purpose, Runner, message};
use super::runner::runner_pod;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

/// A pod that succeeded is destroyed so long after its end.
const KEEP: TimeDelta = TimeDelta::minutes(1);
/// One that did not, so that people can look at it.
const KEEP_FAILED: TimeDelta = TimeDelta::minutes(10);
/// An ended entry leaves the queue after this.
const KEEP_ENTRY: TimeDelta = TimeDelta::minutes(15);
/// How long an image may be missing before the job fails.
const IMAGE: TimeDelta = TimeDelta::minutes(5);
/// A pod that should have left this long ago is on a node that nobody hears from.
const OVERDUE: TimeDelta = TimeDelta::minutes(1);
/// A created pod that no watch shows after this is created again.
const UNSEEN: TimeDelta = TimeDelta::minutes(1);

impl Platform {
    /// Looks at one job and does what is to be done now.
    pub(super) fn reconcile(&mut self, now: DateTime<Utc>, id: JobId, calls: &mut Vec<Call>) {
        let entry = self.entry(id).cloned();
        let attempt = entry.as_ref().map(|e| e.attempt);
        let others: Vec<(JobId, u32)> = self
            .pods
            .range((id, 0)..=(id, u32::MAX))
            .map(|(key, _)| *key)
            .filter(|(_, a)| Some(*a) != attempt)
            .collect();
        for key in others {
            self.sweep(now, key, calls);
        }
        let Some(entry) = entry else { return };
        let runner = self.pods.get(&(id, entry.attempt)).cloned();
        match (entry.state, entry.asked, runner) {
            (State::Queued, Some(Asked::Cancel), None) if !self.creating.contains_key(&id) => {
                self.put(id, entry.end(State::Cancelled, now, None))
            }
            (State::Queued, Some(Asked::Retry | Asked::Other), None) => self.put(
                id,
                Entry {
                    asked: None,
                    ..entry
                },
            ),
            (State::Queued, _, Some(_)) => {
                let pod = Some(entry.pod_name(id));
                self.waiting.remove(&id);
                self.put(
                    id,
                    Entry {
                        state: State::Running,
                        pod,
                        ..entry
                    },
                );
            }
            (State::Queued, _, None) if entry.pod.is_none() => {
                self.waiting.insert(id);
            }
            (State::Queued, _, None) => self.create(now, id, &entry, calls),
            (State::Running, asked, runner) => self.running(now, id, &entry, asked, runner, calls),
            (State::Succeeded | State::Failed | State::Cancelled | State::Lost, asked, runner) => {
                self.ended(now, id, &entry, asked, runner, calls)
            }
        }
    }

    fn create(&mut self, now: DateTime<Utc>, id: JobId, entry: &Entry, calls: &mut Vec<Call>) {
        match self.creating.get(&id) {
            Some(Creation::Sent) => return,
            Some(Creation::Answered(at)) if now - *at < UNSEEN => return,
            Some(Creation::Answered(_)) | None => {}
        }
        let Some(shard) = self.shards.iter().find(|s| s.entry(id).is_some()) else {
            return;
        };
        // Two platforms may claim the same job; the one whose claim was written has it.
        if !shard.claim_stands(id) {
            return;
        }
        let pod = runner_pod(&self.options, shard.name(), id, entry);
        self.creating.insert(id, Creation::Sent);
        self.call(
            calls,
            Purpose::Create(id),
            Method::Post,
            "/api/v1/namespaces/ci-jobs/pods".into(),
            pod,
        );
    }

    pub(super) fn create_answered(
        &mut self,
        now: DateTime<Utc>,
        id: JobId,
        status: u16,
        body: &[u8],
    ) {
        self.creating.remove(&id);
        let Some(entry) = self.entry(id).cloned() else {
            return;
        };
        if self.pods.contains_key(&(id, entry.attempt)) {
            self.touched.insert(id);
            return;
        }
        match status {
            // 409: it exists; the watch will show it.
            200..300 | 409 => {
                self.creating.insert(id, Creation::Answered(now));
                self.timers.insert((now + UNSEEN, id));
            }
            400 | 422 => self.put(
                id,
                entry.end(State::Failed, now, Some(message(status, body))),
            ),
            _ => {
                self.timers.insert((now + AGAIN, id));
            }
        }
    }

    fn running(
        &mut self,
        now: DateTime<Utc>,
        id: JobId,
        entry: &Entry,
        asked: Option<Asked>,
        runner: Option<Runner>,
        calls: &mut Vec<Call>,
    ) {
        let Some(Runner { pod, .. }) = &runner else {
            let end = match asked {
                Some(Asked::Cancel) => entry.end(State::Cancelled, now, None),
                Some(Asked::Retry | Asked::Other) | None => {
                    entry.end(State::Lost, now, Some("its pod went away".into()))
                }
            };
            return self.put(id, end);
        };
        if let Some(end) = &pod.end {
            let state = match (end.ok, end.outside) {
                (true, _) => State::Succeeded,
                (false, true) => State::Lost,
                (false, false) => State::Failed,
            };
            return self.put(
                id,
                entry.end(state, end.at.unwrap_or(now), end.reason.clone()),
            );
        }
        match asked {
            Some(Asked::Cancel) if pod.leaves.is_some() => {
                return self.put(id, entry.end(State::Cancelled, now, None));
            }
            Some(Asked::Cancel) => return self.delete(id, entry.attempt, calls),
            Some(Asked::Retry | Asked::Other) => self.put(
                id,
                Entry {
                    asked: None,
                    ..entry.clone()
                },
            ),
            None => {}
        }
        let mut limits = vec![(
            pod.created + self.options.deadline,
            State::Failed,
            format!(
                "it ran longer than its deadline of {} s",
                self.options.deadline.num_seconds()
            ),
        )];
        if let Some(trouble) = &pod.image_trouble {
            limits.push((pod.created + IMAGE, State::Failed, trouble.clone()));
        }
        if let Some(leaves) = pod.leaves {
            limits.push((
                leaves + OVERDUE,
                State::Lost,
                "its node does not answer".into(),
            ));
        }
        for (at, state, why) in limits {
            if at <= now {
                return self.put(id, entry.end(state, now, Some(why)));
            }
            self.timers.insert((at, id));
        }
    }

    fn ended(
        &mut self,
        now: DateTime<Utc>,
        id: JobId,
        entry: &Entry,
        asked: Option<Asked>,
        runner: Option<Runner>,
        calls: &mut Vec<Call>,
    ) {
        if matches!(asked, Some(Asked::Cancel | Asked::Other)) {
            return self.put(
                id,
                Entry {
                    asked: None,
                    ..entry.clone()
                },
            );
        }
        let ended = entry.ended_at.unwrap_or(now);
        match (runner, asked) {
            // A retry waits until the old pod is gone, whatever that takes.
            (Some(_), Some(_)) => self.delete(id, entry.attempt, calls),
            (Some(Runner { pod, .. }), None) => {
                let keep = if entry.state == State::Succeeded {
                    KEEP
                } else {
                    KEEP_FAILED
                };
                let due = pod.end.as_ref().map(|end| end.at.unwrap_or(ended) + keep);
                match due {
                    Some(due) if due > now => {
                        self.timers.insert((due, id));
                    }
                    // Ended for the queue and still there: past its deadline, without its image, or back from a lost node.
                    Some(_) | None => self.delete(id, entry.attempt, calls),
                }
            }
            (None, Some(_)) => self.put(id, entry.again(now)),
            (None, None) if ended + KEEP_ENTRY <= now => {
                if let Some(shard) = self.shards.iter_mut().find(|s| s.entry(id).is_some()) {
                    shard.remove(id);
                }
            }
            (None, None) => {
                self.timers.insert((ended + KEEP_ENTRY, id));
            }
        }
    }

    /// A pod that no entry speaks of any more: destroyed once it has ended and its time is over, never before.
    fn sweep(&mut self, now: DateTime<Utc>, (id, attempt): (JobId, u32), calls: &mut Vec<Call>) {
        let Some(end) = self
            .pods
            .get(&(id, attempt))
            .and_then(|r| r.pod.end.clone())
        else {
            return;
        };
        let due = end.at.unwrap_or(now) + if end.ok { KEEP } else { KEEP_FAILED };
        if due <= now {
            self.delete(id, attempt, calls);
        } else {
            self.timers.insert((due, id));
        }
    }

    fn delete(&mut self, id: JobId, attempt: u32, calls: &mut Vec<Call>) {
        let Some(runner) = self.pods.get_mut(&(id, attempt)) else {
            return;
        };
        if runner.delete_sent || runner.pod.leaves.is_some() {
            return;
        }
        runner.delete_sent = true;
        let path = format!("/api/v1/namespaces/ci-jobs/pods/{}", runner.pod.name);
        let body = json!({ "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": { "uid": runner.pod.uid } });
        self.call(
            calls,
            Purpose::Delete(id, attempt),
            Method::Delete,
            path,
            body,
        );
    }

    pub(super) fn delete_answered(
        &mut self,
        now: DateTime<Utc>,
        id: JobId,
        attempt: u32,
        status: u16,
    ) {
        let well = (200..300).contains(&status) || status == 404;
        if !well {
            if let Some(runner) = self.pods.get_mut(&(id, attempt)) {
                runner.delete_sent = false;
            }
            self.timers.insert((now + AGAIN, id));
            return;
        }
        if let Some(entry) = self
            .entry(id)
            .filter(|e| e.attempt == attempt && e.active() && e.asked == Some(Asked::Cancel))
            .cloned()
        {
            self.put(id, entry.end(State::Cancelled, now, None));
        }
    }
}
