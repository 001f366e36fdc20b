//! Which rows a table shows and in which order: advanced by a number of rows at a time, kept by delta.
//!
//! Each row has a number (a slot). All rows in scope stand in one order; the filter decides which of them
//! are shown. A new sort collects and sorts beside the order that is shown and takes its place when it is
//! complete; a new filter is asked about the rows in their order, so that the first ones show first. Rows
//! that went are taken out of everything at once, so that what is shown never names the dead.

mod sorting;

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::merge::{Head, Merge};
use super::sorted::Sorted;
use sorting::Sorting;

/// What a row is sorted by.
pub(crate) trait Sortable: Ord {
    /// The n-th part of it: of two rows that differ in a head for the first time the lesser stands first.
    /// What only tells apart those that are alike is no part of it.
    fn head(&self, n: usize) -> Head;
}

/// What is known of the rows. `W` is how far a walk over all of them has come.
pub(crate) trait Look<K, S, W> {
    /// A row's place; `None`: it does not exist, or not in the table's scope.
    fn place(&self, key: &K) -> Option<S>;
    /// Whether the filter shows it. A slot is the row's until it is gone.
    fn passes(&self, slot: u32, key: &K) -> bool;
    /// The filter shows everything.
    fn passes_all(&self) -> bool;
    /// At most so many rows are in scope, as far as is known.
    fn most(&self) -> usize;
    /// Whether walks meet rows that are alike in their order.
    fn walks_in_order(&self) -> bool;
    /// Tells about some of the next rows in scope, at most so many; false: these were the last.
    fn walk(&self, walk: &mut W, rows: usize, tell: &mut dyn FnMut(K, S)) -> bool;
}

/// The index of one table: `K` names a row, `S` is its place.
#[derive(Clone, Debug)]
pub(crate) struct Index<K, S, W> {
    /// By slot.
    keys: Vec<Option<K>>,
    slots: HashTable<u32>,
    hasher: DefaultHashBuilder,
    free: Vec<u32>,
    /// By slot: where it stands in the order; `None`: it does not (yet).
    places: Vec<Option<S>>,
    /// By slot: whether the filter shows it.
    shown: Vec<bool>,
    order: Sorted,
    sorting: Option<Box<Sorting<S, W>>>,
    /// Whether the filter was asked about every row.
    judged: bool,
    /// Rows that changed and have not been looked at again.
    touched: VecDeque<u32>,
    /// Places of an order that is no more: given back a few at a time.
    spent: Vec<Option<S>>,
}

/// Places that are given back for the price of one row.
const SPENT: usize = 12;

impl<K, S, W> Default for Index<K, S, W> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            slots: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            free: Vec::new(),
            places: Vec::new(),
            shown: Vec::new(),
            order: Sorted::default(),
            sorting: None,
            judged: true,
            touched: VecDeque::new(),
            spent: Vec::new(),
        }
    }
}

impl<K: Clone + Eq + Hash + Ord, S: Sortable, W: Default> Index<K, S, W> {
    /// Sorts afresh: another sort. What is shown stays until then.
    pub(crate) fn sort(&mut self) {
        let old = self.sorting.take();
        let (freed, places) = old.map_or_else(Default::default, |old| (old.freed, old.places));
        self.spend(places);
        self.sorting = Some(Box::new(Sorting {
            places: Vec::with_capacity(self.keys.len()),
            walk: Some(W::default()),
            merge: Merge::default(),
            met: 0,
            next: 0,
            freed,
            again: false,
        }));
    }

    /// Asks the filter afresh: another filter. What it was not asked about is hidden.
    pub(crate) fn filter(&mut self) {
        self.shown.fill(false);
        self.order.doubt(true);
        self.judged = false;
    }

    /// What scope, filter or sort look at may have changed for any row. What is shown stays until then.
    pub(crate) fn renew(&mut self) {
        match &mut self.sorting {
            // Begun anew with every change it would never end.
            Some(sorting) => sorting.again = true,
            None => self.sort(),
        }
        self.order.doubt(false);
        self.judged = false;
    }

    /// A row is new or has changed; returns its slot.
    pub(crate) fn touch(&mut self, key: K) -> u32 {
        let slot = self.slot_for(key);
        self.touched.push_back(slot);
        slot
    }

    /// A row is gone; returns the slot that it had.
    pub(crate) fn gone(&mut self, key: &K) -> Option<u32> {
        let slot = self.slot(key)?;
        self.take_out(slot);
        self.release(slot);
        Some(slot)
    }

    /// Works for up to about `rows` rows; returns for how many it did. Less than asked for: all is done.
    pub(crate) fn work(&mut self, rows: usize, look: &impl Look<K, S, W>) -> usize {
        let mut done = 0;
        while done < rows {
            let left = rows - done;
            if self.sorting.is_some() {
                done += self.sort_on(left, look);
            } else if !self.judged {
                done += self.judge_on(left, look);
            } else if !self.touched.is_empty() {
                done += self.look_again(left, look);
            } else if !self.spent.is_empty() {
                let keep = self.spent.len().saturating_sub(left * SPENT);
                done += (self.spent.len() - keep).div_ceil(SPENT);
                self.spent.truncate(keep);
            } else {
                return done;
            }
        }
        done
    }

    /// Whether what is shown is as it should be.
    pub(crate) fn settled(&self) -> bool {
        self.sorting.is_none() && self.judged && self.touched.is_empty()
    }

    /// Whether there is nothing to work on.
    pub(crate) fn idle(&self) -> bool {
        self.settled() && self.spent.is_empty()
    }

    /// Rows that pass the filter.
    pub(crate) fn len(&self) -> usize {
        self.order.shown()
    }

    /// Rows in scope.
    pub(crate) fn total(&self) -> usize {
        self.order.len()
    }

    /// Where a row is shown.
    pub(crate) fn position(&self, key: &K) -> Option<usize> {
        let slot = self.slot(key)?;
        if !self.shown[slot as usize] || self.places[slot as usize].is_none() {
            return None;
        }
        let probe = probe(&self.places, &self.keys, slot);
        Some(self.order.position(&self.shown, probe))
    }

    /// Whether a row is in scope, shown or hidden.
    pub(crate) fn holds(&self, key: &K) -> bool {
        self.slot(key)
            .is_some_and(|slot| self.places[slot as usize].is_some())
    }

    /// The rows shown, from the n-th on.
    pub(crate) fn from(&self, n: usize) -> impl Iterator<Item = &K> {
        self.slots_from(n)
            .filter_map(|slot| self.keys.get(slot as usize)?.as_ref())
    }

    /// Their slots.
    pub(crate) fn slots_from(&self, n: usize) -> impl Iterator<Item = u32> {
        self.order.from(n, &self.shown)
    }

    /// The next row at or behind a slot, whether in scope or not.
    pub(crate) fn at_or_behind(&self, slot: u32) -> Option<(u32, &K)> {
        let rest = self.keys.get(slot as usize..)?;
        let row = (slot..).zip(rest);
        row.filter_map(|(slot, key)| Some((slot, key.as_ref()?)))
            .next()
    }

    fn spend(&mut self, mut places: Vec<Option<S>>) {
        if self.spent.is_empty() {
            self.spent = places;
        } else {
            self.spent.append(&mut places);
        }
    }

    fn slot(&self, key: &K) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        let same = |slot: &u32| self.keys[*slot as usize].as_ref() == Some(key);
        self.slots.find(hash, same).copied()
    }

    /// Makes room for a first walk at once: growing meanwhile would stop the others.
    fn reserve(&mut self, rows: usize) {
        if self.keys.is_empty() && rows > 0 {
            self.keys.reserve_exact(rows);
            self.places.reserve_exact(rows);
            self.shown.reserve_exact(rows);
            self.slots.reserve(rows, |_| 0);
        }
    }

    /// Like `slot_for`, where it may well have this one.
    fn slot_after(&mut self, guess: u32, key: K) -> u32 {
        match self.keys.get(guess as usize) {
            Some(Some(there)) if *there == key => guess,
            Some(_) | None => self.slot_for(key),
        }
    }

    fn slot_for(&mut self, key: K) -> u32 {
        if let Some(slot) = self.slot(&key) {
            return slot;
        }
        let hash = self.hasher.hash_one(&key);
        let slot = match self.free.pop() {
            Some(slot) => {
                self.keys[slot as usize] = Some(key);
                slot
            }
            None => {
                room(&mut self.keys);
                room(&mut self.places);
                self.keys.push(Some(key));
                self.places.push(None);
                self.shown.push(false);
                u32::try_from(self.keys.len() - 1).unwrap_or(u32::MAX)
            }
        };
        let (keys, hasher) = (&self.keys, &self.hasher);
        let again = |slot: &u32| match &keys[*slot as usize] {
            Some(key) => hasher.hash_one(key),
            None => 0,
        };
        self.slots.insert_unique(hash, slot, again);
        slot
    }

    /// Takes a row out of the order.
    fn take_out(&mut self, slot: u32) {
        let at = slot as usize;
        if self.places[at].is_some() {
            let probe = probe(&self.places, &self.keys, slot);
            self.order.remove(slot, self.shown[at], probe);
            self.places[at] = None;
        }
    }

    /// Forgets a row that stands nowhere. A sort that is under way goes on comparing it.
    fn release(&mut self, slot: u32) {
        let at = slot as usize;
        let Some(key) = &self.keys[at] else {
            return;
        };
        let hash = self.hasher.hash_one(key);
        if let Ok(found) = self.slots.find_entry(hash, |s| *s == slot) {
            found.remove();
        }
        self.shown[at] = false;
        match &mut self.sorting {
            Some(sorting) => sorting.freed.push(slot),
            None => {
                self.keys[at] = None;
                self.free.push(slot);
            }
        }
    }

    fn judge_on(&mut self, rows: usize, look: &impl Look<K, S, W>) -> usize {
        if look.passes_all() {
            self.shown.fill(true);
            self.order.show_all();
            self.judged = true;
            return 1;
        }
        let mut done = 0;
        while done < rows {
            let Some((run, slots)) = self.order.doubtful() else {
                self.judged = true;
                return done.max(1);
            };
            let mut count = 0;
            for slot in slots {
                let at = *slot as usize;
                let key = self.keys[at].as_ref();
                self.shown[at] = key.is_some_and(|key| look.passes(*slot, key));
                count += usize::from(self.shown[at]);
            }
            done += slots.len();
            self.order.judge(run, count);
        }
        done
    }

    fn look_again(&mut self, rows: usize, look: &impl Look<K, S, W>) -> usize {
        let mut done = 0;
        while done < rows
            && let Some(slot) = self.touched.pop_front()
        {
            done += 1;
            let at = slot as usize;
            let Some(key) = &self.keys[at] else { continue };
            let Some(place) = look.place(key) else {
                self.take_out(slot);
                self.release(slot);
                continue;
            };
            let shows = look.passes_all() || look.passes(slot, key);
            if self.places[at].as_ref() == Some(&place) {
                if self.shown[at] != shows {
                    let probe = probe(&self.places, &self.keys, slot);
                    self.order.turn(shows, probe);
                    self.shown[at] = shows;
                }
                continue;
            }
            self.take_out(slot);
            self.places[at] = Some(place);
            self.shown[at] = shows;
            let probe = probe(&self.places, &self.keys, slot);
            self.order.insert(slot, &self.shown, probe);
        }
        done
    }
}

/// Grows by an eighth where doubling would leave half of it empty.
fn room<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 8).max(64));
    }
}

fn compare<K: Ord, S: Ord>(places: &[Option<S>], keys: &[Option<K>], a: u32, b: u32) -> Ordering {
    let (a, b) = (a as usize, b as usize);
    places[a]
        .cmp(&places[b])
        .then_with(|| keys[a].cmp(&keys[b]))
}

/// How a row stands to this one.
fn probe<'a, K: Ord, S: Ord>(
    places: &'a [Option<S>],
    keys: &'a [Option<K>],
    slot: u32,
) -> impl Fn(u32) -> Ordering + 'a {
    move |row| compare(places, keys, row, slot)
}

#[cfg(test)]
mod tests;
