//! Column definitions, resource by resource.

use super::Column;
use crate::sim::resource::Res;

const fn text(name: &'static str) -> Column {
    Column {
        name,
        kind: "string",
        wide: false,
    }
}
const fn number(name: &'static str) -> Column {
    Column {
        name,
        kind: "integer",
        wide: false,
    }
}
const fn boolean(name: &'static str) -> Column {
    Column {
        name,
        kind: "boolean",
        wide: false,
    }
}
const fn wide(name: &'static str) -> Column {
    Column {
        name,
        kind: "string",
        wide: true,
    }
}

/// The columns of a resource; those without a printer show name and creation.
pub(crate) fn columns(res: Res) -> &'static [Column] {
    match (res.group, res.plural) {
        ("", "pods") => POD,
        ("", "nodes") => NODE,
        ("", "services") => SERVICE,
        ("", "events") => EVENT,
        ("", "namespaces") => NAMESPACE,
        ("", "configmaps") => CONFIGMAP,
        ("", "secrets") => SECRET,
        ("", "endpoints") => ENDPOINTS,
        ("", "serviceaccounts") => NAME_AGE,
        ("apps", "deployments") => DEPLOYMENT,
        ("apps", "replicasets") => REPLICASET,
        ("apps", "statefulsets") => STATEFULSET,
        ("apps", "daemonsets") => DAEMONSET,
        ("batch", "jobs") => JOB,
        ("batch", "cronjobs") => CRONJOB,
        ("networking.k8s.io", "ingresses") => INGRESS,
        ("networking.k8s.io", "ingressclasses") => INGRESSCLASS,
        ("policy", "poddisruptionbudgets") => PDB,
        ("discovery.k8s.io", "endpointslices") => ENDPOINTSLICE,
        ("coordination.k8s.io", "leases") => LEASE,
        ("scheduling.k8s.io", "priorityclasses") => PRIORITYCLASS,
        (_, plural) => super::more::columns(plural).unwrap_or(CREATED),
    }
}

static NAME_AGE: &[Column] = &[text("Name"), text("Age")];
static CREATED: &[Column] = &[
    text("Name"),
    Column {
        name: "Created At",
        kind: "date",
        wide: false,
    },
];
static POD: &[Column] = &[
    text("Name"),
    text("Ready"),
    text("Status"),
    text("Restarts"),
    text("Age"),
    wide("IP"),
    wide("Node"),
    wide("Nominated Node"),
    wide("Readiness Gates"),
];
static NODE: &[Column] = &[
    text("Name"),
    text("Status"),
    text("Roles"),
    text("Age"),
    text("Version"),
    wide("Internal-IP"),
    wide("External-IP"),
    wide("OS-Image"),
    wide("Kernel-Version"),
    wide("Container-Runtime"),
];
static SERVICE: &[Column] = &[
    text("Name"),
    text("Type"),
    text("Cluster-IP"),
    text("External-IP"),
    text("Port(s)"),
    text("Age"),
    wide("Selector"),
];
static EVENT: &[Column] = &[
    text("Last Seen"),
    text("Type"),
    text("Reason"),
    text("Object"),
    wide("Subobject"),
    wide("Source"),
    text("Message"),
    wide("First Seen"),
    wide("Count"),
    wide("Name"),
];
static NAMESPACE: &[Column] = &[text("Name"), text("Status"), text("Age")];
static CONFIGMAP: &[Column] = &[text("Name"), text("Data"), text("Age")];
static SECRET: &[Column] = &[text("Name"), text("Type"), text("Data"), text("Age")];
static ENDPOINTS: &[Column] = &[text("Name"), text("Endpoints"), text("Age")];
static DEPLOYMENT: &[Column] = &[
    text("Name"),
    text("Ready"),
    text("Up-to-date"),
    text("Available"),
    text("Age"),
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];
static REPLICASET: &[Column] = &[
    text("Name"),
    number("Desired"),
    number("Current"),
    number("Ready"),
    text("Age"),
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];
static STATEFULSET: &[Column] = &[
    text("Name"),
    text("Ready"),
    text("Age"),
    wide("Containers"),
    wide("Images"),
];
static DAEMONSET: &[Column] = &[
    text("Name"),
    number("Desired"),
    number("Current"),
    number("Ready"),
    number("Up-to-date"),
    number("Available"),
    text("Node Selector"),
    text("Age"),
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];
static JOB: &[Column] = &[
    text("Name"),
    text("Status"),
    text("Completions"),
    text("Duration"),
    text("Age"),
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];
static CRONJOB: &[Column] = &[
    text("Name"),
    text("Schedule"),
    text("Timezone"),
    boolean("Suspend"),
    number("Active"),
    text("Last Schedule"),
    text("Age"),
    wide("Containers"),
    wide("Images"),
    wide("Selector"),
];
static INGRESS: &[Column] = &[
    text("Name"),
    text("Class"),
    text("Hosts"),
    text("Address"),
    text("Ports"),
    text("Age"),
];
static INGRESSCLASS: &[Column] = &[
    text("Name"),
    text("Controller"),
    text("Parameters"),
    text("Age"),
];
static PDB: &[Column] = &[
    text("Name"),
    text("Min Available"),
    text("Max Unavailable"),
    number("Allowed Disruptions"),
    text("Age"),
];
static ENDPOINTSLICE: &[Column] = &[
    text("Name"),
    text("AddressType"),
    text("Ports"),
    text("Endpoints"),
    text("Age"),
];
static LEASE: &[Column] = &[text("Name"), text("Holder"), text("Age")];
static PRIORITYCLASS: &[Column] = &[
    text("Name"),
    number("Value"),
    boolean("Global-Default"),
    text("Age"),
    wide("PreemptionPolicy"),
];
