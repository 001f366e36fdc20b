//! Memory that is needed next, fetched together.
//!
//! What is known of a pod lies in a dozen places. One after the other each is waited for; read before they are
//! needed, and those of several pods at once, they come at the same time.

use std::hint::black_box;

use super::object::{Delta, Object};
use super::store::Model;

/// How many steps of a feed are looked ahead.
pub(crate) const AHEAD: usize = 16;

impl Model {
    /// Reads what the next steps of the feed of pods will need. It changes nothing.
    pub(crate) fn warm(&self, next: &[Delta]) {
        let mut slots = [None; AHEAD];
        for (delta, slot) in next.iter().zip(&mut slots) {
            *slot = match delta {
                Delta::Upsert(Object::Pod(pod)) => self.pods.slot(&pod.meta.uid),
                Delta::Remove { uid, .. } => self.pods.slot(uid),
                Delta::Upsert(_) | Delta::SyncStart | Delta::SyncEnd | Delta::Unreadable { .. } => {
                    None
                }
            };
        }
        let mut sum = 0_usize;
        for slot in slots.into_iter().flatten() {
            let Some(pod) = self.pods.at(slot) else {
                continue;
            };
            let job = self.pods.mark(slot).and_then(|mark| self.jobs.of_pod(mark));
            let texts = [
                Some(&*pod.meta.name),
                Some(pod.meta.labels.as_packed()),
                Some(pod.meta.annotations.as_packed()),
                job.map(|job| job.id.as_str()),
            ];
            let bytes = texts.into_iter().flatten().filter_map(|t| t.bytes().next());
            sum += bytes.map(usize::from).sum::<usize>();
            let begun = pod.conditions.times().first().is_some_and(Option::is_some);
            let stated = pod.statuses.first().is_some_and(Option::is_some);
            sum += usize::from(begun) + usize::from(stated);
        }
        black_box(sum);
    }
}
