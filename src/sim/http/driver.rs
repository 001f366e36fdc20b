//! Lets the cluster's time pass.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::Served;

/// Longest time between two steps: followed logs and watches hear of time passing this often.
const TICK: Duration = Duration::from_millis(100);
/// Shortest, so that a busy cluster is stepped in batches.
const REST: Duration = Duration::from_millis(10);

/// The cluster's time as a function of ours.
#[derive(Debug)]
pub(super) struct Clock {
    began: Instant,
    start: DateTime<Utc>,
    speed: f64,
}

impl Clock {
    /// It is `start` now, and passes `speed` times as fast as ours.
    pub(super) fn new(start: DateTime<Utc>, speed: f64) -> Clock {
        let speed = if speed.is_finite() {
            speed.clamp(0.001, 10_000.0)
        } else {
            1.0
        };
        Clock {
            began: Instant::now(),
            start,
            speed,
        }
    }

    /// The cluster's present.
    pub(super) fn now(&self) -> DateTime<Utc> {
        let passed = self.began.elapsed().as_secs_f64() * self.speed;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` saturates, and no run is that long"
        )]
        let micros = (passed * 1e6) as i64;
        self.start + TimeDelta::microseconds(micros)
    }

    /// How long to wait for a time of the cluster's.
    fn until(&self, due: DateTime<Utc>) -> Duration {
        (due - self.now())
            .to_std()
            .unwrap_or_default()
            .div_f64(self.speed)
    }
}

/// Steps the cluster until it is stopped.
pub(super) async fn run(served: Served) {
    loop {
        // Taking it brings it to its present.
        let due = served.with(|host| host.next_due());
        let clock = served.shared.clock.get();
        let wait = match (due, clock) {
            (Some(due), Some(clock)) => clock.until(due).clamp(REST, TICK),
            _ => TICK,
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = served.shared.stop.cancelled() => return,
        }
    }
}
