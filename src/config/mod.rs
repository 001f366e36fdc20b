//! Defaults, then the file, then the environment, then flags: one validated [`Config`].
//!
//! The file is `$XDG_CONFIG_HOME/constable/config.toml` (`~/.config/…` without the variable), or what
//! `CONSTABLE_CONFIG` names. A file that is not there is no error unless it was named.
//!
//! | key of the file | environment | flag | what it is | default |
//! |---|---|---|---|---|
//! | `theme` | `CONSTABLE_THEME` | `--theme` | name of a theme | `dark` |
//! | `read_only` | `CONSTABLE_READ_ONLY` | `--read-only` | refuse every action | `false` |
//! | `production` | | | contexts where an action wants a typed name; `*` stands for any characters | `[]` |
//! | `unlock_minutes` | `CONSTABLE_UNLOCK_MINUTES` | | how long an unlock holds, 1–1440 | `15` |
//! | `log_bytes` | `CONSTABLE_LOG_BYTES` | | bytes of a log that are kept, 65536–1073741824 | `16777216` |
//! | `[api] compression` | `CONSTABLE_API_COMPRESSION` | | compressed answers: `auto` (over slow links), `on`, `off` | `auto` |
//! | `[api] max_streams` | | | streams at a time; 16 are for feeds, the rest for logs, 17–1024 | `64` |
//! | `[api] max_log_streams` | | | of these at most for logs, all panes together, 1–512 | `32` |
//! | `[api] max_lists` | | | first lists at a time, beside those of nodes and pods, 1–16 | `4` |
//! | `[api] max_requests_per_second` | | | all that is no stream, 1–1000 | `50` |
//! | `[shell] command` | | | command of a shell in a container, a list of words | bash, else sh |
//! | `[shell] image` | | | image of debug containers and of the pods of node shells | `busybox:1.37` |
//! | `[shell] node_namespace` | | | namespace of the pods of node shells; it has to admit privileged pods | `default` |
//! | `[queue] metric` | | | `{service = "ns/name:port", path = "/metrics", name = "…"}`: the queue's depth, read through the API server | the platform's annotation |
//! | `recording_bytes` | | | bytes of a recording, 1048576–17179869184 | `67108864` |
//! | `[ranks]` | | | pool name (`*` stands for any characters) = `controllers`, `patricians` or `peasants` | |
//!
//! Of several patterns that match a pool the longest without its stars counts.

mod file;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::engine::Settings;
use crate::engine::settings::{Api, QueueMetric, Shell};
use crate::model::rank::glob;
use crate::model::{RankRules, Text};

pub use file::ConfigError;

/// All that can be set, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Name of the theme.
    pub theme: String,
    /// Every action is refused.
    pub read_only: bool,
    /// Ranks of pools, before any inference.
    pub ranks: RankRules,
    /// Patterns of contexts that are production.
    pub production: Vec<String>,
    /// Bytes of a log that are kept.
    pub log_bytes: usize,
    /// How long an unlock holds.
    pub unlock: Duration,
    /// How API servers are asked.
    pub api: Api,
    /// What shells run and where they are put.
    pub shell: Shell,
    /// Where the queue's depth is read.
    pub queue: Option<QueueMetric>,
    /// Bytes that a recording may have.
    pub recording_bytes: u64,
}

/// Bytes of a recording, unless the file says otherwise.
pub const RECORDING_BYTES: u64 = 64 << 20;

impl Default for Config {
    fn default() -> Self {
        let settings = Settings::default();
        Self {
            theme: "dark".into(),
            read_only: settings.read_only,
            ranks: RankRules::default(),
            production: Vec::new(),
            log_bytes: settings.log_bytes,
            unlock: settings.unlock,
            api: settings.api,
            shell: settings.shell,
            queue: None,
            recording_bytes: RECORDING_BYTES,
        }
    }
}

/// What was typed; wins over file and environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--theme`.
    pub theme: Option<String>,
    /// `--read-only`.
    pub read_only: bool,
}

/// The directory of the configuration: `$XDG_CONFIG_HOME/constable`, or `~/.config/constable`.
pub fn directory() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|p| p.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".config")))?;
    Some(base.join("constable"))
}

/// Where the person's own themes are.
pub fn themes_directory() -> Option<PathBuf> {
    Some(directory()?.join("themes"))
}

/// Themes that can be chosen: the program's own, then `NAME.toml` in the directory.
pub fn themes_in(directory: Option<&Path>) -> Vec<Text> {
    let mut names = Settings::default().themes;
    let files = directory.and_then(|directory| std::fs::read_dir(directory).ok());
    let mut found: Vec<Text> = files
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let toml = path.extension()? == "toml";
            toml.then(|| path.file_stem()?.to_str().map(Text::from))?
        })
        .filter(|name| !names.contains(name))
        .collect();
    found.sort();
    names.extend(found);
    names
}

/// Themes that can be chosen here.
pub fn themes() -> Vec<Text> {
    themes_in(themes_directory().as_deref())
}

impl Config {
    /// Reads file and environment and adds the flags.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let named = variable("CONSTABLE_CONFIG").map(PathBuf::from);
        let path = named
            .clone()
            .or_else(|| Some(directory()?.join("config.toml")));
        let mut config = Self::default();
        if let Some(path) = path {
            match std::fs::read_to_string(&path) {
                Ok(text) => file::read(&mut config, &path.display().to_string(), &text)?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => {}
                Err(error) => {
                    return Err(ConfigError::Unreadable {
                        file: path.display().to_string(),
                        why: error.to_string(),
                    });
                }
            }
        }
        file::environment(&mut config, variable)?;
        if let Some(theme) = &flags.theme {
            config.theme = file::theme("--theme", theme)?;
        }
        config.read_only |= flags.read_only;
        Ok(config)
    }

    /// Whether a context is marked as production.
    pub fn is_production(&self, context: &str) -> bool {
        self.production.iter().any(|p| glob(p, context))
    }

    /// The engine's part of it.
    pub fn settings(&self) -> Settings {
        Settings {
            contexts: Vec::new(),
            known_contexts: Vec::new(),
            read_only: self.read_only,
            log_bytes: self.log_bytes,
            unlock: self.unlock,
            production: self.production.iter().map(|p| p.as_str().into()).collect(),
            operator: operator(),
            themes: themes(),
            rank_rules: self.ranks.clone(),
            api: self.api,
            shell: self.shell.clone(),
            queue: self.queue.clone(),
            ..Settings::default()
        }
    }
}

/// Who sits at this machine, as the audit names them; empty if the environment does not say.
pub fn operator() -> Text {
    let named = |name: &str| std::env::var(name).ok().filter(|user| !user.is_empty());
    named("USER")
        .or_else(|| named("LOGNAME"))
        .unwrap_or_default()
        .into()
}
