//! JSON patch (RFC 6902).

use serde_json::Value;

use crate::sim::status::{Details, Status};

/// Applies the operations in order; the target is only right when all of them succeeded.
///
/// # Errors
/// 422 for an operation that fails, a `test` among them; 400 for a patch that is no list.
pub(super) fn apply(patch: &Value, target: &mut Value) -> Result<(), Status> {
    let Some(operations) = patch.as_array() else {
        return Err(Status::bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch",
        ));
    };
    for operation in operations {
        operate(operation, target).ok_or_else(refused)?;
    }
    Ok(())
}

fn refused() -> Status {
    Status::new(
        422,
        "Invalid",
        "the server rejected our request due to an error in our request",
    )
    .with(Details::default())
}

fn operate(operation: &Value, target: &mut Value) -> Option<()> {
    let path = operation["path"].as_str()?;
    match operation["op"].as_str()? {
        "add" => add(target, path, operation.get("value")?.clone()),
        "remove" => remove(target, path).map(drop),
        "replace" => {
            *target.pointer_mut(path)? = operation.get("value")?.clone();
            Some(())
        }
        "test" => {
            let found = target.pointer(path).unwrap_or(&Value::Null);
            (found == operation.get("value").unwrap_or(&Value::Null)).then_some(())
        }
        "move" => {
            let value = remove(target, operation["from"].as_str()?)?;
            add(target, path, value)
        }
        "copy" => {
            let value = target.pointer(operation["from"].as_str()?)?.clone();
            add(target, path, value)
        }
        _ => None,
    }
}

/// The parent of a path, and the last step, unescaped.
fn parent<'a>(target: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((
        target.pointer_mut(parent)?,
        last.replace("~1", "/").replace("~0", "~"),
    ))
}

fn add(target: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *target = value;
        return Some(());
    }
    match parent(target, path)? {
        (Value::Object(map), key) => {
            map.insert(key, value);
        }
        (Value::Array(list), key) => {
            let at = if key == "-" {
                list.len()
            } else {
                key.parse().ok()?
            };
            if at > list.len() {
                return None;
            }
            list.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Value, path: &str) -> Option<Value> {
    match parent(target, path)? {
        (Value::Object(map), key) => map.shift_remove(&key),
        (Value::Array(list), key) => {
            let at: usize = key.parse().ok()?;
            (at < list.len()).then(|| list.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cases() {
        for (before, patch, after) in [
            (
                json!({"a": [1]}),
                json!([{"op": "add", "path": "/a/-", "value": 2}]),
                Some(json!({"a": [1, 2]})),
            ),
            (
                json!({"l": {"x/y": "1"}}),
                json!([{"op": "replace", "path": "/l/x~1y", "value": "2"}]),
                Some(json!({"l": {"x/y": "2"}})),
            ),
            (
                json!({"a": 1}),
                json!([{"op": "test", "path": "/a", "value": 2}]),
                None,
            ),
            (
                json!({"a": 1}),
                json!([{"op": "test", "path": "/a", "value": 1}, {"op": "remove", "path": "/a"}]),
                Some(json!({})),
            ),
            (
                json!({"a": 1}),
                json!([{"op": "remove", "path": "/b"}]),
                None,
            ),
            (
                json!({"a": 1}),
                json!([{"op": "move", "from": "/a", "path": "/b"}]),
                Some(json!({"b": 1})),
            ),
            (
                json!({"a": [1]}),
                json!([{"op": "add", "path": "/a/5", "value": 2}]),
                None,
            ),
        ] {
            let mut value = before;
            let done = apply(&patch, &mut value).map(|()| value);
            assert_eq!(done.ok(), after, "{patch}");
        }
    }
}
