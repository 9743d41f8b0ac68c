//! Mocked tasks, in the configuration format of Step Functions Local.
//!
//! AWS: [Testing with mocked service integrations](https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-test-sm-exec.html).

mod cases;

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
    sync::Mutex,
};

use anyhow::{Context, bail, ensure};
use segno_asl::errors::StateError;
use segno_interpreter::{event::Outcome, payload::Payload};
use serde::Deserialize;
use serde_json::Value;

pub(crate) use self::cases::TestCases;

/// A file of mocks.
pub(crate) struct MockFile {
    /// What messages call it.
    pub(crate) name: String,
    configuration: Configuration,
}

/// What the tasks of one test case answer, by the name of their state.
#[derive(Default)]
pub(crate) struct Mocks {
    states: HashMap<String, Responses>,
}

/// The responses of one state, in order.
struct Responses {
    /// The first and the last invocation that each is for, counted from 0.
    ranges: Vec<((u64, u64), Response)>,
    invocations: Mutex<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Configuration {
    state_machines: BTreeMap<String, Machine>,
    mocked_responses: BTreeMap<String, BTreeMap<String, Response>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Machine {
    test_cases: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
enum Response {
    Return(Value),
    Throw {
        #[serde(rename = "Error")]
        error: String,
        #[serde(rename = "Cause", default)]
        cause: String,
    },
}

impl MockFile {
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let name = file.display().to_string();
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
        let configuration: Configuration = serde_json::from_str(&text)
            .with_context(|| format!("{name} is no mock configuration"))?;
        Ok(Self {
            name,
            configuration,
        })
    }

    /// The mocks of a test case. The state machine is the one of that name, else the one that is
    /// called as the definition's file, else the only one.
    pub(crate) fn mocks(
        &self,
        case: &str,
        name: Option<&str>,
        definition: &str,
    ) -> anyhow::Result<Mocks> {
        machine(&self.configuration.state_machines, name, definition)
            .and_then(|(name, _)| self.case(name, case))
            .with_context(|| self.name.clone())
    }

    /// The mocks of a test case of a state machine.
    fn case(&self, name: &str, case: &str) -> anyhow::Result<Mocks> {
        let machines = &self.configuration.state_machines;
        let (_, machine) = machine(machines, Some(name), name)?;
        let states = machine.test_cases.get(case).with_context(|| {
            let known: Vec<&str> = machine.test_cases.keys().map(String::as_str).collect();
            format!(
                "the state machine `{name}` has no test case `{case}`, but {}",
                listed(&known)
            )
        })?;
        let mut mocks = Mocks::default();
        for (state, response) in states {
            let responses = self.configuration.mocked_responses.get(response);
            let responses = responses.with_context(|| {
                format!("the state `{state}` names the response `{response}`, which is not in MockedResponses")
            })?;
            let responses = Responses::parse(responses)
                .with_context(|| format!("the response `{response}`"))?;
            mocks.states.insert(state.clone(), responses);
        }
        Ok(mocks)
    }

    /// Each state machine with each of its test cases.
    fn cases(&self) -> impl Iterator<Item = (&str, &str)> {
        let machines = self.configuration.state_machines.iter();
        machines.flat_map(|(name, machine)| {
            let cases = machine.test_cases.keys();
            cases.map(move |case| (name.as_str(), case.as_str()))
        })
    }
}

impl Mocks {
    /// Whether a state is mocked.
    pub(crate) fn has(&self, state: &str) -> bool {
        self.states.contains_key(state)
    }

    /// The names of the states that are mocked.
    pub(crate) fn states(&self) -> impl Iterator<Item = &str> {
        self.states.keys().map(String::as_str)
    }

    /// What a state answers to its next invocation; `None` if it is not mocked.
    pub(crate) fn answer(&self, state: &str) -> Option<Outcome> {
        self.states.get(state).map(Responses::next)
    }
}

fn machine<'a>(
    machines: &'a BTreeMap<String, Machine>,
    name: Option<&str>,
    definition: &str,
) -> anyhow::Result<(&'a str, &'a Machine)> {
    let known: Vec<&str> = machines.keys().map(String::as_str).collect();
    let found = match name {
        Some(name) => machines.get_key_value(name),
        None => machines.get_key_value(definition).or_else(|| {
            let mut all = machines.iter();
            all.next().filter(|_| all.next().is_none())
        }),
    };
    let (name, machine) = found.with_context(|| match name {
        Some(name) => format!("there is no state machine `{name}`, but {}", listed(&known)),
        None => format!(
            "no state machine is called `{definition}`: choose with --name from {}",
            listed(&known)
        ),
    })?;
    Ok((name, machine))
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if quoted.is_empty() {
        "none".into()
    } else {
        quoted.join(", ")
    }
}

impl Responses {
    /// Reads `{"0": …, "1-3": …}`: each key is an invocation or a range of them.
    fn parse(responses: &BTreeMap<String, Response>) -> anyhow::Result<Self> {
        let mut ranges = Vec::with_capacity(responses.len());
        for (key, response) in responses {
            let range = range(key).with_context(|| {
                format!(
                    "`{key}` is no invocation: it must be a number or two, as in \"0\" or \"1-3\""
                )
            })?;
            ranges.push((range, response.clone()));
        }
        ranges.sort_by_key(|(range, _)| *range);
        ensure!(!ranges.is_empty(), "it has no invocation, not even \"0\"");
        let mut expected = 0;
        for ((first, last), _) in &ranges {
            if *first != expected {
                bail!("the invocation {expected} is missing, or given twice");
            }
            expected = last + 1;
        }
        Ok(Self {
            ranges,
            invocations: Mutex::new(0),
        })
    }

    /// The response to the next invocation. Those beyond the last one get that of the last.
    fn next(&self) -> Outcome {
        let mut invocations = self
            .invocations
            .lock()
            .expect("nothing panics under the lock");
        let invocation = *invocations;
        *invocations += 1;
        let holds =
            |((first, last), _): &&((u64, u64), Response)| (*first..=*last).contains(&invocation);
        let last = self.ranges.last().expect("there is at least one");
        match &self.ranges.iter().find(holds).unwrap_or(last).1 {
            Response::Return(result) => Ok(Payload::from(result.clone())),
            Response::Throw { error, cause } => Err(StateError::new(error, cause)),
        }
    }
}

fn range(key: &str) -> Option<(u64, u64)> {
    let (first, last) = key.split_once('-').unwrap_or((key, key));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last && last < u64::MAX).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file(configuration: Value) -> MockFile {
        MockFile {
            name: "mock.json".into(),
            configuration: serde_json::from_value(configuration).unwrap(),
        }
    }

    fn mocks(responses: Value) -> anyhow::Result<Mocks> {
        let configuration = json!({
            "StateMachines": { "order": { "TestCases": { "case": { "Pay": "Answers" } } } },
            "MockedResponses": { "Answers": responses },
        });
        file(configuration).mocks("case", None, "order")
    }

    fn error(outcome: anyhow::Result<Mocks>) -> String {
        format!("{:#}", outcome.err().unwrap())
    }

    #[test]
    fn invocations_get_their_responses_and_the_last_one_is_repeated() {
        let throw = json!({ "Throw": { "Error": "E", "Cause": "c" } });
        let mocks =
            mocks(json!({ "0": throw, "1-2": { "Return": 7 }, "3": { "Return": null } })).unwrap();
        assert_eq!(mocks.answer("Pay").unwrap(), Err(StateError::new("E", "c")));
        for expected in [json!(7), json!(7), json!(null), json!(null)] {
            assert_eq!(mocks.answer("Pay").unwrap(), Ok(Payload::from(expected)));
        }
        assert_eq!(mocks.answer("Ship"), None);
    }

    #[test]
    fn a_gap_between_invocations_is_refused() {
        let message = error(mocks(json!({ "0": { "Return": 1 }, "2": { "Return": 2 } })));
        assert_eq!(
            message,
            "mock.json: the response `Answers`: the invocation 1 is missing, or given twice"
        );
        assert!(
            error(mocks(json!({ "first": { "Return": 1 } }))).contains("`first` is no invocation")
        );
        assert!(error(mocks(json!({}))).contains("it has no invocation"));
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        let of = |case, name, definition| {
            let file = file(json!({
                "StateMachines": {
                    "order": { "TestCases": { "good": { "Pay": "Nothing" } } },
                    "refund": { "TestCases": {} },
                },
                "MockedResponses": {},
            }));
            error(file.mocks(case, name, definition))
        };
        assert!(of("bad", None, "order").contains("no test case `bad`, but `good`"));
        assert!(of("good", None, "other").contains("choose with --name from `order`, `refund`"));
        assert!(
            of("good", Some("x"), "order").contains("no state machine `x`, but `order`, `refund`")
        );
        assert!(of("good", None, "order").contains("names the response `Nothing`"));
    }
}
