//! How much we ask of an API server: requests a second, lists at a time, streams at a time.
//!
//! Feeds always get their streams (one a kind); what the budget holds back waits, and how long is counted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::engine::settings::Api;
use crate::model::Kind;

/// Streams that belong to feeds, one a kind, and one to spare for a feed that begins again.
pub const FEED_STREAMS: u32 = Kind::ALL.len() as u32 + 1;

/// One connection's budget.
#[derive(Debug)]
pub struct Budget {
    began: Instant,
    bucket: Mutex<Bucket>,
    lists: Arc<Semaphore>,
    logs: Arc<Semaphore>,
}

impl Budget {
    /// With nothing used yet.
    pub fn new(api: &Api) -> Self {
        let permits = |n: u32| Arc::new(Semaphore::new(n.max(1) as usize));
        Self {
            began: Instant::now(),
            bucket: Mutex::new(Bucket::new(api.max_requests_per_second)),
            lists: permits(api.max_lists),
            logs: permits(api.max_streams.saturating_sub(FEED_STREAMS)),
        }
    }

    /// Waits until a request that is no stream may be sent; gives how long that took.
    pub async fn request(&self) -> Duration {
        let wait = self.reserve();
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        wait
    }

    /// For a request that cannot wait: those after it wait for longer.
    pub fn reserve(&self) -> Duration {
        let now = self.began.elapsed();
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.reserve(now)
    }

    /// Waits until another first list may come in. Nodes and pods are not asked to: what the console is for
    /// comes at once.
    pub async fn list(&self, kind: Kind) -> Option<OwnedSemaphorePermit> {
        match kind {
            Kind::Node | Kind::Pod => None,
            // Never closed.
            _ => Arc::clone(&self.lists).acquire_owned().await.ok(),
        }
    }

    /// Waits for a stream for a log.
    pub async fn next_log(&self) -> Option<OwnedSemaphorePermit> {
        // Never closed.
        Arc::clone(&self.logs).acquire_owned().await.ok()
    }

    /// A stream for a log. `None`: all are in use.
    pub fn log(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.logs).try_acquire_owned().ok()
    }
}

/// So many requests a second evenly, twice as many at once after a rest. Time is an argument.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Between two requests.
    each: Duration,
    /// How far ahead of the even pace requests may be.
    ahead: Duration,
    /// When the next request is due at the even pace.
    due: Duration,
}

impl Bucket {
    fn new(per_second: u32) -> Self {
        Self {
            each: Duration::from_secs(1) / per_second.max(1),
            ahead: Duration::from_secs(2),
            due: Duration::ZERO,
        }
    }

    /// Takes the next place: how long to wait for it.
    fn reserve(&mut self, now: Duration) -> Duration {
        let due = self.due.max(now);
        self.due = due + self.each;
        (due - now).saturating_sub(self.ahead.saturating_sub(self.each))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_twice_the_rate_then_the_rate() {
        let mut bucket = Bucket::new(10);
        let ms = Duration::from_millis;
        let waits: Vec<Duration> = (0..23).map(|_| bucket.reserve(ms(0))).collect();
        assert_eq!(waits[..20], [ms(0); 20]);
        assert_eq!(waits[20..], [ms(100), ms(200), ms(300)]);
        // Whoever waited has been served by then; one more a tenth of a second.
        assert_eq!(bucket.reserve(ms(1000)), ms(0));
        // After a rest there is a burst again, and no more than one.
        let waits: Vec<Duration> = (0..21).map(|_| bucket.reserve(ms(60_000))).collect();
        assert_eq!(waits[..20], [ms(0); 20]);
        assert_eq!(waits[20], ms(100));
    }

    #[tokio::test]
    async fn logs_leave_the_feeds_their_streams() {
        let api = Api {
            max_streams: FEED_STREAMS + 2,
            ..Api::default()
        };
        let budget = Budget::new(&api);
        let first = budget.log();
        let second = budget.log();
        assert!(first.is_some() && second.is_some() && budget.log().is_none());
        drop(first);
        assert!(budget.log().is_some());
    }

    #[tokio::test]
    async fn nodes_and_pods_do_not_wait_for_other_lists() {
        let api = Api {
            max_lists: 1,
            ..Api::default()
        };
        let budget = Budget::new(&api);
        let held = budget.list(Kind::Service).await;
        assert!(held.is_some());
        assert!(budget.list(Kind::Pod).await.is_none());
        assert!(budget.list(Kind::Node).await.is_none());
        let waits = futures::poll!(std::pin::pin!(budget.list(Kind::Ingress)));
        assert!(waits.is_pending());
        drop(held);
        assert!(budget.list(Kind::Ingress).await.is_some());
    }
}
