//! Whether a pod fits a node, by the scheduler's filters and in their order.

use std::collections::BTreeMap;

use crate::sim::LabelSet;
use crate::sim::actors::pods::{Amounts, NodeSelector, Spec, Taint, Toleration};

/// What a pod asks of a node. Pods of equal needs fit the same nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    pub amounts: Amounts,
    pub selector: BTreeMap<String, String>,
    pub affinity: Option<NodeSelector>,
    pub tolerations: Vec<Toleration>,
}

impl Needs {
    pub(crate) fn of(spec: &Spec) -> Self {
        Self {
            amounts: spec.amounts(),
            selector: spec.node_selector.clone(),
            affinity: spec
                .affinity
                .as_ref()
                .and_then(|a| a.node_affinity.as_ref())
                .and_then(|a| a.required.clone()),
            tolerations: spec.tolerations.clone(),
        }
    }

    /// The one node that the affinity names, as that of a DaemonSet's pod does.
    pub(crate) fn pinned(&self) -> Option<&str> {
        let [term] = self.affinity.as_ref()?.node_selector_terms.as_slice() else {
            return None;
        };
        let [field] = term.match_fields.as_slice() else {
            return None;
        };
        match field.values.as_slice() {
            [name] if field.key == "metadata.name" && field.operator == "In" => Some(name),
            _ => None,
        }
    }
}

/// A node as the scheduler sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodeInfo {
    pub labels: LabelSet,
    pub taints: Vec<Taint>,
    pub unschedulable: bool,
    pub allocatable: Amounts,
    /// Sum of the pods on it that have not ended, kept by delta.
    pub used: Amounts,
}

/// Why a node does not take a pod. A node may lack several things at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    Unschedulable,
    Taint,
    Affinity,
    /// Bits of [`LACKS`]; the flag says that even an empty node would not do.
    Lacks(u8, bool),
}

/// The scheduler's words for what a node lacks, by bit.
pub(crate) const LACKS: [&str; 4] = [
    "Too many pods",
    "Insufficient cpu",
    "Insufficient memory",
    "Insufficient ephemeral-storage",
];

/// `Ok` with the share of the node that stays free (per mille, higher is better), or why not.
pub(crate) fn fit(needs: &Needs, name: &str, node: &NodeInfo) -> Result<i64, Refusal> {
    if node.unschedulable {
        let taint = Taint {
            key: "node.kubernetes.io/unschedulable".into(),
            value: String::new(),
            effect: "NoSchedule".into(),
        };
        if !needs.tolerations.iter().any(|t| t.tolerates(&taint)) {
            return Err(Refusal::Unschedulable);
        }
    }
    let hard = |t: &&Taint| t.effect == "NoSchedule" || t.effect == "NoExecute";
    if node
        .taints
        .iter()
        .filter(hard)
        .any(|taint| !needs.tolerations.iter().any(|t| t.tolerates(taint)))
    {
        return Err(Refusal::Taint);
    }
    if !selected(&needs.selector, needs.affinity.as_ref(), name, &node.labels) {
        return Err(Refusal::Affinity);
    }
    let (want, have, used) = (needs.amounts, node.allocatable, node.used);
    let checks = [
        (want.pods, have.pods, used.pods),
        (want.cpu, have.cpu, used.cpu),
        (want.memory, have.memory, used.memory),
        (want.ephemeral, have.ephemeral, used.ephemeral),
    ];
    let (mut lacks, mut hopeless) = (0u8, false);
    for (bit, (want, have, used)) in checks.into_iter().enumerate() {
        // What a pod does not ask for is not held against it.
        if want > 0 && want > have - used {
            lacks |= 1 << bit;
            hopeless |= want > have;
        }
    }
    if lacks != 0 {
        return Err(Refusal::Lacks(lacks, hopeless));
    }
    let free = |want: i64, have: i64, used: i64| {
        if have <= 0 {
            0
        } else {
            (have - used - want).max(0).saturating_mul(1000) / have
        }
    };
    Ok(free(want.cpu, have.cpu, used.cpu) + free(want.memory, have.memory, used.memory))
}

/// nodeSelector and the required node affinity.
pub(crate) fn selected(
    selector: &BTreeMap<String, String>,
    affinity: Option<&NodeSelector>,
    name: &str,
    labels: &LabelSet,
) -> bool {
    let label = |key: &str| labels.get(key);
    if !selector.iter().all(|(k, v)| label(k) == Some(v)) {
        return false;
    }
    affinity.is_none_or(|a| {
        a.node_selector_terms.iter().any(|term| {
            // A term without requirements matches nothing.
            !(term.match_expressions.is_empty() && term.match_fields.is_empty())
                && term
                    .match_expressions
                    .iter()
                    .all(|r| r.admits(label(&r.key)))
                && term
                    .match_fields
                    .iter()
                    .all(|r| r.admits((r.key == "metadata.name").then_some(name)))
        })
    })
}
