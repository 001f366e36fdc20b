//! Texts, numbers, times, lists.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

#[cfg(test)]
use super::tests::Dice;
use super::{Wire, Wrong};
use crate::engine::remote::RemoteId;
use crate::engine::{CallId, LogId};
use crate::model::condition::PodCondition;
use crate::model::{
    ClusterId, ClusterNo, Condition, Conditions, Labels, Rank, RankRules, Text, Time, Uid,
};

macro_rules! number {
    ($($type:ty: $as:ident),*) => {$(
        impl Wire for $type {
            fn put(&self) -> Value {
                (*self).into()
            }

            fn take(value: &Value) -> Result<Self, Wrong> {
                value
                    .$as()
                    .and_then(|n| n.try_into().ok())
                    .ok_or_else(|| Wrong::new("is no such number"))
            }

            fn absent() -> Option<Self> {
                Some(0)
            }

            fn is_absent(&self) -> bool {
                *self == 0
            }

            #[cfg(test)]
            fn any(dice: &mut Dice) -> Self {
                dice.number() as Self
            }
        }
    )*};
}

number!(u8: as_u64, u16: as_u64, u32: as_u64, u64: as_u64, i16: as_i64, i32: as_i64, i64: as_i64);

impl Wire for usize {
    fn put(&self) -> Value {
        (*self).into()
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        usize::try_from(u64::take(value)?).map_err(|_| Wrong::new("is too large"))
    }

    fn absent() -> Option<Self> {
        Some(0)
    }

    fn is_absent(&self) -> bool {
        *self == 0
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        dice.below(1 << 20)
    }
}

impl Wire for bool {
    fn put(&self) -> Value {
        (*self).into()
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        value
            .as_bool()
            .ok_or_else(|| Wrong::new("is neither true nor false"))
    }

    fn absent() -> Option<Self> {
        Some(false)
    }

    fn is_absent(&self) -> bool {
        !*self
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        dice.below(2) == 1
    }
}

impl Wire for char {
    fn put(&self) -> Value {
        self.to_string().into()
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        let mut chars = text(value)?.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(c),
            _ => Err(Wrong::new("is not one character")),
        }
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        ['a', 'Ω', '\u{1b}', '"', '本', ' '][dice.below(6)]
    }
}

fn text(value: &Value) -> Result<&str, Wrong> {
    value.as_str().ok_or_else(|| Wrong::new("is no text"))
}

macro_rules! texts {
    ($($type:ty),*) => {$(
        impl Wire for $type {
            fn put(&self) -> Value {
                Value::String((&**self).to_owned())
            }

            fn take(value: &Value) -> Result<Self, Wrong> {
                text(value).map(Self::from)
            }

            fn absent() -> Option<Self> {
                Some("".into())
            }

            fn is_absent(&self) -> bool {
                self.is_empty()
            }

            #[cfg(test)]
            fn any(dice: &mut Dice) -> Self {
                dice.text().into()
            }
        }
    )*};
}

texts!(String, Text, Box<str>);

macro_rules! newtypes {
    ($($type:ident: $inner:ty),*) => {$(
        impl Wire for $type {
            fn put(&self) -> Value {
                self.0.put()
            }

            fn take(value: &Value) -> Result<Self, Wrong> {
                <$inner>::take(value).map(Self)
            }

            fn absent() -> Option<Self> {
                <$inner>::absent().map(Self)
            }

            fn is_absent(&self) -> bool {
                self.0.is_absent()
            }

            #[cfg(test)]
            fn any(dice: &mut Dice) -> Self {
                Self(<$inner>::any(dice))
            }
        }
    )*};
}

newtypes!(ClusterId: Text, ClusterNo: u8, CallId: u64, LogId: u64, RemoteId: u64);
newtypes!(RankRules: Vec<(String, Rank)>);

impl Wire for Uid {
    fn put(&self) -> Value {
        Value::String(self.to_string())
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        text(value).map(Self::from)
    }

    fn absent() -> Option<Self> {
        Some("".into())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        match dice.below(3) {
            0 => "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9".into(),
            _ => (&*dice.text()).into(),
        }
    }
}

impl Wire for IpAddr {
    fn put(&self) -> Value {
        Value::String(self.to_string())
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        text(value)?
            .parse()
            .map_err(|_| Wrong::new("is no address"))
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        if dice.below(2) == 0 {
            [10, 0, 0, 7].into()
        } else {
            [1, 0, 0, 0, 0, 0, 2, 3].into()
        }
    }
}

impl Wire for Value {
    fn put(&self) -> Value {
        self.clone()
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        Ok(value.clone())
    }

    fn absent() -> Option<Self> {
        Some(Value::Null)
    }

    fn is_absent(&self) -> bool {
        self.is_null()
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        match dice.below(4) {
            0 => Value::Null,
            1 => dice.text().into(),
            2 => serde_json::json!([1, null, {"b": 2.5, "a": [true]}]),
            _ => serde_json::json!({"kind": dice.text()}),
        }
    }
}

/// Whole seconds as a number, else seconds and nanoseconds.
impl Wire for DateTime<Utc> {
    fn put(&self) -> Value {
        match self.timestamp_subsec_nanos() {
            0 => self.timestamp().into(),
            nanos => vec![Value::from(self.timestamp()), nanos.into()].into(),
        }
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        let wrong = || Wrong::new("is no time");
        let (seconds, nanos) = match value.as_array().map(Vec::as_slice) {
            Some([seconds, nanos]) => (i64::take(seconds)?, u32::take(nanos)?),
            Some(_) => return Err(wrong()),
            None => (i64::take(value)?, 0),
        };
        DateTime::from_timestamp(seconds, nanos).ok_or_else(wrong)
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        let nanos = [0, 1, 999_999_999, 500_000_000][dice.below(4)];
        let seconds = [0, 1_767_607_200, -62_135_596_800, 4_102_444_800][dice.below(4)];
        DateTime::from_timestamp(seconds, nanos).unwrap_or_default()
    }
}

/// Seconds.
impl Wire for Time {
    fn put(&self) -> Value {
        self.utc().timestamp().into()
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        u32::take(value).map(Self::from_seconds)
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        Self::from_seconds([0, 1_767_607_200, u32::MAX - 2][dice.below(3)])
    }
}

/// Nanoseconds.
impl Wire for Duration {
    fn put(&self) -> Value {
        u64::try_from(self.as_nanos()).unwrap_or(u64::MAX).into()
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        u64::take(value).map(Self::from_nanos)
    }

    fn absent() -> Option<Self> {
        Some(Self::ZERO)
    }

    fn is_absent(&self) -> bool {
        self.is_zero()
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        Self::from_nanos(dice.number() >> 1)
    }
}

impl Wire for Labels {
    fn put(&self) -> Value {
        let pairs = self.iter().map(|(k, v)| (k.to_string(), v.into()));
        Value::Object(pairs.collect::<Map<_, _>>())
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        let pairs = super::fields(value)?.iter();
        pairs
            .map(|(k, v)| Ok((k.as_str(), text(v)?)))
            .collect::<Result<_, Wrong>>()
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        let pair = |dice: &mut Dice| (dice.text(), dice.text());
        (0..dice.below(3)).map(|_| pair(dice)).collect()
    }
}

impl Wire for Conditions {
    fn put(&self) -> Value {
        let one = |c: PodCondition<'_>| Condition {
            kind: c.kind().into(),
            status: c.status(),
            reason: c.reason().into(),
            message: c.message().into(),
            since: c.since(),
        };
        self.iter().map(|c| one(c).put()).collect()
    }

    fn take(value: &Value) -> Result<Self, Wrong> {
        Ok(Vec::<Condition>::take(value)?.into_iter().collect())
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn is_absent(&self) -> bool {
        self.iter().next().is_none()
    }

    #[cfg(test)]
    fn any(dice: &mut Dice) -> Self {
        (0..dice.below(3)).map(|_| Condition::any(dice)).collect()
    }
}
