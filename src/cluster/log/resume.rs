//! Bytes of a log stream into lines, and where to go on after a break: no IO.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::cluster::feed::machine::escape;
use crate::cluster::harmless;
use crate::engine::{LogLine, LogSource};

/// Bytes of a line that are kept; the rest of a longer one is cut off, and that is said at its end.
const LONGEST: usize = 64 * 1024;

/// Lines out of bytes, each once.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    partial: Vec<u8>,
    /// The line in `partial` was longer than [`LONGEST`].
    cut: bool,
    /// Second of the last line.
    second: Option<i64>,
    /// How often each line of that second was seen, by hash.
    seen: HashMap<u64, u32>,
    /// After a resume: lines of that second which are yet to come again.
    again: HashMap<u64, u32>,
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// A line of the container.
    Line(LogLine),
    /// Words of the kubelet in place of a log: they carry no time.
    Words(String),
}

impl Reader {
    /// Nothing was read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next bytes of the stream.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Read>) {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|b| *b == b'\n') {
            self.keep(&rest[..at]);
            self.line(out);
            rest = &rest[at + 1..];
        }
        self.keep(rest);
    }

    /// The stream is over. A last line without a line break counts if the log itself is over
    /// (`complete`); else it comes again after the resume.
    pub fn end(&mut self, complete: bool, out: &mut Vec<Read>) {
        if complete && !self.partial.is_empty() {
            self.line(out);
        }
        self.partial.clear();
        self.cut = false;
        self.again = self.seen.clone();
    }

    /// Whether any line was read.
    pub fn began(&self) -> bool {
        self.second.is_some()
    }

    /// The request's path: from the start as the source says, or from where it broke off. `follow` as given,
    /// not as the source has it.
    pub fn path(&self, source: &LogSource, follow: bool) -> String {
        let mut path = format!(
            "/api/v1/namespaces/{}/pods/{}/log?container={}&timestamps=true",
            escape(&source.namespace),
            escape(&source.pod),
            escape(&source.container)
        );
        if follow {
            path.push_str("&follow=true");
        }
        if source.previous {
            path.push_str("&previous=true");
        }
        let since = match self.second {
            Some(second) => DateTime::from_timestamp(second, 0),
            None => {
                if let Some(tail) = source.tail {
                    path.push_str(&format!("&tailLines={tail}"));
                }
                source.since
            }
        };
        if let Some(since) = since {
            let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
            path.push_str(&format!("&sinceTime={}", escape(&since)));
        }
        path
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.partial.len());
        self.cut |= bytes.len() > room;
        self.partial
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn line(&mut self, out: &mut Vec<Read>) {
        let line = std::mem::take(&mut self.partial);
        let cut = std::mem::take(&mut self.cut);
        let Some((at, text)) = split(&line) else {
            let words = harmless::log_line(&line);
            if !words.is_empty() {
                out.push(Read::Words(words));
            }
            return;
        };
        let mut hasher = DefaultHasher::new();
        line.hash(&mut hasher);
        let hash = hasher.finish();
        let second = at.timestamp();
        match self.second {
            Some(last) if second == last => {}
            // Two streams of one container are not always in order.
            Some(last) if second < last => {
                if !self.again.is_empty() {
                    return;
                }
            }
            _ => {
                self.second = Some(second);
                self.seen.clear();
                self.again.clear();
            }
        }
        if let Some(left) = self.again.get_mut(&hash) {
            *left -= 1;
            if *left == 0 {
                self.again.remove(&hash);
            }
            return;
        }
        if self.second == Some(second) {
            *self.seen.entry(hash).or_default() += 1;
        }
        let mut text = harmless::log_line(text);
        if cut {
            text.push_str(" … (line cut)");
        }
        out.push(Read::Line(LogLine {
            at,
            text: text.into(),
        }));
    }
}

/// Time stamp and text of a line, if it has a time stamp.
fn split(line: &[u8]) -> Option<(DateTime<Utc>, &[u8])> {
    let space = line.iter().position(|b| *b == b' ').unwrap_or(line.len());
    let stamp = std::str::from_utf8(&line[..space]).ok()?;
    let at = DateTime::parse_from_rfc3339(stamp.trim_end_matches('\r')).ok()?;
    Some((
        at.with_timezone(&Utc),
        line.get(space + 1..).unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Uid;

    fn source() -> LogSource {
        LogSource {
            namespace: "ci".into(),
            pod: "p".into(),
            uid: Uid::from("u"),
            container: "c".into(),
            previous: false,
            follow: true,
            since: None,
            tail: Some(100),
            restarts: 0,
        }
    }

    fn read(reader: &mut Reader, text: &str) -> Vec<String> {
        let mut out = Vec::new();
        reader.feed(text.as_bytes(), &mut out);
        texts(out)
    }

    fn texts(out: Vec<Read>) -> Vec<String> {
        out.into_iter()
            .map(|r| match r {
                Read::Line(line) => line.text.into(),
                Read::Words(words) => format!("<{words}>"),
            })
            .collect()
    }

    const A: &str = "2026-01-02T03:04:05.1Z a\n";
    const B: &str = "2026-01-02T03:04:05.2Z b\n";
    const C: &str = "2026-01-02T03:04:06.0Z c\n";

    #[test]
    fn resumed_without_gap_or_repeat() {
        // (what came, broken off where, what comes after the resume, what is new of that)
        for (before, after, want) in [
            (vec![A, B], vec![A, B, C], vec!["c"]),
            (vec![A], vec![A, B, C], vec!["b", "c"]),
            (vec![A, B, C], vec![C], vec![]),
            // Equal lines with equal times are counted, not merged.
            (vec![A, A], vec![A, A, A, B], vec!["a", "b"]),
            // The log was rotated: what was seen does not come again.
            (vec![A, B], vec![C], vec!["c"]),
            (vec![A, B], vec![], vec![]),
        ] {
            let mut reader = Reader::new();
            for line in &before {
                assert_eq!(read(&mut reader, line).len(), 1, "{before:?}");
            }
            reader.end(false, &mut Vec::new());
            let mut news = Vec::new();
            for line in &after {
                news.extend(read(&mut reader, line));
            }
            assert_eq!(news, want, "{before:?} then {after:?}");
        }
    }

    #[test]
    fn a_second_resume_counts_from_both() {
        let mut reader = Reader::new();
        read(&mut reader, A);
        reader.end(false, &mut Vec::new());
        assert_eq!(read(&mut reader, &[A, B].concat()), ["b"]);
        reader.end(false, &mut Vec::new());
        assert_eq!(read(&mut reader, &[A, B, C].concat()), ["c"]);
    }

    #[test]
    fn where_it_goes_on() {
        let mut reader = Reader::new();
        let start = "/api/v1/namespaces/ci/pods/p/log?container=c&timestamps=true";
        assert_eq!(
            reader.path(&source(), true),
            format!("{start}&follow=true&tailLines=100")
        );
        read(&mut reader, B);
        assert_eq!(
            reader.path(&source(), false),
            format!("{start}&sinceTime=2026-01-02T03%3A04%3A05Z")
        );
        let mut previous = source();
        previous.previous = true;
        previous.tail = None;
        previous.since = Some("2026-01-02T03:00:00Z".parse().unwrap());
        assert_eq!(
            Reader::new().path(&previous, false),
            format!("{start}&previous=true&sinceTime=2026-01-02T03%3A00%3A00Z")
        );
    }

    #[test]
    fn a_line_cut_in_two_by_the_break_comes_once_and_whole() {
        let mut reader = Reader::new();
        assert_eq!(
            read(&mut reader, &format!("{A}2026-01-02T03:04:05.2Z hal")),
            ["a"]
        );
        reader.end(false, &mut Vec::new());
        assert_eq!(
            read(&mut reader, &format!("{A}2026-01-02T03:04:05.2Z half\n")),
            ["half"]
        );
        // The log is over: its last line needs no line break.
        let mut out = Vec::new();
        reader.feed(b"2026-01-02T03:04:07Z last", &mut out);
        reader.end(true, &mut out);
        assert_eq!(texts(out), ["last"]);
    }

    #[test]
    fn bytes_may_be_cut_anywhere() {
        let whole = format!(
            "{A}{B}2026-01-02T03:04:06.0Z \u{1b}[31mrot\u{1b}[0m ü\r\n2026-01-02T03:04:07Z\n"
        );
        for at in 0..whole.len() {
            let mut reader = Reader::new();
            let mut out = Vec::new();
            reader.feed(&whole.as_bytes()[..at], &mut out);
            reader.feed(&whole.as_bytes()[at..], &mut out);
            assert_eq!(
                texts(out),
                ["a", "b", "\u{1b}[31mrot\u{1b}[0m ü", ""],
                "{at}"
            );
        }
    }

    #[test]
    fn words_of_the_kubelet_are_no_lines() {
        let mut reader = Reader::new();
        assert_eq!(
            read(
                &mut reader,
                "unable to retrieve container logs for containerd://abc\n"
            ),
            ["<unable to retrieve container logs for containerd://abc>"]
        );
        assert!(!reader.began());
    }

    #[test]
    fn an_endless_line_is_cut() {
        let mut reader = Reader::new();
        let mut out = Vec::new();
        reader.feed(b"2026-01-02T03:04:05Z ", &mut out);
        for _ in 0..100 {
            reader.feed(&[b'x'; 4096], &mut out);
        }
        reader.feed(b"\n", &mut out);
        let texts = texts(out);
        assert_eq!(texts.len(), 1);
        assert!(texts[0].len() <= LONGEST + 20 && texts[0].ends_with("x … (line cut)"));
    }
}
