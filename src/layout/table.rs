//! A table: title, head, rows.

use ratatui::layout::Rect;

use super::below;
use super::columns::{Column, columns};
use crate::engine::view::{Hit, Table};

/// Cells on the left of each row, for cursor and mark.
pub const GUTTER: u16 = 3;

/// A table's parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableRegions {
    /// Title and position.
    pub title: Rect,
    /// Column titles.
    pub head: Rect,
    /// Rows.
    pub rows: Rect,
    /// Columns that are shown.
    pub columns: Vec<Column>,
}

/// Divides `area`.
pub(super) fn arrange(
    table: Option<&Table>,
    area: Rect,
    hits: &mut Vec<(Rect, Hit)>,
) -> TableRegions {
    let title = Rect {
        height: area.height.min(1),
        ..area
    };
    let rest = below(area, 1);
    let head = Rect {
        height: rest.height.min(1),
        ..rest
    };
    let rows = below(rest, 1);
    let heads = table.map_or(&[][..], |table| &table.heads);
    let room = area.width.saturating_sub(GUTTER + 1);
    let columns = columns(heads, area.x + GUTTER, room);
    if head.height > 0 {
        for column in &columns {
            if let Ok(number) = u8::try_from(column.index) {
                let area = Rect {
                    x: column.x,
                    width: column.width,
                    ..head
                };
                hits.push((area, Hit::Column(number)));
            }
        }
    }
    if let Some(table) = table {
        let rows = rows.rows().zip(&table.rows);
        hits.extend(rows.map(|(area, row)| (area, Hit::Row(row.id.clone()))));
    }
    TableRegions {
        title,
        head,
        rows,
        columns,
    }
}
