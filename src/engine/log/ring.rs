//! The lines that are kept, capped in bytes. A line's number is for ever; dropping does not renumber.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use crate::engine::view::Tone;

/// What a line costs besides its text.
const OVERHEAD: usize = size_of::<Line>() + 16;

/// A kept line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// The kubelet's time; `None` for our own remarks.
    pub(crate) at: Option<DateTime<Utc>>,
    /// Index of its container in the pane.
    pub(crate) source: u16,
    /// Meaning of a remark of ours; `Plain` for the log's own lines.
    pub(crate) tone: Tone,
    pub(crate) text: Box<str>,
}

/// The ring.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    lines: VecDeque<Line>,
    /// Number of the oldest line kept; as many were dropped.
    first: u64,
    bytes: usize,
    cap: usize,
}

impl Ring {
    pub(crate) fn new(cap: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            first: 0,
            bytes: 0,
            cap,
        }
    }

    /// Keeps a line; the oldest go when there is no room. The newest stays even if it is too long alone.
    pub(crate) fn push(&mut self, line: Line) {
        self.bytes += line.text.len() + OVERHEAD;
        self.lines.push_back(line);
        while self.bytes > self.cap && self.lines.len() > 1 {
            if let Some(old) = self.lines.pop_front() {
                self.bytes -= old.text.len() + OVERHEAD;
                self.first += 1;
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
        self.first + self.lines.len() as u64
    }

    /// The line of that number, if it is kept.
    pub(crate) fn get(&self, number: u64) -> Option<&Line> {
        let at = number.checked_sub(self.first)?;
        self.lines.get(usize::try_from(at).ok()?)
    }

    /// Lines that went for lack of room.
    pub(crate) fn dropped(&self) -> u64 {
        self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line {
            at: None,
            source: 0,
            tone: Tone::Plain,
            text: text.into(),
        }
    }

    #[test]
    fn the_oldest_go_and_numbers_stay() {
        let mut ring = Ring::new(3 * (OVERHEAD + 10));
        for n in 0..5 {
            ring.push(line(&format!("line {n:05}")));
        }
        assert_eq!((ring.first(), ring.end(), ring.dropped()), (2, 5, 2));
        assert_eq!(ring.get(1), None);
        assert_eq!(ring.get(4), Some(&line("line 00004")));
        assert_eq!(ring.get(5), None);
        ring.push(line(&"x".repeat(1000)));
        assert_eq!(
            (ring.first(), ring.end()),
            (5, 6),
            "a line too long for the ring stands alone"
        );
    }
}
