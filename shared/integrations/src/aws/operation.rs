//! One operation of a service, as the runtime wants it: how its request is written and its response read.

use std::{borrow::Cow, fmt, sync::Arc};

use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions, sigv4};
use aws_sigv4::http_request::SignableBody;
use aws_smithy_runtime::client::auth::no_auth::NO_AUTH_SCHEME_ID;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        auth::{
            AuthSchemeOptionResolverParams, SharedAuthSchemeOptionResolver,
            static_resolver::StaticAuthSchemeOptionResolver,
        },
        endpoint::{EndpointResolverParams, SharedEndpointResolver},
        interceptors::context::{Error, Input, Output},
        orchestrator::{HttpRequest, HttpResponse, Metadata, OrchestratorError},
        runtime_components::RuntimeComponentsBuilder,
        runtime_plugin::RuntimePlugin,
        ser_de::{
            DeserializeResponse, SerializeRequest, SharedRequestSerializer,
            SharedResponseDeserializer,
        },
    },
};
use aws_smithy_schema::{codec::Codec, protocol::SharedClientProtocol};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::{ConfigBag, FrozenLayer, Layer},
    date_time::Format,
};
use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};
use aws_types::request_id::RequestId;
use serde_json::{Map, Value};

use super::{
    client::Fixed,
    customizations,
    error::{ErrorResponse, ServiceError},
    model::{Operation, Protocol, Service, Target},
    schema::Direction,
    value::{Naming, Structured, read_output},
};

/// What a service answered.
#[derive(Debug)]
pub struct Response {
    /// The members of the output.
    pub value: Map<String, Value>,
    /// HTTP status.
    pub status: u16,
    /// Headers, in the order and case in which they came.
    pub headers: Vec<(String, String)>,
    /// The id that the service gave the request.
    pub request_id: Option<String>,
}

/// An operation of a service that is about to be called.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) service: &'static Service,
    pub(crate) operation: &'static Operation,
    pub(crate) protocol: SharedClientProtocol,
    pub(crate) naming: Naming,
    /// Headers beyond those of the input.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Where to, if not where the client's calls go.
    pub(crate) endpoint: Option<String>,
    /// Whether the endpoint was given, so that nothing is put in front of its host.
    pub(crate) is_overridden: bool,
    pub(crate) response_bytes_max: u64,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service.id, self.operation.name)
    }
}

impl RuntimePlugin for Call {
    fn config(&self) -> Option<FrozenLayer> {
        let call = Arc::new(self.clone());
        let mut layer = Layer::new("operation");
        layer.store_put(SharedRequestSerializer::new(Shared(call.clone())));
        layer.store_put(SharedResponseDeserializer::new(Shared(call)));
        layer.store_put(Metadata::new(self.operation.name, self.service.id));
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(SigV4OperationSigningConfig {
            signing_options: self.signing_options(),
            ..Default::default()
        });
        Some(layer.freeze())
    }

    fn runtime_components(
        &self,
        _: &RuntimeComponentsBuilder,
    ) -> Cow<'_, RuntimeComponentsBuilder> {
        let scheme = match self.operation.flags.is_anonymous() {
            true => NO_AUTH_SCHEME_ID,
            false => sigv4::SCHEME_ID,
        };
        let schemes = StaticAuthSchemeOptionResolver::new(vec![scheme]);
        let schemes = SharedAuthSchemeOptionResolver::new(schemes);
        let mut components = RuntimeComponentsBuilder::new("operation");
        components.set_auth_scheme_option_resolver(Some(schemes));
        if let Some(url) = &self.endpoint {
            let endpoint = SharedEndpointResolver::new(Fixed(url.clone()));
            components.set_endpoint_resolver(Some(endpoint));
        }
        Cow::Owned(components)
    }
}

impl Call {
    fn signing_options(&self) -> SigningOptions {
        let mut options = SigningOptions::default();
        if customizations::is_s3(self.service) {
            options.double_uri_encode = false;
            options.normalize_uri_path = false;
            options.content_sha256_header = true;
        }
        if self.operation.flags.leaves_payload_unsigned() {
            options.payload_override = Some(SignableBody::UnsignedPayload);
        }
        options
    }

    /// The request of a call with these parameters, unsigned.
    pub(crate) fn request(
        &self,
        parameters: &Map<String, Value>,
        config: &ConfigBag,
    ) -> Result<HttpRequest, BoxError> {
        let schema = self.service.input_schema(self.operation);
        let input = Structured {
            service: self.service,
            target: self.operation.input,
            schema,
            value: parameters,
        };
        let mut request = self
            .protocol
            .serialize_request(&input, schema, "", config)?;
        for (name, value) in &self.headers {
            request.headers_mut().try_insert(*name, value.clone())?;
        }
        customizations::adapt_request(self, &mut request)?;
        Ok(request)
    }

    pub(crate) fn response(
        &self,
        response: &HttpResponse,
        config: &ConfigBag,
    ) -> Result<Response, OrchestratorError<Error>> {
        if !response.status().is_success() {
            let error = ServiceError::new(self.service, self.error_response(response, config));
            return Err(OrchestratorError::operation(Error::erase(error)));
        }
        let headers = response.headers().iter();
        Ok(Response {
            value: self.output(response, config)?,
            status: response.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            request_id: response.request_id().map(str::to_owned),
        })
    }

    fn output(
        &self,
        response: &HttpResponse,
        config: &ConfigBag,
    ) -> Result<Map<String, Value>, OrchestratorError<Error>> {
        let target = self.operation.output;
        let read = match (target, self.service.protocol) {
            (Target::Unit, _) => Ok(Map::new()),
            // Nothing is a document without members.
            (_, Protocol::AwsQuery | Protocol::Ec2Query) if body_of(response).is_empty() => {
                Ok(Map::new())
            }
            // The root element is the result.
            (_, Protocol::Ec2Query) => {
                let settings = aws_smithy_xml::codec::XmlCodecSettings::builder()
                    .default_timestamp_format(Format::DateTime)
                    .build();
                let codec = aws_smithy_xml::codec::XmlCodec::new(settings);
                let mut deserializer = codec.create_deserializer(body_of(response));
                read_output(self.service, &mut deserializer, target, self.naming)
            }
            _ => {
                let schema = self.service.schema(target, Direction::Response);
                let deserializer = self.protocol.deserialize_response(response, schema, config);
                deserializer.and_then(|mut deserializer| {
                    read_output(self.service, &mut *deserializer, target, self.naming)
                })
            }
        };
        read.map_err(OrchestratorError::other)
    }

    fn error_response(&self, response: &HttpResponse, config: &ConfigBag) -> ErrorResponse {
        let (mut code, message) = match self.service.protocol {
            Protocol::RestXml | Protocol::AwsQuery | Protocol::Ec2Query => xml_error(response),
            Protocol::AwsJson | Protocol::RestJson | Protocol::RpcV2Cbor => {
                let metadata = self.protocol.parse_error_metadata(response, config);
                let metadata = metadata
                    .map(|metadata| metadata.build())
                    .unwrap_or_default();
                (
                    metadata.code().map(str::to_owned),
                    metadata.message().map(str::to_owned),
                )
            }
        };
        let mut query_code = None;
        if self.service.flags.is_query_compatible() {
            // The codec gives the older protocol's code; the class of the error is the JSON type.
            code = json_error_type(response).or(code);
            let header = response.headers().get("x-amzn-query-error");
            query_code = header
                .and_then(|header| header.split(';').next())
                .map(str::to_owned);
        }
        ErrorResponse {
            status: response.status().as_u16(),
            code,
            query_code,
            message,
            request_id: response.request_id().map(str::to_owned),
            extended_request_id: response.headers().get("x-amz-id-2").map(str::to_owned),
        }
    }
}

/// A call that its two halves share.
#[derive(Debug)]
struct Shared(Arc<Call>);

impl SerializeRequest for Shared {
    fn serialize_input(
        &self,
        input: Input,
        config: &mut ConfigBag,
    ) -> Result<HttpRequest, BoxError> {
        let parameters = input
            .downcast::<Map<String, Value>>()
            .map_err(|_| "the input of a call is an object")?;
        // The resolver looks for its parameters here, and nowhere else.
        config
            .interceptor_state()
            .store_put(EndpointResolverParams::new(()));
        if let Some(prefix) = customizations::host_prefix(&self.0, &parameters)? {
            config.interceptor_state().store_put(prefix);
        }
        self.0.request(&parameters, config)
    }
}

impl DeserializeResponse for Shared {
    /// Sees to it that no more of a body is read than may be.
    fn deserialize_streaming_with_config(
        &self,
        response: &mut HttpResponse,
        _config: &ConfigBag,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        let max = usize::try_from(self.0.response_bytes_max).unwrap_or(usize::MAX);
        let body = response.take_body();
        *response.body_mut() = SdkBody::from_body_1_x(http_body_util::Limited::new(body, max));
        None
    }

    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        config: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        self.0.response(response, config).map(Output::erase)
    }
}

fn body_of(response: &HttpResponse) -> &[u8] {
    response.body().bytes().unwrap_or_default()
}

/// Code and message of an error in XML: `Error` is the root, or one or two elements within it.
fn xml_error(response: &HttpResponse) -> (Option<String>, Option<String>) {
    let mut found = (None, None);
    if let Ok(mut document) = Document::try_from(body_of(response))
        && let Ok(mut root) = document.root_element()
    {
        find_error(&mut root, 3, &mut found);
    }
    found
}

fn find_error(
    element: &mut ScopedDecoder<'_, '_>,
    depth: u32,
    found: &mut (Option<String>, Option<String>),
) {
    while let Some(mut child) = element.next_tag() {
        let slot = match child.start_el().local() {
            "Code" => &mut found.0,
            "Message" | "message" => &mut found.1,
            "Error" | "Errors" if depth > 0 => {
                find_error(&mut child, depth - 1, found);
                continue;
            }
            _ => continue,
        };
        if let Ok(text) = try_data(&mut child) {
            *slot = Some(text.into_owned());
        }
    }
}

/// `Name` of `prefix#Name:uri`, from the header or the body.
fn json_error_type(response: &HttpResponse) -> Option<String> {
    let of_body = || {
        let body: Value = serde_json::from_slice(body_of(response)).ok()?;
        body.get("__type")?.as_str().map(str::to_owned)
    };
    let header = response.headers().get("x-amzn-errortype");
    let text = header.map(str::to_owned).or_else(of_body)?;
    let name = text.split(':').next()?;
    name.rsplit('#').next().map(str::to_owned)
}
