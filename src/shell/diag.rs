//! Our own log: kept by tui-logger, shown on screen Console log, never written to the terminal.

use log::{LevelFilter, Log, Metadata, Record, SetLoggerError};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use tui_logger::{TuiLoggerLevelOutput, TuiLoggerSmartWidget, TuiWidgetEvent, TuiWidgetState};

use crate::engine::view::Tone;
use crate::engine::{Code, Key};
use crate::ui::Theme;

/// Passes records to tui-logger's store. Its own logger wakes a hundred times a second to sort them in; we
/// do that when the log is looked at and once a second.
struct Collector {
    drain: tui_logger::Drain,
    level: LevelFilter,
}

impl Log for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().starts_with("constable");
        // Libraries tell their own story; from them only what went wrong.
        metadata.level()
            <= if ours {
                self.level
            } else {
                self.level.min(LevelFilter::Warn)
            }
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.drain.log(record);
        }
    }

    fn flush(&self) {}
}

/// Collects records of this process from now on. Fails when there is a logger already.
pub fn init(level: LevelFilter) -> Result<(), SetLoggerError> {
    tui_logger::set_default_level(LevelFilter::Trace);
    log::set_boxed_logger(Box::new(Collector {
        drain: tui_logger::Drain::new(),
        level,
    }))?;
    log::set_max_level(level);
    Ok(())
}

/// The log's widget and where it stands.
#[derive(Default)]
pub(super) struct ConsoleLog {
    state: TuiWidgetState,
}

/// Below this the widget has no room for a word.
const LEAST: (u16, u16) = (30, 4);

impl ConsoleLog {
    /// Sorts in what was logged; to be called once a second and before painting.
    pub(super) fn collect() {
        tui_logger::move_events();
    }

    /// Paints it.
    pub(super) fn draw(&self, area: Rect, theme: &Theme, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        if area.width < LEAST.0 || area.height < LEAST.1 {
            return;
        }
        Self::collect();
        TuiLoggerSmartWidget::default()
            .style(theme.tone(Tone::Plain))
            .style_error(theme.tone(Tone::Bad))
            .style_warn(theme.tone(Tone::Warn))
            .style_debug(theme.tone(Tone::Dim))
            .style_trace(theme.tone(Tone::Dim))
            .highlight_style(theme.chosen)
            .border_style(theme.border)
            .output_timestamp(Some("%H:%M:%S".to_owned()))
            .output_level(Some(TuiLoggerLevelOutput::Long))
            .output_target(true)
            .output_file(false)
            .output_line(false)
            .output_separator(' ')
            .title_target(" targets ")
            .title_log(" log ")
            .state(&self.state)
            .render(area, buffer);
    }

    /// A key for it, as its own documentation has them.
    pub(super) fn key(&self, key: Key) {
        let event = match key.code {
            Code::Char(' ') => TuiWidgetEvent::SpaceKey,
            Code::Char('h') => TuiWidgetEvent::HideKey,
            Code::Char('f') => TuiWidgetEvent::FocusKey,
            Code::Char('+') => TuiWidgetEvent::PlusKey,
            Code::Char('-') => TuiWidgetEvent::MinusKey,
            Code::Char('k') | Code::Up => TuiWidgetEvent::UpKey,
            Code::Char('j') | Code::Down => TuiWidgetEvent::DownKey,
            Code::Left => TuiWidgetEvent::LeftKey,
            Code::Right => TuiWidgetEvent::RightKey,
            Code::PageUp => TuiWidgetEvent::PrevPageKey,
            Code::PageDown => TuiWidgetEvent::NextPageKey,
            Code::Esc => TuiWidgetEvent::EscapeKey,
            _ => return,
        };
        self.state.transition(event);
    }
}
