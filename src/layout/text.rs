//! Measuring, cutting and wrapping text in terminal cells.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::engine::view::{Line, Span};

/// Cells that a text takes.
pub fn width(text: &str) -> u16 {
    u16::try_from(UnicodeWidthStr::width(text)).unwrap_or(u16::MAX)
}

/// Cells that a line takes.
pub fn line_width(line: &[Span]) -> u16 {
    line.iter()
        .fold(0, |sum, span| sum.saturating_add(width(&span.text)))
}

/// Bytes of the longest start of `text` that takes no more than `room` cells; it ends at a character.
pub fn fit(text: &str, room: u16) -> usize {
    let room = usize::from(room);
    let mut used = 0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        end = at + c.len_utf8();
    }
    // A sequence (an emoji with its selector) can be wider than its characters one by one.
    while UnicodeWidthStr::width(&text[..end]) > room {
        end = text[..end].char_indices().last().map_or(0, |(at, _)| at);
    }
    end
}

/// The text in at most `room` cells; what does not fit ends in `…`.
pub fn cut(text: &str, room: u16) -> Cow<'_, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    if room == 0 {
        return Cow::Borrowed("");
    }
    let mut kept = text[..fit(text, room - 1)].to_owned();
    kept.push('…');
    Cow::Owned(kept)
}

/// The line in at most `room` cells; what does not fit ends in `…`.
pub fn cut_line(line: &[Span], room: u16) -> Line {
    if line_width(line) <= room {
        return line.to_vec();
    }
    let mut left = room;
    let mut out = Line::new();
    for span in line {
        let wide = width(&span.text);
        if wide < left {
            left -= wide;
            out.push(span.clone());
            continue;
        }
        if left > 0 {
            // The rest of the line is longer than what is left, so the dots are due here at the latest.
            let mut kept = span.text[..fit(&span.text, left - 1)].to_owned();
            kept.push('…');
            out.push(Span::new(kept, span.tone));
        }
        break;
    }
    out
}

/// The line broken at spaces into lines of at most `room` cells; a longer word is broken inside. An empty
/// line stays one line.
pub fn wrap(line: &[Span], room: u16) -> Vec<Line> {
    let room = room.max(1);
    let mut lines = Vec::new();
    let mut current = Line::new();
    let mut used: u16 = 0;
    for (word, tone) in line
        .iter()
        .flat_map(|span| span.text.split_inclusive(' ').map(|word| (word, span.tone)))
    {
        let mut word = word;
        // A word's trailing space may hang over the edge.
        if used > 0 && used.saturating_add(width(word.trim_end())) > room {
            lines.push(std::mem::take(&mut current));
            used = 0;
            word = word.trim_start();
        }
        while width(word.trim_end()) > room {
            let end = fit(word, room).max(word.chars().next().map_or(0, char::len_utf8));
            lines.push(vec![Span::new(word[..end].to_owned(), tone)]);
            word = &word[end..];
        }
        if word.is_empty() {
            continue;
        }
        used = used.saturating_add(width(word));
        match current.last_mut() {
            Some(last) if last.tone == tone => last.text.to_mut().push_str(word),
            _ => current.push(Span::new(word.to_owned(), tone)),
        }
    }
    if !current.is_empty() || lines.is_empty() {
        lines.push(current);
    }
    lines
}

/// 12345 becomes `12,345`.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::view::Tone;

    fn plain(text: &str) -> Line {
        vec![Span::new(text.to_owned(), Tone::Plain)]
    }

    fn texts(lines: &[Line]) -> Vec<String> {
        lines
            .iter()
            .map(|line| line.iter().map(|span| &*span.text).collect())
            .collect()
    }

    #[test]
    fn cut_ends_at_a_character() {
        let cases = [
            ("runner-large", 12, "runner-large"),
            ("runner-large", 8, "runner-…"),
            ("größer", 4, "grö…"),
            ("日本語のログ", 6, "日本…"),
            ("日本語のログ", 5, "日本…"),
            ("日本", 2, "…"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
            ("e\u{301}a\u{301}x", 2, "e\u{301}…"),
        ];
        for (text, room, expected) in cases {
            assert_eq!(cut(text, room), expected, "{text:?} in {room}");
            assert!(width(&cut(text, room)) <= room);
        }
    }

    #[test]
    fn cut_line_keeps_whole_spans() {
        let line = vec![Span::new("abc ", Tone::Dim), Span::new("defgh", Tone::Bad)];
        assert_eq!(
            cut_line(&line, 7),
            vec![Span::new("abc ", Tone::Dim), Span::new("de…", Tone::Bad)]
        );
        assert_eq!(cut_line(&line, 4), vec![Span::new("abc…", Tone::Dim)]);
        assert_eq!(cut_line(&line, 9), line);
        assert_eq!(cut_line(&line, 0), Line::new());
    }

    #[test]
    fn wrap_breaks_at_spaces() {
        let cases = [
            ("", 10, vec![""]),
            (
                "0/48 nodes are available",
                10,
                vec!["0/48 nodes", "are ", "available"],
            ),
            ("abcdefghij kl", 4, vec!["abcd", "efgh", "ij ", "kl"]),
        ];
        for (text, room, expected) in cases {
            let lines = wrap(&plain(text), room);
            let got: Vec<String> = texts(&lines).iter().map(|l| l.trim_end().into()).collect();
            let expected: Vec<&str> = expected.iter().map(|l| l.trim_end()).collect();
            assert_eq!(got, expected, "{text:?} in {room}");
        }
    }
}
