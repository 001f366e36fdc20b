//! The lives of the bulk load's pods: who is when to take which step.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::PACES;
use super::pod::{Card, Step};
use crate::sim::actors::dice::Dice;

/// One in so many jobs fails.
const FAILS: u64 = 25;

/// All pods that are the load's.
#[derive(Clone, Debug, Default)]
pub(super) struct Lives {
    made: u64,
    /// Those that run, the oldest first.
    running: VecDeque<u64>,
    cards: HashMap<u64, Card>,
    /// When a pod that does not just run takes its next step.
    next: BinaryHeap<Reverse<(DateTime<Utc>, u64)>>,
    /// Nodes that are to get a new pod now.
    vacant: VecDeque<u32>,
    ends: Quota,
    touches: Quota,
    touched: u64,
}

/// Whole things out of a rate a minute.
#[derive(Clone, Debug, Default)]
struct Quota {
    /// Of a thing, so many of [`PACES`] parts are kept for the next pace.
    parts: u64,
    /// Whole things to be done now.
    now: u64,
}

impl Quota {
    fn pace(&mut self, a_minute: usize) {
        self.parts += a_minute as u64;
        self.now = self.parts / PACES;
        self.parts %= PACES;
    }

    fn take(&mut self) -> bool {
        let any = self.now > 0;
        self.now = self.now.saturating_sub(1);
        any
    }
}

impl Card {
    /// It takes this step now.
    pub(super) fn enter(&mut self, step: Step, now: DateTime<Utc>) {
        self.step = step;
        self.last = now;
        match step {
            Step::Pending => self.created = now,
            Step::Init => self.bound = now,
            Step::Running => self.started = now,
            Step::Unready | Step::Succeeded | Step::Failed => {}
        }
    }

    /// Something small changes: what it says of its progress, and every other time whether it is ready.
    pub(super) fn touch(&mut self, now: DateTime<Utc>) {
        self.progress = (self.progress + 1) % 100;
        let step = match self.progress % 4 {
            3 => Step::Unready,
            _ => Step::Running,
        };
        if step != self.step {
            self.step = step;
            self.last = now;
        }
    }
}

impl Lives {
    /// The number of a new pod.
    pub(super) fn draw(&mut self) -> u64 {
        self.made += 1;
        self.made - 1
    }

    /// A pod runs from now on.
    pub(super) fn runs(&mut self, card: Card) {
        self.running.push_back(card.number);
        self.cards.insert(card.number, card);
    }

    /// A pace's share of ends (each with a new pod in its place) and of small changes, both a minute.
    pub(super) fn pace(&mut self, ends: usize, touches: usize) {
        self.ends.pace(ends);
        self.touches.pace(touches);
    }

    /// The next pod that is to do something now: take this step, or go. It is forgotten until
    /// [`Lives::go_on`] has it back. A pod that is to be `Pending` is a new one, and has no uid yet.
    pub(super) fn due(&mut self, now: DateTime<Utc>, dice: Dice) -> Option<(Card, Option<Step>)> {
        while let Some(Reverse((at, number))) = self.next.peek().copied()
            && at <= now
        {
            self.next.pop();
            if let Some(card) = self.cards.remove(&number) {
                let next = match card.step {
                    Step::Pending => Some(Step::Init),
                    Step::Init => Some(Step::Running),
                    Step::Running | Step::Unready | Step::Succeeded | Step::Failed => None,
                };
                return Some((card, next));
            }
        }
        while self.ends.take() {
            // One that was given up is as good as ended, but nobody takes its place.
            let ended = self.running.pop_front().and_then(|n| self.cards.remove(&n));
            if let Some(card) = ended {
                let fails = dice.on("fails").at(card.number).below(FAILS) == 0;
                self.vacant.push_back(card.node);
                let step = if fails { Step::Failed } else { Step::Succeeded };
                return Some((card, Some(step)));
            }
        }
        let node = self.vacant.pop_front()?;
        let card = Card {
            number: self.draw(),
            node,
            uid: "".into(),
            step: Step::Pending,
            created: now,
            bound: now,
            started: now,
            last: now,
            progress: 0,
        };
        Some((card, Some(Step::Pending)))
    }

    /// A pod has taken its step, and takes the next one in its time.
    pub(super) fn go_on(&mut self, card: Card, now: DateTime<Utc>, dice: Dice) {
        let (from, to) = match card.step {
            Step::Running | Step::Unready => return self.runs(card),
            Step::Pending => (100, 500),
            Step::Init => (1000, 4500),
            Step::Succeeded | Step::Failed => (2000, 6000),
        };
        let ms = dice.on("step").at(card.number).range(from, to);
        let at = now + TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(0));
        self.next.push(Reverse((at, card.number)));
        self.cards.insert(card.number, card);
    }

    /// Does something to the running pods whose turn it is; one to which it cannot be done is given up.
    pub(super) fn touched(&mut self, dice: Dice, mut act: impl FnMut(&mut Card) -> bool) {
        while self.touches.take() {
            self.touched += 1;
            let turn = dice.on("touch").at(self.touched);
            let at = usize::try_from(turn.below(self.running.len() as u64)).unwrap_or(0);
            let Some(number) = self.running.get(at) else {
                continue;
            };
            if let Some(card) = self.cards.get_mut(number)
                && !act(card)
            {
                self.cards.remove(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_from_its_birth_to_its_end() {
        let at = |ms: i64| DateTime::from_timestamp_millis(1_770_000_000_000 + ms).unwrap();
        let (mut lives, dice) = (Lives::default(), Dice::new(1));
        let mut card = Card {
            number: lives.draw(),
            node: 3,
            uid: "".into(),
            step: Step::Running,
            created: at(0),
            bound: at(0),
            started: at(0),
            last: at(0),
            progress: 0,
        };
        lives.runs(card.clone());
        assert!(lives.due(at(0), dice).is_none());
        let mut seen = Vec::new();
        for i in 0..200 {
            // One ends in the first minute and one in the second.
            lives.pace(1, 0);
            while let Some((mut card, step)) = lives.due(at(i * 600), dice) {
                seen.push((card.number, card.node, step));
                if let Some(step) = step {
                    card.enter(step, at(i * 600));
                    lives.go_on(card, at(i * 600), dice);
                }
            }
        }
        assert!(seen.is_empty(), "600 paces make a minute");
        lives.pace(600, 0);
        for i in 200..220 {
            while let Some((mut card, step)) = lives.due(at(i * 600), dice) {
                seen.push((card.number, card.node, step));
                if let Some(step) = step {
                    card.enter(step, at(i * 600));
                    lives.go_on(card, at(i * 600), dice);
                }
            }
        }
        let wanted = [
            (0, 3, Some(Step::Succeeded)),
            (1, 3, Some(Step::Pending)),
            (1, 3, Some(Step::Init)),
            (0, 3, None),
            (1, 3, Some(Step::Running)),
        ];
        seen.sort_unstable_by_key(|(number, ..)| *number);
        let mut sorted = wanted.to_vec();
        sorted.sort_by_key(|(number, ..)| *number);
        assert_eq!(seen, sorted);
        card.touch(at(9));
        assert_eq!(
            (card.step, card.progress, card.last),
            (Step::Running, 1, at(0))
        );
        card.touch(at(10));
        card.touch(at(11));
        assert_eq!(
            (card.step, card.progress, card.last),
            (Step::Unready, 3, at(11))
        );
    }
}
