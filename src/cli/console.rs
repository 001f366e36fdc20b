//! The console itself: what opens when no command is given.

use std::process::ExitCode;

use log::LevelFilter;

use super::{CliError, Global};
use crate::config::{self, Config};
use crate::model::Text;
use crate::shell::{self, Console, Failure, Source};

/// Opens the console on the cluster that the flags name.
pub async fn run(global: &Global, config: &Config) -> Result<ExitCode, CliError> {
    let target = global.target();
    // A context that is not there is said before the screen opens.
    target.context_name().await?;
    open(vec![Source::Cluster(target)], global, config).await
}

/// Opens the console on clusters.
pub async fn open(
    sources: Vec<Source>,
    global: &Global,
    config: &Config,
) -> Result<ExitCode, CliError> {
    let mut settings = config.settings();
    settings.namespace = global.namespace().as_deref().map(Text::from);
    let console = Console {
        sources,
        settings,
        selector: global.selector.clone(),
        theme: config.theme.clone(),
        themes: config::themes_directory(),
        audit: None,
        log_level: LevelFilter::Info,
    };
    Ok(shell::run(console).await?)
}

impl From<Failure> for CliError {
    fn from(error: Failure) -> Self {
        match error {
            Failure::Connect(error) => error.into(),
            Failure::NoTerminal | Failure::Theme(_) => Self::Usage(error.to_string()),
            Failure::Terminal(_) => Self::Failed(error.to_string()),
        }
    }
}
