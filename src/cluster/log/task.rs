//! A log stream over a client: does what the [`Machine`] asks for.

use std::time::Duration;

use futures::AsyncBufReadExt;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep, timeout};

use super::Pressure;
use super::machine::{Ask, Machine};
use crate::cluster::backoff::{Backoff, seed};
use crate::cluster::connect::{Connection, why};
use crate::cluster::harmless;
use crate::cluster::meter::{Meter, Who};
use crate::engine::{Event, LogEvent, LogId, LogLine, LogSource};

/// Lines an event.
const BATCH: usize = 256;
/// Lines that may wait for a slow screen before the oldest are dropped.
const WAITING: usize = 4096;
/// A batch waits so long for more.
const LINGER: Duration = Duration::from_millis(20);
/// An answer's head may take so long.
const PATIENCE: Duration = Duration::from_secs(20);
/// A stream that is read to its end says something within this.
const REST: Duration = Duration::from_secs(60);
/// A stream that held for so long begins its pauses anew.
const HELD: Duration = Duration::from_secs(5);

pub(super) struct Task {
    connection: Connection,
    id: LogId,
    pressure: Pressure,
    events: mpsc::Sender<Event>,
    parked: watch::Receiver<bool>,
    machine: Machine,
    waiting: Vec<LogLine>,
    dropped: u64,
    /// It was said that all streams are in use.
    said: bool,
}

/// Nobody listens.
struct Gone;

impl Task {
    pub(super) fn new(
        connection: Connection,
        id: LogId,
        source: LogSource,
        pressure: Pressure,
        events: mpsc::Sender<Event>,
        parked: watch::Receiver<bool>,
    ) -> Self {
        Self {
            connection,
            id,
            pressure,
            events,
            parked,
            machine: Machine::new(source),
            waiting: Vec::new(),
            dropped: 0,
            said: false,
        }
    }

    pub(super) async fn run(mut self) {
        // Nobody listens any more: there is nobody to tell.
        let _ = self.follow().await;
    }

    /// Request after request until it is over.
    async fn follow(&mut self) -> Result<(), Gone> {
        let mut backoff = Backoff::new(seed());
        loop {
            if self.parked.wait_for(|parked| !parked).await.is_err() {
                return Err(Gone);
            }
            match self.machine.ask() {
                Ask::Over(end) => {
                    self.flush(true).await?;
                    return self.tell(LogEvent::Ended(end)).await;
                }
                Ask::Pause => {
                    let mut parked = self.parked.clone();
                    tokio::select! {
                        () = sleep(backoff.next()) => self.machine.waited(),
                        // Asked again when it goes on.
                        _ = parked.wait_for(|parked| *parked) => {}
                    }
                }
                Ask::Status { path } => self.status(path).await?,
                Ask::Stream { path, silence } => {
                    let began = Instant::now();
                    self.request(path, silence).await?;
                    if began.elapsed() > HELD {
                        backoff.reset();
                    }
                }
            }
        }
    }

    /// One request, read to its end.
    async fn request(&mut self, path: String, silence: Option<Duration>) -> Result<(), Gone> {
        let request = match http::Request::get(path)
            .header(http::header::ACCEPT_ENCODING, "identity")
            .body(Vec::new())
        {
            Ok(request) => request,
            Err(error) => {
                self.machine.broken(error.to_string());
                return Ok(());
            }
        };
        let client = self.connection.client.clone();
        let _stream = self.stream().await?;
        if silence.is_none() {
            // What is read to its end is a request as any other.
            let waited = self.connection.budget.request().await;
            self.meter().asked(waited);
        } else {
            self.meter().asked(Duration::ZERO);
        }
        let began = Instant::now();
        let asked = timeout(PATIENCE, client.request_stream(request)).await;
        self.answered(began, &asked);
        let mut news = Vec::new();
        let mut stream = match asked {
            Err(_) => {
                self.machine.broken("no answer within 20 s".into());
                return Ok(());
            }
            Ok(Err(kube::Error::Api(status))) => {
                let words = harmless::plain(&status.message).into_owned();
                self.machine.refused(status.code, words, &mut news);
                return self.tell_all(news).await;
            }
            Ok(Err(error)) => {
                self.machine.broken(why(&error));
                return Ok(());
            }
            Ok(Ok(stream)) => Box::pin(stream),
        };
        self.machine.opened(&mut news);
        self.tell_all(std::mem::take(&mut news)).await?;
        let mut parked = self.parked.clone();
        let mut heard = Instant::now();
        loop {
            let wait = if self.waiting.is_empty() && self.dropped == 0 {
                silence.unwrap_or(REST).saturating_sub(heard.elapsed())
            } else {
                LINGER
            };
            let read = tokio::select! {
                read = timeout(wait, stream.fill_buf()) => read,
                _ = parked.wait_for(|parked| *parked) => {
                    self.machine.parked();
                    break;
                }
            };
            let length = match read {
                Err(_) if !self.waiting.is_empty() || self.dropped > 0 => {
                    self.flush(false).await?;
                    continue;
                }
                Err(_) if silence.is_some() => {
                    self.machine.silent();
                    break;
                }
                Err(_) => {
                    self.machine.broken("no answer within 60 s".into());
                    break;
                }
                Ok(Ok([])) => {
                    self.machine.ended(&mut self.waiting, &mut news);
                    break;
                }
                Ok(Ok(bytes)) => {
                    let before = self.waiting.len();
                    self.machine.bytes(bytes, &mut self.waiting);
                    let meter = self.connection.meters.of(Who::Logs);
                    meter.bytes(bytes.len(), bytes.len());
                    meter.frames(self.waiting.len() - before);
                    bytes.len()
                }
                Ok(Err(error)) => {
                    let words = harmless::plain(&error.to_string()).into_owned();
                    self.machine.broken(words);
                    break;
                }
            };
            heard = Instant::now();
            stream.consume_unpin(length);
            if self.waiting.len() >= BATCH {
                self.flush(false).await?;
            }
        }
        self.flush(false).await?;
        self.tell_all(news).await
    }

    /// Sends what waits. A full channel is waited for, or makes room by dropping, as asked for; `all`: waited
    /// for in any case.
    async fn flush(&mut self, all: bool) -> Result<(), Gone> {
        let wait = all || self.pressure == Pressure::Wait;
        if self.dropped > 0 {
            let event = Event::Log(self.id, Box::new(LogEvent::Dropped(self.dropped)));
            if self.send(event, wait).await?.is_none() {
                self.dropped = 0;
            }
        }
        while !self.waiting.is_empty() {
            let rest = self.waiting.split_off(self.waiting.len().min(BATCH));
            let lines = std::mem::replace(&mut self.waiting, rest);
            let event = Event::Log(self.id, Box::new(LogEvent::Lines(lines)));
            if let Some(back) = self.send(event, wait).await? {
                if let Event::Log(_, news) = back
                    && let LogEvent::Lines(mut lines) = *news
                {
                    lines.append(&mut self.waiting);
                    self.waiting = lines;
                }
                break;
            }
        }
        let over = self.waiting.len().saturating_sub(WAITING);
        self.waiting.drain(..over);
        self.dropped += over as u64;
        Ok(())
    }

    /// `Some`: the channel is full, and this comes back.
    async fn send(&self, event: Event, wait: bool) -> Result<Option<Event>, Gone> {
        if wait {
            return match self.events.send(event).await {
                Ok(()) => Ok(None),
                Err(_) => Err(Gone),
            };
        }
        match self.events.try_send(event) {
            Ok(()) => Ok(None),
            Err(TrySendError::Full(event)) => Ok(Some(event)),
            Err(TrySendError::Closed(_)) => Err(Gone),
        }
    }

    async fn tell(&self, news: LogEvent) -> Result<(), Gone> {
        self.events
            .send(Event::Log(self.id, Box::new(news)))
            .await
            .map_err(|_| Gone)
    }

    /// Tells, behind the lines that wait.
    async fn tell_all(&mut self, news: Vec<LogEvent>) -> Result<(), Gone> {
        if news.is_empty() {
            return Ok(());
        }
        self.flush(true).await?;
        for news in news {
            self.tell(news).await?;
        }
        Ok(())
    }

    fn meter(&self) -> &Meter {
        self.connection.meters.of(Who::Logs)
    }

    /// Counts an answer; a failed request is one more to come.
    fn answered<T>(&self, began: Instant, answer: &Result<kube::Result<T>, Elapsed>) {
        match answer {
            Ok(Ok(_)) => self.meter().head(began.elapsed(), 200),
            Ok(Err(kube::Error::Api(status))) => self.meter().head(began.elapsed(), status.code),
            Ok(Err(_)) | Err(_) => self.meter().again(),
        }
    }

    /// A stream of the budget; says so while all are in use.
    async fn stream(&mut self) -> Result<Option<OwnedSemaphorePermit>, Gone> {
        let budget = self.connection.budget.clone();
        if let Some(stream) = budget.log() {
            return Ok(Some(stream));
        }
        if !self.said {
            self.said = true;
            let words = "all streams are in use ([api] max_streams)";
            self.tell(LogEvent::Waiting(words.into())).await?;
        }
        Ok(budget.next_log().await)
    }

    async fn status(&mut self, path: String) -> Result<(), Gone> {
        let mut news = Vec::new();
        let Ok(request) = http::Request::get(path).body(Vec::new()) else {
            self.machine
                .status(Err((None, "unreadable status".into())), &mut news);
            return self.tell_all(news).await;
        };
        let waited = self.connection.budget.request().await;
        self.meter().asked(waited);
        let began = Instant::now();
        let asked = timeout(PATIENCE, self.connection.client.request_text(request)).await;
        self.answered(began, &asked);
        let answer = match &asked {
            Err(_) => Err((None, "no answer".into())),
            Ok(Err(kube::Error::Api(status))) => {
                let words = harmless::plain(&status.message).into_owned();
                Err((Some(status.code), words))
            }
            Ok(Err(error)) => Err((None, why(error))),
            Ok(Ok(body)) => Ok(body.as_bytes()),
        };
        self.machine.status(answer, &mut news);
        self.tell_all(news).await
    }
}
