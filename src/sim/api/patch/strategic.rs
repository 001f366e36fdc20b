//! Strategic merge patch: lists of objects merge by key, with its directives.

use serde_json::{Map, Value};

/// Merge keys by field. Lists that are not here are replaced whole (taints and tolerations too).
fn merge_key(field: &str, parent: &str) -> Option<&'static str> {
    Some(match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "secrets"
        | "resourceClaims" => "name",
        "ports" if parent == "spec" => "port",
        "ports" => "containerPort",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "hostAliases" | "podIPs" | "hostIPs" => "ip",
        "topologySpreadConstraints" => "topologyKey",
        "conditions" | "addresses" => "type",
        "ownerReferences" => "uid",
        _ => return None,
    })
}

/// Lists of plain values that merge.
fn merges_values(field: &str) -> bool {
    field == "finalizers"
}

/// Applies a patch to an object.
pub(super) fn apply(patch: &Value, target: &mut Value) {
    merge("", patch, target);
}

fn merge(field: &str, patch: &Value, target: &mut Value) {
    let Some(patch) = patch.as_object() else {
        target.clone_from(patch);
        return;
    };
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            *target = Value::Object(plain(patch));
            return;
        }
        Some("delete") => {
            *target = Value::Object(Map::new());
            return;
        }
        _ => {}
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(map) = target.as_object_mut() else {
        return;
    };
    if let Some(keep) = patch.get("$retainKeys").and_then(Value::as_array) {
        map.retain(|key, _| keep.iter().any(|k| k == key));
    }
    for (key, value) in patch.iter().filter(|(key, _)| !key.starts_with('$')) {
        let slot = map.get_mut(key);
        match (value, slot) {
            (Value::Null, _) => {
                map.shift_remove(key);
            }
            (Value::Array(items), slot) => {
                let mut list = slot.and_then(|v| v.as_array().cloned()).unwrap_or_default();
                merge_list(key, field, items, &mut list);
                map.insert(key.clone(), Value::Array(list));
            }
            (_, Some(slot)) => merge(key, value, slot),
            (_, None) => {
                let mut made = Value::Null;
                merge(key, value, &mut made);
                map.insert(key.clone(), made);
            }
        }
    }
    for (key, value) in patch {
        let Some(items) = value.as_array() else {
            continue;
        };
        if let Some(name) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let Some(list) = map.get_mut(name).and_then(Value::as_array_mut) {
                list.retain(|item| !items.contains(item));
            }
        } else if let Some(name) = key.strip_prefix("$setElementOrder/") {
            let by = merge_key(name, field);
            if let Some(list) = map.get_mut(name).and_then(Value::as_array_mut) {
                let place = |item: &Value| {
                    let wanted = |order: &Value| match by {
                        Some(by) => order[by] == item[by],
                        None => order == item,
                    };
                    items.iter().position(wanted).unwrap_or(items.len())
                };
                list.sort_by_key(place);
            }
        }
    }
}

fn merge_list(field: &str, parent: &str, items: &[Value], list: &mut Vec<Value>) {
    let replaced = items.iter().any(|item| item["$patch"] == "replace");
    let Some(key) = merge_key(field, parent).filter(|_| !replaced) else {
        if merges_values(field) {
            for item in items {
                if !list.contains(item) {
                    list.push(item.clone());
                }
            }
        } else {
            *list = items
                .iter()
                .filter(|item| item["$patch"] != "replace")
                .map(|item| {
                    item.as_object()
                        .map_or_else(|| item.clone(), |m| Value::Object(plain(m)))
                })
                .collect();
        }
        return;
    };
    for item in items {
        let place = list.iter().position(|old| old[key] == item[key]);
        match (item["$patch"].as_str(), place) {
            (Some("delete"), Some(at)) => {
                list.remove(at);
            }
            (Some("delete"), None) => {}
            (_, Some(at)) => merge(field, item, &mut list[at]),
            (_, None) => {
                let mut made = Value::Null;
                merge(field, item, &mut made);
                list.push(made);
            }
        }
    }
}

/// Without directives.
fn plain(map: &Map<String, Value>) -> Map<String, Value> {
    map.iter()
        .filter(|(k, _)| !k.starts_with('$'))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cases() {
        for (before, patch, after) in [
            (
                json!({"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b"}]}}),
                json!({"spec": {"containers": [{"name": "a", "image": "2"}, {"name": "c"}]}}),
                json!({"spec": {"containers": [{"name": "a", "image": "2"}, {"name": "b"}, {"name": "c"}]}}),
            ),
            (
                json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}),
                json!({"spec": {"containers": [{"name": "a", "$patch": "delete"}]}}),
                json!({"spec": {"containers": [{"name": "b"}]}}),
            ),
            (
                json!({"spec": {"taints": [{"key": "a"}]}}),
                json!({"spec": {"taints": [{"key": "b"}], "unschedulable": true}}),
                json!({"spec": {"taints": [{"key": "b"}], "unschedulable": true}}),
            ),
            (
                json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
                json!({"status": {"$setElementOrder/conditions": [{"type": "New"}, {"type": "Ready"}],
                    "conditions": [{"type": "New", "status": "True"}]}}),
                json!({"status": {"conditions": [{"type": "New", "status": "True"}, {"type": "Ready", "status": "True"}]}}),
            ),
            (
                json!({"metadata": {"labels": {"a": "1"}, "finalizers": ["x", "y"]}}),
                json!({"metadata": {"labels": {"a": null, "b": "2"}, "$deleteFromPrimitiveList/finalizers": ["x"], "finalizers": ["z"]}}),
                json!({"metadata": {"labels": {"b": "2"}, "finalizers": ["y", "z"]}}),
            ),
            (
                json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}}}),
                json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
                json!({"spec": {"strategy": {"type": "Recreate"}}}),
            ),
            (
                json!({"spec": {"ports": [{"port": 80, "name": "a"}]}}),
                json!({"spec": {"ports": [{"port": 80, "targetPort": 8080}]}}),
                json!({"spec": {"ports": [{"port": 80, "name": "a", "targetPort": 8080}]}}),
            ),
        ] {
            let mut value = before;
            apply(&patch, &mut value);
            assert_eq!(value, after, "{patch}");
        }
    }
}
