//! The table of resources that the simulated API server serves.
//!
//! Discovery, routing, access reviews and printing all read this one table; what it does not hold
//! answers 404 by name.

use super::custom::{self, Custom};

/// One row of the table: a resource as discovery describes it.
#[derive(Debug)]
pub struct Resource {
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Version in that group.
    pub version: &'static str,
    /// Plural name, as in URLs.
    pub plural: &'static str,
    /// Singular name.
    pub singular: &'static str,
    /// Kind, as in objects.
    pub kind: &'static str,
    /// Short names that kubectl takes.
    pub short: &'static [&'static str],
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Verbs of the resource itself.
    pub verbs: &'static [&'static str],
    /// Subresources by name.
    pub subresources: &'static [&'static str],
    /// Categories (`kubectl get all`).
    pub categories: &'static [&'static str],
    /// Whether the server keeps `metadata.generation`, raised when the spec changes.
    pub generation: bool,
    /// Whether `status` can be written through its subresource only.
    pub status: bool,
    /// `{"kind":"K","apiVersion":"G/V"`: how every stored object of this resource begins.
    pub prefix: &'static str,
    /// What a custom resource has beside.
    pub custom: Option<Custom>,
}

/// A row of the table, compared by address.
pub type Res = &'static Resource;

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}
impl Eq for Resource {}

impl Resource {
    /// `v1` or `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `pods` or `deployments.apps`: how errors name the resource.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// Place in [`RESOURCES`], or behind them.
    pub fn index(&'static self) -> usize {
        if let Some(own) = &self.custom {
            return custom::index(own);
        }
        RESOURCES
            .iter()
            .position(|r| std::ptr::eq(r, self))
            .unwrap_or(0)
    }

    /// Whether it has a form in protobuf: custom resources and their definitions have none here.
    pub fn has_protobuf(&self) -> bool {
        self.custom.is_none() && self.group != "apiextensions.k8s.io"
    }

    /// Whether it has this subresource.
    pub fn has(&self, subresource: &str) -> bool {
        self.subresources.contains(&subresource)
    }
}

pub(crate) const ALL: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

macro_rules! resources {
    ($( $group:literal $version:literal $plural:literal $singular:literal $kind:literal
        short $short:tt ns $ns:literal sub $sub:tt cat $cat:tt generation $gen:literal status $status:literal
        prefix $prefix:literal; )*) => {
        /// Every resource served, in discovery's order of groups.
        pub static RESOURCES: &[Resource] = &[$( Resource {
            group: $group, version: $version, plural: $plural, singular: $singular, kind: $kind,
            short: &$short, namespaced: $ns, verbs: ALL, subresources: &$sub, categories: &$cat,
            generation: $gen, status: $status,
            prefix: concat!("{\"kind\":\"", $kind, "\",\"apiVersion\":\"", $prefix, "\""),
            custom: None,
        } ),*];
    };
}

resources! {
    "" "v1" "configmaps" "configmap" "ConfigMap" short ["cm"] ns true sub [] cat [] generation false status false prefix "v1";
    "" "v1" "endpoints" "endpoints" "Endpoints" short ["ep"] ns true sub [] cat [] generation false status false prefix "v1";
    "" "v1" "events" "event" "Event" short ["ev"] ns true sub [] cat [] generation false status false prefix "v1";
    "" "v1" "limitranges" "limitrange" "LimitRange" short ["limits"] ns true sub [] cat [] generation false status false prefix "v1";
    "" "v1" "namespaces" "namespace" "Namespace" short ["ns"] ns false sub ["status", "finalize"] cat [] generation false status true prefix "v1";
    "" "v1" "nodes" "node" "Node" short ["no"] ns false sub ["status"] cat [] generation false status true prefix "v1";
    "" "v1" "persistentvolumeclaims" "persistentvolumeclaim" "PersistentVolumeClaim" short ["pvc"] ns true sub ["status"] cat [] generation false status true prefix "v1";
    "" "v1" "persistentvolumes" "persistentvolume" "PersistentVolume" short ["pv"] ns false sub ["status"] cat [] generation false status true prefix "v1";
    "" "v1" "pods" "pod" "Pod" short ["po"] ns true sub ["status", "log", "eviction", "binding", "exec", "attach", "portforward", "ephemeralcontainers", "proxy"] cat ["all"] generation true status true prefix "v1";
    "" "v1" "resourcequotas" "resourcequota" "ResourceQuota" short ["quota"] ns true sub ["status"] cat [] generation false status true prefix "v1";
    "" "v1" "secrets" "secret" "Secret" short [] ns true sub [] cat [] generation false status false prefix "v1";
    "" "v1" "serviceaccounts" "serviceaccount" "ServiceAccount" short ["sa"] ns true sub [] cat [] generation false status false prefix "v1";
    "" "v1" "services" "service" "Service" short ["svc"] ns true sub ["status", "proxy"] cat ["all"] generation false status true prefix "v1";
    "apiextensions.k8s.io" "v1" "customresourcedefinitions" "customresourcedefinition" "CustomResourceDefinition" short ["crd", "crds"] ns false sub ["status"] cat ["api-extensions"] generation true status true prefix "apiextensions.k8s.io/v1";
    "apps" "v1" "controllerrevisions" "controllerrevision" "ControllerRevision" short [] ns true sub [] cat [] generation false status false prefix "apps/v1";
    "apps" "v1" "daemonsets" "daemonset" "DaemonSet" short ["ds"] ns true sub ["status"] cat ["all"] generation true status true prefix "apps/v1";
    "apps" "v1" "deployments" "deployment" "Deployment" short ["deploy"] ns true sub ["status", "scale"] cat ["all"] generation true status true prefix "apps/v1";
    "apps" "v1" "replicasets" "replicaset" "ReplicaSet" short ["rs"] ns true sub ["status", "scale"] cat ["all"] generation true status true prefix "apps/v1";
    "apps" "v1" "statefulsets" "statefulset" "StatefulSet" short ["sts"] ns true sub ["status", "scale"] cat ["all"] generation true status true prefix "apps/v1";
    "autoscaling" "v2" "horizontalpodautoscalers" "horizontalpodautoscaler" "HorizontalPodAutoscaler" short ["hpa"] ns true sub ["status"] cat ["all"] generation false status true prefix "autoscaling/v2";
    "batch" "v1" "cronjobs" "cronjob" "CronJob" short ["cj"] ns true sub ["status"] cat ["all"] generation true status true prefix "batch/v1";
    "batch" "v1" "jobs" "job" "Job" short [] ns true sub ["status"] cat ["all"] generation true status true prefix "batch/v1";
    "coordination.k8s.io" "v1" "leases" "lease" "Lease" short [] ns true sub [] cat [] generation false status false prefix "coordination.k8s.io/v1";
    "discovery.k8s.io" "v1" "endpointslices" "endpointslice" "EndpointSlice" short [] ns true sub [] cat [] generation true status false prefix "discovery.k8s.io/v1";
    "networking.k8s.io" "v1" "ingressclasses" "ingressclass" "IngressClass" short [] ns false sub [] cat [] generation true status false prefix "networking.k8s.io/v1";
    "networking.k8s.io" "v1" "ingresses" "ingress" "Ingress" short ["ing"] ns true sub ["status"] cat [] generation true status true prefix "networking.k8s.io/v1";
    "policy" "v1" "poddisruptionbudgets" "poddisruptionbudget" "PodDisruptionBudget" short ["pdb"] ns true sub ["status"] cat [] generation true status true prefix "policy/v1";
    "scheduling.k8s.io" "v1" "priorityclasses" "priorityclass" "PriorityClass" short ["pc"] ns false sub [] cat [] generation true status false prefix "scheduling.k8s.io/v1";
    "storage.k8s.io" "v1" "storageclasses" "storageclass" "StorageClass" short ["sc"] ns false sub [] cat [] generation false status false prefix "storage.k8s.io/v1";
}

/// The resource of that plural name; where two groups have it, the core one. For literals in our code.
///
/// # Panics
/// On a name that is not in the table.
pub fn resource(plural: &str) -> Res {
    match RESOURCES.iter().find(|r| r.plural == plural) {
        Some(res) => res,
        None => panic!("no resource {plural:?} in the simulated server's table"),
    }
}

/// The resource of that group and plural name, whatever its version.
pub fn find(group: &str, plural: &str) -> Option<Res> {
    RESOURCES
        .iter()
        .find(|r| r.group == group && r.plural == plural)
}

/// The resource of that group and kind.
pub fn find_kind(group: &str, kind: &str) -> Option<Res> {
    RESOURCES
        .iter()
        .find(|r| r.group == group && r.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_is_kind_and_api_version() {
        for res in RESOURCES {
            let wanted = format!(
                r#"{{"kind":"{}","apiVersion":"{}""#,
                res.kind,
                res.api_version()
            );
            assert_eq!(res.prefix, wanted);
            assert_eq!(RESOURCES[res.index()].plural, res.plural);
        }
    }

    #[test]
    fn found_by_group_and_plural() {
        assert_eq!(
            find("apps", "deployments").map(Resource::qualified),
            Some("deployments.apps".into())
        );
        assert!(find("", "deployments").is_none());
        assert_eq!(resource("events").group, "");
    }
}
