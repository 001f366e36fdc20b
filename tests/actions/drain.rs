//! Draining a node: what is refused, what is called, what settles it.

use constable::engine::action::drain::plan::DrainOptions;
use constable::engine::action::drain::pod::Standing;
use constable::engine::action::plan::Ask;
use constable::engine::action::{DryRun, Operation, Outcome, Request, Target};
use constable::engine::effect::Verb;
use constable::engine::{Effect, Reply};
use constable::model::{Delta, FeedState, Kind};
use proptest::prelude::*;
use serde_json::json;

use crate::lab::{Lab, budget_refusal, done, refused};

const KUBECTL_DEFAULT: DrainOptions = DrainOptions {
    ignore_daemonsets: false,
    delete_emptydir_data: false,
    force: false,
    kill_jobs: false,
    grace: None,
    timeout_s: None,
};

fn drain(options: DrainOptions) -> Request {
    Request {
        drain: options,
        ..Lab::request(Operation::Drain, Target::Node("p-1".into()))
    }
}

fn full_node() -> Lab {
    let mut lab = Lab::new();
    lab.node("p-1", false);
    lab.put(
        Kind::DaemonSet,
        &json!({"metadata": {"namespace": "kube-system", "name": "proxy", "uid": "ds"}}),
    );
    lab.pod(
        "proxy",
        "p-1",
        json!({"metadata": {"ownerReferences": [
            {"controller": true, "kind": "DaemonSet", "name": "proxy", "uid": "ds"}]}}),
    );
    lab.pod(
        "static",
        "p-1",
        json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"},
            "ownerReferences": [{"controller": true, "kind": "Node", "name": "p-1", "uid": "uid-p-1"}]}}),
    );
    lab.pod(
        "api",
        "p-1",
        json!({"metadata": {"labels": {"app": "api"}}}),
    );
    lab.pod(
        "bare",
        "p-1",
        json!({"metadata": {"ownerReferences": null},
            "spec": {"volumes": [{"name": "tmp", "emptyDir": {}}]}}),
    );
    lab.job("7", "p-1", "Running");
    lab.job("8", "p-1", "Succeeded");
    lab.pod("elsewhere", "p-2", json!({}));
    lab.put(
        Kind::Budget,
        &json!({
            "metadata": {"namespace": "ci-jobs", "name": "api", "uid": "b1"},
            "spec": {"selector": {"matchLabels": {"app": "api"}}},
            "status": {"disruptionsAllowed": 0, "currentHealthy": 2, "desiredHealthy": 2, "expectedPods": 2},
        }),
    );
    lab.calls();
    lab
}

#[test]
fn kubectl_s_refusals_in_kubectl_s_words_and_the_jobs_that_would_die() {
    let lab = full_node();
    let plan = lab.plan(&drain(KUBECTL_DEFAULT)).unwrap();
    assert_eq!(
        plan.refusals,
        [
            "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): ci-jobs/proxy",
            "cannot delete Pods with local storage (use --delete-emptydir-data to override): ci-jobs/bare",
            "cannot delete Pods that declare no controller (use --force to override): ci-jobs/bare",
            "1 running job would be lost on p-1 (use --kill-jobs to lose them)\n  shop/api test #8121  ci-jobs/job-7-1",
        ]
    );
}

#[test]
fn the_number_of_dying_jobs_is_what_confirms() {
    let lab = full_node();
    let plan = lab.plan(&drain(DrainOptions::INTERACTIVE)).unwrap();
    assert_eq!(plan.refusals, Vec::<String>::new());
    assert_eq!(plan.ask, Ask::Count(1));
    let text: Vec<String> = plan
        .lines
        .iter()
        .map(|l| l.iter().map(|s| &*s.text).collect())
        .collect();
    assert_eq!(
        text,
        [
            "node p-1  cordon; 3 pods evicted, 1 ended ones removed, 2 stay",
            "1 running jobs die and are not made again:",
            "  jobs come and go, and their number with them: cordon first to hold it still",
            "  ✕ shop/api test #8121  ci-jobs/job-7-1",
            "  ▲ ci-jobs/bare has no controller: gone for good",
            "  · ci-jobs/api, ReplicaSet api makes another",
            "  ▲ ci-jobs/api is protected: budget api allows 0 now (2 of 2 healthy, 2 needed)",
        ]
    );
}

#[test]
fn nothing_is_planned_from_a_picture_with_holes() {
    for kind in [Kind::Pod, Kind::Node, Kind::DaemonSet] {
        let mut lab = full_node();
        let since = lab.now().wall;
        lab.feed(
            kind,
            FeedState::Stale {
                since,
                why: "gone".into(),
            },
        );
        let refusal = lab.plan(&drain(DrainOptions::INTERACTIVE)).unwrap_err();
        assert!(refusal.0.contains("cannot be seen wholly"), "{refusal}");
    }
}

/// Cordons, answers, and returns the paths of the evictions by pod.
fn cordoned(lab: &mut Lab) -> Vec<(constable::engine::CallId, String)> {
    let (id, call) = lab.call();
    assert_eq!(
        (call.verb, &*call.path),
        (Verb::MergePatch, "/api/v1/nodes/p-1")
    );
    assert_eq!(
        call.body,
        json!({
            "metadata": {"uid": "uid-p-1", "annotations": {"constable/cordoned-by": "oncall"}},
            "spec": {"unschedulable": true}
        })
    );
    lab.reply(id, &done());
    assert_eq!(
        lab.calls(),
        [],
        "no eviction before the watch shows the cordon"
    );
    lab.node("p-1", true);
    lab.calls()
        .into_iter()
        .map(|(id, call)| {
            assert_eq!(call.verb, Verb::Post);
            let name = call
                .path
                .strip_prefix("/api/v1/namespaces/ci-jobs/pods/")
                .unwrap();
            let name = name.strip_suffix("/eviction").unwrap().to_owned();
            assert_eq!(
                call.body["deleteOptions"],
                json!({"preconditions": {"uid": format!("uid-{name}")}})
            );
            (id, name)
        })
        .collect()
}

#[test]
fn a_budget_refuses_is_named_and_asked_again_and_the_watch_settles_it() {
    let mut lab = full_node();
    let run = lab.start(&drain(DrainOptions::INTERACTIVE), DryRun::Off);
    let evictions = cordoned(&mut lab);
    let names: Vec<&str> = evictions.iter().map(|(_, n)| n.as_str()).collect();
    assert_eq!(names, ["api", "bare", "job-7-1", "job-8-1"]);
    for (id, name) in &evictions {
        lab.reply(
            *id,
            &if name == "api" {
                budget_refusal()
            } else {
                done()
            },
        );
    }
    let standing: Vec<Standing> = lab.run(run).standing().cloned().collect();
    assert!(standing.contains(&Standing::Refused {
        budget: "ci-jobs/api: 0 allowed, 2 of 2 healthy, 2 needed".into(),
        message: "The disruption budget api needs 2 healthy pods and has 2 currently".into(),
    }));
    for name in ["bare", "job-7-1", "job-8-1"] {
        lab.remove(Kind::Pod, "ci-jobs", name, &format!("uid-{name}"));
    }
    lab.pass(4);
    assert_eq!(lab.calls(), []);
    lab.pass(1);
    let (id, call) = lab.call();
    assert!(call.path.ends_with("/pods/api/eviction"));
    lab.reply(id, &done());
    assert!(!lab.run(run).over(), "an answer alone settles nothing");
    lab.remove(Kind::Pod, "ci-jobs", "api", "uid-api");
    assert_eq!(lab.run(run).result(), "node p-1: drained, 4 pods gone");
    assert!(lab.run(run).succeeded());
}

#[test]
fn while_pods_are_not_live_nothing_is_called_and_nothing_counts_as_gone() {
    let mut lab = full_node();
    let run = lab.start(&drain(DrainOptions::INTERACTIVE), DryRun::Off);
    let evictions = cordoned(&mut lab);
    for (id, name) in &evictions {
        lab.reply(
            *id,
            &if name == "api" {
                budget_refusal()
            } else {
                done()
            },
        );
    }
    let since = lab.now().wall;
    lab.feed(
        Kind::Pod,
        FeedState::Stale {
            since,
            why: "cut".into(),
        },
    );
    for name in ["api", "bare", "job-7-1", "job-8-1"] {
        lab.remove(Kind::Pod, "ci-jobs", name, &format!("uid-{name}"));
    }
    lab.pass(60);
    assert_eq!(lab.calls(), []);
    assert!(!lab.run(run).over());
    lab.feed(Kind::Pod, FeedState::Live);
    assert!(lab.run(run).succeeded());
}

#[test]
fn a_lost_answer_is_read_back() {
    let mut lab = full_node();
    lab.start(&drain(DrainOptions::INTERACTIVE), DryRun::Off);
    let evictions = cordoned(&mut lab);
    let (api, _) = evictions.iter().find(|(_, n)| n == "api").unwrap();
    lab.reply(*api, &Reply::Lost("timed out".into()));
    let (id, call) = lab.call();
    assert_eq!(
        (call.verb, &*call.path),
        (Verb::Get, "/api/v1/namespaces/ci-jobs/pods/api")
    );
    // It was evicted after all: no second eviction.
    lab.reply(
        id,
        &Reply::Done(
            json!({"metadata": {"uid": "uid-api", "deletionTimestamp": "2026-01-05T08:02:00Z"}}),
        ),
    );
    lab.pass(30);
    assert_eq!(lab.calls(), []);
}

#[test]
fn a_busy_server_is_left_alone_for_a_while() {
    let mut lab = full_node();
    lab.start(&drain(DrainOptions::INTERACTIVE), DryRun::Off);
    let evictions = cordoned(&mut lab);
    for (id, _) in &evictions {
        lab.reply(*id, &refused(429, "too many requests"));
    }
    assert_eq!(lab.calls(), []);
    lab.pass(30);
    assert_eq!(lab.calls().len(), 4);
}

#[test]
fn what_comes_after_the_confirmation_is_named_and_left() {
    let mut lab = full_node();
    let run = lab.start(&drain(DrainOptions::INTERACTIVE), DryRun::Off);
    lab.pod("late", "p-1", json!({}));
    let evictions = cordoned(&mut lab);
    assert!(evictions.iter().all(|(_, n)| n != "late"));
    for (id, name) in &evictions {
        lab.reply(*id, &done());
        lab.remove(Kind::Pod, "ci-jobs", name, &format!("uid-{name}"));
    }
    assert_eq!(
        lab.run(run).result(),
        "node p-1: what was confirmed is gone, but these came after it and were left: ci-jobs/late"
    );
    assert!(!lab.run(run).succeeded());
}

#[test]
fn stopped_it_sends_nothing_more_and_says_what_is_left() {
    let mut lab = full_node();
    let run = lab.start(&drain(DrainOptions::INTERACTIVE), DryRun::Off);
    let evictions = cordoned(&mut lab);
    lab.stop(run);
    for (id, _) in &evictions {
        lab.reply(*id, &budget_refusal());
    }
    lab.pass(60);
    assert_eq!(lab.calls(), []);
    assert!(
        lab.run(run)
            .result()
            .starts_with("node p-1: drain stopped, node stays cordoned; 4 pods left")
    );
}

#[test]
fn dry_run_on_the_server_changes_nothing_and_waits_for_nothing() {
    let mut lab = full_node();
    let run = lab.start(&drain(DrainOptions::INTERACTIVE), DryRun::Server);
    let (id, call) = lab.call();
    assert_eq!(call.path, "/api/v1/nodes/p-1?dryRun=All");
    lab.reply(id, &done());
    let calls = lab.calls();
    assert_eq!(calls.len(), 4);
    for (id, call) in calls {
        assert_eq!(call.body["deleteOptions"]["dryRun"], json!(["All"]));
        let refuse = call.path.contains("/pods/api/");
        lab.reply(id, &if refuse { budget_refusal() } else { done() });
    }
    assert_eq!(
        lab.run(run).result(),
        "node p-1: the server would evict 3 pods, not 1: ci-jobs/api: The disruption budget api needs 2 \
         healthy pods and has 2 currently"
    );
}

#[test]
fn it_is_audited_at_its_confirmation_and_at_its_end() {
    let mut lab = full_node();
    lab.start(&drain(DrainOptions::INTERACTIVE), DryRun::Off);
    let line = lab.effects.iter().find_map(|e| match e {
        Effect::Audit(line) => Some(line.clone()),
        _ => None,
    });
    assert_eq!(
        *line.unwrap(),
        json!({
            "time": "2026-01-05T08:01:40.000Z", "cluster": "c1", "context": "prod", "who": "oncall",
            "action": 1, "operation": "drain", "dry_run": false,
            "object": {"kind": "node", "namespace": "", "name": "p-1", "uid": "uid-p-1", "title": "node p-1"},
            "step": "confirmed", "result": null, "message": null,
        })
    );
}

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Answer(usize, u8),
    Gone(usize),
    Relist,
    Stale,
    Live,
    Stop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..20_u64).prop_map(Step::Pass),
        (0..8_usize, 0..6_u8).prop_map(|(n, r)| Step::Answer(n, r)),
        (0..4_usize).prop_map(Step::Gone),
        Just(Step::Relist),
        Just(Step::Stale),
        Just(Step::Live),
        Just(Step::Stop),
    ]
}

proptest! {
    /// Whatever happens: only confirmed uids are evicted, never two calls for one pod at a time, at most
    /// eight at once, none after the end.
    #[test]
    fn only_what_was_confirmed_and_nothing_after_the_end(steps in prop::collection::vec(step(), 1..60)) {
        const NAMES: [&str; 4] = ["api", "bare", "job-7-1", "job-8-1"];
        let mut lab = full_node();
        let run = lab.start(&drain(DrainOptions::INTERACTIVE), DryRun::Off);
        let mut open = Vec::new();
        lab.node("p-1", true);
        for step in steps {
            match step {
                Step::Pass(s) => lab.pass(s),
                Step::Answer(n, kind) if !open.is_empty() => {
                    let (id, _): (_, String) = open.remove(n % open.len());
                    let reply = match kind {
                        0 => budget_refusal(),
                        1 => refused(429, "busy"),
                        2 => Reply::Lost("cut".into()),
                        3 => refused(404, "gone"),
                        4 => refused(422, "no"),
                        _ => done(),
                    };
                    lab.reply(id, &reply);
                }
                Step::Answer(..) => {}
                Step::Gone(n) => lab.remove(Kind::Pod, "ci-jobs", NAMES[n], &format!("uid-{}", NAMES[n])),
                Step::Relist => lab.batch(Kind::Pod, vec![Delta::SyncStart]),
                Step::Stale => {
                    let since = lab.now().wall;
                    lab.feed(Kind::Pod, FeedState::Stale { since, why: "cut".into() });
                }
                Step::Live => lab.feed(Kind::Pod, FeedState::Live),
                Step::Stop => lab.stop(run),
            }
            let over = lab.run(run).over();
            let mut calls = lab.calls();
            while let Some((id, call)) = calls.pop() {
                if call.path.contains("/nodes/") {
                    lab.reply(id, &done());
                    calls.extend(lab.calls());
                    continue;
                }
                prop_assert!(!over || call.verb == Verb::Get, "a call after the end: {call:?}");
                let name = call.path.split('/').nth(6).unwrap().to_owned();
                prop_assert!(NAMES.contains(&&*name), "{call:?}");
                if call.verb == Verb::Post {
                    let uid = format!("uid-{name}");
                    prop_assert_eq!(&call.body["deleteOptions"]["preconditions"]["uid"], &json!(uid));
                }
                prop_assert!(open.iter().all(|(_, n)| *n != name), "two calls for {name}");
                open.push((id, name));
            }
            prop_assert!(open.len() <= 8);
        }
    }
}

#[test]
fn a_node_that_cannot_be_cordoned_is_not_drained() {
    let mut lab = full_node();
    let run = lab.start(&drain(DrainOptions::INTERACTIVE), DryRun::Off);
    let (id, _) = lab.call();
    lab.reply(id, &refused(403, "nodes \"p-1\" is forbidden"));
    assert_eq!(lab.calls(), []);
    let outcome = lab.run(run).outcomes().next().unwrap().1.cloned();
    assert_eq!(
        outcome,
        Some(Outcome::Refused(
            "node p-1: cordon: nodes \"p-1\" is forbidden".into()
        ))
    );
}
