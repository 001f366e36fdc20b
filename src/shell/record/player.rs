//! An engine that is told again what it was told. What it then asks for is compared with what it asked for
//! then; nothing of it is done.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use serde_json::Value;

use super::cells::Cells;
use super::tape::Entry;
use super::writer::effect_value;
use super::{Opening, Tape, TapeError};
use crate::engine::{Effect, Engine, Event, Now};
use crate::layout::{Scene, arrange};
use crate::ui::{self, Depth, Theme};

/// Something that came out otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}: recorded {then}; now {now}", at.format("%H:%M:%S%.3f"))]
pub struct Difference {
    /// When it was.
    pub at: DateTime<Utc>,
    /// `effects` or `cells`.
    pub what: &'static str,
    /// What was recorded.
    pub then: String,
    /// What there is now.
    pub now: String,
}

/// What the next line of a recording was.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Something happened; what came from a person is named.
    Event(Option<Box<Event>>),
    /// The engine worked, or a frame was looked at.
    Other,
    /// The recording ended, and why.
    End(String),
}

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Events that were told.
    pub events: u64,
    /// Effects that were compared.
    pub effects: u64,
    /// Frames that were compared.
    pub frames: u64,
}

/// A recording being replayed.
pub struct Player {
    tape: Tape,
    /// The engine, as far as it was told.
    pub engine: Engine,
    /// The terminal's size then.
    pub size: Size,
    /// What came out otherwise since this was last taken.
    pub differences: Vec<Difference>,
    /// What was compared.
    pub count: Count,
    /// When the last event was.
    pub now: Option<Now>,
    theme: Option<Theme>,
    /// Cells are compared: it was drawn by this version.
    compares_cells: bool,
    /// Something that may be on the screen was not recorded.
    altered: bool,
    made: Vec<Effect>,
    free: bool,
    /// Read, but not told yet.
    ahead: Option<Entry>,
}

impl Player {
    /// Opens a recording. `free`: the engine is not told what the person did.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn open(path: &Path, free: bool) -> Result<Self, TapeError> {
        let tape = Tape::open(path)?;
        let Opening {
            settings,
            size,
            theme,
            depth,
        } = tape.opening.clone();
        Ok(Self {
            compares_cells: tape.by == env!("CARGO_PKG_VERSION") && !free,
            tape,
            engine: Engine::new(settings),
            size,
            differences: Vec::new(),
            count: Count::default(),
            now: None,
            theme: Theme::built_in(&theme, depth),
            altered: false,
            made: Vec::new(),
            free,
            ahead: None,
        })
    }

    /// The version of the program that recorded it.
    pub fn by(&self) -> &str {
        &self.tape.by
    }

    /// The theme it was drawn in, or a usual one.
    pub fn theme(&self, depth: Depth) -> Option<Theme> {
        let name = &self.tape.opening.theme;
        Theme::built_in(name, depth).or_else(|| Theme::built_in("dark", depth))
    }

    /// Leaves cells out of the comparison.
    pub fn ignore_cells(&mut self) {
        self.compares_cells = false;
    }

    /// When the next line is to be told, as [`Now::boot`]; `None`: at once.
    ///
    /// # Errors
    /// The file is cut off here, or cannot be understood.
    pub fn due(&mut self) -> Result<Option<Duration>, TapeError> {
        let next = match self.ahead.take() {
            Some(next) => next,
            None => self.tape.next()?,
        };
        Ok(match self.ahead.insert(next) {
            Entry::Event { now, .. } | Entry::Frame { now, .. } => Some(now.boot),
            Entry::Work { .. } | Entry::End(_) => None,
        })
    }

    /// Goes on by a line.
    ///
    /// # Errors
    /// The file is cut off here, or cannot be understood.
    pub fn step(&mut self) -> Result<Step, TapeError> {
        let next = match self.ahead.take() {
            Some(next) => next,
            None => self.tape.next()?,
        };
        match next {
            Entry::Event {
                now,
                event,
                effects,
                altered,
            } => {
                self.now = Some(now);
                self.altered |= altered;
                let person = is_input(&event).then(|| Box::new(event.clone()));
                if self.free && !is_news(&event) {
                    return Ok(Step::Event(person));
                }
                self.tell(now, event, &effects);
                Ok(Step::Event(person))
            }
            Entry::Work { rows, times } => {
                if !self.free {
                    for _ in 0..times {
                        self.engine.work(rows);
                    }
                }
                Ok(Step::Other)
            }
            Entry::Frame { now, size, cells } => {
                self.size = size;
                self.compare_cells(now, cells);
                Ok(Step::Other)
            }
            Entry::End(why) => Ok(Step::End(why)),
        }
    }

    /// Goes on to the end; why it ended.
    ///
    /// # Errors
    /// The file is cut off, or cannot be understood from some line on.
    pub fn run(&mut self) -> Result<String, TapeError> {
        loop {
            if let Step::End(why) = self.step()? {
                return Ok(why);
            }
        }
    }

    /// The engine as it is, drawn for that size; a recording of another theme in `theme`.
    pub fn draw(&self, now: Now, size: Size, theme: &Theme) -> Buffer {
        let scene = Scene::of(&self.engine, now);
        let regions = arrange(&scene, size);
        let mut buffer = Buffer::empty(Rect::new(0, 0, size.width, size.height));
        ui::draw(&scene, &regions, theme, &mut buffer);
        buffer
    }

    fn tell(&mut self, now: Now, event: Event, then: &[Value]) {
        self.made.clear();
        self.engine.handle(now, event, &mut self.made);
        self.count.events += 1;
        if self.free {
            return;
        }
        self.count.effects += then.len() as u64;
        for effect in &self.made {
            if let Effect::Theme(name) = effect {
                self.theme = Theme::built_in(name, self.tape.opening.depth);
            }
        }
        let made: Vec<Value> = self.made.iter().map(effect_value).collect();
        if made == then {
            return;
        }
        let lines = |all: &[Value]| match all {
            [] => "nothing".to_owned(),
            all => all
                .iter()
                .map(Value::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        };
        self.differences.push(Difference {
            at: now.wall,
            what: "effects",
            then: lines(then),
            now: lines(&made),
        });
    }

    fn compare_cells(&mut self, now: Now, then: Cells) {
        // Where something was taken out, what is drawn may differ for that alone.
        let (true, false, Some(theme)) = (self.compares_cells, self.altered, &self.theme) else {
            return;
        };
        let cells = Cells::of(&self.draw(now, self.size, theme));
        self.count.frames += 1;
        if cells != then {
            let word =
                |cells: Cells| format!("text {:016x} style {:016x}", cells.text, cells.style);
            self.differences.push(Difference {
                at: now.wall,
                what: "cells",
                then: word(then),
                now: word(cells),
            });
        }
    }
}

/// What a person did.
fn is_input(event: &Event) -> bool {
    matches!(
        event,
        Event::Key(_) | Event::Paste(_) | Event::Click(_) | Event::Wheel(_)
    )
}

/// What a cluster told, and time.
fn is_news(event: &Event) -> bool {
    match event {
        Event::Tick
        | Event::Watch(..)
        | Event::Feed(..)
        | Event::Narrowed(..)
        | Event::Server(..)
        | Event::ConnectFailed(..)
        | Event::Figures(..)
        | Event::Usage(..) => true,
        Event::Key(_)
        | Event::Paste(_)
        | Event::Click(_)
        | Event::Wheel(_)
        | Event::Page { .. }
        | Event::Drawn
        // Numbers of logs and calls are those of the recorded console.
        | Event::Log(..)
        | Event::Reply(..)
        | Event::Saved(_)
        | Event::Remote(..)
        | Event::Taping(_)
        | Event::Terminate => false,
    }
}
