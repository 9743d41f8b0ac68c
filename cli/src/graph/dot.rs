//! Graphviz.

use std::fmt::Write;

use segno_asl::definition::{State, StateKind, StateMachine};

use segno_console::graph::edges::{edges, inner, scope};

/// The graph of a state machine.
pub(super) fn render(machine: &StateMachine) -> String {
    let mut graph = Graph {
        machine,
        text: String::new(),
        clusters: 0,
    };
    graph.line(0, "digraph {");
    graph.line(1, "compound=true; node [shape=box, style=rounded, fontname=\"sans-serif\"]; edge [fontname=\"sans-serif\"];");
    graph.scope(&machine.start_at, "", 1);
    graph.line(0, "}");
    graph.text
}

struct Graph<'m> {
    machine: &'m StateMachine,
    text: String,
    clusters: usize,
}

impl Graph<'_> {
    fn scope(&mut self, start_at: &str, prefix: &str, depth: usize) {
        let states = scope(self.machine, start_at);
        let (start, end) = (
            quoted(&format!("{prefix}(start)")),
            quoted(&format!("{prefix}(end)")),
        );
        self.line(
            depth,
            &format!("{start} [shape=circle, label=\"\", style=filled, width=0.2];"),
        );
        self.line(
            depth,
            &format!("{end} [shape=doublecircle, label=\"\", style=filled, width=0.2];"),
        );
        self.line(depth, &format!("{start} -> {};", quoted(start_at)));
        for state in states {
            self.state(state, depth);
            for edge in edges(state) {
                let to = edge.to.map_or_else(|| end.clone(), |name| quoted(&name));
                let style = if edge.is_catch { ", style=dashed" } else { "" };
                let label = quoted(&edge.label);
                self.line(
                    depth,
                    &format!("{} -> {to} [label={label}{style}];", quoted(&state.name)),
                );
            }
        }
    }

    fn state(&mut self, state: &State, depth: usize) {
        let shape = match &state.kind {
            StateKind::Choice(_) => " [shape=diamond]",
            StateKind::Fail(_) => " [color=red]",
            StateKind::Pass(_)
            | StateKind::Task(_)
            | StateKind::Wait(_)
            | StateKind::Succeed
            | StateKind::Parallel(_)
            | StateKind::Map(_) => "",
        };
        let name = quoted(&state.name);
        self.line(depth, &format!("{name}{shape};"));
        for (start_at, title) in inner(state) {
            let number = self.clusters;
            self.clusters += 1;
            self.line(depth, &format!("subgraph cluster_{number} {{"));
            self.line(
                depth + 1,
                &format!("label={};", quoted(&format!("{}: {title}", state.name))),
            );
            self.scope(start_at, &format!("{} {title} ", state.name), depth + 1);
            self.line(depth, "}");
            self.line(
                depth,
                &format!(
                    "{name} -> {} [style=dotted, arrowhead=none];",
                    quoted(&format!("{} {title} (start)", state.name))
                ),
            );
        }
    }

    fn line(&mut self, depth: usize, text: &str) {
        writeln!(self.text, "{:indent$}{text}", "", indent = 4 * depth)
            .expect("a String takes every write");
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use segno_asl::definition::parse;
    use serde_json::json;

    use super::*;

    #[test]
    fn catchers_are_dashed_and_names_are_quoted() {
        let definition = json!({ "StartAt": "A \"b\"", "States": {
            "A \"b\"": { "Type": "Task", "Resource": "arn:aws:lambda:r:123456789012:function:f",
                         "Catch": [{ "ErrorEquals": ["E"], "Next": "F" }], "End": true },
            "F": { "Type": "Fail" },
        } });
        let graph = render(&parse(&definition.to_string()).unwrap());
        assert!(
            graph.contains(r#""A \"b\"" -> "F" [label="E", style=dashed];"#),
            "{graph}"
        );
        assert!(
            graph.contains(r#""A \"b\"" -> "(end)" [label=""];"#),
            "{graph}"
        );
    }
}
