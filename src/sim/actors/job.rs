//! Jobs run pods to completion.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::ctx::{Ctx, set_condition};
use super::event::{About, Source};
use super::owned::Owned;
use super::queue::Timer;
use super::{template, workload};
use crate::sim::{Obj, resource, timestamp};

const CONTROLLER: &str = "job-controller";

/// Pods that ended, by job: they count even when somebody removed them since.
#[derive(Clone, Debug, Default)]
struct Tally {
    succeeded: BTreeSet<Arc<str>>,
    failed: BTreeSet<Arc<str>>,
    failed_at: Option<DateTime<Utc>>,
}

/// The job controller's memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jobs {
    tallies: HashMap<Arc<str>, Tally>,
}

impl Jobs {
    pub(crate) fn forget(&mut self, uid: &str) {
        self.tallies.remove(uid);
    }

    pub(crate) fn reconcile(&mut self, ctx: &mut Ctx<'_>, owned: &Owned, obj: &Obj) {
        let value = obj.value();
        let pods = workload::members(owned.of(ctx.store, &obj.uid, resource("pods")));
        let tally = self.tallies.entry(obj.uid.clone()).or_default();
        for m in &pods {
            let uid: Arc<str> = (&*m.obj.uid).into();
            match &*m.obj.phase {
                "Succeeded" => {
                    tally.succeeded.insert(uid);
                }
                "Failed" if tally.failed.insert(uid) => tally.failed_at = Some(ctx.now),
                _ => {}
            }
        }
        if condition(&value, "Complete") || condition(&value, "Failed") {
            return self.expire(ctx, obj, &value);
        }
        if obj.deleting {
            return;
        }
        let number = |key: &str| {
            value["spec"][key]
                .as_u64()
                .map(|n| usize::try_from(n).unwrap_or(usize::MAX))
        };
        let parallelism = number("parallelism").unwrap_or(1);
        let completions = number("completions");
        let limit = number("backoffLimit").unwrap_or(6);
        let suspended = value["spec"]["suspend"] == true;
        let (succeeded, failed) = (tally.succeeded.len(), tally.failed.len());
        let active: Vec<_> = pods.iter().filter(|m| m.active()).collect();
        let deadline = value["spec"]["activeDeadlineSeconds"]
            .as_i64()
            .zip(started(&value))
            .map(|(s, t)| t + Duration::seconds(s.clamp(0, 315_360_000)));
        let done = match completions {
            Some(n) => succeeded >= n,
            // A work queue is done when one succeeded and none is left.
            None => succeeded > 0 && active.is_empty(),
        };
        let verdict = if done {
            Some((
                "Complete",
                "CompletionsReached",
                "Reached expected number of succeeded pods",
            ))
        } else if failed > limit {
            Some((
                "Failed",
                "BackoffLimitExceeded",
                "Job has reached the specified backoff limit",
            ))
        } else if deadline.is_some_and(|d| d <= ctx.now) {
            Some((
                "Failed",
                "DeadlineExceeded",
                "Job was active longer than specified deadline",
            ))
        } else {
            None
        };
        let wanted = match (verdict, suspended) {
            (Some(_), _) | (_, true) => 0,
            _ => match completions {
                Some(n) => parallelism.min(n.saturating_sub(succeeded)),
                None if succeeded > 0 => active.len(),
                None => parallelism,
            },
        };
        for m in active.iter().skip(wanted) {
            workload::delete(ctx, obj, CONTROLLER, &m.obj);
        }
        let mut made = 0;
        if active.len() < wanted {
            let wait = tally.failed_at.filter(|_| failed > 0).map(|t| {
                t + Duration::seconds((10_i64 << failed.min(6).saturating_sub(1)).min(360))
            });
            match wait.filter(|w| *w > ctx.now) {
                Some(when) => resync(ctx, obj, when),
                None => {
                    for _ in active.len()..wanted {
                        let mut pod = template::pod(
                            &value["spec"]["template"],
                            obj,
                            &format!("{}-", obj.name),
                        );
                        let labels = &mut pod["metadata"]["labels"];
                        for key in ["batch.kubernetes.io/controller-uid", "controller-uid"] {
                            labels[key] = (&*obj.uid).into();
                        }
                        for key in ["batch.kubernetes.io/job-name", "job-name"] {
                            labels[key] = (&*obj.name).into();
                        }
                        made += usize::from(workload::create(ctx, obj, CONTROLLER, pod).is_some());
                    }
                }
            }
        }
        if let (None, Some(when)) = (
            started(&value),
            value["spec"]["activeDeadlineSeconds"].as_i64(),
        ) {
            resync(
                ctx,
                obj,
                ctx.now + Duration::seconds(when.clamp(0, 315_360_000)),
            );
        }
        let ready = active.iter().filter(|m| m.ready).count();
        let now_active = (active.len() + made).min(wanted.max(made));
        self.write(
            ctx,
            obj,
            suspended,
            [now_active, ready, succeeded, failed],
            verdict,
        );
        if let Some((kind, reason, message)) = verdict {
            let (event, text) = if kind == "Complete" {
                ("Completed", "Job completed")
            } else {
                (reason, message)
            };
            let about = About {
                kind: "Job",
                api_version: "batch/v1",
                namespace: &obj.namespace,
                name: &obj.name,
                uid: &obj.uid,
                field: "",
            };
            ctx.event(
                Source::Controller(CONTROLLER),
                about,
                kind == "Failed",
                event,
                text,
            );
        }
    }

    fn write(
        &self,
        ctx: &mut Ctx<'_>,
        obj: &Obj,
        suspended: bool,
        [active, ready, succeeded, failed]: [usize; 4],
        verdict: Option<(&str, &str, &str)>,
    ) {
        let now = timestamp(ctx.now);
        ctx.edit(obj.res, &obj.namespace, &obj.name, |v| {
            if v["spec"]["selector"].is_null() {
                v["spec"]["selector"] =
                    json!({"matchLabels": {"batch.kubernetes.io/controller-uid": &*obj.uid}});
            }
            if !v["status"].is_object() {
                v["status"] = json!({});
            }
            let status = &mut v["status"];
            if status["startTime"].is_null() && !suspended {
                status["startTime"] = now.clone().into();
            }
            for (key, n) in [
                ("active", active),
                ("succeeded", succeeded),
                ("failed", failed),
            ] {
                if n > 0 {
                    status[key] = n.into();
                } else if let Some(map) = status.as_object_mut() {
                    map.shift_remove(key);
                }
            }
            status["ready"] = ready.into();
            status["terminating"] = 0.into();
            status["uncountedTerminatedPods"] = json!({});
            if let Some((kind, reason, message)) = verdict {
                let first = if kind == "Complete" {
                    "SuccessCriteriaMet"
                } else {
                    "FailureTarget"
                };
                for kind in [first, kind] {
                    set_condition(
                        status,
                        json!({"type": kind, "status": "True", "lastProbeTime": now,
                        "lastTransitionTime": now, "reason": reason, "message": message}),
                    );
                }
                if kind == "Complete" {
                    status["completionTime"] = now.into();
                }
            }
        });
    }

    /// A finished job goes when its time to live is over.
    fn expire(&self, ctx: &mut Ctx<'_>, obj: &Obj, value: &Value) {
        let Some(ttl) = value["spec"]["ttlSecondsAfterFinished"].as_i64() else {
            return;
        };
        let ended = value["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|c| c["type"] == "Complete" || c["type"] == "Failed")
            .find_map(|c| {
                c["lastTransitionTime"]
                    .as_str()?
                    .parse::<DateTime<Utc>>()
                    .ok()
            });
        let Some(due) = ended.map(|e| e + Duration::seconds(ttl.clamp(0, 315_360_000))) else {
            return;
        };
        if due <= ctx.now {
            if !obj.deleting {
                ctx.delete(obj);
            }
        } else {
            resync(ctx, obj, due);
        }
    }
}

fn resync(ctx: &mut Ctx<'_>, obj: &Obj, when: DateTime<Utc>) {
    ctx.queue.push(
        when,
        Timer::Resync {
            plural: obj.res.plural,
            namespace: obj.namespace.clone(),
            name: obj.name.clone(),
        },
    );
}

fn started(value: &Value) -> Option<DateTime<Utc>> {
    value["status"]["startTime"].as_str()?.parse().ok()
}

fn condition(value: &Value, kind: &str) -> bool {
    value["status"]["conditions"]
        .as_array()
        .is_some_and(|c| c.iter().any(|c| c["type"] == kind && c["status"] == "True"))
}
