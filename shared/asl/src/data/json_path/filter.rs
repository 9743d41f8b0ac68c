//! Filters: `[?(@.price < 10 && @.isbn)]`.
//!
//! There is no grammar. The text is cut at every `&&` and `||`, each piece loses the parentheses
//! around it and is cut once more at the first operator found in it, quoted or not. So `(a || b)
//! && c` is `a || b && c`, and an operator in a string is still an operator.

use super::InvalidPath;
use super::criterion::Criterion;
use super::parse::trimmed;
use super::place::Node;
use super::read::{Failure, Source};

/// Alternatives of criteria that must all hold.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    alternatives: Vec<Vec<Criterion>>,
}

impl Filter {
    /// Parses `[?(…)]`.
    pub(super) fn parse(text: &str) -> Result<Filter, InvalidPath> {
        let criteria = criteria(text)?;
        let mut alternatives = vec![Vec::new()];
        let mut operators = 0;
        for piece in pieces(criteria).into_iter().map(trimmed) {
            match piece {
                "&&" => operators += 1,
                "||" => {
                    operators += 1;
                    alternatives.push(Vec::new());
                }
                piece => alternatives
                    .last_mut()
                    .expect("there is at least one alternative")
                    .push(Criterion::parse(piece)?),
            }
        }
        if alternatives.iter().map(Vec::len).sum::<usize>() != operators + 1 {
            return Err(InvalidPath::new(format!("Invalid operators {criteria}")));
        }
        Ok(Filter { alternatives })
    }

    /// Whether `item` passes.
    pub(super) fn accepts<'a>(
        &self,
        item: Node<'a>,
        source: Source<'a, '_>,
    ) -> Result<bool, Failure> {
        // From right to left, which shows when a criterion fails the whole path.
        for criteria in self.alternatives.iter().rev() {
            if all_hold(criteria, item, source)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn all_hold<'a>(
    criteria: &[Criterion],
    item: Node<'a>,
    source: Source<'a, '_>,
) -> Result<bool, Failure> {
    for criterion in criteria.iter().rev() {
        source.budget.spend_steps(1)?;
        if !criterion.holds(item, source)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is between the parentheses of `[?(…)]`.
fn criteria(text: &str) -> Result<&str, InvalidPath> {
    let inner = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    let inner = trimmed(inner);
    let filter = trimmed(inner.strip_prefix('?').ok_or_else(|| {
        InvalidPath::new(format!(
            "Filter must start with '[?' and end with ']'. {inner}"
        ))
    })?);
    let criteria = filter
        .strip_prefix('(')
        .and_then(|filter| filter.strip_suffix(')'));
    criteria.map(trimmed).ok_or_else(|| {
        InvalidPath::new(format!(
            "Filter must start with '[?(' and end with ')]'. {filter}"
        ))
    })
}

/// `text` cut before and after every `&&` and `||`.
fn pieces(text: &str) -> Vec<&str> {
    let is_operator = |at: usize| matches!(text.as_bytes().get(at..at + 2), Some(b"&&" | b"||"));
    let mut pieces = Vec::new();
    let mut start = 0;
    for at in 1..text.len() {
        if is_operator(at) || at >= 2 && is_operator(at - 2) {
            pieces.push(&text[start..at]);
            start = at;
        }
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use crate::{data::value::Value, json};

    use super::*;
    use crate::data::json_path::JsonPath;

    /// Those of `items` that a filter keeps.
    #[track_caller]
    fn kept(criteria: &str, items: Value) -> Value {
        let path = JsonPath::compile(&format!("$[?({criteria})]")).unwrap();
        path.read(&items).unwrap().into_owned()
    }

    #[track_caller]
    fn is_refused(filter: &str, why: &str) {
        let error = Filter::parse(filter).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }

    #[test]
    fn a_text_is_cut_around_every_and_and_or() {
        assert_eq!(
            pieces("a&&b || 'c&&d'"),
            ["a", "&&", "b ", "||", " 'c", "&&", "d'"]
        );
        assert_eq!(pieces("&&&a"), ["&", "&", "&", "a"]);
        assert_eq!(pieces(""), [""]);
    }

    #[test]
    fn every_operator_compares() {
        let numbers = || json!([1, 2, 3]);
        for (criterion, expected) in [
            ("@ == 2", json!([2])),
            ("@ != 2", json!([1, 3])),
            ("@ < 2", json!([1])),
            ("@ <= 2", json!([1, 2])),
            ("@ > 2", json!([3])),
            ("@>=2", json!([2, 3])),
            ("2 < @", json!([])),
            ("!@ == 2", json!([2])),
        ] {
            assert_eq!(kept(criterion, numbers()), expected, "{criterion}");
        }
    }

    #[test]
    fn and_binds_before_or_and_parentheses_bind_nothing() {
        let items = || json!([{ "a": 1 }, { "b": 1 }, { "b": 1, "c": 1 }]);
        assert_eq!(
            kept("@.a || @.b && @.c", items()),
            json!([{ "a": 1 }, { "b": 1, "c": 1 }])
        );
        assert_eq!(
            kept("(@.a || @.b) && @.c", items()),
            json!([{ "a": 1 }, { "b": 1, "c": 1 }])
        );
    }

    #[test]
    fn a_side_that_is_missing_makes_nothing_hold() {
        for criterion in [
            "@.x == 1",
            "@.x != 1",
            "@.x == @.y",
            "@.x == null",
            "@.x =~ /.*/",
        ] {
            assert_eq!(
                kept(criterion, json!([{}, 1, null])),
                json!([]),
                "{criterion}"
            );
        }
    }

    #[test]
    fn existence_needs_a_value_other_than_null() {
        let items = || json!([{ "a": false }, { "a": null }, {}]);
        assert_eq!(kept("@.a", items()), json!([{ "a": false }]));
        assert_eq!(kept("!@.a", items()), json!([{ "a": null }, {}]));
    }

    #[test]
    fn existence_of_two_names_needs_both() {
        let items = json!([{ "a": 1 }, { "a": 1, "b": 2 }]);
        assert_eq!(kept("@['a','b']", items), json!([{ "a": 1, "b": 2 }]));
    }

    #[test]
    fn null_is_in_no_order() {
        assert_eq!(kept("@.a < 1", json!([{ "a": null }])), json!([]));
        assert_eq!(kept("@.a >= null", json!([{ "a": null }])), json!([]));
        // The literal `null` is a string that comes before all else.
        assert_eq!(kept("@ > null", json!([5])), json!([5]));
    }

    #[test]
    fn a_pattern_compares_with_nothing_but_its_own_operator() {
        assert_eq!(kept("@ == /a/", json!(["a", "/a/"])), json!([]));
        assert_eq!(kept("/a/ =~ @", json!(["a", "/a/"])), json!(["a"]));
        is_refused("[?(@ =~ 'a')]", "`=~` needs");
    }

    #[test]
    fn what_is_no_criterion_is_refused() {
        is_refused(
            "[?@.a]",
            "Filter must start with '[?(' and end with ')]'. @.a",
        );
        is_refused("[?]", "Filter must start with '[?(' and end with ')]'. ");
        is_refused("[?()]", "the criterion `` has no operator");
        is_refused("[?(true)]", "the criterion `true` has no operator");
        is_refused("[?(@.a &&)]", "Invalid operators @.a &&");
        is_refused("[?(@.a == !@.b)]", "Invalid negation!");
        is_refused("[?(@..a)]", "the predicate path: @..a is not definite");
    }
}
