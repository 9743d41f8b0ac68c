//! What performs the tasks of the local server.

use super::{Arguments, template::Place};
use crate::{
    invoker::LocalInvoker,
    mock::{MockFile, TestCases},
    services::Services,
};

/// What performs tasks, and what people are told of it.
pub(super) async fn invoker(
    arguments: &Arguments,
    place: &Place,
    own_port: u16,
) -> anyhow::Result<(LocalInvoker, String)> {
    let services = Services::connect(&arguments.services, &place.region, Some(own_port)).await?;
    let others = match services.about() {
        None if arguments.lambdas.is_empty() => {
            Some("nothing (--lambda NAME=TARGET, or --aws account|URL)".into())
        }
        about => about.map(str::to_owned),
    };
    let mut invoker = LocalInvoker::new(&arguments.lambdas, services)?.with_api();
    if let Some(file) = &arguments.mock {
        let cases = TestCases::new(MockFile::read(file)?, arguments.case.clone())?;
        invoker = invoker.with_test_cases(cases);
    }
    let mut tasks = arguments.lambdas.clone();
    tasks.extend(others);
    Ok((invoker, tasks.join(", ")))
}

/// What people are told of mocks.
pub(super) fn mocks(arguments: &Arguments) -> Option<String> {
    let file = arguments.mock.as_ref()?.display();
    Some(match &arguments.case {
        Some(case) => format!("{file}: test case {case}, or that of MACHINE#CASE"),
        None => format!("{file}: the test case of MACHINE#CASE"),
    })
}
