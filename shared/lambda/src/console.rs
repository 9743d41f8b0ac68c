//! The console, for browsers that come through API Gateway: which cannot sign, and have a session instead.

use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use http::{HeaderName, HeaderValue};
use segno_api::{ApiError, Response};
use segno_aws::AwsBackend;
use segno_console::{
    Console, Gate, LINK_LIFE, Operations, PATH, PassHash, PassKind, Passes, Place, Request,
    Unavailable,
};
use segno_engine::catalog::CatalogError;
use serde_json::json;

use crate::{
    AwsApi,
    http::{body, header, is_read},
};

/// What the console lets people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// There is none.
    Closed,
    /// It shows what there is.
    ReadOnly,
    /// It also starts, stops, redrives and answers.
    Open,
}

/// The route that gives links. It asks for a signature of IAM, and may be allowed by itself.
const LINK_ROUTE: &str = "POST /admin/console";

/// Whether a request asks for a link.
pub(crate) fn is_link(request: &ApiGatewayV2httpRequest) -> bool {
    request.request_context.route_key.as_deref() == Some(LINK_ROUTE)
}

/// The path of a request, if it is one of the console.
pub(crate) fn path(request: &ApiGatewayV2httpRequest) -> Option<&str> {
    let path = request.raw_path.as_deref()?;
    let rest = path.strip_prefix(PATH)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(path)
}

/// A link for whoever has signed the request.
pub(crate) async fn link(api: &AwsApi, opening: Opening, user: Option<&str>) -> Response {
    let Some(holder) = user else {
        return ApiError::access_denied("a link is for whoever has signed the request")
            .into_response();
    };
    if opening == Opening::Closed {
        return ApiError::access_denied("this stack has no console: its parameter Console is off")
            .into_response();
    }
    match gate(api).link(holder).await {
        Ok(path) => {
            tracing::info!(holder, "a link to the console is given");
            let link = json!({ "path": path, "expiresInSeconds": LINK_LIFE.as_secs() });
            Response {
                status: 200,
                error_type: None,
                body: link.to_string().into_bytes(),
            }
        }
        Err(Unavailable) => Response {
            status: 500,
            error_type: Some("InternalServerError"),
            body: b"{}".to_vec(),
        },
    }
}

/// Answers a browser.
pub(crate) async fn answer(
    api: &AwsApi,
    opening: Opening,
    request: &ApiGatewayV2httpRequest,
    path: &str,
) -> ApiGatewayV2httpResponse {
    if opening == Opening::Closed {
        return status(404);
    }
    let is_post = request.request_context.http.method == http::Method::POST;
    if is_post && is_foreign(request) {
        return status(403);
    }
    let Some(body) = body(request) else {
        return status(400);
    };
    let cookies = request.cookies.as_deref().unwrap_or_default().join("; ");
    let asked = Request {
        is_post,
        path,
        query: request.raw_query_string.as_deref().unwrap_or_default(),
        cookies: match cookies.is_empty() {
            false => &cookies,
            true => header(request, "cookie").unwrap_or_default(),
        },
        body: &body,
    };
    let is_read_only = opening == Opening::ReadOnly;
    let console = |holder: &str| {
        let holder = holder.to_owned();
        Console::new(Through { api, holder }, Place::Function, is_read_only)
    };
    response(gate(api).answer(&asked, console).await)
}

/// Whether another web page makes the browser send this. Without a cookie, such a request would come to
/// nothing; but it could sign somebody in as somebody else.
fn is_foreign(request: &ApiGatewayV2httpRequest) -> bool {
    let site = header(request, "sec-fetch-site");
    let host = header(request, "host");
    let origin = header(request, "origin").map(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.unwrap_or(origin)
    });
    let is_other_site = site.is_some_and(|site| !matches!(site, "same-origin" | "none"));
    is_other_site || origin.is_some_and(|origin| Some(origin) != host)
}

fn response(answer: segno_console::Response) -> ApiGatewayV2httpResponse {
    let mut response = status(answer.status);
    for (name, value) in answer.headers {
        match (name, HeaderValue::try_from(value)) {
            ("set-cookie", Ok(value)) => {
                let cookie = String::from_utf8_lossy(value.as_bytes()).into_owned();
                response.cookies.push(cookie);
            }
            (name, Ok(value)) => {
                response
                    .headers
                    .append(HeaderName::from_static(name), value);
            }
            (_, Err(_)) => return status(500),
        }
    }
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    response.body = Some(body.into());
    response
}

fn status(status: u16) -> ApiGatewayV2httpResponse {
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = i64::from(status);
    response
}

fn gate(api: &AwsApi) -> Gate<Table<'_>> {
    Gate::new(Table(api.engine().store()))
}

/// The operations of the API, for whoever holds the session.
struct Through<'a> {
    api: &'a AwsApi,
    holder: String,
}

impl Operations for Through<'_> {
    async fn call(&self, operation: &str, body: Vec<u8>) -> Response {
        if !is_read(operation) {
            let holder = &self.holder;
            tracing::info!(holder, operation, "asked for in the console");
        }
        let target = format!("AWSStepFunctions.{operation}");
        let request = segno_api::Request {
            target: &target,
            caller: &self.holder,
            invocation_id: None,
            body: &body,
        };
        // In a box: it is large, and each page asks for many things.
        Box::pin(self.api.handle(&request)).await
    }
}

/// Passes in the table of the stack. The table's answers are awaited in boxes: the types of its client are
/// nested deeply.
struct Table<'a>(&'a AwsBackend);

impl Passes for Table<'_> {
    async fn keep(
        &self,
        kind: PassKind,
        pass: &PassHash,
        holder: &str,
        life: Duration,
    ) -> Result<(), Unavailable> {
        let kept = Box::pin(self.0.keep_pass(&name(kind, pass), holder, life)).await;
        kept.map_err(unavailable)
    }

    async fn holder(&self, kind: PassKind, pass: &PassHash) -> Result<Option<String>, Unavailable> {
        let found = Box::pin(self.0.pass(&name(kind, pass))).await;
        found.map_err(unavailable)
    }

    async fn take(&self, kind: PassKind, pass: &PassHash) -> Result<Option<String>, Unavailable> {
        let taken = Box::pin(self.0.take_pass(&name(kind, pass))).await;
        taken.map_err(unavailable)
    }
}

fn name(kind: PassKind, pass: &PassHash) -> String {
    let kind = match kind {
        PassKind::Link => "link",
        PassKind::Session => "session",
    };
    format!("{kind}.{pass}")
}

fn unavailable(error: CatalogError) -> Unavailable {
    let error = &error as &dyn std::error::Error;
    tracing::error!(error, "a pass of the console");
    Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str, headers: &[(&'static str, &'static str)]) -> ApiGatewayV2httpRequest {
        let mut request = ApiGatewayV2httpRequest::default();
        request.raw_path = Some(path.to_owned());
        for (name, value) in headers {
            let value = HeaderValue::from_static(value);
            request.headers.insert(*name, value);
        }
        request
    }

    #[test]
    fn paths_of_the_console_are_its_own() {
        for path in ["/console", "/console/", "/console/executions/x"] {
            assert_eq!(super::path(&request(path, &[])), Some(path));
        }
        for path in ["/", "/admin", "/consoles", "/x/console"] {
            assert_eq!(super::path(&request(path, &[])), None);
        }
    }

    #[test]
    fn other_web_pages_are_not_let_in() {
        let host = ("host", "a.execute-api.eu-west-1.amazonaws.com");
        for own in [
            ("origin", "https://a.execute-api.eu-west-1.amazonaws.com"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "none"),
        ] {
            assert!(!is_foreign(&request(PATH, &[host, own])), "{own:?}");
        }
        for other in [
            ("origin", "https://b.execute-api.eu-west-1.amazonaws.com"),
            ("origin", "null"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
        ] {
            assert!(is_foreign(&request(PATH, &[host, other])), "{other:?}");
        }
    }
}
