//! Any other kind, field by field: what stands beside `metadata`, nested as it is, without YAML's signs.

use serde_json::Value;

use super::meta;
use super::writer::{Pair, Writer, fields, items, text, value, words};

/// Nested deeper than this it is written in one line.
const DEEPEST: u16 = 5;

pub(super) fn describe(w: &mut Writer, object: &Value) {
    let mut loose: Vec<Option<Pair>> = Vec::new();
    for (key, v) in fields(object) {
        if !matches!(key.as_str(), "apiVersion" | "kind" | "metadata") && simple(v) && !empty(v) {
            loose.push(Some((words(key), value(said(w, v)))));
        }
    }
    if !loose.is_empty() {
        w.pairs(1, loose);
    }
    for (key, v) in fields(object) {
        if matches!(key.as_str(), "apiVersion" | "kind" | "metadata") || simple(v) || empty(v) {
            continue;
        }
        let title = words(key);
        let mut chars = title.chars();
        let title: String = chars
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .chain(chars)
            .collect();
        w.section(&title);
        if key == "status" {
            let mut status = v.clone();
            let conditions = status.as_object_mut().and_then(|s| s.remove("conditions"));
            nested(w, 1, &status);
            if let Some(conditions) = conditions {
                meta::conditions(w, &conditions, |kind| !bad(kind));
            }
        } else {
            nested(w, 1, v);
        }
    }
}

/// Whether a condition of this type is bad news when it holds.
fn bad(kind: &str) -> bool {
    [
        "Pressure",
        "Failed",
        "Failure",
        "Degraded",
        "Stalled",
        "Unavailable",
        "Suspended",
        "Violation",
    ]
    .iter()
    .any(|word| kind.contains(word))
}

/// Nothing that is worth a line.
fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Times with how long ago they are.
fn said(w: &Writer, value: &Value) -> String {
    let when = w.when(value);
    if when.is_empty() { text(value) } else { when }
}

/// In a line of its own without being hard to read.
fn simple(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.contains('\n'),
        Value::Array(items) => {
            items
                .iter()
                .all(|item| !item.is_object() && !item.is_array() && simple(item))
                && text(value).chars().count() < 100
        }
        Value::Object(fields) => fields.is_empty(),
    }
}

/// Fields and items, each level two cells further in.
pub(super) fn nested(w: &mut Writer, depth: u16, v: &Value) {
    match v {
        Value::Object(_) => {
            let flat: Vec<Option<Pair>> = fields(v)
                .filter(|(_, v)| simple(v) && !empty(v))
                .map(|(key, v)| Some((words_or(key), value(said(w, v)))))
                .collect();
            w.pairs(depth, flat);
            for (key, v) in fields(v).filter(|(_, v)| !simple(v) && !empty(v)) {
                w.pairs(depth, [Some((words_or(key), Vec::new()))]);
                deeper(w, depth + 1, v);
            }
        }
        Value::Array(list) => {
            for (at, item) in list.iter().enumerate() {
                if simple(item) {
                    w.line(depth, value(text(item)));
                    continue;
                }
                let mut item = item.clone();
                let name = item
                    .as_object_mut()
                    .and_then(|fields| fields.shift_remove("name"));
                let name = name.as_ref().and_then(Value::as_str);
                let name = name.map_or_else(|| format!("#{}", at + 1), str::to_owned);
                w.pairs(depth, [Some((name, Vec::new()))]);
                deeper(w, depth + 1, &item);
            }
        }
        Value::String(text) => {
            for line in text.lines() {
                w.line(depth, value(line.to_owned()));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => w.line(depth, value(text(v))),
    }
}

fn deeper(w: &mut Writer, depth: u16, v: &Value) {
    if depth > DEEPEST && items(v).is_empty() {
        w.line(depth, value(text(v)));
    } else {
        nested(w, depth, v);
    }
}

/// Names of our own making (`data` of a ConfigMap, labels) stay as they are; API fields are words.
fn words_or(key: &str) -> String {
    let field = key.chars().all(char::is_alphanumeric) && key.starts_with(char::is_lowercase);
    if field { words(key) } else { key.to_owned() }
}
