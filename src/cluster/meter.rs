//! What our own requests cost: counted where they are made, read once a second.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::engine::figures::Figure;
use crate::model::Kind;

/// Heads of answers over which the latency is taken.
const WINDOW: usize = 64;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A feed.
    Feed(Kind),
    /// Log streams and what they ask of their pods.
    Logs,
    /// The engine's calls.
    Calls,
    /// What nodes and pods use.
    Figures,
    /// Greetings: the first one and the pulse.
    Greetings,
}

impl Who {
    fn all() -> impl Iterator<Item = Self> {
        Kind::ALL.into_iter().map(Self::Feed).chain([
            Self::Logs,
            Self::Calls,
            Self::Figures,
            Self::Greetings,
        ])
    }

    fn at(self) -> usize {
        let kinds = Kind::ALL.len();
        match self {
            Self::Feed(kind) => Kind::ALL.iter().position(|k| *k == kind).unwrap_or(0),
            Self::Logs => kinds,
            Self::Calls => kinds + 1,
            Self::Figures => kinds + 2,
            Self::Greetings => kinds + 3,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Feed(Kind::Warning) => "warnings",
            Self::Feed(kind) => kind.plural(),
            Self::Logs => "logs",
            Self::Calls => "calls",
            Self::Figures => "metrics",
            Self::Greetings => "greetings",
        }
    }
}

/// One asker's counters.
#[derive(Debug, Default)]
pub struct Meter {
    requests: AtomicU64,
    wire: AtomicU64,
    plain: AtomicU64,
    frames: AtomicU64,
    throttled: AtomicU64,
    waited_ms: AtomicU64,
    again: AtomicU64,
    heads: Mutex<Heads>,
}

#[derive(Debug, Default)]
struct Heads {
    last: VecDeque<Duration>,
    longest: Duration,
}

impl Meter {
    /// A request is sent after waiting so long for the budget.
    pub fn asked(&self, waited: Duration) {
        add(&self.requests, 1);
        if !waited.is_zero() {
            add(&self.waited_ms, millis(waited));
        }
    }

    /// The head of its answer came after so long, with this status.
    pub fn head(&self, took: Duration, status: u16) {
        if status == 429 {
            add(&self.throttled, 1);
        }
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.longest = heads.longest.max(took);
        heads.last.push_back(took);
        if heads.last.len() > WINDOW {
            heads.last.pop_front();
        }
    }

    /// Bytes came: as they were sent, and what was in them.
    pub fn bytes(&self, wire: usize, plain: usize) {
        add(&self.wire, wire as u64);
        add(&self.plain, plain as u64);
    }

    /// Frames, or objects of a page, were read.
    pub fn frames(&self, frames: usize) {
        add(&self.frames, frames as u64);
    }

    /// A stream broke, or a request failed, and is asked for again.
    pub fn again(&self) {
        add(&self.again, 1);
    }

    fn figure(&self, what: &'static str) -> Figure {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (p50, longest) = {
            let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
            let mut sorted: Vec<Duration> = heads.last.iter().copied().collect();
            sorted.sort_unstable();
            let middle = sorted.get(sorted.len() / 2).copied();
            (middle, middle.map(|_| heads.longest))
        };
        Figure {
            what,
            requests: get(&self.requests),
            wire: get(&self.wire),
            plain: get(&self.plain),
            frames: get(&self.frames),
            throttled: get(&self.throttled),
            waited: Duration::from_millis(get(&self.waited_ms)),
            again: get(&self.again),
            p50,
            longest,
        }
    }
}

/// Who asks beside the feeds: [`Who::at`] counts them on.
const OTHERS: usize = 4;

/// A connection's counters.
#[derive(Debug, Default)]
pub struct Meters([Meter; Kind::ALL.len() + OTHERS]);

impl Meters {
    /// One asker's.
    pub fn of(&self, who: Who) -> &Meter {
        &self.0[who.at()]
    }

    /// Of all that asked for anything.
    pub fn figures(&self) -> Vec<Figure> {
        Who::all()
            .map(|who| self.of(who).figure(who.name()))
            .filter(|figure| figure.requests > 0)
            .collect()
    }
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_by_asker() {
        let meters = Meters::default();
        let pods = meters.of(Who::Feed(Kind::Pod));
        let ms = Duration::from_millis;
        pods.asked(Duration::ZERO);
        pods.asked(ms(30));
        for took in 1..=100 {
            pods.head(ms(took), 200);
        }
        pods.head(ms(5), 429);
        pods.bytes(100, 1700);
        pods.frames(3);
        pods.again();
        meters.of(Who::Greetings).asked(Duration::ZERO);
        assert_eq!(
            meters.figures(),
            [
                Figure {
                    what: "pods",
                    requests: 2,
                    wire: 100,
                    plain: 1700,
                    frames: 3,
                    throttled: 1,
                    waited: ms(30),
                    again: 1,
                    p50: Some(ms(69)),
                    longest: Some(ms(100)),
                },
                Figure {
                    what: "greetings",
                    requests: 1,
                    ..Figure::default()
                },
            ]
        );
    }
}
