//! Identities: typed, so that a pod's uid is never taken for a name.

use std::fmt;
use std::sync::{Arc, LazyLock};

/// A shared string. Cloning counts a reference.
pub type Text = Arc<str>;

/// The empty text, one for all.
pub fn empty() -> Text {
    static EMPTY: LazyLock<Text> = LazyLock::new(|| "".into());
    EMPTY.clone()
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
    /// `metadata.uid` of an object, unique in a cluster over all time.
    Uid
}
text_id! {
    /// A cluster: the uid of its kube-system namespace, or the context's name where that is denied.
    ClusterId
}
text_id! {
    /// A job as its CI system names it, unique within the system (attempts share it).
    JobId
}
