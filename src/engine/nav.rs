//! Moving: cursor, pages, into and back.

use super::doc::Form;
use super::screen::{JobScreen, Part, Screen, Thing};
use super::table::{RowKey, Scope, TableKind, TableState};
use super::view::Tone;
use super::{Effect, Engine, text};
use crate::model::{Backend, ClusterNo, JobKey, Pool, Rank, Text, Uid, current_step};

impl Engine {
    /// Puts a screen on top.
    pub(super) fn push(&mut self, screen: Screen, out: &mut Vec<Effect>) {
        if let Some(old) = self.screens.push(screen) {
            Self::leave(old, out);
        }
    }

    /// Ends what a screen that is no more had open.
    pub(super) fn leave(screen: Screen, out: &mut Vec<Effect>) {
        if let Screen::Log(mut pane) = screen {
            pane.close(out);
        }
    }

    pub(super) fn scroll(&mut self, by: i64) {
        let rows = self.page.0;
        match self.screens.top_mut() {
            Screen::Overview(overview) => match overview.part {
                Part::Jobs => {
                    if !overview.jobs.step(by) && by < 0 {
                        overview.part = Part::Pools;
                        self.last_pool();
                    }
                }
                Part::Pools => self.scroll_pools(by),
            },
            Screen::Table(table) => {
                table.step(by);
            }
            Screen::Node(node) => {
                node.table.step(by);
            }
            Screen::Events(events) => {
                events.table.step(by);
            }
            Screen::Workload(workload) => {
                workload.table.step(by);
            }
            Screen::Job(_) => self.scroll_steps(by),
            Screen::Log(pane) => pane.scroll(by, rows),
            Screen::Text(pane) => pane.step(by),
            Screen::Kind(pane) => pane.step(by),
            Screen::Console => {}
        }
    }

    pub(super) fn jump(&mut self, end: bool) {
        match self.screens.top_mut() {
            Screen::Log(pane) => pane.jump(end),
            Screen::Text(pane) => pane.go(if end { usize::MAX } else { 0 }),
            Screen::Kind(pane) => pane.jump(end),
            Screen::Overview(overview) if overview.part == Part::Jobs => {
                overview.jobs.go(if end { usize::MAX } else { 0 });
            }
            Screen::Overview(_) | Screen::Job(_) => {
                self.scroll_within(if end { i64::MAX } else { i64::MIN });
            }
            Screen::Table(table) => {
                table.go(if end { usize::MAX } else { 0 });
            }
            Screen::Node(node) => {
                node.table.go(if end { usize::MAX } else { 0 });
            }
            Screen::Events(events) => {
                events.table.go(if end { usize::MAX } else { 0 });
            }
            Screen::Workload(workload) => {
                workload.table.go(if end { usize::MAX } else { 0 });
            }
            Screen::Console => {}
        }
    }

    /// Within the pool lines or the steps, not beyond.
    fn scroll_within(&mut self, by: i64) {
        match self.screens.top() {
            Screen::Job(_) => self.scroll_steps(by),
            _ => {
                let pools = self.pool_lines();
                let at = if by < 0 {
                    0
                } else {
                    pools.len().saturating_sub(1)
                };
                self.set_pool(pools.get(at).cloned());
            }
        }
    }

    pub(super) fn sideways(&mut self, right: bool) {
        let (rows, columns) = self.page;
        if let Some(pane) = self.text_pane() {
            return pane.sideways(right, rows, columns);
        }
        self.with_log(|pane| {
            let step = (columns / 2).max(1);
            pane.left = if right && !pane.wrap {
                (pane.left + step).min(pane.widest(rows).saturating_sub(step))
            } else {
                pane.left.saturating_sub(step)
            };
        });
    }

    /// The pools that have a line on the Overview, in their order: a rank other than the Peasants with one
    /// pool shows none. Each of several clusters has a line before its pools.
    pub(super) fn pool_lines(&self) -> Vec<(ClusterNo, Option<Text>)> {
        let head = self.clusters.mixed();
        let of = |c: &super::Cluster| -> Vec<(ClusterNo, Option<Text>)> {
            let pools = with_line(c.pools()).map(|p| Some(p.name.clone()));
            let head = head.then_some(None).into_iter();
            head.chain(pools).map(|line| (c.no, line)).collect()
        };
        self.clusters.shown().flat_map(of).collect()
    }

    /// The pool under the cursor.
    pub(super) fn current_pool(&self) -> Option<(ClusterNo, Option<Text>)> {
        let Screen::Overview(overview) = self.screens.top() else {
            return None;
        };
        let lines = self.pool_lines();
        let chosen = overview.pool.as_ref().filter(|p| lines.contains(p));
        chosen.or(lines.first()).cloned()
    }

    fn set_pool(&mut self, pool: Option<(ClusterNo, Option<Text>)>) {
        if let Screen::Overview(overview) = self.screens.top_mut() {
            overview.pool = pool;
        }
    }

    /// Coming up from the jobs: the lowest pool line, or the jobs again if there is none.
    fn last_pool(&mut self) {
        let mut lines = self.pool_lines();
        // Of several clusters the open one stays open.
        if self.clusters.mixed()
            && let Some(open) = self.open_cluster()
        {
            lines.retain(|(no, _)| *no == open);
        }
        let last = lines.pop();
        if let Screen::Overview(overview) = self.screens.top_mut() {
            match last {
                Some(pool) => overview.pool = Some(pool),
                None => overview.part = Part::Jobs,
            }
        }
    }

    fn scroll_pools(&mut self, by: i64) {
        let lines = self.pool_lines();
        let at = self
            .current_pool()
            .and_then(|p| lines.iter().position(|l| *l == p))
            .unwrap_or(0);
        let by = isize::try_from(by).unwrap_or(0);
        let to = at.saturating_add_signed(by);
        match lines.get(to) {
            Some(pool) => self.set_pool(Some(pool.clone())),
            None => {
                if let Screen::Overview(overview) = self.screens.top_mut() {
                    overview.part = Part::Jobs;
                }
            }
        }
    }

    /// The container of the step under the cursor.
    pub(super) fn current_step(&self) -> Option<Text> {
        let Screen::Job(screen) = self.screens.top() else {
            return None;
        };
        let job = self.model_of(screen.cluster)?.job(&screen.key)?;
        let steps = job.steps();
        let chosen = screen
            .step
            .as_ref()
            .filter(|c| steps.iter().any(|s| s.container == **c));
        let current = current_step(&steps).map(|(_, step)| &step.container);
        chosen
            .or(current)
            .or(steps.first().map(|s| &s.container))
            .cloned()
    }

    fn scroll_steps(&mut self, by: i64) {
        let current = self.current_step();
        let Screen::Job(screen) = self.screens.top() else {
            return;
        };
        let model = self.model_of(screen.cluster);
        let Some(job) = model.and_then(|model| model.job(&screen.key)) else {
            return;
        };
        let steps = job.steps();
        let at = steps
            .iter()
            .position(|s| Some(&s.container) == current.as_ref());
        let by = isize::try_from(by).unwrap_or(if by < 0 { isize::MIN } else { isize::MAX });
        let last = steps.len().saturating_sub(1);
        let to = at.unwrap_or(0).saturating_add_signed(by).min(last);
        let step = steps.get(to).map(|s| s.container.clone());
        if let Screen::Job(screen) = self.screens.top_mut() {
            screen.step = step;
        }
    }

    pub(super) fn other_part(&mut self) {
        match self.screens.top_mut() {
            Screen::Overview(overview) => {
                overview.part = match overview.part {
                    Part::Pools => Part::Jobs,
                    Part::Jobs => Part::Pools,
                };
                if self.pool_lines().is_empty() {
                    self.last_pool();
                }
            }
            Screen::Node(node) => {
                let kind = match node.table.kind {
                    TableKind::Pods => TableKind::Jobs,
                    _ => TableKind::Pods,
                };
                node.table = TableState::new(kind, Scope::Node(node.cluster, node.name.clone()));
            }
            Screen::Events(_) => self.toggle_normal(),
            Screen::Table(_)
            | Screen::Job(_)
            | Screen::Workload(_)
            | Screen::Log(_)
            | Screen::Text(_)
            | Screen::Kind(_)
            | Screen::Console => {}
        }
    }

    pub(super) fn enter(&mut self, out: &mut Vec<Effect>) {
        if let Screen::Events(events) = self.screens.top() {
            if let Some(RowKey::Event(_, key)) = events.table.current() {
                self.enter_event(key, out);
            }
            return;
        }
        if let Some(thing) = self.thing() {
            self.enter_thing(thing, out);
        }
    }

    /// Into a thing.
    pub(super) fn enter_thing(&mut self, thing: Thing, out: &mut Vec<Effect>) {
        match thing {
            Thing::Event(..) => {}
            Thing::Cluster(no) => {
                self.narrow_to(Some(no));
                self.say("esc shows all clusters again", Tone::Plain);
            }
            Thing::Pool(no, pool) => {
                let table = TableState::new(TableKind::Nodes, Scope::Pool(no, pool));
                self.push(Screen::Table(table), out);
            }
            Thing::Node(no, node) => self.push_node(no, node, out),
            Thing::Job(no, key) => self.push_job(no, key, out),
            Thing::Step(..) => self.open_log(false, out),
            Thing::Pod(no, uid) => self.enter_pod(no, uid, out),
            Thing::Container(..) => self.open_log(false, out),
            Thing::Workload(no, kind, uid) => self.push_workload(no, kind, uid, out),
            Thing::Missing(_) => self.say("it has no pod", Tone::Warn),
            Thing::Route(no, uid, at) => self.enter_route(no, &uid, at, out),
            Thing::Action(id) => self.push_action(id, out),
            Thing::Object(no, object) => {
                self.push_document(no, *object, Form::Describe, out);
            }
        }
    }

    /// A node's screen, unless it is the one on top.
    fn push_node(&mut self, no: ClusterNo, name: Text, out: &mut Vec<Effect>) {
        let on_top = |screen: &Screen| matches!(screen, Screen::Node(s) if s.cluster == no && s.name == name);
        if !on_top(self.screens.top()) {
            self.push(Screen::node(no, name), out);
        }
    }

    /// A job's screen, unless it is the one on top.
    pub(super) fn push_job(&mut self, no: ClusterNo, key: JobKey, out: &mut Vec<Effect>) {
        if matches!(self.screens.top(), Screen::Job(screen) if screen.cluster == no && screen.key == key)
        {
            return;
        }
        let job = self.model_of(no).and_then(|model| model.job(&key));
        let title = job.map(text::job_title).unwrap_or_default();
        self.push(
            Screen::Job(JobScreen {
                cluster: no,
                key,
                title,
                step: None,
            }),
            out,
        );
    }

    fn enter_route(&mut self, no: ClusterNo, uid: &Uid, at: u16, out: &mut Vec<Effect>) {
        let model = self.model_of(no);
        let Some(ingress) = model.and_then(|model| model.ingress(uid)) else {
            return;
        };
        match ingress.routes.get(usize::from(at)).map(|r| &r.backend) {
            Some(Backend::Service { name, .. }) => {
                let scope = Scope::Service(no, ingress.meta.namespace.clone(), name.clone());
                let table = TableState::new(TableKind::Pods, scope);
                self.push(Screen::Table(table), out);
            }
            Some(Backend::Resource(what)) => {
                let text = format!("{what} is no Service: it has no pods");
                self.say(text, Tone::Warn);
            }
            None => {}
        }
    }

    pub(super) fn node_of(&mut self, out: &mut Vec<Effect>) {
        let thing = self.thing();
        let cluster = thing.as_ref().and_then(Thing::cluster);
        let model = cluster.and_then(|no| self.model_of(no));
        let node = match thing {
            Some(Thing::Job(_, key) | Thing::Step(_, key, _)) => model
                .and_then(|model| model.job(&key))
                .and_then(|job| job.node().cloned()),
            Some(Thing::Pod(_, uid)) => match model.and_then(|model| model.pod(&uid)) {
                Some(pod) => pod.node.clone(),
                None => self.log_node(),
            },
            Some(Thing::Node(_, name)) => Some(name),
            Some(Thing::Container(_, uid, _)) => model
                .and_then(|model| model.pod(&uid))
                .and_then(|pod| pod.node.clone()),
            Some(
                Thing::Cluster(_)
                | Thing::Pool(..)
                | Thing::Route(..)
                | Thing::Event(..)
                | Thing::Action(_)
                | Thing::Object(..)
                | Thing::Workload(..)
                | Thing::Missing(_),
            )
            | None => None,
        };
        match node.zip(cluster) {
            Some((node, no)) => self.push_node(no, node, out),
            None => self.say("it has no node", Tone::Warn),
        }
    }

    fn log_node(&self) -> Option<Text> {
        match self.screens.top() {
            Screen::Log(pane) => pane.subject()?.node.clone(),
            _ => None,
        }
    }

    /// Clears the filter or the search; false if there was none.
    pub(super) fn clear(&mut self) -> bool {
        let several = self.clusters.several();
        match self.screens.top_mut() {
            Screen::Log(pane) => pane.clear(),
            Screen::Text(pane) => pane.clear_search(),
            Screen::Kind(pane) => !pane.filter_text().is_empty() && pane.set_filter("").is_ok(),
            screen => match screen.table_mut() {
                Some(table) if !table.filter_text().is_empty() => {
                    table.set_filter("", several).is_ok()
                }
                Some(_) | None => false,
            },
        }
    }

    pub(super) fn back(&mut self, out: &mut Vec<Effect>) {
        match self.screens.pop() {
            Some(screen) => {
                Self::leave(screen, out);
                // Who was covered comes first now.
                self.advance_logs(out);
            }
            None if self.clusters.only().is_some() => {
                self.narrow_to(None);
                self.say("all clusters", Tone::Plain);
            }
            None => self.say(":q quits", Tone::Plain),
        }
    }
}

/// Those of a cluster's pools that have a line of their own: all that is there for jobs, and where there is
/// more than one to tell apart. A cluster's only pool is there for jobs too.
pub(super) fn with_line(pools: &[Pool]) -> impl Iterator<Item = &Pool> {
    let several = |rank: Rank| pools.iter().filter(|p| p.rank == rank).count() > 1;
    pools
        .iter()
        .filter(move |p| p.rank == Rank::Peasants || several(p.rank) || pools.len() == 1)
}
