//! SGR colour sequences of a log line into styled text. Other escapes were taken out on arrival; a broken
//! sequence is left out.

use crate::engine::view::Styled;

const ESC: char = '\u{1b}';

/// The line without its colour sequences.
pub(crate) fn plain(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains(ESC) {
        pieces(text)
            .iter()
            .map(|s| s.text.as_str())
            .collect::<String>()
            .into()
    } else {
        text.into()
    }
}

/// The line as styled pieces, none of them empty.
pub(crate) fn pieces(text: &str) -> Vec<Styled> {
    let mut out: Vec<Styled> = Vec::new();
    let mut style = Styled::default();
    let mut rest = text;
    while let Some(at) = rest.find(ESC) {
        push(&mut out, &style, &rest[..at]);
        rest = &rest[at + ESC.len_utf8()..];
        let Some(body) = rest.strip_prefix('[') else {
            continue;
        };
        let end = body
            .find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':'))
            .unwrap_or(body.len());
        if body[end..].starts_with('m') {
            apply(&mut style, &body[..end]);
            rest = &body[end + 1..];
        } else {
            rest = &body[end..];
        }
    }
    push(&mut out, &style, rest);
    out
}

fn push(out: &mut Vec<Styled>, style: &Styled, text: &str) {
    if !text.is_empty() {
        out.push(Styled {
            text: text.to_owned(),
            ..style.clone()
        });
    }
}

fn apply(style: &mut Styled, codes: &str) {
    let mut codes = codes.split([';', ':']).map(|c| {
        if c.is_empty() {
            Some(0)
        } else {
            c.parse::<u16>().ok()
        }
    });
    while let Some(code) = codes.next() {
        match code {
            Some(0) => *style = Styled::default(),
            Some(1) => style.bold = true,
            Some(2) => style.dim = true,
            Some(22) => {
                style.bold = false;
                style.dim = false;
            }
            Some(code @ 30..=37) => style.color = u8::try_from(code - 30).ok(),
            Some(code @ 90..=97) => style.color = u8::try_from(code - 90 + 8).ok(),
            Some(38) => style.color = extended(&mut codes),
            Some(48) => {
                extended(&mut codes);
            }
            Some(39) => style.color = None,
            Some(_) | None => {}
        }
    }
}

/// `5;N` or `2;R;G;B`, the latter as the nearest of the palette's colour cube.
fn extended(codes: &mut impl Iterator<Item = Option<u16>>) -> Option<u8> {
    match codes.next()?? {
        5 => u8::try_from(codes.next()??).ok(),
        2 => {
            let mut level = || Some((codes.next()??.min(255) * 5 + 127) / 255);
            let (r, g, b) = (level()?, level()?, level()?);
            u8::try_from(16 + 36 * r + 6 * g + b).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styled(text: &str, color: Option<u8>, bold: bool) -> Styled {
        Styled {
            text: text.into(),
            color,
            bold,
            ..Styled::default()
        }
    }

    #[test]
    fn sequences_become_styles() {
        let cases: &[(&str, Vec<Styled>)] = &[
            ("plain", vec![styled("plain", None, false)]),
            ("", vec![]),
            (
                "\u{1b}[1;31mFAIL\u{1b}[0m ok",
                vec![styled("FAIL", Some(1), true), styled(" ok", None, false)],
            ),
            (
                "\u{1b}[38;5;208mx\u{1b}[m",
                vec![styled("x", Some(208), false)],
            ),
            ("\u{1b}[38;2;255;0;0mx", vec![styled("x", Some(196), false)]),
            ("\u{1b}[92mx", vec![styled("x", Some(10), false)]),
            ("\u{1b}[48;5;1;1mx", vec![styled("x", None, true)]),
            // broken or foreign: left out
            ("a\u{1b}[31", vec![styled("a", None, false)]),
            (
                "a\u{1b}b",
                vec![styled("a", None, false), styled("b", None, false)],
            ),
            (
                "a\u{1b}[999999999mb",
                vec![styled("a", None, false), styled("b", None, false)],
            ),
        ];
        for (text, want) in cases {
            assert_eq!(&pieces(text), want, "{text:?}");
        }
    }
}
