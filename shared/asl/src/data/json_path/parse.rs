//! Path text to tokens.
//!
//! The text is cut into fragments first and each fragment is looked at by itself, which is why
//! `[0..1]` is `[0]`: a bracket says what its first telling character says, and the rest of it is
//! read as far as it goes.

use std::iter::Peekable;
use std::str::Bytes;

use super::filter::Filter;
use super::{InvalidPath, Path, Token};

/// Parses a whole path.
pub(super) fn path(text: &str) -> Result<Path, InvalidPath> {
    let text = trimmed(text);
    let rest = text
        .strip_prefix('$')
        .ok_or_else(|| InvalidPath::new(format!("Invalid path {text}: it must start with `$`")))?;
    tokens(fragments(text, rest)?)
}

fn tokens(fragments: Vec<Fragment<'_>>) -> Result<Path, InvalidPath> {
    Ok(Path::new(
        fragments.into_iter().map(token).collect::<Result<_, _>>()?,
    ))
}

/// Parses one side of a criterion, which starts with `$` or `@` and must be definite.
pub(super) fn criterion_side(text: &str) -> Result<Path, InvalidPath> {
    let indefinite = || InvalidPath::new(format!("the predicate path: {text} is not definite"));
    let fragments = fragments(text, text.strip_prefix(['$', '@']).unwrap_or(text))?;
    // Before the tokens are made: a filter within a filter within a filter is not descended into.
    if fragments.iter().any(Fragment::is_filter) {
        return Err(indefinite());
    }
    let path = tokens(fragments)?;
    if path.is_definite() {
        Ok(path)
    } else {
        Err(indefinite())
    }
}

/// `text` without what Java's `trim` takes off.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|character| character <= ' ')
}

#[derive(Clone, Copy)]
enum Fragment<'t> {
    Root,
    Scan,
    Wildcard,
    Name(&'t str),
    /// From `[` to the matching `]`, or to the end of the text.
    Bracket(&'t str),
}

impl Fragment<'_> {
    fn is_filter(&self) -> bool {
        match self {
            Fragment::Bracket(text) => matches!(telling(text), Some((_, b'?'))),
            Fragment::Root | Fragment::Scan | Fragment::Wildcard | Fragment::Name(_) => false,
        }
    }
}

/// The fragments of `rest`, which is `text` after its first character.
fn fragments<'t>(text: &str, mut rest: &'t str) -> Result<Vec<Fragment<'t>>, InvalidPath> {
    if rest.ends_with("..") {
        return Err(InvalidPath::new("A path can not end with a scan."));
    }
    if !(rest.is_empty() || rest.starts_with(['.', '['])) {
        return Err(InvalidPath::new(format!("Invalid path {text}")));
    }
    let mut fragments = Vec::new();
    while !rest.is_empty() {
        let (fragment, after) = next_fragment(rest)?;
        fragments.extend(fragment);
        rest = after;
    }
    Ok(fragments)
}

/// The first fragment of `rest` and what follows it. A dot before a bracket is none.
fn next_fragment(rest: &str) -> Result<(Option<Fragment<'_>>, &str), InvalidPath> {
    if let Some(after) = rest.strip_prefix("..") {
        return Ok((Some(Fragment::Scan), after));
    }
    let (fragment, after) = match rest.as_bytes()[0] {
        b' ' => return Err(InvalidPath::new("Space not allowed in path")),
        b'.' => return dotted(&rest[1..]),
        b'$' => (Fragment::Root, &rest[1..]),
        b'*' => (Fragment::Wildcard, &rest[1..]),
        b'[' => {
            let (bracket, after) = rest.split_at(bracket_length(rest));
            (Fragment::Bracket(bracket), after)
        }
        _ => {
            let (name, after) = split_name(rest);
            (Fragment::Name(name), after)
        }
    };
    Ok((Some(fragment), after))
}

fn dotted(after_dot: &str) -> Result<(Option<Fragment<'_>>, &str), InvalidPath> {
    if after_dot.is_empty() {
        return Err(InvalidPath::new("a path can not end with a dot"));
    }
    let (name, after) = split_name(after_dot);
    let fragment = match name {
        "" => None,
        "*" => Some(Fragment::Wildcard),
        name => Some(Fragment::Name(name)),
    };
    Ok((fragment, after))
}

/// A name takes any character but these three.
fn split_name(text: &str) -> (&str, &str) {
    text.split_at(text.find(['.', '[', ' ']).unwrap_or(text.len()))
}

/// The length of the bracket that `text` starts with. Quotes do not hide brackets.
fn bracket_length(text: &str) -> usize {
    let mut open = 0;
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => open += 1,
            b']' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return position + 1;
        }
    }
    text.len()
}

fn token(fragment: Fragment<'_>) -> Result<Token, InvalidPath> {
    match fragment {
        Fragment::Root => Ok(Token::Root),
        Fragment::Scan => Ok(Token::Scan),
        Fragment::Wildcard | Fragment::Bracket("[*]") => Ok(Token::Wildcard),
        // A dotted name is put into quotes and read back, so a quote or a `]` within it ends it.
        Fragment::Name(name) if name.contains(['\'', ']']) => names(&format!("'{name}']")),
        Fragment::Name(name) => Ok(Token::Property(name.to_owned())),
        Fragment::Bracket(text) => bracket(text),
    }
}

fn bracket(text: &str) -> Result<Token, InvalidPath> {
    match telling(text) {
        Some((at, b'\'')) => names(&text[at..]),
        Some((at, b'?')) => {
            let start = text[..at].rfind('[').unwrap_or(0);
            Filter::parse(balanced(&text[start..])?).map(Token::Filter)
        }
        Some((at, b'@')) => from_end(&text[at..]),
        Some((at, _)) => Numbers::default().read(&text[at..]),
        None => Err(unclear(text)),
    }
}

fn unclear(text: &str) -> InvalidPath {
    InvalidPath::new(format!("Could not analyze path component: {text}"))
}

/// The first character that says what a bracket is about, and where it is.
fn telling(text: &str) -> Option<(usize, u8)> {
    text.bytes()
        .enumerate()
        .find(|(_, byte)| matches!(byte, b'?' | b'\'' | b'0'..=b'9' | b':' | b'-' | b'@'))
}

fn unclosed() -> InvalidPath {
    InvalidPath::new("a bracket is not closed")
}

/// What is between pairs of quotes before the first `]`, whether that is quoted or not. There are
/// no escapes.
fn names(text: &str) -> Result<Token, InvalidPath> {
    let (quoted, _) = text.split_once(']').ok_or_else(unclosed)?;
    // Outside, inside, outside, …; what the last quote opens and nothing closes is no name.
    let parts: Vec<_> = quoted.split('\'').collect();
    let inside = parts[..parts.len() - 1].iter().skip(1).step_by(2);
    let names: Vec<_> = inside.map(|&name| name.to_owned()).collect();
    Ok(match <[String; 1]>::try_from(names) {
        Ok([name]) => Token::Property(name),
        Err(names) => Token::Properties(names),
    })
}

/// `text` up to the `]` that ends its filter. Here quotes do hide brackets.
fn balanced(text: &str) -> Result<&str, InvalidPath> {
    let (mut quoted, mut previous) = (false, b' ');
    let (mut parentheses, mut brackets) = (0, 0);
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' if previous != b'\\' => quoted = !quoted,
            b'(' if !quoted => parentheses += 1,
            b')' if !quoted => parentheses -= 1,
            b'[' if !quoted => brackets += 1,
            b']' if !quoted => brackets -= 1,
            _ => {}
        }
        if byte == b']' && !quoted && parentheses == 0 {
            return if brackets == 0 {
                Ok(&text[..=position])
            } else {
                Err(unbalanced())
            };
        }
        previous = byte;
    }
    Err(unbalanced())
}

fn unbalanced() -> InvalidPath {
    InvalidPath::new("Filter brackets are not balanced")
}

/// `@.length-n)`, with spaces and parentheses anywhere.
fn from_end(text: &str) -> Result<Token, InvalidPath> {
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
struct Numbers {
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
    fn read(mut self, text: &str) -> Result<Token, InvalidPath> {
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
