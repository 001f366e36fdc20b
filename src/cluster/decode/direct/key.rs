//! The parts of a pod's message: what is read of each, and the keys by which what they share is found.

use super::super::proto::{Reader, Value};
use super::super::raw::RawTime;

/// One part of a key: what it is, its length, its bytes.
#[inline]
pub(super) fn record(key: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    let length = (bytes.len() as u32).to_le_bytes();
    key.extend_from_slice(&[tag, length[0], length[1], length[2], length[3]]);
    key.extend_from_slice(bytes);
}

/// Puts what should come but once.
#[inline]
pub(super) fn once<'a>(slot: &mut Option<&'a [u8]>, bytes: &'a [u8]) -> Option<()> {
    match slot.replace(bytes) {
        None => Some(()),
        Some(_) => None,
    }
}

#[inline]
pub(super) fn time(value: Value<'_>) -> Option<RawTime> {
    let mut time = RawTime::default();
    if let Value::Bytes([8, rest @ ..]) = value {
        // Seconds since 1970 in five bytes and no nanoseconds, as objects have it from 2004 on.
        if let [a, b, c, d, e @ 0..0x80, 16, 0] = rest
            && [a, b, c, d].iter().all(|byte| **byte >= 0x80)
        {
            let bits = [a, b, c, d, e].map(|byte| i64::from(byte & 0x7f));
            let seconds = bits.iter().rev().fold(0, |sum, bits| sum << 7 | bits);
            return Some(RawTime::at(seconds, 0));
        }
    }
    value.time(&mut time).ok()?;
    Some(time)
}

/// What a container status says.
#[derive(Debug, Default)]
pub(super) struct Seen<'a> {
    pub(super) name: &'a [u8],
    pub(super) state: Option<&'a [u8]>,
    pub(super) last: Option<&'a [u8]>,
    pub(super) restarts: i32,
    pub(super) ready: bool,
    pub(super) started: bool,
}

pub(super) struct Controller<'a> {
    pub(super) kind: &'a [u8],
    pub(super) name: &'a [u8],
    pub(super) uid: &'a [u8],
}

/// An owner reference, if it is the controller's; `None` at a fault.
pub(super) fn controller(bytes: &[u8]) -> Option<Option<Controller<'_>>> {
    let mut owner = Controller {
        kind: b"",
        name: b"",
        uid: b"",
    };
    let mut controls = false;
    let mut reader = Reader(bytes);
    while let Some(field) = reader.next()? {
        match field {
            (1, Value::Bytes(bytes)) => owner.kind = bytes,
            (3, Value::Bytes(bytes)) => owner.name = bytes,
            (4, Value::Bytes(bytes)) => owner.uid = bytes,
            (6, Value::Number(number)) => controls = number != 0,
            _ => {}
        }
    }
    Some(controls.then_some(owner))
}

/// Two texts of a message, by their numbers.
#[inline]
pub(super) fn texts(bytes: &[u8], numbers: [u32; 2]) -> Option<[&[u8]; 2]> {
    let mut found: [&[u8]; 2] = [b"", b""];
    let mut reader = Reader(bytes);
    while let Some((number, value)) = reader.next()? {
        if let Value::Bytes(bytes) = value {
            if number == numbers[0] {
                found[0] = bytes;
            } else if number == numbers[1] {
                found[1] = bytes;
            }
        }
    }
    Some(found)
}

pub(super) fn running(bytes: &[u8]) -> Option<RawTime> {
    let mut since = RawTime::default();
    let mut reader = Reader(bytes);
    while let Some((number, value)) = reader.next()? {
        if let (1, Value::Bytes(_)) = (number, value) {
            since = time(value)?;
        }
    }
    Some(since)
}

/// Strings together what a condition says, which is all of it but when it began; that comes back.
pub(super) fn condition(key: &mut Vec<u8>, bytes: &[u8]) -> Option<RawTime> {
    let mut since = RawTime::default();
    let mut reader = Reader(bytes);
    let mut from = 0;
    loop {
        let at = bytes.len() - reader.left();
        let Some((number, value)) = reader.next()? else {
            break;
        };
        if let (4, Value::Bytes(_)) = (number, value) {
            since = time(value)?;
            record(key, 1, bytes.get(from..at)?);
            from = bytes.len() - reader.left();
        }
    }
    record(key, 0, bytes.get(from..)?);
    Some(since)
}

/// Key and value of a map's entry; what is absent is empty.
#[inline]
pub(super) fn entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [key, value] = texts(bytes, [1, 2])?;
    Some((key, value))
}

/// Tags of a spec's key that are no field numbers of a spec.
pub(super) const MAIN_STATUS: u8 = 100;
pub(super) const INIT_STATUS: u8 = 101;
const NAME: u8 = 102;
const PART: u8 = 110;

/// A container status; strings together the amounts in it, which count for the pod's request.
pub(super) fn seen<'a>(key: &mut Vec<u8>, bytes: &'a [u8]) -> Option<Seen<'a>> {
    let mut seen = Seen {
        name: b"",
        state: None,
        last: None,
        restarts: 0,
        ready: false,
        started: false,
    };
    let mut reader = Reader(bytes);
    while let Some((number, value)) = reader.next()? {
        match (number, value) {
            (1, Value::Bytes(bytes)) => seen.name = bytes,
            (2, Value::Bytes(bytes)) => once(&mut seen.state, bytes)?,
            (3, Value::Bytes(bytes)) => once(&mut seen.last, bytes)?,
            (4, Value::Number(number)) => seen.ready = number != 0,
            (5, Value::Number(number)) => seen.restarts = number as i32,
            (9, Value::Number(number)) => seen.started = number != 0,
            (10 | 11, Value::Bytes(bytes)) => record(key, PART + number as u8, bytes),
            _ => {}
        }
    }
    record(key, NAME, seen.name);
    Some(seen)
}

/// Strings together all of a spec from which a [`PodSpec`] is made; the node's name, which is not in it, comes
/// back.
pub(super) fn spec_key<'a>(key: &mut Vec<u8>, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let mut node: &[u8] = b"";
    let mut empty_dir = false;
    let mut reader = Reader(bytes);
    while let Some((number, value)) = reader.next()? {
        let tag = number as u8;
        match (number, value) {
            (1, Value::Bytes(volume)) => empty_dir |= is_empty_dir(volume)?,
            (2 | 20, Value::Bytes(container)) => {
                record(key, tag, b"");
                container_key(key, container)?;
            }
            (4 | 5, Value::Number(number)) => record(key, tag, &number.to_le_bytes()),
            (7 | 22 | 32 | 40, Value::Bytes(bytes)) => record(key, tag, bytes),
            (10, Value::Bytes(bytes)) => node = bytes,
            (18, Value::Bytes(affinity)) => affinity_key(key, affinity)?,
            _ => {}
        }
    }
    record(key, 1, &[u8::from(empty_dir)]);
    Some(node)
}

fn container_key(key: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    let mut reader = Reader(bytes);
    while let Some((number, value)) = reader.next()? {
        if let (1 | 2 | 8 | 24, Value::Bytes(bytes)) = (number, value) {
            record(key, PART + number as u8, bytes);
        }
    }
    Some(())
}

/// Of an affinity what it requires of the node.
fn affinity_key(key: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    let mut reader = Reader(bytes);
    while let Some((number, value)) = reader.next()? {
        if let (1, Value::Bytes(bytes)) = (number, value) {
            let mut reader = Reader(bytes);
            while let Some((number, value)) = reader.next()? {
                if let (1, Value::Bytes(required)) = (number, value) {
                    record(key, 18, required);
                }
            }
        }
    }
    Some(())
}

fn is_empty_dir(volume: &[u8]) -> Option<bool> {
    let mut found = false;
    let mut reader = Reader(volume);
    while let Some((number, value)) = reader.next()? {
        if let (2, Value::Bytes(source)) = (number, value) {
            let mut reader = Reader(source);
            while let Some((number, value)) = reader.next()? {
                found |= number == 2 && value.bytes().is_some();
            }
        }
    }
    Some(found)
}
