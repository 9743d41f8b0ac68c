//! The pages, and what their forms do.

mod execution;
mod executions;
mod json;
mod machine;
mod machines;
mod parts;
mod stages;
mod trial;
mod waiting;

use maud::{DOCTYPE, Markup, html};

pub use self::execution::Watcher;
use crate::{
    Operations, Place, Response,
    ask::Refused,
    graph::page_style,
    url::{Query, address},
};

/// The style of all pages.
fn style() -> String {
    page_style() + include_str!("pages/style.css")
}

/// The style of all pages, as a file.
pub(crate) fn style_sheet() -> Response {
    asset("text/css; charset=utf-8", style())
}

/// What keeps a page up to date, and knows keys.
pub(crate) fn script() -> Response {
    let script = include_str!("pages/script.js").to_owned();
    asset("text/javascript; charset=utf-8", script)
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

/// What a page is made with.
pub(crate) struct Page<'a, O> {
    pub(crate) operations: &'a O,
    /// What forms of this session have in them.
    pub(crate) form_token: String,
    pub(crate) place: Place,
    pub(crate) is_read_only: bool,
}

/// What a page is about, for its head.
struct Head<'a> {
    title: &'a str,
    /// The part of the console that it belongs to.
    section: &'a str,
    /// Where it is told of changes, if there can be any.
    live: Option<String>,
}

impl<O: Operations> Page<'_, O> {
    /// Shows a page.
    pub(crate) async fn show(&self, path: &[&str], query: &Query) -> Result<Response, Refused> {
        match path {
            [] => self.machines().await,
            ["machines", arn] => self.machine(arn, query).await,
            ["executions"] => self.executions(query).await,
            ["executions", arn] => self.execution(arn, query).await,
            ["executions", arn, "data"] => self.data(arn, query).await,
            ["executions", arn, "news"] => self.news(arn, query).await,
            ["executions", arn, "export"] => self.export(arn).await,
            ["waiting"] => self.waiting().await,
            ["try"] => self.trial(query).await,
            _ => Err(Refused::not_found("such page")),
        }
    }

    /// Does what a form asks for, and leads on to where it can be seen.
    pub(crate) async fn act(&self, path: &[&str], form: &Query) -> Result<Response, Refused> {
        if self.is_read_only {
            return Err(Refused::read_only());
        }
        let next = match path {
            ["try"] => return self.tried(form).await,
            ["executions", "several"] => return self.several(form).await,
            ["machines", arn, "start"] => self.start(arn, form).await?,
            ["executions", arn, "stop"] => self.stop(arn).await?,
            ["executions", arn, "redrive"] => self.redrive(arn).await?,
            ["executions", arn, "answer"] => self.answer(arn, form).await?,
            _ => return Err(Refused::not_found("such form")),
        };
        Ok(led_to(next))
    }

    /// A page that says why there is no other.
    pub(crate) fn refused(&self, refused: &Refused) -> Response {
        let head = Head {
            title: &refused.name,
            section: "",
            live: None,
        };
        let body = html! {
            h1 { (refused.name) }
            p.problem { (refused.message) }
            p { a href=(address(&[], &[])) { "All state machines" } }
        };
        Response {
            status: refused.status,
            ..self.page(&head, &body)
        }
    }

    /// What every page has around it.
    fn page(&self, head: &Head<'_>, body: &Markup) -> Response {
        let sections = [
            ("State machines", address(&[], &[])),
            ("Executions", address(&["executions"], &[])),
            ("Waiting", address(&["waiting"], &[])),
            ("Try", address(&["try"], &[])),
        ];
        let live = head.live.as_deref();
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (head.title) " · Segno" }
                    link rel="stylesheet" href=(address(&["style.css"], &[]));
                    link rel="icon" href=(ICON);
                    script src=(address(&["script.js"], &[])) defer {}
                }
                body data-live=[live.filter(|_| self.place == Place::Server)] data-news=[live.filter(|_| self.place == Place::Function)] {
                    a.skip href="#main" { "Skip to content" }
                    header.bar {
                        a.brand href=(address(&[], &[])) { "Segno" }
                        nav aria-label="Sections" {
                            @for (name, link) in &sections {
                                a href=(link) aria-current=[(*name == head.section).then_some("page")] { (name) }
                            }
                        }
                        form.find action=(address(&["executions"], &[])) role="search" {
                            input #find type="search" name="q" placeholder="Find an execution  /" aria-label="Find an execution by name, input, output or error";
                        }
                    }
                    main #main { (body) }
                    @if self.place == Place::Function {
                        footer { (self.form(&["sign-out"], &html! { button { "Sign out" } })) }
                    }
                    dialog #keys {
                        h2 { "Keys" }
                        dl {
                            dt { kbd { "/" } } dd { "find an execution" }
                            dt { kbd { "j" } " " kbd { "k" } } dd { "next and previous row or state" }
                            dt { kbd { "Enter" } } dd { "open it" }
                            dt { kbd { "?" } } dd { "these keys" }
                        }
                        form method="dialog" { button { "Close" } }
                    }
                }
            }
        };
        Response {
            status: 200,
            headers: vec![("content-type", "text/html; charset=utf-8".to_owned())],
            body: page.into_string().into_bytes(),
        }
    }

    /// A form that does something: with what shows that it is ours.
    fn form(&self, path: &[&str], body: &Markup) -> Markup {
        html! {
            form method="post" action=(address(path, &[])) {
                input type="hidden" name="form-token" value=(self.form_token);
                (body)
            }
        }
    }
}

/// To another page, after something was done.
fn led_to(location: String) -> Response {
    Response {
        status: 303,
        headers: vec![("location", location)],
        body: Vec::new(),
    }
}

/// A page by itself, for whoever has not signed in.
pub(crate) fn small(title: &str, body: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Segno" }
                link rel="stylesheet" href=(address(&["style.css"], &[]));
                link rel="icon" href=(ICON);
            }
            body { main.small { section { h1 { (title) } (body) } } }
        }
    };
    let mut response = Response {
        status: 200,
        headers: vec![("content-type", "text/html; charset=utf-8".to_owned())],
        body: page.into_string().into_bytes(),
    };
    response.shut_off();
    response
}

/// Says to whoever has not signed in why there is nothing to see.
pub(crate) fn notice(refused: &Refused) -> Response {
    Response {
        status: refused.status,
        ..small(&refused.name, &html! { p.problem { (refused.message) } })
    }
}

/// A sign that needs no request.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%230b63b5'/%3E%3Cpath d='M5 3.5v9M5 8h4l2-3M9 8l2 3.5' stroke='%23fff' stroke-width='1.6' fill='none'/%3E%3C/svg%3E";
