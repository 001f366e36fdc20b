//! How an index looks at the rows of a table.

use super::find::{Filtered, Texts};
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
    rows: std::marker::PhantomData<T>,
}

impl<'r, 'a, T: Rows> Looking<'r, 'a, T> {
    pub(crate) fn new(
        scope: &'r Scope,
        filter: &'r Filter,
        sort: Option<(usize, Sorted)>,
        cx: &'r Cx<'a>,
    ) -> Self {
        Self {
            scope,
            filter,
            sort,
            cx,
            texts: Texts::default(),
            rows: std::marker::PhantomData,
        }
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

    fn passes(&self, key: &RowKey) -> bool {
        T::get(key, self.cx).is_some_and(|row| {
            let (cx, texts) = (self.cx, &self.texts);
            let row = &row;
            self.filter.passes(&Filtered::<T> { row, cx, texts })
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
