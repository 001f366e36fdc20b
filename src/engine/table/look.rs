//! How an index looks at the rows of a table.

use std::cell::RefCell;

use super::find::{Filtered, Texts};
use super::lines::{Lines, Written};
use super::{Cx, Place, RowKey, Rows, Scope, Sight};
use crate::engine::filter::Filter;
use crate::engine::index::Look;
use crate::engine::view::Sorted;
use crate::model::{ClusterNo, JobKey, Text};

/// How far a walk over the rows of all clusters has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tour {
    /// In this cluster; `None`: in none yet.
    no: Option<ClusterNo>,
    walk: Walk,
}

/// How far a walk over all rows of a cluster has come.
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
    sight: Sight<'a>,
    texts: Texts,
    lines: RefCell<&'r mut Lines>,
    rows: std::marker::PhantomData<T>,
}

impl<'r, 'a, T: Rows> Looking<'r, 'a, T> {
    pub(crate) fn new(
        scope: &'r Scope,
        filter: &'r Filter,
        sort: Option<(usize, Sorted)>,
        sight: &Sight<'a>,
        lines: &'r mut Lines,
    ) -> Self {
        Self {
            scope,
            filter,
            sort,
            sight: *sight,
            texts: Texts::default(),
            lines: RefCell::new(lines),
            rows: std::marker::PhantomData,
        }
    }

    /// Writes a row's line, if it is one to be kept and is not there.
    pub(crate) fn write(&self, slot: u32, key: &RowKey) {
        let mut lines = self.lines.borrow_mut();
        if lines.get(slot).is_none()
            && let Some(cx) = self.sight.of_row(key)
            && let Some(row) = T::get(key, &cx)
        {
            self.write_row(&mut lines, slot, &row, &cx);
        }
    }

    /// Returns whether it did.
    fn write_row(&self, lines: &mut Lines, slot: u32, row: &T::Row<'a>, cx: &Cx<'a>) -> bool {
        let writes = lines.on() && T::steady(row, cx);
        if writes {
            let texts = &self.texts;
            let rows = self.most();
            Filtered::<T> { row, cx, texts }.line(|line| lines.put(slot, line, rows));
        }
        writes
    }

    fn place_of(&self, row: &T::Row<'a>, cx: &Cx<'a>) -> Option<Place> {
        if !T::within(row, self.scope, cx) {
            return None;
        }
        let by = self
            .sort
            .and_then(|(at, way)| Some(((T::columns().get(at)?.key)(row, cx), way)));
        let (value, way) = by.unwrap_or_else(|| (T::natural(row, cx), Sorted::Up));
        Some(Place::new(value, way, T::tie(row)))
    }

    /// The clusters whose rows the table has.
    fn clusters(&self) -> impl Iterator<Item = Cx<'a>> {
        self.sight.within(self.scope, T::ANYWHERE)
    }

    /// What a row is made of, if the table has rows of its cluster.
    fn cx_of(&self, key: &RowKey) -> Option<Cx<'a>> {
        match key.cluster() {
            Some(no) => self.clusters().find(|cx| cx.no == no),
            None => self.clusters().next(),
        }
    }
}

impl<T: Rows> Look<RowKey, Place, Tour> for Looking<'_, '_, T> {
    fn place(&self, key: &RowKey) -> Option<Place> {
        let cx = self.cx_of(key)?;
        self.place_of(&T::get(key, &cx)?, &cx)
    }

    fn passes(&self, slot: u32, key: &RowKey) -> bool {
        let Some(cx) = &self.sight.of_row(key) else {
            return false;
        };
        let texts = &self.texts;
        let mut lines = self.lines.borrow_mut();
        if lines.get(slot).is_none() {
            let Some(row) = T::get(key, cx) else {
                return false;
            };
            if !self.write_row(&mut lines, slot, &row, cx) {
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
        self.clusters().map(|cx| T::most(&cx)).sum()
    }

    fn walks_in_order(&self) -> bool {
        // Walks meet one cluster after the other.
        T::IN_ORDER && self.clusters().nth(1).is_none()
    }

    fn walk(&self, tour: &mut Tour, rows: usize, tell: &mut dyn FnMut(RowKey, Place)) -> bool {
        let at = tour.no;
        let mut clusters = self
            .clusters()
            .skip_while(|cx| at.is_some_and(|at| at != cx.no));
        let Some(cx) = clusters.next() else {
            return false;
        };
        tour.no = Some(cx.no);
        let more = T::walk(&mut tour.walk, self.scope, &cx, rows, &mut |key, row| {
            if let Some(place) = self.place_of(&row, &cx) {
                tell(key, place);
            }
        });
        if more {
            return true;
        }
        let next = clusters.next();
        *tour = Tour {
            no: next.map(|cx| cx.no),
            walk: Walk::Start,
        };
        next.is_some()
    }
}
