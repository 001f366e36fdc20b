//! Whatever can happen is read back as it was written.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::engine::{Effect, Event, Now, Settings};
use crate::model::object::Object;

/// Chance, from a seed.
pub(crate) struct Dice(u64);

impl Dice {
    /// Any number; small ones and the ends of the range more often than others.
    pub(crate) fn number(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        match z % 4 {
            0 => z % 3,
            1 => u64::MAX - z % 2,
            _ => z,
        }
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() >> 7).unwrap_or(0) % end.max(1)
    }

    pub(crate) fn text(&mut self) -> String {
        [
            "",
            "ci",
            "runner-large",
            "a\"b\\c\n",
            "本",
            "\u{1b}[31m",
            "1e9",
        ][self.below(7)]
        .to_owned()
    }
}

fn same<T: Wire + PartialEq + std::fmt::Debug>(dice: &mut Dice) {
    let thing = T::any(dice);
    let text = hold(&thing).to_string();
    let read: Value = serde_json::from_str(&text).expect("JSON");
    let back = held::<T>(&[read], &mut 0).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(back, thing, "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_happens_is_read_as_it_was_written(seed: u64) {
        let dice = &mut Dice(seed);
        same::<Event>(dice);
        same::<Effect>(dice);
        same::<Object>(dice);
        same::<Now>(dice);
        same::<Settings>(dice);
        same::<Option<Option<Arc<str>>>>(dice);
    }
}

#[test]
fn what_is_not_known_is_named() {
    let wrong = |text: &str| {
        let value: Value = serde_json::from_str(text).expect("JSON");
        Event::take(&value).expect_err("an error").to_string()
    };
    assert_eq!(
        wrong(r#""dance""#),
        "\"dance\" is not known to this version"
    );
    assert_eq!(
        wrong(r#"{"key":[{"code":"hyper"}]}"#),
        "key.code: \"hyper\" is not known to this version"
    );
    assert_eq!(wrong(r#"{"key":[{}]}"#), "key.code: is not there");
}
