//! The answer to an event, and how it is put together.

use std::{cell::Cell, sync::Arc};

use segno_asl::{
    data::value::Value,
    definition::{State, StateMachine},
};

use crate::{
    chance::Chance,
    checkpoint::{AttemptId, Checkpoint, Frame, FrameId, Interrupted, Wake},
    command::Command,
    event::{Event, Timestamp},
    history::{Detail, HistoryEvent},
    inspect::Notes,
    payload::{Needed, Payload, PayloadId},
};

/// The answer to one event. Commit all of it or none of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// What is known now.
    pub checkpoint: Checkpoint,
    /// What has happened.
    pub history: Vec<HistoryEvent>,
    /// The payloads that appear here for the first time.
    pub payloads: Vec<(PayloadId, Payload)>,
    /// What must be done that did not have to be done before.
    pub commands: Vec<Command>,
    /// Whether the checkpoint changed, although nothing has happened that a history shows.
    pub has_moved: bool,
}

impl Transition {
    /// Whether the event was late or repeated, and nothing is to be committed.
    pub fn is_empty(&self) -> bool {
        self.history.is_empty() && !self.has_moved
    }
}

/// Why a checkpoint and a state machine do not fit: it was written by another definition, or its
/// payloads are not all there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Corrupt {
    /// A state that the machine does not have.
    #[error("the checkpoint is in state `{0}`, which the definition does not have")]
    UnknownState(String),
    /// A payload that the event needs was not filled in.
    #[error("the checkpoint refers to payload {}, which is missing", .0.0)]
    MissingPayload(PayloadId),
}

/// A transition ends after so many history events, with [`Command::Continue`].
pub const BUDGET_EVENTS: usize = 256;

/// A transition ends after so many bytes of payloads that its states made, with
/// [`Command::Continue`].
pub const BUDGET_BYTES: usize = 64 * 1024;

/// What a checkpoint owed: kept so that a transition which only goes on takes no memory for it.
#[derive(Default)]
pub(crate) struct Owed {
    continuation: Option<Command>,
    /// Sorted.
    others: Vec<Command>,
}

impl Owed {
    pub(crate) fn by(checkpoint: &Checkpoint) -> Self {
        let mut others = checkpoint.commands_but_to_continue();
        others.sort_unstable();
        Self {
            continuation: checkpoint.continuation().map(Command::Continue),
            others,
        }
    }

    fn has(&self, command: &Command) -> bool {
        self.continuation.as_ref() == Some(command) || self.others.binary_search(command).is_ok()
    }
}

/// A transition in the making: the checkpoint as it changes, and what has come of it so far.
pub(crate) struct Draft<'m> {
    pub(crate) machine: &'m StateMachine,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) at: Timestamp,
    pub(crate) chance: Chance,
    /// What is written down for whoever looks on, if somebody does.
    pub(crate) notes: Option<Box<Notes>>,
    history: Vec<HistoryEvent>,
    payloads: Vec<(PayloadId, Payload)>,
    payload_bytes: usize,
    is_history_full: bool,
    has_moved: bool,
    /// A payload that was needed and is not there.
    pub(crate) missing: Missing,
    /// The token of the attempt that is being scheduled.
    pub(crate) token: Option<(FrameId, String)>,
    /// The frames as they were when a state failed whose error is still on its way up.
    pub(crate) failing: Option<Interrupted>,
}

impl<'m> Draft<'m> {
    pub(crate) fn new(machine: &'m StateMachine, checkpoint: Checkpoint, event: &Event) -> Self {
        Self {
            machine,
            checkpoint,
            at: event.at,
            chance: Chance::new(event.seed),
            notes: None,
            // What a state with a large payload, which is a transition by itself, fits into.
            history: Vec::with_capacity(4),
            payloads: Vec::with_capacity(4),
            payload_bytes: 0,
            is_history_full: false,
            has_moved: false,
            missing: Missing::default(),
            token: None,
            failing: None,
        }
    }

    /// The finished transition. Commands are those that the checkpoint did not owe before.
    pub(crate) fn finish(mut self, owed_before: Owed) -> Result<Transition, Corrupt> {
        if let Some(id) = self.missing.get() {
            return Err(Corrupt::MissingPayload(id));
        }
        if self.has_recorded() || self.has_moved {
            self.abandon_children();
            self.abandon_jobs();
            self.arm();
        }
        self.forget_payloads();
        let mut commands = self.checkpoint.commands();
        commands.retain(|command| !owed_before.has(command));
        Ok(Transition {
            checkpoint: self.checkpoint,
            history: self.history,
            payloads: self.payloads,
            commands,
            has_moved: self.has_moved,
        })
    }

    /// Forgets the payloads that nothing refers to any more.
    fn forget_payloads(&mut self) {
        let mut needed = Needed::none_of(PayloadId(self.checkpoint.counters.payloads));
        self.checkpoint.for_each_payload(|id| needed.note(id));
        self.checkpoint.payloads.retain(|id| needed.has(id));
        // What was made on the way, and is neither shown nor kept, is not stored.
        let shown = self
            .history
            .iter()
            .flat_map(|event| event.detail.payload_ids());
        shown.for_each(|id| needed.note(id));
        self.payloads.retain(|(id, _)| needed.has(*id));
    }

    /// The checkpoint changes, although the history does not show it.
    pub(crate) fn touch(&mut self) {
        self.has_moved = true;
    }

    /// Whether this is the wake-up that the execution waits for, and its time has come.
    pub(crate) fn is_armed(&self, number: u64) -> bool {
        let wake = self.checkpoint.wake;
        wake.is_some_and(|wake| wake.number == number && wake.due <= self.at)
    }

    /// Arms a new wake-up if the execution now waits for another time.
    fn arm(&mut self) {
        let due = self.checkpoint.next_due();
        if due == self.checkpoint.wake.map(|wake| wake.due) {
            return;
        }
        self.checkpoint.wake = due.map(|due| {
            self.checkpoint.counters.wakes += 1;
            Wake {
                number: self.checkpoint.counters.wakes,
                due,
            }
        });
    }

    /// Children whose attempt is over without their end are to be stopped.
    fn abandon_children(&mut self) {
        let frames = &self.checkpoint.frames;
        for child in &mut self.checkpoint.children {
            let attempt = frames
                .get(&child.attempt.frame)
                .and_then(|frame| frame.phase.attempt());
            child.is_abandoned = attempt.is_none_or(|attempt| attempt.id != child.attempt);
        }
    }

    /// The end of a child is known.
    pub(crate) fn forget_child(&mut self, attempt: AttemptId) {
        let children = &mut self.checkpoint.children;
        let before = children.len();
        children.retain(|child| child.attempt != attempt);
        if children.len() < before {
            self.touch();
        }
    }

    /// Whether the event has changed anything so far.
    pub(crate) fn has_recorded(&self) -> bool {
        !self.history.is_empty()
    }

    /// Whether the transition is long enough, and the rest is for the next one.
    pub(crate) fn is_spent(&self) -> bool {
        self.history.len() >= BUDGET_EVENTS || self.payload_bytes >= BUDGET_BYTES
    }

    /// Whether something happened that the history has no room for: the last event it may have is
    /// the one that ends the execution.
    pub(crate) fn is_history_full(&self) -> bool {
        self.is_history_full
    }

    /// Appends a history event that follows from `previous`, and gives its id.
    pub(crate) fn record(&mut self, previous: u64, detail: Detail) -> u64 {
        let max = self.checkpoint.bounds().history_events_max;
        let room = max.map_or(u64::MAX, |max| max.saturating_sub(self.checkpoint.recorded));
        if room == 0 || room == 1 && !detail.is_end() {
            self.is_history_full = true;
            return self.checkpoint.recorded;
        }
        self.checkpoint.recorded += 1;
        let id = self.checkpoint.recorded;
        self.history.push(HistoryEvent {
            id,
            previous_event_id: previous,
            at: self.at,
            detail,
        });
        id
    }

    /// Appends a history event to the chain of a frame: the next one follows from it.
    pub(crate) fn chain(&mut self, frame: FrameId, detail: Detail) -> u64 {
        let id = self.record(self.frame(frame).previous, detail);
        self.frame_mut(frame).previous = id;
        id
    }

    /// Adds a payload that a state made. It counts towards the budget.
    pub(crate) fn add(&mut self, payload: impl Into<Payload>) -> PayloadId {
        let payload = payload.into();
        self.payload_bytes += payload.text_bytes();
        self.receive(payload)
    }

    /// Adds a payload that came with the event.
    pub(crate) fn receive(&mut self, payload: Payload) -> PayloadId {
        let id = PayloadId(self.checkpoint.counters.payloads);
        self.checkpoint.counters.payloads += 1;
        self.checkpoint.payloads.insert(id, payload.clone());
        self.payloads.push((id, payload));
        id
    }

    /// The payload of this id; sharing it costs nothing. If it is missing, `null` stands in, and the
    /// transition comes to nothing.
    pub(crate) fn payload(&self, id: PayloadId) -> Payload {
        match self.checkpoint.payloads.get(id) {
            Some(payload) => payload.clone(),
            None => {
                self.missing.set(Some(id));
                Payload::from(Value::Null)
            }
        }
    }

    /// The value of this id, shared.
    pub(crate) fn value(&self, id: PayloadId) -> Value {
        self.payload(id).value().clone()
    }

    pub(crate) fn frame(&self, id: FrameId) -> &Frame {
        self.checkpoint
            .frames
            .get(&id)
            .expect("a frame lives until it is ended")
    }

    pub(crate) fn frame_mut(&mut self, id: FrameId) -> &mut Frame {
        self.checkpoint
            .frames
            .get_mut(&id)
            .expect("a frame lives until it is ended")
    }

    /// The state that a frame is in.
    pub(crate) fn state(&self, frame: FrameId) -> &'m State {
        self.machine
            .state(&self.frame(frame).state)
            .expect("checked when the checkpoint came in")
    }

    /// Its name, shared.
    pub(crate) fn state_name(&self, frame: FrameId) -> Arc<str> {
        self.frame(frame).state.clone()
    }
}

/// Where a reader notes what it did not find.
pub(crate) type Missing = Cell<Option<PayloadId>>;

/// Checks once what the draft then relies on: every state is there. Payloads are looked up when they
/// are needed: of a wide Map state an event needs few.
pub(crate) fn check(machine: &StateMachine, checkpoint: &Checkpoint) -> Result<(), Corrupt> {
    for frame in checkpoint.frames.values() {
        if machine.state(&frame.state).is_none() {
            return Err(Corrupt::UnknownState(frame.state.to_string()));
        }
    }
    Ok(())
}
