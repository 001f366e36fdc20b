//! Controllers of pods, and what guards and scales them.

use super::{choice, structure};
use crate::model::workload::{
    Autoscaler, BatchJob, Budget, Concurrency, CronJob, Ordered, Update, Workload, WorkloadKind,
};

structure!(Workload {
    meta: "meta",
    kind: "kind",
    desired: "desired",
    current: "current",
    ready: "ready",
    available: "available",
    updated: "updated",
    misplaced: "misplaced",
    generation: "generation",
    observed: "observed",
    paused: "paused",
    update: "update",
    ordered: "ordered",
    selector: "selector",
    template: "template",
    restarted: "restarted",
    conditions: "conditions",
});

choice!(WorkloadKind {
    "Deployment" => Deployment,
    "ReplicaSet" => ReplicaSet,
    "StatefulSet" => StatefulSet,
    "DaemonSet" => DaemonSet,
});

choice!(Update {
    "rolling" => Rolling,
    "recreate" => Recreate,
    "on-delete" => OnDelete,
});

structure!(Ordered, by default {
    service: "service",
    first: "first",
    parallel: "parallel",
    partition: "partition",
    claims: "claims",
    claims_go: "claimsGo",
    current_revision: "current",
    update_revision: "update",
});

structure!(CronJob {
    meta: "meta",
    schedule: "schedule",
    time_zone: "zone",
    suspended: "suspended",
    concurrency: "concurrency",
    deadline: "deadline",
    active: "active",
    last_scheduled: "lastScheduled",
    last_succeeded: "lastSucceeded",
});

choice!(Concurrency {
    "Allow" => Allow,
    "Forbid" => Forbid,
    "Replace" => Replace,
});

structure!(Autoscaler {
    meta: "meta",
    target_kind: "targetKind",
    target: "target",
    min: "min",
    max: "max",
});

structure!(BatchJob {
    meta: "meta",
    suspended: "suspended",
    completions: "completions",
    parallelism: "parallelism",
    backoff_limit: "backoff",
    active: "active",
    succeeded: "succeeded",
    failed: "failed",
    started: "started",
    completed: "completed",
    conditions: "conditions",
});

structure!(Budget {
    meta: "meta",
    selector: "selector",
    expressions: "expressions",
    allowed: "allowed",
    healthy: "healthy",
    needed: "needed",
    expected: "expected",
});
