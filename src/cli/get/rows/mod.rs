//! Rows of `get`. What a row shows is made when it is printed: a row itself is a reference into the model.

mod ingress;
mod job;
mod node;
mod pod;
mod pool;
mod workload;

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use super::Resource;
use crate::engine::rollout;
use crate::model::select::Selector;
use crate::model::{Changes, CronJob, Ingress, Job, Kind, Model, Node, Pod, Pool, Text, Workload};

/// What the rows are made from, at one moment.
pub(super) struct View<'m> {
    model: &'m Model,
    now: DateTime<Utc>,
    /// Empty for what shows nothing of a pool's rank.
    pools: Vec<Pool>,
    ranks: BTreeMap<Text, &'static str>,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row<'v> {
    /// Of `get pools`.
    Pool(&'v Pool),
    /// Of `get nodes`.
    Node(&'v Node),
    /// Of `get jobs`.
    Job(&'v Job),
    /// Of `get pods`.
    Pod(&'v Pod),
    /// Of `get ingresses`.
    Ingress(&'v Ingress),
    /// Of `get workloads`.
    Workload(&'v Workload),
    /// Of `get cronjobs`.
    CronJob(&'v CronJob),
}

/// What a batch of changes means for the rows.
pub(super) enum Touched<'v> {
    /// Any row may be another.
    All,
    /// Only these: the ids of all, and the rows of those that are still there.
    Some(Vec<(String, Option<Row<'v>>)>),
}

impl<'m> View<'m> {
    pub(super) fn new(model: &'m Model, resource: Resource, now: DateTime<Utc>) -> Self {
        let pools = match resource {
            Resource::Pools | Resource::Nodes => model.pools(now),
            Resource::Jobs
            | Resource::Pods
            | Resource::Ingresses
            | Resource::Workloads
            | Resource::Cronjobs => Vec::new(),
        };
        Self {
            model,
            now,
            ranks: pools
                .iter()
                .map(|p| (p.name.clone(), p.rank.as_str()))
                .collect(),
            pools,
        }
    }

    /// All rows, in order: by namespace and name, jobs by their names within a namespace.
    pub(super) fn rows(&self, resource: Resource) -> Vec<Row<'_>> {
        match resource {
            Resource::Pools => {
                let mut pools: Vec<&Pool> = self.pools.iter().collect();
                pools.sort_by(|a, b| a.name.cmp(&b.name));
                pools.into_iter().map(Row::Pool).collect()
            }
            Resource::Nodes => self.model.nodes().map(Row::Node).collect(),
            Resource::Jobs => {
                let mut jobs: Vec<&Job> = self.model.jobs().collect();
                jobs.sort_by_cached_key(|j| {
                    (
                        j.namespace().clone(),
                        j.name().to_owned(),
                        j.system(),
                        j.id.clone(),
                    )
                });
                jobs.into_iter().map(Row::Job).collect()
            }
            Resource::Pods => self.model.pods().map(Row::Pod).collect(),
            Resource::Ingresses => self.model.ingresses().map(Row::Ingress).collect(),
            Resource::Workloads => {
                let of = |kind| rollout::listed(self.model, kind);
                let mut all: Vec<&Workload> = workload::KINDS.into_iter().flat_map(of).collect();
                all.sort_by(|a, b| {
                    let key =
                        |w: &Workload| (w.meta.namespace.clone(), w.kind, w.meta.name.clone());
                    key(a).cmp(&key(b))
                });
                all.into_iter().map(Row::Workload).collect()
            }
            Resource::Cronjobs => self.model.cron_jobs().map(Row::CronJob).collect(),
        }
    }

    /// The rows that these changes touch.
    pub(super) fn touched(&self, resource: Resource, changes: &Changes) -> Touched<'_> {
        let (model, mut some) = (self.model, BTreeMap::new());
        match resource {
            Resource::Pools => return Touched::All,
            // A pool that turned turns all that name it.
            Resource::Nodes | Resource::Jobs if changes.pools => return Touched::All,
            Resource::Nodes => {
                let objects = changes.objects.iter().filter(|o| o.kind == Kind::Node);
                for name in objects.map(|o| &o.name).chain(&changes.nodes) {
                    some.insert(name.to_string(), model.node(name).map(Row::Node));
                }
            }
            Resource::Jobs => {
                if changes.touches(Kind::Node) {
                    return Touched::All;
                }
                for (_, key) in &changes.jobs {
                    let id = job::id(key.system, &key.id);
                    some.insert(id, model.job(key).map(Row::Job));
                }
            }
            Resource::Pods => {
                for object in changes.objects.iter().filter(|o| o.kind == Kind::Pod) {
                    let row = model.pod(&object.uid).map(Row::Pod);
                    some.insert(object.uid.to_string(), row);
                }
            }
            Resource::Ingresses => {
                let objects = changes.objects.iter().filter(|o| o.kind == Kind::Ingress);
                for uid in objects.map(|o| &o.uid).chain(&changes.ingresses) {
                    some.insert(uid.to_string(), model.ingress(uid).map(Row::Ingress));
                }
            }
            // What their pods say is part of their words.
            Resource::Workloads | Resource::Cronjobs => return Touched::All,
        }
        Touched::Some(some.into_iter().collect())
    }
}

impl Row<'_> {
    /// What identifies it over time.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Pool(p) => p.name.to_string(),
            Self::Node(n) => n.meta.name.to_string(),
            Self::Job(j) => job::id(j.system(), &j.id),
            Self::Pod(p) => p.meta.uid.to_string(),
            Self::Ingress(i) => i.meta.uid.to_string(),
            Self::Workload(w) => w.meta.uid.to_string(),
            Self::CronJob(c) => c.meta.uid.to_string(),
        }
    }

    /// Its place among rows that are printed together.
    pub(super) fn place(&self) -> (String, String) {
        match self {
            Self::Pool(p) => (String::new(), p.name.to_string()),
            Self::Node(n) => (String::new(), n.meta.name.to_string()),
            Self::Job(j) => (j.namespace().to_string(), j.name().to_string()),
            Self::Pod(p) => (p.meta.namespace.to_string(), p.meta.name.to_string()),
            Self::Ingress(i) => (i.meta.namespace.to_string(), i.meta.name.to_string()),
            Self::Workload(w) => (w.meta.namespace.to_string(), w.meta.name.to_string()),
            Self::CronJob(c) => (c.meta.namespace.to_string(), c.meta.name.to_string()),
        }
    }

    /// What `-o name` prints after the slash.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Pool(p) => &p.name,
            Self::Node(n) => &n.meta.name,
            Self::Job(j) => j.id.as_str(),
            Self::Pod(p) => &p.meta.name,
            Self::Ingress(i) => &i.meta.name,
            Self::Workload(w) => &w.meta.name,
            Self::CronJob(c) => &c.meta.name,
        }
    }

    /// Whether a name on the command line means it.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let full = |namespace: &str, own: &str| {
            name.strip_prefix(namespace)
                .and_then(|rest| rest.strip_prefix('/'))
                == Some(own)
        };
        name == self.name()
            || match self {
                Self::Pool(_) | Self::Node(_) => false,
                Self::Job(j) => {
                    name == j.name() || name == &**j.pod_name() || full(j.namespace(), j.pod_name())
                }
                Self::Pod(p) => full(&p.meta.namespace, &p.meta.name),
                Self::Ingress(i) => full(&i.meta.namespace, &i.meta.name),
                Self::Workload(w) => full(&w.meta.namespace, &w.meta.name),
                Self::CronJob(c) => full(&c.meta.namespace, &c.meta.name),
            }
    }

    /// Whether the labels that count for it match.
    pub(super) fn matches(&self, view: &View<'_>, selector: &Selector) -> bool {
        if selector.is_empty() {
            return true;
        }
        let labels = match self {
            Self::Pool(_) => return false,
            Self::Node(n) => &n.meta.labels,
            Self::Job(j) => match j.pod().as_ref().and_then(|uid| view.model.pod(uid)) {
                Some(pod) => &pod.meta.labels,
                None => return false,
            },
            Self::Pod(p) => &p.meta.labels,
            Self::Ingress(i) => &i.meta.labels,
            Self::Workload(w) => &w.meta.labels,
            Self::CronJob(c) => &c.meta.labels,
        };
        selector.matches(labels)
    }

    pub(super) fn json(&self, view: &View<'_>) -> Value {
        match self {
            Self::Pool(p) => pool::json(p),
            Self::Node(n) => node::json(view, n),
            Self::Job(j) => job::json(view, j),
            Self::Pod(p) => pod::json(view, p),
            Self::Ingress(i) => ingress::json(view, i),
            Self::Workload(w) => workload::json(view, w),
            Self::CronJob(c) => workload::cron_json(view, c),
        }
    }

    /// As many cells as there are [`heads`].
    pub(super) fn cells(&self, view: &View<'_>, wide: bool) -> Vec<String> {
        match self {
            Self::Pool(p) => pool::cells(view, p, wide),
            Self::Node(n) => node::cells(view, n, wide),
            Self::Job(j) => job::cells(view, j, wide),
            Self::Pod(p) => pod::cells(view, p, wide),
            Self::Ingress(i) => ingress::cells(view, i, wide),
            Self::Workload(w) => workload::cells(view, w, wide),
            Self::CronJob(c) => workload::cron_cells(view, c, wide),
        }
    }
}

/// Titles of the columns.
pub(super) fn heads(resource: Resource, wide: bool) -> Vec<&'static str> {
    let (narrow, more): (&[&str], &[&str]) = match resource {
        Resource::Pools => (pool::HEADS, pool::MORE),
        Resource::Nodes => (node::HEADS, node::MORE),
        Resource::Jobs => (job::HEADS, job::MORE),
        Resource::Pods => (pod::HEADS, pod::MORE),
        Resource::Ingresses => (ingress::HEADS, ingress::MORE),
        Resource::Workloads => (workload::HEADS, workload::MORE),
        Resource::Cronjobs => (workload::CRON_HEADS, workload::CRON_MORE),
    };
    let mut heads = narrow.to_vec();
    if wide {
        heads.extend(more);
    }
    heads
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
