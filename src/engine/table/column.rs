//! Columns: title, width, cell and sort key side by side, and the one that says whose a row is.

use super::{Cx, Find, RowKey, Rows, Sight, TableKind, Value, with_rows};
use crate::engine::text;
use crate::engine::view::{Sorted, Span, Width};

/// A column.
pub(crate) struct Column<T: Rows + ?Sized> {
    /// In capitals, one word: it is also its name in filters and for `:sort`.
    pub(crate) title: &'static str,
    pub(crate) width: Width,
    pub(crate) right: bool,
    /// Columns with a higher number are left out first.
    pub(crate) rank: u8,
    /// Where filters look.
    pub(crate) find: Find<T>,
    /// The way it is sorted first.
    pub(crate) way: Sorted,
    pub(crate) cell: for<'a> fn(&T::Row<'a>, &Cx<'a>) -> Span,
    pub(crate) key: for<'a> fn(&T::Row<'a>, &Cx<'a>) -> Value,
}

/// Whose a row is. It stands last in a kind's columns and first on the screen, where there are several
/// clusters; with one it is not there.
pub(super) const fn cluster<T: Rows>() -> Column<T> {
    Column {
        title: CLUSTER,
        width: Width::Grow(7, 1),
        right: false,
        rank: 0,
        find: Find::Written(|_, cx, to| to.push_str(cx.cluster.map_or("", |name| name))),
        way: Sorted::Up,
        cell: |_, cx| cx.cluster.map(text::plain).unwrap_or_default(),
        key: |_, cx| cx.cluster.map_or(Value::Missing, Value::text),
    }
}

const CLUSTER: &str = "CLUSTER";

/// A kind's columns as they stand on the screen, each with its number among the kind's. `mixed`: they are of
/// several clusters.
pub(super) fn columns<T: Rows>(
    mixed: bool,
) -> impl Iterator<Item = (usize, &'static Column<T>)> + Clone {
    let all = || T::columns().iter().enumerate();
    let first = all().filter(move |(_, c)| mixed && c.title == CLUSTER);
    first.chain(all().filter(|(_, c)| c.title != CLUSTER))
}

/// Titles of a kind's columns, in their order; `several`: there are several clusters.
pub(crate) fn titles(kind: TableKind, several: bool) -> Vec<&'static str> {
    with_rows!(kind, T => {
        let known = |title: &&str| several || *title != CLUSTER;
        T::columns().iter().map(|c| c.title).filter(known).collect()
    })
}

/// What a row shows.
pub(super) fn cells<T: Rows>(key: &RowKey, sight: &Sight<'_>, mixed: bool) -> Vec<Span> {
    let columns = columns::<T>(mixed);
    let row = sight
        .of_row(key)
        .and_then(|cx| Some((T::get(key, &cx)?, cx)));
    match row {
        Some((row, cx)) => columns.map(|(_, c)| (c.cell)(&row, &cx)).collect(),
        None => columns.map(|_| Span::default()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_can_say_whose_its_rows_are() {
        for kind in TableKind::ALL {
            let all = titles(kind, true);
            if all.last() != Some(&CLUSTER) {
                assert_eq!(kind, TableKind::Items, "no column for the cluster");
                continue;
            }
            let (_, own) = all.split_last().expect("columns");
            assert_eq!(titles(kind, false), own, "{kind:?}");
        }
    }
}
