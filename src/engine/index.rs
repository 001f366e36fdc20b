//! Which rows a table shows and in which order: advanced by a number of rows at a time, kept by delta.
//!
//! A new sort or filter builds a second order beside the one that is shown, and takes its place when it is
//! complete. Rows that went are taken out of both at once, so that what is shown never names the dead.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use super::sorted::Sorted;

/// What a row is to the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict<S> {
    /// It does not exist, or not in the table's scope.
    Out,
    /// The filter hides it.
    Hidden,
    /// It has this place.
    Shown(S),
}

#[derive(Clone, Debug)]
struct Order<K, S> {
    /// All rows in scope; `None`: hidden by the filter.
    places: HashMap<K, Option<S>>,
    rows: Sorted<(S, K)>,
}

impl<K: Clone + Eq + Hash + Ord, S: Clone + Ord> Order<K, S> {
    fn new() -> Self {
        Self {
            places: HashMap::new(),
            rows: Sorted::default(),
        }
    }

    fn put(&mut self, key: K, verdict: Verdict<S>) {
        let place = match verdict {
            Verdict::Out => {
                self.take(&key);
                return;
            }
            Verdict::Hidden => None,
            Verdict::Shown(place) => Some(place),
        };
        match self.places.get(&key) {
            Some(old) if *old == place => return,
            Some(Some(old)) => {
                let old = (old.clone(), key.clone());
                self.rows.remove(&old);
            }
            Some(None) | None => {}
        }
        if let Some(place) = &place {
            self.rows.insert((place.clone(), key.clone()));
        }
        self.places.insert(key, place);
    }

    fn take(&mut self, key: &K) {
        if let Some(Some(place)) = self.places.remove(key) {
            self.rows.remove(&(place, key.clone()));
        }
    }
}

#[derive(Clone, Debug)]
struct Building<K, S> {
    order: Order<K, S>,
    /// Rows still to be looked at.
    left: Vec<K>,
}

/// The index of one table: `K` names a row, `S` is its place.
#[derive(Clone, Debug)]
pub(crate) struct Index<K, S> {
    shown: Order<K, S>,
    building: Option<Building<K, S>>,
    /// Rows that changed and have not been looked at again.
    touched: VecDeque<K>,
}

impl<K: Clone + Eq + Hash + Ord, S: Clone + Ord> Default for Index<K, S> {
    fn default() -> Self {
        Self {
            shown: Order::new(),
            building: None,
            touched: VecDeque::new(),
        }
    }
}

impl<K: Clone + Eq + Hash + Ord, S: Clone + Ord> Index<K, S> {
    /// Starts afresh with these rows: scope, filter or sort changed. What is shown stays until then.
    pub(crate) fn rebuild(&mut self, rows: Vec<K>) {
        self.touched.clear();
        self.building = Some(Building {
            order: Order::new(),
            left: rows,
        });
    }

    /// Starts afresh with the rows that are known: filter or sort changed.
    pub(crate) fn again(&mut self) {
        let rows = match &self.building {
            Some(building) => building
                .order
                .places
                .keys()
                .chain(&building.left)
                .cloned()
                .collect(),
            None => self.shown.places.keys().cloned().collect(),
        };
        self.rebuild(rows);
    }

    /// A row is new or has changed.
    pub(crate) fn touch(&mut self, key: K) {
        self.touched.push_back(key);
    }

    /// A row is gone.
    pub(crate) fn gone(&mut self, key: &K) {
        self.shown.take(key);
        if let Some(building) = &mut self.building {
            building.order.take(key);
        }
    }

    /// Looks at up to `rows` rows; returns how many it did. Fewer than asked for: all is done.
    pub(crate) fn work(&mut self, rows: usize, mut look: impl FnMut(&K) -> Verdict<S>) -> usize {
        let mut done = 0;
        while done < rows {
            if let Some(building) = &mut self.building {
                let Some(key) = building.left.pop() else {
                    if let Some(Building { order, .. }) = self.building.take() {
                        self.shown = order;
                    }
                    continue;
                };
                let verdict = look(&key);
                building.order.put(key, verdict);
            } else if let Some(key) = self.touched.pop_front() {
                let verdict = look(&key);
                self.shown.put(key, verdict);
            } else {
                return done;
            }
            done += 1;
        }
        done
    }

    /// Whether nothing is left to be looked at.
    pub(crate) fn settled(&self) -> bool {
        self.building.is_none() && self.touched.is_empty()
    }

    /// Rows that pass the filter.
    pub(crate) fn len(&self) -> usize {
        self.shown.rows.len()
    }

    /// Rows in scope.
    pub(crate) fn total(&self) -> usize {
        self.shown.places.len()
    }

    /// Where a row is shown.
    pub(crate) fn position(&self, key: &K) -> Option<usize> {
        let place = self.shown.places.get(key)?.clone()?;
        self.shown.rows.position(&(place, key.clone()))
    }

    /// Whether a row is in scope, shown or hidden.
    pub(crate) fn holds(&self, key: &K) -> bool {
        self.shown.places.contains_key(key)
    }

    /// The rows shown, from the n-th on.
    pub(crate) fn from(&self, n: usize) -> impl Iterator<Item = &K> {
        self.shown.rows.from(n).map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Set(u8, i32),
        Remove(u8),
        Sort(bool),
        Filter(i32),
        Work(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => (any::<u8>(), -20i32..20).prop_map(|(k, v)| Step::Set(k, v)),
            2 => any::<u8>().prop_map(Step::Remove),
            1 => any::<bool>().prop_map(Step::Sort),
            1 => (-20i32..20).prop_map(Step::Filter),
            4 => (0usize..9).prop_map(Step::Work),
        ];
        prop::collection::vec(step, 0..300)
    }

    proptest! {
        #[test]
        fn equals_a_full_sort_after_any_deltas_and_slices(steps in steps()) {
            let mut rows: BTreeMap<u8, i32> = BTreeMap::new();
            let mut index: Index<u8, i32> = Index::default();
            let (mut down, mut least) = (false, -20);
            let look = |rows: &BTreeMap<u8, i32>, down: bool, least: i32, k: &u8| match rows.get(k) {
                None => Verdict::Out,
                Some(v) if *v < least => Verdict::Hidden,
                Some(v) => Verdict::Shown(if down { -v } else { *v }),
            };
            for step in steps {
                match step {
                    Step::Set(k, v) => {
                        rows.insert(k, v);
                        index.touch(k);
                    }
                    Step::Remove(k) => {
                        rows.remove(&k);
                        index.gone(&k);
                    }
                    Step::Sort(d) => {
                        down = d;
                        index.rebuild(rows.keys().copied().collect());
                    }
                    Step::Filter(n) => {
                        least = n;
                        index.rebuild(rows.keys().copied().collect());
                    }
                    Step::Work(n) => {
                        index.work(n, |k| look(&rows, down, least, k));
                    }
                }
                prop_assert!(index.from(0).all(|k| rows.contains_key(k)), "shows the dead");
            }
            while index.work(7, |k| look(&rows, down, least, k)) == 7 {}
            prop_assert!(index.settled());
            let mut want: Vec<(i32, u8)> = rows
                .iter()
                .filter(|(_, v)| **v >= least)
                .map(|(k, v)| (if down { -v } else { *v }, *k))
                .collect();
            want.sort_unstable();
            let got: Vec<u8> = index.from(0).copied().collect();
            prop_assert_eq!(&got, &want.iter().map(|(_, k)| *k).collect::<Vec<_>>());
            prop_assert_eq!(index.total(), rows.len());
            for (i, k) in got.iter().enumerate() {
                prop_assert_eq!(index.position(k), Some(i));
            }
        }
    }
}
