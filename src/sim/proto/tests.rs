use chrono::DateTime;
use serde_json::{Map, Value, json};

use super::schema::{Kind, Many, schema};
use crate::sim::demo::{Demo, DemoOptions};
use crate::sim::resource::RESOURCES;

/// The fields of a value that its message lacks.
fn lost(place: usize, map: &Map<String, Value>, path: &str, out: &mut Vec<String>) {
    for (key, value) in map {
        if path.is_empty() && matches!(key.as_str(), "kind" | "apiVersion") {
            continue;
        }
        let mut places = vec![place];
        let mut found = None;
        while let Some(place) = places.pop() {
            for f in schema().fields(place) {
                match f.kind {
                    Kind::Message(inner) if f.name.is_empty() => places.push(inner),
                    _ if f.name == key => found = Some(f),
                    _ => {}
                }
            }
        }
        let path = format!("{path}.{key}");
        let Some(f) = found else {
            out.push(path);
            continue;
        };
        let Kind::Message(inner) = f.kind else {
            continue;
        };
        let all: Vec<&Value> = match f.many {
            Many::One | Many::Pointer => vec![value],
            Many::List => value.as_array().into_iter().flatten().collect(),
            Many::Map => value
                .as_object()
                .into_iter()
                .flat_map(Map::values)
                .collect(),
        };
        for map in all.into_iter().filter_map(Value::as_object) {
            lost(inner, map, &path, out);
        }
    }
}

#[test]
fn nothing_of_the_demo_is_lost() {
    let now = DateTime::from_timestamp(1_770_000_000, 0).unwrap();
    let demo = Demo::build(
        &DemoOptions {
            nodes: 12,
            ..DemoOptions::default()
        },
        now,
    )
    .unwrap();
    let mut out = Vec::new();
    for res in RESOURCES.iter().filter(|r| r.has_protobuf()) {
        for obj in demo.world.store().list(res, None) {
            let value = obj.value();
            lost(
                schema().place(res.kind).unwrap(),
                value.as_object().unwrap(),
                "",
                &mut out,
            );
            out.dedup();
        }
    }
    assert_eq!(out, [""; 0]);
}

#[test]
fn an_event_by_hand() {
    let raw = super::message(
        "Namespace",
        &json!({"metadata": {"name": "a", "creationTimestamp": "1970-01-01T00:00:01Z"}}),
    );
    // name, generateName, namespace, selfLink, uid, resourceVersion, generation, creationTimestamp.
    let meta = b"\x0a\x01a\x12\0\x1a\0\x22\0\x2a\0\x32\0\x38\0\x42\x04\x08\x01\x10\0";
    let wanted = [&b"\x0a\x15"[..], meta, b"\x12\0\x1a\x02\x0a\0"].concat();
    assert_eq!(raw, wanted);
    let mut frame = Vec::new();
    super::event(
        &mut frame,
        "ADDED",
        &super::envelope("v1", "Namespace", &raw),
    );
    let unknown = [
        &b"k8s\0\x0a\x0f\x0a\x02v1\x12\x09Namespace\x12\x1d"[..],
        &wanted,
        &b"\x1a\0\x22\0"[..],
    ]
    .concat();
    let len = unknown.len() as u8;
    let event = [&b"\x0a\x05ADDED\x12"[..], &[len + 2, 0x0a, len], &unknown].concat();
    assert_eq!(frame, [&[0, 0, 0, event.len() as u8][..], &event].concat());
}
