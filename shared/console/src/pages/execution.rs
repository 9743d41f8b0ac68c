//! An execution: what it came to, the graph, what it did, and each state of it.

mod acts;
mod events;
mod live;
mod overlay;
mod panel;
mod part;
mod pipeline;
mod rows;
mod scale;
mod timeline;

use maud::{Markup, PreEscaped, html};
use serde_json::Value;

pub use self::live::Watcher;
use self::{overlay::Colours, part::Part};
use super::{
    Head, Page,
    machine::{opened, pretty},
    parts::{copied, duration, name, status, time, took},
};
use crate::{
    Operations, Place, Response,
    ask::{Refused, text},
    execution::Execution,
    graph::{Open, live},
    run::{Run, Visit, milliseconds},
    url::{Query, address, beside},
};

/// What of an execution a page shows.
pub(super) struct View {
    /// The state that is looked at.
    state: Option<String>,
    /// Which visit of it, counted from 0; the last one if `None`.
    visit: Option<usize>,
    /// The page of the table and of the history events, counted from 0.
    rows: usize,
    events: usize,
    /// The boxes of the graph that are open, as an address has them.
    open: String,
    /// Of a loop that is not folded, the first visit of what would be.
    unfolded: Option<usize>,
    /// The item of a Map state that is looked at: the visit of the state, and the number of the item.
    item: Option<(usize, u64)>,
    /// History events in their order, and not by state.
    is_in_order: bool,
    /// It is a file: there is no server to ask for more.
    is_file: bool,
}

impl View {
    pub(super) fn of(query: &Query) -> Self {
        Self {
            state: query.get("state").map(str::to_owned),
            visit: query.number("visit"),
            rows: query.number("rows").unwrap_or(0),
            events: query.number("events").unwrap_or(0),
            open: query.get("open").unwrap_or_default().to_owned(),
            unfolded: query.number("unfold"),
            item: query.get("item").and_then(|item| {
                let (visit, index) = item.split_once('.')?;
                Some((visit.parse().ok()?, index.parse().ok()?))
            }),
            is_in_order: query.get("order") == Some("id"),
            is_file: false,
        }
    }

    /// A page of the same execution that shows something else.
    fn address(&self, other: &[(&str, &str)]) -> String {
        if self.is_file {
            return "#main".into();
        }
        let kept = self.kept();
        let mut query: Vec<(&str, &str)> = kept
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        query.retain(|(name, _)| other.iter().all(|(other, _)| name != other));
        query.extend(other);
        beside(&query)
    }

    /// What a link on the page leaves as it is, unless it is about that. The visit goes with its state.
    fn kept(&self) -> Vec<(&'static str, String)> {
        let item = self.item.map(|(visit, index)| format!("{visit}.{index}"));
        let unfolded = self.unfolded.map(|visit| visit.to_string());
        vec![
            ("state", self.state.clone().unwrap_or_default()),
            ("item", item.unwrap_or_default()),
            ("open", self.open.clone()),
            ("unfold", unfolded.unwrap_or_default()),
            ("order", if self.is_in_order { "id" } else { "" }.to_owned()),
            ("rows", number(self.rows)),
            ("events", number(self.events)),
        ]
    }

    /// Whether a visit is one of the item that is looked at, or in no item of its Map state.
    fn is_in_item(&self, run: &Run, visit: &Visit) -> bool {
        let Some((map, item)) = self.item else {
            return true;
        };
        let way = std::iter::successors(Some(visit), |visit| {
            visit.around.map(|around| &run.visits[around])
        });
        let mut inside = way.filter(|visit| visit.around == Some(map));
        inside.all(|visit| visit.iteration == Some(item))
    }
}

/// A number of a page as an address has it: nothing for the first.
fn number(page: usize) -> String {
    if page == 0 {
        String::new()
    } else {
        page.to_string()
    }
}

impl<O: Operations> Page<'_, O> {
    pub(super) async fn execution(&self, arn: &str, query: &Query) -> Result<Response, Refused> {
        let execution = Execution::read(self.operations, arn, &opened(query)).await?;
        let view = View::of(query);
        let title = text(&execution.described, "name").to_owned();
        let seen = execution.run.last_id.to_string();
        let mut followed = view.kept();
        followed.push(("visit", query.get("visit").unwrap_or_default().to_owned()));
        followed.push(("seen", seen));
        let followed: Vec<(&str, &str)> = followed
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let told = match self.place {
            Place::Server => "live",
            Place::Function => "news",
        };
        let live = address(&["executions", arn, told], &followed);
        let head = Head {
            title: &title,
            section: "Executions",
            live: execution.is_running().then_some(live),
        };
        let acts = (!self.is_read_only).then(|| self.acts(&execution, &view));
        let stages = match execution.is_redacted {
            true => None,
            false => self.pipeline(&execution, &view).await,
        };
        Ok(self.page(&head, &body(&execution, &view, acts, stages)))
    }

    /// What has changed since a page was made, or was told last.
    pub(super) async fn news(&self, arn: &str, query: &Query) -> Result<Response, Refused> {
        let mut watcher = Watcher::begin(self.operations, arn, query).await?;
        let news = watcher.tell().unwrap_or_else(|| "{}".to_owned());
        Ok(Response {
            status: 200,
            headers: vec![("content-type", "application/json".to_owned())],
            body: news.into_bytes(),
        })
    }

    /// All of one document: JSON as it is.
    pub(super) async fn data(&self, arn: &str, query: &Query) -> Result<Response, Refused> {
        let execution = Execution::read(self.operations, arn, &Open::None).await?;
        let view = View::of(query);
        let visit = panel::visit(&execution, &view).map(|(_, visit)| visit);
        let document = match (query.get("of"), visit) {
            (Some("history"), _) => Some(format!("{:#}", Value::Array(execution.events.clone()))),
            (Some("input"), Some(visit)) => visit.input.clone(),
            (Some("output"), Some(visit)) => visit.output.clone(),
            (Some("parameters"), Some(visit)) => visit
                .attempts
                .last()
                .and_then(|last| last.parameters.clone()),
            (Some(field @ ("input" | "output")), None) => {
                execution.described[field].as_str().map(str::to_owned)
            }
            _ => None,
        };
        let document = document.ok_or_else(|| Refused::not_found("such data"))?;
        Ok(Response {
            status: 200,
            headers: vec![("content-type", "application/json".to_owned())],
            body: document.into_bytes(),
        })
    }

    /// The execution as a file that needs no server.
    pub(super) async fn export(&self, arn: &str) -> Result<Response, Refused> {
        let execution = Execution::read(self.operations, arn, &Open::All).await?;
        let view = View {
            is_file: true,
            ..View::of(&Query::default())
        };
        let title = text(&execution.described, "name").to_owned();
        let page = html! {
            (maud::DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) }
                    style { (PreEscaped(super::style())) }
                }
                body { main #main { (body(&execution, &view, None, None)) } }
            }
        };
        let letters = title
            .chars()
            .filter(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(*letter));
        let file = format!(
            "attachment; filename=\"{}.html\"",
            letters.collect::<String>()
        );
        Ok(Response {
            status: 200,
            headers: vec![
                ("content-type", "text/html; charset=utf-8".to_owned()),
                ("content-disposition", file),
            ],
            body: page.into_string().into_bytes(),
        })
    }
}

fn body(
    execution: &Execution,
    view: &View,
    acts: Option<Markup>,
    stages: Option<Markup>,
) -> Markup {
    html! {
        (head(execution))
        @if let Some(acts) = acts { (acts) }
        div.two.run {
            section aria-label="Graph" { (graph(execution, view)) }
            (panel::panel(execution, view, stages))
        }
        (timeline::table(execution, view))
        (events::table(execution, view))
    }
}

/// What it came to, and the error in full.
fn head(execution: &Execution) -> Markup {
    let described = &execution.described;
    let machine = text(described, "stateMachineArn");
    let (started, redrives) = (
        milliseconds(&described["startDate"]),
        described["redriveCount"].as_u64().unwrap_or(0),
    );
    html! {
        div.head #head {
            h1 { (text(described, "name")) " " (status(text(described, "status"))) }
            p.facts {
                span { "of " a href=(address(&["machines", machine], &[])) { (name(machine)) } }
                span { "started " (time(started)) }
                @if let Some(took) = took(described) { span { "took " (duration(took)) } }
                @if redrives > 0 { span { "redriven " (redrives) "×" } }
            }
            p { (copied(&execution.arn)) }
            @if !text(described, "error").is_empty() || !text(described, "cause").is_empty() {
                div.problem role="alert" {
                    strong { (text(described, "error")) }
                    pre { (pretty(text(described, "cause"))) }
                }
            }
            @if execution.is_redacted { p.quiet { "The logs of this state machine include no execution data, and neither does this page." } }
        }
    }
}

fn graph(execution: &Execution, view: &View) -> Markup {
    let Some(picture) = &execution.picture else {
        return html! { p.quiet { "This definition has no graph." } };
    };
    let picture = live(picture, &Colours::new(execution, view));
    html! { div.picture { (PreEscaped(picture.text)) } }
}

/// Everything on the page that changes when the execution goes on.
fn parts(execution: &Execution, view: &View) -> Vec<Part> {
    let mut parts = vec![Part::new("head", head(execution).into_string())];
    if let Some(picture) = &execution.picture {
        let picture = live(picture, &Colours::new(execution, view));
        let states = picture.parts.into_iter();
        parts.extend(states.map(|(id, range)| Part::new(id, picture.text[range].to_owned())));
    }
    let panel = panel::panel(execution, view, None).into_string();
    parts.push(Part::asked_for("panel", &panel));
    parts.extend(timeline::parts(execution, view));
    parts.extend(events::parts(execution, view));
    parts
}
