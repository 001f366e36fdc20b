//! Where in a row a filter looks, without writing out every cell of every row.

use std::cell::RefCell;
use std::collections::HashMap;

use super::lines::END;
use super::{Cx, Rows};
use crate::engine::filter::Subject;
use crate::model::Labels;

/// Where filters look for a column's text. All but the first find what stands in the cell.
pub(crate) enum Find<T: Rows + ?Sized> {
    /// Its text changes as time passes: filters do not look at it.
    Moves,
    /// In the cell.
    Cell,
    /// In this text, which is what the cell shows.
    Text(for<'r, 'a> fn(&'r T::Row<'a>) -> &'r str),
    /// In what this writes, which is what the cell shows.
    Written(for<'a> fn(&T::Row<'a>, &Cx<'a>, &mut String)),
    /// In the cell; those of rows with the same number show the same.
    Number(for<'a> fn(&T::Row<'a>, &Cx<'a>) -> i64),
}

/// What was written out while looking at some rows.
#[derive(Default)]
pub(crate) struct Texts {
    line: RefCell<String>,
    numbers: RefCell<HashMap<(usize, i64), Box<str>>>,
}

/// A row as a filter sees it.
pub(crate) struct Filtered<'r, 'a, T: Rows> {
    pub(crate) row: &'r T::Row<'a>,
    pub(crate) cx: &'r Cx<'a>,
    pub(crate) texts: &'r Texts,
}

impl<T: Rows> Filtered<'_, '_, T> {
    /// Tells all that filters look at, in small letters, column by column.
    pub(crate) fn line(&self, tell: impl FnOnce(&str)) {
        let (row, cx) = (self.row, self.cx);
        let mut line = self.texts.line.borrow_mut();
        line.clear();
        for (at, column) in T::columns().iter().enumerate() {
            let from = line.len();
            match column.find {
                Find::Moves => {}
                Find::Cell => line.push_str(&(column.cell)(row, cx).text),
                Find::Text(text) => line.push_str(text(row)),
                Find::Written(write) => write(row, cx, &mut line),
                Find::Number(number) => {
                    let mut numbers = self.texts.numbers.borrow_mut();
                    let text = numbers
                        .entry((at, number(row, cx)))
                        .or_insert_with(|| (column.cell)(row, cx).text.into());
                    line.push_str(text);
                }
            }
            lower(&mut line, from);
            line.push(END);
        }
        tell(&line);
    }
}

/// Makes what stands there from `from` on what is to be found of a text.
fn lower(line: &mut String, from: usize) {
    let text = &mut line[from..];
    if text.is_ascii() {
        text.make_ascii_lowercase();
    } else {
        let small = text.to_lowercase();
        line.truncate(from);
        line.push_str(&small);
    }
    if line[from..].contains(END) {
        // Words of a filter have neither.
        let text = line.split_off(from).replace(END, " ");
        line.push_str(&text);
    }
}

impl<T: Rows> Subject for Filtered<'_, '_, T> {
    fn has(&self, lower: &str) -> bool {
        (0..T::columns().len()).any(|at| self.column_has(at, lower))
    }

    fn column_has(&self, at: usize, lower: &str) -> bool {
        let Some(column) = T::columns().get(at) else {
            return false;
        };
        let (row, cx) = (self.row, self.cx);
        match column.find {
            Find::Moves => false,
            Find::Cell => contains(&(column.cell)(row, cx).text, lower),
            Find::Text(text) => contains(text(row), lower),
            Find::Written(write) => {
                let mut line = self.texts.line.borrow_mut();
                line.clear();
                write(row, cx, &mut line);
                contains(&line, lower)
            }
            Find::Number(number) => {
                let mut numbers = self.texts.numbers.borrow_mut();
                let text = numbers
                    .entry((at, number(row, cx)))
                    .or_insert_with(|| (column.cell)(row, cx).text.into());
                contains(text, lower)
            }
        }
    }

    fn labels(&self) -> Option<&Labels> {
        T::labels(self.row, self.cx)
    }
}

/// Whether a text has this in it, capitals or not.
fn contains(text: &str, lower: &str) -> bool {
    let plain = |b: u8| !b.is_ascii_uppercase() && b.is_ascii();
    if text.bytes().all(plain) {
        text.contains(lower)
    } else {
        text.to_lowercase().contains(lower)
    }
}
