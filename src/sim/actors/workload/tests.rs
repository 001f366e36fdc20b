//! Cases of workloads: rollouts, claims, the clock.

use serde_json::{Value, json};

use crate::sim::actors::tests::{events, get, run, start, world};
use crate::sim::scenario::Scenario;
use crate::sim::{Request, Response, World, find, resource};

fn object(w: &World, group: &str, plural: &str, name: &str) -> Value {
    let res = find(group, plural).unwrap();
    let obj = w.store().get(res, "ci", name).cloned();
    obj.map(|o| o.value()).unwrap_or_default()
}

fn template(version: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}, "annotations": {"v": version}},
        "spec": {"containers": [{"name": "web", "image": "web:1"}]}})
}

fn deployment(spec: Value) -> Value {
    let mut value = json!({"metadata": {"namespace": "ci", "name": "web"}, "spec": {"replicas": 4,
        "selector": {"matchLabels": {"app": "web"}}, "template": template("1")}});
    for (key, part) in spec.as_object().into_iter().flatten() {
        value["spec"][key] = part.clone();
    }
    value
}

fn restart(w: &mut World, plural: &str) {
    let body = json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}});
    let mut request = Request::new(
        http::Method::PATCH,
        &format!("/apis/apps/v1/namespaces/ci/{plural}/web"),
        body.to_string(),
    );
    request.content_type = "application/strategic-merge-patch+json".into();
    let Response::Done { status: 200, .. } = w.handle(request) else {
        panic!("refused");
    };
}

#[test]
fn a_restart_rolls_through_a_new_set_within_its_limits() {
    let mut w = world(2);
    let rolling = json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}});
    w.create(find("apps", "deployments").unwrap(), deployment(rolling))
        .unwrap();
    run(&mut w, 20_000);
    let before = object(&w, "apps", "deployments", "web");
    assert_eq!(before["status"]["readyReplicas"], 4);
    assert_eq!(
        before["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        "1"
    );
    restart(&mut w, "deployments");
    let (mut least, mut most, mut between) = (usize::MAX, 0, false);
    for _ in 0..120 {
        run(&mut w, 500);
        let now = object(&w, "apps", "deployments", "web");
        let pods: Vec<_> = w
            .store()
            .list(resource("pods"), Some("ci"))
            .filter(|p| !p.deleting)
            .collect();
        most = most.max(pods.len());
        let ready = usize::try_from(now["status"]["readyReplicas"].as_u64().unwrap_or(0)).unwrap();
        least = least.min(ready);
        between |= now["status"]["conditions"][1]["reason"] == "ReplicaSetUpdated";
    }
    let after = object(&w, "apps", "deployments", "web");
    assert_eq!(
        (
            after["status"]["updatedReplicas"].clone(),
            after["status"]["replicas"].clone()
        ),
        (json!(4), json!(4))
    );
    assert_eq!(
        after["status"]["observedGeneration"],
        after["metadata"]["generation"]
    );
    assert_eq!(
        after["status"]["conditions"][1]["reason"],
        "NewReplicaSetAvailable"
    );
    assert_eq!(
        after["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        "2"
    );
    assert!(
        least >= 3 && most <= 5 && between,
        "{least} {most} {between}"
    );
    assert_eq!(
        w.store()
            .list(find("apps", "replicasets").unwrap(), Some("ci"))
            .count(),
        2
    );
}

#[test]
fn a_rollout_that_does_not_get_on_says_so() {
    let mut w = world(2);
    w.create(
        find("apps", "deployments").unwrap(),
        deployment(json!({"progressDeadlineSeconds": 60})),
    )
    .unwrap();
    run(&mut w, 20_000);
    w.update(find("apps", "deployments").unwrap(), "ci", "web", |v| {
        v["spec"]["template"]["spec"]["containers"][0]["image"] = "registry/missing:1".into();
    })
    .unwrap();
    run(&mut w, 30_000);
    let now = object(&w, "apps", "deployments", "web");
    assert_eq!(
        now["status"]["conditions"][1]["reason"],
        "ReplicaSetUpdated"
    );
    assert_eq!(
        (
            now["status"]["readyReplicas"].clone(),
            now["status"]["updatedReplicas"].clone()
        ),
        (json!(3), json!(2))
    );
    run(&mut w, 90_000);
    let now = object(&w, "apps", "deployments", "web");
    assert_eq!(
        now["status"]["conditions"][1]["reason"],
        "ProgressDeadlineExceeded"
    );
    assert_eq!(now["status"]["conditions"][1]["status"], "False");
    assert_eq!(
        now["status"]["conditions"][0]["status"], "True",
        "enough is there"
    );
}

fn statefulset() -> Value {
    json!({"metadata": {"namespace": "ci", "name": "web"}, "spec": {"replicas": 3, "serviceName": "web",
        "selector": {"matchLabels": {"app": "web"}}, "template": template("1"),
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Gi"}}}}]}})
}

fn class(w: &mut World) {
    let class = json!({"metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "disk.example.com"});
    w.create(resource("storageclasses"), class).unwrap();
}

#[test]
fn a_stateful_update_goes_from_the_last_to_the_first_and_stops_at_one_that_is_stuck() {
    let mut w = world(2);
    class(&mut w);
    w.create(find("apps", "statefulsets").unwrap(), statefulset())
        .unwrap();
    run(&mut w, 30_000);
    let before = object(&w, "apps", "statefulsets", "web");
    assert_eq!(before["status"]["readyReplicas"], 3);
    let claims: Vec<String> = w
        .store()
        .list(resource("persistentvolumeclaims"), Some("ci"))
        .map(|c| format!("{} {}", c.name, c.phase))
        .collect();
    assert_eq!(
        claims,
        ["data-web-0 Bound", "data-web-1 Bound", "data-web-2 Bound"]
    );
    w.update(find("apps", "statefulsets").unwrap(), "ci", "web", |v| {
        v["spec"]["template"]["spec"]["containers"][0]["image"] = "registry/missing:1".into();
    })
    .unwrap();
    run(&mut w, 60_000);
    let now = object(&w, "apps", "statefulsets", "web");
    assert_eq!(
        (
            now["status"]["updatedReplicas"].clone(),
            now["status"]["currentReplicas"].clone()
        ),
        (json!(1), json!(2))
    );
    assert_ne!(
        now["status"]["currentRevision"],
        now["status"]["updateRevision"]
    );
    let image = |name: &str| get(&w, name)["spec"]["containers"][0]["image"].clone();
    assert_eq!(
        (image("web-2"), image("web-1")),
        (json!("registry/missing:1"), json!("web:1"))
    );
    w.update(find("apps", "statefulsets").unwrap(), "ci", "web", |v| {
        v["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2".into();
    })
    .unwrap();
    run(&mut w, 90_000);
    let now = object(&w, "apps", "statefulsets", "web");
    assert_eq!(
        (
            now["status"]["updatedReplicas"].clone(),
            now["status"]["readyReplicas"].clone()
        ),
        (json!(3), json!(3))
    );
    assert_eq!(
        now["status"]["currentRevision"],
        now["status"]["updateRevision"]
    );
}

#[test]
fn a_claim_without_a_volume_holds_its_pod() {
    let mut w = world(1);
    class(&mut w);
    let fault = "[[fault]]\nat = \"0s\"\nfor = \"60s\"\nkind = \"claim-unbound\"\nnamespace = \"ci\"\npods = \"data-web-1\"\n";
    let now = w.now();
    w.play(std::sync::Arc::new(Scenario::parse(fault).unwrap()), now);
    w.create(find("apps", "statefulsets").unwrap(), statefulset())
        .unwrap();
    run(&mut w, 30_000);
    let pod = get(&w, "web-1");
    let message = pod["status"]["conditions"][0]["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(
        message.contains("unbound immediate PersistentVolumeClaims"),
        "{pod}"
    );
    assert!(events(&w, "data-web-1").contains(&"ProvisioningFailed".to_owned()));
    run(&mut w, 60_000);
    assert_eq!(
        object(&w, "apps", "statefulsets", "web")["status"]["readyReplicas"],
        3
    );
}

#[test]
fn a_daemon_set_is_replaced_node_by_node() {
    let mut w = world(3);
    let set = json!({"metadata": {"namespace": "ci", "name": "web"}, "spec": {
        "selector": {"matchLabels": {"app": "web"}}, "template": template("1")}});
    w.create(find("apps", "daemonsets").unwrap(), set).unwrap();
    run(&mut w, 20_000);
    restart(&mut w, "daemonsets");
    let mut least = 3;
    for _ in 0..80 {
        run(&mut w, 500);
        least = least.min(
            object(&w, "apps", "daemonsets", "web")["status"]["numberReady"]
                .as_u64()
                .unwrap(),
        );
    }
    let now = object(&w, "apps", "daemonsets", "web");
    assert_eq!(
        (
            now["status"]["updatedNumberScheduled"].clone(),
            now["status"]["numberAvailable"].clone(),
            least
        ),
        (json!(3), json!(3), 2)
    );
}

#[test]
fn cron_jobs_run_by_the_clock_and_are_forgotten() {
    let mut w = world(1);
    let cron = |name: &str, extra: Value| {
        let mut value = json!({"metadata": {"namespace": "ci", "name": name}, "spec": {"schedule": "* * * * *",
            "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never",
                "containers": [{"name": "main", "image": "img:1", "command": ["sleep", "5"]}]}}}}}});
        for (key, part) in extra.as_object().into_iter().flatten() {
            value["spec"][key] = part.clone();
        }
        value
    };
    let res = find("batch", "cronjobs").unwrap();
    w.create(res, cron("often", json!({"successfulJobsHistoryLimit": 2})))
        .unwrap();
    w.create(res, cron("never", json!({"suspend": true})))
        .unwrap();
    run(&mut w, 330_000);
    let jobs = |w: &World| -> Vec<String> {
        w.store()
            .list(find("batch", "jobs").unwrap(), Some("ci"))
            .map(|j| j.name.to_string())
            .collect()
    };
    let all = jobs(&w);
    assert_eq!(all.len(), 2, "{all:?}");
    let minute = start().timestamp() / 60;
    assert!(all[0].starts_with("often-") && all[0][6..].parse::<i64>().unwrap() > minute);
    let now = object(&w, "batch", "cronjobs", "often");
    assert!(
        now["status"]["lastScheduleTime"].is_string()
            && now["status"]["lastSuccessfulTime"].is_string(),
        "{now}"
    );
    assert!(object(&w, "batch", "cronjobs", "never")["status"]["lastScheduleTime"].is_null());
    let told = events(&w, "often");
    for reason in ["SuccessfulCreate", "SawCompletedJob", "SuccessfulDelete"] {
        assert!(told.iter().any(|r| r == reason), "{reason}: {told:?}");
    }
}
