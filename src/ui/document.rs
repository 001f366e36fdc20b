//! The text screen.

use ratatui::layout::Rect;

use super::painter::{Painter, after};
use crate::engine::view::TextView;
use crate::layout::LogRegions;

/// Paints the visible rows; the cursor's line is tinted as in a table.
pub(super) fn draw(painter: &mut Painter<'_>, view: &TextView, parts: &LogRegions) {
    painter.rule(parts.title, &view.title, &view.position);
    let mut marked = false;
    for (area, row) in parts.lines.rows().zip(&view.rows) {
        if row.cursor && !marked {
            let style = painter.theme.mark;
            painter.text(area, "▸", style);
            marked = true;
        }
        let mut left = after(area, TextView::GUTTER);
        for (span, hit) in &row.spans {
            let mut style = painter.theme.tone(span.tone);
            if *hit {
                style = style.patch(painter.theme.hit);
            }
            left = painter.text(left, &span.text, style);
        }
        if row.cursor {
            let style = painter.theme.cursor;
            painter.tint(area, style);
        }
    }
    let state = Rect {
        x: parts.state.x + 1,
        width: parts.state.width.saturating_sub(2),
        ..parts.state
    };
    painter.line(state, &view.state);
}
