//! Building blocks of the raw shapes: texts that borrow from the bytes, lists and maps that take null for
//! empty. With `#[serde(default)]` on every struct, absent and null mean the same everywhere.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use crate::model::Time;
use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A string; null, a list or an object count as empty, a number or a bool as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Str<'a>(pub(super) Cow<'a, str>);

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

struct StrVisitor;

impl<'de> Visitor<'de> for StrVisitor {
    type Value = Str<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Str<'de>, E> {
        Ok(Str(Cow::Borrowed(v)))
    }

    fn visit_str<E>(self, v: &str) -> Result<Str<'de>, E> {
        Ok(Str(Cow::Owned(v.to_owned())))
    }

    fn visit_string<E>(self, v: String) -> Result<Str<'de>, E> {
        Ok(Str(Cow::Owned(v)))
    }

    fn visit_unit<E>(self) -> Result<Str<'de>, E> {
        Ok(Str::default())
    }

    fn visit_none<E>(self) -> Result<Str<'de>, E> {
        Ok(Str::default())
    }

    fn visit_bool<E>(self, v: bool) -> Result<Str<'de>, E> {
        Ok(Str(Cow::Owned(v.to_string())))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Str<'de>, E> {
        Ok(Str(Cow::Owned(v.to_string())))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Str<'de>, E> {
        Ok(Str(Cow::Owned(v.to_string())))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Str<'de>, E> {
        Ok(Str(Cow::Owned(v.to_string())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Str<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Str::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Str<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Str::default())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrVisitor)
    }
}

/// A time, to whole seconds or finer; absent where there was none, or none that can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RawTime(Option<(i64, u32)>);

impl RawTime {
    /// From seconds since 1970 and nanoseconds of the second.
    pub(super) fn at(seconds: i64, nanos: u32) -> Self {
        Self(Some((seconds, nanos)))
    }

    /// As the model has it; `None` too for what no calendar holds.
    pub(super) fn time(self) -> Option<DateTime<Utc>> {
        let (seconds, nanos) = self.0?;
        DateTime::from_timestamp(seconds, nanos)
    }

    /// In whole seconds, as pods hold it.
    pub(super) fn whole(self) -> Option<Time> {
        let (seconds, _) = self.0?;
        match u32::try_from(seconds) {
            Ok(seconds) => Some(Time::from_seconds(seconds)),
            Err(_) => self.time().map(Time::from),
        }
    }
}

impl<'de> Deserialize<'de> for RawTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Str::deserialize(deserializer)?;
        Ok(DateTime::parse_from_rfc3339(&text)
            .map(|t| Self::at(t.timestamp(), t.timestamp_subsec_nanos()))
            .unwrap_or_default())
    }
}

/// A list; null is an empty one, null elements are left out.
#[derive(Clone, Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Option::<Vec<Option<T>>>::deserialize(deserializer)?;
        Ok(Self(
            list.unwrap_or_default().into_iter().flatten().collect(),
        ))
    }
}

/// A struct; null is the default one.
#[derive(Clone, Debug, Default)]
pub(super) struct Part<T>(pub(super) T);

impl<T> Deref for Part<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// A map of texts, in the order of the bytes; null is an empty one.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs<'a>(pub(super) Vec<(Str<'a>, Str<'a>)>);

impl Pairs<'_> {
    /// The value of a key, the last if there are several.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(k, _)| &**k == key)
            .map(|(_, v)| &**v)
    }
}

struct PairsVisitor {
    keep: fn(&str) -> bool,
}

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of strings")
    }

    fn visit_unit<E>(self) -> Result<Pairs<'de>, E> {
        Ok(Pairs::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<Str<'de>>()? {
            if (self.keep)(&key) {
                pairs.push((key, map.next_value()?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Pairs(pairs))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairsVisitor { keep: |_| true })
    }
}

/// Annotations: only those whose keys are kept; the rest is skipped without a copy.
#[derive(Clone, Debug, Default)]
pub(super) struct Annotations<'a>(pub(super) Pairs<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Annotations<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(PairsVisitor {
                keep: super::keeps_annotation,
            })
            .map(Self)
    }
}
