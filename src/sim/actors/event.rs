//! Event objects, as scheduler, kubelet and controllers write them: repeated ones counted, old
//! ones gone after an hour.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::dice::Dice;
use super::queue::{Queue, Timer};
use crate::sim::{Store, resource, timestamp};

/// Who reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source<'a> {
    /// The scheduler, which writes the newer form with a series.
    Scheduler,
    /// The kubelet of a node.
    Kubelet(&'a str),
    /// A controller, such as `job-controller`.
    Controller(&'a str),
}

/// What an event is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    pub kind: &'a str,
    pub api_version: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
    pub uid: &'a str,
    /// `spec.containers{test}` or empty.
    pub field: &'a str,
}

impl<'a> About<'a> {
    pub(crate) fn pod(namespace: &'a str, name: &'a str, uid: &'a str) -> Self {
        About {
            kind: "Pod",
            api_version: "v1",
            namespace,
            name,
            uid,
            field: "",
        }
    }

    pub(crate) fn node(name: &'a str, uid: &'a str) -> Self {
        About {
            kind: "Node",
            api_version: "v1",
            namespace: "",
            name,
            uid,
            field: "",
        }
    }
}

#[derive(Clone, Debug)]
struct Known {
    namespace: Arc<str>,
    name: Arc<str>,
    count: u64,
    warning: bool,
    last: DateTime<Utc>,
}

/// Writes events and remembers the recent ones, to count instead of repeating.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    known: HashMap<u64, Known>,
    /// Expiry order; one queue for what is normal and one for warnings, so that a flood of the
    /// former does not push out the latter.
    normal: VecDeque<u64>,
    warnings: VecDeque<u64>,
    /// Life of an event after its last occurrence.
    pub ttl: Duration,
    /// Most events kept of either type: a busy CI cluster would hold half a million otherwise.
    pub cap: usize,
    armed: bool,
    dice: Dice,
}

impl Recorder {
    pub(crate) fn new(dice: Dice) -> Self {
        Self {
            known: HashMap::new(),
            normal: VecDeque::new(),
            warnings: VecDeque::new(),
            ttl: Duration::hours(1),
            cap: 20_000,
            armed: false,
            dice: dice.on("event"),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "an event has this many parts")]
    pub(crate) fn record(
        &mut self,
        now: DateTime<Utc>,
        store: &mut Store,
        queue: &mut Queue,
        source: Source<'_>,
        about: About<'_>,
        warning: bool,
        reason: &str,
        message: &str,
    ) {
        let who = match source {
            Source::Scheduler => "default-scheduler",
            Source::Kubelet(node) => node,
            Source::Controller(name) => name,
        };
        let key = self
            .dice
            .on(about.uid)
            .on(about.name)
            .on(about.field)
            .on(who)
            .on(reason)
            .on(message)
            .raw();
        let res = resource("events");
        if let Some(known) = self.known.get_mut(&key) {
            known.count += 1;
            known.last = now;
            let count = known.count;
            let updated = store.update(now, res, &known.namespace, &known.name, |v| {
                if source == Source::Scheduler {
                    v["series"] = json!({"count": count, "lastObservedTime": micro(now)});
                } else {
                    v["count"] = count.into();
                    v["lastTimestamp"] = timestamp(now).into();
                }
            });
            if updated.is_ok() {
                return;
            }
            self.known.remove(&key);
        }
        let namespace = if about.namespace.is_empty() {
            "default"
        } else {
            about.namespace
        };
        let drawn = self.dice.on(about.name).at(key).at(store.revision());
        let name = format!("{}.{}", about.name, drawn.hex(16));
        let value = body(
            now, source, about, warning, reason, message, namespace, &name,
        );
        if store.create(now, res, value).is_err() {
            return; // the name is taken: an event lost, as the real recorder would
        }
        self.known.insert(
            key,
            Known {
                namespace: namespace.into(),
                name: name.into(),
                count: 1,
                warning,
                last: now,
            },
        );
        let list = if warning {
            &mut self.warnings
        } else {
            &mut self.normal
        };
        list.push_back(key);
        if list.len() > self.cap
            && let Some(old) = list.pop_front()
        {
            self.forget(now, store, old);
        }
        if !self.armed {
            self.armed = true;
            queue.push(now + Duration::minutes(1), Timer::ExpireEvents);
        }
    }

    fn forget(&mut self, now: DateTime<Utc>, store: &mut Store, key: u64) {
        if let Some(known) = self.known.remove(&key) {
            // It may be gone already: a person can delete events.
            let _ = store.remove(now, resource("events"), &known.namespace, &known.name);
        }
    }

    /// Removes what is older than the time to live.
    pub(crate) fn expire(&mut self, now: DateTime<Utc>, store: &mut Store, queue: &mut Queue) {
        for warning in [false, true] {
            loop {
                let list = if warning {
                    &mut self.warnings
                } else {
                    &mut self.normal
                };
                let Some(&key) = list.front() else { break };
                let last = self.known.get(&key).map(|k| k.last);
                match last {
                    Some(last) if last + self.ttl > now => {
                        // Fresh since it was first seen: to the back, unless it is the oldest anyway.
                        let first_is_fresh = list.len() == 1 || !self.stale_behind(warning, now);
                        let list = if warning {
                            &mut self.warnings
                        } else {
                            &mut self.normal
                        };
                        if first_is_fresh {
                            break;
                        }
                        list.rotate_left(1);
                    }
                    _ => {
                        list.pop_front();
                        self.forget(now, store, key);
                    }
                }
            }
        }
        self.armed = !self.known.is_empty();
        if self.armed {
            queue.push(now + Duration::minutes(1), Timer::ExpireEvents);
        }
    }

    /// Whether the second in the queue is over its time (the first was repeated lately).
    fn stale_behind(&self, warning: bool, now: DateTime<Utc>) -> bool {
        let list = if warning {
            &self.warnings
        } else {
            &self.normal
        };
        list.get(1)
            .and_then(|key| self.known.get(key))
            .is_none_or(|k| k.warning == warning && k.last + self.ttl <= now)
    }
}

#[expect(clippy::too_many_arguments, reason = "an event has this many parts")]
fn body(
    now: DateTime<Utc>,
    source: Source<'_>,
    about: About<'_>,
    warning: bool,
    reason: &str,
    message: &str,
    namespace: &str,
    name: &str,
) -> Value {
    let mut involved = json!({"kind": about.kind});
    if !about.namespace.is_empty() {
        involved["namespace"] = about.namespace.into();
    }
    involved["name"] = about.name.into();
    involved["uid"] = about.uid.into();
    involved["apiVersion"] = about.api_version.into();
    if !about.field.is_empty() {
        involved["fieldPath"] = about.field.into();
    }
    let mut value = json!({
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
    });
    match source {
        Source::Scheduler => {
            value["source"] = json!({});
            value["firstTimestamp"] = Value::Null;
            value["lastTimestamp"] = Value::Null;
            value["type"] = kind(warning);
            value["eventTime"] = micro(now).into();
            value["action"] = if reason == "Scheduled" {
                "Binding"
            } else {
                "Scheduling"
            }
            .into();
            value["reportingComponent"] = "default-scheduler".into();
            value["reportingInstance"] = "default-scheduler-c-1".into();
        }
        Source::Kubelet(_) | Source::Controller(_) => {
            let (component, host) = match source {
                Source::Kubelet(node) => ("kubelet", node),
                Source::Controller(name) => (name, ""),
                Source::Scheduler => ("", ""),
            };
            value["source"] = json!({"component": component});
            if !host.is_empty() {
                value["source"]["host"] = host.into();
            }
            value["firstTimestamp"] = timestamp(now).into();
            value["lastTimestamp"] = timestamp(now).into();
            value["count"] = 1.into();
            value["type"] = kind(warning);
            value["eventTime"] = Value::Null;
            value["reportingComponent"] = component.into();
            value["reportingInstance"] = host.into();
        }
    }
    value
}

fn kind(warning: bool) -> Value {
    if warning { "Warning" } else { "Normal" }.into()
}

/// RFC 3339 with microseconds, as `metav1.MicroTime`.
pub(crate) fn micro(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}
