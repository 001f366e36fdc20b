//! What our own requests cost, for the Console log.

use std::time::Duration;

use super::text::count;
use super::view::{Line, Span, Tone};

/// One asker's requests since the connection began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// `pods`, `logs`, `calls`, `greetings`.
    pub what: &'static str,
    /// Requests.
    pub requests: u64,
    /// Bytes of answers as they were sent.
    pub wire: u64,
    /// The same, decompressed.
    pub plain: u64,
    /// Watch events, and objects in pages.
    pub frames: u64,
    /// Answers 429.
    pub throttled: u64,
    /// Time spent waiting for our own budget.
    pub waited: Duration,
    /// Streams that broke and requests that failed.
    pub again: u64,
    /// Until an answer's head came, of the last requests: half of them were faster.
    pub p50: Option<Duration>,
    /// The longest ever.
    pub longest: Option<Duration>,
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            what,
            requests,
            wire,
            plain,
            frames,
            throttled,
            waited,
            again,
            p50,
            longest,
        } = self;
        write!(
            f,
            "{what}: {requests} asked, {wire} bytes on the wire, {plain} plain, {frames} frames, {again} again, \
             {throttled} answered 429, waited {waited:?}, head p50 {p50:?} max {longest:?}"
        )
    }
}

impl super::Engine {
    /// What the requests of each cluster cost.
    pub(super) fn figure_lines(&self) -> Vec<Line> {
        let mut all = Vec::new();
        for cluster in self.clusters.all() {
            let lines = lines(&cluster.figures);
            if self.clusters.several() && !lines.is_empty() {
                all.push(vec![Span::new(cluster.context.to_string(), Tone::Strong)]);
            }
            all.extend(lines);
        }
        all
    }
}

/// Columns after the name, with their widths; 79 in all.
const COLUMNS: [(&str, usize); 9] = [
    ("asked", 6),
    ("on wire", 8),
    ("plain", 8),
    ("frames", 9),
    ("again", 6),
    ("429", 4),
    ("waited", 7),
    ("p50", 5),
    ("max", 6),
];
const NAME: usize = 20;

/// A table: its head, then a line each.
pub(super) fn lines(figures: &[Figure]) -> Vec<Line> {
    if figures.is_empty() {
        return Vec::new();
    }
    let mut head = format!("{:NAME$}", "requests");
    for (title, width) in COLUMNS {
        head.push_str(&format!("{title:>width$}"));
    }
    let mut lines = vec![vec![Span::new(head, Tone::Dim)]];
    lines.extend(figures.iter().map(line));
    lines
}

fn line(figure: &Figure) -> Line {
    let some = |n: u64| if n == 0 { String::new() } else { count(n) };
    let cells = [
        (count(figure.requests), Tone::Plain),
        (bytes(figure.wire), Tone::Plain),
        (bytes(figure.plain), Tone::Plain),
        (some(figure.frames), Tone::Plain),
        (some(figure.again), Tone::Warn),
        (some(figure.throttled), Tone::Warn),
        (
            span(Some(figure.waited).filter(|w| !w.is_zero())),
            Tone::Warn,
        ),
        (span(figure.p50), Tone::Plain),
        (span(figure.longest), Tone::Plain),
    ];
    let mut line = vec![Span::new(format!("{:NAME$}", figure.what), Tone::Strong)];
    for ((text, tone), (_, width)) in cells.into_iter().zip(COLUMNS) {
        line.push(Span::new(format!("{text:>width$}"), tone));
    }
    line
}

/// `512`, `1.2K`, `34M`.
fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["K", "M", "G", "T"];
    let (mut whole, mut rest, mut unit) = (bytes, 0, "");
    for next in UNITS {
        if whole < 1024 {
            break;
        }
        (whole, rest, unit) = (whole / 1024, whole % 1024, next);
    }
    if unit.is_empty() || whole >= 10 {
        format!("{whole}{unit}")
    } else {
        format!("{whole}.{}{unit}", rest * 10 / 1024)
    }
}

/// `4ms`, `1.2s`, `95s`.
fn span(span: Option<Duration>) -> String {
    let Some(span) = span else {
        return String::new();
    };
    match span.as_millis() {
        0 => "<1ms".to_owned(),
        ms @ 1..1_000 => format!("{ms}ms"),
        ms @ 1_000..10_000 => format!("{}.{}s", ms / 1_000, ms % 1_000 / 100),
        ms => format!("{}s", ms / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_fits_eighty_columns() {
        let ms = Duration::from_millis;
        let figures = [
            Figure {
                what: "pods",
                requests: 12,
                wire: 7_130_317,
                plain: 108_003_328,
                frames: 151_234,
                throttled: 2,
                waited: ms(12_345),
                again: 1,
                p50: Some(ms(3)),
                longest: Some(ms(1_250)),
            },
            Figure {
                what: "poddisruptionbudgets",
                requests: 1,
                p50: Some(Duration::ZERO),
                longest: Some(Duration::ZERO),
                ..Figure::default()
            },
        ];
        let text: Vec<String> = lines(&figures)
            .iter()
            .map(|line| line.iter().map(|s| &*s.text).collect())
            .collect();
        assert!(text.iter().all(|l| l.len() == 79), "{text:#?}");
        insta::assert_snapshot!(text.join("\n"), @r"
        requests             asked on wire   plain   frames again 429 waited  p50   max
        pods                    12    6.7M    103M  151,234     1   2    12s  3ms  1.2s
        poddisruptionbudgets     1       0       0                           <1ms  <1ms
        ");
        assert!(lines(&[]).is_empty());
    }
}
