//! How far back a log is read.

use chrono::{DateTime, TimeDelta, Utc};

/// A window, chosen by the keys 0 to 6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Window {
    /// As much as the pane opens with.
    #[default]
    Tail,
    /// All that there is, from its beginning.
    Head,
    /// So many minutes.
    Minutes(u16),
}

/// The minutes that have a key, with it.
const MINUTES: [(u16, char); 5] = [(1, '2'), (5, '3'), (15, '4'), (30, '5'), (60, '6')];

impl Window {
    /// From when on lines are asked for.
    pub(crate) fn since(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Tail | Self::Head => None,
            Self::Minutes(minutes) => Some(now - TimeDelta::minutes(minutes.into())),
        }
    }

    /// `last 5m`; empty for the one that the pane opens with.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Tail => String::new(),
            Self::Head => "from the beginning".to_owned(),
            Self::Minutes(60) => "last 1h".to_owned(),
            Self::Minutes(minutes) => format!("last {minutes}m"),
        }
    }

    /// The next wider window in which a line of that age would be seen: its key and name.
    pub(crate) fn wider(self, age: Option<TimeDelta>) -> (char, String) {
        let Self::Minutes(this) = self else {
            return ('0', "the tail".to_owned());
        };
        let holds = |minutes: u16| age.is_none_or(|age| age < TimeDelta::minutes(minutes.into()));
        MINUTES
            .into_iter()
            .find(|(minutes, _)| *minutes > this && holds(*minutes))
            .map_or(('0', "the tail".to_owned()), |(minutes, key)| {
                (key, Self::Minutes(minutes).name())
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_wider_window_shows_the_last_line() {
        let cases = [
            (Window::Minutes(1), None, ('3', "last 5m")),
            (Window::Minutes(1), Some(10), ('4', "last 15m")),
            (Window::Minutes(15), Some(59), ('6', "last 1h")),
            (Window::Minutes(60), Some(61), ('0', "the tail")),
            (Window::Minutes(5), Some(600), ('0', "the tail")),
        ];
        for (window, age, (key, name)) in cases {
            let age = age.map(TimeDelta::minutes);
            assert_eq!(window.wider(age), (key, name.to_owned()), "{window:?}");
        }
    }
}
