//! A table on a screen: scope, filter, sort, cursor, scroll, marks.

mod changed;
mod sort;

use std::collections::BTreeSet;

use super::lines::Lines;
use super::look::{Looking, Tour};
use super::{Place, RowKey, Scope, Sight, TableKind, cells, columns, titles, with_rows};
use crate::engine::filter::Filter;
use crate::engine::index::Index;
use crate::engine::view::{self, Head, Row, RowId, Sorted};
use crate::model::Change;

/// A table. Its index stands while it is on the screen.
#[derive(Clone, Debug)]
pub(crate) struct TableState {
    pub(crate) kind: TableKind,
    pub(crate) scope: Scope,
    filter_text: String,
    filter: Filter,
    sort: Option<(usize, Sorted)>,
    index: Index<RowKey, Place, Tour>,
    /// What the filter looks at.
    lines: Lines,
    /// The row under the cursor; `None`: the first one, until the person moves.
    cursor: Option<RowKey>,
    /// Where the cursor was last, so that the next row takes it when its own goes.
    at: usize,
    top: usize,
    /// The cursor's row on the screen: it stays there when its row moves in the order.
    line: usize,
    marks: BTreeSet<RowKey>,
    /// What is on the screen.
    seen: Seen,
    /// Something on the screen changed since that was last asked.
    turned: bool,
    /// What was on the screen when another screen covered it, until the index stands again.
    faded: Option<Faded>,
    covered: bool,
}

/// What of a table is on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    slots: Vec<u32>,
    at: usize,
    top: usize,
    shown: usize,
    total: usize,
    settled: bool,
}

#[derive(Clone, Debug)]
struct Faded {
    rows: Vec<RowKey>,
    shown: usize,
    total: usize,
}

impl TableState {
    pub(crate) fn new(kind: TableKind, scope: Scope) -> Self {
        let mut table = Self {
            kind,
            scope,
            filter_text: String::new(),
            filter: Filter::default(),
            sort: None,
            index: Index::default(),
            lines: Lines::default(),
            cursor: None,
            at: 0,
            top: 0,
            line: 0,
            marks: BTreeSet::new(),
            seen: Seen::default(),
            turned: true,
            faded: None,
            covered: false,
        };
        table.index.renew();
        table
    }

    /// Looks at all rows again.
    pub(crate) fn renew(&mut self) {
        if !self.covered {
            self.index.renew();
            self.lines.clear();
            self.turned = true;
        }
    }

    /// What pods and nodes use was told anew.
    pub(crate) fn measured(&mut self) {
        let of_use = |title: &&str| matches!(*title, "CPU" | "MEM" | "CPU-USE" | "MEM-USE");
        let several = true;
        let by_use = self
            .sort
            .is_some_and(|(at, _)| titles(self.kind, several).get(at).is_some_and(of_use));
        self.turned = true;
        if by_use || self.kind == TableKind::Shapes {
            self.renew();
        }
    }

    /// Another screen covers it: its index goes, and what was seen stays until it comes back.
    pub(crate) fn cover(&mut self) {
        if self.faded.is_none() {
            self.faded = Some(Faded {
                rows: self
                    .index
                    .from(self.top)
                    .take(self.seen.slots.len())
                    .cloned()
                    .collect(),
                shown: self.index.len(),
                total: self.index.total(),
            });
        }
        self.index = Index::default();
        self.lines.drop_all();
        self.seen = Seen::default();
        self.covered = true;
    }

    /// It is on the screen again.
    pub(crate) fn uncover(&mut self) {
        if self.covered {
            self.covered = false;
            self.renew();
        }
    }

    fn minds_pools(&self) -> bool {
        let by_pool = self
            .sort
            .is_some_and(|(at, _)| titles(self.kind, false).get(at) == Some(&"POOL"));
        matches!(self.scope, Scope::Pool(..))
            || by_pool
            || (self.kind == TableKind::Jobs && !self.filter.is_empty())
    }

    fn row(&mut self, change: Change, key: RowKey) {
        if change == Change::Removed {
            self.marks.remove(&key);
            if let Some(faded) = &mut self.faded {
                faded.rows.retain(|row| *row != key);
                self.turned = true;
            }
        }
        if self.covered {
            return;
        }
        let slot = match change {
            Change::Removed => self.index.gone(&key),
            Change::Added | Change::Changed => Some(self.index.touch(key)),
        };
        if let Some(slot) = slot {
            self.lines.forget(slot);
            self.turned |= self.seen.slots.contains(&slot);
        }
    }

    /// Works for up to so many rows; returns for how many it did.
    pub(crate) fn work(&mut self, rows: usize, sight: &Sight<'_>) -> usize {
        let Self {
            kind,
            scope,
            filter,
            sort,
            index,
            lines,
            ..
        } = self;
        with_rows!(*kind, T => {
            let mut ahead = lines.ahead();
            let look = Looking::<T>::new(scope, filter, *sort, sight, lines);
            let mut done = index.work(rows, &look);
            while done < rows && let Some(slot) = ahead {
                ahead = index.at_or_behind(slot).map(|(slot, key)| {
                    look.write(slot, key);
                    slot + 1
                });
                done += 1;
            }
            lines.went(ahead);
            done
        })
    }

    /// Whether what is shown is as it should be.
    pub(crate) fn settled(&self) -> bool {
        self.index.settled()
    }

    /// Whether there is nothing to work on.
    pub(crate) fn idle(&self) -> bool {
        self.covered || (self.index.idle() && self.lines.ahead().is_none())
    }

    /// Whether something on the screen changed since this was last asked.
    pub(crate) fn take_turned(&mut self) -> bool {
        std::mem::take(&mut self.turned)
    }

    /// Whether no row was on the screen.
    pub(crate) fn was_bare(&self) -> bool {
        self.seen.slots.is_empty()
    }

    /// Brings cursor and scroll position in order after rows or the page changed.
    pub(crate) fn settle(&mut self, page: usize) {
        let settled = self.index.settled();
        if settled {
            self.faded = None;
            self.marks.retain(|key| self.index.holds(key));
        }
        if self.faded.is_none() {
            self.settle_cursor(page.max(1));
        }
        let seen = Seen {
            slots: self.index.slots_from(self.top).take(page).collect(),
            at: self.at,
            top: self.top,
            shown: self.len(),
            total: self.total(),
            // Without rows it is said why.
            settled: settled || self.len() > 0,
        };
        if seen != self.seen {
            self.turned = true;
            self.seen = seen;
        }
    }

    fn settle_cursor(&mut self, page: usize) {
        let len = self.index.len();
        let found = match &self.cursor {
            None => Some(0),
            Some(key) => self.index.position(key),
        };
        match found {
            // Its row moved in the order: the rows around it move, not the cursor.
            Some(at) if at != self.at => {
                self.at = at;
                self.top = at.saturating_sub(self.line);
            }
            Some(_) => {}
            None => {
                self.at = self.at.min(len.saturating_sub(1));
                // While a new order is made its row may only not be there yet.
                if self.index.settled() {
                    self.cursor = self.index.from(self.at).next().cloned();
                }
            }
        }
        let lowest = self.at.saturating_sub(page - 1);
        self.top = self
            .top
            .clamp(lowest, self.at)
            .min(len.saturating_sub(page));
        if found.is_some() || self.index.settled() {
            self.line = self.at - self.top;
        }
    }

    /// The row under the cursor.
    pub(crate) fn current(&self) -> Option<RowKey> {
        if let Some(faded) = &self.faded {
            let line = self.at.saturating_sub(self.top);
            return faded.rows.get(line).or(faded.rows.last()).cloned();
        }
        match &self.cursor {
            Some(key) if self.index.position(key).is_some() => Some(key.clone()),
            Some(_) | None => self.index.from(self.at).next().cloned(),
        }
    }

    /// Moves the cursor by so many rows; false if it stood at that end already.
    pub(crate) fn step(&mut self, by: i64) -> bool {
        let last = self.len().saturating_sub(1);
        let by = isize::try_from(by).unwrap_or(if by < 0 { isize::MIN } else { isize::MAX });
        self.go(self.at.saturating_add_signed(by).min(last))
    }

    /// Puts the cursor on the n-th row; false if it stood there already.
    pub(crate) fn go(&mut self, at: usize) -> bool {
        let at = at.min(self.len().saturating_sub(1));
        let (row, at) = match &self.faded {
            // Of the others nothing is known yet.
            Some(faded) => {
                let line = at.saturating_sub(self.top);
                let line = line.min(faded.rows.len().saturating_sub(1));
                (faded.rows.get(line), self.top + line)
            }
            None => (self.index.from(at).next(), at),
        };
        let Some(key) = row else {
            return false;
        };
        let moved = at != self.at;
        self.cursor = Some(key.clone());
        self.at = at;
        moved
    }

    /// Puts the cursor on a row that is on the screen; true if it stood there already.
    pub(crate) fn click(&mut self, id: &RowId, page: usize) -> bool {
        let found = self.rows(page).position(|key| key.id() == *id);
        match found {
            Some(offset) => {
                let same = self.at == self.top + offset && self.cursor.is_some();
                self.go(self.top + offset);
                same
            }
            None => false,
        }
    }

    /// The rows on the screen.
    fn rows(&self, page: usize) -> impl Iterator<Item = &RowKey> {
        let faded = self.faded.iter().flat_map(|faded| &faded.rows);
        let index = self.faded.is_none().then(|| self.index.from(self.top));
        faded.chain(index.into_iter().flatten()).take(page)
    }

    /// Rows that pass the filter.
    pub(crate) fn len(&self) -> usize {
        self.faded.as_ref().map_or(self.index.len(), |f| f.shown)
    }

    fn total(&self) -> usize {
        self.faded.as_ref().map_or(self.index.total(), |f| f.total)
    }

    /// Marks or unmarks the row under the cursor.
    pub(crate) fn mark(&mut self) {
        if let Some(key) = self.current()
            && !self.marks.remove(&key)
        {
            self.marks.insert(key);
        }
    }

    /// Marked rows, the hidden too.
    pub(crate) fn marks(&self) -> &BTreeSet<RowKey> {
        &self.marks
    }

    /// Forgets the marks.
    pub(crate) fn unmark(&mut self) {
        self.marks.clear();
    }

    pub(crate) fn hidden_marks(&self) -> usize {
        let hidden = |key: &&RowKey| self.index.position(key).is_none();
        if self.faded.is_some() {
            return 0;
        }
        self.marks.iter().filter(hidden).count()
    }

    pub(crate) fn filter_text(&self) -> &str {
        &self.filter_text
    }

    /// Another filter; what is wrong with it, if it cannot be read (the old one stays).
    pub(crate) fn set_filter(&mut self, text: &str, several: bool) -> Result<(), String> {
        let filter = Filter::parse(text, &titles(self.kind, several))?;
        self.filter_text = text.trim().to_owned();
        if filter != self.filter {
            if filter.is_empty() {
                self.lines.drop_all();
            } else {
                self.lines.keep();
            }
            self.filter = filter;
            self.index.filter();
        }
        Ok(())
    }

    /// A filter is about to be typed.
    pub(crate) fn prepare_filter(&mut self) {
        if !self.covered {
            self.lines.prepare();
        }
    }

    /// None will be: an empty one was left.
    pub(crate) fn leave_filter(&mut self) {
        if self.filter.is_empty() {
            self.lines.drop_all();
        }
    }

    /// The visible part. `title` and `empty` are the screen's to say.
    pub(crate) fn view(
        &self,
        sight: &Sight<'_>,
        page: usize,
        mut title: String,
        empty: view::Line,
    ) -> view::Table {
        if !self.filter_text.is_empty() {
            title.push_str(&format!(" /{}", self.filter_text));
        }
        let mixed = sight.mixed(&self.scope);
        let rows = self
            .rows(page)
            .map(|key| Row {
                id: key.id(),
                cells: with_rows!(self.kind, T => cells::<T>(key, sight, mixed)),
                marked: self.marks.contains(key),
            })
            .collect();
        let sorted = |at: usize| self.sort.filter(|(by, _)| *by == at).map(|(_, way)| way);
        let heads = with_rows!(self.kind, T => columns::<T>(mixed).map(|(at, c)| Head {
            title: c.title.into(),
            width: c.width,
            right: c.right,
            rank: c.rank,
            sorted: sorted(at),
        }).collect());
        view::Table {
            title,
            heads,
            rows,
            top: self.top,
            cursor: (self.len() > 0).then_some(self.at),
            shown: self.len(),
            total: self.total(),
            hidden_marks: self.hidden_marks(),
            empty,
        }
    }
}
