//! The loop: terminal, effects, frame pacing, our own log.
//!
//! | module | what it does |
//! |---|---|
//! | [`mod@run`] | the loop: inputs first, then frames, then the cluster's news, then waiting work |
//! | `screen` | a frame: scene, regions, page, cells |
//! | `pace` | when a frame is due |
//! | `terminal` | raw mode and back, whatever ends the program |
//! | `input` | a terminal's keys and clicks into the engine's events |
//! | `dispatch` | effects into what they ask for |
//! | `remote` | terminals and forwards that are open |
//! | `lent` | the terminal while a process in a container has it |
//! | `session` | one connection: feeds, log streams, calls |
//! | [`record`] | recordings: written, read, replayed |
//! | [`replay`] | a recording played on the terminal |
//! | `audit` | the audit trail |
//! | `save` | texts into files and the clipboard |
//! | [`diag`] | our own log, shown on screen Console log |
//! | [`themes`] | where themes come from |
//! | `clock`, `signals` | the time; what ends or suspends us |

pub(crate) mod audit;
mod clock;
pub mod diag;
#[cfg(feature = "sim")]
pub mod direct;
mod dispatch;
mod input;
mod lent;
mod pace;
pub mod record;
pub(crate) mod remote;
pub mod replay;
pub mod run;
mod save;
mod screen;
mod session;
mod signals;
mod terminal;
pub mod themes;

pub use run::{Console, Failure, Source, run};
