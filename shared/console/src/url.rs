//! Addresses of pages: their parts, and how they are put together.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::PATH;

/// What stands in a path for itself; an ARN is readable.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b':')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The segments of a path, decoded.
pub(crate) fn segments(path: &str) -> Vec<String> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let decoded = segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy());
    decoded.map(Into::into).collect()
}

/// The address of a page of the console.
pub(crate) fn address(segments: &[&str], query: &[(&str, &str)]) -> String {
    let mut address = PATH.to_owned();
    for segment in segments {
        let segment = utf8_percent_encode(segment, SEGMENT);
        write!(address, "/{segment}").expect("a String takes every write");
    }
    let query = beside(query);
    if query.len() > 1 {
        address += &query;
    }
    address
}

/// The address of the page that an address is on, with another query.
pub(crate) fn beside(query: &[(&str, &str)]) -> String {
    let pairs = query.iter().filter(|(_, value)| !value.is_empty());
    let pairs =
        pairs.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, SEGMENT)));
    format!("?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// Names and values: of an address, or of a form.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(text: &str) -> Self {
        Self::of_form(text.as_bytes())
    }

    pub(crate) fn of_form(body: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(body);
        Self(
            pairs
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// The first value of a name, unless it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(own, _)| own == name);
        found
            .next()
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// All values of a name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self.0.iter().filter(move |(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_back_to_its_parts() {
        let parts = ["executions", "arn:aws:states:x:1:execution:a b/c?:d%"];
        let address = address(&parts, &[("state", "Is it? & “so”"), ("page", "")]);
        let (path, query) = address.split_once('?').unwrap();
        assert_eq!(segments(path.strip_prefix(PATH).unwrap()), parts);
        assert_eq!(Query::of(query).get("state"), Some("Is it? & “so”"));
    }
}
