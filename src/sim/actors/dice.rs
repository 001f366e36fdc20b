//! Randomness without a sequence: a roll is a pure function of the seed and of what it is for,
//! so that one actor more or less does not change the luck of the others.

/// A seed narrowed down by what the roll is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x9e37_79b9_7f4a_7c15))
    }

    /// The dice for one named thing.
    pub(crate) fn on(self, what: &str) -> Self {
        let mut h = self.0 ^ 0xcbf2_9ce4_8422_2325;
        for b in what.bytes() {
            h = (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(mix(h))
    }

    /// The dice for one numbered thing.
    pub(crate) fn at(self, n: u64) -> Self {
        Self(mix(self
            .0
            .wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
    }

    pub(crate) fn raw(self) -> u64 {
        self.0
    }

    /// 0 ≤ roll < n; 0 when n is 0.
    pub(crate) fn below(self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.0 % n }
    }

    /// from ≤ roll < to.
    pub(crate) fn range(self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from))
    }

    /// True with the given probability, 0 to 1.
    pub(crate) fn chance(self, p: f64) -> bool {
        // 53 bits fit a double exactly.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
        let unit = (self.0 >> 11) as f64 / (1u64 << 53) as f64;
        unit < p
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<'a, T: ?Sized>(self, from: &[&'a T]) -> &'a T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }

    /// A lower-case suffix in the alphabet of generated names.
    pub(crate) fn suffix(self, len: usize) -> String {
        const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        (0..len as u64)
            .map(|i| {
                let n = self.at(i).below(ALPHABET.len() as u64);
                char::from(ALPHABET[usize::try_from(n).unwrap_or(0)])
            })
            .collect()
    }

    /// Hex digits, for ids of containers and images.
    pub(crate) fn hex(self, len: usize) -> String {
        let mut out = String::with_capacity(len + 16);
        let mut i = 0;
        while out.len() < len {
            out.push_str(&format!("{:016x}", self.at(i).0));
            i += 1;
        }
        out.truncate(len);
        out
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
