//! The text of a call.

use super::{Argument, Function, Invocation};
use crate::{
    data::{expression::InvalidExpression, path::Path, value::Value},
    limits,
};

/// Parses a whole call.
pub(super) fn call(text: &str) -> Result<Invocation, InvalidExpression> {
    let mut parser = Parser { rest: text };
    let call = parser.call(1)?;
    if parser.rest.is_empty() {
        Ok(call)
    } else {
        Err(invalid(format!(
            "there is more after the call: `{}`",
            parser.rest
        )))
    }
}

struct Parser<'t> {
    rest: &'t str,
}

impl Parser<'_> {
    fn call(&mut self, depth: usize) -> Result<Invocation, InvalidExpression> {
        if depth > limits::NESTED_INTRINSICS_MAX {
            let max = limits::NESTED_INTRINSICS_MAX;
            return Err(invalid(format!(
                "more than {max} calls are inside one another"
            )));
        }
        let (name, after) = split_where(self.rest, |c| !(c.is_ascii_alphanumeric() || c == '.'));
        let (function, arity) = Function::named(name)
            .ok_or_else(|| invalid(format!("`{name}` is no intrinsic function")))?;
        self.rest = after;
        let arguments = self.arguments(depth)?;
        if !arity.contains(&arguments.len()) {
            return Err(invalid(format!(
                "{name} does not take {} arguments",
                arguments.len()
            )));
        }
        Ok(Invocation {
            function,
            arguments,
        })
    }

    /// `(…)`
    fn arguments(&mut self, depth: usize) -> Result<Vec<Argument>, InvalidExpression> {
        self.expect('(')?;
        self.skip_space();
        let mut arguments = Vec::new();
        if self.take(')') {
            return Ok(arguments);
        }
        loop {
            self.skip_space();
            arguments.push(self.argument(depth)?);
            self.skip_space();
            if self.take(')') {
                return Ok(arguments);
            }
            self.expect(',')?;
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, InvalidExpression> {
        if self.take('\'') {
            return self.quoted().map(Argument::Text);
        }
        if self.rest.starts_with('$') {
            let (path, after) = self.rest.split_at(path_length(self.rest));
            self.rest = after;
            return Ok(Argument::Path(Path::compile(path)?));
        }
        if self.rest.starts_with("States.") {
            return self.call(depth + 1).map(Argument::Call);
        }
        let (literal, after) = split_where(self.rest, |c| matches!(c, ',' | ')') || is_space(c));
        self.rest = after;
        match serde_json::from_str(literal) {
            Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => {
                Ok(Argument::Literal(value))
            }
            _ => Err(invalid(format!("`{literal}` is no argument"))),
        }
    }

    /// The rest of a quoted string, cut at each `{}`.
    ///
    /// A backslash stands before one of the four reserved characters only. AWS refuses any other
    /// when the state machine is created.
    fn quoted(&mut self) -> Result<Vec<Box<str>>, InvalidExpression> {
        let mut pieces = Vec::new();
        let mut piece = String::new();
        let mut characters = self.rest.chars();
        while let Some(character) = characters.next() {
            match character {
                '\'' => {
                    self.rest = characters.as_str();
                    pieces.push(piece.into());
                    return Ok(pieces);
                }
                '\\' => match characters.next() {
                    Some(reserved @ ('\'' | '{' | '}' | '\\')) => piece.push(reserved),
                    _ => return Err(invalid("a backslash escapes only ' { } and \\")),
                },
                '{' if characters.as_str().starts_with('}') => {
                    characters.next();
                    pieces.push(std::mem::take(&mut piece).into());
                }
                character => piece.push(character),
            }
        }
        Err(invalid("a quoted string has no end"))
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(is_space);
    }

    fn take(&mut self, character: char) -> bool {
        let after = self.rest.strip_prefix(character);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn expect(&mut self, character: char) -> Result<(), InvalidExpression> {
        if self.take(character) {
            Ok(())
        } else {
            Err(invalid(format!(
                "there must be `{character}` before `{}`",
                self.rest
            )))
        }
    }
}

/// How much of `text` is a path: up to a comma, a space or the closing parenthesis of the call.
///
/// In brackets anything goes, and they end where the path itself takes them to end.
fn path_length(text: &str) -> usize {
    let (mut brackets, mut parentheses) = (0_usize, 0_usize);
    for (position, character) in text.char_indices() {
        match character {
            '[' => brackets += 1,
            ']' => brackets = brackets.saturating_sub(1),
            _ if brackets > 0 => {}
            '(' => parentheses += 1,
            ')' if parentheses > 0 => parentheses -= 1,
            ',' | ')' => return position,
            character if is_space(character) => return position,
            _ => {}
        }
    }
    text.len()
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// Splits before the first character that `ends`.
fn split_where(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

fn invalid(why: impl Into<String>) -> InvalidExpression {
    InvalidExpression(why.into())
}

#[cfg(test)]
mod tests {
    use crate::json;

    use super::{super::tests::answers, *};

    #[track_caller]
    fn is_refused(text: &str) {
        assert!(call(text).is_err(), "{text}");
    }

    #[test]
    fn arguments_are_literals_paths_and_calls() {
        answers(
            "States.Array('a', 1, -2.5, 1e3, true, false, null, $.b, $$, States.Array())",
            json!({ "b": 7 }),
            json!(["a", 1, -2.5, 1e3, true, false, null, 7, null, []]),
        );
    }

    #[test]
    fn space_around_arguments_counts_for_nothing() {
        answers("States.Array()", json!(1), json!([]));
        answers("States.Array( )", json!(1), json!([]));
        answers(
            "States.Array(\n\t$ ,\n\t'a' , 2 \n)",
            json!(1),
            json!([1, "a", 2]),
        );
    }

    #[test]
    fn a_string_has_four_escapes() {
        answers(
            r"States.Array('\' \{ \} \\')",
            json!({}),
            json!([r"' { } \"]),
        );
        is_refused(r"States.Array('\n')");
        is_refused(r#"States.Array('\"')"#);
        is_refused(r"States.Array('\");
    }

    #[test]
    fn what_is_not_reserved_for_strings_stands_for_itself() {
        answers(
            "States.Array('a,b)\n\"{x}\" {}')",
            json!({}),
            json!(["a,b)\n\"{x}\" {}"]),
        );
    }

    #[test]
    fn a_path_ends_where_its_brackets_do() {
        answers(
            "States.Array($['a, b)'], $.c[?(@.d == 'e,')].d)",
            json!({ "a, b)": 1, "c": [{ "d": "e," }, { "d": "f" }] }),
            json!([1, ["e,"]]),
        );
    }

    #[test]
    fn parentheses_in_a_name_belong_to_the_path() {
        answers("States.Array($.a(b))", json!({ "a(b)": 1 }), json!([1]));
    }

    #[test]
    fn what_is_no_call_is_refused() {
        for text in [
            "",
            "States",
            "States.",
            "States.UUID",
            "States.UUID(",
            "States.UUID())",
            "States.UUID() States.UUID()",
            "States.uuid()",
            "States.Uuid()",
            "UUID()",
            "States.Nothing()",
            "States.Array(,)",
            "States.Array(1,)",
            "States.Array(1 2)",
            "States.Array('a)",
            "States.Array(\"a\")",
            "States.Array(a)",
            "States.Array([1])",
            "States.Array({})",
            "States.Array(+1)",
            "States.Array(01)",
            "States.Array(.5)",
            "States.Array($.)",
            "States.Array($[)",
            "States.Array($.a..)",
        ] {
            is_refused(text);
        }
    }

    #[test]
    fn a_call_has_as_many_arguments_as_its_function_takes() {
        is_refused("States.UUID(1)");
        is_refused("States.Format()");
        is_refused("States.MathAdd(1)");
        is_refused("States.MathAdd(1, 2, 3)");
        is_refused("States.MathRandom(1, 2, 3, 4)");
    }

    #[test]
    fn ten_calls_may_be_inside_one_another() {
        let nested =
            |calls: usize| format!("{}{}", "States.Array(".repeat(calls), ")".repeat(calls));
        assert!(call(&nested(10)).is_ok());
        is_refused(&nested(11));
        is_refused(&nested(100_000));
    }
}
