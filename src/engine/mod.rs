//! The only mutator: `handle(now, Event, &mut Vec<Effect>)`.
//!
//! The engine holds the model, the screens, the log panes and the actions under way. It is pure: time comes
//! with each event, effects leave as values, and what is seen is read back through [`view`] types, so that a
//! test drives it without a terminal and a recording replays exactly.

pub mod action;
pub mod effect;
pub mod event;
pub mod input;
mod settings;
pub mod view;

pub use effect::{Call, CallId, Effect, LogId, LogSource};
pub use event::{Event, LogEnd, LogEvent, LogLine, Now, Reply, ServerInfo};
pub use input::{Code, Key, Mods};
pub use settings::{Settings, StartScreen};

/// The engine of one console.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    server: Option<ServerInfo>,
    dirty: bool,
}

impl Engine {
    /// An engine that knows nothing of a cluster yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            server: None,
            dirty: true,
        }
    }

    /// Takes an event; what it wants done is pushed to `out`. Nothing else changes the engine but
    /// [`Engine::work`].
    pub fn handle(&mut self, now: Now, event: Event, out: &mut Vec<Effect>) {
        let _ = now;
        self.dirty = true;
        match event {
            Event::Server(info) => self.server = Some(*info),
            Event::Terminate => out.push(Effect::Quit),
            Event::Key(key) if key == Key::ctrl('c') => out.push(Effect::Quit),
            _ => {}
        }
    }

    /// Advances the tables' indexes by about so many rows; true: there is more to do. To be called between
    /// inputs.
    pub fn work(&mut self, rows: usize) -> bool {
        let _ = rows;
        false
    }

    /// Whether something visible changed since this was last asked.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// The line at the top.
    pub fn header(&self, now: Now) -> view::Header {
        let text = |t: &str| vec![view::Span::new(t.to_owned(), view::Tone::Plain)];
        view::Header {
            left: vec![vec![view::Span::new("Constable", view::Tone::Accent)]],
            right: vec![text(&now.wall.format("%H:%M:%S").to_string())],
        }
    }

    /// What the screen on top shows.
    pub fn body(&self, now: Now) -> view::Body {
        let _ = now;
        match self.settings.start {
            StartScreen::Overview => view::Body::Overview(Box::new(view::Overview {
                ranks: Vec::new(),
                ingresses: Vec::new(),
                problems: Vec::new(),
            })),
            _ => view::Body::Table,
        }
    }

    /// The visible part of the screen's table, if it has one.
    pub fn table(&self, now: Now) -> Option<view::Table> {
        let _ = now;
        None
    }

    /// The visible part of the log, if the screen is one.
    pub fn log(&self, now: Now) -> Option<view::LogView> {
        let _ = now;
        None
    }

    /// What lies over the screen.
    pub fn overlay(&self, now: Now) -> Option<view::Overlay> {
        let _ = now;
        None
    }

    /// Keys of this screen for the footer.
    pub fn hints(&self) -> Vec<view::Hint> {
        Vec::new()
    }

    /// The last message: one line above the footer.
    pub fn notice(&self) -> Option<view::Line> {
        None
    }
}
