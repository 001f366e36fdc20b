//! Opening something to a container or a node: a shell, the running process, a debug container, a node's
//! shell, a forwarded port. Each is an action: it passes the lock, the rights, the preview and the audit, and
//! goes on as long as it is open.

pub(super) mod body;
mod ending;
pub mod forward;
pub(super) mod plan;
pub(super) mod terminal;

use crate::model::{JobKey, Text, Uid};

/// What is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// A new process in a container.
    Shell,
    /// The process that runs in a container.
    Attach,
    /// A container beside those of a pod.
    Debug,
    /// A privileged pod on a node.
    NodeShell,
    /// A local port that leads into a pod.
    Forward,
}

impl How {
    /// As the audit and the screen name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::Attach => "attach",
            Self::Debug => "debug",
            Self::NodeShell => "node shell",
            Self::Forward => "forward",
        }
    }

    /// How the question of its preview begins.
    pub(super) fn asks(self) -> &'static str {
        match self {
            Self::Shell => "Run a command in",
            Self::Attach => "Attach to",
            Self::Debug => "Add a debug container beside",
            Self::NodeShell => "Open a root shell on",
            Self::Forward => "Forward a local port to",
        }
    }
}

/// What is to be opened, to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A new process in a container.
    Shell {
        /// The pod.
        pod: Uid,
        /// The container.
        container: Text,
        /// What is run.
        command: Vec<Text>,
        /// It gets a terminal.
        tty: bool,
        /// What is typed goes to it.
        stdin: bool,
    },
    /// The process that runs in a container.
    Attach {
        /// The pod.
        pod: Uid,
        /// The container.
        container: Text,
        /// What is typed goes to it too.
        write: bool,
    },
    /// A container beside those of a pod.
    Debug {
        /// The pod.
        pod: Uid,
        /// The container whose processes it sees.
        container: Text,
        /// Its image.
        image: Text,
    },
    /// A privileged pod on a node.
    NodeShell {
        /// The node.
        node: Text,
        /// The pod's image.
        image: Text,
        /// The pod's namespace.
        namespace: Text,
    },
    /// A local port that leads into a pod.
    Forward {
        /// Where to.
        to: Goal,
        /// Port on 127.0.0.1; 0: any.
        local: u16,
        /// Port of the pod, or of the Service.
        remote: u16,
    },
}

impl Wish {
    /// What is opened.
    pub fn how(&self) -> How {
        match self {
            Self::Shell { .. } => How::Shell,
            Self::Attach { .. } => How::Attach,
            Self::Debug { .. } => How::Debug,
            Self::NodeShell { .. } => How::NodeShell,
            Self::Forward { .. } => How::Forward,
        }
    }
}

/// Where a forward leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// A pod; when it is gone, another one of its controller.
    Pod(Uid),
    /// The pod of a job's last attempt.
    Job(JobKey),
    /// A ready pod behind a Service: namespace and name.
    Service(Text, Text),
}

/// The words of `:forward`: `REMOTE`, `LOCAL:REMOTE`, or `:REMOTE` for any local port. Without one the local
/// port is the same, or 8000 more below 1024, where only root may listen: (local, remote).
///
/// # Errors
/// What should have been typed.
pub fn ports(text: &str) -> Result<(u16, u16), String> {
    let wrong = || format!("{text:?} is no port; say 8080, or 9000:8080 for local port 9000");
    let number = |word: &str| word.trim().parse::<u16>().ok().filter(|port| *port > 0);
    match text.split_once(':') {
        None => {
            let remote = number(text).ok_or_else(wrong)?;
            let local = if remote < 1024 { remote + 8000 } else { remote };
            Ok((local, remote))
        }
        Some(("", remote)) => Ok((0, number(remote).ok_or_else(wrong)?)),
        Some((local, remote)) => Ok((
            number(local).ok_or_else(wrong)?,
            number(remote).ok_or_else(wrong)?,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_as_typed() {
        for (text, want) in [
            ("8080", Some((8080, 8080))),
            ("80", Some((8080, 80))),
            ("9000:80", Some((9000, 80))),
            (":80", Some((0, 80))),
            (" 443 ", Some((8443, 443))),
            ("0", None),
            ("http", None),
            ("1:2:3", None),
            ("70000", None),
            ("80:", None),
        ] {
            assert_eq!(ports(text).ok(), want, "{text}");
        }
    }
}
