//! The server as a client sees it: requests in, answers out.

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use serde_json::{Value, json};

use super::{Request, Response, Watch, handle};
use crate::sim::resource::resource;
use crate::sim::store::Store;

/// A store with two namespaces, and a clock.
struct Server {
    store: Store,
    now: DateTime<Utc>,
}

impl Server {
    fn new() -> Server {
        let now = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
        let mut server = Server {
            store: Store::new(1),
            now,
        };
        for name in ["a", "b"] {
            server.call(
                Method::POST,
                "/api/v1/namespaces",
                &json!({"metadata": {"name": name}}),
            );
        }
        server
    }

    fn send(&mut self, req: &Request) -> Response {
        handle(&mut self.store, self.now, req)
    }

    fn raw(&mut self, req: &Request) -> (u16, Value) {
        match self.send(req) {
            Response::Done { status, body, .. } => {
                (status, serde_json::from_slice(&body).unwrap_or_default())
            }
            other => panic!("{other:?}"),
        }
    }

    fn call(&mut self, method: Method, target: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() {
            Bytes::new()
        } else {
            body.to_string().into()
        };
        self.raw(&Request::new(method, target, body))
    }

    fn get(&mut self, target: &str) -> (u16, Value) {
        self.raw(&Request::get(target))
    }

    fn patch(&mut self, kind: &str, target: &str, body: &Value) -> (u16, Value) {
        let mut req = Request::new(Method::PATCH, target, body.to_string());
        req.content_type = format!("application/{kind}");
        self.raw(&req)
    }

    fn table(&mut self, target: &str) -> Value {
        let mut req = Request::get(target);
        req.accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json".to_owned();
        self.raw(&req).1
    }

    fn pod(&mut self, ns: &str, name: &str, labels: &Value) -> Value {
        let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name, "labels": labels},
            "spec": {"containers": [{"name": "main", "image": "reg/x:1"}]}});
        let (status, made) =
            self.call(Method::POST, &format!("/api/v1/namespaces/{ns}/pods"), &pod);
        assert_eq!(status, 201, "{made}");
        made
    }

    /// Makes a pod run on a node, ready.
    fn run(&mut self, ns: &str, name: &str) {
        let (pods, now) = (resource("pods"), self.now);
        self.store
            .update(now, pods, ns, name, |v| {
                v["spec"]["nodeName"] = "p-01".into();
                v["status"]["phase"] = "Running".into();
                v["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
            })
            .unwrap();
    }

    fn watch(&mut self, target: &str) -> Watch {
        match self.send(&Request::get(target)) {
            Response::Watch(watch) => watch,
            other => panic!("{other:?}"),
        }
    }

    fn frames(&self, watch: &mut Watch) -> Vec<String> {
        let lines = watch.next(&self.store, self.now);
        lines
            .iter()
            .map(|line| {
                let frame: Value = serde_json::from_slice(line).unwrap();
                let object = &frame["object"];
                let name = object["metadata"]["name"].as_str().unwrap_or("-");
                let end = &object["metadata"]["annotations"]["k8s.io/initial-events-end"];
                format!(
                    "{} {name} {}",
                    frame["type"].as_str().unwrap(),
                    end.as_str().unwrap_or("")
                )
                .trim_end()
                .to_owned()
            })
            .collect()
    }
}

fn names(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[test]
fn pages_are_of_one_revision() {
    let mut s = Server::new();
    for name in ["p1", "p2", "p3"] {
        s.pod("a", name, &json!({}));
    }
    let (_, first) = s.get("/api/v1/pods?limit=2");
    assert_eq!(names(&first), ["p1", "p2"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    let token = first["metadata"]["continue"].as_str().unwrap().to_owned();
    s.pod("a", "p4", &json!({}));
    s.call(Method::DELETE, "/api/v1/namespaces/a/pods/p3", &Value::Null);
    let (_, second) = s.get(&format!("/api/v1/pods?limit=2&continue={token}"));
    assert_eq!(names(&second), ["p3"]);
    assert_eq!(
        second["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    assert_eq!(names(&s.get("/api/v1/pods").1), ["p1", "p2", "p4"]);
    s.store.trim(1);
    assert_eq!(
        s.get(&format!("/api/v1/pods?continue={token}")).1["reason"],
        "Expired"
    );
    assert_eq!(s.get("/api/v1/pods?continue=zz").0, 400);
}

#[test]
fn revisions_of_lists() {
    let mut s = Server::new();
    s.pod("a", "p1", &json!({}));
    let rv = s.store.revision();
    s.pod("a", "p2", &json!({}));
    let at = |rv: u64, rule: &str| {
        format!("/api/v1/pods?resourceVersion={rv}&resourceVersionMatch={rule}")
    };
    assert_eq!(names(&s.get(&at(rv, "Exact")).1), ["p1"]);
    assert_eq!(names(&s.get(&at(rv, "NotOlderThan")).1), ["p1", "p2"]);
    let (code, late) = s.get(&at(99, "NotOlderThan"));
    assert_eq!(
        (code, &late["details"]["causes"][0]["reason"]),
        (504, &json!("ResourceVersionTooLarge"))
    );
    s.store.trim(1);
    assert_eq!(s.get(&at(1, "Exact")).0, 410);
}

#[test]
fn watch_by_selector() {
    let mut s = Server::new();
    s.pod("a", "p1", &json!({"app": "x"}));
    let rv = s.store.revision();
    let mut watch = s.watch(
        &format!("/api/v1/pods?watch=1&labelSelector=app%3Dx&resourceVersion={rv}")
            .replace("%3D", "="),
    );
    s.pod("b", "p2", &json!({"app": "y"}));
    s.patch(
        "merge-patch+json",
        "/api/v1/namespaces/b/pods/p2",
        &json!({"metadata": {"labels": {"app": "x"}}}),
    );
    s.patch(
        "merge-patch+json",
        "/api/v1/namespaces/a/pods/p1",
        &json!({"metadata": {"labels": {"app": "z"}}}),
    );
    s.call(Method::DELETE, "/api/v1/namespaces/b/pods/p2", &Value::Null);
    assert_eq!(
        s.frames(&mut watch),
        ["ADDED p2", "DELETED p1", "DELETED p2"]
    );
    assert!(s.frames(&mut watch).is_empty());
}

#[test]
fn streaming_list_and_its_end() {
    let mut s = Server::new();
    s.pod("a", "p1", &json!({}));
    let target = "/api/v1/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=120";
    let mut watch = s.watch(target);
    assert_eq!(s.frames(&mut watch), ["ADDED p1", "BOOKMARK - true"]);
    s.now += TimeDelta::seconds(61);
    assert_eq!(s.frames(&mut watch), ["BOOKMARK -"]);
    s.now += TimeDelta::seconds(60);
    assert!(s.frames(&mut watch).is_empty() && watch.ended());
    assert_eq!(s.get("/api/v1/pods?watch=1&sendInitialEvents=true").0, 422);
}

#[test]
fn watch_of_an_expired_revision() {
    let mut s = Server::new();
    s.pod("a", "p1", &json!({}));
    s.pod("a", "p2", &json!({}));
    s.store.trim(1);
    let mut watch = s.watch("/api/v1/pods?watch=1&resourceVersion=2");
    let frames = watch.next(&s.store, s.now);
    let frame: Value = serde_json::from_slice(&frames[0]).unwrap();
    assert_eq!(
        (
            &frame["type"],
            &frame["object"]["code"],
            &frame["object"]["reason"]
        ),
        (&json!("ERROR"), &json!(410), &json!("Expired"))
    );
    assert!(watch.ended());
}

#[test]
fn tables() {
    let mut s = Server::new();
    s.pod("a", "p1", &json!({}));
    s.now += TimeDelta::seconds(75);
    let table = s.table("/api/v1/pods");
    assert_eq!(table["columnDefinitions"].as_array().map(Vec::len), Some(9));
    assert_eq!(
        table["rows"][0]["cells"],
        json!([
            "p1", "0/1", "Pending", "0", "75s", "<none>", "<none>", "<none>", "<none>"
        ])
    );
    assert_eq!(table["rows"][0]["object"]["metadata"]["name"], "p1");
    let mut req = Request::get("/api/v1/pods?watch=1");
    req.accept = "application/json;as=Table;v=v1;g=meta.k8s.io".to_owned();
    let Response::Watch(mut watch) = s.send(&req) else {
        panic!()
    };
    s.pod("a", "p2", &json!({}));
    let frames: Vec<Value> = watch
        .next(&s.store, s.now)
        .iter()
        .map(|f| serde_json::from_slice(f).unwrap())
        .collect();
    assert_eq!(
        frames[0]["object"]["columnDefinitions"]
            .as_array()
            .map(Vec::len),
        Some(9)
    );
    assert!(frames[1]["object"]["columnDefinitions"].is_null());
    assert_eq!(frames[1]["object"]["rows"][0]["cells"][0], "p2");
}

#[test]
fn create_is_refused_in_the_servers_words() {
    let mut s = Server::new();
    s.pod("a", "p1", &json!({}));
    let pod = |name: &str| json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    for (target, body, code, message) in [
        (
            "/api/v1/namespaces/a/pods",
            pod("p1"),
            409,
            "pods \"p1\" already exists",
        ),
        (
            "/api/v1/namespaces/none/pods",
            pod("p"),
            404,
            "namespaces \"none\" not found",
        ),
        (
            "/api/v1/namespaces/a/pods",
            pod("P_"),
            422,
            "Pod \"P_\" is invalid: metadata.name: Invalid value: \"P_\": a lowercase RFC 1123",
        ),
        (
            "/api/v1/namespaces/a/pods",
            json!({"metadata": {"name": "x"}}),
            422,
            "Pod \"x\" is invalid: spec.containers: Required value",
        ),
        (
            "/api/v1/namespaces/a/pods",
            json!({"metadata": {"name": "x", "namespace": "b"}}),
            400,
            "the namespace of the provided object does not match",
        ),
        (
            "/api/v1/pods",
            pod("p"),
            405,
            "the server does not allow this method",
        ),
        ("/api/v1/namespaces/a/nothing", json!({}), 404, ""),
    ] {
        let (status, answer) = s.call(Method::POST, target, &body);
        assert_eq!(status, code, "{answer}");
        assert!(
            answer["message"]
                .as_str()
                .unwrap_or_default()
                .starts_with(message),
            "{answer}"
        );
    }
}

#[test]
fn update_conflicts_and_keeps_status() {
    let mut s = Server::new();
    let made = s.pod("a", "p1", &json!({}));
    let target = "/api/v1/namespaces/a/pods/p1";
    let mut old = made.clone();
    old["metadata"]["labels"] = json!({"x": "1"});
    old["status"] = json!({"phase": "Running"});
    let (status, new) = s.call(Method::PUT, target, &old);
    assert_eq!((status, &new["status"]["phase"]), (200, &json!("Pending")));
    let (status, refused) = s.call(Method::PUT, target, &old);
    assert_eq!((status, &refused["reason"]), (409, &json!("Conflict")));
    let (status, set) = s.patch(
        "merge-patch+json",
        &format!("{target}/status"),
        &json!({"status": {"phase": "Running"}, "spec": {"x": 1}}),
    );
    assert_eq!(
        (status, &set["status"]["phase"], &set["spec"]["x"]),
        (200, &json!("Running"), &Value::Null)
    );
    let (status, _) = s.patch(
        "merge-patch+json",
        target,
        &json!({"spec": {"nodeName": "n"}}),
    );
    assert_eq!(status, 422);
    assert_eq!(
        s.patch(
            "json-patch+json",
            target,
            &json!([{"op": "test", "path": "/metadata/name", "value": "no"}])
        )
        .0,
        422
    );
    assert_eq!(s.patch("x", target, &json!({})).0, 415);
    let dry = s.patch(
        "merge-patch+json",
        &format!("{target}?dryRun=All"),
        &json!({"metadata": {"labels": {"y": "2"}}}),
    );
    assert_eq!(dry.1["metadata"]["labels"]["y"], "2");
    assert!(s.get(target).1["metadata"]["labels"]["y"].is_null());
}

#[test]
fn delete_with_grace_and_preconditions() {
    let mut s = Server::new();
    let uid = s.pod("a", "p1", &json!({}))["metadata"]["uid"].clone();
    s.run("a", "p1");
    let target = "/api/v1/namespaces/a/pods/p1";
    let wrong = json!({"preconditions": {"uid": "other"}});
    assert_eq!(s.call(Method::DELETE, target, &wrong).0, 409);
    let options = json!({"gracePeriodSeconds": 5, "preconditions": {"uid": uid}});
    let (_, marked) = s.call(Method::DELETE, target, &options);
    assert_eq!(marked["metadata"]["deletionGracePeriodSeconds"], 5);
    assert_eq!(
        s.get(target).1["metadata"]["deletionTimestamp"],
        "2026-02-02T02:40:05Z"
    );
    s.call(
        Method::DELETE,
        &format!("{target}?gracePeriodSeconds=0"),
        &Value::Null,
    );
    assert_eq!(s.get(target).0, 404);
    let map = json!({"metadata": {"name": "m", "finalizers": ["x/y"]}});
    s.call(Method::POST, "/api/v1/namespaces/a/configmaps", &map);
    let target = "/api/v1/namespaces/a/configmaps/m";
    s.call(Method::DELETE, target, &Value::Null);
    assert!(s.get(target).1["metadata"]["deletionTimestamp"].is_string());
    s.patch(
        "merge-patch+json",
        target,
        &json!({"metadata": {"finalizers": null}}),
    );
    assert_eq!(s.get(target).0, 404);
}

#[test]
fn eviction_asks_the_budget() {
    let mut s = Server::new();
    for name in ["p1", "p2", "p3"] {
        s.pod("a", name, &json!({"app": "x"}));
    }
    s.run("a", "p1");
    s.run("a", "p2");
    let budget = json!({"metadata": {"name": "bud"}, "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "x"}}}});
    s.call(
        Method::POST,
        "/apis/policy/v1/namespaces/a/poddisruptionbudgets",
        &budget,
    );
    let evict = |s: &mut Server, pod: &str| {
        let body =
            json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}});
        s.call(
            Method::POST,
            &format!("/api/v1/namespaces/a/pods/{pod}/eviction"),
            &body,
        )
    };
    let (code, answer) = evict(&mut s, "p1");
    assert_eq!(
        (code, &answer["details"]["retryAfterSeconds"]),
        (429, &json!(10))
    );
    let status = json!({"status": {"observedGeneration": 1, "disruptionsAllowed": 0, "currentHealthy": 2, "desiredHealthy": 2}});
    s.patch(
        "merge-patch+json",
        "/apis/policy/v1/namespaces/a/poddisruptionbudgets/bud/status",
        &status,
    );
    let (code, answer) = evict(&mut s, "p1");
    assert_eq!((code, &answer["reason"]), (429, &json!("TooManyRequests")));
    assert_eq!(
        answer["details"]["causes"][0],
        json!({"reason": "DisruptionBudget", "message": "The disruption budget bud needs 2 healthy pods and has 2 currently"})
    );
    // A pending pod is not protected.
    assert_eq!(evict(&mut s, "p3").0, 201);
    s.patch(
        "merge-patch+json",
        "/apis/policy/v1/namespaces/a/poddisruptionbudgets/bud/status",
        &json!({"status": {"disruptionsAllowed": 1}}),
    );
    assert_eq!(evict(&mut s, "p2").0, 201);
    let (_, pod) = s.get("/api/v1/namespaces/a/pods/p2");
    assert!(pod["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(evict(&mut s, "p1").0, 429);
}

#[test]
fn scale() {
    let mut s = Server::new();
    let template = json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let deployment = json!({"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"app": "x"}}, "template": template}});
    assert_eq!(
        s.call(
            Method::POST,
            "/apis/apps/v1/namespaces/a/deployments",
            &deployment
        )
        .0,
        201
    );
    let target = "/apis/apps/v1/namespaces/a/deployments/d/scale";
    let (_, scale) = s.patch(
        "merge-patch+json",
        target,
        &json!({"spec": {"replicas": 4}}),
    );
    assert_eq!(
        (
            &scale["kind"],
            &scale["spec"]["replicas"],
            &scale["status"]["selector"]
        ),
        (&json!("Scale"), &json!(4), &json!("app=x"))
    );
    let (_, made) = s.get("/apis/apps/v1/namespaces/a/deployments/d");
    assert_eq!(
        (&made["spec"]["replicas"], &made["metadata"]["generation"]),
        (&json!(4), &json!(2))
    );
}

#[test]
fn logs_are_refused_as_the_kubelet_refuses_them() {
    let mut s = Server::new();
    let pod = json!({"metadata": {"name": "p"}, "spec": {"initContainers": [{"name": "i", "image": "x"}],
        "containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "x"}]}});
    s.call(Method::POST, "/api/v1/namespaces/a/pods", &pod);
    let said = |s: &mut Server, query: &str| {
        s.get(&format!("/api/v1/namespaces/a/pods/p/log{query}")).1["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(
        said(&mut s, ""),
        "a container name must be specified for pod p, choose one of: [i a b]"
    );
    assert_eq!(
        said(&mut s, "?container=z"),
        "container z is not valid for pod p"
    );
    s.run("a", "p");
    assert_eq!(
        said(&mut s, "?container=a"),
        "container \"a\" in pod \"p\" is waiting to start: ContainerCreating"
    );
}

#[test]
fn reviews_and_rights() {
    let mut s = Server::new();
    let mut ask = Request::new(
        Method::POST,
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        json!({"spec": {"resourceAttributes": {"verb": "delete", "resource": "pods"}}}).to_string(),
    );
    assert_eq!(s.raw(&ask).1["status"]["allowed"], true);
    ask.user = "viewer".to_owned();
    assert_eq!(s.raw(&ask).1["status"]["allowed"], false);
    let mut list = Request::get("/api/v1/nodes");
    list.user = "no-nodes".to_owned();
    assert_eq!(s.raw(&list).0, 403);
    list.user = "nobody".to_owned();
    assert_eq!(s.raw(&list).0, 401);
}

#[test]
fn discovery_of_both_kinds() {
    let mut s = Server::new();
    assert_eq!(s.get("/version").1["gitVersion"], "v1.37.2");
    let (_, list) = s.get("/api/v1");
    let pods = list["resources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["name"] == "pods")
        .unwrap();
    assert_eq!(pods["shortNames"], json!(["po"]));
    let mut req = Request::get("/apis");
    req.accept =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
            .to_owned();
    assert_eq!(s.raw(&req).1["kind"], "APIGroupDiscoveryList");
    assert_eq!(s.get("/apis").1["kind"], "APIGroupList");
    assert_eq!(s.get("/apis/nothing.example.com").0, 404);
}

mod anything {
    //! Whatever a client sends, the server answers.

    use super::*;
    use crate::sim::resource::RESOURCES;
    use proptest::prelude::*;

    fn junk() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z/.=,()!]{0,6}".prop_map(Value::from),
            Just(json!([])),
            Just(json!([1, "x", {}])),
            Just(json!({})),
            Just(json!({"a": "b", "name": "c", "type": "Ready"})),
        ]
    }

    fn key() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "metadata",
            "spec",
            "status",
            "template",
            "containers",
            "labels",
            "finalizers",
            "selector",
            "conditions",
            "replicas",
            "ports",
            "tolerations",
            "jobTemplate",
            "name",
            "0",
            "resources",
            "limits",
            "ownerReferences",
            "matchLabels",
            "disruptedPods",
            "generation",
            "involvedObject",
        ])
    }

    fn put(value: &mut Value, path: &[&'static str], junk: Value) {
        let Some((first, rest)) = path.split_first() else {
            *value = junk;
            return;
        };
        match value {
            Value::Object(map) => put(map.entry(*first).or_insert(json!({})), rest, junk),
            Value::Array(list) if !list.is_empty() => put(&mut list[0], rest, junk),
            other => *other = junk,
        }
    }

    proptest! {
        #[test]
        fn is_answered(
            at in 0..RESOURCES.len(),
            edits in prop::collection::vec((prop::collection::vec(key(), 0..5), junk()), 1..5),
        ) {
            let mut s = Server::new();
            let res = &RESOURCES[at];
            let root = if res.group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{}", res.api_version()) };
            let scope = if res.namespaced { "/namespaces/a" } else { "" };
            let collection = format!("{root}{scope}/{}", res.plural);
            let container = json!([{"name": "c", "image": "i", "ports": [{"containerPort": 1}]}]);
            let mut object = json!({"metadata": {"name": "o", "labels": {"a": "b"}}, "spec": {"containers": container,
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": container}}}});
            s.call(Method::POST, &collection, &object);
            let one = format!("{collection}/o");
            for (path, junk) in edits {
                let mut patch = json!({});
                put(&mut patch, &path, junk.clone());
                put(&mut object, &path, junk.clone());
                for kind in ["merge-patch+json", "strategic-merge-patch+json"] {
                    s.patch(kind, &one, &patch);
                    s.patch(kind, &format!("{one}/status"), &patch);
                    s.patch(kind, &format!("{one}/scale"), &patch);
                }
                let pointer = format!("/{}", path.join("/"));
                s.patch("json-patch+json", &one, &json!([{"op": "add", "path": pointer, "value": junk}]));
                s.patch("json-patch+json", &one, &json!([{"op": "add", "path": "", "value": junk}]));
                s.call(Method::PUT, &one, &object);
                s.call(Method::POST, &collection, &object);
                s.call(Method::POST, &format!("{one}/eviction"), &object);
                s.call(Method::POST, &format!("{one}/binding"), &object);
                s.table(&collection);
                s.get(&format!("{one}/log"));
                s.call(Method::DELETE, &format!("{one}?dryRun=All"), &object);
            }
            s.call(Method::DELETE, &one, &Value::Null);
        }
    }
}
