//! Every row of `tests/conformance/jsonpath/cases.json`: a path, a document, and what is read.
//!
//! A row says what is `expected`, or the `error` and its `message`: `InvalidPath` when the path is
//! compiled, `NotFound` or `Invalid` when it is read.

mod rows;

use segno_asl::data::json_path::{JsonPath, PathError};
use segno_asl::data::number::to_json;
use segno_asl::data::value::Value;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    about: String,
    path: String,
    document: Value,
    #[serde(default, deserialize_with = "rows::present")]
    expected: Option<Value>,
    error: Option<String>,
    message: Option<String>,
}

#[test]
fn every_case_is_read_as_it_says() {
    rows::check("jsonpath/cases.json", failure);
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
