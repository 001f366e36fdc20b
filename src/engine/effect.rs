//! What the engine asks for: plain values, compared in tests and written to recordings.

use chrono::{DateTime, Utc};

use super::remote::{PodPort, Remote, RemoteId};
use crate::model::{ClusterNo, Kind, Measured, Text, Uid};

/// Names a call until its reply, in all clusters of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// Names a log stream until it ends or is closed, in all clusters of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogId(pub u64);

/// An effect.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave the console.
    Quit,
    /// ctrl-z.
    Suspend,
    /// Connect to a context of the kubeconfig, as that cluster: all its feeds start afresh.
    Connect(ClusterNo, Text),
    /// Leave a cluster: nothing more of it is told.
    Disconnect(ClusterNo),
    /// Narrow a cluster to a namespace, or `None`: to all.
    Scope(ClusterNo, Option<Text>),
    /// Start or stop a feed that is watched on demand.
    Feed(ClusterNo, Kind, bool),
    /// Watch the events about something (`Kind::Event`) instead of those about something else, or none.
    Events(ClusterNo, Option<Box<About>>),
    /// Ask once for what all nodes or pods use; the answer comes as `Event::Usage`.
    Measure(ClusterNo, Measured),
    /// Open a log stream.
    OpenLog(ClusterNo, LogId, Box<LogSource>),
    /// Close it.
    CloseLog(ClusterNo, LogId),
    /// Open a terminal or a forward; its news come as `Event::Remote`.
    OpenRemote(ClusterNo, RemoteId, Box<Remote>),
    /// A forward leads there from now on.
    LeadRemote(ClusterNo, RemoteId, Box<PodPort>),
    /// End it; nothing more is heard of it.
    CloseRemote(ClusterNo, RemoteId),
    /// Give a log stream's connection back (true), or let it go on where it was (false).
    ParkLog(ClusterNo, LogId, bool),
    /// A call; its answer comes as `Event::Reply`.
    Call(ClusterNo, CallId, Box<Call>),
    /// One line of the audit trail, a JSON object.
    Audit(Box<serde_json::Value>),
    /// Put a text into the terminal's clipboard. Who asks keeps it within [`CLIPBOARD`].
    Copy(Box<str>),
    /// Write a text to a new file of the working directory; `Event::Saved` tells where.
    Save(Box<Saving>),
    /// Sound the bell.
    Bell,
    /// Pass keys to the Console log (tui-logger), whose state is process-global.
    ConsoleLogKey(super::input::Key),
    /// Switch the theme.
    Theme(Text),
}

/// Which events are watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Those of this namespace; `None`: of all that the console shows.
    pub namespace: Option<Text>,
    /// A field selector: `involvedObject.uid=…`.
    pub fields: Text,
}

/// Bytes that terminals take for their clipboard at a time: the smallest limit that is known is 100,000 bytes
/// of the whole sequence, in base64.
pub const CLIPBOARD: usize = 74_000;

/// A text to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saving {
    /// The file's name as it should be; a number is put behind it when there is one already.
    pub name: String,
    /// What is written.
    pub text: String,
}

/// Which container's log, and from where.
#[derive(Clone, Debug, PartialEq)]
pub struct LogSource {
    /// Namespace.
    pub namespace: Text,
    /// Pod.
    pub pod: Text,
    /// Its uid: a new pod of that name is another.
    pub uid: Uid,
    /// Container.
    pub container: Text,
    /// The log of the container's last life.
    pub previous: bool,
    /// Go on as it grows.
    pub follow: bool,
    /// Only from then on.
    pub since: Option<DateTime<Utc>>,
    /// At most so many lines of what is there.
    pub tail: Option<u32>,
    /// How often the container had restarted when this was asked for.
    pub restarts: i32,
}

/// A call to the API server. Paths are built by the action that makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What to do.
    pub verb: Verb,
    /// Path and query, e.g. `/api/v1/nodes/p-07?dryRun=All`.
    pub path: String,
    /// Body, null for none.
    pub body: serde_json::Value,
    /// In which form the answer is wanted.
    pub accept: Accept,
    /// Seconds after which it counts as lost.
    pub timeout_s: u32,
}

/// In which form an answer is wanted. What is heavy about it is done where it is read, on no thread that
/// draws.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// As the server has it: for what is computed, or sent back.
    #[default]
    Json,
    /// To be shown: texts are harmless (line breaks and tabs stay), secret values stand hidden behind their
    /// size, as [`HIDDEN`] begins.
    Shown,
    /// The server's Table of a list, slimmed to `{"columns": [{"name", "type", "priority"}], "rows":
    /// [{"cells": [text], "name", "namespace", "uid"}], "continue", "left"}`, all texts harmless. A server
    /// that has no Table for it gives names and ages.
    Table,
    /// Names, labels and annotations alone.
    Metadata,
    /// The sum of the samples of a metric on a page in the Prometheus text format, as a number; null where there
    /// is none.
    Metric(Box<str>),
    /// Aggregated discovery where it is served, else what stands at that path.
    Discovery,
    /// The one text at this JSON pointer, decoded: what [`Accept::Shown`] hides, asked for by name.
    Hidden(Box<str>),
}

/// How a hidden value begins: `‹hidden, 12 bytes›`.
pub const HIDDEN: &str = "‹hidden, ";

/// HTTP method, with a patch's content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
    /// PATCH with `application/merge-patch+json`.
    MergePatch,
    /// PATCH with `application/json-patch+json`.
    JsonPatch,
    /// PATCH with `application/strategic-merge-patch+json`.
    StrategicPatch,
}
