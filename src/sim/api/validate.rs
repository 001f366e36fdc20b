//! The validation that clients meet: names, what must be there, what may not change.

use serde_json::Value;

use crate::sim::resource::Res;
use crate::sim::status::Status;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/// Checks a new object.
///
/// # Errors
/// 422 for the first thing that is wrong.
pub(crate) fn create(res: Res, value: &Value) -> Result<(), Status> {
    let meta = &value["metadata"];
    let text = |field: &str| meta[field].as_str().unwrap_or_default();
    let (name, prefix) = (text("name"), text("generateName"));
    if name.is_empty() && prefix.is_empty() {
        return Err(Status::invalid(
            res,
            "",
            "metadata.name",
            "FieldValueRequired",
            "Required value: name or generateName is required",
        ));
    }
    let (field, tried) = if name.is_empty() {
        ("metadata.generateName", prefix)
    } else {
        ("metadata.name", name)
    };
    // A prefix may end as a name may not.
    let checked = if name.is_empty() {
        format!("{prefix}x")
    } else {
        name.to_owned()
    };
    if let Some(why) = bad_name(res, &checked) {
        let message = format!("Invalid value: \"{tried}\": {why}");
        return Err(Status::invalid(
            res,
            name,
            field,
            "FieldValueInvalid",
            &message,
        ));
    }
    if res.plural == "pods" {
        pod(res, name, value)?;
    }
    if res.kind == "CustomResourceDefinition" {
        let names = [&value["spec"]["names"]["plural"], &value["spec"]["group"]];
        let wanted = names.map(|n| n.as_str().unwrap_or_default()).join(".");
        if wanted != name {
            let why =
                format!("Invalid value: {name:?}: must be spec.names.plural+\".\"+spec.group");
            let field = "metadata.name";
            return Err(Status::invalid(res, name, field, "FieldValueInvalid", &why));
        }
        if crate::sim::custom::resource_of(value).is_none() {
            let (field, why) = (
                "spec.versions",
                "must have exactly one version marked as storage version",
            );
            return Err(Status::invalid(
                res,
                name,
                field,
                "FieldValueInvalid",
                &format!("Invalid value: {why}"),
            ));
        }
    }
    if res.group == "apps" && res.plural != "controllerrevisions" {
        selector_fits(res, name, &value["spec"])?;
    }
    Ok(())
}

fn bad_name(res: Res, name: &str) -> Option<String> {
    let label = matches!(res.plural, "namespaces" | "services");
    let longest = if label { 63 } else { 253 };
    if name.len() > longest {
        return Some(format!("must be no more than {longest} bytes"));
    }
    let fits = |part: &str| {
        let edge =
            |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        part.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && edge(part.chars().next())
            && edge(part.chars().last())
    };
    let fine = if label {
        fits(name)
    } else {
        name.split('.').all(fits)
    };
    (!fine).then(|| if label { LABEL } else { SUBDOMAIN }.to_owned())
}

fn pod(res: Res, name: &str, value: &Value) -> Result<(), Status> {
    let containers = value["spec"]["containers"].as_array();
    if containers.is_none_or(Vec::is_empty) {
        return Err(Status::invalid(
            res,
            name,
            "spec.containers",
            "FieldValueRequired",
            "Required value",
        ));
    }
    for (i, container) in containers.into_iter().flatten().enumerate() {
        for field in ["name", "image"] {
            if container[field].as_str().unwrap_or_default().is_empty() {
                let path = format!("spec.containers[{i}].{field}");
                return Err(Status::invalid(
                    res,
                    name,
                    &path,
                    "FieldValueRequired",
                    "Required value",
                ));
            }
        }
    }
    Ok(())
}

/// A workload's selector must match its own template.
fn selector_fits(res: Res, name: &str, spec: &Value) -> Result<(), Status> {
    let labels = &spec["template"]["metadata"]["labels"];
    let selector = super::select::Labels::of_object(&spec["selector"]);
    match selector {
        Some(selector) if selector.is_empty() => Err(Status::invalid(
            res,
            name,
            "spec.selector",
            "FieldValueRequired",
            "Required value",
        )),
        Some(selector) if selector.matches(|key| labels[key].as_str()) => Ok(()),
        _ => {
            let why =
                format!("Invalid value: {labels}: `selector` does not match template `labels`");
            Err(Status::invalid(
                res,
                name,
                "spec.template.metadata.labels",
                "FieldValueInvalid",
                &why,
            ))
        }
    }
}

/// Checks a new state of an object against the one before.
///
/// # Errors
/// 422 for a field that may not change.
pub(crate) fn update(res: Res, name: &str, before: &Value, after: &Value) -> Result<(), Status> {
    let immutable = |field: &str| {
        let shown = after
            .pointer(&format!("/{}", field.replace('.', "/")))
            .cloned()
            .unwrap_or_default();
        Status::invalid(
            res,
            name,
            field,
            "FieldValueInvalid",
            &format!("Invalid value: {shown}: field is immutable"),
        )
    };
    match (res.group, res.plural) {
        // Its debug containers have been checked already.
        ("", "pods") if fixed_part(before) != fixed_part(after) => Err(pod_is_fixed(res, name)),
        ("apps", "deployments" | "replicasets" | "daemonsets" | "statefulsets")
            if before["spec"]["selector"] != after["spec"]["selector"] =>
        {
            Err(immutable("spec.selector"))
        }
        ("batch", "jobs") if before["spec"]["template"] != after["spec"]["template"] => {
            Err(immutable("spec.template"))
        }
        ("", "configmaps" | "secrets")
            if before["immutable"] == true && before["data"] != after["data"] =>
        {
            Err(Status::invalid(
                res,
                name,
                "data",
                "FieldValueForbidden",
                "Forbidden: field is immutable when `immutable` is set",
            ))
        }
        _ => Ok(()),
    }
}

/// 422 for a pod's spec that would change in what cannot.
pub(crate) fn pod_is_fixed(res: Res, name: &str) -> Status {
    Status::invalid(
        res,
        name,
        "spec",
        "FieldValueForbidden",
        "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    )
}

/// A pod's spec without what may change.
fn fixed_part(pod: &Value) -> Value {
    let mut spec = pod["spec"].clone();
    for field in [
        "activeDeadlineSeconds",
        "tolerations",
        "terminationGracePeriodSeconds",
        "ephemeralContainers",
    ] {
        drop(spec.as_object_mut().and_then(|s| s.shift_remove(field)));
    }
    for list in ["containers", "initContainers"] {
        for container in spec
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            drop(
                container
                    .as_object_mut()
                    .and_then(|c| c.shift_remove("image")),
            );
        }
    }
    spec
}
