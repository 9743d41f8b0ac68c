//! One criterion of a filter: `@.price < 10`.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::compare::{as_text, compare};
use super::parse::{criterion_side, trimmed};
use super::pattern::Pattern;
use super::place::Node;
use super::read::{Failure, Reading, Source};
use super::{InvalidPath, Path};
use crate::data::value::{Object, TEXT_BYTES, Value};

#[derive(Debug, Clone)]
pub(super) enum Criterion {
    /// `@.a`, or `!@.a`.
    Exists { path: Path, expected: bool },
    Compare {
        left: Operand,
        operator: Operator,
        right: Operand,
    },
    /// `@.a =~ /…/`, either way round.
    Matches { target: Operand, pattern: Pattern },
}

#[derive(Debug, Clone)]
pub(super) enum Operand {
    Item(Path),
    Document(Path),
    Literal(Value),
    Pattern(Pattern),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Operator {
    Equal,
    AtLeast,
    AtMost,
    NotEqual,
    Below,
    Above,
}

/// In the order in which they are looked for. `None` is `=~`.
const OPERATORS: [(&str, Option<Operator>); 7] = [
    ("==", Some(Operator::Equal)),
    (">=", Some(Operator::AtLeast)),
    ("<=", Some(Operator::AtMost)),
    ("!=", Some(Operator::NotEqual)),
    ("<", Some(Operator::Below)),
    (">", Some(Operator::Above)),
    ("=~", None),
];

impl Criterion {
    pub(super) fn parse(text: &str) -> Result<Criterion, InvalidPath> {
        let text = text
            .trim_start_matches(['[', '?', '(', ' '])
            .trim_end_matches([')', ' ']);
        let found = OPERATORS
            .into_iter()
            .find_map(|(sign, operator)| Some((operator, text.split_once(sign)?)));
        let Some((operator, (left, right))) = found else {
            return Criterion::existence(trimmed(text));
        };
        let (left, right) = (left_side(trimmed(left))?, right_side(trimmed(right))?);
        match operator {
            Some(operator) => Ok(Criterion::Compare {
                left,
                operator,
                right,
            }),
            None => Criterion::matching(left, right),
        }
    }

    fn existence(text: &str) -> Result<Criterion, InvalidPath> {
        let path = text
            .strip_prefix('!')
            .filter(|path| path.starts_with('@'))
            .unwrap_or(text);
        if !path.starts_with(['@', '$']) {
            return Err(InvalidPath::new(format!(
                "the criterion `{text}` has no operator"
            )));
        }
        Ok(Criterion::Exists {
            path: criterion_side(path)?,
            expected: path == text,
        })
    }

    fn matching(left: Operand, right: Operand) -> Result<Criterion, InvalidPath> {
        match (left, right) {
            (Operand::Pattern(pattern), target) | (target, Operand::Pattern(pattern)) => {
                Ok(Criterion::Matches { target, pattern })
            }
            _ => Err(InvalidPath::new(
                "`=~` needs a `/regular expression/` on one side",
            )),
        }
    }

    /// Whether the criterion holds. A side that is not found makes it not hold, whatever the
    /// operator.
    pub(super) fn holds<'a>(
        &self,
        item: Node<'a>,
        source: Source<'a, '_>,
    ) -> Result<bool, Failure> {
        match self {
            Criterion::Exists { path, expected } => {
                // `$` is the item here, too.
                let found = Reading::of_existence(path, source).only(item)?;
                Ok(found.is_some_and(|value| !value.is_null()) == *expected)
            }
            Criterion::Matches { target, pattern } => {
                let target = target
                    .value(item, source)?
                    .filter(|target| !target.is_null());
                target.map_or(Ok(false), |target| {
                    pattern.matches(&as_text(&target), source.budget)
                })
            }
            Criterion::Compare {
                left,
                operator,
                right,
            } => {
                let Some(left) = left.value(item, source)? else {
                    return Ok(false);
                };
                let Some(right) = right.value(item, source)? else {
                    return Ok(false);
                };
                let text_bytes = right.as_str().map_or(0, str::len);
                source.budget.spend_steps(text_bytes / TEXT_BYTES)?;
                operator.holds(&left, &right)
            }
        }
    }
}

/// A negation means nothing in front of an operator.
fn left_side(text: &str) -> Result<Operand, InvalidPath> {
    Operand::parse(if text.starts_with("!@") {
        &text[1..]
    } else {
        text
    })
}

fn right_side(text: &str) -> Result<Operand, InvalidPath> {
    if text.starts_with("!@") {
        return Err(InvalidPath::new(
            "Invalid negation! Can only be used for existence check e.g [?(!@.foo)]",
        ));
    }
    Operand::parse(text)
}

impl Operand {
    fn parse(text: &str) -> Result<Operand, InvalidPath> {
        let quoted = text
            .strip_prefix('\'')
            .and_then(|text| text.strip_suffix('\''));
        match text.as_bytes() {
            [b'@', ..] => criterion_side(text).map(Operand::Item),
            [b'$', ..] => criterion_side(text).map(Operand::Document),
            [b'/', .., b'/'] | [b'/', .., b'/', b'i'] => Pattern::parse(text).map(Operand::Pattern),
            // A number, `true`, `"x"` with its quotes: all are strings, and so is what is unquoted.
            _ => Ok(Operand::Literal(quoted.unwrap_or(text).into())),
        }
    }

    /// The operand's value, `None` if it is a path that is not found.
    fn value<'a>(
        &'a self,
        item: Node<'a>,
        source: Source<'a, 'a>,
    ) -> Result<Option<Cow<'a, Value>>, Failure> {
        match self {
            Operand::Item(path) => Reading::of_value(path, source).only(item),
            Operand::Document(path) => {
                Reading::of_value(path, source).only(Node::root(source.document))
            }
            Operand::Literal(value) => Ok(Some(Cow::Borrowed(value))),
            // An object stands in: neither compares with anything, and neither is null.
            Operand::Pattern(_) => Ok(Some(Cow::Owned(Value::Object(Object::builder().finish())))),
        }
    }
}

impl Operator {
    fn holds(self, left: &Value, right: &Value) -> Result<bool, Failure> {
        let orders = matches!(
            self,
            Operator::AtLeast | Operator::AtMost | Operator::Below | Operator::Above
        );
        if orders && left.is_null() != right.is_null() {
            return Ok(false);
        }
        let Some(right_to_left) = compare(right, left).map_err(Failure::Invalid)? else {
            return Ok(false);
        };
        Ok(match self {
            Operator::Equal => right_to_left == Ordering::Equal,
            Operator::NotEqual => right_to_left != Ordering::Equal,
            Operator::Above => right_to_left.is_lt(),
            Operator::AtLeast => right_to_left.is_le(),
            Operator::Below => right_to_left.is_gt(),
            Operator::AtMost => right_to_left.is_ge(),
        })
    }
}
