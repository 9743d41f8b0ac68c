//! Who is let into a console that people have to sign in to.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use segno_console::{
    Console, Gate, LINK_LIFE, PassHash, PassKind, Passes, Place, Request, Response, SESSION_LIFE,
    Unavailable,
};

use crate::{
    at_once, declined,
    fake::{EXECUTION, Fake},
};

/// Passes whose time is what the test says it is.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Duration,
    passes: HashMap<(PassKind, PassHash), (String, Duration)>,
}

impl Kept {
    fn wait(&self, time: Duration) {
        self.0.lock().unwrap().now += time;
    }
}

impl Passes for Kept {
    async fn keep(
        &self,
        kind: PassKind,
        pass: &PassHash,
        holder: &str,
        life: Duration,
    ) -> Result<(), Unavailable> {
        let mut state = self.0.lock().unwrap();
        let end = state.now + life;
        let kept = (holder.to_owned(), end);
        state.passes.insert((kind, pass.clone()), kept);
        Ok(())
    }

    async fn holder(&self, kind: PassKind, pass: &PassHash) -> Result<Option<String>, Unavailable> {
        let state = self.0.lock().unwrap();
        let kept = state.passes.get(&(kind, pass.clone()));
        let holds = kept.filter(|(_, end)| *end > state.now);
        Ok(holds.map(|(holder, _)| holder.clone()))
    }

    async fn take(&self, kind: PassKind, pass: &PassHash) -> Result<Option<String>, Unavailable> {
        let holder = self.holder(kind, pass).await?;
        self.0.lock().unwrap().passes.remove(&(kind, pass.clone()));
        Ok(holder)
    }
}

struct Site {
    kept: Kept,
    gate: Gate<Kept>,
    fake: Fake,
    is_read_only: bool,
}

impl Site {
    fn new() -> Self {
        let kept = Kept::default();
        Self {
            gate: Gate::new(kept.clone()),
            kept,
            fake: declined(),
            is_read_only: false,
        }
    }

    fn answer(&self, request: &Request<'_>) -> Response {
        let console = |holder: &str| {
            assert_eq!(holder, "ada");
            Console::new(self.fake.clone(), Place::Function, self.is_read_only)
        };
        at_once(self.gate.answer(request, console))
    }

    fn get(&self, path: &str, cookies: &str) -> Response {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        self.answer(&Request {
            is_post: false,
            path,
            query,
            cookies,
            body: b"",
        })
    }

    fn post(&self, path: &str, cookies: &str, form: &str) -> Response {
        self.answer(&Request {
            is_post: true,
            path,
            query: "",
            cookies,
            body: form.as_bytes(),
        })
    }

    /// A link that is fresh: the form that its page has.
    fn link(&self) -> String {
        let link = at_once(self.gate.link("ada")).unwrap();
        let page = body(&self.get(&link, ""));
        let code = link.split_once("code=").unwrap().1;
        assert!(page.contains(&format!("value=\"{code}\"")), "{page}");
        format!("code={code}")
    }

    /// The cookie of somebody who has signed in.
    fn sign_in(&self) -> String {
        let answer = self.post("/console/sign-in", "", &self.link());
        assert_eq!(
            (answer.status, header(&answer, "location")),
            (303, "/console")
        );
        let cookie = header(&answer, "set-cookie");
        for attribute in [
            "HttpOnly",
            "Secure",
            "SameSite=Strict",
            "Path=/",
            "Max-Age=28800",
        ] {
            assert!(cookie.split("; ").any(|own| own == attribute), "{cookie}");
        }
        cookie.split(';').next().unwrap().to_owned()
    }
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    let mut headers = response.headers.iter();
    let found = headers.find(|(own, _)| *own == name);
    &found.unwrap_or_else(|| panic!("{name}: {response:?}")).1
}

fn body(response: &Response) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

/// The token of the first form of a page.
fn token(page: &Response) -> String {
    let page = body(page);
    let (_, rest) = page.split_once("name=\"form-token\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn execution() -> String {
    format!("/console/executions/{EXECUTION}")
}

#[test]
fn without_a_session_nothing_is_answered() {
    let site = Site::new();
    let forged = "__Host-segno-console=AAAA; segno-console=BBBB";
    for cookies in ["", forged] {
        for path in [
            "",
            "/",
            "/executions",
            "/script.js",
            "/waiting",
            "/sign-in",
            "/x",
        ] {
            let answer = site.get(&format!("/console{path}"), cookies);
            assert_eq!(answer.status, 401, "{path}");
        }
        for path in ["", "/data?of=history", "/news?seen=1", "/export"] {
            let answer = site.get(&format!("{}{path}", execution()), cookies);
            assert_eq!(answer.status, 401, "{path}");
        }
        for path in [format!("{}/stop", execution()), "/console/sign-out".into()] {
            assert_eq!(site.post(&path, cookies, "form-token=x").status, 401);
        }
    }
    assert_eq!(site.fake.asked.lock().unwrap().len(), 0);
}

#[test]
fn a_link_lets_one_browser_in_and_that_sees_the_console() {
    let site = Site::new();
    let cookie = site.sign_in();
    let page = site.get(&execution(), &format!("theme=dark; {cookie}"));
    assert_eq!(page.status, 200);
    assert!(body(&page).contains("<svg class=\"graph\""));
    assert_eq!(header(&page, "x-frame-options"), "DENY");
    assert!(header(&page, "content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(header(&page, "cache-control"), "no-store");
}

#[test]
fn a_link_is_used_once_and_soon() {
    let site = Site::new();
    let form = site.link();
    assert_eq!(site.post("/console/sign-in", "", &form).status, 303);
    assert_eq!(site.post("/console/sign-in", "", &form).status, 403);
    let late = site.link();
    site.kept.wait(LINK_LIFE);
    assert_eq!(site.post("/console/sign-in", "", &late).status, 403);
    for wrong in ["", "code=", "code=AAAA"] {
        assert_eq!(
            site.post("/console/sign-in", "", wrong).status,
            403,
            "{wrong}"
        );
    }
}

#[test]
fn a_session_ends_by_itself_and_when_it_is_ended() {
    let site = Site::new();
    let (first, second) = (site.sign_in(), site.sign_in());
    let page = site.get(&execution(), &first);
    let others = site.post(
        "/console/sign-out",
        &second,
        &format!("form-token={}", token(&page)),
    );
    assert_eq!(others.status, 403);
    let out = site.post(
        "/console/sign-out",
        &first,
        &format!("form-token={}", token(&page)),
    );
    assert_eq!(out.status, 303);
    assert_eq!(site.get(&execution(), &first).status, 401);
    assert_eq!(site.get(&execution(), &second).status, 200);
    site.kept.wait(SESSION_LIFE);
    assert_eq!(site.get(&execution(), &second).status, 401);
}

#[test]
fn a_link_is_no_session_and_what_is_kept_lets_nobody_in() {
    let site = Site::new();
    let link = site.link();
    let code = link.strip_prefix("code=").unwrap();
    let as_session = format!("__Host-segno-console={code}");
    assert_eq!(site.get(&execution(), &as_session).status, 401);
    site.sign_in();
    let kept: Vec<String> = {
        let state = site.kept.0.lock().unwrap();
        state
            .passes
            .keys()
            .map(|(_, pass)| pass.to_string())
            .collect()
    };
    assert_eq!(kept.len(), 2);
    for pass in kept {
        let cookie = format!("__Host-segno-console={pass}");
        assert_eq!(site.get(&execution(), &cookie).status, 401);
        let form = format!("code={pass}");
        assert_eq!(site.post("/console/sign-in", "", &form).status, 403);
    }
}

#[test]
fn only_its_own_forms_are_taken() {
    let mut site = Site::new();
    let (own, other) = (site.sign_in(), site.sign_in());
    let stop = format!("{}/stop", execution());
    let others = token(&site.get(&execution(), &other));
    for form in [
        String::new(),
        "form-token=".into(),
        format!("form-token={others}"),
    ] {
        assert_eq!(site.post(&stop, &own, &form).status, 403, "{form}");
    }
    site.is_read_only = true;
    let page = site.get(&execution(), &own);
    let form = format!("form-token={}", token(&page));
    assert_eq!(site.post(&stop, &own, &form).status, 403);
    let asked = site.fake.asked.lock().unwrap();
    assert!(
        asked
            .iter()
            .all(|(operation, _)| operation != "StopExecution")
    );
}

#[test]
fn a_page_asks_for_what_has_changed() {
    let mut site = Site::new();
    site.fake.described["status"] = "RUNNING".into();
    let cookie = site.sign_in();
    let page = body(&site.get(&execution(), &cookie));
    let (_, rest) = page.split_once("data-news=\"").unwrap();
    assert!(!page.contains("data-live"));
    let news = rest.split('"').next().unwrap().replace("&amp;", "&");
    assert_eq!(body(&site.get(&news, &cookie)), "{}");
    let earlier = news.replace("seen=11", "seen=9");
    assert_ne!(earlier, news);
    let told: serde_json::Value =
        serde_json::from_slice(&site.get(&earlier, &cookie).body).unwrap();
    assert_eq!((&told["seen"], &told["ended"]), (&11.into(), &false.into()));
    let parts: Vec<&str> = told["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part[0].as_str().unwrap())
        .collect();
    // The state that was entered then, in the graph and in the table, and its history events.
    assert!(
        parts.contains(&"v1") && parts.contains(&"e10") && parts.contains(&"e11"),
        "{parts:?}"
    );
    assert!(
        !parts.contains(&"v0") && !parts.contains(&"e9"),
        "{parts:?}"
    );
}
