//! Tags, wire types and lengths, and what a field's value is put into.

use std::borrow::Cow;

use super::super::node::{Millis, Whole};
use super::super::raw::{Annotations, List, Pairs, Part, RawTime, Str};

/// What is wrong with bytes that should be protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A length or a value goes beyond the end.
    #[error("protobuf is cut off, or a length in it is wrong")]
    Short,
    /// A varint of more than 64 bits.
    #[error("protobuf has a number of more than 64 bits")]
    Varint,
    /// Field 0, or one beyond the largest.
    #[error("protobuf has an impossible field number")]
    Field,
    /// A group, or a wire type of the future: it cannot be skipped.
    #[error("protobuf has a field of wire type {0}, which cannot be read or skipped")]
    WireType(u8),
    /// It does not begin with `k8s\0`.
    #[error("this is no Kubernetes protobuf")]
    Foreign,
    /// The content is encoded once more, or is no protobuf.
    #[error("protobuf wraps a content that this version cannot read")]
    Encoding,
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Value<'a> {
    /// int32, int64, bool.
    Number(u64),
    /// string, bytes, a message.
    Bytes(&'a [u8]),
    /// Four or eight bytes, which nothing here uses.
    Fixed,
}

/// The largest field number.
const LAST_FIELD: u64 = (1 << 29) - 1;

/// Reads fields one after the other.
#[derive(Clone, Copy, Debug)]
pub(in crate::cluster) struct Reader<'a>(pub(in crate::cluster) &'a [u8]);

impl<'a> Reader<'a> {
    /// As [`Self::field`], where a fault is not to be told but to be found. What has a key and a length of
    /// one or two bytes each, as nearly all fields have, is read in line.
    #[inline(always)]
    pub(in super::super) fn next(&mut self) -> Option<Option<(u32, Value<'a>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        if let Some((key, rest)) = short(self.0)
            && key >= 8
            && let Some((length, rest)) = short(rest)
        {
            let field = u32::from(key >> 3);
            if key & 7 == 2
                && let Some((value, rest)) = rest.split_at_checked(usize::from(length))
            {
                self.0 = rest;
                return Some(Some((field, Value::Bytes(value))));
            }
            if key & 7 == 0 {
                self.0 = rest;
                return Some(Some((field, Value::Number(u64::from(length)))));
            }
        }
        self.long()
    }

    #[inline(never)]
    fn long(&mut self) -> Option<Option<(u32, Value<'a>)>> {
        self.field().ok()
    }

    /// How many bytes are left.
    #[inline]
    pub(in crate::cluster) fn left(&self) -> usize {
        self.0.len()
    }

    /// The next field and its value; `None` at the end.
    #[inline]
    pub(in super::super) fn field(&mut self) -> Result<Option<(u32, Value<'a>)>, Fault> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let field = key >> 3;
        if field == 0 || field > LAST_FIELD {
            return Err(Fault::Field);
        }
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            1 => {
                self.take(8)?;
                Value::Fixed
            }
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Value::Fixed
            }
            other => return Err(Fault::WireType(other as u8)),
        };
        Ok(Some((field as u32, value)))
    }

    #[inline]
    pub(in crate::cluster) fn varint(&mut self) -> Result<u64, Fault> {
        let (&first, rest) = self.0.split_first().ok_or(Fault::Short)?;
        if first < 0x80 {
            self.0 = rest;
            return Ok(first.into());
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Result<u64, Fault> {
        let mut number = 0;
        for (at, &byte) in self.0.iter().enumerate() {
            // The tenth byte has room for one bit.
            if at == 9 && byte > 1 {
                return Err(Fault::Varint);
            }
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                self.0 = &self.0[at + 1..];
                return Ok(number);
            }
        }
        Err(Fault::Short)
    }

    #[inline]
    fn take(&mut self, length: u64) -> Result<&'a [u8], Fault> {
        let (taken, rest) = usize::try_from(length)
            .ok()
            .and_then(|length| self.0.split_at_checked(length))
            .ok_or(Fault::Short)?;
        self.0 = rest;
        Ok(taken)
    }
}

/// A varint of one or two bytes.
#[inline(always)]
fn short(bytes: &[u8]) -> Option<(u16, &[u8])> {
    match bytes {
        [low @ 0..0x80, rest @ ..] => Some((u16::from(*low), rest)),
        [low, high @ 0..0x80, rest @ ..] => {
            Some((u16::from(low & 0x7f) | u16::from(*high) << 7, rest))
        }
        _ => None,
    }
}

/// Calls `take` with each field.
#[inline]
pub(super) fn fields<'a>(
    bytes: &'a [u8],
    mut take: impl FnMut(u32, Value<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut reader = Reader(bytes);
    while let Some((number, value)) = reader.field()? {
        take(number, value)?;
    }
    Ok(())
}

/// A raw shape as a message: what its fields are called by number.
///
/// A field that comes more than once is read as protobuf says: messages merge, of anything else the last one
/// holds. A field of another wire type than its own counts as unknown, and unknown fields are skipped.
pub(in super::super) trait Message<'a>: Default {
    /// Takes in one field.
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault>;

    /// Takes in all fields. At a fault it holds what came before.
    #[inline]
    fn merge(&mut self, bytes: &'a [u8]) -> Result<(), Fault> {
        fields(bytes, |number, value| self.field(number, value))
    }

    /// A new one.
    #[inline]
    fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut message = Self::default();
        message.merge(bytes)?;
        Ok(message)
    }
}

impl<'a, M: Message<'a>> Message<'a> for Part<M> {
    #[inline]
    fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
        self.0.field(number, value)
    }
}

/// Messages as tables: the number of a field, as what it is read, and which part of the shape takes it. Other
/// fields are passed over.
macro_rules! messages {
    ($($(#[$doc:meta])* $shape:ty { $($number:literal => $read:ident $($part:tt).+;)+ })+) => {$(
        $(#[$doc])*
        impl<'a> Message<'a> for $shape {
            #[inline]
            fn field(&mut self, number: u32, value: Value<'a>) -> Result<(), Fault> {
                match number {
                    $($number => value.$read(&mut self.$($part).+),)+
                    _ => Ok(()),
                }
            }
        }
    )+};
}
pub(super) use messages;

/// Text that need not be UTF-8: what is not is replaced, never refused.
#[inline]
pub(in super::super) fn text(bytes: &[u8]) -> Str<'_> {
    Str(match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    })
}

impl<'a> Value<'a> {
    #[inline]
    pub(in super::super) fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Number(_) | Self::Fixed => None,
        }
    }

    #[inline]
    pub(super) fn text(self, into: &mut Str<'a>) -> Result<(), Fault> {
        if let Self::Bytes(bytes) = self {
            *into = text(bytes);
        }
        Ok(())
    }

    #[inline]
    pub(super) fn texts(self, into: &mut List<Str<'a>>) -> Result<(), Fault> {
        if let Self::Bytes(bytes) = self {
            into.0.push(text(bytes));
        }
        Ok(())
    }

    #[inline]
    pub(super) fn message<M: Message<'a>>(self, into: &mut M) -> Result<(), Fault> {
        match self {
            Self::Bytes(bytes) => into.merge(bytes),
            Self::Number(_) | Self::Fixed => Ok(()),
        }
    }

    #[inline]
    pub(super) fn option<M: Message<'a>>(self, into: &mut Option<M>) -> Result<(), Fault> {
        match self {
            Self::Bytes(bytes) => into.get_or_insert_default().merge(bytes),
            Self::Number(_) | Self::Fixed => Ok(()),
        }
    }

    #[inline]
    pub(super) fn list<M: Message<'a>>(self, into: &mut List<M>) -> Result<(), Fault> {
        if let Self::Bytes(bytes) = self {
            into.0.push(M::read(bytes)?);
        }
        Ok(())
    }

    /// An int32. Negative ones come as ten bytes.
    #[inline]
    pub(super) fn int32(self, into: &mut Option<i64>) -> Result<(), Fault> {
        if let Self::Number(number) = self {
            *into = Some(i64::from(number as i32));
        }
        Ok(())
    }

    #[inline]
    pub(super) fn int64(self, into: &mut Option<i64>) -> Result<(), Fault> {
        if let Self::Number(number) = self {
            *into = Some(number as i64);
        }
        Ok(())
    }

    #[inline]
    pub(super) fn bool(self, into: &mut Option<bool>) -> Result<(), Fault> {
        if let Self::Number(number) = self {
            *into = Some(number != 0);
        }
        Ok(())
    }

    /// A Time or a MicroTime; one without a byte is Go's zero time and means none.
    pub(in super::super) fn time(self, into: &mut RawTime) -> Result<(), Fault> {
        let Self::Bytes(bytes) = self else {
            return Ok(());
        };
        let (mut seconds, mut nanos) = (0, 0);
        fields(bytes, |number, value| {
            match (number, value) {
                (1, Self::Number(value)) => seconds = value as i64,
                (2, Self::Number(value)) => nanos = value,
                _ => {}
            }
            Ok(())
        })?;
        *into = if bytes.is_empty() {
            RawTime::default()
        } else {
            let nanos = u32::try_from(nanos).ok().filter(|n| *n < 1_000_000_000);
            RawTime::at(seconds, nanos.unwrap_or(0))
        };
        Ok(())
    }

    /// An entry of a map of texts.
    #[inline]
    pub(super) fn pair(self, into: &mut Pairs<'a>) -> Result<(), Fault> {
        if let Self::Bytes(bytes) = self {
            let (key, value) = entry(bytes)?;
            into.0.push((text(key), text(value)));
        }
        Ok(())
    }

    /// An annotation, if its key is kept.
    #[inline]
    pub(super) fn annotation(self, into: &mut Annotations<'a>) -> Result<(), Fault> {
        if let Self::Bytes(bytes) = self {
            let (key, value) = entry(bytes)?;
            let key = text(key);
            if super::super::keeps_annotation(&key) {
                into.0.0.push((key, text(value)));
            }
        }
        Ok(())
    }

    /// The text of a Quantity.
    fn quantity(bytes: &'a [u8]) -> Result<Str<'a>, Fault> {
        let mut found = Str::default();
        fields(bytes, |number, value| match number {
            1 => value.text(&mut found),
            _ => Ok(()),
        })?;
        Ok(found)
    }

    /// An entry of a ResourceList.
    pub(super) fn amount(self, into: &mut super::super::node::RawAmounts) -> Result<(), Fault> {
        let Self::Bytes(bytes) = self else {
            return Ok(());
        };
        let (key, value) = entry(bytes)?;
        match key {
            b"cpu" => into.cpu = Some(Millis::of(&Self::quantity(value)?)),
            b"memory" => into.memory = Some(Whole::of(&Self::quantity(value)?)),
            b"ephemeral-storage" => into.storage = Some(Whole::of(&Self::quantity(value)?)),
            b"pods" => into.pods = Some(Whole::of(&Self::quantity(value)?)),
            _ => {}
        }
        Ok(())
    }
}

/// Key and value of a map's entry; what is absent is empty.
#[inline]
fn entry(bytes: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let (mut key, mut value): (&[u8], &[u8]) = (b"", b"");
    fields(bytes, |number, found| {
        match (number, found) {
            (1, Value::Bytes(found)) => key = found,
            (2, Value::Bytes(found)) => value = found,
            _ => {}
        }
        Ok(())
    })?;
    Ok((key, value))
}
