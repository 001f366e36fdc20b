//! What a table is sorted by.

use super::TableState;
use crate::engine::table::{Rows, columns, titles, with_rows};
use crate::engine::view::Sorted;

impl TableState {
    /// Sorts by a column; the same column again turns the order round.
    pub(crate) fn sort_by(&mut self, column: usize) {
        let way = with_rows!(self.kind, T => T::columns().get(column).map(|c| c.way));
        let Some(way) = way else {
            return;
        };
        self.sort = Some(match self.sort {
            Some((at, Sorted::Up)) if at == column => (at, Sorted::Down),
            Some((at, Sorted::Down)) if at == column => (at, Sorted::Up),
            Some(_) | None => (column, way),
        });
        self.index.sort();
    }

    /// Sorts by what stands there on the screen.
    pub(crate) fn sort_shown(&mut self, place: usize, mixed: bool) {
        let mixed = mixed && self.scope.cluster().is_none();
        let at = with_rows!(self.kind, T => columns::<T>(mixed).nth(place).map(|(at, _)| at));
        if let Some(at) = at {
            self.sort_by(at);
        }
    }

    /// The clusters are others: all rows are met again.
    pub(crate) fn another_set(&mut self) {
        if !self.covered {
            self.index.sort();
        }
        self.renew();
    }

    /// Sorts by the next column to the right or left; past the ends the natural order comes back.
    pub(crate) fn sort_beside(&mut self, right: bool, several: bool) {
        let count = titles(self.kind, several).len();
        let next = match (self.sort, right) {
            (None, true) => Some(0),
            (None, false) => count.checked_sub(1),
            (Some((at, _)), true) => Some(at + 1).filter(|at| *at < count),
            (Some((at, _)), false) => at.checked_sub(1),
        };
        self.sort = None;
        match next {
            Some(at) => self.sort_by(at),
            None => self.index.sort(),
        }
    }
}
