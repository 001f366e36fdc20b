//! Metadata and conditions, the same for every kind.

use std::sync::Arc;

use chrono::DateTime;
use serde::Deserialize;

use super::raw::{Annotations, List, Pairs, Part, RawTime, Str};
use super::{Decoder, harmless};
use crate::model::labels::{Keys, Labels};
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
    pub(super) generation: Option<i64>,
    pub(super) creation_timestamp: RawTime,
    pub(super) deletion_timestamp: RawTime,
    #[serde(borrow)]
    pub(super) labels: Pairs<'a>,
    #[serde(borrow)]
    pub(super) annotations: Annotations<'a>,
    #[serde(borrow)]
    pub(super) owner_references: List<RawOwner<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawOwner<'a> {
    #[serde(borrow)]
    pub(super) kind: Str<'a>,
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    #[serde(borrow)]
    pub(super) uid: Str<'a>,
    pub(super) controller: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RawCondition<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Str<'a>,
    #[serde(borrow)]
    pub(super) status: Str<'a>,
    #[serde(borrow)]
    pub(super) reason: Str<'a>,
    #[serde(borrow)]
    pub(super) message: Str<'a>,
    pub(super) last_transition_time: RawTime,
}

impl RawCondition<'_> {
    pub(super) fn truth(&self) -> Truth {
        match &*self.status {
            "True" => Truth::True,
            "False" => Truth::False,
            _ => Truth::Unknown,
        }
    }
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
        let owners = raw.owner_references.iter();
        let owner = owners.clone().find(|o| o.controller == Some(true));
        Meta {
            uid: self.uid(&raw.uid),
            namespace: self.text(&raw.namespace),
            name: self.own(&raw.name),
            created: raw
                .creation_timestamp
                .time()
                .unwrap_or(DateTime::UNIX_EPOCH),
            deleting: raw.deletion_timestamp.time(),
            labels: self.labels(&raw.labels),
            annotations: self.labels(&raw.annotations.0),
            owner: owner.map(|o| self.owner(o)),
        }
    }

    pub(super) fn uid(&self, text: &str) -> Uid {
        Uid::from(&*harmless::plain(text))
    }

    fn owner(&mut self, raw: &RawOwner<'_>) -> Arc<Owner> {
        let uid = self.uid(&raw.uid);
        self.shared_owner(uid, &raw.kind, &raw.name)
    }

    pub(super) fn shared_owner(&mut self, uid: Uid, kind: &str, name: &str) -> Arc<Owner> {
        let hash = self.owners.hash([&uid]);
        let same = |o: &Owner| o.uid == uid && *o.name == *name && *o.kind == *kind;
        if let Some(known) = self.owners.get(hash, same) {
            return known;
        }
        let owner = Owner {
            kind: self.text(kind),
            name: self.text(name),
            uid,
        };
        self.owners.put(hash, Arc::new(owner))
    }

    /// The keys are shared by all objects that have the same.
    fn labels(&mut self, raw: &Pairs<'_>) -> Labels {
        if raw.0.is_empty() {
            return Labels::default();
        }
        if !raw.0.is_sorted_by(|a, b| a.0 < b.0) {
            // Of a key that comes twice the first value is kept.
            let mut pairs: Vec<&(Str<'_>, Str<'_>)> = raw.0.iter().collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            pairs.dedup_by(|later, first| later.0 == first.0);
            let keys = self.shared_keys(pairs.iter().map(|(key, _)| &**key));
            return Labels::new(keys, pairs.iter().map(|(_, value)| harmless::plain(value)));
        }
        let keys = self.shared_keys(raw.0.iter().map(|(key, _)| &**key));
        Labels::new(keys, raw.0.iter().map(|(_, value)| harmless::plain(value)))
    }

    /// Of keys that are sorted, each there once.
    pub(super) fn shared_keys<'k>(
        &mut self,
        keys: impl ExactSizeIterator<Item = &'k str> + Clone,
    ) -> Arc<Keys> {
        let hash = self.keys.hash(keys.clone());
        match self.keys.get(hash, |known| known.are(keys.clone())) {
            Some(known) => known,
            None => {
                let own = keys.map(|key| self.text(key)).collect();
                self.keys.put(hash, Arc::new(Keys::new(own)))
            }
        }
    }

    /// Sorted by key.
    pub(super) fn pairs(&mut self, raw: &Pairs<'_>) -> Box<[(Text, Text)]> {
        let mut pairs: Vec<(Text, Text)> = raw
            .0
            .iter()
            .map(|(k, v)| (self.text(k), self.text(v)))
            .collect();
        // Of a key that comes twice the last value holds, as in both formats.
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        pairs.into()
    }

    pub(super) fn condition(&mut self, raw: &RawCondition<'_>) -> Condition {
        Condition {
            kind: self.text(&raw.kind),
            status: raw.truth(),
            reason: self.text(&raw.reason),
            message: self.text(&raw.message),
            since: raw.last_transition_time.time(),
        }
    }

    pub(super) fn conditions(&mut self, raw: &[RawCondition<'_>]) -> Box<[Condition]> {
        raw.iter().map(|c| self.condition(c)).collect()
    }
}
