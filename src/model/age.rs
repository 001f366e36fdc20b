//! Durations as kubectl writes them.

use chrono::{DateTime, TimeDelta, Utc};

/// kubectl's `HumanDuration`: `47s`, `4m12s`, `3h`, `2d5h`, `1y40d`; two seconds into the future pass for
/// a clock that is off, more is `<invalid>`.
pub fn human_duration(duration: TimeDelta) -> String {
    let seconds = duration.num_seconds();
    if seconds < -1 {
        return "<invalid>".into();
    }
    if seconds < 0 {
        return "0s".into();
    }
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    let two = |one: i64, unit: char, other: i64, lesser: char| match other {
        0 => format!("{one}{unit}"),
        _ => format!("{one}{unit}{other}{lesser}"),
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => two(minutes, 'm', seconds % 60, 's'),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, 'h', minutes % 60, 'm'),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 24 * 8 => two(days, 'd', hours % 24, 'h'),
        _ if hours < 24 * 365 * 2 => format!("{days}d"),
        _ if hours < 24 * 365 * 8 => two(years, 'y', days % 365, 'd'),
        _ => format!("{years}y"),
    }
}

/// How long ago; `<unknown>` without a time.
pub fn since(time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    match time {
        Some(time) => human_duration(now - time),
        None => "<unknown>".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_kubectl() {
        let (m, h, d, y) = (60, 3_600, 86_400, 365 * 86_400);
        for (seconds, want) in [
            (-3, "<invalid>"),
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (121, "2m1s"),
            (599, "9m59s"),
            (600, "10m"),
            (179 * m + 59, "179m"),
            (3 * h, "3h"),
            (3 * h + 60, "3h1m"),
            (7 * h + 59 * m, "7h59m"),
            (8 * h, "8h"),
            (47 * h, "47h"),
            (48 * h, "2d"),
            (49 * h, "2d1h"),
            (8 * d - 1, "7d23h"),
            (8 * d, "8d"),
            (2 * y - 1, "729d"),
            (2 * y, "2y"),
            (2 * y + 3 * d, "2y3d"),
            (8 * y, "8y"),
            (9 * y + 200 * d, "9y"),
        ] {
            assert_eq!(human_duration(TimeDelta::seconds(seconds)), want);
        }
        // Go truncates towards zero: 1.9 s ahead is still now.
        assert_eq!(human_duration(TimeDelta::milliseconds(-1_900)), "0s");
        let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(90);
        assert_eq!(since(Some(DateTime::UNIX_EPOCH), now), "90s");
        assert_eq!(since(None, now), "<unknown>");
    }
}
