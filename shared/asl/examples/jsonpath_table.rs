//! Runs tables of what Jayway JsonPath answers against our paths.
//!
//! `jsonpath_table FILE…` wants arrays of rows with a `path`, a `document`, and what is `expected`, or an
//! `error` and the `jayway_message`. It fails if any row comes to something else; messages that are
//! worded otherwise are only counted.

#![allow(clippy::print_stdout, reason = "this is a program")]

use std::{fs, process::ExitCode};

use segno_asl::data::{
    json_path::{JsonPath, PathError},
    number::to_json,
    value::Value,
};

fn main() -> ExitCode {
    let mut differ = 0;
    for file in std::env::args().skip(1) {
        let text = fs::read_to_string(&file).expect("a file that can be read");
        let rows: Value = serde_json::from_str(&text).expect("a table is JSON");
        let rows = rows.as_array().expect("a table is an array of rows");
        let (mut different, mut worded_otherwise) = (0, 0);
        for row in rows {
            let (expected, message) = expected(row);
            let (found, found_message) = found(row);
            if found != expected {
                different += 1;
                println!(
                    "FAILED: {}: expected {expected}, found {found}",
                    row["path"]
                );
            } else if message.is_some_and(|message| message != found_message) {
                worded_otherwise += 1;
            }
        }
        let alike = rows.len() - different;
        println!(
            "{alike} of {} as in {file}; {worded_otherwise} messages are worded otherwise",
            rows.len()
        );
        differ += different;
    }
    match differ {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// The value as text, or the kind of the error; and the message of an error, where it is known.
fn expected(row: &Value) -> (String, Option<&str>) {
    match row.get("error").and_then(Value::as_str) {
        None => (to_json(&row["expected"]), None),
        Some(error) => (error.to_owned(), row["jayway_message"].as_str()),
    }
}

fn found(row: &Value) -> (String, String) {
    let path = row["path"].as_str().expect("a row has a path");
    let invalid = |message| ("InvalidPath".to_owned(), message);
    match JsonPath::compile(path) {
        Err(refused) => invalid(refused.to_string()),
        Ok(path) => match path.read(&row["document"]) {
            Ok(value) => (to_json(&value), String::new()),
            Err(PathError::NotFound(message)) => ("PathNotFound".to_owned(), message),
            Err(PathError::Invalid(message)) => invalid(message),
        },
    }
}
