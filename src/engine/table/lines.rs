//! What filters look at, written out once for each row: kept while a filter is on or being typed, so that
//! another filter is a search in one text.

use std::marker::PhantomData;

use super::{Cx, RowKey, Rows};
use crate::engine::filter::Subject;
use crate::model::Labels;

/// The lines of a table's rows, by slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    text: String,
    /// By slot: from and to in the text.
    at: Vec<(u32, u32)>,
    /// Bytes that belong to no row any more.
    waste: usize,
    on: bool,
    /// Slots before this one have been written out ahead of a filter; `None`: that is not asked for.
    ahead: Option<u32>,
}

/// Not written out. A line is never empty.
const NONE: (u32, u32) = (0, 0);
/// Waste below this is borne.
const WASTE: usize = 1 << 20;

impl Lines {
    /// Whether lines are kept.
    pub(crate) fn on(&self) -> bool {
        self.on
    }

    /// There is a filter: from now on they are kept.
    pub(crate) fn keep(&mut self) {
        self.on = true;
    }

    /// A filter is about to be typed: they are kept, and written out ahead.
    pub(crate) fn prepare(&mut self) {
        self.on = true;
        self.ahead = Some(0);
    }

    /// The slot that is next to be written out ahead.
    pub(crate) fn ahead(&self) -> Option<u32> {
        self.ahead
    }

    /// Up to there it is done; `None`: for all.
    pub(crate) fn went(&mut self, ahead: Option<u32>) {
        self.ahead = ahead;
    }

    /// There is no filter any more.
    pub(crate) fn drop_all(&mut self) {
        *self = Self::default();
    }

    /// All may have changed.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            on: self.on,
            ahead: self.ahead.map(|_| 0),
            ..Self::default()
        };
    }

    /// That row has changed, or is another.
    pub(crate) fn forget(&mut self, slot: u32) {
        if let Some(at) = self.at.get_mut(slot as usize) {
            self.waste += (at.1 - at.0) as usize;
            *at = NONE;
        }
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&str> {
        let (from, to) = *self.at.get(slot as usize)?;
        let line = self.text.get(from as usize..to as usize)?;
        (!line.is_empty()).then_some(line)
    }

    /// Keeps a row's line. `rows`: how many there may be.
    pub(crate) fn put(&mut self, slot: u32, line: &str, rows: usize) {
        self.forget(slot);
        if self.waste > WASTE && self.waste > self.text.len() / 2 {
            self.compact();
        }
        let from = self.text.len();
        let (Ok(start), Ok(end)) = (u32::try_from(from), u32::try_from(from + line.len())) else {
            return;
        };
        if self.text.capacity() < from + line.len() {
            // Doubling would leave half of it empty.
            let few = line.len() * 64;
            self.text.reserve_exact((from / 8).max(few));
        }
        let slot = slot as usize;
        if self.at.len() <= slot {
            self.at.reserve_exact(rows.saturating_sub(self.at.len()));
            self.at.resize(slot + 1, NONE);
        }
        self.text.push_str(line);
        self.at[slot] = (start, end);
    }

    fn compact(&mut self) {
        let mut text = String::with_capacity(self.text.len() - self.waste);
        for at in &mut self.at {
            let line = self.text.get(at.0 as usize..at.1 as usize);
            let from = text.len();
            text.push_str(line.unwrap_or_default());
            // It is shorter than the text before.
            let place = |n: usize| u32::try_from(n).unwrap_or(0);
            *at = (place(from), place(text.len()));
        }
        self.text = text;
        self.waste = 0;
    }
}

/// Ends a column's text in a line. No word of a filter has it in it.
pub(crate) const END: char = '\n';

/// A row by its line, and its labels for what asks for them.
pub(crate) struct Written<'l, 'a, T> {
    pub(crate) line: &'l str,
    pub(crate) key: &'l RowKey,
    pub(crate) cx: &'l Cx<'a>,
    pub(crate) rows: PhantomData<T>,
}

impl<T: Rows> Subject for Written<'_, '_, T> {
    fn has(&self, lower: &str) -> bool {
        self.line.contains(lower)
    }

    fn column_has(&self, column: usize, lower: &str) -> bool {
        // Few lines have it at all.
        self.line.contains(lower) && {
            let text = self.line.split(END).nth(column);
            text.is_some_and(|text| text.contains(lower))
        }
    }

    fn labels(&self) -> Option<&Labels> {
        T::labels(&T::get(self.key, self.cx)?, self.cx)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_row_has_the_line_that_was_put_last(
            steps in prop::collection::vec((0u32..40, prop::option::of("[a-ü]{1,9}")), 0..300),
        ) {
            let mut lines = Lines::default();
            let mut want = BTreeMap::new();
            for (slot, line) in steps {
                match line {
                    Some(line) => {
                        lines.put(slot, &line, 40);
                        want.insert(slot, line);
                    }
                    None => {
                        lines.forget(slot);
                        want.remove(&slot);
                    }
                }
                let kept = want.values().map(String::len).sum::<usize>();
                prop_assert_eq!(lines.text.len() - lines.waste, kept);
                if lines.waste > 50 {
                    lines.compact();
                }
            }
            for slot in 0..41 {
                prop_assert_eq!(lines.get(slot), want.get(&slot).map(String::as_str));
            }
        }
    }
}
