//! A pod's conditions: what they say repeats from pod to pod and is shared, when they began does not.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::id::Text;
use super::meta::{Condition, Truth};
use super::time::{Time, utc};

/// `status.conditions` of a pod.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    said: Arc<[Said]>,
    since: Box<[Option<Time>]>,
}

/// What one says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// `type`: `PodScheduled`, `Ready`, `DisruptionTarget`, …
    pub kind: Text,
    /// Its value.
    pub status: Truth,
    /// A word, empty when none was given.
    pub reason: Text,
    /// The writer's own words, empty when none were given.
    pub message: Text,
}

/// One condition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PodCondition<'p> {
    said: &'p Said,
    since: Option<Time>,
}

impl<'p> PodCondition<'p> {
    /// `type`.
    pub fn kind(self) -> &'p str {
        &self.said.kind
    }

    /// Its value.
    pub fn status(self) -> Truth {
        self.said.status
    }

    /// Whether it is true.
    pub fn holds(self) -> bool {
        self.said.status == Truth::True
    }

    /// A word, empty when none was given.
    pub fn reason(self) -> &'p str {
        &self.said.reason
    }

    /// The writer's own words, empty when none were given.
    pub fn message(self) -> &'p str {
        &self.said.message
    }

    /// `lastTransitionTime`.
    pub fn since(self) -> Option<DateTime<Utc>> {
        utc(self.since)
    }
}

impl Conditions {
    /// Of shared words and a time for each.
    pub(crate) fn new(said: Arc<[Said]>, since: Box<[Option<Time>]>) -> Self {
        debug_assert_eq!(said.len(), since.len());
        Self { said, since }
    }

    /// In their order.
    pub fn iter(&self) -> impl Iterator<Item = PodCondition<'_>> {
        let both = self.said.iter().zip(&self.since);
        both.map(|(said, since)| PodCondition {
            said,
            since: *since,
        })
    }

    /// When each began.
    pub(crate) fn times(&self) -> &[Option<Time>] {
        &self.since
    }

    /// The first of a type.
    pub fn get(&self, kind: &str) -> Option<PodCondition<'_>> {
        self.iter().find(|c| c.kind() == kind)
    }
}

impl FromIterator<Condition> for Conditions {
    fn from_iter<I: IntoIterator<Item = Condition>>(conditions: I) -> Self {
        let (said, since): (Vec<Said>, Vec<Option<Time>>) = conditions
            .into_iter()
            .map(|c| {
                let said = Said {
                    kind: c.kind,
                    status: c.status,
                    reason: c.reason,
                    message: c.message,
                };
                (said, c.since.map(Time::from))
            })
            .unzip();
        Self::new(said.into(), since.into())
    }
}
