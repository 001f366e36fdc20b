//! On which pool's nodes a waiting job could run, by selector, affinity and tolerations.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::HashMap;

use super::id::Text;
use super::job::JobKey;
use super::node::{Node, Taint, TaintEffect};
use super::pod::{NodeTerm, Operator, PodSpec, Toleration};

/// Where a waiting job could run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Only here.
    One(Text),
    /// In any of these pools, sorted.
    AnyOf(Box<[Text]>),
    /// Nothing that is visible would take it.
    None,
}

/// What a pod asks of nodes, beside room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Constraint {
    /// `spec.nodeSelector`.
    pub selector: Box<[(Text, Text)]>,
    /// Required node affinity.
    pub terms: Box<[NodeTerm]>,
    /// Tolerations.
    pub tolerations: Box<[Toleration]>,
}

impl Constraint {
    /// A pod's.
    pub fn of(spec: &PodSpec) -> Self {
        Self {
            selector: spec.node_selector.clone(),
            terms: spec.node_terms.clone(),
            tolerations: spec.tolerations.clone(),
        }
    }

    /// Whether a node takes such pods. What passes (cordoned, not ready, under pressure, being scaled
    /// away) does not count: the pool is the same.
    pub fn fits(&self, node: &Node) -> bool {
        self.selector
            .iter()
            .all(|(key, value)| node.meta.label(key) == Some(&**value))
            && (self.terms.is_empty() || self.terms.iter().any(|term| matches(term, node)))
            && node
                .taints
                .iter()
                .filter(|taint| taint.effect != TaintEffect::PreferNoSchedule && !passing(taint))
                .all(|taint| self.tolerations.iter().any(|t| tolerates(t, taint)))
    }

    /// The value that selector or affinity ask of a label, where it is exactly one.
    pub fn asked(&self, key: &str) -> Option<&Text> {
        let by_selector = self.selector.iter().find(|(k, _)| &**k == key);
        by_selector.map(|(_, value)| value).or_else(|| {
            let [term] = &*self.terms else { return None };
            term.expressions
                .iter()
                .find_map(|(k, operator, values)| match &**values {
                    [one] if &**k == key && *operator == Operator::In => Some(one),
                    _ => None,
                })
        })
    }
}

/// Whether a toleration covers a taint, as the scheduler decides it.
pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.is_none_or(|e| e == taint.effect);
    let key = (toleration.key.is_empty() && toleration.exists) || toleration.key == taint.key;
    effect && key && (toleration.exists || toleration.value == taint.value)
}

/// Whether a node matches a node selector term: all its expressions; an empty term matches nothing.
pub fn matches(term: &NodeTerm, node: &Node) -> bool {
    !term.expressions.is_empty()
        && term.expressions.iter().all(|(key, operator, values)| {
            let value = node
                .meta
                .label(key)
                .or_else(|| (&**key == "metadata.name").then_some(&*node.meta.name));
            let compare = |want: fn(i64, i64) -> bool| {
                let one = values.first().and_then(|v| v.parse::<i64>().ok());
                let has = value.and_then(|v| v.parse::<i64>().ok());
                matches!((has, one), (Some(has), Some(one)) if want(has, one))
            };
            match operator {
                Operator::In => value.is_some_and(|v| values.iter().any(|w| &**w == v)),
                Operator::NotIn => !value.is_some_and(|v| values.iter().any(|w| &**w == v)),
                Operator::Exists => value.is_some(),
                Operator::DoesNotExist => value.is_none(),
                Operator::Gt => compare(|has, one| has > one),
                Operator::Lt => compare(|has, one| has < one),
            }
        })
}

/// Taints that come and go with a node's state.
fn passing(taint: &Taint) -> bool {
    let key = &*taint.key;
    key.starts_with("node.kubernetes.io/")
        || key.starts_with("aws-node-termination-handler/")
        || matches!(
            key,
            "node.cloudprovider.kubernetes.io/uninitialized"
                | "node.cloudprovider.kubernetes.io/shutdown"
                | "node.cilium.io/agent-not-ready"
                | "ToBeDeletedByClusterAutoscaler"
                | "DeletionCandidateOfClusterAutoscaler"
                | "karpenter.sh/disrupted"
                | "karpenter.sh/disruption"
                | "karpenter.sh/unregistered"
                | "cloud.google.com/impending-node-termination"
                | "weave.works/kured-node-reboot"
        )
}

/// Jobs that wait under the same constraint.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    pub(crate) constraint: Constraint,
    pub(crate) place: Place,
    waiting: BTreeMap<Since, JobKey>,
}

/// Since when a job waits; those that came together by the order in which they were heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Since(DateTime<Utc>, u32);

/// How many specs are known by their address.
const RECENT: usize = 16;

/// The waiting jobs, by constraint. There are few constraints, so that a change of the nodes costs
/// constraints × nodes, never jobs × nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting {
    classes: BTreeMap<u32, Class>,
    by_constraint: HashMap<Constraint, u32>,
    of_job: HashMap<JobKey, (u32, Since)>,
    next: u32,
    heard: u32,
    /// Specs that came last and their constraints: most jobs share theirs with others.
    recent: Vec<(Arc<PodSpec>, u32)>,
}

impl Waiting {
    /// The job waits; true when this constraint is new and wants a place.
    pub(crate) fn put(&mut self, key: &JobKey, since: DateTime<Utc>, spec: &Arc<PodSpec>) -> bool {
        let known = self.class_of(spec);
        if let (Some(id), Some((old, at))) = (known, self.of_job.get(key))
            && id == *old
            && since == at.0
        {
            return false;
        }
        self.remove(key);
        // Removing may have ended the class: ask again.
        let known = self.class_of(spec);
        let id = known.unwrap_or_else(|| {
            self.next += 1;
            let constraint = Constraint::of(spec);
            self.by_constraint.insert(constraint.clone(), self.next);
            let class = Class {
                constraint,
                place: Place::None,
                waiting: BTreeMap::new(),
            };
            self.classes.insert(self.next, class);
            self.next
        });
        self.heard = self.heard.wrapping_add(1);
        let since = Since(since, self.heard);
        if let Some(class) = self.classes.get_mut(&id) {
            class.waiting.insert(since, key.clone());
        }
        self.of_job.insert(key.clone(), (id, since));
        known.is_none()
    }

    /// The class of what a spec asks for, if there is one.
    fn class_of(&mut self, spec: &Arc<PodSpec>) -> Option<u32> {
        let mut recent = self.recent.iter();
        if let Some((_, id)) = recent.find(|(known, _)| Arc::ptr_eq(known, spec)) {
            return Some(*id);
        }
        let id = *self.by_constraint.get(&Constraint::of(spec))?;
        if self.recent.len() == RECENT {
            self.recent.remove(0);
        }
        self.recent.push((spec.clone(), id));
        Some(id)
    }

    pub(crate) fn remove(&mut self, key: &JobKey) {
        if self.of_job.is_empty() {
            return;
        }
        let Some((id, since)) = self.of_job.remove(key) else {
            return;
        };
        let Some(class) = self.classes.get_mut(&id) else {
            return;
        };
        class.waiting.remove(&since);
        if class.waiting.is_empty()
            && let Some(class) = self.classes.remove(&id)
        {
            self.by_constraint.remove(&class.constraint);
            self.recent.retain(|(_, known)| *known != id);
        }
    }

    pub(crate) fn place(&self, key: &JobKey) -> Option<&Place> {
        let (id, _) = self.of_job.get(key)?;
        self.classes.get(id).map(|c| &c.place)
    }

    /// Gives every constraint its place anew.
    pub(crate) fn settle(&mut self, mut place: impl FnMut(&Constraint) -> Place) {
        for class in self.classes.values_mut() {
            class.place = place(&class.constraint);
        }
    }

    /// Place, number, and creation of the longest waiting, summed by place and ordered by it.
    pub(crate) fn by_place(&self) -> BTreeMap<&Place, (u32, DateTime<Utc>)> {
        let mut out = BTreeMap::new();
        for class in self.classes.values() {
            let Some((Since(since, _), _)) = class.waiting.first_key_value() else {
                continue;
            };
            let count = u32::try_from(class.waiting.len()).unwrap_or(u32::MAX);
            out.entry(&class.place)
                .and_modify(|(n, oldest): &mut (u32, DateTime<Utc>)| {
                    *n += count;
                    *oldest = (*oldest).min(*since);
                })
                .or_insert((count, *since));
        }
        out
    }

    /// The job that waits longest under each constraint.
    pub(crate) fn oldest(&self) -> Option<&JobKey> {
        self.classes
            .values()
            .filter_map(|c| c.waiting.first_key_value())
            .min_by_key(|(since, _)| **since)
            .map(|(_, key)| key)
    }

    /// Constraints, and entries that there is room for in all.
    pub(crate) fn census(&self) -> [usize; 2] {
        [
            self.classes.len(),
            self.of_job.capacity() + self.by_constraint.capacity(),
        ]
    }

    pub(crate) fn len(&self) -> usize {
        self.of_job.len()
    }
}
