//! Sorting in slices, by heads: 16 bytes of what a row is sorted by, so that rows are compared where they
//! lie side by side.
//!
//! Rows are sorted by their first head in runs, the runs merged two at a time. Of rows that are alike in it
//! the next head is looked at, and so on: each text is read once for every 16 bytes, not once a comparison.

use std::cmp::Ordering;
use std::collections::VecDeque;

/// 16 bytes of what a row is sorted by, and whether nothing is behind them.
pub(crate) type Head = ([u64; 2], bool);

/// A row with a head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    head: [u64; 2],
    pub(crate) row: u32,
    /// Its number among those that were added, twice; one more where the head is not all of it.
    number: u32,
}

impl Entry {
    pub(crate) fn new((head, whole): Head, row: u32, added: usize) -> Self {
        let number = u32::try_from(added).unwrap_or(u32::MAX / 2) << 1;
        Self {
            head,
            row,
            number: number | u32::from(!whole),
        }
    }

    /// By head; those that are alike stand as they were added.
    fn key(self) -> ([u64; 2], u32) {
        (self.head, self.number >> 1)
    }

    fn is_whole(self) -> bool {
        self.number & 1 == 0
    }
}

/// What rows are sorted by.
pub(crate) trait Heads {
    /// The n-th head of a row.
    fn head(&self, row: u32, n: usize) -> Head;
    /// The order of rows that are alike in all heads; `None`: as they were added.
    fn tie(&self, a: u32, b: u32) -> Option<Ordering>;
}

/// Rows of a run, and of a group that is sorted at once.
const RUN: usize = 2_048;

/// Rows that are being sorted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Merge {
    runs: VecDeque<Vec<Entry>>,
    two: Option<Two>,
    /// Rows by their first head, rows alike in it by their second, and so on; how far each is.
    levels: Vec<(Vec<Entry>, usize)>,
    out: Vec<u32>,
}

/// Two runs on their way into one.
#[derive(Clone, Debug)]
struct Two {
    a: Vec<Entry>,
    b: Vec<Entry>,
    at: (usize, usize),
    out: Vec<Entry>,
}

impl Merge {
    /// Adds a run.
    pub(crate) fn add(&mut self, mut run: Vec<Entry>) {
        if !run.is_empty() {
            run.sort_unstable_by_key(|entry| entry.key());
            self.runs.push_back(run);
        }
    }

    /// Sorts on; returns how many rows it moved. When that is less than `rows`, all is sorted.
    pub(crate) fn work(&mut self, rows: usize, heads: &impl Heads) -> usize {
        let mut done = 0;
        while done < rows {
            if self.two.is_some() || self.runs.len() > 1 {
                done += self.merge(rows - done);
            } else if let Some(run) = self.runs.pop_front() {
                self.out
                    .reserve(if self.levels.is_empty() { run.len() } else { 0 });
                self.levels.push((run, 0));
            } else {
                match self.group(rows - done, heads) {
                    0 => return done,
                    moved => done += moved,
                }
            }
        }
        done
    }

    fn merge(&mut self, rows: usize) -> usize {
        if let Some(two) = &mut self.two {
            let moved = two.work(rows);
            if two.is_done() {
                let out = self.two.take().map(|two| two.out);
                self.runs.push_back(out.unwrap_or_default());
            }
            return moved.max(1);
        }
        let (Some(mut a), Some(mut b)) = (self.runs.pop_front(), self.runs.pop_front()) else {
            return 1;
        };
        // Where rows come in their order already there is nothing to compare.
        if a.last().map(|e| e.key()) <= b.first().map(|e| e.key()) {
            let cost = b.len() / 8 + 1;
            a.append(&mut b);
            self.runs.push_back(a);
            return cost;
        }
        let out = Vec::with_capacity(a.len() + b.len());
        let at = (0, 0);
        self.two = Some(Two { a, b, at, out });
        1
    }

    /// Goes on with rows that are sorted by a head: those whose head decides are done, those that are alike
    /// are sorted by the next. 0: all is done.
    fn group(&mut self, rows: usize, heads: &impl Heads) -> usize {
        let n = self.levels.len();
        let Some((level, at)) = self.levels.last_mut() else {
            return 0;
        };
        let mut moved = 0;
        while moved < rows {
            let Some(first) = level.get(*at) else {
                self.levels.pop();
                return moved.max(1);
            };
            let alike = |e: &&Entry| e.head == first.head;
            let count = level[*at..].iter().take_while(alike).count();
            let group = &level[*at..*at + count];
            *at += count;
            // Equal heads are whole or not together, but for a text that ends in NUL.
            if count == 1 || group.iter().all(|e| e.is_whole()) {
                let from = self.out.len();
                self.out.extend(group.iter().map(|e| e.row));
                if count > 1 && heads.tie(first.row, first.row).is_some() {
                    let tie = |a: &u32, b: &u32| heads.tie(*a, *b).unwrap_or(Ordering::Equal);
                    self.out[from..].sort_unstable_by(tie);
                }
                moved += count;
                continue;
            }
            moved += count;
            let next = |e: &Entry| {
                let number = (e.number >> 1) as usize;
                Entry::new(heads.head(e.row, n), e.row, number)
            };
            let runs = group.chunks(RUN).map(|run| run.iter().map(next).collect());
            let runs: Vec<Vec<Entry>> = runs.collect();
            for run in runs {
                self.add(run);
            }
            return moved;
        }
        moved
    }

    /// The rows in their order.
    pub(crate) fn take(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.out)
    }
}

impl Two {
    fn work(&mut self, rows: usize) -> usize {
        let before = self.out.len();
        while self.out.len() - before < rows {
            let (i, j) = self.at;
            match (self.a.get(i), self.b.get(j)) {
                (Some(a), Some(b)) if b.key() < a.key() => {
                    self.out.push(*b);
                    self.at.1 += 1;
                }
                (Some(a), _) => {
                    self.out.push(*a);
                    self.at.0 += 1;
                }
                (None, Some(b)) => {
                    self.out.push(*b);
                    self.at.1 += 1;
                }
                (None, None) => break,
            }
        }
        self.out.len() - before
    }

    fn is_done(&self) -> bool {
        self.at == (self.a.len(), self.b.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Three heads a value; ties fall by the value's last digit, or as they were added.
    struct Values(Vec<u64>, bool);

    impl Heads for Values {
        fn head(&self, row: u32, n: usize) -> Head {
            let v = self.0[row as usize];
            match n {
                0 => ([v / 100, 0], (v / 100).is_multiple_of(3)),
                1 => ([0, v / 10 % 10], false),
                _ => ([v % 5, 0], true),
            }
        }

        fn tie(&self, a: u32, b: u32) -> Option<Ordering> {
            let value = |row: u32| (self.0[row as usize] % 10, row);
            self.1.then(|| value(a).cmp(&value(b)))
        }
    }

    impl Values {
        fn key(&self, row: u32) -> (u64, u64, u64, u64) {
            let v = self.0[row as usize];
            let tie = if self.1 { v % 10 } else { 0 };
            match v / 100 % 3 {
                0 => (v / 100, 0, 0, tie),
                _ => (v / 100, v / 10 % 10, v % 5, tie),
            }
        }
    }

    proptest! {
        #[test]
        fn sorts(
            values in prop::collection::vec(0u64..1000, 0..400),
            run in 1usize..40,
            slice in 1usize..50,
            ties: bool,
        ) {
            let values = Values(values, ties);
            let mut want: Vec<u32> = (0..).take(values.0.len()).collect();
            let mut merge = Merge::default();
            for rows in want.chunks(run) {
                let entry = |row: &u32| Entry::new(values.head(*row, 0), *row, *row as usize);
                merge.add(rows.iter().map(entry).collect());
            }
            while merge.work(slice, &values) >= slice {}
            want.sort_by_key(|row| values.key(*row));
            prop_assert_eq!(merge.take(), want);
        }
    }
}
