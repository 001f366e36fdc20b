//! Tables: head, rows, cursor, marks, position.

use ratatui::layout::Rect;

use super::painter::{Painter, after};
use crate::engine::view::{Line, Sorted, Span, Table, Tone};
use crate::layout::TableRegions;
use crate::layout::table::GUTTER;
use crate::layout::text::{cut, thousands, width};

/// Paints a table, or nothing when there is none yet.
pub(super) fn draw(painter: &mut Painter<'_>, table: Option<&Table>, parts: &TableRegions) {
    let Some(table) = table else { return };
    let title = [Span::new(table.title.clone(), Tone::Strong)];
    painter.rule(parts.title, &title, &position(table, parts));
    head(painter, table, parts);
    if table.rows.is_empty() {
        let row = Rect {
            height: parts.rows.height.min(1),
            ..parts.rows
        };
        painter.line(after(row, GUTTER), &table.empty);
        return;
    }
    for (at, (row, area)) in table.rows.iter().zip(parts.rows.rows()).enumerate() {
        let under_cursor = table.cursor == Some(table.top + at);
        if under_cursor {
            let style = painter.theme.mark;
            painter.text(after(area, 0), " ▸", style);
        }
        if row.marked {
            let style = painter.theme.mark;
            painter.text(after(area, 2), "*", style);
        }
        for column in &parts.columns {
            let Some(cell) = row.cells.get(column.index) else {
                continue;
            };
            let right = table.heads.get(column.index).is_some_and(|head| head.right);
            let place = Rect {
                x: column.x,
                width: column.width,
                ..area
            };
            let style = painter.theme.tone(cell.tone);
            if right {
                painter.text_right(place, &cell.text, style);
            } else {
                painter.text(place, &cell.text, style);
            }
        }
        if under_cursor {
            let style = painter.theme.cursor;
            painter.tint(area, style);
        }
    }
}

fn head(painter: &mut Painter<'_>, table: &Table, parts: &TableRegions) {
    if parts.head.is_empty() {
        return;
    }
    for column in &parts.columns {
        let head = &table.heads[column.index];
        let place = Rect {
            x: column.x,
            width: column.width,
            ..parts.head
        };
        let style = painter.theme.head;
        let arrow = match head.sorted {
            None => "",
            Some(Sorted::Up) => "↑",
            Some(Sorted::Down) => "↓",
        };
        let title = cut(&head.title, place.width.saturating_sub(width(arrow)));
        let text = format!("{title}{arrow}");
        if head.right {
            painter.text_right(place, &text, style);
        } else {
            painter.text(place, &text, style);
        }
    }
}

/// `12–40 of 391`, and what the filter hides.
fn position(table: &Table, parts: &TableRegions) -> Line {
    let rows = table.rows.len().min(usize::from(parts.rows.height));
    let mut text = match (rows, table.shown) {
        (0, 0) if table.total == 0 => return Line::new(),
        (0, shown) => thousands(shown),
        (rows, shown) if rows >= shown => thousands(shown),
        (rows, shown) => format!(
            "{}–{} of {}",
            thousands(table.top + 1),
            thousands(table.top + rows),
            thousands(shown)
        ),
    };
    if table.shown < table.total {
        let all = thousands(table.total);
        text = if text.contains(' ') {
            format!("{text}, {all} in all")
        } else {
            format!("{text} of {all}")
        };
    }
    let mut line = vec![Span::new(text, Tone::Dim)];
    if table.hidden_marks > 0 {
        let text = format!("  {} marked out of sight", thousands(table.hidden_marks));
        line.push(Span::new(text, Tone::Warn));
    }
    line
}
