//! How an index looks at the rows of a table.

use std::cell::RefCell;

use super::find::{Filtered, Texts};
use super::lines::{Lines, Written};
use super::{Cx, Place, RowKey, Rows, Scope};
use crate::engine::filter::Filter;
use crate::engine::index::Look;
use crate::engine::view::Sorted;
use crate::model::{JobKey, Text};

/// How far a walk over all rows has come.
#[derive(Clone, Debug, Default)]
pub(crate) enum Walk {
    #[default]
    Start,
    /// These are left.
    Keys(Vec<RowKey>),
    /// Behind this pod.
    Pod(Text, Text),
    /// Behind this job.
    Job(JobKey),
}

impl Walk {
    /// Walks over keys that are listed at its start.
    pub(super) fn keys(
        &mut self,
        rows: usize,
        all: impl FnOnce() -> Vec<RowKey>,
        mut tell: impl FnMut(RowKey),
    ) -> bool {
        if !matches!(self, Self::Keys(_)) {
            let mut keys = all();
            keys.reverse();
            *self = Self::Keys(keys);
        }
        let Self::Keys(left) = self else {
            return false;
        };
        let from = left.len().saturating_sub(rows);
        for key in left.drain(from..).rev() {
            tell(key);
        }
        !left.is_empty()
    }
}

/// The rows of a kind, as a table of this scope, filter and sort sees them.
pub(crate) struct Looking<'r, 'a, T> {
    scope: &'r Scope,
    filter: &'r Filter,
    sort: Option<(usize, Sorted)>,
    cx: &'r Cx<'a>,
    texts: Texts,
    lines: RefCell<&'r mut Lines>,
    rows: std::marker::PhantomData<T>,
}

impl<'r, 'a, T: Rows> Looking<'r, 'a, T> {
    pub(crate) fn new(
        scope: &'r Scope,
        filter: &'r Filter,
        sort: Option<(usize, Sorted)>,
        cx: &'r Cx<'a>,
        lines: &'r mut Lines,
    ) -> Self {
        Self {
            scope,
            filter,
            sort,
            cx,
            texts: Texts::default(),
            lines: RefCell::new(lines),
            rows: std::marker::PhantomData,
        }
    }

    /// Writes a row's line, if it is one to be kept and is not there.
    pub(crate) fn write(&self, slot: u32, key: &RowKey) {
        let mut lines = self.lines.borrow_mut();
        if lines.get(slot).is_none()
            && let Some(row) = T::get(key, self.cx)
        {
            self.write_row(&mut lines, slot, &row);
        }
    }

    /// Returns whether it did.
    fn write_row(&self, lines: &mut Lines, slot: u32, row: &T::Row<'a>) -> bool {
        let writes = lines.on() && T::steady(row, self.cx);
        if writes {
            let (cx, texts) = (self.cx, &self.texts);
            let rows = T::most(cx);
            Filtered::<T> { row, cx, texts }.line(|line| lines.put(slot, line, rows));
        }
        writes
    }

    fn place_of(&self, row: &T::Row<'a>) -> Option<Place> {
        if !T::within(row, self.scope, self.cx) {
            return None;
        }
        let by = self
            .sort
            .and_then(|(at, way)| Some(((T::columns().get(at)?.key)(row, self.cx), way)));
        let (value, way) = by.unwrap_or_else(|| (T::natural(row, self.cx), Sorted::Up));
        Some(Place::new(value, way, T::tie(row)))
    }
}

impl<T: Rows> Look<RowKey, Place, Walk> for Looking<'_, '_, T> {
    fn place(&self, key: &RowKey) -> Option<Place> {
        self.place_of(&T::get(key, self.cx)?)
    }

    fn passes(&self, slot: u32, key: &RowKey) -> bool {
        let (cx, texts) = (self.cx, &self.texts);
        let mut lines = self.lines.borrow_mut();
        if lines.get(slot).is_none() {
            let Some(row) = T::get(key, cx) else {
                return false;
            };
            if !self.write_row(&mut lines, slot, &row) {
                let row = &row;
                return self.filter.passes(&Filtered::<T> { row, cx, texts });
            }
        }
        let line = lines.get(slot).unwrap_or_default();
        let rows = self.rows;
        self.filter.passes(&Written::<T> {
            line,
            key,
            cx,
            rows,
        })
    }

    fn passes_all(&self) -> bool {
        self.filter.is_empty()
    }

    fn most(&self) -> usize {
        T::most(self.cx)
    }

    fn walks_in_order(&self) -> bool {
        T::IN_ORDER
    }

    fn walk(&self, walk: &mut Walk, rows: usize, tell: &mut dyn FnMut(RowKey, Place)) -> bool {
        T::walk(walk, self.scope, self.cx, rows, &mut |key, row| {
            if let Some(place) = self.place_of(&row) {
                tell(key, place);
            }
        })
    }
}
