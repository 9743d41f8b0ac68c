//! What the environment says, in the variables that every AWS tool knows.

use std::env;

use crate::endpoint::Endpoint;

/// The region that ARNs are made in, unless told otherwise.
pub(crate) const REGION_DEFAULT: &str = "us-east-1";

/// The account that ARNs are made in, unless told otherwise.
pub(crate) const ACCOUNT_DEFAULT: &str = "123456789012";

/// The port that `segno dev` listens on, unless told otherwise: that of Step Functions Local.
pub(crate) const PORT_DEFAULT: u16 = 8083;

/// `AWS_REGION`, then `AWS_DEFAULT_REGION`.
pub(crate) fn region() -> String {
    first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).map_or(REGION_DEFAULT.into(), |(_, region)| region)
}

/// `AWS_ACCOUNT_ID`.
pub(crate) fn account_id() -> String {
    first(&["AWS_ACCOUNT_ID"]).map_or(ACCOUNT_DEFAULT.into(), |(_, account)| account)
}

/// `AWS_ENDPOINT_URL` and the endpoints of single services, with their variables' names.
pub(crate) fn endpoints() -> Vec<(String, String)> {
    let mut endpoints: Vec<_> = env::vars()
        .filter(|(name, value)| name.starts_with("AWS_ENDPOINT_URL") && !value.is_empty())
        .collect();
    endpoints.sort();
    endpoints
}

/// A variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where the Step Functions API is: `AWS_ENDPOINT_URL_SFN`, then `AWS_ENDPOINT_URL`, then where
/// `segno dev` is unless told otherwise.
pub(crate) fn states_endpoint() -> anyhow::Result<Endpoint> {
    let (variable, url) = first(&["AWS_ENDPOINT_URL_SFN", "AWS_ENDPOINT_URL"])
        .unwrap_or_else(|| ("the default", format!("http://localhost:{PORT_DEFAULT}")));
    Endpoint::parse(&url).map_err(|error| anyhow::anyhow!("{variable}: {error}"))
}

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, or some that no service takes.
pub(crate) fn credentials() -> (String, String, Option<String>) {
    let unset = || "segno".to_owned();
    (
        variable("AWS_ACCESS_KEY_ID").unwrap_or_else(unset),
        variable("AWS_SECRET_ACCESS_KEY").unwrap_or_else(unset),
        variable("AWS_SESSION_TOKEN"),
    )
}

/// The first of the variables that is set and not empty.
fn first(names: &[&'static str]) -> Option<(&'static str, String)> {
    names.iter().find_map(|name| Some((*name, variable(name)?)))
}
