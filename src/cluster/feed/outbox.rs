//! Steps in batches, and how the feed stands.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::engine::Event;
use crate::model::object::Batch;
use crate::model::{ClusterNo, Delta, FeedState, Kind};

/// Progress of a sync is told at most so often.
const PROGRESS: Duration = Duration::from_millis(200);

/// A batch waits so long for more after its first step, …
const LINGER: Duration = Duration::from_millis(10);
/// … and so long after the batch before: a frame each is as many as anybody sees, and every batch wakes two
/// threads.
const STEADY: Duration = Duration::from_millis(70);

/// Nobody listens to the events any more.
pub(super) struct Gone;

/// A feed's steps on their way to the engine.
pub(super) struct Outbox {
    no: ClusterNo,
    kind: Kind,
    events: mpsc::Sender<Event>,
    /// Not yet sent.
    pub(super) deltas: Vec<Delta>,
    /// When the first of them came.
    pub(super) since: Instant,
    sent: Option<Instant>,
    told: Option<FeedState>,
    told_at: Instant,
    /// When the server was last heard.
    pub(super) heard: DateTime<Utc>,
}

impl Outbox {
    pub(super) fn new(no: ClusterNo, kind: Kind, events: mpsc::Sender<Event>) -> Self {
        Self {
            no,
            kind,
            events,
            deltas: Vec::new(),
            since: Instant::now(),
            sent: None,
            told: None,
            told_at: Instant::now(),
            heard: Utc::now(),
        }
    }

    /// When what there is should be sent.
    pub(super) fn due(&self) -> Instant {
        let first = self.since + LINGER;
        self.sent.map_or(first, |sent| first.max(sent + STEADY))
    }

    /// Sends what there is; waits while the engine has enough to do.
    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        if self.deltas.is_empty() {
            return Ok(());
        }
        let deltas = std::mem::take(&mut self.deltas);
        self.sent = Some(Instant::now());
        let batch = Batch {
            kind: self.kind,
            deltas,
        };
        self.events
            .send(Event::Watch(self.no, Box::new(batch)))
            .await
            .map_err(|_| Gone)
    }

    /// Says how the feed stands if that is news; progress of a sync is no news for a while.
    pub(super) async fn tell(&mut self, state: FeedState) -> Result<(), Gone> {
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
            .send(Event::Feed(self.no, self.kind, Box::new(state)))
            .await
            .map_err(|_| Gone)
    }
}
