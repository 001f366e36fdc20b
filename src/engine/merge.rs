//! Sorting in slices: sorted runs, merged two at a time.

use std::cmp::Ordering;
use std::collections::VecDeque;

/// A row with the beginning of what it is sorted by, so that most comparisons stay in one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    head: [u64; 2],
    pub(crate) row: u32,
    /// Its number among those that were added, twice; one more where the head is not all of it.
    number: u32,
}

impl Entry {
    /// `whole`: rows with this head need no further comparison, and stand as they were added.
    pub(crate) fn new(head: [u64; 2], whole: bool, row: u32, added: usize) -> Self {
        let number = u32::try_from(added).unwrap_or(u32::MAX / 2) << 1;
        Self {
            head,
            row,
            number: number | u32::from(!whole),
        }
    }
}

/// The runs that are not merged yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Merge {
    runs: VecDeque<Vec<Entry>>,
    two: Option<Two>,
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
    /// Adds a run; `order` compares two rows whose heads do not decide.
    pub(crate) fn add(&mut self, mut run: Vec<Entry>, order: impl Fn(u32, u32) -> Ordering) {
        if !run.is_empty() {
            run.sort_unstable_by(|a, b| compare(*a, *b, &order));
            self.runs.push_back(run);
        }
    }

    /// Merges on; returns how many rows it moved. When that is less than `rows`, one run is left.
    pub(crate) fn work(&mut self, rows: usize, order: impl Fn(u32, u32) -> Ordering) -> usize {
        let mut done = 0;
        while done < rows {
            if self.two.is_none() {
                if self.runs.len() < 2 {
                    return done;
                }
                let (Some(mut a), Some(mut b)) = (self.runs.pop_front(), self.runs.pop_front())
                else {
                    return done;
                };
                // Where rows come in their order already there is nothing to compare.
                if follows(&a, &b, &order) {
                    done += b.len() / 8 + 1;
                    a.append(&mut b);
                    self.runs.push_back(a);
                    continue;
                }
                let out = Vec::with_capacity(a.len() + b.len());
                let at = (0, 0);
                self.two = Some(Two { a, b, at, out });
            }
            if let Some(two) = &mut self.two {
                done += two.work(rows - done, &order);
                if two.is_done() {
                    let out = self.two.take().map(|two| two.out);
                    self.runs.push_back(out.unwrap_or_default());
                }
            }
        }
        done
    }

    /// The one run that is left.
    pub(crate) fn take(&mut self) -> Vec<Entry> {
        self.runs.pop_front().unwrap_or_default()
    }
}

impl Two {
    fn work(&mut self, rows: usize, order: impl Fn(u32, u32) -> Ordering) -> usize {
        let before = self.out.len();
        while self.out.len() - before < rows {
            let (i, j) = self.at;
            match (self.a.get(i), self.b.get(j)) {
                (Some(a), Some(b)) if compare(*b, *a, &order) == Ordering::Less => {
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

fn follows(a: &[Entry], b: &[Entry], order: impl Fn(u32, u32) -> Ordering) -> bool {
    match (a.last(), b.first()) {
        (Some(a), Some(b)) => compare(*a, *b, order) != Ordering::Greater,
        (None, _) | (_, None) => true,
    }
}

fn compare(a: Entry, b: Entry, order: impl Fn(u32, u32) -> Ordering) -> Ordering {
    let rest = || {
        if (a.number | b.number) & 1 == 0 {
            Ordering::Equal
        } else {
            order(a.row, b.row)
        }
    };
    let heads = a.head.cmp(&b.head);
    heads.then_with(rest).then(a.number.cmp(&b.number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorts(values in prop::collection::vec(0u64..50, 0..400), run in 1usize..40, slice in 1usize..50) {
            // The head has half of the value only.
            let entry = |row: usize| {
                let slot = u32::try_from(row).expect("few");
                Entry::new([values[row] / 7, 0], values[row] % 7 == 0, slot, row)
            };
            let order = |a: u32, b: u32| values[a as usize].cmp(&values[b as usize]);
            let mut merge = Merge::default();
            let rows: Vec<usize> = (0..values.len()).collect();
            for rows in rows.chunks(run) {
                merge.add(rows.iter().map(|row| entry(*row)).collect(), order);
            }
            while merge.work(slice, order) >= slice {}
            let got: Vec<u32> = merge.take().iter().map(|e| e.row).collect();
            let mut want: Vec<u32> = (0..values.len()).map(|n| u32::try_from(n).expect("few")).collect();
            // Those that are alike stay as they were added.
            want.sort_by(|a, b| order(*a, *b));
            prop_assert_eq!(got, want);
        }
    }
}
