//! The way of data through a state: what each stage makes of what the stage before has left.

use maud::{Markup, html};
use serde_json::Value;

use super::{
    json::{self, document},
    machine::pretty,
};
use crate::ask::text;

/// The stages, in their order.
const STAGES: [(&str, &str); 9] = [
    ("input", "Input"),
    ("afterInputPath", "After InputPath"),
    ("afterParameters", "After Parameters"),
    ("afterArguments", "After Arguments"),
    ("result", "Result"),
    ("afterResultSelector", "After ResultSelector"),
    ("afterResultPath", "After ResultPath"),
    ("afterItemSelector", "After ItemSelector"),
    ("variables", "Variables"),
];

/// What TestState tells of a state that it has tried.
pub(super) fn stages(answer: &Value) -> Markup {
    let data = &answer["inspectionData"];
    let stages = STAGES
        .iter()
        .map(|(field, title)| (*title, text(data, field)));
    let output = ("Output", text(answer, "output"));
    let mut before: Option<&str> = None;
    let shown: Vec<(&str, Option<&str>, &str)> = stages
        .chain([output])
        .filter(|(_, text)| !text.is_empty())
        .map(|(title, text)| (title, replace(&mut before, title, text), text))
        .collect();
    html! {
        @for (title, before, text) in &shown {
            h3 { (title) }
            (stage(*before, text))
        }
    }
}

/// The stage before, unless what is shown has nothing to do with it: a result comes from elsewhere.
fn replace<'t>(before: &mut Option<&'t str>, title: &str, text: &'t str) -> Option<&'t str> {
    match title {
        "Variables" => None,
        "Result" => {
            *before = Some(text);
            None
        }
        _ => before.replace(text),
    }
}

fn stage(before: Option<&str>, text: &str) -> Markup {
    match before {
        None => document(text, None),
        Some(before) if before == text => html! { p.quiet { "as before" } },
        Some(before) => json::difference(&pretty(before), &pretty(text)),
    }
}
