//! What the platform is made of in the cluster, as manifests, and the routes that its API handlers register.

use super::options::PlatformOptions;
use super::shard::queue_map;
use serde_json::{Map, Value, json};

/// One object to create: the collection's path and the object.
pub(super) type Manifest = (&'static str, Value);

/// The namespaces, which must be there first.
pub(super) fn namespaces() -> Vec<Manifest> {
    ["ci-jobs", "ci-system"]
        .into_iter()
        .map(|name| {
            let labels = json!({ "jobs.constable/platform": "true" });
            ("/api/v1/namespaces", json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } }))
        })
        .collect()
}

const SERVICES: &str = "/api/v1/namespaces/ci-system/services";
const BUDGETS: &str = "/apis/policy/v1/namespaces/ci-system/poddisruptionbudgets";

/// Everything else, in any order.
pub(super) fn objects(options: &PlatformOptions) -> Vec<Manifest> {
    let mut all: Vec<Manifest> = (0..options.queues)
        .map(|i| {
            let notes = json!({ "jobs.constable/depth": "0" });
            (
                "/api/v1/namespaces/ci-system/configmaps",
                queue_map(&format!("queue-{i}"), notes, Map::new()),
            )
        })
        .collect();
    all.extend(WORKLOADS.iter().map(|w| w.manifest(options)));
    all.extend([
        (
            BUDGETS,
            budget("api", "api", json!({ "maxUnavailable": 1 })),
        ),
        (
            BUDGETS,
            budget("results", "results", json!({ "minAvailable": 2 })),
        ),
        (
            BUDGETS,
            budget("queue", "queue", json!({ "maxUnavailable": 1 })),
        ),
        (SERVICES, service("results", "results", None)),
    ]);
    let mut headless = service("queue", "queue", None);
    headless["spec"]["clusterIP"] = json!("None");
    all.push((SERVICES, headless));
    all
}

/// One of the platform's own workloads.
struct Workload {
    kind: &'static str,
    name: &'static str,
    /// Label `jobs.constable/component`.
    component: &'static str,
    replicas: Replicas,
    /// Request, millicores.
    cpu: u32,
    /// Request, MiB.
    memory: u32,
}

enum Replicas {
    Fixed(u32),
    Workers,
    Handlers,
    OnePerNode,
}

const fn row(
    kind: &'static str,
    name: &'static str,
    component: &'static str,
    replicas: Replicas,
    cpu: u32,
    memory: u32,
) -> Workload {
    Workload {
        kind,
        name,
        component,
        replicas,
        cpu,
        memory,
    }
}

static WORKLOADS: [Workload; 6] = [
    row(
        "Deployment",
        "worker",
        "worker",
        Replicas::Workers,
        3000,
        4096,
    ),
    row("Deployment", "api", "api", Replicas::Handlers, 2000, 4096),
    row(
        "Deployment",
        "results",
        "results",
        Replicas::Fixed(3),
        4000,
        8192,
    ),
    row("Deployment", "hooks", "hooks", Replicas::Fixed(2), 500, 512),
    row(
        "StatefulSet",
        "queue",
        "queue",
        Replicas::Fixed(3),
        4000,
        16384,
    ),
    row(
        "DaemonSet",
        "log-shipper",
        "logs",
        Replicas::OnePerNode,
        100,
        128,
    ),
];

impl Workload {
    fn manifest(&self, options: &PlatformOptions) -> Manifest {
        let Workload {
            kind,
            name,
            component,
            ..
        } = self;
        let labels =
            json!({ "app.kubernetes.io/name": name, "jobs.constable/component": component });
        let mut object = json!({
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": { "name": name, "namespace": "ci-system", "labels": labels },
            "spec": {
                "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels, "annotations": self.script() }, "spec": self.pod(options) },
            },
        });
        match self.replicas {
            Replicas::Fixed(n) => object["spec"]["replicas"] = json!(n),
            Replicas::Workers => object["spec"]["replicas"] = json!(options.workers),
            Replicas::Handlers => object["spec"]["replicas"] = json!(options.handlers),
            Replicas::OnePerNode => {}
        }
        let plural = match *kind {
            "StatefulSet" => {
                object["spec"]["serviceName"] = json!(name);
                "/apis/apps/v1/namespaces/ci-system/statefulsets"
            }
            "DaemonSet" => "/apis/apps/v1/namespaces/ci-system/daemonsets",
            _ => "/apis/apps/v1/namespaces/ci-system/deployments",
        };
        (plural, object)
    }

    /// What a simulated node's container prints.
    fn script(&self) -> Value {
        match self.component {
            log @ ("api" | "worker") => {
                json!({ "sim.constable/script": json!({ self.name: { "log": log } }).to_string() })
            }
            _ => json!({}),
        }
    }

    fn pod(&self, options: &PlatformOptions) -> Value {
        let share = |n: u32| (n / options.service_divisor).max(1);
        let image = if self.name == "hooks" && options.broken_ingress {
            &options.missing_image
        } else {
            &options.image
        };
        let mut container = json!({
            "name": self.name,
            "image": image,
            "resources": { "requests": { "cpu": format!("{}m", share(self.cpu)), "memory": format!("{}Mi", share(self.memory).max(16)) } },
        });
        if options.shell {
            container["command"] = json!([
                "sh",
                "-c",
                "trap 'exit 0' TERM; while :; do echo alive; sleep 30 & wait $!; done"
            ]);
        }
        if let Some(policy) = &options.image_pull_policy {
            container["imagePullPolicy"] = json!(policy);
        }
        // On the node's own network two pods of one node cannot have the same port.
        if !options.host_network {
            container["ports"] = json!([{ "name": "http", "containerPort": 8080 }]);
        }
        let mut spec = json!({ "enableServiceLinks": false, "automountServiceAccountToken": false, "containers": [container] });
        if matches!(self.replicas, Replicas::OnePerNode) {
            spec["tolerations"] = json!([{ "operator": "Exists" }]);
        }
        if options.host_network {
            spec["hostNetwork"] = json!(true);
        }
        spec
    }
}

fn budget(name: &str, component: &str, rule: Value) -> Value {
    let mut object = json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": { "name": name, "namespace": "ci-system", "labels": { "jobs.constable/component": component } },
        "spec": { "selector": { "matchLabels": { "jobs.constable/component": component } } },
    });
    if let (Some(spec), Value::Object(rule)) = (object["spec"].as_object_mut(), rule) {
        spec.extend(rule);
    }
    object
}

fn service(name: &str, component: &str, registered_by: Option<&str>) -> Value {
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": { "name": name, "namespace": "ci-system", "labels": { "jobs.constable/component": component } },
        "spec": {
            "selector": { "jobs.constable/component": component },
            "ports": [{ "name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080 }],
        },
    });
    if let Some(pod) = registered_by {
        object["metadata"]["annotations"] = json!({ REGISTERED_BY: pod });
    }
    object
}

pub(super) const REGISTERED_BY: &str = "jobs.constable/registered-by";

/// What an API handler registers: one Ingress, and the Service of its own behind it.
pub(super) struct Route {
    pub(super) name: &'static str,
    /// The Service's name and the component whose pods it selects.
    service: (&'static str, &'static str),
    /// Host, and its paths with the Service that each leads to.
    hosts: &'static [(&'static str, &'static [(&'static str, &'static str)])],
}

/// Every route of the platform.
pub(super) static ROUTES: [Route; 6] = [
    Route {
        name: "api",
        service: ("api", "api"),
        hosts: &[(
            "api.example.com",
            &[("/v1", "api"), ("/v2", "api"), ("/graphql", "api")],
        )],
    },
    Route {
        name: "hooks",
        service: ("hooks", "hooks"),
        hosts: &[
            ("api.example.com", &[("/hooks", "hooks")]),
            ("hooks.example.com", &[("/", "hooks")]),
        ],
    },
    Route {
        name: "web",
        service: ("web", "api"),
        hosts: &[
            ("ci.example.com", &[("/", "web"), ("/ws", "web")]),
            ("ci.internal.example.com", &[("/", "web")]),
        ],
    },
    Route {
        name: "artifacts",
        service: ("artifacts", "results"),
        hosts: &[(
            "artifacts.example.com",
            &[("/", "artifacts"), ("/upload", "artifacts")],
        )],
    },
    Route {
        name: "badges",
        service: ("badges", "results"),
        hosts: &[("badges.example.com", &[("/", "badges")])],
    },
    Route {
        name: "status",
        service: ("status", "api"),
        hosts: &[(
            "status.example.com",
            &[("/", "status"), ("/metrics", "results")],
        )],
    },
];

impl Route {
    /// Service and Ingress as the handler `pod` registers them.
    pub(super) fn manifests(&self, pod: &str) -> [Manifest; 2] {
        let rules: Vec<Value> = self
            .hosts
            .iter()
            .map(|(host, paths)| {
                let paths: Vec<Value> = paths
                    .iter()
                    .map(|(path, service)| {
                        json!({ "path": path, "pathType": "Prefix", "backend": { "service": { "name": service, "port": { "number": 80 } } } })
                    })
                    .collect();
                json!({ "host": host, "http": { "paths": paths } })
            })
            .collect();
        let ingress = json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {
                "name": self.name,
                "namespace": "ci-system",
                "labels": { "jobs.constable/component": "api" },
                "annotations": { REGISTERED_BY: pod },
            },
            "spec": { "rules": rules },
        });
        [
            (SERVICES, service(self.service.0, self.service.1, Some(pod))),
            (INGRESSES, ingress),
        ]
    }
}

/// Path of the collection of ingresses.
pub(super) const INGRESSES: &str = "/apis/networking.k8s.io/v1/namespaces/ci-system/ingresses";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_paths_lead_to_services_that_exist() {
        let mut services: Vec<String> = objects(&PlatformOptions::default())
            .into_iter()
            .filter(|(path, _)| *path == SERVICES)
            .map(|(_, s)| s["metadata"]["name"].as_str().unwrap().to_owned())
            .collect();
        services.extend(ROUTES.iter().map(|r| r.service.0.to_owned()));
        for route in &ROUTES {
            for (_, service) in route.hosts.iter().flat_map(|(_, paths)| *paths) {
                assert!(services.iter().any(|s| s == service), "{service}");
            }
        }
    }
}
