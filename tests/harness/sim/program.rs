//! Random state machines, and what must become of their executions.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Map, Value, json};

use super::{
    book::{Behaviour, Book, Plan},
    callers::Meddle,
    chance::Chance,
    pattern::Pattern,
};

/// A state machine, and what must become of its executions.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Its definition.
    pub definition: Value,
    /// What must become of its executions.
    pub expected: Expected,
    /// Whether it is an Express state machine.
    pub is_express: bool,
}

/// What must become of something.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// What it comes to if it succeeds; `None` if it cannot.
    pub success: Option<Pattern>,
    /// The names of the errors that it may fail with.
    pub errors: BTreeSet<String>,
    /// Whether that is decided elsewhere.
    pub is_open: bool,
}

impl Expected {
    fn of(success: Option<Pattern>, errors: BTreeSet<String>) -> Self {
        Self {
            success,
            errors,
            is_open: false,
        }
    }

    /// What must become of it is decided elsewhere.
    pub fn anything() -> Self {
        Self {
            is_open: true,
            ..Self::default()
        }
    }
}

/// Makes programs.
pub struct Programmer<'a> {
    chance: &'a Chance,
    book: &'a Book,
    /// Whether attempts may be lost.
    may_lose: bool,
    /// Whether what was done may be done anew: states are tried again, or executions redriven.
    may_redo: bool,
    /// Whether the states being made are those of iterations.
    is_in_map: bool,
    /// States so far: they all have different names.
    states: usize,
    /// The programs made so far.
    pub programs: Vec<Program>,
    /// The ARNs of the activities that they need.
    pub activities: Vec<String>,
    /// What somebody does to executions that executions have started.
    pub meddles: Vec<Meddle>,
}

/// The states of a scope, in the making.
#[derive(Default)]
struct Scope {
    states: Map<String, Value>,
    first: Option<String>,
    last: Option<String>,
    members: Vec<(String, Pattern)>,
    errors: BTreeSet<String>,
    /// Whether nothing comes after what there is: it fails.
    is_over: bool,
}

/// What the names of Express state machines begin with that executions start.
pub const EXPRESS_CHILD: &str = "x";

/// Scopes inside scopes, at most.
const DEPTH_MAX: usize = 2;

/// The error of an attempt whose worker is gone.
fn lost(service: &str) -> String {
    format!("{service}.SdkClientException")
}

/// The ARN of a state machine.
pub fn machine_arn(name: &str) -> String {
    format!("arn:aws:states:us-east-1:123456789012:stateMachine:{name}")
}

impl<'a> Programmer<'a> {
    /// One that has made nothing yet.
    pub fn new(chance: &'a Chance, book: &'a Book, may_lose: bool, may_redo: bool) -> Self {
        Self {
            chance,
            book,
            may_lose,
            may_redo: may_redo || may_lose,
            is_in_map: false,
            states: 0,
            programs: Vec::new(),
            activities: Vec::new(),
            meddles: Vec::new(),
        }
    }

    /// Makes a program.
    pub fn program(&mut self, depth: usize) -> Program {
        let name = format!("m{}", self.programs.len());
        // Those that it starts come after it.
        let place = self.programs.len();
        let was_in_map = std::mem::take(&mut self.is_in_map);
        self.programs.push(Program {
            name: name.clone(),
            definition: Value::Null,
            expected: Expected::default(),
            is_express: false,
        });
        let (mut definition, mut expected) = self.scope(depth);
        self.is_in_map = was_in_map;
        if self.chance.one_in(12) {
            definition["TimeoutSeconds"] = json!(40);
            expected.errors.insert("TIMED_OUT".into());
        }
        let program = &mut self.programs[place];
        program.definition = definition;
        program.expected = expected;
        program.clone()
    }

    /// Makes a program of an Express state machine that somebody outside starts.
    pub fn express(&mut self) -> Program {
        self.express_named("m")
    }

    /// Makes a program of an Express state machine: it calls something, once.
    fn express_named(&mut self, prefix: &str) -> Program {
        let mut scope = Scope::default();
        self.call(&mut scope);
        let (definition, expected) = finished(scope);
        let program = Program {
            name: format!("{prefix}{}", self.programs.len()),
            definition,
            expected,
            is_express: true,
        };
        self.programs.push(program.clone());
        program
    }

    fn scope(&mut self, depth: usize) -> (Value, Expected) {
        let mut scope = Scope::default();
        let length = 1 + self.chance.below(if depth == 0 { 4 } else { 2 });
        for _ in 0..length {
            if scope.is_over {
                break;
            }
            match self.chance.below(if depth < DEPTH_MAX { 14 } else { 9 }) {
                0 if self.chance.one_in(2) => self.job(&mut scope),
                0..3 => self.call(&mut scope),
                3 => self.wait(&mut scope),
                4 => self.timeout(&mut scope),
                5 => self.pass(&mut scope),
                6 | 7 => self.token(&mut scope),
                8 => self.activity(&mut scope),
                9 => self.parallel(&mut scope, depth),
                10 => self.map(&mut scope, depth),
                11 | 12 => self.child(&mut scope, depth),
                _ if self.is_in_map => self.child(&mut scope, depth),
                _ => self.twins(&mut scope, depth),
            }
        }
        if depth > 0 && self.chance.one_in(12) && !scope.is_over {
            let name = self.name();
            scope.errors.insert("Failed".into());
            scope.is_over = true;
            scope.push(
                name,
                json!({ "Type": "Fail", "Error": "Failed", "Cause": "as drawn" }),
            );
        }
        finished(scope)
    }

    fn name(&mut self) -> String {
        self.states += 1;
        format!("s{}", self.states)
    }

    fn seconds(&self, range: std::ops::Range<u64>) -> u64 {
        self.chance.between(range)
    }

    /// What a task does about its errors.
    fn guarded(
        &self,
        scope: &mut Scope,
        name: &str,
        mut state: Value,
        expected: Expected,
        retries: &[Value],
    ) {
        let mut retries = retries.to_vec();
        let mut expected = expected;
        if self.chance.one_in(2) {
            let losses: Vec<&String> = expected
                .errors
                .iter()
                .filter(|name| name.ends_with("SdkClientException"))
                .collect();
            if !losses.is_empty() {
                retries.push(json!({
                    "ErrorEquals": losses, "IntervalSeconds": 1, "MaxAttempts": 99, "BackoffRate": 1.0,
                }));
                expected
                    .errors
                    .retain(|name| !name.ends_with("SdkClientException"));
            }
        }
        if !retries.is_empty() {
            state["Retry"] = retries.into();
        }
        let is_caught = !expected.errors.is_empty() && self.chance.one_in(2);
        state["ResultPath"] = json!(format!("$.{name}"));
        if is_caught {
            let catcher = json!({
                "ErrorEquals": ["States.ALL"], "ResultPath": format!("$.{name}"), "Next": format!("{name}.end"),
            });
            state["Catch"] = json!([catcher]);
            let errors = std::mem::take(&mut expected.errors);
            let mut patterns = vec![Pattern::Caught(errors)];
            patterns.extend(expected.success.take());
            expected.success = Some(Pattern::AnyOf(patterns));
        }
        scope.push(name.to_owned(), state);
        if is_caught {
            scope.push(format!("{name}.end"), json!({ "Type": "Pass" }));
        }
        scope.errors.extend(expected.errors);
        match expected.success {
            Some(pattern) => scope.members.push((name.to_owned(), pattern)),
            None => scope.is_over = true,
        }
    }

    /// A call of a function.
    fn call(&mut self, scope: &mut Scope) {
        let name = self.name();
        let after = match self.chance.below(4) {
            0 => self.chance.millis(0..150_000),
            1 => Duration::ZERO,
            _ => self.chance.millis(0..5_000),
        };
        let is_repeatable = self.chance.one_in(4);
        let fails = [0, 0, 0, 1, 2, usize::MAX][self.chance.below(6)];
        self.book.define(
            &name,
            Behaviour::Answers {
                after,
                fails,
                is_repeatable,
            },
        );
        let mut expected = Expected {
            success: Some(Pattern::Exactly(json!({ "by": &name }))),
            ..Expected::default()
        };
        let boom = json!({
            "ErrorEquals": ["Boom"], "IntervalSeconds": self.seconds(1..20), "MaxAttempts": 2,
        });
        if fails == usize::MAX {
            expected.success = None;
            expected.errors.insert("Boom".into());
        }
        if self.may_lose && !is_repeatable {
            expected.errors.insert(lost("Lambda"));
        }
        let retries = if fails > 0 { vec![boom] } else { vec![] };
        let mut state = function(&name);
        if self.chance.one_in(3) {
            state["TimeoutSeconds"] = json!(5_000);
        }
        self.guarded(scope, &name, state, expected, &retries);
    }

    /// A job, which may run longer than it may.
    fn job(&mut self, scope: &mut Scope) {
        let name = self.name();
        let is_too_long = self.chance.one_in(4);
        let runs = match is_too_long {
            true => Duration::from_secs(3_000),
            false => self.chance.millis(0..200_000),
        };
        let is_recognised = self.chance.one_in(2);
        self.book.define(
            &name,
            Behaviour::Job {
                runs,
                is_recognised,
            },
        );
        let success = Pattern::Exactly(json!({ "by": &name }));
        let mut expected = Expected::of(Some(success), BTreeSet::new());
        let mut state =
            json!({ "Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync" });
        state["Parameters"] = json!({ "JobName": &name });
        if is_too_long {
            state["TimeoutSeconds"] = json!(self.seconds(1..100));
            expected.success = None;
            expected.errors.insert("States.Timeout".into());
        }
        if self.may_lose && !is_recognised {
            expected.errors.insert(lost("Glue"));
        }
        self.guarded(scope, &name, state, expected, &[]);
    }

    /// A call that takes longer than it may.
    fn timeout(&mut self, scope: &mut Scope) {
        let name = self.name();
        let after = Duration::from_secs(3_000);
        self.book.define(
            &name,
            Behaviour::Answers {
                after,
                fails: 0,
                is_repeatable: false,
            },
        );
        let mut expected = Expected::default();
        expected.errors.insert("States.Timeout".into());
        if self.may_lose {
            expected.errors.insert(lost("Lambda"));
        }
        let mut state = function(&name);
        state["TimeoutSeconds"] = json!(self.seconds(1..100));
        self.guarded(scope, &name, state, expected, &[]);
    }

    fn wait(&mut self, scope: &mut Scope) {
        let name = self.name();
        let seconds = *self.chance.pick(&[0, 1, 2, 20, 90, 1_000]);
        scope.push(name, json!({ "Type": "Wait", "Seconds": seconds }));
    }

    /// States that need no outside world; sometimes more of them than fit into one transition.
    fn pass(&mut self, scope: &mut Scope) {
        let name = self.name();
        let length = if self.chance.one_in(3) { 80 } else { 2 };
        let items: Vec<usize> = (0..length).collect();
        scope.push(
            format!("{name}.items"),
            json!({ "Type": "Pass", "Result": items, "ResultPath": format!("$.{name}") }),
        );
        let inner = format!("{name}.item");
        scope.push(
            name.clone(),
            json!({
                "Type": "Map", "ItemsPath": format!("$.{name}"), "ResultPath": format!("$.{name}"),
                "ItemProcessor": { "StartAt": inner, "States": { inner: { "Type": "Pass", "End": true } } },
            }),
        );
        scope.members.push((name, Pattern::Exactly(items.into())));
    }

    fn token(&mut self, scope: &mut Scope) {
        let name = self.name();
        let late = Duration::from_secs(self.seconds(1..60));
        let (plan, by, mut errors): (_, _, Vec<&str>) = match self.chance.below(7) {
            0 => (Plan::Never, vec![], vec!["States.Timeout"]),
            1 => (Plan::AtOnce, vec![1], vec![]),
            2 => (Plan::Twice(late), vec![1, 2], vec!["Refused"]),
            3 => (Plan::Refused(late), vec![], vec!["Refused"]),
            4 => (Plan::Beats(Duration::from_secs(7), 5), vec![1], vec![]),
            // Just when its time is up.
            5 => (
                Plan::Once(Duration::from_secs(30)),
                vec![1],
                vec!["States.Timeout"],
            ),
            _ => (Plan::Once(late), vec![1], vec![]),
        };
        self.book.define(&name, Behaviour::Token(plan));
        let mut state = json!({
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": { "FunctionName": name, "Payload": { "token.$": "$$.Task.Token" } },
        });
        match plan {
            Plan::Beats(..) => {
                state["HeartbeatSeconds"] = json!(20);
                // Whoever stands still is not heard.
                errors.push("States.Timeout");
            }
            _ if errors.contains(&"States.Timeout") => state["TimeoutSeconds"] = json!(30),
            _ => {}
        }
        let mut errors: BTreeSet<String> = errors.into_iter().map(str::to_owned).collect();
        if self.may_lose {
            errors.insert(lost("Lambda"));
        }
        let success = (!by.is_empty()).then(|| Pattern::By(by));
        self.guarded(scope, &name, state, Expected::of(success, errors), &[]);
    }

    /// An activity: should its worker never hear that it has the task, it is offered again.
    fn activity(&mut self, scope: &mut Scope) {
        let name = self.name();
        let arn = format!("arn:aws:states:us-east-1:123456789012:activity:{name}");
        self.activities.push(arn.clone());
        let state = json!({
            "Type": "Task", "Resource": arn, "TimeoutSeconds": 400, "HeartbeatSeconds": 100,
        });
        let again = json!({
            "ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 99, "BackoffRate": 1.0,
        });
        let expected = Expected {
            success: Some(Pattern::By(vec![1, 2])),
            errors: ["Refused".to_owned()].into(),
            is_open: false,
        };
        self.guarded(scope, &name, state, expected, &[again]);
    }

    fn parallel(&mut self, scope: &mut Scope, depth: usize) {
        let name = self.name();
        let count = 1 + self.chance.below(3);
        let mut branches = Vec::new();
        let mut all = Some(Vec::new());
        let mut errors = BTreeSet::new();
        for _ in 0..count {
            let (branch, expected) = self.scope(depth + 1);
            branches.push(branch);
            errors.extend(expected.errors);
            all = all.zip(expected.success).map(|(mut all, one)| {
                all.push(one);
                all
            });
        }
        let state = json!({ "Type": "Parallel", "Parameters": {}, "Branches": branches });
        let success = all.map(Pattern::Array);
        self.guarded(scope, &name, state, Expected::of(success, errors), &[]);
    }

    fn map(&mut self, scope: &mut Scope, depth: usize) {
        let name = self.name();
        let count = 1 + self.chance.below(5);
        let items: Vec<usize> = (0..count).collect();
        scope.push(
            format!("{name}.items"),
            json!({ "Type": "Pass", "Result": items, "ResultPath": format!("$.{name}") }),
        );
        let was_in_map = std::mem::replace(&mut self.is_in_map, true);
        let (processor, expected) = self.scope(depth + 1);
        self.is_in_map = was_in_map;
        let state = json!({
            "Type": "Map", "ItemsPath": format!("$.{name}"), "ItemSelector": {},
            "MaxConcurrency": self.chance.below(3), "ItemProcessor": processor,
        });
        let Expected {
            success, errors, ..
        } = expected;
        let success = success.map(|one| Pattern::Array(vec![one; count]));
        self.guarded(scope, &name, state, Expected::of(success, errors), &[]);
    }

    /// An execution that an execution starts, and mostly waits for.
    fn child(&mut self, scope: &mut Scope, depth: usize) {
        let name = self.name();
        let is_express = self.chance.one_in(5);
        let child = match is_express {
            true => self.express_named(EXPRESS_CHILD),
            false => self.program(depth + 1),
        };
        // One of Express cannot be waited for.
        let waits = self.chance.one_in(4) == is_express;
        let pattern = if waits { ".sync:2" } else { "" };
        let mut state = json!({
            "Type": "Task", "Resource": format!("arn:aws:states:::states:startExecution{pattern}"),
            "Parameters": { "StateMachineArn": machine_arn(&child.name), "Input": {} },
        });
        let mut errors = BTreeSet::new();
        if self.may_lose {
            errors.insert(lost("StepFunctions"));
        }
        let is_meddled_with = !is_express && self.meddle(&child.name);
        let success = match waits {
            true if is_express => {
                errors.insert("StepFunctions.StateMachineTypeNotSupportedException".into());
                None
            }
            true => {
                state["ResultSelector"] = json!({ "out.$": "$.Output" });
                if is_meddled_with || !child.expected.errors.is_empty() {
                    errors.insert("States.TaskFailed".into());
                }
                let out = child.expected.success;
                out.map(|out| Pattern::Object(vec![("out".into(), out)]))
            }
            false => {
                state["ResultSelector"] = json!({ "started": true });
                Some(Pattern::Exactly(json!({ "started": true })))
            }
        };
        self.guarded(scope, &name, state, Expected::of(success, errors), &[]);
    }

    /// Has somebody do something to executions of a state machine, sometimes. Gives whether.
    fn meddle(&mut self, machine: &str) -> bool {
        let is_meddled_with = self.chance.one_in(4);
        if is_meddled_with {
            self.meddles.push(Meddle {
                machine: machine.to_owned(),
                after: self.chance.millis(0..60_000),
                is_redrive: self.may_redo && self.chance.one_in(3),
            });
        }
        is_meddled_with
    }

    /// Two branches that start an execution of the same name: one of them finds that there is one.
    fn twins(&mut self, scope: &mut Scope, depth: usize) {
        let name = self.name();
        let child = self.program(depth + 1);
        let branch = |twin: usize| {
            let (start, caught) = (format!("{name}.{twin}"), format!("{name}.{twin}.end"));
            let taken = "StepFunctions.ExecutionAlreadyExistsException";
            json!({ "StartAt": start, "States": {
                start: {
                    "Type": "Task", "Resource": "arn:aws:states:::states:startExecution",
                    "Parameters": {
                        "StateMachineArn": machine_arn(&child.name), "Input": {},
                        "Name.$": format!("States.Format('{name}-{{}}', $$.Execution.Name)"),
                    },
                    "ResultSelector": { "started": true },
                    "Catch": [{ "ErrorEquals": [taken], "Next": caught }],
                    "End": true,
                },
                caught: { "Type": "Pass", "Result": { "started": false }, "End": true },
            } })
        };
        let state = json!({
            "Type": "Parallel", "Parameters": {}, "Branches": [branch(0), branch(1)],
        });
        let started = |is| Box::new(Pattern::Exactly(json!({ "started": is })));
        let mut errors = BTreeSet::new();
        if self.may_lose {
            errors.insert(lost("StepFunctions"));
        }
        let mut success = vec![Pattern::One(started(true), started(false))];
        if self.may_redo {
            success.push(Pattern::Array(vec![*started(false), *started(false)]));
        }
        let success = Some(Pattern::AnyOf(success));
        self.guarded(scope, &name, state, Expected::of(success, errors), &[]);
    }
}

impl Scope {
    /// Appends a state.
    fn push(&mut self, name: String, state: Value) {
        if let Some(last) = &self.last {
            self.states[last]["Next"] = json!(name);
        }
        self.first.get_or_insert_with(|| name.clone());
        self.last = Some(name.clone());
        self.states.insert(name, state);
    }
}

/// The scope as a definition has it.
fn finished(mut scope: Scope) -> (Value, Expected) {
    let last = scope.last.unwrap();
    if scope.states[&last]["Type"] != "Fail" {
        scope.states[&last]["End"] = json!(true);
    }
    let expected = Expected {
        success: (!scope.is_over).then(|| Pattern::Object(scope.members)),
        errors: scope.errors,
        is_open: false,
    };
    (
        json!({ "StartAt": scope.first, "States": scope.states }),
        expected,
    )
}

/// A task that calls the function of its own name.
fn function(name: &str) -> Value {
    json!({
        "Type": "Task", "Resource": format!("arn:aws:lambda:us-east-1:123456789012:function:{name}"),
    })
}
