//! `constable forward TARGET [LOCAL:]PORT…`: ports of 127.0.0.1 lead to a pod until ctrl-c.
//!
//! TARGET is a job's id, the name of a job or pod, or `svc/NAME`. When its pod goes, another ready one of its
//! controller or Service takes its place. Where each leads is said on standard error.

use std::collections::BTreeMap;

use clap::Args;

use super::driver::Driver;
use super::session::Session;
use super::{CliError, Global, act, exec, logs, output};
use crate::config::Config;
use crate::engine::action::drain::plan::DrainOptions;
use crate::engine::action::plan::Ask;
use crate::engine::action::remote::{Goal, ports};
use crate::engine::action::run::ActionId;
use crate::engine::action::{DryRun, Operation, Outcome, Request, Target, Wish};

/// Arguments of `forward`.
#[derive(Args, Clone, Debug)]
pub struct ForwardArgs {
    /// A job's id, a job's or pod's name, or svc/NAME
    pub target: String,
    /// PORT, LOCAL:PORT, or :PORT for any local port
    #[arg(required = true, value_name = "[LOCAL:]PORT")]
    pub ports: Vec<String>,
    /// Do it without asking where the context is marked as production
    #[arg(short, long)]
    pub yes: bool,
    /// Seconds to wait for the list of pods
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub sync_timeout: u64,
}

/// Runs it.
pub async fn run(global: &Global, config: &Config, args: ForwardArgs) -> Result<(), CliError> {
    if config.read_only {
        return Err(CliError::Refused(
            "read-only: the configuration or --read-only forbids every action".into(),
        ));
    }
    let wanted = args
        .ports
        .iter()
        .map(|text| ports(text).map_err(CliError::Usage))
        .collect::<Result<Vec<_>, _>>()?;
    let session = exec::open(global, config, args.sync_timeout).await?;
    let to = goal(&session, global, &args.target)?;
    let mut driver = Driver::new(session, config).await;
    let mut runs = Vec::new();
    for (local, remote) in wanted {
        let to = to.clone();
        let wish = Wish::Forward { to, local, remote };
        runs.push(start(&mut driver, config, wish, args.yes).await?);
    }
    until_ended(&mut driver, &runs).await
}

fn goal(session: &Session, global: &Global, asked: &str) -> Result<Goal, CliError> {
    let service = asked
        .strip_prefix("svc/")
        .or_else(|| asked.strip_prefix("service/"));
    let Some(name) = service else {
        let pod = logs::find(session, asked)?;
        // A job is followed through its attempts.
        return Ok(match session.model.job_of_pod(&pod.meta.uid) {
            Some(job) => Goal::Job(job.key()),
            None => Goal::Pod(pod.meta.uid.clone()),
        });
    };
    let namespace = global.namespace();
    let found: Vec<_> = session
        .model
        .services()
        .filter(|service| *service.meta.name == *name)
        .filter(|service| {
            namespace
                .as_deref()
                .is_none_or(|ns| *service.meta.namespace == *ns)
        })
        .collect();
    match found.as_slice() {
        [one] => Ok(Goal::Service(
            one.meta.namespace.clone(),
            one.meta.name.clone(),
        )),
        [] => {
            session.complete()?;
            Err(CliError::Failed(format!("no service {name:?}")))
        }
        several => {
            let places: Vec<&str> = several.iter().map(|s| &*s.meta.namespace).collect();
            Err(CliError::Usage(format!(
                "service {name:?} is in several namespaces: {}; give one with -n",
                places.join(", ")
            )))
        }
    }
}

async fn start(
    driver: &mut Driver,
    config: &Config,
    wish: Wish,
    yes: bool,
) -> Result<ActionId, CliError> {
    let request = Request {
        operation: Operation::Open(wish.how()),
        targets: vec![Target::Remote(Box::new(wish))],
        drain: DrainOptions::INTERACTIVE,
        hidden: 0,
    };
    let mut plan = driver
        .actions
        .plan(&driver.session.model, &request)
        .map_err(|why| CliError::Refused(why.0))?;
    driver.ask_rights(&plan).await?;
    let context = driver.session.connection.context.clone();
    if config.is_production(&context) && !yes {
        plan.ask = Ask::Name(context);
        for line in act::text(&plan) {
            output::say(&line);
        }
        act::confirm(&plan)?;
    }
    Ok(driver.start(plan, DryRun::Off))
}

/// Until ctrl-c, or until none is open any more.
async fn until_ended(driver: &mut Driver, runs: &[ActionId]) -> Result<(), CliError> {
    let mut said: BTreeMap<ActionId, String> = BTreeMap::new();
    let mut errors: BTreeMap<ActionId, u64> = BTreeMap::new();
    let mut stopped = false;
    loop {
        let mut failed = None;
        let mut open = false;
        for id in runs {
            let Some(run) = driver.actions.run(*id) else {
                continue;
            };
            let result = run.result();
            if said.get(id) != Some(&result) {
                output::say(&result);
                said.insert(*id, result);
            }
            if let Some(traffic) = run.forward().map(|forward| forward.traffic())
                && errors.insert(*id, traffic.errors).unwrap_or(0) < traffic.errors
            {
                output::say(&format!("a connection failed: {}", traffic.last_error));
            }
            open |= !run.over();
            if let Some(Outcome::Failed(why) | Outcome::Refused(why)) =
                run.outcomes().find_map(|(_, outcome)| outcome)
            {
                failed = Some(why.to_string());
            }
        }
        match (open, failed) {
            (true, _) => {}
            (false, Some(_)) if !stopped => {
                return Err(CliError::Failed("nothing is forwarded any more".into()));
            }
            (false, _) => return Ok(()),
        }
        tokio::select! {
            () = driver.step() => {}
            _ = tokio::signal::ctrl_c() => {
                stopped = true;
                for id in runs {
                    driver.stop(*id);
                }
            }
        }
    }
}
