//! A definition in YAML: read, with the places of what it says, and compiled.

#![no_main]

use libfuzzer_sys::fuzz_target;
use segno_asl::definition::{MachineType, check_value, places::Document};

fuzz_target!(|text: &str| {
    match Document::yaml(text) {
        Ok(document) => {
            for finding in check_value(&document.value, MachineType::Standard) {
                assert!(text.get(document.place(&finding.pointer)).is_some());
                assert!(text.get(document.name_place(&finding.pointer)).is_some());
            }
            document.duplicate_keys();
        }
        Err(refused) => assert!(text.get(refused.place).is_some()),
    }
});
