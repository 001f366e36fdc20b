//! A new order in the making: collected by a walk, sorted beside the order that is shown.

use std::cmp::Ordering;
use std::hash::Hash;

use super::{Index, Look, Sortable, compare, room};
use crate::engine::merge::{Entry, Head, Heads, Merge};
use crate::engine::sorted::Sorted;

/// What looking at a row costs in terms of rows moved while merging.
const MOVES: usize = 6;

/// A new order that is being made.
#[derive(Clone, Debug)]
pub(super) struct Sorting<S, W> {
    /// By slot.
    pub(super) places: Vec<Option<S>>,
    pub(super) walk: Option<W>,
    pub(super) merge: Merge,
    /// Rows that were met.
    pub(super) met: usize,
    /// The slot that the next row of the walk has, if walks still meet rows as they did.
    pub(super) next: u32,
    /// Slots that became free meanwhile: not before its end, so that no run names another row.
    pub(super) freed: Vec<u32>,
    /// What the rows are sorted by has changed meanwhile: once more.
    pub(super) again: bool,
}

impl<K: Clone + Eq + Hash + Ord, S: Sortable, W: Default> Index<K, S, W> {
    pub(super) fn sort_on(&mut self, rows: usize, look: &impl Look<K, S, W>) -> usize {
        let Some(mut sorting) = self.sorting.take() else {
            return 0;
        };
        let mut done = 0;
        let in_order = look.walks_in_order();
        if let Some(walk) = &mut sorting.walk {
            if sorting.met == 0 {
                self.reserve(look.most());
                sorting.places.reserve_exact(self.keys.capacity());
            }
            let mut run = Vec::with_capacity(rows);
            let (places, met) = (&mut sorting.places, &mut sorting.met);
            let next = &mut sorting.next;
            let more = look.walk(walk, rows, &mut |key, place: S| {
                let slot = self.slot_after(*next, key);
                *next = slot + 1;
                let at = slot as usize;
                while places.len() <= at {
                    room(places);
                    places.push(None);
                }
                let entry = Entry::new(place.head(0), slot, *met);
                if places[at].replace(place).is_none() {
                    run.push(entry);
                    *met += 1;
                }
            });
            done = run.len().max(1);
            sorting.merge.add(run);
            if !more {
                sorting.walk = None;
            }
        }
        if sorting.walk.is_none() && done < rows {
            let moves = (rows - done) * MOVES;
            let heads = Placed {
                keys: &self.keys,
                places: &sorting.places,
                in_order,
            };
            let moved = sorting.merge.work(moves, &heads);
            done += moved / MOVES;
            if moved < moves {
                self.sorted(*sorting);
                return done.max(1);
            }
        }
        self.sorting = Some(sorting);
        done.max(1)
    }

    /// The new order takes its place.
    fn sorted(&mut self, sorting: Sorting<S, W>) {
        let Sorting {
            mut places,
            mut merge,
            freed,
            again,
            ..
        } = sorting;
        places.resize_with(self.keys.len(), || None);
        for slot in freed {
            self.keys[slot as usize] = None;
            places[slot as usize] = None;
            self.free.push(slot);
        }
        let rows = merge.take();
        let rows = rows
            .into_iter()
            .filter(|row| places[*row as usize].is_some());
        self.order = Sorted::of(rows, &self.shown);
        if !self.judged {
            self.order.doubt(false);
        }
        let old = std::mem::replace(&mut self.places, places);
        self.spend(old);
        // What came meanwhile, and what is not in scope any more: to be looked at.
        let placeless = |(place, key): (&Option<S>, &Option<K>)| place.is_none() && key.is_some();
        for (slot, row) in (0..).zip(self.places.iter().zip(&self.keys)) {
            if placeless(row) {
                self.touched.push_back(slot);
            }
        }
        if again {
            self.sort();
        }
    }
}

/// What rows are sorted by.
struct Placed<'a, K, S> {
    keys: &'a [Option<K>],
    places: &'a [Option<S>],
    /// Rows that are alike were added in their order.
    in_order: bool,
}

impl<K: Ord, S: Sortable> Heads for Placed<'_, K, S> {
    fn head(&self, row: u32, n: usize) -> Head {
        let place = self.places[row as usize].as_ref();
        place.map_or(([0; 2], true), |place| place.head(n))
    }

    fn tie(&self, a: u32, b: u32) -> Option<Ordering> {
        (!self.in_order).then(|| compare(self.places, self.keys, a, b))
    }
}
