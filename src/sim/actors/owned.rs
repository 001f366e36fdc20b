//! Who belongs to whom: dependents by their controller's uid.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::sim::{Obj, Res, Store, find};

type Child = (&'static str, &'static str, Arc<str>, Arc<str>);

/// Dependents (group, plural, namespace, name) by the uid of their controller.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owned {
    children: HashMap<Arc<str>, BTreeSet<Child>>,
}

impl Owned {
    pub(crate) fn note(&mut self, obj: &Obj, old: Option<&Obj>, gone: bool) {
        let was = old.and_then(|o| o.owner.clone());
        if was == obj.owner && !gone && old.is_some() {
            return;
        }
        let child: Child = (
            obj.res.group,
            obj.res.plural,
            obj.namespace.clone(),
            obj.name.clone(),
        );
        for owner in [was, obj.owner.clone().filter(|_| gone)]
            .into_iter()
            .flatten()
        {
            if let Some(set) = self.children.get_mut(&owner) {
                set.remove(&child);
                if set.is_empty() {
                    self.children.remove(&owner);
                }
            }
        }
        if let (Some(owner), false) = (&obj.owner, gone) {
            self.children
                .entry(owner.clone())
                .or_default()
                .insert(child);
        }
    }

    /// All dependents of an owner, in the order of their keys.
    pub(crate) fn all(&self, store: &Store, uid: &str) -> Vec<Arc<Obj>> {
        self.children
            .get(uid)
            .into_iter()
            .flatten()
            .filter_map(|(group, plural, ns, name)| store.get(find(group, plural)?, ns, name))
            .filter(|o| o.owner.as_deref() == Some(uid))
            .cloned()
            .collect()
    }

    /// Its dependents of one resource.
    pub(crate) fn of(&self, store: &Store, uid: &str, res: Res) -> Vec<Arc<Obj>> {
        let mut all = self.all(store, uid);
        all.retain(|o| o.res == res);
        all
    }
}
