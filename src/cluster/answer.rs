//! What an answer becomes before the engine sees it.
//!
//! Here, because it is heavy for large answers, and because what the engine is told may end in a recording:
//! no secret value is told but one that was asked for by name.

use serde_json::{Map, Value, json};

use super::harmless;
use super::mask::hide;
use crate::engine::Accept;

/// Turns a body into the form that was asked for.
pub(crate) fn turn(form: &Accept, mut value: Value) -> Value {
    match form {
        Accept::Json | Accept::Metadata | Accept::Metric(_) => value,
        Accept::Shown => {
            tame(&mut value);
            hide(&mut value);
            value
        }
        Accept::Table => table(value),
        Accept::Discovery => {
            tame(&mut value);
            value
        }
        Accept::Hidden(pointer) => hidden(&value, pointer),
    }
}

/// Makes every text of it harmless, keys too.
fn tame(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let std::borrow::Cow::Owned(clean) = harmless::block(text) {
                *text = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tame),
        Value::Object(fields) => {
            if fields
                .keys()
                .any(|key| harmless::plain(key) != key.as_str())
            {
                *fields = std::mem::take(fields)
                    .into_iter()
                    .map(|(key, value)| (harmless::plain(&key).into_owned(), value))
                    .collect();
            }
            fields.values_mut().for_each(tame);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// One text that is hidden elsewhere; null when there is none at that place.
fn hidden(value: &Value, pointer: &str) -> Value {
    let Some(text) = value.pointer(pointer).and_then(Value::as_str) else {
        return Value::Null;
    };
    let encoded = value["kind"] == "Secret" && pointer.starts_with("/data/");
    let decoded = encoded
        .then(|| serde_json::from_value::<k8s_openapi::ByteString>(text.into()).ok())
        .flatten()
        .and_then(|bytes| String::from_utf8(bytes.0).ok());
    // What is no text stays as the server wrote it.
    let text = decoded.as_deref().unwrap_or(text);
    Value::String(harmless::block(text).into_owned())
}

/// A Table, slimmed. A list of objects becomes one of names and times.
fn table(value: Value) -> Value {
    let Value::Object(mut fields) = value else {
        return Value::Null;
    };
    let metadata = fields.remove("metadata").unwrap_or_default();
    let is_table = fields.contains_key("columnDefinitions");
    let (columns, rows) = if is_table {
        (
            of(&mut fields, "columnDefinitions"),
            of(&mut fields, "rows"),
        )
    } else {
        let columns =
            json!([{"name": "Name", "type": "string"}, {"name": "Created At", "type": "date"}]);
        let Value::Array(columns) = columns else {
            return Value::Null;
        };
        (columns, of(&mut fields, "items"))
    };
    let columns: Vec<Value> = columns
        .iter()
        .map(|c| {
            json!({
                "name": text(&c["name"]),
                "type": text(&c["type"]),
                "priority": c["priority"].as_i64().unwrap_or(0),
            })
        })
        .collect();
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let object = if is_table { &row["object"] } else { row };
            let meta = &object["metadata"];
            let cells: Vec<Value> = match row["cells"].as_array() {
                Some(cells) => cells.iter().map(|c| cell(c).into()).collect(),
                None => vec![
                    text(&meta["name"]).into(),
                    text(&meta["creationTimestamp"]).into(),
                ],
            };
            json!({
                "cells": cells,
                "name": text(&meta["name"]),
                "namespace": text(&meta["namespace"]),
                "uid": text(&meta["uid"]),
            })
        })
        .collect();
    json!({
        "columns": columns,
        "rows": rows,
        "continue": metadata["continue"].as_str().unwrap_or_default(),
        "left": metadata["remainingItemCount"],
    })
}

fn of(fields: &mut Map<String, Value>, name: &str) -> Vec<Value> {
    match fields.remove(name) {
        Some(Value::Array(items)) => items,
        Some(_) | None => Vec::new(),
    }
}

fn text(value: &Value) -> String {
    harmless::plain(value.as_str().unwrap_or_default()).into_owned()
}

/// A cell as kubectl prints it.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(_) => text(value),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => harmless::plain(&value.to_string()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_slimmed() {
        let served = json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": "7", "continue": "abc", "remainingItemCount": 3},
            "columnDefinitions": [
                {"name": "Name", "type": "string", "format": "name", "description": "long", "priority": 0},
                {"name": "Data", "type": "integer", "format": "", "description": "", "priority": 1},
            ],
            "rows": [{
                "cells": ["a\u{1b}[31m", 3, null, true],
                "object": {"kind": "PartialObjectMetadata", "metadata": {
                    "name": "a", "namespace": "ci", "uid": "u-1", "managedFields": [{"manager": "x"}]}},
            }],
        });
        assert_eq!(
            turn(&Accept::Table, served),
            json!({
                "columns": [
                    {"name": "Name", "type": "string", "priority": 0},
                    {"name": "Data", "type": "integer", "priority": 1},
                ],
                "rows": [{"cells": ["a", "3", "", "true"], "name": "a", "namespace": "ci", "uid": "u-1"}],
                "continue": "abc", "left": 3,
            })
        );
    }

    #[test]
    fn a_list_is_a_table_of_names() {
        let served = json!({"kind": "WidgetList", "metadata": {}, "items": [
            {"metadata": {"name": "w", "creationTimestamp": "2026-01-01T00:00:00Z"}}]});
        let table = turn(&Accept::Table, served);
        assert_eq!(
            table["rows"][0]["cells"],
            json!(["w", "2026-01-01T00:00:00Z"])
        );
        assert_eq!(
            (&table["continue"], &table["left"]),
            (&json!(""), &Value::Null)
        );
    }

    #[test]
    fn a_hidden_value_is_told_when_asked_for() {
        let secret = json!({"kind": "Secret", "data": {"a/b": "aGk=", "raw": "/w=="}});
        let of = |pointer: &str| turn(&Accept::Hidden(pointer.into()), secret.clone());
        assert_eq!(of("/data/a~1b"), json!("hi"));
        assert_eq!(of("/data/raw"), json!("/w=="));
        assert_eq!(of("/data/none"), Value::Null);
    }

    #[test]
    fn what_is_shown_is_harmless() {
        let value = json!({"a\u{1b}[2J": ["x\u{1b}]0;t\u{7}\n\ty\r"], "n": 1});
        assert_eq!(
            turn(&Accept::Shown, value),
            json!({"a": ["x\n\ty"], "n": 1})
        );
    }
}
