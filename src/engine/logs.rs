//! Opening logs and what happens to them.

use super::cluster::Cluster;
use super::log::{Pane, Target};
use super::screen::{Screen, Thing};
use super::view::Tone;
use super::{Dirty, Effect, Engine, LogEvent, LogId, text};
use crate::model::{ContainerRole, Job, JobKey, Pod, Text};

/// Past lines of a log that is no job's: a service may have written for months.
const SERVICE_TAIL: u32 = 10_000;

impl Engine {
    pub(super) fn open_log(&mut self, previous: bool, out: &mut Vec<Effect>) {
        let thing = self.thing();
        let cluster = thing.as_ref().and_then(Thing::cluster);
        let target = match (thing, cluster.and_then(|no| self.clusters.get(no))) {
            (Some(Thing::Job(_, key)), Some(cluster)) => cluster.job_target(&key, None),
            (Some(Thing::Step(_, key, container)), Some(cluster)) => {
                cluster.job_target(&key, Some(container))
            }
            (Some(Thing::Pod(_, uid)), Some(cluster)) => match cluster.model.pod(&uid) {
                Some(pod) => Ok(cluster.pod_target(pod)),
                None => Err("the pod is gone, and its log with it".to_owned()),
            },
            (_, _) => Err("no job or pod under the cursor".to_owned()),
        };
        let target = match (target, cluster) {
            (Ok(mut target), Some(no)) => {
                let several = self.clusters.several();
                if let Some(cluster) = self.clusters.get(no).filter(|_| several) {
                    target.title = format!("{} in {}", target.title, cluster.context);
                }
                target
            }
            (Ok(target), None) => target,
            (Err(why), _) => return self.say(why, Tone::Warn),
        };
        if previous && !self.has_previous(&target) {
            return self.say(
                "no container of it was restarted: there is no previous log",
                Tone::Warn,
            );
        }
        let mut pane = Pane::new(target, self.settings.log_bytes);
        pane.previous = previous;
        self.push(Screen::Log(Box::new(pane)), out);
        self.advance_logs(out);
    }

    fn has_previous(&self, target: &Target) -> bool {
        let model = self.model_of(target.cluster);
        model.and_then(|m| m.pod(&target.uid)).is_some_and(|pod| {
            pod.containers().any(|c| {
                target.containers.contains(c.name()) && (c.restarts() > 0 || c.last().is_some())
            })
        })
    }

    pub(super) fn toggle_previous(&mut self, out: &mut Vec<Effect>) {
        let Screen::Log(pane) = self.screens.top() else {
            return;
        };
        let previous = !pane.previous;
        if previous && !self.has_previous(&pane.target) {
            return self.say(
                "no container of it was restarted: there is no previous log",
                Tone::Warn,
            );
        }
        if let Screen::Log(pane) = self.screens.top_mut() {
            pane.restart(previous, out);
        }
        self.advance_logs(out);
    }

    /// Opens the streams whose turn has come.
    pub(super) fn advance_logs(&mut self, out: &mut Vec<Effect>) {
        let Self {
            screens,
            clusters,
            last_log,
            ..
        } = self;
        for screen in screens.iter_mut() {
            if let Screen::Log(pane) = screen
                && let Some(cluster) = clusters.get(pane.target.cluster)
            {
                let next = || {
                    *last_log += 1;
                    LogId(*last_log)
                };
                pane.advance(&cluster.model, next, out);
            }
        }
    }

    pub(super) fn log_event(&mut self, id: LogId, event: LogEvent, out: &mut Vec<Effect>) {
        let ended = matches!(event, LogEvent::Ended(_));
        let mut event = Some(event);
        let mut top = true;
        let mut seen = false;
        for screen in self.screens.iter_mut() {
            if let Screen::Log(pane) = screen
                && pane.has(id)
                && let Some(event) = event.take()
            {
                pane.event(id, event);
                seen = top;
                break;
            }
            top = false;
        }
        if seen {
            self.mark(Dirty::News);
        }
        if ended {
            self.advance_logs(out);
        }
    }

    /// Does something to the log on top, if there is one.
    pub(super) fn with_log(&mut self, act: impl FnOnce(&mut Pane)) {
        if let Screen::Log(pane) = self.screens.top_mut() {
            act(pane);
        }
    }

    pub(super) fn search(&mut self, text: &str) {
        if let Some(pane) = self.text_pane() {
            if text.is_empty() {
                pane.clear_search();
            } else if !pane.find(text) {
                self.say(format!("'{text}' is not in it"), Tone::Warn);
            }
            return;
        }
        let rows = self.page.0;
        let mut found = true;
        if text.is_empty() {
            self.with_log(|pane| pane.search = None);
        } else {
            self.with_log(|pane| found = pane.search(text, rows));
        }
        if !found {
            self.say(
                format!("'{text}' is not in the lines that are kept"),
                Tone::Warn,
            );
        }
    }

    pub(super) fn next_hit(&mut self, down: bool) {
        let rows = self.page.0;
        let mut found = true;
        match self.text_pane() {
            Some(pane) => found = pane.next_hit(down),
            None => self.with_log(|pane| found = pane.next_hit(down, rows)),
        }
        if !found {
            self.say("no hit; / searches", Tone::Warn);
        }
    }
}

impl Cluster {
    /// The log of a job across its steps, or of one of them.
    fn job_target(&self, key: &JobKey, container: Option<Text>) -> Result<Target, String> {
        let job = self.model.job(key).ok_or("the job is not known any more")?;
        let uid = job.pod().ok_or("it has no pod: there is no log")?;
        let pod = self
            .model
            .pod(uid)
            .ok_or("its pod is gone, and its log with it")?;
        let containers = match container {
            Some(container) => vec![container],
            None => job_containers(job, pod),
        };
        Ok(Target {
            title: text::job_title(job),
            containers,
            tail: None,
            ..self.target(pod)
        })
    }

    fn pod_target(&self, pod: &Pod) -> Target {
        match self.model.job_of_pod(&pod.meta.uid) {
            Some(job) => Target {
                title: text::job_title(job),
                containers: job_containers(job, pod),
                tail: None,
                ..self.target(pod)
            },
            None => self.target(pod),
        }
    }

    fn target(&self, pod: &Pod) -> Target {
        Target {
            cluster: self.no,
            title: format!("{}/{}", pod.meta.namespace, pod.meta.name),
            namespace: pod.meta.namespace.clone(),
            pod: pod.meta.name.clone(),
            uid: pod.meta.uid.clone(),
            node: pod.node.clone(),
            containers: pod_containers(pod),
            tail: Some(SERVICE_TAIL),
        }
    }
}

/// The steps' containers in order, or the pod's where the system shows no steps.
fn job_containers(job: &Job, pod: &Pod) -> Vec<Text> {
    let steps = job.steps();
    if steps.is_empty() {
        return pod_containers(pod);
    }
    steps.into_iter().map(|step| step.container).collect()
}

/// Init containers, then the others, then sidecars, which never end by themselves.
fn pod_containers(pod: &Pod) -> Vec<Text> {
    let of = |role: ContainerRole| {
        pod.containers()
            .filter(move |c| c.role() == role)
            .map(|c| c.name().clone())
    };
    // Of init containers that ended well long ago nobody wants to read before a service's own log.
    let running = pod.main_containers().any(|c| c.runs());
    let init = of(ContainerRole::Init).filter(|_| !running);
    init.chain(of(ContainerRole::Main))
        .chain(of(ContainerRole::Sidecar))
        .collect()
}
