//! The way of data through a state: `InputPath` → `Parameters` → the work → `ResultSelector` →
//! `ResultPath` → `OutputPath`, and `Assign` beside it.
//!
//! What passes through unchanged keeps its id: nothing is copied, and nothing is stored again.
//!
//! Spec: [Input and output processing](https://states-language.net/spec.html#filters).

use segno_asl::{
    data::{path::Path, reference_path::ReferencePath, scope::Scope, template::Template},
    definition::State,
    errors::EvaluationError,
};
use serde_json::{Value, json};

use crate::{checkpoint::FrameId, payload::PayloadId, surroundings::View, transition::Draft};

/// What a state leaves behind.
pub(crate) struct Left {
    /// Its output.
    pub(crate) output: PayloadId,
    /// What it assigned.
    pub(crate) assigned: Vec<(String, PayloadId)>,
}

impl Draft<'_> {
    /// The state's input after `InputPath`.
    pub(crate) fn effective_input(
        &mut self,
        frame: FrameId,
        state: &State,
    ) -> Result<PayloadId, EvaluationError> {
        let input = self.frame(frame).input;
        self.select_or_empty(frame, state.input_path.as_ref(), input)
    }

    /// A payload after a path that may be `null`, which makes it `{}`.
    fn select_or_empty(
        &mut self,
        frame: FrameId,
        path: Option<&Path>,
        payload: PayloadId,
    ) -> Result<PayloadId, EvaluationError> {
        match path {
            None => Ok(self.add(json!({}))),
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
        match template {
            None => Ok(document),
            Some(template) => {
                let value = self.reading(frame, document, |scope| template.evaluate(scope))?;
                Ok(self.add(value))
            }
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
        let view = View::of(&self.checkpoint, &self.chance, frame);
        read(&Scope {
            document: document.value(),
            surroundings: &view,
        })
    }

    /// What a state leaves behind when its result is `result`: `ResultPath`, `OutputPath`, `Assign`.
    /// Its `ResultSelector` has been applied.
    pub(crate) fn leave_with(
        &mut self,
        frame: FrameId,
        state: &State,
        result_path: Option<&ReferencePath>,
        result: PayloadId,
    ) -> Result<Left, EvaluationError> {
        let merged = self.merge(frame, result_path, result)?;
        let output = self.output(frame, state, merged)?;
        let assigned = self.assign(frame, state.assign.as_ref(), result)?;
        Ok(Left { output, assigned })
    }

    /// A payload after `OutputPath`.
    pub(crate) fn output(
        &mut self,
        frame: FrameId,
        state: &State,
        payload: PayloadId,
    ) -> Result<PayloadId, EvaluationError> {
        self.select_or_empty(frame, state.output_path.as_ref(), payload)
    }

    /// The state's raw input with the result put where `ResultPath` says.
    pub(crate) fn merge(
        &mut self,
        frame: FrameId,
        result_path: Option<&ReferencePath>,
        result: PayloadId,
    ) -> Result<PayloadId, EvaluationError> {
        let input = self.frame(frame).input;
        match result_path {
            None => Ok(input),
            Some(path) if path.is_root() => Ok(result),
            Some(path) => {
                let merged = path
                    .write(self.value(input), self.value(result))
                    .map_err(EvaluationError::runtime)?;
                Ok(self.add(merged))
            }
        }
    }

    /// The values of an `Assign`, with `document` as its `$`. They count from the next state on.
    pub(crate) fn assign(
        &mut self,
        frame: FrameId,
        template: Option<&Template>,
        document: PayloadId,
    ) -> Result<Vec<(String, PayloadId)>, EvaluationError> {
        let Some(template) = template else {
            return Ok(Vec::new());
        };
        let Value::Object(values) =
            self.reading(frame, document, |scope| template.evaluate(scope))?
        else {
            unreachable!("`Assign` is an object: the parser saw to it");
        };
        Ok(values
            .into_iter()
            .map(|(name, value)| (name, self.add(value)))
            .collect())
    }
}
