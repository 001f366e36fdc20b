//! Keys as they are written in pictures and scripts: `:jobs<enter><ctrl-l>`.

use crate::engine::{Code, Key};

/// Keys to press.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(pub Vec<Key>);

impl Keys {
    /// Characters, and names in angle brackets; `<lt>` is the bracket itself.
    ///
    /// # Errors
    /// A name that is no key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut keys = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some((name, after)) = rest.strip_prefix('<').and_then(|r| r.split_once('>')) {
                keys.push(
                    named(name)
                        .ok_or_else(|| format!("no key {name:?}; try enter, esc, tab, down"))?,
                );
                rest = after;
            } else {
                keys.push(Key::char(first));
                rest = &rest[first.len_utf8()..];
            }
        }
        Ok(Self(keys))
    }
}

fn named(name: &str) -> Option<Key> {
    Some(match name {
        "enter" => Key::plain(Code::Enter),
        "esc" => Key::plain(Code::Esc),
        "tab" => Key::plain(Code::Tab),
        "backspace" => Key::plain(Code::Backspace),
        "space" => Key::char(' '),
        "lt" => Key::char('<'),
        "up" => Key::plain(Code::Up),
        "down" => Key::plain(Code::Down),
        "left" => Key::plain(Code::Left),
        "right" => Key::plain(Code::Right),
        "pageup" => Key::plain(Code::PageUp),
        "pagedown" => Key::plain(Code::PageDown),
        "home" => Key::plain(Code::Home),
        "end" => Key::plain(Code::End),
        _ => Key::ctrl(name.strip_prefix("ctrl-")?.chars().next()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_characters_and_names() {
        let want = vec![
            Key::char(':'),
            Key::char('q'),
            Key::plain(Code::Enter),
            Key::ctrl('l'),
            Key::char('<'),
        ];
        assert_eq!(Keys::parse(":q<enter><ctrl-l><lt>"), Ok(Keys(want)));
        assert!(Keys::parse("<nope>").is_err());
    }
}
