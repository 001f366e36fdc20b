//! When a CronJob starts next, reckoned as its controller does.
//!
//! The controller parses with robfig/cron v3, so these are its rules: five fields or a `@word`; a day must fit
//! both day fields when one of them is a star, else either; days of the week are 0 to 6; a wall-clock time that
//! does not exist on a day is left out, one that comes twice counts twice.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

/// What cannot be understood of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// The fields.
    #[error("schedule '{text}': {why}")]
    Schedule {
        /// As it was written.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// The time zone.
    #[error("time zone '{0}' is not known here")]
    Zone(String),
}

/// A schedule in its time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Wall-clock times.
    Wall(Wall),
    /// Again and again after so long.
    Every(TimeDelta),
}

/// Wall-clock times: a bit for each number that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wall {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// One of the day fields is a star: both must fit.
    both: bool,
    zone: Tz,
}

/// A field: its name, least and greatest number, and names that stand for numbers.
type Field = (&'static str, u32, u32, &'static [&'static str]);

const FIELDS: [Field; 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of month", 1, 31, &[]),
    (
        "month",
        1,
        12,
        &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    ),
    (
        "day of week",
        0,
        6,
        &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ),
];

/// After so many years without a fitting day there is none.
const YEARS: i32 = 5;

impl Schedule {
    /// Reads `spec.schedule`; `zone` is `spec.timeZone`, empty for that of the controller manager, which is
    /// taken for UTC.
    ///
    /// # Errors
    /// When one of them cannot be understood.
    pub fn parse(text: &str, zone: &str) -> Result<Self, CronError> {
        let wrong = |why: String| CronError::Schedule {
            text: text.to_owned(),
            why,
        };
        let (zone, spec) = match text
            .strip_prefix("CRON_TZ=")
            .or_else(|| text.strip_prefix("TZ="))
            .and_then(|rest| rest.split_once(' '))
        {
            Some((own, spec)) => (own, spec.trim()),
            None => (zone, text.trim()),
        };
        let zone: Tz = match zone {
            "" => Tz::UTC,
            name => name.parse().map_err(|_| CronError::Zone(name.to_owned()))?,
        };
        if let Some(every) = spec.strip_prefix("@every ") {
            let every = duration(every).ok_or_else(|| wrong("no duration".to_owned()))?;
            // As the controller's library rounds it.
            return Ok(Self::Every(every.max(TimeDelta::seconds(1))));
        }
        let spec = match spec {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        };
        let parts: Vec<&str> = spec.split_whitespace().collect();
        let &[minute, hour, day, month, weekday] = parts.as_slice() else {
            return Err(wrong(format!("{} fields, not 5", parts.len())));
        };
        let read = |at: usize, text: &str| field(text, FIELDS[at]).map_err(wrong);
        let (days, any_day) = read(2, day)?;
        let (weekdays, any_weekday) = read(4, weekday)?;
        Ok(Self::Wall(Wall {
            minutes: read(0, minute)?.0,
            hours: read(1, hour)?.0,
            days,
            months: read(3, month)?.0,
            weekdays,
            both: any_day || any_weekday,
            zone,
        }))
    }

    /// The first start after `after`; `anchor` is a start (or the beginning) from which `@every` counts.
    pub fn next(&self, anchor: DateTime<Utc>, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Wall(wall) => wall.next(after),
            Self::Every(every) => {
                let passed = (after - anchor).num_seconds().max(0);
                let step = every.num_seconds().max(1);
                anchor.checked_add_signed(TimeDelta::try_seconds((passed / step + 1) * step)?)
            }
        }
    }

    /// The last start after `from` and not after `to`.
    pub fn last(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // The narrowest window that has a start in it has few of them.
        for hours in [
            1,
            24,
            24 * 7,
            24 * 31,
            24 * 366,
            24 * 366 * i64::from(YEARS),
        ] {
            let back = (to - TimeDelta::hours(hours)).max(from);
            let mut last = None;
            let mut at = back;
            while let Some(next) = self.next(from, at).filter(|next| *next <= to) {
                last = Some(next);
                at = next;
            }
            if last.is_some() || back == from {
                return last;
            }
        }
        None
    }
}

impl Wall {
    fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let minute = after.timestamp().div_euclid(60) + 1;
        let mut at = DateTime::from_timestamp(minute * 60, 0)?;
        let first = at.with_timezone(&self.zone).year();
        loop {
            let local = at.with_timezone(&self.zone);
            if local.year() > first + YEARS {
                return None;
            }
            let date = local.date_naive();
            if !has(self.months, date.month()) {
                let (year, month) = match date.month() {
                    12 => (date.year() + 1, 1),
                    month => (date.year(), month + 1),
                };
                at = self.begins(NaiveDate::from_ymd_opt(year, month, 1)?)?;
            } else if !self.fits(date) {
                at = self.begins(date.succ_opt()?)?;
            } else if !has(self.hours, local.hour()) {
                at += TimeDelta::minutes(60 - i64::from(local.minute()));
            } else if !has(self.minutes, local.minute()) {
                at += TimeDelta::minutes(1);
            } else {
                return Some(at);
            }
        }
    }

    fn fits(&self, date: NaiveDate) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().num_days_from_sunday());
        if self.both {
            day && weekday
        } else {
            day || weekday
        }
    }

    /// The first moment of a day, which need not be midnight.
    fn begins(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        let midnight = date.and_hms_opt(0, 0, 0)?;
        (0..8).find_map(|halves| {
            let wall = midnight + TimeDelta::minutes(30 * halves);
            let found = self.zone.from_local_datetime(&wall).earliest()?;
            Some(found.with_timezone(&Utc))
        })
    }
}

fn has(bits: u64, number: u32) -> bool {
    bits >> number & 1 == 1
}

/// A field's numbers, and whether it is a star.
fn field(text: &str, field: Field) -> Result<(u64, bool), String> {
    let (mut bits, mut star) = (0, false);
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (more, any) = range(part, field)?;
        bits |= more;
        star |= any;
    }
    Ok((bits, star))
}

fn range(text: &str, (what, least, greatest, names): Field) -> Result<(u64, bool), String> {
    let wrong = || format!("'{text}' is no {what}");
    let number = |word: &str| {
        let named = names.iter().position(|n| n.eq_ignore_ascii_case(word));
        let named = named
            .and_then(|at| u32::try_from(at).ok())
            .map(|at| at + least);
        named.or_else(|| word.parse().ok()).ok_or_else(wrong)
    };
    let (span, step) = match text.split_once('/') {
        Some((span, step)) => (span, Some(step.parse::<u32>().map_err(|_| wrong())?)),
        None => (text, None),
    };
    let star = matches!(span, "*" | "?");
    let (from, to) = if star {
        (least, greatest)
    } else if let Some((from, to)) = span.split_once('-') {
        (number(from)?, number(to)?)
    } else {
        let from = number(span)?;
        (from, if step.is_some() { greatest } else { from })
    };
    let step = step.unwrap_or(1);
    if from < least || to > greatest || from > to || step == 0 {
        return Err(wrong());
    }
    let bits = (from..=to)
        .step_by(step as usize)
        .fold(0, |bits, n| bits | 1 << n);
    Ok((bits, star && step == 1))
}

/// `1h30m`, as Go writes durations, in whole seconds.
fn duration(text: &str) -> Option<TimeDelta> {
    let mut rest = text.trim();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(digits);
        let end = behind
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(end);
        let unit = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            "us" | "µs" | "ns" => 0.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * unit;
        rest = behind;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole seconds are wanted; `as` saturates"
    )]
    TimeDelta::try_seconds(seconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Against what the controller's own library said (`tests/fixtures/cron/gen`): schedule, zone, after which
    /// time, and the next four starts.
    #[test]
    fn starts_are_those_of_the_controller() {
        let table = include_str!("../../tests/fixtures/cron/next.tsv");
        let mut rows = 0;
        for row in table.lines() {
            let cells: Vec<&str> = row.split('\t').collect();
            let &[spec, zone, after, ref want @ ..] = cells.as_slice() else {
                panic!("{row}");
            };
            let schedule = match Schedule::parse(spec, zone) {
                Ok(schedule) => schedule,
                Err(error) => {
                    assert_eq!(want, ["wrong"], "{spec}: {error}");
                    continue;
                }
            };
            let (mut at, anchor) = (time(after), time(after));
            for want in want {
                let next = schedule.next(anchor, at);
                let text = next.map_or("never".to_owned(), |t| {
                    t.format("%Y-%m-%dT%H:%M:%SZ").to_string()
                });
                assert_eq!(text, **want, "{spec} in {zone} after {at}");
                let Some(next) = next else { break };
                at = next;
            }
            rows += 1;
        }
        assert!(rows > 100, "{rows}");
    }

    #[test]
    fn the_last_start() {
        let last = |spec: &str, from: &str, to: &str| {
            let schedule = Schedule::parse(spec, "").unwrap();
            schedule.last(time(from), time(to))
        };
        let (from, to) = ("2026-01-01T00:00:00Z", "2026-11-23T12:00:30Z");
        for (spec, from, want) in [
            ("* * * * *", from, Some("2026-11-23T12:00:00Z")),
            ("30 2 * * *", from, Some("2026-11-23T02:30:00Z")),
            ("0 0 1 2 *", from, Some("2026-02-01T00:00:00Z")),
            ("0 0 31 12 *", from, None),
            ("30 2 * * *", "2026-11-23T02:30:00Z", None),
            (
                "@every 1h",
                "2026-11-23T09:59:00Z",
                Some("2026-11-23T11:59:00Z"),
            ),
        ] {
            assert_eq!(last(spec, from, to), want.map(time), "{spec} from {from}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let why = |spec, zone| Schedule::parse(spec, zone).unwrap_err().to_string();
        assert_eq!(why("* * *", ""), "schedule '* * *': 3 fields, not 5");
        assert_eq!(
            why("0 0 * * 7", ""),
            "schedule '0 0 * * 7': '7' is no day of week"
        );
        assert_eq!(
            why("0 0 * * *", "Mars/Base"),
            "time zone 'Mars/Base' is not known here"
        );
    }
}
