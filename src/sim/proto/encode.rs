//! Writes messages as the server's generated code does: fields by tag, what is no pointer even when it is zero.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::TAIL;
use super::schema::{Field, Kind, Many, schema};
use crate::sim::resource::Res;

/// The bare message of that name; empty for one that the table lacks.
pub(crate) fn message(name: &str, value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    if let (Some(place), Some(map)) = (schema().place(name), value.as_object()) {
        put_message(&mut out, place, map);
    }
    out
}

/// `k8s\0` and an Unknown around a bare message.
pub(crate) fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let mut out = envelope_head(api_version, kind, raw.len());
    out.extend_from_slice(raw);
    out.extend_from_slice(TAIL);
    out
}

/// The envelope up to a bare message of that length, which [`TAIL`] follows.
pub(crate) fn envelope_head(api_version: &str, kind: &str, len: usize) -> Vec<u8> {
    let mut out = b"k8s\0".to_vec();
    let size = field_size(api_version.len()) + field_size(kind.len());
    out.push(0x0a);
    varint(&mut out, size as u64);
    field(&mut out, 1, api_version.as_bytes());
    field(&mut out, 2, kind.as_bytes());
    out.push(0x12);
    varint(&mut out, len as u64);
    out
}

/// A frame of a watch: its length, and a bare WatchEvent around an object in its envelope.
pub(crate) fn event(out: &mut Vec<u8>, kind: &str, object: &[u8]) {
    let inner = field_size(object.len());
    let size = field_size(kind.len()) + field_size(inner);
    out.extend_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes());
    field(out, 1, kind.as_bytes());
    out.push(0x12);
    varint(out, inner as u64);
    field(out, 1, object);
}

/// The resource's envelope around a bare message.
pub(crate) fn of(res: Res, raw: &[u8]) -> Vec<u8> {
    envelope(&res.api_version(), res.kind, raw)
}

/// The metadata within a bare message: its first field, head and all, which is PartialObjectMetadata's only one.
pub(crate) fn metadata(raw: &[u8]) -> &[u8] {
    let (mut len, mut at) = (0usize, 1);
    while let Some(byte) = raw.get(at) {
        len |= usize::from(byte & 0x7f) << (7 * (at - 1));
        at += 1;
        if byte & 0x80 == 0 || at > 5 {
            break;
        }
    }
    raw.get(..at + len).unwrap_or_default()
}

/// Bytes of a field with a tag below 16 that holds so many.
pub(crate) fn field_size(len: usize) -> usize {
    let mut head = 2;
    let mut rest = len >> 7;
    while rest > 0 {
        head += 1;
        rest >>= 7;
    }
    head + len
}

/// A field of bytes.
pub(crate) fn field(out: &mut Vec<u8>, tag: u32, bytes: &[u8]) {
    field_head(out, tag, bytes.len());
    out.extend_from_slice(bytes);
}

/// The beginning of a field of that many bytes, which follow.
pub(crate) fn field_head(out: &mut Vec<u8>, tag: u32, len: usize) {
    varint(out, u64::from(tag) << 3 | 2);
    varint(out, len as u64);
}

fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn number(out: &mut Vec<u8>, tag: u32, n: i64) {
    varint(out, u64::from(tag) << 3);
    // A negative number goes as its two's complement.
    varint(out, n.cast_unsigned());
}

/// A field whose length is known once it is written.
fn nested(out: &mut Vec<u8>, tag: u32, write: impl FnOnce(&mut Vec<u8>)) {
    varint(out, u64::from(tag) << 3 | 2);
    let start = out.len();
    out.push(0);
    write(out);
    let len = out.len() - start - 1;
    if let Ok(short @ 0..0x80) = u8::try_from(len) {
        out[start] = short;
        return;
    }
    let mut head = Vec::with_capacity(5);
    varint(&mut head, len as u64);
    out.splice(start..=start, head);
}

fn put_message(out: &mut Vec<u8>, place: usize, map: &Map<String, Value>) {
    for f in schema().fields(place) {
        put_field(out, f, map);
    }
}

fn put_field(out: &mut Vec<u8>, f: &Field, map: &Map<String, Value>) {
    if f.name.is_empty() {
        if let Kind::Message(place) = f.kind {
            nested(out, f.tag, |out| put_message(out, place, map));
        }
        return;
    }
    let value = map.get(f.name).unwrap_or(&Value::Null);
    match f.many {
        Many::One => put(out, f.tag, f.kind, value),
        Many::Pointer if value.is_null() => {}
        Many::Pointer => put(out, f.tag, f.kind, value),
        Many::List => {
            for one in value.as_array().into_iter().flatten() {
                put(out, f.tag, f.kind, one);
            }
        }
        Many::Map => {
            let mut entries: Vec<_> = value.as_object().into_iter().flatten().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            for (key, one) in entries {
                nested(out, f.tag, |out| {
                    field(out, 1, key.as_bytes());
                    put(out, 2, f.kind, one);
                });
            }
        }
    }
}

fn put(out: &mut Vec<u8>, tag: u32, kind: Kind, value: &Value) {
    let text = value.as_str().unwrap_or_default();
    match kind {
        Kind::Text => field(out, tag, text.as_bytes()),
        Kind::Int => number(out, tag, value.as_i64().unwrap_or(0)),
        Kind::Bool => number(out, tag, i64::from(value == &Value::Bool(true))),
        Kind::Bytes if value.is_null() => {}
        Kind::Bytes => field(out, tag, &base64(text)),
        Kind::Time => nested(out, tag, |out| put_time(out, text, false)),
        Kind::MicroTime => nested(out, tag, |out| put_time(out, text, true)),
        Kind::Quantity => nested(out, tag, |out| match value {
            Value::String(text) => field(out, 1, text.as_bytes()),
            Value::Null => field(out, 1, b"0"),
            other => field(out, 1, other.to_string().as_bytes()),
        }),
        Kind::Either => nested(out, tag, |out| {
            number(out, 1, i64::from(value.is_string()));
            number(out, 2, value.as_i64().unwrap_or(0));
            field(out, 3, text.as_bytes());
        }),
        Kind::Raw | Kind::Fields => nested(out, tag, |out| {
            if !value.is_null() {
                field(out, 1, value.to_string().as_bytes());
            }
        }),
        Kind::Message(place) => nested(out, tag, |out| match value.as_object() {
            Some(map) => put_message(out, place, map),
            None => put_message(out, place, &Map::new()),
        }),
    }
}

/// Seconds and nanoseconds; nothing for no time.
fn put_time(out: &mut Vec<u8>, text: &str, micro: bool) {
    let Ok(at) = DateTime::parse_from_rfc3339(text) else {
        return;
    };
    let at = at.with_timezone(&Utc);
    number(out, 1, at.timestamp());
    let nanos = i64::from(at.timestamp_subsec_micros()) * 1000;
    number(out, 2, if micro { nanos } else { 0 });
}

/// Undoes base64; what is no digit of it is passed over.
fn base64(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0);
    for c in text.bytes() {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}
