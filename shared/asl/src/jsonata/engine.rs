//! The engine that runs JSONata. Outside this file only `audit.rs` and `meter.rs`, which see its
//! syntax tree, know which one it is.

use std::{collections::BTreeSet, fmt, time::Duration};

use jlens_core::{
    Ast, Bindings, CancelToken, Error, Expression, HostFunction, NodeKind, Options,
    reads::{Read, Reads},
};
use serde_json::Value;

use super::{
    audit,
    functions::{self, Draws, Function},
    meter::{Exceeded, Meter},
    prelude,
};
use crate::limits;

/// A compiled expression, and what it reads.
pub(super) struct Program {
    expression: Expression,
    /// The expression after its prelude, if it needs one.
    guarded: Option<Expression>,
    reads: Reads,
    /// Every name that follows a `$`, functions and local variables included.
    names: BTreeSet<String>,
    plain_path: Option<Vec<String>>,
}

/// What a run is given from outside.
pub(super) struct Conditions {
    /// `$now()`, in milliseconds since the Unix epoch.
    pub(super) now: i64,
    /// What `$random`, `$shuffle` and `$uuid` are made of.
    pub(super) seed: [u64; 4],
    /// How long it may take.
    pub(super) time: Duration,
}

/// What an expression comes to.
pub(super) enum Answer {
    Value(Value),
    /// Undefined.
    Nothing,
    Function,
}

/// Why it comes to nothing at all. Displayed as it follows "threw an error during evaluation".
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// An error of the language.
    Coded { code: String, message: String },
    /// A limit was exceeded.
    Limit(&'static str),
}

const MEMORY: &str =
    "Expression evaluation memory limit exceeded: Check for excessive memory usage";
const TIME: &str = "Expression evaluation timeout: Check for infinite loop";
const DEPTH: &str = "Stack overflow error: Check for non-terminating recursive function.  Consider rewriting as tail-recursive";

impl Program {
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        let expression = Expression::compile(text).map_err(|error| error.message())?;
        let reads = expression.reads_with(&functions_for_analysis());
        let mut names = BTreeSet::new();
        expression.ast().root.walk(&mut |node| {
            if let NodeKind::Variable { name } = &node.kind {
                names.insert(name.clone());
            }
        });
        let guarded = guarded(text, &names, |_| false)?;
        let plain_path = audit::plain_path(&expression.ast().root);
        Ok(Self {
            plain_path,
            expression,
            guarded,
            reads,
            names,
        })
    }

    pub(super) fn text(&self) -> &str {
        self.expression.source()
    }

    pub(super) fn ast(&self) -> &Ast {
        self.expression.ast()
    }

    /// Its names, if it is nothing but names.
    pub(super) fn plain_path(&self) -> Option<&[String]> {
        self.plain_path.as_deref()
    }

    /// Every name that follows a `$`.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The names that are not bound in the expression itself.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.reads.bindings().keys().map(String::as_str)
    }

    pub(super) fn is_function(&self, name: &str) -> bool {
        functions::exists(name)
            || jlens_core::function_catalog()
                .iter()
                .any(|function| function.name == name)
    }

    /// The part of a variable that is read; `None` if nothing is.
    pub(super) fn read_of(&self, name: &str, value: &Value) -> Option<Value> {
        Some(self.reads.binding(name)?.cut(value))
    }

    /// Whether this member of `$states` is read by its name. All are if `$states` is read whole.
    pub(super) fn reads_states(&self, member: &str) -> bool {
        match self.reads.binding("states") {
            None => false,
            Some(Read::Whole) => true,
            Some(Read::Fields(fields)) => fields.contains_key(member),
        }
    }

    /// Whether `$states` is read as a whole.
    pub(super) fn reads_whole_states(&self) -> bool {
        self.reads.binding("states").is_some_and(Read::is_whole)
    }

    /// The part of a member of `$states` that is read.
    pub(super) fn read_of_states(&self, member: &str, value: &Value) -> Value {
        match self.reads.binding("states") {
            Some(Read::Fields(fields)) => fields
                .get(member)
                .map_or(Value::Null, |read| read.cut(value)),
            Some(Read::Whole) | None => value.clone(),
        }
    }

    /// Evaluates it with these variables.
    pub(super) fn run(
        &self,
        variables: Vec<(String, Value)>,
        conditions: &Conditions,
    ) -> Result<Answer, Failure> {
        let is_taken = |name: &str| variables.iter().any(|(taken, _)| taken == name);
        let rewritten = variables
            .iter()
            .any(|(name, _)| prelude::has(name))
            .then(|| guarded(self.text(), &self.names, is_taken))
            .transpose()
            .expect("it compiled with as many definitions or more");
        let expression = rewritten
            .as_ref()
            .unwrap_or(&self.guarded)
            .as_ref()
            .unwrap_or(&self.expression);
        let bindings = self.bindings(variables, conditions);
        let token = CancelToken::new();
        let mut meter = Meter::new(token.clone(), conditions.time);
        let options = options(conditions).cancel_token(token);
        let answer = expression.evaluate_traced(None, &bindings, &options, &mut meter);
        match (answer, meter.stopped()) {
            (_, Some(Exceeded::Time)) => Err(Failure::Limit(TIME)),
            (_, Some(Exceeded::Memory)) => Err(Failure::Limit(MEMORY)),
            (Ok(Some(value)), None) => Ok(Answer::Value(value)),
            (Ok(None), None) if meter.is_function() => Ok(Answer::Function),
            (Ok(None), None) => Ok(Answer::Nothing),
            (Err(error), None) => Err(error.into()),
        }
    }

    fn bindings(&self, variables: Vec<(String, Value)>, conditions: &Conditions) -> Bindings {
        let mut bindings = Bindings::new();
        let draws = Draws::new(conditions.seed);
        for function in functions::ALL {
            if self.names.contains(function.name) || self.guarded.is_some() {
                bindings = bindings.function(function.name, host(function, draws.clone()));
            }
        }
        for (name, value) in variables {
            bindings = bindings.var(name, value);
        }
        bindings
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

/// The expression after its prelude, if it needs one. It is nested one level deeper there, which may
/// be one too many.
fn guarded(
    text: &str,
    names: &BTreeSet<String>,
    is_taken: impl Fn(&str) -> bool,
) -> Result<Option<Expression>, String> {
    prelude::guard(text, names, is_taken)
        .map(|text| Expression::compile(&text).map_err(|error| error.message()))
        .transpose()
}

/// All functions, without what they would need to run.
fn functions_for_analysis() -> Bindings {
    let draws = Draws::new([0; 4]);
    functions::ALL
        .iter()
        .fold(Bindings::new(), |bindings, function| {
            bindings.function(function.name, host(function, draws.clone()))
        })
}

fn host(function: &'static Function, draws: Draws) -> HostFunction {
    let call = function.call;
    let made = HostFunction::with_signature(function.signature, move |arguments, _| {
        call(arguments, &draws).map_err(|(code, message)| Error::new(code).with("message", message))
    });
    made.expect("the signatures are right").without_input()
}

fn options(conditions: &Conditions) -> Options {
    Options::new()
        .now(conditions.now)
        .seed(conditions.seed[0])
        .timeout(conditions.time)
        .max_steps(limits::JSONATA_STEPS_MAX)
        .max_depth(limits::JSONATA_DEPTH_MAX)
        .max_array_length(limits::JSONATA_ARRAY_ITEMS_MAX)
        .max_string_length(limits::JSONATA_BYTES_MAX)
        .max_result_size(limits::JSONATA_BYTES_MAX)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.code() {
            "U1001" | "D2015" | "D2016" => Self::Limit(MEMORY),
            "U1006" | "D1012" => Self::Limit(TIME),
            "D1011" => Self::Limit(DEPTH),
            code => Self::Coded {
                code: code.to_owned(),
                message: message(&error),
            },
        }
    }
}

/// The message, in which a whole number has no fraction.
fn message(error: &Error) -> String {
    let mut message = error.message();
    let Ok(Value::Object(details)) = serde_json::to_value(error) else {
        return message;
    };
    for detail in details.values().filter(|detail| detail.is_f64()) {
        let text = detail.to_string();
        if let Some(whole) = text.strip_suffix(".0") {
            message = message.replace(&text, whole);
        }
    }
    message
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coded { code, message } => write!(f, ". {code}: {message}"),
            Self::Limit(message) => write!(f, ": {message}"),
        }
    }
}
