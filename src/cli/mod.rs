//! What can be typed.
//!
//! Exit codes: 0 done, 1 failed, 2 usage, 3 refused (locked, denied, unsupported), 5 the answer is incomplete
//! (a feed is stale or denied; standard error names it). Errors are one line on standard error. `exec` ends with
//! the process's own code, which may be any of these; 255: there was none, and standard error says why.

pub mod act;
pub mod console;
#[cfg(feature = "sim")]
pub mod demo;
mod driver;
mod error;
pub mod exec;
pub mod forward;
pub mod get;
pub mod logs;
pub mod output;
#[cfg(feature = "sim")]
pub mod platform;
pub mod replay;
#[cfg(feature = "sim")]
pub mod scenarios;
pub mod session;
#[cfg(feature = "sim")]
pub mod shot;
#[cfg(feature = "sim")]
pub mod sim;
pub mod workload;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

pub use error::CliError;

use crate::cluster::connect::Target;
use crate::cluster::feed::Scope;
use crate::config::{Config, Flags};
use crate::engine::action::Operation;
use crate::model::select::Selector;

/// The terminal operations console for CI on Kubernetes
#[derive(Parser, Clone, Debug)]
#[command(
    name = "constable",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = false
)]
pub struct Cli {
    /// Which cluster and how.
    #[command(flatten)]
    pub global: Global,
    /// What the console is recorded into.
    #[command(flatten)]
    pub record: RecordArgs,
    /// What to do; without one the console opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Whether a console is recorded.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordArgs {
    /// Record the console into this new file, for `constable replay` and bug reports: what the cluster told,
    /// keys and frames; no secrets, but names and log lines that were on the screen
    #[arg(long = "record", value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Flags that stand before or after the subcommand.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Cluster")]
pub struct Global {
    /// Kubeconfig to use instead of KUBECONFIG or ~/.kube/config
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig; the console and `get` take several: a,b [default: the current one]
    #[arg(long, global = true, value_name = "NAME[,…]")]
    pub context: Option<String>,
    /// Only this namespace [default: all]
    #[arg(short = 'n', long, global = true, value_name = "NAME")]
    pub namespace: Option<String>,
    /// All namespaces, whatever -n says
    #[arg(short = 'A', long, global = true)]
    pub all_namespaces: bool,
    /// Only what has these labels: a=b,c!=d,e in (f,g),!h
    #[arg(short = 'l', long, global = true, value_name = "LABELS")]
    pub selector: Option<String>,
    /// Refuse every action
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Theme of the console: dark, light
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
}

/// The subcommands.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Print pools, nodes, jobs, pods, ingresses, or any other kind of the server
    Get(get::GetArgs),
    /// Print the log of a job or pod
    Logs(logs::LogsArgs),
    /// Run a command in a container of a job or pod
    Exec(exec::ExecArgs),
    /// Let ports of this machine lead to a job, pod or service
    Forward(forward::ForwardArgs),
    /// Stop jobs, each its system's way
    Cancel(act::JobArgs),
    /// Run ended jobs again, each its system's way
    Retry(act::JobArgs),
    /// Keep new pods off nodes
    Cordon(act::NodeArgs),
    /// Let new pods onto nodes again
    Uncordon(act::NodeArgs),
    /// Cordon nodes and evict what runs there, under the budgets
    Drain(act::DrainArgs),
    /// Replace the pods of workloads, each by its own way of rolling out
    Restart(workload::WorkloadArgs),
    /// Set how many pods workloads have
    Scale(workload::ScaleArgs),
    /// Start CronJobs now
    Trigger(workload::CronArgs),
    /// Let CronJobs rest
    Suspend(workload::CronArgs),
    /// Let CronJobs start by their schedule again
    Resume(workload::CronArgs),
    /// Open the console on a simulated cluster, or on several
    #[cfg(feature = "sim")]
    Demo(demo::DemoConsoleArgs),
    /// Serve the simulated cluster on a loopback port
    #[cfg(feature = "sim")]
    Sim(sim::SimArgs),
    /// Run the demo's job platform on a real cluster
    #[cfg(feature = "sim")]
    Platform(platform::PlatformArgs),
    /// Draw a picture of the console on the simulated cluster
    #[cfg(feature = "sim")]
    Shot(shot::ShotArgs),
    /// Play a recording of the console
    Replay(replay::ReplayArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Global {
    /// The contexts that are named, each once, in their order; empty: the current one is meant.
    pub fn contexts(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let typed = self.context.as_deref().unwrap_or_default().split(',');
        for name in typed.map(str::trim).filter(|name| !name.is_empty()) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// The same, for one of the contexts.
    pub fn only(&self, context: &str) -> Self {
        Self {
            context: Some(context.to_owned()),
            ..self.clone()
        }
    }

    /// The one cluster that is meant.
    ///
    /// # Errors
    /// When several contexts are named.
    pub fn target(&self) -> Result<Target, CliError> {
        let mut names = self.contexts();
        if names.len() > 1 {
            return Err(CliError::Usage(format!(
                "this is for one cluster, and --context names {} ({}): name the one that is meant",
                names.len(),
                names.join(", ")
            )));
        }
        Ok(Target {
            kubeconfig: self.kubeconfig.clone(),
            context: names.pop(),
        })
    }

    /// The namespace that is meant; `None`: all.
    pub fn namespace(&self) -> Option<String> {
        self.namespace
            .clone()
            .filter(|n| !self.all_namespaces && !n.is_empty())
    }

    /// The part of the cluster that is meant; `fallback`: the context's namespace.
    pub fn scope(&self, fallback: Option<String>) -> Scope {
        Scope {
            namespace: self.namespace(),
            fallback,
            selector: self.selector.clone(),
            fields: None,
        }
    }

    /// The label selector, parsed.
    pub fn labels(&self) -> Result<Selector, CliError> {
        Selector::parse(self.selector.as_deref().unwrap_or_default())
            .map_err(|e| CliError::Usage(e.to_string()))
    }

    /// Defaults, file, environment and these flags.
    pub fn config(&self) -> Result<Config, CliError> {
        Ok(Config::load(&Flags {
            theme: self.theme.clone(),
            read_only: self.read_only,
        })?)
    }
}

/// What was wrong with the arguments, and where to look: one line.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let words: Vec<&str> = text
        .lines()
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    format!("{}; --help shows what can be typed", words.join(" "))
}

/// Parses the arguments (the program's name first), does what they say, and returns the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            if error.use_stderr() {
                output::say(&one_line(&error));
            } else {
                // Help for a closed pipe is nobody's loss.
                let _ = error.print();
            }
            return ExitCode::from(code);
        }
    };
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            if !matches!(error, CliError::Closed) {
                output::say(&format!("error: {error}"));
            }
            error.code()
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, CliError> {
    let config = cli.global.config()?;
    cli.global.labels()?;
    let global = cli.global;
    match cli.command {
        None => return block_on(console::run(&global, &config, cli.record.file)),
        #[cfg(feature = "sim")]
        Some(Command::Demo(args)) => {
            return block_on(demo::run(args, &global, &config, cli.record.file));
        }
        #[cfg(feature = "sim")]
        Some(Command::Shot(args)) => shot::run(global.theme.as_deref(), &args),
        Some(Command::Replay(args)) => return replay::run(&args),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "constable", &mut script);
            output::write(&script)
        }
        Some(Command::Get(args)) => block_on(get::run(&global, &config, args)),
        Some(Command::Logs(args)) => block_on(logs::run(&global, &config, args)),
        Some(Command::Exec(args)) => return block_on(exec::run(&global, &config, args)),
        Some(Command::Forward(args)) => block_on(forward::run(&global, &config, args)),
        Some(Command::Cancel(args)) => {
            block_on(act::jobs(&global, &config, Operation::Cancel, args))
        }
        Some(Command::Retry(args)) => block_on(act::jobs(&global, &config, Operation::Retry, args)),
        Some(Command::Cordon(args)) => {
            block_on(act::nodes(&global, &config, Operation::Cordon, args))
        }
        Some(Command::Uncordon(args)) => {
            block_on(act::nodes(&global, &config, Operation::Uncordon, args))
        }
        Some(Command::Drain(args)) => block_on(act::drain(&global, &config, args)),
        Some(Command::Restart(args)) => block_on(workload::restart(&global, &config, args)),
        Some(Command::Scale(args)) => block_on(workload::scale(&global, &config, args)),
        Some(Command::Trigger(args)) => {
            block_on(workload::cron(&global, &config, Operation::Trigger, args))
        }
        Some(Command::Suspend(args)) => {
            block_on(workload::cron(&global, &config, Operation::Suspend, args))
        }
        Some(Command::Resume(args)) => {
            block_on(workload::cron(&global, &config, Operation::Resume, args))
        }
        #[cfg(feature = "sim")]
        Some(Command::Sim(args)) => block_on(async { Ok(sim::run(args).await?) }),
        #[cfg(feature = "sim")]
        Some(Command::Platform(args)) => block_on(async {
            let target = global.target()?;
            let context = target.context.as_deref();
            Ok(platform::run(&args, global.kubeconfig.as_deref(), context).await?)
        }),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Threads beside the main one.
const WORKERS: usize = 1;

/// Runs a command on an async runtime of its own.
fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    // Streams are read and decoded on it, the model is kept on the thread that runs `work`: that is enough for
    // all feeds of a cluster. A second one costs memory of its own for what it decodes, and every event wakes
    // both.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(|e| CliError::Failed(format!("cannot start threads: {e}")))?;
    let result = runtime.block_on(work);
    // A credential plugin that hangs must not keep us.
    runtime.shutdown_background();
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("constable").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_or_after() {
        for line in [
            "--context c -n ns -l a=b get pods",
            "get --context c pods -n ns -l a=b",
            "get pods --context c --namespace ns --selector a=b",
            "--context=c get pods -nns -la=b",
        ] {
            let cli = parse(line).unwrap();
            assert_eq!(
                cli.global,
                Global {
                    context: Some("c".into()),
                    namespace: Some("ns".into()),
                    selector: Some("a=b".into()),
                    ..Global::default()
                },
                "{line}"
            );
        }
    }

    #[test]
    fn several_contexts_are_for_those_who_can() {
        for (line, want) in [
            ("get pods", &[][..]),
            ("get pods --context a", &["a"]),
            ("--context a,b,,a get pods", &["a", "b"]),
        ] {
            let global = parse(line).unwrap().global;
            assert_eq!(global.contexts(), want, "{line}");
        }
        let global = parse("cordon p-1 --context a,b").unwrap().global;
        assert_eq!(
            global.target().unwrap_err().to_string(),
            "this is for one cluster, and --context names 2 (a, b): name the one that is meant"
        );
        assert_eq!(
            global.only("b").target().unwrap().context.as_deref(),
            Some("b")
        );
    }

    #[test]
    fn namespaces_as_kubectl_means_them() {
        for (line, want) in [
            ("get pods", None),
            ("get pods -n x", Some("x")),
            ("get pods -A", None),
            ("get pods -A -n x", None),
        ] {
            assert_eq!(
                parse(line).unwrap().global.namespace().as_deref(),
                want,
                "{line}"
            );
        }
    }

    #[test]
    fn what_cannot_be_is_exit_2() {
        for line in ["get", "get pods -o xml", "frobnicate", "--nope"] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
        for (line, code) in [("--help", 0), ("--version", 0), ("get --help", 0)] {
            assert_eq!(parse(line).unwrap_err().exit_code(), code, "{line}");
        }
        let bad = parse("get pods -l a=(").unwrap().global.labels();
        assert!(matches!(bad, Err(CliError::Usage(_))));
    }
}
