//! Which variables a state reads: what DescribeStateMachine calls `variableReferences`.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    DataFlow, Distributed, Items, Number, State, StateKind, StateMachine, Text, WaitUntil,
};
use crate::{
    choice::{Condition, Operand, Operator},
    data::{expression::Expression, path::Path, template::Template},
    jsonata::Jsonata,
};

impl StateMachine {
    /// The variables that each state reads, by the state's name. States that read none are left out.
    ///
    /// AWS: [DescribeStateMachine](https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html),
    /// `variableReferences`.
    pub fn variable_references(&self) -> BTreeMap<String, Vec<String>> {
        let mut references = BTreeMap::new();
        for state in self.states() {
            let mut reads = Reads::default();
            reads.state(state);
            if !reads.0.is_empty() {
                references.insert(state.name.to_string(), reads.0.into_iter().collect());
            }
        }
        references
    }
}

#[derive(Default)]
struct Reads(BTreeSet<String>);

impl Reads {
    fn state(&mut self, state: &State) {
        match &state.data_flow {
            DataFlow::JsonPath {
                input_path,
                output_path,
            } => self.paths([input_path, output_path]),
            DataFlow::Jsonata { output } => self.templates([output]),
        }
        self.templates([&state.assign]);
        if let Some(work) = state.work() {
            self.templates([&work.parameters, &work.result_selector]);
            for catcher in &work.catch {
                self.templates([&catcher.assign, &catcher.output]);
            }
        }
        match &state.kind {
            StateKind::Pass(pass) => self.templates([&pass.parameters]),
            StateKind::Task(task) => {
                self.templates([&task.credentials]);
                self.number(task.timeout.as_ref());
                self.number(task.heartbeat.as_ref());
            }
            StateKind::Choice(choice) => {
                for rule in &choice.rules {
                    self.condition(&rule.condition);
                    self.templates([&rule.assign, &rule.output]);
                }
            }
            StateKind::Wait(wait) => match &wait.until {
                WaitUntil::SecondsPath(path) | WaitUntil::TimestampPath(path) => self.path(path),
                WaitUntil::SecondsJsonata(jsonata) | WaitUntil::TimestampJsonata(jsonata) => {
                    self.jsonata(jsonata);
                }
                WaitUntil::Seconds(_) | WaitUntil::Timestamp(_) => {}
            },
            StateKind::Fail(fail) => {
                for text in [&fail.error, &fail.cause].into_iter().flatten() {
                    match text {
                        Text::Literal(_) => {}
                        Text::Computed(expression) => self.expression(expression),
                        Text::Jsonata(jsonata) => self.jsonata(jsonata),
                    }
                }
            }
            StateKind::Map(map) => {
                match &map.items {
                    Items::Input => {}
                    Items::Path(path) => self.path(path),
                    Items::Jsonata(jsonata) => self.jsonata(jsonata),
                    Items::Template(template) => self.template(template),
                }
                self.templates([&map.item_selector]);
                self.number(Some(&map.max_concurrency));
                self.number(map.tolerated_count.as_ref());
                self.number(map.tolerated_percentage.as_ref());
                if let Some(distributed) = &map.distributed {
                    self.distributed(distributed);
                }
            }
            StateKind::Succeed | StateKind::Parallel(_) => {}
        }
    }

    fn expression(&mut self, expression: &Expression) {
        self.names(expression.variables());
    }

    fn jsonata(&mut self, jsonata: &Jsonata) {
        self.names(jsonata.variables());
    }

    fn path(&mut self, path: &Path) {
        self.names(path.variable());
    }

    fn names<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        self.0.extend(names.into_iter().map(str::to_owned));
    }

    fn paths<const N: usize>(&mut self, paths: [&Option<Path>; N]) {
        paths.into_iter().flatten().for_each(|path| self.path(path));
    }

    fn templates<const N: usize>(&mut self, templates: [&Option<Template>; N]) {
        templates
            .into_iter()
            .flatten()
            .for_each(|template| self.template(template));
    }

    fn template(&mut self, template: &Template) {
        match template {
            Template::Literal(_) => {}
            Template::Object(members) => {
                members.iter().for_each(|(_, member)| self.template(member))
            }
            Template::Array(elements) => elements.iter().for_each(|element| self.template(element)),
            Template::Computed { expression, .. } => self.expression(expression),
        }
    }

    fn number<T>(&mut self, number: Option<&Number<T>>) {
        match number {
            None | Some(Number::Literal(_)) => {}
            Some(Number::Path(path)) => self.path(path),
            Some(Number::Jsonata(jsonata)) => self.jsonata(jsonata),
        }
    }

    fn distributed(&mut self, distributed: &Distributed) {
        if let Some(reader) = &distributed.reader {
            self.template(&reader.parameters);
            self.number(reader.reading.max_items.as_ref());
        }
        if let Some(batcher) = &distributed.batcher {
            self.number(batcher.max_items.as_ref());
            self.number(batcher.max_bytes.as_ref());
            self.templates([&batcher.input]);
        }
        if let Some(writer) = &distributed.writer {
            self.templates([&writer.destination]);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::And(all) | Condition::Or(all) => {
                all.iter().for_each(|one| self.condition(one))
            }
            Condition::Not(negated) => self.condition(negated),
            Condition::Literal(_) => {}
            Condition::Jsonata { jsonata, .. } => self.jsonata(jsonata),
            Condition::Test { variable, operator } => {
                self.path(variable);
                if let Operator::Compare {
                    operand: Operand::Path(path),
                    ..
                } = operator
                {
                    self.path(path);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::definition::parse;

    #[test]
    fn a_variable_in_an_argument_is_read() {
        let definition = json!({
            "StartAt": "A",
            "States": {
                "A": {
                    "Type": "Pass",
                    "Parameters": { "x.$": "States.Array($b.c, States.ArrayLength($a))" },
                    "Next": "B"
                },
                "B": { "Type": "Fail", "CausePath": "States.Format('{}', $c)" }
            }
        });
        let references = parse(&definition.to_string())
            .unwrap()
            .variable_references();
        assert_eq!(references["A"], ["a", "b"]);
        assert_eq!(references["B"], ["c"]);
    }

    #[test]
    fn variables_that_expressions_read_are_found_everywhere() {
        let definition = json!({
            "QueryLanguage": "JSONata",
            "StartAt": "A",
            "States": {
                "A": {
                    "Type": "Choice",
                    "Choices": [{
                        "Condition": "{% $a > $count($states.input) %}",
                        "Assign": { "x": "{% ($local := 1; $local + $b) %}" },
                        "Output": "{% $c.d %}",
                        "Next": "B"
                    }]
                },
                "B": { "Type": "Fail", "Cause": "{% $e %}" }
            }
        });
        let references = parse(&definition.to_string())
            .unwrap()
            .variable_references();
        assert_eq!(references["A"], ["a", "b", "c"]);
        assert_eq!(references["B"], ["e"]);
    }
}
