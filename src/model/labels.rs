//! Labels and annotations: the keys shared by all objects that have the same, the values packed.

use std::fmt;
use std::sync::{Arc, LazyLock};

use super::id::Text;

/// Stands between two values. Values are harmless text, in which it does not occur.
const BETWEEN: char = '\0';

/// Pairs of key and value, sorted by key, each key once.
#[derive(Clone, PartialEq, Eq)]
pub struct Labels {
    /// A thin pointer: each object has two of them.
    keys: Arc<Keys>,
    values: Box<str>,
}

/// The keys of some labels, sorted. Objects of one make share them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Keys(Box<[Text]>);

impl Keys {
    /// Of keys that are sorted, each there once.
    pub(crate) fn new(sorted: Box<[Text]>) -> Self {
        debug_assert!(sorted.is_sorted_by(|a, b| a < b));
        Self(sorted)
    }

    /// In their order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Text> {
        self.0.iter()
    }

    /// The key of a place in the order.
    pub(crate) fn at(&self, place: usize) -> Option<&Text> {
        self.0.get(place)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether they are just these.
    pub(crate) fn are<'k>(&self, mut keys: impl ExactSizeIterator<Item = &'k str>) -> bool {
        keys.len() == self.0.len() && self.0.iter().all(|key| keys.next() == Some(&**key))
    }
}

impl Labels {
    /// Of shared keys and a value for each, in their order. What stands between values is taken out of
    /// them.
    pub(crate) fn new<V: AsRef<str>>(
        keys: Arc<Keys>,
        values: impl Iterator<Item = V> + Clone,
    ) -> Self {
        let length = values.clone().map(|v| v.as_ref().len() + 1).sum::<usize>();
        let mut packed = String::with_capacity(length.saturating_sub(1));
        for (at, value) in values.take(keys.0.len()).enumerate() {
            let value = value.as_ref();
            if at > 0 {
                packed.push(BETWEEN);
            }
            if value.contains(BETWEEN) {
                packed.extend(value.chars().filter(|c| *c != BETWEEN));
            } else {
                packed.push_str(value);
            }
        }
        Self {
            keys,
            values: packed.into(),
        }
    }

    /// Of shared keys and the values that stand for them, with NUL between each and the next and nowhere
    /// else.
    pub(crate) fn packed(keys: Arc<Keys>, values: &str) -> Self {
        debug_assert_eq!(values.split(BETWEEN).count(), keys.0.len());
        Self {
            keys,
            values: values.into(),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let [value] = self.values_of([key]);
        value
    }

    /// The values of some keys, read in one pass.
    pub fn values_of<const N: usize>(&self, keys: [&str; N]) -> [Option<&str>; N] {
        let place = |key: &str| self.keys.0.binary_search_by(|k| k.as_ref().cmp(key)).ok();
        let places = keys.map(place);
        let mut values = [None; N];
        let Some(last) = places.iter().copied().flatten().max() else {
            return values;
        };
        let mut from = 0;
        let bytes = self.values.as_bytes();
        for at in 0..=last {
            let rest = bytes.get(from..).unwrap_or_default();
            let length = rest.iter().position(|b| *b == BETWEEN as u8);
            let to = from + length.unwrap_or(rest.len());
            for (place, value) in places.iter().zip(&mut values) {
                if *place == Some(at) {
                    *value = self.values.get(from..to);
                }
            }
            from = to + 1;
        }
        values
    }

    /// Key and value, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&Text, &str)> {
        self.keys.0.iter().zip(self.values.split(BETWEEN))
    }

    /// The values in the order of their keys.
    pub(crate) fn as_packed(&self) -> &str {
        &self.values
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.keys.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.0.is_empty()
    }
}

impl Default for Labels {
    fn default() -> Self {
        static NONE: LazyLock<Arc<Keys>> = LazyLock::new(|| Arc::new(Keys(Box::default())));
        Self {
            keys: NONE.clone(),
            values: Box::default(),
        }
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<Text>, V: AsRef<str>> FromIterator<(K, V)> for Labels {
    /// Of two values of one key the first stays.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut pairs: Vec<(Text, V)> = pairs.into_iter().map(|(k, v)| (k.into(), v)).collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|later, first| later.0 == first.0);
        let keys = Keys::new(pairs.iter().map(|(k, _)| k.clone()).collect());
        Self::new(Arc::new(keys), pairs.iter().map(|(_, v)| v.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_by_its_key() {
        let labels: Labels = [("b", "2"), ("a", ""), ("c", "drei"), ("b", "later")]
            .into_iter()
            .collect();
        let all: Vec<(&str, &str)> = labels.iter().map(|(k, v)| (&**k, v)).collect();
        assert_eq!(all, [("a", ""), ("b", "2"), ("c", "drei")]);
        let got = ["a", "b", "c", "d", ""].map(|key| labels.get(key));
        assert_eq!(got, [Some(""), Some("2"), Some("drei"), None, None]);
        let some = labels.values_of(["c", "x", "a", "b"]);
        assert_eq!(some, [Some("drei"), None, Some(""), Some("2")]);
        assert_eq!(Labels::default().get("a"), None);
        assert_eq!(Labels::default().iter().count(), 0);
        assert_eq!(Labels::default(), Labels::from_iter([("", ""); 0]));
    }

    #[test]
    fn a_value_cannot_pass_for_two() {
        let labels: Labels = [("a", "1\0x"), ("b", "2")].into_iter().collect();
        assert_eq!((labels.get("a"), labels.get("b")), (Some("1x"), Some("2")));
    }
}
