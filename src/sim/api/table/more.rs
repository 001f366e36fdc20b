//! Rows of volumes, claims, their classes, autoscalers and definitions of custom resources.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Column, age, array, text_or};

const fn text(name: &'static str) -> Column {
    Column {
        name,
        kind: "string",
        wide: false,
    }
}
const fn wide(name: &'static str) -> Column {
    Column {
        name,
        kind: "string",
        wide: true,
    }
}

/// The columns of one of these resources.
pub(super) fn columns(plural: &str) -> Option<&'static [Column]> {
    Some(match plural {
        "persistentvolumes" => VOLUME,
        "persistentvolumeclaims" => CLAIM,
        "storageclasses" => CLASS,
        "horizontalpodautoscalers" => AUTOSCALER,
        "customresourcedefinitions" => DEFINITION,
        _ => return None,
    })
}

static VOLUME: &[Column] = &[
    text("Name"),
    text("Capacity"),
    text("Access Modes"),
    text("Reclaim Policy"),
    text("Status"),
    text("Claim"),
    text("StorageClass"),
    text("VolumeAttributesClass"),
    text("Reason"),
    text("Age"),
    wide("VolumeMode"),
];
static CLAIM: &[Column] = &[
    text("Name"),
    text("Status"),
    text("Volume"),
    text("Capacity"),
    text("Access Modes"),
    text("StorageClass"),
    text("VolumeAttributesClass"),
    text("Age"),
    wide("VolumeMode"),
];
static CLASS: &[Column] = &[
    text("Name"),
    text("Provisioner"),
    text("ReclaimPolicy"),
    text("VolumeBindingMode"),
    text("AllowVolumeExpansion"),
    text("Age"),
];
static AUTOSCALER: &[Column] = &[
    text("Name"),
    text("Reference"),
    text("Targets"),
    text("MinPods"),
    text("MaxPods"),
    text("Replicas"),
    text("Age"),
];
static DEFINITION: &[Column] = &[
    text("Name"),
    text("Scope"),
    text("Versions"),
    Column {
        name: "Created At",
        kind: "date",
        wide: false,
    },
    wide("Group"),
    wide("Kind"),
    wide("ShortNames"),
    Column {
        name: "Established",
        kind: "boolean",
        wide: true,
    },
];

/// The cells of an object of one of these.
pub(super) fn cells(now: DateTime<Utc>, plural: &str, v: &Value) -> Vec<Value> {
    let (spec, status) = (&v["spec"], &v["status"]);
    let name = v["metadata"]["name"].clone();
    let phase = || {
        if v["metadata"]["deletionTimestamp"].is_null() {
            text_or(&status["phase"], "")
        } else {
            "Terminating".into()
        }
    };
    match plural {
        "persistentvolumes" => {
            let claim = &spec["claimRef"];
            let part = |field: &str| claim[field].as_str().unwrap_or_default();
            let claimed = if claim.is_object() {
                format!("{}/{}", part("namespace"), part("name"))
            } else {
                String::new()
            };
            vec![
                name,
                text_or(&spec["capacity"]["storage"], "0"),
                modes(&spec["accessModes"]).into(),
                text_or(&spec["persistentVolumeReclaimPolicy"], ""),
                phase(),
                claimed.into(),
                text_or(&spec["storageClassName"], ""),
                text_or(&spec["volumeAttributesClassName"], "<unset>"),
                text_or(&status["reason"], ""),
                age(now, v),
                text_or(&spec["volumeMode"], "<unset>"),
            ]
        }
        "persistentvolumeclaims" => {
            let bound = spec["volumeName"].as_str().is_some_and(|n| !n.is_empty());
            let capacity = &status["capacity"]["storage"];
            vec![
                name,
                phase(),
                text_or(&spec["volumeName"], ""),
                text_or(if bound { capacity } else { &Value::Null }, ""),
                if bound {
                    modes(&status["accessModes"])
                } else {
                    String::new()
                }
                .into(),
                text_or(&spec["storageClassName"], ""),
                text_or(&spec["volumeAttributesClassName"], "<unset>"),
                age(now, v),
                text_or(&spec["volumeMode"], "<unset>"),
            ]
        }
        "storageclasses" => {
            let default =
                &v["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"];
            let mut shown = name.as_str().unwrap_or_default().to_owned();
            if default == "true" {
                shown.push_str(" (default)");
            }
            vec![
                shown.into(),
                text_or(&v["provisioner"], ""),
                text_or(&v["reclaimPolicy"], "Delete"),
                text_or(&v["volumeBindingMode"], "Immediate"),
                (v["allowVolumeExpansion"] == true).into(),
                age(now, v),
            ]
        }
        "horizontalpodautoscalers" => {
            let target = &spec["scaleTargetRef"];
            let part = |field: &str| target[field].as_str().unwrap_or_default();
            let least = spec["minReplicas"].as_i64();
            vec![
                name,
                format!("{}/{}", part("kind"), part("name")).into(),
                targets(v).into(),
                least
                    .map_or_else(|| "<unset>".to_owned(), |n| n.to_string())
                    .into(),
                spec["maxReplicas"].as_i64().unwrap_or(0).into(),
                status["currentReplicas"].as_i64().unwrap_or(0).into(),
                age(now, v),
            ]
        }
        _ => definition(v, name),
    }
}

fn definition(v: &Value, name: Value) -> Vec<Value> {
    let spec = &v["spec"];
    let mut versions: Vec<String> = array(&spec["versions"])
        .iter()
        .filter(|version| version["served"] == true)
        .map(|version| {
            let stored = if version["storage"] == true {
                "(storage)"
            } else {
                ""
            };
            format!("{}{stored}", version["name"].as_str().unwrap_or_default())
        })
        .collect();
    versions.sort();
    let short: Vec<&str> = array(&spec["names"]["shortNames"])
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let established = array(&v["status"]["conditions"])
        .iter()
        .any(|c| c["type"] == "Established" && c["status"] == "True");
    vec![
        name,
        text_or(&spec["scope"], ""),
        versions.join(",").into(),
        v["metadata"]["creationTimestamp"].clone(),
        text_or(&spec["group"], ""),
        text_or(&spec["names"]["kind"], ""),
        short.join(",").into(),
        established.into(),
    ]
}

fn modes(v: &Value) -> String {
    let short = |mode: &Value| match mode.as_str() {
        Some("ReadWriteOnce") => "RWO",
        Some("ReadOnlyMany") => "ROX",
        Some("ReadWriteMany") => "RWX",
        Some("ReadWriteOncePod") => "RWOP",
        _ => "",
    };
    array(v).iter().map(short).collect::<Vec<_>>().join(",")
}

/// `cpu: 41%/70%`
fn targets(v: &Value) -> String {
    let all: Vec<String> = array(&v["spec"]["metrics"])
        .iter()
        .map(|metric| {
            let resource = metric["resource"]["name"].as_str().unwrap_or_default();
            let wanted = metric["resource"]["target"]["averageUtilization"].as_i64();
            let current = array(&v["status"]["currentMetrics"])
                .iter()
                .find(|m| m["resource"]["name"] == resource)
                .and_then(|m| m["resource"]["current"]["averageUtilization"].as_i64());
            let current = current.map_or_else(|| "<unknown>".to_owned(), |n| format!("{n}%"));
            format!("{resource}: {current}/{}%", wanted.unwrap_or(0))
        })
        .collect();
    if all.is_empty() {
        "<none>".to_owned()
    } else {
        all.join(", ")
    }
}
