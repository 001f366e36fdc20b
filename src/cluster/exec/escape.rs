//! The way out of a terminal that does not answer: Enter, `~`, `.`, as in ssh.

/// Looks for the escape in what is typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Escape {
    at: At,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// At the beginning, or just after Enter.
    #[default]
    LineStart,
    /// After a `~` at the start of a line; it is held back.
    Tilde,
    Inside,
}

impl Escape {
    /// Takes what was typed and gives what is to be sent; `None`: leave at once. `~~` sends one `~`.
    pub fn take(&mut self, typed: &[u8]) -> Option<Vec<u8>> {
        let mut send = Vec::with_capacity(typed.len() + 1);
        for byte in typed {
            match (self.at, byte) {
                (At::Tilde, b'.') => return None,
                (At::Tilde, b'~') => {
                    send.push(b'~');
                    self.at = At::Inside;
                    continue;
                }
                (At::LineStart, b'~') => {
                    self.at = At::Tilde;
                    continue;
                }
                (At::Tilde, _) => send.push(b'~'),
                (At::LineStart | At::Inside, _) => {}
            }
            send.push(*byte);
            self.at = if matches!(byte, b'\r' | b'\n') {
                At::LineStart
            } else {
                At::Inside
            };
        }
        Some(send)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_tilde_dot_leaves() {
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["~."], None),
            (&["ls\r~."], None),
            (&["ls\r", "~", "."], None),
            (&["a~."], Some("a~.")),
            (&["~~."], Some("~.")),
            (&["~a\r"], Some("~a\r")),
            (&["~\r~."], None),
            (&["cd ~\r."], Some("cd ~\r.")),
        ];
        for (typed, want) in cases {
            let mut escape = Escape::default();
            let mut sent = Some(Vec::new());
            for piece in *typed {
                match (escape.take(piece.as_bytes()), &mut sent) {
                    (Some(bytes), Some(sent)) => sent.extend(bytes),
                    _ => sent = None,
                }
            }
            let sent = sent.map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(sent.as_deref(), *want, "{typed:?}");
        }
    }
}
