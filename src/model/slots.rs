//! Values by a small number each (a slot), which is used again after its value went.

/// The values.
#[derive(Clone, Debug)]
pub(crate) struct Slots<T> {
    values: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slots<T> {
    pub(crate) fn get(&self, slot: u32) -> Option<&T> {
        self.values.get(slot as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        self.values.get_mut(slot as usize)?.as_mut()
    }

    /// Finds a slot for a value.
    pub(crate) fn put(&mut self, value: T) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.values[slot as usize] = Some(value);
            return slot;
        }
        room(&mut self.values);
        self.values.push(Some(value));
        u32::try_from(self.values.len() - 1).unwrap_or(u32::MAX)
    }

    /// Takes a value out; its slot is free.
    pub(crate) fn take(&mut self, slot: u32) -> Option<T> {
        let value = self.values.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        Some(value)
    }

    /// Slots that hold a value.
    pub(crate) fn len(&self) -> usize {
        self.values.len() - self.free.len()
    }

    /// Slots that there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.values.capacity()
    }
}

/// Grows by an eighth, where doubling would leave half of it empty.
pub(crate) fn room<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 8).max(64));
    }
}

const NONE: u32 = u32::MAX;

/// Lists of slots: each slot is in one list at most. A list is named by its first slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    /// By slot: the one before and the one behind.
    links: Vec<[u32; 2]>,
}

impl Lists {
    /// Puts a slot before the first one of a list; it is the first from now on.
    pub(crate) fn push(&mut self, first: Option<u32>, slot: u32) {
        while self.links.len() <= slot as usize {
            room(&mut self.links);
            self.links.push([NONE, NONE]);
        }
        self.links[slot as usize] = [NONE, first.unwrap_or(NONE)];
        if let Some(first) = first {
            self.links[first as usize][0] = slot;
        }
    }

    /// Takes a slot out. If it was the first: the one that is now (`None` inside: there is no other).
    pub(crate) fn take(&mut self, slot: u32) -> Option<Option<u32>> {
        let link = self.links.get_mut(slot as usize)?;
        let [before, behind] = std::mem::replace(link, [NONE, NONE]);
        if behind != NONE {
            self.links[behind as usize][0] = before;
        }
        if before == NONE {
            return Some((behind != NONE).then_some(behind));
        }
        self.links[before as usize][1] = behind;
        None
    }

    /// The slots of a list.
    pub(crate) fn iter(&self, first: Option<u32>) -> impl Iterator<Item = u32> {
        std::iter::successors(first, |slot| {
            let [_, behind] = self.links.get(*slot as usize)?;
            (*behind != NONE).then_some(*behind)
        })
    }

    /// Slots that there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.links.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again_and_lists_keep_together() {
        let mut slots = Slots::default();
        let [a, b, c] = ["a", "b", "c"].map(|v| slots.put(v));
        assert_eq!(
            (slots.take(b), slots.take(b), slots.len()),
            (Some("b"), None, 2)
        );
        assert_eq!(
            (slots.put("d"), slots.get(b), slots.get(7)),
            (b, Some(&"d"), None)
        );

        let mut lists = Lists::default();
        for (first, slot) in [(None, a), (Some(a), b), (Some(b), c)] {
            lists.push(first, slot);
        }
        let of = |lists: &Lists, first| lists.iter(first).collect::<Vec<_>>();
        assert_eq!(of(&lists, Some(c)), [c, b, a]);
        assert_eq!((lists.take(b), of(&lists, Some(c))), (None, vec![c, a]));
        assert_eq!(
            (lists.take(c), of(&lists, Some(a))),
            (Some(Some(a)), vec![a])
        );
        assert_eq!((lists.take(a), of(&lists, None)), (Some(None), vec![]));
    }
}
