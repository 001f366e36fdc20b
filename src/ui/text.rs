//! A buffer as plain text, for tests and for `NO_COLOR`'s readers.

use ratatui::buffer::Buffer;

use crate::layout::text::width;

/// One line a row, without trailing spaces.
pub fn of(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in buffer.area.rows() {
        let mut line = String::new();
        let mut covered = 0;
        for cell in row.columns() {
            if covered > 0 {
                covered -= 1;
                continue;
            }
            let symbol = buffer
                .cell((cell.x, cell.y))
                .map_or(" ", ratatui::buffer::Cell::symbol);
            covered = width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
