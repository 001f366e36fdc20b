//! What lies over a screen.

mod boxes;
mod help;
mod prompt;

use super::painter::Painter;
use crate::engine::view::Overlay;
use crate::layout::OverlayRegions;

/// Paints it.
pub(super) fn draw(painter: &mut Painter<'_>, overlay: &Overlay, parts: &OverlayRegions) {
    match (overlay, parts) {
        (Overlay::Help { groups, .. }, OverlayRegions::Help(parts)) => {
            help::draw(painter, groups, parts);
        }
        (
            Overlay::Prompt {
                sigil,
                text,
                cursor,
                choices,
                chosen,
                error,
            },
            OverlayRegions::Prompt {
                line,
                choices: list,
                error: error_row,
            },
        ) => {
            prompt::choices(painter, choices, *chosen, list);
            prompt::error(painter, error, *error_row);
            prompt::line(painter, sigil, text, *cursor, *line);
        }
        (
            Overlay::Menu {
                title,
                entries,
                chosen,
            },
            OverlayRegions::Menu {
                frame,
                entries: list,
                keys,
            },
        ) => boxes::menu(painter, title, entries, *chosen, *frame, list, *keys),
        (
            Overlay::Confirm { title, ask, .. },
            OverlayRegions::Confirm {
                frame,
                lines,
                text,
                ask: ask_row,
            },
        ) => {
            let border = painter.theme.tone(crate::engine::view::Tone::Warn);
            painter.frame(*frame, title, border);
            boxes::lines(painter, lines, 0, *text);
            painter.line(*ask_row, ask);
        }
        (Overlay::Text { title, top, .. }, OverlayRegions::Text { frame, lines, text }) => {
            boxes::text(painter, title, lines, *top, *frame, *text);
        }
        // Regions of another overlay: nothing of it would be right.
        (
            Overlay::Help { .. }
            | Overlay::Prompt { .. }
            | Overlay::Menu { .. }
            | Overlay::Confirm { .. }
            | Overlay::Text { .. },
            OverlayRegions::Help(_)
            | OverlayRegions::Prompt { .. }
            | OverlayRegions::Menu { .. }
            | OverlayRegions::Confirm { .. }
            | OverlayRegions::Text { .. },
        ) => {}
    }
}
