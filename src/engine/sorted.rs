//! A sorted sequence with cheap insertion and positions: short sorted runs in a row.
//!
//! 150,000 entries are about 400 runs, so that inserting moves a few hundred entries and finding the n-th
//! adds up a few hundred lengths.

/// Entries of a run before it is split.
const RUN: usize = 512;

/// The sequence. Entries are distinct.
#[derive(Clone, Debug)]
pub(crate) struct Sorted<T> {
    /// None is empty; every entry of a run is less than those of the next.
    runs: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self {
            runs: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Ord> Sorted<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The run in which `entry` is or would be; the last one for what is greater than all.
    fn run_of(&self, entry: &T) -> usize {
        self.runs
            .partition_point(|run| run.last().is_some_and(|last| last < entry))
            .min(self.runs.len().saturating_sub(1))
    }

    pub(crate) fn insert(&mut self, entry: T) {
        if self.runs.is_empty() {
            self.runs.push(Vec::with_capacity(RUN));
        }
        let at = self.run_of(&entry);
        let run = &mut self.runs[at];
        let Err(place) = run.binary_search(&entry) else {
            return;
        };
        run.insert(place, entry);
        self.len += 1;
        if run.len() > RUN {
            let rest = run.split_off(RUN / 2);
            self.runs.insert(at + 1, rest);
        }
    }

    pub(crate) fn remove(&mut self, entry: &T) {
        let at = self.run_of(entry);
        let Some(run) = self.runs.get_mut(at) else {
            return;
        };
        if let Ok(place) = run.binary_search(entry) {
            run.remove(place);
            self.len -= 1;
            if run.is_empty() {
                self.runs.remove(at);
            }
        }
    }

    pub(crate) fn position(&self, entry: &T) -> Option<usize> {
        let at = self.run_of(entry);
        let place = self.runs.get(at)?.binary_search(entry).ok()?;
        Some(self.runs[..at].iter().map(Vec::len).sum::<usize>() + place)
    }

    /// The entries from the n-th on.
    pub(crate) fn from(&self, n: usize) -> impl Iterator<Item = &T> {
        let mut skip = n;
        let mut at = 0;
        while at < self.runs.len() && skip >= self.runs[at].len() {
            skip -= self.runs[at].len();
            at += 1;
        }
        self.runs[at..].iter().flatten().skip(skip)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_a_set_with_positions(steps in prop::collection::vec((any::<bool>(), 0u16..1500), 0..4000)) {
            let mut sorted = Sorted::default();
            let mut set = BTreeSet::new();
            for (add, n) in steps {
                if add {
                    sorted.insert(n);
                    set.insert(n);
                } else {
                    sorted.remove(&n);
                    set.remove(&n);
                }
            }
            prop_assert_eq!(sorted.len(), set.len());
            prop_assert!(sorted.from(0).eq(set.iter()));
            for (i, n) in set.iter().enumerate() {
                prop_assert_eq!(sorted.position(n), Some(i));
                prop_assert_eq!(sorted.from(i).next(), Some(n));
            }
            prop_assert_eq!(sorted.from(set.len()).next(), None);
        }
    }
}
