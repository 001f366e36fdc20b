//! What ends or suspends us from outside.

use std::io;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, kill_current_process_group};
use tokio::signal::unix::{SignalKind, signal};

/// A signal that matters to a console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// SIGTERM, SIGHUP or SIGINT from outside: leave; the exit code that tells of it.
    Leave(u8),
    /// SIGCONT: the terminal may have been used by others.
    Continued,
    /// SIGWINCH: the terminal has another size.
    Resized,
}

/// The signals we listen for.
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    continued: tokio::signal::unix::Signal,
    resized: tokio::signal::unix::Signal,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            continued: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
            resized: signal(SignalKind::window_change())?,
        })
    }

    /// The next one.
    pub(super) async fn recv(&mut self) -> Heard {
        tokio::select! {
            _ = self.terminate.recv() => Heard::Leave(143),
            _ = self.hangup.recv() => Heard::Leave(129),
            _ = self.interrupt.recv() => Heard::Leave(130),
            _ = self.continued.recv() => Heard::Continued,
            _ = self.resized.recv() => Heard::Resized,
        }
    }
}

/// Stops this process and those started with it, as ctrl-z in a shell does; returns when continued.
pub(super) fn stop() -> io::Result<()> {
    Ok(kill_current_process_group(Signal::TSTP)?)
}

/// Whether the terminal behind standard input is gone. Reading it would not tell: the reader takes an end of
/// input for silence.
pub(super) fn hung_up() -> bool {
    let stdin = io::stdin();
    let mut fds = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::empty())];
    let none = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut fds, Some(&none)).is_ok()
        && fds[0]
            .revents()
            .intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
}
