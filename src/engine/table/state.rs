//! A table on a screen: scope, filter, sort, cursor, scroll, marks.

use std::collections::BTreeSet;

use super::actions;
use super::{Cx, Place, RowKey, Rows, Scope, TableKind, cells, titles, verdict, with_rows};
use crate::engine::action::run::Run;
use crate::engine::filter::Filter;
use crate::engine::index::Index;
use crate::engine::view::{self, Head, Row, RowId, Sorted};
use crate::model::{Change, Changes, Kind, Model};

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct TableState {
    pub(crate) kind: TableKind,
    pub(crate) scope: Scope,
    filter_text: String,
    filter: Filter,
    sort: Option<(usize, Sorted)>,
    index: Index<RowKey, Place>,
    /// The row under the cursor; `None`: the first one, until the person moves.
    cursor: Option<RowKey>,
    /// Where the cursor was last, so that the next row takes it when its own goes.
    at: usize,
    top: usize,
    marks: BTreeSet<RowKey>,
}

impl TableState {
    pub(crate) fn new(kind: TableKind, scope: Scope, model: &Model) -> Self {
        let mut table = Self {
            kind,
            scope,
            filter_text: String::new(),
            filter: Filter::default(),
            sort: None,
            index: Index::default(),
            cursor: None,
            at: 0,
            top: 0,
            marks: BTreeSet::new(),
        };
        table.rebuild(model);
        table
    }

    /// Reads all rows again.
    pub(crate) fn rebuild(&mut self, model: &Model) {
        if matches!(self.kind, TableKind::Actions | TableKind::Items) {
            self.index.again();
            return;
        }
        let rows = with_rows!(self.kind, T => T::all(model, &self.scope));
        self.index.rebuild(rows);
    }

    /// Reads all rows of a table of actions again.
    pub(crate) fn rebuild_of(&mut self, runs: &[Run]) {
        match (self.kind, &self.scope) {
            (TableKind::Actions, _) => self.index.rebuild(actions::keys(runs)),
            (TableKind::Items, Scope::Action(id)) => {
                self.index.rebuild(actions::item_keys(runs, *id));
            }
            _ => {}
        }
    }

    /// Takes in what a batch changed.
    pub(crate) fn changed(&mut self, changes: &Changes, model: &Model) {
        match self.kind {
            TableKind::Jobs => {
                for (change, key) in &changes.jobs {
                    self.row(*change, RowKey::Job(key.clone()));
                }
            }
            TableKind::Nodes => {
                for object in changes.objects.iter().filter(|o| o.kind == Kind::Node) {
                    self.row(object.change, RowKey::Node(object.name.clone()));
                }
                for name in &changes.nodes {
                    self.index.touch(RowKey::Node(name.clone()));
                }
            }
            TableKind::Pods => {
                for object in changes.objects.iter().filter(|o| o.kind == Kind::Pod) {
                    self.row(object.change, RowKey::Pod(object.uid.clone()));
                }
            }
            // They follow the actions, not the model.
            TableKind::Actions | TableKind::Items => {}
            TableKind::Ingresses => {
                if changes.touches(Kind::Ingress) || !changes.ingresses.is_empty() {
                    self.rebuild(model);
                }
            }
        }
        // What a row's pool is may have changed for every row.
        if changes.pools && (matches!(self.scope, Scope::Pool(_)) || self.sort.is_some()) {
            self.rebuild(model);
        }
        // A Service's endpoints turned.
        if matches!(self.scope, Scope::Service(..)) && changes.touches(Kind::EndpointSlice) {
            self.rebuild(model);
        }
    }

    fn row(&mut self, change: Change, key: RowKey) {
        match change {
            Change::Removed => {
                self.index.gone(&key);
                self.marks.remove(&key);
            }
            Change::Added | Change::Changed => self.index.touch(key),
        }
    }

    /// Looks at up to so many rows; returns how many it did.
    pub(crate) fn work(&mut self, rows: usize, cx: &Cx<'_>) -> usize {
        let Self {
            kind,
            scope,
            filter,
            sort,
            index,
            ..
        } = self;
        with_rows!(*kind, T => index.work(rows, |key| verdict::<T>(key, scope, filter, *sort, cx)))
    }

    pub(crate) fn settled(&self) -> bool {
        self.index.settled()
    }

    /// Brings cursor and scroll position in order after rows or the page changed.
    pub(crate) fn settle(&mut self, page: usize) {
        let len = self.index.len();
        self.marks
            .retain(|key| self.index.holds(key) || !self.index.settled());
        match &self.cursor {
            None => self.at = 0,
            Some(key) => match self.index.position(key) {
                Some(at) => self.at = at,
                None if len == 0 => self.at = 0,
                // While a new order is made its row may only not be there yet.
                None if !self.index.settled() => self.at = self.at.min(len - 1),
                None => {
                    self.at = self.at.min(len - 1);
                    self.cursor = self.index.from(self.at).next().cloned();
                }
            },
        }
        let page = page.max(1);
        let lowest = self.at.saturating_sub(page - 1);
        self.top = self
            .top
            .clamp(lowest, self.at)
            .min(len.saturating_sub(page));
    }

    /// The row under the cursor.
    pub(crate) fn current(&self) -> Option<RowKey> {
        match &self.cursor {
            Some(key) if self.index.position(key).is_some() => Some(key.clone()),
            Some(_) | None => self.index.from(self.at).next().cloned(),
        }
    }

    /// Moves the cursor by so many rows; false if it stood at that end already.
    pub(crate) fn step(&mut self, by: i64) -> bool {
        let last = self.index.len().saturating_sub(1);
        let by = isize::try_from(by).unwrap_or(if by < 0 { isize::MIN } else { isize::MAX });
        self.go(self.at.saturating_add_signed(by).min(last))
    }

    /// Puts the cursor on the n-th row; false if it stood there already.
    pub(crate) fn go(&mut self, at: usize) -> bool {
        let Some(key) = self
            .index
            .from(at.min(self.index.len().saturating_sub(1)))
            .next()
        else {
            return false;
        };
        let moved = at != self.at;
        self.cursor = Some(key.clone());
        self.at = at.min(self.index.len() - 1);
        moved
    }

    /// Puts the cursor on a row that is on the screen; true if it stood there already.
    pub(crate) fn click(&mut self, id: &RowId, page: usize) -> bool {
        let found = self
            .index
            .from(self.top)
            .take(page)
            .position(|key| key.id() == *id);
        match found {
            Some(offset) => {
                let same = self.at == self.top + offset && self.cursor.is_some();
                self.go(self.top + offset);
                same
            }
            None => false,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
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
        self.marks
            .iter()
            .filter(|key| self.index.position(key).is_none())
            .count()
    }

    pub(crate) fn filter_text(&self) -> &str {
        &self.filter_text
    }

    /// Another filter; what is wrong with it, if it cannot be read (the old one stays).
    pub(crate) fn set_filter(&mut self, text: &str, model: &Model) -> Result<(), String> {
        self.filter = Filter::parse(text, &titles(self.kind))?;
        self.filter_text = text.trim().to_owned();
        self.rebuild(model);
        Ok(())
    }

    /// Sorts by a column; the same column again turns the order round.
    pub(crate) fn sort_by(&mut self, column: usize, model: &Model) {
        let way = with_rows!(self.kind, T => T::columns().get(column).map(|c| c.way));
        let Some(way) = way else {
            return;
        };
        self.sort = Some(match self.sort {
            Some((at, Sorted::Up)) if at == column => (at, Sorted::Down),
            Some((at, Sorted::Down)) if at == column => (at, Sorted::Up),
            Some(_) | None => (column, way),
        });
        self.rebuild(model);
    }

    /// Sorts by the next column to the right or left; past the ends the natural order comes back.
    pub(crate) fn sort_beside(&mut self, right: bool, model: &Model) {
        let count = titles(self.kind).len();
        let next = match (self.sort, right) {
            (None, true) => Some(0),
            (None, false) => count.checked_sub(1),
            (Some((at, _)), true) => Some(at + 1).filter(|at| *at < count),
            (Some((at, _)), false) => at.checked_sub(1),
        };
        self.sort = None;
        match next {
            Some(at) => self.sort_by(at, model),
            None => self.rebuild(model),
        }
    }

    /// The visible part. `title` and `empty` are the screen's to say.
    pub(crate) fn view(
        &self,
        cx: &Cx<'_>,
        page: usize,
        mut title: String,
        empty: view::Line,
    ) -> view::Table {
        if !self.filter_text.is_empty() {
            title.push_str(&format!(" /{}", self.filter_text));
        }
        let rows = self
            .index
            .from(self.top)
            .take(page)
            .map(|key| Row {
                id: key.id(),
                cells: with_rows!(self.kind, T => cells::<T>(key, cx)),
                marked: self.marks.contains(key),
            })
            .collect();
        let sorted = |at: usize| self.sort.filter(|(by, _)| *by == at).map(|(_, way)| way);
        let heads = with_rows!(self.kind, T => T::columns().iter().enumerate().map(|(at, c)| Head {
            title: c.title,
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
            cursor: (self.index.len() > 0).then_some(self.at),
            shown: self.index.len(),
            total: self.index.total(),
            hidden_marks: self.hidden_marks(),
            empty,
        }
    }
}
