//! A console on the simulated cluster that pictures are taken of: stepped once, then copied for each picture.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Size;

use super::Keys;
use crate::engine::{Engine, Settings};
use crate::shell::direct::Direct;
use crate::sim::demo::{Demo, DemoOptions};
use crate::ui::Theme;

/// The simulated cluster's clock when the console opens, unless the scenario says another: a day like any
/// other, the same each time.
fn opening() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_607_200, 0).unwrap_or_default()
}

/// A console and its cluster at a time after the console was opened.
#[derive(Clone)]
pub struct Studio {
    console: Direct<Demo>,
    opened: DateTime<Utc>,
    /// What the scenario types, and when.
    presses: Vec<(TimeDelta, Keys)>,
}

impl Studio {
    /// Opens a console.
    ///
    /// # Errors
    /// What the scenario lacks, or keys that are none.
    pub fn open(options: &DemoOptions) -> Result<Self, String> {
        let scenario = options.scenario.as_deref();
        let opened = scenario
            .and_then(|s| s.start)
            .map_or_else(opening, |start| start.0);
        let mut presses = Vec::new();
        for press in scenario.iter().flat_map(|s| &s.presses) {
            presses.push((press.at, Keys::parse(&press.keys)?));
        }
        presses.sort_by_key(|(at, _)| *at);
        let demo = Demo::build(options, opened)?;
        Ok(Self {
            console: Direct::new(demo, Engine::new(Settings::default()), "demo"),
            opened,
            presses,
        })
    }

    /// Whether something is typed on the way to `at`: then the size matters before the picture is taken.
    pub fn types_before(&self, at: TimeDelta) -> bool {
        self.presses.iter().any(|(when, _)| *when <= at)
    }

    /// Lets time pass until `at` after the opening; what the scenario types goes to a terminal of that size.
    pub fn run_until(&mut self, at: TimeDelta, size: Size, theme: &Theme) {
        while let Some((when, _)) = self.presses.first()
            && *when <= at
        {
            let (when, keys) = self.presses.remove(0);
            self.console.run_until(self.opened + when);
            self.press(&keys, size, theme);
        }
        self.console.run_until(self.opened + at);
    }

    /// Presses keys, each on a frame of that size, and takes a picture so much later.
    pub fn take(&mut self, keys: &Keys, then: TimeDelta, size: Size, theme: &Theme) -> Buffer {
        self.press(keys, size, theme);
        let until = self.console.now().wall + then;
        self.console.run_until(until);
        self.console.draw(size, theme)
    }

    /// Pages are as long as what is drawn, so that keys move as they would.
    fn press(&mut self, keys: &Keys, size: Size, theme: &Theme) {
        self.console.draw(size, theme);
        for key in &keys.0 {
            self.console.keys([*key]);
            self.console.draw(size, theme);
        }
    }
}
