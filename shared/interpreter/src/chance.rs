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
    seed: Seed,
    jitter: Stream,
    token: Stream,
    uuid: Stream,
    math_random: Stream,
    jsonata_random: Stream,
}

/// A stream, made when it is first drawn from: most events draw nothing. Expressions draw while the
/// rest of the transition is only read.
type Stream = RefCell<Option<Box<ChaCha20Rng>>>;

/// The streams. A number once given to a use keeps it: it decides what an execution does.
const JITTER_STREAM: u64 = 1;
const UUID_STREAM: u64 = 2;
const MATH_RANDOM_STREAM: u64 = 3;
const JSONATA_RANDOM_STREAM: u64 = 4;
const TOKEN_STREAM: u64 = 5;

impl Chance {
    pub(crate) fn new(seed: Seed) -> Self {
        Self {
            seed,
            jitter: Stream::default(),
            token: Stream::default(),
            uuid: Stream::default(),
            math_random: Stream::default(),
            jsonata_random: Stream::default(),
        }
    }

    /// Anything from nothing to `longest`, evenly distributed.
    pub(crate) fn jitter(&self, longest: Duration) -> Duration {
        let bits = self.draw(&self.jitter, JITTER_STREAM, ChaCha20Rng::next_u64);
        // 53 random bits make an evenly distributed double in [0, 1).
        let fraction = (bits >> 11) as f64 / (1_u64 << 53) as f64;
        longest.mul_f64(fraction)
    }

    /// What makes the next task token.
    pub(crate) fn secret(&self) -> Secret {
        let mut bytes = [0; 16];
        let fill = |stream: &mut ChaCha20Rng| stream.fill_bytes(&mut bytes);
        self.draw(&self.token, TOKEN_STREAM, fill);
        Secret(bytes)
    }

    /// The next 64 random bits for a use in an expression.
    pub(crate) fn bits(&self, purpose: Purpose) -> u64 {
        let (stream, number) = match purpose {
            Purpose::Uuid => (&self.uuid, UUID_STREAM),
            Purpose::MathRandom => (&self.math_random, MATH_RANDOM_STREAM),
            Purpose::JsonataRandom => (&self.jsonata_random, JSONATA_RANDOM_STREAM),
        };
        self.draw(stream, number, ChaCha20Rng::next_u64)
    }

    fn draw<T>(&self, stream: &Stream, number: u64, draw: impl FnOnce(&mut ChaCha20Rng) -> T) -> T {
        let mut stream = stream.borrow_mut();
        draw(stream.get_or_insert_with(|| {
            let mut stream = ChaCha20Rng::from_seed(self.seed.0);
            stream.set_stream(number);
            Box::new(stream)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_jitter_within_bounds() {
        let (one, two) = (Chance::new(Seed([7; 32])), Chance::new(Seed([7; 32])));
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
