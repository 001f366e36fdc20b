//! `meta.k8s.io/v1` Tables: what `kubectl get` prints.
//!
//! Columns and cells follow the real server's printers; a row's object is spliced from stored bytes.

mod columns;
mod core;
mod custom;
mod more;
mod pod;
mod workload;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::accept::Include;
use crate::sim::object::Obj;
use crate::sim::resource::Res;

pub(crate) use columns::columns;

/// `{"kind":"PartialObjectMetadata",…,"metadata":`; the metadata and `}` follow.
pub(crate) const PARTIAL: &[u8] =
    br#"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":"#;

/// One column.
pub(crate) struct Column {
    name: &'static str,
    kind: &'static str,
    wide: bool,
}

/// `"columnDefinitions":[…]` of a resource.
pub(crate) fn definitions(res: Res) -> Value {
    if let Some(custom) = &res.custom {
        return custom::definitions(custom);
    }
    columns(res)
        .iter()
        .map(|c| {
            json!({
                "name": c.name, "type": c.kind,
                "format": if c.name == "Name" { "name" } else { "" },
                "description": "", "priority": u8::from(c.wide),
            })
        })
        .collect()
}

/// Appends one row.
pub(crate) fn row(out: &mut Vec<u8>, now: DateTime<Utc>, obj: &Obj, include: Include) {
    let (cells, completed) = cells(now, obj);
    out.extend_from_slice(br#"{"cells":"#);
    // Writing a Value into memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, &Value::Array(cells));
    if let Some((reason, message)) = completed {
        let condition =
            json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]);
        out.extend_from_slice(br#","conditions":"#);
        let _ = serde_json::to_writer(&mut *out, &condition);
    }
    match include {
        Include::None => out.extend_from_slice(br#","object":null"#),
        Include::Metadata => {
            out.extend_from_slice(br#","object":"#);
            out.extend_from_slice(PARTIAL);
            out.extend_from_slice(&obj.metadata());
            out.push(b'}');
        }
        Include::Object => {
            out.extend_from_slice(br#","object":"#);
            obj.put_body(out);
        }
    }
    out.push(b'}');
}

type Completed = Option<(&'static str, &'static str)>;

fn cells(now: DateTime<Utc>, obj: &Obj) -> (Vec<Value>, Completed) {
    if obj.res.group.is_empty() && obj.res.plural == "pods" {
        return pod::cells(now, obj);
    }
    let value = obj.value();
    if let Some(custom) = &obj.res.custom {
        return (custom::cells(now, custom, &value), None);
    }
    let cells = match (obj.res.group, obj.res.plural) {
        ("apps" | "batch", _) | ("policy", "poddisruptionbudgets") => {
            workload::cells(now, obj.res.plural, &value)
        }
        (_, plural) if more::columns(plural).is_some() => more::cells(now, plural, &value),
        _ => core::cells(now, obj.res.plural, &value),
    };
    (cells, None)
}

/// A string of the object, or what stands for its absence.
fn text_or(value: &Value, none: &str) -> Value {
    match value.as_str() {
        Some(s) if !s.is_empty() => s.into(),
        _ => none.into(),
    }
}

fn age(now: DateTime<Utc>, value: &Value) -> Value {
    super::human::since(now, &value["metadata"]["creationTimestamp"]).into()
}

/// The first three, and how many more there are.
fn first_three(list: &[String], none: &str) -> String {
    match list.len() {
        0 => none.to_owned(),
        1..=3 => list.join(","),
        n => format!("{} + {} more...", list[..3].join(","), n - 3),
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
