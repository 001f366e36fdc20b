//! What the person or the configuration decided before the start.

use std::time::Duration;

use crate::model::{RankRules, Text};

/// Settings of an engine. `Default` is what the console does when nobody says anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Never unlocks.
    pub read_only: bool,
    /// How many bytes of a log are kept.
    pub log_bytes: usize,
    /// How long an unlock holds.
    pub unlock: Duration,
    /// Contexts (`*` stands for any characters) that are production: actions want a typed name.
    pub production: Vec<Text>,
    /// Who sits at the machine, for the audit; empty if unknown.
    pub operator: Text,
    /// The screen to open on.
    pub start: StartScreen,
    /// Contexts to show, in their order; empty: one, whose name its connection tells.
    pub contexts: Vec<Text>,
    /// All that the kubeconfig has, for `:ctx`, beside those that connections tell.
    pub known_contexts: Vec<Text>,
    /// Namespace to begin with; `None`: all.
    pub namespace: Option<Text>,
    /// Ranks that the config gives to pools.
    pub rank_rules: RankRules,
    /// Names of the themes for `:theme`.
    pub themes: Vec<Text>,
    /// How we treat the API server.
    pub api: Api,
    /// Shells, debug containers and node shells.
    pub shell: Shell,
    /// Where the queue's depth is read; `None`: from the platform's own annotation.
    pub queue: Option<QueueMetric>,
}

/// A metric behind a Service, read through the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueMetric {
    /// The Service's namespace.
    pub namespace: Text,
    /// Its name, with `:port`.
    pub service: Text,
    /// The page, `/metrics`.
    pub path: Text,
    /// The metric, with label matchers if need be: `queue_depth{queue="ci"}`.
    pub name: Text,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            read_only: false,
            log_bytes: 16 << 20,
            unlock: Duration::from_secs(15 * 60),
            production: Vec::new(),
            operator: "".into(),
            start: StartScreen::Overview,
            contexts: Vec::new(),
            known_contexts: Vec::new(),
            namespace: None,
            rank_rules: RankRules::default(),
            themes: vec!["dark".into(), "light".into()],
            api: Api::default(),
            shell: Shell::default(),
            queue: None,
        }
    }
}

/// What shells run and where they are put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// The command of a shell in a container.
    pub command: Vec<Text>,
    /// Image of debug containers and of the pods of node shells.
    pub image: Text,
    /// Namespace of the pods of node shells; it has to admit privileged pods.
    pub node_namespace: Text,
}

impl Default for Shell {
    fn default() -> Self {
        let best = "command -v bash >/dev/null 2>&1 && exec bash || exec sh";
        Self {
            command: vec!["sh".into(), "-c".into(), best.into()],
            image: "busybox:1.37".into(),
            node_namespace: "default".into(),
        }
    }
}

/// How an API server is asked, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    /// Whether answers are compressed.
    pub compression: Compression,
    /// Streams at a time: one a feed, the rest for logs.
    pub max_streams: u32,
    /// Streams that logs may have at a time, all panes together, as far as feeds leave them.
    pub max_log_streams: u32,
    /// First lists that come in at a time, beside those of nodes and pods.
    pub max_lists: u32,
    /// Requests a second that are no streams; twice as many at once after a rest.
    pub max_requests_per_second: u32,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            compression: Compression::Auto,
            max_streams: 64,
            max_log_streams: 32,
            max_lists: 4,
            max_requests_per_second: 50,
        }
    }
}

/// Whether answers are asked for compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Over links that are slow, by the first round trip.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl Compression {
    /// By its word in the configuration.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "auto" => Some(Self::Auto),
            "on" => Some(Self::On),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

/// A screen that the console can open on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartScreen {
    /// Ranks, pools, problems, jobs.
    #[default]
    Overview,
    /// All jobs.
    Jobs,
    /// All nodes.
    Nodes,
    /// All pods.
    Pods,
    /// All ingresses.
    Ingresses,
}
