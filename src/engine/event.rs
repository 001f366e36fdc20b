//! What the engine is told. A payload is boxed so that an event stays small.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::effect::{CallId, LogId};
use super::figures::Figure;
use super::input::Key;
use super::remote::{RemoteEvent, RemoteId};
use super::view::Hit;
use crate::model::object::Batch;
use crate::model::{ClusterId, ClusterNo, FeedState, Figures, Kind, Measured, Text};

/// The time that comes with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Our wall clock.
    pub wall: DateTime<Utc>,
    /// Since the console started; monotonic, counts suspend. For deadlines and time-outs.
    pub boot: Duration,
}

/// Everything that can happen. What a cluster tells carries its place in the console; what a cluster that is no
/// longer shown told is ignored.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A key.
    Key(Key),
    /// Pasted text; dropped outside a prompt.
    Paste(Box<str>),
    /// A click on something that layout gave out.
    Click(Hit),
    /// The wheel over the body: lines, negative is up.
    Wheel(i16),
    /// Layout's answer to a new size or screen: body rows that a page shows.
    Page {
        /// Rows of the table or lines of the log that are visible.
        rows: u16,
        /// Columns of the body.
        columns: u16,
    },
    /// Time passes (about once a second).
    Tick,
    /// A frame has been drawn: what it shows may be confirmed from here on.
    Drawn,
    /// A batch of one feed's steps.
    Watch(ClusterNo, Box<Batch>),
    /// A feed changed its state.
    Feed(ClusterNo, Kind, Box<FeedState>),
    /// All namespaces are denied for this kind: from now on only this one is watched.
    Narrowed(ClusterNo, Kind, Text),
    /// The connection learned something of the server.
    Server(ClusterNo, Box<ServerInfo>),
    /// The connection failed before any feed could start: one line with the next step.
    ConnectFailed(ClusterNo, Box<str>),
    /// What nodes or pods use, a part of a round.
    Usage(ClusterNo, Measured, Box<Figures>),
    /// What our own requests cost so far.
    Figures(ClusterNo, Box<[Figure]>),
    /// Something about a log stream.
    Log(LogId, Box<LogEvent>),
    /// The answer to a call. A late answer to an ended machine is ignored.
    Reply(CallId, Box<Reply>),
    /// A text was written to that file, or why not.
    Saved(Box<Result<String, String>>),
    /// News of what was opened.
    Remote(RemoteId, Box<RemoteEvent>),
    /// How the recording of this console stands.
    Taping(Box<Taping>),
    /// SIGTERM, SIGHUP or the terminal's end: leave now, without asking.
    Terminate,
}

const _: () = assert!(size_of::<Event>() <= 64);

/// A recording that is being made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taping {
    /// Bytes written.
    pub bytes: u64,
    /// Bytes that may be.
    pub limit: u64,
    /// It has ended, and why.
    pub ended: Option<Text>,
}

/// What is known of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerInfo {
    /// Its cluster's id.
    pub cluster: ClusterId,
    /// The context's name, or `demo` for the simulated cluster.
    pub context: Text,
    /// Its address.
    pub address: Text,
    /// `v1.37.2`; empty while unknown.
    pub version: Text,
    /// The server's clock minus ours, milliseconds, from its Date header.
    pub offset_ms: i64,
    /// p95 of the last requests, milliseconds; `None` before there were any.
    pub latency_ms: Option<u32>,
    /// All contexts of the kubeconfig, for `:ctx`.
    pub contexts: Vec<Text>,
    /// The user's name as the kubeconfig has it (for the audit), empty if unknown.
    pub user: Text,
}

/// News of one log stream.
#[derive(Clone, Debug, PartialEq)]
pub enum LogEvent {
    /// The container's stream is open.
    Opened,
    /// It cannot be opened yet: the kubelet's words.
    Waiting(Text),
    /// Lines, oldest first.
    Lines(Vec<LogLine>),
    /// Lines that were lost on the way (a full channel).
    Dropped(u64),
    /// The stream broke and is being resumed.
    Resuming(Text),
    /// The container began anew; what comes is of its new life.
    Restarted {
        /// How often it has by now.
        count: i32,
        /// How its last life ended: `exit 1`, `OOMKilled (137)`.
        how: Text,
    },
    /// Words of the kubelet that stand in place of a log.
    Said(Text),
    /// It ended.
    Ended(LogEnd),
}

/// A log line.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// The kubelet's time stamp.
    pub at: DateTime<Utc>,
    /// Text, harmless but for SGR colour sequences (`ESC [ … m`).
    pub text: Box<str>,
}

/// How a log stream ended.
#[derive(Clone, Debug, PartialEq)]
pub enum LogEnd {
    /// The container ended: `exit 0`, `OOMKilled (137)`, …
    Container(Text),
    /// The pod or its log is gone.
    Gone(Text),
    /// The server refuses.
    Denied(Text),
    /// It cannot be had; said as it is.
    Failed(Text),
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// 2xx: the body, parsed; null when empty.
    Done(serde_json::Value),
    /// The server answered with a Status.
    Refused {
        /// HTTP code.
        code: u16,
        /// `reason`, e.g. `NotFound`, `Conflict`, `TooManyRequests`.
        reason: Text,
        /// The server's sentence.
        message: Text,
        /// Type and message of `details.causes`.
        causes: Vec<(Text, Text)>,
        /// Retry-After, seconds.
        retry_after: Option<u32>,
    },
    /// The call may or may not have reached the server: its outcome has to be read back.
    Lost(Text),
}
