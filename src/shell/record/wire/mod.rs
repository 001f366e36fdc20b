//! What a recording is written in: our own names for everything that an event, an effect or a setting holds.
//!
//! The engine's types may change; the names in these tables do not, so that an older recording is still read.
//! The rules for a change:
//!
//! - A new field gets a line with a name of its own. Older recordings lack it: its type must say what that
//!   means ([`Wire::absent`]).
//! - A field that goes takes its line with it: what an older recording has under its name is ignored.
//! - A field or variant that is renamed keeps its name here.
//! - What cannot be said like that needs another [`VERSION`](super::VERSION).
//!
//! A structure is an object; of a choice the variant is a text, or an object with one entry whose value lists
//! what the variant holds. A field that says nothing is left out.

mod basic;
mod console;
mod many;
mod objects;
#[cfg(test)]
mod tests;
mod workloads;

use serde_json::{Map, Value};

/// What can be written and read back.
pub(crate) trait Wire: Sized {
    /// Writes it.
    fn put(&self) -> Value;

    /// Reads it.
    fn take(value: &Value) -> Result<Self, Wrong>;

    /// What it means that a field is not there; `None`: that it must be.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether it need not be written.
    fn is_absent(&self) -> bool {
        false
    }

    /// Any value, by chance.
    #[cfg(test)]
    fn any(dice: &mut tests::Dice) -> Self;
}

/// What is wrong with a value, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{}{what}", if place.is_empty() { "" } else { ": " })]
pub(crate) struct Wrong {
    place: String,
    what: String,
}

impl Wrong {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            place: String::new(),
            what: what.into(),
        }
    }

    /// The same, seen from one step further out.
    fn inside(mut self, name: &str) -> Self {
        let dot = if self.place.is_empty() { "" } else { "." };
        self.place = format!("{name}{dot}{}", self.place);
        self
    }
}

/// Writes a field, unless it says nothing.
pub(crate) fn put<T: Wire>(map: &mut Map<String, Value>, name: &str, field: &T) {
    if !field.is_absent() {
        map.insert(name.to_owned(), field.put());
    }
}

/// Reads a field.
pub(crate) fn take<T: Wire>(map: &Map<String, Value>, name: &str) -> Result<T, Wrong> {
    match map.get(name) {
        Some(value) => T::take(value).map_err(|e| e.inside(name)),
        None => T::absent().ok_or_else(|| Wrong::new("is not there").inside(name)),
    }
}

/// The fields of a structure.
pub(crate) fn fields(value: &Value) -> Result<&Map<String, Value>, Wrong> {
    value
        .as_object()
        .ok_or_else(|| Wrong::new("is no structure"))
}

/// A variant with what it holds.
fn variant(name: &str, mut held: Vec<Value>) -> Value {
    while held.last().is_some_and(Value::is_null) {
        held.pop();
    }
    if held.is_empty() {
        return name.into();
    }
    Value::Object(std::iter::once((name.to_owned(), Value::Array(held))).collect())
}

/// A variant's name and what it holds.
fn chosen(value: &Value) -> Result<(&str, &[Value]), Wrong> {
    if let Some(name) = value.as_str() {
        return Ok((name, &[]));
    }
    let wrong = || Wrong::new("is no choice");
    let mut entries = fields(value).map_err(|_| wrong())?.iter();
    let (name, held) = entries.next().ok_or_else(wrong)?;
    let held = held.as_array().ok_or_else(wrong)?;
    Ok((name, held))
}

/// What a variant holds at a place: nothing is written as null.
fn held<T: Wire>(values: &[Value], at: &mut usize) -> Result<T, Wrong> {
    let value = values.get(*at).unwrap_or(&Value::Null);
    *at += 1;
    match (value, T::absent()) {
        (Value::Null, Some(absent)) => Ok(absent),
        _ => T::take(value),
    }
}

/// The same when it is written.
fn hold<T: Wire>(value: &T) -> Value {
    if value.is_absent() {
        Value::Null
    } else {
        value.put()
    }
}

/// The table of a structure: each field and its name. `by default`: one whose fields all say nothing says
/// nothing itself.
macro_rules! structure {
    ($type:ty { $($field:ident: $name:literal),* $(,)? }) => {
        structure!(@ $type { $($field: $name),* } {});
    };
    ($type:ty, by default { $($field:ident: $name:literal),* $(,)? }) => {
        structure!(@ $type { $($field: $name),* } {
            fn absent() -> Option<Self> {
                Some(Self::default())
            }

            fn is_absent(&self) -> bool {
                *self == Self::default()
            }
        });
    };
    (@ $type:ty { $($field:ident: $name:literal),* } { $($more:tt)* }) => {
        impl $crate::shell::record::wire::Wire for $type {
            fn put(&self) -> serde_json::Value {
                let Self { $($field),* } = self;
                let mut map = serde_json::Map::new();
                $($crate::shell::record::wire::put(&mut map, $name, $field);)*
                serde_json::Value::Object(map)
            }

            fn take(value: &serde_json::Value) -> Result<Self, $crate::shell::record::wire::Wrong> {
                let map = $crate::shell::record::wire::fields(value)?;
                Ok(Self { $($field: $crate::shell::record::wire::take(map, $name)?),* })
            }

            $($more)*

            #[cfg(test)]
            fn any(dice: &mut $crate::shell::record::wire::tests::Dice) -> Self {
                Self { $($field: $crate::shell::record::wire::Wire::any(dice)),* }
            }
        }
    };
}

/// The table of a choice: each variant's name, and names for what it holds, in an order that stays.
macro_rules! choice {
    ($type:ty { $($name:literal => $variant:ident $(($($inner:ident),*))? $({ $($field:ident),* })?),* $(,)? }) => {
        impl $crate::shell::record::wire::Wire for $type {
            fn put(&self) -> serde_json::Value {
                match self {
                    $(Self::$variant $(($($inner),*))? $({ $($field),* })? =>
                        $crate::shell::record::wire::variant($name, vec![
                            $($($crate::shell::record::wire::hold($inner),)*)?
                            $($($crate::shell::record::wire::hold($field),)*)?
                        ]),)*
                }
            }

            fn take(value: &serde_json::Value) -> Result<Self, $crate::shell::record::wire::Wrong> {
                let (name, values) = $crate::shell::record::wire::chosen(value)?;
                let at = &mut 0;
                let _ = (values, &at);
                match name {
                    $($name => {
                        $($(let $inner = $crate::shell::record::wire::held(values, at)
                            .map_err(|e| e.inside($name))?;)*)?
                        $($(let $field = $crate::shell::record::wire::held(values, at)
                            .map_err(|e| e.inside($name))?;)*)?
                        Ok(Self::$variant $(($($inner),*))? $({ $($field),* })?)
                    })*
                    other => Err($crate::shell::record::wire::Wrong::new(
                        format!("{other:?} is not known to this version"),
                    )),
                }
            }

            #[cfg(test)]
            fn any(dice: &mut $crate::shell::record::wire::tests::Dice) -> Self {
                let names = [$($name),*];
                let name = names[dice.below(names.len())];
                $(if name == $name {
                    $($(let $inner = $crate::shell::record::wire::Wire::any(dice);)*)?
                    $($(let $field = $crate::shell::record::wire::Wire::any(dice);)*)?
                    return Self::$variant $(($($inner),*))? $({ $($field),* })?;
                })*
                unreachable!("a name of the table")
            }
        }
    };
}

use {choice, structure};
