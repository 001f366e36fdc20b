//! `constable platform`: the job platform alone, on the cluster that a kubeconfig names.

use crate::model::quantity;
use crate::sim::platform::{Platform, PlatformOptions, client};
use chrono::Utc;
use clap::Args;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::params::ListParams;
use kube::{Api, Client, Config};
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

/// Run the demo's job platform on a real cluster: it creates workloads and runs jobs as pods
#[derive(Args, Clone, Debug)]
pub struct PlatformArgs {
    /// Do not ask before creating anything
    #[arg(long)]
    pub yes: bool,
    /// Jobs a minute [default: 300 where the demo's pools exist, else 6]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub rate: Option<f64>,
    /// Seed of all that is drawn: projects, durations, failures
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Image of every container; it needs a shell
    #[arg(long, value_name = "IMAGE", default_value = "busybox:1.37")]
    pub image: String,
    /// When the image is pulled
    #[arg(long, value_name = "POLICY", value_parser = ["Always", "IfNotPresent", "Never"])]
    pub image_pull_policy: Option<String>,
    /// Pods use their node's network
    #[arg(long)]
    pub host_network: bool,
    /// Node label that holds the pool's name; runner pods ask for it if a node has the value runner-large
    #[arg(
        long,
        value_name = "KEY",
        default_value = "cloud.google.com/gke-nodepool"
    )]
    pub pool_label: String,
    /// Divide the demo's requests by this [default: what fits the cluster]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub request_divisor: Option<u32>,
    /// Let one Ingress lead to a Service without a ready endpoint
    #[arg(long)]
    pub broken_ingress: bool,
}

/// Jobs a minute: from 0 to 20,000.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text
        .parse()
        .map_err(|_| format!("{text} is not a number of jobs a minute"))?;
    if (0.0..=20_000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err("a rate lies between 0 and 20000 jobs a minute".into())
    }
}

/// Why a command of the simulated cluster or the platform ended without doing its work.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It was not allowed to: exit code 3.
    #[error("{0}")]
    Refused(String),
    /// It could not: exit code 1.
    #[error("{0}")]
    Failed(String),
}

/// Runs the platform until ctrl-c or SIGTERM. `kubeconfig` and `context` as kubectl reads them.
pub async fn run(
    args: &PlatformArgs,
    kubeconfig: Option<&Path>,
    context: Option<&str>,
) -> Result<(), RunError> {
    let (client, name) = connect(kubeconfig, context).await?;
    refuse_what_is_not_ours(&client).await?;
    let options = options(args, &client).await?;
    if !args.yes {
        confirm(&name, &options)?;
    }
    let mut said = String::new();
    let mut installed = false;
    let report = |platform: &Platform| {
        if platform.installed() && !installed {
            installed = true;
            let counts = platform.counts();
            say(&format!(
                "installed on {name}; {} jobs queued, {} running; ctrl-c stops",
                counts.queued, counts.active
            ));
        }
        if let Some(trouble) = platform.trouble().filter(|t| *t != said) {
            said = trouble.to_owned();
            say(trouble);
        }
    };
    let platform = client::run(
        client,
        Platform::new(options),
        Utc::now,
        stop_signal(),
        report,
    )
    .await;
    let counts = platform.counts();
    say(&format!(
        "stopped with {} jobs queued and {} running. What was created stays; `constable platform` goes on with it.\n\
         To remove it: kubectl delete namespace ci-jobs ci-system",
        counts.queued, counts.active
    ));
    Ok(())
}

async fn connect(
    kubeconfig: Option<&Path>,
    context: Option<&str>,
) -> Result<(Client, String), RunError> {
    let failed = |what: String| RunError::Failed(what);
    let file = match kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let file = file.map_err(|e| {
        failed(format!(
            "read the kubeconfig: {e}; name one with --kubeconfig"
        ))
    })?;
    let name = context
        .map(str::to_owned)
        .or_else(|| file.current_context.clone())
        .unwrap_or_else(|| "(no context)".into());
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
    let mut config = Config::from_custom_kubeconfig(file, &options)
        .await
        .map_err(|e| {
            failed(format!(
                "context {name} of the kubeconfig: {e}; `kubectl config get-contexts` lists them"
            ))
        })?;
    let name = format!("{name} ({})", config.cluster_url);
    config.disable_compression = true;
    config.connect_timeout = Some(std::time::Duration::from_secs(10));
    let client = Client::try_from(config).map_err(|e| failed(format!("connect to {name}: {e}")))?;
    let asked = tokio::time::timeout(
        std::time::Duration::from_secs(20),
        client.apiserver_version(),
    )
    .await;
    match asked {
        Ok(Ok(_)) => Ok((client, name)),
        Ok(Err(e)) => Err(failed(format!(
            "reach {name}: {e}; check the server and the credentials"
        ))),
        Err(_) => Err(failed(format!(
            "reach {name}: no answer within 20 s; check the server's address"
        ))),
    }
}

/// Namespaces of these names that somebody else made are theirs.
async fn refuse_what_is_not_ours(client: &Client) -> Result<(), RunError> {
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
    for name in ["ci-jobs", "ci-system"] {
        let found = namespaces
            .get_opt(name)
            .await
            .map_err(|e| RunError::Failed(format!("read namespace {name}: {e}")))?;
        let theirs = found.is_some_and(|n| {
            n.metadata
                .labels
                .is_none_or(|l| !l.contains_key("jobs.constable/platform"))
        });
        if theirs {
            return Err(RunError::Refused(format!(
                "namespace {name} exists and is not the demo platform's; use another cluster, or label it jobs.constable/platform=true"
            )));
        }
    }
    Ok(())
}

/// Requests and rate as the cluster's nodes allow: the demo's where its pools exist, small ones elsewhere.
async fn options(args: &PlatformArgs, client: &Client) -> Result<PlatformOptions, RunError> {
    let nodes: Api<k8s_openapi::api::core::v1::Node> = Api::all(client.clone());
    let failed = |e| RunError::Failed(format!("list nodes: {e}"));
    let params = ListParams::default()
        .labels(&format!("{}=runner-large", args.pool_label))
        .limit(1);
    let pools = nodes.list_metadata(&params).await.map_err(failed)?;
    let given = PlatformOptions {
        seed: args.seed,
        image: args.image.clone(),
        image_pull_policy: args.image_pull_policy.clone(),
        shell: true,
        host_network: args.host_network,
        broken_ingress: args.broken_ingress,
        ..PlatformOptions::default()
    };
    let (mut options, rate) = if pools.items.is_empty() {
        // Of a cluster with more nodes than these the services take a small part anyway.
        let some = nodes.list(&ListParams::default().limit(FEW)).await;
        let cpu = some.map_err(failed)?.items.iter().map(millicores).sum();
        (given.on_small_cluster(cpu), 6.0)
    } else {
        let options = PlatformOptions {
            pool_label: Some(args.pool_label.clone()),
            service_divisor: 8,
            ..given
        };
        (options, 300.0)
    };
    if let Some(divisor) = args.request_divisor {
        options.request_divisor = divisor;
        options.service_divisor = divisor;
    }
    Ok(options.with_rate(args.rate.unwrap_or(rate)))
}

/// Nodes of a cluster without the demo's pools that are asked how large they are.
const FEW: u32 = 50;

/// What a node offers to pods.
fn millicores(node: &k8s_openapi::api::core::v1::Node) -> u32 {
    let allocatable = node.status.as_ref().and_then(|s| s.allocatable.as_ref());
    allocatable
        .and_then(|all| all.get("cpu"))
        .and_then(|cpu| quantity::millis(&cpu.0))
        .and_then(|cpu| u32::try_from(cpu).ok())
        .unwrap_or(0)
}

fn confirm(name: &str, options: &PlatformOptions) -> Result<(), RunError> {
    if !std::io::stdin().is_terminal() {
        return Err(RunError::Refused(format!(
            "nobody to ask whether to run the platform on {name}: add --yes"
        )));
    }
    let pools = options
        .pool_label
        .as_ref()
        .map_or("on any node that fits".to_owned(), |key| {
            format!("on nodes with {key}=runner-large or runner-small")
        });
    let mut err = std::io::stderr();
    // A prompt that cannot be shown is answered by nobody: no.
    let _ = write!(
        err,
        "This creates on {name}:\n\
         \x20 namespaces ci-jobs and ci-system\n\
         \x20 in ci-system Deployments worker ({}), api ({}), results (3) and hooks (2), StatefulSet queue (3), DaemonSet log-shipper,\n\
         \x20   Services, Ingresses, PodDisruptionBudgets and {} queue ConfigMaps\n\
         \x20 in ci-jobs about {} pods a minute, {pools}, image {}\n\
         It runs until ctrl-c. Go on? [y/N] ",
        options.workers, options.handlers, options.queues, options.rate, options.image
    );
    let _ = err.flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    match (read, answer.trim()) {
        (Ok(_), "y" | "Y" | "yes") => Ok(()),
        (Ok(_) | Err(_), _) => Err(RunError::Refused("nothing was created".into())),
    }
}

/// Done at the first ctrl-c, SIGTERM or SIGHUP.
pub(crate) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut hangup)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        // Without handlers the default action ends the program.
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = term.recv() => {}
        _ = hangup.recv() => {}
    }
}

fn say(line: &str) {
    // A closed standard output is no reason to stop the platform.
    let _ = writeln!(std::io::stdout(), "{line}");
}
