//! What could be lost with pods: the jobs in them, the jobs that they look after, what they answer.

use super::super::plan::{Ask, Plan, title};
use super::note;
use crate::ci::worker::{Crew, Part, part};
use crate::engine::text::plural;
use crate::engine::view::Tone;
use crate::model::select::service_covers;
use crate::model::{Backend, Model, Pod, Text};

/// Things of one sort that a preview names one by one.
const NAMED: usize = 8;

/// Jobs that run in these pods: they die with them. Jobs that these pods look after: they run in pods of
/// their own.
pub(super) fn jobs_lost(model: &Model, pods: &[&Pod], plan: &mut Plan) {
    let inside: Vec<_> = pods
        .iter()
        .filter_map(|pod| model.job_of_pod(&pod.meta.uid))
        .filter(|job| !job.phase.ended())
        .collect();
    if !inside.is_empty() {
        let text = format!(
            "{} in these pods and may die with them:",
            runs(inside.len())
        );
        note(plan, text, Tone::Bad);
        for job in inside.iter().take(NAMED) {
            note(plan, format!("  ✕ job {}", title(job)), Tone::Bad);
        }
        more(inside.len(), plan);
        plan.ask = Ask::Count(inside.len());
    }
    let workers: Vec<&Pod> = pods
        .iter()
        .copied()
        .filter(|pod| matches!(part(pod), Some((_, Part::Worker))))
        .collect();
    if workers.is_empty() {
        return;
    }
    let crew = Crew::of(model);
    let loads = workers.iter().map(|pod| crew.load(pod));
    let Some(loads) = loads.collect::<Option<Vec<_>>>() else {
        let text = "these are workers; which jobs they look after is not known";
        return note(plan, text, Tone::Warn);
    };
    let after: u32 = loads.iter().map(|load| load.running).sum();
    if after > 0 {
        let text = format!(
            "these pods look after {}: they run on in pods of their own, but whoever takes over must know them",
            plural(u64::from(after), "running job")
        );
        note(plan, text, Tone::Warn);
    }
}

fn runs(jobs: usize) -> String {
    if jobs == 1 {
        "1 job runs".to_owned()
    } else {
        format!("{jobs} jobs run")
    }
}

fn more(of: usize, plan: &mut Plan) {
    if of > NAMED {
        note(plan, format!("  … and {} more", of - NAMED), Tone::Dim);
    }
}

/// Services and hosts that lead to these pods.
pub(super) fn served(model: &Model, pods: &[&Pod], what: &str, plan: &mut Plan) {
    let Some(pod) = pods.first() else { return };
    let ns = &pod.meta.namespace;
    let services: Vec<&Text> = model
        .services()
        .filter(|s| s.meta.namespace == *ns && service_covers(&s.selector, &pod.meta.labels))
        .map(|s| &s.meta.name)
        .collect();
    if services.is_empty() {
        return;
    }
    let mut hosts: Vec<&str> = Vec::new();
    for ingress in model.ingresses().filter(|i| i.meta.namespace == *ns) {
        for route in &ingress.routes {
            let leads =
                matches!(&route.backend, Backend::Service { name, .. } if services.contains(&name));
            if leads && !route.host.is_empty() && !hosts.contains(&&*route.host) {
                hosts.push(&route.host);
            }
        }
    }
    let names: Vec<&str> = services.iter().map(|s| &***s).collect();
    let mut text = format!("Services {}", names.join(", "));
    if !hosts.is_empty() {
        text.push_str(&format!(" and hosts {}", hosts.join(", ")));
    }
    note(plan, format!("{text} {what}"), Tone::Bad);
}
