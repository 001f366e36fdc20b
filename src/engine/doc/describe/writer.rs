//! Lines of a description: headings, pairs in two columns, tables. What is not there is not written.

use chrono::{DateTime, Utc};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::engine::doc::page::PageLine;
use crate::engine::text::age;
use crate::engine::view::{Line, Span, Tone};

/// Labels are not set wider than this: a longer one pushes its own value only.
const LABEL: usize = 22;
/// Cells of a table's columns but the last.
const CELL: usize = 44;

/// What a description is written into.
pub(super) struct Writer {
    pub(super) lines: Vec<PageLine>,
    pub(super) now: DateTime<Utc>,
    /// Pairs of the heading, which wait for those that stand below them.
    head: Vec<Pair>,
}

/// A label and its value.
pub(super) type Pair = (String, Line);

pub(super) fn toned(text: impl Into<String>, tone: Tone) -> Line {
    vec![Span::new(text.into(), tone)]
}

/// A label with a text; empty texts make no pair.
pub(super) fn pair(label: &str, text: impl Into<String>) -> Option<Pair> {
    let text = text.into();
    (!text.is_empty()).then(|| (label.to_owned(), value(text)))
}

/// A value; hidden ones stand out.
pub(super) fn value(text: String) -> Line {
    let tone = if text.contains(crate::engine::effect::HIDDEN) {
        Tone::Warn
    } else {
        Tone::Plain
    };
    toned(text, tone)
}

impl Writer {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            lines: Vec::new(),
            now,
            head: Vec::new(),
        }
    }

    /// Pairs at the top: they are set with the pairs that come next, in the same columns.
    pub(super) fn open(&mut self, pairs: impl IntoIterator<Item = Option<Pair>>) {
        self.head.extend(pairs.into_iter().flatten());
    }

    /// A heading at the margin, with a line before it.
    pub(super) fn section(&mut self, title: &str) {
        self.pairs(1, []);
        if !self.lines.is_empty() {
            // It belongs to the section above, so that folding that takes it along.
            self.lines.push(PageLine::new(1, Line::new()));
        }
        self.lines.push(PageLine::heading(0, title));
    }

    /// A line of its own.
    pub(super) fn line(&mut self, depth: u16, mut spans: Line) {
        if let Some(first) = spans.first_mut() {
            let indent = "  ".repeat(usize::from(depth));
            first.text = format!("{indent}{}", first.text).into();
        }
        self.lines.push(PageLine::new(depth, spans));
    }

    /// Labels and values; all labels are set as wide as the widest.
    pub(super) fn pairs(&mut self, depth: u16, pairs: impl IntoIterator<Item = Option<Pair>>) {
        self.set_pairs(depth, LABEL, pairs);
    }

    /// The same with labels that may be as wide as this.
    pub(super) fn set_pairs(
        &mut self,
        depth: u16,
        widest: usize,
        pairs: impl IntoIterator<Item = Option<Pair>>,
    ) {
        let mut all = std::mem::take(&mut self.head);
        all.extend(pairs.into_iter().flatten());
        let pairs = all;
        let wide = pairs
            .iter()
            .map(|(label, _)| label.width())
            .filter(|wide| *wide <= widest)
            .max()
            .unwrap_or(0);
        for (label, value) in pairs {
            let gap = " ".repeat((wide.max(label.width()) - label.width()) + 2);
            let mut spans = vec![Span::new(format!("{label}{gap}"), Tone::Dim)];
            spans.extend(value);
            self.line(depth, spans);
        }
    }

    /// A table; columns without any text are left out.
    pub(super) fn table(&mut self, depth: u16, heads: &[&str], rows: &[Vec<Span>]) {
        if rows.is_empty() {
            return;
        }
        let used: Vec<usize> = (0..heads.len())
            .filter(|at| {
                rows.iter()
                    .any(|row| row.get(*at).is_some_and(|c| !c.text.is_empty()))
            })
            .collect();
        let wide: Vec<usize> = used
            .iter()
            .map(|at| {
                let cells = rows.iter().filter_map(|row| row.get(*at));
                let widest = cells.map(|c| c.text.width()).max().unwrap_or(0);
                widest.min(CELL).max(heads[*at].width())
            })
            .collect();
        let set = |cells: Vec<Span>| -> Line {
            let last = cells.len().saturating_sub(1);
            cells
                .into_iter()
                .zip(&wide)
                .enumerate()
                .map(|(at, (cell, wide))| {
                    if at == last {
                        return cell;
                    }
                    let gap = " ".repeat(wide.saturating_sub(cell.text.width()) + 2);
                    Span::new(format!("{}{gap}", cell.text), cell.tone)
                })
                .collect()
        };
        let head = used
            .iter()
            .map(|at| Span::new(heads[*at].to_owned(), Tone::Dim))
            .collect();
        self.line(depth, set(head));
        for row in rows {
            let cells = used
                .iter()
                .map(|at| row.get(*at).cloned().unwrap_or_default())
                .collect();
            self.line(depth, set(cells));
        }
    }

    /// `4m` since a time; empty of none.
    pub(super) fn ago(&self, at: &Value) -> String {
        time(at).map(|at| age(at, self.now)).unwrap_or_default()
    }

    /// `2026-01-01 10:00:00 UTC (4m ago)`.
    pub(super) fn when(&self, at: &Value) -> String {
        match time(at) {
            Some(time) => format!(
                "{} ({} ago)",
                time.format("%Y-%m-%d %H:%M:%S UTC"),
                age(time, self.now)
            ),
            None => String::new(),
        }
    }
}

pub(super) fn time(at: &Value) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(at.as_str()?).ok()?;
    Some(at.with_timezone(&Utc))
}

/// A text, or a number as one.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| format!("{key}={}", text(value)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// `a=b, c=d`.
pub(super) fn joined(value: &Value, sign: &str) -> String {
    fields(value)
        .map(|(key, value)| format!("{key}{sign}{}", text(value)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A label selector in its own syntax.
pub(super) fn selector(value: &Value) -> String {
    let mut parts: Vec<String> = fields(&value["matchLabels"])
        .map(|(key, value)| format!("{key}={}", text(value)))
        .collect();
    for term in items(&value["matchExpressions"]) {
        let (key, values) = (text(&term["key"]), items(&term["values"]));
        let values = values.iter().map(text).collect::<Vec<_>>().join(", ");
        parts.push(match term["operator"].as_str().unwrap_or_default() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key,
            "DoesNotExist" => format!("!{key}"),
            other => format!("{key} {other} {values}"),
        });
    }
    parts.join(", ")
}

/// The first letter small, words parted: `restartPolicy` becomes `restart policy`.
pub(super) fn words(name: &str) -> String {
    let mut out = String::new();
    let mut small = false;
    for c in name.chars() {
        if c.is_uppercase() && small {
            out.push(' ');
        }
        small = c.is_lowercase() || c.is_ascii_digit();
        out.extend(c.to_lowercase());
    }
    out
}
