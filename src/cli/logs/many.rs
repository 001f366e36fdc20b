//! Logs of several pods at once: merged by time, each line behind whose it is, a bounded number of streams.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{Format, LogsArgs, NotFound, candidates, resolve};
use crate::cli::session::{Heard, Session};
use crate::cli::{CliError, output};
use crate::cluster::log::{LogStream, Pressure};
use crate::engine::{Event, LogEnd, LogEvent, LogId, LogLine, LogSource, short_name};
use crate::model::{Change, ContainerRole, Kind, Pod, Text, Uid};

/// Lines wait so long for older ones of other streams.
const HOLD: Duration = Duration::from_millis(500);
/// Bytes that wait at most when a log is read to its end: beyond them the order is that of parts.
const MOST: usize = 64 << 20;
/// A stream without a line for so long gives its place to one that waits.
const QUIET: Duration = Duration::from_secs(20);
/// Past lines of each stream while following, unless it is said.
const TAIL: u32 = 100;

/// A pod and what is said of it.
struct Member {
    label: Text,
    namespace: Text,
    pod: Text,
}

/// A stream that is open, or gave its place away.
struct Open {
    uid: Uid,
    container: Text,
    stream: LogStream,
    heard: Instant,
    parked: bool,
}

struct Waiting {
    at: DateTime<Utc>,
    came: Instant,
    uid: Uid,
    container: Text,
    text: Box<str>,
}

pub(super) struct Many<'a> {
    args: &'a LogsArgs,
    budget: usize,
    members: BTreeMap<Uid, Member>,
    open: BTreeMap<LogId, Open>,
    /// Containers that wait for a stream.
    queue: VecDeque<(Uid, Text)>,
    lines: Vec<Waiting>,
    bytes: usize,
    next: u64,
    wrote: u64,
    denied: Option<Text>,
    failed: Option<Text>,
    told: usize,
}

/// Reads them.
pub(super) async fn run(
    mut session: Session,
    args: &LogsArgs,
    budget: usize,
) -> Result<(), CliError> {
    session.sync(Duration::from_secs(args.timeout)).await;
    let mut many = Many {
        args,
        budget,
        members: BTreeMap::new(),
        open: BTreeMap::new(),
        queue: VecDeque::new(),
        lines: Vec::new(),
        bytes: 0,
        next: 0,
        wrote: 0,
        denied: None,
        failed: None,
        told: 0,
    };
    let found = many.find(&session)?;
    for uid in found {
        many.join(&session, &uid);
    }
    if many.members.is_empty() && !args.follow {
        session.complete()?;
        return Err(CliError::Failed(
            "no job or pod there; `constable get jobs` lists them".into(),
        ));
    }
    many.fill(&session);
    many.follow(&mut session).await?;
    many.done()
}

impl Many<'_> {
    /// The pods that are meant, as they are now.
    fn find(&self, session: &Session) -> Result<Vec<Uid>, CliError> {
        let args = self.args;
        if args.job.is_empty() {
            let pods = session.model.pods().filter(|pod| self.meant(session, pod));
            return Ok(pods.map(|pod| pod.meta.uid.clone()).collect());
        }
        let mut found = Vec::new();
        for asked in &args.job {
            match resolve(&session.model, asked) {
                Ok(pod) => found.push(pod.meta.uid.clone()),
                Err(NotFound::Several(names)) => {
                    return Err(CliError::Usage(candidates(asked, &names)));
                }
                Err(NotFound::NoPod) => output::say(&format!("job {asked} has no pod, so no log")),
                Err(NotFound::Nothing) => {
                    session.complete()?;
                    return Err(CliError::Failed(format!(
                        "no job or pod {asked:?}; `constable get jobs` lists them"
                    )));
                }
            }
        }
        Ok(found)
    }

    /// Whether a pod belongs to the pool, the node or the labels.
    fn meant(&self, session: &Session, pod: &Pod) -> bool {
        let model = &session.model;
        let of_pool = |pool: &String| {
            let at = pod.node.as_ref().and_then(|n| model.pool_of_node(n));
            at.is_some_and(|at| **at == **pool)
        };
        let on = |node: &String| pod.node.as_ref().is_some_and(|n| **n == **node);
        let job = model.job_of_pod(&pod.meta.uid).is_some();
        let daemon = pod
            .meta
            .owner
            .as_ref()
            .is_some_and(|o| &*o.kind == "DaemonSet");
        self.args.pool.as_ref().is_none_or(of_pool)
            && self.args.node.as_ref().is_none_or(on)
            // Of a pool or node its jobs are meant; where there are none what else runs there.
            && (job || (!daemon && !self.has_jobs(session)))
    }

    fn has_jobs(&self, session: &Session) -> bool {
        (self.args.pool.is_some() || self.args.node.is_some())
            && session
                .model
                .jobs()
                .any(|job| match (&self.args.pool, &self.args.node) {
                    (Some(pool), _) => session
                        .model
                        .pool_of_job(job)
                        .is_some_and(|p| **p == **pool),
                    (None, Some(node)) => job.node().is_some_and(|n| **n == **node),
                    (None, None) => false,
                })
    }

    fn join(&mut self, session: &Session, uid: &Uid) {
        if self.members.contains_key(uid) {
            return;
        }
        let Some(pod) = session.model.pod(uid) else {
            return;
        };
        // A pod that has not been bound has nothing to read.
        if pod.node.is_none() {
            return;
        }
        let member = Member {
            label: short_name(&session.model, pod),
            namespace: pod.meta.namespace.clone(),
            pod: pod.meta.name.clone(),
        };
        self.members.insert(uid.clone(), member);
        for container in pod.containers() {
            let wanted = match &self.args.container {
                Some(name) => **container.name() == **name,
                None => container.role() != ContainerRole::Sidecar,
            };
            let lived = !self.args.previous || container.restarts() > 0;
            if wanted && lived {
                self.queue
                    .push_back((uid.clone(), container.name().clone()));
            }
        }
    }

    /// Opens streams while there are places.
    fn fill(&mut self, session: &Session) {
        let held = |open: &BTreeMap<LogId, Open>| open.values().filter(|o| !o.parked).count();
        let mut free = self.budget.saturating_sub(held(&self.open));
        while free > 0
            && let Some((uid, container)) = self.queue.pop_front()
        {
            free -= 1;
            self.open(session, uid, container);
        }
        // Who gave its place away goes on.
        for open in self.open.values_mut().filter(|o| o.parked).take(free) {
            open.parked = false;
            open.heard = Instant::now();
            open.stream.park(false);
        }
        let waiting = self.queue.len() + self.open.values().filter(|o| o.parked).count();
        if waiting > 0 && self.told == 0 {
            let all = waiting + held(&self.open);
            output::say(&format!(
                "{} of {all} streams, {waiting} wait",
                all - waiting
            ));
        }
        self.told = waiting;
    }

    fn open(&mut self, session: &Session, uid: Uid, container: Text) {
        let Some(member) = self.members.get(&uid) else {
            return;
        };
        let of = session.model.pod(&uid);
        let c = of.and_then(|pod| pod.container(&container));
        let ended = c.is_some_and(|c| c.end().is_some());
        let tail = self
            .args
            .tail
            .or_else(|| (self.args.follow && self.args.since.is_none()).then_some(TAIL));
        let source = LogSource {
            namespace: member.namespace.clone(),
            pod: member.pod.clone(),
            uid: uid.clone(),
            container: container.clone(),
            previous: self.args.previous,
            follow: self.args.follow && !ended,
            since: self.args.since.map(|s| session.now() - s),
            tail,
            restarts: c.map_or(0, |c| c.restarts()),
        };
        let id = LogId(self.next);
        self.next += 1;
        let stream = LogStream::open(
            session.connection.clone(),
            id,
            source,
            Pressure::Wait,
            session.events.clone(),
        );
        let open = Open {
            uid,
            container,
            stream,
            heard: Instant::now(),
            parked: false,
        };
        self.open.insert(id, open);
    }

    async fn follow(&mut self, session: &mut Session) -> Result<(), CliError> {
        let joins = self.args.follow && self.args.job.is_empty();
        let mut beat = interval(HOLD);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while joins || !self.open.is_empty() || !self.queue.is_empty() {
            tokio::select! {
                heard = session.next() => match heard {
                    None => break,
                    Some(Heard::Changes(changes)) => {
                        let pods = changes.objects.iter();
                        let pods = pods.filter(|o| o.kind == Kind::Pod && o.change != Change::Removed);
                        for object in pods.filter(|_| joins) {
                            let meant = session.model.pod(&object.uid);
                            if meant.is_some_and(|pod| self.meant(session, pod)) {
                                self.join(session, &object.uid);
                            }
                        }
                        self.fill(session);
                    }
                    Some(Heard::Other(Event::Log(id, news))) => {
                        self.news(id, *news)?;
                        self.fill(session);
                    }
                    Some(Heard::Other(_)) => {}
                },
                _ = beat.tick() => {
                    if self.args.follow {
                        self.write(HOLD)?;
                        self.rotate();
                        self.fill(session);
                    }
                }
            }
        }
        self.write(Duration::ZERO)
    }

    /// Who has been quiet gives its place to who waits.
    fn rotate(&mut self) {
        let mut waiting = self.queue.len();
        for open in self.open.values_mut() {
            if waiting > 0 && !open.parked && open.heard.elapsed() >= QUIET {
                open.parked = true;
                open.stream.park(true);
                waiting -= 1;
            }
        }
    }

    fn news(&mut self, id: LogId, news: LogEvent) -> Result<(), CliError> {
        let Some(open) = self.open.get_mut(&id) else {
            return Ok(());
        };
        let (uid, container) = (open.uid.clone(), open.container.clone());
        let label = self.members.get(&uid).map(|m| m.label.clone());
        let name = format!("{} {container}", label.unwrap_or_default());
        match news {
            LogEvent::Lines(lines) => {
                open.heard = Instant::now();
                self.take(&uid, &container, lines);
                if self.bytes > MOST {
                    self.write(Duration::ZERO)?;
                }
            }
            LogEvent::Opened => {}
            LogEvent::Waiting(words) => output::say(&format!("{name}: waiting: {words}")),
            LogEvent::Dropped(count) => output::say(&format!("{name}: {count} lines lost")),
            LogEvent::Resuming(why) => output::say(&format!("{name}: resuming: {why}")),
            LogEvent::Restarted { count, how } => {
                output::say(&format!("{name}: restarted ({count}), {how}"));
            }
            LogEvent::Said(words) => output::say(&format!("{name}: {words}")),
            LogEvent::Ended(end) => {
                self.open.remove(&id);
                match end {
                    LogEnd::Container(how)
                        if matches!(&*how, "exit 0" | "still running" | "end of what there is") => {
                    }
                    LogEnd::Container(how) => output::say(&format!("{name}: {how}")),
                    LogEnd::Gone(why) => output::say(&format!("{name}: {why}")),
                    LogEnd::Denied(why) => self.denied = Some(why),
                    LogEnd::Failed(why) => {
                        output::say(&format!("{name}: {why}"));
                        self.failed = Some(why);
                    }
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, uid: &Uid, container: &Text, lines: Vec<LogLine>) {
        let came = Instant::now();
        for line in lines {
            self.bytes += line.text.len() + size_of::<Waiting>();
            self.lines.push(Waiting {
                at: line.at,
                came,
                uid: uid.clone(),
                container: container.clone(),
                text: line.text,
            });
        }
    }

    /// Prints the lines that came at least so long ago, in the order of their time.
    fn write(&mut self, held: Duration) -> Result<(), CliError> {
        let ready = |line: &Waiting| line.came.elapsed() >= held;
        let mut out: Vec<Waiting> = self.lines.extract_if(.., |line| ready(line)).collect();
        if out.is_empty() {
            return Ok(());
        }
        out.sort_by_key(|line| line.at);
        let widest = self.members.values().map(|m| m.label.chars().count());
        let width = widest.max().unwrap_or(0).min(40);
        let mut text = String::new();
        for line in &out {
            self.bytes -= line.text.len() + size_of::<Waiting>();
            self.line(&mut text, width, line);
        }
        self.wrote += out.len() as u64;
        output::write(text.as_bytes())
    }

    fn line(&self, text: &mut String, width: usize, line: &Waiting) {
        let Some(member) = self.members.get(&line.uid) else {
            return;
        };
        let at = line.at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        if self.args.output == Format::Json {
            let object = json!({
                "time": at,
                "namespace": &*member.namespace,
                "pod": &*member.pod,
                "container": &*line.container,
                "name": &*member.label,
                "message": &*line.text,
            });
            text.push_str(&object.to_string());
        } else {
            text.push_str(&format!("{:width$} {} | ", member.label, line.container));
            if self.args.timestamps {
                text.push_str(&at);
                text.push(' ');
            }
            text.push_str(&line.text);
            if line.text.contains('\u{1b}') {
                text.push_str("\u{1b}[0m");
            }
        }
        text.push('\n');
    }

    fn done(self) -> Result<(), CliError> {
        match (self.denied, self.failed) {
            (Some(why), _) => Err(CliError::Refused(format!("log denied: {why}"))),
            (None, Some(why)) if self.wrote == 0 => Err(CliError::Failed(format!("no log: {why}"))),
            (None, _) => Ok(()),
        }
    }
}
