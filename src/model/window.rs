//! The last hour of a pool: how long jobs took to start, how many failed. Reading costs the number of
//! distinct waits, never the number of jobs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::jobs::What;
use super::phase::Phase;

/// The window's length in minutes.
pub const WINDOW_MINUTES: i64 = 60;

/// Start times over the last hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartTimes {
    /// Seconds from creation to the first step running: half started within this.
    pub p50: i64,
    /// 95 of 100 started within this.
    pub p95: i64,
    /// How many jobs started.
    pub count: u32,
}

/// Ends over the last hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// Jobs that succeeded or failed (cancelled ones are nobody's failure and stand apart).
    pub finished: u32,
    /// Of those, how many failed.
    pub failed: u32,
    /// Jobs that somebody stopped.
    pub cancelled: u32,
    /// Jobs whose pod or node was taken away.
    pub lost: u32,
}

impl Ends {
    fn add(&mut self, phase: Phase) {
        match phase {
            Phase::Succeeded => self.finished += 1,
            Phase::Failed => {
                self.finished += 1;
                self.failed += 1;
            }
            Phase::Cancelled => self.cancelled += 1,
            Phase::Lost => self.lost += 1,
            Phase::Queued
            | Phase::Scheduled
            | Phase::Pulling
            | Phase::Preparing
            | Phase::Running
            | Phase::Uploading => {}
        }
    }

    fn sub(&mut self, other: Self) {
        self.finished -= other.finished;
        self.failed -= other.failed;
        self.cancelled -= other.cancelled;
        self.lost -= other.lost;
    }
}

#[derive(Clone, Debug, Default)]
struct Minute {
    /// How many waited so long.
    waits: BTreeMap<u32, u32>,
    ends: Ends,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    minutes: BTreeMap<i64, Minute>,
    waits: BTreeMap<u32, u32>,
    starts: u32,
    ends: Ends,
}

impl Window {
    pub(crate) fn record(&mut self, now: DateTime<Utc>, at: DateTime<Utc>, what: What) {
        let minute = at.timestamp().div_euclid(60);
        if minute <= oldest(now) {
            return;
        }
        let slot = self.minutes.entry(minute).or_default();
        match what {
            What::Started(seconds) => {
                let wait = rounded(seconds);
                *slot.waits.entry(wait).or_default() += 1;
                *self.waits.entry(wait).or_default() += 1;
                self.starts += 1;
            }
            What::Ended(phase) => {
                slot.ends.add(phase);
                self.ends.add(phase);
            }
        }
    }

    /// Forgets what is older than an hour.
    pub(crate) fn expire(&mut self, now: DateTime<Utc>) {
        let oldest = oldest(now);
        while let Some(entry) = self.minutes.first_entry() {
            if *entry.key() > oldest {
                return;
            }
            let minute = entry.remove();
            self.ends.sub(minute.ends);
            for (wait, starts) in minute.waits {
                self.starts -= starts;
                if let Some(count) = self.waits.get_mut(&wait) {
                    *count -= starts;
                    if *count == 0 {
                        self.waits.remove(&wait);
                    }
                }
            }
        }
    }

    /// Nothing is known of the last hour.
    pub(crate) fn is_empty(&self) -> bool {
        self.minutes.is_empty()
    }

    /// Entries that are kept.
    pub(crate) fn len(&self) -> usize {
        let minutes = self.minutes.values().map(|m| m.waits.len() + 1);
        self.waits.len() + minutes.sum::<usize>()
    }

    pub(crate) fn starts(&self) -> Option<StartTimes> {
        (self.starts > 0).then(|| StartTimes {
            p50: self.percentile(50),
            p95: self.percentile(95),
            count: self.starts,
        })
    }

    pub(crate) fn ends(&self) -> Ends {
        self.ends
    }

    /// Nearest rank.
    fn percentile(&self, percent: u32) -> i64 {
        let rank = (u64::from(self.starts) * u64::from(percent)).div_ceil(100);
        let mut seen = 0;
        for (wait, count) in &self.waits {
            seen += u64::from(*count);
            if seen >= rank {
                return i64::from(*wait);
            }
        }
        0
    }
}

fn oldest(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(60) - WINDOW_MINUTES
}

/// Whole seconds to 2 minutes, tens of seconds to 20, then minutes: keeps the number of distinct waits small.
fn rounded(seconds: i64) -> u32 {
    let unit = match seconds {
        ..120 => 1,
        120..1_200 => 10,
        _ => 60,
    };
    u32::try_from(seconds / unit * unit).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeDelta, TimeZone};

    #[test]
    fn percentiles_by_nearest_rank_and_forgotten_after_an_hour() {
        let now = Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap();
        let mut w = Window::default();
        for wait in 1..=100 {
            w.record(now, now - TimeDelta::seconds(wait), What::Started(wait));
        }
        let of = |p50, p95, count| Some(StartTimes { p50, p95, count });
        assert_eq!(w.starts(), of(50, 95, 100));
        w.record(now, now, What::Ended(Phase::Failed));
        w.record(now, now, What::Ended(Phase::Succeeded));
        w.record(now, now, What::Ended(Phase::Cancelled));
        w.record(now, now - TimeDelta::hours(2), What::Ended(Phase::Lost));
        let ends = Ends {
            finished: 2,
            failed: 1,
            cancelled: 1,
            lost: 0,
        };
        assert_eq!(w.ends(), ends);
        w.expire(now + TimeDelta::minutes(59));
        assert_eq!(w.starts().map(|s| s.count), None);
        assert_eq!(w.ends(), ends);
        w.expire(now + TimeDelta::minutes(61));
        assert_eq!(w.ends(), Ends::default());
    }
}
