//! Merged logs: of what is marked, under the cursor, shown by the table, or named.

use super::filter::Filter;
use super::log::{Group, Pane};
use super::screen::{Part, Screen, Thing};
use super::table::{RowKey, Scope, TableKind, TableState, titles};
use super::text::plural;
use super::view::Tone;
use super::{Effect, Engine};
use crate::model::{ClusterNo, Pod, Rank, Text};

impl Engine {
    /// `L`.
    pub(super) fn merged_log(&mut self, out: &mut Vec<Effect>) {
        match self.group_here() {
            Ok((title, group)) => self.open_merged(title, group, out),
            Err(why) => match self.thing() {
                // Of one there is nothing to merge.
                Some(Thing::Job(..) | Thing::Step(..) | Thing::Pod(..)) => {
                    self.open_log(false, out)
                }
                _ => self.say(why, Tone::Warn),
            },
        }
    }

    /// `:logs NAME`: a pool, a node or a project.
    pub(super) fn merged_log_of(&mut self, name: &str, out: &mut Vec<Effect>) {
        let pool = self.clusters.shown().find_map(|c| {
            let pool = c.pools().iter().find(|p| *p.name == *name)?;
            Some((c.no, pool.name.clone()))
        });
        let node = self.clusters.shown().find_map(|c| {
            let node = c.model.node(name)?;
            Some((c.no, node.meta.name.clone()))
        });
        let (title, group) = match (pool, node) {
            (Some((no, pool)), _) => self.pool_group(no, &pool),
            (None, Some(node)) => self.node_group(vec![node]),
            (None, None) => (format!("jobs of {name}"), Group::project(name.into())),
        };
        self.open_merged(title, group, out);
    }

    fn open_merged(&mut self, title: String, group: Group, out: &mut Vec<Effect>) {
        let pane = Pane::many(title, group, self.settings.log_bytes);
        self.show_log(pane, out);
    }

    /// Whose logs are meant here: the marked rows, else the pool or node under the cursor, else all that the
    /// table shows.
    fn group_here(&self) -> Result<(String, Group), String> {
        let pools = matches!(self.screens.top(), Screen::Overview(o) if o.part == Part::Pools);
        if let Some(table) = self.screens.top().table()
            && !table.marks().is_empty()
            && !pools
        {
            return self.marked_group(table);
        }
        match self.thing() {
            Some(Thing::Pool(no, pool)) => return Ok(self.pool_group(no, &pool)),
            Some(Thing::Node(no, node)) => return Ok(self.node_group(vec![(no, node)])),
            _ => {}
        }
        match self.screens.top().table() {
            Some(table) if matches!(table.kind, TableKind::Jobs | TableKind::Pods) => {
                let filter = Filter::parse(
                    table.filter_text(),
                    &titles(table.kind, self.clusters.several()),
                )?;
                let mut title = self.table_title(table);
                if !filter.is_empty() {
                    title.push_str(&format!(" /{}", table.filter_text()));
                }
                let scopes = vec![table.scope.clone()];
                Ok((title, Group::new(table.kind, scopes, filter)))
            }
            Some(_) | None => Err("no jobs or pods here whose logs could be merged".to_owned()),
        }
    }

    fn marked_group(&self, table: &TableState) -> Result<(String, Group), String> {
        let marks = table.marks();
        let count = marks.len() as u64;
        match table.kind {
            TableKind::Nodes => {
                let names = marks.iter().filter_map(|key| match key {
                    RowKey::Node(no, name) => Some((*no, name.clone())),
                    _ => None,
                });
                Ok(self.node_group(names.collect()))
            }
            kind @ (TableKind::Jobs | TableKind::Pods) => {
                let group = Group::marked(kind, marks.clone());
                let what = plural(count, &format!("marked {}", group.noun()));
                Ok((what, group))
            }
            _ => Err("the marked rows have no logs".to_owned()),
        }
    }

    /// Jobs of a pool of job nodes, pods of another.
    fn pool_group(&self, no: ClusterNo, name: &Text) -> (String, Group) {
        let kind = match self.rank_of(no, name) {
            Some(Rank::Peasants) | None => TableKind::Jobs,
            Some(Rank::Controllers | Rank::Patricians) => TableKind::Pods,
        };
        let scope = vec![Scope::Pool(no, name.clone())];
        let title = format!("{} of pool {name}", super::table::name(kind));
        (title, Group::new(kind, scope, Filter::default()))
    }

    fn rank_of(&self, no: ClusterNo, pool: &str) -> Option<Rank> {
        let cluster = self.clusters.get(no)?;
        let pools = cluster.pools();
        Some(pools.iter().find(|p| *p.name == *pool)?.rank)
    }

    fn node_group(&self, nodes: Vec<(ClusterNo, Text)>) -> (String, Group) {
        let jobs = nodes.iter().any(|(no, name)| {
            let Some(model) = self.model_of(*no) else {
                return false;
            };
            let pool = model.pool_of_node(name);
            let of_job = |pod: &Pod| model.job_of_pod(&pod.meta.uid).is_some();
            model.pods_on(name).any(of_job)
                || pool.and_then(|p| self.rank_of(*no, p)) == Some(Rank::Peasants)
        });
        let kind = if jobs {
            TableKind::Jobs
        } else {
            TableKind::Pods
        };
        let what = super::table::name(kind);
        let title = match nodes.as_slice() {
            [(_, one)] => format!("{what} of node {one}"),
            many => format!("{what} of {}", plural(many.len() as u64, "node")),
        };
        let scopes = nodes.into_iter();
        let scopes = scopes.map(|(no, name)| Scope::Node(no, name)).collect();
        (title, Group::new(kind, scopes, Filter::default()))
    }

    /// Names that `:logs` completes: pools, projects, then nodes.
    pub(super) fn log_names(&self) -> Vec<String> {
        let (mut pools, mut projects, mut nodes) = (Vec::new(), Vec::new(), Vec::new());
        for cluster in self.clusters.shown() {
            let of_pool = cluster.pools().iter();
            pools.extend(of_pool.map(|p| p.name.to_string()));
            projects.extend(cluster.model.jobs().map(crate::model::Job::project));
            nodes.extend(cluster.model.nodes().map(|n| n.meta.name.to_string()));
        }
        projects.sort_unstable();
        projects.dedup();
        let projects = projects.into_iter().filter(|p| !p.is_empty());
        let names = pools.into_iter().chain(projects.map(str::to_owned));
        names.chain(nodes).collect()
    }
}
