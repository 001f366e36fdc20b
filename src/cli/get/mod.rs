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
//! `-l` selects by the labels of pods, nodes and ingresses themselves, and of a job's pod; pools have none.
//! For pools and nodes, whose sums are over all namespaces, `-n` has no meaning.

mod rows;

use std::collections::BTreeMap;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::output::{self, Format};
use super::session::Session;
use super::{CliError, Global};
use crate::config::Config;
use crate::model::Kind;
use crate::model::select::Selector;
use rows::Row;

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
}

impl Resource {
    /// The feeds it is made of; its own first.
    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Pools | Self::Nodes => &[Kind::Node, Kind::Pod, Kind::BatchJob],
            Self::Jobs => &[Kind::Pod, Kind::BatchJob, Kind::Node],
            Self::Pods => &[Kind::Pod],
            Self::Ingresses => &[Kind::Ingress, Kind::Service, Kind::EndpointSlice],
        }
    }

    fn singular(self) -> &'static str {
        match self {
            Self::Pools => "pool",
            Self::Nodes => "node",
            Self::Jobs => "job",
            Self::Pods => "pod",
            Self::Ingresses => "ingress",
        }
    }
}

/// Arguments of `get`.
#[derive(Args, Clone, Debug)]
pub struct GetArgs {
    /// What to print
    #[arg(value_enum)]
    pub resource: Resource,
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

/// Between two looks at what changed, with `-w`.
const LOOK: Duration = Duration::from_millis(250);

/// Runs it.
pub async fn run(global: &Global, config: &Config, args: GetArgs) -> Result<(), CliError> {
    let selector = global.labels()?;
    if args.resource == Resource::Pools && !selector.is_empty() {
        return Err(CliError::Usage(
            "pools have no labels: -l does not go with them; try `get nodes -l …`".into(),
        ));
    }
    let connection = Session::connect(global).await?;
    let mut scope = global.scope(connection.namespace.clone());
    if matches!(args.resource, Resource::Pools | Resource::Nodes) {
        scope.fallback = scope.namespace.take().or(scope.fallback);
    }
    if args.resource != Resource::Pods {
        // Labels of jobs' pods, nodes and ingresses are looked at here: the other feeds stay whole.
        scope.selector = None;
    }
    let kinds = args.resource.kinds();
    let session = Session::start(connection, scope, kinds, config.ranks.clone()).await?;
    get(session, &args, &selector).await
}

async fn get(mut session: Session, args: &GetArgs, selector: &Selector) -> Result<(), CliError> {
    session.sync(Duration::from_secs(args.timeout)).await;
    let rows = look(&session, args, selector);
    if args.watch {
        return watch(session, args, selector, rows).await;
    }
    let missing: Vec<&str> = args
        .names
        .iter()
        .filter(|n| !rows.iter().any(|r| r.is_called(n)))
        .map(String::as_str)
        .collect();
    print(&rows, args)?;
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

/// The rows that are asked for, in order.
fn look(session: &Session, args: &GetArgs, selector: &Selector) -> Vec<Row> {
    let mut rows = rows::rows(&session.model, args.resource, selector, session.now());
    if !args.names.is_empty() {
        rows.retain(|row| args.names.iter().any(|n| row.is_called(n)));
    }
    rows
}

fn print(rows: &[Row], args: &GetArgs) -> Result<(), CliError> {
    let text = match args.output {
        Format::Table | Format::Wide => {
            if rows.is_empty() {
                return Ok(());
            }
            let wide = args.output == Format::Wide;
            let heads = rows::heads(args.resource, wide);
            let cells: Vec<Vec<String>> = rows.iter().map(|r| r.cells(heads.len())).collect();
            output::table(&heads, &cells, true)
        }
        Format::Json => output::json(&array(rows))?,
        Format::Yaml => output::yaml(&array(rows))?,
        Format::Name => rows.iter().fold(String::new(), |text, row| {
            text + args.resource.singular() + "/" + &row.name + "\n"
        }),
    };
    output::write(text.as_bytes())
}

fn array(rows: &[Row]) -> Value {
    Value::Array(rows.iter().map(|r| r.json.clone()).collect())
}

/// Prints what is there as added, then what changes, until it is interrupted.
async fn watch(
    mut session: Session,
    args: &GetArgs,
    selector: &Selector,
    first: Vec<Row>,
) -> Result<(), CliError> {
    session.watch_pulse();
    let mut printer = Printer::new(args);
    let mut known = BTreeMap::new();
    printer.print(&first.iter().map(|r| ("added", r)).collect::<Vec<_>>())?;
    for row in first {
        known.insert(row.key.clone(), row);
    }
    for gap in session.gaps() {
        output::say(&format!("incomplete: {gap}"));
    }
    let mut said = session.stale();
    loop {
        let Some((_, mut changes)) = session.next().await else {
            return session.complete();
        };
        // What comes close together is looked at once.
        let deadline = Instant::now() + LOOK;
        while let Ok(Some((_, more))) = timeout_at(deadline, session.next()).await {
            changes.merge(more);
        }
        let stale = session.stale();
        for feed in stale.iter().filter(|f| !said.contains(f)) {
            output::say(feed);
        }
        if stale.is_empty() && !said.is_empty() {
            output::say("live again");
        }
        said = stale;
        if changes.is_empty() {
            continue;
        }
        let now = look(&session, args, selector);
        let mut news: Vec<(&str, &Row)> = Vec::new();
        for row in &now {
            match known.get(&row.key) {
                None => news.push(("added", row)),
                Some(old) if !old.same(row) => news.push(("changed", row)),
                Some(_) => {}
            }
        }
        let keys: std::collections::BTreeSet<_> = now.iter().map(|r| &r.key).collect();
        // While a list comes in, what has not been seen yet is not gone.
        if session.settled() {
            news.extend(
                known
                    .values()
                    .filter(|r| !keys.contains(&r.key))
                    .map(|r| ("removed", r)),
            );
        }
        printer.print(&news)?;
        let removed: Vec<_> = news
            .iter()
            .filter(|(event, _)| *event == "removed")
            .map(|(_, row)| row.key.clone())
            .collect();
        for key in removed {
            known.remove(&key);
        }
        for row in now {
            known.insert(row.key.clone(), row);
        }
    }
}

/// Prints changes in the asked form; the head of a table once.
struct Printer<'a> {
    args: &'a GetArgs,
    heads: bool,
}

impl<'a> Printer<'a> {
    fn new(args: &'a GetArgs) -> Self {
        Self { args, heads: true }
    }

    fn print(&mut self, news: &[(&str, &Row)]) -> Result<(), CliError> {
        if news.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        match self.args.output {
            Format::Table | Format::Wide => {
                let mut heads = vec!["EVENT"];
                heads.extend(rows::heads(
                    self.args.resource,
                    self.args.output == Format::Wide,
                ));
                let cells: Vec<Vec<String>> = news
                    .iter()
                    .map(|(event, row)| {
                        let mut cells = vec![(*event).to_owned()];
                        cells.extend(row.cells(heads.len() - 1));
                        cells
                    })
                    .collect();
                text = output::table(&heads, &cells, std::mem::take(&mut self.heads));
            }
            Format::Json | Format::Yaml => {
                for (event, row) in news {
                    let mut object = serde_json::Map::new();
                    object.insert("event".into(), (*event).into());
                    if let Value::Object(fields) = &row.json {
                        object.extend(fields.clone());
                    }
                    let object = Value::Object(object);
                    if self.args.output == Format::Json {
                        text.push_str(&object.to_string());
                        text.push('\n');
                    } else {
                        text.push_str("---\n");
                        text.push_str(&output::yaml(&object)?);
                    }
                }
            }
            Format::Name => {
                for (_, row) in news {
                    text.push_str(self.args.resource.singular());
                    text.push('/');
                    text.push_str(&row.name);
                    text.push('\n');
                }
            }
        }
        output::write(text.as_bytes())
    }
}
