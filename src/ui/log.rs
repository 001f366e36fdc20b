//! The log pane.

use ratatui::style::{Modifier, Style};

use super::painter::Painter;
use crate::engine::view::{LogView, Styled};
use crate::layout::LogRegions;

/// Paints the visible lines, or nothing when there is no log.
pub(super) fn draw(painter: &mut Painter<'_>, log: Option<&LogView>, parts: &LogRegions) {
    let Some(log) = log else { return };
    painter.rule(parts.title, &log.title, &log.position);
    for (row, line) in parts.lines.rows().zip(&log.lines) {
        let mut left = row;
        if let Some(whose) = &line.whose {
            let style = painter.theme.hue(whose.hue);
            left = painter.text(left, &whose.name, style);
        }
        left = painter.line(left, &line.prefix);
        for part in &line.text {
            let style = style(painter, part);
            left = painter.text(left, &part.text, style);
        }
    }
    let state = ratatui::layout::Rect {
        x: parts.state.x + 1,
        width: parts.state.width.saturating_sub(2),
        ..parts.state
    };
    painter.line(state, &log.state);
}

fn style(painter: &Painter<'_>, part: &Styled) -> Style {
    let mut style = Style::new();
    style.fg = part.color.and_then(|color| painter.theme.numbered(color));
    if part.bold {
        style = style.add_modifier(Modifier::BOLD);
    }
    if part.dim {
        style = style.add_modifier(Modifier::DIM);
    }
    if part.hit {
        style = style.patch(painter.theme.hit);
    }
    style
}
