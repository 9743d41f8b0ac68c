//! What single services want beyond their models.

use aws_smithy_checksums::{ChecksumAlgorithm, http::HttpChecksum};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{endpoint::EndpointPrefix, orchestrator::HttpRequest},
};
use serde_json::{Map, Value};

use super::{
    model::{Protocol, Service},
    operation::Call,
    value::member_index,
};

pub(crate) fn is_s3(service: &Service) -> bool {
    service.id == "S3"
}

/// What is put in front of the endpoint's host: members of the input, or S3's bucket. A given endpoint
/// stays as it is.
pub(crate) fn host_prefix(
    call: &Call,
    parameters: &Map<String, Value>,
) -> Result<Option<EndpointPrefix>, BoxError> {
    if call.is_overridden {
        return Ok(None);
    }
    if let Some(bucket) = host_bucket(call, parameters) {
        return Ok(Some(EndpointPrefix::new(format!("{bucket}."))?));
    }
    let Some(template) = call.operation.host_prefix else {
        return Ok(None);
    };
    let mut prefix = template.to_owned();
    for (name, text) in labels(call, parameters) {
        prefix = prefix.replace(&format!("{{{name}}}"), text);
    }
    Ok(Some(EndpointPrefix::new(prefix)?))
}

/// Members that are part of the host, with their names in the model.
fn labels<'a>(
    call: &Call,
    parameters: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let structure = call.service.structure(call.operation.input);
    parameters.iter().filter_map(move |(key, value)| {
        let structure = structure?;
        let member = &structure.members[member_index(structure, key)?];
        Some((member.model_name, value.as_str()?))
    })
}

/// The bucket that an S3 request names, if it can be part of the host.
fn host_bucket<'a>(call: &Call, parameters: &'a Map<String, Value>) -> Option<&'a str> {
    if !is_s3(call.service) || !call.operation.uri.starts_with("/{Bucket}") {
        return None;
    }
    let (_, bucket) = labels(call, parameters).find(|(name, _)| *name == "Bucket")?;
    // A dot would not match the certificate.
    let is_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = (3..=63).contains(&bucket.len()) && bucket.bytes().all(is_label);
    fits.then_some(bucket)
}

/// Headers and paths that the model does not tell of.
pub(crate) fn adapt_request(call: &Call, request: &mut HttpRequest) -> Result<(), BoxError> {
    if call.service.flags.is_query_compatible() {
        request.headers_mut().insert("x-amzn-query-mode", "true");
    }
    match call.service.id {
        "API Gateway" => {
            request.headers_mut().insert("accept", "application/json");
        }
        "Glacier" => {
            let version = call.service.api_version;
            request
                .headers_mut()
                .insert("x-amz-glacier-version", version);
        }
        "Route 53" => shorten_ids(request)?,
        _ => {}
    }
    add_checksum(call, request)
}

/// Route 53 gives ids as paths, and takes them without.
fn shorten_ids(request: &mut HttpRequest) -> Result<(), BoxError> {
    let mut uri = request.uri().to_owned();
    for kind in ["hostedzone", "change", "delegationset"] {
        uri = uri.replace(&format!("/{kind}/%2F{kind}%2F"), &format!("/{kind}/"));
    }
    Ok(request.set_uri(uri)?)
}

/// The checksum of the body, where the operation takes one. A caller's own is left alone.
fn add_checksum(call: &Call, request: &mut HttpRequest) -> Result<(), BoxError> {
    let takes_algorithm = call.operation.checksum_member.is_some();
    if !takes_algorithm && !call.operation.flags.requires_checksum() {
        return Ok(());
    }
    let mut headers = request.headers().iter();
    if headers.any(|(name, _)| name.starts_with("x-amz-checksum-") || name == "content-md5") {
        return Ok(());
    }
    let Some(body) = request.body().bytes().map(<[u8]>::to_vec) else {
        return Ok(());
    };
    if takes_algorithm && body.is_empty() && !call.operation.flags.requires_checksum() {
        return Ok(());
    }
    let named = request.headers().get("x-amz-sdk-checksum-algorithm");
    let algorithm = match (takes_algorithm, named) {
        (true, Some(name)) => name.parse::<ChecksumAlgorithm>()?,
        (true, None) => ChecksumAlgorithm::Crc32,
        (false, _) => {
            let digest = md5(&body);
            request.headers_mut().insert("content-md5", digest);
            return Ok(());
        }
    };
    let name = algorithm.as_str().to_ascii_uppercase();
    let mut checksum: Box<dyn HttpChecksum> = algorithm.into_impl();
    checksum.update(&body);
    let header = checksum.header_name();
    let value = checksum.header_value();
    let headers = request.headers_mut();
    headers.insert("x-amz-sdk-checksum-algorithm", name);
    headers.insert(header, value.to_str()?.to_owned());
    Ok(())
}

fn md5(body: &[u8]) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use md5::Digest as _;
    BASE64_STANDARD.encode(md5::Md5::digest(body))
}

/// Whether a service can be called at all from here, and if not, why.
pub(crate) fn refusal(service: &Service) -> Option<&'static str> {
    if service.flags.has_foreign_signature() {
        return Some("its requests are not signed with AWS Signature Version 4");
    }
    (service.protocol == Protocol::RpcV2Cbor).then_some("it speaks CBOR only")
}
