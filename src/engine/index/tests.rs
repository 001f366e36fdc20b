use std::collections::BTreeMap;
use std::ops::Bound;

use proptest::prelude::*;

use super::*;

impl Sortable for i32 {
    /// Half of it, then the rest.
    fn head(&self, n: usize) -> Head {
        let up = (i64::from(*self) - i64::from(i32::MIN)).cast_unsigned();
        match n {
            0 => ([up / 2, 0], false),
            _ => ([0, up], true),
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Set(u8, i32),
    Remove(u8),
    Sort(bool),
    Filter(i32),
    Scope(u8),
    Work(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (any::<u8>(), -20i32..20).prop_map(|(k, v)| Step::Set(k, v)),
        2 => any::<u8>().prop_map(Step::Remove),
        1 => any::<bool>().prop_map(Step::Sort),
        1 => (-20i32..20).prop_map(Step::Filter),
        1 => any::<u8>().prop_map(Step::Scope),
        4 => (0usize..9).prop_map(Step::Work),
    ];
    prop::collection::vec(step, 0..300)
}

#[derive(Default)]
struct World {
    rows: BTreeMap<u8, i32>,
    down: bool,
    least: i32,
    scope: u8,
    in_order: bool,
}

impl World {
    fn value(&self, v: i32) -> i32 {
        if self.down { -v } else { v }
    }
}

impl Look<u8, i32, Option<u8>> for World {
    fn place(&self, key: &u8) -> Option<i32> {
        let value = self.rows.get(key).filter(|_| *key >= self.scope)?;
        Some(self.value(*value))
    }

    fn passes(&self, _: u32, key: &u8) -> bool {
        self.rows.get(key).is_some_and(|v| *v >= self.least)
    }

    fn passes_all(&self) -> bool {
        self.least == -20
    }

    fn most(&self) -> usize {
        self.rows.len()
    }

    fn walks_in_order(&self) -> bool {
        self.in_order
    }

    fn walk(&self, walk: &mut Option<u8>, rows: usize, tell: &mut dyn FnMut(u8, i32)) -> bool {
        let from = walk.map_or(Bound::Unbounded, Bound::Excluded);
        let mut next = self.rows.range((from, Bound::Unbounded));
        for (key, value) in next.by_ref().take(rows) {
            *walk = Some(*key);
            if *key >= self.scope {
                tell(*key, self.value(*value));
            }
        }
        next.next().is_some()
    }
}

proptest! {
    #[test]
    fn equals_a_full_sort_after_any_deltas_and_slices(steps in steps(), in_order: bool) {
        let mut world = World { least: -20, in_order, ..World::default() };
        let mut index: Index<u8, i32, Option<u8>> = Index::default();
        for step in steps {
            match step {
                Step::Set(k, v) => {
                    world.rows.insert(k, v);
                    index.touch(k);
                }
                Step::Remove(k) => {
                    world.rows.remove(&k);
                    index.gone(&k);
                }
                Step::Sort(down) => {
                    world.down = down;
                    index.sort();
                }
                Step::Filter(least) => {
                    world.least = least;
                    index.filter();
                }
                Step::Scope(scope) => {
                    world.scope = scope;
                    index.renew();
                }
                Step::Work(rows) => {
                    index.work(rows, &world);
                }
            }
            prop_assert!(index.from(0).all(|k| world.rows.contains_key(k)), "shows the dead");
            prop_assert_eq!(index.from(0).count(), index.len());
        }
        while !index.idle() {
            index.work(7, &world);
        }
        let inside = || world.rows.iter().filter(|(k, _)| **k >= world.scope);
        let mut want: Vec<(i32, u8)> = inside()
            .filter(|(_, v)| **v >= world.least)
            .map(|(k, v)| (world.value(*v), *k))
            .collect();
        want.sort_unstable();
        let got: Vec<u8> = index.from(0).copied().collect();
        prop_assert_eq!(&got, &want.iter().map(|(_, k)| *k).collect::<Vec<_>>());
        prop_assert_eq!((index.total(), index.len()), (inside().count(), want.len()));
        for (i, k) in got.iter().enumerate() {
            prop_assert_eq!(index.position(k), Some(i));
        }
    }
}

/// A filter shows its first rows before it was asked about all.
#[test]
fn a_filter_begins_at_the_top() {
    let mut world = World {
        least: -20,
        ..World::default()
    };
    let mut index: Index<u8, i32, Option<u8>> = Index::default();
    for k in 0..=255_u8 {
        world.rows.insert(k, -i32::from(k));
    }
    index.renew();
    while index.work(50, &world) >= 50 {}
    world.least = -100;
    index.filter();
    assert_eq!((index.len(), index.settled()), (0, false));
    while !index.settled() {
        index.work(50, &world);
    }
    assert_eq!((index.len(), index.total()), (101, 256));
    assert_eq!(index.from(0).next(), Some(&100));
}
