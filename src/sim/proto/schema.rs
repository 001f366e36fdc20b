//! The table: `schema.txt` has a message a paragraph, `Name tag:field:type …`.
//!
//! Types: `s` string, `i` integer, `b` bool, `y` bytes, `t` Time, `m` MicroTime, `q` Quantity, `o` int or string,
//! `r` RawExtension, `f` FieldsV1, else a message. Before it `*` is a pointer, `[]` a list, `{}` a map by strings. A
//! field without a name is a message whose fields stand in the outer object.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Bool,
    Bytes,
    Time,
    MicroTime,
    Quantity,
    Either,
    Raw,
    Fields,
    /// A message, by its place in the table.
    Message(usize),
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Many {
    /// Always written.
    One,
    /// Written when it is there.
    Pointer,
    List,
    Map,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) tag: u32,
    /// Empty: its fields stand in the outer object.
    pub(super) name: &'static str,
    pub(super) many: Many,
    pub(super) kind: Kind,
}

#[derive(Debug, Default)]
pub(super) struct Schema {
    places: HashMap<&'static str, usize>,
    messages: Vec<Vec<Field>>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| read(include_str!("schema.txt")));

/// The table.
pub(super) fn schema() -> &'static Schema {
    &SCHEMA
}

impl Schema {
    /// Where a message stands.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// Its fields, by tag.
    pub(super) fn fields(&self, place: usize) -> &[Field] {
        self.messages.get(place).map_or(&[], Vec::as_slice)
    }
}

fn read(text: &'static str) -> Schema {
    let words = || text.split_ascii_whitespace();
    let mut schema = Schema::default();
    for name in words().filter(|w| !w.contains(':')) {
        schema.places.insert(name, schema.places.len());
    }
    for word in words() {
        let mut parts = word.splitn(3, ':');
        let (Some(tag), Some(name), Some(kind)) = (parts.next(), parts.next(), parts.next()) else {
            schema.messages.push(Vec::new());
            continue;
        };
        let (many, kind) = [("*", Many::Pointer), ("[]", Many::List), ("{}", Many::Map)]
            .into_iter()
            .find_map(|(sign, many)| Some((many, kind.strip_prefix(sign)?)))
            .unwrap_or((Many::One, kind));
        let kind = match kind {
            "s" => Kind::Text,
            "i" => Kind::Int,
            "b" => Kind::Bool,
            "y" => Kind::Bytes,
            "t" => Kind::Time,
            "m" => Kind::MicroTime,
            "q" => Kind::Quantity,
            "o" => Kind::Either,
            "r" => Kind::Raw,
            "f" => Kind::Fields,
            other => Kind::Message(schema.places.get(other).copied().unwrap_or(usize::MAX)),
        };
        let tag = tag.parse().unwrap_or(0);
        if let Some(fields) = schema.messages.last_mut() {
            fields.push(Field {
                tag,
                name,
                many,
                kind,
            });
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::resource::RESOURCES;

    #[test]
    fn whole() {
        let schema = schema();
        assert_eq!(schema.places.len(), schema.messages.len());
        for res in RESOURCES.iter().filter(|r| r.has_protobuf()) {
            let place = schema.place(res.kind).expect(res.kind);
            assert_eq!(
                (schema.fields(place)[0].tag, schema.fields(place)[0].name),
                (1, "metadata")
            );
        }
        for (name, place) in &schema.places {
            let fields = schema.fields(*place);
            assert!(fields.is_sorted_by_key(|f| f.tag), "{name}");
            for f in fields {
                assert!(
                    f.tag > 0 && f.kind != Kind::Message(usize::MAX),
                    "{name}.{}",
                    f.name
                );
            }
        }
    }
}
