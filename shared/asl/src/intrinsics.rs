//! The intrinsic functions of templates: `States.Format('order {}', $.id)`.
//!
//! A call is compiled once; a failure of it is a failure of the state. What AWS names such a failure
//! has not been recorded: `States.Runtime` is judged from its other failures, and the words of most
//! causes are ours.
//!
//! Spec: [Intrinsic functions](https://states-language.net/spec.html#intrinsic-functions).

mod array;
mod encoding;
mod evaluation;
mod hash;
mod json;
mod math;
mod parse;
mod string;
mod unique;

use std::ops::RangeInclusive;

use self::evaluation::{Evaluation, Failure};
pub(crate) use self::{hash::digest, math::seeded_fraction, unique::uuid_of};
use crate::{
    data::{budget::Budget, expression::InvalidExpression, path::Path, scope::Scope, value::Value},
    errors::EvaluationError,
};

/// A compiled call, other calls among its arguments.
#[derive(Debug, Clone)]
pub struct Call {
    text: Box<str>,
    outermost: Invocation,
}

impl Call {
    /// Compiles a call.
    ///
    /// # Errors
    ///
    /// [`InvalidExpression`] for what is no call, for a function that does not exist, for one that
    /// takes another number of arguments, and for calls too deep inside one another.
    pub fn compile(text: &str) -> Result<Self, InvalidExpression> {
        let text = text.trim();
        Ok(Self {
            text: text.into(),
            outermost: parse::call(text)?,
        })
    }

    /// The call as the definition has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The paths among its arguments, at whatever depth.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        self.outermost.collect_paths(&mut paths);
        paths
    }

    /// What the function answers.
    ///
    /// A failure inside another call is told as one of the whole call.
    pub(crate) fn evaluate(
        &self,
        budget: &Budget,
        scope: &Scope<'_>,
    ) -> Result<Value, EvaluationError> {
        let evaluation = Evaluation { budget, scope };
        evaluation.invoke(&self.outermost).map_err(|Failure(why)| {
            let text = &self.text;
            EvaluationError::runtime(format!(
                "The function '{text}' had the following error: {why}"
            ))
        })
    }
}

#[derive(Debug, Clone)]
struct Invocation {
    function: Function,
    /// As many as the function takes.
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone)]
enum Argument {
    /// A number, a boolean or `null`.
    Literal(Value),
    /// A quoted string, cut at each `{}` that is not escaped.
    Text(Vec<Box<str>>),
    Path(Path),
    Call(Invocation),
}

impl Invocation {
    fn collect_paths<'a>(&'a self, paths: &mut Vec<&'a Path>) {
        for argument in &self.arguments {
            match argument {
                Argument::Path(path) => paths.push(path),
                Argument::Call(call) => call.collect_paths(paths),
                Argument::Literal(_) | Argument::Text(_) => {}
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Array,
    ArrayContains,
    ArrayGetItem,
    ArrayLength,
    ArrayPartition,
    ArrayRange,
    ArrayUnique,
    Base64Decode,
    Base64Encode,
    Format,
    Hash,
    JsonMerge,
    JsonToString,
    MathAdd,
    MathRandom,
    StringSplit,
    StringToJson,
    Uuid,
}

impl Function {
    /// The function of this name, and how many arguments it takes.
    fn named(name: &str) -> Option<(Self, RangeInclusive<usize>)> {
        Some(match name {
            "States.Array" => (Self::Array, 0..=usize::MAX),
            "States.ArrayContains" => (Self::ArrayContains, 2..=2),
            "States.ArrayGetItem" => (Self::ArrayGetItem, 2..=2),
            "States.ArrayLength" => (Self::ArrayLength, 1..=1),
            "States.ArrayPartition" => (Self::ArrayPartition, 2..=2),
            "States.ArrayRange" => (Self::ArrayRange, 3..=3),
            "States.ArrayUnique" => (Self::ArrayUnique, 1..=1),
            "States.Base64Decode" => (Self::Base64Decode, 1..=1),
            "States.Base64Encode" => (Self::Base64Encode, 1..=1),
            "States.Format" => (Self::Format, 1..=usize::MAX),
            "States.Hash" => (Self::Hash, 2..=2),
            "States.JsonMerge" => (Self::JsonMerge, 3..=3),
            "States.JsonToString" => (Self::JsonToString, 1..=1),
            "States.MathAdd" => (Self::MathAdd, 2..=2),
            "States.MathRandom" => (Self::MathRandom, 2..=3),
            "States.StringSplit" => (Self::StringSplit, 2..=2),
            "States.StringToJson" => (Self::StringToJson, 1..=1),
            "States.UUID" => (Self::Uuid, 0..=0),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::*;
    use crate::data::{number::to_json, scope::Nowhere};

    /// What a call answers for `document`, or why it does not.
    pub(super) fn evaluated(call: &str, document: Value) -> Result<Value, String> {
        let scope = Scope {
            document: &document,
            surroundings: &Nowhere,
        };
        let call = Call::compile(call).unwrap_or_else(|error| panic!("{call}: {error}"));
        call.evaluate(&Budget::new(), &scope)
            .map_err(|error| error.detail)
    }

    /// The same, without the sentence that names the function.
    #[track_caller]
    pub(super) fn failure(call: &str, document: Value) -> String {
        let detail = evaluated(call, document).unwrap_err();
        let named = format!("The function '{call}' had the following error: ");
        detail.strip_prefix(&named).expect(&detail).to_owned()
    }

    #[track_caller]
    pub(super) fn answers(call: &str, document: Value, expected: Value) {
        let text = to_json(&expected);
        let found = evaluated(call, document).map(|value| to_json(&value));
        assert_eq!(found, Ok(text), "{call}");
    }

    #[test]
    fn an_argument_may_be_a_call() {
        answers(
            "States.MathAdd(States.ArrayLength($), 1)",
            json!([7]),
            json!(2),
        );
    }

    #[test]
    fn an_argument_that_is_not_found_is_named_with_its_input() {
        assert_eq!(
            failure("States.Array($.a)", json!({ "b": 1 })),
            "The JsonPath argument for the field '$.a' could not be found in the input '{\"b\":1}'"
        );
    }

    #[test]
    fn a_failure_inside_names_the_whole_call() {
        let detail = evaluated("States.Array(States.ArrayLength(1))", json!({})).unwrap_err();
        assert_eq!(
            detail,
            "The function 'States.Array(States.ArrayLength(1))' had the following error: \
             Argument 1 must be an array, but was a number"
        );
    }

    #[test]
    fn a_call_that_multiplies_its_input_is_stopped() {
        let document = json!("x".repeat(250_000));
        let dollars = vec!["$"; 100_000].join(",");
        let placeholders = "{}".repeat(100_000);
        for call in [
            format!("States.Array({dollars})"),
            format!("States.Format('{placeholders}',{dollars})"),
        ] {
            assert_eq!(
                failure(&call, document.clone()),
                "The field computes more data than an execution can hold"
            );
        }
    }

    #[test]
    fn a_call_that_searches_its_input_over_and_over_is_stopped() {
        let searches = vec!["States.ArrayContains($, 1)"; 1_000].join(",");
        assert_eq!(
            failure(
                &format!("States.Array({searches})"),
                json!(vec![0; 100_000])
            ),
            "The field computes more data than an execution can hold"
        );
    }

    #[test]
    fn the_paths_of_a_call_are_those_of_all_its_arguments() {
        let call = Call::compile("States.Array($a.b, 1, 'x', States.Array($$.c))").unwrap();
        let texts: Vec<_> = call.paths().into_iter().map(Path::text).collect();
        assert_eq!(texts, ["$a.b", "$$.c"]);
    }
}
