//! The parameters of a task of API Gateway.

use http::Method;
use segno_asl::errors::StateError;
use serde_json::{Map, Value};

use crate::{
    encode,
    fields::{Fields, Header},
};

/// What a task asks for.
pub(super) struct Parameters {
    pub(super) api: Api,
    pub(super) method: Method,
    pub(super) path_and_query: String,
    pub(super) headers: Vec<Header>,
    pub(super) body: Option<Value>,
    pub(super) auth_type: AuthType,
}

/// `ApiEndpoint`.
pub(super) struct Api {
    pub(super) host: String,
    pub(super) region: String,
}

/// `AuthType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthType {
    /// `NO_AUTH`.
    None,
    /// `IAM_ROLE`.
    Role,
    /// `RESOURCE_POLICY`.
    ResourcePolicy,
}

impl Parameters {
    /// Reads `Parameters` or `Arguments`. If the request goes elsewhere anyhow, the API may have another
    /// host than AWS's.
    pub(super) fn read(text: &str, is_redirected: bool) -> Result<Self, StateError> {
        let mut fields = Fields::read(text)?;
        let api = fields.required("ApiEndpoint", |host| Api::parse(&host, is_redirected));
        let method = fields.method();
        let stage = fields.string("Stage").unwrap_or_default();
        let path = fields.string("Path").unwrap_or_default();
        let query = fields.lists("QueryParameters");
        let headers = fields.lists("Headers");
        let headers = fields.headers(headers, is_forbidden);
        let body = body(&mut fields, method.as_ref());
        let auth_type = auth_type(&mut fields);
        fields.end()?;
        Ok(Self {
            api: api.expect("its absence is a problem"),
            method: method.expect("its absence is a problem"),
            path_and_query: path_and_query(&stage, &path, &query),
            headers,
            body,
            auth_type,
        })
    }
}

impl Api {
    /// `ID.execute-api.REGION.amazonaws.com`. Only there are requests signed, since what they are signed
    /// with would be shown to any other host.
    fn parse(host: &str, is_redirected: bool) -> Option<Self> {
        let (id, rest) = host.split_once(".execute-api.")?;
        let is_word = |text: &str, others: &str| {
            let is_known =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || others.contains(c);
            !text.is_empty() && text.chars().all(is_known)
        };
        let (region, domain) = rest.split_once('.').unwrap_or((rest, ""));
        let is_aws = matches!(domain, "amazonaws.com" | "amazonaws.com.cn");
        let is_host = is_aws || is_redirected && (domain.is_empty() || is_word(domain, "-.:"));
        (is_word(id, "") && is_word(region, "-") && is_host).then(|| Self {
            host: host.into(),
            region: region.into(),
        })
    }
}

/// The body, if the method has one; without nulls, unless they are wanted.
fn body(fields: &mut Fields<'_>, method: Option<&Method>) -> Option<Value> {
    let keeps_nulls = match fields.take("AllowNullValues") {
        None => false,
        Some(Value::Bool(keeps)) => keeps,
        Some(_) => fields.invalid("AllowNullValues").unwrap_or_default(),
    };
    let body = fields.take("RequestBody")?;
    let has_body = [Method::POST, Method::PUT, Method::PATCH].iter();
    if !has_body.into_iter().any(|has| Some(has) == method) {
        return None;
    }
    Some(if keeps_nulls {
        body
    } else {
        without_nulls(body)
    })
}

/// The same without members that are null, inside one another.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            let members: Map<String, Value> = members
                .map(|(name, value)| (name, without_nulls(value)))
                .collect();
            Value::Object(members)
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

fn auth_type(fields: &mut Fields<'_>) -> AuthType {
    match fields.string("AuthType").as_deref() {
        None | Some("NO_AUTH") => AuthType::None,
        Some("IAM_ROLE") => AuthType::Role,
        Some("RESOURCE_POLICY") => AuthType::ResourcePolicy,
        Some(_) => {
            let list = "[NO_AUTH, IAM_ROLE, RESOURCE_POLICY]";
            fields.problem(format!(
                "The field 'AuthType' should have one of these values: {list}"
            ));
            AuthType::None
        }
    }
}

/// `/STAGE/PATH?QUERY`. A path is sent as it is, but for what no URL has.
fn path_and_query(stage: &str, path: &str, query: &[(String, String)]) -> String {
    let mut text = String::new();
    for part in [stage, path] {
        let part = part.trim_start_matches('/');
        if !part.is_empty() {
            text.push('/');
            text.push_str(&sendable(part));
        }
    }
    if text.is_empty() {
        text.push('/');
    }
    if !query.is_empty() {
        text.push('?');
        text.push_str(&encode::pairs(query));
    }
    text
}

/// A path in which what would end it, or what no URL has, is percent-encoded.
fn sendable(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/%".contains(c) {
            text.push(c);
        } else {
            text.push_str(&encode::percent(c.encode_utf8(&mut [0; 4])));
        }
    }
    text
}

/// Headers that a definition must not have. `name` is in lower case.
///
/// AWS: [Request format](https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html#connect-api-gateway-requests).
fn is_forbidden(name: &str) -> bool {
    let prefixes = ["x-forwarded", "x-amz"];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
        || matches!(
            name,
            "authorization"
                | "connection"
                | "content-md5"
                | "expect"
                | "host"
                | "max-forwards"
                | "proxy-authenticate"
                | "server"
                | "te"
                | "transfer-encoding"
                | "trailer"
                | "upgrade"
                | "via"
                | "www-authenticate"
        )
        // The sender's own.
        || name == "content-length"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(extra: Value) -> Result<Parameters, String> {
        let mut parameters = json!({
            "ApiEndpoint": "abc123.execute-api.eu-central-1.amazonaws.com",
            "Method": "POST",
        });
        let extra = extra.as_object().unwrap().clone();
        parameters.as_object_mut().unwrap().extend(extra);
        Parameters::read(&parameters.to_string(), false).map_err(|error| error.cause.unwrap())
    }

    #[track_caller]
    fn refused(extra: Value, problem: &str) {
        let cause = read(extra).err().expect("it must be refused");
        assert!(cause.ends_with(&format!(": [{problem}]")), "{cause}");
    }

    #[test]
    fn an_endpoint_is_a_host_of_aws_unless_requests_go_elsewhere() {
        let parse = |host: &str| Api::parse(host, false);
        let api = parse("abc123.execute-api.eu-central-1.amazonaws.com").unwrap();
        assert_eq!(api.region, "eu-central-1");
        for host in [
            "https://abc123.execute-api.eu-central-1.amazonaws.com",
            "abc123.execute-api.eu-central-1.amazonaws.com.example.com",
            "abc123.execute-api.example.com",
            "a/b.execute-api.eu-central-1.amazonaws.com",
            "abc123.execute-api.localhost:4566",
            "example.com",
        ] {
            assert!(parse(host).is_none(), "{host}");
        }
        assert!(Api::parse("abc123.execute-api.localhost.localstack.cloud:4566", true).is_some());
        assert!(Api::parse("abc123.execute-api.eu/..", true).is_none());
    }

    #[test]
    fn headers_and_queries_are_lists() {
        let read = read(json!({
            "Headers": { "key": ["1", "2"] },
            "QueryParameters": { "id": ["a b", "c"] },
            "Stage": "prod",
            "Path": "/bills/\u{fc}?",
        }))
        .unwrap();
        assert_eq!(read.headers.len(), 2);
        assert_eq!(read.path_and_query, "/prod/bills/%C3%BC%3F?id=a%20b&id=c");
        refused(
            json!({ "Headers": { "key": "single" }, "QueryParameters": "?id=1" }),
            "The value of the field 'QueryParameters' has an invalid format, \
             The value of the field 'Headers' has an invalid format",
        );
        refused(
            json!({ "Headers": { "X-AmznTrace": ["1"], "Authorization": ["2"] } }),
            "The 'Headers' field contains unsupported values: [x-amzntrace, authorization]",
        );
    }

    #[test]
    fn nulls_are_sent_only_if_they_are_wanted() {
        let pet = json!({ "NewPet": { "type": "turtle", "category": null, "tags": [null] } });
        let body = |extra: Value| {
            let mut all = json!({ "RequestBody": pet });
            all.as_object_mut()
                .unwrap()
                .extend(extra.as_object().unwrap().clone());
            read(all).unwrap().body
        };
        let without = json!({ "NewPet": { "type": "turtle", "tags": [null] } });
        assert_eq!(body(json!({})), Some(without));
        assert_eq!(body(json!({ "AllowNullValues": true })), Some(pet.clone()));
        assert_eq!(body(json!({ "Method": "GET" })), None);
    }

    #[test]
    fn an_authorization_is_one_of_three() {
        let auth_type = |name: &str| read(json!({ "AuthType": name })).unwrap().auth_type;
        assert_eq!(read(json!({})).unwrap().auth_type, AuthType::None);
        assert_eq!(auth_type("IAM_ROLE"), AuthType::Role);
        assert_eq!(auth_type("RESOURCE_POLICY"), AuthType::ResourcePolicy);
        refused(
            json!({ "AuthType": "COGNITO" }),
            "The field 'AuthType' should have one of these values: [NO_AUTH, IAM_ROLE, RESOURCE_POLICY]",
        );
    }
}
