//! The log pane: the containers of a pod in order, a ring of lines, search.

mod pane;
mod ring;
mod search;
mod sgr;
mod stream;
mod view;

pub(crate) use pane::{Pane, Target};
