//! Raw mode and back. Whatever ends the program, the terminal is as it was.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::style::ResetColor;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::backend::{Backend as _, ClearType, CrosstermBackend};

/// Whether the terminal is ours: what a panic has to undo.
static OURS: AtomicBool = AtomicBool::new(false);

/// Where frames go.
pub(super) type Backend = CrosstermBackend<Held>;

/// Holds what is written, flushes or not, until it is sent as a whole: a frame is one write.
#[derive(Clone, Debug, Default)]
pub(super) struct Held(Arc<Mutex<Vec<u8>>>);

impl Held {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends all that was written.
    fn send(&self, to: &mut impl Write) -> io::Result<()> {
        let mut bytes = self.bytes();
        let sent = to.write_all(&bytes).and_then(|()| to.flush());
        bytes.clear();
        sent
    }
}

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal in raw mode on its alternate screen; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Terminal {
    pub(super) tui: ratatui::Terminal<Backend>,
    held: Held,
}

/// Whether standard input and output are a terminal.
pub(super) fn is_one() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Columns and rows.
pub(super) fn size() -> io::Result<ratatui::layout::Size> {
    let (columns, rows) = crossterm::terminal::size()?;
    Ok(ratatui::layout::Size::new(columns, rows))
}

impl Terminal {
    /// Takes the terminal.
    pub(super) fn take() -> io::Result<Self> {
        give_back_on_panic();
        enter()?;
        let held = Held::default();
        match ratatui::Terminal::new(CrosstermBackend::new(held.clone())) {
            Ok(tui) => Ok(Self { tui, held }),
            Err(error) => {
                leave();
                Err(error)
            }
        }
    }

    /// Sends what was painted.
    pub(super) fn send(&mut self) -> io::Result<()> {
        self.held.send(&mut io::stdout())
    }

    /// Gives the terminal back, runs `away`, takes it again; everything is painted anew.
    pub(super) fn away(&mut self, away: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        leave();
        let result = away();
        self.again()?;
        result
    }

    /// Lends the terminal to a process elsewhere: its own screen, and still raw.
    pub(super) fn lend(&mut self) -> io::Result<()> {
        execute!(
            io::stdout(),
            DisableMouseCapture,
            DisableBracketedPaste,
            ResetColor,
            LeaveAlternateScreen,
            Show
        )
    }

    /// Takes the terminal again after somebody else may have used it.
    pub(super) fn again(&mut self) -> io::Result<()> {
        enter()?;
        self.repaint()
    }

    /// Has everything painted anew with the next frame. Not `Terminal::clear`: that asks the terminal where
    /// its cursor is, and our reader of keys would take the answer.
    pub(super) fn repaint(&mut self) -> io::Result<()> {
        let size = self.tui.size()?;
        self.tui.backend_mut().clear_region(ClearType::All)?;
        self.tui.resize(size.into())
    }

    /// Puts a text into the terminal's clipboard, if it lets programs do that (OSC 52).
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        let encoded = super::save::base64(text.as_bytes());
        let sequence = format!("\x1b]52;c;{encoded}\x07");
        self.tui.backend_mut().write_all(sequence.as_bytes())?;
        self.send()
    }

    /// Sounds the bell.
    pub(super) fn bell(&mut self) -> io::Result<()> {
        self.tui.backend_mut().write_all(b"\x07")?;
        self.send()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        leave();
    }
}

fn enter() -> io::Result<()> {
    OURS.store(true, Ordering::SeqCst);
    let entered = enable_raw_mode().and_then(|()| {
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            EnableMouseCapture
        )
    });
    if entered.is_err() {
        leave();
    }
    entered
}

/// May be called from anywhere, any number of times.
fn leave() {
    if OURS.swap(false, Ordering::SeqCst) {
        // Nothing helps against a terminal that is gone.
        let _ = execute!(
            io::stdout(),
            DisableMouseCapture,
            DisableBracketedPaste,
            ResetColor,
            LeaveAlternateScreen,
            Show
        );
        let _ = disable_raw_mode();
    }
}

/// A panic on any thread gives the terminal back before its message is printed, and ends the program: half
/// a console would be worse than none.
fn give_back_on_panic() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if OURS.load(Ordering::SeqCst) {
                leave();
                print(panic);
                std::process::exit(101);
            }
            print(panic);
        }));
    });
}

#[cfg(test)]
mod tests {
    use crossterm::queue;
    use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
    use ratatui::layout::Rect;
    use ratatui::{TerminalOptions, Viewport};

    use super::*;

    /// Counts what reaches it.
    #[derive(Default)]
    struct Wire {
        writes: usize,
        bytes: usize,
    }

    impl Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.writes += 1;
            self.bytes += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_is_one_write() {
        let held = Held::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, 200, 50));
        let mut tui = ratatui::Terminal::with_options(
            CrosstermBackend::new(held.clone()),
            TerminalOptions { viewport },
        )
        .expect("a terminal");
        let mut wire = Wire::default();
        for frame in 1..=3 {
            queue!(tui.backend_mut(), BeginSynchronizedUpdate).expect("held");
            tui.draw(|f| {
                let text = format!("{frame} ").repeat(5_000);
                for (cell, c) in f.buffer_mut().content.iter_mut().zip(text.chars()) {
                    cell.set_char(c);
                }
            })
            .expect("held");
            queue!(tui.backend_mut(), EndSynchronizedUpdate).expect("held");
            held.send(&mut wire).expect("sent");
            assert_eq!(wire.writes, frame);
        }
        assert!(wire.bytes > 20_000, "{}", wire.bytes);
    }
}
