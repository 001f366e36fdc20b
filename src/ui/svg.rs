//! A buffer as a picture: SVG on a fixed grid, the same bytes for the same buffer.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::color;
use super::theme::Theme;
use crate::layout::text::width;

/// A cell's size in pixels, and where its text stands.
const CELL: (u32, u32) = (9, 18);
const BASELINE: u32 = 14;
const SIZE: u32 = 15;
/// Around the grid.
const MARGIN: u32 = 10;

/// The picture, in the theme's page colours.
pub fn of(buffer: &Buffer, theme: &Theme) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let wide = u32::from(columns) * CELL.0 + 2 * MARGIN;
    let high = u32::from(rows) * CELL.1 + 2 * MARGIN;
    let page = (hex(theme.page.0), hex(theme.page.1));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" \
         height=\"{high}\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" \
         font-size=\"{SIZE}\" xml:space=\"preserve\">\n\
         <rect width=\"{wide}\" height=\"{high}\" rx=\"8\" fill=\"{}\"/>\n",
        page.1
    );
    for row in 0..rows {
        let mut x = 0;
        let cells: Vec<(u16, &Cell)> = std::iter::from_fn(|| {
            let cell = (x < columns).then(|| buffer.cell((buffer.area.x + x, buffer.area.y + row)));
            let cell = cell.flatten()?;
            let at = x;
            x += width(cell.symbol()).max(1);
            Some((at, cell))
        })
        .collect();
        backgrounds(&mut out, &cells, row, &page);
        glyphs(&mut out, &cells, row, &page);
    }
    out.push_str("</svg>\n");
    out
}

fn hex(color: Color) -> String {
    let (r, g, b) = color::rgb(color).unwrap_or((0, 0, 0));
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Foreground and background as they are seen; no background where it is the page's.
fn colors(cell: &Cell, page: &(String, String)) -> (String, Option<String>) {
    let fg = color::rgb(cell.fg).map_or_else(|| page.0.clone(), |_| hex(cell.fg));
    let bg = color::rgb(cell.bg).map(|_| hex(cell.bg));
    if cell.modifier.contains(Modifier::REVERSED) {
        (bg.unwrap_or_else(|| page.1.clone()), Some(fg))
    } else {
        (fg, bg)
    }
}

fn backgrounds(out: &mut String, cells: &[(u16, &Cell)], row: u16, page: &(String, String)) {
    let mut at = 0;
    while let Some((x, cell)) = cells.get(at) {
        let (_, bg) = colors(cell, page);
        let run = cells[at..]
            .iter()
            .take_while(|(_, next)| colors(next, page).1 == bg)
            .count();
        let last = &cells[at + run - 1];
        if let Some(bg) = bg {
            let end = last.0 + width(last.1.symbol()).max(1);
            rect(
                out,
                (u32::from(*x) * CELL.0, 0),
                (u32::from(end - x) * CELL.0, CELL.1),
                row,
                &bg,
                "",
            );
        }
        at += run;
    }
}

/// A rectangle in a row, relative to the grid's left edge and the row's top.
fn rect(out: &mut String, at: (u32, u32), size: (u32, u32), row: u16, fill: &str, more: &str) {
    let y = u32::from(row) * CELL.1 + MARGIN + at.1;
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"{more}/>",
        at.0 + MARGIN,
        size.0,
        size.1
    );
}

fn glyphs(out: &mut String, cells: &[(u16, &Cell)], row: u16, page: &(String, String)) {
    let mut at = 0;
    while let Some((x, cell)) = cells.get(at) {
        let style = style(cell, page);
        let symbol = cell.symbol();
        if shape(out, *x, row, symbol, &colors(cell, page).0) || symbol == " " {
            at += 1;
            continue;
        }
        // Letters of one style are one text; other signs may come from a font of another width.
        let run = if symbol.is_ascii() {
            cells[at..]
                .iter()
                .take_while(|(_, next)| {
                    next.symbol().is_ascii()
                        && (next.symbol() == " " || self::style(next, page) == style)
                })
                .count()
        } else {
            1
        };
        let text: String = cells[at..at + run]
            .iter()
            .map(|(_, c)| c.symbol())
            .collect();
        let text = text.trim_end();
        let length = if text.is_ascii() {
            let cells = u32::try_from(text.len()).unwrap_or(0);
            format!(" textLength=\"{}\"", cells * CELL.0)
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\"{length}{style}>{}</text>",
            u32::from(*x) * CELL.0 + MARGIN,
            u32::from(row) * CELL.1 + MARGIN + BASELINE,
            escaped(text)
        );
        at += run;
    }
}

fn style(cell: &Cell, page: &(String, String)) -> String {
    let mut out = format!(" fill=\"{}\"", colors(cell, page).0);
    for (modifier, text) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
        (Modifier::DIM, " opacity=\"0.6\""),
    ] {
        if cell.modifier.contains(modifier) {
            out.push_str(text);
        }
    }
    out
}

/// Lines, blocks, squares and braille are drawn, so that they join whatever the font.
fn shape(out: &mut String, x: u16, row: u16, symbol: &str, fill: &str) -> bool {
    let mut chars = symbol.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else {
        return false;
    };
    let left = u32::from(x) * CELL.0;
    let (wide, high) = CELL;
    let mut part = |at: (u32, u32), size: (u32, u32), more: &str| {
        rect(out, (left + at.0, at.1), size, row, fill, more);
    };
    match c {
        '─' => part((0, high / 2), (wide, 1), ""),
        '│' => part((wide / 2, 0), (1, high), ""),
        '▀' => part((0, 0), (wide, high / 2), ""),
        '▌' => part((0, 0), (wide / 2, high), ""),
        '▐' => part((wide / 2, 0), (wide - wide / 2, high), ""),
        '█' => part((0, 0), (wide, high), ""),
        '▓' => part((0, 4), (wide, high - 8), ""),
        '▒' => part((0, 4), (wide, high - 8), " opacity=\"0.7\""),
        '░' => part((0, 4), (wide, high - 8), " opacity=\"0.8\""),
        '■' => part((1, 5), (wide - 2, high - 10), ""),
        '▁'..='▇' => {
            let eighths = u32::from(c) - u32::from('▁') + 1;
            let tall = high * eighths / 8;
            part((0, high - tall), (wide, tall), "");
        }
        '\u{2800}'..='\u{28ff}' => {
            let dots = u32::from(c) - 0x2800;
            const PLACES: [(u32, u32); 8] = [
                (0, 0),
                (0, 1),
                (0, 2),
                (1, 0),
                (1, 1),
                (1, 2),
                (0, 3),
                (1, 3),
            ];
            for (bit, (column, line)) in PLACES.iter().enumerate() {
                if dots >> bit & 1 == 1 {
                    part((1 + column * 4, 2 + line * 4), (3, 3), "");
                }
            }
        }
        _ => {
            let Some(arms) = arms(c) else {
                return false;
            };
            let (x, y) = (wide / 2, high / 2);
            let lines = [
                ((x, 0), (1, y + 1)),
                ((x, y), (wide - x, 1)),
                ((x, y), (1, high - y)),
                ((0, y), (x + 1, 1)),
            ];
            for ((at, size), _) in lines.into_iter().zip(arms).filter(|(_, there)| *there) {
                part(at, size, "");
            }
        }
    }
    true
}

/// Whether a light corner or crossing goes up, right, down and left from its middle.
fn arms(c: char) -> Option<[bool; 4]> {
    let text = match c {
        '┌' | '╭' => "rd",
        '┐' | '╮' => "dl",
        '└' | '╰' => "ur",
        '┘' | '╯' => "ul",
        '├' => "urd",
        '┤' => "udl",
        '┬' => "rdl",
        '┴' => "url",
        '┼' => "urdl",
        '╴' => "l",
        '╵' => "u",
        '╶' => "r",
        '╷' => "d",
        _ => return None,
    };
    Some(['u', 'r', 'd', 'l'].map(|arm| text.contains(arm)))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}
