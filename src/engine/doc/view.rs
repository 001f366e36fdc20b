//! The visible part of a text screen.

use chrono::{DateTime, Utc};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::pane::{Form, Standing, TextPane};
use crate::engine::text::{age, count, plural};
use crate::engine::view::{Line, Span, TextRow, TextView, Tone};

/// Cells on the left: the cursor's mark.
const GUTTER: usize = TextView::GUTTER as usize;
/// Ages below this are not told.
const AGE_FROM: i64 = 5;

impl TextPane {
    /// The view of `rows` lines of `columns` cells. `waits`: seconds for which an answer has been waited for.
    pub(crate) fn view(
        &self,
        rows: usize,
        columns: usize,
        now: DateTime<Utc>,
        waits: Option<u64>,
    ) -> TextView {
        let mut out = Vec::with_capacity(rows);
        let mut at = self.top();
        while out.len() < rows
            && let Some(line) = self.folds.line(at)
        {
            let spans = self.line_spans(line);
            let cursor = at == self.at();
            let room = columns.saturating_sub(GUTTER).max(1);
            let pieces = if self.wrap {
                wrap(spans, room)
            } else {
                vec![cut(spans, self.left, room)]
            };
            out.extend(pieces.into_iter().map(|spans| TextRow { spans, cursor }));
            at += 1;
        }
        out.truncate(rows);
        if out.is_empty() {
            out.push(TextRow {
                spans: vec![(self.empty(waits), false)],
                cursor: false,
            });
        }
        TextView {
            title: self.title(),
            rows: out,
            position: self.position(rows),
            state: self.state(now, waits),
        }
    }

    fn line_spans(&self, line: usize) -> Vec<(Span, bool)> {
        let mut spans = self.content.spans(line);
        let hidden = self.folds.hidden(&self.content, line);
        if hidden > 0 {
            let text = format!(" ▸ {}", plural(hidden as u64, "line"));
            spans.push(Span::new(text, Tone::Dim));
        }
        match self.search() {
            Some(search) if !search.text().is_empty() => {
                let hits = search.hits(&self.content.text(line));
                mark(spans, &hits)
            }
            Some(_) | None => spans.into_iter().map(|span| (span, false)).collect(),
        }
    }

    fn title(&self) -> Line {
        let form = match self.form {
            Form::Describe => "describe ",
            Form::Yaml => "yaml of ",
        };
        let mut title = vec![
            Span::new(form, Tone::Dim),
            Span::new(self.object.title(), Tone::Strong),
        ];
        if let Some(search) = self.search() {
            title.push(Span::new(format!(" /{}", search.text()), Tone::Accent));
        }
        title
    }

    fn empty(&self, waits: Option<u64>) -> Span {
        match (&self.failure, waits) {
            (Some(failure), None) => failure.span(),
            (_, Some(s)) if s >= 2 => Span::new(format!("◌ reading, for {s}s"), Tone::Busy),
            (_, _) => Span::new("◌ reading", Tone::Busy),
        }
    }

    fn position(&self, rows: usize) -> Line {
        let shown = self.folds.len();
        let all = self.content.len();
        if all == 0 {
            return Line::new();
        }
        let last = (self.top() + rows).min(shown);
        let mut text = if shown == all {
            format!(
                "lines {}–{} of {}",
                count(self.top() as u64 + 1),
                count(last as u64),
                count(all as u64)
            )
        } else {
            format!(
                "{} of {} lines, others folded",
                count(shown as u64),
                count(all as u64)
            )
        };
        if self.left > 0 && !self.wrap {
            text.push_str(&format!(", from column {}", self.left + 1));
        }
        vec![Span::new(text, Tone::Dim)]
    }

    fn state(&self, now: DateTime<Utc>, waits: Option<u64>) -> Line {
        let mut line = Line::new();
        let Some(read) = self.read_at else {
            return line;
        };
        match &self.standing {
            Standing::Same => {}
            Standing::Changed(at) => {
                let text = format!("▲ changed {} ago, ctrl-r reads it again · ", age(*at, now));
                line.push(Span::new(text, Tone::Warn));
            }
            Standing::Gone(what, at) => {
                let text = format!("✕ {what}, seen {} ago · ", age(*at, now));
                line.push(Span::new(text, Tone::Bad));
            }
        }
        if let Some(failure) = &self.failure {
            line.push(failure.span());
            line.push(Span::new(" · ", Tone::Dim));
        }
        let old = (now - read).num_seconds();
        let text = match waits {
            Some(_) => "◌ reading again".to_owned(),
            None if old < AGE_FROM => "● read just now".to_owned(),
            None => format!("read {} ago", age(read, now)),
        };
        let tone = if waits.is_some() {
            Tone::Busy
        } else {
            Tone::Dim
        };
        line.push(Span::new(text, tone));
        if self.form == Form::Yaml {
            let fields = if self.managed {
                ""
            } else {
                " · m: managed fields"
            };
            line.push(Span::new(fields, Tone::Dim));
            if self.revealed.is_empty() {
                if self.hides() {
                    line.push(Span::new(
                        " · x: reveal the value under the cursor",
                        Tone::Dim,
                    ));
                }
            } else {
                let text = format!(
                    " · {} revealed",
                    plural(self.revealed.len() as u64, "value")
                );
                line.push(Span::new(text, Tone::Warn));
            }
        }
        line
    }

    /// Whether the line under the cursor hides a value.
    pub(crate) fn hides(&self) -> bool {
        let text = self.line().map(|line| self.content.text(line));
        text.is_some_and(|text| text.contains(crate::engine::effect::HIDDEN))
    }

    /// Columns that the widest visible line has.
    pub(crate) fn widest(&self, rows: usize) -> usize {
        (self.top()..self.top() + rows)
            .filter_map(|at| self.folds.line(at))
            .map(|line| UnicodeWidthStr::width(&*self.content.text(line)))
            .max()
            .unwrap_or(0)
    }
}

/// Rows that a line takes when it is wrapped on a page of so many columns.
pub(crate) fn rows_of(spans: &Line, columns: usize) -> usize {
    let room = columns.saturating_sub(GUTTER).max(1);
    wrap(spans.iter().map(|s| (s.clone(), false)).collect(), room).len()
}

/// Cuts spans where hits begin and end.
fn mark(spans: Line, hits: &[std::ops::Range<usize>]) -> Vec<(Span, bool)> {
    let mut out = Vec::new();
    let mut start = 0;
    for span in spans {
        let end = start + span.text.len();
        let mut cuts = vec![start, end];
        for hit in hits {
            cuts.extend(
                [hit.start, hit.end]
                    .into_iter()
                    .filter(|c| (start..end).contains(c)),
            );
        }
        cuts.sort_unstable();
        for pair in cuts.windows(2) {
            if let Some(text) = span.text.get(pair[0] - start..pair[1] - start)
                && !text.is_empty()
            {
                let hit = hits
                    .iter()
                    .any(|hit| hit.start <= pair[0] && pair[1] <= hit.end);
                out.push((Span::new(text.to_owned(), span.tone), hit));
            }
        }
        start = end;
    }
    out
}

fn cells(c: char) -> usize {
    c.width().unwrap_or(1)
}

/// The columns from `left` on, `room` of them.
fn cut(spans: Vec<(Span, bool)>, left: usize, room: usize) -> Vec<(Span, bool)> {
    let mut out = Vec::new();
    let mut at = 0;
    let mut more = false;
    for (span, hit) in spans {
        let mut text = String::new();
        for c in span.text.chars() {
            if at >= left && at + cells(c) <= left + room {
                text.push(c);
            }
            at += cells(c);
        }
        more = at > left + room;
        if !text.is_empty() {
            out.push((Span::new(text, span.tone), hit));
        }
        if more {
            break;
        }
    }
    if more && let Some((last, _)) = out.last_mut() {
        let mut text = last.text.to_string();
        text.pop();
        text.push('…');
        last.text = text.into();
    }
    out
}

/// Rows of at most `room` columns, broken at spaces where that is near; the rest stands below the text.
fn wrap(spans: Vec<(Span, bool)>, room: usize) -> Vec<Vec<(Span, bool)>> {
    let whole: usize = spans
        .iter()
        .map(|(s, _)| UnicodeWidthStr::width(&*s.text))
        .sum();
    if whole <= room {
        return vec![spans];
    }
    let chars: Vec<(char, usize)> = spans
        .iter()
        .enumerate()
        .flat_map(|(at, (span, _))| span.text.chars().map(move |c| (c, at)))
        .collect();
    let lead = chars.iter().take_while(|(c, _)| *c == ' ').count();
    let hang = (lead + 2).min(room / 2);
    let mut rows = Vec::new();
    let mut from = 0;
    while from < chars.len() {
        let indent = if from == 0 { 0 } else { hang };
        let mut used = indent;
        let mut to = from;
        while to < chars.len() && used + cells(chars[to].0) <= room {
            used += cells(chars[to].0);
            to += 1;
        }
        to = to.max(from + 1);
        if to < chars.len() {
            let least = from + (to - from) / 2;
            let space = (least..=to)
                .rev()
                .find(|at| chars.get(*at).is_some_and(|(c, _)| *c == ' '));
            to = space.filter(|at| *at > from).unwrap_or(to);
        }
        let mut row: Vec<(Span, bool)> = Vec::new();
        if indent > 0 {
            row.push((Span::new(" ".repeat(indent), Tone::Dim), false));
        }
        for (c, at) in &chars[from..to] {
            let (span, hit) = &spans[*at];
            match row.last_mut() {
                Some((last, was)) if last.tone == span.tone && was == hit => {
                    last.text.to_mut().push(*c)
                }
                _ => row.push((Span::new(c.to_string(), span.tone), *hit)),
            }
        }
        rows.push(row);
        from = to;
        while from > 0 && chars.get(from).is_some_and(|(c, _)| *c == ' ') {
            from += 1;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<(Span, bool)> {
        vec![(Span::new(text.to_owned(), Tone::Plain), false)]
    }

    fn texts(rows: &[Vec<(Span, bool)>]) -> Vec<String> {
        rows.iter()
            .map(|row| row.iter().map(|(s, _)| &*s.text).collect())
            .collect()
    }

    #[test]
    fn long_lines_wrap_below_their_text() {
        assert_eq!(texts(&wrap(plain("short"), 10)), ["short"]);
        assert_eq!(
            texts(&wrap(plain("  one two three four"), 12)),
            ["  one two", "    three", "    four"]
        );
        assert_eq!(
            texts(&wrap(plain("abcdefghij"), 4)),
            ["abcd", "  ef", "  gh", "  ij"]
        );
    }

    #[test]
    fn long_lines_are_cut() {
        assert_eq!(texts(&[cut(plain("abcdef"), 0, 4)]), ["abc…"]);
        assert_eq!(texts(&[cut(plain("abcdef"), 2, 4)]), ["cdef"]);
        assert_eq!(texts(&[cut(plain("日本語"), 0, 4)]), ["日…"]);
    }

    #[test]
    fn hits_are_marked() {
        let line = vec![Span::new("ab", Tone::Dim), Span::new("cd", Tone::Plain)];
        let got: Vec<(String, bool)> = mark(line, std::slice::from_ref(&(1..3)))
            .into_iter()
            .map(|(s, hit)| (s.text.into_owned(), hit))
            .collect();
        let want = [("a", false), ("b", true), ("c", true), ("d", false)];
        assert_eq!(got, want.map(|(t, h)| (t.to_owned(), h)));
    }
}
