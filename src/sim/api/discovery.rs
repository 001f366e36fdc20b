//! Discovery, version, health and the little of OpenAPI that kubectl asks for.

use serde_json::{Value, json};

use super::metrics::{self, Served};
use super::request::Request;
use super::response::Response;
use crate::sim::resource::{RESOURCES, Res, Resource};
use crate::sim::status::Status;
use crate::sim::store::Store;

/// The version that this server says it is.
pub(crate) const VERSION: &str = "v1.37.2";

/// Groups that hold reviews only.
const REVIEWS: &[(&str, &str, &str)] = &[
    (
        "authentication.k8s.io",
        "selfsubjectreviews",
        "SelfSubjectReview",
    ),
    (
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
    ),
    (
        "authorization.k8s.io",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
    ),
];

/// Answers a path that is no resource of the table.
///
/// # Errors
/// 404, in plain text as the real server gives it, and 405.
pub(crate) fn answer(
    store: &Store,
    req: &Request,
    segments: &[String],
) -> Result<Response, Status> {
    if req.method != http::Method::GET && req.method != http::Method::HEAD {
        return Ok(not_found());
    }
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    Ok(match segments.as_slice() {
        ["healthz" | "readyz" | "livez", ..] => Response::text(200, "ok"),
        ["version"] => Response::json(200, version().to_string()),
        ["api" | "apis"] if aggregated(req) => Response::typed(
            200,
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            group_discovery(store, segments[0] == "api").to_string(),
        ),
        ["api"] => Response::json(200, core_versions().to_string()),
        ["apis"] => {
            let all: Vec<Value> = groups(store).iter().map(|g| group(store, g)).collect();
            let list = json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": all});
            Response::json(200, list.to_string())
        }
        ["apis", name] if groups(store).contains(name) => {
            let mut one = json!({"kind": "APIGroup", "apiVersion": "v1"});
            for (key, value) in group(store, name).as_object().into_iter().flatten() {
                one[key] = value.clone();
            }
            Response::json(200, one.to_string())
        }
        ["api", "v1"] => Response::json(200, resource_list(store, "", "v1").to_string()),
        ["apis", metrics::GROUP, _] if store.metrics == Served::Down => return Err(metrics::down()),
        ["apis", group, v] if version_of(store, group) == Some(*v) => {
            Response::json(200, resource_list(store, group, v).to_string())
        }
        ["openapi", "v3"] => Response::json(200, openapi_index(store).to_string()),
        ["openapi", "v3", "api", "v1"] => Response::json(200, openapi(store, "", "v1").to_string()),
        ["openapi", "v3", "apis", group, v] if version_of(store, group) == Some(*v) => {
            Response::json(200, openapi(store, group, v).to_string())
        }
        _ => not_found(),
    })
}

/// The real server's answer to a path that it does not know.
pub(crate) fn not_found() -> Response {
    Response::text(404, "404 page not found\n")
}

fn aggregated(req: &Request) -> bool {
    req.accept.split(',').next().is_some_and(|first| {
        first.contains("as=APIGroupDiscoveryList")
            && first.contains("v=v2")
            && !first.contains("v=v2beta1")
    })
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "37", "emulationMajor": "1", "emulationMinor": "37",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "36",
        "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean", "buildDate": "",
        "goVersion": "", "compiler": "", "platform": "linux/amd64",
    })
}

fn core_versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": ""}]})
}

/// Everything that is served as objects.
fn served(store: &Store) -> impl Iterator<Item = Res> {
    RESOURCES.iter().chain(store.custom().iter().copied())
}

/// All groups but the core one, in order.
fn groups(store: &Store) -> Vec<&'static str> {
    let mut all: Vec<&str> = served(store)
        .map(|r| r.group)
        .filter(|g| !g.is_empty())
        .collect();
    all.extend(REVIEWS.iter().map(|(group, _, _)| *group));
    if store.metrics != Served::No {
        all.push(metrics::GROUP);
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn version_of(store: &Store, group: &str) -> Option<&'static str> {
    if group == metrics::GROUP {
        return (store.metrics != Served::No).then_some(metrics::VERSION);
    }
    let review = REVIEWS.iter().any(|(g, _, _)| *g == group);
    served(store)
        .find(|r| r.group == group)
        .map(|r| r.version)
        .or(review.then_some("v1"))
}

fn group(store: &Store, name: &str) -> Value {
    let version = version_of(store, name).unwrap_or("v1");
    let entry = json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({"name": name, "versions": [entry], "preferredVersion": entry})
}

/// Subresources as discovery lists them: name, group, version and kind of what they take, verbs.
fn subresource(r: &Resource, sub: &str) -> (Value, &'static str, Vec<&'static str>) {
    let gvk = |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    match sub {
        "eviction" => (gvk("policy", "v1", "Eviction"), "Eviction", vec!["create"]),
        "binding" => (gvk("", "v1", "Binding"), "Binding", vec!["create"]),
        "scale" => (
            gvk("autoscaling", "v1", "Scale"),
            "Scale",
            vec!["get", "patch", "update"],
        ),
        "exec" | "attach" | "portforward" => {
            let kind = match sub {
                "exec" => "PodExecOptions",
                "attach" => "PodAttachOptions",
                _ => "PodPortForwardOptions",
            };
            (gvk("", "v1", kind), kind, vec!["create", "get"])
        }
        "proxy" => {
            let kind = if r.plural == "pods" {
                "PodProxyOptions"
            } else {
                "ServiceProxyOptions"
            };
            let verbs = vec!["create", "delete", "get", "patch", "update"];
            (gvk("", "v1", kind), kind, verbs)
        }
        "log" => (gvk(r.group, r.version, r.kind), r.kind, vec!["get"]),
        "finalize" => (gvk(r.group, r.version, r.kind), r.kind, vec!["update"]),
        _ => (
            gvk(r.group, r.version, r.kind),
            r.kind,
            vec!["get", "patch", "update"],
        ),
    }
}

fn resource_list(store: &Store, group: &str, version: &str) -> Value {
    let mut all = Vec::new();
    for r in served(store).filter(|r| r.group == group) {
        let mut one = json!({"name": r.plural, "singularName": r.singular, "namespaced": r.namespaced,
            "kind": r.kind, "verbs": r.verbs});
        if !r.short.is_empty() {
            one["shortNames"] = json!(r.short);
        }
        if !r.categories.is_empty() {
            one["categories"] = json!(r.categories);
        }
        all.push(one);
        for sub in r.subresources {
            let (gvk, kind, verbs) = subresource(r, sub);
            let mut one = json!({"name": format!("{}/{sub}", r.plural), "singularName": "",
                "namespaced": r.namespaced, "kind": kind, "verbs": verbs});
            if gvk["group"] != r.group || gvk["version"] != r.version {
                one["group"] = gvk["group"].clone();
                one["version"] = gvk["version"].clone();
            }
            all.push(one);
        }
    }
    for (_, plural, kind) in REVIEWS.iter().filter(|(g, _, _)| *g == group) {
        all.push(json!({"name": plural, "singularName": plural.trim_end_matches('s'), "namespaced": false,
            "kind": kind, "verbs": ["create"]}));
    }
    if group == metrics::GROUP {
        for (plural, kind, namespaced) in metrics::RESOURCES {
            all.push(json!({"name": plural, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": ["get", "list"]}));
        }
    }
    let group_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": all})
}

fn group_discovery(store: &Store, core: bool) -> Value {
    let names = if core { vec![""] } else { groups(store) };
    let items: Vec<Value> = names
        .iter()
        .map(|group| {
            let version = version_of(store, group).unwrap_or("v1");
            let mut resources: Vec<Value> =
                served(store).filter(|r| r.group == *group).map(resource_discovery).collect();
            for (_, plural, kind) in REVIEWS.iter().filter(|(g, _, _)| g == group) {
                resources.push(json!({"resource": plural,
                    "responseKind": {"group": group, "version": version, "kind": kind},
                    "scope": "Cluster", "singularResource": plural.trim_end_matches('s'), "verbs": ["create"]}));
            }
            let stale = *group == metrics::GROUP && store.metrics == Served::Down;
            if *group == metrics::GROUP && !stale {
                resources.extend(metrics::RESOURCES.iter().map(|(plural, kind, namespaced)| {
                    json!({"resource": plural, "responseKind": {"group": "", "version": "", "kind": kind},
                        "scope": if *namespaced { "Namespaced" } else { "Cluster" }, "singularResource": "",
                        "verbs": ["get", "list"]})
                }));
            }
            let freshness = if stale { "Stale" } else { "Current" };
            json!({"metadata": {"name": group, "creationTimestamp": null},
                "versions": [{"version": version, "resources": resources, "freshness": freshness}]})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn resource_discovery(r: &Resource) -> Value {
    let mut one = json!({
        "resource": r.plural,
        "responseKind": {"group": r.group, "version": r.version, "kind": r.kind},
        "scope": if r.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": r.singular, "verbs": r.verbs,
    });
    if !r.short.is_empty() {
        one["shortNames"] = json!(r.short);
    }
    if !r.categories.is_empty() {
        one["categories"] = json!(r.categories);
    }
    if !r.subresources.is_empty() {
        one["subresources"] = r
            .subresources
            .iter()
            .map(|sub| {
                let (gvk, _, verbs) = subresource(r, sub);
                json!({"subresource": sub, "responseKind": gvk, "verbs": verbs})
            })
            .collect();
    }
    one
}

fn openapi_index(store: &Store) -> Value {
    let mut paths = json!({"api/v1": {"serverRelativeURL": "/openapi/v3/api/v1?hash=0"}});
    for group in groups(store) {
        let path = format!("apis/{group}/{}", version_of(store, group).unwrap_or("v1"));
        paths[&path] = json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash=0")});
    }
    json!({"paths": paths})
}

/// Paths with the query parameters that kubectl looks for before it uses them; no schemas.
fn openapi(store: &Store, group: &str, version: &str) -> Value {
    let mut paths = json!({});
    for r in served(store).filter(|r| r.group == group) {
        let root = if group.is_empty() {
            "/api/v1".to_owned()
        } else {
            format!("/apis/{group}/{version}")
        };
        let scope = if r.namespaced {
            "/namespaces/{namespace}"
        } else {
            ""
        };
        let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
        let operation = |action: &str| {
            json!({
                "x-kubernetes-action": action,
                "x-kubernetes-group-version-kind": {"group": r.group, "version": r.version, "kind": r.kind},
                "parameters": [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation")],
                "responses": {"200": {"description": "OK"}},
            })
        };
        paths[format!("{root}{scope}/{}", r.plural)] = json!({"post": operation("post")});
        paths[format!("{root}{scope}/{}/{{name}}", r.plural)] = json!({
            "get": operation("get"), "put": operation("put"),
            "patch": operation("patch"), "delete": operation("delete"),
        });
    }
    json!({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": VERSION},
        "paths": paths, "components": {"schemas": {}}})
}
