//! Objects out of the JSON of an event or a list, without a tree between.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::frame::RawListMeta;
use super::raw::{Part, Str};
use super::{Decoder, Json};
use crate::model::{Kind, Object, Text};

struct ObjectSeed<'d> {
    decoder: &'d mut Decoder,
    kind: Kind,
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = (Object, Cow<'de, str>);

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        self.decoder.read(self.kind, Json(from))
    }
}

/// Reads the `object` of a frame.
pub(super) struct FrameVisitor<'d> {
    pub(super) decoder: &'d mut Decoder,
    pub(super) kind: Kind,
}

impl<'de> Visitor<'de> for FrameVisitor<'_> {
    type Value = Option<(Object, Cow<'de, str>)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a watch event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<Str<'de>>()? {
            if &*key == "object" {
                found = Some(map.next_value_seed(ObjectSeed {
                    decoder: &mut *self.decoder,
                    kind: self.kind,
                })?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

struct ItemsSeed<'d> {
    decoder: &'d mut Decoder,
    kind: Kind,
    items: &'d mut Vec<Result<Object, (Text, Text)>>,
}

impl<'de> DeserializeSeed<'de> for ItemsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ItemsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some((object, _)) = seq.next_element_seed(ObjectSeed {
            decoder: &mut *self.decoder,
            kind: self.kind,
        })? {
            self.items.push(Ok(object));
        }
        Ok(())
    }
}

/// Reads the `items` of a page.
pub(super) struct PageVisitor<'d> {
    pub(super) decoder: &'d mut Decoder,
    pub(super) kind: Kind,
    pub(super) items: &'d mut Vec<Result<Object, (Text, Text)>>,
}

impl<'de> Visitor<'de> for PageVisitor<'_> {
    type Value = Part<RawListMeta<'de>>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut meta = Part::default();
        while let Some(key) = map.next_key::<Str<'de>>()? {
            match &*key {
                "items" => map.next_value_seed(ItemsSeed {
                    decoder: &mut *self.decoder,
                    kind: self.kind,
                    items: &mut *self.items,
                })?,
                "metadata" => meta = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(meta)
    }
}
