//! `metrics.k8s.io/v1beta1`: what nodes and pods use. No use is simulated: it is a function of the seed, of what a
//! container asks for, of how long it has run, and of the time.

mod reckon;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use self::reckon::{Doc, at_work, used};
use super::accept::{self, Format};
use super::request::Request;
use super::response::Response;
use super::rights::{self, Attributes};
use super::select::Labels;
use crate::sim::actors::dice::Dice;
use crate::sim::actors::pods::{Amounts, Container};
use crate::sim::object::Obj;
use crate::sim::resource::resource;
use crate::sim::status::{Details, Status};
use crate::sim::store::{Store, timestamp};

/// Group and version.
pub(crate) const GROUP: &str = "metrics.k8s.io";
/// Its only version.
pub(crate) const VERSION: &str = "v1beta1";
/// A figure is as old as this at most, in seconds.
const WINDOW: i64 = 15;
/// A pod has no figures before it has run this long, in seconds.
const FIRST: i64 = 20;

/// Whether somebody serves the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Served {
    /// It answers.
    #[default]
    Yes,
    /// Its server is registered, and down: 503.
    Down,
    /// Nobody has registered it: 404.
    No,
}

/// What a path under the group asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pods: bool,
    namespace: Option<String>,
    name: Option<String>,
}

/// Reads the path below group and version.
pub(crate) fn route(rest: &[&str]) -> Option<Asked> {
    let some = |text: &str| Some(text.to_owned());
    let (pods, namespace, name) = match rest {
        ["nodes"] => (false, None, None),
        ["nodes", name] => (false, None, some(name)),
        ["pods"] => (true, None, None),
        ["namespaces", ns, "pods"] => (true, some(ns), None),
        ["namespaces", ns, "pods", name] => (true, some(ns), some(name)),
        _ => return None,
    };
    Some(Asked {
        pods,
        namespace,
        name,
    })
}

/// 503 of a server that is registered and down.
pub(crate) fn down() -> Status {
    let why = "the server is currently unable to handle the request";
    Status::new(503, "ServiceUnavailable", why).with(Details::default())
}

/// Answers it.
///
/// # Errors
/// 403, 404 without figures for that name, 405 for another method, 503 when its server is down.
pub(crate) fn answer(
    store: &Store,
    now: DateTime<Utc>,
    req: &Request,
    asked: &Asked,
) -> Result<Response, Status> {
    let plural = if asked.pods { "pods" } else { "nodes" };
    let verb = if asked.name.is_some() { "get" } else { "list" };
    let attributes = Attributes {
        verb,
        group: GROUP,
        resource: plural,
        subresource: "",
        namespace: asked.namespace.as_deref().unwrap_or_default(),
        name: asked.name.as_deref().unwrap_or_default(),
    };
    rights::check_attributes(&req.user, &attributes)?;
    match store.metrics {
        Served::Yes => {}
        Served::Down => return Err(down()),
        Served::No => return Err(Status::no_such_path()),
    }
    if req.method != http::Method::GET && req.method != http::Method::HEAD {
        return Err(Status::method_not_allowed());
    }
    let format = accept::format(req, resource(plural))?;
    let selector = req.param("labelSelector").map(Labels::parse).transpose();
    let selector = selector?;
    let dice = Dice::new(store.seed()).on("use");
    let one = |obj: &Arc<Obj>| {
        if asked.pods {
            pod(dice, now, obj)
        } else {
            None
        }
    };
    if let Some(name) = &asked.name {
        let missing = || {
            let kind = if asked.pods {
                "podmetrics"
            } else {
                "nodemetrics"
            };
            let full = match &asked.namespace {
                Some(ns) => format!("{ns}/{name}"),
                None => name.clone(),
            };
            let details = Details {
                name: full.clone(),
                group: GROUP.into(),
                kind: kind.into(),
                ..Details::default()
            };
            let text = format!("{kind}.{GROUP} \"{full}\" not found");
            Status::new(404, "NotFound", text).with(details)
        };
        let ns = asked.namespace.as_deref().unwrap_or_default();
        let obj = store.get(resource(plural), ns, name).ok_or_else(missing)?;
        let mut value = if asked.pods {
            one(obj)
        } else {
            nodes(store, dice, now, |o| o.name == obj.name).pop()
        }
        .ok_or_else(missing)?;
        let kind = if asked.pods {
            "PodMetrics"
        } else {
            "NodeMetrics"
        };
        head(&mut value, kind);
        return Ok(Response::json(200, value.to_string()));
    }
    let wanted = |obj: &Obj| {
        let named = |key: &str| obj.labels.get(key);
        selector.as_ref().is_none_or(|s| s.matches(named))
    };
    if asked.pods && !matches!(format, Format::Table(_)) {
        let pods = store.list(resource("pods"), asked.namespace.as_deref());
        let body = listed(dice, now, pods.filter(|obj| wanted(obj)));
        return Ok(Response::json(200, body));
    }
    let items: Vec<Value> = if asked.pods {
        store
            .list(resource("pods"), asked.namespace.as_deref())
            .filter(|obj| wanted(obj))
            .filter_map(one)
            .collect()
    } else {
        nodes(store, dice, now, wanted)
    };
    if let Format::Table(_) = format {
        return Ok(Response::json(200, table(&items).to_string()));
    }
    let list = json!({"kind": "NodeMetricsList", "apiVersion": format!("{GROUP}/{VERSION}"), "metadata": {}, "items": items});
    Ok(Response::json(200, list.to_string()))
}

/// The list of pods. Those of the bulk load are many and all of one make: what they ask for is read once, and their text
/// is put together without an object between.
fn listed<'s>(dice: Dice, now: DateTime<Utc>, pods: impl Iterator<Item = &'s Arc<Obj>>) -> String {
    let mut out = format!(
        "{{\"kind\":\"PodMetricsList\",\"apiVersion\":\"{GROUP}/{VERSION}\",\"metadata\":{{}},\"items\":["
    );
    let start = out.len();
    let mut make: Option<Container> = None;
    for obj in pods {
        let end = out.len();
        if end > start {
            out.push(',');
        }
        if !obj.is_stamped() {
            match pod(dice, now, obj) {
                Some(value) => out.push_str(&value.to_string()),
                None => out.truncate(end),
            }
            continue;
        }
        if &*obj.phase != "Running" {
            out.truncate(end);
            continue;
        }
        let make = make.get_or_insert_with(|| {
            let doc: Doc = serde_json::from_slice(&obj.body()).unwrap_or_default();
            doc.spec.containers.into_iter().next().unwrap_or_default()
        });
        let own = dice.on(&obj.uid);
        let at = read_at(own, now);
        let age = i64::try_from(own.on("age").range(60, 1500)).unwrap_or(60);
        let asked = Amounts::of(&make.resources.requests);
        let limit = Amounts::of(&make.resources.limits);
        let (name, cpu, memory) = at_work(own, at, age, make.name.clone(), asked, limit, true);
        // Writing into a String cannot fail; names of the bulk load are plain.
        let _ = write!(
            out,
            "{{\"metadata\":{{\"name\":\"{}\",\"namespace\":\"{}\"}},\"timestamp\":\"{}\",\"window\":\"15.021s\",\"containers\":[{{\"name\":\"{name}\",\"usage\":{{\"cpu\":\"{cpu}n\",\"memory\":\"{}Ki\"}}}}]}}",
            obj.name,
            obj.namespace,
            timestamp(at),
            memory / 1024
        );
    }
    out.push_str("]}");
    out
}

fn head(value: &mut Value, kind: &str) {
    let Some(map) = value.as_object_mut() else {
        return;
    };
    map.shift_insert(0, "kind".into(), kind.into());
    map.shift_insert(1, "apiVersion".into(), format!("{GROUP}/{VERSION}").into());
}

/// Name, what it uses, window: as the metrics server prints them.
fn table(items: &[Value]) -> Value {
    let column = |name: &str, kind: &str| json!({"name": name, "type": kind, "format": "", "description": "", "priority": 0});
    let rows = items.iter().map(|item| {
        let (mut cpu, mut memory) = (0, 0);
        let alone = std::slice::from_ref(item);
        for part in item["containers"].as_array().map_or(alone, Vec::as_slice) {
            let usage: Usage = serde_json::from_value(part["usage"].clone()).unwrap_or_default();
            let amounts = Amounts::of(&[("cpu".into(), usage.cpu), ("memory".into(), usage.memory)].into());
            cpu += amounts.cpu;
            memory += amounts.memory;
        }
        json!({"cells": [item["metadata"]["name"], format!("{cpu}m"), format!("{}Ki", memory / 1024), item["window"]],
            "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]}})
    });
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {},
        "columnDefinitions": [column("Name", "string"), column("cpu", "string"), column("memory", "string"), column("Window", "string")],
        "rows": rows.collect::<Vec<_>>()})
}

#[derive(Debug, Default, Deserialize)]
struct Usage {
    cpu: String,
    memory: String,
}

/// When figures were last read of it: each has its own turn within the window.
fn read_at(dice: Dice, now: DateTime<Utc>) -> DateTime<Utc> {
    let turn = i64::try_from(dice.below(15)).unwrap_or(0);
    let second = now.timestamp() - (now.timestamp() - turn).rem_euclid(WINDOW) - 2;
    DateTime::from_timestamp(second, 0).unwrap_or(now)
}

fn common(obj: &Obj, at: DateTime<Utc>, dice: Dice) -> Value {
    let labels: serde_json::Map<String, Value> = obj
        .labels
        .iter()
        .map(|(k, v)| (k.to_string(), v.into()))
        .collect();
    let mut meta = json!({"name": &*obj.name});
    if !obj.namespace.is_empty() {
        meta["namespace"] = (&*obj.namespace).into();
    }
    meta["creationTimestamp"] = timestamp(at + Duration::seconds(2)).into();
    if !labels.is_empty() {
        meta["labels"] = labels.into();
    }
    let millis = dice.at(at.timestamp().unsigned_abs()).range(14_003, 15_990);
    let window = format!("{}.{:03}s", millis / 1000, millis % 1000);
    json!({"metadata": meta, "timestamp": timestamp(at), "window": window})
}

fn usage(cpu_nano: i64, memory: i64) -> Value {
    json!({"cpu": format!("{cpu_nano}n"), "memory": format!("{}Ki", memory / 1024)})
}

fn pod(dice: Dice, now: DateTime<Utc>, obj: &Arc<Obj>) -> Option<Value> {
    let own = dice.on(&obj.uid);
    let at = read_at(own, now);
    let all = used(dice, at, obj);
    if all.is_empty() {
        return None;
    }
    let mut value = common(obj, at, own);
    value["containers"] = all
        .into_iter()
        .map(|(name, cpu, memory)| json!({"name": name, "usage": usage(cpu, memory)}))
        .collect();
    Some(value)
}

/// What the nodes use that are wanted: their pods, and the system beside them.
fn nodes(
    store: &Store,
    dice: Dice,
    now: DateTime<Utc>,
    wanted: impl Fn(&Obj) -> bool,
) -> Vec<Value> {
    let chosen: Vec<&Arc<Obj>> = store
        .list(resource("nodes"), None)
        .filter(|obj| wanted(obj))
        .collect();
    let mut sums: HashMap<&str, (i64, i64)> =
        chosen.iter().map(|obj| (&*obj.name, (0, 0))).collect();
    // A pod of the bulk load is like the others of its make: one is read for all.
    let mut typical: Option<(i64, i64)> = None;
    for pod in store.list(resource("pods"), None) {
        let Some(sum) = sums
            .get_mut(&*pod.node)
            .filter(|_| &*pod.phase == "Running")
        else {
            continue;
        };
        let read = || {
            let all = used(dice, read_at(dice.on(&pod.uid), now), pod);
            all.iter()
                .fold((0, 0), |s, (_, cpu, memory)| (s.0 + cpu, s.1 + memory))
        };
        let (cpu, memory) = if pod.is_stamped() {
            *typical.get_or_insert_with(read)
        } else {
            read()
        };
        *sum = (sum.0 + cpu, sum.1 + memory);
    }
    chosen
        .into_iter()
        .filter_map(|obj| {
            let value = obj.value();
            let ready = value["status"]["conditions"]
                .as_array()
                .into_iter()
                .flatten();
            // Nobody reads figures of a node that is silent.
            ready
                .into_iter()
                .find(|c| c["type"] == "Ready" && c["status"] == "True")?;
            let own = dice.on(&obj.name);
            let at = read_at(own, now);
            let (cpu, memory) = sums.get(&*obj.name).copied().unwrap_or_default();
            let system = i64::try_from(own.range(60, 240)).unwrap_or(100);
            let mut node = common(obj, at, own);
            node["usage"] = usage(cpu + system * 1_000_000, memory + system * (6 << 20));
            Some(node)
        })
        .collect()
}

/// The group's two resources as discovery lists them: plural, singular-less, kind, namespaced.
pub(crate) const RESOURCES: [(&str, &str, bool); 2] = [
    ("nodes", "NodeMetrics", false),
    ("pods", "PodMetrics", true),
];
