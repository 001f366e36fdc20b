//! `constable get`: what the feeds told, once or as it changes.
//!
//! # JSON
//!
//! One array, ordered by namespace and name. Keys are snake_case, CPU is in millicores, memory in bytes,
//! times are RFC 3339, durations in seconds. What is unknown is `null`, never 0. With `-w` there is one
//! object a line, with the key `event`: `added` (all that is there at first, too), `changed` or `removed`.
//!
//! | resource | keys |
//! |---|---|
//! | pools | `name`, `rank` (`controllers`, `patricians`, `peasants`), `rank_reason`, `nodes{total,ready,cordoned,coming}`, `jobs{running,waiting}`, `cpu{allocatable,requested}`, `memory{allocatable,requested}`, `slots{free,total}`, `oldest_waiting` |
//! | nodes | `name`, `pool`, `rank`, `status` (as kubectl), `roles`, `ready`, `cordoned`, `jobs{running}`, `cpu{…}`, `memory{…}`, `pods{…}`, `version`, `internal_ip`, `created` |
//! | jobs | `id`, `system`, `project`, `pipeline`, `run`, `name`, `ref`, `commit`, `author`, `url`, `attempt`, `phase` (`queued`, `scheduled`, `pulling`, `preparing`, `running`, `uploading`, `succeeded`, `failed`, `cancelled`, `lost`), `failure`, `step{index,total,name}`, `namespace`, `pod`, `node`, `pool`, `created`, `started`, `ended`, `wait_seconds`, `run_seconds` |
//! | pods | `namespace`, `name`, `ready` (`"1/2"`), `status`, `restarts`, `node`, `ip`, `job`, `created` |
//! | ingresses | `namespace`, `name`, `class`, `addresses`, `routes[{host,path,backend,state,message,ready,total}]` (`state`: `well`, `broken`, `unknown`), `created` |
//!
//! Any other kind prints the server's own Table; as JSON or YAML its objects with secret values hidden.
//! | workloads | `namespace`, `kind`, `name`, `desired`, `current`, `ready`, `available`, `updated`, `rolled_out`, `paused`, `update` (`rolling`, `recreate`, `on_delete`), `revision`, `images`, `restarted`, `message`, `created` |
//! | cronjobs | `namespace`, `name`, `schedule`, `time_zone`, `suspended`, `next`, `last_scheduled`, `last_succeeded`, `active`, `concurrency`, `starting_deadline_seconds`, `message`, `created` |
//!
//! `-l` selects by the labels of pods, nodes and ingresses themselves, and of a job's pod; pools have none.
//! With several contexts each row has its `cluster`, the context's name, before all else.
//!
//! For pools and nodes, whose sums are over all namespaces, `-n` has no meaning.

mod other;
mod print;
mod rows;
mod several;
mod watch;

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::output::{self, Format};
use super::session::Session;
use super::{CliError, Global};
use crate::config::Config;
use crate::model::Kind;
use crate::model::select::Selector;
pub use other::What;
use rows::{Row, View};

/// What can be got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Resource {
    /// Node pools with rank, nodes and jobs
    #[value(alias = "pool")]
    Pools,
    /// Nodes
    #[value(aliases = ["node", "no"])]
    Nodes,
    /// CI jobs and batch Jobs
    #[value(alias = "job")]
    Jobs,
    /// Pods
    #[value(aliases = ["pod", "po"])]
    Pods,
    /// Ingresses with the health of their routes
    #[value(aliases = ["ingress", "ing"])]
    Ingresses,
    /// Deployments, StatefulSets, DaemonSets and bare ReplicaSets, and what is wrong with them
    #[value(aliases = ["workload", "wl"])]
    Workloads,
    /// CronJobs with their next start
    #[value(aliases = ["cronjob", "cj"])]
    Cronjobs,
}

impl Resource {
    /// The feeds it is made of; its own first.
    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Pools | Self::Nodes => &[Kind::Node, Kind::Pod, Kind::BatchJob],
            Self::Jobs => &[Kind::Pod, Kind::BatchJob, Kind::Node],
            Self::Pods => &[Kind::Pod],
            Self::Ingresses => &[Kind::Ingress, Kind::Service, Kind::EndpointSlice],
            Self::Workloads => &[
                Kind::Deployment,
                Kind::StatefulSet,
                Kind::DaemonSet,
                Kind::ReplicaSet,
                Kind::Pod,
                Kind::Node,
            ],
            Self::Cronjobs => &[Kind::CronJob, Kind::BatchJob],
        }
    }

    fn singular(self) -> &'static str {
        match self {
            Self::Pools => "pool",
            Self::Nodes => "node",
            Self::Jobs => "job",
            Self::Pods => "pod",
            Self::Ingresses => "ingress",
            Self::Workloads => "workload",
            Self::Cronjobs => "cronjob",
        }
    }
}

/// Arguments of `get`.
#[derive(Args, Clone, Debug)]
pub struct GetArgs {
    /// What to print; any other kind of the server by its name, as kubectl knows it
    #[arg(value_parser = other::Parser)]
    pub resource: What,
    /// Only these: names, NAMESPACE/NAME, or ids of jobs
    pub names: Vec<String>,
    /// How to print it
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: Format,
    /// Go on and print what changes
    #[arg(short, long)]
    pub watch: bool,
    /// Seconds to wait for the whole answer
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// What is asked for, once it is known to be ours.
#[derive(Clone, Debug)]
struct Asked {
    /// Of another kind: not looked at.
    resource: Resource,
    names: Vec<String>,
    output: Format,
    watch: bool,
    timeout: u64,
}

impl Asked {
    fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

/// Runs it.
pub async fn run(global: &Global, config: &Config, args: GetArgs) -> Result<(), CliError> {
    let (resource, other) = match args.resource {
        What::Ours(resource) => (resource, None),
        What::Other(name) => (Resource::Pods, Some(name)),
    };
    let args = Asked {
        resource,
        names: args.names,
        output: args.output,
        watch: args.watch,
        timeout: args.timeout,
    };
    if let Some(name) = other {
        if global.contexts().len() > 1 {
            return Err(CliError::Usage(format!(
                "{name} is read from one cluster at a time: give one --context"
            )));
        }
        let connection = Session::connect(global).await?.with(&config.api);
        return other::run(global, &connection, &name, &args).await;
    }
    let selector = global.labels()?;
    if args.resource == Resource::Pools && !selector.is_empty() {
        return Err(CliError::Usage(
            "pools have no labels: -l does not go with them; try `get nodes -l …`".into(),
        ));
    }
    if global.contexts().len() > 1 {
        return several::run(global, config, &args, &selector).await;
    }
    let session = start(global, config, &args).await?;
    get(session, &args, &selector).await
}

/// Connects, and starts the feeds that the answer is made of.
async fn start(global: &Global, config: &Config, args: &Asked) -> Result<Session, CliError> {
    let connection = Session::connect(global).await?.with(&config.api);
    let mut scope = global.scope(connection.namespace.clone());
    if matches!(args.resource, Resource::Pools | Resource::Nodes) {
        scope.fallback = scope.namespace.take().or(scope.fallback);
    }
    if args.resource != Resource::Pods {
        // Labels of jobs' pods, nodes and ingresses are looked at here: the other feeds stay whole.
        scope.selector = None;
    }
    let kinds = args.resource.kinds();
    Session::start(connection, scope, kinds, config.ranks.clone()).await
}

async fn get(mut session: Session, args: &Asked, selector: &Selector) -> Result<(), CliError> {
    session.sync(Duration::from_secs(args.timeout)).await;
    if args.watch {
        return watch::run(session, args, selector).await;
    }
    let view = View::new(&session.model, args.resource, session.now());
    let mut rows = view.rows(args.resource);
    rows.retain(|row| is_asked_for(row, &view, args, selector));
    let missing: Vec<&str> = args
        .names
        .iter()
        .filter(|n| !rows.iter().any(|r| r.is_called(n)))
        .map(String::as_str)
        .collect();
    print::all(&view, &rows, args)?;
    session.complete()?;
    if missing.is_empty() {
        if rows.is_empty() && matches!(args.output, Format::Table | Format::Wide) {
            output::say("No resources found");
        }
        return Ok(());
    }
    Err(CliError::Failed(format!(
        "no {} named {}",
        args.resource.singular(),
        missing.join(", ")
    )))
}

/// Whether the labels and the names on the command line mean this row.
fn is_asked_for(row: &Row<'_>, view: &View<'_>, args: &Asked, selector: &Selector) -> bool {
    row.matches(view, selector)
        && (args.names.is_empty() || args.names.iter().any(|n| row.is_called(n)))
}
