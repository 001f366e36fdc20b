//! What is opened to a container beside its log: a terminal to a process in it, a forward to a port of it.
//! Plain values on both sides: the shell carries the bytes, the engine never sees them.

use crate::model::Text;

/// Names what was opened until it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RemoteId(pub u64);

/// What is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remote {
    /// The terminal is lent to a process until that ends.
    Terminal(Terminal),
    /// A local port leads to one of a pod.
    Forward(Forward),
}

/// A process in a container, and what is connected to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Namespace.
    pub namespace: Text,
    /// Pod.
    pub pod: Text,
    /// Container.
    pub container: Text,
    /// Which process.
    pub process: Process,
    /// What is typed goes to it.
    pub stdin: bool,
    /// It has a terminal of its own, whose size follows ours.
    pub tty: bool,
    /// `shell in build of ci-jobs/x`, for the line that is shown when it opens.
    pub title: Text,
}

/// Which process of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Process {
    /// A new one, with this command.
    Exec(Vec<Text>),
    /// The one that runs.
    Attach,
}

/// A port of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodPort {
    /// Namespace.
    pub namespace: Text,
    /// Pod.
    pub pod: Text,
    /// Port that something listens on inside it.
    pub port: u16,
}

/// A local port that leads to one of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Where it leads at first.
    pub to: PodPort,
    /// Port on 127.0.0.1; another one is taken when it is in use; 0: any.
    pub local: u16,
}

/// News of what was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteEvent {
    /// A terminal is connected to its process.
    Opened,
    /// A forward listens on this port of 127.0.0.1.
    Listening(u16),
    /// What went through a forward so far.
    Traffic(Traffic),
    /// It is over.
    Ended(RemoteEnd),
}

/// What went through a forward.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections that are open now.
    pub open: u32,
    /// Connections so far.
    pub connections: u64,
    /// Bytes to the pod.
    pub sent: u64,
    /// Bytes from the pod.
    pub received: u64,
    /// Connections that failed.
    pub errors: u64,
    /// Why the last of them did; empty: none did.
    pub last_error: Text,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteEnd {
    /// The process ended with this code.
    Exited(i32),
    /// It ended, and nobody said with which code.
    Ended,
    /// The container has no such command: the server's words.
    NoCommand(Text),
    /// The server does not allow it: its words.
    Denied(Text),
    /// It could not be opened: why.
    Failed(Text),
    /// The connection broke while the process ran.
    Lost(Text),
    /// The person left it; the process may go on.
    Left,
}
