//! Raw mode and back. Whatever ends the program, the terminal is as it was.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

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

/// A frame's cells leave in one write up to this size.
const WRITE: usize = 64 << 10;

/// Where frames go.
pub(super) type Backend = CrosstermBackend<BufWriter<Stdout>>;

/// The terminal in raw mode on its alternate screen; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Terminal {
    pub(super) tui: ratatui::Terminal<Backend>,
}

/// Whether standard input and output are a terminal.
pub(super) fn is_one() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

impl Terminal {
    /// Takes the terminal.
    pub(super) fn take() -> io::Result<Self> {
        give_back_on_panic();
        enter()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(WRITE, io::stdout()));
        match ratatui::Terminal::new(backend) {
            Ok(tui) => Ok(Self { tui }),
            Err(error) => {
                leave();
                Err(error)
            }
        }
    }

    /// Gives the terminal back, runs `away`, takes it again; everything is painted anew.
    pub(super) fn away(&mut self, away: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        leave();
        let result = away();
        self.again()?;
        result
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

    /// Sounds the bell.
    pub(super) fn bell(&mut self) -> io::Result<()> {
        let out = self.tui.backend_mut();
        out.write_all(b"\x07")?;
        Write::flush(out)
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
