//! Mermaid flowcharts.

use std::{collections::HashMap, fmt::Write};

use segno_asl::definition::{State, StateKind, StateMachine};

use segno_console::graph::edges::{edges, inner, scope};

/// The flowchart of a state machine.
pub(super) fn render(machine: &StateMachine) -> String {
    let mut chart = Chart {
        machine,
        text: String::from("flowchart TD\n"),
        ids: HashMap::new(),
    };
    chart.scope(&machine.start_at, "", 1);
    chart.text
}

struct Chart<'m> {
    machine: &'m StateMachine,
    text: String,
    ids: HashMap<String, String>,
}

impl Chart<'_> {
    fn scope(&mut self, start_at: &str, prefix: &str, depth: usize) {
        let states = scope(self.machine, start_at);
        let (start, end) = (format!("{prefix}start"), format!("{prefix}stop"));
        let first = self.id(start_at);
        self.line(depth, &format!("{start}(( )) --> {first}"));
        for state in &states {
            self.state(state, depth);
        }
        for state in &states {
            self.edges(state, &end, depth);
        }
        self.line(depth, &format!("{end}((( )))"));
    }

    fn state(&mut self, state: &State, depth: usize) {
        let (id, name) = (self.id(&state.name), escaped(&state.name));
        let scopes = inner(state);
        if scopes.is_empty() {
            let shape = match &state.kind {
                StateKind::Choice(_) => format!("{id}{{\"{name}\"}}"),
                StateKind::Wait(_) => format!("{id}([\"{name}\"])"),
                StateKind::Fail(_) => format!("{id}[/\"{name}\"/]"),
                StateKind::Task(_) => format!("{id}[[\"{name}\"]]"),
                StateKind::Pass(_)
                | StateKind::Succeed
                | StateKind::Parallel(_)
                | StateKind::Map(_) => {
                    format!("{id}[\"{name}\"]")
                }
            };
            return self.line(depth, &shape);
        }
        self.line(depth, &format!("subgraph {id}[\"{name}\"]"));
        for (index, (start_at, title)) in scopes.into_iter().enumerate() {
            let inner = format!("{id}_{index}");
            self.line(depth + 1, &format!("subgraph {inner}[\"{title}\"]"));
            self.scope(start_at, &format!("{inner}_"), depth + 2);
            self.line(depth + 1, "end");
        }
        self.line(depth, "end");
    }

    fn edges(&mut self, state: &State, end: &str, depth: usize) {
        let from = self.id(&state.name);
        for edge in edges(state) {
            let to = edge
                .to
                .map_or_else(|| end.to_owned(), |name| self.id(&name));
            let line = if edge.is_catch { "-.->" } else { "-->" };
            let label = match edge.label.as_str() {
                "" => String::new(),
                label => format!("|\"{}\"|", escaped(label)),
            };
            self.line(depth, &format!("{from} {line}{label} {to}"));
        }
    }

    /// State names have any characters, ids have few: states are numbered.
    fn id(&mut self, name: &str) -> String {
        let number = self.ids.len();
        self.ids
            .entry(name.to_owned())
            .or_insert_with(|| format!("s{number}"))
            .clone()
    }

    fn line(&mut self, depth: usize, text: &str) {
        writeln!(self.text, "{:indent$}{text}", "", indent = 4 * depth)
            .expect("a String takes every write");
    }
}

/// Text between quotes. `#quot;` is how Mermaid writes a quote.
fn escaped(text: &str) -> String {
    text.replace('#', "#35;")
        .replace('"', "#quot;")
        .replace('<', "#lt;")
        .replace('>', "#gt;")
}

#[cfg(test)]
mod tests {
    use segno_asl::definition::parse;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_state_is_a_node_and_every_transition_an_arrow() {
        let definition = json!({ "StartAt": "Is \"it\"?", "States": {
            "Is \"it\"?": { "Type": "Choice", "Choices": [{ "Variable": "$.n", "NumericGreaterThan": 1, "Next": "All" }], "Default": "No" },
            "All": { "Type": "Map", "ItemProcessor": { "StartAt": "One", "States": { "One": { "Type": "Pass", "End": true } } },
                     "Catch": [{ "ErrorEquals": ["States.ALL"], "Next": "No" }], "End": true },
            "No": { "Type": "Fail" },
        } });
        let chart = render(&parse(&definition.to_string()).unwrap());
        let expected = "\
flowchart TD
    start(( )) --> s0
    s0{\"Is #quot;it#quot;?\"}
    subgraph s1[\"All\"]
        subgraph s1_0[\"each item\"]
            s1_0_start(( )) --> s2
            s2[\"One\"]
            s2 --> s1_0_stop
            s1_0_stop((( )))
        end
    end
    s3[/\"No\"/]
    s0 -->|\"$.n #gt; 1\"| s1
    s0 -->|\"otherwise\"| s3
    s1 --> stop
    s1 -.->|\"States.ALL\"| s3
    s3 --> stop
    stop((( )))
";
        assert_eq!(chart, expected);
    }
}
