//! Actions on workloads by `constable restart|scale|trigger|suspend|resume`, carried out by the server's own
//! controllers: each is over only when the watch shows it.

use std::process::{Command, Output};

use serde_json::{Value, json};

use super::Cluster;
use super::cluster::text;

cases!(
    a_restart_rolls_the_pods,
    scaling_waits_for_the_pods,
    a_cron_job_is_triggered_and_rests,
    without_rights_nothing_is_sent,
);

fn constable(c: &Cluster, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_constable"))
        .args(line.split_whitespace())
        .args(["-n", &c.namespace, "--kubeconfig"])
        .arg(&c.kubeconfig)
        .output()
        .expect("constable runs")
}

/// What it said, if it did it.
#[track_caller]
fn done(c: &Cluster, line: &str) -> String {
    let output = constable(c, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}: {said}");
    said
}

fn spec() -> Value {
    json!({"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": "example.com/worker:1"}]})
}

/// A workload of two replicas with pods that run at once.
async fn workload(c: &Cluster, kind: &str, plural: &str) -> String {
    let labels = json!({"case": "workloads"});
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": "w"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec()},
        },
    });
    if kind == "StatefulSet" {
        object["spec"]["serviceName"] = json!("w");
    }
    let path = c.group_path("apps/v1", plural);
    c.post(&path, &object).await.ok();
    c.until(&path, "w", |o| o["status"]["readyReplicas"] == 2)
        .await;
    format!("{path}/w")
}

async fn pods(c: &Cluster) -> Vec<String> {
    let list = c.get(&c.path("pods")).await.ok();
    let live = list["items"].as_array().expect("a list").iter();
    live.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
        .map(|pod| text(&pod["metadata"]["uid"]))
        .collect()
}

async fn a_restart_rolls_the_pods(c: &Cluster) {
    let path = workload(c, "Deployment", "deployments").await;
    let before = pods(c).await;
    let said = done(c, "restart deploy/w --yes");
    assert!(said.contains("replaces 2 pods, a few at a time"), "{said}");
    assert!(said.contains("restarted, 2 ready"), "{said}");
    let object = c.get(&path).await.ok();
    let notes = &object["spec"]["template"]["metadata"]["annotations"];
    assert!(text(&notes["kubectl.kubernetes.io/restartedAt"]).ends_with('Z'));
    let after = pods(c).await;
    assert!(
        after.iter().all(|uid| !before.contains(uid)),
        "{before:?} {after:?}"
    );
}

async fn scaling_waits_for_the_pods(c: &Cluster) {
    let path = workload(c, "StatefulSet", "statefulsets").await;
    let said = done(c, "scale sts/w --replicas 3 --yes");
    assert!(said.contains("adds w-2"), "{said}");
    assert!(said.contains("3 of 3 ready"), "{said}");
    assert_eq!(pods(c).await.len(), 3);
    done(c, "scale sts/w --replicas 1 --dry-run=server");
    assert_eq!(c.get(&path).await.ok()["spec"]["replicas"], 3);
    let said = done(c, "scale sts/w --replicas 1 --yes");
    assert!(said.contains("takes away w-1 and w-2"), "{said}");
    assert_eq!(pods(c).await.len(), 1);
    let again = constable(c, "scale sts/w --replicas 1 --yes");
    assert_eq!(again.status.code(), Some(3), "it is set to that already");
}

async fn a_cron_job_is_triggered_and_rests(c: &Cluster) {
    let path = c.group_path("batch/v1", "cronjobs");
    let mut pod = spec();
    pod["restartPolicy"] = json!("Never");
    let cron = json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {"name": "nightly"},
        "spec": {
            "schedule": "0 0 29 2 *",
            "timeZone": "Europe/Berlin",
            "jobTemplate": {"metadata": {"labels": {"case": "cron"}}, "spec": {"template": {"spec": pod}}},
        },
    });
    let uid = text(&c.post(&path, &cron).await.ok()["metadata"]["uid"]);
    let said = done(c, "trigger nightly --yes");
    assert!(said.contains("started as Job nightly-manual-"), "{said}");
    let jobs = c.get(&c.group_path("batch/v1", "jobs")).await.ok();
    let [job] = jobs["items"].as_array().expect("a list").as_slice() else {
        panic!("{jobs}");
    };
    let meta = &job["metadata"];
    assert_eq!(meta["ownerReferences"][0]["uid"], uid.as_str());
    assert_eq!(meta["labels"]["case"], "cron");
    assert_eq!(
        meta["annotations"]["cronjob.kubernetes.io/instantiate"],
        "manual"
    );
    let suspended =
        async || c.get(&format!("{path}/nightly")).await.ok()["spec"]["suspend"].clone();
    done(c, "suspend cronjob/nightly --yes");
    assert_eq!(suspended().await, true);
    done(c, "resume cj/nightly --yes");
    assert_eq!(suspended().await, false);
}

async fn without_rights_nothing_is_sent(c: &Cluster) {
    let path = workload(c, "Deployment", "deployments").await;
    let before = c.get(&path).await.ok()["metadata"]["generation"].clone();
    let viewer = c.kubeconfig.with_file_name("kubeconfig-viewer");
    if !viewer.exists() {
        return;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_constable"))
        .args(["scale", "deploy/w", "--replicas", "5", "--yes"])
        .args(["-n", &c.namespace, "--kubeconfig"])
        .arg(&viewer)
        .output()
        .expect("constable runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("deployments/scale"), "{said}");
    assert_eq!(c.get(&path).await.ok()["metadata"]["generation"], before);
}
