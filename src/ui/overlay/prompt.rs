//! The prompt at the bottom.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::super::painter::{Painter, after};
use crate::engine::view::{Span, Tone};
use crate::layout::List;
use crate::layout::text::{fit, thousands, width};

/// Sigil, text and a cursor. A text longer than the row shows the part around the cursor.
pub(super) fn line(painter: &mut Painter<'_>, sigil: &str, text: &str, cursor: usize, row: Rect) {
    blank(painter, row);
    let accent = painter.theme.tone(Tone::Accent);
    let left = painter.text(after(row, 1), sigil, accent);
    let at = text
        .char_indices()
        .nth(cursor)
        .map_or(text.len(), |(at, _)| at);
    // Enough of the start is skipped for the cursor to have a cell.
    let room = left.width.saturating_sub(1).max(1);
    let mut start = 0;
    while width(&text[start..at]) >= room {
        start += text[start..].chars().next().map_or(1, char::len_utf8);
    }
    let visible = &text[start..start + fit(&text[start..], left.width)];
    let style = painter.theme.tone(Tone::Plain);
    painter.text(left, visible, style);
    let cell = Rect {
        width: 1,
        ..after(left, width(&text[start..at]))
    };
    painter.tint(cell, Style::new().add_modifier(Modifier::REVERSED));
}

/// Completions, the best nearest to the eye: at the top of their list.
pub(super) fn choices(
    painter: &mut Painter<'_>,
    choices: &[(String, String)],
    chosen: Option<usize>,
    list: &List,
) {
    let column = choices
        .iter()
        .map(|(text, _)| width(text))
        .max()
        .unwrap_or(0)
        .min(list.area.width / 2);
    for row in list.area.rows() {
        blank(painter, row);
    }
    for (at, row) in list.rows() {
        let (text, what) = &choices[at];
        let (strong, dim) = (
            painter.theme.tone(Tone::Plain),
            painter.theme.tone(Tone::Dim),
        );
        if chosen == Some(at) {
            let mark = painter.theme.mark;
            painter.text(row, "▸", mark);
        }
        let place = Rect {
            width: column,
            ..after(row, 2)
        };
        painter.text(place, text, strong);
        painter.text(after(row, 2 + column + 2), what, dim);
        if chosen == Some(at) {
            let style = painter.theme.chosen;
            painter.tint(row, style);
        }
    }
    if let Some(row) = list.rest() {
        let dim = painter.theme.tone(Tone::Dim);
        painter.text(
            after(row, 2),
            &format!("… {} more", thousands(list.more)),
            dim,
        );
    }
}

/// What is wrong with the text.
pub(super) fn error(painter: &mut Painter<'_>, error: &str, row: Option<Rect>) {
    if let Some(row) = row {
        blank(painter, row);
        painter.line(
            after(row, 1),
            &[
                Span::new("✕ ", Tone::Bad),
                Span::new(error.to_owned(), Tone::Bad),
            ],
        );
    }
}

fn blank(painter: &mut Painter<'_>, row: Rect) {
    for cell in row.columns() {
        if let Some(cell) = painter.buffer.cell_mut((cell.x, cell.y)) {
            cell.reset();
        }
    }
}
