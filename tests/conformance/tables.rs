//! Tables: what `kubectl get` prints is made by the server.

use serde_json::{Value, json};

use super::Cluster;
use super::cluster::{Reply, idle_node, summary};

cases!(
    pods,
    nodes,
    ingresses,
    more_columns,
    what_rows_carry,
    watched,
);

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/// The columns' names of a table, those of the default view first, the wide ones in brackets.
fn columns(table: &Value) -> String {
    assert_eq!(table["kind"], "Table", "{table}");
    assert_eq!(table["apiVersion"], "meta.k8s.io/v1");
    let mut out = Vec::new();
    for column in table["columnDefinitions"].as_array().unwrap() {
        let name = column["name"].as_str().unwrap();
        assert!(column["type"].is_string(), "{column}");
        out.push(if column["priority"] == 0 {
            name.to_owned()
        } else {
            format!("[{name}]")
        });
    }
    out.join(", ")
}

/// The cells of the first row, the cell of that column (an age) left out.
fn cells(table: &Value, age: usize) -> Value {
    let mut cells = table["rows"][0]["cells"].as_array().unwrap().clone();
    let age = cells.remove(age);
    assert!(
        age.as_str().is_some_and(|a| a.ends_with(['s', 'm', 'h'])),
        "{age}"
    );
    cells.into()
}

async fn table(c: &Cluster, path: &str) -> Value {
    let reply: Reply = c.get_as(path, TABLE).await;
    reply.ok()
}

async fn pods(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    let list = table(c, &c.path("pods")).await;
    assert_eq!(
        columns(&list),
        "Name, Ready, Status, Restarts, Age, [IP], [Node], [Nominated Node], [Readiness Gates]"
    );
    let wanted = json!([
        "a", "0/1", "Pending", "0", "<none>", "<none>", "<none>", "<none>"
    ]);
    assert_eq!(cells(&list, 4), wanted);
    let one = table(c, &c.path("pods/a")).await;
    assert_eq!(columns(&one), columns(&list));
    assert_eq!(cells(&one, 4), wanted);
}

async fn nodes(c: &Cluster) {
    let name = format!("node-of-{}", c.namespace);
    let mut node = idle_node(&name);
    node["metadata"]["labels"] =
        json!({"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/build": ""});
    node["spec"]["unschedulable"] = true.into();
    c.post("/api/v1/nodes", &node).await.ok();
    let status = json!({"status": {
        "addresses": [{"type": "InternalIP", "address": "10.0.0.9"}],
        "conditions": [{"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "",
            "lastHeartbeatTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        "nodeInfo": {"architecture": "amd64", "bootID": "", "containerRuntimeVersion": "containerd://2.1.4",
            "kernelVersion": "6.12.0", "kubeProxyVersion": "", "kubeletVersion": "v1.37.2", "machineID": "",
            "operatingSystem": "linux", "osImage": "Linux", "systemUUID": ""},
    }});
    c.patch("merge", &format!("/api/v1/nodes/{name}/status"), &status)
        .await
        .ok();
    let one = table(c, &format!("/api/v1/nodes/{name}")).await;
    assert_eq!(
        columns(&one),
        "Name, Status, Roles, Age, Version, [Internal-IP], [External-IP], [OS-Image], [Kernel-Version], [Container-Runtime]"
    );
    let wanted = json!([
        name,
        "NotReady,SchedulingDisabled",
        "build,worker",
        "v1.37.2",
        "10.0.0.9",
        "<none>",
        "Linux",
        "6.12.0 (amd64)",
        "containerd://2.1.4",
    ]);
    assert_eq!(cells(&one, 3), wanted);
    c.delete(&format!("/api/v1/nodes/{name}"), Value::Null)
        .await
        .ok();
}

async fn ingresses(c: &Cluster) {
    let backend = json!({"service": {"name": "hooks", "port": {"number": 80}}});
    let rule = |host: &str| json!({"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}});
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "api"},
        "spec": {"ingressClassName": "web", "rules": [rule("api.example.com"), rule("www.example.com")],
            "tls": [{"hosts": ["api.example.com"], "secretName": "tls"}]},
    });
    let path = c.group_path("networking.k8s.io/v1", "ingresses");
    c.post(&path, &ingress).await.ok();
    let list = table(c, &path).await;
    assert_eq!(columns(&list), "Name, Class, Hosts, Address, Ports, Age");
    assert_eq!(
        cells(&list, 5),
        json!([
            "api",
            "web",
            "api.example.com,www.example.com",
            "",
            "80, 443"
        ])
    );
}

async fn more_columns(c: &Cluster) {
    for (path, wanted) in [
        ("/api/v1/namespaces".into(), "Name, Status, Age"),
        (c.path("configmaps"), "Name, Data, Age"),
        (
            c.path("services"),
            "Name, Type, Cluster-IP, External-IP, Port(s), Age, [Selector]",
        ),
        (
            c.path("events"),
            "Last Seen, Type, Reason, Object, [Subobject], [Source], Message, [First Seen], [Count], [Name]",
        ),
        (
            c.group_path("apps/v1", "deployments"),
            "Name, Ready, Up-to-date, Available, Age, [Containers], [Images], [Selector]",
        ),
        (
            c.group_path("apps/v1", "statefulsets"),
            "Name, Ready, Age, [Containers], [Images]",
        ),
        (
            c.group_path("apps/v1", "daemonsets"),
            "Name, Desired, Current, Ready, Up-to-date, Available, Node Selector, Age, [Containers], [Images], [Selector]",
        ),
        (
            c.group_path("apps/v1", "replicasets"),
            "Name, Desired, Current, Ready, Age, [Containers], [Images], [Selector]",
        ),
        (
            c.group_path("batch/v1", "jobs"),
            "Name, Status, Completions, Duration, Age, [Containers], [Images], [Selector]",
        ),
        (
            c.path("persistentvolumeclaims"),
            "Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, [VolumeMode]",
        ),
        (
            "/api/v1/persistentvolumes".into(),
            "Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age, [VolumeMode]",
        ),
        (
            "/apis/storage.k8s.io/v1/storageclasses".into(),
            "Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age",
        ),
        (
            c.group_path("autoscaling/v2", "horizontalpodautoscalers"),
            "Name, Reference, Targets, MinPods, MaxPods, Replicas, Age",
        ),
        (
            c.group_path("policy/v1", "poddisruptionbudgets"),
            "Name, Min Available, Max Unavailable, Allowed Disruptions, Age",
        ),
    ] {
        assert_eq!(columns(&table(c, &path).await), wanted, "{path}");
    }
}

async fn what_rows_carry(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    let metadata = table(c, &c.path("pods")).await;
    let object = &metadata["rows"][0]["object"];
    assert_eq!(object["kind"], "PartialObjectMetadata");
    assert_eq!(object["apiVersion"], "meta.k8s.io/v1");
    assert_eq!(object["metadata"]["name"], "a");
    let whole = table(c, &c.path("pods?includeObject=Object")).await;
    assert_eq!(
        whole["rows"][0]["object"]["spec"]["schedulerName"],
        "nobody"
    );
    let none = table(c, &c.path("pods?includeObject=None")).await;
    assert_eq!(none["rows"][0]["object"], Value::Null);
    assert!(none["metadata"]["resourceVersion"].is_string(), "{none}");
}

async fn watched(c: &Cluster) {
    c.idle_pod("a", json!({})).await;
    let mut watch = c.stream_as(&c.path("pods?watch=1"), TABLE).await;
    let event = watch.event().await;
    assert_eq!(event["type"], "ADDED", "{}", summary(&event));
    assert!(columns(&event["object"]).starts_with("Name, Ready"));
    assert_eq!(event["object"]["rows"][0]["cells"][0], "a");
    c.patch(
        "merge",
        &c.path("pods/a"),
        &json!({"metadata": {"labels": {"x": "y"}}}),
    )
    .await
    .ok();
    let event = watch.event().await;
    assert_eq!(event["type"], "MODIFIED");
    assert_eq!(
        event["object"]["rows"][0]["object"]["metadata"]["labels"],
        json!({"x": "y"})
    );
    // The columns come once.
    assert_eq!(event["object"]["columnDefinitions"], Value::Null);
}
