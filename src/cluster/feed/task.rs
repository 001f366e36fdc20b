//! A feed's machine over a client.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::{AsyncBufRead, AsyncBufReadExt};
use http::header::ACCEPT_ENCODING;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::Pulse;
use super::machine::{Ask, Machine, Next, Refusal, WATCH_SECONDS};
use crate::cluster::backoff::{Backoff, seed};
use crate::cluster::connect::{Connection, why};
use crate::cluster::decode::ServerError;
use crate::engine::Event;
use crate::model::object::Batch;
use crate::model::{Delta, FeedState, Kind};

/// A batch is sent when it has so many steps …
const BATCH: usize = 512;
/// … or its first step is so old.
const LINGER: Duration = Duration::from_millis(20);
/// Progress of a sync is told at most so often.
const PROGRESS: Duration = Duration::from_millis(200);
/// A watch that says nothing for so long, not even its end, is dead.
const SILENCE: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 5);
/// An answer's head, or a page, may take so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is denied is asked again after.
const DENIED: Duration = Duration::from_secs(30);
/// What the server does not know is asked again after.
const ABSENT: Duration = Duration::from_secs(300);

pub(super) struct Task {
    pub(super) connection: Connection,
    pub(super) machine: Machine,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) pulse: watch::Receiver<Pulse>,
    pub(super) narrowed: Arc<Mutex<BTreeSet<Kind>>>,
}

/// Why a round ended.
enum Round {
    /// Ask at once.
    Again,
    /// Ask after a pause; the feed is stale.
    Retry(String),
    /// The feed stands so until it is asked again after the pause.
    Rest(FeedState, Duration),
    /// Nobody listens.
    Closed,
}

/// Nobody listens to the events any more.
struct Gone;

struct Outbox {
    kind: Kind,
    events: mpsc::Sender<Event>,
    deltas: Vec<Delta>,
    since: Instant,
    told: Option<FeedState>,
    told_at: Instant,
    heard: DateTime<Utc>,
}

impl Outbox {
    async fn flush(&mut self) -> Result<(), Gone> {
        if self.deltas.is_empty() {
            return Ok(());
        }
        let deltas = std::mem::take(&mut self.deltas);
        let batch = Batch {
            kind: self.kind,
            deltas,
        };
        self.events
            .send(Event::Watch(Box::new(batch)))
            .await
            .map_err(|_| Gone)
    }

    /// Says how the feed stands if that is news; progress of a sync is no news for a while.
    async fn tell(&mut self, state: FeedState) -> Result<(), Gone> {
        if self.told.as_ref() == Some(&state) {
            return Ok(());
        }
        let progress = |s: &FeedState| matches!(s, FeedState::Syncing { .. });
        if progress(&state)
            && self.told.as_ref().is_some_and(progress)
            && self.told_at.elapsed() < PROGRESS
        {
            return Ok(());
        }
        self.told = Some(state.clone());
        self.told_at = Instant::now();
        self.events
            .send(Event::Feed(self.kind, Box::new(state)))
            .await
            .map_err(|_| Gone)
    }
}

impl Task {
    pub(super) async fn run(mut self) {
        let mut out = Outbox {
            kind: self.machine.kind(),
            events: self.events.clone(),
            deltas: Vec::new(),
            since: Instant::now(),
            told: None,
            told_at: Instant::now(),
            heard: Utc::now(),
        };
        let mut backoff = Backoff::new(seed());
        if out.tell(self.machine.state()).await.is_err() {
            return;
        }
        // When the stream broke that has not been heard since. Its last line says less: a quiet kind has
        // but a bookmark a minute.
        let mut broke = None;
        loop {
            let heard = out.heard;
            let round = match self.round(&mut out).await {
                Ok(round) => round,
                Err(Gone) => Round::Closed,
            };
            if out.heard > heard {
                backoff.reset();
                broke = None;
            }
            let (state, pause) = match round {
                Round::Closed => return,
                Round::Again => continue,
                Round::Retry(why) => {
                    log::warn!("{}: {why}", self.machine.resource());
                    let stale = FeedState::Stale {
                        since: *broke.get_or_insert_with(Utc::now),
                        why: why.into(),
                    };
                    (stale, backoff.next())
                }
                Round::Rest(state, pause) => {
                    log::warn!("{}: {state:?}", self.machine.resource());
                    (state, pause)
                }
            };
            if out.flush().await.is_err() || out.tell(state).await.is_err() {
                return;
            }
            self.pause(pause).await;
        }
    }

    /// Waits, but no longer than until the server answers again.
    async fn pause(&mut self, pause: Duration) {
        self.pulse.mark_unchanged();
        let pulse = &mut self.pulse;
        let back = async {
            loop {
                if pulse.changed().await.is_err() {
                    return std::future::pending::<()>().await;
                }
                if *pulse.borrow_and_update() == Pulse::Answers {
                    return;
                }
            }
        };
        let _ = timeout(pause, back).await;
    }

    /// One request and what comes of it.
    async fn round(&mut self, out: &mut Outbox) -> Result<Round, Gone> {
        match self.machine.ask() {
            Ask::List(path) => self.list(&path, out).await,
            Ask::Watch(path) => self.watch(&path, out).await,
        }
    }

    async fn list(&mut self, path: &str, out: &mut Outbox) -> Result<Round, Gone> {
        let request = match http::Request::get(path).body(Vec::new()) {
            Ok(request) => request,
            Err(error) => return Ok(Round::Retry(error.to_string())),
        };
        let asked = timeout(PATIENCE, self.connection.client.request_text(request));
        let body = match asked.await {
            Err(_) => return Ok(Round::Retry("no answer within 30 s".into())),
            Ok(Err(error)) => return Ok(self.refused(&error)),
            Ok(Ok(body)) => body,
        };
        out.heard = Utc::now();
        let next = self.machine.page(body.as_bytes(), &mut out.deltas);
        out.flush().await?;
        out.tell(self.machine.state()).await?;
        Ok(match next {
            Next::Continue | Next::Again => Round::Again,
            Next::Retry { why } => Round::Retry(why),
        })
    }

    async fn watch(&mut self, path: &str, out: &mut Outbox) -> Result<Round, Gone> {
        // Compressed streams come in several gzip members, of which the client reads only the first.
        let request = http::Request::get(path)
            .header(ACCEPT_ENCODING, "identity")
            .body(Vec::new());
        let request = match request {
            Ok(request) => request,
            Err(error) => return Ok(Round::Retry(error.to_string())),
        };
        let asked = timeout(PATIENCE, self.connection.client.request_stream(request));
        let stream = match asked.await {
            Err(_) => return Ok(Round::Retry("no answer within 30 s".into())),
            Ok(Err(error)) => return Ok(self.refused(&error)),
            Ok(Ok(stream)) => stream,
        };
        out.heard = Utc::now();
        self.machine.opened(&mut out.deltas);
        out.tell(self.machine.state()).await?;
        let round = self.read(Box::pin(stream), out).await?;
        self.machine.ended();
        out.flush().await?;
        Ok(round)
    }

    /// Lines until the stream ends, breaks or falls silent.
    async fn read(
        &mut self,
        mut stream: Pin<Box<impl AsyncBufRead>>,
        out: &mut Outbox,
    ) -> Result<Round, Gone> {
        let mut line = Vec::new();
        let mut pulse = self.pulse.clone();
        pulse.mark_unchanged();
        let mut silent = matches!(&*pulse.borrow(), Pulse::Silent { .. });
        let opened = Instant::now();
        let mut heard = opened;
        loop {
            let deadline = if out.deltas.is_empty() {
                heard + SILENCE
            } else {
                out.since + LINGER
            };
            let empty = out.deltas.is_empty();
            // `read_until` keeps what it has in `line` when it is interrupted.
            let read = tokio::select! {
                biased;
                read = timeout_at(deadline, stream.read_until(b'\n', &mut line)) => read,
                Ok(()) = pulse.changed() => {
                    let now = pulse.borrow_and_update().clone();
                    match now {
                        Pulse::Silent { since, why } => {
                            silent = true;
                            out.flush().await?;
                            out.tell(FeedState::Stale { since: since.max(out.heard), why }).await?;
                        }
                        // After a break nobody knows whether this stream is still alive.
                        Pulse::Answers if silent => return Ok(Round::Again),
                        Pulse::Answers => {}
                    }
                    continue;
                }
            };
            match read {
                Err(_) if !empty => {
                    out.flush().await?;
                    if !silent {
                        out.tell(self.machine.state()).await?;
                    }
                    continue;
                }
                Err(_) => {
                    let why = format!("the watch was silent for {} s", SILENCE.as_secs());
                    return Ok(Round::Retry(why));
                }
                Ok(Err(error)) => {
                    let why = crate::cluster::harmless::plain(&error.to_string()).into_owned();
                    // A server that goes away cuts its watches: whether that is an outage shows with the
                    // next request.
                    log::debug!("{}: watch broke: {why}", self.machine.resource());
                    return Ok(self.after_end(opened, why));
                }
                Ok(Ok(0)) => {
                    return Ok(self.after_end(opened, "the server ended the watch at once".into()));
                }
                Ok(Ok(_)) => {}
            }
            if line.last() != Some(&b'\n') {
                // Cut off in the middle of an event: it comes again after the resume.
                return Ok(self.after_end(opened, "the watch was cut off".into()));
            }
            heard = Instant::now();
            out.heard = Utc::now();
            silent = false;
            let before = out.deltas.len();
            let next = self.machine.line(&line, &mut out.deltas);
            line.clear();
            if before == 0 {
                out.since = heard;
            }
            if out.deltas.len() >= BATCH {
                out.flush().await?;
                out.tell(self.machine.state()).await?;
            } else if out.deltas.is_empty() {
                out.tell(self.machine.state()).await?;
            }
            match next {
                Next::Continue => {}
                Next::Again => return Ok(Round::Again),
                Next::Retry { why } => return Ok(Round::Retry(why)),
            }
        }
    }

    /// A watch that lived is resumed at once; one that died young would be asked for again and again.
    fn after_end(&self, opened: Instant, why: String) -> Round {
        if opened.elapsed() < Duration::from_secs(1) {
            Round::Retry(why)
        } else {
            Round::Again
        }
    }

    fn refused(&mut self, error: &kube::Error) -> Round {
        let kube::Error::Api(status) = error else {
            return Round::Retry(why(error));
        };
        let error = ServerError {
            code: status.code,
            reason: status.reason.clone(),
            message: crate::cluster::harmless::plain(&status.message).into_owned(),
        };
        match self.machine.refused(&error) {
            Refusal::Again => Round::Again,
            Refusal::Retry { why } => Round::Retry(why),
            Refusal::Narrowed => {
                log::warn!(
                    "{}: all namespaces are denied, watching one",
                    self.machine.resource()
                );
                self.narrowed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(self.machine.kind());
                if let Some(namespace) = self.machine.namespace() {
                    // Full only when nobody listens yet, and then the list of feeds still tells.
                    let told = Event::Narrowed(self.machine.kind(), namespace.into());
                    let _ = self.events.try_send(told);
                }
                Round::Again
            }
            Refusal::Denied { verb } => Round::Rest(
                FeedState::Denied {
                    verb: verb.into(),
                    resource: self.machine.resource().into(),
                },
                DENIED,
            ),
            Refusal::Absent => Round::Rest(FeedState::Absent, ABSENT),
            Refusal::Unauthorized => match &self.connection.login {
                Some(command) => Round::Rest(
                    FeedState::LoginNeeded {
                        command: command.clone(),
                    },
                    DENIED,
                ),
                None => Round::Retry("the server does not accept our credentials (401)".into()),
            },
        }
    }
}
