//! Label selectors of controllers, services and budgets.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::pods::Requirement;
use crate::sim::LabelSet;

/// `matchLabels` and `matchExpressions`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Selector {
    pub match_labels: BTreeMap<String, String>,
    pub match_expressions: Vec<Requirement>,
}

impl Selector {
    /// Reads `spec.selector` of a workload or a budget.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        if value.is_null() {
            None
        } else {
            Selector::deserialize(value).ok()
        }
    }

    /// Reads `spec.selector` of a Service: a plain map; none when it is empty.
    pub(crate) fn service(value: &Value) -> Option<Self> {
        let match_labels: BTreeMap<String, String> = BTreeMap::deserialize(value).ok()?;
        (!match_labels.is_empty()).then(|| Self {
            match_labels,
            ..Self::default()
        })
    }

    pub(crate) fn matches(&self, labels: &LabelSet) -> bool {
        let label = |key: &str| labels.get(key);
        self.match_labels.iter().all(|(k, v)| label(k) == Some(v))
            && self
                .match_expressions
                .iter()
                .all(|r| r.admits(label(&r.key)))
    }
}
