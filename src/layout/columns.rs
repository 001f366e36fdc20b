//! How a table's columns share a width.

use crate::engine::view::{Head, Width};

/// A column that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its index among the table's heads.
    pub index: usize,
    /// Its first cell, from the table's left edge.
    pub x: u16,
    /// Cells.
    pub width: u16,
}

/// Cells between two columns.
const GAP: u16 = 2;
/// Columns of this rank and above are extras.
const EXTRA: u8 = 4;

/// Columns within `room` cells from `left` on. Those of the highest rank are left out first, the rightmost of
/// a rank before the others; rank 0 always stays and is narrowed when nothing else helps.
pub fn columns(heads: &[Head], left: u16, room: u16) -> Vec<Column> {
    let mut kept: Vec<usize> = (0..heads.len()).collect();
    while let Some(worst) = least_weighty(heads, &kept) {
        // Columns of little weight do not narrow the others to their least.
        let wish = if heads[kept[worst]].rank >= EXTRA {
            comfortable
        } else {
            least
        };
        if needed(heads, &kept, wish) <= u32::from(room) {
            break;
        }
        kept.remove(worst);
    }
    let widths = share(heads, &kept, room);
    let mut x = left;
    let mut out = Vec::with_capacity(kept.len());
    let end = left.saturating_add(room);
    for (index, width) in kept.into_iter().zip(widths) {
        let width = width.min(end.saturating_sub(x));
        if width == 0 {
            break;
        }
        out.push(Column { index, x, width });
        x = x.saturating_add(width).saturating_add(GAP);
    }
    out
}

/// Where the column to be left out next stands; `None`: all that are left stay.
fn least_weighty(heads: &[Head], kept: &[usize]) -> Option<usize> {
    kept.iter()
        .enumerate()
        .filter(|(_, head)| heads[**head].rank > 0)
        .max_by_key(|(at, head)| (heads[**head].rank, *at))
        .map(|(at, _)| at)
}

fn least(head: &Head) -> u16 {
    match head.width {
        Width::Fixed(cells) | Width::Grow(cells, _) => cells,
    }
}

/// Enough for most of what stands in it.
fn comfortable(head: &Head) -> u16 {
    match head.width {
        Width::Fixed(cells) => cells,
        Width::Grow(cells, _) if head.rank == 0 => cells.saturating_add(cells / 3 * 2),
        Width::Grow(cells, _) => cells.saturating_add(cells / 3),
    }
}

fn needed(heads: &[Head], kept: &[usize], wish: fn(&Head) -> u16) -> u32 {
    let cells: u32 = kept.iter().map(|at| u32::from(wish(&heads[*at]))).sum();
    cells + u32::from(GAP) * u32::try_from(kept.len().saturating_sub(1)).unwrap_or(0)
}

/// A column grows no further: a row whose cells stand far apart is hard to follow.
fn most(head: &Head) -> u16 {
    match head.width {
        Width::Fixed(cells) => cells,
        Width::Grow(cells, _) => (cells.saturating_mul(5) / 2).max(28),
    }
}

/// What is spare goes to the growing columns by weight; what one cannot take goes to the others.
fn share(heads: &[Head], kept: &[usize], room: u16) -> Vec<u16> {
    let mut spare = u32::from(room).saturating_sub(needed(heads, kept, least));
    let mut widths: Vec<u16> = kept.iter().map(|at| least(&heads[*at])).collect();
    let weight = |at: usize, width: u16| match heads[at].width {
        Width::Grow(_, weight) if width < most(&heads[at]) => u32::from(weight),
        Width::Fixed(_) | Width::Grow(..) => 0,
    };
    loop {
        let mut weights: u32 = kept
            .iter()
            .zip(&widths)
            .map(|(at, w)| weight(*at, *w))
            .sum();
        let before = spare;
        for (at, width) in kept.iter().zip(&mut widths) {
            let mine = weight(*at, *width);
            let share = (spare * mine).checked_div(weights).unwrap_or(0);
            weights -= mine;
            let taken = share.min(u32::from(most(&heads[*at]) - *width));
            *width += u16::try_from(taken).unwrap_or(0);
            spare -= taken;
        }
        if spare == before || spare == 0 {
            return widths;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(title: &'static str, width: Width, rank: u8) -> Head {
        Head {
            title: title.into(),
            width,
            right: false,
            rank,
            sorted: None,
        }
    }

    fn jobs() -> Vec<Head> {
        vec![
            head("JOB", Width::Grow(16, 2), 0),
            head("REF", Width::Grow(6, 1), 3),
            head("STEP", Width::Fixed(10), 2),
            head("PHASE", Width::Fixed(9), 0),
            head("NODE", Width::Fixed(6), 1),
            head("WHO", Width::Fixed(6), 3),
        ]
    }

    #[test]
    fn columns_leave_by_rank() {
        let heads = jobs();
        let titles = |room| -> Vec<(&str, u16, u16)> {
            columns(&heads, 2, room)
                .iter()
                .map(|c| (&*heads[c.index].title, c.x, c.width))
                .collect()
        };
        assert_eq!(
            titles(72),
            [
                ("JOB", 2, 22),
                ("REF", 26, 9),
                ("STEP", 37, 10),
                ("PHASE", 49, 9),
                ("NODE", 60, 6),
                ("WHO", 68, 6),
            ]
        );
        let names = |room| -> Vec<&str> { titles(room).iter().map(|c| c.0).collect() };
        assert_eq!(names(62), ["JOB", "REF", "STEP", "PHASE", "NODE"]);
        assert_eq!(names(50), ["JOB", "STEP", "PHASE", "NODE"]);
        assert_eq!(names(40), ["JOB", "PHASE", "NODE"]);
        assert_eq!(names(30), ["JOB", "PHASE"]);
        assert_eq!(titles(20), [("JOB", 2, 16), ("PHASE", 20, 2)]);
        assert_eq!(titles(7), [("JOB", 2, 7)]);
    }
}
