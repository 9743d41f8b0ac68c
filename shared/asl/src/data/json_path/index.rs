//! What a bracket of numbers means: `[0]`, `[0,1]`, `[-2:]`, `[(@.length-1)]`.

use std::iter::Peekable;
use std::str::Bytes;

use super::parse::{unclear, unclosed};
use super::{InvalidPath, Token};

/// `@.length-n)`, with spaces and parentheses anywhere.
pub(super) fn from_end(text: &str) -> Result<Token, InvalidPath> {
    // Whatever comes after `@` is taken for the dot.
    let mut after_dot = text.chars();
    after_dot.nth(1);
    let (function, number) = after_dot
        .as_str()
        .split_once('-')
        .ok_or_else(|| unclear(text))?;
    let function = function.replace([' ', '(', ')'], "");
    if function != "size" && function != "length" {
        return Err(InvalidPath::new(format!(
            "Invalid function: @.{function}. Supported functions are: [(@.length - n)] and \
             [(@.size() - n)]"
        )));
    }
    let (number, _) = number.split_once(')').ok_or_else(unclosed)?;
    integer(&format!("-{}", number.replace(' ', ""))).map(Token::FromEnd)
}

/// What a bracket of numbers has said so far.
#[derive(Default)]
pub(super) struct Numbers {
    digits: String,
    numbers: Vec<i32>,
    listed: bool,
    slice: Option<Slice>,
}

/// In rising precedence, for brackets with more colons than they need.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slice {
    Between,
    To,
    From,
}

impl Numbers {
    /// Reads up to the first character that belongs to no number.
    pub(super) fn read(mut self, text: &str) -> Result<Token, InvalidPath> {
        let mut rest = text.bytes().peekable();
        loop {
            match rest.next().ok_or_else(unclosed)? {
                b' ' => {}
                digit @ (b'0'..=b'9' | b'-') => self.digits.push(digit.into()),
                b',' => {
                    self.number()?;
                    self.listed = true;
                }
                b':' => {
                    self.colon(&mut rest)?;
                    // What ends the second number of a slice is passed over unless it is `]`.
                    if rest.next().ok_or_else(unclosed)? == b']' {
                        break;
                    }
                }
                _ => break,
            }
        }
        if !self.digits.is_empty() {
            self.number()?;
        }
        self.token().ok_or_else(|| unclear(text))
    }

    fn colon(&mut self, rest: &mut Peekable<Bytes<'_>>) -> Result<(), InvalidPath> {
        let tail_only = self.digits.is_empty();
        if !tail_only {
            self.number()?;
        }
        while let Some(byte) = rest.next_if(|byte| matches!(byte, b'0'..=b'9' | b'-' | b' ')) {
            if byte != b' ' {
                self.digits.push(byte.into());
            }
        }
        let slice = match (tail_only, self.digits.is_empty()) {
            (true, _) => Slice::To,
            (false, true) => Slice::From,
            (false, false) => Slice::Between,
        };
        self.slice = self.slice.max(Some(slice));
        if tail_only || !self.digits.is_empty() {
            self.number()?;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), InvalidPath> {
        self.numbers.push(integer(&self.digits)?);
        self.digits.clear();
        Ok(())
    }

    fn token(self) -> Option<Token> {
        let first = *self.numbers.first()?;
        Some(match self.slice {
            None if self.numbers.len() == 1 => Token::Index(first),
            _ if self.listed => Token::Indexes(self.numbers),
            Some(Slice::From) => Token::From(first),
            Some(Slice::To) => Token::To(first),
            Some(Slice::Between) => Token::Between(first, *self.numbers.get(1)?),
            None => return None,
        })
    }
}

/// As Java's `Integer.parseInt`.
fn integer(digits: &str) -> Result<i32, InvalidPath> {
    digits
        .parse()
        .map_err(|_| InvalidPath::new(format!("\"{digits}\" is not a 32-bit integer")))
}

#[cfg(test)]
mod tests {
    use crate::data::json_path::{Fragments, parse};

    /// The path as its tokens are displayed.
    fn parsed(text: &str) -> Result<String, String> {
        let path = parse::path(text).map_err(|error| error.to_string())?;
        Ok(Fragments(&path.tokens).to_string())
    }

    #[track_caller]
    fn is(text: &str, tokens: &str) {
        assert_eq!(parsed(text), Ok(tokens.to_owned()), "{text}");
    }

    #[track_caller]
    fn is_refused(text: &str, why: &str) {
        assert_eq!(parsed(text), Err(why.to_owned()), "{text}");
    }

    #[test]
    fn numbers_make_indexes_and_slices() {
        is("$[1][-1][ 1 2 ]", "[1][-1][12]");
        is("$[1,2, -3]", "[1,2,-3]");
        is("$[1:][:2][1:2][-1:][:-2]", "[1:][:2][1:2][-1:][:-2]");
        is(
            "$[(@.length-1)][(@.size() - 2)]",
            "[@.size()-1][@.size()-2]",
        );
    }

    #[test]
    fn what_is_too_much_in_a_bracket_of_numbers_is_passed_over() {
        is("$[1..2][1.5][1x][1,]", "[1][1][1][1]");
        is("$[0:5:2][1::2][:1,2]", "[0:5][1:][:1]");
        is("$[\"a1\"]", "[1]");
    }

    #[test]
    fn a_number_has_32_bits() {
        is("$[2147483647]", "[2147483647]");
        is_refused("$[2147483648]", "\"2147483648\" is not a 32-bit integer");
        is_refused("$[--1]", "\"--1\" is not a 32-bit integer");
        is_refused("$[1,,2]", "\"\" is not a 32-bit integer");
    }
}
