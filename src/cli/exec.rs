//! `constable exec JOB|POD -- COMMAND`: a process in a container, its streams ours, its exit code ours.
//!
//! Naming the command is its confirmation; on a context that is marked as production its name is typed too.
//! The audit trail has what was run and how it ended. 255: there was no exit code (it could not be started,
//! the connection was lost, it was left), and standard error says why.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};

use super::act;
use super::driver::Driver;
use super::session::Session;
use super::{CliError, Global, logs, output};
use crate::cluster::exec::escape::Escape;
use crate::cluster::exec::{self, Output, Pipes};
use crate::config::Config;
use crate::engine::action::drain::plan::DrainOptions;
use crate::engine::action::plan::Ask;
use crate::engine::action::{DryRun, Operation, Request, Target, Wish};
use crate::engine::remote::{RemoteEnd, RemoteEvent};
use crate::model::{Kind, Model, Pod, Text};

/// There was no exit code.
const NONE: u8 = 255;
/// Pieces that wait for the stream or for us.
const PIECES: usize = 16;

/// Arguments of `exec`.
#[derive(Args, Clone, Debug)]
pub struct ExecArgs {
    /// A job's id, or a job's or pod's name
    pub target: String,
    /// The container [default: the step that runs, else the first that does]
    #[arg(short, long, value_name = "NAME")]
    pub container: Option<String>,
    /// Standard input goes to the command
    #[arg(short = 'i', long)]
    pub stdin: bool,
    /// The command gets a terminal; Enter ~ . leaves it
    #[arg(short = 't', long)]
    pub tty: bool,
    /// Do it without asking where the context is marked as production
    #[arg(short, long)]
    pub yes: bool,
    /// Seconds to wait for the list of pods
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub sync_timeout: u64,
    /// The command
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// Runs it.
pub async fn run(global: &Global, config: &Config, args: ExecArgs) -> Result<ExitCode, CliError> {
    match process(global, config, &args).await {
        Ok(code) => Ok(ExitCode::from(code)),
        Err(CliError::Usage(why)) => Err(CliError::Usage(why)),
        Err(CliError::Closed) => Ok(ExitCode::from(NONE)),
        // Any other code could be the process's.
        Err(why) => {
            output::say(&format!("error: {why}"));
            Ok(ExitCode::from(NONE))
        }
    }
}

async fn process(global: &Global, config: &Config, args: &ExecArgs) -> Result<u8, CliError> {
    if config.read_only {
        return Err(CliError::Refused(
            "read-only: the configuration or --read-only forbids every action".into(),
        ));
    }
    let session = open(global, config, args.sync_timeout).await?;
    let tty = args.tty && io::stdin().is_terminal();
    if args.tty && !tty {
        output::say("standard input is no terminal: -t is left out");
    }
    let pod = logs::find(&session, &args.target)?;
    let wish = Wish::Shell {
        pod: pod.meta.uid.clone(),
        container: container(&session.model, pod, args.container.as_deref()),
        command: args
            .command
            .iter()
            .map(|word| word.as_str().into())
            .collect(),
        tty,
        stdin: args.stdin,
    };
    let request = Request {
        operation: Operation::Open(wish.how()),
        targets: vec![Target::Remote(Box::new(wish))],
        drain: DrainOptions::INTERACTIVE,
        hidden: 0,
    };
    let mut driver = Driver::new(session, config).await;
    let mut plan = driver
        .actions
        .plan(&driver.session.model, &request)
        .map_err(|why| CliError::Refused(why.0))?;
    driver.ask_rights(&plan).await?;
    let context = driver.session.connection.context.clone();
    if config.is_production(&context) && !args.yes {
        plan.ask = Ask::Name(context);
        for line in act::text(&plan) {
            output::say(&line);
        }
        act::confirm(&plan)?;
    }
    let run = driver.start(plan, DryRun::Off);
    let Some((id, terminal)) = driver.terminal.take() else {
        return Err(CliError::Failed("nothing was opened".into()));
    };
    let (pipes, ours) = pipes(args.stdin, tty)?;
    let raw = Raw::begin(tty)?;
    let connection = driver.session.connection.clone();
    let process = async {
        let end = exec::run(&connection, &terminal, pipes, async || {}).await;
        RemoteEvent::Ended(end)
    };
    let ended = carry(process, ours).await?;
    drop(raw);
    driver.told(id, &ended);
    let result = driver.actions.run(run).map(|run| run.result());
    match ended {
        RemoteEvent::Ended(RemoteEnd::Exited(code)) => Ok(u8::try_from(code).unwrap_or(NONE)),
        _ => {
            output::say(&result.unwrap_or_default());
            Ok(NONE)
        }
    }
}

/// Connected, with the list of pods.
pub(super) async fn open(
    global: &Global,
    config: &Config,
    seconds: u64,
) -> Result<Session, CliError> {
    let connection = Session::connect(global).await?.with(&config.api);
    let scope = global.scope(connection.namespace.clone());
    let kinds = [
        Kind::Pod,
        Kind::BatchJob,
        Kind::Service,
        Kind::EndpointSlice,
    ];
    let mut session = Session::start(connection, scope, &kinds, config.ranks.clone()).await?;
    session.sync(Duration::from_secs(seconds)).await;
    Ok(session)
}

/// The container that is named, else the step that runs, else the first that does, else the first main one.
fn container(model: &Model, pod: &Pod, named: Option<&str>) -> Text {
    if let Some(named) = named {
        return named.into();
    }
    let step = model
        .job_of_pod(&pod.meta.uid)
        .and_then(|job| job.current_step())
        .map(|(_, _, step)| step.container)
        .filter(|step| pod.container(step).is_some_and(|c| c.runs()));
    let running = || {
        let mut running = pod.main_containers().filter(|c| c.runs());
        running.next().map(|c| c.name().clone())
    };
    let first = || pod.main_containers().next().map(|c| c.name().clone());
    step.or_else(running).or_else(first).unwrap_or_default()
}

/// Our end of the pipes.
struct Ours {
    output: mpsc::Receiver<Output>,
    size: watch::Sender<(u16, u16)>,
    left: oneshot::Receiver<()>,
    /// Held open where nothing is typed.
    _stdin: Option<mpsc::Sender<Bytes>>,
}

fn size() -> (u16, u16) {
    crossterm::terminal::size().unwrap_or((80, 24))
}

fn pipes(passes: bool, tty: bool) -> Result<(Pipes, Ours), CliError> {
    let (typed, stdin) = mpsc::channel(PIECES);
    let (written, output) = mpsc::channel(PIECES);
    let (size, sizes) = watch::channel(size());
    let (leave, left) = oneshot::channel();
    let held = if passes {
        std::thread::Builder::new()
            .name("input".to_owned())
            .spawn(move || read(&typed, leave, tty))?;
        None
    } else {
        Some(typed)
    };
    let pipes = Pipes {
        stdin,
        output: written,
        size: sizes,
    };
    let ours = Ours {
        output,
        size,
        left,
        _stdin: held,
    };
    Ok((pipes, ours))
}

/// Reads standard input until its end. On a terminal the escape is looked for.
fn read(typed: &mpsc::Sender<Bytes>, leave: oneshot::Sender<()>, tty: bool) {
    let stdin = io::stdin();
    let mut escape = Escape::default();
    let mut buffer = vec![0; 16 << 10];
    loop {
        let count = match rustix::io::read(stdin.as_fd(), &mut buffer) {
            Err(rustix::io::Errno::INTR) => continue,
            Ok(0) | Err(_) => return,
            Ok(count) => count,
        };
        let bytes = &buffer[..count];
        let send = if tty {
            escape.take(bytes)
        } else {
            Some(bytes.to_vec())
        };
        let Some(send) = send else {
            let _ = leave.send(());
            return;
        };
        if typed.blocking_send(send.into()).is_err() {
            return;
        }
    }
}

/// Until the process has ended and all that it wrote is written.
async fn carry(
    process: impl Future<Output = RemoteEvent>,
    ours: Ours,
) -> Result<RemoteEvent, CliError> {
    let Ours {
        mut output,
        size: sizes,
        mut left,
        _stdin,
    } = ours;
    let mut resized = signal(SignalKind::window_change())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::pin!(process);
    let mut ended = None;
    let mut escapes = true;
    loop {
        tokio::select! {
            some = output.recv() => match (some, ended.take()) {
                (Some(piece), was) => {
                    write(&piece)?;
                    ended = was;
                }
                (None, Some(event)) => return Ok(event),
                (None, None) => return Ok(process.await),
            },
            event = &mut process, if ended.is_none() => ended = Some(event),
            asked = &mut left, if escapes => match asked {
                Ok(()) => return Ok(RemoteEvent::Ended(RemoteEnd::Left)),
                Err(_) => escapes = false,
            },
            _ = resized.recv() => {
                sizes.send_replace(size());
            }
            _ = terminate.recv() => return Ok(RemoteEvent::Ended(RemoteEnd::Left)),
            _ = hangup.recv() => return Ok(RemoteEvent::Ended(RemoteEnd::Left)),
        }
    }
}

fn write(piece: &Output) -> io::Result<()> {
    match piece {
        Output::Out(bytes) => {
            let mut out = io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()
        }
        Output::Err(bytes) => io::stderr().lock().write_all(bytes),
    }
}

/// Raw mode for as long as it lives, on a terminal.
struct Raw(bool);

impl Raw {
    fn begin(tty: bool) -> io::Result<Self> {
        if tty {
            crossterm::terminal::enable_raw_mode()?;
        }
        Ok(Self(tty))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if self.0 {
            // Nothing helps against a terminal that is gone.
            let _ = crossterm::terminal::disable_raw_mode();
        }
    }
}
