//! `constable restart|scale KIND/NAME…`, `trigger|suspend|resume CRONJOB…`: as in [`super::act`].

use clap::Args;

use super::act::{self, ActArgs, NO_DRAIN};
use super::session::Session;
use super::{CliError, Global};
use crate::config::Config;
use crate::engine::action::{Operation, Target};
use crate::model::{Kind, Meta, Model};

/// What a plan for a workload rests on; its preview says what leads to its pods and what runs in them.
pub(super) const SEEN: &[Kind] = &[
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::Pod,
    Kind::BatchJob,
    Kind::Service,
    Kind::Ingress,
    Kind::Autoscaler,
];

/// Arguments of `restart`.
#[derive(Args, Clone, Debug)]
pub struct WorkloadArgs {
    /// Deployments, StatefulSets or DaemonSets, as deploy/NAME, sts/NAME, ds/NAME
    #[arg(required = true, value_name = "KIND/NAME")]
    pub workloads: Vec<String>,
    /// How it is confirmed.
    #[command(flatten)]
    pub act: ActArgs,
}

/// Arguments of `scale`.
#[derive(Args, Clone, Debug)]
pub struct ScaleArgs {
    /// Deployments, StatefulSets or ReplicaSets, as deploy/NAME, sts/NAME, rs/NAME
    #[arg(required = true, value_name = "KIND/NAME")]
    pub workloads: Vec<String>,
    /// How many pods there are to be
    #[arg(long, value_name = "NUMBER")]
    pub replicas: u32,
    /// How it is confirmed.
    #[command(flatten)]
    pub act: ActArgs,
}

/// Arguments of `trigger`, `suspend` and `resume`.
#[derive(Args, Clone, Debug)]
pub struct CronArgs {
    /// CronJobs, as NAME or cronjob/NAME
    #[arg(required = true, value_name = "CRONJOB")]
    pub cronjobs: Vec<String>,
    /// How it is confirmed.
    #[command(flatten)]
    pub act: ActArgs,
}

/// `restart`.
pub async fn restart(global: &Global, config: &Config, args: WorkloadArgs) -> Result<(), CliError> {
    run(
        global,
        config,
        Operation::Restart,
        &args.workloads,
        &args.act,
    )
    .await
}

/// `scale`.
pub async fn scale(global: &Global, config: &Config, args: ScaleArgs) -> Result<(), CliError> {
    let operation = Operation::Scale(args.replicas);
    run(global, config, operation, &args.workloads, &args.act).await
}

/// `trigger`, `suspend` and `resume`.
pub async fn cron(
    global: &Global,
    config: &Config,
    operation: Operation,
    args: CronArgs,
) -> Result<(), CliError> {
    run(global, config, operation, &args.cronjobs, &args.act).await
}

async fn run(
    global: &Global,
    config: &Config,
    operation: Operation,
    names: &[String],
    args: &ActArgs,
) -> Result<(), CliError> {
    let asked = names
        .iter()
        .map(|name| kind_and_name(operation, name))
        .collect::<Result<Vec<_>, _>>()?;
    let session = act::open(global, config, args, operation).await?;
    let targets = asked
        .into_iter()
        .map(|(kind, name)| target(&session, kind, name))
        .collect::<Result<Vec<_>, CliError>>()?;
    act::act(session, config, operation, targets, NO_DRAIN, args).await
}

/// What `deploy/api` means.
fn kind_and_name(operation: Operation, asked: &str) -> Result<(Kind, &str), CliError> {
    let cron = matches!(
        operation,
        Operation::Trigger | Operation::Suspend | Operation::Resume
    );
    let (word, name) = match asked.split_once('/') {
        Some((word, name)) => (word, name),
        None if cron => ("cronjob", asked),
        None => {
            let text =
                format!("{asked:?}: say what it is: deploy/{asked}, sts/{asked}, ds/{asked}");
            return Err(CliError::Usage(text));
        }
    };
    let kind = match word {
        "deployment" | "deployments" | "deploy" | "deployment.apps" => Kind::Deployment,
        "statefulset" | "statefulsets" | "sts" | "statefulset.apps" => Kind::StatefulSet,
        "daemonset" | "daemonsets" | "ds" | "daemonset.apps" => Kind::DaemonSet,
        "replicaset" | "replicasets" | "rs" | "replicaset.apps" => Kind::ReplicaSet,
        "cronjob" | "cronjobs" | "cj" | "cronjob.batch" => Kind::CronJob,
        other => {
            let text = format!("{other:?} is no kind of workload: deploy, sts, ds, rs or cronjob");
            return Err(CliError::Usage(text));
        }
    };
    if name.is_empty() {
        return Err(CliError::Usage(format!("{asked:?} has no name")));
    }
    Ok((kind, name))
}

fn metas(model: &Model, kind: Kind) -> Vec<&Meta> {
    match kind {
        Kind::CronJob => model.cron_jobs().map(|o| &o.meta).collect(),
        kind => model.workloads(kind).map(|o| &o.meta).collect(),
    }
}

fn target(session: &Session, kind: Kind, name: &str) -> Result<Target, CliError> {
    let mut found = metas(&session.model, kind);
    found.retain(|meta| *meta.name == *name);
    match found.as_slice() {
        [one] => Ok(Target::Workload(kind, one.uid.clone())),
        [] => {
            session.complete()?;
            let word = kind.word();
            Err(CliError::Failed(format!(
                "no {word} {name:?}; `constable get workloads` lists them"
            )))
        }
        several => {
            let namespaces: Vec<&str> = several.iter().map(|m| &*m.namespace).collect();
            Err(CliError::Usage(format!(
                "{name:?} is in several namespaces: {}; give one with -n",
                namespaces.join(", ")
            )))
        }
    }
}
