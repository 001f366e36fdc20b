//! Restart, scale, trigger, suspend and resume.

use constable::engine::action::plan::Ask;
use constable::engine::action::{DryRun, Operation, Request, Target};
use constable::engine::effect::Verb;
use constable::engine::{Effect, Reply};
use constable::model::{ClusterNo, Kind, Uid};
use serde_json::{Value, json};

use crate::lab::{Lab, done, refused};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/ci-system/deployments/api";
const SETS: &str = "/apis/apps/v1/namespaces/ci-system/statefulsets/queue";
const CRON: &str = "/apis/batch/v1/namespaces/ci-system/cronjobs/nightly";

fn of(operation: Operation, kind: Kind, name: &str) -> Request {
    let uid = Uid::from(&*format!("uid-{name}"));
    Lab::request(operation, Target::Workload(kind, uid))
}

fn meta(name: &str, generation: i64) -> Value {
    json!({
        "namespace": "ci-system", "name": name, "uid": format!("uid-{name}"), "generation": generation,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    })
}

/// Deployment `api` as its controller saw it: wanted, there, updated, ready.
fn deployment(
    lab: &mut Lab,
    generation: i64,
    [wanted, there, updated, ready]: [i32; 4],
    notes: Value,
) {
    lab.put(
        Kind::Deployment,
        &json!({
            "metadata": meta("api", generation),
            "spec": {"replicas": wanted, "template": {"metadata": {"annotations": notes}}},
            "status": {
                "observedGeneration": generation, "replicas": there, "updatedReplicas": updated,
                "readyReplicas": ready, "availableReplicas": ready,
            },
        }),
    );
}

fn lines(lab: &Lab, request: &Request) -> Vec<String> {
    let plan = lab.plan(request).unwrap();
    let text = |line: &Vec<constable::engine::view::Span>| line.iter().map(|s| &*s.text).collect();
    plan.lines.iter().map(text).collect()
}

#[test]
fn a_restart_is_over_when_its_rollout_is() {
    let mut lab = Lab::new();
    deployment(&mut lab, 1, [3, 3, 3, 3], json!({}));
    let request = of(Operation::Restart, Kind::Deployment, "api");
    assert_eq!(
        lines(&lab, &request),
        [
            "deployment ci-system/api  ",
            "  replaces 3 pods, a few at a time"
        ]
    );
    let plan = lab.plan(&request).unwrap();
    let needs: Vec<String> = plan.needs.iter().map(ToString::to_string).collect();
    assert_eq!(needs, ["patch deployments.apps in ci-system"]);
    let run = lab.start(&request, DryRun::Off);
    let (id, call) = lab.call();
    let stamp = "2026-01-05T08:01:40Z";
    assert_eq!((call.verb, &*call.path), (Verb::StrategicPatch, DEPLOYMENT));
    let want = json!({
        "metadata": {"uid": "uid-api"},
        "spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": stamp}}}},
    });
    assert_eq!(call.body, want);
    // Lost: the very same patch again, later.
    lab.reply(id, &Reply::Lost("reset".into()));
    lab.pass(5);
    let (id, call) = lab.call();
    assert_eq!(call.body, want);
    lab.reply(id, &done());
    let notes = json!({"kubectl.kubernetes.io/restartedAt": stamp});
    deployment(&mut lab, 2, [3, 4, 1, 3], notes.clone());
    assert_eq!(lab.run(run).result(), "rolling: 1 of 3 updated, 3 ready");
    deployment(&mut lab, 2, [3, 4, 3, 3], notes.clone());
    assert!(!lab.run(run).over(), "an old pod is still there");
    deployment(&mut lab, 2, [3, 3, 3, 3], notes);
    assert_eq!(
        lab.run(run).result(),
        "deployment ci-system/api: restarted, 3 ready"
    );
    assert!(lab.run(run).succeeded());
}

#[test]
fn a_rollout_that_stands_still_is_told() {
    let mut lab = Lab::new();
    deployment(&mut lab, 1, [3, 3, 3, 3], json!({}));
    let run = lab.start(
        &of(Operation::Restart, Kind::Deployment, "api"),
        DryRun::Off,
    );
    let (id, _) = lab.call();
    lab.reply(id, &done());
    let notes = json!({"kubectl.kubernetes.io/restartedAt": "2026-01-05T08:01:40Z"});
    deployment(&mut lab, 2, [3, 4, 1, 3], notes);
    lab.pass(899);
    assert!(!lab.run(run).over());
    lab.pass(1);
    assert_eq!(
        lab.run(run).result(),
        "deployment ci-system/api: 1 of 3 updated, 3 ready; nothing moved for 15 min"
    );
    assert!(!lab.run(run).succeeded());
}

#[test]
fn jobs_in_the_pods_are_named_and_counted_and_paused_ones_are_not_restarted() {
    let mut lab = Lab::new();
    lab.put(
        Kind::StatefulSet,
        &json!({"metadata": meta("agents", 1), "spec": {"replicas": 2}, "status": {"observedGeneration": 1}}),
    );
    let owner =
        json!([{"controller": true, "kind": "StatefulSet", "name": "agents", "uid": "uid-agents"}]);
    lab.pod(
        "agents-1",
        "p-1",
        json!({"metadata": {"ownerReferences": owner, "labels": {"jobs.constable/id": "7"},
            "annotations": {"jobs.constable/project": "shop/api", "jobs.constable/name": "test"}}}),
    );
    let request = of(Operation::Restart, Kind::StatefulSet, "agents");
    assert_eq!(lab.plan(&request).unwrap().ask, Ask::Count(1));
    assert_eq!(
        lines(&lab, &request)[1..],
        [
            "  replaces 2 pods from the highest ordinal down, one after the other",
            "  it is not at rest now: 0 of 2 updated, 0 ready",
            "  1 job runs in these pods and may die with them:",
            "    ✕ job shop/api test",
        ]
    );
    lab.put(
        Kind::Deployment,
        &json!({"metadata": meta("api", 1), "spec": {"replicas": 2, "paused": true}}),
    );
    let why = lab
        .plan(&of(Operation::Restart, Kind::Deployment, "api"))
        .unwrap_err();
    assert_eq!(
        why.0,
        "restart deployment ci-system/api: it is paused; resume its rollout first"
    );
}

fn queue(lab: &mut Lab, generation: i64, [wanted, there, ready]: [i32; 3]) {
    lab.put(
        Kind::StatefulSet,
        &json!({
            "metadata": meta("queue", generation),
            "spec": {"replicas": wanted, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]},
            "status": {"observedGeneration": generation, "replicas": there, "readyReplicas": ready, "updatedReplicas": there, "availableReplicas": ready},
        }),
    );
}

fn scale(replicas: i32) -> Reply {
    Reply::Done(json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {"name": "queue", "namespace": "ci-system", "uid": "uid-queue", "resourceVersion": "41"},
        "spec": {"replicas": replicas}, "status": {"replicas": replicas},
    }))
}

#[test]
fn scaling_writes_what_it_read_and_ends_when_the_pods_are_there() {
    let mut lab = Lab::new();
    queue(&mut lab, 1, [3, 3, 3]);
    let request = of(Operation::Scale(1), Kind::StatefulSet, "queue");
    assert_eq!(
        lines(&lab, &request),
        [
            "statefulset ci-system/queue  from 3 to 1",
            "  takes away queue-1 and queue-2, the highest first",
            "  their volumes (data) stay",
        ]
    );
    let run = lab.start(&request, DryRun::Off);
    assert!(
        lab.effects
            .contains(&Effect::Feed(ClusterNo::FIRST, Kind::Autoscaler, true))
    );
    let (id, call) = lab.call();
    assert_eq!((call.verb, call.path), (Verb::Get, format!("{SETS}/scale")));
    lab.reply(id, &scale(3));
    let (id, call) = lab.call();
    assert_eq!((call.verb, call.path), (Verb::Put, format!("{SETS}/scale")));
    assert_eq!(call.body["metadata"]["resourceVersion"], json!("41"));
    assert_eq!(call.body["spec"], json!({"replicas": 1}));
    // The status was written in between: read again.
    lab.reply(id, &refused(409, "the object has been modified"));
    let (id, _) = lab.call();
    lab.reply(id, &scale(3));
    let (id, _) = lab.call();
    lab.reply(id, &done());
    queue(&mut lab, 2, [1, 2, 2]);
    assert_eq!(lab.run(run).result(), "2 of 1 ready");
    queue(&mut lab, 2, [1, 1, 1]);
    assert_eq!(
        lab.run(run).result(),
        "statefulset ci-system/queue: 1 of 1 ready"
    );
    lab.poll();
    assert!(
        lab.effects
            .contains(&Effect::Feed(ClusterNo::FIRST, Kind::Autoscaler, false))
    );
}

#[test]
fn a_number_that_somebody_else_set_meanwhile_stays() {
    let mut lab = Lab::new();
    queue(&mut lab, 1, [3, 3, 3]);
    let run = lab.start(
        &of(Operation::Scale(5), Kind::StatefulSet, "queue"),
        DryRun::Off,
    );
    let (id, _) = lab.call();
    lab.reply(id, &scale(4));
    assert_eq!(lab.calls(), []);
    assert_eq!(
        lab.run(run).result(),
        "statefulset ci-system/queue: somebody set it from 3 to 4 meanwhile; nothing was done"
    );
}

#[test]
fn what_scaling_to_nothing_takes_away_and_who_scales_it_too() {
    let mut lab = Lab::new();
    deployment(&mut lab, 1, [2, 2, 2, 2], json!({}));
    let owned = |kind: &str, name: &str, uid: &str| json!([{"controller": true, "kind": kind, "name": name, "uid": uid}]);
    lab.put(
        Kind::ReplicaSet,
        &json!({"metadata": {"namespace": "ci-system", "name": "api-1", "uid": "rs",
            "ownerReferences": owned("Deployment", "api", "uid-api")}, "spec": {"replicas": 2}}),
    );
    lab.pod(
        "api-1-x",
        "p-1",
        json!({"metadata": {"namespace": "ci-system", "labels": {"app": "api"}, "ownerReferences": owned("ReplicaSet", "api-1", "rs")}}),
    );
    lab.put(
        Kind::Service,
        &json!({"metadata": {"namespace": "ci-system", "name": "api", "uid": "svc"}, "spec": {"selector": {"app": "api"}}}),
    );
    lab.put(
        Kind::Ingress,
        &json!({"metadata": {"namespace": "ci-system", "name": "api", "uid": "ing"}, "spec": {"rules": [
            {"host": "api.example.com", "http": {"paths": [{"path": "/", "backend": {"service": {"name": "api", "port": {"number": 80}}}}]}}]}}),
    );
    lab.put(
        Kind::Autoscaler,
        &json!({"metadata": {"namespace": "ci-system", "name": "api", "uid": "hpa"},
            "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "api"}, "minReplicas": 2, "maxReplicas": 9}}),
    );
    assert_eq!(
        lines(&lab, &of(Operation::Scale(0), Kind::Deployment, "api")),
        [
            "deployment ci-system/api  from 2 to 0",
            "  takes away 2 of 2 pods; which, its ReplicaSet decides",
            "  nothing of it is left",
            "  Services api and hosts api.example.com have nothing behind them then",
            "  autoscaler api keeps it between 2 and 9 and will set its own number again",
        ]
    );
    let why = |operation, kind, uid: &str| {
        let request = Lab::request(operation, Target::Workload(kind, uid.into()));
        lab.plan(&request).unwrap_err().0
    };
    assert_eq!(
        why(Operation::Scale(1), Kind::ReplicaSet, "rs"),
        "scale replicaset ci-system/api-1: its Deployment api sets its replicas; scale that"
    );
    assert_eq!(
        why(Operation::Trigger, Kind::Deployment, "uid-api"),
        "trigger does not apply to a Deployment"
    );
}

fn nightly(lab: &mut Lab, suspended: bool, active: usize) {
    let active: Vec<Value> = (0..active)
        .map(|n| json!({"name": format!("n-{n}")}))
        .collect();
    lab.put(
        Kind::CronJob,
        &json!({
            "metadata": meta("nightly", 1),
            "spec": {"schedule": "30 2 * * *", "suspend": suspended, "concurrencyPolicy": "Forbid"},
            "status": {"active": active},
        }),
    );
}

#[test]
fn a_cron_job_is_triggered_as_kubectl_does() {
    let mut lab = Lab::new();
    nightly(&mut lab, true, 1);
    let request = of(Operation::Trigger, Kind::CronJob, "nightly");
    assert_eq!(
        lines(&lab, &request)[1..],
        [
            "  creates a Job nightly-manual-… from its template, now",
            "  1 of its Jobs runs already: this one runs beside it (Forbid binds its schedule alone)",
            "  it is suspended, and stays so",
        ]
    );
    let run = lab.start(&request, DryRun::Off);
    let (id, call) = lab.call();
    assert_eq!((call.verb, &*call.path), (Verb::Get, CRON));
    let template = json!({"metadata": {"labels": {"a": "b"}, "annotations": {"n": "o"}}, "spec": {"template": {"spec": {}}}});
    lab.reply(
        id,
        &Reply::Done(
            json!({"metadata": {"uid": "uid-nightly"}, "spec": {"jobTemplate": template}}),
        ),
    );
    let (id, call) = lab.call();
    let name = call.body["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(
        name.starts_with("nightly-manual-") && name.len() == 23,
        "{name}"
    );
    assert_eq!(
        (call.verb, &*call.path),
        (Verb::Post, "/apis/batch/v1/namespaces/ci-system/jobs")
    );
    assert_eq!(
        call.body,
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {
                "name": name, "namespace": "ci-system", "labels": {"a": "b"},
                "annotations": {"cronjob.kubernetes.io/instantiate": "manual", "n": "o"},
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "uid-nightly", "controller": true}],
            },
            "spec": {"template": {"spec": {}}},
        })
    );
    // Lost: it is looked for by its name, not made twice.
    lab.reply(id, &Reply::Lost("reset".into()));
    let (id, found) = lab.call();
    assert_eq!(
        (found.verb, found.path),
        (
            Verb::Get,
            format!("/apis/batch/v1/namespaces/ci-system/jobs/{name}")
        )
    );
    lab.reply(id, &Reply::Done(call.body.clone()));
    assert!(!lab.run(run).over());
    lab.put(
        Kind::BatchJob,
        &json!({"metadata": {"namespace": "ci-system", "name": name, "uid": "j"}}),
    );
    assert_eq!(
        lab.run(run).result(),
        format!("cronjob ci-system/nightly: started as Job {name}")
    );
}

#[test]
fn suspend_and_resume_end_when_the_watch_shows_them() {
    let mut lab = Lab::new();
    nightly(&mut lab, false, 0);
    let request = of(Operation::Suspend, Kind::CronJob, "nightly");
    let run = lab.start(&request, DryRun::Off);
    let (id, call) = lab.call();
    assert_eq!((call.verb, &*call.path), (Verb::MergePatch, CRON));
    assert_eq!(
        call.body,
        json!({"metadata": {"uid": "uid-nightly"}, "spec": {"suspend": true}})
    );
    lab.reply(id, &done());
    assert!(!lab.run(run).over());
    nightly(&mut lab, true, 0);
    assert_eq!(
        lab.run(run).result(),
        "cronjob ci-system/nightly: suspended"
    );
    let why = lab.plan(&request).unwrap_err();
    assert_eq!(
        why.0,
        "suspend cronjob ci-system/nightly: it is suspended already"
    );
    let resume = of(Operation::Resume, Kind::CronJob, "nightly");
    assert_eq!(
        lines(&lab, &resume)[2],
        "  a start that it missed meanwhile is made at once"
    );
}
