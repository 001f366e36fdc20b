//! What is done to workloads: restart, scale, trigger, suspend and resume. The plans are made here; each way
//! of doing it is a machine.

pub(super) mod change;
mod loss;
pub(super) mod scale;
pub(super) mod trigger;

use super::gate::Access;
use super::machine::Machine;
use super::plan::{Item, Operation, Plan, Refusal, Subject};
use super::task::Cx;
use crate::engine::text::plural;
use crate::engine::view::{Span, Tone};
use crate::model::{
    Concurrency, CronJob, Kind, Model, Pod, Text, Uid, Update, Workload, WorkloadKind,
};
use change::{ChangeTask, Goal};
use loss::{jobs_lost, served};
use scale::ScaleTask;
use trigger::TriggerTask;

/// What a machine is about.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) kind: Kind,
    pub(super) namespace: Text,
    pub(super) name: Text,
    pub(super) uid: Uid,
}

impl Object {
    pub(super) fn path(&self) -> String {
        format!("{}/{}", collection(self.kind, &self.namespace), self.name)
    }

    /// `deployment ci-system/api`, for sentences.
    pub(super) fn title(&self) -> Text {
        let word = self.kind.word().to_lowercase();
        format!("{word} {}/{}", self.namespace, self.name).into()
    }

    /// As the watch shows it; `None` for a CronJob, or when it is not there.
    pub(super) fn workload<'m>(&self, model: &'m Model) -> Option<&'m Workload> {
        model.workload_by_uid(self.kind, &self.uid)
    }

    /// Whether the watch shows that it is gone.
    pub(super) fn gone(&self, cx: Cx<'_>) -> bool {
        let there = match self.kind {
            Kind::CronJob => cx.model.cron_job_by_uid(&self.uid).is_some(),
            kind => cx.model.workload_by_uid(kind, &self.uid).is_some(),
        };
        cx.live(self.kind) && !there
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: match self.kind {
                Kind::Deployment => "deployment",
                Kind::StatefulSet => "statefulset",
                Kind::DaemonSet => "daemonset",
                Kind::ReplicaSet => "replicaset",
                _ => "cronjob",
            },
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            uid: self.uid.text(),
            title: self.title(),
        }
    }
}

/// Path of all of a kind in a namespace.
pub(super) fn collection(kind: Kind, namespace: &str) -> String {
    let (group, version, plural) = (kind.group(), kind.version(), kind.plural());
    format!("/apis/{group}/{version}/namespaces/{namespace}/{plural}")
}

/// Adds what is to be done to one workload.
pub(super) fn add(
    model: &Model,
    operation: Operation,
    (kind, uid): (Kind, &Uid),
    serial: u64,
    plan: &mut Plan,
) -> Result<(), Refusal> {
    let no = || {
        let text = format!("{} does not apply to a {}", operation.word(), kind.word());
        Refusal(text)
    };
    if kind == Kind::CronJob {
        let cron = model.cron_job_by_uid(uid).ok_or_else(|| gone(kind))?;
        return match operation {
            Operation::Trigger => add_trigger(cron, serial, plan),
            Operation::Suspend => add_suspend(cron, true, plan),
            Operation::Resume => add_suspend(cron, false, plan),
            _ => Err(no()),
        };
    }
    let workload = model.workload_by_uid(kind, uid).ok_or_else(|| gone(kind))?;
    match operation {
        Operation::Restart if workload.kind != WorkloadKind::ReplicaSet => {
            add_restart(model, workload, plan)
        }
        Operation::Scale(to) if workload.kind != WorkloadKind::DaemonSet => {
            add_scale(model, workload, to, plan)
        }
        _ => Err(no()),
    }
}

fn gone(kind: Kind) -> Refusal {
    Refusal(format!("the {} is gone", kind.word()))
}

fn object(workload: &Workload) -> Object {
    Object {
        kind: workload.kind.into(),
        namespace: workload.meta.namespace.clone(),
        name: workload.meta.name.clone(),
        uid: workload.meta.uid.clone(),
    }
}

fn cron_object(cron: &CronJob) -> Object {
    Object {
        kind: Kind::CronJob,
        namespace: cron.meta.namespace.clone(),
        name: cron.meta.name.clone(),
        uid: cron.meta.uid.clone(),
    }
}

fn note(plan: &mut Plan, text: impl Into<String>, tone: Tone) {
    plan.lines
        .push(vec![Span::new(format!("  {}", text.into()), tone)]);
}

fn head(plan: &mut Plan, object: &Object, text: String) {
    plan.lines.push(vec![
        Span::new(object.title().to_string(), Tone::Strong),
        Span::new(format!("  {text}"), Tone::Plain),
    ]);
}

fn add_restart(model: &Model, workload: &Workload, plan: &mut Plan) -> Result<(), Refusal> {
    let object = object(workload);
    if workload.paused {
        let text = format!(
            "restart {}: it is paused; resume its rollout first",
            object.title()
        );
        return Err(Refusal(text));
    }
    let ns = &object.namespace;
    plan.needs
        .push(Access::new("patch", "apps", object.kind.plural(), ns));
    let count = count(workload.desired);
    let pods = plural(count, "pod");
    let (how, tone) = match (workload.kind, workload.update) {
        (_, Update::OnDelete) => (
            format!(
                "marks {pods} as outdated; each is replaced when somebody deletes it (OnDelete)"
            ),
            Tone::Warn,
        ),
        (_, Update::Recreate) => (
            format!("stops {pods}, then starts as many: nothing answers meanwhile (Recreate)"),
            Tone::Warn,
        ),
        (WorkloadKind::StatefulSet, Update::Rolling) => (
            format!("replaces {pods} from the highest ordinal down, one after the other"),
            Tone::Plain,
        ),
        (WorkloadKind::DaemonSet, Update::Rolling) => {
            (format!("replaces {pods}, node after node"), Tone::Plain)
        }
        (WorkloadKind::Deployment | WorkloadKind::ReplicaSet, Update::Rolling) => {
            (format!("replaces {pods}, a few at a time"), Tone::Plain)
        }
    };
    head(plan, &object, String::new());
    note(plan, how, tone);
    if let Some(kept) = workload
        .ordered
        .as_ref()
        .map(|o| o.partition)
        .filter(|p| *p > 0)
    {
        let text = format!("its partition keeps ordinals below {kept} as they are");
        note(plan, text, Tone::Warn);
    }
    if !workload.is_rolled_out() {
        let text = format!(
            "it is not at rest now: {} of {} updated, {} ready",
            workload.updated, workload.desired, workload.ready
        );
        note(plan, text, Tone::Warn);
    }
    let all: Vec<&Pod> = model.pods_of_workload(workload);
    jobs_lost(model, &all, plan);
    let stops = workload.update == Update::Recreate;
    if stops {
        served(model, &all, "answer nothing meanwhile", plan);
    }
    plan.items.push(Item {
        subject: object.subject(),
        machine: Machine::Change(ChangeTask::new(object, Goal::restart())),
    });
    Ok(())
}

fn add_scale(model: &Model, workload: &Workload, to: u32, plan: &mut Plan) -> Result<(), Refusal> {
    let object = object(workload);
    let from = workload.desired;
    let to = i32::try_from(to)
        .map_err(|_| Refusal(format!("scale {}: {to} is too many", object.title())))?;
    if from == to {
        let text = format!("scale {}: it is set to {to} already", object.title());
        return Err(Refusal(text));
    }
    if let Some(owner) = &workload.meta.owner {
        let text = format!(
            "scale {}: its {} {} sets its replicas; scale that",
            object.title(),
            owner.kind,
            owner.name
        );
        return Err(Refusal(text));
    }
    for verb in ["get", "update"] {
        let mut need = Access::new(verb, "apps", object.kind.plural(), &object.namespace);
        need.subresource = "scale";
        plan.needs.push(need);
    }
    head(plan, &object, format!("from {from} to {to}"));
    let all = model.pods_of_workload(workload);
    if to < from {
        scaled_away(model, workload, to, &all, plan);
    } else if let Some(ordered) = &workload.ordered {
        let first = workload.ordinals().end;
        let text = format!(
            "adds {}{}",
            ordinals(workload, first..first + (to - from)),
            if ordered.parallel {
                ""
            } else {
                ", one after the other is ready"
            }
        );
        note(plan, text, Tone::Plain);
    } else {
        let text = format!("adds {}", plural(count(to - from), "pod"));
        note(plan, text, Tone::Plain);
    }
    let (ns, name) = (&object.namespace, &object.name);
    match model.autoscaler_of(object.kind, ns, name) {
        Some(scaler) => {
            let text = format!(
                "autoscaler {} keeps it between {} and {} and will set its own number again",
                scaler.meta.name, scaler.min, scaler.max
            );
            note(plan, text, Tone::Warn);
        }
        None if !model.feed(Kind::Autoscaler).is_live() => {
            let text = "whether an autoscaler sets its replicas too is not known";
            note(plan, text, Tone::Dim);
        }
        None => {}
    }
    plan.items.push(Item {
        subject: object.subject(),
        machine: Machine::Scale(ScaleTask::new(object, from, to)),
    });
    Ok(())
}

fn scaled_away(model: &Model, workload: &Workload, to: i32, all: &[&Pod], plan: &mut Plan) {
    let less = count(workload.desired - to);
    match &workload.ordered {
        Some(ordered) => {
            let ends = workload.ordinals();
            let left = ends.start + to;
            let text = format!(
                "takes away {}, the highest first",
                ordinals(workload, left..ends.end)
            );
            note(plan, text, Tone::Plain);
            if !ordered.claims.is_empty() {
                let claims = ordered.claims.join(", ");
                if ordered.claims_go {
                    let text = format!("their volumes ({claims}) are deleted with what is on them");
                    note(plan, text, Tone::Bad);
                } else {
                    note(plan, format!("their volumes ({claims}) stay"), Tone::Dim);
                }
            }
            let going: Vec<&Pod> = all
                .iter()
                .copied()
                .filter(|pod| ordinal(&pod.meta.name).is_some_and(|n| n >= left))
                .collect();
            jobs_lost(model, &going, plan);
        }
        None => {
            let text = format!(
                "takes away {} of {}; which, its ReplicaSet decides",
                less,
                plural(count(workload.desired), "pod")
            );
            note(plan, text, Tone::Plain);
            jobs_lost(model, all, plan);
        }
    }
    if to == 0 {
        note(plan, "nothing of it is left", Tone::Bad);
        served(model, all, "have nothing behind them then", plan);
    }
}

/// The number behind the last hyphen of a StatefulSet's pod.
pub(crate) fn ordinal(pod: &str) -> Option<i32> {
    pod.rsplit_once('-')?.1.parse().ok()
}

/// `results-3`, `results-3 and results-4`, `results-3 to results-9`, highest last.
fn ordinals(workload: &Workload, which: std::ops::Range<i32>) -> String {
    let name = &workload.meta.name;
    match which.end - which.start {
        1 => format!("{name}-{}", which.start),
        2 => format!("{name}-{} and {name}-{}", which.start, which.start + 1),
        _ => format!("{name}-{} to {name}-{}", which.start, which.end - 1),
    }
}

fn add_trigger(cron: &CronJob, serial: u64, plan: &mut Plan) -> Result<(), Refusal> {
    let object = cron_object(cron);
    let ns = &object.namespace;
    plan.needs.push(Access::new("get", "batch", "cronjobs", ns));
    plan.needs.push(Access::new("create", "batch", "jobs", ns));
    let task = TriggerTask::new(object.clone(), serial);
    head(plan, &object, String::new());
    let text = format!(
        "creates a Job {}-manual-… from its template, now",
        object.name
    );
    note(plan, text, Tone::Plain);
    if cron.active > 0 {
        let running = if cron.active == 1 {
            "1 of its Jobs runs".to_owned()
        } else {
            format!("{} of its Jobs run", cron.active)
        };
        let policy = match cron.concurrency {
            Concurrency::Allow => "",
            Concurrency::Forbid => " (Forbid binds its schedule alone)",
            Concurrency::Replace => " (Replace binds its schedule alone)",
        };
        let text = format!("{running} already: this one runs beside it{policy}");
        note(plan, text, Tone::Warn);
    }
    if cron.suspended {
        note(plan, "it is suspended, and stays so", Tone::Dim);
    }
    plan.items.push(Item {
        subject: object.subject(),
        machine: Machine::Trigger(task),
    });
    Ok(())
}

fn add_suspend(cron: &CronJob, suspend: bool, plan: &mut Plan) -> Result<(), Refusal> {
    let object = cron_object(cron);
    if cron.suspended == suspend {
        let (word, state) = if suspend {
            ("suspend", "suspended already")
        } else {
            ("resume", "not suspended")
        };
        return Err(Refusal(format!("{word} {}: it is {state}", object.title())));
    }
    plan.needs
        .push(Access::new("patch", "batch", "cronjobs", &object.namespace));
    head(plan, &object, format!("schedule {}", cron.schedule));
    if suspend {
        note(
            plan,
            "starts no Job any more until it is resumed",
            Tone::Plain,
        );
        if cron.active > 0 {
            let text = format!(
                "{} that runs goes on",
                plural(u64::from(cron.active), "Job")
            );
            note(plan, text, Tone::Plain);
        }
    } else {
        note(plan, "starts Jobs by its schedule again", Tone::Plain);
        let text = match cron.deadline {
            None => "a start that it missed meanwhile is made at once".to_owned(),
            Some(s) => format!("a start that it missed within the last {s} s is made at once"),
        };
        note(plan, text, Tone::Warn);
    }
    plan.items.push(Item {
        subject: object.subject(),
        machine: Machine::Change(ChangeTask::new(object, Goal::Suspended(suspend))),
    });
    Ok(())
}

fn count(n: i32) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
