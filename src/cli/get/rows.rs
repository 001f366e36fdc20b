//! Rows of `get`: JSON and cells of the same object.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::Resource;
use crate::model::select::Selector;
use crate::model::{
    Backend, Health, Ingress, Job, Model, Node, Pod, Pool, Resources, Route, RouteHealth, Text,
    age, quantity, status,
};

/// One row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// What identifies it over time; also its place.
    pub(super) key: (String, String, String),
    /// What `-o name` prints after the slash.
    pub(super) name: String,
    /// What else it answers to.
    aliases: Vec<String>,
    pub(super) json: Value,
    cells: Vec<String>,
}

/// Keys whose values change as time passes, which is no news.
const FLOWING: [&str; 2] = ["wait_seconds", "run_seconds"];

impl Row {
    pub(super) fn cells(&self, count: usize) -> Vec<String> {
        self.cells.iter().take(count).cloned().collect()
    }

    /// Whether a name on the command line means it.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|a| a == name)
    }

    /// Whether only time has passed between both.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (&self.json, &other.json) {
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(key, value)| {
                        FLOWING.contains(&key.as_str()) || b.get(key) == Some(value)
                    })
            }
            (a, b) => a == b,
        }
    }
}

/// Titles of the columns; the first ones are those of the narrow table.
pub(super) fn heads(resource: Resource, wide: bool) -> Vec<&'static str> {
    let (narrow, more): (&[&str], &[&str]) = match resource {
        Resource::Pools => (
            &[
                "NAME", "RANK", "NODES", "RUNNING", "WAITING", "SLOTS", "CPU", "MEMORY",
            ],
            &["CORDONED", "COMING", "OLDEST", "REASON"],
        ),
        Resource::Nodes => (
            &[
                "NAME", "STATUS", "POOL", "RANK", "JOBS", "CPU", "MEMORY", "AGE",
            ],
            &["ROLES", "PODS", "VERSION", "INTERNAL-IP"],
        ),
        Resource::Jobs => (
            &[
                "NAMESPACE",
                "ID",
                "PROJECT",
                "JOB",
                "REF",
                "STEP",
                "PHASE",
                "NODE",
                "WAIT",
                "RUN",
            ],
            &["POOL", "POD", "ATTEMPT", "SYSTEM", "WHO", "FAILURE"],
        ),
        Resource::Pods => (
            &["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE"],
            &["IP", "NODE", "JOB"],
        ),
        Resource::Ingresses => (
            &[
                "NAMESPACE",
                "NAME",
                "CLASS",
                "HOSTS",
                "ADDRESS",
                "STATE",
                "AGE",
            ],
            &["ROUTES"],
        ),
    };
    let mut heads = narrow.to_vec();
    if wide {
        heads.extend(more);
    }
    heads
}

/// All rows of a resource, in order.
pub(super) fn rows(
    model: &Model,
    resource: Resource,
    selector: &Selector,
    now: DateTime<Utc>,
) -> Vec<Row> {
    let pools = match resource {
        Resource::Pools | Resource::Nodes => model.pools(now),
        Resource::Jobs | Resource::Pods | Resource::Ingresses => Vec::new(),
    };
    let ranks: BTreeMap<&Text, &'static str> =
        pools.iter().map(|p| (&p.name, p.rank.as_str())).collect();
    let mut rows: Vec<Row> = match resource {
        Resource::Pools => pools.iter().map(|p| pool(p, now)).collect(),
        Resource::Nodes => model
            .nodes()
            .filter(|n| selector.matches(&n.meta.labels))
            .map(|n| node(model, n, &ranks, now))
            .collect(),
        Resource::Jobs => model
            .jobs()
            .filter(|j| selector.is_empty() || job_matches(model, j, selector))
            .map(|j| job(model, j, now))
            .collect(),
        Resource::Pods => model
            .pods()
            .filter(|p| selector.matches(&p.meta.labels))
            .map(|p| pod(model, p, now))
            .collect(),
        Resource::Ingresses => model
            .ingresses()
            .filter(|i| selector.matches(&i.meta.labels))
            .map(|i| ingress(model, i, now))
            .collect(),
    };
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    rows
}

fn job_matches(model: &Model, job: &Job, selector: &Selector) -> bool {
    let pod = job.pod.as_ref().and_then(|uid| model.pod(uid));
    pod.is_some_and(|p| selector.matches(&p.meta.labels))
}

fn time(at: DateTime<Utc>) -> Value {
    at.to_rfc3339_opts(SecondsFormat::Secs, true).into()
}

fn maybe_time(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, time)
}

/// Null for an empty text.
fn known(text: &str) -> Value {
    if text.is_empty() {
        Value::Null
    } else {
        text.into()
    }
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "<none>" } else { text }.to_owned()
}

fn amounts(requested: i64, allocatable: Option<i64>) -> Value {
    json!({"allocatable": allocatable, "requested": requested})
}

/// `1.2/16 (8%)`.
fn share(requested: String, allocatable: Option<String>, of: (i64, Option<i64>)) -> String {
    match (allocatable, of) {
        (Some(text), (part, Some(whole))) if whole > 0 => {
            format!("{requested}/{text} ({}%)", part * 100 / whole)
        }
        (Some(text), _) => format!("{requested}/{text}"),
        (None, _) => format!("{requested}/?"),
    }
}

fn cpu_share(requested: Resources, allocatable: Option<Resources>) -> String {
    let all = allocatable.map(|a| a.cpu);
    share(
        quantity::cpu(requested.cpu),
        all.map(quantity::cpu),
        (requested.cpu, all),
    )
}

fn memory_share(requested: Resources, allocatable: Option<Resources>) -> String {
    let all = allocatable.map(|a| a.memory);
    share(
        quantity::bytes(requested.memory),
        all.map(quantity::bytes),
        (requested.memory, all),
    )
}

fn pool(pool: &Pool, now: DateTime<Utc>) -> Row {
    let nodes = pool.nodes.map_or(
        Value::Null,
        |n| json!({"total": n.total, "ready": n.ready, "cordoned": n.cordoned, "coming": n.coming}),
    );
    let json = json!({
        "name": &*pool.name,
        "rank": pool.rank.as_str(),
        "rank_reason": known(&pool.why),
        "nodes": nodes,
        "jobs": {"running": pool.jobs.running, "waiting": pool.jobs.waiting},
        "cpu": amounts(pool.requested.cpu, pool.allocatable.map(|a| a.cpu)),
        "memory": amounts(pool.requested.memory, pool.allocatable.map(|a| a.memory)),
        "slots": pool.slots.map(|s| json!({"free": s.free, "total": s.total})),
        "oldest_waiting": maybe_time(pool.oldest),
    });
    let count = |of: fn(crate::model::NodeCounts) -> u32| {
        pool.nodes.map_or("?".to_owned(), |n| of(n).to_string())
    };
    Row {
        key: (String::new(), pool.name.to_string(), String::new()),
        name: pool.name.to_string(),
        aliases: Vec::new(),
        json,
        cells: vec![
            pool.name.to_string(),
            pool.rank.to_string(),
            pool.nodes.map_or("not visible".into(), |n| {
                format!("{}/{} ready", n.ready, n.total)
            }),
            pool.jobs.running.to_string(),
            pool.jobs.waiting.to_string(),
            pool.slots
                .map_or("?".into(), |s| format!("{} of {} free", s.free, s.total)),
            cpu_share(pool.requested, pool.allocatable),
            memory_share(pool.requested, pool.allocatable),
            count(|n| n.cordoned),
            count(|n| n.coming),
            pool.oldest
                .map_or("<none>".into(), |t| age::since(Some(t), now)),
            pool.why.to_string(),
        ],
    }
}

fn node(
    model: &Model,
    node: &Node,
    ranks: &BTreeMap<&Text, &'static str>,
    now: DateTime<Utc>,
) -> Row {
    let name = &node.meta.name;
    let sums = model.sums(name);
    let requested = sums.map(|s| s.requested).unwrap_or_default();
    let jobs = sums.map_or(0, |s| s.jobs);
    let pool = model.pool_of_node(name);
    let rank = pool.and_then(|p| ranks.get(p)).copied();
    let roles = status::node_roles(node);
    let words = status::node_status(node);
    let all = node.allocatable;
    let json = json!({
        "name": &**name,
        "pool": pool.map(|p| &**p),
        "rank": rank,
        "status": words,
        "roles": (roles != "<none>").then_some(&roles),
        "ready": node.is_ready(),
        "cordoned": node.unschedulable,
        "jobs": {"running": jobs},
        "cpu": amounts(requested.cpu, Some(all.cpu)),
        "memory": amounts(requested.memory, Some(all.memory)),
        "pods": amounts(requested.pods, Some(all.pods)),
        "version": known(&node.kubelet),
        "internal_ip": known(&node.internal_ip),
        "created": time(node.meta.created),
    });
    Row {
        key: (String::new(), name.to_string(), String::new()),
        name: name.to_string(),
        aliases: Vec::new(),
        json,
        cells: vec![
            name.to_string(),
            words.to_owned(),
            pool.map_or("?".into(), |p| p.to_string()),
            rank.unwrap_or("?").to_owned(),
            jobs.to_string(),
            cpu_share(requested, Some(all)),
            memory_share(requested, Some(all)),
            age::since(Some(node.meta.created), now),
            roles,
            format!("{}/{}", requested.pods, all.pods),
            node.kubelet.to_string(),
            or_none(&node.internal_ip),
        ],
    }
}

fn job(model: &Model, job: &Job, now: DateTime<Utc>) -> Row {
    let step = job.current_step();
    let pool = model.pool_of_job(job);
    let wait = job.wait_seconds(now);
    let run = job.run_seconds(now);
    let json = json!({
        "id": job.id.as_str(),
        "system": job.system.0,
        "project": known(&job.project),
        "pipeline": known(&job.pipeline),
        "run": known(&job.run),
        "name": known(&job.name),
        "ref": known(&job.reference),
        "commit": known(&job.commit),
        "author": known(&job.author),
        "url": known(&job.url),
        "attempt": job.attempt,
        "phase": job.phase.as_str(),
        "failure": known(&job.failure),
        "step": step.map(|(index, s)| json!({"index": index, "total": job.steps.len(), "name": &*s.name})),
        "namespace": known(&job.namespace),
        "pod": known(&job.pod_name),
        "node": job.node.as_deref(),
        "pool": pool.map(|p| &**p),
        "created": time(job.created),
        "started": maybe_time(job.started),
        "ended": maybe_time(job.ended),
        "wait_seconds": wait,
        "run_seconds": run,
    });
    let what = match (&*job.pipeline, &*job.name) {
        ("", name) => name.to_owned(),
        (pipeline, name) => format!("{pipeline}/{name}"),
    };
    let seconds = |s: i64| age::human_duration(chrono::TimeDelta::seconds(s));
    Row {
        key: (
            job.namespace.to_string(),
            job.name.to_string(),
            format!("{}/{}", job.system.0, job.id),
        ),
        name: job.id.to_string(),
        aliases: vec![
            job.name.to_string(),
            job.pod_name.to_string(),
            format!("{}/{}", job.namespace, job.pod_name),
        ],
        cells: vec![
            job.namespace.to_string(),
            job.id.to_string(),
            or_none(&job.project),
            or_none(&what),
            or_none(&job.reference),
            step.map_or("<none>".into(), |(index, s)| {
                format!("{index}/{} {}", job.steps.len(), s.name)
            }),
            job.phase.as_str().to_owned(),
            or_none(job.node.as_deref().unwrap_or_default()),
            seconds(wait),
            run.map_or("<none>".into(), seconds),
            pool.map_or("?".into(), |p| p.to_string()),
            or_none(&job.pod_name),
            job.attempt.map_or("<none>".into(), |a| a.to_string()),
            job.system.0.to_owned(),
            or_none(&job.author),
            or_none(&job.failure),
        ],
        json,
    }
}

fn pod(model: &Model, pod: &Pod, now: DateTime<Utc>) -> Row {
    let status = status::pod_status(pod);
    let job = model.job_of_pod(&pod.meta.uid).map(|j| j.id.clone());
    let json = json!({
        "namespace": &*pod.meta.namespace,
        "name": &*pod.meta.name,
        "ready": status.ready_text(),
        "status": status.status,
        "restarts": status.restarts,
        "node": pod.node.as_deref(),
        "ip": known(&pod.ip),
        "job": job.as_ref().map(|j| j.as_str()),
        "created": time(pod.meta.created),
    });
    Row {
        key: (
            pod.meta.namespace.to_string(),
            pod.meta.name.to_string(),
            pod.meta.uid.to_string(),
        ),
        name: pod.meta.name.to_string(),
        aliases: vec![format!("{}/{}", pod.meta.namespace, pod.meta.name)],
        cells: vec![
            pod.meta.namespace.to_string(),
            pod.meta.name.to_string(),
            status.ready_text(),
            status.status.clone(),
            status.restarts_text(now),
            age::since(Some(pod.meta.created), now),
            or_none(&pod.ip),
            or_none(pod.node.as_deref().unwrap_or_default()),
            job.map_or("<none>".into(), |j| j.to_string()),
        ],
        json,
    }
}

fn ingress(model: &Model, ingress: &Ingress, now: DateTime<Utc>) -> Row {
    let health = model.routes_health(&ingress.meta.uid);
    let routes: Vec<Value> = ingress
        .routes
        .iter()
        .enumerate()
        .map(|(at, r)| route(r, health.get(at)))
        .collect();
    let broken = health
        .iter()
        .filter(|h| matches!(h.health, Health::Broken(_)))
        .count();
    let unknown = health
        .iter()
        .filter(|h| matches!(h.health, Health::Unknown(_)))
        .count();
    let state = match (broken, unknown) {
        (0, 0) => "well".to_owned(),
        (0, unknown) => format!("{unknown} unknown"),
        (broken, _) => format!("{broken} of {} broken", routes.len()),
    };
    let mut hosts: Vec<&str> = ingress
        .routes
        .iter()
        .map(|r| if r.host.is_empty() { "*" } else { &*r.host })
        .collect();
    hosts.dedup();
    let addresses: Vec<&str> = ingress.addresses.iter().map(|a| &**a).collect();
    let (namespace, name) = (&ingress.meta.namespace, &ingress.meta.name);
    let lines: Vec<String> = ingress
        .routes
        .iter()
        .map(|r| format!("{}{}→{}", r.host, r.path, backend(&r.backend)))
        .collect();
    Row {
        key: (
            namespace.to_string(),
            name.to_string(),
            ingress.meta.uid.to_string(),
        ),
        name: name.to_string(),
        aliases: vec![format!("{namespace}/{name}")],
        cells: vec![
            namespace.to_string(),
            name.to_string(),
            or_none(&ingress.class),
            or_none(&hosts.join(",")),
            or_none(&addresses.join(",")),
            state,
            age::since(Some(ingress.meta.created), now),
            lines.join(" "),
        ],
        json: json!({
            "namespace": &**namespace,
            "name": &**name,
            "class": known(&ingress.class),
            "addresses": addresses,
            "routes": routes,
            "created": time(ingress.meta.created),
        }),
    }
}

fn backend(backend: &Backend) -> String {
    match backend {
        Backend::Service { name, port } => format!("{name}:{port}"),
        Backend::Resource(what) => what.to_string(),
    }
}

fn route(route: &Route, health: Option<&RouteHealth>) -> Value {
    let (state, message, ready, total) = match health.map(|h| &h.health) {
        Some(Health::Well { ready, total }) => ("well", Value::Null, Some(ready), Some(total)),
        Some(Health::Broken(why)) => ("broken", known(why), None, None),
        Some(Health::Unknown(why)) => ("unknown", known(why), None, None),
        None => ("unknown", Value::Null, None, None),
    };
    json!({
        "host": known(&route.host),
        "path": known(&route.path),
        "backend": backend(&route.backend),
        "state": state,
        "message": message,
        "ready": ready,
        "total": total,
    })
}
