//! What lies over a screen: boxes in the middle, the prompt at the bottom.

use ratatui::layout::Rect;

use super::list::List;
use super::text::{line_width, width, wrap};
use crate::engine::view::{Hit, Line, Overlay, Span, Tone};

/// An overlay's parts.
#[derive(Clone, Debug, PartialEq)]
pub enum OverlayRegions {
    /// Key table.
    Help(HelpRegions),
    /// The prompt.
    Prompt {
        /// The prompt's row.
        line: Rect,
        /// Completions above it.
        choices: List,
        /// What is wrong, above it.
        error: Option<Rect>,
    },
    /// A menu.
    Menu {
        /// With its border.
        frame: Rect,
        /// Entries.
        entries: List,
        /// Cells for the entries' keys.
        keys: u16,
    },
    /// An action's preview.
    Confirm {
        /// With its border.
        frame: Rect,
        /// The preview's lines, wrapped.
        lines: Vec<Line>,
        /// Their place.
        text: Rect,
        /// The question's place.
        ask: Rect,
    },
    /// A text.
    Text {
        /// With its border.
        frame: Rect,
        /// Lines, wrapped.
        lines: Vec<Line>,
        /// Their place.
        text: Rect,
    },
}

/// The key table's parts.
#[derive(Clone, Debug, PartialEq)]
pub struct HelpRegions {
    /// With its border.
    pub frame: Rect,
    /// Cells for the keys.
    pub keys: u16,
    /// Lines in their places.
    pub lines: Vec<(HelpLine, Rect)>,
    /// Lines that are out of sight.
    pub more: usize,
}

/// A line of the key table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelpLine {
    /// A group's title.
    Group(usize),
    /// A group's entry.
    Entry(usize, usize),
}

/// Most completions shown at once.
const CHOICES: u16 = 10;

/// The lines from `top` on, as many as fit; when more follow, the last visible one says how many.
fn seen(mut lines: Vec<Line>, top: usize, room: usize) -> Vec<Line> {
    // Scrolled to the end, the last page stays whole.
    let top = top.min(lines.len().saturating_sub(room));
    lines.drain(..top);
    if lines.len() > room && room > 0 {
        let more = lines.len() - (room - 1);
        lines.truncate(room - 1);
        let text = format!("… {more} more lines below (down, page down)");
        lines.push(vec![Span::new(text, Tone::Warn)]);
    }
    lines
}

/// Divides `area` for an overlay.
pub(super) fn arrange(
    overlay: &Overlay,
    area: Rect,
    hits: &mut Vec<(Rect, Hit)>,
) -> OverlayRegions {
    match overlay {
        Overlay::Help { groups, by } => OverlayRegions::Help(help(groups, *by, area)),
        Overlay::Prompt {
            choices,
            chosen,
            error,
            ..
        } => prompt(choices.len(), *chosen, !error.is_empty(), area, hits),
        Overlay::Menu {
            title,
            entries,
            chosen,
        } => menu(title, entries, *chosen, area, hits),
        Overlay::Confirm {
            title,
            lines,
            top,
            ask,
        } => {
            let room = text_room(area);
            let wide = [line_width(title) + 2, line_width(ask)]
                .into_iter()
                .chain(lines.iter().map(|line| line_width(line)))
                .fold(40, u16::max)
                .min(room);
            let lines: Vec<Line> = lines.iter().flat_map(|line| wrap(line, wide)).collect();
            let frame = middle(area, wide + 4, count(lines.len()) + 4);
            let inside = inside(frame);
            let ask = Rect {
                y: inside.bottom().saturating_sub(1),
                height: inside.height.min(1),
                ..inside
            };
            let text = Rect {
                height: inside.height.saturating_sub(2),
                ..inside
            };
            let lines = seen(lines, *top, usize::from(text.height));
            OverlayRegions::Confirm {
                frame,
                lines,
                text,
                ask,
            }
        }
        Overlay::Text { title, lines, .. } => {
            let room = text_room(area);
            let wide = lines
                .iter()
                .map(|line| line_width(line))
                .fold(width(title).saturating_add(2).max(30), u16::max)
                .min(room);
            let lines: Vec<Line> = lines.iter().flat_map(|line| wrap(line, wide)).collect();
            let frame = middle(area, wide + 4, count(lines.len()) + 2);
            OverlayRegions::Text {
                frame,
                lines,
                text: inside(frame),
            }
        }
    }
}

/// Lines longer than that are hard to read.
fn text_room(area: Rect) -> u16 {
    area.width.saturating_sub(8).clamp(1, 120)
}

fn count(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX / 2)
}

/// A box of that size in the middle, with a margin where there is room for one.
fn middle(area: Rect, wide: u16, high: u16) -> Rect {
    let wide = wide.min(area.width.saturating_sub(2));
    let high = high.min(area.height.saturating_sub(2));
    Rect {
        x: area.x + (area.width - wide) / 2,
        y: area.y + (area.height - high) / 2,
        width: wide,
        height: high,
    }
}

/// Inside the border and a cell of air at the sides.
fn inside(frame: Rect) -> Rect {
    Rect {
        x: frame.x + 2.min(frame.width),
        y: frame.y + 1.min(frame.height),
        width: frame.width.saturating_sub(4),
        height: frame.height.saturating_sub(2),
    }
}

fn prompt(
    total: usize,
    chosen: Option<usize>,
    wrong: bool,
    area: Rect,
    hits: &mut Vec<(Rect, Hit)>,
) -> OverlayRegions {
    let line = Rect {
        y: area.bottom().saturating_sub(1),
        height: 1,
        ..area
    };
    let high = count(total).min(CHOICES).min(area.height.saturating_sub(3));
    let above = |bottom: u16, high: u16| Rect {
        y: bottom.saturating_sub(high),
        height: high,
        ..area
    };
    let error = wrong.then(|| above(line.y, 1));
    let bottom = error.map_or(line.y, |error| error.y);
    let choices = List::new(above(bottom, high), total, chosen);
    hits.extend(choices.rows().filter_map(|(at, row)| {
        let at = u16::try_from(at).ok()?;
        Some((row, Hit::Choice(at)))
    }));
    OverlayRegions::Prompt {
        line,
        choices,
        error,
    }
}

fn menu(
    title: &str,
    entries: &[(String, String, String)],
    chosen: usize,
    area: Rect,
    hits: &mut Vec<(Rect, Hit)>,
) -> OverlayRegions {
    let keys = entries
        .iter()
        .map(|(_, key, _)| width(key))
        .fold(0, u16::max)
        .min(12);
    let gap = if keys > 0 { 2 } else { 0 };
    let wide = entries
        .iter()
        .map(|(text, _, why)| {
            let why = if why.is_empty() { 0 } else { width(why) + 2 };
            width(text).saturating_add(why)
        })
        .fold(24, u16::max)
        .saturating_add(keys + gap + 2)
        .max(width(title) + 2);
    let frame = middle(area, wide.saturating_add(4), count(entries.len()) + 2);
    let list = List::new(inside(frame), entries.len(), Some(chosen));
    hits.extend(list.rows().filter_map(|(at, row)| {
        let at = u16::try_from(at).ok()?;
        Some((row, Hit::Choice(at)))
    }));
    OverlayRegions::Menu {
        frame,
        entries: list,
        keys,
    }
}

type Groups = [(&'static str, Vec<(String, &'static str)>)];

/// Groups stay whole and fill columns downwards, as few columns as the height allows.
fn help(groups: &Groups, by: i64, area: Rect) -> HelpRegions {
    let entries = || groups.iter().flat_map(|(_, entries)| entries);
    let keys = entries()
        .map(|(key, _)| width(key))
        .fold(0, u16::max)
        .min(18);
    let column = entries()
        .map(|(_, text)| width(text))
        .fold(0, u16::max)
        .saturating_add(keys + 2)
        .min(area.width.saturating_sub(6));
    let gap = 3;
    let room = area.height.saturating_sub(4).max(1);
    // Rather two columns with a word cut than keys that are not shown.
    let half = (area.width.saturating_sub(6 + gap)) / 2;
    let column = if flow(groups, 1).1 > room && half >= 30 {
        column.min(half)
    } else {
        column
    };
    let most = ((area.width.saturating_sub(6) + gap) / (column + gap)).max(1);
    let mut columns = 1;
    while columns < most && flow(groups, columns).1 > room {
        columns += 1;
    }
    let (places, high) = flow(groups, columns);
    let used = places.iter().map(|(_, at, _)| at + 1).max().unwrap_or(1);
    let frame = middle(area, used * (column + gap) - gap + 4, high + 2);
    let inner = inside(frame);
    let total = places.len();
    let most = i64::from(high.saturating_sub(inner.height));
    let top = u16::try_from(by.rem_euclid(most + 1)).unwrap_or(0);
    let lines: Vec<(HelpLine, Rect)> = places
        .into_iter()
        .filter(|(_, _, y)| (top..top + inner.height).contains(y))
        .map(|(line, at, y)| {
            let x = inner.x + at * (column + gap);
            (line, Rect::new(x, inner.y + y - top, column, 1))
        })
        .collect();
    HelpRegions {
        frame,
        keys,
        more: total - lines.len(),
        lines,
    }
}

/// Each line's column and row when the groups are spread evenly, and the height that takes.
fn flow(groups: &Groups, columns: u16) -> (Vec<(HelpLine, u16, u16)>, u16) {
    let heights: Vec<u16> = groups.iter().map(|(_, e)| count(e.len()) + 1).collect();
    let all: u16 = heights.iter().sum::<u16>() + count(groups.len());
    let target = all.div_ceil(columns);
    let mut places = Vec::new();
    let (mut column, mut y, mut high) = (0, 0, 0);
    for (group, height) in heights.iter().enumerate() {
        if y > 0 && y + 1 + height > target && column + 1 < columns {
            column += 1;
            y = 0;
        } else if y > 0 {
            y += 1;
        }
        places.push((HelpLine::Group(group), column, y));
        let entries = (0..groups[group].1.len()).zip(y + 1..);
        places.extend(entries.map(|(at, y)| (HelpLine::Entry(group, at), column, y)));
        y += height;
        high = high.max(y);
    }
    (places, high)
}
