//! What was read of the pods before, by the bytes from which it was made.

use std::sync::Arc;

use super::super::memo::Memo;
use super::super::proto::text;
use super::super::{harmless, keeps_annotation};
use super::key::{Seen, record};
use crate::model::labels::Keys;
use crate::model::{PodSpec, Said, Text, Time};

/// What was read before, and room to work in.
#[derive(Debug)]
pub(in super::super) struct Direct {
    pub(super) keys: Memo<Arc<Keys>>,
    /// Whether the annotation of this key is kept.
    pub(super) kept: Memo<bool>,
    /// The annotations of the pod before, in their order, and whether they are kept.
    row: Vec<(Vec<u8>, bool)>,
    /// How many annotations of this pod have been looked at.
    pub(super) at: usize,
    pub(super) specs: Memo<KnownSpec>,
    pub(super) said: Memo<Arc<[Said]>>,
    pub(super) labels: Packed,
    pub(super) annotations: Packed,
    pub(super) key: Vec<u8>,
    pub(super) said_key: Vec<u8>,
    pub(super) since: Vec<Option<Time>>,
    pub(super) namespace: Text,
    /// Empty: room for the statuses of init containers, and of the others.
    pub(super) seen: [Vec<Seen<'static>>; 2],
}

/// The room of a list for another one.
pub(super) fn emptied<'b>(mut list: Vec<Seen<'_>>) -> Vec<Seen<'b>> {
    list.clear();
    // What is collected from a list into one of the same shape stays where it is.
    list.into_iter().map(|_| Seen::default()).collect()
}

/// A spec whose containers' names are as they were written.
#[derive(Clone, Debug)]
pub(super) struct KnownSpec {
    pub(super) spec: Arc<PodSpec>,
    /// How many of its containers are init containers.
    pub(super) init: usize,
}

/// How many annotations of the pod before are known by their place, and how long a key of theirs may be.
const ROW: usize = 64;

impl Default for Direct {
    fn default() -> Self {
        Self {
            keys: Memo::new(64 << 10),
            kept: Memo::new(16 << 10),
            row: Vec::new(),
            at: 0,
            specs: Memo::new(256 << 10),
            said: Memo::new(64 << 10),
            labels: Packed::default(),
            annotations: Packed::default(),
            key: Vec::new(),
            said_key: Vec::new(),
            since: Vec::new(),
            namespace: crate::model::id::empty(),
            seen: Default::default(),
        }
    }
}

impl Direct {
    /// Whether the annotation of this key is kept; `None` if it is no text.
    #[inline]
    pub(super) fn keeps(&mut self, key: &[u8]) -> Option<bool> {
        let at = self.at;
        self.at += 1;
        match self.row.get(at) {
            Some((before, keeps)) if *before == key => Some(*keeps),
            _ => self.looked_up(at, key),
        }
    }

    #[inline(never)]
    fn looked_up(&mut self, at: usize, key: &[u8]) -> Option<bool> {
        let keeps = match self.kept.get(key) {
            Some(known) => known,
            None => {
                let keeps = keeps_annotation(std::str::from_utf8(key).ok()?);
                self.kept.put(key, keeps);
                keeps
            }
        };
        if at == self.row.len() && at < ROW {
            self.row.push(Default::default());
        }
        if let Some((before, kept)) = self.row.get_mut(at)
            && key.len() < ROW
        {
            before.clear();
            before.extend_from_slice(key);
            *kept = keeps;
        }
        Some(keeps)
    }
}

/// Labels or annotations: the values as the model packs them, and the keys. Mostly these are those of the
/// object before; else they are strung together, each after its length.
#[derive(Debug, Default)]
pub(super) struct Packed {
    pub(super) before: Option<Arc<Keys>>,
    /// Whether the keys so far are the first of those before.
    pub(super) alike: bool,
    pub(super) keys: Vec<u8>,
    pub(super) values: Vec<u8>,
    pub(super) count: usize,
}

impl Packed {
    pub(super) fn clear(&mut self) {
        self.alike = true;
        self.keys.clear();
        self.values.clear();
        self.count = 0;
    }

    /// `None` unless keys come in their order.
    #[inline]
    pub(super) fn push<'a>(
        &mut self,
        last: &mut &'a [u8],
        key: &'a [u8],
        value: &[u8],
    ) -> Option<()> {
        if self.alike {
            let before = self.before.as_ref().and_then(|keys| keys.at(self.count));
            if before.is_none_or(|before| before.as_bytes() != key) {
                self.part();
            }
        }
        if self.count > 0 {
            if !self.alike && key <= *last {
                return None;
            }
            self.values.push(0);
        }
        *last = key;
        self.count += 1;
        if !self.alike {
            record(&mut self.keys, 0, key);
        }
        if harmless::is_plain(value) {
            self.values.extend_from_slice(value);
        } else {
            let value = text(value);
            self.values
                .extend_from_slice(harmless::plain(&value).as_bytes());
        }
        Some(())
    }

    /// From here on they are others than before.
    pub(super) fn part(&mut self) {
        self.alike = false;
        let before = self.before.iter().flat_map(|keys| keys.iter());
        for key in before.take(self.count) {
            record(&mut self.keys, 0, key.as_bytes());
        }
    }
}
