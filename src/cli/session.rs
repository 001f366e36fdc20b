//! A connection whose feeds are folded into a model, for commands without a screen.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use super::{CliError, Global};
use crate::ci;
use crate::cluster::connect::{Connection, Greeting};
use crate::cluster::feed::{Feeds, Lists, Pulse, Scope};
use crate::cluster::pulse;
use crate::engine::Event;
use crate::model::{Changes, ClusterId, FeedState, Kind, Model, RankRules};

/// Batches that may wait.
const QUEUE: usize = 12;

/// What a session hears.
#[derive(Debug)]
pub enum Heard {
    /// A feed's news, already taken into the model.
    Changes(Changes),
    /// What is for others: lines of a log, the answer to a call.
    Other(Event),
}

/// Connected; feeds run.
#[derive(Debug)]
pub struct Session {
    /// The connection.
    pub connection: Connection,
    /// What the feeds told.
    pub model: Model,
    kinds: Vec<Kind>,
    feeds: Feeds,
    /// Clones of it let log streams report to the same queue.
    pub events: mpsc::Sender<Event>,
    queue: mpsc::Receiver<Event>,
    offset: TimeDelta,
    greeting: Greeting,
    pulse: watch::Sender<Pulse>,
}

impl Session {
    /// Connects as the flags say. `login`: a credential plugin that fails may be run once more with the
    /// terminal in its hands.
    pub async fn connect(global: &Global) -> Result<Connection, CliError> {
        use std::io::IsTerminal;
        let target = global.target()?;
        match Connection::open(&target).await {
            Err(error @ crate::cluster::connect::ConnectError::ExecPlugin { .. })
                if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() =>
            {
                super::output::say(&format!("{error}; trying it here"));
                crate::cluster::connect::login(&target).await?;
                Ok(Connection::open(&target).await?)
            }
            other => Ok(other?),
        }
    }

    /// Greets the server and starts the feeds of these kinds.
    pub async fn start(
        connection: Connection,
        scope: Scope,
        kinds: &[Kind],
        rules: RankRules,
    ) -> Result<Self, CliError> {
        let greeting = connection.greet().await?;
        let (events, queue) = mpsc::channel(QUEUE);
        let (pulse, heard) = watch::channel(Pulse::Answers);
        let mut feeds = Feeds::new(
            connection.clone(),
            scope,
            Lists::of(greeting.minor),
            heard,
            events.clone(),
        );
        for kind in kinds {
            feeds.set(*kind, true);
        }
        Ok(Self {
            connection,
            model: Model::new(rules),
            kinds: kinds.to_vec(),
            feeds,
            events,
            queue,
            offset: TimeDelta::milliseconds(greeting.offset_ms),
            greeting,
            pulse,
        })
    }

    /// Asks the server again and again whether it is there, for commands that stay.
    pub fn watch_pulse(&self) {
        let cluster = ClusterId(self.connection.context.clone());
        tokio::spawn(pulse::run(
            self.connection.clone(),
            cluster,
            self.greeting.clone(),
            self.pulse.clone(),
            self.events.clone(),
        ));
    }

    /// The server's time.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.offset
    }

    /// Waits until each feed has its whole list or cannot have it, at most so long.
    pub async fn sync(&mut self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while !self.settled() {
            match timeout_at(deadline, self.next()).await {
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Whether each feed has had its whole list or cannot have it.
    pub fn settled(&self) -> bool {
        self.kinds.iter().all(|k| self.model.feed(*k).is_settled())
    }

    /// What is heard next. `None`: there will be nothing more.
    pub async fn next(&mut self) -> Option<Heard> {
        let event = self.queue.recv().await?;
        let now = self.now();
        Some(match event {
            Event::Watch(_, batch) => Heard::Changes(self.model.apply(now, *batch, &ci::Reader)),
            Event::Feed(_, kind, state) => {
                let changes = self.model.set_feed(now, kind, *state, &ci::Reader);
                Heard::Changes(changes)
            }
            event => Heard::Other(event),
        })
    }

    /// What is missing from the answer, in words; empty if nothing is.
    pub fn gaps(&self) -> Vec<String> {
        let narrowed = self.feeds.narrowed();
        let mut gaps = Vec::new();
        for kind in &self.kinds {
            let feed = self.model.feed(*kind);
            let plural = kind.plural();
            match &feed.state {
                FeedState::Live if feed.complete => {}
                FeedState::Live | FeedState::Off => gaps.push(format!("{plural}: not listed")),
                FeedState::Syncing { seen, expected } => gaps.push(match expected {
                    Some(expected) => format!("{plural}: {seen} of {expected} listed"),
                    None => format!("{plural}: {seen} listed so far"),
                }),
                FeedState::Stale { since, why } => {
                    let age = (Utc::now() - *since).num_seconds().max(0);
                    gaps.push(format!("{plural}: stale for {age} s: {why}"));
                }
                FeedState::Denied { verb, resource } => {
                    gaps.push(format!("{plural}: {verb} {resource} is denied"));
                }
                FeedState::Absent => {
                    gaps.push(format!("{plural}: the server has none of that kind"))
                }
                FeedState::LoginNeeded { command } => {
                    gaps.push(format!(
                        "{plural}: credentials are not accepted, run `{command}`"
                    ));
                }
            }
            if narrowed.contains(kind)
                && let Some(namespace) = self.feeds.fallback()
            {
                gaps.push(format!(
                    "{plural}: all namespaces are denied, only {namespace} is seen"
                ));
            }
            if let Some((name, why)) = &feed.last_unreadable {
                gaps.push(format!(
                    "{plural}: {} unreadable, the last {name}: {why}",
                    feed.unreadable
                ));
            }
        }
        gaps
    }

    /// The feeds that are stale, with the reason.
    pub fn stale(&self) -> Vec<String> {
        let stale = self
            .kinds
            .iter()
            .filter_map(|kind| match &self.model.feed(*kind).state {
                FeedState::Stale { why, .. } => Some(format!("{}: stale: {why}", kind.plural())),
                FeedState::Off
                | FeedState::Syncing { .. }
                | FeedState::Live
                | FeedState::Denied { .. }
                | FeedState::Absent
                | FeedState::LoginNeeded { .. } => None,
            });
        stale.collect()
    }

    /// Ok if nothing is missing.
    pub fn complete(&self) -> Result<(), CliError> {
        let gaps = self.gaps();
        if gaps.is_empty() {
            Ok(())
        } else {
            Err(CliError::Incomplete(gaps.join("; ")))
        }
    }
}
