//! Rows of custom resources, by the columns of their definition.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::sim::api::human;
use crate::sim::custom::{Custom, lookup};

/// `columnDefinitions`: the name, and what the definition adds.
pub(super) fn definitions(custom: &Custom) -> Value {
    let name = json!({"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0});
    let more = custom.columns.iter().map(|c| {
        json!({"name": c.name, "type": c.kind, "format": "", "description": c.description, "priority": c.priority})
    });
    std::iter::once(name).chain(more).collect()
}

/// The cells of one object; what it lacks is null.
pub(super) fn cells(now: DateTime<Utc>, custom: &Custom, value: &Value) -> Vec<Value> {
    let cell = |column: &crate::sim::custom::Printer| {
        let found = lookup(value, &column.path);
        match (column.kind.as_str(), found) {
            (_, None | Some(Value::Null)) => Value::Null,
            ("date", Some(at)) => human::since(now, at).into(),
            ("string", Some(Value::String(text))) => text.as_str().into(),
            ("string", Some(other)) => other.to_string().into(),
            ("integer" | "number", Some(n)) if n.is_number() => n.clone(),
            ("boolean", Some(Value::Bool(b))) => (*b).into(),
            _ => Value::Null,
        }
    };
    let name = value["metadata"]["name"].clone();
    std::iter::once(name)
        .chain(custom.columns.iter().map(cell))
        .collect()
}
