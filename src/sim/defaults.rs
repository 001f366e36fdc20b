//! What the real server fills into a new object: defaults of its fields and of admission.

use serde_json::{Map, Value, json};

use super::custom;
use super::resource::Res;

/// Completes a new object whose name and uid are known.
pub(crate) fn apply(res: Res, value: &mut Value) {
    match (res.group, res.plural) {
        ("", "pods") => pod(value),
        ("", "namespaces") => namespace(value),
        ("", "services") => service(value),
        ("", "secrets") => default(value, "type", json!("Opaque")),
        ("apps", "deployments") => {
            template(value);
            let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}});
            let spec = &mut value["spec"];
            default(spec, "replicas", json!(1));
            default(spec, "strategy", rolling);
            default(spec, "revisionHistoryLimit", json!(10));
            default(spec, "progressDeadlineSeconds", json!(600));
        }
        ("apps", "replicasets") => {
            template(value);
            default(&mut value["spec"], "replicas", json!(1));
        }
        ("apps", "statefulsets") => {
            template(value);
            let spec = &mut value["spec"];
            default(spec, "replicas", json!(1));
            default(spec, "podManagementPolicy", json!("OrderedReady"));
            default(
                spec,
                "updateStrategy",
                json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
            );
            default(spec, "revisionHistoryLimit", json!(10));
        }
        ("apps", "daemonsets") => {
            template(value);
            let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}});
            default(&mut value["spec"], "updateStrategy", rolling);
            default(&mut value["spec"], "revisionHistoryLimit", json!(10));
        }
        ("batch", "jobs") => job(value),
        ("batch", "cronjobs") => {
            let spec = &mut value["spec"];
            default(spec, "concurrencyPolicy", json!("Allow"));
            default(spec, "suspend", json!(false));
            default(spec, "successfulJobsHistoryLimit", json!(3));
            default(spec, "failedJobsHistoryLimit", json!(1));
            pod_spec(&mut spec["jobTemplate"]["spec"]["template"]["spec"]);
        }
        ("apiextensions.k8s.io", _) => {
            let now = value["metadata"]["creationTimestamp"].as_str();
            let now = now.unwrap_or_default().to_owned();
            custom::establish(value, &now);
        }
        ("", "persistentvolumeclaims") => claim(value),
        ("storage.k8s.io", _) => {
            default(value, "reclaimPolicy", json!("Delete"));
            default(value, "volumeBindingMode", json!("Immediate"));
        }
        ("networking.k8s.io", "ingresses") => default(value, "status", json!({"loadBalancer": {}})),
        _ => {}
    }
    if res.status && res.plural != "nodes" {
        default(value, "status", json!({}));
    }
}

/// Sets a field that is missing or null; leaves what is no object alone.
fn default(object: &mut Value, field: &str, value: Value) {
    if object.is_null() {
        *object = json!({});
    }
    if let Some(map) = object.as_object_mut() {
        let slot = map.entry(field).or_insert(Value::Null);
        if slot.is_null() {
            *slot = value;
        }
    }
}

fn template(value: &mut Value) {
    pod_spec(&mut value["spec"]["template"]["spec"]);
}

fn pod(value: &mut Value) {
    pod_spec(&mut value["spec"]);
    let spec = &mut value["spec"];
    default(spec, "serviceAccountName", json!("default"));
    let account = spec["serviceAccountName"].clone();
    default(spec, "serviceAccount", account);
    default(spec, "priority", json!(0));
    default(spec, "enableServiceLinks", json!(true));
    default(spec, "preemptionPolicy", json!("PreemptLowerPriority"));
    default(spec, "tolerations", json!([]));
    if let Some(tolerations) = spec["tolerations"].as_array_mut() {
        for key in [
            "node.kubernetes.io/not-ready",
            "node.kubernetes.io/unreachable",
        ] {
            let tolerated = tolerations.iter().any(|t| {
                (t["key"] == key || (t["key"].is_null() && t["operator"] == "Exists"))
                    && (t["effect"].is_null() || t["effect"] == "" || t["effect"] == "NoExecute")
            });
            if !tolerated {
                tolerations.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
            }
        }
    }
    let class = qos(&value["spec"]);
    let status = &mut value["status"];
    default(status, "phase", json!("Pending"));
    default(status, "qosClass", json!(class));
}

/// Defaults of a pod's spec; nothing when it is no object.
fn pod_spec(spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    default(spec, "restartPolicy", json!("Always"));
    default(spec, "terminationGracePeriodSeconds", json!(30));
    default(spec, "dnsPolicy", json!("ClusterFirst"));
    default(spec, "securityContext", json!({}));
    default(spec, "schedulerName", json!("default-scheduler"));
    for list in ["containers", "initContainers"] {
        for container in spec
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            self::container(container);
        }
    }
}

/// Defaults of a container.
pub(crate) fn container(container: &mut Value) {
    let image = container["image"].as_str().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    let moving = !last.contains('@') && (!last.contains(':') || last.ends_with(":latest"));
    default(
        container,
        "imagePullPolicy",
        json!(if moving { "Always" } else { "IfNotPresent" }),
    );
    default(container, "resources", json!({}));
    default(
        container,
        "terminationMessagePath",
        json!("/dev/termination-log"),
    );
    default(container, "terminationMessagePolicy", json!("File"));
    requests_of_limits(&mut container["resources"]);
    protocols(container);
}

/// What is limited and not requested is requested in full.
fn requests_of_limits(resources: &mut Value) {
    let Some(limits) = resources["limits"].as_object().cloned() else {
        return;
    };
    default(resources, "requests", json!({}));
    for (name, quantity) in limits {
        default(&mut resources["requests"], &name, quantity);
    }
}

fn protocols(holder: &mut Value) {
    for port in holder
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        default(port, "protocol", json!("TCP"));
    }
}

fn qos(spec: &Value) -> &'static str {
    let containers = ["containers", "initContainers"]
        .into_iter()
        .flat_map(|list| spec[list].as_array().into_iter().flatten());
    let (mut any, mut guaranteed) = (false, true);
    for container in containers {
        let (requests, limits) = (
            &container["resources"]["requests"],
            &container["resources"]["limits"],
        );
        for resource in ["cpu", "memory"] {
            any |= !requests[resource].is_null() || !limits[resource].is_null();
            guaranteed &= !limits[resource].is_null() && requests[resource] == limits[resource];
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

fn namespace(value: &mut Value) {
    let name = value["metadata"]["name"].clone();
    default(&mut value["metadata"], "labels", json!({}));
    default(
        &mut value["metadata"]["labels"],
        "kubernetes.io/metadata.name",
        name,
    );
    default(value, "spec", json!({"finalizers": ["kubernetes"]}));
    default(value, "status", json!({"phase": "Active"}));
}

fn service(value: &mut Value) {
    // An address of 10.96.0.0/16 from the uid, so that the same seed gives the same one.
    let uid = value["metadata"]["uid"].as_str().unwrap_or_default();
    let byte = |at: usize| u8::from_str_radix(uid.get(at..at + 2).unwrap_or("1"), 16).unwrap_or(1);
    let ip = format!("10.96.{}.{}", byte(0), byte(2).clamp(1, 254));
    let spec = &mut value["spec"];
    default(spec, "type", json!("ClusterIP"));
    default(spec, "sessionAffinity", json!("None"));
    if spec["type"] != "ExternalName" {
        default(spec, "clusterIP", json!(ip));
        let ip = spec["clusterIP"].clone();
        default(spec, "clusterIPs", json!([ip]));
        default(spec, "ipFamilies", json!(["IPv4"]));
        default(spec, "ipFamilyPolicy", json!("SingleStack"));
        default(spec, "internalTrafficPolicy", json!("Cluster"));
    }
    protocols(spec);
    for port in spec
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let number = port["port"].clone();
        default(port, "targetPort", number);
    }
    default(value, "status", json!({"loadBalancer": {}}));
}

fn claim(value: &mut Value) {
    default(&mut value["spec"], "volumeMode", json!("Filesystem"));
    default(&mut value["status"], "phase", json!("Pending"));
}

fn job(value: &mut Value) {
    template(value);
    let (name, uid) = (
        value["metadata"]["name"].clone(),
        value["metadata"]["uid"].clone(),
    );
    let spec = &mut value["spec"];
    if spec["completions"].is_null() && spec["parallelism"].is_null() {
        default(spec, "completions", json!(1));
    }
    default(spec, "parallelism", json!(1));
    default(spec, "backoffLimit", json!(6));
    default(spec, "completionMode", json!("NonIndexed"));
    default(spec, "suspend", json!(false));
    default(spec, "podReplacementPolicy", json!("TerminatingOrFailed"));
    if spec["manualSelector"] == true {
        return;
    }
    default(
        spec,
        "selector",
        json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}),
    );
    default(&mut spec["template"], "metadata", json!({}));
    let metadata = &mut spec["template"]["metadata"];
    default(metadata, "labels", Value::Object(Map::new()));
    for (key, label) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        default(&mut metadata["labels"], key, label.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::resource::resource;

    #[test]
    fn a_pod() {
        let mut pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [
            {"name": "a", "image": "reg:5000/x", "resources": {"limits": {"cpu": "1"}}}]}});
        apply(resource("pods"), &mut pod);
        assert_eq!(pod["spec"]["containers"][0]["imagePullPolicy"], "Always");
        assert_eq!(
            pod["spec"]["containers"][0]["resources"]["requests"]["cpu"],
            "1"
        );
        assert_eq!(pod["spec"]["tolerations"].as_array().map(Vec::len), Some(2));
        assert_eq!(
            pod["status"],
            json!({"phase": "Pending", "qosClass": "Burstable"})
        );
    }
}
