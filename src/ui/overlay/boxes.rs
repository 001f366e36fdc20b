//! Menus and texts in frames.

use ratatui::layout::Rect;

use super::super::painter::{Painter, after};
use crate::engine::view::{Line, Span, Tone};
use crate::layout::List;
use crate::layout::text::thousands;

/// Entries with their keys; those that cannot be done say why.
pub(super) fn menu(
    painter: &mut Painter<'_>,
    title: &str,
    entries: &[(String, String, String)],
    chosen: usize,
    frame: Rect,
    list: &List,
    keys: u16,
) {
    let border = painter.theme.border;
    painter.frame(frame, &[Span::new(title.to_owned(), Tone::Strong)], border);
    let tone = |tone| painter.theme.tone(tone);
    let (plain, dim, accent, mark) = (
        tone(Tone::Plain),
        tone(Tone::Dim),
        tone(Tone::Accent),
        painter.theme.mark,
    );
    for (at, row) in list.rows() {
        let (text, key, why) = &entries[at];
        let possible = why.is_empty();
        if at == chosen {
            painter.text(row, "▸", mark);
        }
        let place = Rect {
            width: keys.min(row.width),
            ..after(row, 2)
        };
        painter.text(place, key, if possible { accent } else { dim });
        let skip = if keys > 0 { 2 + keys + 2 } else { 2 };
        let rest = painter.text(after(row, skip), text, if possible { plain } else { dim });
        if !possible {
            painter.text(after(rest, 2), why, dim);
        }
        if at == chosen {
            let wide = Rect {
                x: row.x.saturating_sub(1),
                width: row.width + 2,
                ..row
            };
            let style = painter.theme.chosen;
            painter.tint(wide, style);
        }
    }
    if let Some(row) = list.rest() {
        painter.text(
            after(row, 2),
            &format!("… {} more", thousands(list.more)),
            dim,
        );
    }
}

/// Wrapped lines from `top` on.
pub(super) fn lines(painter: &mut Painter<'_>, lines: &[Line], top: usize, area: Rect) {
    for (row, line) in area.rows().zip(lines.iter().skip(top)) {
        painter.line(row, line);
    }
}

/// A text to read, with its position when it is longer than the frame.
pub(super) fn text(
    painter: &mut Painter<'_>,
    title: &str,
    wrapped: &[Line],
    top: usize,
    frame: Rect,
    area: Rect,
) {
    let border = painter.theme.border;
    painter.frame(frame, &[Span::new(title.to_owned(), Tone::Strong)], border);
    let shown = usize::from(area.height);
    let top = top.min(wrapped.len().saturating_sub(shown));
    lines(painter, wrapped, top, area);
    if wrapped.len() > shown && shown > 0 {
        let row = Rect {
            y: frame.bottom().saturating_sub(1),
            height: 1,
            width: frame.width.saturating_sub(2),
            ..frame
        };
        let text = format!(
            " {}–{} of {} ",
            thousands(top + 1),
            thousands(top + shown),
            thousands(wrapped.len())
        );
        let dim = painter.theme.tone(Tone::Dim);
        painter.text_right(row, &text, dim);
    }
}
