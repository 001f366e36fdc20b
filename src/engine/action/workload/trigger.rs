//! Starts a CronJob now: a Job from its template, as `kubectl create job --from` makes it.
//!
//! The Job's name is made from the CronJob's uid, the moment and the action, so that a repeated create meets itself (409)
//! and a lost answer is read back by name.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::super::event::Reply;
use super::super::call::{self, DryRun};
use super::super::task::{Calls, Cx, Outcome, Tag, backoff, busy, refused};
use super::{Object, collection};
use crate::model::workload::INSTANTIATE;
use crate::model::{Kind, Text};

const TRIES: u32 = 8;
/// Kubernetes' limit for names that become label values, as a Job's does.
const NAME_MAX: usize = 63;

/// The machine.
#[derive(Clone, Debug)]
pub(in super::super) struct TriggerTask {
    object: Object,
    /// Tells one start of the same CronJob from the next in this session.
    serial: u64,
    /// Name of the Job, once it is known when it is made.
    job: String,
    state: State,
    tries: u32,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Start { not_before: Duration },
    Reading,
    Creating,
    ReadingBack,
    Waiting,
    Over(Outcome),
}

impl TriggerTask {
    pub(in super::super) fn new(object: Object, serial: u64) -> Self {
        let state = State::Start {
            not_before: Duration::ZERO,
        };
        Self {
            object,
            serial,
            job: String::new(),
            state,
            tries: 0,
        }
    }

    fn name(&self) -> Text {
        self.object.title()
    }

    fn jobs(&self) -> String {
        collection(Kind::BatchJob, &self.object.namespace)
    }

    pub(in super::super) fn poll(&mut self, cx: Cx<'_>, out: &mut Calls) {
        match self.state {
            State::Start { not_before } if cx.now.boot >= not_before => {
                if self.job.is_empty() {
                    let moment = cx.now.wall.timestamp_millis();
                    self.job = job_name(&self.object, moment, self.serial);
                }
                out.push((0, call::get(&self.object.path())));
                self.state = State::Reading;
            }
            State::Waiting
                if cx
                    .model
                    .batch_job(&self.object.namespace, &self.job)
                    .is_some() =>
            {
                let text = format!("{}: started as Job {}", self.name(), self.job);
                self.state = State::Over(Outcome::Done(text.into()));
            }
            State::Start { .. }
            | State::Reading
            | State::Creating
            | State::ReadingBack
            | State::Waiting
            | State::Over(_) => {}
        }
    }

    pub(in super::super) fn reply(&mut self, cx: Cx<'_>, _: Tag, reply: &Reply, out: &mut Calls) {
        self.state = match self.state {
            State::Reading => self.read(cx, reply, out),
            State::Creating => self.created(cx, reply, out),
            State::ReadingBack => self.read_back(cx, reply),
            State::Start { .. } | State::Waiting | State::Over(_) => return,
        };
    }

    fn read(&mut self, cx: Cx<'_>, reply: &Reply, out: &mut Calls) -> State {
        let Reply::Done(cron) = reply else {
            return self.again(cx, reply, "read it");
        };
        let same = cron["metadata"]["uid"].as_str();
        if !same.is_some_and(|uid| self.object.uid.is(uid)) {
            return self.refuse("replaced by another of its name");
        }
        let job = job(cron, &self.object, &self.job);
        out.push((0, call::create(&self.jobs(), job, cx.dry_run)));
        State::Creating
    }

    fn created(&mut self, cx: Cx<'_>, reply: &Reply, out: &mut Calls) -> State {
        match reply {
            Reply::Done(_) if cx.dry_run == DryRun::Server => {
                let text = format!("{}: the server would take Job {}", self.name(), self.job);
                State::Over(Outcome::Done(text.into()))
            }
            Reply::Done(_) => State::Waiting,
            Reply::Lost(_) | Reply::Refused { code: 409, .. } => {
                out.push((0, call::get(&format!("{}/{}", self.jobs(), self.job))));
                State::ReadingBack
            }
            Reply::Refused { .. } => self.again(cx, reply, "create its Job"),
        }
    }

    fn read_back(&mut self, cx: Cx<'_>, reply: &Reply) -> State {
        match reply {
            Reply::Done(found) => {
                let owner = &found["metadata"]["ownerReferences"][0]["uid"];
                if owner.as_str().is_some_and(|uid| self.object.uid.is(uid)) {
                    State::Waiting
                } else {
                    self.refuse(&format!(
                        "a Job {} is there already and is not its own",
                        self.job
                    ))
                }
            }
            Reply::Refused { code: 404, .. } => {
                self.again(cx, &Reply::Lost("not created".into()), "create its Job")
            }
            Reply::Refused { .. } | Reply::Lost(_) => self.again(cx, reply, "read back its Job"),
        }
    }

    fn refuse(&self, why: &str) -> State {
        State::Over(Outcome::Refused(format!("{}: {why}", self.name()).into()))
    }

    fn again(&mut self, cx: Cx<'_>, reply: &Reply, what: &str) -> State {
        self.tries += 1;
        if (matches!(reply, Reply::Lost(_)) || busy(reply)) && self.tries < TRIES {
            return State::Start {
                not_before: cx.now.boot + backoff(self.tries, reply),
            };
        }
        State::Over(refused(&format!("{}: {what}", self.name()), reply))
    }

    pub(in super::super) fn stop(&mut self) {
        if !matches!(self.state, State::Over(_)) {
            let text = format!("{}: stopped; Job {} may exist", self.name(), self.job);
            self.state = State::Over(Outcome::Stopped(text.into()));
        }
    }

    pub(in super::super) fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Over(outcome) => Some(outcome),
            State::Start { .. }
            | State::Reading
            | State::Creating
            | State::ReadingBack
            | State::Waiting => None,
        }
    }

    pub(in super::super) fn doing(&self) -> String {
        match self.state {
            State::Start { .. } | State::Reading => "reading its template".to_owned(),
            State::Creating | State::ReadingBack | State::Waiting => {
                format!("creating Job {}", self.job)
            }
            State::Over(_) => String::new(),
        }
    }
}

/// `nightly` → `nightly-manual-3f9c0a12`.
fn job_name(object: &Object, moment: i64, serial: u64) -> String {
    // FNV-1a: stable over releases, which std's hasher does not promise.
    let mut hash: u32 = 0x811c_9dc5;
    let uid = object.uid.to_string();
    for byte in uid
        .bytes()
        .chain(moment.to_le_bytes())
        .chain(serial.to_le_bytes())
    {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let room = NAME_MAX - "-manual-".len() - 8;
    let end = object.name.floor_char_boundary(object.name.len().min(room));
    let base = object.name[..end].trim_end_matches(['-', '.']);
    format!("{base}-manual-{hash:08x}")
}

/// The Job. Its owner reference asks for nothing that would need rights on the CronJob.
fn job(cron: &Value, object: &Object, name: &str) -> Value {
    let template = &cron["spec"]["jobTemplate"];
    let mut meta = json!({
        "name": name,
        "namespace": &*object.namespace,
        "annotations": { INSTANTIATE: "manual" },
        "ownerReferences": [{
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "name": &*object.name,
            "uid": object.uid.to_string(),
            "controller": true,
        }],
    });
    if let Some(notes) = template["metadata"]["annotations"].as_object() {
        for (key, value) in notes {
            meta["annotations"][key] = value.clone();
        }
    }
    if template["metadata"]["labels"].is_object() {
        meta["labels"] = template["metadata"]["labels"].clone();
    }
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta,
        "spec": template["spec"],
    })
}
