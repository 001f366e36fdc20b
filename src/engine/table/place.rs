//! What rows are sorted by.

use std::cmp::{Ordering, Reverse};

use chrono::{DateTime, Utc};

use crate::engine::index::Sortable;
use crate::engine::merge::Head;
use crate::engine::view::Sorted;
use crate::model::Text;

/// What rows are sorted by. Never an age: times do not need sorting again as they pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Int(i64),
    Pair(i64, i64),
    Text(Text),
    /// The greatest first.
    Down(Reverse<Text>),
    /// Not known: last, whichever way.
    Missing,
}

impl Value {
    /// An age: the youngest is the smallest.
    pub(crate) fn age(since: Option<DateTime<Utc>>) -> Self {
        since.map_or(Self::Missing, |at| Self::Int(-at.timestamp_millis()))
    }

    /// A duration: those still growing are longer than those that ended.
    pub(crate) fn duration(since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Self {
        match (since, until) {
            (None, _) => Self::Missing,
            (Some(since), None) => Self::Pair(1, -since.timestamp_millis()),
            (Some(since), Some(until)) => Self::Pair(0, (until - since).num_milliseconds()),
        }
    }

    /// The other way round; what is missing stays last.
    fn turned(self) -> Self {
        match self {
            Self::Int(n) => Self::Int(!n),
            Self::Pair(a, b) => Self::Pair(!a, !b),
            Self::Text(text) => Self::Down(Reverse(text)),
            Self::Down(Reverse(text)) => Self::Text(text),
            Self::Missing => Self::Missing,
        }
    }

    /// 16 bytes of it, the n-th time, and whether that is all.
    fn head(&self, n: usize) -> Head {
        // Keeps the order of negative numbers too.
        let up = |n: i64| n.cast_unsigned() ^ 1 << 63;
        let text = |text: &str| {
            let rest = text.as_bytes().get(n * 16..).unwrap_or_default();
            let mut head = [[0; 8]; 2];
            for (to, from) in head.as_flattened_mut().iter_mut().zip(rest) {
                *to = *from;
            }
            (head.map(u64::from_be_bytes), rest.len() <= 16)
        };
        match self {
            Self::Int(n) => ([up(*n), 0], true),
            Self::Pair(a, b) => ([up(*a), up(*b)], true),
            Self::Text(t) => text(t),
            Self::Down(Reverse(t)) => {
                let (head, whole) = text(t);
                (head.map(|half| !half), whole)
            }
            Self::Missing => ([u64::MAX; 2], true),
        }
    }

    /// A name; empty is missing.
    pub(crate) fn text(text: &Text) -> Self {
        if text.is_empty() {
            Self::Missing
        } else {
            Self::Text(text.clone())
        }
    }
}

/// A row's place in the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    value: Value,
    tie: (Text, Text),
}

impl Place {
    pub(super) fn new(value: Value, way: Sorted, tie: (Text, Text)) -> Self {
        let value = match way {
            Sorted::Up => value,
            Sorted::Down => value.turned(),
        };
        Self { value, tie }
    }
}

impl Sortable for Place {
    fn head(&self, n: usize) -> Head {
        self.value.head(n)
    }
}

impl Place {
    fn order(&self, other: &Self) -> Ordering {
        match (&self.value, &other.value) {
            (Value::Text(a), Value::Text(b)) => texts(a, b),
            (Value::Down(Reverse(a)), Value::Down(Reverse(b))) => texts(b, a),
            (a, b) => a.cmp(b),
        }
    }
}

/// Many are one text.
fn texts(a: &Text, b: &Text) -> Ordering {
    if std::ptr::eq(&**a, &**b) {
        Ordering::Equal
    } else {
        a.cmp(b)
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order(other)
            .then_with(|| texts(&self.tie.0, &other.tie.0))
            .then_with(|| texts(&self.tie.1, &other.tie.1))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
