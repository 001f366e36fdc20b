//! A gzipped body into its bytes, without IO: what is there comes out at once.
//!
//! A streaming list is one gzip member a flush, hundreds in a body; kube's own layer stops after the first.

use std::io::Write;

use flate2::write::MultiGzDecoder;

/// Bytes that are taken in at a time: deflate makes at most a thousand of one, so that what comes out at a
/// time stays within four megabytes.
const STEP: usize = 4 << 10;

/// Bytes that are no gzip, or gzip with an error in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("corrupt gzip after {taken} bytes: {why}")]
pub struct Corrupt {
    /// Bytes of the body before the piece that could not be read.
    taken: u64,
    why: String,
}

/// Decompresses one body.
#[derive(Debug)]
pub struct Inflate {
    decoder: MultiGzDecoder<Vec<u8>>,
    taken: u64,
}

impl Default for Inflate {
    fn default() -> Self {
        Self::new()
    }
}

impl Inflate {
    /// At the beginning of a body.
    pub fn new() -> Self {
        Self {
            decoder: MultiGzDecoder::new(Vec::new()),
            taken: 0,
        }
    }

    /// Takes a piece off `wire` and gives what it contains. `None`: all is taken.
    pub fn next(&mut self, wire: &mut &[u8]) -> Result<Option<&[u8]>, Corrupt> {
        self.decoder.get_mut().clear();
        if wire.is_empty() {
            return Ok(None);
        }
        let (piece, rest) = wire.split_at(wire.len().min(STEP));
        // Nothing may wait inside for bytes that come later.
        let written = self
            .decoder
            .write_all(piece)
            .and_then(|()| self.decoder.flush());
        if let Err(error) = written {
            return Err(Corrupt {
                taken: self.taken,
                why: error.to_string(),
            });
        }
        self.taken += piece.len() as u64;
        *wire = rest;
        Ok(Some(self.decoder.get_ref()))
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn member(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn push(inflate: &mut Inflate, mut wire: &[u8]) -> Result<Vec<u8>, Corrupt> {
        let mut out = Vec::new();
        while let Some(part) = inflate.next(&mut wire)? {
            out.extend_from_slice(part);
        }
        Ok(out)
    }

    #[test]
    fn members_cut_anywhere() {
        let texts: [&[u8]; 4] = [b"first member", b"", b"second", b"and a third one"];
        let body: Vec<u8> = texts.iter().flat_map(|t| member(t)).collect();
        for at in 0..=body.len() {
            let mut inflate = Inflate::new();
            let mut out = push(&mut inflate, &body[..at]).unwrap();
            out.extend(push(&mut inflate, &body[at..]).unwrap());
            assert_eq!(out, texts.concat(), "cut at {at}");
        }
        let mut inflate = Inflate::new();
        let out: Vec<u8> = body
            .iter()
            .flat_map(|byte| push(&mut inflate, &[*byte]).unwrap())
            .collect();
        assert_eq!(out, texts.concat());
    }

    #[test]
    fn a_member_comes_out_before_the_next_begins() {
        let mut inflate = Inflate::new();
        for text in ["one", "two", "three"] {
            let out = push(&mut inflate, &member(text.as_bytes())).unwrap();
            assert_eq!(out, text.as_bytes());
        }
    }

    #[test]
    fn what_was_flushed_inside_a_member_comes_out() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let mut inflate = Inflate::new();
        for text in ["one", "two", "three"] {
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.flush().unwrap();
            let wire = std::mem::take(encoder.get_mut());
            assert_eq!(push(&mut inflate, &wire).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn much_from_little_comes_in_bounded_parts() {
        let body = member(&vec![0; 64 << 20]);
        let mut inflate = Inflate::new();
        let (mut wire, mut total) = (&body[..], 0);
        while let Some(part) = inflate.next(&mut wire).unwrap() {
            assert!(part.len() <= STEP * 1100, "{}", part.len());
            total += part.len();
        }
        assert_eq!(total, 64 << 20);
    }

    #[test]
    fn corrupt_members_are_named() {
        let mut inflate = Inflate::new();
        let error = push(&mut inflate, b"{\"type\":\"ADDED\"}").unwrap_err();
        assert_eq!(
            error.to_string(),
            "corrupt gzip after 0 bytes: invalid gzip header"
        );
        // The second member's checksum is wrong: the first comes out, and the error with what follows.
        let mut inflate = Inflate::new();
        let mut body = member(b"good");
        assert_eq!(push(&mut inflate, &body).unwrap(), b"good");
        body = member(b"bad");
        let end = body.len();
        body[end - 8] ^= 1;
        let error = push(&mut inflate, &body)
            .and_then(|_| push(&mut inflate, &member(b"next")))
            .unwrap_err();
        assert!(
            error.to_string().starts_with("corrupt gzip after "),
            "{error}"
        );
    }
}
