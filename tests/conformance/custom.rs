//! Custom resources: defined, discovered, listed as a Table, and what they do not take.

use serde_json::{Value, json};

use super::Cluster;
use super::cluster::{Reply, names, text};

cases!(
    defined_and_gone,
    as_a_table,
    in_discovery,
    what_they_do_not_take,
    badly_named
);

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// A group of the case's own.
fn group(c: &Cluster) -> String {
    format!("{}.example.com", c.namespace)
}

fn definition(c: &Cluster) -> Value {
    let column =
        |name: &str, kind: &str, path: &str| json!({"name": name, "type": kind, "jsonPath": path});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{}", group(c))},
        "spec": {
            "group": group(c), "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"], "categories": ["tools"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    column("Size", "integer", ".spec.size"),
                    column("Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status"),
                    column("Age", "date", ".metadata.creationTimestamp"),
                ],
            }],
        },
    })
}

/// Defines widgets, and waits until they are served.
async fn define(c: &Cluster) -> String {
    let made = c.post(DEFINITIONS, &definition(c)).await.ok();
    let name = text(&made["metadata"]["name"]);
    c.until(DEFINITIONS, &name, |d| {
        let conditions = d["status"]["conditions"].as_array();
        conditions.is_some_and(|all| {
            all.iter()
                .any(|c| c["type"] == "Established" && c["status"] == "True")
        })
    })
    .await;
    let path = c.group_path(&format!("{}/v1", group(c)), "widgets");
    // The real server says so a moment before it does.
    for _ in 0..100 {
        if c.get(&path).await.status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    path
}

fn widget(c: &Cluster, name: &str, size: i64) -> Value {
    json!({"apiVersion": format!("{}/v1", group(c)), "kind": "Widget", "metadata": {"name": name}, "spec": {"size": size}})
}

async fn undefine(c: &Cluster) -> Reply {
    let path = format!("{DEFINITIONS}/widgets.{}", group(c));
    c.delete(&path, Value::Null).await
}

async fn defined_and_gone(c: &Cluster) {
    let path = define(c).await;
    let made = c.post(&path, &widget(c, "a", 3)).await.ok();
    assert_eq!(made["metadata"]["generation"], 1);
    c.post(&path, &widget(c, "b", 4)).await.ok();
    let list = c.get(&path).await.ok();
    assert_eq!(list["kind"], "WidgetList");
    assert_eq!(names(&list), ["a", "b"]);
    let page = c.get(&format!("{path}?limit=1")).await.ok();
    assert_eq!(names(&page), ["a"]);
    let token = text(&page["metadata"]["continue"]);
    let page = c
        .get(&format!("{path}?limit=1&continue={token}"))
        .await
        .ok();
    assert_eq!(names(&page), ["b"]);
    let ready = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}, "spec": {"size": 9}});
    let patched = c
        .patch("merge", &format!("{path}/a/status"), &ready)
        .await
        .ok();
    assert_eq!(
        patched["spec"]["size"], 3,
        "a status is all that it changes"
    );
    let patched = c
        .patch("merge", &format!("{path}/a"), &json!({"spec": {"size": 5}}))
        .await
        .ok();
    assert_eq!(patched["metadata"]["generation"], 2);
    assert_eq!(patched["status"]["conditions"][0]["type"], "Ready");
    undefine(c).await.ok();
    for _ in 0..200 {
        if c.get(&path).await.status == 404 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it is served still");
}

async fn as_a_table(c: &Cluster) {
    let path = define(c).await;
    c.post(&path, &widget(c, "a", 3)).await.ok();
    let ready = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    c.patch("merge", &format!("{path}/a/status"), &ready)
        .await
        .ok();
    c.post(&path, &widget(c, "b", 4)).await.ok();
    let table = c.get_as(&path, TABLE).await.ok();
    assert_eq!(table["kind"], "Table");
    let columns: Vec<String> = table["columnDefinitions"]
        .as_array()
        .expect("columns")
        .iter()
        .map(|column| format!("{}:{}", text(&column["name"]), text(&column["type"])))
        .collect();
    assert_eq!(
        columns,
        ["Name:string", "Size:integer", "Ready:string", "Age:date"]
    );
    let cells = |row: usize| table["rows"][row]["cells"].clone();
    assert_eq!(
        (&cells(0)[0], &cells(0)[1], &cells(0)[2]),
        (&json!("a"), &json!(3), &json!("True"))
    );
    assert_eq!(cells(1)[2], Value::Null, "what it lacks");
    let definitions = c.get_as(DEFINITIONS, TABLE).await.ok();
    let columns: Vec<String> = definitions["columnDefinitions"]
        .as_array()
        .expect("columns")
        .iter()
        .map(|column| text(&column["name"]))
        .collect();
    assert_eq!(
        columns,
        [
            "Name",
            "Scope",
            "Versions",
            "Created At",
            "Group",
            "Kind",
            "ShortNames",
            "Established"
        ]
    );
    undefine(c).await.ok();
}

async fn in_discovery(c: &Cluster) {
    define(c).await;
    let (group, group_version) = (group(c), format!("{}/v1", group(c)));
    let groups = c.get("/apis").await.ok();
    let found = groups["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .any(|g| g["name"] == group);
    assert!(found, "{groups}");
    let list = c.get(&format!("/apis/{group_version}")).await.ok();
    let one = &list["resources"][0];
    assert_eq!(one["name"], "widgets");
    assert_eq!(one["singularName"], "widget");
    assert_eq!(one["shortNames"], json!(["wd"]));
    assert_eq!(one["categories"], json!(["tools"]));
    assert_eq!(list["resources"][1]["name"], "widgets/status");
    let accept =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    for _ in 0..200 {
        let all = c.get_as("/apis", accept).await.ok();
        let items = all["items"].as_array().cloned().unwrap_or_default();
        if let Some(one) = items.iter().find(|i| i["metadata"]["name"] == group) {
            let resource = &one["versions"][0]["resources"][0];
            assert_eq!(resource["resource"], "widgets");
            assert_eq!(resource["scope"], "Namespaced");
            assert_eq!(
                resource["responseKind"],
                json!({"group": group, "version": "v1", "kind": "Widget"})
            );
            assert_eq!(resource["shortNames"], json!(["wd"]));
            undefine(c).await.ok();
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("not in the aggregated discovery");
}

async fn what_they_do_not_take(c: &Cluster) {
    let path = define(c).await;
    c.post(&path, &widget(c, "a", 3)).await.ok();
    let reply = c
        .patch(
            "strategic-merge",
            &format!("{path}/a"),
            &json!({"spec": {"size": 5}}),
        )
        .await;
    assert_eq!(reply.refusal(), (415, "UnsupportedMediaType".into()));
    assert_eq!(
        reply.json()["message"],
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    );
    let reply = c.get_as(&path, "application/vnd.kubernetes.protobuf").await;
    assert_eq!(reply.status, 406);
    let reply = c
        .get_as(
            &path,
            "application/vnd.kubernetes.protobuf,application/json",
        )
        .await;
    assert!(
        reply.content_type.starts_with("application/json"),
        "{}",
        reply.content_type
    );
    let reply = c.get(&format!("{path}/nope")).await;
    assert_eq!(
        reply.json()["message"],
        format!("widgets.{} \"nope\" not found", group(c))
    );
    undefine(c).await.ok();
}

async fn badly_named(c: &Cluster) {
    let mut definition = definition(c);
    definition["metadata"]["name"] = json!(format!("gadgets.{}", group(c)));
    let reply = c.post(DEFINITIONS, &definition).await;
    assert_eq!(reply.refusal(), (422, "Invalid".into()));
}
