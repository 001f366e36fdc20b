//! The body of a list in JSON into its items, without IO: bytes go in as they come, whole items come out, and
//! nothing but the item at hand is held, however long the list is.

/// An item above this is passed over.
const LIMIT: usize = 4 << 20;

/// Cuts one body.
#[derive(Debug, Default)]
pub struct Elements {
    depth: u32,
    text: Text,
    /// The key or text at hand on the list's own level.
    word: Vec<u8>,
    /// Within the array of `items`.
    inside: bool,
    held: Vec<u8>,
    too_long: bool,
    ended: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Text {
    #[default]
    Outside,
    Inside,
    Escaped,
}

impl Elements {
    /// Takes the next bytes; `item` is called with each whole item.
    pub fn take(&mut self, bytes: &[u8], mut item: impl FnMut(&[u8])) {
        for byte in bytes {
            self.byte(*byte, &mut item);
        }
    }

    /// Whether the list ended.
    pub fn is_whole(&self) -> bool {
        self.ended
    }

    fn byte(&mut self, byte: u8, item: &mut impl FnMut(&[u8])) {
        // The list is at depth 1, its items array at 2, an item at 3.
        let in_item = self.inside && self.depth >= 3;
        match (self.text, byte) {
            (Text::Escaped, _) => self.text = Text::Inside,
            (Text::Inside, b'\\') => self.text = Text::Escaped,
            (Text::Inside, b'"') => self.text = Text::Outside,
            (Text::Inside, byte) => {
                if self.depth == 1 && self.word.len() < 8 {
                    self.word.push(byte);
                }
            }
            (Text::Outside, b'"') => {
                self.text = Text::Inside;
                if self.depth == 1 {
                    self.word.clear();
                }
            }
            (Text::Outside, b'{' | b'[') => {
                if byte == b'[' && self.depth == 1 {
                    self.inside = self.word == b"items";
                }
                self.depth += 1;
            }
            (Text::Outside, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                match self.depth {
                    0 => self.ended = true,
                    1 => self.inside = false,
                    2 if self.inside => {
                        self.hold(byte);
                        if !self.too_long {
                            item(&self.held);
                        }
                        self.held.clear();
                        self.too_long = false;
                        return;
                    }
                    _ => {}
                }
            }
            (Text::Outside, _) => {}
        }
        if in_item || (self.inside && self.depth >= 3) {
            self.hold(byte);
        }
    }

    fn hold(&mut self, byte: u8) {
        if self.held.len() < LIMIT {
            self.held.push(byte);
        } else {
            self.too_long = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_out_whole_however_the_body_is_cut() {
        let body =
            br#"{"kind":"L","metadata":{"items":[{"no":1}]},"x":"items","items":[{"a":"}\"]"},
            {"b":[{"c":1}]} , {}],"more":[{"d":1}]}"#;
        let want = [r#"{"a":"}\"]"}"#, r#"{"b":[{"c":1}]}"#, "{}"];
        for size in 1..body.len() {
            let mut elements = Elements::default();
            let mut found = Vec::new();
            for chunk in body.chunks(size) {
                elements.take(chunk, |item| {
                    found.push(String::from_utf8(item.to_vec()).unwrap());
                });
            }
            assert_eq!(found, want, "{size}");
            assert!(elements.is_whole());
        }
        let mut cut = Elements::default();
        cut.take(&body[..body.len() - 1], |_| {});
        assert!(!cut.is_whole());
    }
}
