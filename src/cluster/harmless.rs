//! Text from a cluster, made harmless on arrival.
//!
//! Whoever may create a pod chooses its labels, its messages and all that it logs. None of that may move the
//! cursor, set a title, answer a query of the terminal or turn the direction of writing: what these functions
//! return can be drawn as it is.

use std::borrow::Cow;

/// One line of plain text: escape sequences, control and direction characters are gone, line breaks and tabs
/// are single spaces. Borrows when there was nothing to do.
pub fn plain(text: &str) -> Cow<'_, str> {
    if is_plain(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    if !text.chars().any(unwanted) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = escape(rest) {
            rest = &rest[length..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\n' | '\t' | '\u{2028}' | '\u{2029}' => {
                if !out.ends_with(' ') && !out.is_empty() {
                    out.push(' ');
                }
            }
            c if unwanted(c) => {}
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    Cow::Owned(out)
}

/// Several lines of plain text: as [`plain`], but line breaks and tabs stay as they are.
pub fn block(text: &str) -> Cow<'_, str> {
    let stays = |c: char| matches!(c, '\n' | '\t') || !unwanted(c);
    if is_plain(text.as_bytes()) || text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = escape(rest) {
            rest = &rest[length..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if stays(c) {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Whether all of it is printable ASCII, of which nothing has to be taken. Eight bytes at a time.
#[inline]
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let odd = |eight: [u8; 8]| {
        let eight = u64::from_le_bytes(eight);
        // The high bit where a byte is below 0x20, and where it is 0x7f. A borrow may set more of them, yet
        // only beyond a byte that is odd.
        let (low, del) = (eight.wrapping_sub(ONES * 0x20), eight ^ (ONES * 0x7f));
        (eight | (low & !eight) | (del.wrapping_sub(ONES) & !del)) & HIGH != 0
    };
    let (chunks, rest) = bytes.as_chunks::<8>();
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    !chunks.iter().any(|chunk| odd(*chunk)) && !odd(last)
}

/// Columns between tab stops in a log.
const TAB: usize = 8;

/// One line of a log (without its line break): colours (SGR sequences) stay, all other escapes and control
/// characters go, tabs become spaces. Where a program wrote over its own line with a carriage return, the
/// last version stays.
pub fn log_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\r', '\n']);
    let text = match text.rfind('\r') {
        Some(at) => &text[at + 1..],
        None => text,
    };
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = escape(rest) {
            let sequence = &rest[..length];
            if is_colour(sequence) {
                out.push_str(sequence);
            }
            rest = &rest[length..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\t' => {
                let stop = TAB - column % TAB;
                out.extend(std::iter::repeat_n(' ', stop));
                column += stop;
            }
            c if unwanted(c) => {}
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    out
}

/// Control characters (C0, DEL, C1), characters that set the direction of writing, line and paragraph
/// separators, and the byte order mark.
fn unwanted(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{feff}')
}

/// The length in bytes of the escape sequence at the start of `text`, if there is one. A sequence that never
/// ends counts up to where it stops being one.
fn escape(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let introducer = match chars.next()?.1 {
        '\u{1b}' => match chars.next() {
            Some((_, c @ ('[' | ']' | 'P' | 'X' | '^' | '_'))) => c,
            // Two-character and charset sequences: ESC, intermediates, one final character.
            Some((_, ' '..='/')) => {
                return Some(chars.find(|(_, c)| !(' '..='/').contains(c)).map_or(
                    text.len(),
                    |(at, c)| {
                        if c.is_control() {
                            at
                        } else {
                            at + c.len_utf8()
                        }
                    },
                ));
            }
            Some((at, '0'..='~')) => return Some(at + 1),
            _ => return Some(1),
        },
        '\u{9b}' => '[',
        '\u{9d}' => ']',
        '\u{90}' => 'P',
        '\u{98}' => 'X',
        '\u{9e}' => '^',
        '\u{9f}' => '_',
        _ => return None,
    };
    if introducer == '[' {
        for (at, c) in chars {
            match c {
                ' '..='?' => {}
                '@'..='~' => return Some(at + 1),
                _ => return Some(at),
            }
        }
        return Some(text.len());
    }
    // A string: ends with BEL, ST, or is cut off with the line.
    let mut after_escape = false;
    for (at, c) in chars {
        match c {
            '\u{7}' | '\u{9c}' => return Some(at + c.len_utf8()),
            '\\' if after_escape => return Some(at + 1),
            '\n' | '\r' => return Some(at),
            _ => after_escape = c == '\u{1b}',
        }
    }
    Some(text.len())
}

/// `ESC [ digits ; : m` and nothing else.
fn is_colour(sequence: &str) -> bool {
    sequence
        .strip_prefix("\u{1b}[")
        .and_then(|s| s.strip_suffix('m'))
        .is_some_and(|s| {
            s.bytes()
                .all(|b| b.is_ascii_digit() || b == b';' || b == b':')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_loses_what_could_act() {
        for (given, want) in [
            ("shop/api", "shop/api"),
            ("Grüße, 日本 ✓", "Grüße, 日本 ✓"),
            ("a\u{1b}[31mred\u{1b}[0m b", "ared b"),
            ("a\u{1b}]0;title\u{7}b", "ab"),
            ("a\u{1b}]8;;http://x\u{1b}\\link", "alink"),
            ("a\u{1b}P1$q\u{1b}\\b", "ab"),
            ("a\u{9b}31mb", "ab"),
            ("a\u{1b}cb", "ab"),
            ("a\u{1b}(Bb", "ab"),
            ("one\n\ttwo\r\n", "one two"),
            ("abc\u{202e}gpj.exe", "abcgpj.exe"),
            ("\u{feff}x\u{7f}\u{0}y", "xy"),
            ("cut off \u{1b}[31", "cut off"),
            ("cut off \u{1b}", "cut off"),
            ("cut off \u{1b}]0;never ends", "cut off"),
            ("", ""),
        ] {
            assert_eq!(plain(given), want, "{given:?}");
        }
    }

    #[test]
    fn log_lines_keep_colours_only() {
        for (given, want) in [
            (
                &b"\x1b[1;31mError\x1b[0m: x"[..],
                "\u{1b}[1;31mError\u{1b}[0m: x",
            ),
            (b"\x1b[38:2::1:2:3mx", "\u{1b}[38:2::1:2:3mx"),
            (b"\x1b[2J\x1b[Hgone", "gone"),
            (b"\x1b[?25lhidden cursor", "hidden cursor"),
            (b"\x1b[>4;1mx", "x"),
            (b" 10%\r 50%\r100% done\r", "100% done"),
            (b"a\tb", "a       b"),
            (b"1234567\tb", "1234567 b"),
            (b"bad \xff utf", "bad \u{fffd} utf"),
            (b"\x1b]52;c;aGk=\x07x", "x"),
            (b"x\x1b", "x"),
            (b"", ""),
        ] {
            assert_eq!(log_line(given), want, "{given:?}");
        }
    }

    #[test]
    fn printable_ascii_is_plain() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                let mut text = [b'~'; 20];
                text[at] = byte;
                let want = (0x20..0x7f).contains(&byte);
                assert_eq!(is_plain(&text), want, "{byte:#x} at {at}");
                assert_eq!(is_plain(&text[..=at]), want, "{byte:#x} at the end, {at}");
            }
        }
        assert!(is_plain(b""));
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_acts_ever_passes(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let text = String::from_utf8_lossy(&bytes);
            proptest::prop_assert!(!plain(&text).chars().any(unwanted));
            let kept = |c: char| unwanted(c) && !matches!(c, '\n' | '\t');
            proptest::prop_assert!(!block(&text).chars().any(kept));
            let line = log_line(&bytes);
            let mut rest = line.as_str();
            while let Some(at) = rest.find('\u{1b}') {
                let length = escape(&rest[at..]).unwrap_or(1);
                proptest::prop_assert!(is_colour(&rest[at..at + length]));
                rest = &rest[at + length..];
            }
            let bad = line.chars().find(|c| unwanted(*c) && *c != '\x1b');
            proptest::prop_assert_eq!(bad, None);
        }
    }
}
