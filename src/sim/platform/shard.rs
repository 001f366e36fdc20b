//! One ConfigMap of the queue: what it holds, what it should hold, and how the difference is written.
//!
//! Writes are merge patches of the changed entries with the resourceVersion they were decided on. When somebody else
//! wrote in between (409), the ConfigMap is read again and what they asked for is merged into what is still to be written.

use super::call::{Call, CallId, Method};
use super::entry::{Asked, Entry, JobId, State};
use super::seen::QueueMap;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A ConfigMap holds 1 MiB at most; an entry takes some 400 bytes. Above this number no new job is taken.
pub(super) const FULL: usize = 1800;
/// Ended entries above this number leave before their time, succeeded ones first.
pub(super) const ENDED: usize = 160;

/// One job's entry, as the server has it and as it should be.
#[derive(Clone, Debug, Default)]
struct Slot {
    seen: Option<Entry>,
    /// The server's own text, so that an unchanged entry need not be read again.
    text: Option<String>,
    want: Want,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Want {
    #[default]
    Same,
    Put(Box<Entry>),
    Remove,
}

impl Slot {
    fn current(&self) -> Option<&Entry> {
        match &self.want {
            Want::Same => self.seen.as_ref(),
            Want::Put(entry) => Some(&**entry),
            Want::Remove => None,
        }
    }
}

#[derive(Clone, Debug)]
enum Flight {
    None,
    Write(CallId, Vec<(JobId, Option<Entry>)>),
    Read(CallId),
}

/// One ConfigMap of the queue.
#[derive(Clone, Debug)]
pub(super) struct Shard {
    name: String,
    /// The newest resourceVersion that was seen; `None`: not seen yet, or gone.
    revision: Option<u64>,
    slots: BTreeMap<JobId, Slot>,
    dirty: BTreeSet<JobId>,
    flight: Flight,
    reread: bool,
    next_write: DateTime<Utc>,
    last_id: JobId,
}

impl Shard {
    pub(super) fn new(index: usize) -> Shard {
        Shard {
            name: format!("queue-{index}"),
            revision: None,
            slots: BTreeMap::new(),
            dirty: BTreeSet::new(),
            flight: Flight::None,
            reread: false,
            next_write: DateTime::UNIX_EPOCH,
            last_id: 0,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn path(&self) -> String {
        format!("/api/v1/namespaces/ci-system/configmaps/{}", self.name)
    }

    pub(super) fn last_id(&self) -> JobId {
        self.last_id
    }

    pub(super) fn full(&self) -> bool {
        self.slots.len() >= FULL
    }

    /// The entry of a job as it is to be.
    pub(super) fn entry(&self, id: JobId) -> Option<&Entry> {
        self.slots.get(&id)?.current()
    }

    /// All entries as they are to be.
    pub(super) fn entries(&self) -> impl Iterator<Item = (JobId, &Entry)> {
        self.slots
            .iter()
            .filter_map(|(id, slot)| Some((*id, slot.current()?)))
    }

    /// Whether the server has the entry's claim: only then may the pod be created.
    pub(super) fn claim_stands(&self, id: JobId) -> bool {
        let Some(slot) = self.slots.get(&id) else {
            return false;
        };
        let (Some(seen), Some(current)) = (&slot.seen, slot.current()) else {
            return false;
        };
        seen.pod.is_some() && seen.pod == current.pod && seen.worker == current.worker
    }

    /// Wants an entry to be so.
    pub(super) fn put(&mut self, id: JobId, entry: Entry) {
        self.last_id = self.last_id.max(id);
        let slot = self.slots.entry(id).or_default();
        slot.want = Want::Put(Box::new(entry));
        self.dirty.insert(id);
    }

    /// Wants an entry to be gone.
    pub(super) fn remove(&mut self, id: JobId) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.want = Want::Remove;
            self.dirty.insert(id);
        }
    }

    /// Takes in what the server has; returns the jobs whose entry somebody else changed.
    pub(super) fn observe(&mut self, map: QueueMap) -> Vec<JobId> {
        if self
            .revision
            .is_some_and(|known| map.revision != 0 && map.revision <= known)
        {
            return Vec::new();
        }
        self.revision = Some(map.revision);
        self.last_id = self.last_id.max(map.last_id);
        let mut changed = Vec::new();
        let mut present = BTreeSet::new();
        for (key, text) in map.data {
            let Ok(id) = key.parse::<JobId>() else {
                continue;
            };
            self.last_id = self.last_id.max(id);
            present.insert(id);
            if self
                .slots
                .get(&id)
                .is_some_and(|slot| slot.text.as_deref() == Some(&*text))
            {
                continue;
            }
            // What is not an entry of ours stays as it is and is left alone.
            let Ok(entry) = serde_json::from_str::<Entry>(&text) else {
                continue;
            };
            let slot = self.slots.entry(id).or_default();
            if let Want::Put(want) = &mut slot.want {
                let before = slot.seen.as_ref().and_then(|e| e.asked);
                if entry.asked != before && **want != entry {
                    want.asked = entry.asked;
                    want.asked_by.clone_from(&entry.asked_by);
                }
                if **want == entry {
                    slot.want = Want::Same;
                }
            }
            slot.seen = Some(entry);
            slot.text = Some(text);
            changed.push(id);
        }
        let gone: Vec<JobId> = self
            .slots
            .iter()
            .filter(|(id, slot)| slot.seen.is_some() && !present.contains(id))
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.slots.remove(&id);
            self.dirty.remove(&id);
            changed.push(id);
        }
        changed
    }

    /// The ConfigMap is gone: all its entries are to be written again.
    pub(super) fn vanished(&mut self) {
        self.revision = None;
        for (id, slot) in &mut self.slots {
            let entry = slot.current().cloned();
            *slot = Slot {
                want: entry.map_or(Want::Remove, |e| Want::Put(Box::new(e))),
                ..Slot::default()
            };
            self.dirty.insert(*id);
        }
        self.slots.retain(|_, slot| slot.want != Want::Remove);
    }

    /// When [`Shard::write`] has something to do.
    pub(super) fn due(&self) -> Option<DateTime<Utc>> {
        let idle = matches!(self.flight, Flight::None);
        (idle && (self.reread || !self.dirty.is_empty())).then_some(self.next_write)
    }

    /// The next call for this ConfigMap, when one is due; the one after it no sooner than `every` later.
    pub(super) fn write(
        &mut self,
        now: DateTime<Utc>,
        id: CallId,
        every: TimeDelta,
    ) -> Option<Call> {
        if self.due().is_none_or(|at| at > now) {
            return None;
        }
        self.next_write = now + every;
        if self.reread {
            self.reread = false;
            self.flight = Flight::Read(id);
            return Some(Call {
                id,
                method: Method::Get,
                path: self.path(),
                content_type: "",
                body: Value::Null,
            });
        }
        let mut data = Map::new();
        let mut sent = Vec::new();
        for job in std::mem::take(&mut self.dirty) {
            let Some(slot) = self.slots.get_mut(&job) else {
                continue;
            };
            match &slot.want {
                Want::Same => continue,
                Want::Put(entry) if slot.seen.as_ref() == Some(&**entry) => slot.want = Want::Same,
                Want::Put(entry) => {
                    data.insert(job.to_string(), Value::String(entry.json()));
                    sent.push((job, Some((**entry).clone())));
                }
                Want::Remove => {
                    data.insert(job.to_string(), Value::Null);
                    sent.push((job, None));
                }
            }
        }
        if sent.is_empty() {
            return None;
        }
        let depth = self
            .entries()
            .filter(|(_, e)| e.state == State::Queued && e.pod.is_none())
            .count();
        let notes = json!({ "jobs.constable/depth": depth.to_string(), "jobs.constable/last-id": self.last_id.to_string() });
        self.flight = Flight::Write(id, sent);
        Some(match self.revision {
            Some(revision) => Call {
                id,
                method: Method::Patch,
                path: self.path(),
                content_type: "application/merge-patch+json",
                body: json!({ "metadata": { "resourceVersion": revision.to_string(), "annotations": notes }, "data": data }),
            },
            None => {
                data.retain(|_, v| !v.is_null());
                Call {
                    id,
                    method: Method::Post,
                    path: "/api/v1/namespaces/ci-system/configmaps".into(),
                    content_type: "application/json",
                    body: queue_map(&self.name, notes, data),
                }
            }
        })
    }

    /// Whether the reply to a call is this ConfigMap's.
    pub(super) fn awaits(&self, id: CallId) -> bool {
        match &self.flight {
            Flight::None => false,
            Flight::Write(call, _) | Flight::Read(call) => *call == id,
        }
    }

    /// Whether the call that it awaits is a read.
    pub(super) fn reads(&self) -> bool {
        matches!(self.flight, Flight::Read(_))
    }

    /// The call did what it should; `revision` is the one after it. Returns the jobs whose entry is now written.
    pub(super) fn done(&mut self, revision: u64) -> Vec<JobId> {
        let Flight::Write(_, sent) = std::mem::replace(&mut self.flight, Flight::None) else {
            return Vec::new();
        };
        if self.revision.is_some_and(|known| known > revision) {
            // The watch was faster and has told more than this reply.
            self.dirty.extend(sent.iter().map(|(id, _)| *id));
            return sent.into_iter().map(|(id, _)| id).collect();
        }
        self.revision = Some(revision);
        let mut written = Vec::new();
        for (id, entry) in sent {
            written.push(id);
            let Some(slot) = self.slots.get_mut(&id) else {
                continue;
            };
            let reached = match (&slot.want, &entry) {
                (Want::Put(want), Some(entry)) => **want == *entry,
                (Want::Remove, None) => true,
                (Want::Same | Want::Put(_) | Want::Remove, _) => false,
            };
            if reached {
                slot.want = Want::Same;
            }
            slot.text = entry.as_ref().map(Entry::json);
            slot.seen = entry;
            if slot.seen.is_none() && slot.want == Want::Same {
                self.slots.remove(&id);
            }
        }
        written
    }

    /// The read of a conflict's other side was answered.
    pub(super) fn read(&mut self, map: QueueMap) -> Vec<JobId> {
        self.flight = Flight::None;
        self.observe(map)
    }

    /// The call conflicted, failed or has no answer: read again before the next write, at `at`.
    pub(super) fn refused(&mut self, at: DateTime<Utc>, gone: bool) {
        if let Flight::Write(_, sent) = std::mem::replace(&mut self.flight, Flight::None) {
            self.dirty.extend(sent.into_iter().map(|(id, _)| id));
        }
        self.next_write = at;
        self.reread = !gone;
        if gone && self.revision.is_some() {
            self.vanished();
        }
    }

    /// Ended entries that must leave before their time, because there are too many.
    pub(super) fn surplus(&self) -> Vec<JobId> {
        let mut ended: Vec<_> = self
            .entries()
            .filter(|(_, e)| e.state.ended() && e.asked != Some(Asked::Retry))
            .map(|(id, e)| (e.state != State::Succeeded, e.ended_at, id))
            .collect();
        let over = ended.len().saturating_sub(ENDED);
        ended.sort_unstable();
        ended.into_iter().take(over).map(|(_, _, id)| id).collect()
    }
}

/// A queue ConfigMap as it is created.
pub(super) fn queue_map(name: &str, annotations: Value, data: Map<String, Value>) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": name, "namespace": "ci-system", "labels": { "jobs.constable/component": "queue" }, "annotations": annotations },
        "data": data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: TimeDelta = TimeDelta::seconds(1);

    fn entry(state: State) -> Entry {
        serde_json::from_value(json!({ "state": state })).unwrap()
    }

    fn map(revision: u64, data: &[(&str, &Entry)]) -> QueueMap {
        let data = data
            .iter()
            .map(|(id, e)| ((*id).to_owned(), e.json()))
            .collect();
        QueueMap {
            name: "queue-0".into(),
            revision,
            last_id: 0,
            data,
        }
    }

    #[test]
    fn writes_only_what_changed_with_the_revision_it_was_decided_on() {
        let mut shard = Shard::new(0);
        let (queued, running) = (entry(State::Queued), entry(State::Running));
        assert_eq!(
            shard.observe(map(5, &[("4", &queued), ("8", &queued)])),
            [4, 8]
        );
        shard.put(8, running.clone());
        shard.put(12, queued.clone());
        let call = shard.write(DateTime::UNIX_EPOCH, CallId(1), EVERY).unwrap();
        let want = Call {
            id: CallId(1),
            method: Method::Patch,
            path: "/api/v1/namespaces/ci-system/configmaps/queue-0".into(),
            content_type: "application/merge-patch+json",
            body: json!({ "metadata": { "resourceVersion": "5", "annotations": { "jobs.constable/depth": "2", "jobs.constable/last-id": "12" } },
                "data": { "8": running.json(), "12": queued.json() } }),
        };
        assert_eq!(call, want);
        assert_eq!(
            shard.write(DateTime::UNIX_EPOCH, CallId(2), EVERY),
            None,
            "one call at a time"
        );
        assert_eq!(shard.done(6), [8, 12]);
        assert_eq!(shard.due(), None);
        assert_eq!(
            shard.observe(map(6, &[])),
            [0; 0],
            "an event that is not newer says nothing"
        );
    }

    #[test]
    fn a_conflict_keeps_what_others_asked_for_and_what_we_decided() {
        let mut shard = Shard::new(0);
        let running = entry(State::Running);
        shard.observe(map(5, &[("4", &running)]));
        shard.put(
            4,
            Entry {
                attempt: 2,
                ..running.clone()
            },
        );
        assert!(
            shard
                .write(DateTime::UNIX_EPOCH, CallId(1), EVERY)
                .is_some()
        );
        shard.refused(DateTime::UNIX_EPOCH, false);
        let read = shard.write(DateTime::UNIX_EPOCH, CallId(2), EVERY).unwrap();
        assert_eq!(read.method, Method::Get);
        let asked = Entry {
            asked: Some(Asked::Cancel),
            asked_by: Some("dev-1".into()),
            ..running
        };
        assert_eq!(shard.read(map(7, &[("4", &asked)])), [4]);
        let merged = Entry {
            attempt: 2,
            ..asked
        };
        assert_eq!(shard.entry(4), Some(&merged));
        let call = shard
            .write(DateTime::UNIX_EPOCH + EVERY, CallId(3), EVERY)
            .unwrap();
        assert_eq!(call.body["data"], json!({ "4": merged.json() }));
        assert_eq!(call.body["metadata"]["resourceVersion"], "7");
    }

    #[test]
    fn a_deleted_map_is_written_anew() {
        let mut shard = Shard::new(3);
        shard.observe(map(5, &[("4", &entry(State::Running))]));
        shard.vanished();
        let call = shard.write(DateTime::UNIX_EPOCH, CallId(1), EVERY).unwrap();
        assert_eq!(
            (call.method, call.path.as_str()),
            (Method::Post, "/api/v1/namespaces/ci-system/configmaps")
        );
        assert_eq!(
            call.body["data"],
            json!({ "4": entry(State::Running).json() })
        );
    }
}
