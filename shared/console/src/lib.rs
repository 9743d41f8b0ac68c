//! The console: pages that show state machines and their executions.
//!
//! Everything is rendered here, and every page works without a script; the script keeps a page that is
//! open up to date, and knows a few keys. What is shown comes from the operations of the Step Functions
//! API, whoever answers them ([`Operations`]).
//!
//! It knows no HTTP server. Whoever has one hands over what a [`Request`] is made of, and sends back what
//! [`Console::answer`] says.

mod access;
mod ask;
mod execution;
pub mod graph;
mod pages;
mod run;
mod tokens;
mod url;

use std::future::Future;

use serde_json::Value;

pub use self::pages::Watcher;
use self::{access::Access, ask::Refused, pages::Page, url::Query};

/// What answers the operations of the API.
pub trait Operations: Send + Sync {
    /// Answers a request: the name of its operation, and its body.
    fn call(
        &self,
        operation: &str,
        body: Vec<u8>,
    ) -> impl Future<Output = segno_api::Response> + Send;
}

/// A request of a browser.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// It asks for something to be done: a POST.
    pub is_post: bool,
    /// The path, as it was sent.
    pub path: &'a str,
    /// What is behind `?`.
    pub query: &'a str,
    /// The header `Cookie`.
    pub cookies: &'a str,
    /// The fields of a form.
    pub body: &'a [u8],
}

/// An answer, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// What is shown.
    pub body: Vec<u8>,
}

/// Where the console is.
pub const PATH: &str = "/console";

/// What a page may do: nothing that does not come from its own server, and no script that is written in
/// it. Nobody may put it in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The console over an API.
pub struct Console<O> {
    operations: O,
    access: Access,
    is_read_only: bool,
}

impl<O: Operations> Console<O> {
    /// A console; one that is read-only starts, stops and answers nothing. Its sessions are known by a
    /// secret that nobody can guess.
    pub fn new(operations: O, secret: [u8; 32], is_read_only: bool) -> Self {
        Self {
            operations,
            access: Access::new(secret),
            is_read_only,
        }
    }

    /// Answers a request.
    pub async fn answer(&self, request: &Request<'_>) -> Response {
        let path: Vec<String> = url::segments(request.path.strip_prefix(PATH).unwrap_or_default());
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let mut response = match (request.is_post, &path[..]) {
            (false, ["style.css"]) => asset("text/css; charset=utf-8", pages::style()),
            (false, ["script.js"]) => {
                asset("text/javascript; charset=utf-8", pages::SCRIPT.to_owned())
            }
            (is_post, path) => self.page(is_post, path, request).await,
        };
        response.headers.extend([
            ("content-security-policy", POLICY.to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("x-frame-options", "DENY".to_owned()),
            ("referrer-policy", "same-origin".to_owned()),
            ("cross-origin-opener-policy", "same-origin".to_owned()),
        ]);
        response
    }

    async fn page(&self, is_post: bool, path: &[&str], request: &Request<'_>) -> Response {
        let (session, is_new) = self.access.session(request.cookies);
        let page = Page {
            operations: &self.operations,
            form_token: self.access.form_token(&session),
            is_read_only: self.is_read_only,
        };
        let answer = match is_post {
            true => {
                let form = Query::of_form(request.body);
                match self.access.is_own(&session, form.get("form-token")) && !is_new {
                    true => page.act(path, &form).await,
                    false => Err(Refused::foreign_form()),
                }
            }
            false => page.show(path, &Query::of(request.query)).await,
        };
        let mut response = answer.unwrap_or_else(|refused| page.refused(&refused));
        response
            .headers
            .push(("cache-control", "no-store".to_owned()));
        if is_new {
            response
                .headers
                .push(("set-cookie", Access::cookie(&session)));
        }
        response
    }

    /// Follows an execution for a page that shows it.
    ///
    /// # Errors
    ///
    /// What the API says, as JSON: there is no such execution.
    pub async fn watch(&self, execution_arn: &str, query: &str) -> Result<Watcher, Value> {
        let watcher = Watcher::begin(&self.operations, execution_arn, &Query::of(query)).await;
        watcher.map_err(|refused| refused.message.into())
    }

    /// What has changed for a page since it was last asked: JSON, for the script. `None` if nothing has.
    pub async fn news(&self, watcher: &mut Watcher) -> Option<String> {
        watcher.news(&self.operations).await
    }

    /// The execution that a path asks to be told of, if it is one of these.
    pub fn watched(path: &str) -> Option<String> {
        match &url::segments(path.strip_prefix(PATH)?)[..] {
            [kind, arn, live] if kind == "executions" && live == "live" => Some(arn.clone()),
            _ => None,
        }
    }
}

/// A file that is part of the program, and changes only with it.
fn asset(content_type: &str, body: String) -> Response {
    Response {
        status: 200,
        headers: vec![
            ("content-type", content_type.to_owned()),
            ("cache-control", "no-cache".to_owned()),
        ],
        body: body.into_bytes(),
    }
}
