//! Test cases of a server: which one each execution has.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use anyhow::{Context, ensure};
use segno_asl::definition::MachineType;
use segno_engine::catalog::Machine;

use super::{MockFile, Mocks};

/// A file of mocks, and the test case of each execution.
pub(crate) struct TestCases {
    file: MockFile,
    /// The test case of executions that name none.
    default: Option<String>,
    executions: Mutex<HashMap<Execution, Option<Arc<Mocks>>>>,
}

/// An execution, by the name of its state machine and its own.
type Execution = (String, String);

impl TestCases {
    /// The test cases of a file. `default` is for executions that name none; a state machine without a
    /// test case of that name is not mocked.
    pub(crate) fn new(file: MockFile, default: Option<String>) -> anyhow::Result<Self> {
        for (machine, case) in file.cases() {
            file.case(machine, case)
                .with_context(|| format!("{}: the test case `{case}` of `{machine}`", file.name))?;
        }
        if let Some(default) = &default {
            ensure!(
                file.cases().any(|(_, case)| case == default),
                "{}: no state machine has a test case `{default}`",
                file.name
            );
        }
        Ok(Self {
            file,
            default,
            executions: Mutex::default(),
        })
    }

    /// Gives an execution that is about to start its test case.
    pub(crate) fn prepare(
        &self,
        machine: &Machine,
        name: &str,
        test_case: &str,
    ) -> Result<(), String> {
        let mocks = self.file.case(&machine.name, test_case);
        let mocks = mocks.map_err(|error| format!("{error:#}"))?;
        let execution = (machine.name.clone(), name.to_owned());
        let mut executions = self.executions();
        let is_again =
            machine.machine_type == MachineType::Standard && executions.contains_key(&execution);
        // The same start again is the same execution, which has counted already.
        if !is_again {
            executions.insert(execution, Some(mocks.into()));
        }
        Ok(())
    }

    /// The mocks of an execution, which know how often each state was invoked.
    pub(crate) fn of(&self, execution_arn: &str) -> Option<Arc<Mocks>> {
        // `arn:aws:states:REGION:ACCOUNT:execution:MACHINE:NAME`, or `express` and one part more.
        let mut parts = execution_arn.split(':').skip(6).map(str::to_owned);
        let execution = (parts.next()?, parts.next()?);
        let mut executions = self.executions();
        let default = || self.default_case(&execution.0).map(Arc::new);
        let mocks = executions.entry(execution.clone()).or_insert_with(default);
        mocks.clone()
    }

    /// The mocks of executions of a state machine that name no test case.
    fn default_case(&self, machine: &str) -> Option<Mocks> {
        let case = self.default.as_deref()?;
        let is_there = self.file.cases().any(|known| known == (machine, case));
        // All of them were read when the file was.
        self.file.case(machine, case).ok().filter(|_| is_there)
    }

    fn executions(&self) -> MutexGuard<'_, HashMap<Execution, Option<Arc<Mocks>>>> {
        self.executions
            .lock()
            .expect("nothing panics under the lock")
    }
}

#[cfg(test)]
mod tests {
    use segno_interpreter::{event::Timestamp, payload::Payload};
    use serde_json::json;

    use super::*;

    const PREFIX: &str = "arn:aws:states:us-east-1:123456789012";

    fn machine(machine_type: MachineType) -> Machine {
        let arn = format!("{PREFIX}:stateMachine:order");
        let machine = Machine::new(arn, "order", "{}", "role", Timestamp(0));
        Machine {
            machine_type,
            ..machine
        }
    }

    fn cases(default: Option<&str>) -> anyhow::Result<TestCases> {
        let answers = json!({ "0": { "Return": 1 }, "1": { "Return": 2 } });
        let configuration = json!({
            "StateMachines": {
                "order": { "TestCases": { "Good": { "Pay": "Answers" }, "Bad": { "Pay": "No" } } },
            },
            "MockedResponses": { "Answers": answers, "No": { "0": { "Return": "no" } } },
        });
        let file = MockFile {
            name: "mock.json".into(),
            configuration: serde_json::from_value(configuration).unwrap(),
        };
        TestCases::new(file, default.map(str::to_owned))
    }

    fn answer(cases: &TestCases, execution: &str) -> Option<Payload> {
        let mocks = cases.of(&format!("{PREFIX}:{execution}"))?;
        mocks.answer("Pay").map(Result::unwrap)
    }

    #[test]
    fn each_execution_counts_the_invocations_of_its_own_test_case() {
        let cases = cases(None).unwrap();
        let order = machine(MachineType::Standard);
        for name in ["one", "two"] {
            cases.prepare(&order, name, "Good").unwrap();
        }
        assert_eq!(answer(&cases, "execution:order:one"), Some(json!(1).into()));
        assert_eq!(answer(&cases, "execution:order:two"), Some(json!(1).into()));
        cases.prepare(&order, "one", "Bad").unwrap();
        let again = answer(&cases, "execution:order:one");
        assert_eq!(again, Some(json!(2).into()), "the first start counts");
        let order = machine(MachineType::Express);
        cases.prepare(&order, "one", "Bad").unwrap();
        assert_eq!(
            answer(&cases, "express:order:one:id"),
            Some(json!("no").into())
        );
    }

    #[test]
    fn without_a_test_case_the_default_counts_where_there_is_one_of_its_name() {
        assert_eq!(answer(&cases(None).unwrap(), "execution:order:one"), None);
        let cases = cases(Some("Bad")).unwrap();
        assert_eq!(
            answer(&cases, "execution:order:one"),
            Some(json!("no").into())
        );
        assert_eq!(answer(&cases, "execution:refund:one"), None);
    }

    #[test]
    fn a_test_case_that_is_not_there_is_refused() {
        assert!(cases(Some("Lost")).is_err());
        let order = machine(MachineType::Standard);
        let refused = cases(None).unwrap().prepare(&order, "one", "Lost");
        assert_eq!(
            refused.unwrap_err(),
            "the state machine `order` has no test case `Lost`, but `Bad`, `Good`"
        );
    }
}
