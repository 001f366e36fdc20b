//! Objects of a real cluster, as they are told to the engine.

use chrono::{TimeZone, Utc};

use super::*;
use crate::cluster::answer;
use crate::engine::Accept;

fn fixture(name: &str) -> Value {
    let path = format!(
        "{}/tests/fixtures/describe/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).expect("a fixture");
    answer::turn(&Accept::Shown, serde_json::from_str(&text).expect("JSON"))
}

fn told(kind: &str, object: &Value, beside: &Beside) -> String {
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 16, 20, 0).unwrap();
    describe(kind, object, beside, now)
        .iter()
        .map(|line| format!("{}\n", line.text().trim_end()))
        .collect()
}

#[test]
fn a_pod_that_crashes() {
    let beside = Beside::from([(Part::Events, Ok(fixture("events")))]);
    let text = told("Pod", &fixture("pod"), &beside);
    for secret in ["s3cr3t", "hunter2"] {
        assert!(!text.contains(secret), "{secret}");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_node_with_its_pods() {
    let beside = Beside::from([(Part::Pods, Ok(fixture("pods")))]);
    insta::assert_snapshot!(told("Node", &fixture("node"), &beside));
}

/// Every kind that the wire's fixtures have.
#[test]
fn other_kinds() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/wire/objects.json"
    );
    let text = std::fs::read_to_string(path).expect("a fixture");
    let objects: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let mut seen = std::collections::BTreeSet::new();
    let mut all = String::new();
    for object in objects {
        let kind = object["kind"].as_str().expect("a kind").to_owned();
        if matches!(kind.as_str(), "Pod" | "Node") || !seen.insert(kind.clone()) {
            continue;
        }
        let beside = Beside::from([(Part::Events, Ok(Value::Null))]);
        let object = answer::turn(&Accept::Shown, object);
        all.push_str(&format!("=== {kind}\n{}\n", told(&kind, &object, &beside)));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn what_could_not_be_read_is_said() {
    let denied = Failure::Denied("list events for user dev in ns ci".into());
    let beside = Beside::from([(Part::Events, Err(denied))]);
    let object = serde_json::json!({"kind": "Widget", "apiVersion": "example.com/v1", "metadata": {"name": "w"},
        "spec": {"size": 3, "parts": [{"name": "a", "n": 1}], "note": "one\ntwo"}, "status": {"conditions": [
        {"type": "Ready", "status": "False", "reason": "NoParts", "message": "two lines\nof it", "lastTransitionTime": "2026-11-23T16:10:00Z"}]}});
    insta::assert_snapshot!(told("Widget", &object, &beside));
}
