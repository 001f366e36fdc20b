//! Cases of a pod's life on its node, by whole statuses.

use serde_json::{Value, json};

use crate::sim::actors::tests::{events, get, pod, run, world};
use crate::sim::api::DeleteOptions;
use crate::sim::{Request, Response, World, resource};

/// `name state ready restarts`, shortly.
fn containers(v: &Value) -> Vec<String> {
    ["initContainerStatuses", "containerStatuses"]
        .iter()
        .flat_map(|k| v["status"][*k].as_array().cloned().unwrap_or_default())
        .map(|c| {
            let state = &c["state"];
            let text = if let Some(t) = state["terminated"].as_object() {
                format!(
                    "{}:{}",
                    t["reason"].as_str().unwrap_or_default(),
                    t["exitCode"]
                )
            } else if let Some(w) = state["waiting"].as_object() {
                w["reason"].as_str().unwrap_or_default().to_owned()
            } else {
                "Running".to_owned()
            };
            format!(
                "{} {text} {} {}",
                c["name"].as_str().unwrap_or_default(),
                c["ready"],
                c["restartCount"]
            )
        })
        .collect()
}

fn add(w: &mut World, value: Value) {
    w.create(resource("pods"), value).unwrap();
}

fn steps() -> (Value, Value) {
    let c = |name: &str| json!({"name": name, "image": "ci:1", "resources": {"requests": {"cpu": "100m"}}});
    let spec = json!({"restartPolicy": "Never", "initContainers": [c("checkout")],
        "containers": [c("step-build"), c("step-test"), c("upload")]});
    let script = json!({"checkout": {"pull_ms": 800, "run_ms": 3000},
        "step-build": {"run_ms": 5000, "exit": 2},
        "step-test": {"after": "step-build", "run_ms": 5000},
        "upload": {"after": "step-test", "always": true, "run_ms": 1000}});
    (script, spec)
}

#[test]
fn steps_take_turns_are_skipped_and_the_upload_runs_always() {
    let mut w = world(1);
    let (script, spec) = steps();
    add(&mut w, pod("j", &script, spec));
    run(&mut w, 2_500);
    let v = get(&w, "j");
    assert_eq!(v["status"]["phase"], "Pending");
    assert_eq!(
        containers(&v),
        [
            "checkout Running false 0",
            "step-build PodInitializing false 0",
            "step-test PodInitializing false 0",
            "upload PodInitializing false 0"
        ]
    );
    run(&mut w, 4_000);
    let v = get(&w, "j");
    assert_eq!(v["status"]["phase"], "Running");
    assert_eq!(
        containers(&v),
        [
            "checkout Completed:0 true 0",
            "step-build Running true 0",
            "step-test Running true 0",
            "upload Running true 0"
        ]
    );
    run(&mut w, 20_000);
    let v = get(&w, "j");
    assert_eq!(v["status"]["phase"], "Failed");
    assert_eq!(
        containers(&v),
        [
            "checkout Completed:0 true 0",
            "step-build Error:2 false 0",
            "step-test Completed:0 false 0",
            "upload Completed:0 false 0"
        ]
    );
    assert_eq!(
        v["status"]["containerStatuses"][1]["state"]["terminated"]["message"],
        "skipped"
    );
    let one = ["Pulled", "Created", "Started"];
    let mut want = vec!["Scheduled", "Pulling"];
    (0..4).for_each(|_| want.extend(one));
    assert_eq!(events(&w, "j"), want);
}

#[test]
fn a_whole_status_as_a_kubelet_writes_it() {
    let mut w = world(1);
    add(
        &mut w,
        pod(
            "p",
            &json!({"main": {"pull_ms": 1000, "run_ms": 2000, "exit": 137, "reason": "OOMKilled"}}),
            json!({"restartPolicy": "Never"}),
        ),
    );
    run(&mut w, 60_000);
    let v = get(&w, "p");
    let s = &v["status"];
    let state = &s["containerStatuses"][0]["state"]["terminated"];
    let (from, to) = (state["startedAt"].clone(), state["finishedAt"].clone());
    let id = s["containerStatuses"][0]["containerID"].clone();
    let image = s["containerStatuses"][0]["imageID"].clone();
    let time = |i: usize| s["conditions"][i]["lastTransitionTime"].clone();
    let cond = |kind: &str, status: &str, i: usize| json!({"type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": time(i)});
    let with = |mut c: Value, reason: &str| {
        c["reason"] = reason.into();
        c
    };
    assert_eq!(
        *s,
        json!({
            "phase": "Failed",
            "conditions": [
                cond("PodReadyToStartContainers", "False", 0),
                cond("Initialized", "True", 1),
                with(cond("Ready", "False", 2), "PodFailed"),
                with(cond("ContainersReady", "False", 3), "PodFailed"),
                cond("PodScheduled", "True", 4),
            ],
            "hostIP": "10.128.0.2", "hostIPs": [{"ip": "10.128.0.2"}],
            "podIP": "10.4.0.2", "podIPs": [{"ip": "10.4.0.2"}],
            "startTime": s["startTime"],
            "containerStatuses": [{"name": "main",
                "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": from, "finishedAt": to, "containerID": id}},
                "lastState": {}, "ready": false, "restartCount": 0, "image": "img:1", "imageID": image, "containerID": id, "started": false}],
            "qosClass": "Burstable",
        })
    );
}

#[test]
fn a_crash_loop_backs_off_and_keeps_the_previous_log() {
    let mut w = world(1);
    add(
        &mut w,
        pod(
            "p",
            &json!({"main": {"run_ms": 500, "exit": 1, "lines": ["boom"]}}),
            json!({}),
        ),
    );
    run(&mut w, 14_000);
    let v = get(&w, "p");
    assert_eq!(containers(&v), ["main CrashLoopBackOff false 1"]);
    assert!(
        v["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
            .as_str()
            .unwrap()
            .starts_with("back-off 10s restarting failed container=main pod=p_ci(")
    );
    assert_eq!(v["status"]["phase"], "Running");
    run(&mut w, 60_000);
    assert!(
        get(&w, "p")["status"]["containerStatuses"][0]["restartCount"]
            .as_u64()
            .unwrap()
            >= 3
    );
    let Response::Done { body, status, .. } = w.handle(Request::get(
        "/api/v1/namespaces/ci/pods/p/log?previous=true",
    )) else {
        panic!("a whole log");
    };
    assert_eq!((status, &*body), (200, &b"boom\n"[..]));
}

#[test]
fn an_image_that_is_not_there() {
    let mut w = world(1);
    add(
        &mut w,
        pod(
            "p",
            &json!({}),
            json!({"containers": [{"name": "main", "image": "reg/missing:1"}]}),
        ),
    );
    let mut seen = Vec::new();
    for _ in 0..60 {
        run(&mut w, 500);
        let reason = get(&w, "p")["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if seen.last() != Some(&reason) {
            seen.push(reason);
        }
    }
    assert_eq!(
        seen,
        [
            "ContainerCreating",
            "ErrImagePull",
            "ImagePullBackOff",
            "ErrImagePull",
            "ImagePullBackOff"
        ]
    );
}

#[test]
fn deletion_waits_for_sigterm_or_the_grace() {
    let mut w = world(1);
    add(
        &mut w,
        pod("soft", &json!({"main": {"term_ms": 700}}), json!({})),
    );
    add(
        &mut w,
        pod(
            "deaf",
            &json!({"main": {"ignore_term": true}}),
            json!({"terminationGracePeriodSeconds": 10}),
        ),
    );
    run(&mut w, 15_000);
    for name in ["soft", "deaf"] {
        w.delete_pod("ci", name, &DeleteOptions::default()).unwrap();
    }
    run(&mut w, 500);
    assert!(
        !get(&w, "soft").is_null() && get(&w, "soft")["metadata"]["deletionTimestamp"].is_string()
    );
    run(&mut w, 300);
    assert!(get(&w, "soft").is_null());
    run(&mut w, 8_900);
    assert_eq!(
        get(&w, "deaf")["metadata"]["deletionGracePeriodSeconds"],
        10
    );
    run(&mut w, 500);
    assert!(get(&w, "deaf").is_null());
    assert_eq!(
        events(&w, "soft").last().map(String::as_str),
        Some("Killing")
    );
}

#[test]
fn a_sidecar_runs_beside_and_ends_after() {
    let mut w = world(1);
    let spec = json!({"restartPolicy": "Never",
        "initContainers": [{"name": "proxy", "image": "i:1", "restartPolicy": "Always"}],
        "containers": [{"name": "main", "image": "i:1"}]});
    add(&mut w, pod("p", &json!({"main": {"run_ms": 5000}}), spec));
    run(&mut w, 9_000);
    assert_eq!(
        containers(&get(&w, "p")),
        ["proxy Running true 0", "main Running true 0"]
    );
    run(&mut w, 20_000);
    let v = get(&w, "p");
    assert_eq!(
        (v["status"]["phase"].as_str(), containers(&v)),
        (
            Some("Succeeded"),
            vec![
                "proxy Error:143 false 0".to_owned(),
                "main Completed:0 false 0".to_owned()
            ]
        )
    );
}

#[test]
fn the_deadline_of_a_pod() {
    let mut w = world(1);
    add(
        &mut w,
        pod(
            "p",
            &json!({"main": {"term_ms": 100}}),
            json!({"activeDeadlineSeconds": 20, "restartPolicy": "Never"}),
        ),
    );
    run(&mut w, 25_000);
    let v = get(&w, "p");
    assert_eq!(
        (&v["status"]["phase"], &v["status"]["reason"]),
        (&json!("Failed"), &json!("DeadlineExceeded"))
    );
}

#[test]
fn disk_pressure_evicts() {
    let mut w = world(1);
    add(
        &mut w,
        pod("p", &json!({}), json!({"restartPolicy": "Never"})),
    );
    run(&mut w, 15_000);
    w.update(resource("nodes"), "", "n-1", |v| {
        v["metadata"]["annotations"] = json!({"sim.constable/fault": "disk-pressure"})
    })
    .unwrap();
    run(&mut w, 20_000);
    let v = get(&w, "p");
    assert_eq!(
        (&v["status"]["phase"], &v["status"]["reason"]),
        (&json!("Failed"), &json!("Evicted"))
    );
    assert!(
        v["status"]["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["reason"] == "TerminationByKubelet")
    );
}
