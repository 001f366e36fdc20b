//! The key table.

use ratatui::layout::Rect;

use super::super::painter::{Painter, after};
use crate::engine::view::{Span, Tone};
use crate::layout::overlay::{HelpLine, HelpRegions};

/// Paints the groups in their columns.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    groups: &[(&'static str, Vec<(String, &'static str)>)],
    parts: &HelpRegions,
) {
    let border = painter.theme.border;
    painter.frame(parts.frame, &[Span::new("keys", Tone::Strong)], border);
    let (key, text, title) = (
        painter.theme.tone(Tone::Accent),
        painter.theme.tone(Tone::Plain),
        painter.theme.title,
    );
    for (line, area) in &parts.lines {
        match line {
            HelpLine::Group(group) => {
                painter.text(*area, groups[*group].0, title);
            }
            HelpLine::Entry(group, at) => {
                let (keys, what) = &groups[*group].1[*at];
                let place = Rect {
                    width: parts.keys.min(area.width),
                    ..*area
                };
                painter.text(place, keys, key);
                painter.text(after(*area, parts.keys + 2), what, text);
            }
        }
    }
    if parts.more > 0 {
        let row = Rect {
            y: parts.frame.bottom().saturating_sub(1),
            height: 1,
            ..after(parts.frame, 2)
        };
        let dim = painter.theme.tone(Tone::Dim);
        painter.text(
            row,
            &format!(" … {} more lines: down and up scroll ", parts.more),
            dim,
        );
    }
}
