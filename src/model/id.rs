//! Identities: typed, so that a pod's uid is never taken for a name.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

/// A shared string. Cloning counts a reference.
pub type Text = Arc<str>;

/// The empty text, one for all.
pub fn empty() -> Text {
    static EMPTY: LazyLock<Text> = LazyLock::new(|| "".into());
    EMPTY.clone()
}

/// `metadata.uid` of an object, unique in a cluster over all time. It shows as it was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uid(Written);

impl Hash for Uid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Written::Uuid(bytes) => state.write_u128(u128::from_ne_bytes(*bytes)),
            Written::Text(text) => text.hash(state),
        }
    }
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Written {
    /// What every API server gives: `8-4-4-4-12` small hexadecimal digits, without an allocation.
    Uuid([u8; 16]),
    Text(Text),
}

impl Uid {
    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Written::Text(text) if text.is_empty())
    }

    /// As it was written.
    pub fn text(&self) -> Text {
        match &self.0 {
            Written::Uuid(_) => self.to_string().into(),
            Written::Text(text) => text.clone(),
        }
    }

    /// Whether it is written like this.
    pub fn is(&self, text: &str) -> bool {
        match &self.0 {
            Written::Uuid(_) => *self == Self::from(text),
            Written::Text(own) => **own == *text,
        }
    }
}

/// Where the hyphens of a UUID stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

fn uuid(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let digit = |at: usize| match text[at] {
        c @ b'0'..=b'9' => Some(c - b'0'),
        c @ b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 16];
    let mut at = 0;
    for byte in &mut bytes {
        if HYPHENS.contains(&at) {
            if text[at] != b'-' {
                return None;
            }
            at += 1;
        }
        *byte = digit(at)? << 4 | digit(at + 1)?;
        at += 2;
    }
    Some(bytes)
}

impl From<&str> for Uid {
    fn from(text: &str) -> Self {
        Self(match uuid(text) {
            Some(bytes) => Written::Uuid(bytes),
            None if text.is_empty() => Written::Text(empty()),
            None => Written::Text(text.into()),
        })
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Written::Uuid(bytes) => {
                for (at, byte) in bytes.iter().enumerate() {
                    if matches!(at, 4 | 6 | 8 | 10) {
                        f.write_str("-")?;
                    }
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
            Written::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uid({self})")
    }
}

/// The place of a cluster in this console: what tells apart things of equal names in several clusters. It holds
/// while the cluster is shown; what names a cluster for ever is its [`ClusterId`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterNo(pub u8);

impl ClusterNo {
    /// The one that a console with one cluster has.
    pub const FIRST: Self = Self(0);
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Text);

        impl $name {
            /// The id as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A cluster: the uid of its kube-system namespace, or the context's name where that is denied.
    ClusterId
}
text_id! {
    /// A job as its CI system names it, unique within the system (attempts share it).
    JobId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_shows_as_it_was_written() {
        for text in [
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
            "0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9",
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f",
            "0a1b2c3d04e5f060710829300a4b5c6d7e8f",
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fg",
            "uid-p",
            "",
        ] {
            let uid = Uid::from(text);
            assert_eq!(uid.to_string(), text);
            assert!(uid.is(text) && !uid.is("x"));
            assert_eq!(uid.is_empty(), text.is_empty());
        }
        assert_eq!(size_of::<Option<Uid>>(), 24);
    }
}
