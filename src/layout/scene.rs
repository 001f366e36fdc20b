//! What there is to show, read from the engine once a frame.

use crate::engine::view::{Body, Header, Hint, Line, LogView, Overlay, Table};
use crate::engine::{Engine, Now};

/// All views of the screen on top.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// The first line.
    pub header: Header,
    /// Kind and content of the body.
    pub body: Body,
    /// The screen's table, if it has one.
    pub table: Option<Table>,
    /// The log pane, if it has one.
    pub log: Option<LogView>,
    /// What lies over it.
    pub overlay: Option<Overlay>,
    /// Keys for the footer.
    pub hints: Vec<Hint>,
    /// A passing message.
    pub notice: Option<Line>,
}

impl Scene {
    /// What the engine shows now.
    pub fn of(engine: &Engine, now: Now) -> Self {
        Self {
            header: engine.header(now),
            body: engine.body(now),
            table: engine.table(now),
            log: engine.log(now),
            overlay: engine.overlay(now),
            hints: engine.hints(),
            notice: engine.notice(),
        }
    }
}
