//! `pods/ephemeralcontainers`: debug containers that join a pod; what is there stays as it is.

use serde_json::Value;

use crate::sim::defaults;
use crate::sim::resource::Res;
use crate::sim::status::Status;

/// The pod with the debug containers of `after`; everything else is that of `before`.
///
/// # Errors
/// 422 when one that is there changes or goes, when a name is taken, and for a field that it cannot have.
pub(crate) fn update(res: Res, name: &str, before: &Value, after: &Value) -> Result<Value, Status> {
    let list = |pod: &Value| -> Vec<Value> {
        let all = pod["spec"]["ephemeralContainers"].as_array();
        all.cloned().unwrap_or_default()
    };
    let (old, mut new) = (list(before), list(after));
    for container in &mut new {
        defaults::container(container);
    }
    for container in &old {
        let said = container["name"].as_str().unwrap_or_default();
        let verb = match new.iter().find(|c| c["name"] == container["name"]) {
            None => "removed",
            Some(same) if same != container => "changed",
            Some(_) => continue,
        };
        return Err(Status::invalid(
            res,
            name,
            "spec.ephemeralContainers",
            "FieldValueForbidden",
            &format!("Forbidden: existing ephemeral containers {said:?} may not be {verb}\n"),
        ));
    }
    for (i, container) in new.iter().enumerate().skip(old.len()) {
        let at = |field: &str| format!("spec.ephemeralContainers[{i}].{field}");
        for field in ["name", "image"] {
            if container[field].as_str().unwrap_or_default().is_empty() {
                return Err(Status::invalid(
                    res,
                    name,
                    &at(field),
                    "FieldValueRequired",
                    "Required value",
                ));
            }
        }
        let taken = ["containers", "initContainers"]
            .into_iter()
            .flat_map(|list| before["spec"][list].as_array().into_iter().flatten())
            .chain(&new[..i])
            .any(|c| c["name"] == container["name"]);
        if taken {
            return Err(Status::invalid(
                res,
                name,
                &at("name"),
                "FieldValueDuplicate",
                &format!("Duplicate value: {}", container["name"]),
            ));
        }
        for field in [
            "ports",
            "livenessProbe",
            "readinessProbe",
            "startupProbe",
            "lifecycle",
        ] {
            if !container[field].is_null() {
                return Err(Status::invalid(
                    res,
                    name,
                    &at(field),
                    "FieldValueForbidden",
                    "Forbidden: cannot be set for an Ephemeral Container",
                ));
            }
        }
        let target = container["targetContainerName"]
            .as_str()
            .unwrap_or_default();
        let known = before["spec"]["containers"]
            .as_array()
            .into_iter()
            .flatten();
        if !target.is_empty() && !known.into_iter().any(|c| c["name"] == target) {
            return Err(Status::invalid(
                res,
                name,
                &at("targetContainerName"),
                "FieldValueNotFound",
                &format!("Not found: {target:?}"),
            ));
        }
    }
    let mut value = before.clone();
    if !new.is_empty() {
        value["spec"]["ephemeralContainers"] = new.into();
    }
    Ok(value)
}
