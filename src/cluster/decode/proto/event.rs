//! What objects come in: watch events, the wrapper of a whole answer, lists, Status.

use super::super::frame::{OutlineObject, RawListMeta};
use super::super::meta::RawMeta;
use super::super::raw::Part;
use super::wire::{Fault, Message, Reader, Value, fields, text};

/// What stands before the wrapper of a whole answer, and of the object in a watch event.
pub(in crate::cluster) const MAGIC: &[u8] = b"k8s\0";

/// The content type that the wrapper may name.
const PROTOBUF: &[u8] = b"application/vnd.kubernetes.protobuf";

/// A WatchEvent: its type, and the wrapped object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Event<'a> {
    pub(in super::super) kind: &'a [u8],
    object: &'a [u8],
}

impl<'a> Event<'a> {
    pub(in super::super) fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut event = Self::default();
        fields(bytes, |number, value| {
            match (number, value) {
                (1, Value::Bytes(kind)) => event.kind = kind,
                // A RawExtension.
                (2, Value::Bytes(extension)) => fields(extension, |number, value| {
                    if let (1, Value::Bytes(object)) = (number, value) {
                        event.object = object;
                    }
                    Ok(())
                })?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(event)
    }

    /// What can be read of an event that is cut off, or in which a length is wrong.
    pub(in super::super) fn outline(bytes: &'a [u8]) -> (&'a [u8], OutlineObject<'a>) {
        let kind = leniently(bytes, 1).unwrap_or_default();
        let object = leniently(bytes, 2)
            .and_then(|extension| leniently(extension, 1))
            .and_then(|object| object.strip_prefix(MAGIC))
            .and_then(|unknown| leniently(unknown, 2))
            .map(outline)
            .unwrap_or_default();
        (kind, object)
    }

    /// The object's own message.
    pub(in super::super) fn object(&self) -> Result<&'a [u8], Fault> {
        unwrap(self.object)
    }
}

/// The message within `k8s\0` and Unknown.
pub(in super::super) fn unwrap(bytes: &[u8]) -> Result<&[u8], Fault> {
    let unknown = bytes.strip_prefix(MAGIC).ok_or(Fault::Foreign)?;
    let mut raw: &[u8] = &[];
    fields(unknown, |number, value| match (number, value) {
        (2, Value::Bytes(found)) => {
            raw = found;
            Ok(())
        }
        (3, Value::Bytes([_, ..])) => Err(Fault::Encoding),
        (4, Value::Bytes(kind)) if !kind.is_empty() && kind != PROTOBUF => Err(Fault::Encoding),
        _ => Ok(()),
    })?;
    Ok(raw)
}

/// What can be read of an object's metadata.
pub(in super::super) fn outline(object: &[u8]) -> OutlineObject<'_> {
    let mut meta = RawMeta::default();
    if let Some(bytes) = leniently(object, 1) {
        // It holds what came before a fault.
        let _ = meta.merge(bytes);
    }
    OutlineObject {
        metadata: Part(meta),
        ..OutlineObject::default()
    }
}

/// The first value of a field of bytes, or as much of it as there is.
fn leniently(bytes: &[u8], wanted: u32) -> Option<&[u8]> {
    let mut reader = Reader(bytes);
    loop {
        let mut ahead = reader;
        match reader.field() {
            Ok(Some((number, Value::Bytes(found)))) if number == wanted => return Some(found),
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(_) => {
                let (key, length) = (ahead.varint().ok()?, ahead.varint().ok()?);
                let cut = key == u64::from(wanted << 3 | 2) && length > ahead.0.len() as u64;
                return cut.then_some(ahead.0);
            }
        }
    }
}

/// Of an object that was removed what says which it was.
pub(in super::super) fn identity(object: &[u8]) -> Result<OutlineObject<'_>, Fault> {
    let mut outline = OutlineObject::default();
    let meta = &mut outline.metadata.0;
    fields(object, |number, value| match (number, value) {
        (1, Value::Bytes(bytes)) => fields(bytes, |number, value| match number {
            1 | 3 | 5 | 6 => meta.field(number, value),
            _ => Ok(()),
        }),
        _ => Ok(()),
    })?;
    Ok(outline)
}

/// Of an object only its metadata: of a bookmark.
pub(in super::super) fn metadata(object: &[u8]) -> Result<OutlineObject<'_>, Fault> {
    let mut outline = OutlineObject::default();
    fields(object, |number, value| match number {
        1 => value.message(&mut outline.metadata),
        _ => Ok(()),
    })?;
    Ok(outline)
}

/// A Status, as far as it can be read.
pub(in super::super) fn status(object: &[u8]) -> OutlineObject<'_> {
    let mut status = OutlineObject::default();
    let _ = fields(object, |number, value| match number {
        3 => value.text(&mut status.message),
        4 => value.text(&mut status.reason),
        6 => value.int32(&mut status.code),
        _ => Ok(()),
    });
    status
}

/// A list: calls `item` with the bytes of each, returns its metadata.
pub(in super::super) fn list<'a>(
    bytes: &'a [u8],
    mut item: impl FnMut(&'a [u8]),
) -> Result<RawListMeta<'a>, Fault> {
    let mut meta = RawListMeta::default();
    fields(bytes, |number, value| {
        match (number, value) {
            (1, _) => value.message(&mut meta)?,
            (2, Value::Bytes(bytes)) => item(bytes),
            _ => {}
        }
        Ok(())
    })?;
    Ok(meta)
}

/// The type of an event as text.
pub(in super::super) fn word(bytes: &[u8]) -> String {
    text(bytes).to_string()
}
