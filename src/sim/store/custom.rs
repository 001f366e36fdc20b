//! Custom resources: served as long as their definition is there.

use super::Store;
use crate::sim::custom;
use crate::sim::resource::{Res, resource};

impl Store {
    /// Serves what the definitions say; the objects of a resource that is gone go with it.
    pub(super) fn define(&mut self) {
        let custom: Vec<Res> = self
            .list(resource("customresourcedefinitions"), None)
            .filter_map(|definition| custom::resource_of(&definition.value()))
            .collect();
        for old in std::mem::replace(&mut self.custom, custom) {
            if !self.custom.iter().any(|new| new.index() == old.index())
                && let Some(objects) = self.objects.get_mut(old.index())
            {
                for obj in std::mem::take(objects).into_values() {
                    self.by_uid.remove(&obj.uid);
                }
            }
        }
    }

    /// The custom resources that are served.
    pub(crate) fn custom(&self) -> &[Res] {
        &self.custom
    }

    /// The seed that everything is drawn from.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }
}
