//! A log stream over a client.

use std::time::Duration;

use futures::AsyncBufReadExt;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep, timeout};

use super::Pressure;
use super::resume::{Read, Reader};
use crate::cluster::backoff::{Backoff, seed};
use crate::cluster::connect::{Connection, why};
use crate::cluster::decode::Decoder;
use crate::cluster::feed::machine::escape;
use crate::cluster::harmless;
use crate::cluster::meter::{Meter, Who};
use crate::engine::{Event, LogEnd, LogEvent, LogId, LogLine, LogSource};
use crate::model::{ContainerState, Kind, Object, Terminated, Text, Words};

/// Lines an event.
const BATCH: usize = 256;
/// Lines that may wait for a slow screen before the oldest are dropped.
const WAITING: usize = 4096;
/// A batch waits so long for more.
const LINGER: Duration = Duration::from_millis(20);
/// An answer's head may take so long.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at a container that has not started.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Task {
    connection: Connection,
    id: LogId,
    source: LogSource,
    pressure: Pressure,
    events: mpsc::Sender<Event>,
    reader: Reader,
    waiting: Vec<LogLine>,
    dropped: u64,
    said: Option<Text>,
}

/// Nobody listens.
struct Gone;

/// How one request ended.
enum Outcome {
    /// The stream was read to its end, which may be no end.
    Ended,
    /// The container has not started.
    Waiting(String),
    /// Try again.
    Broken(String),
    /// It is over.
    Over(LogEnd),
}

/// What the pod's status says of the container.
enum Status {
    Runs,
    Waits(String),
    Ended(Text),
    Gone(String),
    Unknown(String),
}

impl Task {
    pub(super) fn new(
        connection: Connection,
        id: LogId,
        source: LogSource,
        pressure: Pressure,
        events: mpsc::Sender<Event>,
    ) -> Self {
        Self {
            connection,
            id,
            source,
            pressure,
            events,
            reader: Reader::new(),
            waiting: Vec::new(),
            dropped: 0,
            said: None,
        }
    }

    pub(super) async fn run(mut self) {
        let follow = self.source.follow && !self.source.previous;
        let ended = self.follow(follow).await;
        if let Ok(end) = ended
            && self.flush(true).await.is_ok()
        {
            let _ = self.tell(LogEvent::Ended(end)).await;
        }
    }

    /// Request after request until it is over.
    async fn follow(&mut self, follow: bool) -> Result<LogEnd, Gone> {
        let mut backoff = Backoff::new(seed());
        let mut attempts = 0;
        loop {
            let began = Instant::now();
            let outcome = self.request(follow).await?;
            if began.elapsed() > Duration::from_secs(5) {
                backoff.reset();
                attempts = 0;
            }
            let broken = match outcome {
                Outcome::Over(end) => return Ok(end),
                Outcome::Waiting(words) if follow => {
                    self.waits(words).await?;
                    sleep(LOOK).await;
                    if let Status::Gone(words) = self.status().await {
                        return Ok(LogEnd::Gone(words.into()));
                    }
                    continue;
                }
                Outcome::Waiting(words) if self.source.previous => {
                    return Ok(LogEnd::Gone(words.into()));
                }
                Outcome::Waiting(words) | Outcome::Broken(words) if !follow => {
                    return Ok(LogEnd::Failed(words.into()));
                }
                Outcome::Ended if !follow => {
                    return Ok(LogEnd::Container(match self.status().await {
                        Status::Ended(how) if !self.source.previous => how,
                        Status::Runs | Status::Waits(_) if !self.source.previous => {
                            "still running".into()
                        }
                        _ => "end of what there is".into(),
                    }));
                }
                Outcome::Ended => None,
                Outcome::Waiting(words) | Outcome::Broken(words) => Some(words),
            };
            match self.status().await {
                Status::Ended(how) => {
                    // What was written between the break and the end.
                    self.request(false).await?;
                    return Ok(LogEnd::Container(how));
                }
                Status::Gone(words) => return Ok(LogEnd::Gone(words.into())),
                Status::Waits(words) => self.waits(words).await?,
                // The status follows the stream's end by a moment: not worth a word at first.
                Status::Runs if broken.is_none() && attempts < 3 => {}
                Status::Runs => {
                    let words = broken.unwrap_or_else(|| "the stream ended".to_owned());
                    self.resumes(words).await?;
                }
                Status::Unknown(words) => self.resumes(broken.unwrap_or(words)).await?,
            }
            attempts += 1;
            sleep(backoff.next()).await;
        }
    }

    async fn resumes(&mut self, words: String) -> Result<(), Gone> {
        self.flush(true).await?;
        self.tell(LogEvent::Resuming(words.into())).await
    }

    async fn waits(&mut self, words: String) -> Result<(), Gone> {
        let words = Text::from(words);
        if self.said.as_ref() == Some(&words) {
            return Ok(());
        }
        self.said = Some(words.clone());
        self.tell(LogEvent::Waiting(words)).await
    }

    /// One request, read to its end.
    async fn request(&mut self, follow: bool) -> Result<Outcome, Gone> {
        let path = self.reader.path(&self.source, follow);
        let request = match http::Request::get(path)
            .header(http::header::ACCEPT_ENCODING, "identity")
            .body(Vec::new())
        {
            Ok(request) => request,
            Err(error) => return Ok(Outcome::Over(LogEnd::Failed(error.to_string().into()))),
        };
        let client = self.connection.client.clone();
        let _stream = self.stream().await?;
        let began = Instant::now();
        self.meter().asked(Duration::ZERO);
        let asked = timeout(PATIENCE, client.request_stream(request)).await;
        self.answered(began, &asked);
        let mut stream = match asked {
            Err(_) => return Ok(Outcome::Broken("no answer within 20 s".into())),
            Ok(Err(kube::Error::Api(status))) => {
                let words = harmless::plain(&status.message).into_owned();
                return Ok(match status.code {
                    400 => Outcome::Waiting(words),
                    401 | 403 => Outcome::Over(LogEnd::Denied(words.into())),
                    404 => Outcome::Over(LogEnd::Gone(words.into())),
                    _ => Outcome::Broken(words),
                });
            }
            Ok(Err(error)) => return Ok(Outcome::Broken(why(&error))),
            Ok(Ok(stream)) => Box::pin(stream),
        };
        self.said = None;
        self.tell(LogEvent::Opened).await?;
        let mut read = Vec::new();
        let mut words = None;
        let outcome = loop {
            let wait = if self.waiting.is_empty() && self.dropped == 0 {
                Duration::from_secs(3600)
            } else {
                LINGER
            };
            let length = match timeout(wait, stream.fill_buf()).await {
                Err(_) => {
                    self.flush(false).await?;
                    continue;
                }
                Ok(Ok([])) => break Outcome::Ended,
                Ok(Ok(bytes)) => {
                    self.reader.feed(bytes, &mut read);
                    self.meter().bytes(bytes.len(), bytes.len());
                    bytes.len()
                }
                Ok(Err(error)) => {
                    break Outcome::Broken(harmless::plain(&error.to_string()).into_owned());
                }
            };
            stream.consume_unpin(length);
            self.meter().frames(read.len());
            self.take(&mut read, &mut words);
            if self.waiting.len() >= BATCH {
                self.flush(false).await?;
            }
        };
        self.reader
            .end(matches!(outcome, Outcome::Ended), &mut read);
        self.take(&mut read, &mut words);
        self.flush(false).await?;
        Ok(match words {
            Some(words) if !self.reader.began() && self.source.previous => {
                Outcome::Over(LogEnd::Gone(words.into()))
            }
            Some(words) if !self.reader.began() => Outcome::Broken(words),
            _ => outcome,
        })
    }

    fn take(&mut self, read: &mut Vec<Read>, words: &mut Option<String>) {
        for item in read.drain(..) {
            match item {
                Read::Line(line) => self.waiting.push(line),
                Read::Words(said) => *words = Some(said),
            }
        }
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
        self.waits("all streams are in use ([api] max_streams)".to_owned())
            .await?;
        Ok(budget.next_log().await)
    }

    async fn status(&self) -> Status {
        let path = format!(
            "/api/v1/namespaces/{}/pods/{}",
            escape(&self.source.namespace),
            escape(&self.source.pod)
        );
        let Ok(request) = http::Request::get(path).body(Vec::new()) else {
            return Status::Unknown("unreadable status".into());
        };
        let waited = self.connection.budget.request().await;
        self.meter().asked(waited);
        let began = Instant::now();
        let asked = timeout(PATIENCE, self.connection.client.request_text(request)).await;
        self.answered(began, &asked);
        let body = match asked {
            Err(_) => return Status::Unknown("no answer".into()),
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => {
                return Status::Gone(format!("pod {} is gone", self.source.pod));
            }
            Ok(Err(error)) => return Status::Unknown(why(&error)),
            Ok(Ok(body)) => body,
        };
        let pod = match Decoder::new().object(Kind::Pod, body.as_bytes()) {
            Ok(Object::Pod(pod)) => pod,
            Ok(_) => return Status::Unknown("unreadable status".into()),
            Err(error) => return Status::Unknown(error.to_string()),
        };
        if !self.source.uid.is_empty() && pod.meta.uid != self.source.uid {
            return Status::Gone(format!(
                "pod {} is gone; another of its name runs",
                self.source.pod
            ));
        }
        let container = pod.container(&self.source.container);
        match container.map(|c| c.state()) {
            None => Status::Gone(format!(
                "pod {} has no container {}",
                self.source.pod, self.source.container
            )),
            Some(Some(ContainerState::Terminated(how))) => Status::Ended(ended(how)),
            Some(Some(ContainerState::Running { .. })) => Status::Runs,
            // The pod ended and nobody reports on the container any more.
            Some(_) if pod.ended() => Status::Ended(match pod.reason() {
                "" => pod.phase.as_str().into(),
                reason => reason.into(),
            }),
            Some(Some(ContainerState::Waiting(words))) => {
                let Words { reason, message } = &**words;
                let known = if message.is_empty() { reason } else { message };
                Status::Waits(known.to_string())
            }
            Some(Some(ContainerState::Unset) | None) => {
                Status::Waits("the container has not started".into())
            }
        }
    }
}

/// How a container ended, in few words.
fn ended(how: &Terminated) -> Text {
    match (how.reason(), how.signal) {
        ("" | "Error" | "Completed", 0) => format!("exit {}", how.exit).into(),
        ("" | "Error" | "Completed", signal) => format!("signal {signal} ({})", how.exit).into(),
        (reason, _) => format!("{reason} ({})", how.exit).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_in_few_words() {
        for (reason, exit, signal, want) in [
            ("Completed", 0, 0, "exit 0"),
            ("Error", 2, 0, "exit 2"),
            ("", 137, 9, "signal 9 (137)"),
            ("OOMKilled", 137, 0, "OOMKilled (137)"),
            (
                "ContainerStatusUnknown",
                137,
                0,
                "ContainerStatusUnknown (137)",
            ),
        ] {
            let how = Terminated {
                exit,
                signal,
                words: Words::new(reason, ""),
                started: None,
                finished: None,
            };
            assert_eq!(&*ended(&how), want);
        }
    }
}
