//! Random definitions: whatever they say, the interpreter does not panic, its history is dense, every
//! frame ends, and neither crashes nor duplicates change what happens.
//!
//! The distribution of what was drawn is printed: a property of definitions that were never drawn
//! would prove nothing.

#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(
    clippy::disallowed_methods,
    reason = "the number of definitions comes from the environment"
)]

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    io::Write,
};

use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use segno_asl::{definition::parse, errors::StateError, limits::HISTORY_EVENTS_MAX};
use segno_interpreter::{history::Detail, payload::Payload};
use segno_tests::world::{Ended, Functions, World};
use serde_json::{Map, Value, json};

/// How many are drawn, unless `SEGNO_RANDOM_DEFINITIONS` says otherwise.
const DEFINITIONS: u32 = 384;

/// Scopes inside scopes, at most.
const DEPTH_MAX: u32 = 3;

/// What is drawn for one state; its name and its successor come with its place.
#[derive(Debug, Clone)]
struct Drawn {
    state: Value,
    /// The scopes inside it.
    branches: Vec<Vec<Drawn>>,
    /// Another state that it may go to, counted around the scope: by a choice rule or a catcher.
    detour: usize,
}

fn pass() -> impl Strategy<Value = Value> {
    let whole = json!({ "n.$": "$.n", "items.$": "$.items", "v.$": "$$.State.Name" });
    prop_oneof![
        4 => Just(json!({})),
        2 => data().prop_map(|result| json!({ "Result": result })),
        4 => data().prop_map(|result| json!({ "Result": result, "ResultPath": "$.deep.r" })),
        4 => Just(json!({ "Parameters": whole })),
        4 => Just(json!({ "Assign": { "x.$": "$.n" } })),
        1 => Just(json!({ "Parameters": { "n.$": "$x0", "items": [] } })),
        2 => path().prop_map(|path| json!({ "OutputPath": path })),
    ]
    .prop_map(|fields| typed("Pass", fields))
}

fn task() -> impl Strategy<Value = Value> {
    let timeout =
        prop_oneof![3 => Just(json!({})), 1 => (1..6).prop_map(|s| json!({ "TimeoutSeconds": s }))];
    let result_path = prop_oneof![
        Just(json!({})),
        Just(json!({ "ResultPath": "$.r" })),
        Just(json!({ "ResultPath": null }))
    ];
    (0..4, timeout, result_path).prop_map(|(function, timeout, result_path)| {
        let resource = format!("arn:aws:lambda:us-east-1:123456789012:function:f{function}");
        typed(
            "Task",
            merged([json!({ "Resource": resource }), timeout, result_path]),
        )
    })
}

fn wait() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (0..100).prop_map(|seconds| json!({ "Seconds": seconds })),
        1 => path().prop_map(|path| json!({ "SecondsPath": path })),
        1 => Just(json!({ "Timestamp": "2024-01-01T00:01:00Z" })),
    ]
    .prop_map(|fields| typed("Wait", fields))
}

fn choice() -> impl Strategy<Value = Value> {
    let rule = prop_oneof![
        (0..5).prop_map(|n| json!({ "Variable": "$.n", "NumericEquals": n })),
        Just(json!({ "Variable": "$.n", "IsPresent": true })),
        Just(json!({ "Not": { "Variable": "$.items[0]", "IsPresent": true } })),
        Just(json!({ "Variable": "$$.State.Name", "StringMatches": "s*" })),
    ];
    rule.prop_map(|rule| typed("Choice", json!({ "Choices": [rule] })))
}

fn path() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => Just(json!("$")),
        1 => Just(json!("$.n")),
        1 => Just(json!("$.missing")),
    ]
}

fn data() -> impl Strategy<Value = Value> {
    let usual = (0..5, prop::collection::vec(0..5, 0..4));
    prop_oneof![
        12 => usual.prop_map(|(n, items)| json!({ "n": n, "items": items })),
        1 => Just(json!([{ "n": 1, "items": [] }, 2])),
        1 => Just(json!("text")),
    ]
}

fn retries() -> impl Strategy<Value = Value> {
    let retrier = (prop_oneof![Just("States.ALL"), Just("States.TaskFailed"), Just("E1")], 0..3, prop_oneof![Just("FULL"), Just("NONE")])
        .prop_map(|(name, attempts, jitter)| json!({ "ErrorEquals": [name], "MaxAttempts": attempts, "JitterStrategy": jitter }));
    prop::option::of(retrier)
        .prop_map(|retrier| retrier.map_or(json!({}), |retrier| json!({ "Retry": [retrier] })))
}

/// One state, with `depth` levels of scopes to go.
fn state(depth: u32) -> BoxedStrategy<Drawn> {
    let plain = prop_oneof![3 => pass().boxed(), 2 => wait().boxed(), 2 => choice().boxed()]
        .prop_map(|state| (state, Vec::new()));
    let task = (task(), retries()).prop_map(|(task, retry)| (merged([task, retry]), Vec::new()));
    let leaf = prop_oneof![3 => plain.boxed(), 2 => task.boxed()];
    let drawn = if depth == 0 {
        leaf.boxed()
    } else {
        let parallel = (prop::collection::vec(scope(depth - 1), 1..4), retries()).prop_map(
            |(branches, retry)| (merged([typed("Parallel", json!({})), retry]), branches),
        );
        let map =
            (scope(depth - 1), 0..4, retries()).prop_map(|(processor, concurrency, retry)| {
                // The items stay what there is to map over and to choose by, further in.
            let item = json!({ "n.$": "$$.Map.Item.Value", "items": [0, 1] });
            let fields = json!({ "ItemsPath": "$.items", "ItemSelector": item, "MaxConcurrency": concurrency });
                (merged([typed("Map", fields), retry]), vec![processor])
            });
        prop_oneof![4 => leaf.boxed(), 1 => parallel.boxed(), 1 => map.boxed()].boxed()
    };
    (drawn, any::<prop::sample::Index>())
        .prop_map(|((state, branches), detour)| Drawn {
            state,
            branches,
            detour: detour.index(8),
        })
        .boxed()
}

/// A chain of states, the last of which may be a terminal one.
fn scope(depth: u32) -> BoxedStrategy<Vec<Drawn>> {
    let terminal = prop_oneof![
        3 => Just(None),
        1 => Just(Some(typed("Succeed", json!({})))),
        1 => Just(Some(typed("Fail", json!({ "Error": "E1", "Cause": "drawn" })))),
    ];
    (prop::collection::vec(state(depth), 1..4), terminal)
        .prop_map(|(mut states, terminal)| {
            // A choice is no end, and a machine has one.
            let needs_end = states
                .last()
                .is_some_and(|last| last.state["Type"] == "Choice");
            let end = needs_end.then(|| typed("Succeed", json!({})));
            let terminal = terminal.or(end).map(|state| Drawn {
                state,
                branches: vec![],
                detour: 0,
            });
            states.extend(terminal);
            states
        })
        .boxed()
}

fn typed(state_type: &str, fields: Value) -> Value {
    merged([json!({ "Type": state_type }), fields])
}

fn merged<const N: usize>(objects: [Value; N]) -> Value {
    let members = objects.into_iter().flat_map(|object| match object {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    });
    Value::Object(members.collect())
}

/// Writes a scope down: names, successors and detours.
fn write_scope(states: &[Drawn], prefix: &str) -> Value {
    let name = |index: usize| format!("{prefix}{}", index % states.len());
    let mut written = Map::new();
    for (index, drawn) in states.iter().enumerate() {
        let mut state = drawn.state.clone();
        let is_last = index + 1 == states.len();
        // No scope assigns the variable of another one that it is in.
        if let Some(value) = state["Assign"].get("x.$").cloned() {
            let depth = prefix.matches('.').count() / 2;
            state["Assign"] = json!({ (format!("x{depth}.$")): value });
        }
        let scopes = drawn.branches.iter().enumerate();
        let scopes: Vec<Value> = scopes
            .map(|(n, scope)| write_scope(scope, &format!("{}.{n}.", name(index))))
            .collect();
        // Mostly onwards: a definition that loops for ever shows little but the limit.
        let is_onwards = drawn.detour < 6 && !is_last;
        let detour = json!(name(if is_onwards { index + 1 } else { drawn.detour }));
        let kind = state["Type"].as_str().unwrap().to_owned();
        match kind.as_str() {
            "Choice" => {
                state["Choices"][0]["Next"] = detour;
                state["Default"] = json!(name(index + 1));
            }
            "Succeed" | "Fail" => {}
            kind => {
                match kind {
                    "Parallel" => state["Branches"] = scopes.into(),
                    "Map" => state["ItemProcessor"] = scopes[0].clone(),
                    _ => {}
                }
                if matches!(kind, "Task" | "Parallel" | "Map") && drawn.detour % 2 == 0 {
                    state["Catch"] = json!([{ "ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": detour }]);
                }
                match is_last {
                    true => state["End"] = json!(true),
                    false => state["Next"] = json!(name(index + 1)),
                }
            }
        }
        written.insert(name(index), state);
    }
    json!({ "StartAt": name(0), "States": written })
}

/// Functions that answer by a hash: the same call always the same.
struct Hashed(u64);

impl Functions for Hashed {
    fn answer(&self, function: &str, call: usize) -> (Result<Payload, StateError>, i64) {
        let mut hasher = DefaultHasher::new();
        (self.0, function, call).hash(&mut hasher);
        let drawn = hasher.finish();
        let outcome = match drawn % 16 {
            0..3 => Err(StateError::new("E1", "drawn")),
            3..5 => Err(StateError::new("E2", "drawn")),
            5 => Ok(json!("text")),
            _ => Ok(json!({ "n": drawn % 5, "items": [0, 1, 2] })),
        };
        let seconds = i64::try_from(drawn >> 8 & 7).unwrap();
        (outcome.map(Payload::from), seconds)
    }
}

/// What was drawn, counted.
#[derive(Default)]
struct Distribution(BTreeMap<String, u64>);

impl Distribution {
    fn count(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    fn add(&mut self, ended: &Ended, depth: usize) {
        self.count(format!("depth {depth}"));
        self.count(format!("status {}", ended.status));
        let magnitude = ended.events.len().to_string().len();
        self.count(format!(
            "history below {} events",
            10_u64.pow(u32::try_from(magnitude).unwrap())
        ));
        let magnitude = ended.effects.to_string().len();
        self.count(format!(
            "effects below {}",
            10_u64.pow(u32::try_from(magnitude).unwrap())
        ));
        if let Some(error) = &ended.error.name {
            self.count(format!("ended with {error}"));
        }
        for event in &ended.events {
            match &event.detail {
                Detail::StateEntered { state_type, .. } => {
                    self.count(format!("entered {}", state_type.name()))
                }
                Detail::LambdaFunctionFailed(_) => self.count("task failures"),
                Detail::LambdaFunctionTimedOut(_) => self.count("task time-outs"),
                Detail::StateAborted { .. } | Detail::MapIterationAborted(_) => {
                    self.count("aborts")
                }
                _ => {}
            }
        }
        let follows_failure = |event: &&segno_interpreter::history::HistoryEvent| {
            let previous = event
                .previous_event_id
                .checked_sub(1)
                .and_then(|i| ended.events.get(i as usize));
            matches!(event.detail, Detail::LambdaFunctionScheduled { .. })
                && previous.is_some_and(|p| !matches!(p.detail, Detail::StateEntered { .. }))
        };
        for _ in ended.events.iter().filter(follows_failure) {
            self.count("task retries");
        }
    }
}

impl Distribution {
    /// Past the capture of the test harness: it is to be seen in every run.
    fn print(&self, definitions: u32) {
        let mut stdout = std::io::stdout().lock();
        let _ = writeln!(stdout, "drawn in {definitions} definitions:");
        for (what, times) in &self.0 {
            let _ = writeln!(stdout, "  {times:8} {what}");
        }
    }
}

fn depth_of(states: &[Drawn]) -> usize {
    1 + states
        .iter()
        .flat_map(|drawn| &drawn.branches)
        .map(|scope| depth_of(scope))
        .max()
        .unwrap_or(0)
}

/// What must hold of every history.
fn check(ended: &Ended) -> Result<(), String> {
    for (index, event) in ended.events.iter().enumerate() {
        if event.id != index as u64 + 1 || event.previous_event_id >= event.id {
            return Err(format!(
                "event {} at place {index} follows {}",
                event.id, event.previous_event_id
            ));
        }
    }
    let ends = ended
        .events
        .iter()
        .filter(|event| event.detail.is_end())
        .count();
    if ends != 1
        || !ended
            .events
            .last()
            .is_some_and(|event| event.detail.is_end())
    {
        return Err("the end is not the last event, or not the only one".into());
    }
    let names: Vec<String> = ended
        .events
        .iter()
        .map(|event| event.detail.type_name())
        .collect();
    // A full history ends in the middle of whatever it was.
    if ended.events.len() as u64 == HISTORY_EVENTS_MAX {
        return Ok(());
    }
    let count = |wanted: &str| names.iter().filter(|name| name.as_str() == wanted).count();
    let over =
        count("MapIterationSucceeded") + count("MapIterationFailed") + count("MapIterationAborted");
    if count("MapIterationStarted") != over {
        return Err(format!(
            "{} iterations started, and {over} ended",
            count("MapIterationStarted")
        ));
    }
    Ok(())
}

#[test]
fn whatever_a_definition_says_the_interpreter_keeps_its_promises() {
    let distribution = std::cell::RefCell::new(Distribution::default());
    let wanted = std::env::var("SEGNO_RANDOM_DEFINITIONS");
    let cases = wanted.map_or(DEFINITIONS, |number| number.parse().unwrap());
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 256,
        ..Config::default()
    });
    let drawn = (scope(DEPTH_MAX), any::<u64>(), any::<prop::sample::Index>());
    let outcome = runner.run(&drawn, |(states, seed, crash)| {
        let definition = write_scope(&states, "s").to_string();
        let fail = |why: String| TestCaseError::fail(format!("{why}\n{definition}\nseed {seed}"));
        let machine = parse(&definition).map_err(|refused| fail(refused.to_string()))?;
        let functions = Hashed(seed);
        let input = json!({ "n": 1, "items": [1, 2, 3] });
        let run = |world: World<'_>| world.run(&input, None).map_err(fail);
        let calm = run(World::new(&machine, &functions))?;
        check(&calm).map_err(fail)?;
        let twice = run(World::new(&machine, &functions).delivering_twice())?;
        prop_assert_eq!(
            &calm.events,
            &twice.events,
            "delivered twice: {}",
            definition
        );
        let effect = crash.index(calm.effects) + 1;
        let recovered = run(World::new(&machine, &functions).dying_before(effect))?;
        prop_assert_eq!(
            &calm.events,
            &recovered.events,
            "crash before {}: {}",
            effect,
            definition
        );
        distribution.borrow_mut().add(&calm, depth_of(&states));
        Ok(())
    });
    distribution.borrow().print(cases);
    outcome.unwrap();
}
