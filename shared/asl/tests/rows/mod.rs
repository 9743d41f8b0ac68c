//! Files of rows: each row is a case, and all that fail are told at once.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::fs;

use segno_asl::data::value::Value;
use serde::{Deserialize, de::DeserializeOwned};

/// Runs every row of a file under `tests/conformance`. `failure` says what is wrong with a row.
pub(crate) fn check<T: DeserializeOwned>(file: &str, failure: impl Fn(&T) -> Option<String>) {
    let path = format!(
        "{}/../../tests/conformance/{file}",
        env!("CARGO_MANIFEST_DIR")
    );
    let rows: Vec<T> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert!(!rows.is_empty(), "{file} has no rows");
    let failures: Vec<String> = rows.iter().filter_map(failure).collect();
    let failed = failures.len();
    assert!(
        failures.is_empty(),
        "{failed} of {} failed\n{}",
        rows.len(),
        failures.concat()
    );
}

/// For a field in which `null` is a value: `Some(Null)` is not `None`.
pub(crate) fn present<'d, D: serde::Deserializer<'d>>(
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
