//! One kind's objects, ordered by namespace and name, swept by epochs.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use super::id::{Text, Uid};
use super::meta::Meta;
use super::network::{EndpointSlice, Ingress, Service};
use super::node::Node;
use super::pod::Pod;
use super::workload::{BatchJob, Budget, Workload};

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
    Budget
);

/// Namespace and name.
pub(crate) type Key = (Text, Text);

/// The key of an object.
pub(crate) fn key_of(meta: &Meta) -> Key {
    (meta.namespace.clone(), meta.name.clone())
}

/// What an upsert did.
pub(crate) enum Upsert<T> {
    /// The same object as before.
    Same,
    /// A new one.
    Added,
    /// It was this before.
    Changed(Arc<T>),
    /// Another object of that name (another uid) stood there.
    Replaced(Arc<T>),
}

#[derive(Clone, Debug)]
struct Row<T> {
    epoch: u32,
    value: Arc<T>,
}

/// The table. Maps of maps, so that `&str` finds without building a key.
#[derive(Clone, Debug)]
pub(crate) struct Table<T> {
    rows: BTreeMap<Text, BTreeMap<Text, Row<T>>>,
    by_uid: HashMap<Uid, Arc<T>>,
    epoch: u32,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            by_uid: HashMap::new(),
            epoch: 0,
        }
    }
}

impl<T: Keyed + PartialEq> Table<T> {
    /// A list begins.
    pub(crate) fn sync_start(&mut self) {
        self.epoch += 1;
    }

    pub(crate) fn upsert(&mut self, value: Arc<T>) -> Upsert<T> {
        let meta = value.meta();
        let (namespace, name, uid) = (meta.namespace.clone(), meta.name.clone(), meta.uid.clone());
        let space = match self.rows.get_mut(&*namespace) {
            Some(space) => space,
            None => self.rows.entry(namespace.clone()).or_default(),
        };
        let epoch = self.epoch;
        let Some(row) = space.get_mut(&*name) else {
            self.by_uid.insert(uid, value.clone());
            space.insert(name, Row { epoch, value });
            return Upsert::Added;
        };
        row.epoch = epoch;
        if row.value == value {
            return Upsert::Same;
        }
        let old = std::mem::replace(&mut row.value, value.clone());
        if old.meta().uid == uid {
            self.by_uid.insert(uid, value);
            return Upsert::Changed(old);
        }
        self.by_uid.remove(&old.meta().uid);
        self.by_uid.insert(uid, value);
        Upsert::Replaced(old)
    }

    /// Takes the object of this uid out; nothing if the uid is not (or no longer) here.
    pub(crate) fn remove(&mut self, uid: &Uid) -> Option<Arc<T>> {
        let value = self.by_uid.remove(uid)?;
        let (namespace, name) = (&*value.meta().namespace, &*value.meta().name);
        let space = self.rows.get_mut(namespace)?;
        space.remove(name);
        if space.is_empty() {
            self.rows.remove(namespace);
        }
        Some(value)
    }

    /// Uids of what the list that just ended did not show, ordered by namespace and name.
    pub(crate) fn unseen(&self) -> Vec<Uid> {
        self.rows
            .values()
            .flat_map(BTreeMap::values)
            .filter(|row| row.epoch != self.epoch)
            .map(|row| row.value.meta().uid.clone())
            .collect()
    }

    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<&T> {
        Some(&self.rows.get(namespace)?.get(name)?.value)
    }

    pub(crate) fn by_uid(&self, uid: &Uid) -> Option<&T> {
        self.by_uid.get(uid).map(|value| &**value)
    }

    /// The object of this uid, to be held on to.
    pub(crate) fn shared(&self, uid: &Uid) -> Option<&Arc<T>> {
        self.by_uid.get(uid)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows
            .values()
            .flat_map(BTreeMap::values)
            .map(|row| &*row.value)
    }

    /// Those behind this one (namespace, name), or all.
    pub(crate) fn behind(&self, after: Option<(&str, &str)>) -> impl Iterator<Item = &T> {
        let (spaces, rest) = match after {
            Some((space, name)) => {
                let rows = self.rows.get(space);
                let bounds = (Bound::Excluded(name), Bound::Unbounded);
                let rest = rows.map(|rows| rows.range::<str, _>(bounds));
                (Bound::Excluded(space), rest)
            }
            None => (Bound::Unbounded, None),
        };
        let spaces = self.rows.range::<str, _>((spaces, Bound::Unbounded));
        let rest = rest.into_iter().flatten();
        rest.chain(spaces.flat_map(|(_, rows)| rows.iter()))
            .map(|(_, row)| &*row.value)
    }

    pub(crate) fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = &T> {
        self.rows
            .get(namespace)
            .into_iter()
            .flat_map(BTreeMap::values)
            .map(|row| &*row.value)
    }

    pub(crate) fn namespaces(&self) -> impl Iterator<Item = &Text> {
        self.rows.keys()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_uid.len()
    }
}
