//! Colours: how a theme writes them, and what a terminal with few of them shows instead.

use ratatui::style::Color;

/// How many colours there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: bold, faint, underlined and reversed only (`NO_COLOR`).
    None,
    /// The terminal's sixteen.
    Sixteen,
    /// The palette of 256.
    Palette,
    /// Any.
    #[default]
    True,
}

impl Depth {
    /// What the environment tells: the values of `NO_COLOR`, `COLORTERM` and `TERM`, as far as they are set.
    pub fn of(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Self {
        if no_color.is_some_and(|value| !value.is_empty()) {
            return Self::None;
        }
        let colorterm = colorterm.unwrap_or("");
        let term = term.unwrap_or("");
        if colorterm.contains("truecolor") || colorterm.contains("24bit") || term.contains("direct")
        {
            Self::True
        } else if term.contains("256") || term.contains("kitty") || term.contains("alacritty") {
            Self::Palette
        } else {
            match term {
                "" | "dumb" | "vt100" | "vt220" => Self::None,
                _ => Self::Sixteen,
            }
        }
    }
}

/// The sixteen names, in the palette's order.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

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

/// What xterm shows for the sixteen.
const SIXTEEN: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// A colour by name, `#rrggbb` or number.
pub(super) fn parse(text: &str) -> Option<Color> {
    if let Some(hex) = text.strip_prefix('#') {
        let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
        let whole = hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        return whole.then_some(Color::Rgb(part(0)?, part(2)?, part(4)?));
    }
    if let Ok(number) = text.parse::<u8>() {
        return Some(numbered(number));
    }
    let at = NAMES.iter().position(|name| *name == text)?;
    Some(NAMED[at])
}

/// The palette's colour of that number; the first sixteen are the terminal's own.
pub(super) fn numbered(number: u8) -> Color {
    NAMED
        .get(usize::from(number))
        .copied()
        .unwrap_or(Color::Indexed(number))
}

/// The nearest colour that there is; `None` when there is none.
pub(super) fn reduce(color: Color, depth: Depth) -> Option<Color> {
    match (depth, color) {
        (Depth::None, _) => None,
        (_, Color::Reset) | (Depth::True, _) => Some(color),
        (Depth::Palette, Color::Rgb(r, g, b)) => {
            Some(Color::Indexed(nearest_of_palette((r, g, b))))
        }
        (Depth::Sixteen, Color::Rgb(r, g, b)) => Some(nearest_of_sixteen((r, g, b))),
        (Depth::Sixteen, Color::Indexed(number)) => Some(nearest_of_sixteen(rgb_of(number))),
        _ => Some(color),
    }
}

/// Red, green and blue of a colour; `None` for the terminal's own.
pub(super) fn rgb(color: Color) -> Option<(u8, u8, u8)> {
    match color {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(number) => Some(rgb_of(number)),
        named => {
            let at = NAMED.iter().position(|known| *known == named)?;
            Some(SIXTEEN[at])
        }
    }
}

const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn rgb_of(number: u8) -> (u8, u8, u8) {
    match number {
        0..=15 => SIXTEEN[usize::from(number)],
        16..=231 => {
            let at = usize::from(number - 16);
            (STEPS[at / 36], STEPS[at / 6 % 6], STEPS[at % 6])
        }
        232.. => {
            let grey = 8 + (number - 232) * 10;
            (grey, grey, grey)
        }
    }
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    square(a.0, b.0) * 3 + square(a.1, b.1) * 4 + square(a.2, b.2) * 2
}

fn nearest_of_palette(color: (u8, u8, u8)) -> u8 {
    (16..=255u8)
        .min_by_key(|number| distance(color, rgb_of(*number)))
        .unwrap_or(15)
}

/// Hue counts more than brightness here: a soft red is red, not grey.
fn nearest_of_sixteen((r, g, b): (u8, u8, u8)) -> Color {
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    if high - low < 40 {
        return match high {
            0..=63 => Color::Black,
            64..=159 => Color::DarkGray,
            160..=223 => Color::Gray,
            224.. => Color::White,
        };
    }
    let middle = low + (high - low) / 2;
    let bits =
        usize::from(r > middle) | usize::from(g > middle) << 1 | usize::from(b > middle) << 2;
    NAMED[bits + if high > 215 && low > 60 { 8 } else { 0 }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_written_in_three_ways() {
        let cases = [
            ("red", Some(Color::Red)),
            ("bright-black", Some(Color::DarkGray)),
            ("#6cb6eb", Some(Color::Rgb(0x6c, 0xb6, 0xeb))),
            ("208", Some(Color::Indexed(208))),
            ("9", Some(Color::LightRed)),
            ("256", None),
            ("#6cb6e", None),
            ("#é6cb6", None),
            ("rot", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn fewer_colours_keep_the_hue() {
        let sixteen = |text: &str| parse(text).and_then(|color| reduce(color, Depth::Sixteen));
        assert_eq!(sixteen("#ff6b6b"), Some(Color::LightRed));
        assert_eq!(sixteen("#7d8794"), Some(Color::DarkGray));
        assert_eq!(sixteen("#7fc97f"), Some(Color::Green));
        assert_eq!(sixteen("#1f7a33"), Some(Color::Green));
        assert_eq!(sixteen("#c01c28"), Some(Color::Red));
        assert_eq!(
            reduce(Color::Rgb(95, 135, 175), Depth::Palette),
            Some(Color::Indexed(67))
        );
        assert_eq!(reduce(Color::Red, Depth::None), None);
    }

    #[test]
    fn the_environment_tells_the_depth() {
        let of = Depth::of;
        assert_eq!(of(Some("1"), Some("truecolor"), None), Depth::None);
        assert_eq!(of(Some(""), Some("truecolor"), None), Depth::True);
        assert_eq!(of(None, None, Some("tmux-256color")), Depth::Palette);
        assert_eq!(of(None, None, Some("linux")), Depth::Sixteen);
        assert_eq!(of(None, None, Some("dumb")), Depth::None);
    }
}
