//! Metadata and conditions, the same for every kind.

use chrono::DateTime;
use serde::Deserialize;

use super::Decoder;
use super::raw::{Annotations, List, Pairs, Part, RawTime, Str};
use crate::model::{Condition, Meta, Owner, Text, Truth, Uid};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawMeta<'a> {
    #[serde(borrow)]
    pub(super) uid: Str<'a>,
    #[serde(borrow)]
    pub(super) namespace: Str<'a>,
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    #[serde(borrow)]
    pub(super) resource_version: Str<'a>,
    pub(super) creation_timestamp: RawTime,
    pub(super) deletion_timestamp: RawTime,
    #[serde(borrow)]
    pub(super) labels: Pairs<'a>,
    #[serde(borrow)]
    pub(super) annotations: Annotations<'a>,
    #[serde(borrow)]
    owner_references: List<RawOwner<'a>>,
    #[serde(borrow)]
    finalizers: List<Str<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawOwner<'a> {
    #[serde(borrow)]
    kind: Str<'a>,
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    uid: Str<'a>,
    controller: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawCondition<'a> {
    #[serde(borrow, rename = "type")]
    kind: Str<'a>,
    #[serde(borrow)]
    status: Str<'a>,
    #[serde(borrow)]
    reason: Str<'a>,
    #[serde(borrow)]
    message: Str<'a>,
    last_transition_time: RawTime,
}

/// A label selector.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawSelector<'a> {
    #[serde(borrow, rename = "matchLabels")]
    pub(super) labels: Pairs<'a>,
    #[serde(borrow, rename = "matchExpressions")]
    pub(super) expressions: List<RawExpression<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawExpression<'a> {
    #[serde(borrow)]
    pub(super) key: Str<'a>,
    #[serde(borrow)]
    pub(super) operator: Str<'a>,
    #[serde(borrow)]
    pub(super) values: List<Str<'a>>,
}

impl Decoder {
    pub(super) fn meta(&mut self, raw: &Part<RawMeta<'_>>) -> Meta {
        Meta {
            uid: Uid(self.own(&raw.uid)),
            namespace: self.text(&raw.namespace),
            name: self.own(&raw.name),
            created: raw
                .creation_timestamp
                .time()
                .unwrap_or(DateTime::UNIX_EPOCH),
            deleting: raw.deletion_timestamp.time(),
            labels: self.pairs(&raw.labels),
            annotations: self.pairs(&raw.annotations.0),
            owner: raw
                .owner_references
                .iter()
                .find(|o| o.controller == Some(true))
                .map(|o| Owner {
                    kind: self.text(&o.kind),
                    name: self.text(&o.name),
                    uid: Uid(self.text(&o.uid)),
                }),
            finalizers: raw.finalizers.iter().map(|f| self.text(f)).collect(),
        }
    }

    /// Sorted by key.
    pub(super) fn pairs(&mut self, raw: &Pairs<'_>) -> Box<[(Text, Text)]> {
        let mut pairs: Vec<(Text, Text)> = raw
            .0
            .iter()
            .map(|(k, v)| (self.text(k), self.text(v)))
            .collect();
        pairs.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|a, b| a.0 == b.0);
        pairs.into()
    }

    pub(super) fn conditions(&mut self, raw: &[RawCondition<'_>]) -> Box<[Condition]> {
        raw.iter()
            .map(|c| Condition {
                kind: self.text(&c.kind),
                status: match &*c.status {
                    "True" => Truth::True,
                    "False" => Truth::False,
                    _ => Truth::Unknown,
                },
                reason: self.text(&c.reason),
                message: self.text(&c.message),
                since: c.last_transition_time.time(),
            })
            .collect()
    }
}
