//! An engine, and what is written of all that it is told.

use std::ops::Deref;

use ratatui::buffer::Buffer;

use super::Recorder;
use crate::engine::event::Taping;
use crate::engine::{Dirty, Effect, Engine, Event, Now};

/// An engine that may be recorded. What it shows is read from it as from any; what changes it goes through
/// here.
#[derive(Debug)]
pub struct Taped {
    engine: Engine,
    recorder: Option<Recorder>,
    /// What the engine was told last of its recording.
    told: Option<Taping>,
}

/// A copy is not recorded.
impl Clone for Taped {
    fn clone(&self) -> Self {
        Self::new(self.engine.clone(), None)
    }
}

impl Deref for Taped {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl Taped {
    /// An engine that was told nothing yet.
    pub fn new(engine: Engine, recorder: Option<Recorder>) -> Self {
        Self {
            engine,
            recorder,
            told: None,
        }
    }

    /// As [`Engine::handle`].
    pub fn handle(&mut self, now: Now, event: Event, out: &mut Vec<Effect>) {
        let Some(recorder) = &mut self.recorder else {
            self.engine.handle(now, event, out);
            return;
        };
        let before = out.len();
        let copy = event.clone();
        self.engine.handle(now, event, out);
        recorder.event(now, copy, out.get(before..).unwrap_or_default());
    }

    /// As [`Engine::work`].
    pub fn work(&mut self, rows: usize) -> bool {
        if let Some(recorder) = &mut self.recorder {
            recorder.work(rows);
        }
        self.engine.work(rows)
    }

    /// As [`Engine::take_dirty`].
    pub fn take_dirty(&mut self) -> Dirty {
        self.engine.take_dirty()
    }

    /// A frame was drawn.
    pub(crate) fn drew(&mut self, now: Now, buffer: &Buffer) {
        if let Some(recorder) = &mut self.recorder {
            recorder.frame(now, buffer);
        }
    }

    /// What is to be told of the recording, if that has changed: the engine shows it.
    pub(crate) fn taping(&mut self) -> Option<Event> {
        let taping = self.recorder.as_ref()?.taping();
        let megabytes = |taping: &Taping| (taping.bytes >> 20, taping.ended.clone());
        if self.told.as_ref().map(megabytes) == Some(megabytes(&taping)) {
            return None;
        }
        self.told = Some(taping.clone());
        Some(Event::Taping(Box::new(taping)))
    }
}
