//! A time as the API server writes it: whole seconds, in four bytes.

use std::num::NonZeroU32;

use chrono::{DateTime, Utc};

/// A time between 1970 and 2106, in whole seconds; what lies outside counts as the nearer end. Pods hold
/// a dozen of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(
    /// Seconds since 1970, plus one.
    NonZeroU32,
);

impl Time {
    /// From seconds since 1970; the last second there is counts as the one before.
    pub(crate) fn from_seconds(seconds: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(seconds))
    }

    /// As a date.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(i64::from(self.0.get()) - 1, 0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Time {
    fn from(time: DateTime<Utc>) -> Self {
        let seconds = time.timestamp().clamp(0, i64::from(u32::MAX) - 1) + 1;
        Self(NonZeroU32::new(u32::try_from(seconds).unwrap_or(1)).unwrap_or(NonZeroU32::MIN))
    }
}

/// As a date, if it is known.
pub(crate) fn utc(time: Option<Time>) -> Option<DateTime<Utc>> {
    time.map(Time::utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn whole_seconds_and_the_nearer_end() {
        let epoch = DateTime::<Utc>::UNIX_EPOCH;
        for seconds in [0, 1, 1_800_000_000, i64::from(u32::MAX) - 1] {
            let time = epoch + TimeDelta::seconds(seconds);
            assert_eq!(Time::from(time).utc(), time);
            assert_eq!(Time::from(time + TimeDelta::milliseconds(999)).utc(), time);
        }
        assert_eq!(Time::from(epoch - TimeDelta::days(1)).utc(), epoch);
        let far = Time::from(epoch + TimeDelta::days(100_000)).utc();
        assert_eq!(far.timestamp(), i64::from(u32::MAX) - 1);
        for seconds in [0, 1, u32::MAX - 1, u32::MAX] {
            let date = epoch + TimeDelta::seconds(seconds.into());
            assert_eq!(Time::from_seconds(seconds), Time::from(date));
        }
        assert_eq!(size_of::<Option<Time>>(), 4);
    }
}
