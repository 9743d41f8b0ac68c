//! A state machine: its graph, its definition with what is wrong with it, and its executions.

use maud::{Markup, html};
use segno_asl::definition::{compile_text, places::Document};
use serde_json::{Value, json};

use super::{
    Head, Page,
    json::highlighted,
    parts::{Columns, copied, name, time},
};
use crate::{
    Operations, Response,
    ask::{Refused, ask, text},
    graph::{Drawn, NodeKind, Open, Overlay, Picture, embedded, metrics::Metrics},
    run::milliseconds,
    url::{Query, address, beside},
};

/// Executions, versions and aliases that are shown here.
const ROWS: usize = 20;

/// Bytes of a definition in colours. Beyond that each word would make a page too large.
const COLOURED_BYTES_MAX: usize = 64 * 1024;

impl<O: Operations> Page<'_, O> {
    pub(super) async fn machine(&self, arn: &str, query: &Query) -> Result<Response, Refused> {
        let machine = ask(
            self.operations,
            "DescribeStateMachine",
            json!({ "stateMachineArn": arn }),
        )
        .await?;
        let definition = text(&machine, "definition");
        let problems = self.problems(definition, text(&machine, "type")).await?;
        let executions = self.newest(arn, &machine).await?;
        let title = text(&machine, "name");
        let body = html! {
            div.head {
                h1 { (title) }
                p.facts {
                    span { (text(&machine, "type").to_lowercase()) }
                    span { (text(&machine, "status").to_lowercase()) }
                    span { "created " (time(milliseconds(&machine["creationDate"]))) }
                }
                p { (copied(arn)) }
            }
            div.two {
                section aria-label="Graph" { (graph(definition, query.get("open").unwrap_or_default())) }
                div {
                    @if !self.is_read_only && text(&machine, "type") == "STANDARD" {
                        (self.start_form(arn, &executions).await?)
                    }
                    section {
                        h2 { "Executions" }
                        (super::parts::executions(&executions, Columns::default()))
                        @if executions.len() == ROWS {
                            p { a href=(address(&["executions"], &[("machine", arn)])) { "All of them" } }
                        }
                    }
                    (self.versions(arn).await?)
                }
            }
            section #definition {
                h2 { "Definition" }
                (definition_lines(definition, &problems))
            }
        };
        let head = Head {
            title,
            section: "State machines",
            live: None,
        };
        Ok(self.page(&head, &body))
    }

    async fn problems(&self, definition: &str, machine_type: &str) -> Result<Vec<Value>, Refused> {
        let input =
            json!({ "definition": definition, "type": machine_type, "severity": "WARNING" });
        let mut found = ask(self.operations, "ValidateStateMachineDefinition", input).await?;
        match found["diagnostics"].take() {
            Value::Array(problems) => Ok(problems),
            _ => Ok(Vec::new()),
        }
    }

    async fn newest(&self, arn: &str, machine: &Value) -> Result<Vec<Value>, Refused> {
        if text(machine, "type") == "EXPRESS" {
            return Ok(Vec::new());
        }
        let input = json!({ "stateMachineArn": arn, "maxResults": ROWS });
        let mut answer = ask(self.operations, "ListExecutions", input).await?;
        match answer["executions"].take() {
            Value::Array(executions) => Ok(executions),
            _ => Ok(Vec::new()),
        }
    }

    /// A form that starts with the input of the last execution.
    async fn start_form(&self, arn: &str, executions: &[Value]) -> Result<Markup, Refused> {
        let input = match executions.first() {
            Some(last) => {
                let last = json!({ "executionArn": text(last, "executionArn") });
                ask(self.operations, "DescribeExecution", last).await?["input"].take()
            }
            None => Value::Null,
        };
        let input = pretty(input.as_str().unwrap_or("{}"));
        let body = html! {
            label { "Input" textarea name="input" rows="6" spellcheck="false" { (input) } }
            label { "Name" input type="text" name="name" placeholder="made up if left empty" autocomplete="off"; }
            button.primary { "Start" }
        };
        Ok(html! {
            section {
                h2 { "Start an execution" }
                (self.form(&["machines", arn, "start"], &body))
            }
        })
    }

    async fn versions(&self, arn: &str) -> Result<Markup, Refused> {
        let input = json!({ "stateMachineArn": arn, "maxResults": ROWS });
        let versions = ask(self.operations, "ListStateMachineVersions", input.clone()).await?;
        let aliases = ask(self.operations, "ListStateMachineAliases", input).await?;
        let entries = |answer: &Value, list: &str, key: &str| -> Vec<(String, Option<i64>)> {
            let entries = answer[list].as_array().into_iter().flatten();
            entries
                .map(|entry| {
                    (
                        text(entry, key).to_owned(),
                        milliseconds(&entry["creationDate"]),
                    )
                })
                .collect()
        };
        let versions = entries(&versions, "stateMachineVersions", "stateMachineVersionArn");
        let aliases = entries(&aliases, "stateMachineAliases", "stateMachineAliasArn");
        let all = [("Versions", versions), ("Aliases", aliases)];
        Ok(html! {
            @for (title, entries) in all.iter().filter(|(_, entries)| !entries.is_empty()) {
                section {
                    h2 { (title) }
                    ul.plain { @for (arn, created) in entries { li { (name(arn)) " " span.quiet { (time(*created)) } } } }
                }
            }
        })
    }

    /// Starts an execution, and gives where it can be seen.
    pub(super) async fn start(&self, arn: &str, form: &Query) -> Result<String, Refused> {
        let input = form.get("input").unwrap_or("{}");
        let mut start = json!({ "stateMachineArn": arn, "input": input });
        if let Some(name) = form.get("name") {
            start["name"] = name.into();
        }
        let started = ask(self.operations, "StartExecution", start).await?;
        Ok(address(
            &["executions", text(&started, "executionArn")],
            &[],
        ))
    }
}

/// JSON in lines, as far as it is JSON.
pub(super) fn pretty(text: &str) -> String {
    let value: Result<Value, _> = serde_json::from_str(text);
    value.map_or_else(|_| text.to_owned(), |value| format!("{value:#}"))
}

/// The boxes that an address opens.
pub(super) fn opened(query: &Query) -> Open {
    boxes(query.get("open").unwrap_or_default())
}

/// Between the names of boxes in an address.
const BETWEEN: char = '\n';

fn boxes(open: &str) -> Open {
    Open::Also(open.split(BETWEEN).map(str::to_owned).collect())
}

/// The boxes that an address opens, and one more.
pub(super) fn with_open(open: &str, name: &str) -> String {
    match open {
        "" => name.to_owned(),
        open => format!("{open}{BETWEEN}{name}"),
    }
}

/// The boxes that an address opens, but for one; `None` if it does not open that.
pub(super) fn without_open(open: &str, name: &str) -> Option<String> {
    let names: Vec<&str> = open.split(BETWEEN).filter(|own| *own != name).collect();
    let others = names.join("\n");
    (others != open).then_some(others)
}

/// The graph without an execution: each state leads to its place in the definition.
fn graph(definition: &str, open: &str) -> Markup {
    struct Places<'a>(&'a str);
    impl Overlay for Places<'_> {
        fn link(&self, state: &Drawn) -> Option<String> {
            Some(match state.hidden {
                0 => format!("#{}", anchor(&state.name)),
                _ => beside(&[("open", &with_open(self.0, &state.name))]),
            })
        }

        fn is_taken(
            &self,
            _: &NodeKind,
            _: &NodeKind,
            _: crate::graph::layout::Class,
        ) -> Option<bool> {
            None
        }
    }
    match compile_text(definition) {
        Ok(machine) => {
            let picture = Picture::of(&machine, &boxes(open), &Metrics::PIXELS);
            html! { div.picture { (maud::PreEscaped(embedded(&picture, &Places(open)))) } }
        }
        Err(_) => html! { p.quiet { "A definition with errors has no graph." } },
    }
}

/// What the place of a state in the definition is called.
fn anchor(name: &str) -> String {
    let letters = name.chars().map(|letter| {
        if letter.is_alphanumeric() {
            letter
        } else {
            '-'
        }
    });
    format!("state-{}", letters.collect::<String>())
}

/// The definition with line numbers, what is wrong below the lines that it is about.
fn definition_lines(definition: &str, problems: &[Value]) -> Markup {
    let pretty = match definition.trim().contains('\n') {
        true => definition.to_owned(),
        false => pretty(definition),
    };
    let document = Document::json(&pretty).ok();
    let line_of = |pointer: &str| {
        let place = document.as_ref()?.place(pointer);
        Some(pretty.get(..place.start)?.matches('\n').count())
    };
    let problems: Vec<(Option<usize>, &Value)> = problems
        .iter()
        .map(|problem| (problem["location"].as_str().and_then(line_of), problem))
        .collect();
    let is_coloured = pretty.len() <= COLOURED_BYTES_MAX;
    html! {
        @for (_, problem) in problems.iter().filter(|(line, _)| line.is_none()) { (finding(problem)) }
        div.definition.json tabindex="0" {
            @for (index, line) in pretty.lines().enumerate() {
                div.line id=[state_in(line).map(anchor)] {
                    span.nr { (index + 1) }
                    code { @if is_coloured { (highlighted(line)) } @else { (line) } }
                }
                @for (_, problem) in problems.iter().filter(|(line, _)| *line == Some(index)) { (finding(problem)) }
            }
        }
    }
}

/// The name that a line of a definition gives to an object. Not each is a state; no other line has that
/// of a state.
fn state_in(line: &str) -> Option<&str> {
    let (name, rest) = line.trim_start().strip_prefix('"')?.split_once('"')?;
    rest.trim_start()
        .strip_prefix(':')?
        .trim_start()
        .starts_with('{')
        .then_some(name)
}

fn finding(problem: &Value) -> Markup {
    let class = if text(problem, "severity") == "ERROR" {
        "finding bad"
    } else {
        "finding caught"
    };
    html! {
        div class=(class) role="note" {
            strong { (text(problem, "severity").to_lowercase()) }
            " " (text(problem, "message")) " " code { (text(problem, "code")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_stands_below_its_line() {
        let definition = "{ \"StartAt\": \"A\", \"States\": {\n\"A\": { \"Type\": \"Pass\",\n\"Next\": \"<B>\" } } }";
        let problems = [
            json!({ "severity": "ERROR", "code": "X", "message": "no <B>", "location": "/States/A/Next" }),
        ];
        let shown = definition_lines(definition, &problems).into_string();
        let (before, after) = shown.split_once("no &lt;B&gt;").unwrap();
        assert!(before.contains("<span class=\"nr\">3</span>"), "{shown}");
        assert!(before.contains("id=\"state-A\""), "{shown}");
        assert!(!after.contains("class=\"nr\""), "{shown}");
    }
}
