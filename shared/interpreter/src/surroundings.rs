//! The part of an execution that its states can read: the context object, the variables, chance.

use std::cell::OnceCell;

use segno_asl::{
    data::{
        scope::{Produced, Purpose, Surroundings},
        timestamp,
        value::{Object, Value},
    },
    definition::{State, StateMachine},
};

use crate::{
    chance::Chance,
    checkpoint::{Checkpoint, Frame, FrameId, Role},
    event::Timestamp,
    inspect::StandIn,
    payload::PayloadId,
    transition::Missing,
};

/// The view that a frame has of its execution. The context object is made when something reads it.
pub(crate) struct View<'a> {
    checkpoint: &'a Checkpoint,
    missing: &'a Missing,
    chance: &'a Chance,
    now: Timestamp,
    frame: FrameId,
    machine: &'a StateMachine,
    yielded: Yielded,
    /// The token of the attempt that is being scheduled.
    token: Option<&'a str>,
    /// The item that an `ItemSelector` is about: not yet that of any frame.
    selecting: Option<(usize, PayloadId)>,
    /// What stands in for the execution, if the state was entered alone.
    amid: Option<&'a StandIn>,
    context: OnceCell<Value>,
}

/// What the state of a frame has come to.
#[derive(Clone, Copy)]
pub(crate) enum Yielded {
    Nothing,
    Result(PayloadId),
    ErrorOutput(PayloadId),
}

impl Yielded {
    pub(crate) fn payload(self) -> Option<PayloadId> {
        match self {
            Self::Nothing => None,
            Self::Result(id) | Self::ErrorOutput(id) => Some(id),
        }
    }
}

impl<'a> View<'a> {
    pub(crate) fn of(
        checkpoint: &'a Checkpoint,
        missing: &'a Missing,
        chance: &'a Chance,
        now: Timestamp,
        frame: FrameId,
        machine: &'a StateMachine,
    ) -> Self {
        Self {
            checkpoint,
            missing,
            chance,
            now,
            frame,
            machine,
            yielded: Yielded::Nothing,
            token: None,
            selecting: None,
            amid: None,
            context: OnceCell::new(),
        }
    }

    /// The view from a Map state onto one of its items.
    pub(crate) fn selecting(self, index: usize, item: PayloadId) -> Self {
        Self {
            selecting: Some((index, item)),
            ..self
        }
    }

    /// The view from a task onto the token that it sends out.
    pub(crate) fn with_token(self, token: Option<&'a str>) -> Self {
        Self { token, ..self }
    }

    /// The view from a state that was entered alone.
    pub(crate) fn amid(self, stand_in: &'a StandIn) -> Self {
        Self {
            amid: Some(stand_in),
            ..self
        }
    }

    /// The view from a state whose work is over.
    pub(crate) fn yielding(self, yielded: Yielded) -> Self {
        Self { yielded, ..self }
    }

    fn frame(&self) -> &'a Frame {
        &self.checkpoint.frames[&self.frame]
    }

    /// The frame and those around it, from the inside.
    fn lineage(&self) -> impl Iterator<Item = &'a Frame> {
        let frames = &self.checkpoint.frames;
        std::iter::successors(Some(self.frame()), |frame| {
            frames.get(&frame.role.parent()?)
        })
    }

    fn value(&self, id: PayloadId) -> &'a Value {
        static NULL: Value = Value::Null;
        match self.checkpoint.payloads.get(id) {
            Some(payload) => payload.value(),
            None => {
                self.missing.set(Some(id));
                &NULL
            }
        }
    }

    fn build_context(&self) -> Value {
        let map = self.item().map(|(index, item)| {
            let item = [("Index", index.into()), ("Value", self.value(item).clone())];
            ("Map", object([("Item", object(item))]))
        });
        match self.amid.and_then(|stand_in| stand_in.context.as_ref()) {
            None => object(self.context_of_execution().chain(map)),
            Some(given) => Value::Object(match map {
                None => given.clone(),
                Some((name, value)) => given.with(name.into(), value),
            }),
        }
    }

    fn context_of_execution(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let origin = self
            .checkpoint
            .origin
            .as_ref()
            .expect("states are entered after the start");
        let frame = self.frame();
        let text = |text: &str| Value::from(text);
        let time = |at: Timestamp| Value::from(timestamp::format(at.0));
        // Express executions cannot be redriven, and nothing is redriven around a state alone.
        let redrive_count = (self.amid.is_none() && !origin.execution_arn.contains(":express:"))
            .then(|| ("RedriveCount", self.checkpoint.redrives().into()));
        let redrive_time = origin.redriven_at.map(|at| ("RedriveTime", time(at)));
        // A state alone may have no role.
        let role = (self.amid.is_none() || !origin.role_arn.is_empty())
            .then(|| ("RoleArn", text(&origin.role_arn)));
        let execution = [
            ("Id", text(&origin.execution_arn)),
            ("Input", self.value(origin.input).clone()),
            ("StartTime", time(origin.started_at)),
            ("Name", text(part(&origin.execution_arn, EXECUTION_NAME))),
        ];
        let execution = execution
            .into_iter()
            .chain(role)
            .chain(redrive_count)
            .chain(redrive_time);
        let state_machine = [
            ("Id", text(&origin.state_machine_arn)),
            ("Name", text(part(&origin.state_machine_arn, MACHINE_NAME))),
        ];
        let retries = match self.amid {
            None => frame.retries.iter().sum::<u32>(),
            Some(stand_in) => stand_in.retries,
        };
        let work = self.machine.state(&frame.state).and_then(State::work);
        let retry_count = work.map(|_| ("RetryCount", retries.into()));
        let state = [
            ("Name", Value::from(frame.state.clone())),
            ("EnteredTime", time(frame.entered.at)),
        ];
        let members = [
            ("Execution", object(execution)),
            ("StateMachine", object(state_machine)),
            ("State", object(state.into_iter().chain(retry_count))),
        ];
        let task = self
            .token
            .map(|token| ("Task", object([("Token", text(token))])));
        members.into_iter().chain(task)
    }

    /// The item of the innermost iteration.
    fn item(&self) -> Option<(usize, PayloadId)> {
        let entered_with = self.amid.and_then(|stand_in| stand_in.item);
        let entered_with = entered_with.map(|item| (0, item));
        self.selecting.or(entered_with).or_else(|| {
            self.lineage().find_map(|frame| match frame.role {
                Role::Iteration { index, item, .. } => Some((index, item)),
                Role::Root | Role::Branch { .. } => None,
            })
        })
    }
}

/// Which part of the ARN of a state machine is its name, counted from 0.
const MACHINE_NAME: usize = 6;

/// The same of an execution. That of an Express execution has an id after its name.
const EXECUTION_NAME: usize = 7;

/// A part of an ARN.
fn part(arn: &str, index: usize) -> &str {
    arn.split(':').nth(index).unwrap_or_default()
}

fn object(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Object(members.into_iter().collect::<Object>())
}

impl Surroundings for View<'_> {
    fn context(&self) -> &Value {
        self.context.get_or_init(|| self.build_context())
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        let id = self.lineage().find_map(|frame| frame.variables.get(name))?;
        Some(self.value(*id))
    }

    fn random(&self, purpose: Purpose) -> u64 {
        self.chance.bits(purpose)
    }

    fn now(&self) -> i64 {
        self.now.0
    }

    fn produced(&self) -> Produced<'_> {
        match self.yielded {
            Yielded::Nothing => Produced::Nothing,
            Yielded::Result(id) => Produced::Result(self.value(id)),
            Yielded::ErrorOutput(id) => Produced::ErrorOutput(self.value(id)),
        }
    }
}
