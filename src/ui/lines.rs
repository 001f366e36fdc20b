//! Header and footer.

use super::painter::Painter;
use crate::engine::view::{Header, Overlay, Tone};
use crate::layout::{Regions, Scene, Strip};

/// The line at the top.
pub(super) fn header(painter: &mut Painter<'_>, view: &Header, strip: &Strip) {
    for (places, parts) in [(&strip.left, &view.left), (&strip.right, &view.right)] {
        for place in places {
            painter.line(place.area, &parts[place.index]);
        }
    }
}

/// The line at the bottom: a message, then keys. A prompt takes its place.
pub(super) fn footer(painter: &mut Painter<'_>, scene: &Scene, regions: &Regions) {
    if matches!(scene.overlay, Some(Overlay::Prompt { .. })) {
        return;
    }
    if let (Some(line), Some(area)) = (&scene.notice, regions.notice) {
        painter.line(area, line);
    }
    let (key, text) = (
        painter.theme.tone(Tone::Accent),
        painter.theme.tone(Tone::Dim),
    );
    for place in &regions.footer.left {
        let hint = &scene.hints[place.index];
        let rest = painter.text(place.area, &hint.key, key);
        let rest = painter.text(rest, " ", text);
        painter.text(rest, hint.text, text);
    }
}
