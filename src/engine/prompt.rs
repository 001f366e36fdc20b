//! A one-line prompt: typing, readline's keys, completion.

use super::input::{Code, Key};

/// What a prompt is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Purpose {
    /// Filters the table while it is typed; `before` comes back on escape.
    Filter { before: String },
    /// Goes to or does anything.
    Palette,
    /// Searches the log.
    Search,
    /// Filters the log while it is typed; `before` comes back on escape.
    Sieve { before: String },
}

impl Purpose {
    pub(crate) fn sigil(&self) -> &'static str {
        match self {
            Self::Filter { .. } => "/",
            Self::Palette => ":",
            Self::Search => "search: ",
            Self::Sieve { .. } => "&",
        }
    }
}

/// A prompt.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Prompt {
    pub(crate) purpose: Purpose,
    pub(crate) text: String,
    /// In characters.
    pub(crate) cursor: usize,
    /// Text and what it does, best first.
    pub(crate) choices: Vec<(String, String)>,
    pub(crate) chosen: Option<usize>,
    pub(crate) error: String,
}

/// What a key did to a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// The text is another.
    Changed,
    /// Only the cursor or the choice moved, or nothing.
    Moved,
    /// Enter.
    Entered,
    /// Escape or ctrl-c.
    Left,
}

impl Prompt {
    pub(crate) fn new(purpose: Purpose, text: String) -> Self {
        Self {
            purpose,
            cursor: text.chars().count(),
            text,
            choices: Vec::new(),
            chosen: None,
            error: String::new(),
        }
    }

    pub(crate) fn key(&mut self, key: Key) -> Typed {
        let ctrl = key.mods.ctrl;
        match key.code {
            Code::Enter => return Typed::Entered,
            Code::Esc => return Typed::Left,
            Code::Char('c') if ctrl => return Typed::Left,
            Code::Tab | Code::Down => return self.choose(true),
            Code::BackTab | Code::Up => return self.choose(false),
            Code::Left => self.cursor = self.cursor.saturating_sub(1),
            Code::Right => self.cursor = (self.cursor + 1).min(self.len()),
            Code::Home => self.cursor = 0,
            Code::End => self.cursor = self.len(),
            Code::Char('a') if ctrl => self.cursor = 0,
            Code::Char('e') if ctrl => self.cursor = self.len(),
            Code::Char('u') if ctrl => return self.cut(0, self.cursor),
            Code::Char('k') if ctrl => return self.cut(self.cursor, self.len()),
            Code::Char('w') if ctrl => {
                let before: Vec<char> = self.text.chars().take(self.cursor).collect();
                let word = before.iter().rposition(|c| *c != ' ').map_or(0, |end| {
                    before[..end]
                        .iter()
                        .rposition(|c| *c == ' ')
                        .map_or(0, |at| at + 1)
                });
                return self.cut(word, self.cursor);
            }
            Code::Char('h') if ctrl => return self.cut(self.cursor.saturating_sub(1), self.cursor),
            Code::Backspace if self.text.is_empty() => return Typed::Left,
            Code::Backspace => return self.cut(self.cursor.saturating_sub(1), self.cursor),
            Code::Delete => return self.cut(self.cursor, self.cursor + 1),
            Code::Char(c) if !ctrl && !key.mods.alt => return self.insert(&c.to_string()),
            Code::Char(_) | Code::PageUp | Code::PageDown | Code::F(_) => {}
        }
        Typed::Moved
    }

    /// Puts text in at the cursor; line breaks become spaces.
    pub(crate) fn insert(&mut self, text: &str) -> Typed {
        let clean: String = text
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| !c.is_control())
            .collect();
        let at = self.byte(self.cursor);
        self.text.insert_str(at, &clean);
        self.cursor += clean.chars().count();
        Typed::Changed
    }

    fn cut(&mut self, from: usize, to: usize) -> Typed {
        let (a, b) = (self.byte(from), self.byte(to));
        if a == b {
            return Typed::Moved;
        }
        self.text.replace_range(a..b, "");
        self.cursor = from;
        Typed::Changed
    }

    fn choose(&mut self, next: bool) -> Typed {
        let count = self.choices.len();
        if count == 0 {
            return Typed::Moved;
        }
        let at = match (self.chosen, next) {
            (None, true) => 0,
            (None, false) => count - 1,
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
        };
        self.take_choice(at);
        Typed::Moved
    }

    /// Writes a choice into the text.
    pub(crate) fn take_choice(&mut self, at: usize) {
        if let Some((text, _)) = self.choices.get(at) {
            self.text.clone_from(text);
            self.cursor = self.len();
            self.chosen = Some(at);
        }
    }

    fn len(&self) -> usize {
        self.text.chars().count()
    }

    fn byte(&self, character: usize) -> usize {
        self.text
            .char_indices()
            .nth(character)
            .map_or(self.text.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[Key]) -> (String, usize) {
        let mut prompt = Prompt::new(Purpose::Palette, String::new());
        for key in keys {
            prompt.key(*key);
        }
        (prompt.text, prompt.cursor)
    }

    fn word(text: &str) -> Vec<Key> {
        text.chars().map(Key::char).collect()
    }

    #[test]
    fn readline() {
        let cases: &[(&str, &[Key], (&str, usize))] = &[
            ("abc", &[], ("abc", 3)),
            (
                "aßc",
                &[Key::plain(Code::Left), Key::plain(Code::Backspace)],
                ("ac", 1),
            ),
            (
                "abc",
                &[Key::ctrl('a'), Key::plain(Code::Delete)],
                ("bc", 0),
            ),
            ("ab cd", &[Key::ctrl('w')], ("ab ", 3)),
            ("ab cd ", &[Key::ctrl('w')], ("ab ", 3)),
            ("ab cd", &[Key::plain(Code::Left), Key::ctrl('u')], ("d", 0)),
            ("ab cd", &[Key::ctrl('a'), Key::ctrl('k')], ("", 0)),
        ];
        for (text, keys, (want, cursor)) in cases {
            let mut all = word(text);
            all.extend_from_slice(keys);
            assert_eq!(
                typed(&all),
                ((*want).to_owned(), *cursor),
                "{text} {keys:?}"
            );
        }
    }

    #[test]
    fn pasted_line_breaks_become_spaces() {
        let mut prompt = Prompt::new(Purpose::Palette, String::new());
        prompt.insert("a\nb\u{1b}c");
        assert_eq!(prompt.text, "a bc");
    }
}
