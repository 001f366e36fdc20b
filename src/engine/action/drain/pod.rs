//! One pod of a drain: its eviction, and how it stands.

use std::time::Duration;

use super::super::super::event::Reply;
use super::super::call::{self, DryRun};
use super::super::task::{Calls, Cx, Tag, backoff};
use super::plan::{PodPlan, budgets_of};
use crate::engine::effect::Call;
use crate::model::{Kind, Text};

/// kubectl waits as long between two attempts at a budget.
const BUDGET_RETRY: Duration = Duration::from_secs(5);

/// How a pod of a drain stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Its turn has not come.
    Waiting,
    /// The eviction is on its way.
    Evicting,
    /// A PodDisruptionBudget refuses.
    Refused {
        /// Budgets that select the pod, with what they allow: `ci-system/api: 0 allowed, 2 of 3 healthy`.
        budget: Text,
        /// The server's sentence.
        message: Text,
    },
    /// The server is busy; it will be tried again.
    Busy(Text),
    /// Evicted; its grace runs.
    Terminating,
    /// The watch shows it gone.
    Gone,
    /// It stays: a DaemonSet's or the kubelet's.
    Left,
    /// It could not be evicted.
    Failed(Text),
    /// With dry-run: the server would evict it.
    Would,
}

impl Standing {
    /// Nothing more will happen to it.
    pub fn settled(&self) -> bool {
        matches!(
            self,
            Self::Gone | Self::Left | Self::Failed(_) | Self::Would
        )
    }

    /// A word for tables and for the audit.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Evicting => "evicting",
            Self::Refused { .. } => "refused",
            Self::Busy(_) => "server busy",
            Self::Terminating => "terminating",
            Self::Gone => "gone",
            Self::Left => "stays",
            Self::Failed(_) => "failed",
            Self::Would => "would evict",
        }
    }
}

/// A pod under eviction.
#[derive(Clone, Debug)]
pub struct Eviction {
    /// What was confirmed for it.
    pub plan: PodPlan,
    /// How it stands.
    pub standing: Standing,
    /// Attempts so far.
    pub tries: u32,
    call: InFlight,
    not_before: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InFlight {
    None,
    Evict,
    ReadBack,
}

impl Eviction {
    pub(super) fn new(plan: PodPlan) -> Self {
        let standing = match plan.fate {
            super::plan::Fate::Evict | super::plan::Fate::Remove => Standing::Waiting,
            super::plan::Fate::DaemonSet | super::plan::Fate::Mirror => Standing::Left,
        };
        Self {
            plan,
            standing,
            tries: 0,
            call: InFlight::None,
            not_before: Duration::ZERO,
        }
    }

    /// How it stands, with the reason where there is one.
    pub fn describe(&self) -> String {
        match &self.standing {
            Standing::Refused { budget, message } if budget.is_empty() => {
                format!("refused: {message}")
            }
            Standing::Refused { budget, message } => {
                format!("refused by PodDisruptionBudget {budget}: {message}")
            }
            Standing::Busy(why) => format!("server busy: {why}"),
            Standing::Failed(why) => format!("failed: {why}"),
            Standing::Waiting
            | Standing::Evicting
            | Standing::Terminating
            | Standing::Gone
            | Standing::Left
            | Standing::Would => self.standing.word().to_owned(),
        }
    }

    /// Whether a call of it is on its way.
    pub(super) fn in_flight(&self) -> bool {
        self.call != InFlight::None
    }

    /// Takes note of what the watch shows. Only a live feed can show that a pod is gone.
    pub(super) fn look(&mut self, cx: Cx<'_>) {
        if self.standing.settled() || cx.dry_run == DryRun::Server {
            return;
        }
        match cx.model.pod(&self.plan.uid) {
            None if cx.live(Kind::Pod) => self.standing = Standing::Gone,
            Some(pod) if pod.meta.deleting.is_some() && !self.in_flight() => {
                self.standing = Standing::Terminating;
            }
            None | Some(_) => {}
        }
    }

    /// Whether it wants to be evicted now.
    pub(super) fn due(&self, cx: Cx<'_>) -> bool {
        let wants = matches!(
            self.standing,
            Standing::Waiting | Standing::Refused { .. } | Standing::Busy(_)
        );
        wants && !self.in_flight() && cx.now.boot >= self.not_before
    }

    pub(super) fn evict(&mut self, cx: Cx<'_>, tag: Tag, grace: Option<i64>, out: &mut Calls) {
        let PodPlan {
            namespace,
            name,
            uid,
            ..
        } = &self.plan;
        out.push((tag, call::evict(namespace, name, uid, grace, cx.dry_run)));
        self.call = InFlight::Evict;
        self.tries += 1;
        // A pod that was refused keeps saying by whom while the next attempt is on its way.
        if matches!(self.standing, Standing::Waiting) {
            self.standing = Standing::Evicting;
        }
    }

    /// Takes an answer. True: the server is busy, the whole drain should hold its calls for a while.
    pub(super) fn reply(&mut self, cx: Cx<'_>, tag: Tag, reply: &Reply, out: &mut Calls) -> bool {
        let was = std::mem::replace(&mut self.call, InFlight::None);
        if self.standing.settled() {
            return false;
        }
        match was {
            InFlight::Evict => self.evicted(cx, tag, reply, out),
            InFlight::ReadBack => self.read_back(cx, reply),
            InFlight::None => false,
        }
    }

    fn evicted(&mut self, cx: Cx<'_>, tag: Tag, reply: &Reply, out: &mut Calls) -> bool {
        match reply {
            Reply::Done(_) if cx.dry_run == DryRun::Server => self.standing = Standing::Would,
            // 404: it is gone. 409: the uid is another pod's, so ours is gone.
            Reply::Done(_)
            | Reply::Refused {
                code: 404 | 409, ..
            } => {
                self.standing = Standing::Terminating;
            }
            Reply::Refused {
                code: 429,
                message,
                causes,
                ..
            } => {
                let cause = causes
                    .iter()
                    .find(|(kind, _)| &**kind == "DisruptionBudget");
                if let Some((_, words)) = cause {
                    let said = if words.is_empty() { message } else { words };
                    if cx.dry_run == DryRun::Server {
                        self.standing = Standing::Failed(said.clone());
                        return false;
                    }
                    self.standing = Standing::Refused {
                        budget: budgets(cx, &self.plan).into(),
                        message: said.clone(),
                    };
                    self.not_before = cx.now.boot + BUDGET_RETRY;
                } else {
                    return self.busy(cx, reply, message.clone());
                }
            }
            Reply::Refused {
                code: 403,
                causes,
                message,
                ..
            } => {
                let ending = causes
                    .iter()
                    .any(|(kind, _)| &**kind == "NamespaceTerminating");
                if ending {
                    self.standing = Standing::Busy(message.clone());
                    self.not_before = cx.now.boot + BUDGET_RETRY;
                } else {
                    self.standing = Standing::Failed(message.clone());
                }
            }
            Reply::Refused {
                code: 0 | 502..=504,
                message,
                ..
            } => {
                return self.busy(cx, reply, message.clone());
            }
            Reply::Refused { message, .. } => self.standing = Standing::Failed(message.clone()),
            Reply::Lost(why) => {
                self.standing = Standing::Busy(format!("answer lost ({why}), reading back").into());
                out.push((tag, read(&self.plan)));
                self.call = InFlight::ReadBack;
            }
        }
        false
    }

    fn read_back(&mut self, cx: Cx<'_>, reply: &Reply) -> bool {
        match reply {
            Reply::Done(body) => {
                let same = body["metadata"]["uid"]
                    .as_str()
                    .is_some_and(|uid| self.plan.uid.is(uid));
                let going = !body["metadata"]["deletionTimestamp"].is_null();
                self.standing = if same && !going {
                    Standing::Waiting
                } else {
                    Standing::Terminating
                };
                false
            }
            Reply::Refused { code: 404, .. } => {
                self.standing = Standing::Terminating;
                false
            }
            Reply::Refused { message, .. } | Reply::Lost(message) => {
                self.busy(cx, reply, message.clone())
            }
        }
    }

    fn busy(&mut self, cx: Cx<'_>, reply: &Reply, message: Text) -> bool {
        self.standing = Standing::Busy(message);
        self.not_before = cx.now.boot + backoff(self.tries, reply);
        true
    }
}

fn read(plan: &PodPlan) -> Call {
    call::get(&call::pod_path(&plan.namespace, &plan.name))
}

/// The budgets that select a pod, with what they allow now.
fn budgets(cx: Cx<'_>, plan: &PodPlan) -> String {
    let Some(pod) = cx.model.pod(&plan.uid) else {
        return String::new();
    };
    let all: Vec<String> = budgets_of(cx.model, pod)
        .map(|b| {
            format!(
                "{}/{}: {} allowed, {} of {} healthy, {} needed",
                b.meta.namespace, b.meta.name, b.allowed, b.healthy, b.expected, b.needed
            )
        })
        .collect();
    all.join("; ")
}
