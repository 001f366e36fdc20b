//! The terminal's line discipline: what is typed is shown, edited and handed over line by line.

/// What the keys made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// A line with its end.
    Line(String),
    /// ctrl-c.
    Interrupt,
    /// ctrl-d on an empty line.
    End,
    /// ctrl-l.
    Clear,
}

/// A line is not longer than this.
const LONGEST: usize = 4096;
/// Lines remembered.
const HISTORY: usize = 100;

/// A cooked terminal.
#[derive(Debug, Default)]
pub(super) struct Tty {
    line: Vec<u8>,
    /// Inside an escape sequence; its bytes so far.
    escape: Option<Vec<u8>>,
    /// After a carriage return: a newline that follows belongs to it.
    returned: bool,
    history: Vec<String>,
    /// Where in the history we are, counted from its end.
    back: usize,
    /// Columns and rows; none was said yet.
    pub(super) size: Option<(u16, u16)>,
}

impl Tty {
    /// Takes bytes from the keyboard; shows them in `echo`.
    pub(super) fn keys(&mut self, bytes: &[u8], echo: &mut Vec<u8>) -> Vec<Typed> {
        let mut typed = Vec::new();
        for &byte in bytes {
            if let Some(seen) = &mut self.escape {
                seen.push(byte);
                let over = match seen.as_slice() {
                    [b'[' | b'O'] => false,
                    [b'[' | b'O', .., last] => (0x40..=0x7e).contains(last),
                    _ => true,
                };
                if over {
                    let seen = self.escape.take().unwrap_or_default();
                    self.arrow(&seen, echo);
                }
                continue;
            }
            let after_return = std::mem::take(&mut self.returned);
            match byte {
                0x1b => self.escape = Some(Vec::new()),
                b'\n' if after_return => {}
                b'\r' | b'\n' => {
                    self.returned = byte == b'\r';
                    echo.extend_from_slice(b"\r\n");
                    let mut line =
                        String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                    self.remember(&line);
                    line.push('\n');
                    typed.push(Typed::Line(line));
                }
                0x03 => {
                    echo.extend_from_slice(b"^C\r\n");
                    self.line.clear();
                    typed.push(Typed::Interrupt);
                }
                0x04 if self.line.is_empty() => typed.push(Typed::End),
                0x04 | b'\t' => {}
                0x0c => typed.push(Typed::Clear),
                0x15 => self.erase(usize::MAX, echo),
                0x7f | 0x08 => self.erase(1, echo),
                0x17 => {
                    let text = String::from_utf8_lossy(&self.line).into_owned();
                    let kept = text.trim_end().rfind(' ').map_or(0, |at| at + 1);
                    self.erase(text[kept..].chars().count(), echo);
                }
                byte if byte < 0x20 => {}
                byte if self.line.len() < LONGEST => {
                    self.line.push(byte);
                    echo.push(byte);
                }
                _ => {}
            }
        }
        typed
    }

    /// What stands in the line that is being typed.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    fn remember(&mut self, line: &str) {
        self.back = 0;
        if !line.trim().is_empty() && self.history.last().is_none_or(|last| last != line) {
            self.history.push(line.to_owned());
            if self.history.len() > HISTORY {
                self.history.remove(0);
            }
        }
    }

    fn arrow(&mut self, sequence: &[u8], echo: &mut Vec<u8>) {
        let back = match sequence {
            [b'[' | b'O', b'A'] if self.back < self.history.len() => self.back + 1,
            [b'[' | b'O', b'B'] if self.back > 0 => self.back - 1,
            _ => return,
        };
        self.back = back;
        self.erase(usize::MAX, echo);
        let recalled = self
            .history
            .len()
            .checked_sub(back)
            .and_then(|at| self.history.get(at));
        if let Some(line) = recalled {
            self.line.extend_from_slice(line.as_bytes());
            echo.extend_from_slice(line.as_bytes());
        }
    }

    /// Takes characters from the line's end.
    fn erase(&mut self, characters: usize, echo: &mut Vec<u8>) {
        for _ in 0..characters {
            let Some(mut last) = self.line.pop() else {
                return;
            };
            while last & 0xc0 == 0x80 {
                match self.line.pop() {
                    Some(byte) => last = byte,
                    None => break,
                }
            }
            echo.extend_from_slice(b"\x08 \x08");
        }
    }
}

/// Every newline with its carriage return, as a terminal's output has it.
pub(super) fn with_returns(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 16);
    for &byte in bytes {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edited_before_it_is_handed_over() {
        let cases: [(&[u8], &str); 6] = [
            (b"ls\r", "ls\n"),
            (b"lx\x7fs\r\n", "ls\n"),
            (b"wrong\x15ls\n", "ls\n"),
            (b"echo one two\x17three\r", "echo one three\n"),
            (b"\x1b[Cls\r", "ls\n"),
            ("\u{e4}\x7fa\r".as_bytes(), "a\n"),
        ];
        for (keys, wanted) in cases {
            let (mut tty, mut echo) = (Tty::default(), Vec::new());
            assert_eq!(
                tty.keys(keys, &mut echo),
                [Typed::Line(wanted.into())],
                "{keys:?}"
            );
        }
    }

    #[test]
    fn arrows_recall_and_ctrl_c_drops() {
        let (mut tty, mut echo) = (Tty::default(), Vec::new());
        let typed = tty.keys(b"one\rtwo\r\x1b[A\x1b[A\rhalf\x03\x04", &mut echo);
        assert_eq!(
            typed,
            [
                Typed::Line("one\n".into()),
                Typed::Line("two\n".into()),
                Typed::Line("one\n".into()),
                Typed::Interrupt,
                Typed::End
            ]
        );
    }
}
