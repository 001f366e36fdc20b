//! What the shell does itself, because it changes the shell or takes time.

use std::collections::VecDeque;

use chrono::{DateTime, Duration, Utc};

use super::super::programs;
use super::super::words::{Command, Piece, Pipeline, When};
use super::{Frame, Job, OWN_PID, Shell, assignment};

impl Shell {
    /// What changes the shell itself, or takes time.
    pub(super) fn special(&mut self, program: &str, words: &[String], now: DateTime<Utc>) -> bool {
        let first = words.get(1).map(String::as_str);
        match program {
            "exit" | "logout" => {
                self.last = first.and_then(|n| n.parse().ok()).unwrap_or(self.last) & 0xff;
                self.prompted = false;
                self.leave();
            }
            "exec" if words.len() > 1 => {
                self.leave();
                self.frames.push(Frame {
                    queue: VecDeque::from([plain(&words[1..])]),
                    reads: false,
                    host: false,
                });
            }
            // Itself, at once.
            "kill" if words.last().is_some_and(|pid| pid == OWN_PID) => {
                self.last = programs::signal(&words[1..]).map_or(1, |n| 128 + n);
                self.leave();
            }
            "cd" => {
                let to = first.unwrap_or("/root");
                if programs::is_folder(&self.absolute(to)) {
                    self.cwd = self.absolute(to);
                    self.last = 0;
                } else {
                    self.complain(&format!(
                        "sh: cd: can't cd to {to}: No such file or directory\n"
                    ));
                    self.last = 2;
                }
            }
            "export" | "readonly" => {
                for (name, value) in words[1..].iter().filter_map(|w| assignment(w)) {
                    self.env.insert(name, value);
                }
                self.last = 0;
            }
            "unset" => {
                for name in &words[1..] {
                    self.env.remove(name);
                }
                self.last = 0;
            }
            "sleep" => match first.and_then(seconds) {
                Some(length) => self.job = Some(Job::Sleep(now + length)),
                None => {
                    self.complain(&format!(
                        "sleep: invalid number '{}'\n",
                        first.unwrap_or_default()
                    ));
                    self.last = 1;
                }
            },
            "cat" if first.is_none() => self.job = Some(Job::Cat),
            "chroot" | "nsenter" => {
                let at = if program == "chroot" {
                    2
                } else {
                    words
                        .iter()
                        .position(|w| w == "--")
                        .map_or(words.len(), |i| i + 1)
                };
                let rest = words.get(at..).filter(|r| !r.is_empty());
                let inner = rest.map_or_else(|| vec!["sh".to_owned()], <[String]>::to_vec);
                self.frames.push(Frame {
                    queue: VecDeque::from([plain(&inner)]),
                    reads: false,
                    host: true,
                });
            }
            _ => match programs::shell_name(program) {
                Some(_) => self.subshell(words),
                None => return false,
            },
        }
        true
    }

    /// The script, or the terminal, that an `exit` ends.
    fn leave(&mut self) {
        self.frames.pop();
    }

    fn subshell(&mut self, words: &[String]) {
        let flag = words
            .iter()
            .position(|w| w.starts_with('-') && w.ends_with('c'));
        let script = flag.and_then(|i| words.get(i + 1)).cloned();
        self.last = 0;
        self.frames.push(Frame {
            queue: VecDeque::new(),
            reads: script.is_none(),
            host: false,
        });
        if let Some(script) = script {
            self.script(&script);
        }
    }
}

fn plain(words: &[String]) -> Pipeline {
    let words = words.iter().map(|w| vec![Piece::Text(w.clone())]).collect();
    Pipeline {
        when: When::Always,
        commands: vec![Command {
            words,
            redirects: Vec::new(),
        }],
    }
}

/// `5`, `0.5`, `2m`, `infinity`.
fn seconds(text: &str) -> Option<Duration> {
    if text == "infinity" {
        return Some(Duration::days(3650));
    }
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(number) => (number, &text[number.len()..]),
        None => (text, "s"),
    };
    let factor = match unit {
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => 1.0,
    };
    let n: f64 = number.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
    (0.0..=1e8)
        .contains(&n)
        .then(|| Duration::milliseconds((n * factor * 1000.0) as i64))
}
