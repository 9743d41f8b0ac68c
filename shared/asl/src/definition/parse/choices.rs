//! `Choices`.

use serde_json::Value;

use super::{Parser, fields::Fields, language, variables};
use crate::{
    choice::{ChoiceRule, Comparable, Comparison, Condition, Operand, Operator, Pattern, TypeTest},
    data::timestamp,
    definition::{Location, QueryLanguage, StateName},
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

/// What a rule decides by.
const SELECTORS: [&str; 5] = ["And", "Or", "Not", "Variable", "Condition"];

/// One entry of `Choices`.
pub(super) fn rule(parser: &mut Parser, mut fields: Fields<'_>) -> Option<ChoiceRule> {
    fields.ignore(&["Comment"]);
    language::refuse_foreign(parser, &mut fields);
    fields.require(parser, &["Next"]);
    let next = fields.string(parser, "Next").map(StateName::from);
    let assign = variables::assign(parser, &mut fields);
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

fn require_selector(parser: &mut Parser, fields: &Fields<'_>) {
    if fields.count(&SELECTORS) != 1 {
        let selectors = SELECTORS.join(", ");
        let message =
            format!("The object must have only one of the following fields, [{selectors}]");
        parser.refuse(fields.at(), message);
    }
}

/// `Condition`.
fn jsonata(parser: &mut Parser, mut fields: Fields<'_>) -> Option<Condition> {
    require_selector(parser, &fields);
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

/// The condition in an object: exactly one of `And`, `Or`, `Not` and `Variable` with an operator.
fn condition(parser: &mut Parser, mut fields: Fields<'_>) -> Option<Condition> {
    require_selector(parser, &fields);
    let condition = if fields.has("And") {
        conditions(parser, &mut fields, "And").map(Condition::And)
    } else if fields.has("Or") {
        conditions(parser, &mut fields, "Or").map(Condition::Or)
    } else if fields.has("Not") {
        let negated = fields.inner(parser, "Not");
        negated.and_then(|negated| Some(Condition::Not(nested(parser, negated)?.into())))
    } else if fields.has("Variable") {
        test(parser, &mut fields)
    } else {
        // What is wrong has been said: that an operator stands alone would be no news.
        for (name, _) in operator_names(&fields) {
            fields.ignore(&[name]);
        }
        None
    };
    fields.ignore(&SELECTORS);
    fields.finish(parser);
    condition
}

fn conditions(parser: &mut Parser, fields: &mut Fields<'_>, name: &str) -> Option<Vec<Condition>> {
    let values = fields.filled_array(parser, name)?;
    let inner = fields.elements(parser, name, values);
    let parsed: Vec<_> = inner
        .into_iter()
        .map(|inner| nested(parser, inner))
        .collect();
    parsed.into_iter().collect()
}

fn nested(parser: &mut Parser, mut fields: Fields<'_>) -> Option<Condition> {
    fields.ignore(&["Comment"]);
    condition(parser, fields)
}

fn test(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<Condition> {
    let variable = fields.reference(parser, "Variable");
    let operators = operator_names(fields);
    let operator = match operators.as_slice() {
        [(name, kind)] => kind.parse(parser, fields, name),
        several => {
            let several: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
            fields.ignore(&several);
            parser.refuse(fields.at(), not_one_operator(&several));
            None
        }
    };
    Some(Condition::Test {
        variable: variable?,
        operator: operator?,
    })
}

fn not_one_operator(names: &[&str]) -> String {
    match names {
        [] => "This object should have only one of the following fields: \
               [StringEquals, NumericEquals, BooleanEquals, TimestampEquals, IsPresent, …]"
            .into(),
        several => {
            let several = several.join(", ");
            format!("There should only be one of the following fields: [{several}]")
        }
    }
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
    let found = ALL_OPERATORS.iter().filter(|name| fields.has(name));
    found
        .filter_map(|name| Some((name.as_str(), OperatorName::of(name)?)))
        .collect()
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
                let operand = Operand::Path(fields.reference(parser, name)?);
                Some(Operator::Compare {
                    kind,
                    comparison,
                    operand,
                })
            }
            Self::Matches => {
                let pattern = Pattern::compile(fields.string(parser, name)?);
                if let Err(error) = &pattern {
                    parser.refuse(&fields.at_field(name), error.to_string());
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
            instant(parser, text, &fields.at_field(name))?;
            Some(text.into())
        }
    }
}

/// A literal timestamp.
pub(super) fn instant(parser: &mut Parser, text: &str, at: &Location) -> Option<jiff::Timestamp> {
    let parsed = timestamp::parse(text);
    if parsed.is_none() {
        parser.refuse(at, "String does not match RFC3339 timestamp");
    }
    parsed
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
