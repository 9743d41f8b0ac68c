//! Path text to tokens.
//!
//! The text is cut into fragments first and each fragment is looked at by itself, which is why
//! `[0..1]` is `[0]`: a bracket says what its first telling character says, and the rest of it is
//! read as far as it goes.

use super::filter::Filter;
use super::index::{Numbers, from_end};
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

pub(super) fn unclear(text: &str) -> InvalidPath {
    InvalidPath::new(format!("Could not analyze path component: {text}"))
}

/// The first character that says what a bracket is about, and where it is.
fn telling(text: &str) -> Option<(usize, u8)> {
    text.bytes()
        .enumerate()
        .find(|(_, byte)| matches!(byte, b'?' | b'\'' | b'0'..=b'9' | b':' | b'-' | b'@'))
}

pub(super) fn unclosed() -> InvalidPath {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::json_path::Fragments;

    /// The path as its tokens are displayed.
    fn parsed(text: &str) -> Result<String, String> {
        let path = path(text).map_err(|error| error.to_string())?;
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
    fn dots_and_brackets_make_the_same_tokens() {
        is("$.a.*.b", "['a'][*]['b']");
        is("$['a'][*]['b']", "['a'][*]['b']");
        is("$.['a'].[*].b", "['a'][*]['b']");
        is("$..a..*..[0]", "..['a']..[*]..[0]");
    }

    #[test]
    fn a_name_goes_on_to_the_next_dot_bracket_or_space() {
        is("$.a'b'c", "['a', 'c']");
        is("$.a$@*(b),c", "['a$@*(b),c']");
        is("$.*a[0]b", "['*a'][0]['b']");
        is_refused("$.a b", "Space not allowed in path");
    }

    #[test]
    fn what_is_quoted_counts_and_what_is_around_it_does_not() {
        is("$[x'a'y'b'z]", "['a', 'b']");
        is("$['a.b c']", "['a.b c']");
        is("$['a\\']", "['a\\']");
    }

    #[test]
    fn brackets_are_closed() {
        for text in ["$[1", "$[1:", "$[1:2", "$['a'", "$[(@.length-1"] {
            is_refused(text, "a bracket is not closed");
        }
        is_refused("$[?(@.a)", "Filter brackets are not balanced");
        is_refused("$[", "Could not analyze path component: [");
    }

    #[test]
    fn no_text_makes_it_panic() {
        let alphabet = [
            "$", "@", ".", "[", "]", "(", ")", "?", "'", "*", ":", "-", ",", "1", "é", " ", "a",
            "&&", "==", "/",
        ];
        // Every text of up to four of them after `$.` and after `$[?(@`.
        for number in 0..alphabet.len().pow(4) {
            let pick = |place: u32| alphabet[number / alphabet.len().pow(place) % alphabet.len()];
            let text: String = (0..4).map(pick).collect();
            for text in [
                format!("$.{text}"),
                format!("$[{text}"),
                format!("$[?(@{text})]"),
            ] {
                let _ = path(&text);
            }
        }
    }
}
