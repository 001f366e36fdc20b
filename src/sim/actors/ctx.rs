//! What every actor may use: the time, the store, the queue, the luck, the faults.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::dice::Dice;
use super::event::{About, Recorder, Source};
use super::faults::Faults;
use super::queue::Queue;
use crate::sim::{Obj, Res, Store};

/// The world as an actor sees it.
pub(crate) struct Ctx<'a> {
    pub now: DateTime<Utc>,
    pub store: &'a mut Store,
    pub queue: &'a mut Queue,
    pub events: &'a mut Recorder,
    pub faults: &'a Faults,
    pub dice: Dice,
}

impl Ctx<'_> {
    /// Reports something normal (`warning` false) or not.
    pub(crate) fn event(
        &mut self,
        source: Source<'_>,
        about: About<'_>,
        warning: bool,
        reason: &str,
        message: &str,
    ) {
        self.event_at(self.now, source, about, warning, reason, message);
    }

    /// The same, at an earlier time (a kubelet that catches up).
    pub(crate) fn event_at(
        &mut self,
        at: DateTime<Utc>,
        source: Source<'_>,
        about: About<'_>,
        warning: bool,
        reason: &str,
        message: &str,
    ) {
        self.events.record(
            at, self.store, self.queue, source, about, warning, reason, message,
        );
    }

    /// Edits an object that may have gone meanwhile; then nothing happens.
    pub(crate) fn edit(&mut self, res: Res, ns: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        // Gone is the one error there is, and then there is nothing to edit.
        let _ = self.store.update(self.now, res, ns, name, edit);
    }

    /// Removes an object, or marks it when finalizers hold it.
    pub(crate) fn delete(&mut self, obj: &Obj) {
        let held = obj.value()["metadata"]["finalizers"]
            .as_array()
            .is_some_and(|f| !f.is_empty());
        if held {
            mark_deleted(self.store, self.now, obj, 0);
        } else {
            let _ = self
                .store
                .remove(self.now, obj.res, &obj.namespace, &obj.name);
        }
    }
}

/// Sets deletionTimestamp and grace period (seconds); a shorter one replaces a longer.
pub(crate) fn mark_deleted(store: &mut Store, now: DateTime<Utc>, obj: &Obj, grace: i64) {
    let grace = grace.clamp(0, 315_360_000);
    let at = crate::sim::timestamp(now + chrono::Duration::seconds(grace));
    let _ = store.update(now, obj.res, &obj.namespace, &obj.name, |v| {
        let meta = &mut v["metadata"];
        let longer = meta["deletionGracePeriodSeconds"]
            .as_i64()
            .is_none_or(|old| grace < old);
        if meta["deletionTimestamp"].is_null() || longer {
            meta["deletionTimestamp"] = at.into();
            meta["deletionGracePeriodSeconds"] = grace.into();
        }
    });
}

/// Sets or replaces the condition of this type; keeps its transition time when the status stays.
pub(crate) fn set_condition(status: &mut Value, mut condition: Value) {
    if !status["conditions"].is_array() {
        status["conditions"] = Value::Array(Vec::new());
    }
    let Some(list) = status["conditions"].as_array_mut() else {
        return;
    };
    match list.iter_mut().find(|c| c["type"] == condition["type"]) {
        Some(old) => {
            if old["status"] == condition["status"] {
                condition["lastTransitionTime"] = old["lastTransitionTime"].clone();
            }
            *old = condition;
        }
        None => list.push(condition),
    }
}
