//! Regular expressions in filters: `[?(@.name =~ /a.*/i)]`.

use std::fmt::Display;

use regex_lite::{Error, Regex, RegexBuilder};

use super::InvalidPath;
use super::budget::Budget;
use super::read::Failure;

/// A regular expression that matches a whole text.
///
/// `java.util.regex` backtracks and can take exponential time. This one takes at most its size
/// times the text. So it has no look-around, no back reference and no `\p{…}`: such a path is
/// refused. It reads a possessive `x*+` as a repeated `x*`, and its `.` takes `\r`, `\u0085`,
/// `\u2028` and `\u2029`. Classes and `i` know ASCII only in both.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    regex: Regex,
    /// An upper bound of the compiled form, in bytes.
    size: usize,
}

/// Powers of two between which the compiled form of a pattern must be, in bytes.
const SIZE_BITS: std::ops::RangeInclusive<u32> = 10..=16;

/// What a step pays for: bytes of text times bytes of compiled form. Such a byte is quick, as an
/// instruction has many.
const STEP_SIZE: usize = 512;

impl Pattern {
    /// Parses `/…/` or `/…/i`.
    pub(super) fn parse(text: &str) -> Result<Pattern, InvalidPath> {
        let refused = |why: &dyn Display| {
            InvalidPath::new(format!(
                "the regular expression {text} can not be used: {why}"
            ))
        };
        let delimited = text.strip_suffix('i').unwrap_or(text);
        let inner = delimited
            .strip_prefix('/')
            .and_then(|inner| inner.strip_suffix('/'));
        let inner = inner.ok_or_else(|| refused(&"it is not closed"))?;
        // By itself first: it must not close the group that it is put into.
        Pattern::compile(inner, text.ends_with('i'))
            .and_then(|_| Pattern::compile(&format!(r"\A(?:{inner})\z"), text.ends_with('i')))
            .map_err(|error| refused(&error))
    }

    fn compile(text: &str, ignores_case: bool) -> Result<Pattern, Error> {
        let within = |bits| {
            let size = 1_usize << bits;
            let mut builder = RegexBuilder::new(text);
            let regex = builder
                .case_insensitive(ignores_case)
                .size_limit(size)
                .build()?;
            Ok(Pattern { regex, size })
        };
        SIZE_BITS
            .map(within)
            .reduce(Result::or)
            .expect("there are sizes to try")
    }

    /// Whether all of `text` matches.
    pub(super) fn matches(&self, text: &str, budget: &Budget) -> Result<bool, Failure> {
        budget.spend_steps(text.len().saturating_mul(self.size) / STEP_SIZE)?;
        Ok(self.regex.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn matches(pattern: &str, text: &str) -> bool {
        let matched = Pattern::parse(pattern)
            .unwrap()
            .matches(text, &Budget::new());
        matched.unwrap_or_else(|_| panic!("{pattern} fits the budget"))
    }

    #[test]
    fn the_whole_text_matches() {
        assert!(matches("/b|bc/", "bc"));
        assert!(!matches("/b/", "bc"));
        assert!(!matches("/^b$/", "a\nb"));
    }

    #[test]
    fn i_ignores_the_case_of_ascii() {
        assert!(matches("/ab/i", "AB"));
        assert!(!matches("/é/i", "É"));
        assert!(matches("/i/", "i"));
    }

    #[test]
    fn what_could_take_exponential_time_is_refused() {
        for pattern in [
            "/(?=a)/",
            r"/(a)\1/",
            "/a)|(b/",
            "/(/",
            "/",
            r"/\p{L}/",
            "/(a{1000}){1000}/",
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_long_text_and_a_large_pattern_exceed_the_budget() {
        let large = Pattern::parse("/(a?){200}/").unwrap();
        assert!(large.matches(&"a".repeat(1000), &Budget::new()).is_ok());
        assert!(
            large
                .matches(&"a".repeat(1_000_000), &Budget::new())
                .is_err()
        );
    }
}
