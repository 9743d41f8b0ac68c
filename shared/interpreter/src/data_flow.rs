//! The way of data through a state. In JSONPath: `InputPath` → `Parameters` → the work →
//! `ResultSelector` → `ResultPath` → `OutputPath`. In JSONata: `Arguments` → the work → `Output`. In
//! both `Assign` is beside it.
//!
//! What passes through unchanged keeps its id: nothing is copied, and nothing is stored again.
//!
//! Spec: [Input and output processing](https://states-language.net/spec.html#filters).

use std::sync::Arc;

use segno_asl::{
    data::{
        path::Path,
        reference_path::ReferencePath,
        scope::Scope,
        template::Template,
        value::{Object, Value},
    },
    definition::{DataFlow, State, Work},
    errors::{Catcher, EvaluationError},
};

use crate::{
    checkpoint::FrameId,
    frames::{Failure, Progress},
    inspect::Stage,
    payload::PayloadId,
    surroundings::{View, Yielded},
    transition::Draft,
};

/// What a state leaves behind.
pub(crate) struct Left {
    /// Its output.
    pub(crate) output: PayloadId,
    /// What it assigned.
    pub(crate) assigned: Vec<(Arc<str>, PayloadId)>,
}

/// Data on its way through a state.
pub(crate) enum Data {
    /// A payload of the execution.
    Kept(PayloadId),
    /// Something made on the way, which need not be kept.
    Made(Value),
}

impl From<PayloadId> for Data {
    fn from(id: PayloadId) -> Self {
        Self::Kept(id)
    }
}

impl Draft<'_> {
    /// The state's input, in JSONPath after `InputPath`.
    pub(crate) fn effective_input(
        &mut self,
        frame: FrameId,
        state: &State,
    ) -> Result<PayloadId, EvaluationError> {
        let input = self.frame(frame).input;
        match &state.data_flow {
            DataFlow::JsonPath { input_path, .. } => {
                let selected = self.select_or_empty(frame, input_path.as_ref(), input)?;
                self.note(Stage::InputPath, &selected.into());
                Ok(selected)
            }
            DataFlow::Jsonata { .. } => Ok(input),
        }
    }

    /// What the work of a state is given: its effective input after `Parameters` or `Arguments`.
    pub(crate) fn given(
        &mut self,
        frame: FrameId,
        state: &State,
        template: Option<&Template>,
        input: PayloadId,
    ) -> Result<Data, EvaluationError> {
        let given = self.make(frame, template, input)?;
        let stage = match &state.data_flow {
            DataFlow::JsonPath { .. } => Stage::Parameters,
            DataFlow::Jsonata { .. } => Stage::Arguments,
        };
        self.note(stage, &given);
        Ok(given)
    }

    /// A payload after a path that may be `null`, which makes it `{}`.
    fn select_or_empty(
        &mut self,
        frame: FrameId,
        path: Option<&Path>,
        payload: PayloadId,
    ) -> Result<PayloadId, EvaluationError> {
        match path {
            None => Ok(self.add(Value::Object(Object::builder().finish()))),
            Some(path) => self.select(frame, path, payload),
        }
    }

    /// What a path selects, with `document` as its `$`.
    pub(crate) fn select(
        &mut self,
        frame: FrameId,
        path: &Path,
        document: PayloadId,
    ) -> Result<PayloadId, EvaluationError> {
        if path.is_whole_input() {
            return Ok(document);
        }
        let selected = self.reading(frame, document, |scope| {
            Ok(path.select(scope)?.into_owned())
        })?;
        Ok(self.add(selected))
    }

    /// The document after a template, if there is one.
    pub(crate) fn shape(
        &mut self,
        frame: FrameId,
        template: Option<&Template>,
        document: PayloadId,
    ) -> Result<PayloadId, EvaluationError> {
        let shaped = self.make(frame, template, document)?;
        Ok(self.keep(shaped))
    }

    /// The same, but not kept.
    pub(crate) fn make(
        &self,
        frame: FrameId,
        template: Option<&Template>,
        document: PayloadId,
    ) -> Result<Data, EvaluationError> {
        match template {
            None => Ok(Data::Kept(document)),
            Some(template) => self
                .reading(frame, document, |scope| template.evaluate(scope))
                .map(Data::Made),
        }
    }

    /// The payload of the data, which is kept from now on.
    pub(crate) fn keep(&mut self, data: Data) -> PayloadId {
        match data {
            Data::Kept(id) => id,
            Data::Made(value) => self.add(value),
        }
    }

    fn value_of(&self, data: &Data) -> Value {
        match data {
            Data::Kept(id) => self.value(*id),
            Data::Made(value) => value.clone(),
        }
    }

    /// Evaluates something with `document` as its `$`.
    pub(crate) fn reading<T>(
        &self,
        frame: FrameId,
        document: PayloadId,
        read: impl FnOnce(&Scope<'_>) -> Result<T, EvaluationError>,
    ) -> Result<T, EvaluationError> {
        let document = self.payload(document);
        let view = self.view(frame);
        read(&Scope {
            document: document.value(),
            surroundings: &view,
        })
    }

    /// What a frame sees of the execution.
    pub(crate) fn view(&self, frame: FrameId) -> View<'_> {
        let token = self.token.as_ref().filter(|(of, _)| *of == frame);
        let view = View::of(
            &self.checkpoint,
            &self.missing,
            &self.chance,
            self.at,
            frame,
            self.machine,
        )
        .with_token(token.map(|(_, token)| token.as_str()));
        match &self.notes {
            None => view,
            Some(notes) => view.amid(&notes.stand_in),
        }
    }

    /// Leaves a state whose work has come to `result`.
    pub(crate) fn leave_work(
        &mut self,
        frame: FrameId,
        state: &State,
        work: &Work,
        result: PayloadId,
    ) -> Result<Progress, Failure> {
        let selected = self.shape(frame, work.result_selector.as_ref(), result)?;
        let left = self.leave_with(frame, state, work.result_path.as_ref(), selected)?;
        Ok(Progress::Leaves(left, work.next.clone()))
    }

    /// What a state leaves behind when its work has come to `result`, to which `ResultSelector` has
    /// been applied.
    pub(crate) fn leave_with(
        &mut self,
        frame: FrameId,
        state: &State,
        result_path: Option<&ReferencePath>,
        result: impl Into<Data>,
    ) -> Result<Left, EvaluationError> {
        let result = result.into();
        match &state.data_flow {
            DataFlow::JsonPath { output_path, .. } => {
                self.note(Stage::ResultSelector, &result);
                let merged = self.merge(frame, result_path, &result)?;
                self.note(Stage::ResultPath, &merged.into());
                let output = self.select_or_empty(frame, output_path.as_ref(), merged)?;
                let assigned = self.assign(frame, state.assign.as_ref(), &result)?;
                Ok(Left { output, assigned })
            }
            DataFlow::Jsonata { output } => {
                let yielded = Yielded::Result(self.keep(result));
                self.leave_yielding(frame, output.as_ref(), state.assign.as_ref(), yielded)
            }
        }
    }

    /// What a state leaves behind that does no work: its input goes on. The templates are those of
    /// the state or of a choice rule; JSONPath has no `output`.
    pub(crate) fn leave_idle(
        &mut self,
        frame: FrameId,
        state: &State,
        output: Option<&Template>,
        assign: Option<&Template>,
    ) -> Result<Left, EvaluationError> {
        match &state.data_flow {
            DataFlow::JsonPath { output_path, .. } => {
                let input = self.effective_input(frame, state)?;
                let output = self.select_or_empty(frame, output_path.as_ref(), input)?;
                let assigned = self.assign(frame, assign, &input.into())?;
                Ok(Left { output, assigned })
            }
            DataFlow::Jsonata { .. } => {
                self.leave_yielding(frame, output, assign, Yielded::Nothing)
            }
        }
    }

    /// What a state leaves behind when its failure is caught.
    pub(crate) fn leave_caught(
        &mut self,
        frame: FrameId,
        state: &State,
        catcher: &Catcher,
        error_output: PayloadId,
    ) -> Result<Left, EvaluationError> {
        match &state.data_flow {
            DataFlow::JsonPath { .. } => {
                let error_output = error_output.into();
                let output = self.merge(frame, catcher.result_path.as_ref(), &error_output)?;
                let assigned = self.assign(frame, catcher.assign.as_ref(), &error_output)?;
                Ok(Left { output, assigned })
            }
            DataFlow::Jsonata { .. } => {
                let yielded = Yielded::ErrorOutput(error_output);
                let (output, assign) = (catcher.output.as_ref(), catcher.assign.as_ref());
                self.leave_yielding(frame, output, assign, yielded)
            }
        }
    }

    /// `Output` and `Assign` in JSONata. Both see the variables as they were when the state began.
    fn leave_yielding(
        &mut self,
        frame: FrameId,
        output: Option<&Template>,
        assign: Option<&Template>,
        yielded: Yielded,
    ) -> Result<Left, EvaluationError> {
        let input = self.frame(frame).input;
        let evaluate = |template: &Template| {
            let document = self.payload(input);
            template.evaluate(&Scope {
                document: document.value(),
                surroundings: &self.view(frame).yielding(yielded),
            })
        };
        let output = output.map(evaluate).transpose()?;
        let assigned = assign.map(evaluate).transpose()?;
        let output = match output {
            Some(output) => self.add(output),
            None => yielded.payload().unwrap_or(input),
        };
        let assigned = self.add_variables(assigned);
        Ok(Left { output, assigned })
    }

    /// The state's raw input with the result put where `ResultPath` says.
    fn merge(
        &mut self,
        frame: FrameId,
        result_path: Option<&ReferencePath>,
        result: &Data,
    ) -> Result<PayloadId, EvaluationError> {
        let input = self.frame(frame).input;
        let merged = match (result_path, result) {
            (None, _) => return Ok(input),
            (Some(path), Data::Kept(result)) if path.is_root() => return Ok(*result),
            (Some(path), result) => path
                .write(self.payload(input).value(), self.value_of(result))
                .map_err(EvaluationError::runtime)?,
        };
        Ok(self.add(merged))
    }

    /// The values of an `Assign`, with `document` as its `$`. They count from the next state on.
    fn assign(
        &mut self,
        frame: FrameId,
        template: Option<&Template>,
        document: &Data,
    ) -> Result<Vec<(Arc<str>, PayloadId)>, EvaluationError> {
        let Some(template) = template else {
            return Ok(Vec::new());
        };
        let values = template.evaluate(&Scope {
            document: &self.value_of(document),
            surroundings: &self.view(frame),
        })?;
        Ok(self.add_variables(Some(values)))
    }

    fn add_variables(&mut self, assigned: Option<Value>) -> Vec<(Arc<str>, PayloadId)> {
        let values = match assigned {
            None => return Vec::new(),
            Some(Value::Object(values)) => values,
            Some(_) => unreachable!("`Assign` is an object: the parser saw to it"),
        };
        values
            .iter()
            .map(|(name, value)| (name.clone(), self.add(value.clone())))
            .collect()
    }
}
