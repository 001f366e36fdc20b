//! Any kind that the server has, by its name: what discovery tells, and the server's own Table of it.

mod kinds;
mod order;
mod pane;
mod read;

pub(crate) use kinds::{Kinds, Source};
pub(crate) use pane::KindPane;
pub(crate) use read::{Page, TableRow};
