//! The visible part of a pane, cut or wrapped to the page.

use unicode_width::UnicodeWidthChar;

use super::pane::{Pane, Position};
use super::ring::Line;
use super::sgr;
use super::stream::{Progress, StreamState};
use crate::engine::view::{self, LogRow, LogView, Span, Styled, Tone};

impl Pane {
    /// The view of `rows` lines of `columns` cells.
    pub(crate) fn view(&self, rows: usize, columns: usize) -> LogView {
        LogView {
            title: self.title(),
            lines: self.rows(rows, columns),
            position: self.position_line(rows),
            state: self.state_line(),
        }
    }

    fn rows(&self, rows: usize, columns: usize) -> Vec<LogRow> {
        let mut out: Vec<LogRow> = Vec::with_capacity(rows);
        match self.position {
            Position::Follow if self.wrap => {
                // From the end upwards, since a line may take several rows.
                let mut blocks: Vec<Vec<LogRow>> = Vec::new();
                let mut have = 0;
                let mut number = self.ring.end();
                while have < rows && number > self.ring.first() {
                    number -= 1;
                    if let Some(line) = self.ring.get(number) {
                        let block = self.draw(line, columns);
                        have += block.len();
                        blocks.push(block);
                    }
                }
                out.extend(blocks.into_iter().rev().flatten());
                if out.len() > rows {
                    out.drain(..out.len() - rows);
                }
            }
            Position::Follow | Position::Top(_) => {
                let mut number = self.top(rows);
                while out.len() < rows && number < self.ring.end() {
                    if let Some(line) = self.ring.get(number) {
                        out.extend(self.draw(line, columns));
                    }
                    number += 1;
                }
                out.truncate(rows);
            }
        }
        out
    }

    fn draw(&self, line: &Line, columns: usize) -> Vec<LogRow> {
        if line.tone != Tone::Plain {
            let text = format!("── {} ", line.text);
            return vec![LogRow {
                prefix: vec![Span::new(text, line.tone)],
                text: Vec::new(),
            }];
        }
        let prefix = self.prefix(line);
        let taken: usize = prefix.iter().map(|s| s.text.chars().count()).sum();
        let room = columns.saturating_sub(taken).max(1);
        let mut pieces = sgr::pieces(&line.text);
        if let Some(search) = &self.search {
            pieces = search.mark(pieces);
        }
        if !self.wrap {
            return vec![LogRow {
                prefix,
                text: cut(pieces, self.left, room),
            }];
        }
        let mut rows = wrap(pieces, room).into_iter();
        let first = LogRow {
            prefix,
            text: rows.next().unwrap_or_default(),
        };
        let indent = " ".repeat(taken);
        let rest = rows.map(|text| LogRow {
            prefix: if taken == 0 {
                Vec::new()
            } else {
                vec![Span::new(indent.clone(), Tone::Dim)]
            },
            text,
        });
        std::iter::once(first).chain(rest).collect()
    }

    fn prefix(&self, line: &Line) -> view::Line {
        let mut prefix = Vec::new();
        if let Some(at) = line.at.filter(|_| self.timestamps) {
            prefix.push(Span::new(
                at.format("%Y-%m-%dT%H:%M:%S%.3fZ ").to_string(),
                Tone::Dim,
            ));
        }
        if let Some(stream) = self
            .streams
            .get(usize::from(line.source))
            .filter(|_| self.streams.len() > 1)
        {
            prefix.push(Span::new(format!("{} ", stream.container), Tone::Accent));
        }
        prefix
    }

    fn title(&self) -> view::Line {
        let mut line = vec![
            Span::new("log of ", Tone::Dim),
            Span::new(self.target.title.clone(), Tone::Strong),
        ];
        if let Some(at) = self.current() {
            line.push(Span::new(
                format!(" · {}", self.streams[at].container),
                Tone::Plain,
            ));
        }
        if self.previous {
            line.push(Span::new(" · previous", Tone::Warn));
        }
        let (word, tone) = match self.position {
            Position::Follow => ("following", Tone::Good),
            Position::Top(_) => ("autoscroll off", Tone::Dim),
        };
        line.push(Span::new(format!(" · {word}"), tone));
        if let Some(search) = &self.search {
            line.push(Span::new(format!(" · /{}", search.text()), Tone::Accent));
        }
        line
    }

    /// The open stream that spoke last, else the first open one, else the last that was open.
    fn current(&self) -> Option<usize> {
        let open = |at: &usize| matches!(self.streams[*at].state, StreamState::Open(..));
        self.speaker
            .filter(open)
            .or_else(|| (0..self.streams.len()).find(open))
            .or_else(|| {
                self.streams
                    .iter()
                    .rposition(|s| s.state != StreamState::Idle)
            })
    }

    fn position_line(&self, rows: usize) -> view::Line {
        let kept = self.ring.end() - self.ring.first();
        let top = self.top(rows);
        let mut text = if kept == 0 {
            "no lines".to_owned()
        } else {
            let last = self.ring.end().min(top + rows as u64);
            format!("lines {}–{} of {}", top + 1, last, self.ring.end())
        };
        if self.left > 0 && !self.wrap {
            text.push_str(&format!(", from column {}", self.left + 1));
        }
        let mut line = vec![Span::new(text, Tone::Dim)];
        if self.ring.dropped() > 0 {
            let text = format!(" · {} oldest dropped", self.ring.dropped());
            line.push(Span::new(text, Tone::Warn));
        }
        if self.lost > 0 {
            line.push(Span::new(
                format!(" · {} lost on the way", self.lost),
                Tone::Warn,
            ));
        }
        line
    }

    fn state_line(&self) -> view::Line {
        let Some(at) = self.current() else {
            return vec![Span::new("nothing to open", Tone::Dim)];
        };
        let stream = &self.streams[at];
        let name = &stream.container;
        let (text, tone) = match &stream.state {
            StreamState::Open(_, Progress::Opening) => (format!("opening {name}"), Tone::Busy),
            StreamState::Open(_, Progress::Live) => (format!("● {name} live"), Tone::Good),
            StreamState::Open(_, Progress::Waiting(why)) => {
                (format!("{name} waits: {why}"), Tone::Busy)
            }
            StreamState::Open(_, Progress::Resuming(why)) => {
                (format!("▲ {name}: {why}; resuming"), Tone::Warn)
            }
            StreamState::Ended(end) => {
                let (tone, text) = super::pane::ended(name, end);
                (text, tone)
            }
            StreamState::Closed => ("follow ended".to_owned(), Tone::Dim),
            StreamState::NeverRan => (format!("{name} never ran"), Tone::Dim),
            StreamState::Idle => ("nothing to open".to_owned(), Tone::Dim),
        };
        vec![Span::new(text, tone)]
    }
}

/// Cells of a character; tabs and what has no width take one.
fn cells(c: char) -> usize {
    c.width().unwrap_or(1)
}

/// The columns from `left` on, `room` of them.
fn cut(pieces: Vec<Styled>, left: usize, room: usize) -> Vec<Styled> {
    let mut out = Vec::new();
    let mut at = 0;
    for piece in pieces {
        let mut text = String::new();
        for c in piece.text.chars() {
            if at >= left && at + cells(c) <= left + room {
                text.push(c);
            }
            at += cells(c);
        }
        if !text.is_empty() {
            out.push(Styled { text, ..piece });
        }
        if at >= left + room {
            break;
        }
    }
    out
}

/// Rows of at most `room` columns.
fn wrap(pieces: Vec<Styled>, room: usize) -> Vec<Vec<Styled>> {
    let mut rows: Vec<Vec<Styled>> = vec![Vec::new()];
    let mut used = 0;
    for piece in pieces {
        let mut text = String::new();
        for c in piece.text.chars() {
            if used > 0 && used + cells(c) > room {
                let full = std::mem::take(&mut text);
                if let Some(row) = rows.last_mut().filter(|_| !full.is_empty()) {
                    row.push(Styled {
                        text: full,
                        ..piece.clone()
                    });
                }
                rows.push(Vec::new());
                used = 0;
            }
            text.push(c);
            used += cells(c);
        }
        if let Some(row) = rows.last_mut().filter(|_| !text.is_empty()) {
            row.push(Styled { text, ..piece });
        }
    }
    rows
}
