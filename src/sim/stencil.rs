//! Objects of which thousands differ in a few texts and times alone: their bytes are made when somebody asks for them,
//! from bytes that they share and the texts that are their own.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Timelike};
use serde_json::Value;

use super::object::encode;
use super::proto;
use super::resource::Res;

/// What may differ. Its width is fixed: another width is another stencil.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    /// A string of so many bytes, of characters that JSON writes as they are.
    Text(u8),
    /// A `metav1.Time`, kept as seconds since 1970 in four bytes; from 1979 on.
    Time,
}

/// The place of the resourceVersion among the slots of every stencil.
pub(crate) const REVISION: usize = 0;

impl Slot {
    /// Bytes among an object's own.
    fn kept(self) -> usize {
        match self {
            Slot::Text(width) => usize::from(width),
            Slot::Time => 4,
        }
    }

    /// Bytes in the message: a time's seconds are a varint of five.
    fn in_proto(self) -> usize {
        match self {
            Slot::Text(width) => usize::from(width),
            Slot::Time => 5,
        }
    }

    fn in_json(self) -> usize {
        match self {
            Slot::Text(width) => usize::from(width),
            Slot::Time => TIME_WIDTH,
        }
    }

    /// Two texts that differ in the first byte of either form.
    fn sample(self, other: bool) -> String {
        match self {
            Slot::Text(width) => if other { "b" } else { "a" }.repeat(usize::from(width)),
            Slot::Time => TIMES[usize::from(other)].to_owned(),
        }
    }
}

/// `2026-01-02T03:04:05Z`
const TIME_WIDTH: usize = 20;
/// Their first digits differ, and the lowest seven bits of their seconds.
const TIMES: [&str; 2] = ["1999-12-31T23:59:57Z", "2222-02-22T22:22:22Z"];
/// Seconds that take five bytes as a varint, as all later ones of four bytes do.
const EARLIEST: u32 = 1 << 28;

/// What objects of one make share.
#[derive(Debug)]
pub(crate) struct Stencil {
    slots: Box<[Slot]>,
    json: Cut,
    proto: Cut,
    /// Where the metadata ends in the JSON.
    pub meta_end: usize,
}

/// Bytes, and where which slot stands in them.
#[derive(Debug)]
struct Cut {
    bytes: Box<[u8]>,
    holes: Box<[(u32, u8)]>,
}

/// An object's own texts.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub stencil: Arc<Stencil>,
    own: Box<[u8]>,
}

impl Stencil {
    /// Finds out where the slots stand: `value` makes the object of these texts, each of which has its slot's width and
    /// comes to stand as it is, wherever and as often as it does. The first slot is the resourceVersion.
    pub(crate) fn cut(res: Res, slots: &[Slot], value: impl Fn(&[String]) -> Value) -> Stencil {
        let base: Vec<String> = slots.iter().map(|s| s.sample(false)).collect();
        let made = |texts: &[String]| {
            let value = value(texts);
            let (json, meta_end) = encode(res, &value);
            (json, proto::message(res.kind, &value), meta_end)
        };
        let (json, message, meta_end) = made(&base);
        let (mut in_json, mut in_proto) = (Vec::new(), Vec::new());
        for (i, slot) in slots.iter().enumerate() {
            let mut texts = base.clone();
            texts[i] = slot.sample(true);
            let (other_json, other_message, _) = made(&texts);
            let number = u8::try_from(i).unwrap_or(u8::MAX);
            holes(&json, &other_json, slot.in_json(), number, &mut in_json);
            holes(
                &message,
                &other_message,
                slot.in_proto(),
                number,
                &mut in_proto,
            );
        }
        let cut = |bytes: Vec<u8>, holes: Vec<(u32, u8)>| Cut {
            bytes: bytes.into(),
            holes: holes.into(),
        };
        Stencil {
            slots: slots.into(),
            json: cut(json.to_vec(), in_json),
            proto: cut(message, in_proto),
            meta_end,
        }
    }
}

/// Where two encodings differ, by stretches of that width.
fn holes(a: &[u8], b: &[u8], width: usize, slot: u8, out: &mut Vec<(u32, u8)>) {
    let mut at = 0;
    while at < a.len() {
        if a.get(at) == b.get(at) {
            at += 1;
        } else {
            out.push((u32::try_from(at).unwrap_or(u32::MAX), slot));
            at += width.max(1);
        }
    }
}

/// What goes into a slot.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Own<'a> {
    /// A text of the slot's width.
    Text(&'a str),
    /// Seconds since 1970.
    Time(i64),
}

impl Own<'_> {
    /// The slot that it fits.
    pub(crate) fn slot(self) -> Slot {
        match self {
            Own::Text(text) => Slot::Text(u8::try_from(text.len()).unwrap_or(u8::MAX)),
            Own::Time(_) => Slot::Time,
        }
    }
}

impl Stamp {
    /// An object's own texts, in the order of the stencil's slots; what is wider or narrower than its slot is cut or
    /// filled with blanks.
    pub(crate) fn new(stencil: Arc<Stencil>, own: &[Own<'_>]) -> Stamp {
        let mut bytes = Vec::with_capacity(stencil.slots.iter().map(|s| s.kept()).sum());
        for (slot, own) in stencil.slots.iter().zip(own) {
            let end = bytes.len() + slot.kept();
            match own {
                Own::Text(text) => bytes.extend_from_slice(text.as_bytes()),
                Own::Time(seconds) => {
                    let seconds = u32::try_from(*seconds).unwrap_or(EARLIEST).max(EARLIEST);
                    bytes.extend_from_slice(&seconds.to_le_bytes());
                }
            }
            bytes.resize(end, b' ');
        }
        Stamp {
            stencil,
            own: bytes.into(),
        }
    }

    /// The same with another resourceVersion; none when it needs another width.
    pub(crate) fn at_revision(&self, rv: u64) -> Option<Stamp> {
        let text = rv.to_string();
        let width = self.stencil.slots.get(REVISION)?.kept();
        let mut stamp = self.clone();
        stamp
            .own
            .get_mut(..width)
            .filter(|own| own.len() == text.len())?
            .copy_from_slice(text.as_bytes());
        Some(stamp)
    }

    /// Length of the message.
    pub(crate) fn proto_len(&self) -> usize {
        self.stencil.proto.bytes.len()
    }

    /// Length of the JSON.
    pub(crate) fn json_len(&self) -> usize {
        self.stencil.json.bytes.len()
    }

    /// Appends the bare message.
    pub(crate) fn put_proto(&self, out: &mut Vec<u8>) {
        let places = self.places();
        let start = out.len();
        out.extend_from_slice(&self.stencil.proto.bytes);
        for (at, slot) in &self.stencil.proto.holes {
            let at = start + *at as usize;
            match self.own_of(&places, *slot) {
                Some((Slot::Text(_), own)) => put(out, at, own),
                Some((Slot::Time, own)) => put(out, at, &varint(own)),
                None => {}
            }
        }
    }

    /// Appends the JSON.
    pub(crate) fn put_json(&self, out: &mut Vec<u8>) {
        let places = self.places();
        let start = out.len();
        out.extend_from_slice(&self.stencil.json.bytes);
        for (at, slot) in &self.stencil.json.holes {
            let at = start + *at as usize;
            match self.own_of(&places, *slot) {
                Some((Slot::Text(_), own)) => put(out, at, own),
                Some((Slot::Time, own)) => put(out, at, &written(own)),
                None => {}
            }
        }
    }

    /// Where each slot's own bytes begin.
    fn places(&self) -> [u16; MOST] {
        let mut places = [0; MOST];
        let mut at = 0;
        for (place, slot) in places.iter_mut().zip(&self.stencil.slots) {
            *place = at;
            at += u16::try_from(slot.kept()).unwrap_or(0);
        }
        places
    }

    fn own_of(&self, places: &[u16; MOST], slot: u8) -> Option<(Slot, &[u8])> {
        let kind = *self.stencil.slots.get(usize::from(slot))?;
        let from = usize::from(*places.get(usize::from(slot))?);
        Some((kind, self.own.get(from..from + kind.kept())?))
    }
}

/// Slots of a stencil at most.
const MOST: usize = 24;

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(hole) = out.get_mut(at..at + bytes.len()) {
        hole.copy_from_slice(bytes);
    }
}

fn seconds(own: &[u8]) -> u32 {
    own.try_into().map_or(EARLIEST, u32::from_le_bytes)
}

fn varint(own: &[u8]) -> [u8; 5] {
    let n = seconds(own);
    let low = |shift: u32| ((n >> shift) & 0x7f) as u8 | 0x80;
    [low(0), low(7), low(14), low(21), (n >> 28) as u8]
}

fn written(own: &[u8]) -> [u8; TIME_WIDTH] {
    let mut out = *b"0000-00-00T00:00:00Z";
    let Some(at) = DateTime::from_timestamp(i64::from(seconds(own)), 0) else {
        return out;
    };
    let mut two = |place: usize, n: u32| {
        out[place] = b'0' + (n / 10 % 10) as u8;
        out[place + 1] = b'0' + (n % 10) as u8;
    };
    let year = at.year().unsigned_abs();
    two(0, year / 100);
    two(2, year % 100);
    two(5, at.month());
    two(8, at.day());
    two(11, at.hour());
    two(14, at.minute());
    two(17, at.second());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{resource, timestamp};
    use serde_json::json;

    fn pod(texts: &[String]) -> Value {
        json!({"metadata": {"name": format!("job-{}", texts[1]), "labels": {"a": "a", "id": texts[1]},
                "creationTimestamp": texts[2], "resourceVersion": texts[0]},
            "spec": {"nodeName": texts[3], "containers": [{"name": "c", "args": [texts[1], texts[3]]}]},
            "status": {"startTime": texts[2], "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": texts[4]}]}})
    }

    #[test]
    fn the_same_bytes_as_encoded_whole() {
        let res = resource("pods");
        for (rv, id, node, at, then) in [
            ("7", "100", "n-1", 1_760_000_000, 1_760_000_001),
            ("8", "b", "aaaaaaaaaa", 268_435_456, 4_294_967_295),
            ("12345", "cc", "x", 1_772_323_199, 1_000_000_000),
        ] {
            let own = [
                Own::Text(rv),
                Own::Text(id),
                Own::Time(at),
                Own::Text(node),
                Own::Time(then),
            ];
            let slots = own.map(Own::slot);
            let stamp = Stamp::new(Arc::new(Stencil::cut(res, &slots, pod)), &own);
            let time = |s| timestamp(DateTime::from_timestamp(s, 0).unwrap());
            let texts = [rv.into(), id.into(), time(at), node.into(), time(then)];
            let (mut json, mut message) = (Vec::new(), Vec::new());
            stamp.put_json(&mut json);
            stamp.put_proto(&mut message);
            assert_eq!(json, encode(res, &pod(&texts)).0);
            assert_eq!(message, proto::message("Pod", &pod(&texts)));
            assert_eq!(
                (stamp.json_len(), stamp.proto_len()),
                (json.len(), message.len())
            );
        }
    }

    #[test]
    fn another_revision_of_the_same_width() {
        let own = [
            Own::Text("99"),
            Own::Text("1"),
            Own::Time(1_760_000_000),
            Own::Text("n"),
            Own::Time(1_760_000_000),
        ];
        let stencil = Stencil::cut(resource("pods"), &own.map(Own::slot), pod);
        let stamp = Stamp::new(Arc::new(stencil), &own);
        let mut json = Vec::new();
        stamp.at_revision(98).unwrap().put_json(&mut json);
        let value: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(value["metadata"]["resourceVersion"], "98");
        assert!(stamp.at_revision(100).is_none());
    }
}
