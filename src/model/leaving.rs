//! Nodes that are about to go, as taints, labels, annotations and conditions tell: who says so and what it means.
//!
//! A sign is a row of a table; where it is known from stands beside it.

use chrono::{DateTime, Utc};

use super::meta::Truth;
use super::node::Node;

/// That a node is about to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// In a few words: `spot notice`.
    pub what: &'static str,
    /// Who says so: `AWS node termination handler`.
    pub who: &'static str,
    /// Since when, where that is told.
    pub since: Option<DateTime<Utc>>,
    /// Whether it will go; else it may.
    pub sure: bool,
}

/// Where a sign stands on a node.
#[derive(Clone, Copy, Debug)]
enum At {
    Taint(&'static str),
    /// The value is when it was set, in seconds since 1970.
    TaintSince(&'static str),
    Annotation(&'static str),
    /// A condition that is True, with this reason.
    Condition(&'static str, &'static str),
}

struct Sign {
    at: At,
    what: &'static str,
    who: &'static str,
    sure: bool,
}

const fn sign(at: At, what: &'static str, who: &'static str, sure: bool) -> Sign {
    Sign {
        at,
        what,
        who,
        sure,
    }
}

const NTH: &str = "AWS node termination handler";
const AKS: &str = "Azure";
const CA: &str = "cluster-autoscaler";

/// The annotation that kured sets while it reboots a node.
pub const KURED_REBOOT: &str = "weave.works/kured-reboot-in-progress";

/// What is sure before what may be, the nearest end first.
#[rustfmt::skip]
static SIGNS: &[Sign] = &[
    // aws/aws-node-termination-handler, pkg/node/node.go
    sign(At::Taint("aws-node-termination-handler/spot-itn"), "spot notice", NTH, true),
    sign(At::Taint("aws-node-termination-handler/asg-lifecycle-termination"), "its scaling group ends it", NTH, true),
    sign(At::Taint("aws-node-termination-handler/scheduled-maintenance"), "scheduled maintenance", NTH, true),
    // kubernetes/cloud-provider-gcp; cloud.google.com/kubernetes-engine/docs/concepts/spot-vms
    sign(At::Taint("cloud.google.com/impending-node-termination"), "spot notice", "GKE", true),
    // oracle/oci-cloud-controller-manager, through the autoscaler's ignored taints
    sign(At::Taint("ignore-taint.cluster-autoscaler.kubernetes.io/oke-impending-node-termination"), "preemption notice", "OKE", true),
    // learn.microsoft.com/azure/aks/node-auto-drain, conditions of the node problem detector
    sign(At::Condition("VMEventScheduled", "PreemptScheduled"), "spot notice", AKS, true),
    sign(At::Condition("VMEventScheduled", "TerminateScheduled"), "termination scheduled", AKS, true),
    sign(At::Condition("VMEventScheduled", "RedeployScheduled"), "redeployment scheduled", AKS, true),
    sign(At::Condition("VMEventScheduled", "RebootScheduled"), "reboot scheduled", AKS, true),
    // kubernetes/cloud-provider/api/well_known_taints.go
    sign(At::Taint("node.cloudprovider.kubernetes.io/shutdown"), "shut down at its provider", "cloud provider", true),
    sign(At::Taint("node.kubernetes.io/out-of-service"), "out of service", "an operator", true),
    // kubernetes-sigs/karpenter, pkg/apis/v1/taints.go (the older one: v1beta1)
    sign(At::Taint("karpenter.sh/disrupted"), "disrupted", "Karpenter", true),
    sign(At::Taint("karpenter.sh/disruption"), "disrupted", "Karpenter", true),
    // kubernetes/autoscaler, cluster-autoscaler/utils/taints/taints.go
    sign(At::TaintSince("ToBeDeletedByClusterAutoscaler"), "scaled down", CA, true),
    // kubereboot/kured, cmd/kured/main.go
    sign(At::Annotation(KURED_REBOOT), "reboots", "kured", true),
    sign(At::Taint("weave.works/kured-node-reboot"), "reboot wanted", "kured", false),
    sign(At::Taint("aws-node-termination-handler/rebalance-recommendation"), "spot rebalance advice", NTH, false),
    sign(At::TaintSince("DeletionCandidateOfClusterAutoscaler"), "may be scaled down", CA, false),
];

/// Labels by which a node is one that the provider may take back, with the value (empty: any).
/// Sources: Karpenter's well-known labels, EKS managed node groups, GKE's and AKS's documentation.
static SPOT: &[(&str, &str)] = &[
    ("karpenter.sh/capacity-type", "spot"),
    ("eks.amazonaws.com/capacityType", "SPOT"),
    ("cloud.google.com/gke-spot", "true"),
    ("cloud.google.com/gke-preemptible", "true"),
    ("cloud.google.com/gke-provisioning", "spot"),
    ("cloud.google.com/gke-provisioning", "preemptible"),
    ("kubernetes.azure.com/scalesetpriority", "spot"),
    ("oci.oraclecloud.com/oke-is-preemptible", "true"),
    ("node-role.kubernetes.io/spot-worker", ""),
];

/// Whether the provider may take the node back at any time, by which label.
pub fn spot(node: &Node) -> Option<&'static str> {
    let has = |(key, value): &&(&'static str, &str)| match node.meta.label(key) {
        Some(found) => value.is_empty() || found == *value,
        None => false,
    };
    SPOT.iter().find(has).map(|(key, _)| *key)
}

/// That a node is about to go, as far as it shows.
pub fn leaving(node: &Node) -> Option<Leaving> {
    if node.meta.deleting.is_some() {
        return Some(Leaving {
            what: "being deleted",
            who: "the API server",
            since: None,
            sure: true,
        });
    }
    // Most nodes have nothing of the kind.
    let quiet = node.taints.is_empty() && node.meta.annotations.is_empty();
    let scheduled = || {
        node.conditions
            .iter()
            .any(|c| &*c.kind == "VMEventScheduled")
    };
    if quiet && !scheduled() {
        return None;
    }
    SIGNS.iter().find_map(|sign| {
        let since = found(sign.at, node)?;
        Some(Leaving {
            what: sign.what,
            who: sign.who,
            since,
            sure: sign.sure,
        })
    })
}

/// Whether it is there, and since when.
fn found(at: At, node: &Node) -> Option<Option<DateTime<Utc>>> {
    match at {
        At::Taint(key) | At::TaintSince(key) => {
            let taint = node.taints.iter().find(|t| *t.key == *key)?;
            let told = matches!(at, At::TaintSince(_))
                .then(|| taint.value.parse().ok())
                .flatten()
                .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
            Some(told.or(taint.since.map(super::time::Time::utc)))
        }
        At::Annotation(key) => node.meta.annotation(key).map(|_| None),
        At::Condition(kind, reason) => {
            let condition = node.condition(kind)?;
            let there = condition.status == Truth::True && *condition.reason == *reason;
            there.then_some(condition.since)
        }
    }
}

/// The annotation by which the console marks its own cordons: who did it.
pub const CORDONED_BY: &str = "constable/cordoned-by";

/// The taint that the node controller sets on what is cordoned.
pub const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Since when a node is cordoned, where its taint tells.
pub fn cordoned_since(node: &Node) -> Option<DateTime<Utc>> {
    let taint = node.taints.iter().find(|t| *t.key == *UNSCHEDULABLE)?;
    taint.since.map(super::time::Time::utc)
}

/// What a taint means, in plain words; `None` where nobody told us.
pub fn meaning(key: &str) -> Option<&'static str> {
    Some(match key {
        UNSCHEDULABLE => "cordoned: no new pods",
        "node.kubernetes.io/not-ready" => "not Ready: pods leave after their toleration",
        "node.kubernetes.io/unreachable" => {
            "its kubelet is not heard: pods leave after their toleration"
        }
        "node.kubernetes.io/memory-pressure" => "short of memory",
        "node.kubernetes.io/disk-pressure" => "short of disk: no new pods, pods are evicted",
        "node.kubernetes.io/pid-pressure" => "short of process ids",
        "node.kubernetes.io/network-unavailable" => "its network is not set up",
        "node.cloudprovider.kubernetes.io/uninitialized" => "the cloud provider has not set it up",
        "node.cilium.io/agent-not-ready" => "Cilium is not ready on it",
        "karpenter.sh/unregistered" => "Karpenter has not registered it",
        "node-role.kubernetes.io/control-plane" | "node-role.kubernetes.io/master" => {
            "control plane: kept for its own pods"
        }
        "kubernetes.azure.com/scalesetpriority" => "spot: for pods that tolerate it",
        _ => {
            return SIGNS.iter().find_map(|sign| match sign.at {
                At::Taint(own) | At::TaintSince(own) if own == key => Some(sign.what),
                At::Taint(_) | At::TaintSince(_) | At::Annotation(_) | At::Condition(..) => None,
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{at, condition, node, taint};

    #[test]
    fn signs_of_leaving() {
        let tainted = |key: &str, value: &str| {
            let mut node = node("n", "");
            node.taints = Box::new([taint(key, value)]);
            node
        };
        let mut spot_notice = tainted("aws-node-termination-handler/spot-itn", "");
        spot_notice.taints[0].since = Some(at(40).into());
        let mut azure = node("n", "");
        let mut event = condition("VMEventScheduled", Truth::True, "PreemptScheduled");
        azure.conditions = Box::new([event.clone()]);
        event.reason = "NoVMEventScheduled".into();
        event.status = Truth::False;
        let mut calm = node("n", "");
        calm.conditions = Box::new([event]);
        for (node, want) in [
            (spot_notice, Some(("spot notice", Some(at(40)), true))),
            (
                tainted("ToBeDeletedByClusterAutoscaler", "1764000000"),
                Some((
                    "scaled down",
                    DateTime::from_timestamp(1_764_000_000, 0),
                    true,
                )),
            ),
            (
                tainted("DeletionCandidateOfClusterAutoscaler", "x"),
                Some(("may be scaled down", None, false)),
            ),
            (azure, Some(("spot notice", Some(at(0)), true))),
            (calm, None),
            (tainted("dedicated", "ci"), None),
            (node("n", "a=b"), None),
        ] {
            let found = leaving(&node).map(|l| (l.what, l.since, l.sure));
            assert_eq!(found, want);
        }
    }

    #[test]
    fn spot_nodes() {
        for (labels, want) in [
            ("karpenter.sh/capacity-type=spot", true),
            ("karpenter.sh/capacity-type=on-demand", false),
            ("node-role.kubernetes.io/spot-worker=", true),
            ("a=spot", false),
        ] {
            assert_eq!(spot(&node("n", labels)).is_some(), want, "{labels}");
        }
    }
}
