//! Every row of `tests/conformance/jsonpath/cases.json`: a path, a document, and what is read.
//!
//! A row says what is `expected`, or the `error` and its `message`: `InvalidPath` when the path is
//! compiled, `NotFound` or `Invalid` when it is read.

use std::fs;

use segno_asl::data::json_path::{JsonPath, PathError};
use segno_asl::data::number::to_json;
use serde::Deserialize;
use serde_json::Value;

const CASES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/conformance/jsonpath/cases.json"
);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    path: String,
    document: Value,
    // `Some(Null)` is not `None` here.
    #[serde(default, deserialize_with = "present")]
    expected: Option<Value>,
    error: Option<String>,
    message: Option<String>,
}

fn present<'d, D: serde::Deserializer<'d>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[test]
fn every_case_is_read_as_it_says() {
    let text = fs::read_to_string(CASES).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() >= 60, "{} has all of its rows", CASES);
    let failures: Vec<_> = cases.iter().filter_map(failure).collect();
    assert!(
        failures.is_empty(),
        "{} of {} failed\n{}",
        failures.len(),
        cases.len(),
        failures.concat()
    );
}

fn failure(case: &Case) -> Option<String> {
    let expected = match (&case.expected, &case.error, &case.message) {
        (Some(value), None, None) => to_json(value),
        (None, Some(error), Some(message)) => format!("{error}: {message}"),
        _ => "a case with either `expected` or `error` and `message`".to_owned(),
    };
    let outcome = outcome(case);
    (outcome != expected).then(|| {
        let Case {
            about,
            path,
            document,
            ..
        } = case;
        format!(
            "\n{about}\n  {path}  of  {document}\n  expected  {expected}\n  got       {outcome}\n"
        )
    })
}

fn outcome(case: &Case) -> String {
    let path = match JsonPath::compile(&case.path) {
        Ok(path) => path,
        Err(error) => return format!("InvalidPath: {error}"),
    };
    match path.read(&case.document) {
        Ok(value) => to_json(&value),
        Err(PathError::NotFound(message)) => format!("NotFound: {message}"),
        Err(PathError::Invalid(message)) => format!("Invalid: {message}"),
    }
}
