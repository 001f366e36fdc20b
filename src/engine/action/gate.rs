//! The gate that every action passes: the lock, and what RBAC allows.
//!
//! The console starts locked. Unlocking is for one cluster and for a while; locking again stops new plans,
//! never one that was confirmed. Rights are asked of the server once (SelfSubjectAccessReview), kept, and
//! asked again after a 403.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::effect::{Accept, Call, Verb};
use super::super::event::{Now, Reply};
use crate::model::{Kind, Text};

/// How long an answer about rights is believed.
const RIGHTS_LAST: Duration = Duration::from_secs(300);

/// Whether plans may be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// `--read-only` or the config: never.
    ReadOnly,
    /// Not now; the first action offers to unlock.
    Locked,
    /// Until then, as time since the console's start.
    Unlocked {
        /// `Now::boot` at which it locks itself again.
        until: Duration,
    },
}

impl Lock {
    /// Locks again when its time is over. True if that happened now.
    pub fn tick(&mut self, now: Now) -> bool {
        match *self {
            Self::Unlocked { until } if now.boot >= until => {
                *self = Self::Locked;
                true
            }
            Self::Unlocked { .. } | Self::Locked | Self::ReadOnly => false,
        }
    }

    /// Unlocks for a while, unless read-only.
    pub fn unlock(&mut self, now: Now, lasts: Duration) {
        if *self != Self::ReadOnly {
            *self = Self::Unlocked {
                until: now.boot + lasts,
            };
        }
    }

    /// Locks.
    pub fn lock(&mut self) {
        if matches!(self, Self::Unlocked { .. }) {
            *self = Self::Locked;
        }
    }

    /// Whether a plan may be confirmed now.
    pub fn open(self, now: Now) -> bool {
        matches!(self, Self::Unlocked { until } if now.boot < until)
    }
}

/// What stands before the actions in one cluster.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The lock.
    pub lock: Lock,
    /// Who acts, for the audit: user of the kubeconfig and of the machine.
    pub who: Text,
    /// A single action too is confirmed by typing the context's name.
    pub production: bool,
    pub(super) rights: Rights,
    /// Feeds that are watched on demand and run now.
    pub(super) feeds_on: Vec<Kind>,
}

impl Gate {
    pub(super) fn new(lock: Lock, who: Text) -> Self {
        Self {
            lock,
            who,
            production: false,
            rights: Rights::default(),
            feeds_on: Vec::new(),
        }
    }
}

/// A right that an action needs, as RBAC names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// `delete`, `patch`, `create`, …
    pub verb: &'static str,
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Plural.
    pub resource: &'static str,
    /// Subresource, empty for none.
    pub subresource: &'static str,
    /// Empty: cluster-wide.
    pub namespace: Text,
}

impl Access {
    /// A right on a resource.
    pub fn new(verb: &'static str, group: &'static str, resource: &'static str, ns: &Text) -> Self {
        Self {
            verb,
            group,
            resource,
            subresource: "",
            namespace: ns.clone(),
        }
    }

    /// The review that asks for it.
    pub fn review(&self) -> Call {
        let mut attributes = json!({
            "verb": self.verb,
            "group": self.group,
            "resource": self.resource,
        });
        if !self.subresource.is_empty() {
            attributes["subresource"] = json!(self.subresource);
        }
        if !self.namespace.is_empty() {
            attributes["namespace"] = json!(&*self.namespace);
        }
        Call {
            verb: Verb::Post,
            path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
            body: json!({
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": { "resourceAttributes": attributes },
            }),
            accept: Accept::Json,
            timeout_s: 5,
        }
    }
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.subresource.is_empty() {
            write!(f, "/{}", self.subresource)?;
        }
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if !self.namespace.is_empty() {
            write!(f, " in {}", self.namespace)?;
        }
        Ok(())
    }
}

/// What the server said about a right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Right {
    /// Asked, no answer yet.
    Asked,
    /// Yes.
    Allowed,
    /// No, and perhaps why.
    Denied(Text),
    /// It could not be asked; the server decides when the call is made.
    Unknown(Text),
}

/// Answers about rights, kept for a while.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    known: BTreeMap<Access, (Right, Duration)>,
}

impl Rights {
    /// Those of `needs` that have to be asked now; they count as asked from here on.
    pub fn to_ask(&mut self, now: Now, needs: &[Access]) -> Vec<Access> {
        let mut ask = Vec::new();
        for need in needs {
            let fresh = self
                .known
                .get(need)
                .is_some_and(|(_, at)| now.boot.saturating_sub(*at) < RIGHTS_LAST);
            if !fresh && !ask.contains(need) {
                self.known.insert(need.clone(), (Right::Asked, now.boot));
                ask.push(need.clone());
            }
        }
        ask
    }

    /// Takes the answer to a review.
    pub fn answer(&mut self, now: Now, access: Access, reply: &Reply) {
        let right = match reply {
            Reply::Done(body) => read_review(body),
            Reply::Refused { message, .. } => Right::Unknown(message.clone()),
            Reply::Lost(why) => Right::Unknown(why.clone()),
        };
        self.known.insert(access, (right, now.boot));
    }

    /// What is known of a right; `Asked` while nothing is.
    pub fn get(&self, access: &Access) -> Right {
        self.known
            .get(access)
            .map_or(Right::Asked, |(right, _)| right.clone())
    }

    /// Forgets all: after a 403, since rights have changed.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    /// The first denied one of `needs`, in words.
    pub fn denied(&self, needs: &[Access]) -> Option<String> {
        needs.iter().find_map(|need| match self.get(need) {
            Right::Denied(why) if why.is_empty() => Some(format!("you may not {need}")),
            Right::Denied(why) => Some(format!("you may not {need}: {why}")),
            Right::Asked | Right::Allowed | Right::Unknown(_) => None,
        })
    }

    /// Whether each of `needs` has had its answer.
    pub fn all_answered(&self, needs: &[Access]) -> bool {
        needs.iter().all(|need| self.get(need) != Right::Asked)
    }
}

fn read_review(body: &Value) -> Right {
    let status = &body["status"];
    if status["allowed"].as_bool() == Some(true) {
        return Right::Allowed;
    }
    Right::Denied(status["reason"].as_str().unwrap_or_default().into())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn at(seconds: u64) -> Now {
        Now {
            wall: DateTime::UNIX_EPOCH,
            boot: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn the_lock_opens_for_a_while_and_never_when_read_only() {
        let mut lock = Lock::Locked;
        assert!(!lock.open(at(0)));
        lock.unlock(at(10), Duration::from_secs(60));
        assert!(lock.open(at(69)));
        assert!(!lock.open(at(70)));
        assert!(lock.tick(at(70)));
        assert_eq!(lock, Lock::Locked);

        let mut lock = Lock::ReadOnly;
        lock.unlock(at(0), Duration::from_secs(60));
        assert_eq!(lock, Lock::ReadOnly);
    }

    #[test]
    fn rights_are_asked_once_and_again_after_their_time() {
        let ns: Text = "ci-jobs".into();
        let need = Access::new("delete", "", "pods", &ns);
        let needs = [need.clone(), need.clone()];
        let mut rights = Rights::default();
        assert_eq!(rights.to_ask(at(0), &needs), std::slice::from_ref(&need));
        assert_eq!(rights.to_ask(at(1), &needs), []);
        assert!(!rights.all_answered(&needs));
        rights.answer(
            at(1),
            need.clone(),
            &Reply::Done(json!({"status": {"allowed": false}})),
        );
        assert!(rights.all_answered(&needs));
        assert_eq!(
            rights.denied(&needs).as_deref(),
            Some("you may not delete pods in ci-jobs")
        );
        assert_eq!(rights.to_ask(at(301), &needs), std::slice::from_ref(&need));
        rights.answer(at(302), need.clone(), &Reply::Lost("timed out".into()));
        assert_eq!(rights.denied(&needs), None);
        assert_eq!(rights.get(&need), Right::Unknown("timed out".into()));
    }
}
