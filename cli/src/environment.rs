//! What the environment says, in the variables that every AWS tool knows.

use std::env;

use segno_integrations::lambda::{Credentials, Endpoint};

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

/// Where Lambda is: `AWS_ENDPOINT_URL_LAMBDA`, then `AWS_ENDPOINT_URL`. With the variable's name.
pub(crate) fn lambda_endpoint() -> anyhow::Result<Option<(&'static str, Endpoint)>> {
    endpoint("AWS_ENDPOINT_URL_LAMBDA")
}

/// Where the APIs of API Gateway are: `AWS_ENDPOINT_URL_EXECUTE_API`, then `AWS_ENDPOINT_URL`. With the
/// variable's name.
pub(crate) fn api_endpoint() -> anyhow::Result<Option<(&'static str, Endpoint)>> {
    endpoint("AWS_ENDPOINT_URL_EXECUTE_API")
}

/// The endpoint of a service, or else that of all of them.
fn endpoint(own: &'static str) -> anyhow::Result<Option<(&'static str, Endpoint)>> {
    let Some((variable, url)) = first(&[own, "AWS_ENDPOINT_URL"]) else {
        return Ok(None);
    };
    let endpoint = Endpoint::parse(&url).map_err(|error| anyhow::anyhow!("{variable}: {error}"))?;
    Ok(Some((variable, endpoint)))
}

/// Where the Step Functions API is: `AWS_ENDPOINT_URL_SFN`, then `AWS_ENDPOINT_URL`, then where
/// `segno dev` is unless told otherwise.
pub(crate) fn states_endpoint() -> anyhow::Result<Endpoint> {
    let (variable, url) = first(&["AWS_ENDPOINT_URL_SFN", "AWS_ENDPOINT_URL"])
        .unwrap_or_else(|| ("the default", format!("http://localhost:{PORT_DEFAULT}")));
    Endpoint::parse(&url).map_err(|error| anyhow::anyhow!("{variable}: {error}"))
}

/// The credentials of the environment, or some that no service takes.
pub(crate) fn credentials() -> Credentials {
    let variable = |name: &'static str| first(&[name]).map(|(_, value)| value);
    let unset = || "segno".to_owned();
    Credentials {
        access_key_id: variable("AWS_ACCESS_KEY_ID").unwrap_or_else(unset),
        secret_access_key: variable("AWS_SECRET_ACCESS_KEY").unwrap_or_else(unset),
        session_token: variable("AWS_SESSION_TOKEN"),
    }
}

/// The first of the variables that is set and not empty.
fn first(names: &[&'static str]) -> Option<(&'static str, String)> {
    names.iter().find_map(|name| {
        let value = env::var(name).ok().filter(|value| !value.is_empty())?;
        Some((*name, value))
    })
}
