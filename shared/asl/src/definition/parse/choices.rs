//! `Choices`.

use serde_json::Value;

use super::{Parser, fields::Fields, language};
use crate::{
    choice::{ChoiceRule, Comparable, Comparison, Condition, Operand, Operator, Pattern, TypeTest},
    data::timestamp,
    definition::{QueryLanguage, StateName, codes},
};

const TYPES: [(&str, Comparable); 4] = [
    ("String", Comparable::String),
    ("Numeric", Comparable::Numeric),
    ("Boolean", Comparable::Boolean),
    ("Timestamp", Comparable::Timestamp),
];

const COMPARISONS: [(&str, Comparison); 5] = [
    ("Equals", Comparison::Equals),
    ("LessThan", Comparison::LessThan),
    ("GreaterThan", Comparison::GreaterThan),
    ("LessThanEquals", Comparison::LessThanEquals),
    ("GreaterThanEquals", Comparison::GreaterThanEquals),
];

const TYPE_TESTS: [(&str, TypeTest); 6] = [
    ("IsNull", TypeTest::Null),
    ("IsPresent", TypeTest::Present),
    ("IsNumeric", TypeTest::Numeric),
    ("IsString", TypeTest::String),
    ("IsBoolean", TypeTest::Boolean),
    ("IsTimestamp", TypeTest::Timestamp),
];

/// One entry of `Choices`.
pub(super) fn rule(parser: &mut Parser, mut fields: Fields<'_>) -> Option<ChoiceRule> {
    fields.ignore(&["Comment"]);
    language::refuse_foreign(parser, &mut fields);
    fields.require(parser, "Next");
    let next = fields.string(parser, "Next").map(StateName::from);
    let assign = fields.assign(parser);
    let output = fields.template(parser, "Output");
    let condition = match fields.language() {
        QueryLanguage::JsonPath => condition(parser, fields),
        QueryLanguage::Jsonata => jsonata(parser, fields),
    };
    Some(ChoiceRule {
        condition: condition?,
        next: next?,
        assign,
        output,
    })
}

/// `Condition`.
fn jsonata(parser: &mut Parser, mut fields: Fields<'_>) -> Option<Condition> {
    fields.require(parser, "Condition");
    let condition = if fields.has_jsonata("Condition") {
        let location = fields.field_location("Condition");
        fields
            .jsonata(parser, "Condition")
            .map(|jsonata| Condition::Jsonata { location, jsonata })
    } else {
        fields.boolean(parser, "Condition").map(Condition::Literal)
    };
    fields.finish(parser);
    condition
}

fn object<'a>(parser: &mut Parser, value: &'a Value, at: String) -> Option<Fields<'a>> {
    match value {
        Value::Object(object) => Some(Fields::new(object, at, QueryLanguage::JsonPath)),
        _ => {
            parser.error(codes::SCHEMA, at, "Expected value of type Object");
            None
        }
    }
}

/// The condition in an object: exactly one of `And`, `Or`, `Not` and `Variable` with an operator.
fn condition(parser: &mut Parser, mut fields: Fields<'_>) -> Option<Condition> {
    let present: Vec<&str> = ["And", "Or", "Not", "Variable"]
        .into_iter()
        .filter(|name| fields.has(name))
        .collect();
    let condition = match present.as_slice() {
        ["And"] => conditions(parser, &mut fields, "And").map(Condition::And),
        ["Or"] => conditions(parser, &mut fields, "Or").map(Condition::Or),
        ["Not"] => {
            let at = fields.at_field("Not");
            let value = fields.value("Not")?;
            nested(parser, value, at).map(|negated| Condition::Not(negated.into()))
        }
        ["Variable"] => test(parser, &mut fields),
        _ => {
            let message =
                "A choice rule must have exactly one of these fields: [And, Or, Not, Variable]";
            parser.error(codes::SCHEMA, fields.at(), message);
            None
        }
    };
    fields.finish(parser);
    condition
}

fn conditions(parser: &mut Parser, fields: &mut Fields<'_>, name: &str) -> Option<Vec<Condition>> {
    let (values, at) = fields.array(parser, name)?;
    if values.is_empty() {
        parser.error(codes::SCHEMA, at, "Value cannot be empty");
        return None;
    }
    let parsed: Vec<Option<Condition>> = values
        .iter()
        .enumerate()
        .map(|(index, value)| nested(parser, value, format!("{at}/{index}")))
        .collect();
    parsed.into_iter().collect()
}

fn nested(parser: &mut Parser, value: &Value, at: String) -> Option<Condition> {
    let mut fields = object(parser, value, at)?;
    fields.ignore(&["Comment"]);
    condition(parser, fields)
}

fn test(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<Condition> {
    let variable = fields.path(parser, "Variable");
    let operators: Vec<(&str, OperatorName)> = operator_names(fields);
    let operator = match operators.as_slice() {
        [(name, kind)] => kind.parse(parser, fields, name),
        _ => {
            parser.error(
                codes::SCHEMA,
                fields.at(),
                "A choice rule must have exactly one comparison operator",
            );
            return None;
        }
    };
    Some(Condition::Test {
        variable: variable?,
        operator: operator?,
    })
}

/// What an operator's name says.
enum OperatorName {
    Compare(Comparable, Comparison),
    ComparePath(Comparable, Comparison),
    Matches,
    Is(TypeTest),
}

/// The operators that an object has, of all 39.
fn operator_names(fields: &Fields<'_>) -> Vec<(&'static str, OperatorName)> {
    let mut found = Vec::new();
    for name in ALL_OPERATORS.iter() {
        if fields.has(name) {
            found.extend(OperatorName::of(name).map(|kind| (name.as_str(), kind)));
        }
    }
    found
}

static ALL_OPERATORS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
    let compared = TYPES.iter().flat_map(|(kind, _)| {
        COMPARISONS.iter().flat_map(move |(comparison, _)| {
            [
                format!("{kind}{comparison}"),
                format!("{kind}{comparison}Path"),
            ]
        })
    });
    // A boolean has no order.
    let compared =
        compared.filter(|name| !name.starts_with("Boolean") || name.starts_with("BooleanEquals"));
    let tests = TYPE_TESTS.iter().map(|(name, _)| (*name).to_owned());
    compared
        .chain(["StringMatches".to_owned()])
        .chain(tests)
        .collect()
});

impl OperatorName {
    fn of(name: &str) -> Option<Self> {
        if name == "StringMatches" {
            return Some(Self::Matches);
        }
        if let Some((_, test)) = TYPE_TESTS.iter().find(|(test, _)| *test == name) {
            return Some(Self::Is(*test));
        }
        let (name, is_path) = match name.strip_suffix("Path") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (rest, kind) = TYPES
            .iter()
            .find_map(|(prefix, kind)| Some((name.strip_prefix(prefix)?, *kind)))?;
        let (_, comparison) = COMPARISONS
            .iter()
            .find(|(comparison, _)| *comparison == rest)?;
        Some(if is_path {
            Self::ComparePath(kind, *comparison)
        } else {
            Self::Compare(kind, *comparison)
        })
    }

    fn parse(&self, parser: &mut Parser, fields: &mut Fields<'_>, name: &str) -> Option<Operator> {
        match *self {
            Self::Compare(kind, comparison) => {
                let operand = Operand::Literal(literal(parser, fields, name, kind)?.into());
                Some(Operator::Compare {
                    kind,
                    comparison,
                    operand,
                })
            }
            Self::ComparePath(kind, comparison) => {
                let operand = Operand::Path(fields.path(parser, name)?);
                Some(Operator::Compare {
                    kind,
                    comparison,
                    operand,
                })
            }
            Self::Matches => {
                let pattern = Pattern::compile(fields.string(parser, name)?);
                if let Err(error) = &pattern {
                    parser.error(codes::SCHEMA, fields.at_field(name), error.to_string());
                }
                pattern.ok().map(Operator::Matches)
            }
            Self::Is(test) => Some(Operator::Is(test, fields.boolean(parser, name)?)),
        }
    }
}

/// The literal right-hand side, of the type that the operator compares.
fn literal(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    name: &str,
    kind: Comparable,
) -> Option<Value> {
    match kind {
        Comparable::String => fields.string(parser, name).map(Value::from),
        Comparable::Boolean => fields.boolean(parser, name).map(Value::from),
        Comparable::Numeric => {
            fields.number(parser, name)?;
            fields.value(name).cloned()
        }
        Comparable::Timestamp => {
            let text = fields.string(parser, name)?;
            if timestamp::parse(text).is_none() {
                parser.error(
                    codes::SCHEMA,
                    fields.at_field(name),
                    "String does not match RFC3339 timestamp",
                );
                return None;
            }
            Some(text.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_39_operators() {
        assert_eq!(ALL_OPERATORS.len(), 39);
        assert!(
            ALL_OPERATORS
                .iter()
                .all(|name| OperatorName::of(name).is_some())
        );
    }
}
