//! What a request gets: a whole answer, or a stream that the caller draws from.

use std::collections::VecDeque;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::request::LogOptions;
use crate::sim::resource::Res;

/// An answer.
#[derive(Debug)]
pub enum Response {
    /// Whole.
    Done {
        /// HTTP status.
        status: u16,
        /// Content type.
        content_type: &'static str,
        /// Further headers.
        headers: Vec<(&'static str, String)>,
        /// Body.
        body: Bytes,
    },
    /// A watch: draw frames with `World::watch_next`.
    Watch(Watch),
    /// A followed log: draw bytes with `World::log_next`.
    Log(LogFollow),
}

/// A watch that was begun.
#[derive(Debug)]
pub struct Watch {
    pub(crate) res: Res,
    pub(crate) namespace: Option<String>,
    /// Changes up to here were sent.
    pub(crate) cursor: u64,
    /// Frames made when it began: initial events, or an error.
    pub(crate) first: VecDeque<Bytes>,
    pub(crate) bookmarks: bool,
    pub(crate) next_bookmark: DateTime<Utc>,
    /// When `timeoutSeconds` ends it.
    pub(crate) ends: Option<DateTime<Utc>>,
    /// Nothing more will come.
    pub(crate) ended: bool,
}

/// A followed log: which one, and how far it was read.
#[derive(Debug, Clone)]
pub struct LogFollow {
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub pod: String,
    /// Its uid: a new pod of the same name is another log.
    pub uid: String,
    /// Container.
    pub container: String,
    /// What was asked for.
    pub options: LogOptions,
    /// How far it was read; the log decides what it counts. `None` before the first reading.
    pub position: Option<u64>,
    /// Bytes sent so far, for `limit_bytes`.
    pub sent: usize,
}
