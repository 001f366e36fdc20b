//! Actions on the screen: what they are asked of, the menu, the plan on top, the lock, leaving while one runs.

use super::action::gate::Lock;
use super::action::pending::Pressed;
use super::action::run::ActionId;
use super::action::{Operation, Request, Scene, Target, drain::plan::DrainOptions, who};
use super::input::{Code, Key};
use super::keys::{Intent, TABLE};
use super::overlay::{Choice, Entry, Layer};
use super::screen::{Screen, Thing};
use super::table::{Scope, TableKind, TableState};
use super::text::plural;
use super::view::{Span, Tone};
use super::{Dirty, Effect, Engine, Now, ServerInfo, keys};
use crate::model::{Model, rank::glob};

/// Everything that can be done, in the order of the menu.
const OPERATIONS: [Operation; 6] = [
    Operation::Cancel,
    Operation::Retry,
    Operation::DeletePod,
    Operation::Cordon,
    Operation::Uncordon,
    Operation::Drain,
];

/// What actions see of the engine.
pub(super) fn scene<'a>(model: &'a Model, server: Option<&'a ServerInfo>, now: Now) -> Scene<'a> {
    Scene {
        model,
        now,
        cluster: server.map_or("", |s| s.cluster.as_str()),
        context: server.map_or("", |s| &s.context),
    }
}

impl Engine {
    /// Lets the actions go on, and says which of them ended.
    pub(super) fn poll_actions(&mut self, out: &mut Vec<Effect>) {
        if self.actions.running() == 0 && self.actions.pending().is_none() && !self.lock_may_turn()
        {
            return;
        }
        let scene = scene(&self.model, self.server.as_ref(), self.clock);
        let lock = self.actions.lock;
        self.actions.poll(scene, out);
        let shows = self.actions.running() > 0 || self.actions.pending().is_some();
        if shows || lock != self.actions.lock {
            self.mark(Dirty::News);
        }
        self.tell_ends();
    }

    fn lock_may_turn(&self) -> bool {
        matches!(self.actions.lock, Lock::Unlocked { .. })
    }

    /// Says how actions ended that nobody was told of, and lets their tables follow.
    pub(super) fn tell_ends(&mut self) {
        let ended: Vec<_> = self
            .actions
            .runs()
            .iter()
            .filter(|run| run.over() && run.id > self.told && !self.told_of.contains(&run.id))
            .map(|run| (run.id, run.operation.word(), run.succeeded(), run.result()))
            .collect();
        for (id, word, well, result) in ended {
            self.told_of.insert(id);
            let (glyph, tone) = if well {
                ("✓", Tone::Good)
            } else {
                ("✕", Tone::Bad)
            };
            self.say(format!("{glyph} {word}: {result}"), tone);
        }
        // Ends are told in any order; below the lowest that goes on all are.
        while self.told_of.remove(&ActionId(self.told.0 + 1)) {
            self.told.0 += 1;
        }
        for screen in self.screens.iter_mut() {
            if let Some(table) = screen.table_mut()
                && matches!(table.kind, TableKind::Actions | TableKind::Items)
            {
                table.renew();
            }
        }
    }

    /// What an operation would be done to: the marked rows, else what is under the cursor.
    fn targets(&self, operation: Operation) -> (Vec<Target>, usize) {
        let of = |thing: Thing| self.target_of(operation, thing);
        if let Some(table) = self.screens.top().table()
            && !table.marks().is_empty()
        {
            let targets = table
                .marks()
                .iter()
                .filter_map(|key| of(key.clone().into()))
                .collect();
            return (targets, table.hidden_marks());
        }
        let node = matches!(
            operation,
            Operation::Cordon | Operation::Uncordon | Operation::Drain
        );
        let thing = match self.screens.top() {
            Screen::Node(screen) if node => Some(Thing::Node(screen.name.clone())),
            _ => self.thing(),
        };
        (thing.and_then(of).into_iter().collect(), 0)
    }

    fn target_of(&self, operation: Operation, thing: Thing) -> Option<Target> {
        match (operation, thing) {
            (Operation::Cancel | Operation::Retry, Thing::Job(key) | Thing::Step(key, _)) => {
                Some(Target::Job(key))
            }
            (Operation::Cancel | Operation::Retry, Thing::Pod(uid)) => {
                self.model.job_key_of_pod(&uid).map(Target::Job)
            }
            (Operation::DeletePod, Thing::Pod(uid)) => Some(Target::Pod(uid)),
            (Operation::DeletePod, Thing::Job(key) | Thing::Step(key, _)) => {
                self.model.job(&key)?.pod().cloned().map(Target::Pod)
            }
            (Operation::Cordon | Operation::Uncordon | Operation::Drain, Thing::Node(name)) => {
                Some(Target::Node(name))
            }
            (_, _) => None,
        }
    }

    fn request(&self, operation: Operation) -> Option<Request> {
        let (targets, hidden) = self.targets(operation);
        (!targets.is_empty()).then_some(Request {
            operation,
            targets,
            drain: DrainOptions::INTERACTIVE,
            hidden,
        })
    }

    /// Shows the plan of an operation, or says why there is none.
    pub(super) fn propose(&mut self, operation: Operation, out: &mut Vec<Effect>) {
        let Some(request) = self.request(operation) else {
            let text = format!(
                "{}: nothing under the cursor that it applies to",
                operation.word()
            );
            return self.say(text, Tone::Warn);
        };
        let scene = scene(&self.model, self.server.as_ref(), self.clock);
        if let Err(why) = self.actions.propose(scene, request, out) {
            self.say(why.0, Tone::Warn);
        }
    }

    /// All that can be done here, and why not.
    pub(super) fn action_menu(&mut self) {
        let entries: Vec<Entry> = OPERATIONS
            .into_iter()
            .filter_map(|operation| {
                let request = self.request(operation)?;
                let why_not = if self.actions.lock == Lock::ReadOnly {
                    "this console is read-only".to_owned()
                } else {
                    match self.actions.plan(&self.model, &request) {
                        Err(why) => why.0,
                        Ok(plan) => plan.refusals.into_iter().next().unwrap_or_default(),
                    }
                };
                let key = TABLE
                    .iter()
                    .find(|row| row.intent == Intent::Act(operation));
                let key = key
                    .and_then(|row| row.keys.first())
                    .map(|key| keys::name(*key));
                Some(Entry {
                    text: match request.targets.len() {
                        1 => operation.word().to_owned(),
                        n => format!("{} {n} marked", operation.word()),
                    },
                    key: key.unwrap_or_default(),
                    why_not,
                    choice: Choice::Act(operation),
                })
            })
            .collect();
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
        let scene = scene(&self.model, self.server.as_ref(), self.clock);
        match self.actions.key(scene, key, out) {
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
                if drains {
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
        if self
            .actions
            .run(id)
            .is_none_or(super::action::run::Run::over)
        {
            return self.say("it has ended", Tone::Dim);
        }
        let scene = scene(&self.model, self.server.as_ref(), self.clock);
        self.actions.stop(scene, id, out);
        self.say(
            "stopped: nothing more is sent, what was done stays done",
            Tone::Warn,
        );
        self.tell_ends();
    }

    /// ctrl-l.
    pub(super) fn toggle_lock(&mut self) {
        match self.actions.lock {
            Lock::ReadOnly => {
                self.say(
                    "this console is read-only: start it without --read-only to act",
                    Tone::Warn,
                );
            }
            Lock::Unlocked { .. } => {
                self.actions.lock.lock();
                self.say("locked", Tone::Plain);
            }
            Lock::Locked => {
                self.actions.lock.unlock(self.clock, self.settings.unlock);
                let minutes = self.settings.unlock.as_secs().div_ceil(60);
                let context = self
                    .server
                    .as_ref()
                    .map(|s| s.context.to_string())
                    .unwrap_or_default();
                self.say(
                    format!("{context} unlocked for {minutes} min; ctrl-l locks"),
                    Tone::Warn,
                );
            }
        }
    }

    /// The lock in the header.
    pub(super) fn lock_word(&self, now: Now) -> Span {
        match self.actions.lock {
            Lock::ReadOnly => Span::new("READ-ONLY", Tone::Dim),
            Lock::Locked => Span::new("LOCKED", Tone::Plain),
            Lock::Unlocked { until } => {
                let minutes = until.saturating_sub(now.boot).as_secs().div_ceil(60);
                Span::new(format!("UNLOCKED {minutes} min"), Tone::Warn)
            }
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
        let running = plural(self.actions.running() as u64, "action");
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
                "What was sent stays sent; nothing more would be.".to_owned(),
            )],
            top: 0,
            ask: vec![
                Span::new("y leaves", Tone::Accent),
                Span::new("   any other key stays", Tone::Dim),
            ],
        }
    }

    /// What a connection changes for actions: who acts, and whether one key may confirm.
    pub(super) fn meet(&mut self, server: &ServerInfo) {
        self.actions.who = who(&server.user, &self.settings.operator);
        let patterns = &self.settings.production;
        self.actions.production = patterns.iter().any(|p| glob(p, &server.context));
    }
}
