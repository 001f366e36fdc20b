//! The shape of objects: what must be an object or a list for anybody to work with it.
//!
//! The real server decodes into Go structs and refuses the rest; here the fields that the server and
//! the actors go into are checked, so that they can rely on them.

use serde_json::Value;

use crate::sim::resource::Res;
use crate::sim::status::Status;

/// These are objects, or not there.
const OBJECTS: &[&str] = &[
    "/metadata",
    "/metadata/labels",
    "/metadata/annotations",
    "/spec",
    "/spec/selector",
    "/spec/strategy",
    "/spec/nodeSelector",
    "/spec/template",
    "/spec/template/metadata",
    "/spec/template/metadata/labels",
    "/spec/template/spec",
    "/spec/jobTemplate",
    "/spec/jobTemplate/spec",
    "/spec/jobTemplate/spec/template",
    "/spec/jobTemplate/spec/template/spec",
    "/status",
    "/status/disruptedPods",
    "/status/loadBalancer",
    "/data",
];

/// These are lists of objects, or not there.
const LISTS: &[&str] = &[
    "/metadata/ownerReferences",
    "/spec/containers",
    "/spec/initContainers",
    "/spec/ephemeralContainers",
    "/spec/versions",
    "/spec/volumeClaimTemplates",
    "/spec/template/spec/containers",
    "/spec/template/spec/initContainers",
    "/spec/jobTemplate/spec/template/spec/containers",
    "/spec/jobTemplate/spec/template/spec/initContainers",
    "/spec/ports",
    "/spec/taints",
    "/spec/tolerations",
    "/spec/rules",
    "/status/conditions",
    "/status/addresses",
    "/status/containerStatuses",
    "/status/initContainerStatuses",
    "/endpoints",
    "/subsets",
];

/// Checks them.
///
/// # Errors
/// 400 that names the field.
pub(crate) fn check(res: Res, value: &Value) -> Result<(), Status> {
    if !value.is_object() {
        return Err(wrong(res, "", value));
    }
    for path in OBJECTS {
        match value.pointer(path) {
            None | Some(Value::Null | Value::Object(_)) => {}
            Some(other) => return Err(wrong(res, path, other)),
        }
    }
    for path in LISTS {
        match value.pointer(path) {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) if items.iter().all(Value::is_object) => {}
            Some(other) => return Err(wrong(res, path, other)),
        }
    }
    for path in ["/metadata/labels", "/metadata/annotations"] {
        let entries = value
            .pointer(path)
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        if let Some((_, other)) = entries.into_iter().find(|(_, v)| !v.is_string()) {
            return Err(wrong(res, path, other));
        }
    }
    match value.pointer("/metadata/finalizers") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => Ok(()),
        Some(other) => Err(wrong(res, "/metadata/finalizers", other)),
    }
}

fn wrong(res: Res, path: &str, found: &Value) -> Status {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let field = path.trim_start_matches('/').replace('/', ".");
    Status::bad_request(format!(
        "{kind} in version \"{version}\" cannot be handled as a {kind}: json: cannot unmarshal {found} into Go struct field {kind}.{field}",
        kind = res.kind,
        version = res.version,
    ))
}
