//! What a feed's machine asks for, and what it makes of an answer.

/// How the first list of a feed is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// Page by page, which every server has.
    Pages,
    /// Streamed, as the first events of a watch.
    Streamed,
    /// Pods as a page and then all in one answer, all else streamed.
    Whole,
}

impl Lists {
    /// What a server of Kubernetes 1.`minor` is asked for; 0: not known, and it may refuse.
    ///
    /// From 1.34 on streaming lists are switched on, and the answer to a list is written object by object out
    /// of the watch cache instead of being built in memory.
    pub fn of(minor: u32) -> Self {
        match minor {
            0 => Self::Streamed,
            1..34 => Self::Pages,
            34.. => Self::Whole,
        }
    }
}

/// The next request: a path with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A page of a list.
    List(String),
    /// A watch.
    Watch(String),
}

impl Ask {
    /// The path with its query.
    pub fn path(&self) -> &str {
        match self {
            Self::List(path) | Self::Watch(path) => path,
        }
    }
}

/// What a frame or a page leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Go on reading.
    Continue,
    /// Ask again at once.
    Again,
    /// Ask for everything again, soon: what was known can no longer be followed.
    Relist,
    /// Ask again at once, for JSON: what came as protobuf is none.
    Json {
        /// What was wrong with it.
        why: String,
    },
    /// Ask again after a pause.
    Retry {
        /// What went wrong.
        why: String,
    },
}

/// What an error answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Ask again at once, in another way.
    Again,
    /// Ask for everything again, soon.
    Relist,
    /// Ask again after a pause.
    Retry {
        /// What went wrong.
        why: String,
    },
    /// 403.
    Denied {
        /// The verb.
        verb: &'static str,
    },
    /// All namespaces are denied; from now on the fallback namespace is watched.
    Narrowed,
    /// The server does not have this kind.
    Absent,
    /// 401.
    Unauthorized,
}
