//! The text screen: one object as YAML or described, to be read, folded, searched, copied and saved.

pub(crate) mod describe;
mod fold;
mod object;
mod page;
mod pane;
mod view;
mod yaml;

pub(crate) use object::{KindRef, ObjectRef};
pub(crate) use page::Content;
pub(crate) use pane::{Form, Part, Standing, TextPane};
