//! The parameters of an HTTP Task.

use http::Method;
use segno_asl::errors::StateError;
use serde_json::Value;
use url::{Host, Url};

use super::form::ArrayFormat;
use crate::fields::{Fields, Header, scalar};

/// What a task asks for; its connection may say otherwise.
pub(super) struct Parameters {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) connection_arn: String,
    pub(super) headers: Vec<Header>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    /// `Some` if the body is to be URL-encoded.
    pub(super) form: Option<ArrayFormat>,
}

impl Parameters {
    /// Reads `Parameters` or `Arguments`.
    pub(super) fn read(text: &str) -> Result<Self, StateError> {
        let mut fields = Fields::read(text)?;
        let url = fields.required("ApiEndpoint", |text| endpoint(&text));
        let method = fields.method();
        let connection_arn = connection_arn(&mut fields);
        let headers = headers(&mut fields);
        let query = query(&mut fields);
        let body = fields.take("RequestBody");
        let form = transform(&mut fields);
        fields.end()?;
        Ok(Self {
            method: method.expect("its absence is a problem"),
            url: url.expect("its absence is a problem"),
            connection_arn: connection_arn.expect("its absence is a problem"),
            headers,
            query,
            body,
            form,
        })
    }
}

/// An HTTPS URL. On this machine HTTP will do. Credentials have no place in it.
pub(super) fn endpoint(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let is_secure = match url.scheme() {
        "https" => true,
        "http" => is_this_machine(&url),
        _ => false,
    };
    let is_bare = url.username().is_empty() && url.password().is_none();
    url.set_fragment(None);
    (is_secure && is_bare && url.has_host()).then_some(url)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Of the newer field, or of the older one.
fn connection_arn(fields: &mut Fields<'_>) -> Option<String> {
    let (newer, older) = (
        fields.take("InvocationConfig"),
        fields.take("Authentication"),
    );
    let (name, value) = match (newer, older) {
        (Some(value), _) => ("InvocationConfig", value),
        (None, Some(value)) => ("Authentication", value),
        (None, None) => return fields.missing("InvocationConfig"),
    };
    match value.get("ConnectionArn") {
        Some(Value::String(arn)) => Some(arn.clone()),
        Some(_) => fields.invalid("ConnectionArn"),
        None if value.is_object() => fields.missing("ConnectionArn"),
        None => fields.invalid(name),
    }
}

/// An object whose values are strings or arrays of them.
fn headers(fields: &mut Fields<'_>) -> Vec<Header> {
    let Some(value) = fields.take("Headers") else {
        return Vec::new();
    };
    let Some(values) = members(&value) else {
        fields.invalid::<()>("Headers");
        return Vec::new();
    };
    fields.headers(values, is_forbidden)
}

/// An object, an array of such or of `name=value`, or a query string.
fn query(fields: &mut Fields<'_>) -> Vec<(String, String)> {
    let Some(value) = fields.take("QueryParameters") else {
        return Vec::new();
    };
    let query = match &value {
        Value::Array(items) => {
            let items = items.iter().map(query_item);
            items
                .collect::<Option<Vec<_>>>()
                .map(|items| items.concat())
        }
        item => query_item(item),
    };
    if query.is_none() {
        fields.invalid::<()>("QueryParameters");
    }
    query.unwrap_or_default()
}

fn query_item(value: &Value) -> Option<Vec<(String, String)>> {
    match value {
        Value::String(text) => {
            let pairs = text.trim_start_matches('?').split('&');
            let pairs = pairs.filter(|pair| !pair.is_empty());
            let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            Some(
                pairs
                    .map(|(name, value)| (name.into(), value.into()))
                    .collect(),
            )
        }
        other => members(other),
    }
}

/// Each value of each member of an object; a list has several.
fn members(value: &Value) -> Option<Vec<(String, String)>> {
    let mut members = Vec::new();
    for (name, value) in value.as_object()? {
        let values = match value {
            Value::Array(items) => items.iter().map(scalar).collect::<Option<Vec<_>>>()?,
            item => vec![scalar(item)?],
        };
        members.extend(values.into_iter().map(|value| (name.clone(), value)));
    }
    Some(members)
}

/// `Transform`: how the body is to be encoded.
fn transform(fields: &mut Fields<'_>) -> Option<ArrayFormat> {
    let transform = fields.take("Transform")?;
    let encoding = transform.get("RequestBodyEncoding");
    let format = transform.pointer("/RequestEncodingOptions/ArrayFormat");
    let format = match format {
        None => Some(ArrayFormat::Indices),
        Some(named) => named.as_str().and_then(ArrayFormat::named),
    };
    match (encoding.map(Value::as_str), format) {
        (_, None) => fields.invalid("ArrayFormat"),
        (Some(Some("URL_ENCODED")), format) => format,
        (Some(Some("NONE")), _) => None,
        (None, _) if transform.is_object() => None,
        _ => fields.invalid("RequestBodyEncoding"),
    }
}

/// Headers that a definition must not have. `name` is in lower case.
///
/// AWS: [HTTP Task fields](https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html#connect-http-task-fields).
fn is_forbidden(name: &str) -> bool {
    let prefixes = ["x-forwarded-", "x-amz-", "x-amzn-"];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
        || matches!(
            name,
            "a-im"
                | "accept-charset"
                | "accept-datetime"
                | "accept-encoding"
                | "authorization"
                | "cache-control"
                | "connection"
                | "content-encoding"
                | "content-md5"
                | "date"
                | "expect"
                | "forwarded"
                | "from"
                | "host"
                | "http2-settings"
                | "if-match"
                | "if-modified-since"
                | "if-none-match"
                | "if-range"
                | "if-unmodified-since"
                | "max-forwards"
                | "origin"
                | "pragma"
                | "proxy-authorization"
                | "referer"
                | "server"
                | "te"
                | "trailer"
                | "transfer-encoding"
                | "upgrade"
                | "via"
                | "warning"
        )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(mut extra: Value) -> Result<Parameters, String> {
        let mut parameters = json!({
            "ApiEndpoint": "https://example.com/pets",
            "Method": "GET",
            "InvocationConfig": { "ConnectionArn": "arn:c" },
        });
        let members = parameters.as_object_mut().unwrap();
        members.append(extra.as_object_mut().unwrap());
        Parameters::read(&parameters.to_string()).map_err(|error| error.cause.unwrap())
    }

    #[track_caller]
    fn refused(extra: Value, problem: &str) {
        let cause = read(extra).err().expect("it must be refused");
        assert!(cause.ends_with(&format!(": [{problem}]")), "{cause}");
    }

    #[test]
    fn an_endpoint_is_https_but_on_this_machine() {
        for text in [
            "https://example.com",
            "http://localhost:1/x",
            "http://a.localhost",
            "http://127.0.0.1",
            "http://[::1]:8/",
        ] {
            assert!(endpoint(text).is_some(), "{text}");
        }
        for text in [
            "http://example.com",
            "http://localhost.example.com",
            "ftp://localhost",
            "https://user:word@example.com",
            "example.com",
            "",
        ] {
            assert!(endpoint(text).is_none(), "{text}");
        }
        refused(
            json!({ "ApiEndpoint": "http://example.com" }),
            "The value of the field 'ApiEndpoint' has an invalid format",
        );
    }

    #[test]
    fn either_field_has_the_connection() {
        let mut parameters = json!({
            "ApiEndpoint": "https://example.com", "Method": "GET",
            "Authentication": { "ConnectionArn": "arn:old" },
        });
        let read_as = |parameters: &Value| Parameters::read(&parameters.to_string());
        assert_eq!(read_as(&parameters).unwrap().connection_arn, "arn:old");
        parameters["InvocationConfig"] = json!({ "ConnectionArn": "arn:new" });
        assert_eq!(read_as(&parameters).unwrap().connection_arn, "arn:new");
        refused(
            json!({ "InvocationConfig": {} }),
            "The field 'ConnectionArn' is required but was missing",
        );
    }

    #[test]
    fn a_header_has_one_value_or_several() {
        let read = read(json!({ "Headers": { "a": "1", "b": ["2", 3] } })).unwrap();
        let headers: Vec<String> = read
            .headers
            .iter()
            .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
            .collect();
        assert_eq!(headers, ["a=1", "b=2", "b=3"]);
        let invalid = "The value of the field 'Headers' has an invalid format";
        refused(json!({ "Headers": ["a"] }), invalid);
        refused(json!({ "Headers": { "a": {} } }), invalid);
        refused(json!({ "Headers": { "a b": "c" } }), invalid);
        refused(
            json!({ "Headers": { "If-Match": "a", "X-Amz-Date": "b", "ok": "c" } }),
            "The 'Headers' field contains unsupported values: [if-match, x-amz-date]",
        );
    }

    #[test]
    fn a_query_is_an_object_an_array_or_a_string() {
        let pairs = |query: Value| {
            let read = read(json!({ "QueryParameters": query })).unwrap();
            crate::encode::pairs(&read.query)
        };
        assert_eq!(
            pairs(json!({ "a": "1 2", "b": [true, 3] })),
            "a=1%202&b=true&b=3"
        );
        assert_eq!(pairs(json!("?a=1&b=x y")), "a=1&b=x%20y");
        assert_eq!(pairs(json!(["a=1", { "b": 2 }])), "a=1&b=2");
        refused(
            json!({ "QueryParameters": { "a": { "b": 1 } } }),
            "The value of the field 'QueryParameters' has an invalid format",
        );
    }

    #[test]
    fn a_transform_says_how_the_body_is_encoded() {
        let form = |transform: Value| read(json!({ "Transform": transform })).unwrap().form;
        let url_encoded = |format: &str| {
            json!({
                "RequestBodyEncoding": "URL_ENCODED",
                "RequestEncodingOptions": { "ArrayFormat": format },
            })
        };
        assert_eq!(form(json!({})), None);
        assert_eq!(form(json!({ "RequestBodyEncoding": "NONE" })), None);
        let default = form(json!({ "RequestBodyEncoding": "URL_ENCODED" }));
        assert_eq!(default, Some(ArrayFormat::Indices));
        assert_eq!(form(url_encoded("COMMAS")), Some(ArrayFormat::Commas));
        refused(
            json!({ "Transform": url_encoded("DOTS") }),
            "The value of the field 'ArrayFormat' has an invalid format",
        );
        refused(
            json!({ "Transform": { "RequestBodyEncoding": "GZIP" } }),
            "The value of the field 'RequestBodyEncoding' has an invalid format",
        );
    }
}
