//! What the controllers have in common: pods counted, created and removed.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::ctx::{Ctx, mark_deleted};
use super::event::{About, Source};
use super::pods::PodSlim;
use super::queue::Timer;
use crate::sim::{Obj, resource};

/// A pod and whether it is Ready.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub obj: Arc<Obj>,
    pub ready: bool,
}

/// Reads the members' readiness.
pub(crate) fn members(pods: Vec<Arc<Obj>>) -> Vec<Member> {
    pods.into_iter()
        .map(|obj| {
            let ready = serde_json::from_slice::<PodSlim<'_>>(&obj.body()).is_ok_and(|p| p.ready());
            Member { obj, ready }
        })
        .collect()
}

impl Member {
    /// Counts for its controller: neither ended nor on its way out.
    pub(crate) fn active(&self) -> bool {
        !self.obj.deleting && !self.over()
    }

    pub(crate) fn over(&self) -> bool {
        matches!(&*self.obj.phase, "Succeeded" | "Failed")
    }
}

/// What an owner is called in events.
pub(crate) fn about(obj: &Obj) -> (String, &'static str) {
    (obj.res.api_version(), obj.res.kind)
}

/// The object as what an event is about.
pub(crate) fn about_of<'a>(obj: &'a Obj, api_version: &'a str, kind: &'a str) -> About<'a> {
    About {
        kind,
        api_version,
        namespace: &obj.namespace,
        name: &obj.name,
        uid: &obj.uid,
        field: "",
    }
}

/// Has the object looked at again at that time.
pub(crate) fn resync(ctx: &mut Ctx<'_>, obj: &Obj, when: DateTime<Utc>) {
    ctx.queue.push(
        when,
        Timer::Resync {
            plural: obj.res.plural,
            namespace: obj.namespace.clone(),
            name: obj.name.clone(),
        },
    );
}

/// Creates a pod for its owner and says so.
pub(crate) fn create(
    ctx: &mut Ctx<'_>,
    owner: &Obj,
    controller: &str,
    pod: Value,
) -> Option<Arc<Obj>> {
    let made = ctx.store.create(ctx.now, resource("pods"), pod);
    let (api_version, kind) = about(owner);
    let about = About {
        kind,
        api_version: &api_version,
        namespace: &owner.namespace,
        name: &owner.name,
        uid: &owner.uid,
        field: "",
    };
    match made {
        Ok(obj) => {
            let text = format!("Created pod: {}", obj.name);
            ctx.event(
                Source::Controller(controller),
                about,
                false,
                "SuccessfulCreate",
                &text,
            );
            Some(obj)
        }
        Err(status) => {
            let text = format!("Error creating: {}", status.message);
            ctx.event(
                Source::Controller(controller),
                about,
                true,
                "FailedCreate",
                &text,
            );
            None
        }
    }
}

/// Deletes a pod for its owner and says so.
pub(crate) fn delete(ctx: &mut Ctx<'_>, owner: &Obj, controller: &str, pod: &Obj) {
    delete_pod(ctx, pod, None);
    let (api_version, kind) = about(owner);
    let text = format!("Deleted pod: {}", pod.name);
    let about = About {
        kind,
        api_version: &api_version,
        namespace: &owner.namespace,
        name: &owner.name,
        uid: &owner.uid,
        field: "",
    };
    ctx.event(
        Source::Controller(controller),
        about,
        false,
        "SuccessfulDelete",
        &text,
    );
}

/// Deletes a pod as the API server does: at once when it is not bound or has ended, else with its
/// grace (seconds; its own unless given) for the kubelet to end it.
pub(crate) fn delete_pod(ctx: &mut Ctx<'_>, pod: &Obj, grace: Option<i64>) {
    let grace = effective_grace(pod, grace);
    if grace == 0 {
        ctx.delete(pod);
    } else {
        mark_deleted(ctx.store, ctx.now, pod, grace);
    }
}

/// The grace that a deletion of this pod gets, in seconds.
pub(crate) fn effective_grace(pod: &Obj, asked: Option<i64>) -> i64 {
    if pod.node.is_empty() || matches!(&*pod.phase, "Succeeded" | "Failed") {
        return 0;
    }
    // A negative grace counts as one second.
    let own = || {
        pod.value()["spec"]["terminationGracePeriodSeconds"]
            .as_i64()
            .unwrap_or(30)
    };
    match asked.unwrap_or_else(own) {
        g if g < 0 => 1,
        g => g,
    }
}

/// `spec.replicas`, 1 unless given.
pub(crate) fn replicas(value: &Value) -> usize {
    value["spec"]["replicas"]
        .as_u64()
        .map_or(1, |n| usize::try_from(n).unwrap_or(0))
}

#[cfg(test)]
mod tests;
