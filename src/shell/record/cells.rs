//! Sums of a frame's cells, the same on every machine and in every version: FNV-1a of what stands in them.

use ratatui::buffer::Buffer;
use ratatui::style::Color;

/// Sums of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cells {
    /// Of the characters.
    pub(super) text: u64,
    /// Of colours and the like.
    pub(super) style: u64,
}

struct Fnv(u64);

impl Fnv {
    const START: Self = Self(0xcbf2_9ce4_8422_2325);

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl Cells {
    pub(super) fn of(buffer: &Buffer) -> Self {
        let (mut text, mut style) = (Fnv::START, Fnv::START);
        for cell in &buffer.content {
            text.add(cell.symbol().as_bytes());
            text.add(&[0]);
            style.add(&color(cell.fg));
            style.add(&color(cell.bg));
            style.add(&cell.modifier.bits().to_le_bytes());
        }
        Self {
            text: text.0,
            style: style.0,
        }
    }
}

/// The sixteen in the palette's order.
const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

fn color(color: Color) -> [u8; 4] {
    match color {
        Color::Reset => [0; 4],
        Color::Rgb(r, g, b) => [1, r, g, b],
        Color::Indexed(n) => [2, n, 0, 0],
        named => {
            let at = NAMED.iter().position(|c| *c == named).unwrap_or(16);
            [3, u8::try_from(at).unwrap_or(16), 0, 0]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn what_is_seen_makes_the_sums() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        let empty = Cells::of(&buffer);
        buffer.set_string(0, 0, "ab", Style::new());
        let written = Cells::of(&buffer);
        assert!(written.text != empty.text && written.style == empty.style);
        buffer.set_style(Rect::new(1, 0, 1, 1), Style::new().fg(Color::LightRed));
        let red = Cells::of(&buffer);
        assert!(red.text == written.text && red.style != written.style);
        // They are in files.
        assert_eq!(empty.text, 0x5d52_dc63_c20e_8fc5);
    }
}
