//! Rows asked about one by one, by those who show no table.

use super::find::{Filtered, Texts};
use super::{Cx, RowKey, Rows, Scope, TableKind, Walk, with_rows};
use crate::engine::filter::Filter;

/// Whether a row is in a scope and passes the filter.
pub(crate) fn passes(
    kind: TableKind,
    key: &RowKey,
    scope: &Scope,
    filter: &Filter,
    cx: &Cx<'_>,
) -> bool {
    with_rows!(kind, T => {
        T::get(key, cx).is_some_and(|row| {
            T::within(&row, scope, cx) && kept::<T>(&row, filter, cx)
        })
    })
}

/// Tells about those of the next rows of a scope that pass the filter; false: these were the last.
pub(crate) fn pick(
    kind: TableKind,
    walk: &mut Walk,
    scope: &Scope,
    filter: &Filter,
    cx: &Cx<'_>,
    rows: usize,
    tell: &mut dyn FnMut(RowKey),
) -> bool {
    with_rows!(kind, T => T::walk(walk, scope, cx, rows, &mut |key, row| {
        if T::within(&row, scope, cx) && kept::<T>(&row, filter, cx) {
            tell(key);
        }
    }))
}

fn kept<'a, T: Rows>(row: &T::Row<'a>, filter: &Filter, cx: &Cx<'a>) -> bool {
    let texts = &Texts::default();
    filter.is_empty() || filter.passes(&Filtered::<T> { row, cx, texts })
}
