//! How a command ends: an exit code and one line.

use std::io;
use std::process::ExitCode;

use crate::cluster::connect::ConnectError;
use crate::config::ConfigError;

/// Why a command did not do all that it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// It could not: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// It was asked for something that cannot be: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// It may not: locked, denied, unsupported: exit code 3.
    #[error("{0}")]
    Refused(String),
    /// It answered with what it knows, which is not all: exit code 5.
    #[error("incomplete: {0}")]
    Incomplete(String),
    /// Nobody reads any more: exit code 0, without a word.
    #[error("output closed")]
    Closed,
}

impl CliError {
    /// Its exit code.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Closed => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Refused(_) => 3,
            Self::Incomplete(_) => 5,
        })
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(format!("cannot write output: {error}")),
        }
    }
}

impl From<ConnectError> for CliError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::NoSuchContext { .. } | ConnectError::NoContext { .. } => {
                Self::Usage(error.to_string())
            }
            ConnectError::Unauthorized { .. } => Self::Refused(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Unreadable { .. } => Self::Failed(error.to_string()),
            error => Self::Usage(error.to_string()),
        }
    }
}

#[cfg(feature = "sim")]
impl From<super::platform::RunError> for CliError {
    fn from(error: super::platform::RunError) -> Self {
        use super::platform::RunError;
        match error {
            RunError::Refused(why) => Self::Refused(why),
            RunError::Failed(why) => Self::Failed(why),
        }
    }
}
