//! The only mutator: `handle(now, Event, &mut Vec<Effect>)`.
//!
//! The engine holds the model, the screens, the log panes and the actions under way. It is pure: time comes
//! with each event, effects leave as values, and what is seen is read back through [`view`] types, so that a
//! test drives it without a terminal and a recording replays exactly.

pub mod effect;
pub mod event;
pub mod input;
pub mod view;

pub use effect::{Call, CallId, Effect, LogId, LogSource};
pub use event::{Event, LogEnd, LogEvent, LogLine, Now, Reply, ServerInfo};
pub use input::{Code, Key, Mods};
