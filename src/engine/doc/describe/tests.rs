//! Objects of a real cluster, as they are told to the engine.

use chrono::{TimeZone, Utc};

use super::*;

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
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
    let beside = Beside::from([(
        Part::Events,
        Ok(read(include_str!(
            "../../../../tests/fixtures/describe/events.json"
        ))),
    )]);
    let text = told(
        "Pod",
        &read(include_str!("../../../../tests/fixtures/describe/pod.json")),
        &beside,
    );
    insta::assert_snapshot!(text);
}

#[test]
fn a_node_with_its_pods() {
    let beside = Beside::from([(
        Part::Pods,
        Ok(read(include_str!(
            "../../../../tests/fixtures/describe/pods.json"
        ))),
    )]);
    insta::assert_snapshot!(told(
        "Node",
        &read(include_str!(
            "../../../../tests/fixtures/describe/node.json"
        )),
        &beside
    ));
}

/// Every kind that the wire's fixtures have.
#[test]
fn other_kinds() {
    let text = include_str!("../../../../tests/fixtures/wire/objects.json");
    let objects: Vec<Value> = serde_json::from_str(text).expect("JSON");
    let mut seen = std::collections::BTreeSet::new();
    let mut all = String::new();
    for object in objects {
        let kind = object["kind"].as_str().expect("a kind").to_owned();
        if matches!(kind.as_str(), "Pod" | "Node") || !seen.insert(kind.clone()) {
            continue;
        }
        let beside = Beside::from([(Part::Events, Ok(Value::Null))]);
        all.push_str(&format!("=== {kind}\n{}\n", told(&kind, &object, &beside)));
    }
    // What does harm is taken out before the engine sees it.
    all.retain(|c| c == '\n' || !c.is_control());
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
