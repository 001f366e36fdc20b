//! The text screen's state and what changes it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::fold::Folds;
use super::object::ObjectRef;
use super::page::Content;
use super::yaml::Yaml;
use crate::engine::asks::{Failure, ScreenNo};
use crate::model::ClusterNo;

/// How an object is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Describe,
    Yaml,
}

/// What of a document is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Part {
    /// The object, to be shown.
    Object,
    /// The object, to see whether it has changed.
    Look,
    /// The events about it.
    Events,
    /// The pods of a node.
    Pods,
    /// A value that is hidden.
    Hidden,
}

/// How what is shown stands to what is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Standing {
    /// As it was last read.
    Same,
    /// The object has changed since.
    Changed(DateTime<Utc>),
    /// It is gone, or another has its name.
    Gone(&'static str, DateTime<Utc>),
}

/// The screen.
#[derive(Clone, Debug)]
pub(crate) struct TextPane {
    pub(crate) no: ScreenNo,
    pub(crate) cluster: ClusterNo,
    pub(crate) object: ObjectRef,
    pub(crate) form: Form,
    /// The object as it was last read.
    pub(crate) body: Option<Value>,
    pub(crate) read_at: Option<DateTime<Utc>>,
    /// When it was last looked at, as `Now::boot`.
    pub(crate) looked: Duration,
    /// Why the last read failed.
    pub(crate) failure: Option<Failure>,
    pub(crate) standing: Standing,
    /// What was read beside it, for the description.
    pub(crate) beside: BTreeMap<Part, Result<Value, Failure>>,
    /// Values that were asked for, by their place.
    pub(crate) revealed: BTreeMap<String, String>,
    /// The place whose value is asked for.
    pub(crate) revealing: Option<String>,
    /// It goes to the clipboard, unseen.
    pub(crate) reveals_into: bool,
    pub(crate) managed: bool,
    pub(crate) content: Content,
    pub(crate) folds: Folds,
    /// The line under the cursor, among those that are seen.
    at: usize,
    /// The first that is visible.
    top: usize,
    pub(crate) left: usize,
    pub(crate) wrap: bool,
    search: Option<Search>,
}

/// What is searched: its case is ignored unless it has a capital.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Search {
    text: String,
    exact: bool,
}

impl Search {
    fn new(text: &str) -> Self {
        Self {
            exact: text.chars().any(char::is_uppercase),
            text: text.to_owned(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Byte ranges of the hits.
    pub(crate) fn hits(&self, line: &str) -> Vec<std::ops::Range<usize>> {
        let lowered;
        let hay = if self.exact {
            line
        } else {
            // ASCII lower-casing keeps byte positions.
            lowered = line.to_ascii_lowercase();
            &lowered
        };
        hay.match_indices(&self.text)
            .map(|(at, hit)| at..at + hit.len())
            .collect()
    }
}

impl TextPane {
    pub(crate) fn new(no: ScreenNo, cluster: ClusterNo, object: ObjectRef, form: Form) -> Self {
        Self {
            no,
            cluster,
            object,
            form,
            body: None,
            read_at: None,
            looked: Duration::ZERO,
            failure: None,
            standing: Standing::Same,
            beside: BTreeMap::new(),
            revealed: BTreeMap::new(),
            revealing: None,
            reveals_into: false,
            managed: false,
            content: Content::default(),
            folds: Folds::default(),
            at: 0,
            top: 0,
            left: 0,
            // YAML's columns mean something, a description's sentences do not.
            wrap: form == Form::Describe,
            search: None,
        }
    }

    /// Shows other lines in place of those it has; cursor and folds stay where they can.
    pub(crate) fn show(&mut self, content: Content) {
        let line = self.folds.line(self.at).unwrap_or(0);
        self.folds = if self.content.len() == 0 {
            Folds::open(&content)
        } else {
            self.folds.carried(&self.content, &content)
        };
        self.content = content;
        self.at = self
            .folds
            .position(line.min(self.content.len().saturating_sub(1)));
    }

    /// Writes the YAML of what was read, with the values that were asked for.
    pub(crate) fn yaml(&self) -> Content {
        let Some(body) = &self.body else {
            return Content::default();
        };
        if self.revealed.is_empty() {
            return Content::Yaml(Yaml::of(body, self.managed));
        }
        let mut body = body.clone();
        for (place, text) in &self.revealed {
            if let Some(value) = body.pointer_mut(place) {
                *value = Value::String(text.clone());
            }
        }
        Content::Yaml(Yaml::of(&body, self.managed))
    }

    /// The place in the object of what is under the cursor.
    pub(crate) fn place(&self) -> Option<String> {
        let body = self.body.as_ref().filter(|_| self.form == Form::Yaml)?;
        Yaml::pointer(body, self.managed, self.line()?)
    }

    /// Shows the other form, at its beginning.
    pub(crate) fn turn(&mut self, lines: Content) {
        self.wrap = self.form == Form::Describe;
        self.left = 0;
        self.folds = Folds::open(&lines);
        self.content = lines;
        (self.at, self.top) = (0, 0);
    }

    /// The number of the line under the cursor.
    pub(crate) fn line(&self) -> Option<usize> {
        self.folds.line(self.at)
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn top(&self) -> usize {
        self.top
    }

    pub(crate) fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// Moves the cursor.
    pub(crate) fn step(&mut self, by: i64) {
        let by = isize::try_from(by).unwrap_or(if by < 0 { isize::MIN } else { isize::MAX });
        self.go(self.at.saturating_add_signed(by));
    }

    /// Wraps long lines, or cuts them.
    pub(crate) fn toggle_wrap(&mut self) {
        self.wrap = !self.wrap;
        self.left = 0;
    }

    /// Half a page to the right or left.
    pub(crate) fn sideways(&mut self, right: bool, rows: usize, columns: usize) {
        let step = (columns / 2).max(1);
        self.left = if right && !self.wrap {
            (self.left + step).min(self.widest(rows).saturating_sub(step))
        } else {
            self.left.saturating_sub(step)
        };
    }

    /// Puts it on the n-th line that is seen.
    pub(crate) fn go(&mut self, at: usize) {
        self.at = at.min(self.folds.len().saturating_sub(1));
    }

    /// Brings the cursor's line onto a page of so many rows and columns.
    pub(crate) fn settle(&mut self, rows: usize, columns: usize) {
        let rows = rows.max(1);
        self.at = self.at.min(self.folds.len().saturating_sub(1));
        let mut used = 0;
        let mut lowest = self.at;
        loop {
            used += self.height(lowest, columns);
            if used > rows || lowest == 0 {
                break;
            }
            lowest -= 1;
        }
        if used > rows {
            lowest += 1;
        }
        let lowest = lowest.min(self.at);
        self.top = self.top.clamp(lowest, self.at);
        // No empty page below the last line.
        let last = self.folds.len().saturating_sub(rows);
        if !self.wrap {
            self.top = self.top.min(last);
        }
    }

    /// Rows that the n-th line takes.
    fn height(&self, at: usize, columns: usize) -> usize {
        if !self.wrap {
            return 1;
        }
        let Some(line) = self.folds.line(at) else {
            return 1;
        };
        super::view::rows_of(&self.content.spans(line), columns)
    }

    /// Folds or unfolds the block under the cursor; false: there is none.
    pub(crate) fn fold(&mut self) -> bool {
        let Some(line) = self.line() else {
            return false;
        };
        match self.folds.toggle(&self.content, line) {
            Some(head) => {
                self.at = self.folds.position(head);
                true
            }
            None => false,
        }
    }

    /// Folds or unfolds all blocks.
    pub(crate) fn fold_all(&mut self) {
        let line = self.line().unwrap_or(0);
        self.folds.toggle_all(&self.content);
        self.at = self.folds.position(line);
    }

    /// Looks for a text from the cursor on, in folded blocks too; false: it is nowhere.
    pub(crate) fn find(&mut self, text: &str) -> bool {
        self.search = Some(Search::new(text));
        let from = self.line().unwrap_or(0);
        self.seek(from, true, true)
    }

    /// To the next hit; false: there is none.
    pub(crate) fn next_hit(&mut self, down: bool) -> bool {
        let from = self.line().unwrap_or(0);
        self.search.is_some() && self.seek(from, down, false)
    }

    fn seek(&mut self, from: usize, down: bool, here_too: bool) -> bool {
        let Some(search) = &self.search else {
            return false;
        };
        let len = self.content.len();
        let hit = |line: &usize| !search.hits(&self.content.text(*line)).is_empty();
        let start = usize::from(!here_too);
        let found = if down {
            (from + start..len).chain(0..from + start).find(hit)
        } else {
            (0..from).rev().chain((from..len).rev()).find(hit)
        };
        let Some(line) = found else {
            return false;
        };
        self.folds.reveal(&self.content, line);
        self.at = self.folds.position(line);
        true
    }

    /// Ends the search; false if there was none.
    pub(crate) fn clear_search(&mut self) -> bool {
        self.search.take().is_some()
    }

    /// All of it, or the block or line under the cursor: its text, and how many lines that are.
    pub(crate) fn copy(&self, whole: bool) -> (String, usize) {
        let lines = match self.line() {
            _ if whole => 0..self.content.len(),
            Some(line) => line..self.content.end(line),
            None => 0..0,
        };
        let count = lines.len();
        (self.content.copy(lines), count)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::doc::KindRef;

    fn pane(value: Value) -> TextPane {
        let object = ObjectRef::new(KindRef::pod(), "ci", "a");
        let mut pane = TextPane::new(ScreenNo(1), ClusterNo::FIRST, object, Form::Yaml);
        pane.body = Some(value);
        pane.show(pane.yaml());
        pane
    }

    #[test]
    fn searching_opens_what_is_folded() {
        let mut pane = pane(json!({"a": {"b": {"needle": 1}}, "c": "Needle", "d": 1}));
        pane.fold_all();
        assert_eq!(pane.folds.len(), 3);
        assert!(pane.find("needle"));
        assert_eq!(pane.line(), Some(2));
        assert!(pane.next_hit(true));
        assert_eq!(pane.line(), Some(3));
        assert!(pane.next_hit(true));
        assert_eq!(pane.line(), Some(2));
        assert!(pane.next_hit(false));
        assert_eq!(pane.line(), Some(3));
        assert!(!pane.find("xyzzy"));
        assert!(pane.find("Needle"));
        assert_eq!(pane.line(), Some(3));
    }

    #[test]
    fn a_block_or_all_is_copied() {
        let mut pane = pane(json!({"a": {"b": [1, 2]}, "c": "x"}));
        pane.step(1);
        assert_eq!(pane.copy(false), ("  b:\n  - 1\n  - 2\n".to_owned(), 3));
        assert_eq!(
            pane.copy(true),
            ("a:\n  b:\n  - 1\n  - 2\nc: x\n".to_owned(), 5)
        );
    }

    #[test]
    fn the_cursor_stays_on_the_page() {
        let mut pane = pane(json!({"l": (0..50).collect::<Vec<_>>()}));
        pane.go(usize::MAX);
        pane.settle(10, 80);
        assert_eq!((pane.at(), pane.top()), (50, 41));
        pane.step(-20);
        pane.settle(10, 80);
        assert_eq!((pane.at(), pane.top()), (30, 30));
    }

    #[test]
    fn revealed_values_stand_in_their_place() {
        let mut pane = pane(json!({"data": {"k": "‹hidden, 2 bytes›"}}));
        pane.step(1);
        assert_eq!(pane.place().as_deref(), Some("/data/k"));
        pane.revealed.insert("/data/k".to_owned(), "hi".to_owned());
        pane.show(pane.yaml());
        assert_eq!(pane.copy(true).0, "data:\n  k: hi\n");
    }
}
