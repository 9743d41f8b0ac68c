//! Why a text is no JSON, in the words of Jackson, which is the parser that AWS reads texts with.
//!
//! Texts are parsed by `serde_json`. Only those that it refuses are looked at here, so the path of
//! good texts stays short.

use std::fmt;

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// In Jackson's words, without the place.
    pub message: String,
    /// Counted from 1.
    pub line: usize,
    /// Characters into the line, counted from 1, behind what is wrong.
    pub column: usize,
}

impl JsonError {
    /// What is wrong with `text`. If Jackson would find nothing, the words are those of `refused`.
    pub fn of(text: &str, refused: &serde_json::Error) -> Self {
        let mut reader = Reader { text, at: 0 };
        let found = reader.document();
        let (message, at) = match found {
            Err(Wrong { message, at }) => (message, at),
            Ok(()) => (refused.to_string(), text.len()),
        };
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            message,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The place as Jackson writes it, the beginning of the text included.
    pub fn location(&self, text: &str) -> String {
        const SHOWN_CHARACTERS_MAX: usize = 500;
        let total = text.chars().count();
        let shown: String = text.chars().take(SHOWN_CHARACTERS_MAX).collect();
        let left_out = match total.checked_sub(SHOWN_CHARACTERS_MAX) {
            Some(rest) if rest > 0 => format!("[truncated {rest} chars]"),
            _ => String::new(),
        };
        let (line, column) = (self.line, self.column);
        format!("[Source: (String)\"{shown}\"{left_out}; line: {line}, column: {column}]")
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

struct Wrong {
    message: String,
    at: usize,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// What a container is called in messages.
#[derive(Clone, Copy)]
enum Container {
    Object,
    Array,
}

const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

impl Reader<'_> {
    fn document(&mut self) -> Result<(), Wrong> {
        let mut open: Vec<(Container, usize)> = Vec::new();
        // A loop, not a recursion: text may be nested as deep as it likes.
        loop {
            self.skip_space();
            if self.value(&mut open)? {
                continue;
            }
            if !self.after_value(&mut open)? {
                return Ok(());
            }
        }
    }

    /// Reads a scalar, or the beginning of a container: `true` if a value comes next in there.
    fn value(&mut self, open: &mut Vec<(Container, usize)>) -> Result<bool, Wrong> {
        let start = self.at;
        match self.peek() {
            None => Err(self.end_of_input(open)),
            Some('{') => {
                self.at += 1;
                open.push((Container::Object, start));
                self.first_field(open)
            }
            Some('[') => {
                self.at += 1;
                open.push((Container::Array, start));
                self.skip_space();
                Ok(self.peek() != Some(']'))
            }
            Some('"') => self.string("a string value").map(|()| false),
            Some('-' | '0'..='9') => self.number().map(|()| false),
            Some(c) if c.is_alphabetic() || matches!(c, '_' | '$') => self.token().map(|()| false),
            Some(c) => Err(self.unexpected(c, &format!("expected a valid value {VALUES}"))),
        }
    }

    /// Behind a `{`: a field name and its colon, or the end of the object.
    fn first_field(&mut self, open: &[(Container, usize)]) -> Result<bool, Wrong> {
        self.skip_space();
        if self.peek() == Some('}') {
            return Ok(false);
        }
        self.field(open).map(|()| true)
    }

    fn field(&mut self, open: &[(Container, usize)]) -> Result<(), Wrong> {
        self.skip_space();
        match self.peek() {
            Some('"') => self.string("a field name")?,
            Some(c) => {
                return Err(self.unexpected(c, "was expecting double-quote to start field name"));
            }
            None => return Err(self.end_of_input(open)),
        }
        self.skip_space();
        match self.peek() {
            Some(':') => self.at += 1,
            Some(c) => {
                return Err(
                    self.unexpected(c, "was expecting a colon to separate field name and value")
                );
            }
            None => return Err(self.end_of_input(open)),
        }
        Ok(())
    }

    /// Behind a value: closes containers, until another value comes next (`true`) or the text ends.
    fn after_value(&mut self, open: &mut Vec<(Container, usize)>) -> Result<bool, Wrong> {
        loop {
            self.skip_space();
            let Some((container, _)) = open.last().copied() else {
                return self.rest().map(|()| false);
            };
            let (close, entries) = match container {
                Container::Object => ('}', "Object"),
                Container::Array => (']', "Array"),
            };
            match self.peek() {
                Some(c) if c == close => {
                    self.at += 1;
                    open.pop();
                }
                Some(',') => {
                    self.at += 1;
                    if let Container::Object = container {
                        self.field(open)?;
                    }
                    return Ok(true);
                }
                Some(c) => {
                    return Err(self.unexpected(
                        c,
                        &format!("was expecting comma to separate {entries} entries"),
                    ));
                }
                None => return Err(self.end_of_input(open)),
            }
        }
    }

    /// Behind the whole value there may be nothing else.
    fn rest(&mut self) -> Result<(), Wrong> {
        match self.peek() {
            None => Ok(()),
            Some(c) if c.is_alphabetic() => self.token(),
            Some(c) => Err(self.unexpected(c, &format!("expected a valid value {VALUES}"))),
        }
    }

    fn string(&mut self, what: &str) -> Result<(), Wrong> {
        self.at += 1;
        while let Some(c) = self.next() {
            match c {
                '"' => return Ok(()),
                '\\' => self.escape()?,
                c if c < ' ' => {
                    let message = format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {})): has to be escaped using \
                         backslash to be included in string value",
                        u32::from(c)
                    );
                    return Err(self.wrong(message));
                }
                _ => {}
            }
        }
        let what = if what == "a field name" {
            "in field name"
        } else {
            "was expecting closing quote for a string value"
        };
        let colon = if what.starts_with("was") { ":" } else { "" };
        Err(self.wrong(format!("Unexpected end-of-input{colon} {what}")))
    }

    fn escape(&mut self) -> Result<(), Wrong> {
        match self.next() {
            Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => Ok(()),
            Some('u') => {
                for _ in 0..4 {
                    match self.next() {
                        Some(c) if c.is_ascii_hexdigit() => {}
                        Some(c) => {
                            return Err(self.unexpected_before(
                                c,
                                "expected a hex-digit for character escape sequence",
                            ));
                        }
                        None => {
                            return Err(self.wrong(
                                "Unexpected end-of-input in character escape sequence".into(),
                            ));
                        }
                    }
                }
                Ok(())
            }
            Some(c) => {
                let shown = shown(c);
                Err(self.wrong(format!("Unrecognized character escape {shown}")))
            }
            None => Err(self.wrong("Unexpected end-of-input in character escape sequence".into())),
        }
    }

    fn number(&mut self) -> Result<(), Wrong> {
        if self.peek() == Some('-') {
            self.at += 1;
        }
        let first = self.peek();
        self.digits("for valid numeric value")?;
        if first == Some('0')
            && self.text[..self.at].ends_with(|c: char| c.is_ascii_digit() && c != '0')
        {
            return Err(self.wrong("Invalid numeric value: Leading zeroes not allowed".into()));
        }
        if self.peek() == Some('.') {
            self.at += 1;
            self.digits("Decimal point not followed by a digit")?;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            self.digits("Exponent indicator not followed by a digit")?;
        }
        Ok(())
    }

    fn digits(&mut self, otherwise: &str) -> Result<(), Wrong> {
        let start = self.at;
        while matches!(self.peek(), Some('0'..='9')) {
            self.at += 1;
        }
        if self.at > start {
            return Ok(());
        }
        match self.peek() {
            Some(c) => Err(self.unexpected(c, &format!("in numeric value: {otherwise}"))),
            None => Err(self.wrong("Unexpected end-of-input in a Number value".into())),
        }
    }

    /// A word: one of the three that JSON has, or none.
    fn token(&mut self) -> Result<(), Wrong> {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
        {
            self.next();
        }
        match &self.text[start..self.at] {
            "null" | "true" | "false" => Ok(()),
            word => {
                let message = format!("Unrecognized token '{word}': was expecting {VALUES}");
                Err(self.wrong(message))
            }
        }
    }

    fn end_of_input(&self, open: &[(Container, usize)]) -> Wrong {
        let message = match open.last() {
            None => "No content to map due to end-of-input".to_owned(),
            Some((container, start)) => {
                let name = match container {
                    Container::Object => "Object",
                    Container::Array => "Array",
                };
                let before = &self.text[..*start];
                let line = before.matches('\n').count() + 1;
                let column = before
                    .rsplit('\n')
                    .next()
                    .map_or(0, |rest| rest.chars().count())
                    + 1;
                format!(
                    "Unexpected end-of-input: expected close marker for {name} (start marker at \
                     [Source: (String)\"{}\"; line: {line}, column: {column}])",
                    self.text
                )
            }
        };
        self.wrong(message)
    }

    /// A character that may not stand here; it has not been read yet.
    fn unexpected(&mut self, character: char, expected: &str) -> Wrong {
        self.next();
        self.unexpected_before(character, expected)
    }

    fn unexpected_before(&self, character: char, expected: &str) -> Wrong {
        self.wrong(format!(
            "Unexpected character ({}): {expected}",
            shown(character)
        ))
    }

    fn wrong(&self, message: String) -> Wrong {
        Wrong {
            message,
            at: self.at,
        }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }
}

/// A character as messages show it: `'x' (code 120)`.
fn shown(character: char) -> String {
    let code = u32::from(character);
    match character.is_control() {
        true => format!("(CTRL-CHAR, code {code})"),
        false => format!("'{character}' (code {code})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> JsonError {
        let refused = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
        JsonError::of(text, &refused)
    }

    #[test]
    fn a_word_that_json_does_not_have_is_an_unrecognized_token() {
        let found = error("not a definition");
        assert_eq!(
            found.message,
            "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token \
             'null', 'true' or 'false')"
        );
        assert_eq!(
            found.location("not a definition"),
            "[Source: (String)\"not a definition\"; line: 1, column: 4]"
        );
    }

    #[test]
    fn every_place_expects_something_of_its_own() {
        for (text, words) in [
            (
                "{'a': 1}",
                "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
            ),
            (
                "{\"a\" 1}",
                "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
            ),
            (
                "{\"a\": 1 \"b\"}",
                "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries",
            ),
            (
                "[1 2]",
                "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
            ),
            (
                "[1,]",
                "Unexpected character (']' (code 93)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
            ),
            (
                "\"abc",
                "Unexpected end-of-input: was expecting closing quote for a string value",
            ),
            ("\"\\x\"", "Unrecognized character escape 'x' (code 120)"),
            (
                "1.x",
                "Unexpected character ('x' (code 120)): in numeric value: Decimal point not followed by a digit",
            ),
        ] {
            assert_eq!(error(text).message, words, "{text}");
        }
    }

    #[test]
    fn an_open_container_says_where_it_began() {
        let found = error("[\n [1");
        assert!(
            found
                .message
                .starts_with("Unexpected end-of-input: expected close marker for Array")
        );
        assert!(
            found.message.ends_with("; line: 2, column: 2])"),
            "{}",
            found.message
        );
        assert_eq!((found.line, found.column), (2, 4));
    }

    #[test]
    fn what_only_this_parser_refuses_has_its_words() {
        let deep = "[".repeat(1_000) + &"]".repeat(1_000);
        assert!(error(&deep).message.contains("recursion limit"));
    }
}
