//! When a frame is due. Pure: times are handed in, as time since some moment.

use std::time::Duration;

/// Between two frames that the cluster's news ask for.
const NEWS: Duration = Duration::from_millis(40);
/// The same while a list comes in, when every object changes something.
const LISTING: Duration = Duration::from_millis(125);
/// Between two looks whether news are visible.
const LOOK: Duration = Duration::from_millis(20);
/// Between two frames that keys ask for: held ones come faster than anybody sees.
const KEYS: Duration = Duration::from_millis(8);
/// After a resize: more of them follow while a window is dragged.
const SETTLE: Duration = Duration::from_millis(50);
/// But not for ever.
const DRAGGED: Duration = Duration::from_millis(200);

/// Why a frame is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The person did something, or waits for something that came: at once.
    Now,
    /// The cluster changed.
    News,
    /// It changed while a list comes in.
    Listing,
    /// The terminal has another size.
    Resize,
}

/// Decides when frames are drawn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pacer {
    due: Option<Duration>,
    /// The last frame.
    drawn: Option<Duration>,
    /// When it was last asked whether news are visible.
    looked: Option<Duration>,
    /// When the window began to be dragged.
    dragged: Option<Duration>,
}

impl Pacer {
    /// A frame is wanted.
    pub(super) fn want(&mut self, now: Duration, why: Why) {
        let after = |last: Option<Duration>, gap| last.map_or(now, |last| now.max(last + gap));
        let at = match why {
            Why::Now => after(self.drawn, KEYS),
            Why::News => after(self.drawn, NEWS).max(after(self.looked, LOOK)),
            Why::Listing => after(self.drawn, LISTING).max(after(self.looked, LOOK)),
            Why::Resize => {
                let first = *self.dragged.get_or_insert(now);
                self.due = None;
                (now + SETTLE).min(first + DRAGGED)
            }
        };
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// When the next one is due.
    pub(super) fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Whether one is due.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// It was due; nothing visible had changed.
    pub(super) fn passed(&mut self, now: Duration) {
        self.due = None;
        self.looked = Some(now);
    }

    /// It was drawn.
    pub(super) fn drew(&mut self, now: Duration) {
        *self = Self {
            due: None,
            drawn: Some(now),
            looked: Some(now),
            dragged: None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Frames that are drawn when these are wanted, one a millisecond, until `end`.
    fn frames(end: u64, mut why: impl FnMut(u64) -> Option<Why>) -> Vec<u64> {
        let mut pacer = Pacer::default();
        let mut drawn = Vec::new();
        for t in 0..end {
            if let Some(why) = why(t) {
                pacer.want(ms(t), why);
            }
            if pacer.is_due(ms(t)) {
                pacer.drew(ms(t));
                drawn.push(t);
            }
        }
        drawn
    }

    #[test]
    fn news_are_paced_and_keys_are_not() {
        let always = |why| move |_| Some(why);
        let count = |why| frames(1_000, always(why)).len();
        assert_eq!((count(Why::News), count(Why::Listing)), (25, 8));
        assert_eq!(count(Why::Now), 125);
        // The first at once; a change after some silence too; the last of a burst is not lost.
        let burst = |t| (t == 0 || (300..420).contains(&t)).then_some(Why::News);
        assert_eq!(frames(1_000, burst), [0, 300, 340, 380, 420]);
        // A key between two frames of a list.
        let key = |t| Some(if t == 60 { Why::Now } else { Why::Listing });
        assert_eq!(frames(200, key), [0, 60, 185]);
    }

    #[test]
    fn a_window_that_is_dragged_is_drawn_now_and_then() {
        let drag = |t| (t < 500).then_some(Why::Resize);
        assert_eq!(frames(1_000, drag), [200, 401, 549]);
        let once = |t| (t == 10).then_some(Why::Resize);
        assert_eq!(frames(1_000, once), [60]);
    }

    #[test]
    fn looking_in_vain_costs_no_frame_and_delays_none() {
        let mut pacer = Pacer::default();
        pacer.drew(ms(0));
        pacer.want(ms(100), Why::News);
        assert_eq!(pacer.due(), Some(ms(100)));
        pacer.passed(ms(100));
        assert_eq!(pacer.due(), None);
        pacer.want(ms(101), Why::News);
        assert_eq!(pacer.due(), Some(ms(120)));
        pacer.want(ms(102), Why::Now);
        assert_eq!(pacer.due(), Some(ms(102)));
    }
}
