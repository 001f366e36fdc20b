//! The screen of one workload: its facts above its replicas, its nodes or its Jobs.

use chrono::{DateTime, Utc};

use super::action::gate::Lock;
use super::action::{Operation, Target};
use super::cluster::Cluster;
use super::event::Now;
use super::overlay::{Choice, Entry};
use super::rollout::{self, Absent};
use super::screen::{Screen, Thing, WorkloadScreen};
use super::table::{RowKey, Scope, TableKind, TableState, of_ordinal, on_node};
use super::text::{age, plural};
use super::view::{Detail, Line, Span, Tone};
use super::{Effect, Engine, text};
use crate::model::select::service_covers;
use crate::model::{
    ClusterNo, Concurrency, CronJob, Kind, Meta, Model, Pod, Truth, Uid, Update, Workload,
    WorkloadKind,
};

/// Old revisions that are named one by one.
const REVISIONS: usize = 3;

fn plain(text: impl Into<String>) -> Line {
    vec![Span::new(text.into(), Tone::Plain)]
}

/// A fact if there is something to say.
fn fact(facts: &mut Vec<(&'static str, Line)>, label: &'static str, value: impl Into<String>) {
    let value = value.into();
    if !value.is_empty() {
        facts.push((label, plain(value)));
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

impl Engine {
    pub(super) fn workload_detail(&self, screen: &WorkloadScreen, now: Now) -> Detail {
        let cluster = self.clusters.get(screen.cluster);
        let found = cluster.and_then(|cluster| {
            let now = cluster.time(now.wall);
            match screen.kind {
                Kind::CronJob => {
                    let cron = cluster.model.cron_job_by_uid(&screen.uid)?;
                    Some(cron_detail(&cluster.model, cron, now))
                }
                kind => {
                    let workload = cluster.model.workload_by_uid(kind, &screen.uid)?;
                    Some(cluster.workload(workload, now))
                }
            }
        });
        let title = Span::new(screen.title.clone(), Tone::Strong);
        match found {
            Some((state, facts, notes)) => Detail {
                title: vec![title, Span::new("  ", Tone::Plain), state],
                facts,
                notes,
                steps: Vec::new(),
            },
            None => Detail {
                title: vec![title],
                facts: Vec::new(),
                notes: vec![vec![Span::new(
                    "it is not (or no longer) there",
                    Tone::Warn,
                )]],
                steps: Vec::new(),
            },
        }
    }
}

type Parts = (Span, Vec<(&'static str, Line)>, Vec<Line>);

impl Cluster {
    fn workload(&self, workload: &Workload, now: DateTime<Utc>) -> Parts {
        let model = &self.model;
        let pods = model.pods_of_workload(workload);
        let mut facts = Vec::new();
        let f = &mut facts;
        let tone = if workload.ready < workload.desired {
            Tone::Warn
        } else {
            Tone::Plain
        };
        let ready = format!("{} of {}", workload.ready, workload.desired);
        f.push(("ready", vec![Span::new(ready, tone)]));
        if !workload.is_rolled_out() && workload.kind != WorkloadKind::ReplicaSet {
            let updated = format!("{} of {}", workload.updated, workload.to_update());
            f.push(("updated", vec![Span::new(updated, Tone::Busy)]));
        }
        fact(f, "pools", rollout::pools(model, &pods));
        fact(f, "image", images(workload));
        fact(f, "asks for", requests(workload));
        fact(f, "update", update(workload));
        if let Some(at) = workload.restarted {
            fact(f, "restarted", format!("{} ago", age(at, now)));
        }
        if let Some(ordered) = &workload.ordered {
            fact(f, "volumes", ordered.claims.join(", "));
            if ordered.parallel {
                fact(f, "order", "none: ordinals do not wait (Parallel)");
            }
        }
        fact(f, "services", services(model, &pods));
        if let Some(owner) = &workload.meta.owner {
            fact(f, "owner", format!("{} {}", owner.kind, owner.name));
        }
        fact(f, "age", age(workload.meta.created, now));
        let mut notes = Vec::new();
        if let Some(why) = rollout::failure(model, workload) {
            notes.push(vec![
                Span::new("✕ pods cannot be created: ", Tone::Bad),
                Span::new(why.to_owned(), Tone::Plain),
            ]);
        }
        notes.extend(conditions(workload, now));
        notes.extend(revisions(model, workload, now));
        notes.extend(self.kept_off(workload));
        (rollout::state(model, workload, now), facts, notes)
    }

    /// Nodes that a DaemonSet is not on, and need not be.
    fn kept_off(&self, workload: &Workload) -> Option<Line> {
        if workload.kind != WorkloadKind::DaemonSet {
            return None;
        }
        if !self.model.nodes_visible() {
            let text = "nodes are not visible: no rights to list them";
            return Some(vec![Span::new(text, Tone::Warn)]);
        }
        let nodes = self.model.nodes();
        let other = nodes
            .filter(|node| rollout::absence(workload, node) == Absent::NotMeant)
            .count();
        (other > 0).then(|| {
            let text = format!(
                "{} not meant for it (its selector or affinity)",
                plural(other as u64, "node")
            );
            vec![Span::new(text, Tone::Dim)]
        })
    }
}

fn images(workload: &Workload) -> String {
    let mut images: Vec<&str> = Vec::new();
    for container in &workload.template.containers {
        if !images.contains(&&*container.image) {
            images.push(&container.image);
        }
    }
    images.join(", ")
}

fn requests(workload: &Workload) -> String {
    let asked = workload.template.requests;
    format!(
        "{} cpu, {} each",
        text::cpu(asked.cpu),
        text::memory(asked.memory)
    )
}

fn update(workload: &Workload) -> String {
    let how = match (workload.kind, workload.update) {
        (WorkloadKind::ReplicaSet, _) => return String::new(),
        (_, Update::Rolling) => "rolling",
        (_, Update::Recreate) => "all at once (Recreate)",
        (_, Update::OnDelete) => "when a pod is deleted (OnDelete)",
    };
    match workload.ordered.as_ref().map_or(0, |o| o.partition) {
        0 => how.to_owned(),
        kept => format!("{how}, ordinals below {kept} keep the old"),
    }
}

/// Services that lead to these pods.
fn services(model: &Model, pods: &[&Pod]) -> String {
    let Some(pod) = pods.first() else {
        return String::new();
    };
    let names: Vec<&str> = model
        .services()
        .filter(|s| s.meta.namespace == pod.meta.namespace)
        .filter(|s| service_covers(&s.selector, &pod.meta.labels))
        .map(|s| &*s.meta.name)
        .collect();
    names.join(", ")
}

/// Conditions that say why it is not well.
fn conditions(workload: &Workload, now: DateTime<Utc>) -> Vec<Line> {
    let bad = |kind: &str, status: Truth| match kind {
        "ReplicaFailure" => false,
        _ => status != Truth::True,
    };
    workload
        .conditions
        .iter()
        .filter(|c| bad(&c.kind, c.status))
        .map(|c| {
            let since = c
                .since
                .map(|at| format!(" for {}", age(at, now)))
                .unwrap_or_default();
            vec![
                Span::new(format!("▲ not {}{since}", c.kind), Tone::Warn),
                Span::new(format!("  {}: {}", c.reason, c.message), Tone::Plain),
            ]
        })
        .collect()
}

/// A Deployment's ReplicaSets: the new one, and the old that still have pods.
fn revisions(model: &Model, workload: &Workload, now: DateTime<Utc>) -> Vec<Line> {
    let mut lines = Vec::new();
    if workload.kind == WorkloadKind::StatefulSet
        && let Some(ordered) = &workload.ordered
        && ordered.current_revision != ordered.update_revision
        && !ordered.update_revision.is_empty()
    {
        lines.push(plain(format!(
            "revision {} replaces {}",
            ordered.update_revision, ordered.current_revision
        )));
    }
    let sets = model.sets_of(&workload.meta.uid);
    for (at, set) in sets.iter().enumerate() {
        let newest = at == 0;
        if !newest && (set.current == 0 || lines.len() > REVISIONS) {
            continue;
        }
        let number = set
            .revision()
            .map_or_else(String::new, |n| format!("revision {n} "));
        let word = if newest { "(new)" } else { "(old)" };
        let tone = if newest { Tone::Plain } else { Tone::Warn };
        lines.push(vec![
            Span::new(format!("{number}{word}"), tone),
            Span::new(
                format!(
                    "  {}: {} of {} ready, {}, {} old",
                    set.meta.name,
                    set.ready,
                    set.desired.max(set.current),
                    images(set),
                    age(set.meta.created, now)
                ),
                Tone::Dim,
            ),
        ]);
    }
    lines
}

fn cron_detail(model: &Model, cron: &CronJob, now: DateTime<Utc>) -> Parts {
    let mut facts = Vec::new();
    let f = &mut facts;
    fact(f, "schedule", &*cron.schedule);
    let zone = match &*cron.time_zone {
        "" => "none: the controller manager's, taken for UTC",
        zone => zone,
    };
    fact(f, "time zone", zone);
    let next = match cron.next(now) {
        Err(error) => vec![Span::new(format!("? {error}"), Tone::Bad)],
        Ok(None) => vec![Span::new("never", Tone::Warn)],
        Ok(Some(at)) if cron.suspended => {
            let text = format!("none while suspended; else in {}", age(now, at));
            vec![Span::new(text, Tone::Warn)]
        }
        Ok(Some(at)) => plain(format!("in {}, {}", age(now, at), moment(at))),
    };
    f.push(("next", next));
    let ago = |at: Option<DateTime<Utc>>| match at {
        Some(at) => format!("{} ago, {}", age(at, now), moment(at)),
        None => "never".to_owned(),
    };
    fact(f, "last", ago(cron.last_scheduled));
    fact(f, "last success", ago(cron.last_succeeded));
    fact(f, "active", cron.active.to_string());
    let policy = match cron.concurrency {
        Concurrency::Allow => "Allow: both run",
        Concurrency::Forbid => "Forbid: the new one is left out",
        Concurrency::Replace => "Replace: the old one is ended",
    };
    fact(f, "if one still runs", policy);
    if let Some(seconds) = cron.deadline {
        fact(f, "late by at most", text::seconds(seconds));
    }
    fact(f, "age", age(cron.meta.created, now));
    let mut notes = Vec::new();
    if cron.suspended
        && let Some(missed) = cron.missed(now)
    {
        let text = format!(
            "▲ it missed its start {} ago ({}); resumed, that one is made at once",
            age(missed, now),
            moment(missed)
        );
        notes.push(vec![Span::new(text, Tone::Warn)]);
    }
    (rollout::cron_state(model, cron, now), facts, notes)
}

/// A workload's or CronJob's metadata.
pub(crate) fn meta_of<'m>(model: &'m Model, kind: Kind, uid: &Uid) -> Option<&'m Meta> {
    match kind {
        Kind::CronJob => model.cron_job_by_uid(uid).map(|c| &c.meta),
        kind => model.workload_by_uid(kind, uid).map(|w| &w.meta),
    }
}

/// Whether an operation is one for such a kind.
pub(super) fn applies(operation: Operation, kind: Kind) -> bool {
    match operation {
        Operation::Restart => {
            matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet)
        }
        Operation::Scale(_) => matches!(
            kind,
            Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet
        ),
        Operation::Trigger | Operation::Suspend | Operation::Resume => kind == Kind::CronJob,
        Operation::Cancel
        | Operation::Retry
        | Operation::DeletePod
        | Operation::Cordon
        | Operation::Uncordon
        | Operation::Drain
        | Operation::Open(_) => false,
    }
}

impl Engine {
    /// What a row is, with the pod of an ordinal or of a DaemonSet's node.
    pub(super) fn thing_of(&self, key: RowKey) -> Thing {
        let sight = self.sight(self.clock);
        let pod = match &key {
            RowKey::Ordinal(no, uid, at) => sight.of(*no).and_then(|cx| {
                let set = cx.model.workload_by_uid(Kind::StatefulSet, uid)?;
                of_ordinal(&cx, set, *at)
            }),
            RowKey::Daemon(no, of) => sight.of(*no).and_then(|cx| {
                let set = cx.model.workload_by_uid(Kind::DaemonSet, &of.0)?;
                on_node(&cx, set, &of.1)
            }),
            _ => None,
        };
        match (pod, key.cluster()) {
            (Some(pod), Some(no)) => Thing::Pod(no, pod.meta.uid.clone()),
            (_, _) => key.into(),
        }
    }

    /// A workload's screen, unless it is the one on top.
    pub(super) fn push_workload(
        &mut self,
        no: ClusterNo,
        kind: Kind,
        uid: Uid,
        out: &mut Vec<Effect>,
    ) {
        if matches!(self.screens.top(), Screen::Workload(s) if s.cluster == no && s.uid == uid) {
            return;
        }
        let meta = self
            .model_of(no)
            .and_then(|model| meta_of(model, kind, &uid));
        let title = meta.map_or_else(String::new, |meta| {
            format!("{} {}/{}", kind.word(), meta.namespace, meta.name)
        });
        self.push(Screen::workload(no, kind, uid, title), out);
    }

    /// Into a pod: its job, what a worker has in hand, what a handler answers, else its containers.
    pub(super) fn enter_pod(&mut self, no: ClusterNo, uid: Uid, out: &mut Vec<Effect>) {
        let model = self.model_of(no);
        if let Some(key) = model.and_then(|model| model.job_key_of_pod(&uid)) {
            return self.push_job(no, key, out);
        }
        let top = match self.screens.top() {
            Screen::Table(table) => Some(table.kind),
            _ => None,
        };
        let kind = match top {
            Some(TableKind::Workers) => TableKind::Jobs,
            Some(TableKind::Handlers) => TableKind::Ingresses,
            _ => TableKind::Containers,
        };
        let table = TableState::new(kind, Scope::Pod(no, uid));
        self.push(Screen::Table(table), out);
    }

    /// The containers of the pod under the cursor.
    pub(super) fn containers(&mut self, out: &mut Vec<Effect>) {
        let pod = match self.thing() {
            Some(Thing::Pod(no, uid) | Thing::Container(no, uid, _)) => Some((no, uid)),
            Some(Thing::Job(no, key) | Thing::Step(no, key, _)) => {
                let job = self.model_of(no).and_then(|model| model.job(&key));
                job.and_then(|job| Some((no, job.pod()?.clone())))
            }
            _ => None,
        };
        let Some((no, uid)) = pod else {
            return self.say("no pod under the cursor", Tone::Warn);
        };
        let scope = Scope::Pod(no, uid);
        let there = |t: &TableState| t.kind == TableKind::Containers && t.scope == scope;
        if !self.screens.top().table().is_some_and(there) {
            let table = TableState::new(TableKind::Containers, scope);
            self.push(Screen::Table(table), out);
        }
    }

    /// The menu's entry for a number of replicas, which is typed next.
    pub(super) fn scale_entry(&self) -> Option<Entry> {
        let asked = |to| Operation::Scale(to);
        let (targets, _) = self.targets(asked(0));
        let (no, first) = targets.first()?;
        let model = self.model_of(*no)?;
        let now = match first {
            Target::Workload(kind, uid) => model.workload_by_uid(*kind, uid)?.desired,
            _ => return None,
        };
        // Any other number than the present one shows what stands against it.
        let other = asked(u32::try_from(now).unwrap_or(0) + 1);
        let why_not = match self.request(other) {
            Err(why) => why,
            Ok((no, _)) if self.actions.gate(no).lock == Lock::ReadOnly => {
                "this console is read-only".to_owned()
            }
            Ok((_, request)) => match self.actions.plan(model, &request) {
                Err(why) => why.0,
                Ok(plan) => plan.refusals.into_iter().next().unwrap_or_default(),
            },
        };
        Some(Entry {
            text: match targets.len() {
                1 => format!("scale (now {now})"),
                n => format!("scale {n} marked"),
            },
            key: String::new(),
            why_not,
            choice: Choice::Scale,
        })
    }
}
