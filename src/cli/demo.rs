//! `constable demo`: the console on a simulated cluster inside the same process.

use super::platform::{RunError, rate};
use super::{CliError, Global, console, scenarios};
use crate::cluster::connect::Connection;
use crate::engine::Settings;
use crate::model::Text;
use crate::shell::Source;
use crate::sim::demo::{Demo, DemoOptions};
use crate::sim::http::{self, Served, Server};
use crate::sim::scenario::Scenario;
use chrono::{TimeDelta, Utc};
use clap::Args;
use kube::{Client, Config};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// What cluster is simulated
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct DemoArgs {
    /// Seed of everything that is drawn [default: the scenario's, or 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Scenario to play: a TOML file with load, time and faults, or a name: default, full-pool, outage, sick-node
    #[arg(long, value_name = "FILE|NAME")]
    pub scenario: Option<PathBuf>,
    /// Nodes in all: 1 as on a laptop, or 4 and more [default: the scenario's, or 63]
    #[arg(long, value_name = "N", value_parser = nodes)]
    pub nodes: Option<u32>,
    /// Jobs a minute [default: as many as keep the job nodes well filled, 300 on 48 of them; at most 1500]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate: Option<f64>,
    /// So many job pods more, on nodes of their own among --nodes: to try how large a cluster may be
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500_000))]
    pub pods: Option<u32>,
    /// So many of the --pods end each second, and as many are created, scheduled, initialised and started in their
    /// place; those that ended are deleted some seconds later [default: a thirtieth of them a minute]
    #[arg(long, value_name = "N", requires = "pods", value_parser = clap::value_parser!(u32).range(0..=2_000))]
    pub churn: Option<u32>,
    /// So many small changes each second, of status or annotations, on those of the --pods that run [default: none]
    #[arg(long, value_name = "N", requires = "pods", value_parser = clap::value_parser!(u32).range(0..=5_000))]
    pub changes: Option<u32>,
}

impl DemoArgs {
    /// What to build: flags go before the scenario, the scenario before the defaults.
    pub(crate) fn options(&self) -> Result<DemoOptions, RunError> {
        let scenario = self.scenario.as_deref().map(scenarios::read).transpose();
        let scenario = scenario.map_err(RunError::Failed)?;
        let defaults = DemoOptions::default();
        let of = |f: fn(&Scenario) -> Option<u64>| scenario.as_ref().and_then(f);
        let nodes = self
            .nodes
            .or_else(|| of(|s| s.nodes.map(|n| n as u64)).and_then(|n| u32::try_from(n).ok()));
        Ok(DemoOptions {
            seed: self
                .seed
                .or_else(|| of(|s| s.seed))
                .unwrap_or(defaults.seed),
            nodes: nodes.unwrap_or(defaults.nodes),
            rate: self.rate.or_else(|| scenario.as_ref().and_then(|s| s.rate)),
            pods: self.pods.and_then(|n| usize::try_from(n).ok()),
            churn: self.churn.and_then(|n| usize::try_from(n).ok()),
            changes: self
                .changes
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(0),
            scenario: scenario.map(Arc::new),
            ..defaults
        })
    }

    /// Builds the demo, as it stands now or at the scenario's start. Takes a second or two of computing.
    pub(crate) fn build(&self) -> Result<Demo, RunError> {
        let options = self.options()?;
        let start = options
            .scenario
            .as_ref()
            .and_then(|s| s.start)
            .map_or_else(Utc::now, |start| start.0);
        let mut demo = Demo::build(&options, start)
            .map_err(|e| RunError::Failed(format!("build the simulated cluster: {e}")))?;
        if options.scenario.as_ref().and_then(|s| s.start).is_none() {
            // Building took time; the cluster's clock is to show what ours does.
            while Utc::now() - demo.world.now() > TimeDelta::milliseconds(50) {
                demo.advance(Utc::now());
            }
        }
        Ok(demo)
    }
}

/// A number of nodes that a demo may have.
pub(crate) fn nodes(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(nodes @ (1 | 4..=20_000)) => Ok(nodes),
        Ok(_) | Err(_) => Err(format!("{text} is neither 1 nor from 4 to 20000")),
    }
}

/// A demo that runs; it ends with this value.
pub struct Running {
    /// Leads to it, as its admin. It does not retry.
    pub client: Client,
    server: Server,
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// The cluster behind it: connections inside the process, and the world itself.
    pub fn served(&self) -> &Served {
        self.server.served()
    }

    /// Writes its kubeconfig; the file appears whole.
    pub(crate) fn write_kubeconfig(&self, path: &Path) -> std::io::Result<()> {
        self.server.write_kubeconfig(path)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.server.shutdown();
    }
}

/// The console on simulated clusters
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct DemoConsoleArgs {
    /// Each of them.
    #[command(flatten)]
    pub demo: DemoArgs,
    /// How many clusters, each with a seed of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub clusters: u8,
    /// What the console is recorded into.
    #[command(flatten)]
    pub record: super::RecordArgs,
}

/// Opens the console on a demo, or on several.
pub(super) async fn run(
    args: DemoConsoleArgs,
    global: &Global,
    config: &crate::config::Config,
    record: Option<PathBuf>,
) -> Result<ExitCode, CliError> {
    let seed = args.demo.options()?.seed;
    let names: Vec<Text> = match args.clusters {
        1 => vec!["demo".into()],
        count => (1..=count).map(|n| format!("demo-{n}").into()).collect(),
    };
    let mut running = Vec::new();
    let mut sources = Vec::new();
    for (name, more) in names.iter().zip(0..) {
        let demo = DemoArgs {
            seed: Some(seed + more),
            ..args.demo.clone()
        };
        let cluster = start(demo).await?;
        let mut connection = Connection::from_client(cluster.client.clone(), name);
        connection.contexts.clone_from(&names);
        sources.push(Source::Connected(Box::new(connection)));
        running.push(cluster);
    }
    let settings = Settings {
        contexts: names,
        ..config.settings()
    };
    let record = args.record.file.or(record);
    console::open(sources, settings, global, config, record).await
}

/// Starts the demo on a free port of loopback: it answers and its time passes when this returns.
pub async fn start(args: DemoArgs) -> Result<Running, RunError> {
    serve(args, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
}

/// The same on an address of loopback.
pub(crate) async fn serve(args: DemoArgs, addr: SocketAddr) -> Result<Running, RunError> {
    let demo = tokio::task::spawn_blocking(move || args.build())
        .await
        .map_err(|e| RunError::Failed(format!("build the simulated cluster: {e}")))??;
    let served = Served::new(demo);
    let server = http::serve(served.clone(), addr)
        .await
        .map_err(|e| RunError::Failed(format!("listen on {addr}: {e}")))?;
    served.drive(1.0);
    let failed = |e: String| RunError::Failed(format!("connect to the simulated cluster: {e}"));
    let url = format!("http://{}", server.local_addr())
        .parse()
        .map_err(|e: ::http::uri::InvalidUri| failed(e.to_string()))?;
    let mut config = Config::new(url);
    config.default_retry = false;
    config.disable_compression = true;
    // A proxy of the environment does not lead to this process.
    config.proxy_url = None;
    let client = Client::try_from(config).map_err(|e| failed(e.to_string()))?;
    Ok(Running { client, server })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_go_before_the_scenario() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.toml");
        std::fs::write(&path, "seed = 7\nnodes = 20\nrate = 50\n").unwrap();
        let args = DemoArgs {
            scenario: Some(path.clone()),
            nodes: Some(8),
            ..DemoArgs::default()
        };
        let options = args.options().unwrap();
        assert_eq!(
            (options.seed, options.nodes, options.rate),
            (7, 8, Some(50.0))
        );
        std::fs::write(&path, "seeds = 7\n").unwrap();
        let error = args.options().unwrap_err().to_string();
        assert!(
            error.contains("s.toml") && error.contains("seeds"),
            "{error}"
        );
    }
}
