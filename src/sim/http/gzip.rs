//! Compressed answers, as the real server gives them: lists above 128 KiB, and watches that begin with a list.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, HeaderMap};

/// Shorter answers go as they are.
pub(super) const LEAST: usize = 128 * 1024;

/// Whether the client takes gzip.
pub(super) fn accepted(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            parts.next() == Some("gzip") && !parts.any(|p| matches!(p, "q=0" | "q=0.0"))
        })
}

/// One whole member.
pub(super) fn member(bytes: &[u8]) -> Bytes {
    let mut zip = Member::default();
    zip.put(bytes);
    zip.end();
    match zip.take() {
        Zipped::Bytes(bytes) => bytes,
        Zipped::Nothing | Zipped::End => Bytes::new(),
    }
}

/// A member that is made piece by piece.
#[derive(Debug)]
pub(super) struct Member {
    encoder: Option<GzEncoder<Vec<u8>>>,
    last: Vec<u8>,
}

/// What came out of a [`Member`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Zipped {
    Bytes(Bytes),
    /// It holds what it was given, for now.
    Nothing,
    End,
}

impl Default for Member {
    fn default() -> Member {
        // The level of the real server.
        let encoder = GzEncoder::new(Vec::new(), Compression::new(1));
        Member {
            encoder: Some(encoder),
            last: Vec::new(),
        }
    }
}

impl Member {
    pub(super) fn put(&mut self, bytes: &[u8]) {
        if let Some(encoder) = &mut self.encoder {
            // Writing into memory cannot fail.
            let _ = encoder.write_all(bytes);
        }
    }

    /// Nothing more is put in.
    pub(super) fn end(&mut self) {
        if let Some(encoder) = self.encoder.take() {
            self.last = encoder.finish().unwrap_or_default();
        }
    }

    /// What has come out since it was last asked.
    pub(super) fn take(&mut self) -> Zipped {
        let over = self.encoder.is_none();
        let out = match &mut self.encoder {
            Some(encoder) => std::mem::take(encoder.get_mut()),
            None => std::mem::take(&mut self.last),
        };
        match (out.is_empty(), over) {
            (false, _) => Zipped::Bytes(out.into()),
            (true, false) => Zipped::Nothing,
            (true, true) => Zipped::End,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::MultiGzDecoder;
    use http::HeaderValue;

    use super::*;

    #[test]
    fn members_follow_one_another() {
        let mut zip = Member::default();
        let mut out = member(b"one ").to_vec();
        for piece in [&b"two "[..], b"three"] {
            zip.put(piece);
            if let Zipped::Bytes(bytes) = zip.take() {
                out.extend_from_slice(&bytes);
            }
        }
        zip.end();
        while let Zipped::Bytes(bytes) = zip.take() {
            out.extend_from_slice(&bytes);
        }
        assert_eq!(zip.take(), Zipped::End);
        let mut text = String::new();
        MultiGzDecoder::new(&out[..])
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "one two three");
    }

    #[test]
    fn what_clients_ask_for() {
        for (value, wanted) in [
            ("gzip", true),
            ("deflate, gzip;q=1.0", true),
            ("gzip;q=0", false),
            ("identity", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(accepted(&headers), wanted, "{value}");
        }
        assert!(!accepted(&HeaderMap::new()));
    }
}
