//! Labels of an object: few, sorted, often the same from object to object.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

/// Keys and values, by key. Texts are shared between the versions of an object, and between objects of one stencil.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSet(Box<[(Arc<str>, Arc<str>)]>);

impl LabelSet {
    /// Takes the pairs in any order.
    pub(crate) fn new(mut pairs: Vec<(Arc<str>, Arc<str>)>) -> LabelSet {
        pairs.sort_unstable();
        LabelSet(pairs.into())
    }

    /// Reads `metadata.labels`; what is no text is empty.
    pub(crate) fn read(map: &Map<String, Value>) -> LabelSet {
        let pair =
            |(k, v): (&String, &Value)| (k.as_str().into(), v.as_str().unwrap_or_default().into());
        LabelSet::new(map.iter().map(pair).collect())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(k, _)| (**k).cmp(key)).ok()?;
        self.0.get(at).map(|(_, v)| &**v)
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (&**k, &**v))
    }
}

impl From<BTreeMap<Box<str>, Box<str>>> for LabelSet {
    fn from(map: BTreeMap<Box<str>, Box<str>>) -> LabelSet {
        LabelSet::new(map.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn found_by_key() {
        let set = LabelSet::read(json!({"b": "2", "a": "1", "c": 3}).as_object().unwrap());
        assert_eq!(
            (set.get("a"), set.get("b"), set.get("c"), set.get("d")),
            (Some("1"), Some("2"), Some(""), None)
        );
        assert_eq!(set.iter().next(), Some(("a", "1")));
    }
}
