//! The way into a console that not everybody who can reach it may use.
//!
//! Whoever may ask for it gets a link, which lets in the first browser that opens it: for a minute, and
//! once. The browser then has a session. Both are long random texts. What is kept of them is a hash, so
//! that nobody who can read where they are kept is let in by what they read.

use std::{fmt, future::Future, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use maud::html;
use sha2::{Digest, Sha256};

use crate::{
    Console, Operations, Request, Response,
    ask::Refused,
    pages::{self, notice},
    session::{Session, sent},
    url::{Query, address},
};

/// How long a link may be used.
pub const LINK_LIFE: Duration = Duration::from_secs(60);

/// How long a session lasts, whatever is done in it.
pub const SESSION_LIFE: Duration = Duration::from_secs(8 * 3600);

/// A cookie of this name is only taken from this very host, and only if it came by TLS.
const COOKIE: &str = "__Host-segno-console";

/// What lets somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PassKind {
    /// Used once.
    Link,
    /// Used until it ends.
    Session,
}

/// The hash of what a browser has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PassHash(String);

impl PassHash {
    fn of(secret: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(secret)))
    }
}

impl fmt::Display for PassHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Nothing can be said of a pass now. Why is in the log.
#[derive(Debug)]
pub struct Unavailable;

/// Where passes are kept, each with who asked for it.
pub trait Passes: Send + Sync {
    /// Keeps a pass for so long.
    fn keep(
        &self,
        kind: PassKind,
        pass: &PassHash,
        holder: &str,
        life: Duration,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Whose pass it is, if it holds. Strongly consistent.
    fn holder(
        &self,
        kind: PassKind,
        pass: &PassHash,
    ) -> impl Future<Output = Result<Option<String>, Unavailable>> + Send;

    /// The same, and it holds no longer. Of those who take it at the same time, one gets it.
    fn take(
        &self,
        kind: PassKind,
        pass: &PassHash,
    ) -> impl Future<Output = Result<Option<String>, Unavailable>> + Send;
}

/// Lets browsers in.
pub struct Gate<P> {
    passes: P,
}

impl<P: Passes> Gate<P> {
    /// A gate to which these passes belong.
    pub fn new(passes: P) -> Self {
        Self { passes }
    }

    /// The address, on this host, that lets in whoever opens it first.
    ///
    /// # Errors
    ///
    /// The pass cannot be kept.
    pub async fn link(&self, holder: &str) -> Result<String, Unavailable> {
        let code = self.issue(PassKind::Link, holder, LINK_LIFE).await?;
        Ok(address(&["sign-in"], &[("code", &code)]))
    }

    async fn issue(
        &self,
        kind: PassKind,
        holder: &str,
        life: Duration,
    ) -> Result<String, Unavailable> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|_| Unavailable)?;
        let secret = URL_SAFE_NO_PAD.encode(secret);
        let pass = PassHash::of(&secret);
        self.passes.keep(kind, &pass, holder, life).await?;
        Ok(secret)
    }

    /// Answers a request: with a page of the console if its browser has been let in. `console` is the one
    /// for whoever holds the session.
    pub async fn answer<O: Operations>(
        &self,
        request: &Request<'_>,
        console: impl FnOnce(&str) -> Console<O>,
    ) -> Response {
        let answer = self.opened(request, console).await;
        answer.unwrap_or_else(|Unavailable| notice(&Refused::unavailable()))
    }

    async fn opened<O: Operations>(
        &self,
        request: &Request<'_>,
        console: impl FnOnce(&str) -> Console<O>,
    ) -> Result<Response, Unavailable> {
        match (request.is_post, request.page()) {
            // The page that asks somebody in has it.
            (false, Some("style.css")) => return Ok(pages::style_sheet()),
            (false, Some("sign-in")) => return Ok(sign_in_page(&Query::of(request.query))),
            (true, Some("sign-in")) => return self.sign_in(request).await,
            _ => {}
        }
        let Some((session, holder)) = self.session(request.cookies).await? else {
            return Ok(notice(&Refused::not_signed_in()));
        };
        if (request.is_post, request.page()) == (true, Some("sign-out")) {
            return self.sign_out(request, &session).await;
        }
        Ok(console(&holder).answer(request, &session).await)
    }

    /// The session that a browser has, and who asked for it.
    async fn session(&self, cookies: &str) -> Result<Option<(Session, String)>, Unavailable> {
        for session in sent(cookies, COOKIE) {
            let pass = PassHash::of(session);
            if let Some(holder) = self.passes.holder(PassKind::Session, &pass).await? {
                return Ok(Some((Session(session.to_owned()), holder)));
            }
        }
        Ok(None)
    }

    /// Gives a session for a link.
    async fn sign_in(&self, request: &Request<'_>) -> Result<Response, Unavailable> {
        let form = Query::of_form(request.body);
        let pass = PassHash::of(form.get("code").unwrap_or_default());
        let Some(holder) = self.passes.take(PassKind::Link, &pass).await? else {
            return Ok(notice(&Refused::used_link()));
        };
        let kind = PassKind::Session;
        let session = self.issue(kind, &holder, SESSION_LIFE).await?;
        let seconds = SESSION_LIFE.as_secs();
        Ok(led_on(format!(
            "{COOKIE}={session}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Strict"
        )))
    }

    async fn sign_out(
        &self,
        request: &Request<'_>,
        session: &Session,
    ) -> Result<Response, Unavailable> {
        if !session.is_own(Query::of_form(request.body).get("form-token")) {
            return Ok(notice(&Refused::foreign_form()));
        }
        let pass = PassHash::of(&session.0);
        self.passes.take(PassKind::Session, &pass).await?;
        Ok(led_on(format!(
            "{COOKIE}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict"
        )))
    }
}

/// Asks whether to sign in: programs open links, too, before people do, and would use this one up.
fn sign_in_page(query: &Query) -> Response {
    let Some(code) = query.get("code") else {
        return notice(&Refused::not_signed_in());
    };
    pages::small(
        "Sign in",
        &html! {
            form method="post" action=(address(&["sign-in"], &[])) {
                input type="hidden" name="code" value=(code);
                p { "The link lets one browser in, once. The session ends after " (SESSION_LIFE.as_secs() / 3600) " hours." }
                button.primary autofocus { "Sign in" }
            }
        },
    )
}

/// To the first page, with a cookie.
fn led_on(cookie: String) -> Response {
    let mut response = Response {
        status: 303,
        headers: vec![("location", address(&[], &[])), ("set-cookie", cookie)],
        body: Vec::new(),
    };
    response.shut_off();
    response
}
