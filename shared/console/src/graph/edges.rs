//! What leads where: the same for every kind of diagram.

use std::collections::{BTreeSet, VecDeque};

use segno_asl::{
    choice::{Comparable, Comparison, Condition, Operand, Operator, TypeTest},
    definition::{Next, State, StateKind, StateMachine, StateName},
};

/// A line from one state to another.
pub struct Edge {
    /// Where it leads; `None` is the end.
    pub to: Option<StateName>,
    /// What it says.
    pub label: String,
    /// The same with shorter names, where there is little room.
    pub short: String,
    /// It is taken after an error.
    pub is_catch: bool,
}

/// The states of a scope: those that can be reached from the first, in the order in which they are
/// come upon.
pub fn scope<'m>(machine: &'m StateMachine, start_at: &str) -> Vec<&'m State> {
    let mut seen = BTreeSet::from([start_at.to_owned()]);
    let mut queue = VecDeque::from([start_at.to_owned()]);
    let mut states = Vec::new();
    while let Some(state) = queue.pop_front().and_then(|name| machine.state(&name)) {
        states.push(state);
        for target in edges(state).into_iter().filter_map(|edge| edge.to) {
            if seen.insert(target.to_string()) {
                queue.push_back(target.to_string());
            }
        }
    }
    states
}

/// The scopes inside a state: the first state of each, and what it is called.
pub fn inner(state: &State) -> Vec<(&StateName, String)> {
    match &state.kind {
        StateKind::Parallel(parallel) => {
            let branches = parallel.branches.iter().enumerate();
            branches
                .map(|(index, start_at)| (start_at, format!("branch {}", index + 1)))
                .collect()
        }
        StateKind::Map(map) => vec![(&map.start_at, "each item".to_owned())],
        StateKind::Pass(_)
        | StateKind::Task(_)
        | StateKind::Choice(_)
        | StateKind::Wait(_)
        | StateKind::Succeed
        | StateKind::Fail(_) => Vec::new(),
    }
}

/// Where a state leads.
pub fn edges(state: &State) -> Vec<Edge> {
    let plain = |next: &Next| {
        let to = match next {
            Next::State(name) => Some(name.clone()),
            Next::End => None,
        };
        vec![Edge {
            to,
            label: String::new(),
            short: String::new(),
            is_catch: false,
        }]
    };
    let mut edges = match &state.kind {
        StateKind::Pass(pass) => plain(&pass.next),
        StateKind::Wait(wait) => plain(&wait.next),
        StateKind::Task(task) => plain(&task.work.next),
        StateKind::Parallel(parallel) => plain(&parallel.work.next),
        StateKind::Map(map) => plain(&map.work.next),
        StateKind::Succeed | StateKind::Fail(_) => plain(&Next::End),
        StateKind::Choice(choice) => {
            let rule = |rule: &segno_asl::choice::ChoiceRule| Edge {
                to: Some(rule.next.clone()),
                label: describe(&rule.condition, str::to_owned),
                short: describe(&rule.condition, shorten),
                is_catch: false,
            };
            let default = choice.default.iter().map(|default| Edge {
                to: Some(default.clone()),
                label: "otherwise".into(),
                short: "otherwise".into(),
                is_catch: false,
            });
            choice.rules.iter().map(rule).chain(default).collect()
        }
    };
    for catcher in state.work().iter().flat_map(|work| &work.catch) {
        let errors: Vec<&str> = catcher
            .error_equals
            .iter()
            .map(|pattern| pattern.0.as_str())
            .collect();
        edges.push(Edge {
            to: Some(catcher.next.clone()),
            label: errors.join(", "),
            short: caught(&errors),
            is_catch: true,
        });
    }
    edges
}

/// What is caught, in a few words.
fn caught(errors: &[&str]) -> String {
    match errors {
        [] => "Catch".into(),
        ["States.ALL", ..] => "Catch all".into(),
        [error] => format!("Catch {error}"),
        [error, more @ ..] => format!("Catch {error} +{}", more.len()),
    }
}

/// Letters of a path up to which it is shown whole.
const PATH_LETTERS_MAX: usize = 14;

/// The last step of a long path, a short one without what all begin with.
fn shorten(path: &str) -> String {
    let path = path.strip_prefix("$.").unwrap_or(path);
    let last = path.rsplit('.').next().unwrap_or(path);
    let is_short = path.chars().count() <= PATH_LETTERS_MAX;
    if is_short { path } else { last }.to_owned()
}

/// A condition in a few words, with its paths as `path` shows them.
fn describe(condition: &Condition, path: fn(&str) -> String) -> String {
    let all = |conditions: &[Condition], word: &str| {
        let parts = conditions.iter().map(|condition| describe(condition, path));
        parts.collect::<Vec<_>>().join(word)
    };
    match condition {
        Condition::And(conditions) => all(conditions, " and "),
        Condition::Or(conditions) => all(conditions, " or "),
        Condition::Not(negated) => format!("not ({})", describe(negated, path)),
        Condition::Literal(holds) => holds.to_string(),
        Condition::Jsonata { jsonata, .. } => jsonata.text().trim().to_owned(),
        Condition::Test { variable, operator } => {
            let variable = path(variable.text());
            format!("{variable} {}", describe_operator(operator, path))
        }
    }
}

fn describe_operator(operator: &Operator, path: fn(&str) -> String) -> String {
    match operator {
        Operator::Compare {
            comparison,
            operand,
            kind,
        } => {
            let sign = match comparison {
                Comparison::Equals => "=",
                Comparison::LessThan => "<",
                Comparison::GreaterThan => ">",
                Comparison::LessThanEquals => "≤",
                Comparison::GreaterThanEquals => "≥",
            };
            let operand = match (operand, kind) {
                (Operand::Path(operand), _) => path(operand.text()),
                (Operand::Literal(value), Comparable::Timestamp) => {
                    value.as_str().unwrap_or_default().to_owned()
                }
                (Operand::Literal(value), _) => value.to_string(),
            };
            format!("{sign} {operand}")
        }
        Operator::Matches(_) => "matches a pattern".into(),
        Operator::Is(test, wanted) => {
            let kind = match test {
                TypeTest::Null => "null",
                TypeTest::Present => "present",
                TypeTest::Numeric => "a number",
                TypeTest::String => "a string",
                TypeTest::Boolean => "a boolean",
                TypeTest::Timestamp => "a timestamp",
            };
            format!("is{} {kind}", if *wanted { "" } else { " not" })
        }
    }
}
