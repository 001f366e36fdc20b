//! Whether answers are worth compressing on the way to this server.
//!
//! gzip costs the server about a tenth of a second of CPU for 100 MB of pods, and makes 5 to 10 MB of them:
//! over loopback and a LAN that only delays the answer, over anything slower it is most of the waiting. How
//! fast a link is shows in its round trips, and those are known before the first list: a near server answers
//! within a millisecond or two. (The server compresses lists, and watches with initial events; a plain watch it
//! never does.)

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::engine::settings::Compression;

/// From this round trip on answers are compressed.
const SLOW: Duration = Duration::from_millis(5);

/// A first greeting takes three round trips (TCP, TLS, the question) and computing that is worth a fourth.
const FIRST: u32 = 4;

/// What is known of the way to a server.
#[derive(Debug)]
pub(super) struct Link {
    setting: Compression,
    /// Shortest round trip so far, microseconds; `u64::MAX` before there was any.
    shortest: AtomicU64,
}

impl Link {
    pub(super) fn new(setting: Compression) -> Self {
        Self {
            setting,
            shortest: AtomicU64::new(u64::MAX),
        }
    }

    /// An answer came after so long; the first came over a new connection.
    pub(super) fn heard(&self, took: Duration) {
        let trips = match self.shortest.load(Ordering::Relaxed) {
            u64::MAX => FIRST,
            _ => 1,
        };
        let trip = u64::try_from((took / trips).as_micros()).unwrap_or(u64::MAX);
        self.shortest.fetch_min(trip, Ordering::Relaxed);
    }

    pub(super) fn compressed(&self) -> bool {
        match self.setting {
            Compression::On => true,
            Compression::Off => false,
            Compression::Auto => match self.shortest.load(Ordering::Relaxed) {
                u64::MAX => false,
                micros => Duration::from_micros(micros) >= SLOW,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_setting_or_by_the_shortest_round_trip() {
        for (setting, answers, want) in [
            (Compression::Auto, &[][..], false),
            (Compression::Auto, &[12], false),
            (Compression::Auto, &[60], true),
            (Compression::Auto, &[60, 30], true),
            // A first answer that was slow for another reason.
            (Compression::Auto, &[400, 1], false),
            (Compression::Auto, &[12, 90], false),
            (Compression::On, &[1], true),
            (Compression::Off, &[900], false),
        ] {
            let link = Link::new(setting);
            for ms in answers {
                link.heard(Duration::from_millis(*ms));
            }
            assert_eq!(link.compressed(), want, "{setting:?} {answers:?}");
        }
    }
}
