//! The parameters of `eks:call` and `eks:runJob`.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderValue, Method};
use segno_asl::{data::number::to_json, errors::StateError};
use serde_json::Value;
use url::Url;

use super::session::ApiRequest;
use crate::{
    encode,
    fields::{Fields, listed},
    wire::Authority,
};

/// The methods that a call may have.
const METHODS: [Method; 6] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::HEAD,
    Method::PATCH,
];

/// Which cluster is called.
pub(super) struct Cluster {
    pub(super) name: HeaderValue,
    pub(super) authority: Authority,
    pub(super) endpoint: Url,
}

/// What `eks:call` asks for.
pub(super) struct CallParameters {
    pub(super) cluster: Cluster,
    pub(super) request: ApiRequest,
}

/// What `eks:runJob` asks for.
pub(super) struct JobParameters {
    pub(super) cluster: Cluster,
    pub(super) logs: LogOptions,
    namespace: String,
    job: String,
}

/// `LogOptions`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct LogOptions {
    pub(super) are_wanted: bool,
    /// Whether logs are texts even if they are JSON.
    pub(super) are_raw: bool,
    /// What Kubernetes is told of what is wanted.
    pub(super) query: Vec<(String, String)>,
}

impl CallParameters {
    /// Reads `Parameters` or `Arguments`.
    pub(super) fn read(text: &str) -> Result<Self, StateError> {
        let mut fields = Fields::read(text)?;
        let cluster = cluster(&mut fields);
        let method = fields.method_of(&METHODS);
        let path = fields.required("Path", Some);
        let query = fields.lists("QueryParameters");
        let body = fields.take("RequestBody");
        fields.end()?;
        let method = method.expect("its absence is a problem");
        let path = path.expect("its absence is a problem");
        let request = match body {
            None => ApiRequest::new(method, path),
            Some(body) => with_body(ApiRequest::new(method, path), &body),
        };
        Ok(Self {
            cluster: cluster.expect("its absence is a problem"),
            request: request.with_query(query),
        })
    }
}

impl JobParameters {
    /// Reads `Parameters` or `Arguments`.
    pub(super) fn read(text: &str) -> Result<Self, StateError> {
        let mut fields = Fields::read(text)?;
        let cluster = cluster(&mut fields);
        let namespace = fields.string("Namespace");
        let job = job(&mut fields);
        let logs = log_options(&mut fields);
        fields.end()?;
        Ok(Self {
            cluster: cluster.expect("its absence is a problem"),
            logs,
            namespace: namespace.unwrap_or_else(|| "default".into()),
            job: job.expect("its absence is a problem"),
        })
    }

    /// What starts the job.
    pub(super) fn start(&self) -> ApiRequest {
        let request = ApiRequest::new(Method::POST, jobs_path(&self.namespace));
        request.with_body(self.job.clone())
    }
}

/// Where the jobs of a namespace are.
pub(super) fn jobs_path(namespace: &str) -> String {
    let namespace = encode::percent(namespace);
    format!("/apis/batch/v1/namespaces/{namespace}/jobs")
}

fn cluster(fields: &mut Fields<'_>) -> Option<Cluster> {
    let name = fields.required("ClusterName", |name| {
        let is_name = !name.is_empty() && name.is_ascii();
        HeaderValue::try_from(name).ok().filter(|_| is_name)
    });
    let authority = fields.required("CertificateAuthority", |text| {
        let pem = BASE64_STANDARD.decode(text.trim()).ok()?;
        Authority::parse(&pem)
    });
    let endpoint = fields.required("Endpoint", endpoint);
    Some(Cluster {
        name: name?,
        authority: authority?,
        endpoint: endpoint?,
    })
}

/// It speaks TLS: without that there would be nothing to vouch for.
fn endpoint(text: String) -> Option<Url> {
    let url = Url::parse(&text).ok()?;
    let is_plain = url.query().is_none() && url.fragment().is_none();
    let has_user = !url.username().is_empty() || url.password().is_some();
    (url.scheme() == "https" && is_plain && !has_user).then_some(url)
}

/// A string is sent as it is, anything else as JSON. What a patch is, its type says: Kubernetes takes none
/// that is just JSON.
fn with_body(request: ApiRequest, body: &Value) -> ApiRequest {
    let text = match body {
        Value::String(text) => text.clone(),
        other => to_json(other),
    };
    let content_type = match request.method {
        Method::PATCH if text.trim_start().starts_with('[') => "application/json-patch+json",
        Method::PATCH => "application/merge-patch+json",
        _ => "application/json",
    };
    ApiRequest {
        content_type: HeaderValue::from_static(content_type),
        ..request.with_body(text)
    }
}

/// A job, or its JSON.
fn job(fields: &mut Fields<'_>) -> Option<String> {
    match fields.take("Job") {
        None => fields.missing("Job"),
        Some(job @ Value::Object(_)) => Some(to_json(&job)),
        Some(Value::String(text)) if serde_json::from_str::<Value>(&text).is_ok() => Some(text),
        Some(_) => fields.invalid("Job"),
    }
}

fn log_options(fields: &mut Fields<'_>) -> LogOptions {
    let Some(value) = fields.take("LogOptions") else {
        return LogOptions::default();
    };
    let options = LogOptions::read(&value);
    if options.is_none() {
        fields.invalid::<()>("LogOptions");
    }
    options.unwrap_or_default()
}

impl LogOptions {
    fn read(value: &Value) -> Option<Self> {
        let mut options = Self::default();
        for (name, value) in value.as_object()? {
            match name.as_str() {
                "RetrieveLogs" => options.are_wanted = flag(value)?,
                "RawLogs" => options.are_raw = flag(value)?,
                "LogParameters" => options.query = listed(value)?,
                _ => return None,
            }
        }
        Some(options)
    }
}

/// A boolean, or the word for one.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(word) => word.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(value: Value) -> Option<LogOptions> {
        LogOptions::read(&value)
    }

    #[test]
    fn an_endpoint_is_a_url_of_https() {
        for text in [
            "https://ABC.gr7.us-east-1.eks.amazonaws.com",
            "https://ABC.gr7.us-east-1.eks.amazonaws.com/",
            "https://[::1]:6443/k8s/clusters/c-1",
        ] {
            assert!(endpoint(text.into()).is_some(), "{text}");
        }
        for text in [
            "ABC.gr7.us-east-1.eks.amazonaws.com",
            "http://ABC.gr7.us-east-1.eks.amazonaws.com",
            "https://user@example.com",
            "https://example.com/?a=1",
            "https://",
        ] {
            assert!(endpoint(text.into()).is_none(), "{text}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told() {
        let text = json!({
            "ClusterName": "c", "CertificateAuthority": "QUJD", "Endpoint": "https://example.com",
            "Job": "no JSON", "LogOptions": { "RetrieveLogs": 1 }, "Colour": "red",
        })
        .to_string();
        let cause = JobParameters::read(&text).err().unwrap().cause.unwrap();
        let problems = "[The value of the field 'CertificateAuthority' has an invalid format, \
                        The value of the field 'Job' has an invalid format, \
                        The value of the field 'LogOptions' has an invalid format, \
                        The field 'Colour' is not supported by Step Functions]";
        assert!(cause.ends_with(problems), "{cause}");

        let cause = CallParameters::read(r#"{"Method": "OPTIONS"}"#);
        let cause = cause.err().unwrap().cause.unwrap();
        let problems = "[The field 'ClusterName' is required but was missing, \
                        The field 'CertificateAuthority' is required but was missing, \
                        The field 'Endpoint' is required but was missing, \
                        The field 'Method' should have one of these values: \
                        [GET, POST, PUT, DELETE, HEAD, PATCH], \
                        The field 'Path' is required but was missing]";
        assert!(cause.ends_with(problems), "{cause}");
    }

    #[test]
    fn logs_are_as_they_are_wanted() {
        assert_eq!(options(json!({})), Some(LogOptions::default()));
        let read = options(json!({
            "RetrieveLogs": "true", "RawLogs": true, "LogParameters": { "tailLines": ["6", 7] },
        }));
        let query = [("tailLines", "6"), ("tailLines", "7")];
        let wanted = LogOptions {
            are_wanted: true,
            are_raw: true,
            query: query
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
        };
        assert_eq!(read, Some(wanted));
        assert_eq!(options(json!({ "RetrieveLog": true })), None);
        assert_eq!(
            options(json!({ "LogParameters": { "tailLines": 6 } })),
            None
        );
    }

    #[test]
    fn a_patch_says_what_it_is() {
        let content_type = |method: Method, body: Value| {
            let request = ApiRequest::new(method, "/".into());
            with_body(request, &body).content_type
        };
        let merge = json!({ "spec": { "suspend": true } });
        let operations = json!([{ "op": "remove", "path": "/a" }]);
        for (method, body, expected) in [
            (Method::POST, &merge, "application/json"),
            (Method::PATCH, &merge, "application/merge-patch+json"),
            (Method::PATCH, &operations, "application/json-patch+json"),
            (
                Method::PATCH,
                &operations.to_string().into(),
                "application/json-patch+json",
            ),
        ] {
            assert_eq!(content_type(method, body.clone()), expected);
        }
    }
}
