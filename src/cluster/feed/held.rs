//! The beginning of what a body's chunk cut off, until the rest of it comes.

/// A buffer above this is given back after what it held.
const KEEP: usize = 1 << 20;

/// Bytes of one frame or item, as far as they came.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: Vec<u8>,
    given: bool,
}

impl Held {
    /// Drops what was given out. To be called before anything else is held.
    pub(super) fn renew(&mut self) {
        if self.given {
            self.clear();
            self.bytes.shrink_to(KEEP);
        }
    }

    /// What is held, whole by now: it is dropped at the next [`Self::renew`].
    pub(super) fn give(&mut self) -> &[u8] {
        self.given = true;
        &self.bytes
    }

    /// Takes bytes off the chunk until so many are held, or it is used up.
    pub(super) fn hold(&mut self, chunk: &mut &[u8], bytes: usize) {
        let want = bytes.saturating_sub(self.bytes.len()).min(chunk.len());
        let (taken, rest) = chunk.split_at(want);
        self.push(taken);
        *chunk = rest;
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn clear(&mut self) {
        self.given = false;
        self.bytes.clear();
    }

    /// Whether something is held that is not whole.
    pub(super) fn is_waiting(&self) -> bool {
        !self.given && !self.bytes.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}
