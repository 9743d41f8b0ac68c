//! What performs the tasks of the local server.

use segno_integrations::lambda::{Endpoint, Lambda};

use super::{Arguments, guard, template::Place};
use crate::{
    environment,
    invoker::LocalInvoker,
    mock::{MockFile, TestCases},
    services::Services,
};

/// What performs tasks, and what people are told of it.
pub(super) fn invoker(
    arguments: &Arguments,
    place: &Place,
    own_port: u16,
) -> anyhow::Result<(LocalInvoker, String)> {
    let endpoint = environment::lambda_endpoint()?.filter(|found| is_other(found, own_port));
    let apis = environment::api_endpoint()?.filter(|(_, url)| !is_own(url, own_port));
    let others = match &endpoint {
        Some((variable, endpoint)) => format!("functions at {endpoint} ({variable})"),
        None if arguments.lambdas.is_empty() => {
            "nothing (--lambda NAME=TARGET, or AWS_ENDPOINT_URL_LAMBDA)".into()
        }
        None => String::new(),
    };
    let lambda = endpoint.map(|(_, endpoint)| {
        Lambda::new(endpoint, place.region.clone(), environment::credentials())
    });
    let apis = apis.map(|(_, endpoint)| endpoint);
    let services = Services::new(&arguments.services, &place.region, apis)?;
    let mut invoker = LocalInvoker::new(&arguments.lambdas, lambda, services)?.with_api();
    if let Some(file) = &arguments.mock {
        let cases = TestCases::new(MockFile::read(file)?, arguments.case.clone())?;
        invoker = invoker.with_test_cases(cases);
    }
    let mut tasks = arguments.lambdas.clone();
    tasks.extend(Some(others).filter(|others| !others.is_empty()));
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

/// An endpoint that is this server itself is no Lambda: whoever exports `AWS_ENDPOINT_URL` for the AWS CLI
/// has it in this shell, too.
fn is_other((variable, endpoint): &(&str, Endpoint), own_port: u16) -> bool {
    let is_own = is_own(endpoint, own_port);
    if is_own {
        eprintln!("{variable}={endpoint} is this server: it is not used for Lambda");
    }
    !is_own
}

fn is_own(endpoint: &Endpoint, own_port: u16) -> bool {
    let text = endpoint.to_string();
    let authority = text.strip_prefix("http://").unwrap_or(&text);
    let authority = authority.split('/').next().unwrap_or(authority);
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    port.parse() == Ok(own_port) && guard::is_loopback(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own(url: &str) -> bool {
        super::is_own(&Endpoint::parse(url).unwrap(), 8083)
    }

    #[test]
    fn this_server_is_no_lambda_by_any_of_its_names() {
        for url in [
            "http://localhost:8083",
            "http://127.0.0.1:8083/",
            "http://[::1]:8083",
            "http://sfn.localhost:8083",
        ] {
            assert!(is_own(url), "{url}");
        }
    }

    #[test]
    fn another_port_or_another_host_may_be_lambda() {
        for url in [
            "http://localhost:9000",
            "http://localhost",
            "http://lambda.test:8083",
        ] {
            assert!(!is_own(url), "{url}");
        }
    }
}
