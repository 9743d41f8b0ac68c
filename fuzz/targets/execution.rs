//! A whole execution of a definition. Its Choice states choose, its tasks answer or fail.

#![no_main]

use libfuzzer_sys::fuzz_target;
use segno_asl::definition::parse;
use segno_fuzz::{parts, run};

fuzz_target!(|text: &str| {
    let (definition, input) = parts(text);
    if let Ok(machine) = parse(definition) {
        run(&machine, input);
    }
});
