//! The time that goes with events.

use std::time::Duration;

use chrono::Utc;

use crate::engine::Now;

/// Counts from the console's start, through suspends where the system can tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Duration,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { start: raw() }
    }

    pub(super) fn now(self) -> Now {
        Now {
            wall: Utc::now(),
            boot: raw().saturating_sub(self.start),
        }
    }
}

/// Monotonic time since some moment.
fn raw() -> Duration {
    #[cfg(target_os = "linux")]
    let clock = rustix::time::ClockId::Boottime;
    // Elsewhere this one counts suspend, or there is none that does.
    #[cfg(not(target_os = "linux"))]
    let clock = rustix::time::ClockId::Monotonic;
    let time = rustix::time::clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos)
}
