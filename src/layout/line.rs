//! Lines of parts, some of which are left out when there is no room: header and footer.

use ratatui::layout::Rect;

use super::text::{line_width, width};
use crate::engine::view::{Header, Hint, Hit, Line};

/// A part of a line and its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the part.
    pub index: usize,
    /// Its cells.
    pub area: Rect,
}

/// A line of parts from the left and parts from the right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strip {
    /// The row.
    pub area: Rect,
    /// Parts from the left.
    pub left: Vec<Place>,
    /// Parts from the right, in order.
    pub right: Vec<Place>,
}

/// Between two parts of the header.
const HEADER_GAP: u16 = 2;
/// Between two hints.
const HINT_GAP: u16 = 2;

/// The header: the first left part and the last right part stay longest. Of the rest the right ones win, as
/// they tell how far the screen can be trusted.
pub(super) fn header(view: &Header, row: Rect) -> Strip {
    let room = row.width.saturating_sub(2);
    let mut used = view.left.first().map_or(0, |part| line_width(part));
    let take = |used: &mut u16, part: &Line| {
        let with = used
            .saturating_add(HEADER_GAP)
            .saturating_add(line_width(part));
        let fits = with <= room;
        if fits {
            *used = with;
        }
        fits
    };
    let mut left = usize::from(!view.left.is_empty());
    // The cluster's name comes before all but the weightiest facts.
    let mut right = 0;
    if let Some(part) = view.right.last()
        && take(&mut used, part)
    {
        right = 1;
    }
    if let Some(part) = view.left.get(1)
        && take(&mut used, part)
    {
        left = 2;
    }
    if right == 1 {
        right += view
            .right
            .iter()
            .rev()
            .skip(1)
            .take_while(|part| take(&mut used, part))
            .count();
    }
    if left == 2 {
        left += view
            .left
            .iter()
            .skip(2)
            .take_while(|part| take(&mut used, part))
            .count();
    }
    let mut x = row.x + 1;
    let left = (0..left)
        .map(|index| {
            place(
                index,
                &mut x,
                line_width(&view.left[index]),
                HEADER_GAP,
                row,
            )
        })
        .collect();
    let first = view.right.len() - right;
    let wide: u16 = view.right[first..]
        .iter()
        .fold(0, |sum: u16, part| sum + line_width(part) + HEADER_GAP);
    let mut x = (row.right() + HEADER_GAP).saturating_sub(1 + wide);
    let right = (first..view.right.len())
        .map(|index| {
            place(
                index,
                &mut x,
                line_width(&view.right[index]),
                HEADER_GAP,
                row,
            )
        })
        .collect();
    Strip {
        area: row,
        left,
        right,
    }
}

/// The footer: a notice first, then the hints that fit whole.
pub(super) fn footer(
    notice: Option<&Line>,
    hints: &[Hint],
    row: Rect,
    hits: &mut Vec<(Rect, Hit)>,
) -> (Option<Rect>, Strip) {
    let mut x = row.x + 1;
    let notice = notice.map(|line| {
        let area = Rect {
            x,
            width: line_width(line).min(row.width.saturating_sub(2)),
            ..row
        };
        x = area.right() + HINT_GAP * 2;
        area
    });
    let mut left = Vec::new();
    for (index, hint) in hints.iter().enumerate() {
        let wide = hint_width(hint);
        if x.saturating_add(wide) > row.right().saturating_sub(1) {
            break;
        }
        let place = place(index, &mut x, wide, HINT_GAP, row);
        if let Ok(number) = u8::try_from(index) {
            hits.push((place.area, Hit::Hint(number)));
        }
        left.push(place);
    }
    let strip = Strip {
        area: row,
        left,
        right: Vec::new(),
    };
    (notice, strip)
}

/// Cells of a hint: its key, a space, its text.
fn hint_width(hint: &Hint) -> u16 {
    width(&hint.key)
        .saturating_add(1)
        .saturating_add(width(hint.text))
}

fn place(index: usize, x: &mut u16, wide: u16, gap: u16, row: Rect) -> Place {
    let start = (*x).min(row.right());
    let area = Rect {
        x: start,
        width: wide.min(row.right() - start),
        ..row
    };
    *x = area.right().saturating_add(gap);
    Place { index, area }
}
