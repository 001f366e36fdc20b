//! `constable cancel|retry JOB…`, `cordon|uncordon|drain NODE…`: one action without a screen, through the
//! same plan, rights, confirmation, machines and audit as in the console.
//!
//! `--yes`, or the confirmation on a terminal, is the unlock. Exit codes: 0 done and shown by the watch, 1 not
//! (wholly) done, 2 no such thing, 3 refused by a rule or by the server, 5 the cluster cannot be seen wholly.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

use super::driver::Driver;
use super::output;
use super::session::Session;
use super::{CliError, Global};
use crate::cluster::feed::Scope;
use crate::config::Config;
use crate::engine::action::drain::plan::DrainOptions;
use crate::engine::action::plan::{Ask, Plan};
use crate::engine::action::run::{ActionId, Run};
use crate::engine::action::{DryRun, Operation, Outcome, Request, Target};
use crate::model::{Job, Kind};
use clap::{Args, ValueEnum};

/// How it is confirmed, and whether anything is changed.
#[derive(Args, Clone, Debug)]
pub struct ActArgs {
    /// Do it without asking
    #[arg(short, long)]
    pub yes: bool,
    /// Show the plan (client), or let the server check every call (server); change nothing
    #[arg(long, value_name = "client|server", num_args = 0..=1, default_missing_value = "client")]
    pub dry_run: Option<Dry>,
    /// Seconds to wait for the list of what is there
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub sync_timeout: u64,
}

/// `--dry-run`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dry {
    /// Nothing is sent.
    Client,
    /// Everything is sent with `dryRun=All`.
    Server,
}

/// Arguments of `cancel` and `retry`.
#[derive(Args, Clone, Debug)]
pub struct JobArgs {
    /// A job's id, or a job's or pod's name
    #[arg(required = true, value_name = "JOB")]
    pub jobs: Vec<String>,
    /// How it is confirmed.
    #[command(flatten)]
    pub act: ActArgs,
}

/// Arguments of `cordon` and `uncordon`.
#[derive(Args, Clone, Debug)]
pub struct NodeArgs {
    /// Nodes
    #[arg(required = true, value_name = "NODE")]
    pub nodes: Vec<String>,
    /// How it is confirmed.
    #[command(flatten)]
    pub act: ActArgs,
}

/// Arguments of `drain`.
#[derive(Args, Clone, Debug)]
pub struct DrainArgs {
    /// Nodes
    #[arg(required = true, value_name = "NODE")]
    pub nodes: Vec<String>,
    /// Evict pods in which a job runs: the jobs die
    #[arg(long)]
    pub kill_jobs: bool,
    /// Leave DaemonSets' pods where they are
    #[arg(long)]
    pub ignore_daemonsets: bool,
    /// Evict pods whose emptyDir data goes with them
    #[arg(long)]
    pub delete_emptydir_data: bool,
    /// Evict pods that no controller makes again
    #[arg(long)]
    pub force: bool,
    /// Grace in seconds instead of each pod's own
    #[arg(long, value_name = "SECONDS")]
    pub grace_period: Option<i64>,
    /// Give up after so many seconds; the node stays cordoned
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// How it is confirmed.
    #[command(flatten)]
    pub act: ActArgs,
}

/// `cancel` and `retry`.
pub async fn jobs(
    global: &Global,
    config: &Config,
    operation: Operation,
    args: JobArgs,
) -> Result<(), CliError> {
    let session = open(global, config, &args.act, operation).await?;
    let targets = args
        .jobs
        .iter()
        .map(|asked| Ok(Target::Job(job(&session, asked)?.key())))
        .collect::<Result<Vec<_>, CliError>>()?;
    act(session, config, operation, targets, NO_DRAIN, &args.act).await
}

/// `cordon` and `uncordon`.
pub async fn nodes(
    global: &Global,
    config: &Config,
    operation: Operation,
    args: NodeArgs,
) -> Result<(), CliError> {
    let session = open(global, config, &args.act, operation).await?;
    let targets = node_targets(&session, &args.nodes)?;
    act(session, config, operation, targets, NO_DRAIN, &args.act).await
}

/// `drain`.
pub async fn drain(global: &Global, config: &Config, args: DrainArgs) -> Result<(), CliError> {
    let session = open(global, config, &args.act, Operation::Drain).await?;
    let targets = node_targets(&session, &args.nodes)?;
    let options = DrainOptions {
        ignore_daemonsets: args.ignore_daemonsets,
        // A killed job's pod is bare and holds emptyDir data: who says so need not say it thrice.
        delete_emptydir_data: args.delete_emptydir_data || args.kill_jobs,
        force: args.force || args.kill_jobs,
        kill_jobs: args.kill_jobs,
        grace: args.grace_period,
        timeout_s: args.timeout,
    };
    act(
        session,
        config,
        Operation::Drain,
        targets,
        options,
        &args.act,
    )
    .await
}

pub(super) const NO_DRAIN: DrainOptions = DrainOptions {
    ignore_daemonsets: false,
    delete_emptydir_data: false,
    force: false,
    kill_jobs: false,
    grace: None,
    timeout_s: None,
};

/// Connects and waits until everything that the plan rests on has been listed.
pub(super) async fn open(
    global: &Global,
    config: &Config,
    args: &ActArgs,
    operation: Operation,
) -> Result<Session, CliError> {
    if config.read_only {
        return Err(CliError::Refused(
            "read-only: the configuration or --read-only forbids every action".into(),
        ));
    }
    let kinds: &[Kind] = match operation {
        Operation::Cancel | Operation::Retry => &[Kind::Pod, Kind::BatchJob],
        Operation::Cordon | Operation::Uncordon => &[Kind::Node],
        Operation::DeletePod | Operation::Open(_) => &[Kind::Pod],
        Operation::Restart | Operation::Scale(_) => super::workload::SEEN,
        Operation::Trigger | Operation::Suspend | Operation::Resume => {
            &[Kind::CronJob, Kind::BatchJob]
        }
        Operation::Drain => &[
            Kind::Node,
            Kind::Pod,
            Kind::DaemonSet,
            Kind::BatchJob,
            Kind::Budget,
        ],
    };
    let connection = Session::connect(global).await?.with(&config.api);
    // A node's pods are in all namespaces, whatever -n says.
    let scope = match operation {
        Operation::Drain | Operation::Cordon | Operation::Uncordon => Scope::default(),
        _ => global.scope(connection.namespace.clone()),
    };
    let mut session = Session::start(connection, scope, kinds, config.ranks.clone()).await?;
    session.sync(Duration::from_secs(args.sync_timeout)).await;
    Ok(session)
}

/// The job that is meant.
fn job<'s>(session: &'s Session, asked: &str) -> Result<&'s Job, CliError> {
    let model = &session.model;
    let (namespace, name) = asked.split_once('/').unwrap_or(("", asked));
    let named = |job: &&Job| {
        (namespace.is_empty() || **job.namespace() == *namespace)
            && (job.name() == name || **job.pod_name() == *name)
    };
    let mut found: Vec<&Job> = model
        .jobs()
        .filter(|job| job.id.as_str() == asked)
        .collect();
    if found.is_empty() {
        found = model.jobs().filter(named).collect();
    }
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            session.complete()?;
            let text = format!("no job {asked:?}; `constable get jobs` lists them");
            Err(CliError::Failed(text))
        }
        several => {
            // A few are enough to see what is meant.
            let names: Vec<String> = several
                .iter()
                .take(8)
                .map(|j| format!("{} ({} {})", j.id, j.project(), j.name()))
                .collect();
            Err(CliError::Usage(format!(
                "{asked:?} may be any of: {}; give an id",
                names.join(", ")
            )))
        }
    }
}

fn node_targets(session: &Session, names: &[String]) -> Result<Vec<Target>, CliError> {
    names
        .iter()
        .map(|name| match session.model.node(name) {
            Some(node) => Ok(Target::Node(node.meta.name.clone())),
            None => {
                session.complete()?;
                Err(CliError::Failed(format!(
                    "node {name:?} not found; `constable get nodes` lists them"
                )))
            }
        })
        .collect()
}

pub(super) async fn act(
    session: Session,
    config: &Config,
    operation: Operation,
    targets: Vec<Target>,
    drain: DrainOptions,
    args: &ActArgs,
) -> Result<(), CliError> {
    let request = Request {
        operation,
        targets,
        drain,
        hidden: 0,
    };
    let mut driver = Driver::new(session, config).await;
    let plan = driver
        .actions
        .plan(&driver.session.model, &request)
        .map_err(|why| CliError::Refused(why.0))?;
    for line in text(&plan) {
        output::say(&line);
    }
    if !plan.refusals.is_empty() {
        return Err(CliError::Refused(plan.refusals.join("\n")));
    }
    let dry_run = match args.dry_run {
        None => DryRun::Off,
        Some(Dry::Client) => {
            output::say("dry run: nothing was sent");
            return Ok(());
        }
        Some(Dry::Server) => DryRun::Server,
    };
    driver.ask_rights(&plan).await?;
    if dry_run == DryRun::Off && !args.yes {
        confirm(&plan)?;
    }
    let id = driver.start(plan, dry_run);
    finish(&mut driver, id).await
}

pub(super) fn text(plan: &Plan) -> Vec<String> {
    let body = plan
        .lines
        .iter()
        .map(|l| l.iter().map(|s| &*s.text).collect::<String>());
    std::iter::once(plan.title.clone())
        .chain(body.map(|l| format!("  {l}")))
        .collect()
}

/// Asks on the terminal. The default is no.
pub(super) fn confirm(plan: &Plan) -> Result<(), CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::Refused(
            "nobody is there to confirm (standard input is no terminal); --yes does it without asking".into(),
        ));
    }
    let (prompt, want) = match &plan.ask {
        Ask::Key => ("y and Enter does it: ".to_owned(), "y".to_owned()),
        Ask::Count(n) => (format!("type {n} and Enter to do it: "), n.to_string()),
        Ask::Name(name) => (
            format!("type {name} and Enter to do it: "),
            name.to_string(),
        ),
    };
    let mut terminal = std::io::stderr().lock();
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() == want {
        Ok(())
    } else {
        Err(CliError::Refused("not confirmed, nothing was done".into()))
    }
}

/// Until it is over, or ctrl-c stops it.
async fn finish(driver: &mut Driver, id: ActionId) -> Result<(), CliError> {
    let mut told = Told::default();
    loop {
        let Some(run) = driver.actions.run(id) else {
            return Err(CliError::Failed("the action is lost".into()));
        };
        told.tell(run);
        if run.over() {
            return ended(run);
        }
        tokio::select! {
            () = driver.step() => {}
            _ = tokio::signal::ctrl_c() => driver.stop(id),
        }
    }
}

/// What has been said of each pod and subject.
#[derive(Default)]
struct Told {
    doing: String,
    pods: BTreeMap<String, String>,
    subjects: BTreeMap<String, String>,
}

impl Told {
    fn tell(&mut self, run: &Run) {
        // A drain tells of each pod instead.
        let doing = run.result();
        if !run.over() && run.operation != Operation::Drain && self.doing != doing {
            output::say(&doing);
            self.doing = doing;
        }
        for pod in run.drains().flat_map(|d| d.pods()) {
            let name = format!("{}/{}", pod.plan.namespace, pod.plan.name);
            let now = pod.describe();
            if self.pods.get(&name) != Some(&now) {
                output::say(&format!("pod {name}: {now}"));
                self.pods.insert(name, now);
            }
        }
        for (subject, outcome) in run.outcomes() {
            let Some(outcome) = outcome else { continue };
            if !self.subjects.contains_key(&*subject.title) {
                output::say(outcome.text());
                self.subjects
                    .insert(subject.title.to_string(), outcome.text().to_string());
            }
        }
    }
}

fn ended(run: &Run) -> Result<(), CliError> {
    if run.succeeded() {
        return Ok(());
    }
    let ends: Vec<&Outcome> = run.outcomes().filter_map(|(_, outcome)| outcome).collect();
    let refused = ends
        .iter()
        .all(|o| matches!(o, Outcome::Done(_) | Outcome::Refused(_)));
    let open = ends
        .iter()
        .filter(|o| !matches!(o, Outcome::Done(_)))
        .count();
    let text = format!(
        "{}: {open} of {} not done",
        run.operation.word(),
        ends.len()
    );
    Err(if refused {
        CliError::Refused(text)
    } else {
        CliError::Failed(text)
    })
}
