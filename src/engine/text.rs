//! Words and glyphs for states and amounts, the same on every screen.

use chrono::{DateTime, TimeDelta, Utc};

use super::view::{Span, Tone};
use crate::model::age::human_duration;
use crate::model::{Job, Phase, Resources, Text};

/// `4s`, `4m12s`, `65m`, `3d4h`, as kubectl writes durations.
pub(crate) fn seconds(seconds: i64) -> String {
    human_duration(TimeDelta::seconds(seconds.max(0)))
}

/// Time from then to now.
pub(crate) fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    seconds((now - since).num_seconds())
}

/// `12,300`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `1 node`, `2 nodes`.
pub(crate) fn plural(n: u64, one: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{} {one}s", count(n))
    }
}

/// CPU: `1.8`, `16`.
pub(crate) fn cpu(millicores: i64) -> String {
    if millicores % 1000 == 0 {
        (millicores / 1000).to_string()
    } else {
        format!("{}.{}", millicores / 1000, (millicores % 1000) / 100)
    }
}

/// Memory: `512M`, `2.1G`.
pub(crate) fn memory(bytes: i64) -> String {
    const M: i64 = 1 << 20;
    const G: i64 = 1 << 30;
    if bytes >= G {
        let tenths = bytes / (G / 10);
        if tenths % 10 == 0 || tenths >= 1000 {
            format!("{}G", tenths / 10)
        } else {
            format!("{}.{}G", tenths / 10, tenths % 10)
        }
    } else {
        format!("{}M", bytes / M)
    }
}

/// Bytes that went somewhere: `312`, `14K`, `2.1M`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["K", "M", "G", "T"];
    if count < 1024 {
        return count.to_string();
    }
    let mut unit = 0;
    let mut tenths = count * 10 / 1024;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    if tenths >= 100 {
        format!("{}{}", tenths / 10, UNITS[unit])
    } else {
        format!("{}.{}{}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

/// CPU and memory as shares of what is there; `None` of nothing.
pub(crate) fn shares(part: Resources, whole: Resources) -> (Option<f64>, Option<f64>) {
    let share = |a: i64, b: i64| {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a share to be drawn; three digits matter"
        )]
        let share = a as f64 / b as f64;
        (b > 0).then_some(share)
    };
    (share(part.cpu, whole.cpu), share(part.memory, whole.memory))
}

/// `71%`; `?` of nothing.
pub(crate) fn percent(part: i64, whole: i64) -> String {
    if whole > 0 {
        format!("{}%", part.saturating_mul(100) / whole)
    } else {
        "?".to_owned()
    }
}

/// `shop/api test #8121`: as much of it as is known, else its pod's or its own name.
pub(crate) fn job_title(job: &Job) -> String {
    let mut title = String::with_capacity(64);
    write_title(job, &mut title);
    title
}

/// The same at the end of `to`.
pub(crate) fn write_title(job: &Job, to: &mut String) {
    let from = to.len();
    super::action::plan::write_names(job, to);
    if to.len() == from {
        let pod = job.pod_name();
        to.push_str(if pod.is_empty() { job.id.as_str() } else { pod });
    }
}

/// Glyph and word of a phase.
pub(crate) fn phase(phase: Phase) -> Span {
    let (text, tone) = match phase {
        Phase::Queued => ("○ Queued", Tone::Warn),
        Phase::Scheduled => ("◌ Scheduled", Tone::Busy),
        Phase::Pulling => ("↓ Pulling", Tone::Busy),
        Phase::Preparing => ("◔ Preparing", Tone::Busy),
        Phase::Running => ("● Running", Tone::Busy),
        Phase::Uploading => ("↑ Uploading", Tone::Busy),
        Phase::Succeeded => ("✓ Succeeded", Tone::Good),
        Phase::Failed => ("✕ Failed", Tone::Bad),
        Phase::Cancelled => ("⊘ Cancelled", Tone::Dim),
        Phase::Lost => ("? Lost", Tone::Bad),
    };
    Span::new(text, tone)
}

/// A shared text as a span.
pub(crate) fn plain(text: &Text) -> Span {
    Span::new(text.to_string(), Tone::Plain)
}

/// The name nearest to what was typed, if one is near.
pub(crate) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (distance(typed, name), name))
        .filter(|(d, name)| *d <= name.chars().count().max(2) / 2)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != *y))
                .min(above + 1)
                .min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        assert_eq!((count(12_300), count(999)), ("12,300".into(), "999".into()));
        assert_eq!((cpu(1_800), cpu(16_000)), ("1.8".into(), "16".into()));
        assert_eq!(memory(2_254_857_830), "2.1G");
        assert_eq!(memory(512 << 20), "512M");
    }

    #[test]
    fn the_nearest_name() {
        let names = || ["pods", "nodes", "jobs", "q"].into_iter();
        assert_eq!(nearest("pdos", names()), Some("pods"));
        assert_eq!(nearest("node", names()), Some("nodes"));
        assert_eq!(nearest("xyzzy", names()), None);
    }
}
