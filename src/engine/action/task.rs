//! What all action machines share: what they see, what they send, how they end.

use std::time::Duration;

use super::super::effect::Call;
use super::super::event::{Now, Reply};
use super::call::DryRun;
use crate::model::{Kind, Model, Text};

/// What a machine sees at a step.
#[derive(Clone, Copy)]
pub(super) struct Cx<'a> {
    /// The cluster as the watch streams tell it.
    pub(super) model: &'a Model,
    /// The time of the event that led here.
    pub(super) now: Now,
    /// Whether calls change anything.
    pub(super) dry_run: DryRun,
    /// Who acts, as the audit names them.
    pub(super) who: &'a Text,
    /// The cluster's id.
    pub(super) cluster: &'a str,
    /// The context's name.
    pub(super) context: &'a str,
}

impl Cx<'_> {
    /// Whether a kind's feed may be believed. While it is not Live, nothing counts as gone.
    pub(super) fn live(&self, kind: Kind) -> bool {
        self.model.feed(kind).is_live()
    }
}

/// Tells a machine's calls apart.
pub(super) type Tag = u32;

/// Calls to make.
pub(super) type Calls = Vec<(Tag, Call)>;

/// How a machine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done and the watch shows it.
    Done(Text),
    /// It was not done (or not wholly), and why.
    Failed(Text),
    /// The server or a rule refused it; nothing was changed.
    Refused(Text),
    /// Somebody stopped it; what was done stays done.
    Stopped(Text),
}

impl Outcome {
    /// The sentence.
    pub fn text(&self) -> &Text {
        match self {
            Self::Done(t) | Self::Failed(t) | Self::Refused(t) | Self::Stopped(t) => t,
        }
    }

    /// One word for the audit and for tables.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Failed(_) => "failed",
            Self::Refused(_) => "refused",
            Self::Stopped(_) => "stopped",
        }
    }
}

/// Turns a refusal that is final into an outcome.
pub(super) fn refused(what: &str, reply: &Reply) -> Outcome {
    match reply {
        Reply::Done(_) => Outcome::Failed(format!("{what}: unexpected answer").into()),
        Reply::Refused {
            code: 403, message, ..
        } => Outcome::Refused(format!("{what}: {message}").into()),
        Reply::Refused { code, message, .. } => {
            Outcome::Failed(format!("{what}: {message} ({code})").into())
        }
        Reply::Lost(why) => Outcome::Failed(format!("{what}: {why}").into()),
    }
}

/// Whether the server was busy rather than unwilling: the same call may be made again later.
pub(super) fn busy(reply: &Reply) -> bool {
    match reply {
        Reply::Refused {
            code: 429, causes, ..
        } => !causes.iter().any(|(kind, _)| &**kind == "DisruptionBudget"),
        // 0: the server could not be reached, nothing was sent.
        Reply::Refused { code, .. } => matches!(code, 0 | 500 | 502..=504),
        Reply::Done(_) | Reply::Lost(_) => false,
    }
}

/// Seconds to wait before the `n`th repeat (from 1): 1, 2, 4, … at most 30; never less than Retry-After.
pub(super) fn backoff(n: u32, reply: &Reply) -> Duration {
    let doubled = 1_u64 << n.saturating_sub(1).min(5);
    let asked = match reply {
        Reply::Refused {
            retry_after: Some(s),
            ..
        } => u64::from(*s),
        Reply::Refused { .. } | Reply::Done(_) | Reply::Lost(_) => 0,
    };
    Duration::from_secs(doubled.min(30).max(asked))
}
