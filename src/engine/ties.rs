//! What an object is tied to, as it says itself: owners, node, accounts, volumes, what it mentions and what it
//! selects. Pure.

use serde_json::Value;

use super::doc::{KindRef, ObjectRef};

/// Another object that this one names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tie {
    /// `owner`, `node`, `config map`, …
    pub(crate) relation: &'static str,
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Tie {
    fn core(relation: &'static str, kind: &str, namespace: &str, name: &str) -> Self {
        Self::new(relation, "v1", kind, namespace, name)
    }

    fn new(
        relation: &'static str,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Self {
        Self {
            relation,
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// As an object of a kind that every server has; `None`: discovery has to tell.
    pub(crate) fn known(&self) -> Option<ObjectRef> {
        let (group, version) = self.group();
        let (plural, namespaced) = match (group, &*self.kind) {
            ("", "Pod") => ("pods", true),
            ("", "Node") => ("nodes", false),
            ("", "Service") => ("services", true),
            ("", "ConfigMap") => ("configmaps", true),
            ("", "Secret") => ("secrets", true),
            ("", "ServiceAccount") => ("serviceaccounts", true),
            ("", "PersistentVolumeClaim") => ("persistentvolumeclaims", true),
            ("", "PersistentVolume") => ("persistentvolumes", false),
            ("", "Namespace") => ("namespaces", false),
            ("apps", "Deployment") => ("deployments", true),
            ("apps", "ReplicaSet") => ("replicasets", true),
            ("apps", "StatefulSet") => ("statefulsets", true),
            ("apps", "DaemonSet") => ("daemonsets", true),
            ("batch", "Job") => ("jobs", true),
            ("batch", "CronJob") => ("cronjobs", true),
            ("networking.k8s.io", "Ingress") => ("ingresses", true),
            ("networking.k8s.io", "IngressClass") => ("ingressclasses", false),
            ("policy", "PodDisruptionBudget") => ("poddisruptionbudgets", true),
            ("storage.k8s.io", "StorageClass") => ("storageclasses", false),
            ("scheduling.k8s.io", "PriorityClass") => ("priorityclasses", false),
            _ => return None,
        };
        let kind = KindRef::known(group, version, plural, &self.kind, namespaced);
        let namespace = if namespaced { &*self.namespace } else { "" };
        Some(ObjectRef::new(kind, namespace, &self.name))
    }

    /// Group and version.
    pub(crate) fn group(&self) -> (&str, &str) {
        self.api_version
            .split_once('/')
            .unwrap_or(("", &self.api_version))
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// All that an object names, nearest first, each once.
pub(crate) fn named(kind: &str, object: &Value) -> Vec<Tie> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let mut ties = Vec::new();
    for owner in items(&object["metadata"]["ownerReferences"]) {
        if let (Some(version), Some(kind), Some(name)) = (
            owner["apiVersion"].as_str(),
            owner["kind"].as_str(),
            owner["name"].as_str(),
        ) {
            ties.push(Tie::new("owner", version, kind, namespace, name));
        }
    }
    let spec = &object["spec"];
    match kind {
        "Pod" => pod(&mut ties, namespace, spec),
        "CronJob" => pod(
            &mut ties,
            namespace,
            &spec["jobTemplate"]["spec"]["template"]["spec"],
        ),
        "Ingress" => ingress(&mut ties, namespace, spec),
        "PersistentVolumeClaim" | "PersistentVolume" => {
            one(
                &mut ties,
                "volume",
                "v1",
                "PersistentVolume",
                "",
                &spec["volumeName"],
            );
            one(
                &mut ties,
                "storage class",
                "storage.k8s.io/v1",
                "StorageClass",
                "",
                &spec["storageClassName"],
            );
        }
        "ServiceAccount" => {
            for secret in items(&object["secrets"]).chain(items(&object["imagePullSecrets"])) {
                one(
                    &mut ties,
                    "secret",
                    "v1",
                    "Secret",
                    namespace,
                    &secret["name"],
                );
            }
        }
        "StatefulSet" => {
            one(
                &mut ties,
                "service",
                "v1",
                "Service",
                namespace,
                &spec["serviceName"],
            );
            pod(&mut ties, namespace, &spec["template"]["spec"]);
        }
        _ => pod(&mut ties, namespace, &spec["template"]["spec"]),
    }
    references(&mut ties, namespace, object, 0);
    let mut seen = Vec::new();
    ties.retain(|tie| {
        let new = !seen.contains(tie);
        if new {
            seen.push(tie.clone());
        }
        new
    });
    ties
}

fn one(
    ties: &mut Vec<Tie>,
    relation: &'static str,
    version: &str,
    kind: &str,
    namespace: &str,
    name: &Value,
) {
    if let Some(name) = name.as_str().filter(|name| !name.is_empty()) {
        ties.push(Tie::new(relation, version, kind, namespace, name));
    }
}

fn pod(ties: &mut Vec<Tie>, namespace: &str, spec: &Value) {
    one(ties, "node", "v1", "Node", "", &spec["nodeName"]);
    one(
        ties,
        "service account",
        "v1",
        "ServiceAccount",
        namespace,
        &spec["serviceAccountName"],
    );
    for volume in items(&spec["volumes"]) {
        let claim = &volume["persistentVolumeClaim"]["claimName"];
        one(
            ties,
            "volume claim",
            "v1",
            "PersistentVolumeClaim",
            namespace,
            claim,
        );
        one(
            ties,
            "config map",
            "v1",
            "ConfigMap",
            namespace,
            &volume["configMap"]["name"],
        );
        one(
            ties,
            "secret",
            "v1",
            "Secret",
            namespace,
            &volume["secret"]["secretName"],
        );
        for source in items(&volume["projected"]["sources"]) {
            one(
                ties,
                "config map",
                "v1",
                "ConfigMap",
                namespace,
                &source["configMap"]["name"],
            );
            one(
                ties,
                "secret",
                "v1",
                "Secret",
                namespace,
                &source["secret"]["name"],
            );
        }
    }
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    for container in lists.iter().flat_map(|list| items(&spec[*list])) {
        for from in items(&container["envFrom"]) {
            one(
                ties,
                "config map",
                "v1",
                "ConfigMap",
                namespace,
                &from["configMapRef"]["name"],
            );
            one(
                ties,
                "secret",
                "v1",
                "Secret",
                namespace,
                &from["secretRef"]["name"],
            );
        }
        for variable in items(&container["env"]) {
            let from = &variable["valueFrom"];
            one(
                ties,
                "config map",
                "v1",
                "ConfigMap",
                namespace,
                &from["configMapKeyRef"]["name"],
            );
            one(
                ties,
                "secret",
                "v1",
                "Secret",
                namespace,
                &from["secretKeyRef"]["name"],
            );
        }
    }
    for secret in items(&spec["imagePullSecrets"]) {
        one(
            ties,
            "pull secret",
            "v1",
            "Secret",
            namespace,
            &secret["name"],
        );
    }
    one(
        ties,
        "priority class",
        "scheduling.k8s.io/v1",
        "PriorityClass",
        "",
        &spec["priorityClassName"],
    );
}

fn ingress(ties: &mut Vec<Tie>, namespace: &str, spec: &Value) {
    let paths = items(&spec["rules"]).flat_map(|rule| items(&rule["http"]["paths"]));
    let backends = paths
        .map(|path| &path["backend"])
        .chain([&spec["defaultBackend"]]);
    for backend in backends {
        one(
            ties,
            "service",
            "v1",
            "Service",
            namespace,
            &backend["service"]["name"],
        );
    }
    for tls in items(&spec["tls"]) {
        one(
            ties,
            "TLS secret",
            "v1",
            "Secret",
            namespace,
            &tls["secretName"],
        );
    }
    let class = &spec["ingressClassName"];
    one(
        ties,
        "ingress class",
        "networking.k8s.io/v1",
        "IngressClass",
        "",
        class,
    );
}

/// Fields that refer to another object by kind and name, as most APIs have them: `scaleTargetRef`,
/// `involvedObject`, `claimRef`, `roleRef`.
fn references(ties: &mut Vec<Tie>, namespace: &str, value: &Value, depth: u8) {
    let Some(fields) = value.as_object() else {
        return;
    };
    for (key, value) in fields {
        if matches!(
            key.as_str(),
            "metadata" | "template" | "jobTemplate" | "managedFields"
        ) {
            continue;
        }
        let refers = key.ends_with("Ref") || matches!(key.as_str(), "involvedObject" | "regarding");
        let (kind, name) = (value["kind"].as_str(), value["name"].as_str());
        if let (true, Some(kind), Some(name)) = (refers, kind, name) {
            let version = match (value["apiVersion"].as_str(), value["apiGroup"].as_str()) {
                (Some(version), _) => version.to_owned(),
                (None, Some(group)) if !group.is_empty() => format!("{group}/v1"),
                (None, _) => "v1".to_owned(),
            };
            let place = value["namespace"].as_str().unwrap_or(namespace);
            ties.push(Tie::new("refers to", &version, kind, place, name));
        } else if depth < 3 {
            references(ties, namespace, value, depth + 1);
        }
    }
    if depth == 0 && !namespace.is_empty() {
        ties.push(Tie::core("namespace", "Namespace", "", namespace));
    }
}

/// The labels of the pods that an object is, or makes; `None`: it has to do with none.
pub(crate) fn pod_labels<'v>(kind: &str, object: &'v Value) -> Option<&'v Value> {
    let labels = match kind {
        "Pod" => &object["metadata"]["labels"],
        "CronJob" => &object["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"],
        _ => &object["spec"]["template"]["metadata"]["labels"],
    };
    labels.is_object().then_some(labels)
}

/// Whether a label selector (`matchLabels`, `matchExpressions`) takes these labels. One that is missing takes
/// none, one that is empty takes all.
pub(crate) fn selects(selector: &Value, labels: &Value) -> bool {
    let Some(fields) = selector.as_object() else {
        return false;
    };
    let exact = fields
        .get("matchLabels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let mut exact = exact.map(|(key, value)| labels[key] == *value);
    let terms = fields
        .get("matchExpressions")
        .map(items)
        .into_iter()
        .flatten();
    let mut terms = terms.map(|term| {
        let value = &labels[term["key"].as_str().unwrap_or_default()];
        let among = items(&term["values"]).any(|v| v == value);
        match term["operator"].as_str().unwrap_or_default() {
            "In" => among,
            "NotIn" => !among,
            "Exists" => !value.is_null(),
            "DoesNotExist" => value.is_null(),
            _ => false,
        }
    });
    exact.all(|holds| holds) && terms.all(|holds| holds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_names_what_it_uses() {
        let pod = json!({"metadata": {"namespace": "ci", "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-1"}]},
            "spec": {"nodeName": "p-1", "serviceAccountName": "api", "volumes": [{"configMap": {"name": "conf"}},
            {"persistentVolumeClaim": {"claimName": "data"}}, {"projected": {"sources": [{"secret": {"name": "tls"}}]}}],
            "containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "db"}}}], "envFrom": [{"configMapRef": {"name": "conf"}}]}]}});
        let got: Vec<String> = named("Pod", &pod)
            .into_iter()
            .map(|t| format!("{} {} {}/{}", t.relation, t.kind, t.namespace, t.name))
            .collect();
        assert_eq!(
            got,
            [
                "owner ReplicaSet ci/api-1",
                "node Node /p-1",
                "service account ServiceAccount ci/api",
                "config map ConfigMap ci/conf",
                "volume claim PersistentVolumeClaim ci/data",
                "secret Secret ci/tls",
                "secret Secret ci/db",
                "namespace Namespace /ci",
            ]
        );
    }

    #[test]
    fn references_of_any_kind() {
        let hpa = json!({"metadata": {"namespace": "ci"}, "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}}});
        assert_eq!(
            named("HorizontalPodAutoscaler", &hpa)[0],
            Tie::new("refers to", "apps/v1", "Deployment", "ci", "api")
        );
        let object = named("HorizontalPodAutoscaler", &hpa)[0].known().unwrap();
        assert_eq!(object.path(), "/apis/apps/v1/namespaces/ci/deployments/api");
        assert_eq!(
            Tie::new("owner", "example.com/v1", "Widget", "ci", "w").known(),
            None
        );
    }

    #[test]
    fn selectors() {
        let labels = json!({"app": "api", "tier": "web"});
        for (selector, want) in [
            (json!({"matchLabels": {"app": "api"}}), true),
            (json!({"matchLabels": {"app": "db"}}), false),
            (
                json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["web", "x"]}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "old", "operator": "Exists"}]}),
                false,
            ),
            (
                json!({"matchExpressions": [{"key": "old", "operator": "DoesNotExist"}]}),
                true,
            ),
            (json!({}), true),
            (Value::Null, false),
        ] {
            assert_eq!(selects(&selector, &labels), want, "{selector}");
        }
    }
}
