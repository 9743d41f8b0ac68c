//! What can be set about an engine.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use segno_interpreter::{
    bounds::Bounds,
    event::Seed,
    key::Nonce,
    transition::{BUDGET_BYTES, BUDGET_EVENTS},
};

use crate::{
    logs::{Logs, Unlogged},
    status::StatusChanges,
};

/// How an engine works. The default is for one process that keeps its store to itself.
#[derive(Clone)]
pub struct Config {
    /// How long a claim holds without being renewed. `None`: as long as its session, which is right
    /// where no other process can take over.
    pub claim_lifetime: Option<Duration>,
    /// How long a call may take that has no shorter time-out of its own. `None`: as long as it takes.
    /// Whoever is [not there for ever](crate::Engine::stay_until) begins no call that may outlast it.
    pub call_time_max: Option<Duration>,
    /// Attempts of one execution that are performed at the same time.
    pub attempts_max: usize,
    /// Whether an execution is held until it is closed, so that time may jump while it waits. Otherwise
    /// one that waits costs nothing but its wake-up.
    pub holds_on: bool,
    /// How long a commit may become by what happens without waiting for anything.
    pub stride: Stride,
    /// How large executions may become that are started from now on.
    pub bounds: Bounds,
    /// How long the nudge is delayed that arms the timers of an activity's attempt, should the caller
    /// who takes it be gone.
    pub nudge_delay: Duration,
    /// Where the logs of state machines go.
    pub logs: Arc<dyn Logs>,
    /// Who is told of status changes.
    pub status_changes: Option<Arc<dyn StatusChanges>>,
    /// Where randomness comes from: seeds of events, nonces of commits.
    pub entropy: Entropy,
}

/// An execution goes on within a commit until it waits for something, or has made so much. A long
/// stride costs fewer commits, but the larger ones must be what a store can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stride {
    /// History events. There may be [`BUDGET_EVENTS`] more.
    pub events: usize,
    /// Bytes of new payloads. There may be [`BUDGET_BYTES`] more, and a payload.
    pub bytes: usize,
}

impl Stride {
    /// One transition of the interpreter.
    pub const SHORT: Self = Self {
        events: 0,
        bytes: 0,
    };
    /// For a store that takes any commit.
    pub const LONG: Self = Self {
        events: 16 * BUDGET_EVENTS,
        bytes: 16 * BUDGET_BYTES,
    };
}

/// A source of random bytes.
#[derive(Clone)]
pub struct Entropy(Arc<Fill>);

type Fill = dyn Fn(&mut [u8]) -> Result<(), getrandom::Error> + Send + Sync;

impl Default for Config {
    fn default() -> Self {
        Self {
            claim_lifetime: None,
            call_time_max: None,
            attempts_max: 1_000,
            holds_on: false,
            stride: Stride::SHORT,
            bounds: Bounds::STRICT,
            nudge_delay: Duration::from_secs(60),
            logs: Arc::new(Unlogged),
            status_changes: None,
            entropy: Entropy::default(),
        }
    }
}

impl Default for Entropy {
    /// The operating system, asked for much at once.
    fn default() -> Self {
        let pool = Mutex::new(Pool::default());
        Self::new(move |bytes| {
            let mut pool = pool.lock().expect("nothing panics under the lock");
            pool.take(bytes)
        })
    }
}

/// Random bytes that nobody has had yet: one system call serves dozens of executions.
struct Pool {
    bytes: [u8; 4_096],
    taken: usize,
}

impl Default for Pool {
    fn default() -> Self {
        let bytes = [0; 4_096];
        let taken = bytes.len();
        Self { bytes, taken }
    }
}

impl Pool {
    fn take(&mut self, into: &mut [u8]) -> Result<(), getrandom::Error> {
        for chunk in into.chunks_mut(self.bytes.len()) {
            if self.bytes.len() - self.taken < chunk.len() {
                getrandom::fill(&mut self.bytes)?;
                self.taken = 0;
            }
            let from = &mut self.bytes[self.taken..][..chunk.len()];
            chunk.copy_from_slice(from);
            // Whoever reads this memory later learns nothing of what was given.
            from.fill(0);
            self.taken += chunk.len();
        }
        Ok(())
    }
}

impl Entropy {
    /// A source of one's own: a simulation repeats itself with it.
    pub fn new(
        fill: impl Fn(&mut [u8]) -> Result<(), getrandom::Error> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(fill))
    }

    /// The seed of one event.
    pub(crate) fn seed(&self) -> Result<Seed, getrandom::Error> {
        let mut seed = [0; 32];
        (self.0)(&mut seed)?;
        Ok(Seed(seed))
    }

    /// Sixteen bytes that nobody else has.
    pub(crate) fn bytes(&self) -> Result<[u8; 16], getrandom::Error> {
        let mut bytes = [0; 16];
        (self.0)(&mut bytes)?;
        Ok(bytes)
    }

    /// A number from 0 to 99, each with the same chance.
    pub(crate) fn percent(&self) -> Result<u8, getrandom::Error> {
        // 2¹²⁸ is no multiple of 100: that favours none by more than 10⁻³⁶.
        let percent = u128::from_le_bytes(self.bytes()?) % 100;
        Ok(u8::try_from(percent).expect("less than 100"))
    }

    /// A UUID that nobody else has.
    pub(crate) fn uuid(&self) -> Result<String, getrandom::Error> {
        Ok(uuid::Builder::from_random_bytes(self.bytes()?)
            .into_uuid()
            .to_string())
    }

    /// A nonce that nobody else has.
    pub(crate) fn nonce(&self) -> Result<Nonce, getrandom::Error> {
        self.bytes().map(Nonce)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nothing_is_given_twice() {
        let entropy = Entropy::default();
        let drawn: BTreeSet<[u8; 16]> = (0..2_000).map(|_| entropy.bytes().unwrap()).collect();
        assert_eq!(drawn.len(), 2_000);
        assert!(!drawn.contains(&[0; 16]));
    }

    #[test]
    fn more_can_be_asked_for_than_is_in_stock() {
        let mut bytes = [0; 10_000];
        Pool::default().take(&mut bytes).unwrap();
        assert!(bytes.chunks(100).all(|chunk| chunk.iter().any(|b| *b != 0)));
    }
}
