//! A pod as the actors read it: the little that changes often, and the whole spec once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::quantity;

/// Null counts as absent, as for the real server.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    d: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(d).map(Option::unwrap_or_default)
}

/// Quantities may be written as numbers.
fn quantities<'de, D: Deserializer<'de>>(d: D) -> Result<BTreeMap<String, String>, D::Error> {
    let map: BTreeMap<String, Value> = or_default(d)?;
    Ok(map
        .into_iter()
        .map(|(k, v)| match v {
            Value::String(s) => (k, s),
            other => (k, other.to_string()),
        })
        .collect())
}

/// What every change of a pod is read into.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PodSlim<'a> {
    #[serde(borrow)]
    pub metadata: MetaSlim<'a>,
    pub spec: SpecSlim,
    #[serde(borrow)]
    pub status: StatusSlim<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SpecSlim {
    /// Debug containers: they come while the pod runs.
    #[serde(deserialize_with = "or_default")]
    pub ephemeral_containers: Vec<Container>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct MetaSlim<'a> {
    pub deletion_timestamp: Option<DateTime<Utc>>,
    pub deletion_grace_period_seconds: Option<i64>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub finalizers: Vec<Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StatusSlim<'a> {
    #[serde(rename = "podIP", borrow)]
    pub pod_ip: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub reason: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "or_default")]
    pub conditions: Vec<ConditionSlim<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ConditionSlim<'a> {
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    pub status: Cow<'a, str>,
    #[serde(borrow)]
    pub reason: Option<Cow<'a, str>>,
}

impl PodSlim<'_> {
    pub(crate) fn ready(&self) -> bool {
        self.status
            .conditions
            .iter()
            .any(|c| c.kind == "Ready" && c.status == "True")
    }
}

/// The whole pod, read when it is queued for the scheduler or bound to a kubelet.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PodDoc {
    pub metadata: Meta,
    pub spec: Spec,
    pub status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Meta {
    pub creation_timestamp: Option<DateTime<Utc>>,
    pub deletion_timestamp: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "or_default")]
    pub annotations: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub owner_references: Vec<OwnerRef>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct OwnerRef {
    pub kind: String,
    pub name: String,
    pub uid: String,
    pub controller: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Spec {
    #[serde(deserialize_with = "or_default")]
    pub node_name: String,
    #[serde(deserialize_with = "or_default")]
    pub node_selector: BTreeMap<String, String>,
    pub affinity: Option<Affinity>,
    #[serde(deserialize_with = "or_default")]
    pub tolerations: Vec<Toleration>,
    #[serde(deserialize_with = "or_default")]
    pub containers: Vec<Container>,
    #[serde(deserialize_with = "or_default")]
    pub init_containers: Vec<Container>,
    #[serde(deserialize_with = "or_default")]
    pub ephemeral_containers: Vec<Container>,
    #[serde(deserialize_with = "or_default")]
    pub volumes: Vec<Volume>,
    #[serde(deserialize_with = "or_default")]
    pub scheduling_gates: Vec<Named>,
    #[serde(deserialize_with = "or_default")]
    pub scheduler_name: String,
    #[serde(deserialize_with = "or_default")]
    pub priority: i64,
    #[serde(deserialize_with = "or_default")]
    pub restart_policy: String,
    pub termination_grace_period_seconds: Option<i64>,
    pub active_deadline_seconds: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    pub host_network: bool,
    #[serde(deserialize_with = "quantities")]
    pub overhead: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Volume {
    pub persistent_volume_claim: Option<ClaimRef>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ClaimRef {
    pub claim_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Named {
    pub name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Container {
    pub name: String,
    pub image: String,
    #[serde(deserialize_with = "or_default")]
    pub image_pull_policy: String,
    #[serde(deserialize_with = "or_default")]
    pub command: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub args: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub restart_policy: String,
    #[serde(deserialize_with = "or_default")]
    pub resources: Resources,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Resources {
    #[serde(deserialize_with = "quantities")]
    pub requests: BTreeMap<String, String>,
    #[serde(deserialize_with = "quantities")]
    pub limits: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Affinity {
    pub node_affinity: Option<NodeAffinity>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NodeAffinity {
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Option<NodeSelector>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct NodeSelector {
    pub node_selector_terms: Vec<Term>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Term {
    #[serde(deserialize_with = "or_default")]
    pub match_expressions: Vec<Requirement>,
    #[serde(deserialize_with = "or_default")]
    pub match_fields: Vec<Requirement>,
}

/// One requirement of a node selector or of a label selector.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Requirement {
    pub key: String,
    pub operator: String,
    #[serde(deserialize_with = "or_default")]
    pub values: Vec<String>,
}

impl Requirement {
    /// Whether a label of this value, or its absence, satisfies it.
    pub(crate) fn admits(&self, value: Option<&str>) -> bool {
        let number = |s: &str| s.parse::<i64>().ok();
        match self.operator.as_str() {
            "In" => value.is_some_and(|v| self.values.iter().any(|w| w == v)),
            "NotIn" => value.is_none_or(|v| self.values.iter().all(|w| w != v)),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            "Gt" | "Lt" => {
                let (Some(have), Some(want)) = (
                    value.and_then(number),
                    self.values.first().and_then(|v| number(v)),
                ) else {
                    return false;
                };
                if self.operator == "Gt" {
                    have > want
                } else {
                    have < want
                }
            }
            _ => false,
        }
    }
}

#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Toleration {
    pub key: String,
    pub operator: String,
    pub value: String,
    pub effect: String,
    pub toleration_seconds: Option<i64>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Taint {
    pub key: String,
    pub value: String,
    pub effect: String,
}

impl Toleration {
    pub(crate) fn tolerates(&self, taint: &Taint) -> bool {
        (self.effect.is_empty() || self.effect == taint.effect)
            && (self.key.is_empty() || self.key == taint.key)
            && match self.operator.as_str() {
                "Exists" => true,
                "" | "Equal" => !self.key.is_empty() && self.value == taint.value,
                _ => false,
            }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status {
    pub phase: String,
    #[serde(rename = "podIP")]
    pub pod_ip: String,
    pub start_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "or_default")]
    pub container_statuses: Vec<serde_json::Value>,
}

/// Amounts of what is scheduled: millicores, bytes, bytes, pods.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Amounts {
    pub cpu: i64,
    pub memory: i64,
    pub ephemeral: i64,
    pub pods: i64,
}

impl Amounts {
    pub(crate) fn of(map: &BTreeMap<String, String>) -> Self {
        let get = |key: &str| map.get(key).map_or("0", String::as_str);
        Self {
            cpu: quantity::milli(get("cpu")),
            memory: quantity::bytes(get("memory")),
            ephemeral: quantity::bytes(get("ephemeral-storage")),
            pods: get("pods").parse().unwrap_or(0),
        }
    }

    pub(crate) fn plus(self, o: Self) -> Self {
        Self {
            cpu: self.cpu + o.cpu,
            memory: self.memory + o.memory,
            ephemeral: self.ephemeral + o.ephemeral,
            pods: self.pods + o.pods,
        }
    }

    pub(crate) fn minus(self, o: Self) -> Self {
        Self {
            cpu: self.cpu - o.cpu,
            memory: self.memory - o.memory,
            ephemeral: self.ephemeral - o.ephemeral,
            pods: self.pods - o.pods,
        }
    }

    fn max(self, o: Self) -> Self {
        Self {
            cpu: self.cpu.max(o.cpu),
            memory: self.memory.max(o.memory),
            ephemeral: self.ephemeral.max(o.ephemeral),
            pods: self.pods.max(o.pods),
        }
    }
}

impl Container {
    /// Requests, with limits standing in for what is missing, as the API server's defaults do.
    fn amounts(&self) -> Amounts {
        let mut all = self.resources.limits.clone();
        all.extend(
            self.resources
                .requests
                .iter()
                .map(|(k, v)| (k.clone(), v.clone())),
        );
        Amounts {
            pods: 0,
            ..Amounts::of(&all)
        }
    }

    pub(crate) fn is_sidecar(&self) -> bool {
        self.restart_policy == "Always"
    }
}

impl Spec {
    /// What the pod takes from its node: the largest step of initialisation (with the sidecars
    /// that run by then) or everything that runs afterwards, whichever is more; one pod.
    pub(crate) fn amounts(&self) -> Amounts {
        let mut sidecars = Amounts::default();
        let mut peak = Amounts::default();
        for c in &self.init_containers {
            if c.is_sidecar() {
                sidecars = sidecars.plus(c.amounts());
                peak = peak.max(sidecars);
            } else {
                peak = peak.max(sidecars.plus(c.amounts()));
            }
        }
        let running = self
            .containers
            .iter()
            .fold(sidecars, |sum, c| sum.plus(c.amounts()));
        let overhead = Amounts {
            pods: 0,
            ..Amounts::of(&self.overhead)
        };
        Amounts {
            pods: 1,
            ..peak.max(running).plus(overhead)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_count_sidecars_and_the_largest_init_step() {
        let doc: PodDoc = serde_json::from_value(json!({"spec": {
            "overhead": {"cpu": "10m"},
            "initContainers": [
                {"name": "a", "resources": {"requests": {"cpu": "2"}}},
                {"name": "side", "restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}},
                {"name": "b", "resources": {"requests": {"cpu": "2"}}}],
            "containers": [
                {"name": "x", "resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": "4", "memory": "1Gi"}}}]}}))
        .unwrap();
        assert_eq!(
            doc.spec.amounts(),
            Amounts {
                cpu: 2110,
                memory: 1 << 30,
                ephemeral: 0,
                pods: 1
            }
        );
    }

    #[test]
    fn tolerations() {
        let taint = Taint {
            key: "k".into(),
            value: "v".into(),
            effect: "NoSchedule".into(),
        };
        for (t, want) in [
            (json!({"operator": "Exists"}), true),
            (json!({"key": "k", "operator": "Exists"}), true),
            (json!({"key": "k", "value": "v"}), true),
            (json!({"key": "k", "value": "w"}), false),
            (
                json!({"key": "k", "operator": "Exists", "effect": "NoExecute"}),
                false,
            ),
            (json!({"value": "v"}), false),
        ] {
            let t: Toleration = serde_json::from_value(t).unwrap();
            assert_eq!(t.tolerates(&taint), want, "{t:?}");
        }
    }
}
