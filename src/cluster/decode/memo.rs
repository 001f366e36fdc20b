//! What bytes were read as, for bytes that come again and again.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

/// What an entry costs beside its key.
const ENTRY: usize = 64;

/// Finds what was made of the same bytes before. It holds at most about twice `limit` bytes: when the young
/// half is full the old half is let go and the young one grows old; what is found in the old half moves on to
/// the young one.
#[derive(Debug)]
pub(super) struct Memo<V> {
    young: Half<V>,
    old: Half<V>,
    hasher: DefaultHashBuilder,
    limit: usize,
}

type Entry<V> = (u64, Box<[u8]>, V);

#[derive(Debug)]
struct Half<V> {
    entries: HashTable<Entry<V>>,
    bytes: usize,
}

impl<V> Default for Half<V> {
    fn default() -> Self {
        Self {
            entries: HashTable::new(),
            bytes: 0,
        }
    }
}

impl<V: Clone> Memo<V> {
    /// Remembers nothing yet; `limit` is in bytes, a half of what it may come to hold.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            young: Half::default(),
            old: Half::default(),
            hasher: DefaultHashBuilder::default(),
            limit,
        }
    }

    fn hash(&self, key: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(key);
        hasher.finish()
    }

    /// What was put for just these bytes.
    #[inline]
    pub(super) fn get(&mut self, key: &[u8]) -> Option<V> {
        let hash = self.hash(key);
        let same = |(h, k, _): &Entry<V>| *h == hash && **k == *key;
        if let Some((_, _, value)) = self.young.entries.find(hash, same) {
            return Some(value.clone());
        }
        let (entry, _) = self.old.entries.find_entry(hash, same).ok()?.remove();
        let value = entry.2.clone();
        self.insert(entry);
        Some(value)
    }

    /// Remembers what was not found.
    pub(super) fn put(&mut self, key: &[u8], value: V) {
        // What fills a good part of the room alone is not worth its place.
        if key.len() < self.limit / 8 {
            self.insert((self.hash(key), key.into(), value));
        }
    }

    fn insert(&mut self, entry: Entry<V>) {
        if self.young.bytes >= self.limit {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.bytes += ENTRY + entry.1.len();
        self.young.entries.insert_unique(entry.0, entry, |e| e.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut memo = Memo::new(1_000);
        memo.put(b"held", 0);
        for i in 1..1_000_u32 {
            assert_eq!(memo.get(&i.to_le_bytes()), None);
            memo.put(&i.to_le_bytes(), i);
            assert_eq!(memo.get(b"held"), Some(0), "{i}");
            assert_eq!(memo.get(&i.to_le_bytes()), Some(i));
        }
        assert_eq!(memo.get(&1_u32.to_le_bytes()), None);
        assert!(memo.young.entries.len() + memo.old.entries.len() < 40);
        memo.put(&[7; 500], 7);
        assert_eq!(memo.get(&[7; 500]), None);
    }
}
