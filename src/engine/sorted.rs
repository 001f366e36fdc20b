//! Rows in their order, of which some are shown: short sorted runs in a row.
//!
//! 150,000 rows are about 300 runs, so that inserting moves a few hundred numbers and finding the n-th adds
//! up a few hundred lengths. A row is a number; what it is compared by, and whether it is shown, its owner
//! keeps and hands in.

use std::cmp::Ordering;

/// Rows of a run before it is split.
const RUN: usize = 512;

#[derive(Clone, Debug)]
struct Run {
    rows: Vec<u32>,
    /// How many of them are shown.
    shown: usize,
    /// Whether the filter was asked about them.
    judged: bool,
}

/// The order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sorted {
    /// None is empty; every row of a run stands before those of the next.
    runs: Vec<Run>,
    len: usize,
    shown: usize,
}

impl Sorted {
    /// Of rows in their order. `shown` tells which of them are shown.
    pub(crate) fn of(rows: impl Iterator<Item = u32>, shown: &[bool]) -> Self {
        let mut sorted = Self::default();
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            // Room for those that come later.
            let mut run = Vec::with_capacity(RUN);
            run.extend(rows.by_ref().take(RUN / 4 * 3));
            sorted.len += run.len();
            let count = run.iter().filter(|row| is(shown, **row)).count();
            sorted.shown += count;
            sorted.runs.push(Run {
                rows: run,
                shown: count,
                judged: true,
            });
        }
        sorted
    }

    /// All rows.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Rows that are shown.
    pub(crate) fn shown(&self) -> usize {
        self.shown
    }

    /// Run and place in it of the first row that does not stand before what is sought: `probe` tells how a
    /// row stands to it.
    fn find(&self, probe: impl Fn(u32) -> Ordering) -> (usize, usize) {
        let before = |row: u32| probe(row) == Ordering::Less;
        let run = self
            .runs
            .partition_point(|run| run.rows.last().is_some_and(|last| before(*last)));
        let place = self
            .runs
            .get(run)
            .map_or(0, |run| run.rows.partition_point(|row| before(*row)));
        (run, place)
    }

    /// `shown` tells which rows are shown, this one too.
    pub(crate) fn insert(&mut self, row: u32, shown: &[bool], probe: impl Fn(u32) -> Ordering) {
        let (mut at, mut place) = self.find(probe);
        if at == self.runs.len() {
            // What stands behind all goes to the end of the last run.
            if at == 0 {
                self.runs.push(Run {
                    rows: Vec::with_capacity(RUN),
                    shown: 0,
                    judged: true,
                });
            }
            at = self.runs.len() - 1;
            place = self.runs[at].rows.len();
        }
        let run = &mut self.runs[at];
        run.rows.insert(place, row);
        let one = usize::from(is(shown, row));
        run.shown += one;
        self.len += 1;
        self.shown += one;
        if run.rows.len() >= RUN {
            self.split(at, shown);
        }
    }

    fn split(&mut self, at: usize, shown: &[bool]) {
        // Rows that come in their order fill the runs.
        let last = at + 1 == self.runs.len();
        let keep = if last { RUN / 8 * 7 } else { RUN / 2 };
        let run = &mut self.runs[at];
        let mut rows = Vec::with_capacity(RUN);
        rows.extend(run.rows.drain(keep..));
        let count = rows.iter().filter(|row| is(shown, **row)).count();
        run.shown -= count;
        let rest = Run {
            rows,
            shown: count,
            judged: run.judged,
        };
        self.runs.insert(at + 1, rest);
    }

    /// Takes a row out. `shown` is how it was.
    pub(crate) fn remove(&mut self, row: u32, shown: bool, probe: impl Fn(u32) -> Ordering) {
        let (at, place) = self.find(probe);
        let Some(run) = self.runs.get_mut(at) else {
            return;
        };
        if run.rows.get(place) != Some(&row) {
            return;
        }
        run.rows.remove(place);
        run.shown -= usize::from(shown);
        self.len -= 1;
        self.shown -= usize::from(shown);
        if run.rows.is_empty() {
            self.runs.remove(at);
        }
    }

    /// A row that is there is shown from now on, or no longer.
    pub(crate) fn turn(&mut self, shown: bool, probe: impl Fn(u32) -> Ordering) {
        let (at, _) = self.find(probe);
        if let Some(run) = self.runs.get_mut(at) {
            if shown {
                run.shown += 1;
                self.shown += 1;
            } else {
                run.shown -= 1;
                self.shown -= 1;
            }
        }
    }

    /// How many shown rows stand before a row.
    pub(crate) fn position(&self, shown: &[bool], probe: impl Fn(u32) -> Ordering) -> usize {
        let (at, place) = self.find(probe);
        let before: usize = self.runs[..at].iter().map(|run| run.shown).sum();
        let here = self.runs.get(at).map_or(0, |run| {
            let rows = run.rows[..place].iter();
            rows.filter(|row| is(shown, **row)).count()
        });
        before + here
    }

    /// The shown rows from the n-th on.
    pub(crate) fn from<'a>(
        &'a self,
        n: usize,
        shown: &'a [bool],
    ) -> impl Iterator<Item = u32> + 'a {
        let mut skip = n;
        let mut at = 0;
        while at < self.runs.len() && skip >= self.runs[at].shown {
            skip -= self.runs[at].shown;
            at += 1;
        }
        self.runs[at..]
            .iter()
            .filter(|run| run.shown > 0)
            .flat_map(|run| run.rows.iter().copied())
            .filter(|row| is(shown, *row))
            .skip(skip)
    }

    /// The filter is to be asked again about every row. `hide`: none is shown until it was.
    pub(crate) fn doubt(&mut self, hide: bool) {
        for run in &mut self.runs {
            run.judged = false;
            if hide {
                run.shown = 0;
            }
        }
        if hide {
            self.shown = 0;
        }
    }

    /// The first run that the filter was not asked about, by its number, with its rows.
    pub(crate) fn doubtful(&self) -> Option<(usize, &[u32])> {
        let at = self.runs.iter().position(|run| !run.judged)?;
        Some((at, &self.runs[at].rows))
    }

    /// The filter was asked about that run: so many of its rows are shown.
    pub(crate) fn judge(&mut self, run: usize, shown: usize) {
        if let Some(run) = self.runs.get_mut(run) {
            self.shown = self.shown - run.shown + shown;
            run.shown = shown;
            run.judged = true;
        }
    }

    /// Every row is shown.
    pub(crate) fn show_all(&mut self) {
        for run in &mut self.runs {
            run.judged = true;
            run.shown = run.rows.len();
        }
        self.shown = self.len;
    }
}

fn is(shown: &[bool], row: u32) -> bool {
    shown.get(row as usize).copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_a_set_with_positions(steps in prop::collection::vec((0u8..3, 0u32..1500), 0..4000)) {
            let mut sorted = Sorted::default();
            let mut set = BTreeSet::new();
            // A row is compared by its own number; every third is hidden at first.
            let mut shown: Vec<bool> = (0..1500).map(|n| n % 3 != 0).collect();
            for (what, n) in steps {
                let probe = |row: u32| row.cmp(&n);
                match what {
                    0 => {
                        sorted.remove(n, shown[n as usize], probe);
                        set.remove(&n);
                    }
                    1 if set.contains(&n) => {
                        shown[n as usize] = !shown[n as usize];
                        sorted.turn(shown[n as usize], probe);
                    }
                    _ if !set.contains(&n) => {
                        sorted.insert(n, &shown, probe);
                        set.insert(n);
                    }
                    _ => {}
                }
            }
            let seen: Vec<u32> = set.iter().copied().filter(|n| shown[*n as usize]).collect();
            prop_assert_eq!((sorted.len(), sorted.shown()), (set.len(), seen.len()));
            prop_assert!(sorted.from(0, &shown).eq(seen.iter().copied()));
            for (i, n) in seen.iter().enumerate() {
                prop_assert_eq!(sorted.position(&shown, |row| row.cmp(n)), i);
                prop_assert_eq!(sorted.from(i, &shown).next(), Some(*n));
            }
            prop_assert_eq!(sorted.from(seen.len(), &shown).next(), None);
            let again = Sorted::of(set.iter().copied(), &shown);
            prop_assert!(again.from(0, &shown).eq(sorted.from(0, &shown)));
            sorted.doubt(true);
            while let Some((run, rows)) = sorted.doubtful() {
                let count = rows.len();
                sorted.judge(run, count);
            }
            prop_assert_eq!(sorted.shown(), set.len());
        }
    }
}
