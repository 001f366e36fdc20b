//! Which pods belong together: those of a node, and those of an owner.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::id::Uid;
use super::pod::Pod;
use super::slots::Lists;
use super::sums::NodeSums;
use super::table::Table;

/// Lists of slots of the table of pods.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kin {
    /// The first of each list is in the node's sums.
    on_node: Lists,
    of_owner: Lists,
    /// The first pod of each owner, found by the owner's uid.
    owners: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

fn owner(pods: &Table<Pod>, slot: u32) -> Option<&Uid> {
    pods.at(slot)?.meta.owner.as_ref().map(|owner| &owner.uid)
}

impl Kin {
    /// A pod stands on a node.
    pub(crate) fn enter_node(&mut self, slot: u32, sums: &mut NodeSums) {
        self.on_node.push(sums.first, slot);
        sums.first = Some(slot);
        sums.known += 1;
    }

    /// It does no longer.
    pub(crate) fn leave_node(&mut self, slot: u32, sums: &mut NodeSums) {
        if let Some(first) = self.on_node.take(slot) {
            sums.first = first;
        }
        sums.known -= 1;
    }

    /// A pod (which is in its table) has an owner.
    pub(crate) fn enter_owner(&mut self, slot: u32, uid: &Uid, pods: &Table<Pod>) {
        let hash = self.hasher.hash_one(uid);
        let same = |first: &u32| owner(pods, *first) == Some(uid);
        if let Some(first) = self.owners.find_mut(hash, same) {
            self.of_owner.push(Some(*first), slot);
            *first = slot;
            return;
        }
        self.of_owner.push(None, slot);
        let hasher = &self.hasher;
        self.owners.insert_unique(hash, slot, |first| {
            owner(pods, *first).map_or(0, |uid| hasher.hash_one(uid))
        });
    }

    /// It has this owner no longer; the table may already know better.
    pub(crate) fn leave_owner(&mut self, slot: u32, uid: &Uid) {
        let Some(first) = self.of_owner.take(slot) else {
            return;
        };
        let hash = self.hasher.hash_one(uid);
        if let Ok(mut entry) = self.owners.find_entry(hash, |s| *s == slot) {
            match first {
                Some(first) => *entry.get_mut() = first,
                None => {
                    entry.remove();
                }
            }
        }
    }

    /// The slots of a node's pods.
    pub(crate) fn on(&self, sums: &NodeSums) -> impl Iterator<Item = u32> {
        self.on_node.iter(sums.first)
    }

    /// The slots of an owner's pods.
    pub(crate) fn of(&self, uid: &Uid, pods: &Table<Pod>) -> impl Iterator<Item = u32> {
        let hash = self.hasher.hash_one(uid);
        let same = |first: &u32| owner(pods, *first) == Some(uid);
        self.of_owner.iter(self.owners.find(hash, same).copied())
    }

    /// Owners that have pods.
    pub(crate) fn owners(&self) -> usize {
        self.owners.len()
    }

    /// Entries that there is room for, in all.
    pub(crate) fn capacity(&self) -> usize {
        self.on_node.capacity() + self.of_owner.capacity() + self.owners.capacity()
    }
}
