//! A node: what it is, what runs on it, and what of it is requested.

use serde_json::Value;

use super::meta;
use super::writer::{Writer, fields, items, pair, text, toned};
use crate::engine::asks::Failure;
use crate::engine::text::percent;
use crate::engine::view::{Line, Span, Tone};
use crate::model::quantity;

pub(super) fn describe(w: &mut Writer, object: &Value, pods: Option<&Result<Value, Failure>>) {
    let (spec, status) = (&object["spec"], &object["status"]);
    let info = &status["nodeInfo"];
    let addresses: Vec<String> = items(&status["addresses"])
        .iter()
        .map(|a| format!("{} {}", text(&a["type"]), text(&a["address"])))
        .collect();
    let cordoned = (spec["unschedulable"] == true)
        .then(|| ("scheduling".to_owned(), toned("⊘ cordoned", Tone::Warn)));
    w.pairs(
        1,
        [
            cordoned,
            pair("addresses", addresses.join(", ")),
            pair("pod CIDRs", text(&spec["podCIDRs"])),
            pair("provider", text(&spec["providerID"])),
            pair(
                "OS",
                format!(
                    "{}, {}/{}",
                    text(&info["osImage"]),
                    text(&info["operatingSystem"]),
                    text(&info["architecture"])
                ),
            ),
            pair("kernel", text(&info["kernelVersion"])),
            pair("runtime", text(&info["containerRuntimeVersion"])),
            pair("kubelet", text(&info["kubeletVersion"])),
        ],
    );
    let taints = items(&spec["taints"]);
    if !taints.is_empty() {
        w.section("Taints");
        let rows: Vec<Vec<Span>> = taints
            .iter()
            .map(|taint| {
                vec![
                    Span::new(text(&taint["key"]), Tone::Plain),
                    Span::new(text(&taint["value"]), Tone::Plain),
                    Span::new(text(&taint["effect"]), Tone::Plain),
                    Span::new(w.ago(&taint["timeAdded"]), Tone::Dim),
                ]
            })
            .collect();
        w.table(1, &["KEY", "VALUE", "EFFECT", "FOR"], &rows);
    }
    meta::conditions(w, &status["conditions"], |kind| kind == "Ready");
    resources(w, status, pods);
    images(w, status);
}

/// Requests and limits that the pods on it sum up to.
#[derive(Default)]
struct Sum {
    requests: i64,
    limits: i64,
}

fn resources(w: &mut Writer, status: &Value, pods: Option<&Result<Value, Failure>>) {
    let allocatable = &status["allocatable"];
    let running: Option<Vec<&Value>> = match pods {
        Some(Ok(list)) => Some(
            items(&list["items"])
                .iter()
                .filter(|pod| counts(pod))
                .collect(),
        ),
        Some(Err(_)) | None => None,
    };
    w.section("Resources");
    let rows: Vec<Vec<Span>> = fields(allocatable)
        .map(|(name, amount)| {
            let whole = parsed(name, amount);
            let human = |amount: &Value| {
                parsed(name, amount).map_or_else(|| text(amount), |n| shown(name, n))
            };
            let capacity = human(&status["capacity"][name]);
            let sum = running.as_ref().map(|pods| sum(pods, name));
            let share = |of: fn(&Sum) -> i64| match (&sum, whole) {
                (Some(sum), Some(whole)) if name != "pods" && (whole > 0 || of(sum) > 0) => {
                    let part = of(sum);
                    let tone = if part > whole {
                        Tone::Warn
                    } else {
                        Tone::Plain
                    };
                    Span::new(
                        format!("{} ({})", shown(name, part), percent(part, whole)),
                        tone,
                    )
                }
                (Some(_), _) | (None, _) => Span::default(),
            };
            let (requests, limits) = match &running {
                Some(pods) if name == "pods" => (
                    Span::new(format!("{} of {}", pods.len(), text(amount)), Tone::Plain),
                    Span::default(),
                ),
                Some(_) | None => (share(|s| s.requests), share(|s| s.limits)),
            };
            vec![
                Span::new(name.clone(), Tone::Dim),
                Span::new(capacity, Tone::Plain),
                Span::new(human(amount), Tone::Plain),
                requests,
                limits,
            ]
        })
        .collect();
    w.table(
        1,
        &["RESOURCE", "CAPACITY", "ALLOCATABLE", "REQUESTED", "LIMITS"],
        &rows,
    );
    match pods {
        None => w.line(1, toned("◌ reading its pods", Tone::Busy)),
        Some(Err(failure)) => {
            let mut line: Line = toned("requested: ", Tone::Dim);
            line.push(failure.span());
            w.line(1, line);
        }
        Some(Ok(_)) => {}
    }
    let Some(running) = running.filter(|pods| !pods.is_empty()) else {
        return;
    };
    w.section(&format!("Pods ({})", running.len()));
    let rows: Vec<Vec<Span>> = running
        .iter()
        .map(|pod| {
            let one = [*pod];
            let (cpu, memory) = (sum(&one, "cpu"), sum(&one, "memory"));
            let cell = |name, n| {
                let text = if n == 0 {
                    String::new()
                } else {
                    shown(name, n)
                };
                Span::new(text, Tone::Plain)
            };
            vec![
                Span::new(text(&pod["metadata"]["namespace"]), Tone::Dim),
                Span::new(text(&pod["metadata"]["name"]), Tone::Plain),
                cell("cpu", cpu.requests),
                cell("cpu", cpu.limits),
                cell("memory", memory.requests),
                cell("memory", memory.limits),
                Span::new(w.ago(&pod["metadata"]["creationTimestamp"]), Tone::Dim),
            ]
        })
        .collect();
    w.table(
        1,
        &[
            "NAMESPACE",
            "POD",
            "CPU REQ",
            "CPU LIM",
            "MEM REQ",
            "MEM LIM",
            "AGE",
        ],
        &rows,
    );
}

/// Pods that have ended hold nothing any more.
fn counts(pod: &Value) -> bool {
    !matches!(
        pod["status"]["phase"].as_str(),
        Some("Succeeded" | "Failed")
    )
}

/// As the scheduler counts: containers and sidecars together, or the largest init container before which
/// sidecars started already, and the pod's overhead.
fn sum(pods: &[&Value], name: &str) -> Sum {
    let mut total = Sum::default();
    for pod in pods {
        let spec = &pod["spec"];
        total.requests += one(spec, name, "requests");
        total.limits += one(spec, name, "limits");
    }
    total
}

fn one(spec: &Value, name: &str, side: &str) -> i64 {
    let of = |c: &Value| parsed(name, &c["resources"][side][name]).unwrap_or(0);
    if let Some(whole) = parsed(name, &spec["resources"][side][name]) {
        return whole + overhead(spec, name);
    }
    let main: i64 = items(&spec["containers"]).iter().map(of).sum();
    let (mut sidecars, mut highest) = (0, 0);
    for init in items(&spec["initContainers"]) {
        if init["restartPolicy"] == "Always" {
            sidecars += of(init);
            highest = highest.max(sidecars);
        } else {
            highest = highest.max(sidecars + of(init));
        }
    }
    (main + sidecars).max(highest) + overhead(spec, name)
}

fn overhead(spec: &Value, name: &str) -> i64 {
    parsed(name, &spec["overhead"][name]).unwrap_or(0)
}

/// Millicores of CPU, units or bytes of all else.
fn parsed(name: &str, amount: &Value) -> Option<i64> {
    let text = text(amount);
    if text.is_empty() {
        return None;
    }
    if name == "cpu" {
        quantity::millis(&text)
    } else {
        quantity::whole(&text)
    }
}

fn shown(name: &str, amount: i64) -> String {
    match name {
        "cpu" => quantity::cpu(amount),
        _ if name.contains("memory")
            || name.contains("storage")
            || name.starts_with("hugepages") =>
        {
            quantity::bytes(amount)
        }
        _ => amount.to_string(),
    }
}

fn images(w: &mut Writer, status: &Value) {
    let list = items(&status["images"]);
    if list.is_empty() {
        return;
    }
    let bytes: i64 = list.iter().filter_map(|i| i["sizeBytes"].as_i64()).sum();
    w.section(&format!(
        "Images ({}, {})",
        list.len(),
        quantity::bytes(bytes)
    ));
    for image in list {
        let names = items(&image["names"]);
        // The tag says more than the digest.
        let name = names
            .iter()
            .find(|n| !text(n).contains('@'))
            .or(names.first());
        let size = quantity::bytes(image["sizeBytes"].as_i64().unwrap_or(0));
        let mut line = toned(format!("{size:>6}  "), Tone::Dim);
        line.push(Span::new(name.map(text).unwrap_or_default(), Tone::Plain));
        w.line(1, line);
    }
}
