//! Task tokens in what is shown. Whoever has one can answer for its task, so none is shown, whatever a
//! state machine logs; the console itself finds it when somebody answers.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// What stands for a token.
const SHOWN: &str = "(task token)";

/// Letters of the shortest text that may be a token.
const LETTERS_MIN: usize = 64;

/// The token in the parameters of a call, if it has one.
pub(crate) fn find(parameters: &str, execution_arn: &str) -> Option<String> {
    let parameters: Value = serde_json::from_str(parameters).ok()?;
    let mut found = None;
    visit(&parameters, &mut |text| {
        if is_token(text, execution_arn) {
            found = Some(text.to_owned());
        }
    });
    found
}

/// Hides all tokens of an execution in its history events.
pub(crate) fn hide(event: &mut Value, execution_arn: &str) {
    match event {
        Value::String(text) => *text = hidden(text, execution_arn),
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|element| hide(element, execution_arn)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| hide(member, execution_arn)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text without its tokens: it may be JSON that has them, at any depth.
pub(crate) fn hidden(text: &str, execution_arn: &str) -> String {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    let mut shown = String::new();
    for piece in text.split_inclusive(|letter| !is_part(letter)) {
        let word = piece.trim_end_matches(|letter| !is_part(letter));
        match is_token(word, execution_arn) {
            true => {
                shown.push_str(SHOWN);
                shown.push_str(&piece[word.len()..]);
            }
            false => shown.push_str(piece),
        }
    }
    shown
}

fn visit(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(elements) => elements.iter().for_each(|element| visit(element, see)),
        Value::Object(members) => members.values().for_each(|member| visit(member, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a text is a token of an execution: it has its ARN in it.
fn is_token(text: &str, execution_arn: &str) -> bool {
    let bytes = (text.len() >= LETTERS_MIN).then(|| URL_SAFE_NO_PAD.decode(text));
    let arn = execution_arn.as_bytes();
    bytes.is_some_and(|bytes| {
        bytes.is_ok_and(|bytes| bytes.windows(arn.len()).any(|part| part == arn))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:states:us-east-1:123456789012:execution:approval:one";

    fn token() -> String {
        URL_SAFE_NO_PAD.encode([&[1; 40], ARN.as_bytes()].concat())
    }

    #[test]
    fn a_token_is_found_and_hidden_wherever_it_stands() {
        let parameters = json!({ "Payload": { "token": token(), "order": 7 } }).to_string();
        assert_eq!(find(&parameters, ARN), Some(token()));
        let link = format!("https://example.com/?t={}&x=1", token());
        let mut event = json!({ "details": { "parameters": parameters, "link": link } });
        hide(&mut event, ARN);
        let shown = event.to_string();
        assert!(!shown.contains(&token()), "{shown}");
        assert_eq!(
            event["details"]["link"],
            "https://example.com/?t=(task token)&x=1"
        );
    }

    #[test]
    fn other_texts_are_left_alone() {
        let text = "a".repeat(200);
        assert_eq!(hidden(&text, ARN), text);
        assert_eq!(find(&json!({ "a": text }).to_string(), ARN), None);
    }
}
