//! Pods as they are kept: what repeats from pod to pod is looked up among what is known, by what it would be
//! made of, and made only when it is new.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::meta::RawCondition;
use super::node::effect;
use super::pod::{
    RawContainer, RawContainerStatus, RawPod, RawSpec, RawState, RawStatus, RawTerm, RawTerminated,
    RawToleration,
};
use super::raw::{Pairs, Str};
use super::workload::{count, operator};
use super::{Decoder, requests};
use crate::model::condition::Conditions;
use crate::model::{
    ContainerRole, ContainerSpec, ContainerState, ContainerStatus, NodeTerm, Pod, PodPhase,
    PodSpec, Resources, Said, Terminated, Text, Toleration, Words,
};

/// Seconds of grace where a pod names none.
const GRACE: i64 = 30;

impl Decoder {
    pub(super) fn pod(&mut self, raw: &RawPod<'_>) -> Pod {
        let status = &raw.status;
        Pod {
            meta: self.meta(&raw.metadata),
            spec: self.spec(&raw.spec, requests::of_pod(raw)),
            node: (!raw.spec.node_name.is_empty()).then(|| self.text(&raw.spec.node_name)),
            conditions: self.pod_conditions(&status.conditions),
            statuses: self.statuses(&raw.spec, status),
            words: (!status.reason.is_empty() || !status.message.is_empty())
                .then(|| self.words(&status.reason, &status.message)),
            started: status.start_time.whole(),
            ip: status.pod_ip.parse().ok(),
            phase: match &*status.phase {
                // A pod that its server has just stored may have no status yet.
                "Pending" | "" => PodPhase::Pending,
                "Running" => PodPhase::Running,
                "Succeeded" => PodPhase::Succeeded,
                "Failed" => PodPhase::Failed,
                _ => PodPhase::Unknown,
            },
        }
    }

    pub(super) fn spec(&mut self, raw: &RawSpec<'_>, requests: Resources) -> Arc<PodSpec> {
        let hash = self.specs.hash([SpecOf(raw)]);
        let same = |known: &PodSpec| known.requests == requests && is_of(known, raw);
        if let Some(known) = self.specs.get(hash, same) {
            return known;
        }
        let spec = PodSpec {
            containers: containers(raw)
                .map(|(role, raw)| ContainerSpec {
                    name: self.text(&raw.name),
                    role,
                    image: self.text(&raw.image),
                    requests: raw.resources.requests.resources(),
                    limits: raw.resources.limits.resources(),
                })
                .collect(),
            requests,
            node_selector: self.pairs(&raw.node_selector),
            node_terms: terms(raw).iter().map(|term| self.node_term(term)).collect(),
            tolerations: raw
                .tolerations
                .iter()
                .map(|t| Toleration {
                    key: self.text(&t.key),
                    exists: &*t.operator == "Exists",
                    value: self.text(&t.value),
                    effect: effect(&t.effect),
                })
                .collect(),
            deadline: raw.active_deadline_seconds,
            grace: grace(raw),
            empty_dir: empty_dir(raw),
        };
        self.specs.put(hash, Arc::new(spec))
    }

    fn node_term(&mut self, raw: &RawTerm<'_>) -> NodeTerm {
        let expressions = raw.match_expressions.iter().chain(raw.match_fields.iter());
        NodeTerm {
            expressions: expressions
                .filter_map(|e| {
                    let operator = operator(&e.operator)?;
                    let values = e.values.iter().map(|v| self.text(v)).collect();
                    Some((self.text(&e.key), operator, values))
                })
                .collect(),
        }
    }

    fn pod_conditions(&mut self, raw: &[RawCondition<'_>]) -> Conditions {
        if raw.is_empty() {
            return Conditions::default();
        }
        let since = raw.iter().map(|c| c.last_transition_time.whole());
        Conditions::new(self.said(raw), since.collect())
    }

    /// What conditions say.
    pub(super) fn said(&mut self, raw: &[RawCondition<'_>]) -> Arc<[Said]> {
        let parts = raw
            .iter()
            .map(|c| (&*c.kind, c.truth(), &*c.reason, &*c.message));
        let hash = self.said.hash(parts);
        let same = |known: &[Said]| {
            known.len() == raw.len()
                && known.iter().zip(raw).all(|(k, r)| {
                    (k.status, &*k.kind, &*k.reason, &*k.message)
                        == (r.truth(), &*r.kind, &*r.reason, &*r.message)
                })
        };
        match self.said.get(hash, same) {
            Some(known) => known,
            None => {
                let said = raw.iter().map(|c| Said {
                    kind: self.text(&c.kind),
                    status: c.truth(),
                    reason: self.text(&c.reason),
                    message: self.text(&c.message),
                });
                let said: Arc<[Said]> = said.collect();
                self.said.put(hash, said)
            }
        }
    }

    pub(super) fn words(&mut self, reason: &str, message: &str) -> Arc<Words> {
        let hash = self.words.hash([reason, message]);
        let same = |w: &Words| *w.reason == *reason && *w.message == *message;
        if let Some(known) = self.words.get(hash, same) {
            return known;
        }
        let words = Words {
            reason: self.text(reason),
            message: self.text(message),
        };
        self.words.put(hash, Arc::new(words))
    }

    /// The status of each container, in the order of the spec.
    fn statuses(
        &mut self,
        spec: &RawSpec<'_>,
        status: &RawStatus<'_>,
    ) -> Box<[Option<ContainerStatus>]> {
        if status.container_statuses.is_empty() && status.init_container_statuses.is_empty() {
            return Box::default();
        }
        let init = spec.init_containers.iter().enumerate();
        let main = spec.containers.iter().enumerate();
        init.map(|(at, c)| (&*status.init_container_statuses, at, c))
            .chain(main.map(|(at, c)| (&*status.container_statuses, at, c)))
            .map(|(statuses, at, container)| {
                let at = place(statuses, at, &container.name)?;
                Some(self.status(&statuses[at], at))
            })
            .collect()
    }

    fn status(&mut self, raw: &RawContainerStatus<'_>, at: usize) -> ContainerStatus {
        let last = raw.last_state.terminated.as_ref();
        ContainerStatus {
            state: self.state(&raw.state),
            last: last.map(|end| Box::new(self.terminated(end))),
            restarts: count(raw.restart_count, 0),
            at: u16::try_from(at).unwrap_or(u16::MAX),
            ready: raw.ready.unwrap_or(false),
            started: raw.started.unwrap_or(false),
        }
    }

    fn state(&mut self, raw: &RawState<'_>) -> ContainerState {
        // In kubectl's order of asking, for what names several.
        if let Some(waiting) = &raw.waiting {
            ContainerState::Waiting(self.words(&waiting.reason, &waiting.message))
        } else if let Some(terminated) = &raw.terminated {
            ContainerState::Terminated(Box::new(self.terminated(terminated)))
        } else if let Some(running) = &raw.running {
            ContainerState::Running {
                since: running.started_at.whole(),
            }
        } else {
            ContainerState::Unset
        }
    }

    fn terminated(&mut self, raw: &RawTerminated<'_>) -> Terminated {
        let number = |n: Option<i64>| {
            n.map_or(0, |n| {
                i32::try_from(n).unwrap_or(if n < 0 { i32::MIN } else { i32::MAX })
            })
        };
        Terminated {
            exit: number(raw.exit_code),
            signal: number(raw.signal),
            words: self.words(&raw.reason, &raw.message),
            started: raw.started_at.whole(),
            finished: raw.finished_at.whole(),
        }
    }
}

/// Init containers in their order, then the others in theirs.
fn containers<'r, 'a>(
    raw: &'r RawSpec<'a>,
) -> impl Iterator<Item = (ContainerRole, &'r RawContainer<'a>)> {
    let init = raw.init_containers.iter().map(|c| {
        let role = if c.restarts_always() {
            ContainerRole::Sidecar
        } else {
            ContainerRole::Init
        };
        (role, c)
    });
    init.chain(raw.containers.iter().map(|c| (ContainerRole::Main, c)))
}

/// Where the status of a container stands: usually in the same place.
fn place(statuses: &[RawContainerStatus<'_>], at: usize, name: &str) -> Option<usize> {
    match statuses.get(at) {
        Some(status) if *status.name == *name => Some(at),
        _ => statuses.iter().position(|s| *s.name == *name),
    }
}

fn terms<'r, 'a>(raw: &'r RawSpec<'a>) -> &'r [RawTerm<'a>] {
    &raw.affinity.node_affinity.required.node_selector_terms
}

fn grace(raw: &RawSpec<'_>) -> i64 {
    raw.termination_grace_period_seconds.unwrap_or(GRACE)
}

fn empty_dir(raw: &RawSpec<'_>) -> bool {
    raw.volumes.iter().any(|v| v.empty_dir.is_some())
}

/// Hashes what tells specs apart in practice; [`is_of`] compares the rest.
struct SpecOf<'r, 'a>(&'r RawSpec<'a>);

impl Hash for SpecOf<'_, '_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for (_, container) in containers(self.0) {
            let requests = container.resources.requests.resources();
            (&*container.name, &*container.image, requests).hash(state);
        }
        for (key, value) in &self.0.node_selector.0 {
            (&**key, &**value).hash(state);
        }
        self.0.active_deadline_seconds.hash(state);
    }
}

/// Whether a spec (but for its request, which depends on the status too) is what would be made of this.
fn is_of(spec: &PodSpec, raw: &RawSpec<'_>) -> bool {
    spec.containers.len() == raw.init_containers.len() + raw.containers.len()
        && (spec.deadline, spec.grace, spec.empty_dir)
            == (raw.active_deadline_seconds, grace(raw), empty_dir(raw))
        && spec
            .containers
            .iter()
            .zip(containers(raw))
            .all(|(own, (role, raw))| {
                own.role == role
                    && *own.name == *raw.name
                    && *own.image == *raw.image
                    && own.requests == raw.resources.requests.resources()
                    && own.limits == raw.resources.limits.resources()
            })
        && same_pairs(&spec.node_selector, &raw.node_selector)
        && spec.tolerations.len() == raw.tolerations.len()
        && (spec.tolerations.iter())
            .zip(raw.tolerations.iter())
            .all(|(own, raw)| same_toleration(own, raw))
        && spec.node_terms.len() == terms(raw).len()
        && (spec.node_terms.iter())
            .zip(terms(raw))
            .all(|(own, raw)| same_term(own, raw))
}

fn same_pairs(own: &[(Text, Text)], raw: &Pairs<'_>) -> bool {
    let same =
        |((k, v), (rk, rv)): (&(Text, Text), &(Str<'_>, Str<'_>))| **k == **rk && **v == **rv;
    own.len() == raw.0.len() && own.iter().zip(&raw.0).all(same)
}

fn same_toleration(own: &Toleration, raw: &RawToleration<'_>) -> bool {
    own.exists == (&*raw.operator == "Exists")
        && own.effect == effect(&raw.effect)
        && *own.key == *raw.key
        && *own.value == *raw.value
}

fn same_term(own: &NodeTerm, raw: &RawTerm<'_>) -> bool {
    let raws = || raw.match_expressions.iter().chain(raw.match_fields.iter());
    own.expressions.len() == raws().count()
        && own.expressions.iter().zip(raws()).all(|(own, raw)| {
            Some(own.1) == operator(&raw.operator)
                && *own.0 == *raw.key
                && own.2.len() == raw.values.len()
                && own.2.iter().zip(raw.values.iter()).all(|(a, b)| **a == **b)
        })
}
