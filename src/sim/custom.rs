//! Custom resources: what a CustomResourceDefinition makes the server serve beside its table.

use std::sync::{PoisonError, RwLock};

use serde_json::{Value, json};

use super::resource::{ALL, RESOURCES, Res, Resource};

/// What a custom resource has beside the others' fields.
#[derive(Debug, PartialEq, Eq)]
pub struct Custom {
    /// Its place behind the table's resources.
    pub(crate) number: usize,
    /// The columns of its Table behind the name.
    pub(crate) columns: Vec<Printer>,
}

/// One of `additionalPrinterColumns`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Printer {
    pub(crate) name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub(crate) kind: String,
    pub(crate) path: String,
    pub(crate) description: String,
    pub(crate) priority: i64,
}

/// Every definition that was ever seen: a resource is compared by its address, so the same one must have the same.
static SEEN: RwLock<Vec<Res>> = RwLock::new(Vec::new());

/// The resource of a definition, in its stored version; none for one that says too little.
pub(crate) fn resource_of(definition: &Value) -> Option<Res> {
    let spec = &definition["spec"];
    let names = &spec["names"];
    let all = spec["versions"].as_array()?;
    let version = all
        .iter()
        .find(|v| v["storage"] == true && v["served"] == true)
        .or_else(|| all.iter().find(|v| v["served"] == true))?;
    let text = |v: &Value| v.as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    let texts = |v: &Value| -> Vec<String> {
        let all = v.as_array().into_iter().flatten();
        all.filter_map(text).collect()
    };
    let (group, plural, kind) = (
        text(&spec["group"])?,
        text(&names["plural"])?,
        text(&names["kind"])?,
    );
    let singular = text(&names["singular"]).unwrap_or_else(|| kind.to_lowercase());
    let version_name = text(&version["name"])?;
    let status = version["subresources"]["status"].is_object();
    let mut columns: Vec<Printer> = version["additionalPrinterColumns"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|c| {
            Some(Printer {
                name: text(&c["name"])?,
                kind: text(&c["type"])?,
                path: text(&c["jsonPath"])?,
                description: text(&c["description"]).unwrap_or_default(),
                priority: c["priority"].as_i64().unwrap_or(0),
            })
        })
        .collect();
    if columns.is_empty() {
        columns.push(Printer {
            name: "Age".into(),
            kind: "date".into(),
            path: ".metadata.creationTimestamp".into(),
            description: String::new(),
            priority: 0,
        });
    }
    let mut seen = SEEN.write().unwrap_or_else(PoisonError::into_inner);
    let same_name = |r: &&Res| r.group == group && r.plural == plural;
    let number = match seen.iter().find(same_name).and_then(|r| r.custom.as_ref()) {
        Some(known) => known.number,
        None => {
            let mut numbers: Vec<usize> = seen
                .iter()
                .filter_map(|r| Some(r.custom.as_ref()?.number))
                .collect();
            numbers.sort_unstable();
            numbers.last().map_or(0, |last| last + 1)
        }
    };
    let (short, categories) = (texts(&names["shortNames"]), texts(&names["categories"]));
    let namespaced = spec["scope"] == "Namespaced";
    let custom = Custom { number, columns };
    let known = seen.iter().find(|r| {
        r.group == group
            && r.version == version_name
            && r.plural == plural
            && r.singular == singular
            && r.kind == kind
            && r.short.iter().eq(&short)
            && r.categories.iter().eq(&categories)
            && r.namespaced == namespaced
            && r.status == status
            && r.custom.as_ref() == Some(&custom)
    });
    if let Some(known) = known {
        return Some(known);
    }
    // For as long as the program runs: there are as many of them as definitions differ.
    let keep = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let keep_all = |all: Vec<String>| -> &'static [&'static str] {
        Box::leak(
            all.into_iter()
                .map(keep)
                .collect::<Vec<_>>()
                .into_boxed_slice(),
        )
    };
    let made: Res = Box::leak(Box::new(Resource {
        prefix: keep(format!(
            r#"{{"kind":"{kind}","apiVersion":"{group}/{version_name}""#
        )),
        group: keep(group),
        version: keep(version_name),
        plural: keep(plural),
        singular: keep(singular),
        kind: keep(kind),
        short: keep_all(short),
        namespaced,
        verbs: ALL,
        subresources: if status { &["status"] } else { &[] },
        categories: keep_all(categories),
        generation: true,
        status,
        custom: Some(custom),
    }));
    seen.push(made);
    Some(made)
}

/// Fills a new definition's status: its names are taken at once, as nobody else wants them.
pub(crate) fn establish(definition: &mut Value, now: &str) {
    let spec = &mut definition["spec"];
    if !spec.is_object() {
        return;
    }
    if spec["conversion"].is_null() {
        spec["conversion"] = json!({"strategy": "None"});
    }
    let names = &mut spec["names"];
    if names.is_object() {
        let kind = names["kind"].as_str().unwrap_or_default().to_owned();
        for (field, value) in [
            ("singular", kind.to_lowercase()),
            ("listKind", format!("{kind}List")),
        ] {
            if names[field].is_null() {
                names[field] = value.into();
            }
        }
    }
    let stored: Vec<Value> = definition["spec"]["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|v| v["storage"] == true)
        .map(|v| v["name"].clone())
        .collect();
    let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now});
    definition["status"] = json!({
        "acceptedNames": definition["spec"]["names"],
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
        "storedVersions": stored,
    });
}

/// Place of a custom resource in a store.
pub(crate) fn index(custom: &Custom) -> usize {
    RESOURCES.len() + custom.number
}

/// What a column's simple JSONPath finds: fields, indexes, and filters of the form `[?(@.type=="Ready")]`.
pub(crate) fn lookup<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut at = value;
    let mut rest = path.trim_start_matches('$');
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix("[?(@.") {
            let (filter, after) = inner.split_once(")]")?;
            let (field, wanted) = filter.split_once("==")?;
            let wanted = wanted.trim().trim_matches(['"', '\'']);
            let all = at.as_array()?;
            at = all.iter().find(|item| item[field.trim()] == wanted)?;
            rest = after;
        } else if let Some(inner) = rest.strip_prefix('[') {
            let (key, after) = inner.split_once(']')?;
            let key = key.trim_matches(['"', '\'']);
            at = match key.parse::<usize>() {
                Ok(number) => at.get(number)?,
                Err(_) => at.get(key)?,
            };
            rest = after;
        } else {
            let inner = rest.strip_prefix('.').unwrap_or(rest);
            // A dot may be escaped: `.metadata.labels.example\.com/name`.
            let mut key = String::new();
            let mut letters = inner.char_indices();
            let mut end = inner.len();
            while let Some((i, c)) = letters.next() {
                match c {
                    '\\' => key.extend(letters.next().map(|(_, c)| c)),
                    '.' | '[' => {
                        end = i;
                        break;
                    }
                    c => key.push(c),
                }
            }
            at = at.get(&key)?;
            rest = &inner[end..];
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(columns: Value) -> Value {
        json!({"spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [{"name": "v1", "served": true, "storage": true, "additionalPrinterColumns": columns}]}})
    }

    #[test]
    fn the_same_definition_is_the_same_resource() {
        let columns = json!([{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]);
        let one = resource_of(&definition(columns.clone())).unwrap();
        assert_eq!(resource_of(&definition(columns)).unwrap(), one);
        let other = resource_of(&definition(json!([]))).unwrap();
        assert_ne!(other, one);
        assert_eq!(
            other.index(),
            one.index(),
            "its objects stay where they are"
        );
        assert_eq!(
            (one.singular, one.prefix),
            (
                "widget",
                r#"{"kind":"Widget","apiVersion":"example.com/v1""#
            )
        );
        assert!(resource_of(&json!({"spec": {}})).is_none());
    }

    #[test]
    fn paths() {
        let v = json!({"a": {"b": [1, {"c": "x"}]}, "s": [{"type": "Ready", "status": "True"}], "l": {"e.com/n": 2}});
        for (path, wanted) in [
            (".a.b[0]", json!(1)),
            (".a.b[1].c", json!("x")),
            (".s[?(@.type==\"Ready\")].status", json!("True")),
            (".l.e\\.com/n", json!(2)),
            (".nothing", Value::Null),
        ] {
            assert_eq!(
                lookup(&v, path).cloned().unwrap_or_default(),
                wanted,
                "{path}"
            );
        }
    }
}
