//! Without what the template tells it, the function says what is missing.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::process::Command;

#[test]
fn a_variable_that_is_missing_is_named() {
    let program = env!("CARGO_BIN_EXE_step");
    let run = Command::new(program).env_clear().output().unwrap();
    assert!(!run.status.success());
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains("SEGNO_TABLE is not set"), "{said}");
}
