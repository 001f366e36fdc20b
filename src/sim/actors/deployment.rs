//! Deployments own one ReplicaSet for each template they had; a changed template replaces the old ones step by step,
//! within surge and unavailability.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::ctx::Ctx;
use super::event::{About, Source};
use super::owned::Owned;
use super::{template, workload};
use crate::sim::{Obj, resource};

mod status;

const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";

/// A ReplicaSet of the Deployment.
struct Set {
    obj: Arc<Obj>,
    revision: u64,
    /// `spec.replicas`, as it is to be from here on.
    want: usize,
    was: usize,
    /// Pods that are there, ready ones.
    have: usize,
    ready: usize,
}

/// All of them, and what is allowed.
struct Rollout {
    new: Option<Set>,
    old: Vec<Set>,
    want: usize,
    surge: usize,
    unavailable: usize,
}

pub(crate) fn reconcile(ctx: &mut Ctx<'_>, owned: &Owned, obj: &Obj) {
    if obj.deleting {
        return;
    }
    let value = obj.value();
    let want = workload::replicas(&value);
    let hash = template::hash(&value["spec"]["template"]);
    let name = format!("{}-{hash}", obj.name);
    let (mut new, mut old) = (None, Vec::new());
    for set in owned.of(ctx.store, &obj.uid, resource("replicasets")) {
        let set = read(set);
        if *set.obj.name == *name {
            new = Some(set);
        } else {
            old.push(set);
        }
    }
    let last = old.iter().map(|s| s.revision).max().unwrap_or(0);
    let paused = value["spec"]["paused"] == true;
    let [surge, unavailable] = limits(&value, want);
    if new.is_none() && !paused {
        let first = if old.is_empty() { want } else { 0 };
        if create_set(ctx, obj, &value, &name, &hash, first, last + 1) && first > 0 {
            scaled(ctx, obj, &name, 0, first);
        }
        let made = ctx
            .store
            .get(resource("replicasets"), &obj.namespace, &name);
        new = made.cloned().map(read);
    }
    if let Some(new) = &mut new
        && new.revision <= last
    {
        // Back to a template that it had before: the set gets a new number.
        new.revision = last + 1;
        number(ctx, &new.obj, new.revision);
    }
    let revision = new.as_ref().map_or(last, |n| n.revision);
    let mut rollout = Rollout {
        new,
        old,
        want,
        surge,
        unavailable,
    };
    if value["spec"]["strategy"]["type"] == "Recreate" {
        rollout.replace();
    } else if !paused {
        rollout.step();
    } else if let Some(new) = rollout
        .new
        .as_mut()
        .filter(|_| rollout.old.iter().all(|s| s.was == 0))
    {
        new.want = want;
    }
    for set in rollout.new.iter().chain(&rollout.old) {
        if set.want != set.was {
            let most = (want + surge).to_string();
            ctx.edit(set.obj.res, &set.obj.namespace, &set.obj.name, |v| {
                v["spec"]["replicas"] = set.want.into();
                let notes = &mut v["metadata"]["annotations"];
                notes["deployment.kubernetes.io/desired-replicas"] = want.to_string().into();
                notes["deployment.kubernetes.io/max-replicas"] = most.into();
            });
            scaled(ctx, obj, &set.obj.name, set.was, set.want);
        }
    }
    forget_oldest(ctx, &value, &rollout.old);
    if let Some(wake) = status::write(ctx, obj, &value, &name, &rollout, revision) {
        resync(ctx, obj, wake);
    }
}

fn read(obj: Arc<Obj>) -> Set {
    let value = obj.value();
    let count =
        |key: &str| usize::try_from(value["status"][key].as_u64().unwrap_or(0)).unwrap_or(0);
    let want = workload::replicas(&value);
    let revision = value["metadata"]["annotations"][REVISION].as_str();
    Set {
        revision: revision.and_then(|r| r.parse().ok()).unwrap_or(1),
        want,
        was: want,
        have: count("replicas"),
        ready: count("readyReplicas"),
        obj,
    }
}

/// Surge and unavailability as numbers of pods.
fn limits(value: &Value, want: usize) -> [usize; 2] {
    let rolling = &value["spec"]["strategy"]["rollingUpdate"];
    let of = |field: &str, up: bool| match &rolling[field] {
        Value::Null => portion("25%", want, up),
        Value::Number(n) => usize::try_from(n.as_u64().unwrap_or(0)).unwrap_or(0),
        other => portion(other.as_str().unwrap_or_default(), want, up),
    };
    match [of("maxSurge", true), of("maxUnavailable", false).min(want)] {
        [0, 0] => [0, 1],
        both => both,
    }
}

/// `25%` of so many.
pub(super) fn portion(text: &str, of: usize, up: bool) -> usize {
    let percent: usize = text.trim_end_matches('%').parse().unwrap_or(0);
    let all = percent.saturating_mul(of);
    if up { all.div_ceil(100) } else { all / 100 }
}

impl Rollout {
    /// One step of a rolling update.
    fn step(&mut self) {
        let Some(new) = &mut self.new else { return };
        let all: usize = new.want + self.old.iter().map(|s| s.want).sum::<usize>();
        if self.old.iter().all(|s| s.want == 0) || new.want > self.want {
            new.want = self.want;
        } else if new.want < self.want {
            let room = (self.want + self.surge).saturating_sub(all);
            new.want += room.min(self.want - new.want);
        }
        let least = self.want.saturating_sub(self.unavailable);
        let not_yet = new.was.saturating_sub(new.ready);
        // What is not ready anyway goes first: nobody misses it.
        let mut may_go = all.saturating_sub(least + not_yet);
        for set in &mut self.old {
            let gone = set.want.saturating_sub(set.ready).min(may_go);
            set.want -= gone;
            may_go -= gone;
        }
        let ready: usize = new.ready + self.old.iter().map(|s| s.ready.min(s.want)).sum::<usize>();
        let mut spare = ready.saturating_sub(least).min(may_go);
        for set in &mut self.old {
            let gone = set.want.min(spare);
            set.want -= gone;
            spare -= gone;
        }
    }

    /// All old ones first, then the new one.
    fn replace(&mut self) {
        let gone = self.old.iter().all(|s| s.have == 0);
        for set in &mut self.old {
            set.want = 0;
        }
        if let Some(new) = self.new.as_mut().filter(|_| gone) {
            new.want = self.want;
        }
    }
}

/// Sets that have nothing to do any more, beyond those that are remembered.
fn forget_oldest(ctx: &mut Ctx<'_>, value: &Value, old: &[Set]) {
    let kept = value["spec"]["revisionHistoryLimit"].as_u64().unwrap_or(10);
    let kept = usize::try_from(kept).unwrap_or(usize::MAX);
    let mut idle: Vec<&Set> = old
        .iter()
        .filter(|s| s.was == 0 && s.want == 0 && s.have == 0 && !s.obj.deleting)
        .collect();
    idle.sort_by_key(|s| std::cmp::Reverse(s.revision));
    for set in idle.into_iter().skip(kept) {
        ctx.delete(&set.obj);
    }
}

fn number(ctx: &mut Ctx<'_>, set: &Obj, revision: u64) {
    ctx.edit(set.res, &set.namespace, &set.name, |v| {
        v["metadata"]["annotations"][REVISION] = revision.to_string().into();
    });
}

fn resync(ctx: &mut Ctx<'_>, obj: &Obj, when: DateTime<Utc>) {
    workload::resync(ctx, obj, when.max(ctx.now + Duration::seconds(1)));
}

fn create_set(
    ctx: &mut Ctx<'_>,
    obj: &Obj,
    value: &Value,
    name: &str,
    hash: &str,
    replicas: usize,
    revision: u64,
) -> bool {
    let mut template = value["spec"]["template"].clone();
    template["metadata"]["labels"][HASH] = hash.into();
    let mut selector = value["spec"]["selector"].clone();
    selector["matchLabels"][HASH] = hash.into();
    let set = json!({
        "metadata": {
            "name": name,
            "namespace": &*obj.namespace,
            "labels": template["metadata"]["labels"],
            "annotations": {"deployment.kubernetes.io/desired-replicas": workload::replicas(value).to_string(),
                REVISION: revision.to_string()},
            "ownerReferences": [template::owner_reference(obj)],
        },
        "spec": {"replicas": replicas, "selector": selector, "template": template},
        "status": {"replicas": 0},
    });
    // Its name is taken only by a set that is going: tried again when that is gone.
    ctx.store
        .create(ctx.now, resource("replicasets"), set)
        .is_ok()
}

fn scaled(ctx: &mut Ctx<'_>, obj: &Obj, set: &str, from: usize, to: usize) {
    if from == to {
        return;
    }
    let way = if to > from { "up" } else { "down" };
    let text = format!("Scaled {way} replica set {set} from {from} to {to}");
    let about = About {
        kind: "Deployment",
        api_version: "apps/v1",
        namespace: &obj.namespace,
        name: &obj.name,
        uid: &obj.uid,
        field: "",
    };
    ctx.event(
        Source::Controller("deployment-controller"),
        about,
        false,
        "ScalingReplicaSet",
        &text,
    );
}
