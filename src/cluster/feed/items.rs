//! The body of a list in protobuf into its items, without IO: bytes go in as they come, whole items come out,
//! and nothing but the item at hand is held, however long the list is.
//!
//! ```text
//! "k8s\0"  Unknown { 1 typeMeta, 2 raw: List { 1 metadata, 2 item, 2 item, … }, 3 …, 4 … }
//! ```
//!
//! An item that lies in one chunk is not copied.

use super::held::Held;
use crate::cluster::decode::{Fault, MAGIC, Reader};

/// What was cut off a list.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// The list's metadata.
    Metadata(&'a [u8]),
    /// One object.
    Item(&'a [u8]),
    /// An object above the limit is passed over.
    TooLong {
        /// Bytes that it has.
        bytes: u64,
    },
}

/// The bytes are no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoList;

/// Cuts one body.
#[derive(Debug)]
pub struct Items {
    limit: usize,
    at: At,
    /// Bytes of the list that are still to come; `None`: it has not begun.
    left: Option<u64>,
    /// Bytes that are passed over.
    pass: u64,
    /// What is at hand, as far as it came in earlier chunks.
    held: Held,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Magic,
    Head,
    Body { field: u64, bytes: usize },
}

/// Where a whole part is.
enum Found {
    Chunk(u64, usize),
    Held(u64),
    TooLong(u64),
}

impl Items {
    /// At the beginning of a body. An item above `limit` bytes is passed over.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            at: At::Magic,
            left: None,
            pass: 0,
            held: Held::default(),
        }
    }

    /// Takes the next part off `chunk`. `None`: the chunk is used up.
    pub fn next<'s, 'c: 's>(
        &'s mut self,
        chunk: &mut &'c [u8],
    ) -> Result<Option<Part<'s>>, NoList> {
        self.held.renew();
        let (field, bytes) = match self.find(chunk)? {
            None => return Ok(None),
            Some(Found::TooLong(bytes)) => return Ok(Some(Part::TooLong { bytes })),
            Some(Found::Chunk(field, bytes)) => {
                let (part, rest) = chunk.split_at(bytes);
                *chunk = rest;
                (field, part)
            }
            Some(Found::Held(field)) => (field, self.held.give()),
        };
        Ok(Some(match field {
            1 => Part::Metadata(bytes),
            _ => Part::Item(bytes),
        }))
    }

    /// Whether all of the list has come.
    pub fn is_whole(&self) -> bool {
        self.left == Some(0) && self.at == At::Head && self.pass == 0
    }

    fn find(&mut self, chunk: &mut &[u8]) -> Result<Option<Found>, NoList> {
        loop {
            if self.pass > 0 {
                let here = usize::try_from(self.pass)
                    .unwrap_or(usize::MAX)
                    .min(chunk.len());
                *chunk = &chunk[here..];
                self.pass -= here as u64;
            }
            if chunk.is_empty() {
                return Ok(None);
            }
            match self.at {
                At::Magic => {
                    self.held.hold(chunk, MAGIC.len());
                    if !MAGIC.starts_with(self.held.bytes()) {
                        return Err(NoList);
                    }
                    if self.held.len() == MAGIC.len() {
                        self.held.clear();
                        self.at = At::Head;
                    }
                }
                At::Head => {
                    let Some(((tag, length), head)) = self.head(chunk)? else {
                        return Ok(None);
                    };
                    if let Some(long) = self.enter(tag, length, head as u64)? {
                        return Ok(Some(Found::TooLong(long)));
                    }
                }
                At::Body { field, bytes } => {
                    if self.held.is_empty() && chunk.len() >= bytes {
                        self.at = At::Head;
                        return Ok(Some(Found::Chunk(field, bytes)));
                    }
                    self.held.hold(chunk, bytes);
                    if self.held.len() == bytes {
                        self.at = At::Head;
                        return Ok(Some(Found::Held(field)));
                    }
                }
            }
        }
    }

    /// A field begins, after a head of so many bytes. `Some`: it is an item above the limit.
    fn enter(&mut self, tag: u64, length: u64, head: u64) -> Result<Option<u64>, NoList> {
        let field = tag >> 3;
        match self.left {
            // Within Unknown: the list itself, or what stands around it.
            None if field == 2 => self.left = Some(length),
            None | Some(0) => self.pass = length,
            Some(left) => {
                let whole = length.checked_add(head).ok_or(NoList)?;
                self.left = Some(left.checked_sub(whole).ok_or(NoList)?);
                match field {
                    1 | 2 if length > self.limit as u64 => {
                        self.pass = length;
                        return Ok(Some(length));
                    }
                    1 | 2 => {
                        let bytes = usize::try_from(length).map_err(|_| NoList)?;
                        self.at = At::Body { field, bytes };
                        // An empty message: there is nothing that would be waited for.
                        if bytes == 0 {
                            self.at = At::Head;
                        }
                    }
                    _ => self.pass = length,
                }
            }
        }
        Ok(None)
    }

    /// Takes a tag and a length off the chunk. All fields of a list and of what is around it have lengths.
    fn head(&mut self, chunk: &mut &[u8]) -> Result<Option<Head>, NoList> {
        if self.held.is_empty()
            && let Some(read) = head(chunk)?
        {
            *chunk = &chunk[read.1..];
            return Ok(Some(read));
        }
        while let Some((byte, rest)) = chunk.split_first() {
            self.held.push(std::slice::from_ref(byte));
            *chunk = rest;
            if let Some(read) = head(self.held.bytes())? {
                self.held.clear();
                return Ok(Some(read));
            }
        }
        Ok(None)
    }
}

/// A tag and a length, and how many bytes they are.
type Head = ((u64, u64), usize);

/// `None`: it goes on after these bytes.
fn head(bytes: &[u8]) -> Result<Option<Head>, NoList> {
    let mut reader = Reader(bytes);
    let mut number = || match reader.varint() {
        Ok(number) => Ok(Some(number)),
        Err(Fault::Short) => Ok(None),
        Err(_) => Err(NoList),
    };
    let Some(tag) = number()? else {
        return Ok(None);
    };
    if tag & 7 != 2 {
        return Err(NoList);
    }
    let length = number()?;
    Ok(length.map(|length| ((tag, length), bytes.len() - reader.left())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 64;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2];
        let mut length = bytes.len();
        while length > 0x7f {
            out.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        out.push(u8::try_from(length).unwrap());
        out.extend(bytes);
        out
    }

    fn list(items: &[Vec<u8>]) -> Vec<u8> {
        let mut list = field(1, b"metadata");
        list.extend(items.iter().flat_map(|item| field(2, item)));
        let unknown = [field(1, b"v1 PodList"), field(2, &list), field(4, b"type")];
        [MAGIC, &unknown.concat()].concat()
    }

    type Cut = Result<Vec<u8>, u64>;

    /// All that comes out, an item above the limit as its length, and whether the list was whole.
    fn cut(chunks: &[&[u8]]) -> Result<(Vec<Cut>, bool), NoList> {
        let (mut items, mut out) = (Items::new(LIMIT), Vec::new());
        for chunk in chunks {
            let mut chunk = *chunk;
            while let Some(part) = items.next(&mut chunk)? {
                out.push(match part {
                    Part::Metadata(bytes) | Part::Item(bytes) => Ok(bytes.to_vec()),
                    Part::TooLong { bytes } => Err(bytes),
                });
            }
            assert!(chunk.is_empty());
        }
        Ok((out, items.is_whole()))
    }

    #[test]
    fn every_cut_gives_the_same_items() {
        let long = vec![b'x'; 200];
        let body = list(&[b"one".to_vec(), long, b"two".to_vec()]);
        let want = [
            Ok(b"metadata".to_vec()),
            Ok(b"one".to_vec()),
            Err(200),
            Ok(b"two".to_vec()),
        ];
        for first in 0..=body.len() {
            for second in first..=body.len() {
                let chunks = [&body[..first], &body[first..second], &body[second..]];
                assert_eq!(cut(&chunks).unwrap(), (want.to_vec(), true));
            }
        }
        for end in 0..body.len() - field(4, b"type").len() {
            let (_, whole) = cut(&[&body[..end]]).unwrap();
            assert!(!whole, "{end}");
        }
    }

    #[test]
    fn an_empty_list_is_whole() {
        assert_eq!(
            cut(&[&list(&[])]).unwrap(),
            (vec![Ok(b"metadata".to_vec())], true)
        );
    }

    #[test]
    fn what_is_no_list() {
        for bytes in [
            &b"{\"items\":[]}"[..],
            b"k8s\0\x08\x01",
            b"k8s\0\x12\x02\x12\x09x",
        ] {
            assert_eq!(cut(&[bytes]), Err(NoList), "{bytes:?}");
        }
        let endless = [MAGIC, &[0xff; 30]].concat();
        assert_eq!(cut(&[&endless]), Err(NoList));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_chunks(bytes in proptest::collection::vec(any::<u8>(), 0..400), at: proptest::sample::Index) {
            let body = [MAGIC, &bytes].concat();
            let at = at.index(body.len());
            prop_assert_eq!(cut(&[&body[..at], &body[at..]]), cut(&[&body]));
        }

        #[test]
        fn any_items_in_any_chunks(
            items in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..LIMIT), 0..20),
            size in 1_usize..300,
        ) {
            let body = list(&items);
            let chunks: Vec<&[u8]> = body.chunks(size).collect();
            let (out, whole) = cut(&chunks).unwrap();
            prop_assert!(whole);
            prop_assert_eq!(&out[1..], items.into_iter().map(Ok).collect::<Vec<_>>());
        }
    }
}
