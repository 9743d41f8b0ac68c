//! Where in a definition something stands.

use std::fmt;

/// A place in a definition, in two spellings.
///
/// What a JSON Pointer (RFC 6901) calls `/States/Pay/Choices/0` is `/States/Pay/Choices[0]` to AWS,
/// and the whole document, which has an empty pointer, is `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Location {
    pointer: String,
    shown: String,
}

impl Location {
    /// A member of the object here.
    pub fn member(&self, name: &str) -> Self {
        Self {
            pointer: format!("{}/{}", self.pointer, escape(name)),
            shown: format!("{}/{name}", self.shown),
        }
    }

    /// An element of the array here, counted from 0.
    pub fn element(&self, index: usize) -> Self {
        Self {
            pointer: format!("{}/{index}", self.pointer),
            shown: format!("{}[{index}]", self.shown),
        }
    }

    /// As a JSON Pointer.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }
}

/// As AWS writes it.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.shown.as_str() {
            "" => "/",
            shown => shown,
        })
    }
}

/// Escapes a key for use in a JSON Pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The keys of a JSON Pointer, unescaped.
pub(super) fn keys(pointer: &str) -> impl Iterator<Item = String> {
    pointer
        .split('/')
        .skip(1)
        .map(|key| key.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_spelt_as_a_pointer_and_as_aws_does() {
        let root = Location::default();
        assert_eq!((root.pointer(), root.to_string().as_str()), ("", "/"));
        let rule = root.member("States").member("a/b").member("Choices");
        let rule = rule.element(0);
        assert_eq!(rule.pointer(), "/States/a~1b/Choices/0");
        assert_eq!(rule.to_string(), "/States/a/b/Choices[0]");
        let keys: Vec<_> = keys(rule.pointer()).collect();
        assert_eq!(keys, ["States", "a/b", "Choices", "0"]);
    }
}
