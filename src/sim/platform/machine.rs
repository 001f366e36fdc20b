//! The platform as a machine: takes in what the cluster shows, says what to call.

use super::call::{Call, CallId, Input, Kind, Method};
use super::entry::{Entry, JobId, State, whole};
use super::fate::{Fate, Outcome};
use super::install::{self, INGRESSES, Manifest, REGISTERED_BY, ROUTES};
use super::load;
use super::options::PlatformOptions;
use super::seen::{RunnerPod, Seen, SystemPod};
use super::shard::Shard;
use chrono::{DateTime, TimeDelta, Utc};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What was refused or got no answer is tried again after this.
pub(super) const AGAIN: TimeDelta = TimeDelta::seconds(5);
/// How often each ConfigMap of the queue is written at most.
const WRITE_EVERY: TimeDelta = TimeDelta::milliseconds(1500);
/// The same while a demo is warmed up.
const WRITE_SELDOM: TimeDelta = TimeDelta::seconds(6);
/// How often workers look for jobs to take.
const TAKE_EVERY: TimeDelta = TimeDelta::milliseconds(500);
/// Pushes that are later than this, because the machine stood still, are not made up for.
const LATE: TimeDelta = TimeDelta::seconds(30);
/// A pod that succeeded is still there so long after the end of its work, with some time to start it.
const SHOWN: TimeDelta = TimeDelta::seconds(75);
/// Share of all places at workers, in percent: with so many pods that no node has taken, people put off long suites.
const BUSY: usize = 3;
/// Ids begin above this, so that they all have the same width for long.
const FIRST_ID: JobId = 40_000;

/// What a call was for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    Install(Box<Manifest>),
    Queue(usize),
    Create(JobId),
    Delete(JobId, u32),
    Route(usize),
}

/// A runner pod, and whether its deletion was asked for by us.
#[derive(Clone, Debug)]
pub(super) struct Runner {
    pub(super) pod: RunnerPod,
    pub(super) delete_sent: bool,
}

/// How far the creation of a job's pod has come while the watch does not show it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Creation {
    Sent,
    Answered(DateTime<Utc>),
}

#[derive(Clone, Debug, Default)]
struct RouteState {
    /// Who registered it, when the Ingress exists.
    seen: Option<Option<String>>,
    outstanding: u8,
    retry: Option<DateTime<Utc>>,
}

/// Jobs by where they stand, and the pods that act for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In the queue, not yet taken.
    pub queued: usize,
    /// Taken by a worker and not ended.
    pub active: usize,
    /// Ready worker pods.
    pub workers: usize,
    /// Ready API handler pods.
    pub handlers: usize,
}

/// The job platform. See the module's documentation.
#[derive(Clone, Debug)]
pub struct Platform {
    pub(super) options: PlatformOptions,
    rng: ChaCha8Rng,
    next_call: u64,
    calls: BTreeMap<CallId, Purpose>,
    /// Objects to create, and when; namespaces first.
    install: Vec<(DateTime<Utc>, Manifest)>,
    /// Creations in flight.
    installing: usize,
    namespaces: bool,
    synced: BTreeSet<Kind>,
    pub(super) pods: BTreeMap<(JobId, u32), Runner>,
    pub(super) shards: Vec<Shard>,
    /// Queued jobs that nobody has taken.
    pub(super) waiting: BTreeSet<JobId>,
    pub(super) creating: BTreeMap<JobId, Creation>,
    /// Jobs to look at, now.
    pub(super) touched: BTreeSet<JobId>,
    /// Jobs to look at later.
    pub(super) timers: BTreeSet<(DateTime<Utc>, JobId)>,
    system: BTreeMap<String, SystemPod>,
    routes: Vec<RouteState>,
    routes_changed: bool,
    next_push: Option<DateTime<Utc>>,
    next_take: DateTime<Utc>,
    last_id: JobId,
    /// Opening time of a demo that is being warmed up.
    opens: Option<DateTime<Utc>>,
    trouble: Option<String>,
}

impl Platform {
    /// A platform that will install itself where it is missing.
    pub fn new(options: PlatformOptions) -> Platform {
        let start = DateTime::UNIX_EPOCH;
        Platform {
            rng: ChaCha8Rng::seed_from_u64(options.seed),
            next_call: 0,
            calls: BTreeMap::new(),
            install: install::namespaces()
                .into_iter()
                .map(|m| (start, m))
                .collect(),
            installing: 0,
            namespaces: false,
            synced: BTreeSet::new(),
            pods: BTreeMap::new(),
            shards: (0..options.queues.max(1)).map(Shard::new).collect(),
            waiting: BTreeSet::new(),
            creating: BTreeMap::new(),
            touched: BTreeSet::new(),
            timers: BTreeSet::new(),
            system: BTreeMap::new(),
            routes: vec![RouteState::default(); ROUTES.len()],
            routes_changed: true,
            next_push: None,
            next_take: start,
            last_id: FIRST_ID,
            opens: None,
            trouble: None,
            options,
        }
    }

    /// Takes in one input at `now`; adds the calls that follow.
    pub fn handle(&mut self, now: DateTime<Utc>, input: Input, calls: &mut Vec<Call>) {
        match input {
            Input::Listed(kind, all) => self.listed(kind, all),
            Input::Applied(seen) => self.applied(seen),
            Input::Deleted(seen) => self.deleted(&seen),
            Input::Reply { id, status, body } => self.reply(now, id, status, &body),
            Input::Failed { id, why } => self.failed(now, id, why),
            Input::Tick => {}
        }
        self.advance(now, calls);
    }

    /// When the next [`Input::Tick`] has something to do.
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        let mut due: Vec<DateTime<Utc>> = self.install.iter().map(|(at, _)| *at).collect();
        if self.ready() {
            if self.acting() {
                due.extend(self.timers.first().map(|(at, _)| *at));
                due.extend((!self.waiting.is_empty()).then_some(self.next_take));
            }
            if self.handler_ready() {
                due.extend(self.next_push);
                due.extend(self.routes.iter().filter_map(|r| r.retry));
            }
            due.extend(self.shards.iter().filter_map(Shard::due));
        }
        due.into_iter().min()
    }

    /// While a demo is warmed up until it opens: only jobs are pushed of which something will be left by then, and the
    /// queue is written seldom. `None`: as always.
    pub fn warm_up(&mut self, opens: Option<DateTime<Utc>>) {
        self.opens = opens;
    }

    /// Whether all that the platform is made of was created or found.
    pub fn installed(&self) -> bool {
        self.namespaces && self.install.is_empty() && self.installing == 0
    }

    /// The last call that was refused or got no answer, in words.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Jobs by where they stand.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, entry) in self.shards.iter().flat_map(Shard::entries) {
            counts.queued += usize::from(entry.state == State::Queued && entry.pod.is_none());
            counts.active += usize::from(entry.active());
        }
        counts.workers = self.ready_pods("worker").count();
        counts.handlers = self.ready_pods("api").count();
        counts
    }

    /// The entry of a job, as it is or is about to be.
    pub fn entry(&self, id: JobId) -> Option<&Entry> {
        self.shards.iter().find_map(|s| s.entry(id))
    }

    fn ready(&self) -> bool {
        self.synced.len() == Kind::ALL.len()
    }

    fn acting(&self) -> bool {
        self.ready_pods("worker").next().is_some()
    }

    fn handler_ready(&self) -> bool {
        self.ready_pods("api").next().is_some()
    }

    fn ready_pods<'a>(&'a self, component: &'a str) -> impl Iterator<Item = &'a SystemPod> {
        self.system
            .values()
            .filter(move |p| p.ready && p.component == component)
    }

    fn shard_index(name: &str) -> Option<usize> {
        name.strip_prefix("queue-")?
            .parse()
            .ok()
            .filter(|i| *i < 1024)
    }

    fn listed(&mut self, kind: Kind, all: Vec<Seen>) {
        match kind {
            Kind::RunnerPods => {
                self.touched.extend(self.pods.keys().map(|(id, _)| *id));
                let mut before = std::mem::take(&mut self.pods);
                for seen in all {
                    if let Seen::Runner(pod) = seen {
                        let delete_sent = before
                            .remove(&(pod.job, pod.attempt))
                            .is_some_and(|r| r.delete_sent && r.pod.uid == pod.uid);
                        self.touched.insert(pod.job);
                        self.last_id = self.last_id.max(pod.job);
                        self.pods
                            .insert((pod.job, pod.attempt), Runner { pod, delete_sent });
                    }
                }
            }
            Kind::SystemPods => {
                self.system.clear();
                all.into_iter().for_each(|seen| self.applied(seen));
            }
            Kind::Queues => {
                let present: BTreeSet<String> = all
                    .iter()
                    .filter_map(|s| {
                        if let Seen::Queue(map) = s {
                            Some(map.name.clone())
                        } else {
                            None
                        }
                    })
                    .collect();
                self.shards
                    .iter_mut()
                    .filter(|s| !present.contains(s.name()))
                    .for_each(Shard::vanished);
                all.into_iter().for_each(|seen| self.applied(seen));
                let ids: Vec<JobId> = self
                    .shards
                    .iter()
                    .flat_map(Shard::entries)
                    .map(|(id, _)| id)
                    .collect();
                self.touched.extend(ids);
            }
            Kind::Ingresses => {
                self.routes.iter_mut().for_each(|r| r.seen = None);
                all.into_iter().for_each(|seen| self.applied(seen));
            }
        }
        self.routes_changed = true;
        self.synced.insert(kind);
    }

    fn applied(&mut self, seen: Seen) {
        match seen {
            Seen::Runner(pod) => {
                let key = (pod.job, pod.attempt);
                self.touched.insert(pod.job);
                self.last_id = self.last_id.max(pod.job);
                self.creating.remove(&pod.job);
                let delete_sent = self
                    .pods
                    .get(&key)
                    .is_some_and(|r| r.delete_sent && r.pod.uid == pod.uid);
                self.pods.insert(key, Runner { pod, delete_sent });
            }
            Seen::System(pod) => {
                self.routes_changed |= pod.component == "api";
                self.system.insert(pod.name.clone(), pod);
            }
            Seen::Queue(map) => {
                let Some(index) = Self::shard_index(&map.name) else {
                    return;
                };
                while self.shards.len() <= index {
                    self.shards.push(Shard::new(self.shards.len()));
                }
                let changed = self.shards[index].observe(map);
                self.last_id = self.last_id.max(self.shards[index].last_id());
                self.touched.extend(changed);
            }
            Seen::Ingress(ingress) => {
                if let Some(i) = ROUTES.iter().position(|r| r.name == ingress.name) {
                    self.routes[i].seen = Some(ingress.by);
                    self.routes_changed = true;
                }
            }
        }
    }

    fn deleted(&mut self, seen: &Seen) {
        match seen {
            Seen::Runner(pod) => {
                self.touched.insert(pod.job);
                self.creating.remove(&pod.job);
                self.pods.remove(&(pod.job, pod.attempt));
            }
            Seen::System(pod) => {
                self.system.remove(&pod.name);
                self.routes_changed = true;
            }
            Seen::Queue(map) => {
                if let Some(shard) = self.shards.iter_mut().find(|s| s.name() == map.name) {
                    shard.vanished();
                }
            }
            Seen::Ingress(ingress) => {
                if let Some(i) = ROUTES.iter().position(|r| r.name == ingress.name) {
                    self.routes[i].seen = None;
                    self.routes_changed = true;
                }
            }
        }
    }

    fn reply(&mut self, now: DateTime<Utc>, id: CallId, status: u16, body: &[u8]) {
        let Some(purpose) = self.calls.remove(&id) else {
            return;
        };
        let well = (200..300).contains(&status);
        if !well && status != 409 && status != 404 {
            self.trouble = Some(format!("{}: {}", describe(&purpose), message(status, body)));
        }
        match purpose {
            Purpose::Install(manifest) => {
                self.installing -= 1;
                if !well && status != 409 {
                    self.install.push((now + AGAIN, *manifest));
                }
            }
            Purpose::Queue(index) => {
                let shard = &mut self.shards[index];
                if !shard.awaits(id) {
                } else if !well {
                    let at = if status == 409 { now } else { now + AGAIN };
                    shard.refused(at, status == 404);
                } else if let (true, Ok(Seen::Queue(map))) =
                    (shard.reads(), Seen::decode(Kind::Queues, body))
                {
                    let changed = shard.read(map);
                    self.touched.extend(changed);
                } else {
                    let written = shard.done(Seen::revision(body));
                    self.touched.extend(written);
                }
            }
            Purpose::Create(job) => self.create_answered(now, job, status, body),
            Purpose::Delete(job, attempt) => self.delete_answered(now, job, attempt, status),
            Purpose::Route(route) => self.route_answered(now, route),
        }
    }

    fn failed(&mut self, now: DateTime<Utc>, id: CallId, why: String) {
        let Some(purpose) = self.calls.remove(&id) else {
            return;
        };
        self.trouble = Some(format!("{}: {why}", describe(&purpose)));
        match purpose {
            Purpose::Install(manifest) => {
                self.installing -= 1;
                self.install.push((now + AGAIN, *manifest));
            }
            Purpose::Queue(index) => self.shards[index].refused(now + AGAIN, false),
            Purpose::Create(job) => {
                self.creating.remove(&job);
                self.timers.insert((now + AGAIN, job));
            }
            Purpose::Delete(job, attempt) => self.delete_answered(now, job, attempt, 500),
            Purpose::Route(route) => self.route_answered(now, route),
        }
    }

    fn route_answered(&mut self, now: DateTime<Utc>, route: usize) {
        let state = &mut self.routes[route];
        state.outstanding -= 1;
        if state.outstanding == 0 {
            // By then the watch shows whether it took effect.
            state.retry = Some(now + AGAIN);
        }
    }

    /// Registers one call.
    pub(super) fn call(
        &mut self,
        calls: &mut Vec<Call>,
        purpose: Purpose,
        method: Method,
        path: String,
        body: Value,
    ) {
        let id = self.call_id();
        let content_type = match method {
            Method::Get => "",
            Method::Post | Method::Delete => "application/json",
            Method::Patch => "application/merge-patch+json",
        };
        self.calls.insert(id, purpose);
        calls.push(Call {
            id,
            method,
            path,
            content_type,
            body,
        });
    }

    fn call_id(&mut self) -> CallId {
        self.next_call += 1;
        CallId(self.next_call)
    }

    fn advance(&mut self, now: DateTime<Utc>, calls: &mut Vec<Call>) {
        self.install(now, calls);
        if !self.ready() {
            return;
        }
        if self.handler_ready() {
            self.register(now, calls);
            self.push(now);
        }
        if self.acting() {
            while let Some((at, id)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
                self.timers.remove(&(at, id));
                self.touched.insert(id);
            }
            self.take(now);
            while let Some(id) = self.touched.pop_first() {
                self.reconcile(now, id, calls);
            }
        }
        self.write(now, calls);
    }

    fn install(&mut self, now: DateTime<Utc>, calls: &mut Vec<Call>) {
        if !self.namespaces && self.install.is_empty() && self.installing == 0 {
            self.namespaces = true;
            self.install = install::objects(&self.options)
                .into_iter()
                .map(|m| (now, m))
                .collect();
        }
        let (due, later) = std::mem::take(&mut self.install)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.install = later;
        let due: Vec<(DateTime<Utc>, Manifest)> = due;
        for (_, manifest) in due {
            self.installing += 1;
            let (path, body) = (manifest.0.to_owned(), manifest.1.clone());
            self.call(
                calls,
                Purpose::Install(Box::new(manifest)),
                Method::Post,
                path,
                body,
            );
        }
    }

    /// API handlers see to it that their Services and Ingresses exist and name a handler that does.
    fn register(&mut self, now: DateTime<Utc>, calls: &mut Vec<Call>) {
        let retry = self
            .routes
            .iter()
            .any(|r| r.retry.is_some_and(|at| at <= now));
        if !self.routes_changed && !retry {
            return;
        }
        self.routes_changed = false;
        let ready: Vec<String> = self.ready_pods("api").map(|p| p.name.clone()).collect();
        for (i, route) in ROUTES.iter().enumerate() {
            let by = &ready[i % ready.len()];
            let state = &mut self.routes[i];
            if state.retry.is_some_and(|at| at <= now) {
                state.retry = None;
            }
            if state.outstanding > 0 || state.retry.is_some() {
                continue;
            }
            match &state.seen {
                Some(Some(known)) if self.system.contains_key(known) => {}
                Some(_) => {
                    self.routes[i].outstanding = 1;
                    let body = json!({ "metadata": { "annotations": { REGISTERED_BY: by } } });
                    self.call(
                        calls,
                        Purpose::Route(i),
                        Method::Patch,
                        format!("{INGRESSES}/{}", route.name),
                        body,
                    );
                }
                None => {
                    self.routes[i].outstanding = 2;
                    for (path, body) in route.manifests(by) {
                        self.call(
                            calls,
                            Purpose::Route(i),
                            Method::Post,
                            path.to_owned(),
                            body,
                        );
                    }
                }
            }
        }
    }

    /// People push runs of pipelines; handlers put their jobs into the queue.
    fn push(&mut self, now: DateTime<Utc>) {
        if self.options.rate <= 0.0 {
            return;
        }
        if self.next_push.is_none() {
            // One that goes on after another does not push the same once more.
            self.rng = ChaCha8Rng::seed_from_u64(self.options.seed ^ (self.last_id << 20));
        }
        let mut next = self.next_push.unwrap_or(now);
        if now - next > LATE {
            next = now;
        }
        while next <= now {
            self.push_run(next.max(now - LATE));
            let seconds =
                load::exponential(&mut self.rng, self.options.rate / load::jobs_per_run());
            #[expect(
                clippy::cast_possible_truncation,
                reason = "minutes at most, in microseconds"
            )]
            let gap = TimeDelta::microseconds((seconds * 1e6) as i64 + 1);
            next += gap;
        }
        self.next_push = Some(next);
    }

    fn push_run(&mut self, now: DateTime<Utc>) {
        let unbound = self
            .pods
            .values()
            .filter(|r| !r.pod.bound && r.pod.end.is_none())
            .count();
        let places = self.options.concurrency * usize::try_from(self.options.workers).unwrap_or(1);
        let busy = unbound * 100 > places * BUSY;
        let run = load::next_run(&mut self.rng, self.last_id + 8001 - FIRST_ID, busy);
        for (name, shape) in run.jobs {
            self.last_id += 1;
            let id = self.last_id;
            let index = usize::try_from(id).unwrap_or(0) % self.options.queues.max(1);
            let entry = Entry {
                state: State::Queued,
                attempt: 1,
                project: run.project.into(),
                pipeline: run.pipeline.into(),
                run: run.number.to_string(),
                name: (*name).into(),
                git_ref: run.git_ref.clone(),
                commit: run.commit.clone(),
                author: run.author.clone(),
                pool: self.options.pool_of(load::shape_named(shape)).into(),
                shape: (*shape).into(),
                pod: None,
                worker: None,
                asked: None,
                asked_by: None,
                retry_of: None,
                queued_at: whole(now),
                ended_at: None,
                reason: None,
            };
            let wanted = self.opens.is_none_or(|opens| {
                let fate = Fate::of(self.options.seed, id, &entry);
                let ends = now + TimeDelta::seconds(i64::from(fate.seconds()));
                fate.outcome != Outcome::Succeeded || ends + SHOWN > opens
            });
            // A full queue refuses: the API server would refuse a larger ConfigMap.
            if wanted && !self.shards[index].full() {
                self.shards[index].put(id, entry);
                self.waiting.insert(id);
            }
        }
    }

    /// Workers with room take the oldest jobs.
    fn take(&mut self, now: DateTime<Utc>) {
        if self.waiting.is_empty() || self.next_take > now {
            return;
        }
        self.next_take = now + TAKE_EVERY;
        let mut room: BTreeMap<String, usize> = self
            .ready_pods("worker")
            .map(|p| (p.name.clone(), self.options.concurrency))
            .collect();
        for (_, entry) in self
            .shards
            .iter()
            .flat_map(Shard::entries)
            .filter(|(_, e)| e.active())
        {
            if let Some(left) = entry.worker.as_ref().and_then(|w| room.get_mut(w)) {
                *left = left.saturating_sub(1);
            }
        }
        while let Some(id) = self.waiting.first().copied() {
            let Some((worker, left)) = room
                .iter_mut()
                .max_by_key(|(name, left)| (**left, std::cmp::Reverse((*name).clone())))
            else {
                break;
            };
            if *left == 0 {
                break;
            }
            self.waiting.remove(&id);
            let Some(entry) = self
                .entry(id)
                .filter(|e| e.state == State::Queued && e.pod.is_none())
                .cloned()
            else {
                continue;
            };
            if entry.asked.is_none() {
                *left -= 1;
                let worker = Some(worker.clone());
                self.put(
                    id,
                    Entry {
                        pod: Some(entry.pod_name(id)),
                        worker,
                        ..entry
                    },
                );
            }
        }
    }

    /// Wants an entry to be so, in the ConfigMap that has it.
    pub(super) fn put(&mut self, id: JobId, entry: Entry) {
        if let Some(shard) = self.shards.iter_mut().find(|s| s.entry(id).is_some()) {
            shard.put(id, entry);
            self.touched.insert(id);
        }
    }

    fn write(&mut self, now: DateTime<Utc>, calls: &mut Vec<Call>) {
        let every = if self.opens.is_some() {
            WRITE_SELDOM
        } else {
            WRITE_EVERY
        };
        for index in 0..self.shards.len() {
            if self.shards[index].due().is_none_or(|at| at > now) {
                continue;
            }
            for id in self.shards[index].surplus() {
                if self.pods.range((id, 0)..=(id, u32::MAX)).next().is_none() {
                    self.shards[index].remove(id);
                }
            }
            let id = CallId(self.next_call + 1);
            if let Some(call) = self.shards[index].write(now, id, every) {
                self.next_call += 1;
                self.calls.insert(id, Purpose::Queue(index));
                calls.push(call);
            }
        }
    }
}

fn describe(purpose: &Purpose) -> String {
    match purpose {
        Purpose::Install(m) => format!(
            "create {} {}",
            m.1["kind"].as_str().unwrap_or("?"),
            m.1["metadata"]["name"].as_str().unwrap_or("?")
        ),
        Purpose::Queue(index) => format!("write ConfigMap queue-{index}"),
        Purpose::Create(job) => format!("create the pod of job {job}"),
        Purpose::Delete(job, attempt) => format!("delete pod job-{job}-{attempt}"),
        Purpose::Route(i) => format!("register Ingress {}", ROUTES[*i].name),
    }
}

/// The server's own words, or its status.
pub(super) fn message(status: u16, body: &[u8]) -> String {
    let words = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|v| v["message"].as_str().map(str::to_owned));
    words.unwrap_or_else(|| format!("status {status}"))
}
