//! What a server answered, and what a state sees of it.

use http::{HeaderMap, StatusCode, header::CONTENT_TYPE, response::Parts};
use hyper::ext::ReasonPhrase;
use segno_asl::{data::number::to_json, limits};
use serde_json::{Map, Value, json};

/// An answer, its body as far as it was wanted.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The words beside the status.
    pub(crate) reason: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Whether there was more of the body.
    pub(crate) is_cut: bool,
}

impl Answer {
    /// An answer whose body is yet to come.
    pub(super) fn of(head: Parts) -> Self {
        let said = head.extensions.get::<ReasonPhrase>();
        let said = said.map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned());
        let usual = head.status.canonical_reason().unwrap_or_default();
        Self {
            status: head.status,
            reason: said.unwrap_or_else(|| usual.into()),
            headers: head.headers,
            body: Vec::new(),
            is_cut: false,
        }
    }

    /// The media type, in lower case and without its parameters.
    pub(crate) fn media_type(&self) -> Option<String> {
        let value = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let media_type = value.split(';').next().unwrap_or(value);
        Some(media_type.trim().to_ascii_lowercase())
    }

    /// The body as a state sees it: a string if it is no JSON. `None` if it is no text.
    pub(crate) fn to_body(&self) -> Option<Value> {
        let body = std::str::from_utf8(&self.body).ok()?;
        // The output is one level deeper, and has to be read again.
        Some(parsed(body, limits::NESTING_LEVELS_MAX - 1).unwrap_or_else(|| body.into()))
    }

    /// The result of a state: JSON text. `None` if the body is no text.
    pub(crate) fn to_output(&self) -> Option<String> {
        let body = self.to_body()?;
        let mut headers = Map::new();
        for name in self.headers.keys() {
            let values = self.headers.get_all(name).iter();
            let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            headers.insert(name.to_string(), values.collect());
        }
        Some(to_json(&json!({
            "Headers": headers,
            "ResponseBody": body,
            "StatusCode": self.status.as_u16(),
            "StatusText": self.reason,
        })))
    }

    /// The cause of a state's error: the body, or what the status means if that is no text.
    pub(crate) fn to_cause(&self) -> String {
        let body = match std::str::from_utf8(&self.body) {
            Ok(body) => body,
            // Where the body was cut, a character may have been.
            Err(error) if self.is_cut && error.error_len().is_none() => {
                std::str::from_utf8(&self.body[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => "",
        };
        match body.trim() {
            "" => self.reason.clone(),
            _ => body.chars().take(limits::CAUSE_CHARACTERS_MAX).collect(),
        }
    }
}

/// The value that a text is, if it has no more than so many levels.
pub(crate) fn parsed(text: &str, levels_max: usize) -> Option<Value> {
    let parsed: Option<Value> = serde_json::from_str(text).ok();
    parsed.filter(|value| levels(value) <= levels_max)
}

/// Objects and arrays inside one another.
fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or_default(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &[u8]) -> Answer {
        let response = http::Response::builder()
            .status(status)
            .header("content-type", "Application/JSON; charset=utf-8")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2");
        let (head, ()) = response.body(()).unwrap().into_parts();
        let body = body.to_vec();
        Answer {
            body,
            ..Answer::of(head)
        }
    }

    fn output(body: &[u8]) -> Value {
        serde_json::from_str(&answer(200, body).to_output().unwrap()).unwrap()
    }

    #[test]
    fn the_output_has_each_value_of_a_header() {
        let output = output(br#"{"a": 1}"#);
        assert_eq!(output["Headers"]["set-cookie"], json!(["a=1", "b=2"]));
        assert_eq!(output["ResponseBody"], json!({ "a": 1 }));
        assert_eq!(output["StatusCode"], 200);
        assert_eq!(output["StatusText"], "OK");
    }

    #[test]
    fn a_body_that_is_no_json_is_a_string() {
        assert_eq!(output(b"{\"a\": ")["ResponseBody"], "{\"a\": ");
        assert_eq!(output(b"")["ResponseBody"], "");
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(output(nested(126).as_bytes())["ResponseBody"].is_array());
        for levels in [127, 10_000] {
            assert!(output(nested(levels).as_bytes())["ResponseBody"].is_string());
        }
    }

    #[test]
    fn a_body_that_is_no_text_has_no_output() {
        assert_eq!(answer(200, b"\xff\xfe").to_output(), None);
        assert_eq!(answer(404, b"\xff\xfe").to_cause(), "Not Found");
    }

    #[test]
    fn a_cause_is_the_body_as_far_as_it_is_text() {
        assert_eq!(answer(400, b"no such pet").to_cause(), "no such pet");
        let cut = Answer {
            is_cut: true,
            ..answer(400, "caf\u{e9}".as_bytes().split_last().unwrap().1)
        };
        assert_eq!(cut.to_cause(), "caf");
        let long = "\u{e9}".repeat(40_000);
        let cause = answer(400, long.as_bytes()).to_cause();
        assert_eq!(cause.chars().count(), limits::CAUSE_CHARACTERS_MAX);
    }

    #[test]
    fn a_media_type_has_no_parameters() {
        let media_type = answer(200, b"").media_type();
        assert_eq!(media_type.as_deref(), Some("application/json"));
    }
}
