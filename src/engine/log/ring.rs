//! The lines that are kept, capped in bytes, in the order of their time.
//!
//! A line has a number; dropping the oldest does not renumber. A line that is put in before others does: those
//! behind it move up by one, and who holds numbers is told ([`Put::At`]). Lines lie in blocks, so that this
//! costs no more than a block.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use crate::engine::view::Tone;

/// What a line costs besides its text.
const OVERHEAD: usize = size_of::<Line>() + 16;
/// Lines of a block before it is cut in two.
const BLOCK: usize = 512;

/// Who speaks in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// The container.
    Log,
    /// We, of little weight.
    Note,
    /// We, of a good end.
    Good,
    /// We, of what needs a look.
    Warn,
    /// We, of what is broken.
    Bad,
}

impl Voice {
    pub(crate) fn tone(self) -> Tone {
        match self {
            Self::Log => Tone::Plain,
            Self::Note => Tone::Dim,
            Self::Good => Tone::Good,
            Self::Warn => Tone::Warn,
            Self::Bad => Tone::Bad,
        }
    }
}

/// A kept line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// The kubelet's time, nanoseconds; of a remark of ours: where it belongs.
    pub(crate) at: i64,
    /// Whose it is (see `members`).
    pub(crate) source: u32,
    /// Whole seconds that it came after its place (or, below 0, before it): it stands where it came.
    pub(crate) late: i16,
    pub(crate) voice: Voice,
    /// The filter keeps it; says nothing of lines that it was not asked about.
    pub(crate) hit: bool,
    pub(crate) text: Box<str>,
}

const _: () = assert!(size_of::<Line>() <= 32);

impl Line {
    /// What it is ordered by.
    fn key(&self) -> i64 {
        self.at.saturating_add(i64::from(self.late) * SECOND)
    }

    /// The kubelet's time.
    pub(crate) fn time(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_nanos(self.at)
    }
}

/// Nanoseconds of a second.
pub(crate) const SECOND: i64 = 1_000_000_000;

/// A time as lines keep it.
pub(crate) fn nanos(at: DateTime<Utc>) -> i64 {
    at.timestamp_nanos_opt().unwrap_or_default()
}

/// Where a line was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// Behind all others.
    End,
    /// It has this number now; those from it on have moved up.
    At(u64),
    /// Nowhere: it is older than all, and there is no room for the oldest.
    Nowhere,
}

#[derive(Clone, Debug, Default)]
struct Block {
    /// Number of its first line.
    start: u64,
    lines: VecDeque<Line>,
    hits: u32,
}

/// The ring.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    /// None of them is empty.
    blocks: VecDeque<Block>,
    /// Number of the oldest line kept.
    first: u64,
    end: u64,
    /// Lines that were never put in.
    refused: u64,
    bytes: usize,
    cap: usize,
}

impl Ring {
    pub(crate) fn new(cap: usize) -> Self {
        Self {
            blocks: VecDeque::new(),
            first: 0,
            end: 0,
            refused: 0,
            bytes: 0,
            cap,
        }
    }

    /// Keeps a line behind all others.
    pub(crate) fn push(&mut self, line: Line, went: impl FnMut(&Line)) {
        self.bytes += line.text.len() + OVERHEAD;
        let start = self.end;
        if self.blocks.back().is_none_or(|b| b.lines.len() >= BLOCK) {
            self.blocks.push_back(Block {
                start,
                lines: VecDeque::with_capacity(16),
                hits: 0,
            });
        }
        if let Some(block) = self.blocks.back_mut() {
            block.hits += u32::from(line.hit);
            block.lines.push_back(line);
        }
        self.end += 1;
        self.trim(went);
    }

    /// Keeps a line where it belongs by its time, behind those of the same time.
    pub(crate) fn insert(&mut self, line: Line, went: impl FnMut(&Line)) -> Put {
        let key = line.key();
        let newest = self.newest().map_or(i64::MIN, Line::key);
        if key >= newest {
            self.push(line, went);
            return Put::End;
        }
        let full = self.bytes + line.text.len() + OVERHEAD > self.cap;
        let oldest = self.get(self.first).map_or(i64::MIN, Line::key);
        if full && key < oldest {
            self.refused += 1;
            return Put::Nowhere;
        }
        self.bytes += line.text.len() + OVERHEAD;
        let begins = |block: &Block| block.lines.front().is_some_and(|l| l.key() <= key);
        let at = self.blocks.partition_point(begins).saturating_sub(1);
        let mut number = self.first;
        if let Some(block) = self.blocks.get_mut(at) {
            let within = block.lines.partition_point(|l| l.key() <= key);
            number = block.start + within as u64;
            block.hits += u32::from(line.hit);
            block.lines.insert(within, line);
        }
        self.end += 1;
        for block in self.blocks.iter_mut().skip(at + 1) {
            block.start += 1;
        }
        self.split(at);
        self.trim(went);
        Put::At(number)
    }

    fn split(&mut self, at: usize) {
        let Some(block) = self.blocks.get_mut(at) else {
            return;
        };
        if block.lines.len() <= BLOCK {
            return;
        }
        let half = block.lines.len() / 2;
        let lines = block.lines.split_off(half);
        let hits = count(&lines);
        block.hits -= hits;
        let behind = Block {
            start: block.start + half as u64,
            lines,
            hits,
        };
        self.blocks.insert(at + 1, behind);
    }

    /// The oldest go when there is no room. The newest stays even if it is too long alone.
    fn trim(&mut self, mut went: impl FnMut(&Line)) {
        while self.bytes > self.cap && self.end - self.first > 1 {
            let Some(block) = self.blocks.front_mut() else {
                return;
            };
            if let Some(old) = block.lines.pop_front() {
                block.hits -= u32::from(old.hit);
                block.start += 1;
                self.bytes -= old.text.len() + OVERHEAD;
                self.first += 1;
                went(&old);
            }
            if block.lines.is_empty() {
                self.blocks.pop_front();
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.cap);
    }

    /// Number of the oldest line kept.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// One more than the number of the newest.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Bytes in use.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The line of that number, if it is kept.
    pub(crate) fn get(&self, number: u64) -> Option<&Line> {
        let block = &self.blocks[self.block_of(number)?];
        block.lines.get(usize::try_from(number - block.start).ok()?)
    }

    fn newest(&self) -> Option<&Line> {
        self.blocks.back()?.lines.back()
    }

    /// What the newest line is ordered by.
    pub(crate) fn newest_key(&self) -> Option<i64> {
        self.newest().map(Line::key)
    }

    fn block_of(&self, number: u64) -> Option<usize> {
        if number < self.first || number >= self.end {
            return None;
        }
        self.blocks
            .partition_point(|b| b.start <= number)
            .checked_sub(1)
    }

    /// Lines that went for lack of room.
    pub(crate) fn dropped(&self) -> u64 {
        self.first + self.refused
    }

    /// No line is kept by the filter any more.
    pub(crate) fn forget_hits(&mut self) {
        for block in &mut self.blocks {
            if block.hits > 0 {
                block.hits = 0;
                for line in &mut block.lines {
                    line.hit = false;
                }
            }
        }
    }

    /// Asks about the lines below a number, downwards, until `ask` has had enough; returns the number above
    /// which all have been asked about.
    pub(crate) fn judge(&mut self, below: u64, mut ask: impl FnMut(&Line) -> Option<bool>) -> u64 {
        let mut below = below.min(self.end);
        while below > self.first {
            let Some(at) = self.block_of(below - 1) else {
                return below;
            };
            let block = &mut self.blocks[at];
            let upto = usize::try_from(below - block.start).unwrap_or(0);
            for line in block.lines.range_mut(..upto).rev() {
                let Some(hit) = ask(line) else {
                    return below;
                };
                if hit && !line.hit {
                    block.hits += 1;
                }
                line.hit = hit;
                below -= 1;
            }
        }
        below
    }

    /// The first line from `from` on that the filter keeps.
    pub(crate) fn next_hit(&self, from: u64) -> Option<u64> {
        let from = from.max(self.first);
        let mut at = self.block_of(from)?;
        while let Some(block) = self.blocks.get(at) {
            if block.hits > 0 {
                let skip = usize::try_from(from.saturating_sub(block.start)).unwrap_or(0);
                let rest = block.lines.range(skip.min(block.lines.len())..);
                if let Some(found) = rest.into_iter().position(|l| l.hit) {
                    return Some(block.start + (skip + found) as u64);
                }
            }
            at += 1;
        }
        None
    }

    /// The last line below `below` that the filter keeps.
    pub(crate) fn last_hit(&self, below: u64) -> Option<u64> {
        let below = below.min(self.end);
        let mut at = self.block_of(below.checked_sub(1)?)?;
        loop {
            let block = &self.blocks[at];
            if block.hits > 0 {
                let upto = usize::try_from(below - block.start).unwrap_or(usize::MAX);
                let rest = block.lines.range(..upto.min(block.lines.len()));
                if let Some(found) = rest.into_iter().rposition(|l| l.hit) {
                    return Some(block.start + found as u64);
                }
            }
            at = at.checked_sub(1)?;
        }
    }

    /// Lines that the filter keeps, of those it was asked about.
    pub(crate) fn hits(&self) -> u64 {
        self.blocks.iter().map(|b| u64::from(b.hits)).sum()
    }
}

fn count(lines: &VecDeque<Line>) -> u32 {
    u32::try_from(lines.iter().filter(|l| l.hit).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str, at: i64) -> Line {
        Line {
            at,
            source: 0,
            late: 0,
            voice: Voice::Log,
            hit: false,
            text: text.into(),
        }
    }

    fn push(ring: &mut Ring, text: &str) {
        ring.push(line(text, 0), |_| {});
    }

    #[test]
    fn the_oldest_go_and_numbers_stay() {
        let mut ring = Ring::new(3 * (OVERHEAD + 10));
        for n in 0..5 {
            push(&mut ring, &format!("line {n:05}"));
        }
        assert_eq!((ring.first(), ring.end(), ring.dropped()), (2, 5, 2));
        assert_eq!(ring.get(1), None);
        assert_eq!(ring.get(4), Some(&line("line 00004", 0)));
        assert_eq!(ring.get(5), None);
        push(&mut ring, &"x".repeat(1000));
        assert_eq!(
            (ring.first(), ring.end()),
            (5, 6),
            "a line too long for the ring stands alone"
        );
    }

    #[test]
    fn a_line_that_came_late_keeps_its_place_behind() {
        let mut ring = Ring::new(1 << 20);
        let mut put = |text: &str, at: i64, late: i16| {
            let line = Line {
                late,
                ..line(text, at * SECOND)
            };
            ring.insert(line, |_| {})
        };
        assert_eq!(put("a", 10, 0), Put::End);
        assert_eq!(put("c", 12, 0), Put::End);
        assert_eq!(put("b", 11, 0), Put::At(1));
        assert_eq!(put("late", 2, 10), Put::End);
        assert_eq!(put("d", 12, 0), Put::End);
        let texts: Vec<&str> = (0..5).filter_map(|n| Some(&*ring.get(n)?.text)).collect();
        assert_eq!(texts, ["a", "b", "c", "late", "d"]);
    }

    proptest! {
        /// Whatever the order in which lines come, they stand sorted, numbers lead to them, and what the
        /// filter keeps is found from both sides.
        #[test]
        fn lines_stand_in_order(times in prop::collection::vec(0..400_i64, 1..2500), cap in 200..2200_usize) {
            let mut ring = Ring::new(cap * (OVERHEAD + 1));
            let mut went = 0_u64;
            for at in &times {
                let line = Line { hit: at % 7 == 0, ..line("x", *at) };
                ring.insert(line, |_| went += 1);
            }
            prop_assert_eq!(ring.first(), went);
            let kept: Vec<i64> = (ring.first()..ring.end()).filter_map(|n| Some(ring.get(n)?.at)).collect();
            prop_assert_eq!(kept.len() as u64, ring.end() - ring.first());
            let mut sorted = times.clone();
            sorted.sort_unstable();
            prop_assert_eq!(&kept, &sorted[sorted.len() - kept.len()..]);
            prop_assert_eq!(kept.len() as u64 + ring.dropped(), times.len() as u64);
            let hits: Vec<u64> = (ring.first()..).zip(&kept).filter(|(_, at)| *at % 7 == 0).map(|(n, _)| n).collect();
            prop_assert_eq!(ring.hits(), hits.len() as u64);
            let mut down = Vec::new();
            let mut at = ring.next_hit(0);
            while let Some(n) = at {
                down.push(n);
                at = ring.next_hit(n + 1);
            }
            prop_assert_eq!(&down, &hits);
            let mut up = Vec::new();
            let mut at = ring.last_hit(ring.end());
            while let Some(n) = at {
                up.push(n);
                at = ring.last_hit(n);
            }
            up.reverse();
            prop_assert_eq!(&up, &hits);
        }
    }
}
