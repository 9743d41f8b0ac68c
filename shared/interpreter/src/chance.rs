//! Randomness: one seed, expanded with ChaCha20 into one stream per use.

use std::{cell::RefCell, time::Duration};

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

use segno_asl::data::scope::Purpose;

use crate::{event::Seed, token::Secret};

/// The chance that one event brought along. Draws for one use do not move those for another.
pub(crate) struct Chance {
    jitter: ChaCha20Rng,
    token: ChaCha20Rng,
    // Expressions draw while the rest of the transition is only read.
    uuid: RefCell<ChaCha20Rng>,
    math_random: RefCell<ChaCha20Rng>,
    jsonata_random: RefCell<ChaCha20Rng>,
}

/// The streams. A number once given to a use keeps it: it decides what an execution does.
const JITTER_STREAM: u64 = 1;
const UUID_STREAM: u64 = 2;
const MATH_RANDOM_STREAM: u64 = 3;
const JSONATA_RANDOM_STREAM: u64 = 4;
const TOKEN_STREAM: u64 = 5;

impl Chance {
    pub(crate) fn new(seed: Seed) -> Self {
        let stream = |number| {
            let mut stream = ChaCha20Rng::from_seed(seed.0);
            stream.set_stream(number);
            stream
        };
        Self {
            jitter: stream(JITTER_STREAM),
            token: stream(TOKEN_STREAM),
            uuid: RefCell::new(stream(UUID_STREAM)),
            math_random: RefCell::new(stream(MATH_RANDOM_STREAM)),
            jsonata_random: RefCell::new(stream(JSONATA_RANDOM_STREAM)),
        }
    }

    /// Anything from nothing to `longest`, evenly distributed.
    pub(crate) fn jitter(&mut self, longest: Duration) -> Duration {
        // 53 random bits make an evenly distributed double in [0, 1).
        let fraction = (self.jitter.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        longest.mul_f64(fraction)
    }

    /// What makes the next task token.
    pub(crate) fn secret(&mut self) -> Secret {
        let mut bytes = [0; 16];
        self.token.fill_bytes(&mut bytes);
        Secret(bytes)
    }

    /// The next 64 random bits for a use in an expression.
    pub(crate) fn bits(&self, purpose: Purpose) -> u64 {
        let stream = match purpose {
            Purpose::Uuid => &self.uuid,
            Purpose::MathRandom => &self.math_random,
            Purpose::JsonataRandom => &self.jsonata_random,
        };
        stream.borrow_mut().next_u64()
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

    #[test]
    fn each_use_has_a_stream_of_its_own() {
        let chance = Chance::new(Seed([7; 32]));
        let first = chance.bits(Purpose::Uuid);
        assert_ne!(first, chance.bits(Purpose::Uuid));
        assert_ne!(first, chance.bits(Purpose::MathRandom));
        assert_ne!(first, chance.bits(Purpose::JsonataRandom));
    }
}
