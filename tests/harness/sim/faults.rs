//! What may go wrong in a simulation.

use std::time::Duration;

use super::chance::Chance;

/// How the processes of a simulation are set up, and what goes wrong. Where it says "one in so many",
/// 0 means never.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// How many processes work.
    pub workers: usize,
    /// How long a message stays away that was received; `None`: until the process ends.
    pub visibility: Option<Duration>,
    /// Whether messages outlive the process.
    pub is_durable: bool,
    /// How long claims hold.
    pub claim_lifetime: Option<Duration>,
    /// Whether a commit writes the head row along.
    pub writes_heads: bool,
    /// Whether a commit takes in all that happens without waiting for anything.
    pub strides: bool,
    /// Attempts of one execution that a worker performs at the same time.
    pub attempts_max: usize,

    /// How many times something goes wrong, at most.
    pub count: usize,
    /// One deed in so many is the last one of its process.
    pub death: usize,
    /// After one deed in so many its process stands still.
    pub stall: usize,
    /// One deed in so many is not done.
    pub refusal: usize,
    /// Of one deed in so many nobody is told that it was done.
    pub silence: usize,
    /// One deed in so many takes seconds.
    pub slowness: usize,
    /// Milliseconds that a deed takes at most otherwise.
    pub latency: u64,
    /// Milliseconds by which the clock of a process is wrong at most.
    pub skew: u64,
    /// One message in so many is there twice.
    pub copies: usize,
    /// One message in so many is received by two at once.
    pub doubles: usize,
    /// One message in so many is late.
    pub delays: usize,
    /// Whether messages come in any order.
    pub is_unordered: bool,
    /// Whether somebody asks to recover, now and then.
    pub reconciles: bool,

    /// The deeds, counted from 1, before which the process dies that is to do them.
    pub deaths: Vec<u64>,
    /// A bug that is put in, to see that it is found.
    pub mutation: Option<Mutation>,
    /// Whether what happens is noted.
    pub notes: Notes,
}

/// Whether everything is noted that happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Notes {
    /// It is not: that saves time.
    #[default]
    None,
    /// It makes one number, so that two runs can be compared.
    Hashed,
    /// It is told to whoever looks, too.
    Told,
}

/// A bug that a simulation must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// A claim is taken for one that has run out.
    ClaimsAreNotChecked,
    /// A message is deleted when it is received, not when all is done.
    MessagesAreDeletedFirst,
    /// A commit is appended to whatever is there.
    CommitsAreUnconditional,
    /// A commit of somebody else that is like one's own is taken for one's own.
    CommitsAreKnownByContent,
    /// The number of an attempt is given again.
    AttemptsAreNotCounted,
    /// A wake-up is not sent.
    WakesAreLost,
    /// An attempt whose worker is gone is performed again, whatever it is.
    AttemptsAreRepeated,
    /// Whoever decides last how an attempt ends is told that it was first.
    DecisionsAreNotKept,
    /// A head row is not written when an execution ends, or goes on.
    HeadRowsAreForgotten,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::ClaimsAreNotChecked,
        Self::MessagesAreDeletedFirst,
        Self::CommitsAreUnconditional,
        Self::CommitsAreKnownByContent,
        Self::AttemptsAreNotCounted,
        Self::WakesAreLost,
        Self::AttemptsAreRepeated,
        Self::DecisionsAreNotKept,
        Self::HeadRowsAreForgotten,
    ];
}

impl Faults {
    /// One process over one queue whose messages come back, and nothing goes wrong.
    pub fn none() -> Self {
        Self {
            workers: 1,
            visibility: Some(Duration::from_secs(60)),
            is_durable: true,
            claim_lifetime: Some(Duration::from_secs(60)),
            attempts_max: 1_000,
            ..Self::default()
        }
    }

    /// One process that has the store to itself, and its messages in memory; and nothing goes wrong.
    pub fn none_in_memory() -> Self {
        Self {
            visibility: None,
            is_durable: false,
            claim_lifetime: None,
            writes_heads: true,
            ..Self::none()
        }
    }

    /// Some processes, and some of all that can go wrong: what goes wrong seldom, goes wrong alone.
    pub fn drawn(chance: &Chance) -> Self {
        let calm = match chance.below(8) {
            0 => Self::on_a_laptop(chance),
            _ => Self::in_the_cloud(chance),
        };
        let maybe = |times: usize| match chance.one_in(2) {
            true => times << chance.below(3),
            false => 0,
        };
        let writes_heads = chance.one_in(2);
        let drawn = Self {
            // A queue that forgets needs it.
            writes_heads: writes_heads || !calm.is_durable,
            strides: chance.one_in(2),
            attempts_max: *chance.pick(&[1, 2, 1_000]),
            count: chance.below(24),
            death: maybe(20),
            stall: maybe(25),
            refusal: maybe(25),
            silence: maybe(25),
            slowness: maybe(15),
            latency: *chance.pick(&[0, 5, 50, 400]),
            ..calm
        };
        if drawn.visibility.is_none() {
            return drawn;
        }
        Self {
            skew: *chance.pick(&[0, 100, 5_000]),
            copies: maybe(10),
            doubles: maybe(10),
            delays: maybe(8),
            is_unordered: chance.one_in(2),
            reconciles: chance.one_in(4),
            ..drawn
        }
    }

    fn in_the_cloud(chance: &Chance) -> Self {
        Self {
            workers: 1 + chance.below(4),
            ..Self::none()
        }
    }

    /// One process has the store to itself: what it holds, it holds until it ends.
    fn on_a_laptop(chance: &Chance) -> Self {
        Self {
            visibility: None,
            is_durable: chance.one_in(2),
            claim_lifetime: None,
            ..Self::none()
        }
    }

    /// Whether an attempt may be lost.
    pub fn may_lose(&self) -> bool {
        let is_ordered = self.deaths.is_empty() && self.mutation.is_none();
        let strikes = [
            self.death,
            self.stall,
            self.refusal,
            self.silence,
            self.slowness,
        ];
        !is_ordered || self.count > 0 && strikes.iter().any(|times| *times > 0)
    }
}
