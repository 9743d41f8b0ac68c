//! Randomness: one seed, expanded with ChaCha20 into one stream per use.

use std::time::Duration;

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::event::Seed;

/// The chance that one event brought along. Draws for one use do not move those for another.
pub(crate) struct Chance {
    jitter: ChaCha20Rng,
}

/// The streams. A number once given to a use keeps it: it decides what an execution does.
const JITTER_STREAM: u64 = 1;

impl Chance {
    pub(crate) fn new(seed: Seed) -> Self {
        let stream = |number| {
            let mut stream = ChaCha20Rng::from_seed(seed.0);
            stream.set_stream(number);
            stream
        };
        Self {
            jitter: stream(JITTER_STREAM),
        }
    }

    /// Anything from nothing to `longest`, evenly distributed.
    pub(crate) fn jitter(&mut self, longest: Duration) -> Duration {
        // 53 random bits make an evenly distributed double in [0, 1).
        let fraction = (self.jitter.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        longest.mul_f64(fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_jitter_within_bounds() {
        let (mut one, mut two) = (Chance::new(Seed([7; 32])), Chance::new(Seed([7; 32])));
        for _ in 0..1_000 {
            let delay = one.jitter(Duration::from_secs(10));
            assert!(delay < Duration::from_secs(10));
            assert_eq!(delay, two.jitter(Duration::from_secs(10)));
        }
    }
}
