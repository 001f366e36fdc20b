//! How a job is cancelled or retried, as data: the mechanisms that CI systems use, named by what they do to
//! the cluster. A system's file picks one; the engine's machines carry it out.

use crate::model::{Text, Uid};

/// The right way to do something to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Ask through the job's entry in a queue that lives in a ConfigMap.
    Entry(EntryWay),
    /// Delete a batch/v1 Job, its pods after it.
    DeleteJob {
        /// Namespace.
        namespace: Text,
        /// Name.
        name: Text,
        /// Its uid: no other is deleted.
        uid: Uid,
    },
    /// Create a clean copy of an ended batch/v1 Job.
    CopyJob {
        /// Namespace.
        namespace: Text,
        /// Name.
        name: Text,
        /// Its uid: no other is copied.
        uid: Uid,
    },
    /// It cannot be done from here, and why, in one sentence.
    Refused(Text),
}

/// An edit of one entry of a queue ConfigMap. The entry is a JSON object under `data[key]` with the fields
/// `state` and `attempt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryWay {
    /// Namespace of the ConfigMap.
    pub namespace: Text,
    /// Its name.
    pub config_map: Text,
    /// Key of the entry.
    pub key: Text,
    /// The attempt that is meant: another one is left alone.
    pub attempt: u32,
    /// The field that asks, and what for: `("asked", "cancel")`.
    pub ask: (&'static str, &'static str),
    /// The field that says who asks.
    pub by: &'static str,
    /// States in which it may be asked.
    pub from: &'static [&'static str],
    /// When it has been honoured.
    pub until: Until,
}

/// When an entry shows that what was asked has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Its state is one of these, and the job's pod is gone.
    Ended(&'static [&'static str]),
    /// Its attempt is a later one.
    NextAttempt,
}
