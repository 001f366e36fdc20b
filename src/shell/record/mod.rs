//! Recordings: all that an engine was told, when, and what it asked for, in a file that a later version reads.
//!
//! The file is lines of JSON, compressed by gzip. The first line says what it is, with which settings the
//! engine began and on what terminal; then each line is something that happened, in its order:
//!
//! | line | what |
//! |---|---|
//! | `{"at", "event", "effects"}` | an event with its [`Now`](crate::engine::Now), and what the engine asked for |
//! | `{"work": [rows, times]}` | so often the engine was let sort so many rows |
//! | `{"frame": {"at", "size", "text", "style"}}` | a frame was drawn: the sums of its cells |
//! | `{"end"}` | the recording ended, and why |
//!
//! What must not be in it is taken out before a line is written: by `hide`.
//!
//! | module | what it does |
//! |---|---|
//! | `wire` | the names in which events, effects and settings are written |
//! | `taped` | an engine, and what is written of all that it is told |
//! | `writer` | lines into the file, on a thread of their own |
//! | `tape` | the file back into lines |
//! | [`player`] | an engine that is told again what it was told, and what it then asks for compared |
//! | `cells` | sums of a frame's cells |

mod cells;
mod hide;
pub mod player;
mod tape;
mod taped;
pub(crate) mod wire;
mod writer;

use ratatui::layout::Size;
use serde_json::Value;

pub use player::{Difference, Player};
pub use tape::{Tape, TapeError};
pub use taped::Taped;
pub use writer::{Recorder, StartError};

use self::wire::{Wire as _, Wrong};
use crate::engine::Settings;
use crate::ui::Depth;

/// The format that this version writes. It reads this one and those before it.
pub const VERSION: u64 = 1;

/// What a recording begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Opening {
    /// The engine's settings.
    pub settings: Settings,
    /// The terminal's columns and rows.
    pub size: Size,
    /// The theme's name.
    pub theme: String,
    /// How many colours there were.
    pub depth: Depth,
}

/// The key of the first line that says what the file is.
const MAGIC: &str = "constable-recording";
const DEPTHS: [(&str, Depth); 4] = [
    ("none", Depth::None),
    ("16", Depth::Sixteen),
    ("256", Depth::Palette),
    ("true", Depth::True),
];

impl Opening {
    /// The first line.
    fn put(&self) -> Value {
        let depth = DEPTHS.iter().find(|(_, depth)| *depth == self.depth);
        serde_json::json!({
            MAGIC: VERSION,
            "by": env!("CARGO_PKG_VERSION"),
            "settings": self.settings.put(),
            "size": [self.size.width, self.size.height],
            "theme": self.theme,
            "colors": depth.map(|(name, _)| *name),
        })
    }

    fn take(line: &Value) -> Result<Self, Wrong> {
        let map = wire::fields(line)?;
        let (width, height) = wire::take(map, "size")?;
        let depth: String = wire::take(map, "colors")?;
        let depth = DEPTHS.iter().find(|(name, _)| *name == depth);
        Ok(Self {
            settings: wire::take(map, "settings")?,
            size: Size::new(width, height),
            theme: wire::take(map, "theme")?,
            depth: depth.map(|(_, depth)| *depth).unwrap_or_default(),
        })
    }
}
