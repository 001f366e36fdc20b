//! The log pane: the containers of a pod in order, or those of many merged by time; a ring of lines, search,
//! filter, windows; and who of all panes gets a stream.

pub(crate) mod budget;
mod fields;
mod group;
mod member;
mod moving;
mod pane;
mod ring;
mod save;
mod search;
mod sgr;
mod sieve;
mod stream;
mod title;
mod turns;
mod view;
mod window;

pub(crate) use group::Group;
pub use member::short_name;
pub(crate) use member::{job_containers, pod_containers};
pub(crate) use pane::{Pane, Target};
pub(crate) use save::{HUGE, What};
pub(crate) use window::Window;
