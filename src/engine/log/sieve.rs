//! The filter of a log: lines that are kept, with lines around them.
//!
//! Patterns are regular expressions, `&&` between them: all must hold. One with `!` before it drops lines. Case
//! counts only where a pattern has a capital. Lines are asked about from the newest down, a few at a time.

use regex::{Regex, RegexBuilder};

use super::ring::{Line, Ring, Voice};
use super::sgr;

/// Most lines around a hit.
pub(crate) const AROUND: u64 = 5;
/// Bytes that count as another line when lines are asked about.
const WEIGHT: usize = 256;
/// A compiled pattern may be so large.
const LARGEST: usize = 1 << 20;

/// What is kept.
#[derive(Clone, Debug)]
pub(crate) struct Sieve {
    text: String,
    keep: Vec<Regex>,
    drop: Vec<Regex>,
    /// Lines shown before and behind a hit.
    pub(crate) around: u64,
    /// All lines from this number on were asked about.
    judged: u64,
}

impl Sieve {
    /// Reads the patterns; `None` of an empty text.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, String> {
        let mut sieve = Self {
            text: text.trim().to_owned(),
            keep: Vec::new(),
            drop: Vec::new(),
            around: 0,
            judged: u64::MAX,
        };
        for part in text.split("&&").map(str::trim).filter(|p| !p.is_empty()) {
            match part.strip_prefix('!') {
                Some("") => {}
                Some(pattern) => sieve.drop.push(compile(pattern)?),
                None => sieve.keep.push(compile(part)?),
            }
        }
        let empty = sieve.keep.is_empty() && sieve.drop.is_empty();
        Ok((!empty).then_some(sieve))
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it keeps a line. Of our own remarks what is wrong stays.
    pub(crate) fn keeps(&self, line: &Line) -> bool {
        if matches!(line.voice, Voice::Warn | Voice::Bad) {
            return true;
        }
        let plain = sgr::plain(&line.text);
        self.keep.iter().all(|p| p.is_match(&plain))
            && !self.drop.iter().any(|p| p.is_match(&plain))
    }

    /// Byte ranges of what was looked for in a line without escapes, in order.
    pub(crate) fn hits(&self, plain: &str) -> Vec<(usize, usize)> {
        let mut hits: Vec<(usize, usize)> = self
            .keep
            .iter()
            .flat_map(|p| p.find_iter(plain).map(|m| (m.start(), m.end())))
            .filter(|(from, to)| from < to)
            .collect();
        hits.sort_unstable();
        hits
    }

    /// Asks about lines that were not asked about yet, about so many; true: there are more.
    pub(crate) fn work(&mut self, ring: &mut Ring, lines: usize) -> bool {
        if !self.pending(ring) {
            return false;
        }
        let mut left = lines.saturating_mul(WEIGHT);
        let from = self.judged;
        self.judged = ring.judge(from, |line| {
            if left == 0 {
                return None;
            }
            left = left.saturating_sub(line.text.len().max(WEIGHT));
            Some(self.keeps(line))
        });
        self.pending(ring)
    }

    /// Whether some lines were not asked about yet.
    pub(crate) fn pending(&self, ring: &Ring) -> bool {
        self.judged > ring.first() && ring.end() > ring.first()
    }

    /// How much of the ring it was asked about, in percent.
    pub(crate) fn progress(&self, ring: &Ring) -> u64 {
        let all = ring.end() - ring.first();
        let done = ring.end() - self.judged.clamp(ring.first(), ring.end());
        (done * 100).checked_div(all).unwrap_or(100)
    }

    /// All lines are to be asked about again.
    pub(crate) fn afresh(&mut self, ring: &mut Ring) {
        ring.forget_hits();
        self.judged = ring.end();
    }

    /// A line was put in before others: what lies behind moved up.
    pub(crate) fn moved(&mut self, number: u64) {
        if number < self.judged {
            self.judged = self.judged.saturating_add(1);
        }
    }

    /// The first line from `from` on that is shown.
    pub(crate) fn next(&self, ring: &Ring, from: u64) -> Option<u64> {
        let from = from.max(ring.first());
        if ring
            .last_hit(from)
            .is_some_and(|hit| hit + self.around >= from && from < ring.end())
        {
            return Some(from);
        }
        let hit = ring.next_hit(from)?;
        Some(hit.saturating_sub(self.around).max(from))
    }

    /// The last line below `below` that is shown.
    pub(crate) fn last(&self, ring: &Ring, below: u64) -> Option<u64> {
        let line = below.min(ring.end()).checked_sub(1)?;
        if line < ring.first() {
            return None;
        }
        if ring
            .next_hit(line)
            .is_some_and(|hit| hit <= line + self.around)
        {
            return Some(line);
        }
        let hit = ring.last_hit(line)?;
        Some((hit + self.around).min(line))
    }
}

fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(!pattern.chars().any(char::is_uppercase))
        .size_limit(LARGEST)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default().trim();
            format!("{pattern}: {}", last.trim_start_matches("error: "))
        })
}

impl PartialEq for Sieve {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.around == other.around
    }
}

#[cfg(test)]
mod tests {
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

    fn shown(text: &str, around: u64, ring: &mut Ring) -> Vec<u64> {
        let mut sieve = Sieve::parse(text).unwrap().unwrap();
        sieve.around = around;
        sieve.afresh(ring);
        let mut steps = 0;
        while sieve.work(ring, 1) {
            steps += 1;
            assert!(steps < 100, "it comes to an end");
        }
        let mut down = Vec::new();
        let mut at = 0;
        while let Some(n) = sieve.next(ring, at) {
            down.push(n);
            at = n + 1;
        }
        let mut up = Vec::new();
        let mut at = ring.end();
        while let Some(n) = sieve.last(ring, at) {
            up.push(n);
            at = n;
        }
        up.reverse();
        assert_eq!(down, up, "{text}");
        down
    }

    #[test]
    fn kept_dropped_and_around() {
        let mut ring = ring(&[
            "GET /healthz 200",
            "GET /jobs 500 error",
            "retry",
            "\u{1b}[31mERR\u{1b}[0mOR twice",
            "quiet",
            "quiet",
            "quiet",
            "last",
        ]);
        for (text, around, want) in [
            ("error", 0, vec![1, 3]),
            ("Error", 0, vec![]),
            ("ERROR", 0, vec![3]),
            ("error && !twice", 0, vec![1]),
            ("!quiet", 0, vec![0, 1, 2, 3, 7]),
            (r"^GET .* (5\d\d|404)", 0, vec![1]),
            ("last", 2, vec![5, 6, 7]),
            ("error", 1, vec![0, 1, 2, 3, 4]),
        ] {
            assert_eq!(shown(text, around, &mut ring), want, "{text} ±{around}");
        }
        assert!(Sieve::parse(" && ").unwrap().is_none());
        let error = Sieve::parse("a(").unwrap_err();
        assert_eq!(error, "a(: unclosed group");
    }

    #[test]
    fn a_slice_is_never_more_than_asked_for() {
        let lines = vec!["x"; 5000];
        let mut ring = ring(&lines);
        let mut sieve = Sieve::parse("x").unwrap().unwrap();
        sieve.afresh(&mut ring);
        assert!(sieve.work(&mut ring, 1000));
        assert_eq!((ring.hits(), sieve.progress(&ring)), (1000, 20));
        let long = "y".repeat(WEIGHT * 700);
        let line = Line {
            text: long.into(),
            ..ring.get(0).unwrap().clone()
        };
        ring.push(line, |_| {});
        sieve.afresh(&mut ring);
        assert!(sieve.work(&mut ring, 1000));
        assert_eq!(ring.hits(), 300, "a long line counts as many");
    }
}
