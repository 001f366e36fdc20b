//! The screens of one job and of one node.

use chrono::{DateTime, Utc};

use super::Engine;
use super::cluster::Cluster;
use super::event::Now;
use super::nodelife;
use super::screen::{JobScreen, NodeScreen};
use super::table::node_status;
use super::text::{self, age, cpu, memory, percent, seconds};
use super::view::{Detail, Line, RowId, Span, StepView, Tone};
use crate::model::pool::PoolSource;
use crate::model::{ContainerState, Fact, Job, Node, Phase, Pod, Step, StepState, Text};

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

impl Engine {
    pub(super) fn job_detail(&self, screen: &JobScreen, now: Now) -> Detail {
        let cluster = self.clusters.get(screen.cluster);
        let Some((cluster, job)) = cluster.and_then(|c| Some((c, c.model.job(&screen.key)?)))
        else {
            return Detail {
                title: vec![Span::new(screen.title.clone(), Tone::Strong)],
                facts: Vec::new(),
                notes: vec![vec![Span::new(
                    "this job is not known any more: its pod is gone",
                    Tone::Warn,
                )]],
                steps: Vec::new(),
            };
        };
        let now = cluster.time(now.wall);
        let pod = job.pod().and_then(|uid| cluster.model.pod(uid));
        let selected = self.current_step();
        Detail {
            title: vec![
                Span::new(text::job_title(job), Tone::Strong),
                Span::new("  ", Tone::Plain),
                text::phase(job.phase),
            ],
            facts: self.whose(cluster, cluster.job_facts(job, pod, now)),
            notes: job_notes(job, pod, now),
            steps: steps(job, selected.as_ref(), now),
        }
    }

    pub(super) fn node_detail(&self, screen: &NodeScreen, now: Now) -> Detail {
        let name = &screen.name;
        let title = Span::new(format!("node {name}"), Tone::Strong);
        let cluster = self.clusters.get(screen.cluster);
        let Some((cluster, node)) = cluster.and_then(|c| Some((c, c.model.node(name)?))) else {
            let why = if cluster.is_none_or(|c| c.model.nodes_visible()) {
                "this node is not (or no longer) there"
            } else {
                "nodes are not visible: no rights to list them"
            };
            return Detail {
                title: vec![title],
                facts: Vec::new(),
                notes: vec![vec![Span::new(why, Tone::Warn)]],
                steps: Vec::new(),
            };
        };
        let now = cluster.time(now.wall);
        Detail {
            title: vec![title, Span::new("  ", Tone::Plain), node_status(node)],
            facts: self.whose(cluster, cluster.node_facts(node, now)),
            notes: nodelife::notes(node, now),
            steps: Vec::new(),
        }
    }

    /// Of several clusters the first fact is which it is.
    fn whose(
        &self,
        cluster: &Cluster,
        mut facts: Vec<(&'static str, Line)>,
    ) -> Vec<(&'static str, Line)> {
        if self.clusters.several() {
            facts.insert(0, ("cluster", plain(&*cluster.context)));
        }
        facts
    }
}

impl Cluster {
    fn job_facts(
        &self,
        job: &Job,
        pod: Option<&Pod>,
        now: DateTime<Utc>,
    ) -> Vec<(&'static str, Line)> {
        let mut facts = Vec::new();
        let f = &mut facts;
        fact(f, "project", job.project());
        fact(
            f,
            "pipeline",
            match job.run() {
                "" => job.pipeline().to_string(),
                run => format!("{} #{run}", job.pipeline()),
            },
        );
        fact(f, "ref", job.reference());
        fact(f, "commit", job.fact(Fact::Commit));
        fact(f, "who", job.author());
        fact(
            f,
            "attempt",
            job.attempt.map(|n| n.to_string()).unwrap_or_default(),
        );
        fact(f, "system", format!("{}, id {}", job.system().0, job.id));
        let pod_name = format!("{}/{}", job.namespace(), job.pod_name());
        let gone = if pod.is_some() { "" } else { " (gone)" };
        fact(f, "pod", format!("{pod_name}{gone}"));
        fact(f, "node", job.node().map(|n| &**n).unwrap_or_default());
        fact(
            f,
            "pool",
            self.model
                .pool_of_job(job)
                .map(|p| p.to_string())
                .unwrap_or_default(),
        );
        let wait = job.wait_seconds(now);
        let waits = match (job.scheduled(), job.started()) {
            (Some(scheduled), Some(started)) => format!(
                "{} ({} to a node, {} to the first step)",
                seconds(wait),
                seconds((scheduled - job.created()).num_seconds()),
                seconds((started - scheduled).num_seconds()),
            ),
            _ => seconds(wait),
        };
        let tone = if job.phase == Phase::Queued {
            Tone::Warn
        } else {
            Tone::Plain
        };
        f.push(("waits", vec![Span::new(waits, tone)]));
        fact(
            f,
            "runs",
            job.run_seconds(now).map(seconds).unwrap_or_default(),
        );
        if let Some(pod) = pod {
            fact(
                f,
                "asks for",
                format!(
                    "{} cpu, {}",
                    cpu(pod.spec.requests.cpu),
                    memory(pod.spec.requests.memory)
                ),
            );
        }
        self.job_use(job, pod, now, f);
        if let Some((of, Ok(disk))) = &self.disk
            && job.node() == Some(of)
            && let Some(line) = pod.and_then(|pod| disk.of_pod(pod))
        {
            f.push(("disk", line));
        }
        fact(
            f,
            "created",
            job.created().format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        );
        fact(
            f,
            "ended",
            job.ended()
                .map(|at| format!("{} ago", age(at, now)))
                .unwrap_or_default(),
        );
        fact(f, "url", job.fact(Fact::Url));
        facts
    }

    fn node_facts(&self, node: &Node, now: DateTime<Utc>) -> Vec<(&'static str, Line)> {
        let mut facts = Vec::new();
        let f = &mut facts;
        if let Some(pool) = self
            .pools()
            .iter()
            .find(|p| self.model.pool_of_node(&node.meta.name) == Some(&p.name))
        {
            let by = match &pool.source {
                PoolSource::Label(key) => format!(", by label {key}"),
                PoolSource::Role => ", by its role".to_owned(),
                PoolSource::InstanceType => ", by its instance type".to_owned(),
                PoolSource::Nothing | PoolSource::NodesNotVisible | PoolSource::Asked(_) => {
                    String::new()
                }
            };
            fact(f, "pool", format!("{}{by}", pool.name));
            fact(f, "rank", format!("{}: {}", pool.rank, pool.why));
        }
        let sums = self.model.sums(&node.meta.name);
        let requested = sums.map(|s| s.requested).unwrap_or_default();
        let all = node.allocatable;
        fact(f, "jobs", sums.map_or(0, |s| s.jobs).to_string());
        fact(f, "pods", format!("{} of {}", requested.pods, all.pods));
        fact(
            f,
            "cpu",
            format!(
                "{} of {} requested, {}",
                cpu(requested.cpu),
                cpu(all.cpu),
                percent(requested.cpu, all.cpu)
            ),
        );
        fact(
            f,
            "memory",
            format!(
                "{} of {} requested, {}",
                memory(requested.memory),
                memory(all.memory),
                percent(requested.memory, all.memory)
            ),
        );
        f.push(("uses", self.node_use(node, now)));
        if let Some((of, disk)) = &self.disk
            && *of == node.meta.name
        {
            let line = match disk {
                Ok(disk) => disk.of_node(),
                Err(why) => vec![Span::new(format!("? {why}"), Tone::Dim)],
            };
            f.push(("disk", line));
        }
        self.machine_facts(node, now, f);
        fact(f, "address", &*node.internal_ip);
        fact(f, "age", age(node.meta.created, now));
        facts
    }
}

fn job_notes(job: &Job, pod: Option<&Pod>, now: DateTime<Utc>) -> Vec<Line> {
    let mut notes = Vec::new();
    if !job.failure.is_empty() {
        notes.push(vec![Span::new(format!("✕ {}", job.failure), Tone::Bad)]);
    }
    let Some(pod) = pod else {
        return notes;
    };
    // The scheduler's own words, whole.
    if let Some(c) = pod.condition("PodScheduled").filter(|c| !c.holds()) {
        let since = c.since().unwrap_or(pod.meta.created);
        let reason = match c.reason() {
            "" => "not scheduled",
            reason => reason,
        };
        notes.push(vec![Span::new(
            format!("○ {reason} for {}", age(since, now)),
            Tone::Warn,
        )]);
        if !c.message().is_empty() {
            notes.push(plain(c.message()));
        }
    }
    for container in pod.containers() {
        if let Some(ContainerState::Waiting(words)) = container.state()
            && !words.message.is_empty()
        {
            let what = format!("{}: {}: ", container.name(), words.reason);
            notes.push(vec![
                Span::new(what, Tone::Warn),
                Span::new(words.message.to_string(), Tone::Plain),
            ]);
        }
    }
    if !pod.message().is_empty() {
        notes.push(plain(format!("{}: {}", pod.reason(), pod.message())));
    }
    if pod.meta.deleting.is_some() && !pod.ended() {
        notes.push(vec![Span::new("its pod is being deleted", Tone::Warn)]);
    }
    notes
}

fn steps(job: &Job, selected: Option<&Text>, now: DateTime<Utc>) -> Vec<StepView> {
    job.steps()
        .iter()
        .map(|step| StepView {
            id: RowId::Name(step.container.clone()),
            cells: step_cells(step, job.ended(), now),
            selected: selected == Some(&step.container),
        })
        .collect()
}

/// Glyph, name, state, start, duration.
fn step_cells(step: &Step, job_ended: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Vec<Span> {
    let (glyph, word, tone, began, ended) = match &step.state {
        StepState::Waiting => ("○", "waiting".to_owned(), Tone::Dim, None, None),
        // The kubelet told no more of a step that was cut off with its pod.
        StepState::Running { since } if job_ended.is_some() => {
            ("✕", "cut off".to_owned(), Tone::Bad, *since, job_ended)
        }
        StepState::Running { since } => ("●", "running".to_owned(), Tone::Busy, *since, Some(now)),
        StepState::Succeeded { started, ended } => {
            ("✓", "succeeded".to_owned(), Tone::Good, *started, *ended)
        }
        StepState::Failed {
            started,
            ended,
            why,
        } => ("✕", why.to_string(), Tone::Bad, *started, *ended),
        StepState::Skipped => ("-", "skipped".to_owned(), Tone::Dim, None, None),
    };
    let start = began
        .map(|at| at.format("%H:%M:%S").to_string())
        .unwrap_or_default();
    let lasted = began
        .zip(ended)
        .map(|(from, to)| seconds((to - from).num_seconds()))
        .unwrap_or_default();
    vec![
        Span::new(glyph, tone),
        Span::new(step.name.to_string(), Tone::Plain),
        Span::new(word, tone),
        Span::new(start, Tone::Dim),
        Span::new(lasted, Tone::Plain),
    ]
}
