//! The engine that runs JSONata. Outside this file only `audit.rs` and `meter.rs`, which see its
//! syntax tree, know which one it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use jlens_core::{
    Ast, Bindings, CancelToken, Error, Expression, NodeKind, Options,
    reads::{Read, Reads},
};
use serde_json::Value as Json;

use super::{
    audit, functions, infinity, lend,
    meter::{Exceeded, Meter},
    prelude, states,
};
use crate::{
    data::{scope::Scope, value::Value},
    limits,
};

/// A compiled expression, and what it reads.
pub(super) struct Program {
    expression: Expression,
    /// The expression after its prelude, if it needs one.
    guarded: Option<Expression>,
    /// The same with what it reads taken from its input document, if it can be [lent](lend).
    lent: Option<Expression>,
    reads: Reads,
    /// Every name that follows a `$`, functions and local variables included.
    names: BTreeSet<String>,
    /// Those of them that are names of functions.
    functions_named: Vec<String>,
    /// The functions that AWS adds and those of the guards, but for what draws on chance.
    functions: Bindings,
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
        let reads = expression.reads_with(functions::all());
        let mut names = BTreeSet::new();
        expression.ast().root.walk(&mut |node| {
            if let NodeKind::Variable { name } = &node.kind {
                names.insert(name.clone());
            }
        });
        let guarded = guarded(text, &names, |_| false)?;
        let plain_path = audit::plain_path(&expression.ast().root);
        let functions_named = names
            .iter()
            .filter(|name| is_function(name))
            .cloned()
            .collect();
        let mut program = Self {
            plain_path,
            expression,
            lent: None,
            functions_named,
            functions: functions::needed(&names, guarded.is_some()),
            guarded,
            reads,
            names,
        };
        program.lent = program.compile_lent();
        Ok(program)
    }

    /// `None` also for an expression that is nested too deep to stand inside another.
    fn compile_lent(&self) -> Option<Expression> {
        // An object is constructed from its context, whatever that is: it needs one and reads none of it.
        let is_needed = |context: &Read| context.fields().is_some_and(BTreeMap::is_empty);
        let reads_context = !self.reads.input().is_none_or(is_needed);
        if reads_context || !audit::runs_once(&self.expression.ast().root) {
            return None;
        }
        let guards = prelude::definitions(&self.names, |_| false);
        let variables = self.execution_variables().chain(["states"]);
        let (definitions, text) = (lend::definitions(variables), self.text());
        Expression::compile(&format!("({guards}{definitions}{text})")).ok()
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

    /// Those of [`names`](Self::names) that are names of functions.
    pub(super) fn functions_named(&self) -> impl Iterator<Item = &str> {
        self.functions_named.iter().map(String::as_str)
    }

    /// Those of [`variables`](Self::variables) that are no names of functions.
    pub(super) fn execution_variables(&self) -> impl Iterator<Item = &str> {
        self.variables()
            .filter(|name| *name != "states" && !is_function(name))
    }

    /// What is read of a variable; `None` if nothing is.
    pub(super) fn read_of(&self, name: &str) -> Option<&Read> {
        self.reads.binding(name)
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

    /// What is read of a member of `$states`; `None` if nothing is.
    pub(super) fn read_of_states(&self, member: &str) -> Option<&Read> {
        match self.reads.binding("states")? {
            Read::Fields(fields) => fields.get(member),
            whole @ Read::Whole => Some(whole),
        }
    }

    /// Evaluates it.
    pub(super) fn run(
        &self,
        scope: &Scope<'_>,
        conditions: &Conditions,
    ) -> Result<Answer, Failure> {
        let lent = self
            .lent
            .as_ref()
            .filter(|_| !states::hide_a_function(self, scope));
        if let Some(lent) = lent {
            let bindings = self.functions(conditions);
            if let Some(value) = lend::value(lent, scope, &bindings, options(conditions)) {
                return Ok(Answer::Value(value));
            }
        }
        match self.run_metered(states::copy(self, scope), conditions) {
            Err(Failure::Coded { code, message }) if code == infinity::OUT_OF_RANGE => self
                .run_overflowing(scope, conditions)
                .unwrap_or(Err(Failure::Coded { code, message })),
            outcome => outcome,
        }
    }

    /// As [`run`](Self::run), with infinite numbers in the result; `None` if none can come there.
    fn run_overflowing(
        &self,
        scope: &Scope<'_>,
        conditions: &Conditions,
    ) -> Option<Result<Answer, Failure>> {
        let rewritten = infinity::rewritten(self.text(), &self.ast().root)?;
        // It is nested deeper than what it was made of, which may be too deep.
        let program = Self::compile(&rewritten).ok()?;
        Some(program.run_metered(states::copy(&program, scope), conditions))
    }

    fn run_metered(
        &self,
        variables: Vec<(String, Json)>,
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
        let bindings = variables
            .into_iter()
            .fold(self.functions(conditions), |bindings, (name, value)| {
                bindings.var(name, value)
            });
        let token = CancelToken::new();
        let mut meter = Meter::new(token.clone(), conditions.time);
        let options = options(conditions).cancel_token(token);
        let answer = expression.evaluate_traced(None, &bindings, &options, &mut meter);
        match (answer, meter.stopped()) {
            (_, Some(Exceeded::Time)) => Err(Failure::Limit(TIME)),
            (_, Some(Exceeded::Memory)) => Err(Failure::Limit(MEMORY)),
            (Ok(Some(value)), None) => Ok(Answer::Value(value.into())),
            (Ok(None), None) if meter.is_function() => Ok(Answer::Function),
            (Ok(None), None) => Ok(Answer::Nothing),
            (Err(error), None) => Err(error.into()),
        }
    }

    fn functions(&self, conditions: &Conditions) -> Bindings {
        functions::with_chance(&self.functions, &self.names, conditions.seed)
    }
}

fn is_function(name: &str) -> bool {
    let catalog = jlens_core::function_catalog();
    functions::exists(name) || catalog.iter().any(|function| function.name == name)
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
    let definitions = prelude::definitions(names, is_taken);
    if definitions.is_empty() {
        return Ok(None);
    }
    let guarded = Expression::compile(&format!("({definitions}{text})"));
    guarded.map(Some).map_err(|error| error.message())
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
    let Ok(Json::Object(details)) = serde_json::to_value(error) else {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::{
            number::to_json,
            scope::{Produced, Purpose, Surroundings},
        },
        json,
    };

    struct Execution {
        context: Value,
        variables: Value,
    }

    impl Surroundings for Execution {
        fn context(&self) -> &Value {
            &self.context
        }

        fn variable(&self, name: &str) -> Option<&Value> {
            self.variables.get(name)
        }

        fn random(&self, _purpose: Purpose) -> u64 {
            7
        }

        fn produced(&self) -> Produced<'_> {
            Produced::Result(&self.variables)
        }
    }

    /// What an expression comes to when it is lent its document, if it is, and when it is metered.
    fn evaluated(text: &str) -> (Option<String>, Option<String>) {
        let surroundings = Execution {
            context: json!({ "State": { "Name": "A" } }),
            variables: json!({ "total": 3, "list": [1, [2], {}], "empty": [], "one": [1], "none": null }),
        };
        let document = json!({
            "order": { "id": "o", "lines": [{ "sku": "a", "price": 1.5 }, { "sku": "b", "price": 2.0 }] },
            "whole": [1.0], "big": 9_007_199_254_740_993_u64, "text": "t", "list": [[1], [], [[2]]],
        });
        let scope = Scope {
            document: &document,
            surroundings: &surroundings,
        };
        let conditions = Conditions {
            now: 0,
            seed: [7; 4],
            time: Duration::from_secs(1),
        };
        let program = Program::compile(text).unwrap();
        let lent = program.lent.as_ref().and_then(|lent| {
            let functions = program.functions(&conditions);
            lend::value(lent, &scope, &functions, options(&conditions))
        });
        let metered = match program.run_metered(states::copy(&program, &scope), &conditions) {
            Ok(Answer::Value(value)) => Some(to_json(&value)),
            Ok(Answer::Nothing | Answer::Function) | Err(_) => None,
        };
        (lent.map(|value| to_json(&value)), metered)
    }

    #[test]
    fn what_is_lent_comes_to_what_is_metered() {
        for text in [
            "$states",
            "$states.input.order.lines[0].price * 2",
            "$states.input.order.lines[-1]",
            "$states.input.order.lines[7]",
            "$states.input.order.lines.price",
            "$states.input.order.lines.sku[0]",
            "$states.input.list",
            "$states.input.list[1]",
            "$states.input.whole",
            "$states.input.text.missing",
            "$merge([$states.input.order, { 'total': $total, 'none': $none }])",
            "$append($states.input.order.lines, { 'sku': $states.context.State.Name })",
            "{ 'order': $states.input.order, 'result': $states.result, 'absent': $absent }",
            "[$empty, $one, $list, $none]",
            "$empty",
            "$one",
            "$list[0]",
            "$none",
            "$count($empty) & $count($one) & $count($list)",
            "$exists($absent) ? 1 : $exists($none)",
            "($x := $total + 1; $total := $x; $total * $x)",
            "$sum($states.input.order.lines.price)",
            "$string($states.input.order) & $keys($states.input.order)[0]",
            "$distinct($append($one, $one))",
            "$random() = $random()",
            "$number($states.input.text)",
            "$uppercase()",
            "$sum",
            "$absent",
        ] {
            let (lent, metered) = evaluated(text);
            assert!(
                lent.is_none() || lent == metered,
                "{text}: {lent:?}, {metered:?}"
            );
            assert_eq!(lent.is_some(), metered.is_some(), "{text}");
        }
    }

    /// What an expression of no input comes to, with time to spare.
    fn unhurried(text: &str) -> Result<Option<String>, Failure> {
        let conditions = Conditions {
            now: 0,
            seed: [7; 4],
            time: Duration::from_secs(600),
        };
        let program = Program::compile(text).unwrap();
        let nowhere = Scope {
            document: &Value::Null,
            surroundings: &crate::data::scope::Nowhere,
        };
        Ok(match program.run(&nowhere, &conditions)? {
            Answer::Value(value) => Some(to_json(&value)),
            Answer::Nothing | Answer::Function => None,
        })
    }

    #[test]
    fn what_fits_the_memory_is_made() {
        assert_eq!(unhurried("$count([1..873782])"), Ok(Some("873782".into())));
        assert_eq!(
            unhurried("$length($pad('', 4194304, 'x'))"),
            Ok(Some("4194304".into()))
        );
    }

    #[test]
    fn what_grows_without_bounds_is_stopped() {
        for text in [
            "$count([1..873783])",
            "$length($pad('', 8388608, 'x'))",
            "$pad('x', 1000000000)",
            "($f := function($s){ $f($s & $s) }; $f('x'))",
            "$map([1..1000], function($i){ [[1..800000]] })",
            "[1..800000].[1..800000]",
            "$replace($pad('a', 6000000, 'a'), 'a', $pad('b', 6000000, 'b'))",
            "$replace($pad('a', 6000000, 'a'), /a/, $pad('b', 6000000, 'b'))",
            "$pad('a', 6000000, 'a') ~> $replace(/a/, $pad('b', 6000000, 'b'))",
            "($f := function($o, $n){ $n = 0 ? $o : $f({'x': $o, 'y': $o}, $n - 1) }; $f({}, 60))",
            "$map([1..1000000], function($i){ $range(0, 800000, 1) })",
        ] {
            assert_eq!(unhurried(text), Err(Failure::Limit(MEMORY)), "{text}");
        }
    }

    #[test]
    fn what_goes_through_lists_or_makes_much_is_metered() {
        for text in [
            "[1..3]",
            "$map($list, $string)",
            "$states.input.order.lines[price > 1]",
            "$states.input.order.lines.{ 'sku': sku }",
            "$states.input.order.lines^(price)",
            "$states.input.**.price",
            "$pad('x', 3)",
            "$total.$string()",
            "($count := $map; $count($list, $string))",
            "(function($x) { $x })(1)",
        ] {
            let (lent, metered) = evaluated(text);
            assert_eq!((lent, metered.is_some()), (None, true), "{text}");
        }
    }

    #[test]
    fn what_goes_into_a_result_as_it_is_keeps_its_digits() {
        let (lent, _) = evaluated("{ 'all': [$states.input] }");
        // The whole is made anew, because of the 1.0 in it.
        assert!(
            lent.unwrap()
                .contains(r#""whole":[1],"big":9.007199254740992E15"#)
        );
        let (lent, _) = evaluated("[$states.result]");
        assert_eq!(
            lent.unwrap(),
            r#"[{"total":3,"list":[1,[2],{}],"empty":[],"one":[1],"none":null}]"#
        );
    }
}
