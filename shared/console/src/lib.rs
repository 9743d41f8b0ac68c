//! The console: pages that show state machines and their executions.
//!
//! Everything is rendered here, and every page works without a script; the script keeps a page that is
//! open up to date, and knows a few keys. What is shown comes from the operations of the Step Functions
//! API, whoever answers them ([`Operations`]).
//!
//! It knows no HTTP server. Whoever has one hands over what a [`Request`] is made of, and sends back what
//! [`Console::answer`] says, or [`Gate::answer`] where browsers have to sign in.

mod ask;
mod execution;
mod gate;
pub mod graph;
mod pages;
mod run;
mod session;
mod tokens;
mod url;

use std::future::Future;

use serde_json::Value;

use self::{ask::Refused, pages::Page, url::Query};
pub use self::{
    gate::{Gate, LINK_LIFE, PassHash, PassKind, Passes, SESSION_LIFE, Unavailable},
    pages::Watcher,
    session::{Session, Sessions},
};

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

impl Request<'_> {
    /// The page of the console that is asked for, if its path has one part.
    fn page(&self) -> Option<&str> {
        self.path.strip_prefix(PATH)?.strip_prefix('/')
    }
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

impl Response {
    /// Adds what keeps other pages away from this one, and this one from all but its server.
    fn shut_off(&mut self) {
        self.headers.extend([
            ("content-security-policy", POLICY.to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("x-frame-options", "DENY".to_owned()),
            ("referrer-policy", "same-origin".to_owned()),
            ("cross-origin-opener-policy", "same-origin".to_owned()),
        ]);
        if !self
            .headers
            .iter()
            .any(|(name, _)| *name == "cache-control")
        {
            self.headers.push(("cache-control", "no-store".to_owned()));
        }
    }
}

/// Where a console is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Beside an engine: a page is told what changes as it happens.
    Server,
    /// In a function, behind a [`Gate`]: a page asks what has changed, and its user can sign out.
    Function,
}

/// The console over an API.
pub struct Console<O> {
    operations: O,
    place: Place,
    is_read_only: bool,
}

impl<O: Operations> Console<O> {
    /// A console; one that is read-only starts, stops and answers nothing.
    pub fn new(operations: O, place: Place, is_read_only: bool) -> Self {
        Self {
            operations,
            place,
            is_read_only,
        }
    }

    /// Answers a request of a browser that has this session.
    pub async fn answer(&self, request: &Request<'_>, session: &Session) -> Response {
        let path: Vec<String> = url::segments(request.path.strip_prefix(PATH).unwrap_or_default());
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let mut response = match (request.is_post, &path[..]) {
            (false, ["style.css"]) => pages::style_sheet(),
            (false, ["script.js"]) => pages::script(),
            (is_post, path) => self.page(is_post, path, request, session).await,
        };
        response.shut_off();
        response
    }

    async fn page(
        &self,
        is_post: bool,
        path: &[&str],
        request: &Request<'_>,
        session: &Session,
    ) -> Response {
        let page = Page {
            operations: &self.operations,
            form_token: session.form_token(),
            place: self.place,
            is_read_only: self.is_read_only,
        };
        let answer = match is_post {
            true => {
                let form = Query::of_form(request.body);
                match session.is_own(form.get("form-token")) {
                    true => page.act(path, &form).await,
                    false => Err(Refused::foreign_form()),
                }
            }
            false => page.show(path, &Query::of(request.query)).await,
        };
        answer.unwrap_or_else(|refused| page.refused(&refused))
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
