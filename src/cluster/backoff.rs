//! Pauses between attempts, without a clock: the caller waits.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// Doubling pauses up to ten seconds, each shortened by up to a half by chance, so that many streams of many
/// consoles do not come back at the same instant. The same seed gives the same pauses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pause: Duration,
    chance: Chance,
}

impl Backoff {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            pause: FIRST,
            chance: Chance(seed),
        }
    }

    /// All is well again.
    pub(super) fn reset(&mut self) {
        self.pause = FIRST;
    }

    /// The next pause.
    pub(super) fn next(&mut self) -> Duration {
        let whole = self.pause;
        self.pause = (whole * 2).min(LONGEST);
        whole - self.within(whole / 2)
    }

    /// The pause that the server asked for: never shorter, up to a quarter longer.
    pub(super) fn at_least(&mut self, asked: Duration) -> Duration {
        self.next().max(asked + self.within(asked / 4))
    }

    /// Any time within a span.
    pub(super) fn within(&mut self, span: Duration) -> Duration {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.chance.below(millis.saturating_add(1)))
    }
}

/// A stream of chance from a seed (splitmix64): not for secrets.
#[derive(Clone, Copy, Debug)]
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}

/// Another seed each time: the standard library seeds each hasher's state at random.
pub(super) fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_with_jitter_up_to_the_longest() {
        let mut backoff = Backoff::new(7);
        let mut whole = FIRST;
        for _ in 0..12 {
            let pause = backoff.next();
            assert!(
                pause <= whole && pause >= whole / 2,
                "{pause:?} of {whole:?}"
            );
            whole = (whole * 2).min(LONGEST);
        }
        assert_eq!(whole, LONGEST);
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }

    #[test]
    fn the_same_seed_gives_the_same_pauses() {
        let pauses = |seed| {
            let mut backoff = Backoff::new(seed);
            [(); 6].map(|()| backoff.next())
        };
        assert_eq!(pauses(1), pauses(1));
        assert_ne!(pauses(1), pauses(2));
    }

    #[test]
    fn streams_come_back_spread_out_after_an_outage() {
        let span = Duration::from_secs(2);
        let mut back: Vec<Duration> = (0..1000).map(|n| Backoff::new(n).within(span)).collect();
        back.sort_unstable();
        assert!(back.iter().all(|at| *at <= span));
        // In each fifth of the span comes about a fifth of them.
        for part in 0..5 {
            let (from, to) = (span * part / 5, span * (part + 1) / 5);
            let here = back.iter().filter(|at| **at >= from && **at < to).count();
            assert!((150..250).contains(&here), "{here} from {from:?}");
        }
    }

    #[test]
    fn what_the_server_asks_for_is_the_least() {
        for seed in 0..100 {
            let asked = Duration::from_secs(8);
            let pause = Backoff::new(seed).at_least(asked);
            assert!(pause >= asked && pause <= asked * 5 / 4, "{pause:?}");
        }
    }
}
