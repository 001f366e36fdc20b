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
    fn hits(&self, plain: &str) -> Vec<(usize, usize)> {
        // ASCII lower-casing keeps byte positions.
        let lowered;
        let hay = if self.exact {
            plain
        } else {
            lowered = plain.to_ascii_lowercase();
            &lowered
        };
        hay.match_indices(&self.text)
            .map(|(at, hit)| (at, at + hit.len()))
            .collect()
    }

    fn found_in(&self, ring: &Ring, number: u64) -> bool {
        ring.get(number)
            .is_some_and(|line| !self.hits(&sgr::plain(&line.text)).is_empty())
    }

    /// The next line with a hit after `from` (or before it, going up), around the end if need be.
    pub(crate) fn next(&self, ring: &Ring, from: u64, down: bool) -> Option<u64> {
        if self.text.is_empty() {
            return None;
        }
        let (first, end) = (ring.first(), ring.end());
        let from = from.clamp(first, end);
        if down {
            (from + 1..end)
                .chain(first..=from)
                .find(|n| self.found_in(ring, *n))
        } else {
            (first..from)
                .rev()
                .chain((from..end).rev())
                .find(|n| self.found_in(ring, *n))
        }
    }

    /// Marks the hits in styled text.
    pub(crate) fn mark(&self, pieces: Vec<Styled>) -> Vec<Styled> {
        if self.text.is_empty() {
            return pieces;
        }
        let plain: String = pieces.iter().map(|p| p.text.as_str()).collect();
        let hits = self.hits(&plain);
        if hits.is_empty() {
            return pieces;
        }
        let mut out = Vec::new();
        let mut start = 0;
        for piece in pieces {
            let end = start + piece.text.len();
            let mut cuts = vec![start, end];
            for (a, b) in &hits {
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
}

#[cfg(test)]
mod tests {
    use super::super::ring::Line;
    use super::*;
    use crate::engine::view::Tone;

    fn ring(lines: &[&str]) -> Ring {
        let mut ring = Ring::new(1 << 20);
        for text in lines {
            ring.push(Line {
                at: None,
                source: 0,
                tone: Tone::Plain,
                text: (*text).into(),
            });
        }
        ring
    }

    #[test]
    fn goes_down_and_up_and_around() {
        let ring = ring(&["a error", "b", "c ERROR", "d"]);
        let search = Search::new("error");
        assert_eq!(search.next(&ring, 0, true), Some(2));
        assert_eq!(search.next(&ring, 2, true), Some(0));
        assert_eq!(search.next(&ring, 0, false), Some(2));
        assert_eq!(Search::new("ERR").next(&ring, 0, true), Some(2));
        assert_eq!(Search::new("no").next(&ring, 0, true), None);
    }

    #[test]
    fn hits_are_marked_across_colours() {
        let pieces = sgr::pieces("x er\u{1b}[31mror y");
        let got: Vec<(String, bool, Option<u8>)> = Search::new("error")
            .mark(pieces)
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
