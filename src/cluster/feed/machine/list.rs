//! Lists: a page whole, or its items one by one.

use super::{Lists, Machine, Next, Step};
use crate::cluster::decode::{ListHead, Wire};
use crate::model::{Delta, Object, Text};

impl Machine {
    /// One page of a list.
    pub fn page(&mut self, wire: Wire, body: &[u8], out: &mut Vec<Delta>) -> Next {
        let page = match self.decoder.page(self.kind, wire, body) {
            Ok(page) if !page.head.version.is_empty() => page,
            Ok(_) => return self.unreadable(wire, "the list has no resourceVersion".to_owned()),
            Err(error) => return self.unreadable(wire, format!("unreadable list: {error}")),
        };
        self.page_opened(out);
        for item in page.items {
            self.took(item, out);
        }
        self.page_ended(page.head, out)
    }

    /// A page begins to come in, item by item.
    pub fn page_opened(&mut self, out: &mut Vec<Delta>) {
        match self.step {
            Step::Empty => self.begin(out),
            // What the page told is told again, unless it is gone.
            Step::Whole { expected } => {
                self.begin(out);
                self.expected = expected;
            }
            _ => {}
        }
        // A page that broke off comes again, from one version: what came of it is replaced by the same.
        self.seen = self.paged;
    }

    /// One object of a list in protobuf.
    pub fn item(&mut self, message: &[u8], out: &mut Vec<Delta>) {
        let item = self.decoder.item(self.kind, message);
        self.took(item, out);
    }

    fn took(&mut self, item: Result<Object, (Text, Text)>, out: &mut Vec<Delta>) {
        match item {
            Ok(object) => {
                self.seen += 1;
                out.push(Delta::Upsert(object));
            }
            Err((name, why)) => out.push(Delta::Unreadable { name, why }),
        }
    }

    /// The metadata of a list in protobuf, which comes before its items.
    pub fn head(&mut self, metadata: &[u8]) -> Result<ListHead, Next> {
        match ListHead::read(metadata) {
            Ok(head) if head.version.is_empty() => {
                Err(self.unreadable(Wire::Protobuf, "the list has no resourceVersion".to_owned()))
            }
            Ok(head) => Ok(head),
            Err(error) => Err(self.unreadable(Wire::Protobuf, format!("unreadable list: {error}"))),
        }
    }

    /// What came is no list.
    pub fn no_list(&mut self) -> Next {
        self.unreadable(Wire::Protobuf, "unreadable list".to_owned())
    }

    /// All items of a page are there.
    pub fn page_ended(&mut self, head: ListHead, out: &mut Vec<Delta>) -> Next {
        self.paged = self.seen;
        self.expected = head.remaining.map(|r| self.seen + r);
        self.step = match head.next {
            Some(_) if self.takes_whole() => Step::Whole {
                expected: self.expected,
            },
            Some(next) => Step::Page { next },
            None => {
                out.push(Delta::SyncEnd);
                Step::Follow {
                    version: head.version,
                }
            }
        };
        Next::Again
    }

    /// A page was above the limit: smaller ones are asked for.
    pub fn too_large(&mut self, limit: usize) -> Next {
        if self.lists == Lists::Whole {
            self.lists = Lists::Streamed;
            return Next::Again;
        }
        if self.page > 1 {
            self.page = (self.page / 4).max(1);
            return Next::Again;
        }
        Next::Retry {
            why: format!(
                "one object of {} has more than {limit} bytes",
                self.resource()
            ),
        }
    }
}
