//! What a terminal sends, as the engine's events.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};

use crossterm::event::{
    self, Event as Sent, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent,
    MouseEventKind,
};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};
use tokio::sync::{mpsc, oneshot};

use crate::engine::{Code, Event, Key, Mods};
use crate::layout::Regions;

/// Lines that a notch of the wheel moves.
const NOTCH: i16 = 3;

/// What came from the terminal.
#[derive(Debug)]
pub(super) enum Input {
    /// For the engine.
    Event(Event),
    /// Another size: paint anew.
    Resized,
}

/// Reads the terminal on a thread of its own until it is gone. When the terminal hangs up, reading may never
/// return: the loop finds that out by itself.
pub(super) fn read() -> io::Result<(mpsc::Receiver<Sent>, Keyboard)> {
    let (sender, receiver) = mpsc::channel(256);
    let (woken, wake) = io::pipe()?;
    let lent = Arc::new(Mutex::new(None));
    let keyboard = Keyboard {
        lent: Arc::clone(&lent),
        wake,
    };
    std::thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || {
            loop {
                let to = lent.lock().unwrap_or_else(PoisonError::into_inner).take();
                let done = match to {
                    Some((to, begun)) => {
                        let _ = begun.send(());
                        pass_on(&to, &woken).is_err()
                    }
                    None => match event::read() {
                        Ok(sent) => sender.blocking_send(sent).is_err(),
                        Err(_) => true,
                    },
                };
                if done {
                    return;
                }
            }
        })?;
    Ok((receiver, keyboard))
}

/// Where bytes go while the terminal is lent, and who is told when they begin to.
type To = (mpsc::Sender<Vec<u8>>, oneshot::Sender<()>);

/// Decides whether keys are events, or bytes for somebody else.
#[derive(Debug)]
pub(super) struct Keyboard {
    lent: Arc<Mutex<Option<To>>>,
    wake: PipeWriter,
}

impl Keyboard {
    /// What is typed goes there as bytes, from the moment on that `begun` tells of.
    pub(super) fn lend(&self, to: mpsc::Sender<Vec<u8>>, begun: oneshot::Sender<()>) {
        *self.lent.lock().unwrap_or_else(PoisonError::into_inner) = Some((to, begun));
        // The reader waits for an event; another size is one, even if it is the same.
        if let Err(error) = kill_process(getpid(), Signal::WINCH) {
            log::error!("cannot wake the reader of keys: {error}");
        }
    }

    /// Keys are events again. Bytes that were typed before go to whom they were typed for.
    pub(super) fn back(&mut self) {
        if let Err(error) = self.wake.write_all(&[0]) {
            log::error!("cannot wake the reader of keys: {error}");
        }
    }
}

/// Passes bytes on until woken.
fn pass_on(to: &mpsc::Sender<Vec<u8>>, mut woken: &PipeReader) -> io::Result<()> {
    let stdin = io::stdin();
    let mut buffer = [0; 4096];
    loop {
        let mut fds = [
            PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(woken.as_fd(), PollFlags::IN),
        ];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        if !fds[1].revents().is_empty() {
            return woken.read_exact(&mut [0]);
        }
        match rustix::io::read(stdin.as_fd(), &mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            // Who it was for may have gone.
            Ok(count) => drop(to.blocking_send(buffer[..count].to_vec())),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The event of it, if it has one. Clicks are resolved by the regions of the last frame.
pub(super) fn translate(sent: Sent, regions: Option<&Regions>) -> Option<Input> {
    match sent {
        Sent::Key(key) => translate_key(key).map(Event::Key).map(Input::Event),
        Sent::Paste(text) => Some(Input::Event(Event::Paste(text.into_boxed_str()))),
        Sent::Mouse(mouse) => translate_mouse(mouse, regions).map(Input::Event),
        Sent::Resize(..) => Some(Input::Resized),
        Sent::FocusGained | Sent::FocusLost => None,
    }
}

fn translate_mouse(mouse: MouseEvent, regions: Option<&Regions>) -> Option<Event> {
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => {
            let hit = regions?.hit(mouse.column, mouse.row)?;
            Some(Event::Click(hit.clone()))
        }
        MouseEventKind::ScrollUp => Some(Event::Wheel(-NOTCH)),
        MouseEventKind::ScrollDown => Some(Event::Wheel(NOTCH)),
        _ => None,
    }
}

fn translate_key(key: KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let code = match key.code {
        // Some terminals send the small letter with a shift.
        KeyCode::Char(c) if key.modifiers.contains(KeyModifiers::SHIFT) && c.is_ascii() => {
            Code::Char(c.to_ascii_uppercase())
        }
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => Code::BackTab,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    let mods = Mods {
        ctrl: key.modifiers.contains(KeyModifiers::CONTROL),
        alt: key
            .modifiers
            .intersects(KeyModifiers::ALT | KeyModifiers::META),
    };
    Some(Key { code, mods })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_terminal() {
        let of = |code, modifiers| translate_key(KeyEvent::new(code, modifiers));
        let none = KeyModifiers::NONE;
        let cases = [
            (KeyCode::Char('g'), none, Some(Key::char('g'))),
            (
                KeyCode::Char('G'),
                KeyModifiers::SHIFT,
                Some(Key::char('G')),
            ),
            (
                KeyCode::Char('x'),
                KeyModifiers::SHIFT,
                Some(Key::char('X')),
            ),
            (
                KeyCode::Char('d'),
                KeyModifiers::CONTROL,
                Some(Key::ctrl('d')),
            ),
            (
                KeyCode::Tab,
                KeyModifiers::SHIFT,
                Some(Key::plain(Code::BackTab)),
            ),
            (KeyCode::F(5), none, Some(Key::plain(Code::F(5)))),
            (KeyCode::CapsLock, none, None),
        ];
        for (code, modifiers, expected) in cases {
            assert_eq!(of(code, modifiers), expected, "{code:?} {modifiers:?}");
        }
    }
}
