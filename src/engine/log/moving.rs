//! Moving in a log: scrolling, searching, filtering. With a filter only what it shows is gone through.

use super::pane::{Pane, Position};
use super::search::Search;
use super::sgr;
use super::sieve::{AROUND, Sieve};

impl Pane {
    /// The first line from `from` on that is shown.
    pub(super) fn next_shown(&self, from: u64) -> Option<u64> {
        match &self.sieve {
            Some(sieve) => sieve.next(&self.ring, from),
            None => Some(from.max(self.ring.first())).filter(|n| *n < self.ring.end()),
        }
    }

    /// The last line below `below` that is shown.
    pub(super) fn last_shown(&self, below: u64) -> Option<u64> {
        match &self.sieve {
            Some(sieve) => sieve.last(&self.ring, below),
            None => below
                .min(self.ring.end())
                .checked_sub(1)
                .filter(|n| *n >= self.ring.first()),
        }
    }

    fn shown(&self, number: u64) -> bool {
        self.next_shown(number) == Some(number)
    }

    /// The line from which on `rows` lines are shown to the end.
    fn last_top(&self, rows: usize) -> u64 {
        let mut top = self.ring.end();
        for _ in 0..rows.max(1) {
            match self.last_shown(top) {
                Some(above) => top = above,
                None => break,
            }
        }
        top.max(self.ring.first())
    }

    /// Number of the first visible line, if `rows` lines are visible.
    pub(crate) fn top(&self, rows: usize) -> u64 {
        match self.position {
            Position::Top(top) => self.next_shown(top).unwrap_or_else(|| self.last_top(rows)),
            Position::Follow => self.last_top(rows),
        }
    }

    /// Scrolls by so many lines; reaching the end going down follows again.
    pub(crate) fn scroll(&mut self, by: i64, rows: usize) {
        let (first, last) = (self.next_shown(0), self.last_top(rows));
        let mut top = self.top(rows);
        for _ in 0..by.unsigned_abs() {
            let next = if by > 0 {
                self.next_shown(top + 1)
            } else {
                self.last_shown(top)
            };
            match next {
                Some(next) => top = next,
                None => break,
            }
        }
        self.position = if by > 0 && top >= last {
            Position::Follow
        } else if by < 0 && first.is_none_or(|first| first >= last) {
            // All of it is on the screen.
            self.position
        } else {
            Position::Top(top)
        };
    }

    /// To the oldest line kept, or to the end.
    pub(crate) fn jump(&mut self, to_end: bool) {
        self.position = if to_end {
            Position::Follow
        } else {
            Position::Top(self.ring.first())
        };
    }

    /// Autoscroll on or off.
    pub(crate) fn toggle_follow(&mut self, rows: usize) {
        self.position = match self.position {
            Position::Follow => Position::Top(self.top(rows)),
            Position::Top(_) => Position::Follow,
        };
    }

    /// Begins a search at the first visible line; false if nothing is found.
    pub(crate) fn search(&mut self, text: &str, rows: usize) -> bool {
        let search = Search::new(text);
        let top = self.top(rows);
        let from = match top.checked_sub(1) {
            Some(before) if before >= self.ring.first() => before,
            _ => self.ring.end(),
        };
        let found = search.next(&self.ring, from, true, |n| self.shown(n));
        self.search = Some(search);
        self.show(found, rows)
    }

    /// To the next hit; false if there is none.
    pub(crate) fn next_hit(&mut self, down: bool, rows: usize) -> bool {
        let Some(search) = &self.search else {
            return false;
        };
        let from = search.at.unwrap_or_else(|| self.top(rows));
        let found = search.next(&self.ring, from, down, |n| self.shown(n));
        self.show(found, rows)
    }

    fn show(&mut self, found: Option<u64>, rows: usize) -> bool {
        let Some(found) = found else {
            return false;
        };
        let top = self.top(rows);
        let mut end = top;
        for _ in 1..rows {
            match self.next_shown(end + 1) {
                Some(next) => end = next,
                None => break,
            }
        }
        if found < top || found > end {
            let mut above = found;
            for _ in 0..rows / 3 {
                above = self.last_shown(above).unwrap_or(above);
            }
            self.position = Position::Top(above);
        } else {
            self.position = Position::Top(top);
        }
        if let Some(search) = &mut self.search {
            search.at = Some(found);
        }
        true
    }

    /// Another filter; what is wrong with it, if it cannot be read (the old one stays).
    pub(crate) fn filter(&mut self, text: &str) -> Result<(), String> {
        let around = self.sieve.as_ref().map_or(0, |s| s.around);
        let before = self.sieve.as_ref().map_or("", |s| s.text());
        if before == text.trim() {
            return Ok(());
        }
        self.sieve = Sieve::parse(text)?;
        if let Some(sieve) = &mut self.sieve {
            sieve.around = around;
            sieve.afresh(&mut self.ring);
        }
        Ok(())
    }

    /// The filter as it was typed; empty for none.
    pub(crate) fn filter_text(&self) -> &str {
        self.sieve.as_ref().map_or("", Sieve::text)
    }

    /// More or fewer lines around what the filter keeps; `None`: there is no filter.
    pub(crate) fn context(&mut self, more: bool) -> Option<u64> {
        let sieve = self.sieve.as_mut()?;
        sieve.around = if more {
            (sieve.around + 1).min(AROUND)
        } else {
            sieve.around.saturating_sub(1)
        };
        Some(sieve.around)
    }

    /// Clears the search, else the filter; false if there was neither.
    pub(crate) fn clear(&mut self) -> bool {
        self.search.take().is_some() || self.sieve.take().is_some()
    }

    /// Columns that the widest of the visible lines has.
    pub(crate) fn widest(&self, rows: usize) -> usize {
        let mut widest = 0;
        let mut next = self.next_shown(self.top(rows));
        for _ in 0..rows {
            let Some(number) = next else { break };
            if let Some(line) = self.ring.get(number) {
                let width = unicode_width::UnicodeWidthStr::width(&*sgr::plain(&line.text));
                widest = widest.max(width);
            }
            next = self.next_shown(number + 1);
        }
        widest
    }
}
