//! A frame: what the engine shows, laid out for the terminal's size, painted, written at once.

use std::io;

use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::layout::Size;

use super::diag::ConsoleLog;
use super::record::Taped;
use super::terminal::Terminal;
use crate::engine::{Effect, Event, Now};
use crate::layout::{BodyRegions, Regions, Scene, arrange};
use crate::ui::{self, Theme};

/// The terminal with what was last painted on it.
pub(super) struct Screen {
    pub(super) terminal: Terminal,
    pub(super) theme: Theme,
    pub(super) log: ConsoleLog,
    /// Of the last frame: what a click means.
    pub(super) regions: Option<Regions>,
    page: Size,
    /// What was last painted.
    scene: Option<Scene>,
}

impl Screen {
    pub(super) fn new(terminal: Terminal, theme: Theme) -> Self {
        Self {
            terminal,
            theme,
            log: ConsoleLog::default(),
            regions: None,
            page: Size::new(0, 0),
            scene: None,
        }
    }

    /// The next frame is painted though nothing of it has changed.
    pub(super) fn forget(&mut self) {
        self.scene = None;
    }

    /// Paints a frame, unless it would be the last one again. The engine is told first when its page has
    /// another size.
    pub(super) fn draw(
        &mut self,
        engine: &mut Taped,
        now: Now,
        effects: &mut Vec<Effect>,
    ) -> io::Result<()> {
        let tui = &mut self.terminal.tui;
        tui.autoresize()?;
        let size = tui.get_frame().area().as_size();
        let mut scene = Scene::of(&*engine, now);
        let mut regions = arrange(&scene, size);
        // What is shown can depend on the page and the page on what is shown; twice settles it.
        for _ in 0..2 {
            if regions.page == self.page {
                break;
            }
            self.page = regions.page;
            let page = Event::Page {
                rows: self.page.height,
                columns: self.page.width,
            };
            engine.handle(now, page, effects);
            scene = Scene::of(&*engine, now);
            regions = arrange(&scene, size);
        }
        let own = matches!(regions.body, BodyRegions::ConsoleLog { .. });
        let same =
            |last: &Regions| last.area == regions.area && self.scene.as_ref() == Some(&scene);
        if !own && self.regions.as_ref().is_some_and(same) {
            return Ok(());
        }
        queue!(tui.backend_mut(), BeginSynchronizedUpdate)?;
        let (theme, log) = (&self.theme, &self.log);
        tui.draw(|frame| {
            let buffer = frame.buffer_mut();
            ui::draw(&scene, &regions, theme, buffer);
            if let BodyRegions::ConsoleLog { widget, .. } = regions.body
                && scene.overlay.is_none()
            {
                log.draw(widget, theme, buffer);
            }
            if !own {
                engine.drew(now, buffer);
            }
        })?;
        queue!(tui.backend_mut(), EndSynchronizedUpdate)?;
        self.terminal.send()?;
        self.regions = Some(regions);
        self.scene = Some(scene);
        Ok(())
    }
}
