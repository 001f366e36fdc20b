//! Lists of which not all may fit.

use ratatui::layout::Rect;

/// A list's place: items `first..first + shown`, one a row, then, when `more > 0`, a row that says how many
/// are not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// All of it.
    pub area: Rect,
    /// The first item shown.
    pub first: usize,
    /// Items shown.
    pub shown: usize,
    /// Items that are not.
    pub more: usize,
}

impl List {
    /// A list of `total` items in `area`; the selected one is among those shown.
    pub fn new(area: Rect, total: usize, selected: Option<usize>) -> Self {
        let room = usize::from(area.height);
        if total <= room {
            return Self {
                area,
                first: 0,
                shown: total,
                more: 0,
            };
        }
        let shown = room.saturating_sub(1);
        let first = selected.map_or(0, |at| (at + 1).saturating_sub(shown));
        Self {
            area,
            first: first.min(total - shown),
            shown,
            more: total - shown,
        }
    }

    /// The shown items' indexes and rows.
    pub fn rows(&self) -> impl Iterator<Item = (usize, Rect)> + use<> {
        let list = *self;
        (0..list.shown)
            .zip(list.area.rows())
            .map(move |(at, row)| (list.first + at, row))
    }

    /// The row that says how many are not shown.
    pub fn rest(&self) -> Option<Rect> {
        if self.more == 0 {
            return None;
        }
        self.area.rows().nth(self.shown)
    }
}

/// Divides `budget` rows: each part gets its least (in order, while there is something), then one more at a
/// time in turn until it has what it wants.
pub fn share<const N: usize>(budget: u16, parts: [(u16, u16); N]) -> [u16; N] {
    let mut out = [0; N];
    share_out(budget, &parts, &mut out);
    out
}

/// The same for any number of parts: what each gets is written to `out`.
pub(super) fn share_out(budget: u16, parts: &[(u16, u16)], out: &mut [u16]) {
    let mut left = budget;
    for (got, (least, want)) in out.iter_mut().zip(parts) {
        *got = (*least).min(*want).min(left);
        left -= *got;
    }
    while left > 0 {
        let before = left;
        for (got, (_, want)) in out.iter_mut().zip(parts) {
            if left > 0 && *got < *want {
                *got += 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_the_selected_item_in_sight() {
        let area = Rect::new(0, 5, 10, 4);
        let list = |total, selected| {
            let list = List::new(area, total, selected);
            (list.first, list.shown, list.more, list.rest().map(|r| r.y))
        };
        assert_eq!(list(4, Some(3)), (0, 4, 0, None));
        assert_eq!(list(9, None), (0, 3, 6, Some(8)));
        assert_eq!(list(9, Some(2)), (0, 3, 6, Some(8)));
        assert_eq!(list(9, Some(5)), (3, 3, 6, Some(8)));
        assert_eq!(list(9, Some(8)), (6, 3, 6, Some(8)));
    }

    #[test]
    fn shares_start_with_the_least() {
        assert_eq!(share(10, [(1, 5), (1, 3), (2, 4)]), [3, 3, 4]);
        assert_eq!(share(3, [(1, 5), (1, 3), (2, 4)]), [1, 1, 1]);
        assert_eq!(share(50, [(1, 5), (1, 3), (2, 4)]), [5, 3, 4]);
    }
}
