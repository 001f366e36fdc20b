//! One kind's objects, ordered by namespace and name, swept by epochs.
//!
//! An object has a slot; indexes hold slots and look at the objects for what they compare, so that an object
//! costs some 25 bytes here.

use std::cmp::Ordering;
use std::hash::BuildHasher;
use std::num::NonZeroU32;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::id::{Text, Uid};
use super::meta::Meta;
use super::network::{EndpointSlice, Ingress, Service};
use super::node::Node;
use super::order::Order;
use super::pod::Pod;
use super::slots::Slots;
use super::workload::{Autoscaler, BatchJob, Budget, CronJob, Workload};

/// What a table can hold.
pub(crate) trait Keyed {
    fn meta(&self) -> &Meta;
}

macro_rules! keyed {
    ($($kind:ty),*) => {
        $(impl Keyed for $kind {
            fn meta(&self) -> &Meta {
                &self.meta
            }
        })*
    };
}
keyed!(
    Node,
    Pod,
    Ingress,
    Service,
    EndpointSlice,
    BatchJob,
    Workload,
    CronJob,
    Budget,
    Autoscaler
);

/// What an upsert did.
pub(crate) enum Upsert<T> {
    /// The same object as before.
    Same,
    /// A new one.
    Added,
    /// It was this before.
    Changed(Arc<T>),
    /// Another object of that name (another uid) stood there, with this mark.
    Replaced(Arc<T>, Mark),
}

/// What the table's owner notes beside an object: a slot of another table. A new object has none.
pub(crate) type Mark = Option<Slot>;

/// A slot, in four bytes with what is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(NonZeroU32);

impl Slot {
    pub(crate) fn new(slot: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(slot))
    }

    pub(crate) fn get(self) -> u32 {
        self.0.get() - 1
    }
}

#[derive(Clone, Debug)]
struct Row<T> {
    value: Arc<T>,
    epoch: u32,
    mark: Mark,
}

/// What was taken out of a table: with the slot that it had, and what was noted beside it.
pub(crate) struct Gone<T> {
    pub(crate) slot: u32,
    pub(crate) value: Arc<T>,
    pub(crate) mark: Mark,
}

/// The table.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    rows: Slots<Row<T>>,
    by_uid: HashTable<u32>,
    hasher: DefaultHashBuilder,
    order: Order,
    epoch: u32,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: Slots::default(),
            by_uid: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            order: Order::default(),
            epoch: 0,
        }
    }
}

/// How the object of a slot stands to a namespace and name.
fn probe<'a, T: Keyed>(
    rows: &'a Slots<Row<T>>,
    namespace: &'a str,
    name: &'a str,
) -> impl Fn(u32) -> Ordering + 'a {
    move |slot| match rows.get(slot) {
        Some(row) => {
            let meta = row.value.meta();
            compare(&meta.namespace, namespace).then_with(|| (*meta.name).cmp(name))
        }
        None => Ordering::Less,
    }
}

/// Compares; texts that are shared are one and the same.
fn compare(a: &str, b: &str) -> Ordering {
    if std::ptr::eq(a, b) {
        Ordering::Equal
    } else {
        a.cmp(b)
    }
}

impl<T: Keyed + PartialEq> Table<T> {
    /// A list begins.
    pub(crate) fn sync_start(&mut self) {
        self.epoch += 1;
    }

    /// Takes in an object: its slot, and what that did.
    pub(crate) fn upsert(&mut self, value: Arc<T>) -> (u32, Upsert<T>) {
        let epoch = self.epoch;
        let hash = self.hasher.hash_one(&value.meta().uid);
        let known = self.slot_of(hash, &value.meta().uid);
        if let Some(slot) = known
            && let Some(row) = self.rows.get_mut(slot)
            && row.value.meta().name == value.meta().name
            && row.value.meta().namespace == value.meta().namespace
        {
            row.epoch = epoch;
            if row.value == value {
                return (slot, Upsert::Same);
            }
            let old = std::mem::replace(&mut row.value, value);
            return (slot, Upsert::Changed(old));
        }
        // An object cannot be renamed; should one be, it is another.
        let renamed = known.and_then(|_| self.remove(&value.meta().uid));
        let (namespace, name) = (value.meta().namespace.clone(), value.meta().name.clone());
        let there = self.order.get(probe(&self.rows, &namespace, &name));
        let row = Row {
            value,
            epoch,
            mark: None,
        };
        if let Some(slot) = there
            && let Some(known) = self.rows.get_mut(slot)
        {
            let old = std::mem::replace(known, row);
            let other = self.hasher.hash_one(&old.value.meta().uid);
            if let Ok(entry) = self.by_uid.find_entry(other, |s| *s == slot) {
                entry.remove();
            }
            self.enter(hash, slot);
            return (slot, Upsert::Replaced(old.value, old.mark));
        }
        let slot = self.rows.put(row);
        self.order
            .insert(slot, probe(&self.rows, &namespace, &name));
        self.enter(hash, slot);
        let did = renamed.map_or(Upsert::Added, |gone| {
            Upsert::Replaced(gone.value, gone.mark)
        });
        (slot, did)
    }

    fn enter(&mut self, hash: u64, slot: u32) {
        let (rows, hasher) = (&self.rows, &self.hasher);
        self.by_uid.insert_unique(hash, slot, |slot| {
            rows.get(*slot)
                .map_or(0, |row| hasher.hash_one(&row.value.meta().uid))
        });
    }

    fn slot_of(&self, hash: u64, uid: &Uid) -> Option<u32> {
        let same = |slot: &u32| {
            self.rows
                .get(*slot)
                .is_some_and(|row| row.value.meta().uid == *uid)
        };
        self.by_uid.find(hash, same).copied()
    }

    /// Takes the object of this uid out; nothing if the uid is not (or no longer) here.
    pub(crate) fn remove(&mut self, uid: &Uid) -> Option<Gone<T>> {
        let hash = self.hasher.hash_one(uid);
        let slot = self.slot_of(hash, uid)?;
        if let Ok(entry) = self.by_uid.find_entry(hash, |s| *s == slot) {
            entry.remove();
        }
        let meta = self.rows.get(slot)?.value.meta();
        self.order
            .remove(probe(&self.rows, &meta.namespace, &meta.name));
        let row = self.rows.take(slot)?;
        if self.by_uid.is_empty() {
            self.by_uid = HashTable::new();
        }
        Some(Gone {
            slot,
            value: row.value,
            mark: row.mark,
        })
    }

    /// What is noted beside the object of a slot.
    pub(crate) fn mark(&self, slot: u32) -> Mark {
        self.rows.get(slot)?.mark
    }

    /// Notes something beside the object of a slot.
    pub(crate) fn set_mark(&mut self, slot: u32, mark: Mark) {
        if let Some(row) = self.rows.get_mut(slot) {
            row.mark = mark;
        }
    }

    /// The slot of an object.
    pub(crate) fn slot(&self, uid: &Uid) -> Option<u32> {
        self.slot_of(self.hasher.hash_one(uid), uid)
    }

    /// Uids of what the list that just ended did not show, ordered by namespace and name.
    pub(crate) fn unseen(&self) -> Vec<Uid> {
        self.order
            .iter()
            .filter_map(|slot| self.rows.get(slot))
            .filter(|row| row.epoch != self.epoch)
            .map(|row| row.value.meta().uid.clone())
            .collect()
    }

    /// The slot of the object of that name.
    pub(crate) fn slot_named(&self, namespace: &str, name: &str) -> Option<u32> {
        self.order.get(probe(&self.rows, namespace, name))
    }

    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<&T> {
        self.at(self.order.get(probe(&self.rows, namespace, name))?)
    }

    pub(crate) fn by_uid(&self, uid: &Uid) -> Option<&T> {
        self.at(self.slot(uid)?)
    }

    /// The object of a slot.
    pub(crate) fn at(&self, slot: u32) -> Option<&T> {
        self.shared(slot).map(|value| &**value)
    }

    /// The object of a slot, to be held on to.
    pub(crate) fn shared(&self, slot: u32) -> Option<&Arc<T>> {
        self.rows.get(slot).map(|row| &row.value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.order.iter().filter_map(|slot| self.at(slot))
    }

    /// Those behind this one (namespace, name), or all.
    pub(crate) fn behind(&self, after: Option<(&str, &str)>) -> impl Iterator<Item = &T> {
        let (namespace, name) = after.unwrap_or_default();
        let place = probe(&self.rows, namespace, name);
        let behind = |slot| match place(slot) {
            // What is sought itself stands before what is behind it.
            Ordering::Equal if after.is_some() => Ordering::Less,
            order => order,
        };
        self.order.from(behind).filter_map(|slot| self.at(slot))
    }

    pub(crate) fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &T> {
        let place = probe(&self.rows, namespace, "");
        let mut rows = self.order.from(place).filter_map(|slot| self.at(slot));
        let first = rows.next().filter(|v| *v.meta().namespace == *namespace);
        let own = first.map(|value| &value.meta().namespace);
        let rest = rows.take_while(move |value| Some(&value.meta().namespace) == own);
        first.into_iter().chain(rest)
    }

    /// In their order.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = &Text> {
        let first = self.iter().next().map(|value| &value.meta().namespace);
        std::iter::successors(first, |last| {
            let behind = |slot| match self.at(slot) {
                Some(value) if value.meta().namespace > **last => Ordering::Greater,
                Some(_) | None => Ordering::Less,
            };
            let slot = self.order.from(behind).next()?;
            self.at(slot).map(|value| &value.meta().namespace)
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Entries that there is room for, in all.
    pub(crate) fn capacity(&self) -> usize {
        self.rows.capacity() + self.by_uid.capacity() + self.order.capacity()
    }
}
