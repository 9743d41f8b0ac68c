//! A state machine: the compiled form of a definition.
//!
//! Spec: [Top-level fields](https://states-language.net/spec.html#toplevelfields).

mod advice;
mod check;
mod diagnostics;
mod distributed;
mod express;
mod location;
mod parse;
pub mod places;
mod resource;
mod scopes;
mod suggestions;
pub mod tokens;
mod transitions;
mod variables;
pub mod visit;
mod warnings;

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

pub use self::{
    advice::advise,
    check::{MachineType, check, check_value},
    diagnostics::{Diagnostic, Diagnostics, Severity, codes},
    distributed::{
        Csv, CsvHeaders, Distributed, ExecutionType, InputType, ItemBatcher, ItemReader,
        ItemSource, OutputType, Reading, ResultWriter, Transformation,
    },
    location::Location,
    parse::{SINGLE_STATE_NAME, compile, compile_single_state, compile_text, parse, parse_value},
    resource::{Pattern, Resource},
    suggestions::nearest,
};
use crate::{
    choice::ChoiceRule,
    data::{
        expression::Expression, path::Path, reference_path::ReferencePath, template::Template,
        value::Value,
    },
    errors::{Catcher, Retrier},
    jsonata::Jsonata,
};

/// The name of a state, unique in the whole state machine.
pub type StateName = Arc<str>;

type States = HashMap<StateName, State, foldhash::fast::RandomState>;

/// A parsed, validated definition.
///
/// All states are in one table, those of branches and item processors included, because their names
/// are unique across the machine.
#[derive(Debug)]
pub struct StateMachine {
    /// `StartAt`.
    pub start_at: StateName,
    /// `TimeoutSeconds` of the machine; `None` means the service's own limit.
    pub timeout: Option<Duration>,
    states: States,
}

impl StateMachine {
    /// The state of this name, at whatever depth.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.get(name)
    }

    /// All states, in no particular order.
    pub fn states(&self) -> impl Iterator<Item = &State> {
        self.states.values()
    }

    /// The Parallel and Map states that a state is in, from the inside.
    pub fn around(&self, name: &str) -> impl Iterator<Item = &State> {
        let outer = |state: &State| state.parent.as_ref().and_then(|parent| self.state(parent));
        std::iter::successors(self.state(name).and_then(outer), move |state| outer(state))
    }
}

/// One state.
#[derive(Debug, Clone)]
pub struct State {
    /// Its key in `States`.
    pub name: StateName,
    /// Where it stands, as AWS writes it: `/States/Each/ItemProcessor/States/Pay`.
    pub location: String,
    /// The Parallel or Map state that it is in; `None` at the top of the machine.
    pub parent: Option<StateName>,
    /// The way of data through it, which its query language decides.
    pub data_flow: DataFlow,
    /// `Assign`.
    pub assign: Option<Template>,
    /// What the state does.
    pub kind: StateKind,
}

/// The way of data through a state, in its query language.
#[derive(Debug, Clone)]
pub enum DataFlow {
    /// JSONPath: the input is filtered, and so is the output.
    JsonPath {
        /// `InputPath`; `None` for JSON `null`, which makes the effective input `{}`.
        input_path: Option<Path>,
        /// `OutputPath`; `None` for JSON `null`, which makes the output `{}`.
        output_path: Option<Path>,
    },
    /// JSONata: the output is made of whatever is wanted.
    Jsonata {
        /// `Output`; without it the result is the output, or the input where there is no result.
        output: Option<Template>,
    },
}

/// `QueryLanguage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum QueryLanguage {
    JsonPath,
    Jsonata,
}

impl QueryLanguage {
    /// As `QueryLanguage` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonPath => "JSONPath",
            Self::Jsonata => "JSONata",
        }
    }
}

/// `Type`, with what only that type has.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum StateKind {
    Pass(Pass),
    Task(Box<Task>),
    Choice(Choice),
    Wait(Wait),
    Succeed,
    Fail(Fail),
    Parallel(Parallel),
    Map(Box<Map>),
}

/// `Type` alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum StateType {
    Pass,
    Task,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

impl StateType {
    /// As `Type` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "Pass",
            Self::Task => "Task",
            Self::Choice => "Choice",
            Self::Wait => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail => "Fail",
            Self::Parallel => "Parallel",
            Self::Map => "Map",
        }
    }
}

impl State {
    /// `Type`.
    pub fn state_type(&self) -> StateType {
        match self.kind {
            StateKind::Pass(_) => StateType::Pass,
            StateKind::Task(_) => StateType::Task,
            StateKind::Choice(_) => StateType::Choice,
            StateKind::Wait(_) => StateType::Wait,
            StateKind::Succeed => StateType::Succeed,
            StateKind::Fail(_) => StateType::Fail,
            StateKind::Parallel(_) => StateType::Parallel,
            StateKind::Map(_) => StateType::Map,
        }
    }

    /// `Output` of the state; JSONPath has none.
    pub fn output(&self) -> Option<&Template> {
        match &self.data_flow {
            DataFlow::JsonPath { .. } => None,
            DataFlow::Jsonata { output } => output.as_ref(),
        }
    }

    /// What the types that can be retried have in common; `None` for the others.
    pub fn work(&self) -> Option<&Work> {
        match &self.kind {
            StateKind::Task(task) => Some(&task.work),
            StateKind::Parallel(parallel) => Some(&parallel.work),
            StateKind::Map(map) => Some(&map.work),
            StateKind::Pass(_)
            | StateKind::Choice(_)
            | StateKind::Wait(_)
            | StateKind::Succeed
            | StateKind::Fail(_) => None,
        }
    }
}

/// `Next` or `End`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// `Next`.
    State(StateName),
    /// `"End": true`: the machine, branch or iteration ends.
    End,
}

/// What Task, Parallel and Map states have in common.
#[derive(Debug, Clone)]
pub struct Work {
    /// `Parameters` of a Task or Parallel state, applied to the effective input; `Arguments` in
    /// JSONata.
    pub parameters: Option<Template>,
    /// `ResultSelector`; JSONata has none.
    pub result_selector: Option<Template>,
    /// `ResultPath`, default `$`; `None` (JSON `null`) discards the result. JSONata has none.
    pub result_path: Option<ReferencePath>,
    /// `Retry`.
    pub retry: Vec<Retrier>,
    /// `Catch`.
    pub catch: Vec<Catcher>,
    /// `Next` or `End`.
    pub next: Next,
}

/// A [Pass state](https://states-language.net/spec.html#pass-state).
#[derive(Debug, Clone)]
pub struct Pass {
    /// `Result`, taken before `Parameters`.
    pub result: Option<Value>,
    /// `Parameters`.
    pub parameters: Option<Template>,
    /// `ResultPath`, default `$`; `None` (JSON `null`) discards the result.
    pub result_path: Option<ReferencePath>,
    /// `Next` or `End`.
    pub next: Next,
}

/// A [Task state](https://states-language.net/spec.html#task-state).
#[derive(Debug, Clone)]
pub struct Task {
    /// `Resource`.
    pub resource: Resource,
    /// `TimeoutSeconds` or `TimeoutSecondsPath`.
    pub timeout: Option<Count>,
    /// `HeartbeatSeconds` or `HeartbeatSecondsPath`.
    pub heartbeat: Option<Count>,
    /// `Credentials`.
    pub credentials: Option<Template>,
    /// What it has in common with Parallel and Map.
    pub work: Work,
}

/// A whole number that is not negative.
pub type Count = Number<u64>;

/// A number from 0 to 100.
pub type Percentage = Number<f64>;

/// A number, given or read when it is needed.
#[derive(Debug, Clone)]
pub enum Number<T> {
    /// Given in the definition.
    Literal(T),
    /// `…Path`.
    Path(Path),
    /// A JSONata expression.
    Jsonata(Jsonata),
}

/// A [Choice state](https://states-language.net/spec.html#choice-state).
#[derive(Debug, Clone)]
pub struct Choice {
    /// `Choices`, in order.
    pub rules: Vec<ChoiceRule>,
    /// `Default`.
    pub default: Option<StateName>,
}

/// A [Wait state](https://states-language.net/spec.html#wait-state).
#[derive(Debug, Clone)]
pub struct Wait {
    /// Until when.
    pub until: WaitUntil,
    /// `Next` or `End`.
    pub next: Next,
}

/// The ways to say how long a Wait state waits.
#[derive(Debug, Clone)]
pub enum WaitUntil {
    /// `Seconds`.
    Seconds(u64),
    /// `SecondsPath`.
    SecondsPath(Path),
    /// `Timestamp`.
    Timestamp(jiff::Timestamp),
    /// `TimestampPath`.
    TimestampPath(Path),
    /// `Seconds`, a JSONata expression.
    SecondsJsonata(Jsonata),
    /// `Timestamp`, a JSONata expression.
    TimestampJsonata(Jsonata),
}

/// A [Fail state](https://states-language.net/spec.html#fail-state).
#[derive(Debug, Clone)]
pub struct Fail {
    /// `Error` or `ErrorPath`.
    pub error: Option<Text>,
    /// `Cause` or `CausePath`.
    pub cause: Option<Text>,
}

/// A text, given or read when it is needed.
#[derive(Debug, Clone)]
pub enum Text {
    /// Given in the definition.
    Literal(String),
    /// `…Path`: a path or a call of an intrinsic function.
    Computed(Expression),
    /// A JSONata expression.
    Jsonata(Jsonata),
}

/// A [Parallel state](https://states-language.net/spec.html#parallel-state).
#[derive(Debug, Clone)]
pub struct Parallel {
    /// `StartAt` of each branch, in order.
    pub branches: Vec<StateName>,
    /// What it has in common with Task and Map.
    pub work: Work,
}

/// A [Map state](https://states-language.net/spec.html#map-state).
#[derive(Debug, Clone)]
pub struct Map {
    /// `StartAt` of the item processor.
    pub start_at: StateName,
    /// What it maps over, unless an item reader says.
    pub items: Items,
    /// `ItemSelector` (or `Parameters`, its older name).
    pub item_selector: Option<Template>,
    /// `MaxConcurrency` or `MaxConcurrencyPath`; 0 means as many as there is room for.
    pub max_concurrency: Count,
    /// `ToleratedFailureCount` or `ToleratedFailureCountPath`. In inline mode nothing is tolerated,
    /// but the field is evaluated.
    pub tolerated_count: Option<Count>,
    /// `ToleratedFailurePercentage` or `ToleratedFailurePercentagePath`; in inline mode as above.
    pub tolerated_percentage: Option<Percentage>,
    /// `Label`, at the beginning of the names of map runs.
    pub label: Option<String>,
    /// Distributed mode: each item, or each batch of them, has an execution of its own that begins at
    /// `start_at`. `None` in inline mode.
    pub distributed: Option<Box<Distributed>>,
    /// What it has in common with Task and Parallel. `parameters` is absent: see `item_selector`.
    pub work: Work,
}

/// What a Map state maps over.
#[derive(Debug, Clone)]
pub enum Items {
    /// The state's effective input.
    Input,
    /// `ItemsPath`.
    Path(Path),
    /// `Items`, a JSONata expression.
    Jsonata(Jsonata),
    /// `Items`, an array of JSONata expressions and literals.
    Template(Template),
}
