//! A screen of facts: title, facts in columns, notes, steps, perhaps a table.

use ratatui::layout::Rect;

use super::list::{List, share};
use super::table::{self, TableRegions};
use super::text::{line_width, width, wrap};
use crate::engine::view::{Detail, Hit, Line, Table};

/// The screen's parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetailRegions {
    /// The title's row.
    pub title: Rect,
    /// Facts in their places.
    pub facts: Vec<FactPlace>,
    /// Notes' area.
    pub notes: Rect,
    /// Notes, wrapped to it.
    pub note_lines: Vec<Line>,
    /// Step lines.
    pub steps: List,
    /// Width of each of the steps' cells.
    pub step_cells: Vec<u16>,
    /// The table below.
    pub table: Option<TableRegions>,
}

/// A fact's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactPlace {
    /// Its index.
    pub index: usize,
    /// The label's cells.
    pub label: Rect,
    /// The value's cells.
    pub value: Rect,
}

/// Cells at the left of all parts.
const INDENT: u16 = 2;
/// Cells between label and value, and between columns.
const GAP: u16 = 2;

/// Divides `area`.
pub(super) fn arrange(
    view: &Detail,
    below: Option<&Table>,
    area: Rect,
    hits: &mut Vec<(Rect, Hit)>,
) -> DetailRegions {
    let inner = Rect {
        x: area.x + INDENT,
        width: area.width.saturating_sub(INDENT + 1),
        ..area
    };
    let label = view
        .facts
        .iter()
        .map(|(label, _)| width(label))
        .max()
        .unwrap_or(0)
        .min(inner.width / 2);
    let grid = Grid::new(view, inner.width, label);
    let note_lines: Vec<Line> = view
        .notes
        .iter()
        .flat_map(|note| wrap(note, inner.width))
        .collect();
    let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX - 1);
    let space = area.height.saturating_sub(1);
    let table_least = if below.is_some() {
        2 + (space / 4).clamp(1, 16)
    } else {
        0
    };
    let budget = space.saturating_sub(table_least);
    let wants = [count(note_lines.len()), grid.rows, count(view.steps.len())];
    // A message of the scheduler is why somebody looks here: it is cut last.
    let [notes, facts, steps] = share(
        budget,
        [(6, wants[0]), (space / 3, wants[1]), (space / 3, wants[2])],
    );
    // Air between the groups where there is plenty of room.
    let all = wants
        .iter()
        .fold(0, |sum: u16, want| sum.saturating_add(*want));
    let air = u16::from(all.saturating_add(3) <= budget);
    let gap = |rows: u16| if rows > 0 { air } else { 0 };
    let mut left = area;
    let mut take = |height: u16| {
        let taken = Rect {
            height: height.min(left.height),
            ..left
        };
        left = super::below(left, height);
        taken
    };
    let title = take(1);
    let (facts_gap, notes_gap, steps_gap) = (gap(facts), gap(notes), gap(steps));
    let facts = grid.places(take(facts), inner);
    take(facts_gap);
    let notes = Rect {
        x: inner.x,
        width: inner.width,
        ..take(notes)
    };
    take(notes_gap);
    let selected = view.steps.iter().position(|step| step.selected);
    let steps = List::new(take(steps), view.steps.len(), selected);
    hits.extend(
        steps
            .rows()
            .map(|(at, row)| (row, Hit::Row(view.steps[at].id.clone()))),
    );
    take(if below.is_some() { steps_gap } else { 0 });
    let table = below.map(|below| table::arrange(Some(below), left, hits));
    DetailRegions {
        title,
        facts,
        notes,
        note_lines,
        steps,
        step_cells: step_cells(view, inner.width),
        table,
    }
}

/// Facts in one to three columns, filled downwards; those too long for a column stand below, over the whole
/// width.
struct Grid {
    columns: u16,
    column: u16,
    label: u16,
    short: Vec<usize>,
    long: Vec<usize>,
    deep: u16,
    rows: u16,
}

impl Grid {
    fn new(view: &Detail, room: u16, label: u16) -> Self {
        let columns = match room {
            0..=95 => 1,
            96..=169 => 2,
            _ => 3,
        };
        let column = (room + GAP) / columns - GAP.min(room);
        let (short, long): (Vec<usize>, Vec<usize>) = (0..view.facts.len())
            .partition(|at| columns == 1 || label + GAP + line_width(&view.facts[*at].1) <= column);
        let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX / 4);
        let deep = count(short.len()).div_ceil(columns);
        let rows = deep + count(long.len());
        Self {
            columns,
            column,
            label,
            short,
            long,
            deep,
            rows,
        }
    }

    fn places(&self, area: Rect, inner: Rect) -> Vec<FactPlace> {
        let place = |index: usize, x: u16, y: u16, wide: u16| {
            let row = Rect::new(inner.x + x, area.y + y, wide, 1);
            let label = Rect {
                width: self.label.min(wide),
                ..row
            };
            let skip = (self.label + GAP).min(wide);
            let value = Rect {
                x: row.x + skip,
                width: wide - skip,
                ..row
            };
            FactPlace {
                index,
                label,
                value,
            }
        };
        let deep = usize::from(self.deep.max(1));
        let cell = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        let short = self.short.iter().enumerate().map(|(at, index)| {
            let column = cell(at / deep).min(self.columns - 1);
            let x = column * (self.column + GAP);
            (*index, x, cell(at % deep), self.column)
        });
        let long = self
            .long
            .iter()
            .zip(self.deep..)
            .map(|(index, y)| (*index, 0, y, inner.width));
        short
            .chain(long)
            .filter(|(_, _, y, _)| *y < area.height)
            .map(|(index, x, y, wide)| place(index, x, y, wide))
            .collect()
    }
}

/// Each cell as wide as its widest, the name narrowed when there is no room.
fn step_cells(view: &Detail, room: u16) -> Vec<u16> {
    let mut widths = Vec::new();
    for step in &view.steps {
        for (at, cell) in step.cells.iter().enumerate() {
            let wide = width(&cell.text);
            match widths.get_mut(at) {
                Some(known) => *known = wide.max(*known),
                None => widths.push(wide),
            }
        }
    }
    let gaps = GAP.saturating_mul(u16::try_from(widths.len().saturating_sub(1)).unwrap_or(0));
    let all = widths
        .iter()
        .fold(gaps, |sum: u16, wide| sum.saturating_add(*wide));
    if let Some(longest) = widths.iter_mut().max() {
        *longest = longest.saturating_sub(all.saturating_sub(room)).max(1);
    }
    widths
}
