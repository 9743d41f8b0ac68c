//! The client of a service.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::{auth::sigv4, service_clock_skew};
use aws_smithy_runtime::client::{
    auth::no_auth::{NO_AUTH_SCHEME_ID, NoAuthScheme},
    defaults,
    http::connection_poisoning::ConnectionPoisoningInterceptor,
    identity::no_auth::NoAuthIdentityResolver,
    orchestrator,
};
use aws_smithy_runtime_api::client::{
    auth::SharedAuthScheme,
    endpoint::{EndpointFuture, EndpointResolverParams, ResolveEndpoint, SharedEndpointResolver},
    identity::SharedIdentityResolver,
    interceptors::{
        SharedInterceptor,
        context::{Error, Input},
    },
    orchestrator::{HttpResponse, OrchestratorError},
    result::SdkError,
    runtime_components::RuntimeComponentsBuilder,
    runtime_plugin::{RuntimePlugins, StaticRuntimePlugin},
};
use aws_smithy_schema::{
    protocol::{ServiceShapeName, ServiceVersion, ServiceXmlNamespace, SharedClientProtocol},
    serde::SerdeError,
};
use aws_smithy_types::{config_bag::Layer, endpoint::Endpoint, retry::RetryConfig};
use aws_types::{
    SdkConfig, SigningName,
    region::{Region, SigningRegion},
    service_config::ServiceConfigKey,
};
use segno_asl::errors::{StateError, names};
use serde_json::{Map, Value};

use super::{
    customizations,
    discovery::Discovered,
    endpoint::{self, Variant},
    error::{ErrorStyle, ServiceError},
    model::{Operation, Protocol, Service},
    operation::{Call, Response},
    roles::{Assumed, NotAssumed, Role},
    value::Naming,
};
use crate::sdk_error::client_error;

/// How large a message of a service may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a response's body. What comes after is not read.
    pub response_bytes_max: u64,
}

impl Default for Limits {
    /// Enough for whatever a state may have: that has 256 KiB, and is written longer on the wire.
    fn default() -> Self {
        Self {
            response_bytes_max: 4 << 20,
        }
    }
}

/// What may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Every service: at the endpoint that is configured for it, else at AWS's.
    Everywhere,
    /// Services with a configured endpoint. No call goes to AWS.
    ConfiguredEndpoints,
}

/// The clients of all services, each made when it is first wanted.
pub struct Clients {
    config: SdkConfig,
    reach: Reach,
    limits: Limits,
    made: Mutex<HashMap<&'static str, Arc<Client>>>,
    roles: Mutex<HashMap<Role, Arc<Clients>>>,
}

/// Roles whose clients are kept. Beyond that all are forgotten, and assumed anew.
const ROLES_MAX: usize = 200;

/// Calls the operations of one service.
///
/// The promise: one call is at most one request.
pub struct Client {
    service: &'static Service,
    protocol: SharedClientProtocol,
    plugins: RuntimePlugins,
    /// Where the service is, unless a call says otherwise.
    url: String,
    is_overridden: bool,
    limits: Limits,
    discovered: Discovered,
}

/// Why a call did not succeed.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The parameters do not fit the operation: no request was sent.
    Parameters(String),
    /// The service answered with an error.
    Service(Box<ServiceError>),
    /// The response is larger than it may be.
    TooLarge,
    /// The role under which it was to be made is not assumed: no request was sent.
    Role(String),
    /// There was no answer, or none that could be understood.
    Client(Box<dyn std::error::Error + Send + Sync>),
}

impl Clients {
    /// Clients with the credentials, the region and the endpoints of `config`.
    pub fn new(config: SdkConfig, reach: Reach, limits: Limits) -> Self {
        Self {
            config,
            reach,
            limits,
            made: Mutex::default(),
            roles: Mutex::default(),
        }
    }

    /// The same clients under a role, which these assume when it is needed.
    pub fn assuming(self: &Arc<Self>, role: Role) -> Arc<Self> {
        let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = roles.get(&role) {
            return Arc::clone(known);
        }
        if roles.len() >= ROLES_MAX {
            roles.clear();
        }
        let credentials = Assumed::new(role.clone(), Arc::clone(self));
        let config = self.config.to_builder();
        let config = config.credentials_provider(SharedCredentialsProvider::new(credentials));
        let assuming = Arc::new(Self::new(config.build(), self.reach, self.limits));
        roles.insert(role, Arc::clone(&assuming));
        assuming
    }

    /// What requests are signed with.
    pub fn credentials(&self) -> Option<SharedCredentialsProvider> {
        self.config.credentials_provider()
    }

    /// AWS's own endpoint of a service in the region of these clients, whatever else is configured.
    pub(crate) fn endpoint_of_aws(&self, service: &Service) -> endpoint::Endpoint {
        let variant = Variant {
            is_fips: false,
            is_dual_stack: false,
        };
        endpoint::resolve(service, region(&self.config).as_ref(), variant)
    }

    /// The client of a service.
    ///
    /// # Errors
    ///
    /// A sentence, for a service that cannot be called.
    pub fn of(&self, service: &'static Service) -> Result<Arc<Client>, String> {
        if let Some(why) = customizations::refusal(service) {
            return Err(format!("{} cannot be called: {why}", service.id));
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let client = made
            .entry(service.id)
            .or_insert_with(|| Arc::new(Client::new(service, &self.config, self.limits)));
        if self.reach == Reach::ConfiguredEndpoints && !client.is_overridden {
            let variable = service.id.to_ascii_uppercase().replace(' ', "_");
            return Err(format!(
                "{} is not to be called; let it be with --aws account, or give it an endpoint with \
                 --aws URL or AWS_ENDPOINT_URL_{variable}",
                service.id
            ));
        }
        Ok(Arc::clone(client))
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.service.id)
    }
}

impl Client {
    /// A client with the credentials, the region and the endpoint of `config`.
    pub fn new(service: &'static Service, config: &SdkConfig, limits: Limits) -> Self {
        let (url, signing_region, is_overridden) = target(service, config);
        let components = components(config, &url);
        let layer = layer(service, config, signing_region);
        let defaults = defaults::DefaultPluginParams::new()
            .with_retry_partition_name(service.id)
            .with_behavior_version(aws_config::BehaviorVersion::latest())
            .with_is_aws_sdk(true);
        Self {
            service,
            protocol: protocol(service),
            plugins: RuntimePlugins::new()
                .with_client_plugins(defaults::default_plugins(defaults))
                .with_client_plugin(
                    StaticRuntimePlugin::new()
                        .with_config(layer.freeze())
                        .with_runtime_components(components),
                ),
            url,
            is_overridden,
            limits,
            discovered: Discovered::default(),
        }
    }

    /// Calls an operation, with headers beyond those of its input.
    pub(crate) async fn call(
        &self,
        operation: &'static Operation,
        parameters: Map<String, Value>,
        naming: Naming,
        headers: &[(&'static str, String)],
    ) -> Result<Response, CallError> {
        let endpoint = match operation.flags.discovers_endpoint() && !self.is_overridden {
            true => Some(Box::pin(self.discovered_endpoint()).await?),
            false => None,
        };
        let call = Call {
            headers: headers.to_vec(),
            endpoint,
            ..self.prepared(operation, naming)
        };
        tracing::info!(
            service = self.service.id,
            operation = operation.name,
            url = self.url,
            "a service is called"
        );
        let plugins = self.plugins.clone().with_operation_plugin(call);
        let input = Input::erase(parameters);
        let called = orchestrator::invoke(self.service.id, operation.name, input, &plugins).await;
        match called {
            Ok(output) => output
                .downcast::<Response>()
                .map_err(|_| CallError::Client("the output of a call is a response".into())),
            Err(error) => Err(call_error(error)),
        }
    }

    /// The endpoint that the service wants this caller to use.
    async fn discovered_endpoint(&self) -> Result<String, CallError> {
        if let Some(known) = self.discovered.get() {
            return Ok(known);
        }
        let describe = self.service.operation("describeEndpoints");
        let describe = describe.ok_or_else(|| {
            CallError::Client("the service has no operation that tells its endpoint".into())
        })?;
        let response = self.call(describe, Map::new(), Naming::Sdk, &[]).await?;
        let endpoint = self.discovered.keep(&response.value);
        endpoint.ok_or_else(|| CallError::Client("the service told no endpoint".into()))
    }

    pub(crate) fn service(&self) -> &'static Service {
        self.service
    }

    /// An error of a response, as the task would fail.
    pub(crate) fn described(&self, error: OrchestratorError<Error>) -> String {
        let answered = error.as_operation_error();
        match answered.and_then(|error| error.downcast_ref::<ServiceError>()) {
            Some(error) => {
                let error = error.to_state_error(self.service, ErrorStyle::Sdk);
                let text = |text: &Option<String>| text.clone().unwrap_or_default();
                format!("{}: {}", text(&error.name), text(&error.cause))
            }
            None => format!("{error:?}"),
        }
    }

    /// An operation, about to be called.
    pub(crate) fn prepared(&self, operation: &'static Operation, naming: Naming) -> Call {
        Call {
            service: self.service,
            operation,
            protocol: self.protocol.clone(),
            naming,
            headers: Vec::new(),
            endpoint: None,
            is_overridden: self.is_overridden,
            response_bytes_max: self.limits.response_bytes_max,
        }
    }
}

/// Where a service is: what is configured for it, or its own endpoint; for which region requests are
/// signed; whether it was configured.
fn target(service: &Service, config: &SdkConfig) -> (String, Region, bool) {
    let region = region(config);
    let key = ServiceConfigKey::builder()
        .service_id(service.id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let of_service = key
        .ok()
        .zip(config.service_config())
        .and_then(|(key, configured)| configured.load_config(key));
    if let Some(url) = of_service.or_else(|| config.endpoint_url().map(str::to_owned)) {
        return (url, region, true);
    }
    let variant = Variant {
        is_fips: config.use_fips().unwrap_or(false),
        is_dual_stack: config.use_dual_stack().unwrap_or(false),
    };
    let endpoint = endpoint::resolve(service, region.as_ref(), variant);
    (endpoint.url, Region::new(endpoint.signing_region), false)
}

fn region(config: &SdkConfig) -> Region {
    let region = config.region().cloned();
    region.unwrap_or(Region::from_static("us-east-1"))
}

fn components(config: &SdkConfig, url: &str) -> RuntimeComponentsBuilder {
    let mut components = RuntimeComponentsBuilder::new("segno");
    components.set_http_client(config.http_client());
    components.set_sleep_impl(config.sleep_impl());
    components.set_time_source(config.time_source());
    components.set_identity_cache(config.identity_cache());
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(sigv4::SCHEME_ID, credentials);
    }
    components.push_auth_scheme(SharedAuthScheme::new(sigv4::SigV4AuthScheme::new()));
    components.push_auth_scheme(SharedAuthScheme::new(NoAuthScheme::new()));
    let nobody = SharedIdentityResolver::new(NoAuthIdentityResolver::new());
    components.set_identity_resolver(NO_AUTH_SCHEME_ID, nobody);
    components.set_endpoint_resolver(Some(SharedEndpointResolver::new(Fixed(url.to_owned()))));
    components.push_interceptor(SharedInterceptor::permanent(
        ConnectionPoisoningInterceptor::new(),
    ));
    components.push_interceptor(service_clock_skew::ServiceClockSkewInterceptor::new());
    components
}

/// What the protocols want to know of a service.
pub(crate) fn service_layer(service: &Service) -> Layer {
    let mut layer = Layer::new("service");
    layer.store_put(ServiceShapeName::new(service.target_prefix));
    layer.store_put(ServiceVersion::new(service.api_version));
    if !service.xml_namespace.is_empty() {
        layer.store_put(ServiceXmlNamespace::new(service.xml_namespace, None));
    }
    layer
}

fn layer(service: &Service, config: &SdkConfig, signing_region: Region) -> Layer {
    let mut layer = service_layer(service);
    layer.store_put(SigningName::from(service.signing_name));
    layer.store_put(SigningRegion::from(signing_region.clone()));
    layer.store_put(signing_region);
    layer.store_put(orchestrator::AuthSchemeAndEndpointOrchestrationV2);
    // One attempt of a task is one request: whether to try again is for `Retry` to say.
    layer.store_put(RetryConfig::disabled());
    if let Some(timeouts) = config.timeout_config() {
        layer.store_put(timeouts.clone());
    }
    layer
}

fn protocol(service: &Service) -> SharedClientProtocol {
    use aws_smithy_json::protocol::{
        aws_json_rpc::AwsJsonRpcProtocol, aws_rest_json_1::AwsRestJsonProtocol,
    };
    use aws_smithy_query::protocol::AwsQueryProtocol;
    use aws_smithy_xml::protocol::aws_rest_xml::AwsRestXmlProtocol;
    match service.protocol {
        Protocol::AwsJson if service.json_version == "1.0" => {
            SharedClientProtocol::new(AwsJsonRpcProtocol::aws_json_1_0())
        }
        Protocol::AwsJson => SharedClientProtocol::new(AwsJsonRpcProtocol::aws_json_1_1()),
        Protocol::RestJson => SharedClientProtocol::new(AwsRestJsonProtocol::new()),
        Protocol::RestXml => SharedClientProtocol::new(
            AwsRestXmlProtocol::new().with_no_error_wrapping(customizations::is_s3(service)),
        ),
        // ec2Query differs in its schemas only. CBOR is refused before.
        Protocol::AwsQuery | Protocol::Ec2Query | Protocol::RpcV2Cbor => {
            SharedClientProtocol::new(AwsQueryProtocol::new())
        }
    }
}

/// An endpoint that is known beforehand.
#[derive(Debug)]
pub(crate) struct Fixed(pub(crate) String);

impl ResolveEndpoint for Fixed {
    fn resolve_endpoint<'a>(&'a self, _: &'a EndpointResolverParams) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(Endpoint::builder().url(self.0.clone()).build()))
    }
}

fn call_error(error: SdkError<Error, HttpResponse>) -> CallError {
    let is_before = matches!(error, SdkError::ConstructionFailure(_));
    let error = match error {
        SdkError::ServiceError(answered) => {
            return match answered.into_err().downcast::<ServiceError>() {
                Ok(error) => CallError::Service(Box::new(error)),
                Err(error) => CallError::Client(format!("{error:?}").into()),
            };
        }
        error => match error.into_source() {
            Ok(source) => source,
            Err(error) => return CallError::Client(error.to_string().into()),
        },
    };
    if let Some(why) = NotAssumed::find(&*error) {
        return CallError::Role(why.to_string());
    }
    match error {
        error if is_before => parameters_error(error),
        error if is_too_large(&*error) => CallError::TooLarge,
        error => CallError::Client(error),
    }
}

/// An error before a request was sent: in the parameters, or in the credentials.
fn parameters_error(error: Box<dyn std::error::Error + Send + Sync>) -> CallError {
    match error.downcast::<SerdeError>() {
        Ok(error) => CallError::Parameters(error.to_string()),
        Err(error) => CallError::Client(error),
    }
}

fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut sources = std::iter::successors(Some(error), |error| error.source());
    sources.any(|error| error.is::<http_body_util::LengthLimitError>())
}

impl CallError {
    /// The error of the state whose task it ended.
    pub(crate) fn into_state_error(self, service: &Service, style: ErrorStyle) -> StateError {
        match self {
            Self::Service(error) => error.to_state_error(service, style),
            Self::Client(error) => client_error(style.prefix(service), &*error),
            Self::Parameters(why) => StateError::new(names::RUNTIME, why),
            Self::Role(why) => StateError::new(names::TASK_FAILED, why),
            Self::TooLarge => StateError::new(
                names::DATA_LIMIT_EXCEEDED,
                format!(
                    "The response of {} is larger than the maximum number of bytes service limit.",
                    service.id
                ),
            ),
        }
    }
}
