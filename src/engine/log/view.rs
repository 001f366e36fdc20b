//! The visible part of a pane, cut or wrapped to the page.

use chrono::{DateTime, TimeDelta};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::pane::{Pane, Position};
use super::ring::{Line, Voice};
use super::search::mark;
use super::window::Window;
use super::{fields, sgr};
use crate::engine::table::{Cx, Sight};
use crate::engine::text;
use crate::engine::view::{self, LogRow, LogView, Span, Styled, Tone, Whose};

/// Columns of what stands before a line.
#[derive(Clone, Copy)]
struct Widths {
    name: usize,
    /// 0: containers are not told apart.
    container: usize,
}

impl Pane {
    /// The view of `rows` lines of `columns` cells.
    pub(crate) fn view(&self, rows: usize, columns: usize, sight: &Sight<'_>) -> LogView {
        LogView {
            title: self.title_line(),
            lines: self.rows(rows, columns, sight),
            position: self.position_line(rows),
            state: self.state_line(sight),
        }
    }

    fn rows(&self, rows: usize, columns: usize, sight: &Sight<'_>) -> Vec<LogRow> {
        if let Some(line) = self.empty_line(sight) {
            return vec![LogRow {
                whose: None,
                prefix: line,
                text: Vec::new(),
            }];
        }
        let widths = self.widths(columns);
        let mut out: Vec<LogRow> = Vec::with_capacity(rows);
        match self.position {
            Position::Follow => {
                // From the end upwards, since a line may take several rows.
                let mut blocks: Vec<Vec<LogRow>> = Vec::new();
                let mut have = 0;
                let mut below = self.ring.end();
                while have < rows
                    && let Some(number) = self.last_shown(below)
                {
                    if let Some(gap) = self.gap(number, below) {
                        have += 1;
                        blocks.push(vec![gap]);
                    }
                    if let Some(line) = self.ring.get(number) {
                        let block = self.draw(line, columns, widths);
                        have += block.len();
                        blocks.push(block);
                    }
                    below = number;
                }
                out.extend(blocks.into_iter().rev().flatten());
                if out.len() > rows {
                    out.drain(..out.len() - rows);
                }
            }
            Position::Top(_) => {
                let mut next = self.next_shown(self.top(rows));
                let mut above = None;
                while out.len() < rows
                    && let Some(number) = next
                {
                    out.extend(above.and_then(|above| self.gap(above, number)));
                    if let Some(line) = self.ring.get(number) {
                        out.extend(self.draw(line, columns, widths));
                    }
                    above = Some(number);
                    next = self.next_shown(number + 1);
                }
                out.truncate(rows);
            }
        }
        out
    }

    /// What stands between two shown lines that are no neighbours, where lines around hits are shown.
    fn gap(&self, above: u64, below: u64) -> Option<LogRow> {
        self.sieve.as_ref().filter(|s| s.around > 0)?;
        if below == self.ring.end() || below <= above + 1 {
            return None;
        }
        let hidden = text::plural(below - above - 1, "line");
        Some(LogRow {
            whose: None,
            prefix: vec![Span::new(format!("⋯ {hidden} hidden"), Tone::Dim)],
            text: Vec::new(),
        })
    }

    /// Said in place of lines where a window has none.
    fn empty_line(&self, sight: &Sight<'_>) -> Option<view::Line> {
        let Window::Minutes(_) = self.window else {
            return None;
        };
        if self.ring.end() > self.ring.first() {
            return None;
        }
        // An answer's lines come with its head, or a moment after it.
        let (_, first) = self.members.iter().next()?;
        let now = sight.of(first.cluster)?.now;
        let heard = self.members.iter().any(|(_, m)| {
            let Some(Cx { now, .. }) = sight.of(m.cluster) else {
                return false;
            };
            let answered = |s: &super::stream::Stream| {
                s.opened.is_some_and(|at| now - at >= TimeDelta::seconds(1))
            };
            m.streams.iter().any(answered)
        });
        if !heard {
            return None;
        }
        let last = self.newest.map(DateTime::from_timestamp_nanos);
        let (key, wider) = self.window.wider(last.map(|at| now - at));
        let when = match last {
            Some(at) => format!(
                "; the last line was at {} ({} ago)",
                at.format("%H:%M:%S"),
                text::age(at, now)
            ),
            None => String::new(),
        };
        Some(vec![
            Span::new(
                format!("no lines in the {}{when}", self.window.name()),
                Tone::Warn,
            ),
            Span::new(format!("  {key}"), Tone::Accent),
            Span::new(format!(" shows {wider}"), Tone::Dim),
        ])
    }

    fn draw(&self, line: &Line, columns: usize, widths: Widths) -> Vec<LogRow> {
        if line.voice != Voice::Log {
            let text = format!("── {} ", line.text);
            return vec![LogRow {
                whose: None,
                prefix: vec![Span::new(text, line.voice.tone())],
                text: Vec::new(),
            }];
        }
        let (whose, prefix) = self.prefix(line, widths);
        let name = whose.as_ref().map_or(0, |w| w.name.width());
        let taken = name + prefix.iter().map(|s| s.text.width()).sum::<usize>();
        let room = columns.saturating_sub(taken).max(1);
        let pieces = self.pieces(line);
        if !self.wrap {
            return vec![LogRow {
                whose,
                prefix,
                text: cut(pieces, self.left, room),
            }];
        }
        let mut rows = wrap(pieces, room).into_iter();
        let first = LogRow {
            whose,
            prefix,
            text: rows.next().unwrap_or_default(),
        };
        let indent = " ".repeat(taken);
        let rest = rows.map(|text| LogRow {
            whose: None,
            prefix: if taken == 0 {
                Vec::new()
            } else {
                vec![Span::new(indent.clone(), Tone::Dim)]
            },
            text,
        });
        std::iter::once(first).chain(rest).collect()
    }

    /// A line's text as it is shown, with what was looked for marked.
    fn pieces(&self, line: &Line) -> Vec<Styled> {
        let fields = self
            .fields
            .then(|| fields::pieces(&line.text, self.timestamps));
        let pieces = fields.flatten().unwrap_or_else(|| sgr::pieces(&line.text));
        if self.search.is_none() && self.sieve.is_none() {
            return pieces;
        }
        let plain: String = pieces.iter().map(|p| p.text.as_str()).collect();
        let sought = self.search.iter().flat_map(|s| s.hits(&plain));
        let kept = self.sieve.iter().flat_map(|s| s.hits(&plain));
        let hits: Vec<(usize, usize)> = sought.chain(kept).collect();
        mark(pieces, &plain, &hits)
    }

    fn widths(&self, columns: usize) -> Widths {
        if !self.merged() {
            return Widths {
                name: 0,
                container: 0,
            };
        }
        let most = match columns {
            ..100 => 18,
            100..160 => 26,
            _ => 40,
        };
        let (mut name, mut container) = (0, 0);
        for (_, member) in self.members.iter().filter(|(_, m)| m.lines > 0) {
            name = name.max(member.label.width());
            if member.streams.len() > 1 {
                let longest = member.streams.iter().map(|s| s.container.width()).max();
                container = container.max(longest.unwrap_or(0));
            }
        }
        Widths {
            name: name.min(most),
            container: if columns < 110 { 0 } else { container.min(16) },
        }
    }

    fn prefix(&self, line: &Line, widths: Widths) -> (Option<Whose>, view::Line) {
        let mut prefix = Vec::new();
        let Some((member, stream)) = self.members.by_source(line.source) else {
            return (None, prefix);
        };
        if !self.merged() {
            if self.timestamps {
                let time = line.time().format("%Y-%m-%dT%H:%M:%S%.3fZ ").to_string();
                prefix.push(Span::new(time, Tone::Dim));
            }
            if member.streams.len() > 1 {
                prefix.push(Span::new(format!("{} ", stream.container), Tone::Accent));
            }
            return (None, prefix);
        }
        let whose = Whose {
            name: fit(&member.label, widths.name),
            hue: member.hue,
        };
        if widths.container > 0 {
            let name = if member.streams.len() > 1 {
                &stream.container
            } else {
                ""
            };
            prefix.push(Span::new(
                format!(" {}", fit(name, widths.container)),
                Tone::Dim,
            ));
        }
        if self.timestamps {
            let time = line.time().format(" %H:%M:%S%.3f").to_string();
            prefix.push(Span::new(time, Tone::Dim));
        }
        prefix.push(Span::new(" │ ", Tone::Dim));
        let odd = match line.late {
            0 => None,
            late if late > 0 => Some(format!("late {late}s ")),
            early => Some(format!("clock ahead {}s ", early.unsigned_abs())),
        };
        prefix.extend(odd.map(|text| Span::new(text, Tone::Warn)));
        (Some(whose), prefix)
    }
}

/// A name in so many columns: filled up, or shortened: a job's project before its number, else the middle.
fn fit(name: &str, columns: usize) -> String {
    let wide = name.width();
    if wide <= columns {
        return format!("{name}{}", " ".repeat(columns - wide));
    }
    if let Some(at) = name.find('#') {
        let (project, number) = name.split_at(at);
        let room = columns.saturating_sub(number.width() + 1);
        if room >= 2 && project.is_ascii() {
            return format!("{}…{number}", &project[..room.min(project.len())]);
        }
    }
    let keep = columns.saturating_sub(1);
    let (before, behind) = (keep / 2, keep - keep / 2);
    let chars: Vec<char> = name.chars().collect();
    let take = |chars: &mut dyn Iterator<Item = &char>, room: usize| {
        let mut used = 0;
        let mut out = String::new();
        for c in chars {
            used += cells(*c);
            if used > room {
                break;
            }
            out.push(*c);
        }
        out
    };
    let head = take(&mut chars.iter(), before);
    let tail: String = take(&mut chars.iter().rev(), behind)
        .chars()
        .rev()
        .collect();
    let text = format!("{head}…{tail}");
    let wide = text.width();
    format!("{text}{}", " ".repeat(columns.saturating_sub(wide)))
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
