//! Cron schedules: five fields, names of months and days, ranges, lists, steps, and the usual words.

use chrono::{DateTime, Datelike, Duration, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

/// A schedule in its time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Day and weekday are both limited: either will do.
    either: bool,
    zone: Tz,
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    /// Reads it; the error says what is wrong.
    pub(crate) fn parse(text: &str, zone: Option<&str>) -> Result<Schedule, String> {
        let zone: Tz = match zone {
            None | Some("") => Tz::UTC,
            Some(name) => name
                .parse()
                .map_err(|_| format!("unknown time zone {name}"))?,
        };
        let text = match text.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            other => other,
        };
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = parts.as_slice() else {
            return Err(format!(
                "expected exactly 5 fields, found {}: [{text}]",
                parts.len()
            ));
        };
        let any = |part: &str| part.starts_with(['*', '?']);
        let mut weekdays = field(weekday, 0, 7, &DAYS, 0)?;
        if weekdays & (1 << 7) != 0 {
            weekdays |= 1;
        }
        Ok(Schedule {
            minutes: field(minute, 0, 59, &[], 0)?,
            hours: field(hour, 0, 23, &[], 0)?,
            days: field(day, 1, 31, &[], 0)?,
            months: field(month, 1, 12, &MONTHS, 1)?,
            weekdays,
            either: !any(day) && !any(weekday),
            zone,
        })
    }

    /// The first time after `after`; none within five years.
    pub(crate) fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = after.with_timezone(&self.zone);
        let mut day = local.date_naive();
        for offset in 0..366 * 5 {
            if offset > 0 {
                day = day.succ_opt()?;
            }
            if self.months & (1 << day.month()) == 0 || !self.takes(day) {
                continue;
            }
            for hour in (0..24).filter(|h| self.hours & (1 << h) != 0) {
                for minute in (0..60).filter(|m| self.minutes & (1 << m) != 0) {
                    let at = day.and_hms_opt(hour, minute, 0)?;
                    // An hour that the clock leaves out has no such time.
                    let Some(at) = self.zone.from_local_datetime(&at).earliest() else {
                        continue;
                    };
                    let at = at.with_timezone(&Utc);
                    if at > after {
                        return Some(at);
                    }
                }
            }
        }
        None
    }

    /// The last time in `(after, until]`, and whether there were others before it.
    pub(crate) fn last(&self, after: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut found = None;
        let mut from = after.max(until - Duration::days(2));
        while let Some(at) = self.next(from).filter(|at| *at <= until) {
            found = Some(at);
            from = at;
        }
        found
    }

    fn takes(&self, day: chrono::NaiveDate) -> bool {
        let by_day = self.days & (1 << day.day()) != 0;
        let by_weekday = self.weekdays & (1 << day.weekday().num_days_from_sunday()) != 0;
        if self.either {
            by_day || by_weekday
        } else {
            by_day && by_weekday
        }
    }
}

fn field(text: &str, low: u32, high: u32, names: &[&str], first: u32) -> Result<u64, String> {
    let number = |part: &str| -> Result<u32, String> {
        let lower = part.to_lowercase();
        if let Some(at) = names.iter().position(|n| lower == *n) {
            return Ok(u32::try_from(at).unwrap_or(0) + first);
        }
        part.parse()
            .map_err(|_| format!("failed to parse int from {part}"))
    };
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, number(step)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (number(from)?, number(to)?),
            None if matches!(range, "*" | "?") => (low, high),
            None if part.contains('/') => (number(range)?, high),
            None => (number(range)?, number(range)?),
        };
        if from < low || to > high || from > to || step == 0 {
            return Err(format!("{part} is outside of {low} to {high}"));
        }
        let mut n = from;
        while n <= to {
            bits |= 1 << n;
            n += step;
        }
    }
    Ok(bits)
}

/// Minutes since 1970: how the controller names its jobs.
pub(crate) fn minutes(at: DateTime<Utc>) -> i64 {
    at.with_second(0).unwrap_or(at).timestamp() / 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_times() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for (schedule, zone, after, wanted) in [
            (
                "*/10 * * * *",
                None,
                "2026-03-02T08:00:00Z",
                "2026-03-02T08:10:00Z",
            ),
            (
                "30 2 * * 1-5",
                Some("Europe/Berlin"),
                "2026-03-06T12:00:00Z",
                "2026-03-09T01:30:00Z",
            ),
            (
                "0 0 1 jan *",
                None,
                "2026-03-06T12:00:00Z",
                "2027-01-01T00:00:00Z",
            ),
            (
                "@daily",
                None,
                "2026-12-31T00:00:00Z",
                "2027-01-01T00:00:00Z",
            ),
            (
                "0 12 13 * fri",
                None,
                "2026-03-01T00:00:00Z",
                "2026-03-06T12:00:00Z",
            ),
            (
                "5,35 8-9 * * sun",
                None,
                "2026-03-02T00:00:00Z",
                "2026-03-08T08:05:00Z",
            ),
        ] {
            let parsed = Schedule::parse(schedule, zone).unwrap();
            assert_eq!(parsed.next(at(after)), Some(at(wanted)), "{schedule}");
        }
        let last = Schedule::parse("*/10 * * * *", None).unwrap();
        let found = last.last(at("2026-03-02T08:00:00Z"), at("2026-03-02T08:35:00Z"));
        assert_eq!(found, Some(at("2026-03-02T08:30:00Z")));
        for wrong in [
            "* * * *",
            "60 * * * *",
            "x * * * *",
            "5-1 * * * *",
            "*/0 * * * *",
        ] {
            assert!(Schedule::parse(wrong, None).is_err(), "{wrong}");
        }
        assert!(Schedule::parse("* * * * *", Some("Mars/North")).is_err());
    }
}
