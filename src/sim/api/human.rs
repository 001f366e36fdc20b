//! Durations as the server prints them into tables.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// `HumanDuration`: two or three significant figures.
pub(crate) fn duration(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let parts = |a: i64, unit_a: &str, b: i64, unit_b: &str| {
        if b == 0 {
            format!("{a}{unit_a}")
        } else {
            format!("{a}{unit_a}{b}{unit_b}")
        }
    };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => parts(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => parts(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => parts(hours / 24, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{}d", hours / 24),
        63_072_000..252_288_000 => parts(hours / 24 / 365, "y", (hours / 24) % 365, "d"),
        _ => format!("{}y", hours / 24 / 365),
    }
}

/// Time from a timestamp until now; `<unknown>` when there is none.
pub(crate) fn since(now: DateTime<Utc>, at: &Value) -> String {
    at.as_str()
        .map_or_else(|| "<unknown>".to_owned(), |at| since_text(now, at))
}

/// The same for a timestamp as text.
pub(crate) fn since_text(now: DateTime<Utc>, at: &str) -> String {
    match time(at) {
        Some(at) => duration((now - at).num_seconds()),
        None => "<unknown>".to_owned(),
    }
}

/// Reads an RFC 3339 time.
pub(crate) fn time(at: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(at)
        .ok()
        .map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn as_kubectl_prints_them() {
        for (seconds, wanted) in [
            (-2, "<invalid>"),
            (-1, "0s"),
            (119, "119s"),
            (120, "2m"),
            (201, "3m21s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_860, "3h1m"),
            (28_800, "8h"),
            (172_800, "2d"),
            (176_400, "2d1h"),
            (691_200, "8d"),
            (63_072_000, "2y"),
            (63_158_400, "2y1d"),
            (252_288_000, "8y"),
        ] {
            assert_eq!(duration(seconds), wanted, "{seconds}");
        }
    }
}
