//! A JSONata expression.

#![no_main]

use libfuzzer_sys::fuzz_target;
use segno_asl::jsonata::{Jsonata, Offered};
use segno_fuzz::{evaluated, parts};

fuzz_target!(|text: &str| {
    let (expression, document) = parts(text);
    if let Ok(jsonata) = Jsonata::compile(expression, Offered::Nothing) {
        evaluated(&document, |scope| jsonata.evaluate("Output", scope));
    }
});
