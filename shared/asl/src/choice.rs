//! Choice rules.
//!
//! Spec: [Choice state](https://states-language.net/spec.html#choice-state).

mod string_matches;

use std::cmp::Ordering;

pub use self::string_matches::{InvalidPattern, Pattern};
use crate::{
    data::{path::Path, scope::Scope, template::Template, timestamp, value::Value},
    definition::StateName,
    errors::EvaluationError,
    jsonata::{Expected, Jsonata},
};

/// One entry of `Choices`.
#[derive(Debug, Clone)]
pub struct ChoiceRule {
    /// When the rule applies.
    pub condition: Condition,
    /// Where it leads.
    pub next: StateName,
    /// `Assign` of the rule, evaluated instead of the state's own.
    pub assign: Option<Template>,
    /// `Output` of the rule, in JSONata, evaluated instead of the state's own.
    pub output: Option<Template>,
}

/// A condition: a test of one value, conditions combined, or a JSONata expression.
#[derive(Debug, Clone)]
pub enum Condition {
    /// `And`: all of them. Later ones are not looked at once one is false.
    And(Vec<Condition>),
    /// `Or`: any of them. Later ones are not looked at once one is true.
    Or(Vec<Condition>),
    /// `Not`.
    Not(Box<Condition>),
    /// A data-test expression: `Variable` and one operator.
    Test {
        /// `Variable`.
        variable: Path,
        /// The operator, with its operand.
        operator: Operator,
    },
    /// `Condition`, given in the definition.
    Literal(bool),
    /// `Condition`, an expression that must be true or false.
    Jsonata {
        /// The way to it: `Choices[0]/Condition`.
        location: String,
        /// The expression.
        jsonata: Jsonata,
    },
}

/// The operator of a data-test expression.
#[derive(Debug, Clone)]
pub enum Operator {
    /// The 32 comparisons: `StringEquals` … `TimestampGreaterThanEqualsPath`.
    Compare {
        /// The type that both sides must have.
        kind: Comparable,
        /// How they must compare.
        comparison: Comparison,
        /// The right-hand side.
        operand: Operand,
    },
    /// `StringMatches`.
    Matches(Pattern),
    /// The six type tests: `IsNull` … `IsTimestamp`, and the answer that is wanted.
    Is(TypeTest, bool),
}

/// The types that can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum Comparable {
    String,
    Numeric,
    Boolean,
    Timestamp,
}

/// The ways to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum Comparison {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}

/// The right-hand side of a comparison.
#[derive(Debug, Clone)]
pub enum Operand {
    /// Given in the definition.
    Literal(Value),
    /// `…Path`: read when the rule is evaluated.
    Path(Path),
}

/// The type tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum TypeTest {
    Null,
    Present,
    Numeric,
    String,
    Boolean,
    Timestamp,
}

impl Condition {
    /// Whether the condition holds.
    ///
    /// # Errors
    ///
    /// `States.Runtime` if a path selects nothing, except under `IsPresent`; in JSONata
    /// `States.QueryEvaluationError`.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, EvaluationError> {
        match self {
            Self::And(all) => {
                for condition in all {
                    if !condition.holds(scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(any) => {
                for condition in any {
                    if condition.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(condition) => Ok(!condition.holds(scope)?),
            Self::Test { variable, operator } => operator.holds(variable, scope),
            Self::Literal(holds) => Ok(*holds),
            Self::Jsonata { location, jsonata } => {
                let value = jsonata.evaluate_as(Expected::Boolean, location, scope)?;
                Ok(value == Value::Bool(true))
            }
        }
    }
}

impl Operator {
    fn holds(&self, variable: &Path, scope: &Scope<'_>) -> Result<bool, EvaluationError> {
        if let Self::Is(TypeTest::Present, wanted) = self {
            return Ok(variable.read(scope).is_ok() == *wanted);
        }
        let value = read(variable, scope)?;
        match self {
            Self::Compare {
                kind,
                comparison,
                operand,
            } => {
                let ordering = match operand {
                    Operand::Literal(literal) => kind.compare(&value, literal),
                    Operand::Path(path) => kind.compare(&value, read(path, scope)?.as_ref()),
                };
                Ok(ordering.is_some_and(|ordering| comparison.accepts(ordering)))
            }
            Self::Matches(pattern) => Ok(value.as_str().is_some_and(|text| pattern.matches(text))),
            Self::Is(test, wanted) => Ok(test.holds(&value) == *wanted),
        }
    }
}

fn read<'a>(
    path: &Path,
    scope: &Scope<'a>,
) -> Result<std::borrow::Cow<'a, Value>, EvaluationError> {
    path.read(scope).map_err(|_| {
        EvaluationError::runtime(format!(
            "Invalid path '{}': The choice state's condition path references an invalid value.",
            path.text()
        ))
    })
}

impl Comparable {
    /// How two values compare, or `None` if one of them is of another type: then no comparison holds.
    fn compare(self, left: &Value, right: &Value) -> Option<Ordering> {
        match self {
            // UTF-16 code units, as Java compares strings.
            Self::String => Some(
                left.as_str()?
                    .encode_utf16()
                    .cmp(right.as_str()?.encode_utf16()),
            ),
            Self::Numeric => compare_numbers(left, right),
            Self::Boolean => Some(left.as_bool()?.cmp(&right.as_bool()?)),
            Self::Timestamp => {
                Some(timestamp::parse(left.as_str()?)?.cmp(&timestamp::parse(right.as_str()?)?))
            }
        }
    }
}

fn compare_numbers(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return Some(left.cmp(&right));
    }
    if let (Some(left), Some(right)) = (left.as_u64(), right.as_u64()) {
        return Some(left.cmp(&right));
    }
    left.as_f64()?.partial_cmp(&right.as_f64()?)
}

impl Comparison {
    fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals => ordering.is_eq(),
            Self::LessThan => ordering.is_lt(),
            Self::GreaterThan => ordering.is_gt(),
            Self::LessThanEquals => ordering.is_le(),
            Self::GreaterThanEquals => ordering.is_ge(),
        }
    }
}

impl TypeTest {
    fn holds(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Present => true,
            Self::Numeric => value.is_number(),
            Self::String => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Timestamp => value
                .as_str()
                .is_some_and(|text| timestamp::parse(text).is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::*;
    use crate::data::scope::Nowhere;

    fn compare(kind: Comparable, comparison: Comparison, left: Value, right: Value) -> bool {
        let operand = Operand::Literal(right);
        holds(
            Operator::Compare {
                kind,
                comparison,
                operand,
            },
            &left,
        )
        .unwrap()
    }

    fn holds(operator: Operator, document: &Value) -> Result<bool, EvaluationError> {
        let variable = Path::compile("$").unwrap();
        let scope = Scope {
            document,
            surroundings: &Nowhere,
        };
        Condition::Test { variable, operator }.holds(&scope)
    }

    #[test]
    fn integers_and_doubles_compare_by_value() {
        assert!(compare(
            Comparable::Numeric,
            Comparison::Equals,
            json!(0),
            json!(0.0)
        ));
        let big = json!(9_007_199_254_740_993_i64);
        assert!(!compare(
            Comparable::Numeric,
            Comparison::Equals,
            big,
            json!(9_007_199_254_740_992_i64)
        ));
    }

    #[test]
    fn a_value_of_another_type_fails_every_comparison() {
        for comparison in [
            Comparison::Equals,
            Comparison::LessThan,
            Comparison::GreaterThanEquals,
        ] {
            assert!(!compare(
                Comparable::Numeric,
                comparison,
                json!("1"),
                json!(1)
            ));
            assert!(!compare(
                Comparable::Boolean,
                comparison,
                json!(null),
                json!(false)
            ));
        }
    }

    #[test]
    fn timestamps_compare_as_instants() {
        let (left, right) = (
            json!("2020-01-01T01:00:00+01:00"),
            json!("2020-01-01T00:00:00Z"),
        );
        assert!(compare(
            Comparable::Timestamp,
            Comparison::Equals,
            left,
            right
        ));
    }

    #[test]
    fn strings_compare_by_code_unit_without_folding() {
        assert!(compare(
            Comparable::String,
            Comparison::LessThan,
            json!("B"),
            json!("a")
        ));
    }

    #[test]
    fn only_is_present_may_read_what_is_not_there() {
        let missing = Path::compile("$.missing").unwrap();
        let scope = Scope {
            document: &json!({}),
            surroundings: &Nowhere,
        };
        let test = |operator| {
            Condition::Test {
                variable: missing.clone(),
                operator,
            }
            .holds(&scope)
        };
        assert_eq!(test(Operator::Is(TypeTest::Present, false)), Ok(true));
        assert!(test(Operator::Is(TypeTest::Null, true)).is_err());
    }
}
