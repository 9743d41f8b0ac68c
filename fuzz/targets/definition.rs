//! A definition in JSON: read, compiled, and looked at for all that there is to say about it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use segno_asl::definition::{
    MachineType, check, compile_single_state, parse, places::Document, tokens,
};

fuzz_target!(|text: &str| {
    let found = check(text, MachineType::Express);
    let standard = check(text, MachineType::Standard);
    let is_valid = standard.iter().all(|found| !found.is_error());
    assert_eq!(is_valid, parse(text).is_ok());
    let _ = compile_single_state(text);
    let quoted = tokens::quote(text);
    assert_eq!(quoted.len(), text.len());
    if let Ok(document) = Document::json(&quoted) {
        for finding in found.iter().chain(&standard) {
            assert!(text.get(document.place(&finding.pointer)).is_some());
            assert!(text.get(document.name_place(&finding.pointer)).is_some());
        }
        document.duplicate_keys();
        tokens::check(&document.value, MachineType::Standard);
    }
});
