//! Pauses between attempts.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// Doubling pauses up to ten seconds, each shortened by up to a half at random, so that many streams do not
/// come back at the same instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    pause: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { pause: FIRST }
    }

    /// All is well again.
    pub(super) fn reset(&mut self) {
        self.pause = FIRST;
    }

    /// The next pause.
    pub(super) fn next(&mut self) -> Duration {
        let whole = self.pause;
        self.pause = (whole * 2).min(LONGEST);
        // The standard library seeds each hasher's state at random.
        let random = RandomState::new().build_hasher().finish() % 1000;
        whole - whole * u32::try_from(random).unwrap_or(0) / 2000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_with_jitter_up_to_the_longest() {
        let mut backoff = Backoff::new();
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
}
