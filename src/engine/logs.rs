//! Opening logs and what happens to them.

use super::cluster::Cluster;
use super::effect::Saving;
use super::log::budget;
use super::log::{HUGE, Pane, Target, What, Window, job_containers, pod_containers};
use super::overlay::Choice;
use super::prompt::Purpose;
use super::screen::{Screen, Thing};
use super::table::Sight;
use super::view::Tone;
use super::{Dirty, Effect, Engine, LogEvent, LogId, text};
use crate::model::{Changes, ClusterNo, JobKey, Kind, Pod, Text, Uid};

/// Past lines of a log that is no job's: a service may have written for months.
const SERVICE_TAIL: u32 = 10_000;
const NO_PREVIOUS: &str = "no container of it was restarted: there is no previous log";

/// What logs see, beside the screens that are changed meanwhile.
macro_rules! sight {
    ($engine:ident) => {
        Sight {
            clusters: &$engine.clusters,
            wall: $engine.clock.wall,
            namespace: $engine.namespace.as_ref(),
            runs: $engine.actions.runs(),
            book: &$engine.book,
        }
    };
}

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
            (Some(Thing::Container(_, uid, at)), Some(cluster)) => {
                cluster.container_target(&uid, at)
            }
            (Some(Thing::Missing(_)), _) => Err("it has no pod: there is no log".to_owned()),
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
        let mut pane = Pane::new(target, self.settings.log_bytes);
        if previous && !self.log_has_previous(&pane) {
            return self.say(NO_PREVIOUS, Tone::Warn);
        }
        pane.previous = previous;
        self.show_log(pane, out);
    }

    pub(super) fn show_log(&mut self, pane: Pane, out: &mut Vec<Effect>) {
        self.push(Screen::Log(Box::new(pane)), out);
        self.look_for_members();
        self.advance_logs(out);
    }

    /// Whether the pod of a log has a last life to show; of many some may.
    fn log_has_previous(&self, pane: &Pane) -> bool {
        let Some(member) = pane.subject() else {
            return true;
        };
        let model = self.model_of(member.cluster);
        model.and_then(|m| m.pod(&member.uid)).is_some_and(|pod| {
            member.streams.iter().any(|s| {
                let c = pod.container(&s.container);
                c.is_some_and(|c| c.restarts() > 0 || c.last().is_some())
            })
        })
    }

    pub(super) fn toggle_previous(&mut self, out: &mut Vec<Effect>) {
        let Screen::Log(pane) = self.screens.top() else {
            return;
        };
        let (previous, window) = (!pane.previous, pane.window);
        if previous && !self.log_has_previous(pane) {
            return self.say(NO_PREVIOUS, Tone::Warn);
        }
        self.restart_log(previous, window, out);
    }

    /// Another window of the log on top.
    pub(super) fn log_window(&mut self, window: Window, out: &mut Vec<Effect>) {
        if let Screen::Log(pane) = self.screens.top() {
            let previous = pane.previous;
            self.restart_log(previous, window, out);
        }
    }

    fn restart_log(&mut self, previous: bool, window: Window, out: &mut Vec<Effect>) {
        self.with_log(|pane| pane.restart(previous, window, out));
        self.look_for_members();
        self.advance_logs(out);
    }

    /// The first rows of a merged log's cluster at once: most are small.
    pub(super) fn look_for_members(&mut self) {
        self.work_log(super::AT_ONCE);
    }

    /// Goes on with what takes long in the log on top; true: there is more.
    pub(super) fn work_log(&mut self, rows: usize) -> bool {
        let sight = sight!(self);
        let Screen::Log(pane) = self.screens.top_mut() else {
            return false;
        };
        let asked = pane.sieve.is_some();
        let more = pane.work(rows, &sight);
        if more || asked {
            self.mark(Dirty::News);
        }
        more
    }

    /// Takes in what a batch changed: who joins a merged log, who is gone.
    pub(super) fn logs_changed(&mut self, no: ClusterNo, changes: &Changes, out: &mut Vec<Effect>) {
        if !changes.touches(Kind::Pod) && changes.jobs.is_empty() {
            return;
        }
        let sight = sight!(self);
        for screen in self.screens.iter_mut() {
            if let Screen::Log(pane) = screen {
                pane.changed(no, changes, &sight);
            }
        }
        self.advance_logs(out);
    }

    /// A second went by.
    pub(super) fn logs_tick(&mut self, out: &mut Vec<Effect>) {
        let sight = sight!(self);
        for screen in self.screens.iter_mut() {
            if let Screen::Log(pane) = screen {
                pane.tick(&sight);
            }
        }
        self.advance_logs(out);
    }

    /// Streams that logs may have at a time: what feeds leave of them, if that is less than is allowed.
    fn log_budget(&self) -> usize {
        let api = &self.settings.api;
        let feeds = u32::try_from(Kind::ALL.len()).unwrap_or(u32::MAX) + 1;
        let left = api.max_streams.saturating_sub(feeds).max(1);
        api.max_log_streams.min(left) as usize
    }

    /// Opens the streams whose turn has come, and takes the places of others for them if need be.
    pub(super) fn advance_logs(&mut self, out: &mut Vec<Effect>) {
        let budget = self.log_budget();
        let sight = sight!(self);
        let last_log = &mut self.last_log;
        let (mut wants, mut held) = (Vec::new(), Vec::new());
        let mut panes: Vec<&mut Pane> = Vec::new();
        for screen in self.screens.iter_mut() {
            if let Screen::Log(pane) = screen {
                pane.budget = budget;
                pane.waiting = (0, Vec::new());
                pane.weigh(panes.len(), &sight, &mut wants, &mut held);
                panes.push(pane);
            }
        }
        if wants.is_empty() {
            return;
        }
        let plan = budget::plan(budget, wants, &held);
        // Who gives its place away waits too.
        for place in plan.rest.iter().chain(&plan.park) {
            if let Some(pane) = panes.get_mut(place.pane) {
                pane.waits(*place);
            }
        }
        for place in plan.park {
            if let Some(pane) = panes.get_mut(place.pane) {
                pane.park(place, &sight, out);
            }
        }
        for place in plan.open {
            if let Some(pane) = panes.get_mut(place.pane) {
                let next = || {
                    *last_log += 1;
                    LogId(*last_log)
                };
                pane.open(place, next, &sight, out);
            }
        }
    }

    pub(super) fn log_event(&mut self, id: LogId, event: LogEvent, out: &mut Vec<Effect>) {
        let ended = matches!(event, LogEvent::Ended(_));
        let mut event = Some(event);
        let mut top = true;
        let mut seen = false;
        let sight = sight!(self);
        for screen in self.screens.iter_mut() {
            if let Screen::Log(pane) = screen
                && pane.has(id)
                && let Some(event) = event.take()
            {
                pane.event(id, event, &sight);
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

    /// Asks for a filter of the log on top.
    pub(super) fn ask_sieve(&mut self) {
        if let Screen::Log(pane) = self.screens.top() {
            let before = pane.filter_text().to_owned();
            let purpose = Purpose::Sieve {
                before: before.clone(),
            };
            self.prompt(purpose, before);
        }
    }

    /// Filters the log on top; what is wrong with the pattern, if it cannot be read.
    pub(super) fn sieve(&mut self, text: &str) -> Result<(), String> {
        match self.screens.top_mut() {
            Screen::Log(pane) => pane.filter(text),
            _ => Ok(()),
        }
    }

    /// More or fewer lines around what the filter keeps.
    pub(super) fn log_context(&mut self, more: bool, out: &mut Vec<Effect>) {
        let mut around = None;
        self.with_log(|pane| around = pane.context(more));
        match (around, more) {
            (Some(around), _) => {
                let text = format!("{} around each hit", text::plural(around, "line"));
                self.say(text, Tone::Plain);
            }
            (None, true) => self.say("no filter; & filters", Tone::Warn),
            // It is a key for back everywhere else.
            (None, false) => self.back(out),
        }
    }

    /// Writes the log on top to a file; asks first what of it if it is much.
    pub(super) fn save_log(&mut self, out: &mut Vec<Effect>) {
        let Screen::Log(pane) = self.screens.top() else {
            return self.say("no log on the screen: l opens one", Tone::Warn);
        };
        let weight = pane.weight();
        if weight == 0 {
            return self.say("no line is kept: there is nothing to save", Tone::Warn);
        }
        if weight < HUGE {
            return self.write_log(What::Shown, out);
        }
        let size = format!("about {} MB", weight.div_ceil(1 << 20));
        let mut entries = vec![(format!("all lines, {size}"), What::Kept)];
        if pane.sieve.is_some() {
            entries.insert(0, ("what the filter shows".to_owned(), What::Shown));
        }
        entries.push(("the last 10,000 lines".to_owned(), What::Last));
        let entries = entries
            .into_iter()
            .map(|(text, what)| super::intent::entry(text, Choice::Save(what)))
            .collect();
        self.menu("save the log", entries);
    }

    pub(super) fn write_log(&mut self, what: What, out: &mut Vec<Effect>) {
        let Screen::Log(pane) = self.screens.top() else {
            return;
        };
        let (text, lines) = pane.text(what);
        if lines == 0 {
            return self.say("the filter shows no line: nothing was saved", Tone::Warn);
        }
        let now = self.clock.wall.format("%Y%m%d-%H%M%S");
        let name = format!("{}-{now}.log", pane.file_stem());
        out.push(Effect::Save(Box::new(Saving { name, text })));
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

    fn container_target(&self, uid: &Uid, at: u16) -> Result<Target, String> {
        let pod = self.model.pod(uid);
        let pod = pod.ok_or("the pod is gone, and its log with it")?;
        let container = pod.containers().nth(usize::from(at));
        let container = container.ok_or("the container is gone")?;
        Ok(Target {
            containers: vec![container.name().clone()],
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
