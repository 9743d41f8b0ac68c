//! Chance that can be repeated.

use std::time::Duration;

/// SplitMix64.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Another one, that depends on this one alone.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// A time from nothing to this.
    pub(crate) fn up_to(&mut self, longest: Duration) -> Duration {
        let most = u64::try_from(longest.as_micros()).unwrap();
        Duration::from_micros(self.next() % (most + 1))
    }
}
