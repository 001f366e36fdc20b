//! A body into frames, without IO: bytes go in as they come, whole frames come out.
//!
//! Protobuf: a big-endian length of four bytes, then so many bytes, and again. JSON: lines. The body's chunks
//! end anywhere, within a length too. A frame that lies in one chunk is not copied.

use std::io::BufRead;

use super::held::Held;
use crate::cluster::decode::Wire;

/// Bytes that a frame may have.
///
/// etcd takes objects of 1.5 MiB unless it was told otherwise, and JSON writes a byte in six at worst: no
/// object of a cluster that is not tuned beyond reason comes near. A length above it is rather a stream that
/// is out of step, and memory must not follow it.
pub const LIMIT: usize = 16 << 20;

/// What was cut off a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Cut<'a> {
    /// A whole frame, without its length or line end.
    Frame(&'a [u8]),
    /// A frame above the limit is passed over: told once, when that is known.
    TooLong {
        /// Bytes that it has, as far as is known by then.
        bytes: u64,
    },
}

/// Cuts one body.
#[derive(Debug)]
pub struct Splitter {
    wire: Wire,
    limit: usize,
    /// The frame's beginning, with its length where it has one.
    held: Held,
    passing: Passing,
}

/// Whether a frame above the limit is being passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passing {
    No,
    /// So many bytes more.
    Bytes(u64),
    /// Up to the line's end.
    Line,
}

impl Splitter {
    /// At the beginning of a body.
    pub fn new(wire: Wire, limit: usize) -> Self {
        Self {
            wire,
            limit,
            held: Held::default(),
            passing: Passing::No,
        }
    }

    /// Takes the next frame off `chunk`. `None`: the chunk is used up.
    pub fn next<'s, 'c: 's>(&'s mut self, chunk: &mut &'c [u8]) -> Option<Cut<'s>> {
        self.held.renew();
        if !self.pass(chunk) {
            return None;
        }
        match self.wire {
            Wire::Protobuf => self.counted(chunk),
            Wire::Json => self.line(chunk),
        }
    }

    /// Whether the body ends here in the middle of a frame.
    pub fn is_inside(&self) -> bool {
        self.passing != Passing::No || self.held.is_waiting()
    }

    /// Passes over what is above the limit. `false`: the chunk is used up by that.
    fn pass(&mut self, chunk: &mut &[u8]) -> bool {
        match self.passing {
            Passing::No => {}
            Passing::Bytes(left) => {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
                *chunk = &chunk[here..];
                let left = left - here as u64;
                self.passing = if left == 0 {
                    Passing::No
                } else {
                    Passing::Bytes(left)
                };
            }
            Passing::Line => {
                let line = line_length(chunk);
                let ended = chunk[..line].last() == Some(&b'\n');
                *chunk = &chunk[line..];
                if ended {
                    self.passing = Passing::No;
                }
            }
        }
        self.passing == Passing::No
    }

    fn counted<'s, 'c: 's>(&'s mut self, chunk: &mut &'c [u8]) -> Option<Cut<'s>> {
        if self.held.is_empty()
            && let Some((head, rest)) = chunk.split_first_chunk::<4>()
        {
            let length = length(*head);
            if let Some(frame) = rest.get(..length).filter(|_| length <= self.limit) {
                *chunk = &rest[length..];
                return Some(Cut::Frame(frame));
            }
        }
        if self.held.len() < 4 {
            self.held.hold(chunk, 4);
        }
        let head = self.held.bytes().first_chunk::<4>()?;
        let length = length(*head);
        if length > self.limit {
            self.held.clear();
            self.passing = Passing::Bytes(length as u64);
            return Some(Cut::TooLong {
                bytes: length as u64,
            });
        }
        self.held.hold(chunk, 4 + length);
        if self.held.len() < 4 + length {
            return None;
        }
        Some(Cut::Frame(&self.held.give()[4..]))
    }

    fn line<'s, 'c: 's>(&'s mut self, chunk: &mut &'c [u8]) -> Option<Cut<'s>> {
        if chunk.is_empty() {
            return None;
        }
        let here = line_length(chunk);
        let (line, rest) = chunk.split_at(here);
        let (text, ended) = match line.strip_suffix(b"\n") {
            Some(text) => (text, true),
            None => (line, false),
        };
        *chunk = rest;
        let bytes = self.held.len() + text.len();
        if bytes > self.limit {
            self.held = Held::default();
            if !ended {
                self.passing = Passing::Line;
            }
            return Some(Cut::TooLong {
                bytes: bytes as u64,
            });
        }
        if ended && self.held.is_empty() {
            return Some(Cut::Frame(text));
        }
        self.held.push(text);
        if !ended {
            return None;
        }
        Some(Cut::Frame(self.held.give()))
    }
}

fn length(head: [u8; 4]) -> usize {
    usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX)
}

/// Bytes up to and with the first line end, or all.
fn line_length(chunk: &[u8]) -> usize {
    let mut rest = chunk;
    // Reading from memory does not fail.
    rest.skip_until(b'\n').unwrap_or(chunk.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(wire: Wire, frames: &[Vec<u8>]) -> Vec<u8> {
        let mut body = Vec::new();
        for frame in frames {
            match wire {
                Wire::Protobuf => {
                    body.extend(u32::try_from(frame.len()).unwrap().to_be_bytes());
                    body.extend(frame);
                }
                Wire::Json => {
                    body.extend(frame);
                    body.push(b'\n');
                }
            }
        }
        body
    }

    /// All that comes out, a frame above the limit as its length.
    fn cut(splitter: &mut Splitter, chunks: &[&[u8]]) -> Vec<Result<Vec<u8>, u64>> {
        let mut out = Vec::new();
        for chunk in chunks {
            let mut chunk = *chunk;
            while let Some(cut) = splitter.next(&mut chunk) {
                out.push(match cut {
                    Cut::Frame(frame) => Ok(frame.to_vec()),
                    Cut::TooLong { bytes } => Err(bytes),
                });
            }
            assert!(chunk.is_empty());
        }
        out
    }

    fn frames() -> Vec<Vec<u8>> {
        ["{\"a\":1}", "", "x", "a longer frame than the others"]
            .map(|f| f.as_bytes().to_vec())
            .to_vec()
    }

    #[test]
    fn every_cut_gives_the_same_frames() {
        for wire in [Wire::Protobuf, Wire::Json] {
            let body = body(wire, &frames());
            let want: Vec<_> = frames().into_iter().map(Ok).collect();
            for first in 0..=body.len() {
                for second in first..=body.len() {
                    let mut splitter = Splitter::new(wire, LIMIT);
                    let chunks = [&body[..first], &body[first..second], &body[second..]];
                    assert_eq!(
                        cut(&mut splitter, &chunks),
                        want,
                        "{wire:?} {first} {second}"
                    );
                    assert!(!splitter.is_inside());
                }
            }
        }
    }

    #[test]
    fn a_frame_in_one_chunk_is_not_copied() {
        for wire in [Wire::Protobuf, Wire::Json] {
            let body = body(wire, &frames());
            let mut splitter = Splitter::new(wire, LIMIT);
            let mut chunk = &body[..];
            let Some(Cut::Frame(frame)) = splitter.next(&mut chunk) else {
                panic!("no frame");
            };
            let at = frame.as_ptr() as usize - body.as_ptr() as usize;
            assert_eq!(at, if wire == Wire::Protobuf { 4 } else { 0 });
        }
    }

    #[test]
    fn a_body_that_ends_in_a_frame_says_so() {
        for wire in [Wire::Protobuf, Wire::Json] {
            let body = body(wire, &frames()[..1]);
            for end in 0..body.len() {
                let mut splitter = Splitter::new(wire, LIMIT);
                assert_eq!(cut(&mut splitter, &[&body[..end]]), []);
                assert_eq!(splitter.is_inside(), end > 0, "{wire:?} {end}");
            }
        }
    }

    #[test]
    fn a_frame_above_the_limit_is_told_and_passed_over() {
        let frames = [b"ok".to_vec(), vec![b'x'; 9], b"then".to_vec()];
        for wire in [Wire::Protobuf, Wire::Json] {
            let body = body(wire, &frames);
            for at in 0..=body.len() {
                let mut splitter = Splitter::new(wire, 8);
                let out = cut(&mut splitter, &[&body[..at], &body[at..]]);
                assert_eq!(out, [Ok(b"ok".to_vec()), Err(9), Ok(b"then".to_vec())]);
                assert!(!splitter.is_inside());
            }
        }
        // What is held never grows above it.
        let mut splitter = Splitter::new(Wire::Json, 8);
        for _ in 0..100 {
            cut(&mut splitter, &[b"xxxxx"]);
            assert!(splitter.held.capacity() <= 16);
        }
        assert!(splitter.is_inside());
    }

    proptest! {
        #[test]
        fn any_frames_in_any_chunks(
            frames in proptest::collection::vec(proptest::collection::vec(32_u8..127, 0..40), 0..20),
            ends in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12),
            protobuf: bool,
        ) {
            let wire = if protobuf { Wire::Protobuf } else { Wire::Json };
            let body = body(wire, &frames);
            let mut ends: Vec<usize> = ends.iter().map(|e| e.index(body.len() + 1)).collect();
            ends.push(body.len());
            ends.sort_unstable();
            let mut begin = 0;
            let chunks: Vec<&[u8]> = ends
                .iter()
                .map(|end| {
                    let chunk = &body[begin..*end];
                    begin = *end;
                    chunk
                })
                .collect();
            let mut splitter = Splitter::new(wire, LIMIT);
            let want: Vec<_> = frames.into_iter().map(Ok).collect();
            prop_assert_eq!(cut(&mut splitter, &chunks), want);
            prop_assert!(!splitter.is_inside());
        }
    }
}
