//! The screen of any kind: rows of the server's Table, filtered, sorted and read again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use unicode_width::UnicodeWidthStr;

use super::order::{blank, compare};
use super::read::{Column, Page, TableRow};
use crate::engine::asks::{Failure, ScreenNo};
use crate::engine::doc::{KindRef, ObjectRef};
use crate::engine::filter::{Filter, Subject};
use crate::engine::text::{age, count};
use crate::engine::view::{self, Head, Line, Row, RowId, Sorted, Span, Tone, Width};
use crate::model::{ClusterNo, Labels, Text};

/// Objects of a page.
pub(crate) const PAGE: usize = 500;
/// Pages that are read without being asked for.
const EAGER: usize = 2;
/// Pages that are kept at most.
const MOST: usize = 40;
/// A column is not set wider than this.
const WIDEST: u16 = 36;

/// The screen.
#[derive(Clone, Debug)]
pub(crate) struct KindPane {
    pub(crate) no: ScreenNo,
    pub(crate) cluster: ClusterNo,
    pub(crate) kind: KindRef,
    /// Only this namespace is read.
    pub(crate) namespace: Option<Text>,
    columns: Vec<Column>,
    rows: Vec<TableRow>,
    /// Widest cell of each column that says something; 0: none does.
    widths: Vec<u16>,
    pages: usize,
    next: Option<String>,
    left: Option<u64>,
    /// Pages of the reading that is under way, the first of which begins it.
    coming: Option<Coming>,
    pub(crate) read_at: Option<DateTime<Utc>>,
    /// When it was last asked for, as `Now::boot`.
    pub(crate) looked: Duration,
    pub(crate) failure: Option<Failure>,
    filter_text: String,
    filter: Filter,
    sort: Option<(usize, Sorted)>,
    /// Rows that pass the filter, in their order.
    order: Vec<u32>,
    cursor: Option<(Text, Text)>,
    at: usize,
    top: usize,
}

#[derive(Clone, Debug, Default)]
struct Coming {
    rows: Vec<TableRow>,
    pages: usize,
}

impl KindPane {
    pub(crate) fn new(
        no: ScreenNo,
        cluster: ClusterNo,
        kind: KindRef,
        namespace: Option<Text>,
    ) -> Self {
        let namespace = namespace.filter(|_| kind.namespaced);
        Self {
            no,
            cluster,
            kind,
            namespace,
            columns: Vec::new(),
            rows: Vec::new(),
            widths: Vec::new(),
            pages: 0,
            next: None,
            left: None,
            coming: None,
            read_at: None,
            looked: Duration::ZERO,
            failure: None,
            filter_text: String::new(),
            filter: Filter::default(),
            sort: None,
            order: Vec::new(),
            cursor: None,
            at: 0,
            top: 0,
        }
    }

    /// Looks at another namespace, or at all.
    pub(crate) fn narrow(&mut self, namespace: Option<Text>) -> bool {
        let namespace = namespace.filter(|_| self.kind.namespaced);
        if namespace == self.namespace {
            return false;
        }
        *self = Self {
            filter_text: std::mem::take(&mut self.filter_text),
            filter: std::mem::take(&mut self.filter),
            ..Self::new(self.no, self.cluster, self.kind.clone(), namespace)
        };
        true
    }

    /// How long what is shown is good for: large tables are read again less often.
    pub(crate) fn lasts(&self) -> Duration {
        Duration::from_secs(10) * u32::try_from(self.pages.max(1)).unwrap_or(u32::MAX)
    }

    /// The path of the page that is wanted now. `again`: from the beginning.
    pub(crate) fn path(&mut self, again: bool) -> String {
        let mut path = format!("{}?limit={PAGE}", self.kind.path(self.namespace.as_deref()));
        if again {
            self.coming = Some(Coming::default());
        } else if let Some(next) = &self.next {
            path.push_str(&format!("&continue={next}"));
        }
        path
    }

    /// Takes a page. True: the next one is wanted too.
    pub(crate) fn take(&mut self, page: Page, now: DateTime<Utc>) -> bool {
        self.failure = None;
        self.next = page.next;
        self.left = page.left;
        let Some(mut coming) = self.coming.take() else {
            self.rows.extend(page.rows);
            self.pages += 1;
            self.arrange();
            return false;
        };
        if coming.pages == 0 && self.columns != page.columns {
            self.columns = page.columns;
            self.rows.clear();
            self.sort = None;
            if self.read_filter().is_err() {
                // It names a column that is no more.
                self.filter_text.clear();
                self.filter = Filter::default();
            }
        }
        coming.rows.extend(page.rows);
        coming.pages += 1;
        let more = self.next.is_some() && coming.pages < self.pages.max(EAGER);
        // Rows that are shown already wait for the others of their reading; a first page waits for none.
        if !more || self.rows.len() < coming.rows.len() {
            self.rows.clone_from(&coming.rows);
            self.pages = coming.pages;
            self.read_at = Some(now);
            self.arrange();
        }
        self.coming = more.then_some(coming);
        more
    }

    /// What could not be read.
    pub(crate) fn fail(&mut self, failure: Failure) {
        self.coming = None;
        if matches!(failure, Failure::Expired(_)) {
            // The place in the list is no more: what was read stays, and is read again in its time.
            self.next = None;
        }
        self.failure = Some(failure);
    }

    /// Whether the next page is wanted: the cursor is near the end of what was read.
    pub(crate) fn wants_more(&self) -> bool {
        self.coming.is_none()
            && self.next.is_some()
            && self.pages < MOST
            && self.at + PAGE / 10 >= self.order.len()
    }

    fn arrange(&mut self) {
        self.widths = (0..self.columns.len())
            .map(|at| {
                let cells = self.rows.iter().filter_map(|row| row.cells.get(at));
                let telling = cells.filter(|cell| !blank(cell));
                let widest = telling.map(|cell| cell.width()).max().unwrap_or(0);
                u16::try_from(widest).unwrap_or(u16::MAX)
            })
            .collect();
        self.order = (0u32..)
            .zip(&self.rows)
            .filter(|(_, row)| self.filter.passes(&Cells(row)))
            .map(|(at, _)| at)
            .collect();
        if let Some((column, way)) = self.sort {
            let rows = &self.rows;
            let cell = |at: &u32| {
                let row = rows.get(*at as usize);
                row.and_then(|row| row.cells.get(column))
                    .map_or("", |cell| &**cell)
            };
            self.order
                .sort_by(|a, b| compare(cell(a), cell(b), way == Sorted::Down));
        }
        let found = self.cursor.as_ref().and_then(|key| {
            let is = |at: &u32| {
                let row = self.rows.get(*at as usize);
                row.is_some_and(|row| row.namespace == key.0 && row.name == key.1)
            };
            self.order.iter().position(is)
        });
        if let Some(at) = found {
            self.at = at;
        }
        self.go(self.at);
    }

    fn row(&self, at: usize) -> Option<&TableRow> {
        self.rows.get(*self.order.get(at)? as usize)
    }

    /// The object under the cursor.
    pub(crate) fn current(&self) -> Option<ObjectRef> {
        let row = self.row(self.at)?;
        let mut object = ObjectRef::new(self.kind.clone(), &row.namespace, &row.name);
        object.uid.clone_from(&row.uid);
        Some(object)
    }

    pub(crate) fn step(&mut self, by: i64) {
        let by = isize::try_from(by).unwrap_or(if by < 0 { isize::MIN } else { isize::MAX });
        self.go(self.at.saturating_add_signed(by));
        self.cursor = self
            .row(self.at)
            .map(|row| (row.namespace.clone(), row.name.clone()));
    }

    /// To the first row, or the last.
    pub(crate) fn jump(&mut self, end: bool) {
        self.step(if end { i64::MAX } else { i64::MIN });
    }

    fn go(&mut self, at: usize) {
        self.at = at.min(self.order.len().saturating_sub(1));
    }

    /// Puts the cursor on a visible row; true if it stood there already.
    pub(crate) fn click(&mut self, id: &RowId, page: usize) -> bool {
        let found = (self.top..self.top + page)
            .find(|at| self.row(*at).is_some_and(|row| self.id(row) == *id));
        match found {
            Some(at) => {
                let same = at == self.at;
                self.go(at);
                self.step(0);
                same
            }
            None => false,
        }
    }

    /// Keeps the cursor on the page.
    pub(crate) fn settle(&mut self, page: usize) {
        let page = page.max(1);
        let lowest = self.at.saturating_sub(page - 1);
        self.top = self
            .top
            .clamp(lowest, self.at)
            .min(self.order.len().saturating_sub(page));
    }

    pub(crate) fn titles(&self) -> Vec<&str> {
        self.columns.iter().map(|column| &*column.title).collect()
    }

    pub(crate) fn filter_text(&self) -> &str {
        &self.filter_text
    }

    /// Another filter; what is wrong with it, if it cannot be read (the old one stays).
    pub(crate) fn set_filter(&mut self, text: &str) -> Result<(), String> {
        let before = std::mem::replace(&mut self.filter_text, text.trim().to_owned());
        if let Err(why) = self.read_filter() {
            self.filter_text = before;
            return Err(why);
        }
        self.arrange();
        Ok(())
    }

    fn read_filter(&mut self) -> Result<(), String> {
        if self
            .filter_text
            .split_whitespace()
            .any(|word| word.trim_start_matches('!').starts_with("-l"))
        {
            return Err(
                "the server's Table has no labels: filter by words and column:value".to_owned(),
            );
        }
        self.filter = Filter::parse(&self.filter_text, &self.titles())?;
        Ok(())
    }

    /// Sorts by a column; the same column again turns the order round.
    pub(crate) fn sort_by(&mut self, column: usize) {
        self.sort = match self.sort {
            Some((at, Sorted::Up)) if at == column => Some((at, Sorted::Down)),
            Some((at, Sorted::Down)) if at == column => Some((at, Sorted::Up)),
            Some(_) | None => (column < self.columns.len()).then_some((column, Sorted::Up)),
        };
        self.arrange();
    }

    /// Sorts by the next column to the right or left; past the ends the server's order comes back.
    pub(crate) fn sort_beside(&mut self, right: bool) {
        let count = self.columns.len();
        let next = match (self.sort, right) {
            (None, true) => Some(0),
            (None, false) => count.checked_sub(1),
            (Some((at, _)), true) => Some(at + 1).filter(|at| *at < count),
            (Some((at, _)), false) => at.checked_sub(1),
        };
        self.sort = next.map(|at| (at, Sorted::Up));
        self.arrange();
    }

    fn id(&self, row: &TableRow) -> RowId {
        match &row.uid {
            Some(uid) => RowId::Uid(uid.clone()),
            None => RowId::Name(format!("{}/{}", row.namespace, row.name).into()),
        }
    }

    /// The visible part. `waits`: an answer is waited for.
    pub(crate) fn view(&self, page: usize, now: DateTime<Utc>, waits: bool) -> view::Table {
        let rows = (self.top..self.order.len())
            .take(page)
            .filter_map(|at| self.row(at))
            .map(|row| Row {
                id: self.id(row),
                cells: self
                    .columns
                    .iter()
                    .enumerate()
                    .map(|(at, _)| cell(row, at))
                    .collect(),
                marked: false,
            })
            .collect();
        view::Table {
            title: self.title(now, waits),
            heads: self.heads(),
            rows,
            top: self.top,
            cursor: (!self.order.is_empty()).then_some(self.at),
            shown: self.order.len(),
            total: self.rows.len(),
            hidden_marks: 0,
            empty: self.empty(waits),
        }
    }

    fn heads(&self) -> Vec<Head> {
        let mut rank = 0;
        self.columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let title = u16::try_from(column.title.width())
                    .unwrap_or(u16::MAX)
                    .saturating_add(1);
                let telling = self.widths.get(at).copied().unwrap_or(0);
                let widest = telling.max(title);
                let named = matches!(&*column.title, "NAME" | "NAMESPACE");
                let width = if widest > WIDEST || named {
                    Width::Grow(widest.min(WIDEST), if named { 3 } else { 2 })
                } else {
                    Width::Fixed(widest)
                };
                if !named {
                    rank = (rank + 1).min(100);
                }
                Head {
                    title: column.title.to_string().into(),
                    width,
                    right: column.number,
                    rank: match (named, column.wide) {
                        (true, _) => 0,
                        (false, false) if telling > 0 => rank,
                        (false, _) => 100 + rank,
                    },
                    sorted: self.sort.filter(|(by, _)| *by == at).map(|(_, way)| way),
                }
            })
            .collect()
    }

    fn title(&self, now: DateTime<Utc>, waits: bool) -> String {
        let mut title = self.kind.full_name();
        if let Some(namespace) = &self.namespace {
            title.push_str(&format!(" in {namespace}"));
        }
        if !self.filter_text.is_empty() {
            title.push_str(&format!(" /{}", self.filter_text));
        }
        let behind = match (&self.next, self.left) {
            (Some(_), Some(left)) => format!(
                " · first {} of {}{}",
                count(self.rows.len() as u64),
                count(self.rows.len() as u64 + left),
                self.how_more()
            ),
            (Some(_), None) => {
                format!(
                    " · first {}{}",
                    count(self.rows.len() as u64),
                    self.how_more()
                )
            }
            (None, _) => String::new(),
        };
        title.push_str(&behind);
        if let Some(read) = self.read_at {
            let old = (now - read).num_seconds();
            if let Some(failure) = &self.failure {
                title.push_str(&format!(" · {}", failure.span().text));
            }
            if old >= 15 || self.failure.is_some() {
                title.push_str(&format!(" · {} old", age(read, now)));
            } else if waits && old >= 5 {
                title.push_str(" · ◌");
            }
        }
        title
    }

    fn how_more(&self) -> &'static str {
        if self.pages < MOST {
            ", G reads on"
        } else {
            ", no more are kept: :ns or a label narrows"
        }
    }

    fn empty(&self, waits: bool) -> Line {
        match &self.failure {
            Some(failure) => {
                let mut line = vec![failure.span()];
                if self.namespace.is_none()
                    && self.kind.namespaced
                    && matches!(failure, Failure::Denied(_))
                {
                    line.push(Span::new("; :ns NAME asks for one namespace", Tone::Dim));
                }
                line
            }
            None if self.read_at.is_none() || (waits && self.rows.is_empty()) => {
                vec![Span::new("◌ reading", Tone::Busy)]
            }
            None if self.rows.is_empty() => {
                let place = match &self.namespace {
                    Some(namespace) => format!("no {} in {namespace}", self.kind.plural),
                    None => format!("the cluster has no {}", self.kind.full_name()),
                };
                vec![Span::new(place, Tone::Dim)]
            }
            None => vec![Span::new("no row matches", Tone::Dim)],
        }
    }
}

fn cell(row: &TableRow, at: usize) -> Span {
    let text = row.cells.get(at).map_or("", |cell| &**cell);
    let tone = if blank(text) { Tone::Dim } else { Tone::Plain };
    Span::new(text.to_owned(), tone)
}

/// A row to a filter.
struct Cells<'r>(&'r TableRow);

impl Subject for Cells<'_> {
    fn has(&self, lower: &str) -> bool {
        (0..self.0.cells.len()).any(|at| self.column_has(at, lower))
    }

    fn column_has(&self, column: usize, lower: &str) -> bool {
        self.0
            .cells
            .get(column)
            .is_some_and(|cell| cell.to_lowercase().contains(lower))
    }

    fn labels(&self) -> Option<&Labels> {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(names: std::ops::Range<usize>, next: &str) -> Page {
        let rows: Vec<_> = names
            .map(|n| {
                json!({"cells": [format!("w-{n}"), (n * 7 % 10).to_string(), "<none>"], "name": format!("w-{n}"),
                    "namespace": "ci", "uid": format!("u-{n}")})
            })
            .collect();
        let value = json!({"columns": [{"name": "Name", "type": "string", "priority": 0},
            {"name": "Size", "type": "integer", "priority": 0}, {"name": "Note", "type": "string", "priority": 1}],
            "rows": rows, "continue": next, "left": if next.is_empty() { None } else { Some(9) }});
        Page::read(&value, true)
    }

    fn pane() -> KindPane {
        let kind = KindRef::known("example.com", "v1", "widgets", "Widget", true);
        KindPane::new(ScreenNo(1), ClusterNo::FIRST, kind, None)
    }

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn names(pane: &KindPane) -> Vec<String> {
        pane.view(100, now(), false)
            .rows
            .iter()
            .map(|r| r.cells[1].text.to_string())
            .collect()
    }

    #[test]
    fn pages_filter_and_sort() {
        let mut pane = pane();
        assert_eq!(pane.path(true), "/apis/example.com/v1/widgets?limit=500");
        assert!(
            pane.take(page(0..3, "t1"), now()),
            "two pages are read by themselves"
        );
        assert_eq!(names(&pane), ["w-0", "w-1", "w-2"]);
        assert_eq!(
            pane.path(false),
            "/apis/example.com/v1/widgets?limit=500&continue=t1"
        );
        assert!(!pane.take(page(3..6, "t2"), now()));
        assert_eq!(
            pane.view(9, now(), false).title,
            "widgets.example.com · first 6 of 15, G reads on"
        );
        pane.sort_by(2);
        assert_eq!(names(&pane), ["w-0", "w-3", "w-2", "w-5", "w-1", "w-4"]);
        pane.sort_by(2);
        assert_eq!(names(&pane)[0], "w-4");
        pane.set_filter("!w-5 size:4").unwrap();
        assert_eq!(names(&pane), ["w-2"]);
        assert!(pane.set_filter("-l a=b").is_err());
        assert_eq!(names(&pane), ["w-2"]);
    }

    #[test]
    fn the_cursor_follows_its_object_through_a_reading() {
        let mut pane = pane();
        pane.path(true);
        pane.take(page(0..4, ""), now());
        pane.step(2);
        pane.path(true);
        pane.take(page(1..6, ""), now());
        assert_eq!(&*pane.current().unwrap().name, "w-2");
        assert_eq!(names(&pane).len(), 5);
    }

    #[test]
    fn what_is_denied_says_what_is_missing() {
        let mut pane = pane();
        pane.path(true);
        pane.fail(Failure::Denied(
            "list widgets.example.com for user dev in the whole cluster".into(),
        ));
        let text: String = pane
            .view(9, now(), false)
            .empty
            .iter()
            .map(|s| s.text.to_string())
            .collect();
        assert_eq!(
            text,
            "✕ denied: list widgets.example.com for user dev in the whole cluster; :ns NAME asks for one namespace"
        );
    }
}
