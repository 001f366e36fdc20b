//! Which clusters the console shows: another one in place of all, one more, one less, one alone.

use super::action::who;
use super::overlay::{Choice, Entry};
use super::screen::{Screen, Stack};
use super::view::Tone;
use super::{Dirty, Effect, Engine, ServerInfo};
use crate::model::rank::glob;
use crate::model::{ClusterNo, Text};

/// What is meant by a context's name behind `:ctx`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// It in place of all.
    Only(Text),
    /// It beside the others.
    Add(Text),
    /// It no longer.
    Leave(Text),
}

impl Wish {
    /// `prod-eu`, `+prod-eu`, `-prod-eu`.
    pub(crate) fn parse(word: &str) -> Self {
        match (word.strip_prefix('+'), word.strip_prefix('-')) {
            (Some(name), _) => Self::Add(name.into()),
            (None, Some(name)) => Self::Leave(name.into()),
            (None, None) => Self::Only(word.into()),
        }
    }

    /// As it is typed.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Only(name) => name.to_string(),
            Self::Add(name) => format!("+{name}"),
            Self::Leave(name) => format!("-{name}"),
        }
    }
}

/// Clusters that a console shows at a time: each has a model of its own.
const MOST: usize = 32;

impl Engine {
    /// What a cluster's server tells of itself: who acts there, whether one key may confirm, and whether it is
    /// one that is shown already.
    pub(super) fn meet(&mut self, no: ClusterNo, info: ServerInfo, out: &mut Vec<Effect>) {
        let id = &info.cluster;
        let same =
            |c: &&super::Cluster| c.no != no && c.server.as_ref().is_some_and(|s| s.cluster == *id);
        let twin = self.clusters.all().find(same).map(|c| c.no);
        let Some(cluster) = self.clusters.get_mut(no) else {
            return;
        };
        cluster.unconnected = None;
        let gate = self.actions.gate_mut(no);
        gate.who = who(&info.user, &self.settings.operator);
        let patterns = &self.settings.production;
        gate.production = patterns.iter().any(|p| glob(p, &info.context));
        if cluster.server.as_ref() != Some(&info) {
            let renamed = cluster.context != info.context;
            cluster.context = info.context.clone();
            cluster.server = Some(info);
            if renamed && self.clusters.several() {
                self.renew_tables();
            }
            self.mark(Dirty::News);
        }
        if let Some(twin) = twin {
            self.show_once([no, twin], out);
        }
    }

    /// Two contexts lead to one cluster: the one that was asked for first stays.
    fn show_once(&mut self, twins: [ClusterNo; 2], out: &mut Vec<Effect>) {
        let of = self.clusters.all().filter(|c| twins.contains(&c.no));
        let of: Vec<(ClusterNo, Text)> = of.map(|c| (c.no, c.context.clone())).collect();
        if let [(_, first), (no, second)] = of.as_slice() {
            let text = format!("{second} is the same cluster as {first}: it is shown once");
            self.take_out(*no, out);
            self.say(text, Tone::Warn);
        }
    }

    /// `:ctx`.
    pub(super) fn wish(&mut self, wish: &Wish, out: &mut Vec<Effect>) {
        match wish {
            Wish::Only(context) => self.switch(context, out),
            Wish::Add(context) => self.add_context(context, out),
            Wish::Leave(context) => self.leave_context(context, out),
        }
    }

    /// Another cluster in place of all: nothing of the old ones stays.
    fn switch(&mut self, context: &Text, out: &mut Vec<Effect>) {
        // Its machines would go on against another cluster.
        if self.actions.running() > 0 {
            return self.say(
                "an action runs in this cluster: wait for it or stop it (:actions)",
                Tone::Warn,
            );
        }
        while let Some(screen) = self.screens.pop() {
            Self::leave(screen, out);
        }
        if let Screen::Log(pane) = self.screens.top_mut() {
            pane.close(out);
        }
        let old: Vec<ClusterNo> = self.clusters.all().map(|c| c.no).collect();
        for no in old {
            self.forget(no, out);
        }
        let rules = &self.settings.rank_rules;
        let no = self.clusters.replace(context.clone(), rules);
        self.doubt();
        self.screens = Stack::new(Screen::start(self.settings.start));
        if self.namespace.take().is_some() {
            out.push(Effect::Scope(no, None));
        }
        out.push(Effect::Connect(no, context.clone()));
        self.say(format!("connecting to {context}"), Tone::Busy);
    }

    fn add_context(&mut self, context: &Text, out: &mut Vec<Effect>) {
        if self.clusters.all().any(|c| c.context == *context) {
            return self.say(format!("{context} is shown already"), Tone::Plain);
        }
        let rules = &self.settings.rank_rules;
        let room = self.clusters.all().count() < MOST;
        let Some(no) = room
            .then(|| self.clusters.add(context.clone(), rules))
            .flatten()
        else {
            let text = format!("{MOST} clusters are shown: take one out first (:ctx -NAME)");
            return self.say(text, Tone::Warn);
        };
        self.another_set();
        out.push(Effect::Connect(no, context.clone()));
        self.say(format!("connecting to {context}"), Tone::Busy);
    }

    fn leave_context(&mut self, context: &Text, out: &mut Vec<Effect>) {
        let Some(no) = self.cluster_named(context) else {
            return self.say(format!("{context} is not shown"), Tone::Plain);
        };
        if !self.clusters.several() {
            let text = format!("{context} is the only one; :ctx NAME shows another in its place");
            return self.say(text, Tone::Warn);
        }
        if self.acts_in(no) {
            let text = format!("an action runs in {context}: wait for it or stop it (:actions)");
            return self.say(text, Tone::Warn);
        }
        self.take_out(no, out);
        self.say(format!("{context} is no longer shown"), Tone::Plain);
    }

    fn acts_in(&self, no: ClusterNo) -> bool {
        let mut runs = self.actions.runs().iter();
        runs.any(|run| run.cluster == no && !run.over())
    }

    /// Takes a cluster out with all its screens.
    fn take_out(&mut self, no: ClusterNo, out: &mut Vec<Effect>) {
        if !self.clusters.remove(no) {
            return;
        }
        for screen in self.screens.drop_of(no) {
            Self::leave(screen, out);
        }
        self.forget(no, out);
        self.another_set();
    }

    /// What is asked of a cluster counts no longer.
    fn forget(&mut self, no: ClusterNo, out: &mut Vec<Effect>) {
        self.actions.forget(no);
        self.asks.forget(no);
        out.push(Effect::Disconnect(no));
    }

    /// `:cluster`: narrows the console to one of its clusters; `None`: to none.
    pub(super) fn narrow_to(&mut self, only: Option<ClusterNo>) {
        if self.clusters.narrow(only) {
            self.another_set();
        }
    }

    pub(super) fn narrow_to_named(&mut self, name: &str) {
        match self.cluster_named(name) {
            Some(no) => self.narrow_to(Some(no)),
            None if name == "all" => self.narrow_to(None),
            None => self.say(format!("{name} is not shown"), Tone::Plain),
        }
    }

    fn cluster_named(&self, name: &str) -> Option<ClusterNo> {
        let mut all = self.clusters.all();
        all.find(|c| *c.context == *name).map(|c| c.no)
    }

    /// The clusters that are shown are others.
    fn another_set(&mut self) {
        for screen in self.screens.iter_mut() {
            if let Some(table) = screen.table_mut() {
                table.another_set();
            }
        }
        self.doubt();
        self.mark(Dirty::Now);
    }

    /// What all tables show may be another.
    pub(super) fn renew_tables(&mut self) {
        for screen in self.screens.iter_mut() {
            if let Some(table) = screen.table_mut() {
                table.renew();
            }
        }
    }

    /// What can be said behind `:ctx`: contexts that can be connected to, then one more, then one less.
    pub(super) fn wishes(&self) -> Vec<Wish> {
        let shown: Vec<&Text> = self.clusters.all().map(|c| &c.context).collect();
        let mut known: Vec<Text> = Vec::new();
        let servers = self.clusters.all().filter_map(|c| c.server.as_ref());
        let told = servers.flat_map(|s| &s.contexts);
        for context in self.settings.known_contexts.iter().chain(told) {
            if !known.contains(context) {
                known.push(context.clone());
            }
        }
        let add = known.iter().filter(|c| !shown.contains(c)).cloned();
        let several = self.clusters.several();
        let leave = shown.iter().filter(|_| several).map(|c| (*c).clone());
        let (add, leave) = (add.map(Wish::Add), leave.map(Wish::Leave));
        let more: Vec<Wish> = add.chain(leave).collect();
        known.into_iter().map(Wish::Only).chain(more).collect()
    }

    pub(super) fn context_menu(&mut self) {
        let entry = |wish: Wish| Entry {
            text: match &wish {
                Wish::Only(name) => name.to_string(),
                Wish::Add(name) => format!("+{name}  beside what is shown"),
                Wish::Leave(name) => format!("-{name}  no longer"),
            },
            key: String::new(),
            why_not: String::new(),
            choice: Choice::Context(wish),
        };
        let entries: Vec<Entry> = self.wishes().into_iter().map(entry).collect();
        if entries.is_empty() {
            self.say("no context is known: the kubeconfig has none", Tone::Warn);
        } else {
            self.menu("context", entries);
        }
    }

    pub(super) fn cluster_menu(&mut self) {
        let entry = |text: String, no| Entry {
            text,
            key: String::new(),
            why_not: String::new(),
            choice: Choice::Cluster(no),
        };
        let all = std::iter::once(entry("all clusters".to_owned(), None));
        let each = self.clusters.all();
        let each = each.map(|c| entry(c.context.to_string(), Some(c.no)));
        let entries = all.chain(each).collect();
        self.menu("cluster", entries);
    }
}
