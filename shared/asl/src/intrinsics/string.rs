//! `States.Format` and `States.StringSplit`.

use std::{borrow::Cow, collections::HashSet};

use super::evaluation::{Failure, spend, text};
use crate::data::{budget::Budget, number::to_json, value::Value};

/// The pieces of a template with a value between each two of them.
///
/// AWS prints an object as Java prints a map (`{Id=1, Name=x}`); that it prints an array as Java
/// prints a list is judged from that.
pub(super) fn format<'t>(
    pieces: impl Iterator<Item = &'t str> + Clone,
    values: &[Cow<'_, Value>],
    budget: &Budget,
) -> Result<Value, Failure> {
    let placeholders = pieces.clone().count() - 1;
    if placeholders != values.len() {
        let found = values.len();
        return Err(Failure(format!(
            "The template has {placeholders} occurrences of {{}}, but there are {found} values"
        )));
    }
    let mut formatted = String::new();
    let mut values = values.iter();
    for piece in pieces {
        formatted.push_str(piece);
        if let Some(value) = values.next() {
            let before = formatted.len();
            print(value, &mut formatted);
            spend(budget, (formatted.len() - before) / 64)?;
        }
    }
    Ok(formatted.into())
}

/// As Java prints strings, numbers, maps and lists.
fn print(value: &Value, to: &mut String) {
    match value {
        Value::String(text) => to.push_str(text),
        Value::Array(elements) => {
            to.push('[');
            for (index, element) in elements.iter().enumerate() {
                to.push_str(if index == 0 { "" } else { ", " });
                print(element, to);
            }
            to.push(']');
        }
        Value::Object(members) => {
            to.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                to.push_str(if index == 0 { "" } else { ", " });
                to.push_str(name);
                to.push('=');
                print(member, to);
            }
            to.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => to.push_str(&to_json(value)),
    }
}

/// What is between separators, each character of `separators` being one. Nothing between two of
/// them is left out.
pub(super) fn split(joined: &Value, separators: &Value) -> Result<Value, Failure> {
    let (joined, separators) = (text(joined, 1)?, text(separators, 2)?);
    let separators: HashSet<char> = separators.chars().collect();
    Ok(joined
        .split(|character| separators.contains(&character))
        .filter(|piece| !piece.is_empty())
        .collect())
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::super::tests::{answers, failure};

    #[test]
    fn a_value_takes_the_place_of_each_pair_of_braces() {
        answers(
            "States.Format('{}-{}', $.a, 2)",
            json!({ "a": "x" }),
            json!("x-2"),
        );
        answers("States.Format('plain')", json!({}), json!("plain"));
    }

    #[test]
    fn values_are_printed_as_java_prints_them() {
        for (value, printed) in [
            (json!(null), "null"),
            (json!(true), "true"),
            (json!(1), "1"),
            (json!(1.5), "1.5"),
            (json!(1e7), "1.0E7"),
            (
                json!({ "a": [1, "b"], "c": { "d": null } }),
                "{a=[1, b], c={d=null}}",
            ),
            (json!([]), "[]"),
        ] {
            answers("States.Format('{}', $)", value, json!(printed));
        }
    }

    #[test]
    fn a_template_may_be_read_or_computed() {
        answers("States.Format($, 1)", json!("{}!"), json!("1!"));
        answers(
            "States.Format(States.Format('{}!', $), 1)",
            json!("{}"),
            json!("1!"),
        );
    }

    #[test]
    fn escaped_braces_and_single_ones_take_no_value() {
        answers(
            r"States.Format('\{\} {a} { } {{}}', $)",
            json!(1),
            json!("{} {a} { } {1}"),
        );
    }

    #[test]
    fn braces_in_a_value_take_no_value() {
        answers("States.Format('{}{}', $, 2)", json!("{}"), json!("{}2"));
    }

    #[test]
    fn there_are_as_many_values_as_braces() {
        for (call, braces, values) in [
            ("States.Format('{}{}', 1)", 2, 1),
            ("States.Format('', 1)", 0, 1),
        ] {
            assert_eq!(
                failure(call, json!({})),
                format!(
                    "The template has {braces} occurrences of {{}}, but there are {values} values"
                )
            );
        }
    }

    #[test]
    fn a_template_is_a_string() {
        assert_eq!(
            failure("States.Format(1)", json!({})),
            "Argument 1 must be a string, but was a number"
        );
    }

    #[test]
    fn each_character_of_the_second_string_separates() {
        answers(
            "States.StringSplit($, '.+')",
            json!("a.b+c.+d"),
            json!(["a", "b", "c", "d"]),
        );
    }

    #[test]
    fn space_between_separators_stays_and_nothing_does_not() {
        answers(
            "States.StringSplit($, ',')",
            json!(", ,a,"),
            json!([" ", "a"]),
        );
        answers("States.StringSplit($, ',')", json!(",,"), json!([]));
        answers("States.StringSplit($, ',')", json!(""), json!([]));
    }

    #[test]
    fn without_separators_the_string_stays_whole() {
        answers("States.StringSplit($, '')", json!("ab"), json!(["ab"]));
    }

    #[test]
    fn only_strings_are_split() {
        assert_eq!(
            failure("States.StringSplit('a', 1)", json!({})),
            "Argument 2 must be a string, but was a number"
        );
    }
}
