//! What a feed's machine asks for, and what it makes of an answer.

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
