//! What is drawn from the seed: uids and generated names.

use super::Store;

impl Store {
    /// A number that depends on the seed and on how many were drawn before (SplitMix64).
    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        let mut z = self
            .seed
            .wrapping_add(self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A uid, of the seed and of how many were drawn before.
    pub(crate) fn draw_uid(&mut self) -> String {
        let (a, b) = (self.draw(), self.draw());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            0x8000 | ((b >> 48) & 0x3fff),
            b & 0xffff_ffff_ffff
        )
    }

    /// Five characters as the server draws them for generateName.
    pub fn suffix(&mut self) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        let mut drawn = self.draw();
        (0..5)
            .map(|_| {
                let at = (drawn % LETTERS.len() as u64) as usize;
                drawn /= LETTERS.len() as u64;
                char::from(LETTERS[at])
            })
            .collect()
    }
}
