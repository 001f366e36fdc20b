//! What lies over a screen and beside it: overlay, hints, the last message.

use super::overlay::Layer;
use super::view::{Span, Tone};
use super::{Engine, Now, keys, view};

impl Engine {
    /// What lies over the screen.
    pub fn overlay(&self, now: Now) -> Option<view::Overlay> {
        if let Some(pending) = self.actions.pending() {
            let cluster = self.clusters.get(pending.cluster())?;
            let mut overlay = self.actions.overlay(cluster.scene(now));
            if let Some(view::Overlay::Confirm { title, .. }) = &mut overlay
                && self.clusters.several()
            {
                title.push(Span::new(format!("  in {}", cluster.context), Tone::Warn));
            }
            return overlay;
        }
        match self.layers.last()? {
            Layer::Leave(effect) => Some(self.leave_view(effect)),
            Layer::Waiting(id) => Some(self.waiting_view(*id)),
            layer => layer.view(),
        }
    }

    /// Keys of this screen for the footer.
    pub fn hints(&self) -> Vec<view::Hint> {
        keys::hints(self.screens.top().on())
            .map(|row| view::Hint {
                key: row
                    .keys
                    .first()
                    .map(|key| keys::name(*key))
                    .unwrap_or_default(),
                text: row.hint,
            })
            .collect()
    }

    /// The last message: one line above the footer.
    pub fn notice(&self) -> Option<view::Line> {
        self.notice.clone()
    }
}
