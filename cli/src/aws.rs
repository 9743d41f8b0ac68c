//! Which AWS the tasks call: that of the environment's credentials, something that stands in for it, or
//! none.

use std::{collections::BTreeMap, str::FromStr};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::{rt::sleep::TokioSleep, time::SystemTimeSource};
use aws_smithy_http_client::{
    Builder,
    tls::{self, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use segno_asl::limits;
use segno_integrations::{
    api_gateway,
    aws::{Clients, Limits, Reach},
};

use crate::{dev::guard, endpoint::Endpoint, environment};

/// What `--aws` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// No call leaves this machine.
    None,
    /// The account of the environment's credentials.
    Account,
    /// Something that stands in for AWS.
    Endpoint(Endpoint),
}

/// The AWS that tasks call.
pub(crate) struct Aws {
    pub(crate) clients: Clients,
    /// How the APIs of API Gateway are called, if they may be.
    pub(crate) apis: Option<api_gateway::Config>,
    /// What people are told of it, if there is any.
    pub(crate) about: Option<String>,
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            "account" => Ok(Self::Account),
            url => Endpoint::parse(url).map(Self::Endpoint).map_err(|_| {
                "it must be none, account, or the URL of what stands in for AWS".into()
            }),
        }
    }
}

/// The AWS of a choice; without one, what the environment's endpoints say. Step Functions is this server
/// itself, if there is one, at `own_port`.
pub(crate) async fn connect(
    choice: Option<&Choice>,
    region: &str,
    own_port: Option<u16>,
) -> anyhow::Result<Aws> {
    let mut overrides = Overrides {
        own_port,
        ..Overrides::default()
    };
    let mut reach = Reach::ConfiguredEndpoints;
    let (mut config, about) = match choice {
        Some(Choice::None) => (local(region), None),
        Some(Choice::Account) => {
            reach = Reach::Everywhere;
            let about = "AWS, with the credentials of the environment".to_owned();
            (account(region).await, Some(about))
        }
        Some(Choice::Endpoint(endpoint)) => {
            overrides.general = Some(endpoint.clone());
            (local(region), Some(format!("AWS at {endpoint}")))
        }
        None => {
            overrides.read_environment()?;
            let about = overrides.about();
            (local(region), about)
        }
    };
    config.set_endpoint_url(overrides.general.as_ref().map(ToString::to_string));
    let endpoint_of_apis = overrides.of(APIS_VARIABLE);
    let config = config.service_config(overrides).build();
    let apis =
        (reach == Reach::Everywhere || endpoint_of_apis.is_some()).then_some(api_gateway::Config {
            endpoint: endpoint_of_apis,
            response_bytes_max: limits::PAYLOAD_BYTES_MAX,
        });
    Ok(Aws {
        clients: Clients::new(config, reach, Limits::default()),
        apis,
        about,
    })
}

/// A configuration with the credentials that any AWS tool would find.
async fn account(region: &str) -> aws_types::sdk_config::Builder {
    of_tools(Some(region.to_owned())).await.into_builder()
}

/// The configuration that any AWS tool would find: credentials, region and endpoints.
pub(crate) async fn of_tools(region: Option<String>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client());
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    loader.load().await
}

/// A configuration with the environment's credentials, or some that no service of AWS takes.
fn local(region: &str) -> aws_types::sdk_config::Builder {
    let (id, secret, token) = environment::credentials();
    let credentials = Credentials::new(id, secret, token, None, "environment");
    SdkConfig::builder()
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client())
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new())
}

fn http_client() -> SharedHttpClient {
    Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

/// Endpoints of services. One that is this server itself is none but that of Step Functions: whoever
/// exports `AWS_ENDPOINT_URL` for the AWS CLI has it in this shell, too.
#[derive(Debug, Default)]
struct Overrides {
    general: Option<Endpoint>,
    /// By the variable that names them.
    of_services: BTreeMap<String, Endpoint>,
    own_port: Option<u16>,
}

const ENDPOINT_VARIABLE: &str = "AWS_ENDPOINT_URL";
const STATES_VARIABLE: &str = "AWS_ENDPOINT_URL_SFN";
const APIS_VARIABLE: &str = "AWS_ENDPOINT_URL_EXECUTE_API";

impl Overrides {
    fn read_environment(&mut self) -> anyhow::Result<()> {
        for (variable, url) in environment::endpoints() {
            let endpoint =
                Endpoint::parse(&url).map_err(|error| anyhow::anyhow!("{variable}: {error}"))?;
            if is_own(&endpoint, self.own_port) {
                eprintln!(
                    "{variable}={endpoint} is this server: tasks call it for Step Functions only"
                );
            } else if variable == ENDPOINT_VARIABLE {
                self.general = Some(endpoint);
            } else {
                self.of_services.insert(variable, endpoint);
            }
        }
        Ok(())
    }

    /// The endpoint of a service, or else that of all.
    fn of(&self, variable: &str) -> Option<String> {
        let own = self.of_services.get(variable);
        own.or(self.general.as_ref()).map(ToString::to_string)
    }

    fn about(&self) -> Option<String> {
        let general = self
            .general
            .iter()
            .map(|endpoint| format!("AWS at {endpoint} ({ENDPOINT_VARIABLE})"));
        let of_services = self.of_services.iter();
        let of_services =
            of_services.map(|(variable, endpoint)| format!("{endpoint} ({variable})"));
        let all: Vec<String> = general.chain(of_services).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

impl LoadServiceConfig for Overrides {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_ascii_uppercase().replace(' ', "_");
        let variable = format!("{ENDPOINT_VARIABLE}_{service}");
        match self.of_services.get(&variable) {
            Some(endpoint) => Some(endpoint.to_string()),
            None if variable == STATES_VARIABLE => {
                self.own_port.map(|port| format!("http://127.0.0.1:{port}"))
            }
            None => None,
        }
    }
}

fn is_own(endpoint: &Endpoint, own_port: Option<u16>) -> bool {
    let text = endpoint.to_string();
    let authority = text.strip_prefix("http://").unwrap_or(&text);
    let authority = authority.split('/').next().unwrap_or(authority);
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    own_port.is_some() && port.parse().ok() == own_port && guard::is_loopback(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own(url: &str) -> bool {
        super::is_own(&Endpoint::parse(url).unwrap(), Some(8083))
    }

    #[test]
    fn this_server_is_no_aws_by_any_of_its_names() {
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
    fn another_port_or_another_host_may_be_aws() {
        for url in [
            "http://localhost:9000",
            "http://localhost",
            "http://aws.test:8083",
        ] {
            assert!(!is_own(url), "{url}");
        }
    }

    #[test]
    fn the_choice_is_none_the_account_or_a_url() {
        assert_eq!("none".parse(), Ok(Choice::None));
        assert_eq!("account".parse(), Ok(Choice::Account));
        let endpoint = Endpoint::parse("http://127.0.0.1:4566").unwrap();
        assert_eq!(
            "http://127.0.0.1:4566".parse(),
            Ok(Choice::Endpoint(endpoint))
        );
        assert!("moto".parse::<Choice>().is_err());
    }
}
