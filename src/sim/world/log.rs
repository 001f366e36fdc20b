//! Reading and following container logs. Which container and whether it has a log at all, the API
//! server has settled already.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::World;
use crate::sim::Status;
use crate::sim::actors::kubelet::container::{Cont, State};
use crate::sim::actors::kubelet::pod::PodRun;
use crate::sim::api::{LogFollow, Response};
use crate::sim::logs::Log;

/// A position in a followed log: the run in the upper bits, the line in the lower ones.
const LINE_BITS: u32 = 44;

/// Bytes handed out by one [`World::log_next`], about.
const CHUNK_LINES: u64 = 20_000;

impl World {
    /// What a log request gets: its text, a log to follow, or the kubelet's refusal.
    pub(super) fn open_log(&self, mut follow: LogFollow) -> Response {
        if let Some(run) = self.actors.kubelets.pod(&follow.uid)
            && !self.actors.kubelets.node_up(&run.node)
        {
            let (
                at,
                LogFollow {
                    namespace,
                    pod,
                    container,
                    ..
                },
            ) = (&run.host_ip, &follow);
            return Response::status(&Status::new(
                500,
                "InternalError",
                format!(
                    "Get \"https://{at}:10250/containerLogs/{namespace}/{pod}/{container}\": dial tcp {at}:10250: i/o timeout"
                ),
            ));
        }
        if follow.options.follow {
            return Response::Log(follow);
        }
        let mut out = Vec::new();
        loop {
            let (bytes, ended) = self.log_next(&mut follow);
            out.extend_from_slice(&bytes);
            if ended || bytes.is_empty() {
                return Response::text(200, out);
            }
        }
    }

    /// What a log has gained since it was last read, and whether it has ended (the container did, its
    /// pod is gone, or the limit of bytes is reached). The first reading starts where the options say.
    pub fn log_next(&self, follow: &mut LogFollow) -> (Bytes, bool) {
        let Some(run) = self.actors.kubelets.recall(&follow.uid) else {
            return (Bytes::new(), true);
        };
        let Some(cont) = run.containers.iter().find(|c| *c.name == *follow.container) else {
            return (Bytes::new(), true);
        };
        let gone = self.actors.kubelets.pod(&follow.uid).is_none();
        if !gone && !self.actors.kubelets.node_up(&run.node) {
            return (Bytes::new(), false); // the connection hangs
        }
        if follow.options.previous && cont.script.as_ref().is_some_and(|s| s.previous_lost) {
            let id = cont.container_id(self.actors.dice.on(&run.uid), cont.last_number());
            let said = format!("unable to retrieve container logs for {id}\n");
            return (said.into(), true);
        }
        let number = match follow.position {
            Some(position) => u32::try_from(position >> LINE_BITS).ok(),
            None => choose(cont, follow.options.previous),
        };
        let opened =
            number.and_then(|n| of_run(self, run, cont, n).map(|(log, ended)| (n, log, ended)));
        let Some((number, log, ended)) = opened else {
            return (Bytes::new(), true);
        };
        let written = log.written(self.now);
        let line = match follow.position {
            Some(position) => position & ((1 << LINE_BITS) - 1),
            None => log.first(written, follow.options.since, follow.options.tail_lines),
        };
        let dumb = follow
            .options
            .follow
            .then(|| log.dumb_after(*follow.opened.get_or_insert(line)))
            .flatten();
        let readable = dumb.map_or(written, |dumb| written.min(dumb));
        let to = readable.clamp(line, line + CHUNK_LINES);
        let mut out = Vec::new();
        log.read(line, to, follow.options.timestamps, &mut out);
        follow.position = Some(u64::from(number) << LINE_BITS | to);
        let mut over = to >= written
            && dumb.is_none_or(|dumb| to < dumb)
            && (ended.is_some_and(|e| e <= self.now) || gone || !follow.options.follow);
        if let Some(limit) = follow.options.limit_bytes {
            let left = limit.saturating_sub(follow.sent);
            if out.len() >= left {
                out.truncate(left);
                over = true;
            }
        }
        follow.sent += out.len();
        (out.into(), over)
    }
}

/// The number of the run to read: the present one, else the last; a container that backs off shows the
/// log of the run that failed.
fn choose(cont: &Cont, previous: bool) -> Option<u32> {
    if cont.started_once() && !previous {
        Some(cont.restarts)
    } else {
        cont.last.as_ref().map(|_| cont.last_number())
    }
}

/// The log of run `number`, and when it ended.
fn of_run(
    world: &World,
    run: &PodRun,
    cont: &Cont,
    number: u32,
) -> Option<(Log, Option<DateTime<Utc>>)> {
    let pod = world.actors.dice.on(&run.uid);
    let make = |r, end| (Log::of(pod, cont, r, end, number, run.about.clone()), end);
    match &cont.state {
        State::Running(r) if number == cont.restarts => Some(make(r, None)),
        State::Ended(e) if number == cont.restarts => Some(make(&e.run, Some(e.at))),
        _ => {
            let last = cont
                .last
                .as_ref()
                .filter(|_| number == cont.last_number())?;
            Some(make(&last.run, Some(last.at)))
        }
    }
}
