//! Facts, notes, steps, and a table below.

use ratatui::layout::Rect;

use super::painter::{Painter, after};
use super::{overview, table};
use crate::engine::view::{Detail, Table, Tone};
use crate::layout::DetailRegions;

/// Paints it.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    view: &Detail,
    below: Option<&Table>,
    parts: &DetailRegions,
) {
    painter.rule(parts.title, &view.title, &[]);
    let dim = painter.theme.tone(Tone::Dim);
    for place in &parts.facts {
        let (label, value) = &view.facts[place.index];
        painter.text(place.label, label, dim);
        painter.line(place.value, value);
    }
    let shown = usize::from(parts.notes.height);
    for (row, line) in parts.notes.rows().zip(&parts.note_lines) {
        painter.line(row, line);
    }
    if parts.note_lines.len() > shown
        && let Some(row) = parts.notes.rows().next_back()
    {
        painter.text_right(row, " …", dim);
    }
    for (at, row) in parts.steps.rows() {
        let step = &view.steps[at];
        if step.selected {
            let style = painter.theme.mark;
            painter.text(row, " ▸", style);
        }
        let mut left = after(row, 3);
        for (cell, wide) in step.cells.iter().zip(&parts.step_cells) {
            let style = painter.theme.tone(cell.tone);
            let place = Rect {
                width: (*wide).min(left.width),
                ..left
            };
            painter.text(place, &cell.text, style);
            left = after(left, wide + 2);
        }
        if step.selected {
            let style = painter.theme.cursor;
            painter.tint(row, style);
        }
    }
    overview::rest(painter, &parts.steps, 3, "steps");
    if let Some(part) = &parts.table {
        table::draw(painter, below, part);
    }
}
