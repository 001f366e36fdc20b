//! Cancel and retry, of the platform's jobs through their queue and of batch Jobs.

use constable::engine::action::{DryRun, Operation, Request, Target};
use constable::engine::effect::Verb;
use constable::engine::{CallId, Reply};
use constable::model::{JobKey, Kind, System};
use serde_json::{Value, json};

use crate::lab::{Lab, done, refused, target_pod};

const QUEUE: &str = "/api/v1/namespaces/ci-system/configmaps/queue-1";

fn of(operation: Operation, system: &'static str, id: &str) -> Request {
    Lab::request(
        operation,
        Target::Job(JobKey {
            system: System(system),
            id: id.into(),
        }),
    )
}

fn queue(state: &str, attempt: u32, asked: Option<&str>) -> Reply {
    let entry = json!({"state": state, "attempt": attempt, "asked": asked, "project": "shop/api"});
    Reply::Done(json!({
        "metadata": {"resourceVersion": "41"},
        "data": {"7": entry.to_string()},
    }))
}

fn asks(lab: &mut Lab, id: CallId, reply: &Reply, word: &str) -> CallId {
    lab.reply(id, reply);
    let (id, call) = lab.call();
    assert_eq!((call.verb, &*call.path), (Verb::MergePatch, QUEUE));
    assert_eq!(call.body["metadata"], json!({"resourceVersion": "41"}));
    let entry: Value = serde_json::from_str(call.body["data"]["7"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&entry["asked"], &entry["asked_by"]),
        (&json!(word), &json!("oncall"))
    );
    assert_eq!(
        entry["project"],
        json!("shop/api"),
        "the rest of the entry stays"
    );
    id
}

#[test]
fn a_running_job_is_cancelled_through_its_queue_and_its_pod_has_to_go() {
    let mut lab = Lab::new();
    lab.job("7", "p-1", "Running");
    let run = lab.start(&of(Operation::Cancel, "constable", "7"), DryRun::Off);
    let (id, call) = lab.call();
    assert_eq!((call.verb, &*call.path), (Verb::Get, QUEUE));
    // Somebody writes in between: it is read again.
    let id = asks(&mut lab, id, &queue("running", 1, None), "cancel");
    lab.reply(id, &refused(409, "the object has been modified"));
    let (id, _) = lab.call();
    let id = asks(&mut lab, id, &queue("running", 1, None), "cancel");
    lab.reply(id, &done());
    let (id, _) = lab.call();
    lab.reply(id, &queue("cancelled", 1, Some("cancel")));
    assert!(!lab.run(run).over(), "its pod is still there");
    lab.remove(Kind::Pod, "ci-jobs", "job-7-1", "uid-job-7-1");
    lab.pass(2);
    let (id, _) = lab.call();
    lab.reply(id, &queue("cancelled", 1, Some("cancel")));
    assert_eq!(lab.run(run).result(), "job shop/api test #8121: cancelled");
    assert!(lab.run(run).succeeded());
}

#[test]
fn a_lost_answer_is_read_back_and_not_asked_twice() {
    let mut lab = Lab::new();
    lab.job("7", "p-1", "Running");
    lab.start(&of(Operation::Cancel, "constable", "7"), DryRun::Off);
    let (id, _) = lab.call();
    let id = asks(&mut lab, id, &queue("running", 1, None), "cancel");
    lab.reply(id, &Reply::Lost("connection reset".into()));
    let (id, call) = lab.call();
    assert_eq!(call.verb, Verb::Get);
    lab.reply(id, &queue("running", 1, Some("cancel")));
    lab.pass(2);
    assert_eq!(lab.call().1.verb, Verb::Get);
}

#[test]
fn another_attempt_is_left_alone() {
    let mut lab = Lab::new();
    lab.job("7", "p-1", "Running");
    let run = lab.start(&of(Operation::Cancel, "constable", "7"), DryRun::Off);
    let (id, _) = lab.call();
    lab.reply(id, &queue("running", 2, None));
    assert_eq!(
        lab.run(run).result(),
        "job shop/api test #8121: attempt 1 is over, it is at 2"
    );
    assert_eq!(lab.calls(), []);
}

#[test]
fn what_has_ended_is_not_cancelled_and_what_lives_is_not_retried() {
    let mut lab = Lab::new();
    lab.job("7", "p-1", "Running");
    lab.job("8", "p-1", "Failed");
    let retry = lab
        .plan(&of(Operation::Retry, "constable", "7"))
        .unwrap_err();
    assert_eq!(
        retry.0,
        "retry shop/api test #8121: it is running; cancel it first"
    );
    let cancel = lab
        .plan(&of(Operation::Cancel, "constable", "8"))
        .unwrap_err();
    assert_eq!(
        cancel.0,
        "cancel shop/api test #8121: it has ended (failed)"
    );
}

#[test]
fn a_retry_is_done_when_the_next_attempt_is_there() {
    let mut lab = Lab::new();
    lab.job("7", "p-1", "Failed");
    let run = lab.start(&of(Operation::Retry, "constable", "7"), DryRun::Off);
    let (id, _) = lab.call();
    let id = asks(&mut lab, id, &queue("failed", 1, None), "retry");
    lab.reply(id, &done());
    let (id, _) = lab.call();
    lab.reply(id, &queue("failed", 1, Some("retry")));
    lab.pass(2);
    let (id, _) = lab.call();
    lab.reply(id, &queue("queued", 2, None));
    assert_eq!(
        lab.run(run).result(),
        "job shop/api test #8121: attempt 2 queued"
    );
}

fn batch_job(lab: &mut Lab, ended: bool) {
    let conditions = if ended {
        json!([{"type": "Failed", "status": "True"}])
    } else {
        json!([])
    };
    lab.put(
        Kind::BatchJob,
        &json!({
            "metadata": {"namespace": "ci", "name": "nightly", "uid": "j1", "creationTimestamp": "2026-01-05T07:00:00Z"},
            "spec": {},
            "status": {"active": i32::from(!ended), "conditions": conditions},
        }),
    );
}

#[test]
fn a_batch_job_is_cancelled_by_uid_and_waits_for_its_pods() {
    let mut lab = Lab::new();
    batch_job(&mut lab, false);
    let run = lab.start(&of(Operation::Cancel, "batch", "ci/nightly"), DryRun::Off);
    let (id, call) = lab.call();
    assert_eq!(
        (call.verb, &*call.path),
        (Verb::Delete, "/apis/batch/v1/namespaces/ci/jobs/nightly")
    );
    assert_eq!(
        call.body,
        json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "j1"},
            "propagationPolicy": "Background"})
    );
    lab.reply(id, &done());
    assert!(!lab.run(run).over());
    lab.remove(Kind::BatchJob, "ci", "nightly", "j1");
    assert_eq!(lab.run(run).result(), "job ci/nightly: gone");
}

#[test]
fn a_batch_job_runs_again_as_a_copy_and_a_lost_create_meets_itself() {
    let mut lab = Lab::new();
    batch_job(&mut lab, true);
    let run = lab.start(&of(Operation::Retry, "batch", "ci/nightly"), DryRun::Off);
    let (id, _) = lab.call();
    let old = json!({
        "metadata": {"name": "nightly", "namespace": "ci", "uid": "j1"},
        "spec": {"template": {}},
        "status": {"conditions": [{"type": "Failed", "status": "True"}]},
    });
    lab.reply(id, &Reply::Done(old));
    let (id, call) = lab.call();
    assert_eq!(
        (call.verb, &*call.path),
        (Verb::Post, "/apis/batch/v1/namespaces/ci/jobs")
    );
    let name = call.body["metadata"]["name"].as_str().unwrap().to_owned();
    lab.reply(id, &Reply::Lost("cut".into()));
    let (id, back) = lab.call();
    assert_eq!(
        back.path,
        format!("/apis/batch/v1/namespaces/ci/jobs/{name}")
    );
    lab.reply(id, &Reply::Done(call.body));
    assert_eq!(lab.calls(), []);
    lab.put(
        Kind::BatchJob,
        &json!({"metadata": {"namespace": "ci", "name": name, "uid": "j2", "creationTimestamp": "2026-01-05T08:00:00Z"}}),
    );
    assert_eq!(
        lab.run(run).result(),
        format!("job ci/nightly: runs again as {name}")
    );
}

#[test]
fn a_pod_is_deleted_by_uid_and_a_replaced_one_counts_as_gone() {
    let mut lab = Lab::new();
    lab.pod("api", "p-1", json!({}));
    let run = lab.start(
        &Lab::request(Operation::DeletePod, target_pod("api")),
        DryRun::Off,
    );
    let (id, call) = lab.call();
    assert_eq!(call.body["preconditions"], json!({"uid": "uid-api"}));
    lab.reply(id, &refused(409, "uid"));
    lab.remove(Kind::Pod, "ci-jobs", "api", "uid-api");
    assert_eq!(lab.run(run).result(), "pod ci-jobs/api: gone");
}

#[test]
fn dry_run_of_a_deletion_stands_in_the_body() {
    let mut lab = Lab::new();
    lab.pod("api", "p-1", json!({}));
    let run = lab.start(
        &Lab::request(Operation::DeletePod, target_pod("api")),
        DryRun::Server,
    );
    let (id, call) = lab.call();
    assert_eq!(call.body["dryRun"], json!(["All"]));
    lab.reply(id, &done());
    assert_eq!(
        lab.run(run).result(),
        "pod ci-jobs/api: the server would delete it"
    );
}
