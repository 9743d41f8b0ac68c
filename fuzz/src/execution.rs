//! An execution that is driven to its end, whatever its definition says.

use segno_asl::{data::value::Value, definition::StateMachine, errors::StateError};
use segno_interpreter::{
    advance,
    bounds::Bounds,
    checkpoint::{AttemptId, Checkpoint, Claim, Wake},
    command::Command,
    event::{Event, EventKind, Outcome, Seed, Start, Timestamp},
    key::{ExecutionKey, Nonce},
    payload::{Payload, Payloads},
    token::Secret,
};

/// Small, so that what loops ends soon.
const BOUNDS: Bounds = Bounds {
    payload_bytes_max: Some(16 * 1024),
    history_events_max: Some(300),
    iterations_max: 10,
};

/// Runs a machine: its tasks answer with their input, and every third one with an error.
pub fn run(machine: &StateMachine, input: Value) {
    let mut run = Run {
        machine,
        now: Timestamp(1_704_067_200_000),
        checkpoint: Checkpoint::default(),
        payloads: Payloads::default(),
    };
    run.advance(EventKind::ExecutionStarted(Box::new(start(input))));
    while !run.checkpoint.status.is_closed() {
        run.go_on();
    }
}

struct Run<'m> {
    machine: &'m StateMachine,
    now: Timestamp,
    checkpoint: Checkpoint,
    payloads: Payloads,
}

impl Run<'_> {
    fn advance(&mut self, kind: EventKind) {
        let before = std::mem::take(&mut self.checkpoint);
        let recorded = before.recorded;
        let event = Event {
            at: self.now,
            seed: Seed([7; 32]),
            kind,
        };
        let transition = advance(self.machine, before, event).expect("the checkpoint is our own");
        for (index, event) in transition.history.iter().enumerate() {
            assert_eq!(event.id, recorded + 1 + index as u64);
            assert!(event.previous_event_id < event.id);
        }
        self.payloads.extend(transition.payloads);
        self.checkpoint = self.reloaded(&transition.checkpoint);
    }

    /// The checkpoint as a store gives it back.
    fn reloaded(&self, checkpoint: &Checkpoint) -> Checkpoint {
        let mut read = Checkpoint::decode(&checkpoint.encode()).expect("it was just written");
        let stored = |id| Some((id, self.payloads.get(id)?.clone()));
        read.payloads = read.payload_ids().into_iter().filter_map(stored).collect();
        assert_eq!(read, *checkpoint);
        read
    }

    /// Does the first thing that is owed; if nothing is, answers whoever waits, and else stops.
    fn go_on(&mut self) {
        let attempts = self.checkpoint.frames.values();
        let waiting = attempts.filter_map(|frame| Some(frame.phase.attempt()?.id));
        let waiting = waiting.min();
        match (self.checkpoint.commands().first(), waiting) {
            (Some(Command::Perform(attempt)), _) => self.perform(*attempt),
            (Some(Command::Offer(attempt)), _) => self.advance(EventKind::ActivityTaken {
                attempt: *attempt,
                worker_name: None,
                secret: Secret([3; 16]),
            }),
            (Some(Command::Continue(number)), _) => {
                self.advance(EventKind::Continued { number: *number });
            }
            // Before its time is up.
            (Some(Command::Wake(_)) | None, Some(attempt)) => self.answer(attempt),
            (Some(Command::Wake(Wake { number, due })), None) => {
                self.now = self.now.max(*due);
                self.advance(EventKind::Woken { number: *number });
            }
            (Some(Command::AbortChild(attempt)), _) => self.answer(*attempt),
            (Some(Command::PublishStatus) | None, _) => {
                panic!("it is neither closed nor does it wait for anything");
            }
        }
    }

    fn perform(&mut self, attempt: AttemptId) {
        let claim = Claim {
            holder: "worker".into(),
            until: Timestamp(self.now.0 + 60_000),
        };
        let attempts = vec![attempt];
        let outcome = self.outcome(attempt);
        self.advance(EventKind::AttemptsClaimed { attempts, claim });
        self.advance(EventKind::AttemptEnded { attempt, outcome });
    }

    fn answer(&mut self, attempt: AttemptId) {
        let outcome = self.outcome(attempt);
        self.advance(EventKind::Answered { attempt, outcome });
    }

    fn outcome(&self, id: AttemptId) -> Outcome {
        let attempt = self.checkpoint.attempt(id).map(|(_, attempt)| attempt);
        let input = attempt.and_then(|attempt| self.checkpoint.payloads.get(attempt.input));
        match input {
            Some(input) if id.number % 3 != 2 => Ok(input.clone()),
            _ => Err(StateError::new("Drawn", "a third of all fail")),
        }
    }
}

fn start(input: Value) -> Start {
    Start {
        execution: ExecutionKey {
            arn: "arn:aws:states:us-east-1:123456789012:execution:fuzz:one".into(),
            nonce: Nonce::default(),
        },
        state_machine_arn: "arn:aws:states:us-east-1:123456789012:stateMachine:fuzz".into(),
        version_arn: None,
        alias_arn: None,
        role_arn: "arn:aws:iam::123456789012:role/fuzz".into(),
        input: Payload::from(input),
        parent: None,
        bounds: BOUNDS,
        time_limit: None,
    }
}
