//! One copy of what many objects carry.
//!
//! Both kinds of store let go of what nobody else holds: messages of a scheduler, images of a build and the
//! like come and go and would otherwise stay for ever. A sweep runs when the number of entries has doubled
//! since the last one, so its cost spreads over the insertions.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::model::id::Text;

/// Below this many entries a sweep is not worth its time.
const SMALL: usize = 4096;

/// Shares equal texts.
#[derive(Debug, Default)]
pub struct Interner {
    texts: HashTable<Text>,
    hasher: DefaultHashBuilder,
    sweep_at: usize,
}

impl Interner {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The shared copy of `text`.
    pub fn intern(&mut self, text: &str) -> Text {
        if text.is_empty() {
            return self.empty();
        }
        if let Some(shared) = self.known(text.as_bytes()) {
            return shared;
        }
        let code = hash(&self.hasher, text.as_bytes());
        if self.texts.len() >= self.sweep_at.max(SMALL) {
            self.texts.retain(|t| Arc::strong_count(t) > 1);
            self.sweep_at = self.texts.len() * 2;
            let room = self.sweep_at.max(SMALL);
            self.texts
                .shrink_to(room, |t| hash(&self.hasher, t.as_bytes()));
        }
        let shared: Text = text.into();
        self.texts
            .insert_unique(code, shared.clone(), |t| hash(&self.hasher, t.as_bytes()));
        shared
    }

    /// The shared copy of the text of just these bytes, if there is one.
    #[inline]
    pub fn known(&self, text: &[u8]) -> Option<Text> {
        if text.is_empty() {
            return Some(self.empty());
        }
        let code = hash(&self.hasher, text);
        let known = self.texts.find(code, |t| t.as_bytes() == text);
        known.cloned()
    }

    /// The empty text.
    pub fn empty(&self) -> Text {
        crate::model::id::empty()
    }

    /// How many texts are held.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

fn hash(hasher: &DefaultHashBuilder, bytes: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(bytes);
    hasher.finish()
}

/// Shares equal values that are found by what they are made of, before they are made.
#[derive(Debug)]
pub(super) struct Pool<T: ?Sized> {
    entries: HashTable<(u64, Arc<T>)>,
    hasher: DefaultHashBuilder,
    sweep_at: usize,
}

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Self {
            entries: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            sweep_at: 0,
        }
    }
}

impl<T: ?Sized> Pool<T> {
    /// The hash of what a value is made of.
    pub(super) fn hash(&self, of: impl IntoIterator<Item = impl Hash>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for part in of {
            part.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The value of this hash that is the `same`.
    pub(super) fn get(&self, hash: u64, same: impl Fn(&T) -> bool) -> Option<Arc<T>> {
        let found = self
            .entries
            .find(hash, |(h, value)| *h == hash && same(value));
        found.map(|(_, value)| value.clone())
    }

    /// Shares a value that was not found.
    pub(super) fn put(&mut self, hash: u64, value: Arc<T>) -> Arc<T> {
        if self.entries.len() >= self.sweep_at.max(SMALL) {
            self.entries.retain(|(_, v)| Arc::strong_count(v) > 1);
            self.sweep_at = self.entries.len() * 2;
            let room = self.sweep_at.max(SMALL);
            self.entries.shrink_to(room, |(h, _)| *h);
        }
        self.entries
            .insert_unique(hash, (hash, value.clone()), |(h, _)| *h);
        value
    }

    /// How many values are held.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one() {
        let mut interner = Interner::new();
        let a = interner.intern("app");
        let b = interner.intern("app");
        assert!(Arc::ptr_eq(&a, &b));
        assert!(Arc::ptr_eq(&interner.intern(""), &interner.empty()));
        assert_eq!(interner.len(), 1);
    }

    #[test]
    fn unique_texts_are_let_go_and_held_ones_stay() {
        let mut interner = Interner::new();
        let held = interner.intern("held");
        for i in 0..100_000 {
            interner.intern(&format!("job-{i}"));
        }
        assert!(interner.len() <= SMALL, "{}", interner.len());
        assert!(Arc::ptr_eq(&held, &interner.intern("held")));
    }

    #[test]
    fn a_pool_lets_go_too() {
        let mut pool: Pool<String> = Pool::default();
        let mut share = |text: &str| {
            let hash = pool.hash([text]);
            let known = pool.get(hash, |t| t == text);
            let shared = known.unwrap_or_else(|| pool.put(hash, Arc::new(text.to_owned())));
            (shared, pool.len())
        };
        let (held, _) = share("held");
        for i in 0..100_000 {
            share(&format!("job-{i}"));
        }
        let (again, len) = share("held");
        assert!(Arc::ptr_eq(&held, &again) && len <= SMALL, "{len}");
    }
}
