//! Field selectors: the fields that the real server selects by, resource by resource.

use serde_json::Value;

use crate::sim::object::Obj;
use crate::sim::resource::Res;

/// Requirements, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    field: String,
    value: String,
    equal: bool,
}

/// What a resource can be selected by beside name and namespace.
fn supported(res: Res) -> &'static [&'static str] {
    match (res.group, res.plural) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "namespaces") => &["status.phase"],
        ("", "secrets") => &["type"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("batch", "jobs") => &["status.successful"],
        ("apps", "replicasets") => &["status.replicas"],
        _ => &[],
    }
}

impl Fields {
    /// Reads `a=b,c!=d`.
    ///
    /// # Errors
    /// What is wrong: an unknown field, or a term that is none.
    pub(crate) fn parse(res: Res, text: &str) -> Result<Fields, String> {
        let mut all = Vec::new();
        for term in text.split(',').filter(|t| !t.is_empty()) {
            let (field, value, equal) = if let Some((f, v)) = term.split_once("!=") {
                (f, v, false)
            } else if let Some((f, v)) = term.split_once("==").or_else(|| term.split_once('=')) {
                (f, v, true)
            } else {
                return Err(format!(
                    "invalid selector: '{text}'; can't understand '{term}'"
                ));
            };
            let common = matches!(field, "metadata.name" | "metadata.namespace");
            if !common && !supported(res).contains(&field) {
                return Err(if supported(res).is_empty() {
                    format!(
                        "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                    )
                } else {
                    format!("field label not supported: {field}")
                });
            }
            all.push(Requirement {
                field: field.to_owned(),
                value: value.to_owned(),
                equal,
            });
        }
        Ok(Fields(all))
    }

    /// Adds `metadata.name=name`.
    pub(crate) fn require_name(&mut self, name: &str) {
        self.0.push(Requirement {
            field: "metadata.name".to_owned(),
            value: name.to_owned(),
            equal: true,
        });
    }

    /// Whether there is no requirement.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all requirements hold. Parses the object only for a field that it does not carry.
    pub(crate) fn matches(&self, obj: &Obj) -> bool {
        let mut parsed: Option<Value> = None;
        self.0.iter().all(|r| {
            let equal = match r.field.as_str() {
                "metadata.name" => *obj.name == *r.value,
                "metadata.namespace" => *obj.namespace == *r.value,
                "spec.nodeName" => *obj.node == *r.value,
                "status.phase" => *obj.phase == *r.value,
                field => read(parsed.get_or_insert_with(|| obj.value()), field) == r.value,
            };
            equal == r.equal
        })
    }
}

/// The field as the server turns it into a string.
fn read(value: &Value, field: &str) -> String {
    match field {
        "source" => {
            let source = text(&value["source"]["component"]);
            if source.is_empty() {
                text(&value["reportingComponent"])
            } else {
                source
            }
        }
        "spec.unschedulable" | "spec.hostNetwork" => {
            (value.pointer(&pointer(field)) == Some(&Value::Bool(true))).to_string()
        }
        "status.successful" => value["status"]["succeeded"]
            .as_i64()
            .unwrap_or(0)
            .to_string(),
        "status.replicas" => value["status"]["replicas"]
            .as_i64()
            .unwrap_or(0)
            .to_string(),
        _ => value.pointer(&pointer(field)).map(text).unwrap_or_default(),
    }
}

fn pointer(field: &str) -> String {
    format!("/{}", field.replace('.', "/"))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::resource::resource;
    use serde_json::json;

    #[test]
    fn cases() {
        let pod = Obj::new(
            resource("pods"),
            1,
            json!({"metadata": {"name": "p", "namespace": "n"}, "spec": {"nodeName": "p-01",
                "restartPolicy": "Never"}, "status": {"phase": "Running"}}),
        );
        for (selector, wanted) in [
            (
                "spec.nodeName=p-01,status.phase!=Failed,status.phase!=Succeeded",
                true,
            ),
            ("spec.nodeName=p-02", false),
            (
                "metadata.name=p,metadata.namespace=n,spec.restartPolicy==Never",
                true,
            ),
            ("spec.hostNetwork=false,status.podIP=", true),
        ] {
            let fields = Fields::parse(resource("pods"), selector).unwrap();
            assert_eq!(fields.matches(&pod), wanted, "{selector}");
        }
        assert_eq!(
            Fields::parse(resource("pods"), "spec.nope=1"),
            Err("field label not supported: spec.nope".to_owned())
        );
    }
}
