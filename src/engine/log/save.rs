//! What is kept of a log as the text of a file.

use std::fmt::Write as _;

use super::pane::Pane;
use super::ring::{Line, Voice};
use super::sgr;

/// Bytes above which it is asked what to save.
pub(crate) const HUGE: usize = 4 << 20;
/// Lines of the last part.
const LAST: u64 = 10_000;

/// Which lines are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// All that the pane shows or would show: those that the filter keeps, where there is one.
    Shown,
    /// All that are kept.
    Kept,
    /// The last ten thousand.
    Last,
}

impl Pane {
    /// About how many bytes a file would have.
    pub(crate) fn weight(&self) -> usize {
        self.ring.bytes()
    }

    /// The lines as text, each with its time and, of many, whose it is; how many there are.
    pub(crate) fn text(&self, what: What) -> (String, u64) {
        let mut out = String::new();
        let mut count = 0;
        let mut write = |number: u64| {
            if let Some(line) = self.ring.get(number) {
                self.write(line, &mut out);
                count += 1;
            }
        };
        match what {
            What::Kept => (self.ring.first()..self.ring.end()).for_each(&mut write),
            What::Last => {
                let from = self.ring.end().saturating_sub(LAST).max(self.ring.first());
                (from..self.ring.end()).for_each(&mut write);
            }
            What::Shown => {
                let mut next = self.next_shown(0);
                while let Some(number) = next {
                    write(number);
                    next = self.next_shown(number + 1);
                }
            }
        }
        (out, count)
    }

    fn write(&self, line: &Line, out: &mut String) {
        // A remark of ours may stand before all times. Writing to a String cannot fail.
        if line.at > 0 {
            let _ = write!(out, "{} ", line.time().format("%Y-%m-%dT%H:%M:%S%.6fZ"));
        }
        if line.voice != Voice::Log {
            let _ = writeln!(out, "-- {}", line.text);
            return;
        }
        if let Some((member, stream)) = self.members.by_source(line.source) {
            if self.merged() {
                let _ = write!(out, "{} ", member.label);
            }
            if member.streams.len() > 1 {
                let _ = write!(out, "{} ", stream.container);
            }
        }
        let _ = writeln!(out, "{}", sgr::plain(&line.text));
    }

    /// A file name that says what it is: `shop-api-test-8121`.
    pub(crate) fn file_stem(&self) -> String {
        let mut stem = String::new();
        for c in self.title.chars() {
            if c.is_ascii_alphanumeric() || c == '.' || c == '_' {
                stem.push(c.to_ascii_lowercase());
            } else if !stem.is_empty() && !stem.ends_with('-') {
                stem.push('-');
            }
            if stem.len() >= 80 {
                break;
            }
        }
        stem.trim_matches(['-', '.']).to_owned()
    }
}
