//! What performs the tasks of the local server.

use super::{Arguments, template::Place};
use crate::{
    aws,
    invoker::LocalInvoker,
    mock::{MockFile, TestCases},
};

/// What performs tasks, and what people are told of it.
pub(super) async fn invoker(
    arguments: &Arguments,
    place: &Place,
    own_port: u16,
) -> anyhow::Result<(LocalInvoker, String)> {
    let aws = aws::connect(arguments.aws.as_ref(), &place.region, Some(own_port)).await?;
    let others = match aws.about {
        None if arguments.lambdas.is_empty() => {
            Some("nothing (--lambda NAME=TARGET, or --aws account|URL)".into())
        }
        about => about,
    };
    let mut invoker = LocalInvoker::new(&arguments.lambdas, aws.clients)?.with_api();
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
