//! A Deployment's status: its numbers, whether enough is there, and whether it gets on.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::{REVISION, Rollout, Set};
use crate::sim::actors::ctx::{Ctx, set_condition};
use crate::sim::{Obj, timestamp};

/// Writes it; tells when it is to be looked at again although nothing happens.
pub(super) fn write(
    ctx: &mut Ctx<'_>,
    obj: &Obj,
    value: &Value,
    name: &str,
    rollout: &Rollout,
    revision: u64,
) -> Option<DateTime<Utc>> {
    let sum = |of: &dyn Fn(&Set) -> usize| -> usize {
        rollout.new.iter().chain(&rollout.old).map(of).sum()
    };
    let (have, ready, wanted) = (sum(&|s| s.have), sum(&|s| s.ready), sum(&|s| s.want));
    let updated = rollout.new.as_ref().map_or(0, |n| n.have);
    let want = rollout.want;
    let before = &value["status"];
    let count = |key: &str| usize::try_from(before[key].as_u64().unwrap_or(0)).unwrap_or(0);
    let complete = updated == want && have == want && ready == want;
    let moved = updated > count("updatedReplicas")
        || ready > count("readyReplicas")
        || have < count("replicas")
        || before["observedGeneration"] != value["metadata"]["generation"];
    let old = condition(before, "Progressing");
    let since = old["lastUpdateTime"]
        .as_str()
        .and_then(|t| t.parse::<DateTime<Utc>>().ok());
    let patience = value["spec"]["progressDeadlineSeconds"]
        .as_i64()
        .unwrap_or(600);
    let deadline = since.map(|s| s + Duration::seconds(patience.clamp(0, 315_360_000)));
    let late = !complete && !moved && deadline.is_some_and(|d| d <= ctx.now);
    let stuck = late || (!moved && !complete && old["reason"] == "ProgressDeadlineExceeded");
    let (verdict, reason, message) = if complete {
        (
            "True",
            "NewReplicaSetAvailable",
            format!("ReplicaSet \"{name}\" has successfully progressed."),
        )
    } else if stuck {
        (
            "False",
            "ProgressDeadlineExceeded",
            format!("ReplicaSet \"{name}\" has timed out progressing."),
        )
    } else {
        (
            "True",
            "ReplicaSetUpdated",
            format!("ReplicaSet \"{name}\" is progressing."),
        )
    };
    let least = want.saturating_sub(rollout.unavailable);
    let enough = if ready >= least {
        (
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        )
    } else {
        (
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )
    };
    let generation = value["metadata"]["generation"].clone();
    let now = timestamp(ctx.now);
    ctx.edit(obj.res, &obj.namespace, &obj.name, |v| {
        let conditions = v["status"]["conditions"].clone();
        let mut s = json!({"observedGeneration": generation});
        for (key, n) in [
            ("replicas", have),
            ("updatedReplicas", updated),
            ("readyReplicas", ready),
            ("availableReplicas", ready),
            (
                "unavailableReplicas",
                wanted.max(want).saturating_sub(ready),
            ),
        ] {
            if n > 0 {
                s[key] = n.into();
            }
        }
        s["conditions"] = if conditions.is_array() {
            conditions
        } else {
            json!([])
        };
        let (status, reason_available, text) = enough;
        let old = condition(&s, "Available");
        set_condition(
            &mut s,
            stamped(
                &old,
                "Available",
                status,
                reason_available,
                text,
                &now,
                false,
            ),
        );
        let old = condition(&s, "Progressing");
        let progress = moved && !complete;
        set_condition(
            &mut s,
            stamped(
                &old,
                "Progressing",
                verdict,
                reason,
                &message,
                &now,
                progress,
            ),
        );
        v["status"] = s;
        if revision > 0 {
            v["metadata"]["annotations"][REVISION] = revision.to_string().into();
        }
    });
    if complete || stuck {
        None
    } else if moved {
        Some(ctx.now + Duration::seconds(patience.clamp(0, 315_360_000)))
    } else {
        deadline
    }
}

fn condition(status: &Value, kind: &str) -> Value {
    status["conditions"]
        .as_array()
        .and_then(|c| c.iter().find(|c| c["type"] == kind))
        .cloned()
        .unwrap_or_default()
}

/// A condition whose update time moves only when it says something new, or there is progress.
fn stamped(
    old: &Value,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    now: &str,
    progress: bool,
) -> Value {
    let same = old["status"] == status && old["reason"] == reason && old["message"] == message;
    let updated = if same && !progress {
        old["lastUpdateTime"].clone()
    } else {
        now.into()
    };
    json!({"type": kind, "status": status, "lastUpdateTime": updated, "lastTransitionTime": now,
        "reason": reason, "message": message})
}
