//! Search in a log: plain text, its case ignored unless it has a capital.

use super::ring::Ring;
use super::sgr;
use crate::engine::view::Styled;

/// What is searched and where it was found last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Search {
    text: String,
    exact: bool,
    /// Number of the line found last.
    pub(crate) at: Option<u64>,
}

impl Search {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            exact: text.chars().any(char::is_uppercase),
            text: text.to_owned(),
            at: None,
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Byte ranges of the hits in a line without escapes.
    pub(crate) fn hits(&self, plain: &str) -> Vec<(usize, usize)> {
        // ASCII lower-casing keeps byte positions.
        let lowered;
        let hay = if self.exact {
            plain
        } else {
            lowered = plain.to_ascii_lowercase();
            &lowered
        };
        if self.text.is_empty() {
            return Vec::new();
        }
        hay.match_indices(&self.text)
            .map(|(at, hit)| (at, at + hit.len()))
            .collect()
    }

    fn found_in(&self, ring: &Ring, number: u64) -> bool {
        ring.get(number)
            .is_some_and(|line| !self.hits(&sgr::plain(&line.text)).is_empty())
    }

    /// The next line with a hit after `from` (or before it, going up), around the end if need be, of those that
    /// are shown.
    pub(crate) fn next(
        &self,
        ring: &Ring,
        from: u64,
        down: bool,
        shown: impl Fn(u64) -> bool,
    ) -> Option<u64> {
        let found = |n: &u64| self.found_in(ring, *n) && shown(*n);
        if self.text.is_empty() {
            return None;
        }
        let (first, end) = (ring.first(), ring.end());
        let from = from.clamp(first, end);
        if down {
            (from + 1..end).chain(first..=from).find(found)
        } else {
            (first..from).rev().chain((from..end).rev()).find(found)
        }
    }
}

/// Marks ranges of bytes in styled text, whose plain text `plain` is.
pub(crate) fn mark(pieces: Vec<Styled>, plain: &str, hits: &[(usize, usize)]) -> Vec<Styled> {
    if hits.is_empty() {
        return pieces;
    }
    let mut out = Vec::new();
    let mut start = 0;
    for piece in pieces {
        let end = start + piece.text.len();
        let mut cuts = vec![start, end];
        for (a, b) in hits {
            cuts.extend([*a, *b].into_iter().filter(|c| *c > start && *c < end));
        }
        cuts.sort_unstable();
        for pair in cuts.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if let Some(text) = plain.get(a..b).filter(|t| !t.is_empty()) {
                out.push(Styled {
                    text: text.to_owned(),
                    hit: hits.iter().any(|(x, y)| *x <= a && b <= *y),
                    ..piece.clone()
                });
            }
        }
        start = end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::ring::{Line, Voice};
    use super::*;

    fn ring(lines: &[&str]) -> Ring {
        let mut ring = Ring::new(1 << 20);
        for text in lines {
            let line = Line {
                at: 0,
                source: 0,
                late: 0,
                voice: Voice::Log,
                hit: false,
                text: (*text).into(),
            };
            ring.push(line, |_| {});
        }
        ring
    }

    #[test]
    fn goes_down_and_up_and_around() {
        let ring = ring(&["a error", "b", "c ERROR", "d"]);
        let search = Search::new("error");
        assert_eq!(search.next(&ring, 0, true, |_| true), Some(2));
        assert_eq!(search.next(&ring, 2, true, |_| true), Some(0));
        assert_eq!(search.next(&ring, 0, false, |_| true), Some(2));
        assert_eq!(Search::new("ERR").next(&ring, 0, true, |_| true), Some(2));
        assert_eq!(Search::new("no").next(&ring, 0, true, |_| true), None);
    }

    #[test]
    fn hits_are_marked_across_colours() {
        let line = "x er\u{1b}[31mror y";
        let plain = sgr::plain(line);
        let hits = Search::new("error").hits(&plain);
        let got: Vec<(String, bool, Option<u8>)> = mark(sgr::pieces(line), &plain, &hits)
            .into_iter()
            .map(|s| (s.text, s.hit, s.color))
            .collect();
        assert_eq!(
            got,
            [
                ("x ".into(), false, None),
                ("er".into(), true, None),
                ("ror".into(), true, Some(1)),
                (" y".into(), false, Some(1)),
            ]
        );
    }
}
