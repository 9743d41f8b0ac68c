//! The wildcard patterns of `StringMatches`.

/// A compiled pattern: literal pieces with a `*` between any two of them.
///
/// `\*` is a literal asterisk, `\\` a literal backslash.
///
/// Spec: [Choice state](https://states-language.net/spec.html#choice-state), `StringMatches`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pieces: Vec<String>,
}

/// A backslash that escapes neither an asterisk nor a backslash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a backslash in a StringMatches pattern must be followed by `*` or `\\`")]
pub struct InvalidPattern;

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// [`InvalidPattern`] for an open escape.
    pub fn compile(text: &str) -> Result<Self, InvalidPattern> {
        let mut pieces = vec![String::new()];
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let piece = pieces.last_mut().expect("there is always a last piece");
            match character {
                '*' => pieces.push(String::new()),
                '\\' => match characters.next() {
                    Some(escaped @ ('*' | '\\')) => piece.push(escaped),
                    _ => return Err(InvalidPattern),
                },
                other => piece.push(other),
            }
        }
        Ok(Self { pieces })
    }

    /// Whether the whole text fits. Linear in the text for each piece: nothing is tried twice.
    pub fn matches(&self, text: &str) -> bool {
        let (first, rest) = self
            .pieces
            .split_first()
            .expect("there is always a first piece");
        let Some((last, middle)) = rest.split_last() else {
            return text == first;
        };
        let Some(mut text) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for piece in middle {
            match text.find(piece.as_str()) {
                Some(at) => text = &text[at + piece.len()..],
                None => return false,
            }
        }
        text.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::compile(pattern).unwrap().matches(text)
    }

    #[test]
    fn an_asterisk_stands_for_any_text_also_for_none() {
        assert!(matches("log-*.txt", "log-1.txt"));
        assert!(matches("log-*.txt", "log-.txt"));
        assert!(matches("*", ""));
        assert!(!matches("log-*.txt", "log-1.txt2"));
    }

    #[test]
    fn pieces_do_not_overlap() {
        assert!(!matches("ab*ba", "aba"));
        assert!(matches("a*b*c", "a-b-b-c"));
    }

    #[test]
    fn many_asterisks_take_no_exponential_time() {
        let text = "a".repeat(250_000);
        for pattern in [
            "*a".repeat(10_000) + "*b",
            "*".repeat(250_000) + "b",
            "*aab".repeat(10_000),
            "*aaaaaaab".repeat(10_000),
        ] {
            assert!(!matches(&pattern, &text));
        }
        assert!(matches(&("*a".repeat(10_000) + "*"), &text));
    }

    #[test]
    fn escapes_are_literal() {
        assert!(matches(r"100\*", "100*"));
        assert!(!matches(r"100\*", "1000"));
        assert!(matches(r"a\\b", r"a\b"));
        assert_eq!(Pattern::compile(r"a\"), Err(InvalidPattern));
        assert_eq!(Pattern::compile(r"a\b"), Err(InvalidPattern));
    }
}
