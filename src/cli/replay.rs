//! `constable replay`: a recording of the console, played or checked.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{CliError, output};
use crate::shell::record::{Difference, Player, TapeError};
use crate::shell::replay::{Replay, ReplayError};

/// Play a recording of the console
#[derive(Args, Clone, Debug)]
pub struct ReplayArgs {
    /// The recording
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How many times as fast as it was
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// The recorded cluster moves on while your own keys drive the screens
    #[arg(long)]
    pub free: bool,
    /// No terminal: replay as fast as can be, tell what comes out otherwise; exit code 1 if anything does
    #[arg(long, conflicts_with_all = ["free", "speed"])]
    pub check: bool,
}

/// Differences that are told in full.
const TOLD: usize = 20;

fn speed(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|n| (0.01..=1000.0).contains(n))
        .ok_or_else(|| format!("{text:?} is no speed; say 2, 10 or 0.5"))
}

/// Plays or checks it.
pub fn run(args: &ReplayArgs) -> Result<ExitCode, CliError> {
    if args.check {
        return check(args);
    }
    let replay = Replay {
        file: args.file.clone(),
        speed: args.speed,
        free: args.free,
    };
    let (code, differences) = super::block_on(async {
        crate::shell::replay::run(replay)
            .await
            .map_err(|error| match error {
                ReplayError::Tape(error) => CliError::from(error),
                ReplayError::NoTerminal => CliError::Usage(error.to_string()),
                ReplayError::Terminal(_) => CliError::Failed(error.to_string()),
            })
    })?;
    tell(&differences);
    Ok(code)
}

fn check(args: &ReplayArgs) -> Result<ExitCode, CliError> {
    let mut player = Player::open(&args.file, false)?;
    let ended = player.run();
    let differences = std::mem::take(&mut player.differences);
    tell(&differences);
    let count = player.count;
    let outcome = match differences.len() {
        0 => "all as it was".to_owned(),
        n => format!("{n} came out otherwise"),
    };
    let frames = match count.frames {
        0 => format!("no frame compared (recorded by constable {})", player.by()),
        n => format!("{n} frames"),
    };
    output::write(
        format!(
            "{}: {} events, {} effects, {frames}: {outcome}\n",
            args.file.display(),
            count.events,
            count.effects
        )
        .as_bytes(),
    )?;
    match ended {
        Ok(_) if differences.is_empty() => Ok(ExitCode::SUCCESS),
        Ok(_) => Ok(ExitCode::FAILURE),
        Err(error) => Err(error.into()),
    }
}

fn tell(differences: &[Difference]) {
    for difference in differences.iter().take(TOLD) {
        output::say(&difference.to_string());
    }
    if differences.len() > TOLD {
        output::say(&format!("and {} more", differences.len() - TOLD));
    }
}

impl From<TapeError> for CliError {
    fn from(error: TapeError) -> Self {
        match error {
            TapeError::Io(..) | TapeError::Broken { .. } => Self::Failed(error.to_string()),
            TapeError::Other(_) => Self::Usage(error.to_string()),
            TapeError::Newer { .. } => Self::Refused(error.to_string()),
            TapeError::Cut { .. } => Self::Incomplete(error.to_string()),
        }
    }
}
