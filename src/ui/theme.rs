//! Themes: one style for each meaning and for each part of a screen. Text in, theme out.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use super::color::{self, Depth};
use crate::engine::view::Tone;

/// The themes that come with the program: name and text.
pub const BUILT_IN: [(&str, &str); 2] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
];

/// Colours of names on a dark page: of like brightness, so that none stands out.
const DARK_HUES: [(u8, u8, u8); 12] = [
    (0x7f, 0xb8, 0xe8),
    (0xe8, 0xb0, 0x6a),
    (0x86, 0xcf, 0x8a),
    (0xe5, 0x93, 0xb0),
    (0xb7, 0xa3, 0xf0),
    (0x6f, 0xcf, 0xc4),
    (0xe8, 0x8f, 0x78),
    (0xcf, 0xcf, 0x72),
    (0x9d, 0xb4, 0xff),
    (0xd8, 0x9d, 0xe0),
    (0xa5, 0xc9, 0x9a),
    (0xd9, 0xb8, 0x9c),
];

/// The same on a light page.
const LIGHT_HUES: [(u8, u8, u8); 12] = [
    (0x1b, 0x5f, 0xa8),
    (0x9a, 0x55, 0x00),
    (0x1f, 0x74, 0x32),
    (0xa8, 0x2a, 0x5c),
    (0x5b, 0x3f, 0xb5),
    (0x0b, 0x6e, 0x6b),
    (0xa8, 0x38, 0x1d),
    (0x6a, 0x66, 0x00),
    (0x2d, 0x4f, 0xc4),
    (0x86, 0x2f, 0x96),
    (0x43, 0x6e, 0x2a),
    (0x7a, 0x52, 0x30),
];

/// A theme, reduced to the colours that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    tones: [Style; 8],
    /// The row under the cursor.
    pub cursor: Style,
    /// A mark.
    pub mark: Style,
    /// Column titles.
    pub head: Style,
    /// The lines between sections.
    pub rule: Style,
    /// Section titles.
    pub title: Style,
    /// A gauge's full part.
    pub gauge: Style,
    /// The same when nearly full.
    pub gauge_high: Style,
    /// A gauge's empty part.
    pub gauge_rest: Style,
    /// Frames of what lies over a screen.
    pub border: Style,
    /// The chosen entry of a list.
    pub chosen: Style,
    /// What a search found.
    pub hit: Style,
    /// Foreground and background of a picture; a terminal keeps its own.
    pub page: (Color, Color),
    depth: Depth,
}

/// What is wrong with a theme's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ThemeError(String);

impl Theme {
    /// Reads a theme and reduces it to `depth`.
    pub fn parse(text: &str, depth: Depth) -> Result<Self, ThemeError> {
        let file: File = toml::from_str(text).map_err(|error| {
            // The first line names the place, the last one says what is wrong with it.
            let full = error.to_string();
            let place = full.lines().next().unwrap_or_default();
            ThemeError(match place.strip_prefix("TOML parse error at ") {
                Some(place) => format!("{place}: {}", error.message()),
                None => error.message().to_owned(),
            })
        })?;
        let style = |of: &StyleText| of.style(depth);
        let (tone, part) = (&file.tone, &file.part);
        Ok(Self {
            tones: [
                style(&tone.plain),
                style(&tone.dim),
                style(&tone.strong),
                style(&tone.good),
                style(&tone.busy),
                style(&tone.warn),
                style(&tone.bad),
                style(&tone.accent),
            ],
            cursor: style(&part.cursor),
            mark: style(&part.mark),
            head: style(&part.head),
            rule: style(&part.rule),
            title: style(&part.title),
            gauge: style(&part.gauge),
            gauge_high: style(&part.gauge_high),
            gauge_rest: style(&part.gauge_rest),
            border: style(&part.border),
            chosen: style(&part.chosen),
            hit: style(&part.hit),
            page: (file.page.fg.0, file.page.bg.0),
            depth,
        })
    }

    /// A theme that comes with the program.
    pub fn built_in(name: &str, depth: Depth) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Self::parse(text, depth).ok()
    }

    /// The style of a meaning.
    pub fn tone(&self, tone: Tone) -> Style {
        let at = match tone {
            Tone::Plain => 0,
            Tone::Dim => 1,
            Tone::Strong => 2,
            Tone::Good => 3,
            Tone::Busy => 4,
            Tone::Warn => 5,
            Tone::Bad => 6,
            Tone::Accent => 7,
        };
        self.tones[at]
    }

    /// The style of a name that is told apart by one of twelve colours.
    pub fn hue(&self, number: u8) -> Style {
        let light = color::rgb(self.page.1).is_some_and(|(r, g, b)| {
            // By how bright the page looks.
            u32::from(r) * 3 + u32::from(g) * 6 + u32::from(b) > 1280
        });
        let hues = if light { &LIGHT_HUES } else { &DARK_HUES };
        let (r, g, b) = hues[usize::from(number) % hues.len()];
        let mut style = Style::new();
        style.fg = color::reduce(Color::Rgb(r, g, b), self.depth);
        style
    }

    /// A colour that a log's writer asked for by its number, as far as there is one.
    pub fn numbered(&self, number: u8) -> Option<Color> {
        color::reduce(color::numbered(number), self.depth)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tone: Tones,
    part: Parts,
    page: Page,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tones {
    plain: StyleText,
    dim: StyleText,
    strong: StyleText,
    good: StyleText,
    busy: StyleText,
    warn: StyleText,
    bad: StyleText,
    accent: StyleText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Parts {
    cursor: StyleText,
    mark: StyleText,
    head: StyleText,
    rule: StyleText,
    title: StyleText,
    gauge: StyleText,
    gauge_high: StyleText,
    gauge_rest: StyleText,
    border: StyleText,
    chosen: StyleText,
    hit: StyleText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    fg: ColorText,
    bg: ColorText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StyleText {
    fg: Option<ColorText>,
    bg: Option<ColorText>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    italic: bool,
    #[serde(default)]
    underline: bool,
    #[serde(default)]
    reverse: bool,
}

impl StyleText {
    fn style(&self, depth: Depth) -> Style {
        let mut style = Style::new();
        let few = depth <= Depth::Sixteen;
        // Few colours have no soft background: what has one is reversed.
        let reverse = self.reverse || (few && self.bg.is_some());
        if !reverse || !few {
            style.fg = self.fg.and_then(|c| color::reduce(c.0, depth));
            style.bg = self.bg.and_then(|c| color::reduce(c.0, depth));
        }
        for (wanted, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underline, Modifier::UNDERLINED),
            (reverse, Modifier::REVERSED),
        ] {
            if wanted {
                style = style.add_modifier(modifier);
            }
        }
        style
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "NameOrNumber")]
struct ColorText(Color);

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a colour is a name, \"#rrggbb\" or a number from 0 to 255"
)]
enum NameOrNumber {
    Number(u8),
    Name(String),
}

impl TryFrom<NameOrNumber> for ColorText {
    type Error = String;

    fn try_from(written: NameOrNumber) -> Result<Self, String> {
        match written {
            NameOrNumber::Number(number) => Ok(Self(color::numbered(number))),
            NameOrNumber::Name(name) => color::parse(&name).map(Self).ok_or_else(|| {
                format!(
                    "{name:?} is no colour: write a name (red, bright-blue), \"#rrggbb\" or a \
                     number from 0 to 255"
                )
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_themes_are_whole_at_every_depth() {
        for (name, text) in BUILT_IN {
            for depth in [Depth::None, Depth::Sixteen, Depth::Palette, Depth::True] {
                Theme::parse(text, depth).unwrap_or_else(|e| panic!("{name} at {depth:?}: {e}"));
            }
        }
    }

    #[test]
    fn without_colours_the_cursor_is_reversed() {
        let theme = Theme::built_in("dark", Depth::None).expect("dark");
        assert_eq!(theme.cursor, Style::new().add_modifier(Modifier::REVERSED));
        assert_eq!(
            theme.tone(Tone::Bad),
            Style::new().add_modifier(Modifier::BOLD)
        );
        assert_eq!(theme.numbered(1), None);
    }

    #[test]
    fn a_bad_theme_says_where_and_what() {
        let dark = BUILT_IN[0].1;
        let error = |from: &str, to: &str| {
            Theme::parse(&dark.replacen(from, to, 1), Depth::True)
                .expect_err("a bad theme")
                .to_string()
        };
        assert_eq!(
            error("\"#7d8794\"", "\"grau\""),
            "line 8, column 14: \"grau\" is no colour: write a name (red, bright-blue), \"#rrggbb\" or \
             a number from 0 to 255"
        );
        assert_eq!(
            error("\"#7d8794\"", "256"),
            "line 8, column 14: a colour is a name, \"#rrggbb\" or a number from 0 to 255"
        );
        assert_eq!(
            error("bold = true", "fat = true"),
            "line 9, column 28: unknown field `fat`, expected one of `fg`, `bg`, `bold`, `dim`, \
             `italic`, `underline`, `reverse`"
        );
        assert!(error("accent = ", "akzent = ").starts_with("line 14, column 1: unknown field"));
    }
}
