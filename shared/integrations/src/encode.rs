//! Percent-encoding.

/// A path segment, or a part of a query or of a form (RFC 3986: unreserved characters stay).
pub(crate) fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// `a=1&b=2` of names and values.
pub(crate) fn pairs(pairs: &[(String, String)]) -> String {
    let encoded = pairs.iter();
    let encoded = encoded.map(|(name, value)| format!("{}={}", percent(name), percent(value)));
    encoded.collect::<Vec<_>>().join("&")
}
