//! Statements as a policy document, for SAM and for Terraform.

use std::fmt::Write;

use segno_integrations::iam::{Condition, Statement};
use serde_json::{Map, Value, json};

/// A policy document.
pub(super) fn json(statements: &[Statement]) -> String {
    let statements: Vec<Value> = statements.iter().map(statement).collect();
    format!(
        "{:#}\n",
        json!({ "Version": "2012-10-17", "Statement": statements })
    )
}

fn statement(statement: &Statement) -> Value {
    let mut rendered = json!({
        "Effect": "Allow",
        "Action": statement.actions,
        "Resource": statement.resources,
    });
    if !statement.conditions.is_empty() {
        let mut operators = Map::new();
        for Condition {
            operator,
            key,
            value,
        } in &statement.conditions
        {
            operators.entry(*operator).or_insert_with(|| json!({}))[*key] = value.as_str().into();
        }
        rendered["Condition"] = operators.into();
    }
    rendered
}

/// `Policies` of a state machine in a SAM template, where tokens are its own.
pub(super) fn sam(statements: &[Statement]) -> String {
    let mut text = "Policies:\n  - Version: \"2012-10-17\"\n    Statement:\n".to_owned();
    for statement in statements {
        text += "      - Effect: Allow\n";
        for (field, values) in [
            ("Action", &statement.actions),
            ("Resource", &statement.resources),
        ] {
            text += &format!("        {field}:\n");
            for value in values {
                text += &format!("          - {}\n", substituted(value));
            }
        }
        if !statement.conditions.is_empty() {
            text += "        Condition:\n";
        }
        for Condition {
            operator,
            key,
            value,
        } in &statement.conditions
        {
            text += &format!("          {operator}:\n");
            text += &format!("            {key}: {}\n", substituted(value));
        }
    }
    text
}

/// A string in YAML; JSON's strings are YAML's.
fn substituted(value: &str) -> String {
    let quoted = Value::from(value).to_string();
    match value.contains("${") {
        true => format!("!Sub {quoted}"),
        false => quoted,
    }
}

/// A data source for Terraform.
pub(super) fn terraform(statements: &[Statement]) -> String {
    let mut text = "data \"aws_iam_policy_document\" \"state_machine\" {\n".to_owned();
    for (index, statement) in statements.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text += "  statement {\n";
        text += &format!("    actions   = {}\n", list(&statement.actions));
        text += &format!("    resources = {}\n", list(&statement.resources));
        for Condition {
            operator,
            key,
            value,
        } in &statement.conditions
        {
            let (key, value) = (literal(key), literal(value));
            write!(
                text,
                "\n    condition {{\n      test     = \"{operator}\"\n      variable = {key}\n      \
                 values   = [{value}]\n    }}\n"
            )
            .expect("a string takes everything");
        }
        text += "  }\n";
    }
    text + "}\n"
}

fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
    match values.as_slice() {
        [value] => format!("[{value}]"),
        _ => format!("[\n      {},\n    ]", values.join(",\n      ")),
    }
}

/// A string in HCL, in which nothing is filled in.
fn literal(value: &str) -> String {
    let quoted = Value::from(value).to_string();
    quoted.replace("${", "$${").replace("%{", "%%{")
}
