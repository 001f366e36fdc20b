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
    /// Namespace to begin with; `None`: all.
    pub namespace: Option<Text>,
    /// Ranks that the config gives to pools.
    pub rank_rules: RankRules,
    /// Names of the themes for `:theme`.
    pub themes: Vec<Text>,
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
            namespace: None,
            rank_rules: RankRules::default(),
            themes: vec!["dark".into(), "light".into()],
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
