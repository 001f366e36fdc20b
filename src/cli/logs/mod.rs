//! `constable logs`: the log of a job across its containers, or of one container; or of many pods, merged.
//!
//! JOB is a job's id, or the name of a job or pod (`NAMESPACE/NAME` too) if only one has it. Init containers
//! come first, one after the other, then the main ones: together when following, else in their order. With
//! more than one container each line begins with the container's name. How containers ended is said on
//! standard error.
//!
//! Several jobs, a pool, a node or labels are read together and merged by time, each line behind whose it is.

mod many;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::{Args, ValueEnum};

use super::output;
use super::session::{Heard, Session};
use super::{CliError, Global};
use crate::cluster::log::{LogStream, Pressure};
use crate::config::Config;
use crate::engine::{Event, LogEnd, LogEvent, LogId, LogLine, LogSource};
use crate::model::{ContainerRole, JobId, Kind, Model, Pod, Text};

/// Arguments of `logs`.
#[derive(Args, Clone, Debug)]
pub struct LogsArgs {
    /// Jobs' ids, or jobs' or pods' names
    pub job: Vec<String>,
    /// All jobs of a pool (or pods, where it has no jobs)
    #[arg(long, value_name = "NAME", conflicts_with_all = ["job", "node"])]
    pub pool: Option<String>,
    /// All jobs of a node (or pods, where it has no jobs)
    #[arg(long, value_name = "NAME", conflicts_with = "job")]
    pub node: Option<String>,
    /// Go on as the log grows, until the containers end
    #[arg(short, long)]
    pub follow: bool,
    /// The log of the containers' last life
    #[arg(short, long, conflicts_with = "follow")]
    pub previous: bool,
    /// Only this container
    #[arg(short, long, value_name = "NAME")]
    pub container: Option<String>,
    /// Only so many of the last lines of each container
    #[arg(long, value_name = "LINES")]
    pub tail: Option<u32>,
    /// Only what is newer: 30s, 5m, 2h
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub since: Option<TimeDelta>,
    /// Lines as text, or each as a JSON object
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Format,
    /// Begin each line with its time
    #[arg(long)]
    pub timestamps: bool,
    /// Seconds to wait for the list of pods
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// How lines are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// As they are, behind whose they are.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// `1h30m`, `5m`, `30s`, `1.5h`.
pub(super) fn duration(text: &str) -> Result<TimeDelta, String> {
    let wrong = || format!("{text:?} is no duration; say 30s, 5m or 2h");
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .ok_or_else(wrong)?;
        let number: f64 = rest[..end].parse().map_err(|_| wrong())?;
        rest = &rest[end..];
        let (unit, factor) = [
            ("ms", 0.001),
            ("s", 1.0),
            ("m", 60.0),
            ("h", 3600.0),
            ("d", 86400.0),
        ]
        .into_iter()
        .find(|(unit, _)| rest.starts_with(unit))
        .ok_or_else(wrong)?;
        rest = &rest[unit.len()..];
        seconds += number * factor;
    }
    if text.is_empty() || !(0.0..=1e9).contains(&seconds) {
        return Err(wrong());
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 1e12, checked above"
    )]
    Ok(TimeDelta::milliseconds((seconds * 1000.0) as i64))
}

/// Runs it.
pub async fn run(global: &Global, config: &Config, args: LogsArgs) -> Result<(), CliError> {
    let connection = Session::connect(global).await?.with(&config.api);
    let scope = global.scope(connection.namespace.clone());
    let one = args.job.len() == 1 && args.output == Format::Text;
    if args.job.is_empty() && args.pool.is_none() && args.node.is_none() && scope.selector.is_none()
    {
        return Err(CliError::Usage(
            "whose logs? give JOB, --pool NAME, --node NAME or -l LABELS".into(),
        ));
    }
    let kinds: &[Kind] = if args.pool.is_some() || args.node.is_some() {
        &[Kind::Pod, Kind::BatchJob, Kind::Node]
    } else {
        &[Kind::Pod, Kind::BatchJob]
    };
    let session = Session::start(connection, scope, kinds, config.ranks.clone()).await?;
    match args.job.first() {
        Some(job) if one => logs(session, &args, job).await,
        _ => many::run(session, &args, config.api.max_log_streams as usize).await,
    }
}

async fn logs(mut session: Session, args: &LogsArgs, job: &str) -> Result<(), CliError> {
    session.sync(Duration::from_secs(args.timeout)).await;
    let pod = find(&session, job)?;
    let containers: Vec<(Text, bool)> = pod
        .containers()
        .filter(|c| match &args.container {
            Some(name) => **c.name() == **name,
            None => c.role() != ContainerRole::Sidecar,
        })
        .map(|c| (c.name().clone(), c.role() == ContainerRole::Main))
        .collect();
    if containers.is_empty() {
        let names: Vec<&str> = pod.containers().map(|c| &**c.name()).collect();
        return Err(CliError::Usage(format!(
            "pod {} has no container {:?}; it has {}",
            pod.meta.name,
            args.container.as_deref().unwrap_or_default(),
            names.join(", ")
        )));
    }
    let base = LogSource {
        namespace: pod.meta.namespace.clone(),
        pod: pod.meta.name.clone(),
        uid: pod.meta.uid.clone(),
        container: "".into(),
        previous: args.previous,
        follow: args.follow,
        since: args.since.map(|s| session.now() - s),
        tail: args.tail,
        restarts: 0,
    };
    // The list has done its work.
    let (connection, events) = (session.connection.clone(), session.events.clone());
    let width = if containers.len() > 1 {
        containers.iter().map(|(n, _)| n.chars().count()).max()
    } else {
        None
    };
    let mut show = Show {
        args,
        width,
        lines: 0,
        ends: Vec::new(),
    };
    let groups = groups(containers, args.follow);
    let mut next = 0;
    for group in groups {
        let mut open = BTreeMap::new();
        for name in group {
            let id = LogId(next);
            next += 1;
            let source = LogSource {
                container: name.clone(),
                ..base.clone()
            };
            let stream = LogStream::open(
                connection.clone(),
                id,
                source,
                Pressure::Wait,
                events.clone(),
            );
            open.insert(id, (name, stream));
        }
        while !open.is_empty() {
            let Some(heard) = session.next().await else {
                break;
            };
            let Heard::Other(Event::Log(id, news)) = heard else {
                continue;
            };
            if let Some((name, _)) = open.get(&id)
                && show.news(name, *news)?
            {
                open.remove(&id);
            }
        }
    }
    show.done()
}

fn candidates(asked: &str, names: &[String]) -> String {
    format!(
        "{asked:?} may be any of: {}; give an id or NAMESPACE/NAME",
        names.join(", ")
    )
}

/// Containers that are read at the same time: each on its own, but the main ones together when following.
fn groups(containers: Vec<(Text, bool)>, follow: bool) -> Vec<Vec<Text>> {
    let mut groups: Vec<Vec<Text>> = Vec::new();
    let mut mains = Vec::new();
    for (name, main) in containers {
        if main && follow {
            mains.push(name);
        } else {
            groups.push(vec![name]);
        }
    }
    if !mains.is_empty() {
        groups.push(mains);
    }
    groups
}

/// Prints news of streams.
struct Show<'a> {
    args: &'a LogsArgs,
    /// Width of the containers' names, if they are shown.
    width: Option<usize>,
    lines: u64,
    ends: Vec<LogEnd>,
}

impl Show<'_> {
    /// True: that stream is over.
    fn news(&mut self, container: &Text, news: LogEvent) -> Result<bool, CliError> {
        match news {
            LogEvent::Lines(lines) => {
                self.lines += lines.len() as u64;
                let mut text = String::new();
                for line in &lines {
                    self.line(&mut text, container, line);
                }
                output::write(text.as_bytes())?;
            }
            LogEvent::Opened => {}
            LogEvent::Waiting(words) => output::say(&format!("{container}: waiting: {words}")),
            LogEvent::Dropped(count) => output::say(&format!("{container}: {count} lines lost")),
            LogEvent::Restarted { count, how } => {
                output::say(&format!("{container}: restarted ({count}), {how}"));
            }
            LogEvent::Said(words) => output::say(&format!("{container}: {words}")),
            LogEvent::Resuming(why) => output::say(&format!("{container}: resuming: {why}")),
            LogEvent::Ended(end) => {
                match &end {
                    LogEnd::Container(how) if &**how == "exit 0" => {}
                    LogEnd::Container(how) => output::say(&format!("{container}: {how}")),
                    LogEnd::Gone(words) | LogEnd::Denied(words) | LogEnd::Failed(words) => {
                        output::say(&format!("{container}: {words}"));
                    }
                }
                self.ends.push(end);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn line(&self, text: &mut String, container: &str, line: &LogLine) {
        if let Some(width) = self.width {
            let _ = write!(text, "{container:width$} | ");
        }
        if self.args.timestamps {
            text.push_str(&stamp(line.at));
            text.push(' ');
        }
        text.push_str(&line.text);
        // A colour that a line leaves on must not run into the next.
        if line.text.contains('\u{1b}') {
            text.push_str("\u{1b}[0m");
        }
        text.push('\n');
    }

    /// The exit: of containers of which nothing was seen, if that is all of them.
    fn done(self) -> Result<(), CliError> {
        let denied = self.ends.iter().find_map(|e| match e {
            LogEnd::Denied(why) => Some(why.clone()),
            _ => None,
        });
        if let Some(why) = denied {
            return Err(CliError::Refused(format!("log denied: {why}")));
        }
        let read = |e: &&LogEnd| matches!(e, LogEnd::Container(_));
        if self.lines > 0 || self.ends.iter().any(|e| read(&e)) {
            return Ok(());
        }
        let why = self.ends.iter().find_map(|e| match e {
            LogEnd::Gone(why) | LogEnd::Failed(why) => Some(why.clone()),
            LogEnd::Container(_) | LogEnd::Denied(_) => None,
        });
        Err(CliError::Failed(format!(
            "no log: {}",
            why.unwrap_or_else(|| "the connection ended".into())
        )))
    }
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Why a name leads to no pod.
#[derive(Debug, PartialEq, Eq)]
enum NotFound {
    Nothing,
    NoPod,
    Several(Vec<String>),
}

/// The pod that JOB means, or why there is none.
pub(super) fn find<'s>(session: &'s Session, asked: &str) -> Result<&'s Pod, CliError> {
    match resolve(&session.model, asked) {
        Ok(pod) => Ok(pod),
        Err(NotFound::Nothing) => {
            session.complete()?;
            Err(CliError::Failed(format!(
                "no job or pod {asked:?}; `constable get jobs` lists them"
            )))
        }
        Err(NotFound::NoPod) => Err(CliError::Failed(format!(
            "job {asked} has no pod; `constable get jobs {asked}` shows how it stands"
        ))),
        Err(NotFound::Several(candidates)) => {
            Err(CliError::Usage(self::candidates(asked, &candidates)))
        }
    }
}

/// The pod that JOB means: by job id, else by pod, else by job name.
fn resolve<'m>(model: &'m Model, asked: &str) -> Result<&'m Pod, NotFound> {
    let id = JobId::from(asked);
    let by_id: Vec<_> = model.jobs_by_id(&id).collect();
    let jobs = if by_id.is_empty() {
        let pods: Vec<&Pod> = model
            .pods()
            .filter(|p| {
                *p.meta.name == *asked
                    || asked
                        .split_once('/')
                        .is_some_and(|(ns, name)| *p.meta.namespace == *ns && *p.meta.name == *name)
            })
            .collect();
        match pods.as_slice() {
            [pod] => return Ok(pod),
            [] => {}
            several => {
                let names = several
                    .iter()
                    .map(|p| format!("{}/{}", p.meta.namespace, p.meta.name));
                return Err(NotFound::Several(names.collect()));
            }
        }
        model
            .jobs()
            .filter(|j| {
                j.name() == asked
                    || **j.pod_name() == *asked
                    || asked
                        .split_once('/')
                        .is_some_and(|(ns, name)| **j.namespace() == *ns && j.name() == name)
            })
            .collect()
    } else {
        by_id
    };
    match jobs.as_slice() {
        [] => Err(NotFound::Nothing),
        [job] => job
            .pod()
            .and_then(|uid| model.pod(uid))
            .ok_or(NotFound::NoPod),
        several => {
            // A few are enough to see what is meant.
            const SHOWN: usize = 8;
            let mut names: Vec<String> = several
                .iter()
                .take(SHOWN)
                .map(|j| format!("{} ({} {} {})", j.id, j.system().0, j.project(), j.name()))
                .collect();
            if several.len() > SHOWN {
                names.push(format!("{} more", several.len() - SHOWN));
            }
            Err(NotFound::Several(names))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, want) in [
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("1h30m", Some(5_400_000)),
            ("1.5h", Some(5_400_000)),
            ("250ms", Some(250)),
            ("", None),
            ("5", None),
            ("5x", None),
            ("m", None),
            ("-5m", None),
        ] {
            assert_eq!(
                duration(text).ok().map(|d| d.num_milliseconds()),
                want,
                "{text:?}"
            );
        }
    }

    #[test]
    fn main_containers_are_followed_together() {
        let containers = || vec![("a".into(), false), ("b".into(), true), ("c".into(), true)];
        let names = |groups: Vec<Vec<Text>>| -> Vec<String> {
            groups.iter().map(|g| g.join("+")).collect()
        };
        assert_eq!(names(groups(containers(), true)), ["a", "b+c"]);
        assert_eq!(names(groups(containers(), false)), ["a", "b", "c"]);
    }
}
