//! Reading and following container logs, with the kubelet's answers when there is none.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::World;
use crate::sim::actors::kubelet::container::{Cont, State};
use crate::sim::actors::kubelet::pod::PodRun;
use crate::sim::api::{LogFollow, LogOptions};
use crate::sim::logs::Log;
use crate::sim::{Obj, Status, resource};

/// A position in a followed log: the run in the upper bits, the line in the lower ones.
const LINE_BITS: u32 = 44;

pub(super) fn read(
    world: &World,
    ns: &str,
    pod: &str,
    container: Option<&str>,
    options: &LogOptions,
) -> Result<Bytes, Status> {
    let (_, Some((run, cont))) = find(world, ns, pod, container)? else {
        return Ok(Bytes::new()); // not bound: the server has nowhere to ask
    };
    let (log, _) = open(world, run, cont, options.previous)?;
    let written = log.written(world.now);
    let first = log.first(written, options.since, options.tail_lines);
    let mut out = Vec::new();
    log.read(first, written, options.timestamps, &mut out);
    if let Some(limit) = options.limit_bytes {
        out.truncate(limit);
    }
    Ok(out.into())
}

impl World {
    /// Opens a log to follow; [`World::log_next`] then gives what is there, and what comes.
    ///
    /// # Errors
    /// As [`World::log`].
    pub fn log_follow(
        &self,
        ns: &str,
        pod: &str,
        container: Option<&str>,
        options: LogOptions,
    ) -> Result<LogFollow, Status> {
        let (obj, found) = find(self, ns, pod, container)?;
        let Some((run, cont)) = found else {
            return Ok(LogFollow {
                namespace: ns.to_owned(),
                pod: pod.to_owned(),
                uid: obj.uid.to_string(),
                container: container.unwrap_or_default().to_owned(),
                options,
                position: None,
                sent: 0,
            });
        };
        let (log, number) = open(self, run, cont, options.previous)?;
        let first = log.first(log.written(self.now), options.since, options.tail_lines);
        Ok(LogFollow {
            namespace: ns.to_owned(),
            pod: pod.to_owned(),
            uid: obj.uid.to_string(),
            container: cont.name.to_string(),
            options,
            position: Some(u64::from(number) << LINE_BITS | first),
            sent: 0,
        })
    }

    /// What a followed log has gained, and whether it has ended (the container did, its pod is gone,
    /// or the limit of bytes is reached).
    pub fn log_next(&self, follow: &mut LogFollow) -> (Bytes, bool) {
        if follow.position.is_none() {
            return (Bytes::new(), true);
        }
        let Some(run) = self.actors.kubelets.recall(&follow.uid) else { return (Bytes::new(), true) };
        let Some(cont) = run.containers.iter().find(|c| *c.name == *follow.container) else {
            return (Bytes::new(), true);
        };
        let gone = self.actors.kubelets.pod(&follow.uid).is_none();
        if !gone && !self.actors.kubelets.node_up(&run.node) {
            return (Bytes::new(), false); // the connection hangs
        }
        let position = follow.position.unwrap_or(0);
        let (number, line) = (position >> LINE_BITS, position & ((1 << LINE_BITS) - 1));
        let Some((log, ended)) = of_run(self, run, cont, number) else { return (Bytes::new(), true) };
        let written = log.written(self.now);
        let mut out = Vec::new();
        log.read(line, written.max(line), follow.options.timestamps, &mut out);
        follow.position = Some(number << LINE_BITS | written.max(line));
        let mut over = ended.is_some_and(|e| e <= self.now) || gone;
        if let Some(limit) = follow.options.limit_bytes {
            let left = limit.saturating_sub(follow.sent);
            if out.len() >= left {
                out.truncate(left);
                over = true;
            }
        }
        follow.sent += out.len();
        (out.into(), over || !follow.options.follow)
    }
}

/// A pod as its kubelet sees it, and one of its containers.
type Found<'w> = (&'w PodRun, &'w Cont);

/// The pod and, once it is bound, its kubelet's view of it.
fn find<'w>(
    world: &'w World,
    ns: &str,
    pod: &str,
    container: Option<&str>,
) -> Result<(&'w Obj, Option<Found<'w>>), Status> {
    let pods = resource("pods");
    let obj = world.store.get(pods, ns, pod).ok_or_else(|| Status::not_found(pods, pod))?;
    let names = |key: &str| -> Vec<String> {
        obj.value()["spec"][key]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|c| c["name"].as_str().map(ToOwned::to_owned))
            .collect()
    };
    let (mains, inits) = (names("containers"), names("initContainers"));
    let name = match container.filter(|c| !c.is_empty()) {
        Some(name) if mains.iter().chain(&inits).any(|n| n == name) => name.to_owned(),
        Some(name) => {
            return Err(Status::bad_request(format!("container {name} is not valid for pod {pod}")));
        }
        None => match (mains.as_slice(), inits.is_empty()) {
            ([one], true) => one.clone(),
            _ => {
                let also = if inits.is_empty() {
                    String::new()
                } else {
                    format!(" or one of the init containers: [{}]", inits.join(" "))
                };
                return Err(Status::bad_request(format!(
                    "a container name must be specified for pod {pod}, choose one of: [{}]{also}",
                    mains.join(" ")
                )));
            }
        },
    };
    if obj.node.is_empty() {
        return Ok((obj, None));
    }
    let waiting = || {
        Status::bad_request(format!("container \"{name}\" in pod \"{pod}\" is waiting to start: ContainerCreating"))
    };
    let run = world.actors.kubelets.pod(&obj.uid).ok_or_else(waiting)?;
    if !world.actors.kubelets.node_up(&run.node) {
        let at = format!("{}:10250", run.host_ip);
        return Err(Status::new(
            500,
            "InternalError",
            format!("Get \"https://{at}/containerLogs/{ns}/{pod}/{name}\": dial tcp {at}: i/o timeout"),
        ));
    }
    let cont = run.containers.iter().find(|c| *c.name == *name).ok_or_else(waiting)?;
    Ok((obj, Some((run, cont))))
}

/// The log asked for and the number of its run.
fn open(world: &World, run: &PodRun, cont: &Cont, previous: bool) -> Result<(Log, u32), Status> {
    let current = cont.started_once().then_some(cont.restarts).filter(|_| !previous);
    // A container that backs off shows the log of the run that failed.
    let last = cont.last.as_ref().map(|_| cont.last_number());
    let found = current
        .or(last.filter(|_| previous || !cont.started_once()))
        .and_then(|n| of_run(world, run, cont, u64::from(n)).map(|(log, _)| (log, n)));
    found.ok_or_else(|| {
        let (name, pod) = (&cont.name, &run.name);
        Status::bad_request(if previous {
            format!("previous terminated container \"{name}\" in pod \"{pod}\" not found")
        } else {
            format!("container \"{name}\" in pod \"{pod}\" is {}", why_not(run, cont))
        })
    })
}

/// The log of run `number`, and when it ended.
fn of_run(world: &World, run: &PodRun, cont: &Cont, number: u64) -> Option<(Log, Option<DateTime<Utc>>)> {
    let pod = world.actors.dice.on(&run.uid);
    let n = u32::try_from(number).ok()?;
    let make = |r, end| (Log::of(pod, cont, r, end, n, run.about.clone()), end);
    match &cont.state {
        State::Running(r) if n == cont.restarts => Some(make(r, None)),
        State::Ended(e) if n == cont.restarts => Some(make(&e.run, Some(e.at))),
        _ => {
            let last = cont.last.as_ref().filter(|_| n == cont.last_number())?;
            Some(make(&last.run, Some(last.at)))
        }
    }
}

fn why_not(run: &PodRun, cont: &Cont) -> &'static str {
    match cont.state {
        State::NoImage { .. } => "waiting to start: trying and failing to pull image",
        _ if run.inits > 0 => "waiting to start: PodInitializing",
        _ => "waiting to start: ContainerCreating",
    }
}
