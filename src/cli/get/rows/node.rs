//! Rows of `get nodes`.

use serde_json::{Value, json};

use super::pool::{amounts, cpu_share, memory_share};
use super::{View, known, or_none, time};
use crate::model::{Node, age, status};

pub(super) const HEADS: &[&str] = &[
    "NAME", "STATUS", "POOL", "RANK", "JOBS", "CPU", "MEMORY", "AGE",
];
pub(super) const MORE: &[&str] = &["ROLES", "PODS", "VERSION", "INTERNAL-IP"];

impl View<'_> {
    fn rank_of(&self, node: &str) -> Option<&'static str> {
        let pool = self.model.pool_of_node(node)?;
        self.ranks.get(pool).copied()
    }
}

pub(super) fn json(view: &View<'_>, node: &Node) -> Value {
    let name = &node.meta.name;
    let sums = view.model.sums(name);
    let requested = sums.map(|s| s.requested).unwrap_or_default();
    let roles = status::node_roles(node);
    let all = node.allocatable;
    json!({
        "name": &**name,
        "pool": view.model.pool_of_node(name).map(|p| &**p),
        "rank": view.rank_of(name),
        "status": status::node_status(node),
        "roles": (roles != "<none>").then_some(&roles),
        "ready": node.is_ready(),
        "cordoned": node.unschedulable,
        "jobs": {"running": sums.map_or(0, |s| s.jobs)},
        "cpu": amounts(requested.cpu, Some(all.cpu)),
        "memory": amounts(requested.memory, Some(all.memory)),
        "pods": amounts(requested.pods, Some(all.pods)),
        "version": known(&node.kubelet),
        "internal_ip": known(&node.internal_ip),
        "created": time(node.meta.created),
    })
}

pub(super) fn cells(view: &View<'_>, node: &Node, wide: bool) -> Vec<String> {
    let name = &node.meta.name;
    let sums = view.model.sums(name);
    let requested = sums.map(|s| s.requested).unwrap_or_default();
    let all = node.allocatable;
    let pool = view.model.pool_of_node(name);
    let mut cells = vec![
        name.to_string(),
        status::node_status(node).to_owned(),
        pool.map_or("?".into(), |p| p.to_string()),
        view.rank_of(name).unwrap_or("?").to_owned(),
        sums.map_or(0, |s| s.jobs).to_string(),
        cpu_share(requested, Some(all)),
        memory_share(requested, Some(all)),
        age::since(Some(node.meta.created), view.now),
    ];
    if wide {
        cells.extend([
            status::node_roles(node),
            format!("{}/{}", requested.pods, all.pods),
            node.kubelet.to_string(),
            or_none(&node.internal_ip),
        ]);
    }
    cells
}
