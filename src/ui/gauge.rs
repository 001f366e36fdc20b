//! `cpu ▓▓▓░░░░ 34%`

use ratatui::layout::Rect;

use super::painter::Painter;
use crate::engine::view::Tone;
use crate::layout::text::width;

/// From here on a gauge wants a look.
const HIGH: f64 = 0.85;

/// Cells of a gauge whose bar has so many.
pub(super) fn cells(label: &str, bar: u16) -> u16 {
    width(label) + 1 + if bar > 0 { bar + 1 } else { 0 } + 4
}

/// A gauge; what is unknown is `?`. Returns what is left of the area.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    area: Rect,
    label: &str,
    value: Option<f64>,
    bar: u16,
) -> Rect {
    let dim = painter.theme.tone(Tone::Dim);
    let rest = painter.text(area, label, dim);
    let rest = painter.text(rest, " ", dim);
    let value = value.filter(|value| value.is_finite());
    let Some(value) = value.map(|value| value.max(0.0)) else {
        return painter.text(rest, "?", dim);
    };
    let full = if value >= HIGH {
        painter.theme.gauge_high
    } else {
        painter.theme.gauge
    };
    let mut rest = rest;
    if bar > 0 {
        let filled = filled(value, bar);
        rest = painter.text(rest, &"▓".repeat(filled), full);
        let empty = "░".repeat(usize::from(bar) - filled);
        rest = painter.text(rest, &empty, painter.theme.gauge_rest);
        rest = painter.text(rest, " ", dim);
    }
    let tone = if value >= HIGH {
        Tone::Warn
    } else {
        Tone::Plain
    };
    let percent = format!("{:>3}%", (value * 100.0).round().min(999.0));
    let percent = if bar == 0 {
        percent.trim_start()
    } else {
        &percent
    };
    painter.text(rest, percent, painter.theme.tone(tone))
}

/// Full cells: none at nothing, all only at all, else the nearest.
fn filled(value: f64, bar: u16) -> usize {
    let cells = f64::from(bar);
    let near = (value * cells).round();
    let near = if value > 0.0 { near.max(1.0) } else { near };
    let near = if value < 1.0 {
        near.min(cells - 1.0)
    } else {
        cells
    };
    (0..bar).filter(|at| f64::from(*at) < near).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_only_when_full() {
        let cases = [
            (0.0, 0),
            (0.01, 1),
            (0.34, 2),
            (0.5, 4),
            (0.99, 6),
            (1.0, 7),
            (1.7, 7),
        ];
        for (value, expected) in cases {
            assert_eq!(filled(value, 7), expected, "{value}");
        }
    }
}
