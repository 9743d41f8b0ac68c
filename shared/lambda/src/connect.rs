//! The engine and the API of a stack.

use std::{sync::Arc, time::Duration};

use aws_config::BehaviorVersion;
use aws_smithy_http_client::{
    Builder,
    tls::{self, rustls_provider::CryptoMode},
};
use aws_types::{SdkConfig, region::Region};
use segno_api::{Api, Config as ApiConfig};
use segno_asl::limits;
use segno_aws::{
    AwsBackend, Options,
    tasks::{AwsInvoker, MachineRoles},
};
use segno_engine::{Config, Engine, clock::SystemClock, status::StatusChanges};
use segno_integrations::{
    api_gateway,
    aws::{Clients, Limits, Reach},
    eks, http,
    services::Services,
    tasks::{self, ConnectionSource, Tasks},
};

use crate::{AwsApi, AwsEngine, Environment, KeyRing, metrics::Metrics, status::EventBus};

/// How long the worker of an activity waits for a task: API Gateway waits no longer than 30 seconds.
const ACTIVITY_PATIENCE: Duration = Duration::from_secs(20);

/// How long claims hold without being renewed.
const CLAIM_LIFETIME: Duration = Duration::from_secs(60);

/// The longest that a call may take: an invocation takes 15 minutes, and something else has to be done in
/// it, too.
const CALL_TIME_MAX: Duration = Duration::from_secs(14 * 60);

/// Attempts of one execution that an invocation performs at the same time.
const ATTEMPTS_MAX: usize = 100;

/// How long a receive waits while an invocation waits for calls: it ends no later than the calls by more
/// than that.
const POLL: Duration = Duration::from_secs(2);

/// Connects to what the environment names. Nothing is sent yet.
pub async fn connect(environment: &Environment) -> AwsApi {
    api(&configuration(environment).await, environment)
}

/// The same, and the keys of the stack if it has any.
pub async fn connect_with_keys(environment: &Environment) -> (AwsApi, Option<KeyRing>) {
    let config = configuration(environment).await;
    let keys = environment.keys_secret.as_ref().map(|secret| {
        let clients = Clients::new(config.clone(), Reach::Everywhere, Limits::default());
        KeyRing::new(Services::new(clients), secret, &environment.region)
    });
    (api(&config, environment), keys)
}

async fn configuration(environment: &Environment) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(environment.region.clone()))
        .http_client(
            Builder::new()
                .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
                .build_https(),
        )
        .load()
        .await
}

fn api(config: &SdkConfig, environment: &Environment) -> AwsApi {
    let api = ApiConfig {
        region: environment.region.clone(),
        account_id: environment.account_id.clone(),
        check_result: segno_integrations::results::check,
        roles: environment.roles.clone(),
        activity_patience: ACTIVITY_PATIENCE,
    };
    Api::new(engine(config, environment), api)
}

fn engine(config: &SdkConfig, environment: &Environment) -> AwsEngine {
    let options = Options {
        retention: environment.retention,
        delay_max: environment.delay_max,
        poll: POLL,
        ..Options::default()
    };
    let backend = AwsBackend::new(config, environment.places.clone(), options);
    let invoker = AwsInvoker::new(tasks(config, environment), MachineRoles::Assumed);
    let status_changes = environment.event_bus.clone().map(|bus| {
        let services = Arc::clone(invoker.tasks().services());
        Arc::new(EventBus::new(services, bus)) as Arc<dyn StatusChanges>
    });
    let settings = Config {
        claim_lifetime: Some(CLAIM_LIFETIME),
        call_time_max: Some(CALL_TIME_MAX),
        attempts_max: ATTEMPTS_MAX,
        bounds: environment.bounds,
        status_changes,
        ..Config::default()
    };
    let metrics = Metrics::new(environment.stack.clone());
    Engine::configured(backend, invoker, SystemClock, settings, metrics)
}

fn tasks(config: &SdkConfig, environment: &Environment) -> Tasks {
    let http = http::Config {
        reach: segno_integrations::Reach::Public,
        region: environment.region.clone(),
        response_bytes_max: limits::PAYLOAD_BYTES_MAX,
    };
    Tasks::new(tasks::Config {
        clients: Clients::new(config.clone(), Reach::Everywhere, Limits::default()),
        eks: eks::Config {
            reach: segno_integrations::Reach::Public,
            response_bytes_max: limits::PAYLOAD_BYTES_MAX,
        },
        apis: Some(api_gateway::Config {
            endpoint: None,
            response_bytes_max: limits::PAYLOAD_BYTES_MAX,
        }),
        http: Ok((http, ConnectionSource::Account)),
    })
}
