//! Text into cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::theme::Theme;
use crate::engine::view::Span;
use crate::layout::text::{cut, line_width, width};

/// A buffer with a theme. Everything painted stays inside the area it is given.
pub(super) struct Painter<'a> {
    pub(super) buffer: &'a mut Buffer,
    pub(super) theme: &'a Theme,
}

impl Painter<'_> {
    /// A text from the left, cut to the area; returns the cells that are left on its right.
    pub(super) fn text(&mut self, area: Rect, text: &str, style: Style) -> Rect {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return area;
        }
        let text = cut(text, area.width);
        let (x, _) = self
            .buffer
            .set_stringn(area.x, area.y, &text, usize::from(area.width), style);
        after(area, x - area.x)
    }

    /// A line from the left, cut to the area; returns the cells that are left.
    pub(super) fn line(&mut self, area: Rect, line: &[Span]) -> Rect {
        let mut left = area;
        let fits = line_width(line) <= area.width;
        for (at, span) in line.iter().enumerate() {
            let style = self.theme.tone(span.tone);
            let last = at + 1 == line.len();
            // The dots need a cell of their own when this text fills the area and more follows.
            if !fits && !last && width(&span.text) >= left.width {
                let mut text = span.text.to_string();
                text.push('…');
                return self.text(left, &text, style);
            }
            left = self.text(left, &span.text, style);
        }
        left
    }

    /// A text at the right end of the area.
    pub(super) fn text_right(&mut self, area: Rect, text: &str, style: Style) {
        let wide = width(text).min(area.width);
        self.text(after(area, area.width - wide), text, style);
    }

    /// A line between sections: `── title ─────── note ──`.
    pub(super) fn rule(&mut self, area: Rect, title: &[Span], note: &[Span]) {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return;
        }
        let rule = self.theme.rule;
        let full = "─".repeat(usize::from(area.width));
        self.text(area, &full, rule);
        let wide = line_width(note);
        let room = area.width.saturating_sub(8);
        let note_room = if wide == 0 || wide + 12 > room {
            0
        } else {
            wide + 4
        };
        let title_wide = line_width(title).min(room.saturating_sub(note_room));
        if title_wide > 0 {
            let at = after(area, 3);
            self.text(after(area, 2), " ", rule);
            let left = self.line(
                Rect {
                    width: title_wide,
                    ..at
                },
                title,
            );
            self.text(
                Rect {
                    width: 1,
                    ..after(left, left.width)
                },
                " ",
                rule,
            );
        }
        if note_room > 0 {
            let at = after(area, area.width - wide - 4);
            self.text(Rect { width: 1, ..at }, " ", rule);
            let left = self.line(
                Rect {
                    width: wide,
                    ..after(at, 1)
                },
                note,
            );
            self.text(
                Rect {
                    width: 1,
                    ..after(left, left.width)
                },
                " ",
                rule,
            );
        }
    }

    /// A style over what is painted already.
    pub(super) fn tint(&mut self, area: Rect, style: Style) {
        self.buffer
            .set_style(area.intersection(self.buffer.area), style);
    }

    /// Blanks an area and draws a frame with a title around it.
    pub(super) fn frame(&mut self, area: Rect, title: &[Span], style: Style) {
        let area = area.intersection(self.buffer.area);
        for row in area.rows() {
            // A wide character that the frame cuts in half would hide the frame's edge.
            if let Some(x) = area.x.checked_sub(1)
                && let Some(cell) = self.buffer.cell_mut((x, row.y))
                && width(cell.symbol()) > 1
            {
                cell.set_symbol(" ");
            }
            for cell in row.columns() {
                if let Some(cell) = self.buffer.cell_mut((cell.x, cell.y)) {
                    cell.reset();
                }
            }
        }
        if area.width < 2 || area.height < 2 {
            return;
        }
        let inner = usize::from(area.width) - 2;
        let mut rows = area.rows();
        let (first, last) = (rows.next(), rows.next_back());
        if let Some(row) = first {
            self.text(row, &format!("╭{}╮", "─".repeat(inner)), style);
            if !title.is_empty() && inner > 4 {
                let room = Rect {
                    x: row.x + 3,
                    width: row.width - 6,
                    ..row
                };
                self.text(
                    Rect {
                        x: row.x + 2,
                        width: 1,
                        ..row
                    },
                    " ",
                    style,
                );
                let left = self.line(room, title);
                let end = Rect {
                    width: 1,
                    ..Rect { x: left.x, ..row }
                };
                self.text(end, " ", style);
            }
        }
        for row in rows {
            self.text(Rect { width: 1, ..row }, "│", style);
            self.text(after(row, row.width - 1), "│", style);
        }
        if let Some(row) = last {
            self.text(row, &format!("╰{}╯", "─".repeat(inner)), style);
        }
    }
}

/// The area without its first cells.
pub(super) fn after(area: Rect, cells: u16) -> Rect {
    let cells = cells.min(area.width);
    Rect {
        x: area.x + cells,
        width: area.width - cells,
        ..area
    }
}
