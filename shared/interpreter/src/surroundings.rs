//! The part of an execution that its states can read: the context object, the variables, chance.

use std::cell::OnceCell;

use segno_asl::data::{
    scope::{Produced, Purpose, Surroundings},
    timestamp,
};
use serde_json::{Map, Value, json};

use crate::{
    chance::Chance,
    checkpoint::{Checkpoint, Frame, FrameId, Role},
    event::Timestamp,
    payload::PayloadId,
};

/// The view that a frame has of its execution. The context object is made when something reads it.
pub(crate) struct View<'a> {
    checkpoint: &'a Checkpoint,
    chance: &'a Chance,
    now: Timestamp,
    frame: FrameId,
    yielded: Yielded,
    /// The token of the attempt that is being scheduled.
    token: Option<&'a str>,
    /// The item that an `ItemSelector` is about: not yet that of any frame.
    selecting: Option<(usize, PayloadId)>,
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
        chance: &'a Chance,
        now: Timestamp,
        frame: FrameId,
    ) -> Self {
        Self {
            checkpoint,
            chance,
            now,
            frame,
            yielded: Yielded::Nothing,
            token: None,
            selecting: None,
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
        self.checkpoint
            .payloads
            .get(id)
            .expect("checked when the checkpoint came in")
            .value()
    }

    fn build_context(&self) -> Value {
        let origin = self
            .checkpoint
            .origin
            .as_ref()
            .expect("states are entered after the start");
        let frame = self.frame();
        let name_of = |arn: &str| arn.rsplit(':').next().unwrap_or_default().to_owned();
        let mut context = json!({
            "Execution": {
                "Id": origin.execution_arn,
                "Input": self.value(origin.input),
                "StartTime": timestamp::format(origin.started_at.0),
                "Name": name_of(&origin.execution_arn),
                "RoleArn": origin.role_arn,
            },
            "StateMachine": {
                "Id": origin.state_machine_arn,
                "Name": name_of(&origin.state_machine_arn),
            },
            "State": { "Name": &*frame.state, "EnteredTime": timestamp::format(frame.entered.at.0) },
        });
        if !frame.retries.is_empty() {
            context["State"]["RetryCount"] = frame.retries.iter().sum::<u32>().into();
        }
        // Express executions cannot be redriven.
        if !origin.execution_arn.contains(":express:") {
            context["Execution"]["RedriveCount"] = self.checkpoint.redrives().into();
        }
        if let Some(at) = origin.redriven_at {
            context["Execution"]["RedriveTime"] = timestamp::format(at.0).into();
        }
        if let Some(token) = self.token {
            context["Task"] = json!({ "Token": token });
        }
        if let Some((index, item)) = self.item() {
            let mut map = Map::new();
            map.insert(
                "Item".into(),
                json!({ "Index": index, "Value": self.value(item) }),
            );
            context["Map"] = Value::Object(map);
        }
        context
    }

    /// The item of the innermost iteration.
    fn item(&self) -> Option<(usize, PayloadId)> {
        self.selecting.or_else(|| {
            self.lineage().find_map(|frame| match frame.role {
                Role::Iteration { index, item, .. } => Some((index, item)),
                Role::Root | Role::Branch { .. } => None,
            })
        })
    }
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
