//! Actions on the screen: what they are asked of, the menu, the plan on top, the lock, leaving while one runs.

use super::action::gate::Lock;
use super::action::pending::Pressed;
use super::action::run::ActionId;
use super::action::{How, Operation, Request, Target, drain::plan::DrainOptions};
use super::input::{Code, Key};
use super::keys::{Intent, TABLE};
use super::overlay::{Choice, Entry, Layer};
use super::screen::{Screen, Thing};
use super::table::{Scope, TableKind, TableState};
use super::view::{Span, Tone};
use super::{Dirty, Effect, Engine, Now, keys};
use crate::model::ClusterNo;

/// Everything that can be done, in the order of the menu.
const OPERATIONS: [Operation; 15] = [
    Operation::Cancel,
    Operation::Retry,
    Operation::DeletePod,
    Operation::Cordon,
    Operation::Uncordon,
    Operation::Drain,
    Operation::Open(How::Shell),
    Operation::Open(How::Attach),
    Operation::Open(How::Debug),
    Operation::Open(How::NodeShell),
    Operation::Open(How::Forward),
    Operation::Restart,
    Operation::Trigger,
    Operation::Suspend,
    Operation::Resume,
];

impl Engine {
    /// Lets the actions go on, and says which of them ended.
    pub(super) fn poll_actions(&mut self, out: &mut Vec<Effect>) {
        if self.actions.running() == 0 && self.actions.pending().is_none() && !self.lock_may_turn()
        {
            return;
        }
        let mut turned = false;
        for cluster in self.clusters.all() {
            let lock = self.actions.gate(cluster.no).lock;
            self.actions.poll(cluster.scene(self.clock), out);
            turned |= lock != self.actions.gate(cluster.no).lock;
        }
        let shows = self.actions.running() > 0 || self.actions.pending().is_some();
        if shows || turned {
            self.mark(Dirty::News);
        }
        self.tell_ends();
    }

    fn lock_may_turn(&self) -> bool {
        let lock = |no| self.actions.gate(no).lock;
        let mut clusters = self.clusters.all();
        clusters.any(|c| matches!(lock(c.no), Lock::Unlocked { .. }))
    }

    /// Says how actions ended that nobody was told of, and lets their tables follow.
    pub(super) fn tell_ends(&mut self) {
        let ended: Vec<_> = self
            .actions
            .runs()
            .iter()
            .filter(|run| run.over() && run.id > self.told && !self.told_of.contains(&run.id))
            .map(|run| {
                let place = if self.clusters.several() {
                    format!(" in {}", run.context)
                } else {
                    String::new()
                };
                let word = match run.operation {
                    // Its result names itself.
                    Operation::Open(_) => String::new(),
                    operation => format!("{}{place}: ", operation.word()),
                };
                let whole = matches!(run.operation, Operation::Open(_)) && !run.succeeded();
                let title = whole.then(|| run.operation.word());
                (run.id, word, title, run.succeeded(), run.result())
            })
            .collect();
        for (id, word, title, well, result) in ended {
            self.told_of.insert(id);
            let (glyph, tone) = if well {
                ("✓", Tone::Good)
            } else {
                ("✕", Tone::Bad)
            };
            if let Some(title) = title {
                self.tell_whole(title, &result);
            }
            self.say(format!("{glyph} {word}{result}"), tone);
        }
        // Ends are told in any order; below the lowest that goes on all are.
        while self.told_of.remove(&ActionId(self.told.0 + 1)) {
            self.told.0 += 1;
        }
        for screen in self.screens.iter_mut() {
            if let Some(table) = screen.table_mut()
                && matches!(
                    table.kind,
                    TableKind::Actions | TableKind::Items | TableKind::Forwards
                )
            {
                table.renew();
            }
        }
        self.tell_remotes();
    }

    /// What an operation would be done to: the marked rows, else what is under the cursor.
    pub(super) fn targets(&self, operation: Operation) -> (Vec<(ClusterNo, Target)>, usize) {
        let of = |thing: Thing| Some((thing.cluster()?, self.target_of(operation, thing)?));
        if let Some(table) = self.screens.top().table()
            && !table.marks().is_empty()
            && !matches!(operation, Operation::Open(_))
        {
            let targets = table
                .marks()
                .iter()
                .filter_map(|key| of(self.thing_of(key.clone())))
                .collect();
            return (targets, table.hidden_marks());
        }
        let node = matches!(
            operation,
            Operation::Cordon
                | Operation::Uncordon
                | Operation::Drain
                | Operation::Open(How::NodeShell)
        );
        let workload = matches!(
            operation,
            Operation::Restart
                | Operation::Scale(_)
                | Operation::Trigger
                | Operation::Suspend
                | Operation::Resume
        );
        let thing = match self.screens.top() {
            Screen::Node(screen) if node => Some(Thing::Node(screen.cluster, screen.name.clone())),
            Screen::Workload(screen) if workload => Some(Thing::Workload(
                screen.cluster,
                screen.kind,
                screen.uid.clone(),
            )),
            _ => self.thing(),
        };
        (thing.and_then(of).into_iter().collect(), 0)
    }

    fn target_of(&self, operation: Operation, thing: Thing) -> Option<Target> {
        match (operation, thing) {
            (Operation::Cancel | Operation::Retry, Thing::Job(_, key) | Thing::Step(_, key, _)) => {
                Some(Target::Job(key))
            }
            (Operation::Cancel | Operation::Retry, Thing::Pod(no, uid)) => {
                self.model_of(no)?.job_key_of_pod(&uid).map(Target::Job)
            }
            (Operation::DeletePod, Thing::Pod(_, uid)) => Some(Target::Pod(uid)),
            (Operation::DeletePod, Thing::Job(no, key) | Thing::Step(no, key, _)) => {
                let job = self.model_of(no)?.job(&key)?;
                job.pod().cloned().map(Target::Pod)
            }
            (Operation::Cordon | Operation::Uncordon | Operation::Drain, Thing::Node(_, name)) => {
                Some(Target::Node(name))
            }
            (Operation::Open(how), thing) => self.remote_target(how, &thing),
            (operation, Thing::Workload(_, kind, uid))
                if super::workloads::applies(operation, kind) =>
            {
                Some(Target::Workload(kind, uid))
            }
            (Operation::DeletePod, Thing::Container(_, uid, _)) => Some(Target::Pod(uid)),
            (_, _) => None,
        }
    }

    /// What is asked for and in which cluster, or why it cannot be asked.
    pub(super) fn request(&self, operation: Operation) -> Result<(ClusterNo, Request), String> {
        let word = operation.word();
        let (targets, hidden) = self.targets(operation);
        let Some((no, _)) = targets.first() else {
            return Err(format!(
                "{word}: nothing under the cursor that it applies to"
            ));
        };
        let no = *no;
        if targets.iter().any(|(other, _)| *other != no) {
            let of = |cluster: &super::Cluster| {
                let here = targets.iter().filter(|(no, _)| *no == cluster.no).count();
                (here > 0).then(|| format!("{here} in {}", cluster.context))
            };
            let counts: Vec<String> = self.clusters.all().filter_map(of).collect();
            return Err(format!(
                "{word}: marked are {}; an action is for one cluster: narrow to one (:cluster NAME)",
                counts.join(", ")
            ));
        }
        let request = Request {
            operation,
            targets: targets.into_iter().map(|(_, target)| target).collect(),
            drain: DrainOptions::INTERACTIVE,
            hidden,
        };
        Ok((no, request))
    }

    /// Shows the plan of an operation, or says why there is none.
    pub(super) fn propose(&mut self, operation: Operation, out: &mut Vec<Effect>) {
        if let Operation::Open(how) = operation {
            return self.open_remote(how, "", out);
        }
        match self.request(operation) {
            Ok((no, request)) => self.propose_request(no, request, out),
            Err(why) => self.say(why, Tone::Warn),
        }
    }

    pub(super) fn propose_request(
        &mut self,
        no: ClusterNo,
        request: Request,
        out: &mut Vec<Effect>,
    ) {
        let Some(cluster) = self.clusters.get(no) else {
            return;
        };
        let scene = cluster.scene(self.clock);
        if let Err(why) = self.actions.propose(scene, request, out) {
            self.say(why.0, Tone::Warn);
        }
    }

    /// All that can be done here, and why not.
    pub(super) fn action_menu(&mut self) {
        let mut entries: Vec<Entry> = OPERATIONS
            .into_iter()
            .filter_map(|operation| {
                let count = self.targets(operation).0.len();
                let asked = (count > 0).then(|| self.request(operation))?;
                let why_not = match &asked {
                    Err(why) => why.clone(),
                    Ok((no, _)) if self.actions.gate(*no).lock == Lock::ReadOnly => {
                        "this console is read-only".to_owned()
                    }
                    Ok((no, request)) => match self.actions.plan(self.model_of(*no)?, request) {
                        Err(why) => why.0,
                        Ok(plan) => plan.refusals.into_iter().next().unwrap_or_default(),
                    },
                };
                let key = TABLE
                    .iter()
                    .find(|row| row.intent == Intent::Act(operation));
                let key = key
                    .and_then(|row| row.keys.first())
                    .map(|key| keys::name(*key));
                Some(Entry {
                    text: match count {
                        1 => operation.word().to_owned(),
                        n => format!("{} {n} marked", operation.word()),
                    },
                    key: key.unwrap_or_default(),
                    why_not,
                    choice: Choice::Act(operation),
                })
            })
            .collect();
        entries.extend(self.scale_entry());
        if entries.is_empty() {
            self.say(
                "nothing can be done to what is under the cursor",
                Tone::Warn,
            );
        } else {
            self.menu("actions", entries);
        }
    }

    /// A key for the plan on the screen.
    pub(super) fn plan_key(&mut self, key: Key, out: &mut Vec<Effect>) {
        let pending = self.actions.pending();
        let Some(cluster) = pending.and_then(|p| self.clusters.get(p.cluster())) else {
            return self.actions.leave(out);
        };
        match self.actions.key(cluster.scene(self.clock), key, out) {
            Pressed::Waits => {}
            Pressed::Left => self.say("nothing was done", Tone::Dim),
            Pressed::Runs(id) => {
                if let Some(table) = self.screens.top_mut().table_mut() {
                    table.unmark();
                }
                let drains = self
                    .actions
                    .run(id)
                    .is_some_and(|run| run.operation == Operation::Drain);
                if self.wait_for_remote(id) {
                    // It says itself how it goes on.
                } else if drains {
                    self.push_action(id, out);
                } else {
                    self.say("under way; :actions shows it", Tone::Busy);
                }
                self.tell_ends();
            }
        }
    }

    /// The things of one action and how they stand, unless they are on top.
    pub(super) fn push_action(&mut self, id: ActionId, out: &mut Vec<Effect>) {
        let scope = Scope::Action(id);
        if self.screens.top().table().is_some_and(|t| t.scope == scope) {
            return;
        }
        let table = TableState::new(TableKind::Items, scope);
        self.push(Screen::Table(table), out);
    }

    /// Stops the action under the cursor.
    pub(super) fn stop(&mut self, out: &mut Vec<Effect>) {
        let Some(Thing::Action(id)) = self.thing() else {
            return self.say("no action under the cursor", Tone::Warn);
        };
        let Some(run) = self.actions.run(id).filter(|run| !run.over()) else {
            return self.say("it has ended", Tone::Dim);
        };
        let Some(cluster) = self.clusters.get(run.cluster) else {
            return;
        };
        self.actions.stop(cluster.scene(self.clock), id, out);
        self.say(
            "stopped: nothing more is sent, what was done stays done",
            Tone::Warn,
        );
        self.tell_ends();
    }

    /// The cluster that is meant where nobody named one: that of what is under the cursor, of the screen, else
    /// the first that is shown.
    pub(super) fn meant(&self) -> &super::Cluster {
        let thing = self.thing().and_then(|thing| thing.cluster());
        let no = thing.or_else(|| self.screens.top().cluster());
        no.and_then(|no| self.clusters.get(no))
            .unwrap_or_else(|| self.clusters.home())
    }

    /// ctrl-l: for the cluster that is meant.
    pub(super) fn toggle_lock(&mut self) {
        let cluster = self.meant();
        let (no, context) = (cluster.no, cluster.context.clone());
        let several = self.clusters.several();
        let (clock, lasts) = (self.clock, self.settings.unlock);
        let lock = &mut self.actions.gate_mut(no).lock;
        match *lock {
            Lock::ReadOnly => {
                self.say(
                    "this console is read-only: start it without --read-only to act",
                    Tone::Warn,
                );
            }
            Lock::Unlocked { .. } => {
                lock.lock();
                let text = if several {
                    format!("{context} locked")
                } else {
                    "locked".to_owned()
                };
                self.say(text, Tone::Plain);
            }
            Lock::Locked => {
                lock.unlock(clock, lasts);
                let minutes = lasts.as_secs().div_ceil(60);
                self.say(
                    format!("{context} unlocked for {minutes} min; ctrl-l locks"),
                    Tone::Warn,
                );
            }
        }
    }

    /// The lock in the header: of several clusters those that are open are named.
    pub(super) fn lock_word(&self, now: Now) -> Span {
        let mut open: Vec<String> = Vec::new();
        for cluster in self.clusters.shown() {
            match self.actions.gate(cluster.no).lock {
                Lock::ReadOnly => return Span::new("READ-ONLY", Tone::Dim),
                Lock::Locked => {}
                Lock::Unlocked { until } => {
                    let minutes = until.saturating_sub(now.boot).as_secs().div_ceil(60);
                    open.push(if self.clusters.mixed() {
                        format!("{} {minutes} min", cluster.context)
                    } else {
                        format!("{minutes} min")
                    });
                }
            }
        }
        if open.is_empty() {
            Span::new("LOCKED", Tone::Plain)
        } else {
            Span::new(format!("UNLOCKED {}", open.join(", ")), Tone::Warn)
        }
    }

    /// Quits or suspends; asks first if an action runs.
    pub(super) fn depart(&mut self, effect: Effect, out: &mut Vec<Effect>) {
        if self.actions.running() == 0 {
            out.push(effect);
        } else {
            self.layers.push(Layer::Leave(effect));
        }
    }

    pub(super) fn leave_key(&mut self, key: Key, out: &mut Vec<Effect>) {
        if let Some(Layer::Leave(effect)) = self.layers.pop()
            && key.code == Code::Char('y')
        {
            out.push(effect);
        }
    }

    /// Said before leaving while actions run.
    pub(super) fn leave_view(&self, effect: &Effect) -> super::view::Overlay {
        let running = self.running_words().unwrap_or_default();
        let what = if *effect == Effect::Suspend {
            "Suspend"
        } else {
            "Quit"
        };
        let line = |text: String| vec![Span::new(text, Tone::Plain)];
        super::view::Overlay::Confirm {
            title: vec![Span::new(
                format!("{what} while {running} go on?"),
                Tone::Strong,
            )],
            lines: vec![line(
                "What was sent stays sent; nothing more would be. Forwards end with the console."
                    .to_owned(),
            )],
            top: 0,
            ask: vec![
                Span::new("y leaves", Tone::Accent),
                Span::new("   any other key stays", Tone::Dim),
            ],
        }
    }
}
