//! Intents carried out, and commands of the palette.

use std::collections::BTreeSet;

use super::action::Operation;
use super::contexts::Wish;
use super::doc::Form;
use super::events::Subject;
use super::keys::{Intent, Place};
use super::overlay::{Choice, Entry, Layer, Menu};
use super::palette::Names;
use super::prompt::Purpose;
use super::screen::{Part, Screen, Stack, Thing};
use super::table::{RowKey, Scope, TableKind, TableState, titles};
use super::view::Tone;
use super::{Effect, Engine};
use crate::model::{Kind, Text};

impl Engine {
    pub(super) fn intent(&mut self, intent: Intent, out: &mut Vec<Effect>) {
        let page = i64::try_from(self.page.0.max(1)).unwrap_or(i64::MAX);
        match intent {
            Intent::Down => self.scroll(1),
            Intent::Up => self.scroll(-1),
            Intent::HalfDown => self.scroll((page / 2).max(1)),
            Intent::HalfUp => self.scroll(-(page / 2).max(1)),
            Intent::PageDown => self.scroll(page),
            Intent::PageUp => self.scroll(-page),
            Intent::Top => self.jump(false),
            Intent::Bottom => self.jump(true),
            Intent::Left => self.sideways(false),
            Intent::Right => self.sideways(true),
            Intent::Enter => self.enter(out),
            Intent::Escape => {
                if !self.clear() {
                    self.back(out);
                }
            }
            Intent::Back => self.back(out),
            Intent::Other => self.other_part(),
            Intent::Mark => {
                if let Some(table) = self.screens.top_mut().table_mut() {
                    table.mark();
                    table.step(1);
                }
            }
            Intent::Filter => {
                // The Overview's filter is that of its jobs: the cursor goes there.
                if let Screen::Overview(overview) = self.screens.top_mut() {
                    overview.part = Part::Jobs;
                }
                let text = match self.screens.top() {
                    Screen::Kind(pane) => Some(pane.filter_text()),
                    screen => screen.table().map(TableState::filter_text),
                };
                if let Some(text) = text {
                    let before = text.to_owned();
                    self.prompt(
                        Purpose::Filter {
                            before: before.clone(),
                        },
                        before,
                    );
                }
            }
            Intent::Search => self.prompt(Purpose::Search, String::new()),
            Intent::NextHit => self.next_hit(true),
            Intent::PreviousHit => self.next_hit(false),
            Intent::SortMenu => self.sort_menu(),
            Intent::SortLeft => self.sort_beside(false),
            Intent::SortRight => self.sort_beside(true),
            Intent::Log | Intent::Go(Place::Log) => self.open_log(false, out),
            Intent::Previous => match self.screens.top() {
                Screen::Log(_) => self.toggle_previous(out),
                Screen::Overview(_)
                | Screen::Table(_)
                | Screen::Job(_)
                | Screen::Node(_)
                | Screen::Text(_)
                | Screen::Events(_)
                | Screen::Workload(_)
                | Screen::Kind(_)
                | Screen::Console => self.open_log(true, out),
            },
            Intent::NodeOf => self.node_of(out),
            Intent::Events => self.open_events(out),
            Intent::Follow => {
                let rows = self.page.0;
                self.with_log(|pane| pane.toggle_follow(rows));
            }
            Intent::Timestamps => self.with_log(|pane| pane.timestamps = !pane.timestamps),
            Intent::Wrap => match self.text_pane() {
                Some(pane) => pane.toggle_wrap(),
                None => self.with_log(|pane| {
                    pane.wrap = !pane.wrap;
                    pane.left = 0;
                }),
            },
            Intent::Describe => self.open_document(Form::Describe, out),
            Intent::Yaml => self.open_document(Form::Yaml, out),
            Intent::Fold => self.fold(),
            Intent::FoldAll => {
                if let Some(pane) = self.text_pane() {
                    pane.fold_all();
                }
            }
            Intent::CopyBlock => self.copy(false, out),
            Intent::CopyAll => self.copy(true, out),
            Intent::Save => match self.screens.top() {
                Screen::Log(_) => self.save_log(out),
                _ => self.save(out),
            },
            Intent::Reread => {
                self.reread(out);
                self.reread_rows(out);
            }
            Intent::Reveal => self.ask_reveal(),
            Intent::Managed => self.toggle_managed(),
            Intent::Relations => self.relations(out),
            Intent::Fields => self.with_log(|pane| pane.fields = !pane.fields),
            Intent::Sieve => self.ask_sieve(),
            Intent::MoreAround => self.log_context(true, out),
            Intent::LessAround => self.log_context(false, out),
            Intent::Since(window) => self.log_window(window, out),
            Intent::Logs => self.merged_log(out),
            Intent::Palette => self.prompt(Purpose::Palette, String::new()),
            Intent::Help => self.layers.push(Layer::Help(self.screens.top().on(), 0)),
            Intent::Interrupt => self.interrupt(out),
            Intent::Suspend => self.depart(Effect::Suspend, out),
            Intent::Quit => self.depart(Effect::Quit, out),
            Intent::Act(operation) => self.propose(operation, out),
            Intent::Actions => self.action_menu(),
            Intent::Stop => self.stop(out),
            Intent::Lock => self.toggle_lock(),
            // The number is typed behind the command.
            Intent::Scale => self.prompt(Purpose::Palette, "scale ".to_owned()),
            Intent::Go(place) => self.go(place, out),
            Intent::Namespace => self.namespace_menu(),
            Intent::Context => self.context_menu(),
            Intent::Cluster => self.cluster_menu(),
            Intent::SortBy => self.sort_menu(),
            Intent::Theme => self.theme_menu(),
        }
    }

    /// A command with what was typed behind it.
    pub(super) fn command(&mut self, intent: Intent, argument: &str, out: &mut Vec<Effect>) {
        match intent {
            _ if argument.is_empty() => self.intent(intent, out),
            Intent::Namespace => {
                let namespace = (argument != "all").then(|| argument.into());
                self.narrow(namespace, out);
            }
            Intent::Context => self.wish(&Wish::parse(argument), out),
            Intent::Cluster => self.narrow_to_named(argument),
            Intent::Theme => out.push(Effect::Theme(argument.into())),
            Intent::Act(Operation::Open(how)) => self.open_remote(how, argument, out),
            Intent::Logs => self.merged_log_of(argument, out),
            Intent::Scale => {
                if let Ok(replicas) = argument.parse() {
                    self.propose(Operation::Scale(replicas), out);
                }
            }
            Intent::SortBy => {
                let column = self.titles().iter().position(|title| title == argument);
                if let Some(column) = column {
                    self.sort(column);
                }
            }
            other => self.intent(other, out),
        }
    }

    /// What the palette may complete.
    pub(super) fn names(&self, typed: &str) -> Names {
        let text = |t: &Text| t.to_string();
        let namespaces = self.namespaces();
        Names {
            namespaces: std::iter::once("all".to_owned())
                .chain(namespaces.iter().map(text))
                .collect(),
            contexts: self.wishes().iter().map(Wish::word).collect(),
            clusters: std::iter::once("all".to_owned())
                .chain(self.clusters.all().map(|c| c.context.to_string()))
                .collect(),
            columns: self.titles(),
            themes: self.settings.themes.iter().map(text).collect(),
            // Of a large cluster these take a while: when they are asked for.
            logs: if typed.trim_start().starts_with("logs ") {
                self.log_names()
            } else {
                Vec::new()
            },
        }
    }

    fn interrupt(&mut self, out: &mut Vec<Effect>) {
        if let Screen::Log(pane) = self.screens.top_mut()
            && pane.close(out)
        {
            self.say("follow ended; ctrl-c again quits", Tone::Plain);
            return;
        }
        self.depart(Effect::Quit, out);
    }

    fn go(&mut self, place: Place, out: &mut Vec<Effect>) {
        let kind = match place {
            Place::Overview => {
                while let Some(screen) = self.screens.pop() {
                    Self::leave(screen, out);
                }
                if !matches!(self.screens.top(), Screen::Overview(_)) {
                    self.screens = Stack::new(Screen::overview());
                }
                return;
            }
            Place::Log => return self.open_log(false, out),
            Place::Events => {
                let no = self.meant().no;
                return self.push_events(no, Subject::All, None, false, out);
            }
            Place::Console => return self.push(Screen::Console, out),
            Place::Jobs => TableKind::Jobs,
            Place::Nodes => TableKind::Nodes,
            Place::Pods => TableKind::Pods,
            Place::Ingresses => TableKind::Ingresses,
            Place::Use => TableKind::Shapes,
            Place::Actions => TableKind::Actions,
            Place::Forwards => TableKind::Forwards,
            Place::Containers => return self.containers(out),
            Place::CronJobs => TableKind::Crons,
            Place::Workers => TableKind::Workers,
            Place::Handlers => TableKind::Handlers,
            Place::Workloads | Place::Deployments | Place::StatefulSets | Place::DaemonSets => {
                TableKind::Workloads
            }
        };
        let scope = match place {
            Place::Deployments => Scope::Kind(Kind::Deployment),
            Place::StatefulSets => Scope::Kind(Kind::StatefulSet),
            Place::DaemonSets => Scope::Kind(Kind::DaemonSet),
            _ => Scope::All,
        };
        self.push(Screen::Table(TableState::new(kind, scope)), out);
    }

    /// Narrows the console to a namespace, or to all.
    pub(super) fn narrow(&mut self, namespace: Option<Text>, out: &mut Vec<Effect>) {
        if namespace == self.namespace {
            return;
        }
        self.namespace.clone_from(&namespace);
        for cluster in self.clusters.all_mut() {
            cluster.standing.rescoped();
            out.push(Effect::Scope(cluster.no, namespace.clone()));
        }
        self.renew_tables();
    }

    pub(super) fn sort(&mut self, column: usize) {
        if let Some(pane) = self.kind_pane() {
            return pane.sort_by(column);
        }
        if let Some(table) = self.screens.top_mut().table_mut() {
            table.sort_by(column);
        }
    }

    fn sort_beside(&mut self, right: bool) {
        if let Some(pane) = self.kind_pane() {
            return pane.sort_beside(right);
        }
        let several = self.clusters.several();
        if let Some(table) = self.screens.top_mut().table_mut() {
            table.sort_beside(right, several);
        }
    }

    /// Column titles of the table on top.
    fn titles(&self) -> Vec<String> {
        let own = |titles: Vec<&str>| titles.into_iter().map(str::to_owned).collect();
        match self.screens.top() {
            Screen::Kind(pane) => own(pane.titles()),
            screen => screen
                .table()
                .map(|table| own(titles(table.kind, self.clusters.mixed())))
                .unwrap_or_default(),
        }
    }

    fn sort_menu(&mut self) {
        let entries: Vec<Entry> = self
            .titles()
            .iter()
            .enumerate()
            .map(|(at, title)| entry(title.to_lowercase(), Choice::Sort(at)))
            .collect();
        if !entries.is_empty() {
            self.menu("sort by", entries);
        }
    }

    fn namespace_menu(&mut self) {
        let all = entry("all namespaces".to_owned(), Choice::Namespace(None));
        let known = self.namespaces().into_iter();
        let known = known.map(|ns| entry(ns.to_string(), Choice::Namespace(Some(ns))));
        let entries = std::iter::once(all).chain(known).collect();
        self.menu("namespace", entries);
    }

    /// The namespaces of the clusters that are shown, in their order.
    fn namespaces(&self) -> BTreeSet<Text> {
        let shown = self.clusters.shown();
        shown.flat_map(|c| c.model.namespaces().cloned()).collect()
    }

    fn theme_menu(&mut self) {
        let themes = self.settings.themes.iter();
        let entries = themes
            .map(|t| entry(t.to_string(), Choice::Theme(t.clone())))
            .collect();
        self.menu("theme", entries);
    }

    pub(super) fn menu(&mut self, title: &str, entries: Vec<Entry>) {
        self.layers.push(Layer::Menu(Menu {
            title: title.to_owned(),
            entries,
            chosen: 0,
        }));
    }

    /// What is under the cursor of the screen on top, or what the screen is about.
    pub(super) fn thing(&self) -> Option<Thing> {
        match self.screens.top() {
            Screen::Overview(overview) => match overview.part {
                Part::Pools => self.current_pool().map(|(no, pool)| match pool {
                    Some(pool) => Thing::Pool(no, pool),
                    None => Thing::Cluster(no),
                }),
                Part::Jobs => overview.jobs.current().map(Thing::from),
            },
            Screen::Table(table) => table.current().map(|key| self.thing_of(key)),
            Screen::Workload(screen) => Some(match screen.table.current() {
                Some(key) => self.thing_of(key),
                None => Thing::Workload(screen.cluster, screen.kind, screen.uid.clone()),
            }),
            Screen::Node(node) => match node.table.current() {
                Some(key) => Some(key.into()),
                None => Some(Thing::Node(node.cluster, node.name.clone())),
            },
            Screen::Job(job) => Some(match self.current_step() {
                Some(container) => Thing::Step(job.cluster, job.key.clone(), container),
                None => Thing::Job(job.cluster, job.key.clone()),
            }),
            Screen::Log(pane) => pane.subject().map(|m| Thing::Pod(m.cluster, m.uid.clone())),
            Screen::Text(pane) => Some(Thing::Object(pane.cluster, Box::new(pane.object.clone()))),
            Screen::Events(events) => match events.table.current()? {
                RowKey::Event(no, key) => self.thing_of_event(no, key),
                other => Some(other.into()),
            },
            Screen::Kind(pane) => {
                let object = pane.current()?;
                Some(Thing::Object(pane.cluster, Box::new(object)))
            }
            Screen::Console => None,
        }
    }
}

pub(super) fn entry(text: String, choice: Choice) -> Entry {
    Entry {
        text,
        key: String::new(),
        why_not: String::new(),
        choice,
    }
}
