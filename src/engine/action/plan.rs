//! From what was asked to what will be done: pure, shown before anything moves, and its own confirmation.

use std::fmt;

use super::copy::CopyTask;
use super::cordon::CordonTask;
use super::delete::{DeleteTask, Doomed};
use super::drain::DrainTask;
use super::drain::plan::budgets_of;
use super::drain::plan::{DrainOptions, DrainPlan, Fate, PodPlan, plan as plan_drain};
use super::entry::EntryTask;
use super::gate::Access;
use super::machine::Machine;
pub use super::operation::Operation;
use super::remote::{Wish, plan as remote};
use super::workload;
use crate::ci::{self, way::Way};
use crate::engine::view::{Line, Span, Tone};
use crate::model::{Job, JobKey, Kind, Model, Text, Uid};

/// What it is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A job.
    Job(JobKey),
    /// A pod.
    Pod(Uid),
    /// A node, by name.
    Node(Text),
    /// A workload or a CronJob.
    Workload(Kind, Uid),
    /// What is to be opened, to what.
    Remote(Box<Wish>),
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What.
    pub operation: Operation,
    /// To what.
    pub targets: Vec<Target>,
    /// For a drain.
    pub drain: DrainOptions,
    /// Marked rows among the targets that a filter hides: said in the preview.
    pub hidden: usize,
}

/// How a plan is confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// One key, `y`.
    Key,
    /// The number of things that are touched (or, for a drain, of jobs that die).
    Count(usize),
    /// The name of the cluster, which is marked as production.
    Name(Text),
}

/// An object as the audit names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// `job`, `pod`, `node`.
    pub kind: &'static str,
    /// Empty for none.
    pub namespace: Text,
    /// Its name; a job's id.
    pub name: Text,
    /// Its uid (a job's: of its pod or batch Job), empty while it has none.
    pub uid: Text,
    /// In its owner's words.
    pub title: Text,
}

/// One thing that will be done.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) subject: Subject,
    pub(super) machine: Machine,
}

/// A plan: nothing has been done yet.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What.
    pub operation: Operation,
    /// `Cancel job shop/api test #8121?`
    pub title: String,
    /// What it will do and what could be lost.
    pub lines: Vec<Line>,
    /// How it is confirmed.
    pub ask: Ask,
    /// Why it must not be done; empty: it may.
    pub refusals: Vec<String>,
    /// Rights it needs.
    pub needs: Vec<Access>,
    /// For each node of a drain.
    pub drains: Vec<DrainPlan>,
    pub(super) items: Vec<Item>,
}

impl Plan {
    /// The uids of all that the plan touches, and how it is confirmed: two plans with the same answer do
    /// the same.
    pub(super) fn touches(&self) -> (Vec<Text>, &Ask) {
        let items = self.items.iter().map(|item| item.subject.uid.clone());
        let pods = self
            .drains
            .iter()
            .flat_map(DrainPlan::going)
            .map(|pod| pod.uid.text());
        (items.chain(pods).collect(), &self.ask)
    }
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes a plan from what the watch shows. `serial` tells actions apart for ever.
///
/// # Errors
/// When a target is gone, is of the wrong kind, or its system refuses.
pub fn plan(model: &Model, request: &Request, serial: u64) -> Result<Plan, Refusal> {
    let mut plan = Plan {
        operation: request.operation,
        title: String::new(),
        lines: Vec::new(),
        ask: if request.targets.len() == 1 {
            Ask::Key
        } else {
            Ask::Count(request.targets.len())
        },
        refusals: Vec::new(),
        needs: Vec::new(),
        drains: Vec::new(),
        items: Vec::new(),
    };
    for (index, target) in request.targets.iter().enumerate() {
        let serial = serial.wrapping_mul(1_000).wrapping_add(index as u64);
        add(model, request, target, serial, &mut plan)?;
    }
    let [only] = plan.items.as_slice() else {
        if plan.items.is_empty() {
            return Err(Refusal(format!(
                "{}: nothing to do it to",
                request.operation.word()
            )));
        }
        plan.title = format!(
            "{} {} {}?",
            request.operation.capital(),
            plan.items.len(),
            request.operation.several()
        );
        finish(request, &mut plan);
        return Ok(plan);
    };
    plan.title = format!("{} {}?", request.operation.capital(), only.subject.title);
    finish(request, &mut plan);
    Ok(plan)
}

fn finish(request: &Request, plan: &mut Plan) {
    let mut seen = Vec::new();
    plan.needs.retain(|need| {
        let new = !seen.contains(need);
        seen.push(need.clone());
        new
    });
    if request.hidden > 0 {
        let text = format!(
            "{} of them are marked but hidden by the filter",
            request.hidden
        );
        plan.lines.push(vec![Span::new(text, Tone::Warn)]);
    }
    let dying: usize = plan.drains.iter().map(|d| d.jobs().count()).sum();
    if dying > 0 {
        plan.ask = Ask::Count(dying);
    }
}

fn add(
    model: &Model,
    request: &Request,
    target: &Target,
    serial: u64,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    match (request.operation, target) {
        (Operation::Cancel | Operation::Retry, Target::Job(key)) => {
            add_job(model, request.operation, key, serial, plan)
        }
        (Operation::DeletePod, Target::Pod(uid)) => add_pod(model, uid, plan),
        (Operation::Cordon | Operation::Uncordon, Target::Node(name)) => {
            add_cordon(model, name, request.operation == Operation::Cordon, plan)
        }
        (Operation::Drain, Target::Node(name)) => add_drain(model, name, request.drain, plan),
        (Operation::Open(how), Target::Remote(wish)) if wish.how() == how => {
            remote::add(model, wish, plan)
        }
        (
            Operation::Restart
            | Operation::Scale(_)
            | Operation::Trigger
            | Operation::Suspend
            | Operation::Resume,
            Target::Workload(kind, uid),
        ) => workload::add(model, request.operation, (*kind, uid), serial, plan),
        (
            Operation::Cancel
            | Operation::Retry
            | Operation::DeletePod
            | Operation::Cordon
            | Operation::Uncordon
            | Operation::Drain
            | Operation::Restart
            | Operation::Scale(_)
            | Operation::Trigger
            | Operation::Suspend
            | Operation::Resume
            | Operation::Open(_),
            Target::Job(_)
            | Target::Pod(_)
            | Target::Node(_)
            | Target::Workload(..)
            | Target::Remote(_),
        ) => Err(Refusal(format!(
            "{} does not apply to this",
            request.operation.word()
        ))),
    }
}

fn add_job(
    model: &Model,
    operation: Operation,
    key: &JobKey,
    serial: u64,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let job = model
        .job(key)
        .ok_or_else(|| Refusal(format!("job {} is no longer known", key.id)))?;
    let word = operation.word();
    if operation == Operation::Cancel && job.phase.ended() {
        return Err(Refusal(format!(
            "{word} {}: it has ended ({})",
            title(job),
            job.phase.as_str()
        )));
    }
    if operation == Operation::Retry && !job.phase.ended() {
        let phase = job.phase.as_str();
        return Err(Refusal(format!(
            "{word} {}: it is {phase}; cancel it first",
            title(job)
        )));
    }
    let way = match operation {
        Operation::Retry => ci::retry(model, job),
        _ => ci::cancel(model, job),
    };
    let name = title(job);
    let title: Text = format!("job {name}").into();
    let mut uid: Text = job.pod().map_or_else(|| "".into(), |u| u.text());
    let ns = job.namespace().clone();
    let (machine, line) = match way {
        Way::Refused(why) => return Err(Refusal(format!("{word} {name}: {why}"))),
        Way::Entry(way) => {
            let ns = &way.namespace;
            plan.needs.push(Access::new("get", "", "configmaps", ns));
            plan.needs.push(Access::new("patch", "", "configmaps", ns));
            let line = format!("asks its worker through queue {ns}/{}", way.config_map);
            (
                Machine::Entry(EntryTask::new(way, title.clone(), job.pod().cloned())),
                line,
            )
        }
        Way::DeleteJob {
            namespace,
            name,
            uid: job_uid,
        } => {
            plan.needs
                .push(Access::new("delete", "batch", "jobs", &namespace));
            uid = job_uid.text();
            let line = format!(
                "deletes batch Job {namespace}/{name}, its pods after it, with their grace"
            );
            (
                Machine::Delete(DeleteTask::new(
                    Doomed::BatchJob,
                    &namespace,
                    &name,
                    job_uid,
                )),
                line,
            )
        }
        Way::CopyJob {
            namespace,
            name,
            uid: job_uid,
        } => {
            plan.needs
                .push(Access::new("get", "batch", "jobs", &namespace));
            plan.needs
                .push(Access::new("create", "batch", "jobs", &namespace));
            uid = job_uid.text();
            let line = format!("creates a clean copy of batch Job {namespace}/{name}");
            (
                Machine::Copy(CopyTask::new(namespace, name, job_uid, serial)),
                line,
            )
        }
    };
    plan.lines.push(vec![
        Span::new(name, Tone::Strong),
        Span::new(format!("  {}  ", describe(job)), Tone::Dim),
        Span::new(line, Tone::Plain),
    ]);
    let subject = Subject {
        kind: "job",
        namespace: ns,
        name: job.id.0.clone(),
        uid,
        title,
    };
    plan.items.push(Item { subject, machine });
    Ok(())
}

/// `shop/api test #8121`, or as much of it as is known.
pub fn title(job: &Job) -> String {
    let mut title = String::new();
    write_title(job, &mut title);
    title
}

/// The same at the end of `to`.
fn write_title(job: &Job, to: &mut String) {
    let start = to.len();
    write_names(job, to);
    if to.len() == start {
        to.push_str(job.id.as_str());
    }
}

/// Project, name (else pipeline) and run, as much of it as is known.
pub(crate) fn write_names(job: &Job, to: &mut String) {
    let name = match job.name() {
        "" => job.pipeline(),
        name => name,
    };
    let start = to.len();
    for (word, mark) in [(job.project(), ""), (name, ""), (job.run(), "#")] {
        if !word.is_empty() {
            if to.len() > start {
                to.push(' ');
            }
            to.push_str(mark);
            to.push_str(word);
        }
    }
}

fn describe(job: &Job) -> String {
    match (job.current_step(), job.node()) {
        (Some((k, total, step)), Some(node)) => {
            format!(
                "{} step {k}/{total} {} on {node}",
                job.phase.as_str(),
                step.name
            )
        }
        (None, Some(node)) => format!("{} on {node}", job.phase.as_str()),
        (Some(_) | None, None) => job.phase.as_str().to_owned(),
    }
}

fn add_pod(model: &Model, uid: &Uid, plan: &mut Plan) -> Result<(), Refusal> {
    let pod = model
        .pod(uid)
        .ok_or_else(|| Refusal("the pod is gone".to_owned()))?;
    let (ns, name) = (&pod.meta.namespace, &pod.meta.name);
    plan.needs.push(Access::new("delete", "", "pods", ns));
    let mut line = vec![Span::new(format!("pod {ns}/{name}"), Tone::Strong)];
    match &pod.meta.owner {
        Some(owner) => {
            let text = format!("  its {} {} makes another", owner.kind, owner.name);
            line.push(Span::new(text, Tone::Plain));
        }
        None => line.push(Span::new("  no controller makes it again", Tone::Warn)),
    }
    if let Some(job) = model.job_of_pod(uid).filter(|job| !job.phase.ended()) {
        let text = format!(
            "  job {} runs in it and dies; X cancels it its system's way",
            title(job)
        );
        line.push(Span::new(text, Tone::Bad));
    }
    line.push(Span::new(format!("  grace {}s", pod.spec.grace), Tone::Dim));
    plan.lines.push(line);
    let subject = Subject {
        kind: "pod",
        namespace: ns.clone(),
        name: name.clone(),
        uid: uid.text(),
        title: format!("pod {ns}/{name}").into(),
    };
    let machine = Machine::Delete(DeleteTask::new(Doomed::Pod, ns, name, uid.clone()));
    plan.items.push(Item { subject, machine });
    Ok(())
}

fn node_subject(name: &Text, uid: &Uid) -> Subject {
    Subject {
        kind: "node",
        namespace: "".into(),
        name: name.clone(),
        uid: uid.text(),
        title: format!("node {name}").into(),
    }
}

fn add_cordon(model: &Model, name: &Text, on: bool, plan: &mut Plan) -> Result<(), Refusal> {
    let node = model
        .node(name)
        .ok_or_else(|| Refusal(format!("node {name} not found")))?;
    plan.needs
        .push(Access::new("patch", "", "nodes", &"".into()));
    let what = if on {
        "takes no new pods; what runs goes on"
    } else {
        "takes new pods again"
    };
    plan.lines.push(vec![
        Span::new(format!("node {name}"), Tone::Strong),
        Span::new(format!("  {what}"), Tone::Plain),
    ]);
    let uid = node.meta.uid.clone();
    let subject = node_subject(name, &uid);
    let machine = Machine::Cordon(CordonTask::new(name.clone(), uid, on));
    plan.items.push(Item { subject, machine });
    Ok(())
}

fn add_drain(
    model: &Model,
    name: &Text,
    options: DrainOptions,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let drain = plan_drain(model, name, &options).map_err(Refusal)?;
    plan.needs
        .push(Access::new("patch", "", "nodes", &"".into()));
    for pod in drain.going() {
        let mut need = Access::new("create", "", "pods", &pod.namespace);
        need.subresource = "eviction";
        plan.needs.push(need);
    }
    plan.refusals.extend(drain.refusals.iter().cloned());
    plan.lines.extend(drain_lines(model, &drain));
    plan.items.push(Item {
        subject: node_subject(&drain.node, &drain.uid),
        machine: Machine::Drain(Box::new(DrainTask::new(&drain, options))),
    });
    plan.drains.push(drain);
    Ok(())
}

fn drain_lines(model: &Model, drain: &DrainPlan) -> Vec<Line> {
    let count =
        |which: &dyn Fn(&Fate) -> bool| drain.pods.iter().filter(|p| which(&p.fate)).count();
    let stay = count(&|f| matches!(f, Fate::DaemonSet | Fate::Mirror));
    let ended = count(&|f| *f == Fate::Remove);
    let evict = count(&|f| *f == Fate::Evict);
    let mut lines = vec![vec![
        Span::new(format!("node {}", drain.node), Tone::Strong),
        Span::new(
            format!("  cordon; {evict} pods evicted, {ended} ended ones removed, {stay} stay"),
            Tone::Plain,
        ),
    ]];
    let jobs: Vec<_> = drain.jobs().collect();
    if !jobs.is_empty() {
        let text = format!("{} running jobs die and are not made again:", jobs.len());
        lines.push(vec![Span::new(text, Tone::Bad)]);
        if model
            .node(&drain.node)
            .is_some_and(|node| !node.unschedulable)
        {
            let text =
                "  jobs come and go, and their number with them: cordon first to hold it still";
            lines.push(vec![Span::new(text, Tone::Dim)]);
        }
        for pod in &jobs {
            let job = pod.job.clone().unwrap_or_else(|| "".into());
            lines.push(vec![
                Span::new(format!("  ✕ {job}"), Tone::Bad),
                Span::new(format!("  {}/{}", pod.namespace, pod.name), Tone::Dim),
            ]);
        }
    }
    for pod in drain.pods.iter().filter(|p| p.bare && p.job.is_none()) {
        let text = format!(
            "  ▲ {}/{} has no controller: gone for good",
            pod.namespace, pod.name
        );
        lines.push(vec![Span::new(text, Tone::Warn)]);
    }
    let others = |p: &&PodPlan| p.fate == Fate::Evict && p.job.is_none() && !p.bare;
    for pod in drain.going().filter(others) {
        let owner = model
            .pod(&pod.uid)
            .and_then(|found| found.meta.owner.as_ref());
        let again = owner.map_or_else(String::new, |o| {
            format!(", {} {} makes another", o.kind, o.name)
        });
        let text = format!("  · {}/{}{again}", pod.namespace, pod.name);
        lines.push(vec![Span::new(text, Tone::Plain)]);
    }
    for pod in drain.going().filter(|p| p.fate == Fate::Evict) {
        let Some(found) = model.pod(&pod.uid) else {
            continue;
        };
        if budgets_of(model, found).count() > 1 {
            let text = format!(
                "  ▲ {}/{} has more than one budget: the server refuses to evict it",
                pod.namespace, pod.name
            );
            lines.push(vec![Span::new(text, Tone::Warn)]);
        }
        for budget in budgets_of(model, found).filter(|b| b.allowed <= 0) {
            let text = format!(
                "  ▲ {}/{} is protected: budget {} allows {} now ({} of {} healthy, {} needed)",
                pod.namespace,
                pod.name,
                budget.meta.name,
                budget.allowed,
                budget.healthy,
                budget.expected,
                budget.needed
            );
            lines.push(vec![Span::new(text, Tone::Warn)]);
        }
    }
    if !model.feed(Kind::Budget).is_live() {
        let text = "  budgets are not known yet; the server asks them at each eviction";
        lines.push(vec![Span::new(text, Tone::Dim)]);
    }
    lines
}
