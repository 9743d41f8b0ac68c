//! Signature Version 4.

use std::{
    error::Error,
    io,
    time::{Duration, SystemTime},
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider},
};
use aws_sigv4::{
    http_request::{
        SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign as signature,
    },
    sign::v4::SigningParams,
};
use http::Request;
use segno_asl::errors::{StateError, names};

use crate::{aws::NotAssumed, sdk_error::client_error};

/// For whom requests are signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// `execute-api`
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
}

/// Why a request is not signed.
type NotSigned = Box<dyn Error + Send + Sync>;

/// What a request is signed with. `prefix` is what the names of the caller's errors begin with.
pub(crate) async fn credentials(
    provider: Option<SharedCredentialsProvider>,
    prefix: &str,
) -> Result<Credentials, StateError> {
    let Some(provider) = provider else {
        let why = io::Error::other("there are no credentials to sign the request with");
        return Err(client_error(prefix, &why));
    };
    let provided = provider.provide_credentials().await;
    provided.map_err(|error| match NotAssumed::find(&error) {
        Some(refused) => StateError::new(names::TASK_FAILED, refused.to_string()),
        None => client_error(prefix, &error),
    })
}

/// Signs a request, as it is now, in its headers.
pub(crate) fn sign(
    request: &mut Request<String>,
    scope: Scope<'_>,
    credentials: Credentials,
) -> Result<(), NotSigned> {
    apply(request, scope, credentials, SigningSettings::default())
}

/// Signs a request, as it is now, in its URL: whoever has that can send it for so long.
pub(crate) fn presign(
    request: &mut Request<String>,
    scope: Scope<'_>,
    credentials: Credentials,
    expires_in: Duration,
) -> Result<(), NotSigned> {
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(expires_in);
    apply(request, scope, credentials, settings)
}

fn apply(
    request: &mut Request<String>,
    scope: Scope<'_>,
    credentials: Credentials,
    settings: SigningSettings,
) -> Result<(), NotSigned> {
    let identity = credentials.into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(SystemTime::now())
        .settings(settings)
        .build()?
        .into();
    let headers: Vec<(&str, &str)> = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    let signable = SignableRequest::new(
        request.method().as_str(),
        request.uri().to_string(),
        headers.into_iter(),
        SignableBody::Bytes(request.body().as_bytes()),
    )?;
    let (instructions, _signature) = signature(signable, &parameters)?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}
