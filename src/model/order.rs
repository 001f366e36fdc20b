//! Slots in an order that their owner knows: short sorted runs in a row.
//!
//! 150,000 slots are some 300 runs, so that putting one in or taking one out moves a few hundred numbers.
//! What a slot is compared by stays with the owner; `probe` tells how a slot stands to what is sought.

use std::cmp::Ordering;
use std::iter::{Chain, Copied, Flatten};
use std::slice::Iter;

/// Slots of a run before it is split.
const RUN: usize = 512;

/// Slots of runs.
pub(crate) type Rest<'o> = Copied<Chain<Iter<'o, u32>, Flatten<Iter<'o, Vec<u32>>>>>;

/// The order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    /// None is empty; every slot of a run stands before those of the next.
    runs: Vec<Vec<u32>>,
}

impl Order {
    /// Run and place of the first slot that does not stand before what is sought.
    fn find(&self, probe: &impl Fn(u32) -> Ordering) -> (usize, usize) {
        let before = |slot: &u32| probe(*slot) == Ordering::Less;
        // Lists come in their order: what is sought often stands behind all.
        if self
            .runs
            .last()
            .and_then(|run| run.last())
            .is_none_or(before)
        {
            return (self.runs.len(), 0);
        }
        let run = self
            .runs
            .partition_point(|run| run.last().is_some_and(before));
        let place = self
            .runs
            .get(run)
            .map_or(0, |run| run.partition_point(before));
        (run, place)
    }

    /// The slot that is what is sought.
    pub(crate) fn get(&self, probe: impl Fn(u32) -> Ordering) -> Option<u32> {
        let (run, place) = self.find(&probe);
        let slot = *self.runs.get(run)?.get(place)?;
        (probe(slot) == Ordering::Equal).then_some(slot)
    }

    /// Puts a slot where what is sought would stand; nothing stands there yet.
    pub(crate) fn insert(&mut self, slot: u32, probe: impl Fn(u32) -> Ordering) {
        let (at, place) = self.find(&probe);
        let Some(run) = self.runs.get_mut(at) else {
            match self.runs.last_mut() {
                Some(last) if last.len() < RUN => last.push(slot),
                // In their order they fill run by run.
                Some(_) => {
                    let mut run = Vec::with_capacity(RUN);
                    run.push(slot);
                    self.runs.push(run);
                }
                None => self.runs.push(vec![slot]),
            }
            return;
        };
        if run.len() < RUN {
            run.insert(place, slot);
            return;
        }
        let mut rest = Vec::with_capacity(RUN);
        rest.extend(run.drain(RUN / 2..));
        if place <= RUN / 2 {
            run.insert(place, slot);
        } else {
            rest.insert(place - RUN / 2, slot);
        }
        self.runs.insert(at + 1, rest);
    }

    /// Takes out what is sought.
    pub(crate) fn remove(&mut self, probe: impl Fn(u32) -> Ordering) -> Option<u32> {
        let (at, place) = self.find(&probe);
        let run = self.runs.get_mut(at)?;
        if run
            .get(place)
            .is_none_or(|slot| probe(*slot) != Ordering::Equal)
        {
            return None;
        }
        let slot = run.remove(place);
        let left = run.len();
        // Runs that have become short go together.
        if left == 0 {
            self.runs.remove(at);
        } else if left < RUN / 4
            && let Some(next) = self.runs.get(at + 1)
            && left + next.len() <= RUN / 2
        {
            let next = self.runs.remove(at + 1);
            self.runs[at].extend(next);
        }
        Some(slot)
    }

    /// Puts another slot in the place of what is sought.
    pub(crate) fn replace(&mut self, slot: u32, probe: impl Fn(u32) -> Ordering) {
        let (run, place) = self.find(&probe);
        if let Some(there) = self.runs.get_mut(run).and_then(|run| run.get_mut(place))
            && probe(*there) == Ordering::Equal
        {
            *there = slot;
        }
    }

    /// All slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.runs.iter().flatten().copied()
    }

    /// The slots that do not stand before what is sought.
    pub(crate) fn from(&self, probe: impl Fn(u32) -> Ordering) -> Rest<'_> {
        let (run, place) = self.find(&probe);
        let first = self.runs.get(run).map_or(&[][..], |run| &run[place..]);
        let rest = self.runs.get(run + 1..).unwrap_or_default();
        first.iter().chain(rest.iter().flatten()).copied()
    }

    /// Slots that there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.runs.iter().map(Vec::capacity).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_an_ordered_set(steps in prop::collection::vec((0u8..3, 0u32..2000), 0..4000), run in 0u32..3000) {
            let mut order = Order::default();
            let mut set = BTreeSet::new();
            for n in 0..run {
                order.insert(n + 1000, |slot| slot.cmp(&(n + 1000)));
                set.insert(n + 1000);
            }
            for (what, n) in steps {
                let probe = |slot: u32| slot.cmp(&n);
                prop_assert_eq!(order.get(probe), set.get(&n).copied());
                if what == 0 {
                    prop_assert_eq!(order.remove(probe), set.take(&n));
                } else if set.insert(n) {
                    order.insert(n, probe);
                }
            }
            prop_assert!(order.iter().eq(set.iter().copied()));
            for n in [0, 999, 1000, 1500, 3999, 5000] {
                prop_assert!(order.from(|slot| slot.cmp(&n)).eq(set.range(n..).copied()));
            }
            for n in set.iter().copied().collect::<Vec<_>>() {
                order.remove(|slot| slot.cmp(&n));
            }
            prop_assert_eq!((order.iter().next(), order.capacity()), (None, 0));
        }
    }
}
