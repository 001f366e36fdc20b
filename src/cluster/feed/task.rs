//! A feed's machine over a client.

mod list;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::Pulse;
use super::exchange::{self, Answer, Failed, Incoming};
use super::inflate::Corrupt;
use super::machine::{Ask, Machine, Next, Refusal};
use super::outbox::{Gone, Outbox};
use super::splitter::{Cut, LIMIT, Splitter};
use crate::cluster::backoff::Backoff;
use crate::cluster::connect::Connection;
use crate::cluster::decode::{ServerError, Wire};
use crate::cluster::meter::{Meter, Who};
use crate::engine::Event;
use crate::model::{FeedState, Kind};

/// A batch is sent at the latest when it has so many steps. With the few batches that may wait in the channel it
/// bounds what is decoded and not yet in the model to some thousand objects.
const BATCH: usize = 256;
/// When a batch is due, what is there already is taken along: another event comes within this.
const MORE: Duration = Duration::from_millis(1);
/// What is denied is asked again after.
const DENIED: Duration = Duration::from_secs(30);
/// What the server does not know is asked again after.
const ABSENT: Duration = Duration::from_secs(300);
/// When the server is back, or ended all streams at once, each comes back at its own time within this.
const SPREAD: Duration = Duration::from_secs(1);
/// A feed that has been followed for so long lists anew without a pause when it has to.
const FOLLOWED: Duration = Duration::from_secs(60);

pub(super) struct Task {
    pub(super) connection: Connection,
    pub(super) machine: Machine,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) pulse: watch::Receiver<Pulse>,
    pub(super) narrowed: Arc<Mutex<BTreeSet<Kind>>>,
    pub(super) backoff: Backoff,
    /// Held while a first list comes in.
    pub(super) turn: Option<OwnedSemaphorePermit>,
    /// A compressed answer could not be read: none is asked for any more.
    pub(super) plain: bool,
}

/// Why a round ended.
enum Round {
    /// Ask at once.
    Again,
    /// Ask at some time within the spread.
    Soon,
    /// Everything has to be asked for again.
    Relist,
    /// Ask after a pause, or the pause that the server asks for; the feed is stale.
    Retry(String, Option<Duration>),
    /// The feed stands so until it is asked again after the pause.
    Rest(FeedState, Duration),
}

/// How long until the next round.
enum Pause {
    /// As the server asked.
    Asked(Duration),
    /// Or until the server answers again.
    UntilBack(Duration),
}

impl Task {
    pub(super) async fn run(mut self) {
        // That nobody listens any more ends the feed.
        let _ = self.rounds().await;
    }

    async fn rounds(&mut self) -> Result<(), Gone> {
        let mut out = Outbox::new(self.connection.no, self.machine.kind(), self.events.clone());
        out.tell(self.machine.state()).await?;
        // When the stream broke that has not been heard since. Its last line says less: a quiet kind has
        // but a bookmark a minute.
        let mut broke = None;
        let mut relisted: Option<Instant> = None;
        loop {
            let heard = out.heard;
            let round = self.round(&mut out).await?;
            if out.heard > heard {
                broke = None;
                if !matches!(round, Round::Relist) {
                    self.backoff.reset();
                }
            }
            let (state, pause) = match round {
                Round::Again => continue,
                Round::Soon => {
                    out.flush().await?;
                    tokio::time::sleep(self.backoff.within(SPREAD)).await;
                    continue;
                }
                Round::Relist => {
                    out.flush().await?;
                    // Many consoles are told at the same instant; and a server that says so again and
                    // again is not asked in a loop.
                    let now = Instant::now();
                    let last = relisted.replace(now);
                    if last.is_none_or(|last| now - last > FOLLOWED) {
                        self.backoff.reset();
                    }
                    tokio::time::sleep(self.backoff.next()).await;
                    continue;
                }
                Round::Retry(why, after) => {
                    log::warn!("{}: {why}", self.machine.resource());
                    self.meter().again();
                    let stale = FeedState::Stale {
                        since: *broke.get_or_insert_with(Utc::now),
                        why: why.into(),
                    };
                    let pause = match after {
                        Some(after) => Pause::Asked(self.backoff.at_least(after)),
                        None => Pause::UntilBack(self.backoff.next()),
                    };
                    (stale, pause)
                }
                Round::Rest(state, pause) => {
                    log::warn!("{}: {state:?}", self.machine.resource());
                    (state, Pause::UntilBack(pause))
                }
            };
            self.turn = None;
            out.flush().await?;
            out.tell(state).await?;
            match pause {
                Pause::Asked(pause) => tokio::time::sleep(pause).await,
                Pause::UntilBack(pause) => self.pause(pause).await,
            }
        }
    }

    fn meter(&self) -> &Meter {
        self.connection.meters.of(self.who())
    }

    fn who(&self) -> Who {
        Who::Feed(self.machine.kind())
    }

    /// Waits, but not much longer than until the server answers again.
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
        if timeout(pause, back).await.is_ok() {
            // All feeds hear it at the same instant.
            tokio::time::sleep(self.backoff.within(SPREAD)).await;
        }
    }

    /// One request and what comes of it.
    async fn round(&mut self, out: &mut Outbox) -> Result<Round, Gone> {
        if !self.machine.is_syncing() {
            self.turn = None;
        } else if self.turn.is_none() {
            self.turn = self.connection.budget.list(self.machine.kind()).await;
        }
        match self.machine.ask() {
            Ask::List(path) => self.list(&path, out).await,
            Ask::Watch(path) => self.watch(&path, out).await,
        }
    }

    async fn ask(&self, path: &str) -> Result<Answer, Failed> {
        let compressed = !self.plain && self.connection.compressed();
        let accept = self.machine.accept();
        exchange::ask(&self.connection, self.who(), path, accept, compressed).await
    }

    async fn watch(&mut self, path: &str, out: &mut Outbox) -> Result<Round, Gone> {
        self.meter().asked(Duration::ZERO);
        let answer = match self.ask(path).await {
            Ok(answer) => answer,
            Err(failed) => return Ok(self.failed(failed)),
        };
        out.heard = Utc::now();
        self.machine.opened(&mut out.deltas);
        out.tell(self.machine.state()).await?;
        let round = self.read(answer, out).await?;
        self.machine.ended();
        out.flush().await?;
        Ok(round)
    }

    /// What a frame or a page leads to. `None`: read on.
    fn after(&self, next: Next) -> Option<Round> {
        match next {
            Next::Continue => None,
            Next::Again => Some(Round::Again),
            Next::Relist => Some(Round::Relist),
            Next::Json { why } => {
                let resource = self.machine.resource();
                log::warn!("{resource}: {why}; asking for JSON from now on");
                Some(Round::Again)
            }
            Next::Retry { why } => Some(Round::Retry(why, None)),
        }
    }

    /// Frames until the stream ends, breaks or falls silent.
    async fn read(&mut self, answer: Answer, out: &mut Outbox) -> Result<Round, Gone> {
        let Answer { wire, mut body } = answer;
        let mut splitter = Splitter::new(wire, LIMIT);
        let mut pulse = self.pulse.clone();
        pulse.mark_unchanged();
        let mut silent = matches!(&*pulse.borrow(), Pulse::Silent { .. });
        let opened = Instant::now();
        let mut heard = opened;
        loop {
            let empty = out.deltas.is_empty();
            let deadline = if empty {
                heard + self.machine.silence()
            } else if self.machine.is_syncing() {
                out.due()
            } else {
                // What comes until then waits in the socket, and is read at one waking.
                sleep_until(out.due()).await;
                Instant::now() + MORE
            };
            let piece = tokio::select! {
                biased;
                piece = timeout_at(deadline, body.next()) => piece,
                Ok(()) = pulse.changed() => {
                    let now = pulse.borrow_and_update().clone();
                    match now {
                        Pulse::Silent { since, why } => {
                            silent = true;
                            out.flush().await?;
                            out.tell(FeedState::Stale { since: since.max(out.heard), why }).await?;
                        }
                        // After a break nobody knows whether this stream is still alive.
                        Pulse::Answers if silent => return Ok(Round::Soon),
                        Pulse::Answers => {}
                    }
                    continue;
                }
            };
            let piece = match piece {
                Err(_) if !empty => {
                    out.flush().await?;
                    if !silent {
                        out.tell(self.machine.state()).await?;
                    }
                    continue;
                }
                Err(_) => {
                    let next = self.machine.silent();
                    return Ok(self.after(next).unwrap_or(Round::Again));
                }
                Ok(Err(why)) => {
                    // A server that goes away cuts its watches: whether that is an outage shows with the
                    // next request.
                    log::debug!("{}: watch broke: {why}", self.machine.resource());
                    return Ok(self.after_end(opened, why));
                }
                Ok(Ok(None)) if splitter.is_inside() => {
                    // It comes again after the resume.
                    return Ok(self.after_end(opened, "the watch was cut off".into()));
                }
                Ok(Ok(None)) => {
                    return Ok(self.after_end(opened, "the server ended the watch at once".into()));
                }
                Ok(Ok(Some(piece))) => piece,
            };
            heard = Instant::now();
            out.heard = Utc::now();
            silent = false;
            if empty {
                out.since = heard;
            }
            if let Some(round) = self
                .take(wire, &mut body, &mut splitter, &piece, out)
                .await?
            {
                return Ok(round);
            }
            if !self.machine.is_syncing() {
                self.turn = None;
            }
            if out.deltas.is_empty() {
                out.tell(self.machine.state()).await?;
            }
        }
    }

    /// Reads what is whole by now. `Some`: that ends the stream.
    async fn take(
        &mut self,
        wire: Wire,
        body: &mut Incoming,
        splitter: &mut Splitter,
        piece: &[u8],
        out: &mut Outbox,
    ) -> Result<Option<Round>, Gone> {
        let mut rest = piece;
        let (mut plain, mut frames) = (0, 0);
        let mut ends = None;
        'piece: while ends.is_none() {
            let mut part = match body.plain(&mut rest) {
                Ok(Some(part)) => part,
                Ok(None) => break,
                Err(corrupt) => {
                    ends = Some(self.corrupt(&corrupt));
                    break;
                }
            };
            plain += part.len();
            while let Some(cut) = splitter.next(&mut part) {
                frames += 1;
                let next = match cut {
                    Cut::Frame(frame) => self.machine.frame(wire, frame, &mut out.deltas),
                    Cut::TooLong { bytes } => {
                        self.machine.too_long(bytes, &mut out.deltas);
                        Next::Continue
                    }
                };
                self.send_full(out).await?;
                ends = self.after(next);
                if ends.is_some() {
                    break 'piece;
                }
            }
        }
        let meter = self.meter();
        meter.bytes(piece.len(), plain);
        meter.frames(frames);
        Ok(ends)
    }

    /// Sends a batch that has grown full.
    async fn send_full(&self, out: &mut Outbox) -> Result<(), Gone> {
        if out.deltas.len() >= BATCH {
            out.flush().await?;
            out.since = Instant::now();
            out.tell(self.machine.state()).await?;
        }
        Ok(())
    }

    /// A compressed answer cannot be read: from now on none is asked for.
    fn corrupt(&mut self, corrupt: &Corrupt) -> Round {
        self.plain = true;
        Round::Retry(corrupt.to_string(), None)
    }

    /// A watch that ended at its time is resumed at once. One that was ended before may be one of many; one
    /// that died young would be asked for again and again.
    fn after_end(&self, opened: Instant, why: String) -> Round {
        let lived = opened.elapsed();
        if lived < Duration::from_secs(1) {
            return Round::Retry(why, None);
        }
        if lived.as_secs() + 2 < u64::from(self.machine.watch_seconds()) {
            self.meter().again();
            Round::Soon
        } else {
            Round::Again
        }
    }

    fn failed(&mut self, failed: Failed) -> Round {
        let (error, after) = match failed {
            Failed::Broken(why) => return Round::Retry(why, None),
            Failed::Refused(error, after) => (error, after),
        };
        self.refused(&error, after)
    }

    fn refused(&mut self, error: &ServerError, after: Option<Duration>) -> Round {
        match self.machine.refused(error) {
            Refusal::Again => Round::Again,
            Refusal::Relist => Round::Relist,
            Refusal::Retry { why } => Round::Retry(why, after),
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
                    let (no, kind) = (self.connection.no, self.machine.kind());
                    let told = Event::Narrowed(no, kind, namespace.into());
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
                None => Round::Retry(
                    "the server does not accept our credentials (401)".into(),
                    None,
                ),
            },
        }
    }
}
