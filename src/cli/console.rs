//! The console itself: what opens when no command is given.

use std::path::PathBuf;
use std::process::ExitCode;

use log::LevelFilter;

use super::{CliError, Global};
use crate::config::{self, Config};
use crate::engine::Settings;
use crate::model::Text;
use crate::shell::{self, Console, Failure, Source};

/// Opens the console on the clusters that the flags name.
pub async fn run(
    global: &Global,
    config: &Config,
    record: Option<PathBuf>,
) -> Result<ExitCode, CliError> {
    let mut sources = Vec::new();
    let mut settings = config.settings();
    let contexts = global.contexts();
    let each = contexts.iter().map(|context| global.only(context));
    let all: Vec<Global> = each
        .chain(contexts.is_empty().then(|| global.clone()))
        .collect();
    for one in all {
        let target = one.target()?;
        // A context that is not there is said before the screen opens.
        let name = target.context_name().await?;
        settings.contexts.push(name.as_str().into());
        if settings.known_contexts.is_empty() {
            let known = target.contexts().await?;
            settings.known_contexts = known.iter().map(|name| name.as_str().into()).collect();
        }
        sources.push(Source::Cluster(target));
    }
    open(sources, settings, global, config, record).await
}

/// Opens the console on clusters: where each is; the settings name their contexts.
pub async fn open(
    sources: Vec<Source>,
    mut settings: Settings,
    global: &Global,
    config: &Config,
    record: Option<PathBuf>,
) -> Result<ExitCode, CliError> {
    settings.namespace = global.namespace().as_deref().map(Text::from);
    let console = Console {
        sources,
        settings,
        selector: global.selector.clone(),
        theme: config.theme.clone(),
        themes: config::themes_directory(),
        record: record.map(|path| (path, config.recording_bytes)),
        audit: None,
        log_level: LevelFilter::Info,
    };
    Ok(shell::run(console).await?)
}

impl From<Failure> for CliError {
    fn from(error: Failure) -> Self {
        match error {
            Failure::Connect(error) => error.into(),
            Failure::NoTerminal | Failure::Theme(_) | Failure::Record(_) => {
                Self::Usage(error.to_string())
            }
            Failure::Terminal(_) => Self::Failed(error.to_string()),
        }
    }
}
