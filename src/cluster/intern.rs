//! One copy of a text that many objects carry.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::id::Text;

/// Shares equal texts, and lets go of those that nobody else holds: labels of a job are unique and would
/// otherwise stay for ever.
#[derive(Debug)]
pub struct Interner {
    texts: HashSet<Text>,
    sweep_at: usize,
    empty: Text,
}

/// Below this many texts a sweep is not worth its time.
const SMALL: usize = 4096;

impl Interner {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            texts: HashSet::new(),
            sweep_at: SMALL,
            empty: Arc::from(""),
        }
    }

    /// The shared copy of `text`.
    pub fn intern(&mut self, text: &str) -> Text {
        if text.is_empty() {
            return self.empty.clone();
        }
        if let Some(shared) = self.texts.get(text) {
            return shared.clone();
        }
        if self.texts.len() >= self.sweep_at {
            self.sweep();
        }
        let shared: Text = text.into();
        self.texts.insert(shared.clone());
        shared
    }

    /// The empty text.
    pub fn empty(&self) -> Text {
        self.empty.clone()
    }

    /// How many texts are held.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Drops what nobody else holds. It runs when the number of texts has doubled since the last time, so
    /// its cost spreads over the insertions.
    fn sweep(&mut self) {
        self.texts.retain(|t| Arc::strong_count(t) > 1);
        self.texts.shrink_to(self.texts.len() * 2);
        self.sweep_at = (self.texts.len() * 2).max(SMALL);
    }
}

impl Default for Interner {
    fn default() -> Self {
        Self::new()
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
}
