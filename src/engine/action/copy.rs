//! Runs an ended batch/v1 Job again, as a clean copy under a name of its own.
//!
//! The copy's name is made from the old Job's uid and the action, so that a repeated create meets itself
//! (409) and a lost answer is read back by name.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::super::event::Reply;
use super::call::{self, DryRun};
use super::task::{Calls, Cx, Outcome, Tag, backoff, busy, refused};
use crate::model::{Text, Uid};

const TRIES: u32 = 8;
/// Annotation on the copy: uid of the Job it was made from.
pub(super) const RETRY_OF: &str = "constable/retry-of";
/// Kubernetes' limit for names that become label values, as a Job's does.
const NAME_MAX: usize = 63;

/// Labels that the Job controller wrote and will write again.
const CONTROLLER_LABELS: [&str; 4] = [
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
];
/// Metadata that belongs to the old object alone.
const OWN_METADATA: [&str; 11] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "generateName",
    "managedFields",
    "ownerReferences",
    "finalizers",
    "selfLink",
];

/// The machine.
#[derive(Clone, Debug)]
pub(super) struct CopyTask {
    namespace: Text,
    name: Text,
    uid: Uid,
    copy: String,
    body: Value,
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

impl CopyTask {
    /// `serial` tells one retry of the same Job from the next.
    pub(super) fn new(namespace: Text, name: Text, uid: Uid, serial: u64) -> Self {
        let copy = copy_name(&name, &uid, serial);
        let state = State::Start {
            not_before: Duration::ZERO,
        };
        Self {
            namespace,
            name,
            uid,
            copy,
            body: Value::Null,
            state,
            tries: 0,
        }
    }

    fn collection(&self) -> String {
        format!("/apis/batch/v1/namespaces/{}/jobs", self.namespace)
    }

    pub(super) fn poll(&mut self, cx: Cx<'_>, out: &mut Calls) {
        match self.state {
            State::Start { not_before } if cx.now.boot >= not_before => {
                out.push((
                    0,
                    call::get(&format!("{}/{}", self.collection(), self.name)),
                ));
                self.state = State::Reading;
            }
            State::Waiting if self.seen(cx) => {
                let text = format!(
                    "job {}/{}: runs again as {}",
                    self.namespace, self.name, self.copy
                );
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

    fn seen(&self, cx: Cx<'_>) -> bool {
        cx.model.batch_job(&self.namespace, &self.copy).is_some()
    }

    pub(super) fn reply(&mut self, cx: Cx<'_>, _: Tag, reply: &Reply, out: &mut Calls) {
        self.state = match std::mem::replace(&mut self.state, State::Waiting) {
            State::Reading => self.read(cx, reply, out),
            State::Creating => self.created(cx, reply, out),
            State::ReadingBack => self.read_back(cx, reply),
            other @ (State::Start { .. } | State::Waiting | State::Over(_)) => other,
        };
    }

    fn read(&mut self, cx: Cx<'_>, reply: &Reply, out: &mut Calls) -> State {
        let job = match reply {
            Reply::Done(job) => job,
            Reply::Refused { .. } | Reply::Lost(_) => return self.again(cx, reply, "read"),
        };
        if !job["metadata"]["uid"]
            .as_str()
            .is_some_and(|uid| self.uid.is(uid))
        {
            return self.refuse("it has been replaced by another of its name");
        }
        if !has_ended(job) || job["status"]["active"].as_i64().unwrap_or(0) > 0 {
            return self.refuse("it still runs; cancel it first");
        }
        self.body = clean_copy(job, &self.copy, &self.uid);
        out.push((
            0,
            call::create(&self.collection(), self.body.clone(), cx.dry_run),
        ));
        State::Creating
    }

    fn created(&mut self, cx: Cx<'_>, reply: &Reply, out: &mut Calls) -> State {
        match reply {
            Reply::Done(_) if cx.dry_run == DryRun::Server => {
                let text = format!(
                    "job {}/{}: the server would take the copy",
                    self.namespace, self.name
                );
                State::Over(Outcome::Done(text.into()))
            }
            Reply::Done(_) => State::Waiting,
            Reply::Lost(_) | Reply::Refused { code: 409, .. } => {
                out.push((
                    0,
                    call::get(&format!("{}/{}", self.collection(), self.copy)),
                ));
                State::ReadingBack
            }
            Reply::Refused { .. } => self.again(cx, reply, "create its copy"),
        }
    }

    fn read_back(&mut self, cx: Cx<'_>, reply: &Reply) -> State {
        match reply {
            Reply::Done(found) => {
                let of = found["metadata"]["annotations"][RETRY_OF].as_str();
                if of.is_some_and(|uid| self.uid.is(uid)) {
                    State::Waiting
                } else {
                    self.refuse(&format!(
                        "a job {} is there already and is not its copy",
                        self.copy
                    ))
                }
            }
            Reply::Refused { code: 404, .. } => {
                self.again(cx, &Reply::Lost("not created".into()), "copy")
            }
            Reply::Refused { .. } | Reply::Lost(_) => self.again(cx, reply, "read back its copy"),
        }
    }

    fn refuse(&self, why: &str) -> State {
        let text = format!("job {}/{}: {why}", self.namespace, self.name);
        State::Over(Outcome::Refused(text.into()))
    }

    fn again(&mut self, cx: Cx<'_>, reply: &Reply, what: &str) -> State {
        self.tries += 1;
        if (matches!(reply, Reply::Lost(_)) || busy(reply)) && self.tries < TRIES {
            return State::Start {
                not_before: cx.now.boot + backoff(self.tries, reply),
            };
        }
        State::Over(refused(
            &format!("job {}/{}: {what}", self.namespace, self.name),
            reply,
        ))
    }

    pub(super) fn stop(&mut self) {
        if !matches!(self.state, State::Over(_)) {
            let text = format!(
                "job {}/{}: stopped; a copy {} may exist",
                self.namespace, self.name, self.copy
            );
            self.state = State::Over(Outcome::Stopped(text.into()));
        }
    }

    pub(super) fn outcome(&self) -> Option<&Outcome> {
        match &self.state {
            State::Over(outcome) => Some(outcome),
            State::Start { .. }
            | State::Reading
            | State::Creating
            | State::ReadingBack
            | State::Waiting => None,
        }
    }

    pub(super) fn doing(&self) -> &'static str {
        match self.state {
            State::Start { .. } | State::Reading => "reading the job",
            State::Creating | State::ReadingBack | State::Waiting => "creating its copy",
            State::Over(_) => "",
        }
    }
}

/// `build` → `build-r3f9c0a12`; a retry of a retry replaces the suffix.
fn copy_name(name: &str, uid: &Uid, serial: u64) -> String {
    let base = match name.rsplit_once("-r") {
        Some((base, tail)) if tail.len() == 8 && tail.bytes().all(|b| b.is_ascii_hexdigit()) => {
            base
        }
        _ => name,
    };
    // FNV-1a: stable over releases, which std's hasher does not promise.
    let mut hash: u32 = 0x811c_9dc5;
    for byte in uid.to_string().bytes().chain(serial.to_le_bytes()) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let room = NAME_MAX - "-r".len() - 8;
    let end = base.floor_char_boundary(base.len().min(room));
    format!("{}-r{hash:08x}", base[..end].trim_end_matches(['-', '.']))
}

fn has_ended(job: &Value) -> bool {
    job["status"]["conditions"].as_array().is_some_and(|all| {
        all.iter().any(|c| {
            matches!(c["type"].as_str(), Some("Complete" | "Failed")) && c["status"] == "True"
        })
    })
}

/// The old Job without what belongs to its one life.
fn clean_copy(job: &Value, name: &str, uid: &Uid) -> Value {
    let mut copy = job.clone();
    copy["apiVersion"] = json!("batch/v1");
    copy["kind"] = json!("Job");
    if let Some(whole) = copy.as_object_mut() {
        whole.remove("status");
    }
    if let Some(meta) = copy["metadata"].as_object_mut() {
        for key in OWN_METADATA {
            meta.remove(key);
        }
        meta.insert("name".to_owned(), json!(name));
        drop_labels(meta);
        let notes = meta.entry("annotations").or_insert_with(|| json!({}));
        if let Some(notes) = notes.as_object_mut() {
            notes.remove("kubectl.kubernetes.io/last-applied-configuration");
            notes.remove("batch.kubernetes.io/job-tracking");
            notes.insert(RETRY_OF.to_owned(), json!(uid.to_string()));
        }
    }
    if let Some(spec) = copy["spec"].as_object_mut() {
        // A selector that the user wrote (manualSelector) is his; the generated one names the old uid.
        if spec.get("manualSelector").and_then(Value::as_bool) != Some(true) {
            spec.remove("selector");
            spec.remove("manualSelector");
        }
        spec.remove("suspend");
        if let Some(meta) = spec
            .get_mut("template")
            .and_then(|t| t.get_mut("metadata"))
            .and_then(Value::as_object_mut)
        {
            meta.remove("creationTimestamp");
            drop_labels(meta);
        }
    }
    copy
}

fn drop_labels(meta: &mut Map<String, Value>) {
    if let Some(labels) = meta.get_mut("labels").and_then(Value::as_object_mut) {
        for key in CONTROLLER_LABELS {
            labels.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable_short_and_do_not_pile_up() {
        let uid = Uid::from("0a1b");
        let first = copy_name("build", &uid, 1);
        assert_eq!(first, copy_name("build", &uid, 1));
        assert_ne!(first, copy_name("build", &uid, 2));
        assert_eq!(copy_name(&first, &uid, 2), copy_name("build", &uid, 2));
        let long = copy_name(&"x".repeat(63), &uid, 1);
        assert_eq!(long.len(), 63);
    }

    #[test]
    fn a_copy_keeps_what_is_the_users_and_drops_one_lifes_marks() {
        let old = json!({
            "metadata": {
                "name": "build", "namespace": "ci", "uid": "u1", "resourceVersion": "7",
                "creationTimestamp": "2026-01-01T00:00:00Z", "generation": 1, "managedFields": [],
                "ownerReferences": [{"kind": "CronJob"}], "finalizers": ["x"],
                "labels": {"team": "a", "job-name": "build", "batch.kubernetes.io/controller-uid": "u1"},
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "note": "n"},
            },
            "spec": {
                "backoffLimit": 2, "suspend": true,
                "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u1"}},
                "template": {
                    "metadata": {"creationTimestamp": null, "labels": {"team": "a", "controller-uid": "u1"}},
                    "spec": {"restartPolicy": "Never"},
                },
            },
            "status": {"failed": 1},
        });
        assert_eq!(
            clean_copy(&old, "build-r00000001", &Uid::from("u1")),
            json!({
                "metadata": {
                    "name": "build-r00000001", "namespace": "ci",
                    "labels": {"team": "a"},
                    "annotations": {"note": "n", "constable/retry-of": "u1"},
                },
                "spec": {
                    "backoffLimit": 2,
                    "template": {
                        "metadata": {"labels": {"team": "a"}},
                        "spec": {"restartPolicy": "Never"},
                    },
                },
                "apiVersion": "batch/v1",
                "kind": "Job",
            })
        );
    }
}
